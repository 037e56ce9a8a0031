"""Building a corpus: documents are split, a tokenizer is had, and each split is written as one array of token ids."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import orjson
from pydantic import BaseModel, ConfigDict

from engine.config import DataConfig
from engine.data.documents import read_documents
from engine.data.split import is_validation
from engine.data.tokenizer import TextTokenizer, hub_tokenizer, load_tokenizer, train_bpe
from engine.errors import InputError
from engine.rundir import write_file

Say = Callable[[str], None]

_BATCH = 1 << 20  # characters tokenized at once
_REPORT = 1000  # documents between two words on progress


class CorpusFile(BaseModel):
    """corpus.json: what the token arrays beside it are."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    vocabulary: int
    end_of_text: int | None
    dtype: Literal["<u2", "<u4"]
    train_documents: int
    validation_documents: int
    train_tokens: int
    validation_tokens: int


def build(config: DataConfig, workplace: Path, say: Say) -> CorpusFile:
    """Fill `workplace` with train.bin, validation.bin, tokenizer.json and corpus.json. Raises `InputError`."""
    content, train_count, validation_count = _split_documents(config, workplace, say)
    tokenizer = _tokenizer(config, workplace, say)
    if config.end_of_text and tokenizer.end_of_text is None:
        raise InputError(f"the tokenizer {config.tokenizer} has no end-of-text token; set data.end_of_text = false")
    ending = [tokenizer.end_of_text] if config.end_of_text and tokenizer.end_of_text is not None else []
    dtype: Literal["<u2", "<u4"] = "<u2" if tokenizer.vocabulary <= 2**16 else "<u4"
    counts = {side: _write_tokens(workplace, side, tokenizer, ending, dtype, say) for side in ("train", "validation")}
    definition = tokenizer.tokenizer.to_str()
    (workplace / "tokenizer.json").write_text(definition, encoding="utf-8")
    settings = f"{config.validation_fraction!r} {config.end_of_text!r} {tokenizer.end_of_text!r}"
    fingerprint = hashlib.sha256(f"{content} {hashlib.sha256(definition.encode()).hexdigest()} {settings}".encode())
    about = CorpusFile(
        fingerprint=fingerprint.hexdigest()[:16],
        vocabulary=tokenizer.vocabulary,
        end_of_text=tokenizer.end_of_text,
        dtype=dtype,
        train_documents=train_count,
        validation_documents=validation_count,
        train_tokens=counts["train"],
        validation_tokens=counts["validation"],
    )
    write_file(workplace / "corpus.json", about)
    return about


def _split_documents(config: DataConfig, workplace: Path, say: Say) -> tuple[str, int, int]:
    """Write the documents of each split to a file of their own; returns a digest of all of them and the two numbers."""
    digest = hashlib.sha256()
    counts = [0, 0]
    with _spool(workplace, "train").open("wb") as train, _spool(workplace, "validation").open("wb") as validation:
        for number, text in enumerate(read_documents(config, say), start=1):
            line = orjson.dumps(text.encode("utf-8", "replace").decode(), option=orjson.OPT_APPEND_NEWLINE)
            held_out = is_validation(text, config.validation_fraction)
            (validation if held_out else train).write(line)
            counts[held_out] += 1
            digest.update(line)
            if number % _REPORT == 0:
                say(f"reading documents: {number:,}")
    if not counts[0] or not counts[1]:
        raise InputError(
            f"too little text: {counts[0]} documents for training and {counts[1]} for validation; the split is by document, "
            "so give more documents (for .txt files, see data.separator)"
        )
    return digest.hexdigest(), counts[0], counts[1]


def _spool(workplace: Path, side: str) -> Path:
    return workplace / f"{side}.jsonl"


def _spooled(workplace: Path, side: str) -> Iterator[str]:
    with _spool(workplace, side).open("rb") as file:
        for line in file:
            yield orjson.loads(line)


def _tokenizer(config: DataConfig, workplace: Path, say: Say) -> TextTokenizer:
    kind, _, value = config.tokenizer.partition(":")
    if kind == "bpe":
        say("training the tokenizer")
        return train_bpe(int(value), _spooled(workplace, "train"))
    say("loading the tokenizer")
    return load_tokenizer(Path(value)) if kind == "file" else hub_tokenizer(value)


def _write_tokens(workplace: Path, side: str, tokenizer: TextTokenizer, ending: list[int], dtype: str, say: Say) -> int:
    """Tokenize one split into its array and remove its text; returns the number of tokens."""
    total = 0
    with (workplace / f"{side}.bin").open("wb") as file:
        for texts in _batches(_spooled(workplace, side)):
            ids = [token for encoded in tokenizer.encode(texts) for token in (*encoded, *ending)]
            np.array(ids, dtype=dtype).tofile(file)
            total += len(ids)
            say(f"tokenizing the {side} split: {total:,} tokens")
    _spool(workplace, side).unlink()
    return total


def _batches(texts: Iterator[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
