"""Building a corpus: documents are streamed, split and tokenized, and each split is written as one array of token ids.

One pass over the text in batches, so the memory does not grow with it. An interrupted build goes on where it stopped: what is
written so far, and the place in the source it belongs to, are kept in the workplace.
"""

import hashlib
import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.data.arrays import BuildState, CorpusFile, Side, TokenArrays
from engine.data.cache import read_entry
from engine.data.documents import Position, Source, open_source
from engine.data.split import is_validation
from engine.data.token_use import token_use
from engine.data.tokenizer import TextTokenizer, check_vocabulary, hub_tokenizer, load_tokenizer, train_bpe
from engine.errors import InputError
from engine.runfiles.jsonfile import write_file
from engine.spec.config import DataConfig

Say = Callable[[str], None]

SAMPLE = 1 << 27
"""Characters of text that a tokenizer is trained on at most: more changes little and costs memory."""

SAVE_SECONDS = 5.0
"""Time between two savings of how far the build is."""

_BATCH = 1 << 20  # characters tokenized at once


def build(config: DataConfig, vocab_size: int, workplace: Path, say: Say) -> CorpusFile:
    """Fill `workplace` with train.bin, validation.bin, tokenizer.json and corpus.json.

    Raises `InputError`; before anything is written if the ids of the tokenizer reach beyond `vocab_size`.
    """
    source = open_source(config, say)
    state, tokenizer = _begin(config, vocab_size, workplace, source, say)
    with TokenArrays(workplace, tokenizer, state, end_of_text=config.end_of_text) as arrays:
        _fill(arrays, config, source, say)
        state = arrays.state
    documents, tokens = state.documents, state.tokens
    if not documents["train"] or not documents["validation"]:
        raise InputError(
            f"too little text: {documents['train']} documents for training and {documents['validation']} for validation, and the "
            "split is by document: give more of them, tell what separates them in a .txt file (data.separator: a line, "
            '"\\n" for blank lines, or re:PATTERN), or cut them into pieces with data.document_tokens = N'
        )
    about = CorpusFile(
        fingerprint=_fingerprint(workplace, tokenizer),
        origin=state.origin,
        vocabulary=tokenizer.vocabulary,
        end_of_text=tokenizer.end_of_text,
        dtype=arrays.dtype,
        train_documents=documents["train"],
        validation_documents=documents["validation"],
        train_tokens=tokens["train"],
        validation_tokens=tokens["validation"],
        use=token_use(workplace, arrays.dtype, tokenizer, state.text_bytes),
    )
    write_file(workplace / "corpus.json", about, durable=True)  # after all that it speaks of
    return about


def _begin(
    config: DataConfig, vocab_size: int, workplace: Path, source: Source, say: Say
) -> tuple[BuildState, TextTokenizer]:
    """The state of an interrupted build and its tokenizer, or those of a new one."""
    file = workplace / "tokenizer.json"
    state = read_entry(workplace / "build.json", BuildState)
    if state is not None and file.is_file():
        say("going on with an interrupted build")
        return state, TextTokenizer(load_tokenizer(file).tokenizer, state.end_of_text)
    tokenizer = _tokenizer(config, source, say)
    if config.end_of_text and tokenizer.end_of_text is None:
        raise InputError(f"the tokenizer {config.tokenizer} has no end-of-text token; set data.end_of_text = false")
    check_vocabulary(config.tokenizer, tokenizer.vocabulary, vocab_size)
    with file.open("w", encoding="utf-8") as opened:
        opened.write(tokenizer.tokenizer.to_str())
        opened.flush()
        os.fsync(opened.fileno())
    return BuildState(end_of_text=tokenizer.end_of_text), tokenizer


def _tokenizer(config: DataConfig, source: Source, say: Say) -> TextTokenizer:
    kind, _, value = config.tokenizer.partition(":")
    if kind == "bpe":
        say("training the tokenizer")
        return train_bpe(int(value), _sample(config, source))
    say("loading the tokenizer")
    return load_tokenizer(Path(value).expanduser()) if kind == "file" else hub_tokenizer(value)


def _sample(config: DataConfig, source: Source) -> Iterator[str]:
    """Training documents to train a tokenizer on; a token holds four characters or so, so eight a token are enough."""
    left = min(SAMPLE, 8 * config.max_tokens or SAMPLE)
    for text in itertools.islice(_documents(source, None), config.max_documents or None):
        if not is_validation(text, config.validation_fraction):
            yield text
        left -= len(text)
        if left <= 0:
            return


def _documents(source: Source, after: Position | None) -> Iterator[str]:
    """The texts that are not empty, in an encoding that every tokenizer takes."""
    return (text.encode("utf-8", "replace").decode() for text in source.texts(after) if text.strip())


def _fill(arrays: TokenArrays, config: DataConfig, source: Source, say: Say) -> None:
    """Tokenize the documents from where the arrays end, until the text or a budget is used up."""

    def side(text: str) -> Side:
        return "validation" if is_validation(text, config.validation_fraction) else "train"

    def room() -> int | None:
        return config.max_documents - sum(arrays.state.documents.values()) if config.max_documents else None

    if _spent(config, arrays.state) >= 1:
        return
    saved = time.monotonic()
    for texts in _batches(itertools.islice(_documents(source, arrays.state.position), room())):
        arrays.add([(side(text), text) for text in texts], config.max_tokens, source)
        spent = _spent(config, arrays.state)
        say(_progress(arrays.state, spent))
        if spent >= 1:
            return
        if time.monotonic() - saved > SAVE_SECONDS:
            arrays.save()
            saved = time.monotonic()


def _spent(config: DataConfig, state: BuildState) -> float:
    """Share of the budget that is used up; 0 without one."""
    documents, tokens = sum(state.documents.values()), sum(state.tokens.values())
    budgets = ((documents, config.max_documents), (tokens, config.max_tokens))
    return max(used / budget if budget else 0.0 for used, budget in budgets)


def _progress(state: BuildState, spent: float) -> str:
    documents, tokens = sum(state.documents.values()), sum(state.tokens.values())
    share = f" ({min(spent, 1):.0%})" if spent else ""
    return f"reading {state.origin}: {documents:,} documents, {tokens:,} tokens{share}"


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


def _fingerprint(workplace: Path, tokenizer: TextTokenizer) -> str:
    """A digest of both splits' tokens and of what they mean."""
    digest = hashlib.sha256(f"{tokenizer.end_of_text} {tokenizer.tokenizer.to_str()}".encode())
    for side in ("train", "validation"):
        with (workplace / f"{side}.bin").open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
