"""The `files` source: one's own text and tables, each perhaps compressed."""

from collections.abc import Iterator

from engine.data.compressed import opened
from engine.data.digests import digest_of
from engine.data.matching import TextFile, matched_files
from engine.data.pieces import CHARACTERS_PER_TOKEN, cut
from engine.data.plain_text import plain_documents
from engine.data.tables import SEEKABLE, TABLES
from engine.spec.config import DataConfig


def files_identity(config: DataConfig) -> str:
    """What the documents depend on: the content of the files, in order, and how they are read."""
    content = [
        (file.format, file.compression, digest_of(file.path, "data.files")) for file in matched_files(config.files)
    ]
    return f"files {content} {config.separator!r} {config.text_field!r} {config.document_tokens}"


def files_documents(config: DataConfig) -> Iterator[str]:
    """The documents of every file in turn, cut if `data.document_tokens` asks for it."""
    longest = CHARACTERS_PER_TOKEN * config.document_tokens
    for file in matched_files(config.files):
        texts = (
            plain_documents(file, config.separator, longest)
            if file.format == ".txt"
            else _rows(file, config.text_field)
        )
        for text in texts:
            yield from cut(text, longest) if longest else (text,)


def _rows(file: TextFile, text_field: str) -> Iterator[str]:
    with opened(file.path, file.compression, seekable=file.format in SEEKABLE) as raw:
        yield from TABLES[file.format](raw, str(file.path), text_field)
