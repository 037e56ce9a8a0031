"""Files as they are or compressed with gzip, zstd or xz, read as streams of bytes."""

import gzip
import io
import lzma
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from engine.errors import InputError


def _zstd(raw: IO[bytes]) -> IO[bytes]:
    import pyarrow as pa

    return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"))


_READERS: Final[Mapping[str, Callable[[IO[bytes]], Any]]] = {".gz": gzip.open, ".zst": _zstd, ".xz": lzma.open}

COMPRESSIONS: Final = tuple(_READERS)
"""Suffixes of compressed files."""


@contextmanager
def opened(path: Path, compression: str, *, seekable: bool = False) -> Iterator[IO[bytes]]:
    """The bytes of a file as `unpacked` has them.

    Raises `InputError` if the file cannot be read or is not compressed as its name says.
    """
    try:
        with path.open("rb") as raw, unpacked(raw, compression, seekable=seekable) as file:
            yield file
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
        raise InputError(f"{path} cannot be read: {reason}") from None


@contextmanager
def unpacked(raw: IO[bytes], compression: str, *, seekable: bool = False) -> Iterator[IO[bytes]]:
    """The bytes of an open file; with `seekable`, a compressed one is unpacked into a temporary file first."""
    if not compression:
        yield raw
        return
    with _READERS[compression](raw) as file:
        if not seekable:
            yield file
            return
        with tempfile.TemporaryFile() as whole:
            while piece := file.read(1 << 20):
                whole.write(piece)
            whole.seek(0)
            yield whole
