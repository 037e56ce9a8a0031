"""Tokenizers: one trained here, one from a file, or one of the Hugging Face hub; all as `tokenizers.Tokenizer`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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
        """The largest token id and one: ids may have holes, so that this is more than the number of tokens."""
        return 1 + max(self.tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)

    @property
    def unknown(self) -> int | None:
        """The id that stands for what the tokenizer does not know, None if it has none."""
        name = getattr(self.tokenizer.model, "unk_token", None)
        if name is not None:
            return self.tokenizer.token_to_id(name)
        number = orjson.loads(self.tokenizer.to_str())["model"].get("unk_id")  # of a Unigram model
        return number if isinstance(number, int) else None

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Token ids of each text, without special tokens around it. Raises `InputError` if the tokenizer cannot encode one."""
        with _refusing("data.tokenizer: the tokenizer cannot encode the text"):
            return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def check_vocabulary(name: str, vocabulary: int, vocab_size: int) -> None:
    """Raise `InputError` if the model has no row for the largest token id."""
    if vocabulary > vocab_size:
        raise InputError(
            f"the largest token id of {name} is {vocabulary - 1}, which does not fit model.vocab_size = {vocab_size}: "
            f"set it to {vocabulary} at least, or take another data.tokenizer"
        )


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
    """A tokenizer.json, of which the sections `padding` and `truncation` are not obeyed: they serve batches of a model.

    Neither is the dropout of a BPE, which draws tokens at random: the same text has the same tokens.

    Raises `InputError` if it is not there or is none.
    """
    from tokenizers import Tokenizer

    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"data.tokenizer: {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"data.tokenizer: {path} is no UTF-8 text") from None
    with _refusing(f"data.tokenizer: {path} is not a tokenizer.json"):
        tokenizer = Tokenizer.from_str(text)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        if getattr(tokenizer.model, "dropout", None) is not None:
            tokenizer.model.dropout = None
        if _repeats(text):
            tokenizer.post_processor = None
    ends = (tokenizer.token_to_id(name) for name in _END_NAMES)
    return TextTokenizer(tokenizer, next((end for end in ends if end is not None), None))


def _repeats(text: str) -> bool:
    """Whether the post-processor has a template that is not its one sequence with special tokens around it."""
    section = orjson.loads(text).get("post_processor") or {}
    parts = [section, *section.get("processors", ())]
    templates = (part["single"] for part in parts if part.get("type") == "TemplateProcessing")
    return any(sum("Sequence" in piece for piece in template) != 1 for template in templates)


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Turn the errors of the tokenizers library into `InputError`: plain `Exception`, and panics, which are not even that."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise InputError(f"{what}: {one_line(error)}") from None
        raise


def hub_tokenizer(name: str) -> TextTokenizer:
    """The tokenizer of a model of the hub, or of a directory in its layout; nothing of it but its two JSON files is read.

    Without a network the hub's own cache is enough, if it has them. Raises `InputError` if the end-of-text token that it names
    is none of its tokens.
    """
    folder = Path(name).expanduser() if is_directory(name) else _download(name)
    tokenizer = load_tokenizer(folder / "tokenizer.json")
    settings = folder / "tokenizer_config.json"
    token = _end_token(settings) if settings.is_file() else None
    if token is None:
        return tokenizer
    end = tokenizer.tokenizer.token_to_id(token)
    if end is None:
        raise InputError(
            f"data.tokenizer: {settings} names the end of text {token[:40]!r}, which is no token of {name}"
        )
    return TextTokenizer(tokenizer.tokenizer, end)


def _end_token(settings: Path) -> str | None:
    """The `eos_token` of a tokenizer_config.json: a text, or an object with the text as `content`."""
    try:
        about = orjson.loads(settings.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(f"data.tokenizer: {settings} cannot be read: {one_line(error)}") from None
    end = about.get("eos_token") if isinstance(about, dict) else None
    token = end.get("content") if isinstance(end, dict) else end
    if token is not None and not isinstance(token, str):
        raise InputError(f"data.tokenizer: {settings}: eos_token is no text")
    return token


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
