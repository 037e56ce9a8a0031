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


def _zstd(path: Path) -> IO[bytes]:
    import pyarrow as pa

    return io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))


_READERS: Final[Mapping[str, Callable[[Path], Any]]] = {".gz": gzip.open, ".zst": _zstd, ".xz": lzma.open}

COMPRESSIONS: Final = tuple(_READERS)
"""Suffixes of compressed files."""


@contextmanager
def opened(path: Path, compression: str, *, seekable: bool = False) -> Iterator[IO[bytes]]:
    """The bytes of a file; with `seekable`, a compressed one is unpacked into a temporary file first.

    Raises `InputError` if the file cannot be read or is not compressed as its name says.
    """
    try:
        with _READERS[compression](path) if compression else path.open("rb") as file:
            if not (compression and seekable):
                yield file
                return
            with tempfile.TemporaryFile() as unpacked:
                while piece := file.read(1 << 20):
                    unpacked.write(piece)
                unpacked.seek(0)
                yield unpacked
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
        raise InputError(f"{path} cannot be read: {reason}") from None
