"""The tokens of a run: arrays on disk in the cache, one per split, built once and shared by every run that wants them.

    requests/KEY.json       which fingerprint answers a request for a source, a tokenizer and a split
    tokens/FINGERPRINT/     train.bin, validation.bin (little-endian ids), tokenizer.json, corpus.json

The key is known without reading any text, so a warm start reads two small files. The fingerprint comes from the tokens of both
splits and the tokenizer: two runs with the same one saw the same tokens.
"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from engine.data.arrays import CorpusFile
from engine.data.cache import building, cache_root, read_entry
from engine.data.digests import digest_of
from engine.data.documents import source_identity
from engine.data.repository import is_directory
from engine.data.token_file import TokenFile
from engine.data.tokenizer import TextTokenizer, check_vocabulary, load_tokenizer
from engine.errors import InputError
from engine.runfiles.jsonfile import write_file
from engine.spec.config import DataConfig

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Both splits as token ids on disk, and where they come from."""

    fingerprint: str
    train: TokenFile
    validation: TokenFile
    about: CorpusFile
    path: Path


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)

    fingerprint: str


def open_corpus(config: DataConfig, vocab_size: int, say: Say, fingerprint: str = "") -> Corpus:
    """The corpus of a run, built first if the cache does not have it; `say` is told what is being done.

    A run that goes on names the `fingerprint` of its tokens: if the cache has them, the text is not looked at.
    Raises `InputError` if the text cannot be had, is too short for one sequence, or does not fit the model's vocabulary.
    """
    corpus = _with_fingerprint(fingerprint) if fingerprint else None
    if corpus is None:
        corpus = _requested(config, vocab_size, say)
    _check(corpus, config, vocab_size)
    return corpus


def _requested(config: DataConfig, vocab_size: int, say: Say) -> Corpus:
    key = _request_key(config)
    corpus = _cached(key)
    if corpus is None:
        say("preparing the data")
        with building(key) as workplace:
            corpus = _cached(key)  # another run may have built it while this one waited
            if corpus is None:
                from engine.data.build import build  # which imports what only a build needs

                about = build(config, vocab_size, workplace, say)
                _publish(workplace, key, about)
                corpus = _cached(key)
        assert corpus is not None, "the corpus that was just built is not in the cache"
    return corpus


def cached_tokenizer(fingerprint: str) -> TextTokenizer | None:
    """The tokenizer of a corpus, or None if the cache no longer has it."""
    path = _tokens(fingerprint)
    about = read_entry(path / "corpus.json", CorpusFile)
    if about is None or not (path / "tokenizer.json").is_file():
        return None
    return TextTokenizer(load_tokenizer(path / "tokenizer.json").tokenizer, about.end_of_text)


def _request_key(config: DataConfig) -> str:
    tokenizer = config.tokenizer
    kind, _, value = tokenizer.partition(":")
    if kind == "file":
        tokenizer = f"file:{digest_of(Path(value).expanduser(), 'data.tokenizer')}"
    elif kind == "hub" and is_directory(value):
        files = (Path(value).expanduser() / name for name in ("tokenizer.json", "tokenizer_config.json"))
        tokenizer = f"hub:{[digest_of(path, 'data.tokenizer') for path in files if path.exists()]}"
    parts = [source_identity(config), tokenizer, repr(config.validation_fraction), repr(config.end_of_text)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _cached(key: str) -> Corpus | None:
    answer = read_entry(_requests() / f"{key}.json", _Answer)
    return None if answer is None else _with_fingerprint(answer.fingerprint)


def _with_fingerprint(fingerprint: str) -> Corpus | None:
    path = _tokens(fingerprint)
    about = read_entry(path / "corpus.json", CorpusFile)
    if about is None or not _is_whole(path, about):
        return None
    return Corpus(
        fingerprint=fingerprint,
        train=TokenFile(path / "train.bin", about.dtype),
        validation=TokenFile(path / "validation.bin", about.dtype),
        about=about,
        path=path,
    )


def _requests() -> Path:
    return cache_root() / "requests"


def _tokens(fingerprint: str) -> Path:
    return cache_root() / "tokens" / fingerprint


def _is_whole(path: Path, about: CorpusFile) -> bool:
    width = np.dtype(about.dtype).itemsize
    sizes = {"train.bin": about.train_tokens * width, "validation.bin": about.validation_tokens * width}
    return all((path / name).is_file() and (path / name).stat().st_size == size for name, size in sizes.items())


def _publish(workplace: Path, key: str, about: CorpusFile) -> None:
    """Move what was built to its place; another request may have led to the same tokens before."""
    target = _tokens(about.fingerprint)
    target.parent.mkdir(exist_ok=True)
    if target.exists() and not _is_whole(target, about):
        shutil.rmtree(target)
    if not target.exists():
        (workplace / "build.json").unlink(missing_ok=True)
        workplace.rename(target)
    _requests().mkdir(exist_ok=True)
    write_file(_requests() / f"{key}.json", _Answer(fingerprint=about.fingerprint))


def _check(corpus: Corpus, config: DataConfig, vocab_size: int) -> None:
    check_vocabulary(config.tokenizer, corpus.about.vocabulary, vocab_size)
    for name, tokens in (("training", corpus.train), ("validation", corpus.validation)):
        if len(tokens) < config.sequence_length:
            raise InputError(
                f"too little text: the {name} split has {len(tokens)} tokens, fewer than data.sequence_length = "
                f"{config.sequence_length}; give more text, shorter sequences or another data.validation_fraction"
            )
