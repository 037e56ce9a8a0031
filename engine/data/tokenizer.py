"""Tokenizers: one trained here, one from a file, or one of the Hugging Face hub; all as `tokenizers.Tokenizer`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from engine.data.repository import Unreachable, commit_of, is_directory, one_line
from engine.errors import InputError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

END_OF_TEXT = "<|endoftext|>"

# What well-known tokenizers call the token between documents, the commonest first.
_END_NAMES = (END_OF_TEXT, "<|end_of_text|>", "</s>", "<eos>", "<|eot_id|>")


@dataclass(frozen=True, slots=True)
class TextTokenizer:
    """A tokenizer and the id of the token that ends a document, None if it has none."""

    tokenizer: "Tokenizer"
    end_of_text: int | None

    @property
    def vocabulary(self) -> int:
        """Number of token ids, from 0."""
        return int(self.tokenizer.get_vocab_size(with_added_tokens=True))

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Token ids of each text, without special tokens around it."""
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def train_bpe(vocabulary: int, texts: Iterable[str]) -> TextTokenizer:
    """Byte-level byte-pair encoding (Sennrich et al., 2016; Radford et al., 2019); the end-of-text token has id 0."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    bytes_and_end = 257
    if vocabulary < bytes_and_end:
        raise InputError(
            f"data.tokenizer = bpe:{vocabulary} is too small: {bytes_and_end} is one entry per byte and the end"
        )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer=trainer)
    return TextTokenizer(tokenizer, 0)


def load_tokenizer(path: Path) -> TextTokenizer:
    """A tokenizer.json. Raises `InputError` if it is not there or is none."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"data.tokenizer: {path}: {error.strerror}") from None
    except Exception as error:  # the parser raises plain Exception
        raise InputError(f"data.tokenizer: {path} is not a tokenizer.json: {error}") from None
    ends = (tokenizer.token_to_id(name) for name in _END_NAMES)
    return TextTokenizer(tokenizer, next((end for end in ends if end is not None), None))


def hub_tokenizer(name: str) -> TextTokenizer:
    """The tokenizer of a model of the hub, or of a directory in its layout; nothing of it but its two JSON files is read.

    Without a network the hub's own cache is enough, if it has them.
    """
    folder = Path(name).expanduser() if is_directory(name) else _download(name)
    tokenizer = load_tokenizer(folder / "tokenizer.json")
    settings = folder / "tokenizer_config.json"
    end = orjson.loads(settings.read_bytes()).get("eos_token") if settings.is_file() else None
    token = end.get("content") if isinstance(end, dict) else end
    named = tokenizer.tokenizer.token_to_id(token) if token is not None else None
    return tokenizer if named is None else TextTokenizer(tokenizer.tokenizer, named)


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download

    files = ["tokenizer.json", "tokenizer_config.json"]
    try:
        commit = commit_of("model", name)
    except Unreachable as unreachable:
        try:
            return Path(snapshot_download(name, allow_patterns=files, local_files_only=True))
        except OSError:  # it is not in the hub's cache either
            raise unreachable from None
    try:
        return Path(snapshot_download(name, allow_patterns=files, revision=commit))
    except Exception as error:  # the client raises its own, its HTTP library's and the operating system's errors
        raise InputError(f"cannot get the tokenizer {name}: {one_line(error)}") from error
