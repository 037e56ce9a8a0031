"""A file of token ids, read piece by piece.

Reading by position instead of through a memory map keeps the memory constant however much of the file has been touched (a map
counts every page it ever showed as this process's), asks the kernel for no more than what is wanted, and turns a disk that
fails into an exception instead of a signal that ends the process.
"""

import errno
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.unsignedinteger]


class TokenFile:
    """Little-endian unsigned token ids, as many as the file holds. May be read by several threads at once."""

    def __init__(self, path: Path, dtype: str) -> None:
        self.path = path
        self.dtype = np.dtype(dtype)
        self._file = path.open("rb", buffering=0)
        self._count = os.fstat(self._file.fileno()).st_size // self.dtype.itemsize

    def __len__(self) -> int:
        return self._count

    def read(self, start: int, ids: Ids) -> None:
        """Fill the array with the tokens from `start` on. Raises `OSError` if the disk fails or the file was cut short."""
        offset = start * self.dtype.itemsize
        if os.preadv(self._file.fileno(), [ids.data], offset) != ids.nbytes:
            raise OSError(errno.EIO, "the file ends before its tokens do", str(self.path))

    def rows(self, starts: npt.NDArray[np.int64], length: int) -> Ids:
        """The `length` tokens from each of `starts` on: (B, L)."""
        ids_BL = np.empty((len(starts), length), self.dtype)
        for row, start in zip(ids_BL, starts.tolist(), strict=True):
            self.read(start, row)
        return ids_BL
