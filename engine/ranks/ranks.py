"""What the ranks of a run do together, and the run of one rank, which does all of it alone."""

from collections.abc import Sequence

from torch import Tensor

from engine.ranks.place import ALONE, RankPlace


class Ranks:
    """A run of one rank. Every method is called by all ranks of a run, in the same order."""

    def __init__(self, place: RankPlace = ALONE) -> None:
        self.place = place

    @property
    def first(self) -> bool:
        """Whether this is rank 0."""
        return self.place.first

    @property
    def count(self) -> int:
        """How many ranks there are."""
        return self.place.count

    def share(self, number: int) -> range:
        """Which of so many things, counted from 0, are this rank's: neighbours, and no rank has two more than another."""
        rank, count = self.place.rank, self.place.count
        return range(rank * number // count, (rank + 1) * number // count)

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Sum tensors of one dtype over the ranks, in place: all ranks hold the same bits afterwards."""

    def gather(self, mine_BMN: Tensor) -> Tensor:
        """The tensors of all ranks, which are of one shape, one after the other along the first dimension."""
        return mine_BMN

    def largest_before(self, values: Sequence[int]) -> list[int]:
        """The largest of each value over the ranks, as they were at the call before this one: nobody waits for the others."""
        return list(values)

    def largest(self, value: int) -> int:
        """The largest value of any rank. Waits for all."""
        return value

    def from_first(self, text: str) -> str:
        """The text of rank 0."""
        return text

    def copy_first(self, tensors: Sequence[Tensor]) -> None:
        """Give every rank the values that rank 0 has."""

    def close(self) -> None:
        """Leave the others. Not called after a fault, when nobody waits for anybody."""
