"""The statistics of side-by-side measurements, on clocks that are made up."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from benchmarks.paired import OtherWork, Turns, judge, middle, speedup, take_turns, unrest


class Machine:
    """A clock on which work takes longer while bursts of other work last."""

    def __init__(self, seed: int, *, slowed: float) -> None:
        """In a burst everything takes up to `slowed` times as long."""
        self.now = 0.0
        self._draw = Random(seed)
        self._slowed = slowed
        self._factor = 1.0
        self._until = 0.0

    def work(self, seconds: float) -> float:
        """Do a work that takes so many seconds when nothing else runs; the seconds that it took."""
        start, left = self.now, seconds * self._draw.gauss(1.0, 0.01)
        while left > 0:
            if self.now >= self._until:
                burst = self._draw.random() < 0.4
                self._factor = self._draw.uniform(1.2, self._slowed) if burst else 1.0
                self._until = self.now + self._draw.expovariate(1 / 8.0)
            done = min(left, (self._until - self.now) / self._factor)
            self.now += done * self._factor
            left -= done
        return self.now - start

    def contestant(self, seconds: float) -> Callable[[], dict[str, float]]:
        return lambda: {"whole": self.work(seconds)}


def measured(seed: int, rounds: int = 25) -> Turns:
    machine = Machine(seed, slowed=4.0)
    contestants = {
        "slow": machine.contestant(1.3),
        "other": machine.contestant(3.0),
        "fast": machine.contestant(1.0),
    }
    return take_turns(contestants, lambda: machine.work(0.2), rounds)


def test_a_contestant_that_is_faster_by_three_tenths_is_seen_so_under_bursts() -> None:
    tries = 200
    covered = 0
    for seed in range(tries):
        relative = measured(seed).relative
        found = speedup(relative["slow"]["whole"], relative["fast"]["whole"])
        covered += found.low <= 1.3 <= found.high
        assert 1.0 < found.middle < 1.7
    assert covered >= 0.92 * tries  # 95 % promised; three standard errors of 200 tries below it is 90 %


def test_the_interval_is_not_simply_wide() -> None:
    found = []
    for seed in range(50):
        relative = measured(seed).relative
        found.append(speedup(relative["slow"]["whole"], relative["fast"]["whole"]))
    narrow = [one for one in found if one.high - one.low < 0.35]
    assert len(narrow) > 40
    assert sum(one.low > 1.0 for one in found) > 45


def test_an_interval_holds_a_true_median_as_often_as_it_says() -> None:
    draw = Random(3)
    for count in (4, 9, 25):
        tries = 1500
        intervals = [middle([draw.lognormvariate(0.0, 1.0) for _ in range(count)]) for _ in range(tries)]
        covered = sum(one.low <= 1.0 <= one.high for one in intervals) / tries
        confidence = intervals[0].confidence
        assert confidence > (0.95 if count > 5 else 0.87)
        assert covered == pytest.approx(confidence, abs=0.02)


def test_intervals_narrow_with_more_values() -> None:
    assert (middle([1, 2, 3]).low, middle([1, 2, 3]).high) == (1, 3)
    nine = middle(list(range(9)))
    assert (nine.low, nine.middle, nine.high) == (1, 4, 7)
    assert str(nine) == "4.00 (1.00–7.00)"


def test_every_contestant_comes_first_in_its_turn_and_none_is_counted_that_warms_up() -> None:
    order: list[str] = []

    def noting(name: str) -> Callable[[], dict[str, float]]:
        def run() -> dict[str, float]:
            order.append(name)
            return {"whole": 2.0, "part": 1.0}

        return run

    told: list[int] = []
    turns = take_turns({name: noting(name) for name in "abc"}, lambda: 0.5, 3, told.append)
    assert ["".join(order[start : start + 3]) for start in range(0, 12, 3)] == ["abc", "bca", "cab", "abc"]
    assert told == [0, 1, 2, 3]
    assert turns.seconds["b"] == {"whole": [2.0] * 3, "part": [1.0] * 3}
    assert turns.relative["b"] == {"whole": [4.0] * 3, "part": [2.0] * 3}
    assert turns.spread == 0.0


def test_a_control_that_drifts_takes_the_contestants_with_it() -> None:
    seconds = [1.0]

    def control() -> float:
        seconds[0] *= 1.2
        return seconds[0]

    turns = take_turns({"a": lambda: {"whole": seconds[0]}}, control, 8)
    assert max(turns.seconds["a"]["whole"]) > 5 * min(turns.seconds["a"]["whole"])
    assert max(turns.relative["a"]["whole"]) == pytest.approx(min(turns.relative["a"]["whole"]))
    assert turns.spread > 0.5


@pytest.mark.parametrize(("busy", "spread", "words"), [(0.3, 0.0, "30% of the cores"), (0.0, 0.4, "40% of its median")])
def test_a_machine_that_is_not_quiet_is_refused_unless_it_is_asked_for(busy: float, spread: float, words: str) -> None:
    assert words in unrest(busy, spread)
    with pytest.raises(SystemExit) as refused:
        judge(busy, spread, noisy=False)
    assert isinstance(refused.value.code, str)
    assert words in refused.value.code
    assert "--noisy" in refused.value.code
    assert "\n" not in refused.value.code
    assert "Not measured on a quiet machine" in judge(busy, spread, noisy=True)


def test_a_quiet_machine_is_not_refused() -> None:
    assert unrest(0.05, 0.05) == ""
    assert judge(0.05, 0.05, noisy=False).startswith("Quiet machine")


def test_what_others_use_is_what_this_process_does_not(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  1000 0 0 9000 0 0 0 0 0 0\ncpu0 1 2 3 4\n")
    other = OtherWork(stat)
    stat.write_text("cpu  1500 0 100 9400 0 0 0 0 0 0\ncpu0 1 2 3 4\n")
    assert other.share() == pytest.approx(0.6, abs=0.05)
    stat.write_text("cpu  1000 0 0 19000 0 0 0 0 0 0\n")
    assert other.share() == 0.0
    assert OtherWork(tmp_path / "no such file").share() == 0.0
