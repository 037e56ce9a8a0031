"""The token arrays of a corpus as they grow, and what is known of them."""

import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from engine.data.documents import Source
from engine.data.token_use import TokenUse
from engine.data.tokenizer import TextTokenizer
from engine.runfiles.jsonfile import write_file

Side = Literal["train", "validation"]
SIDES: tuple[Side, ...] = ("train", "validation")


class CorpusFile(BaseModel):
    """corpus.json: what the token arrays beside it are. `origin` names the source, for a hub's with the commit."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    origin: str = ""
    vocabulary: int
    end_of_text: int | None
    dtype: Literal["<u2", "<u4"]
    train_documents: int
    validation_documents: int
    train_tokens: int
    validation_tokens: int
    use: TokenUse | None = None
    """How the text became tokens; entries of older versions do not tell."""


class BuildState(BaseModel):
    """build.json: how far a build is, and the position in its source after the last document that was written."""

    model_config = ConfigDict(frozen=True)

    end_of_text: int | None
    origin: str = ""
    documents: dict[Side, int] = {"train": 0, "validation": 0}
    tokens: dict[Side, int] = {"train": 0, "validation": 0}
    text_bytes: int = 0
    position: dict[str, Any] | None = None


class TokenArrays:
    """Both arrays, open for more documents from where `state` says that they end."""

    def __init__(self, workplace: Path, tokenizer: TextTokenizer, state: BuildState, *, end_of_text: bool) -> None:
        self.state = state
        self.dtype: Literal["<u2", "<u4"] = "<u2" if tokenizer.vocabulary <= 2**16 else "<u4"
        self._workplace = workplace
        self._tokenizer = tokenizer
        self._ending = [tokenizer.end_of_text] if end_of_text and tokenizer.end_of_text is not None else []
        self._files: dict[Side, IO[bytes]] = {}

    def __enter__(self) -> Self:
        width = np.dtype(self.dtype).itemsize
        for side in SIDES:
            path = self._workplace / f"{side}.bin"
            size = self.state.tokens[side] * width
            if path.exists() and path.stat().st_size < size:  # not ours, or damaged: begin anew
                self.state = BuildState(end_of_text=self.state.end_of_text)
        for side in SIDES:
            file = self._files[side] = (self._workplace / f"{side}.bin").open("ab")
            file.truncate(self.state.tokens[side] * width)  # what was written after the last saving
        return self

    def add(self, documents: list[tuple[Side, str]], budget: int, source: Source) -> None:
        """Append documents to their sides until `budget` tokens (0: any number) are there in all."""
        counts, tokens = dict(self.state.documents), dict(self.state.tokens)
        text_bytes = self.state.text_bytes
        new: dict[Side, list[int]] = {side: [] for side in SIDES}
        encoded = self._tokenizer.encode([text for _, text in documents])
        for (side, text), ids in zip(documents, encoded, strict=True):
            if budget and sum(tokens.values()) >= budget:
                break
            new[side] += ids + self._ending
            tokens[side] += len(ids) + len(self._ending)
            counts[side] += 1
            text_bytes += len(text.encode())
        for side in SIDES:
            np.array(new[side], dtype=self.dtype).tofile(self._files[side])
        self.state = BuildState(
            end_of_text=self.state.end_of_text,
            origin=source.origin,
            documents=counts,
            tokens=tokens,
            text_bytes=text_bytes,
            position=source.position(),
        )

    def save(self) -> None:
        """Write down how far the arrays are, after they are on the disk themselves."""
        self._sync()
        write_file(self._workplace / "build.json", self.state, durable=True)

    def _sync(self) -> None:
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._sync()
        else:
            self.save()
        for file in self._files.values():
            file.close()
