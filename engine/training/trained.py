"""The model of a run as one of its checkpoints holds it, with the tokenizer it was trained on."""

import sys
from dataclasses import dataclass
from pathlib import Path

from engine.data.corpus import cached_tokenizer, open_corpus
from engine.data.tokenizer import TextTokenizer
from engine.errors import InputError
from engine.model.transformer import Transformer
from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.rundir import RunDir
from engine.runfiles.saved import Kind, read_saved
from engine.spec.config import ConfigError, RunConfig, resolve
from engine.training.checkpoint import load
from engine.training.device import Device


@dataclass(frozen=True, slots=True)
class Trained:
    """A model ready to be used, and the checkpoint it is from: its kind and the number of updates."""

    config: RunConfig
    model: Transformer
    tokenizer: TextTokenizer
    kind: Kind
    update: int


def load_trained(path: Path, kind: Kind, device: Device) -> Trained:
    """The model of the run directory `path`. Raises `InputError` if there is no such checkpoint or it cannot be read."""
    try:
        place = read_saved(RunDir(path).checkpoints / kind)
        found = load(place.path, place.about)
        # The checkpoint's own configuration: it is the one that its tensors belong to.
        config = resolve(found.about.config)
    except FileNotFoundError:
        raise InputError(
            f"{path}: no checkpoint `{kind}` here; a run writes it once it has trained and evaluated"
        ) from None
    except (OSError, DamagedFile, ConfigError) as error:
        raise InputError(f"{path}: {error}") from None
    tokenizer = _tokenizer(config, found.about.data_fingerprint)
    model = Transformer(config.model, device.compute, tokenizer.end_of_text)
    try:
        model.load_state_dict(found.model)
    except RuntimeError as error:
        raise InputError(
            f"{path}: the checkpoint `{kind}` holds another model: {' '.join(str(error).split())}"
        ) from None
    model.to(device.torch).eval()
    return Trained(config, model, tokenizer, kind, found.about.progress.update)


def _tokenizer(config: RunConfig, fingerprint: str) -> TextTokenizer:
    tokenizer = cached_tokenizer(fingerprint)
    if tokenizer is None:  # the cache was cleared, or the run came from another machine
        rebuilt = open_corpus(
            config.data, config.model.vocab_size, lambda word: print(word, file=sys.stderr)
        ).fingerprint
        tokenizer = cached_tokenizer(rebuilt)
        if rebuilt != fingerprint or tokenizer is None:
            raise InputError(f"the text of this run has changed: its data was {fingerprint} and is {rebuilt} now")
    return tokenizer
