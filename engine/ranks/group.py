"""Several ranks, which reach each other through torch.distributed; the one module that imports it."""

import contextlib
import datetime
from collections.abc import Iterator, Sequence

import torch
import torch.distributed as dist
from torch import Tensor

from engine.ranks.place import LostContact, RankPlace, patience
from engine.ranks.ranks import Ranks

MESSAGE = 1 << 25
"""Bytes of gradients that are summed in one message."""


class Group(Ranks):
    """One of several ranks. Tensors on a GPU travel through NCCL, those on the host through gloo.

    What ranks agree on travels in a group of its own on the host, so that nobody waits for a GPU because of it.
    """

    def __init__(self, place: RankPlace, device: torch.device) -> None:
        super().__init__(place)
        wait = datetime.timedelta(seconds=patience())
        with _contact():
            backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
            dist.init_process_group(backend, timeout=wait, rank=place.rank, world_size=place.count)
            self._words = dist.new_group(backend="gloo", timeout=wait)
        self._asked: tuple[Tensor, dist.Work] | None = None

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Sum over the ranks, in place."""
        with _contact():
            for message in _messages(tensors):
                flat = torch.cat([t.reshape(-1) for t in message])
                dist.all_reduce(flat)
                parts = flat.split([t.numel() for t in message])
                torch._foreach_copy_(message, [p.view_as(t) for p, t in zip(parts, message, strict=True)])

    def gather(self, mine_BMN: Tensor) -> Tensor:
        """What all ranks have, in their order."""
        whole = mine_BMN.new_empty(self.count * len(mine_BMN), *mine_BMN.shape[1:])
        with _contact():
            dist.all_gather(list(whole.split(len(mine_BMN))), mine_BMN.contiguous())
        return whole

    def largest_before(self, values: Sequence[int]) -> list[int]:
        """The largest of each value at the call before; zeros at the first."""
        before = self._answer()
        message = torch.tensor(values, dtype=torch.int64)
        with _contact():
            work = dist.all_reduce(message, dist.ReduceOp.MAX, group=self._words, async_op=True)
        assert work is not None
        self._asked = message, work
        return before or [0] * len(values)

    def _answer(self) -> list[int]:
        if self._asked is None:
            return []
        message, work = self._asked
        self._asked = None
        with _contact():
            work.wait()
        return [int(value) for value in message.tolist()]

    def largest(self, value: int) -> int:
        """The largest value of any rank."""
        message = torch.tensor([value], dtype=torch.int64)
        with _contact():
            dist.all_reduce(message, dist.ReduceOp.MAX, group=self._words)
        return int(message.item())

    def from_first(self, text: str) -> str:
        """The text of rank 0."""
        raw = torch.frombuffer(bytearray(text.encode() or b"\0"), dtype=torch.uint8)
        size = torch.tensor([len(text.encode())], dtype=torch.int64)
        with _contact():
            dist.broadcast(size, 0, group=self._words)
            if not self.first:
                raw = torch.empty(max(int(size.item()), 1), dtype=torch.uint8)
            dist.broadcast(raw, 0, group=self._words)
        return bytes(raw.tolist()[: int(size.item())]).decode()

    def copy_first(self, tensors: Sequence[Tensor]) -> None:
        """Take over the values of rank 0."""
        with _contact():
            for tensor in tensors:
                dist.broadcast(tensor, 0)

    def close(self) -> None:
        """Wait until all are done, and leave the group."""
        self._answer()
        with _contact():
            dist.barrier(group=self._words)
            dist.destroy_process_group()


def _messages(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Tensors in groups of about the size of a message, in their order, which is the same on every rank."""
    message: list[Tensor] = []
    for tensor in tensors:
        message.append(tensor)
        if sum(t.nbytes for t in message) >= MESSAGE:
            yield message
            message = []
    if message:
        yield message


@contextlib.contextmanager
def _contact() -> Iterator[None]:
    """Turn what torch.distributed raises when another rank is gone into `LostContact`."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # DistBackendError, DistNetworkError and what gloo raises are of this kind
        raise LostContact(f"another rank does not answer: {' '.join(str(error).split())[:200]}") from error
