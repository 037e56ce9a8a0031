"""Whether the best learning rate moves with the length of the training."""

from collections.abc import Sequence

import numpy as np

from moetui.core.science.evidence import Evidence
from moetui.core.science.findings import movement
from moetui.core.science.lengths import agreement, by_length
from moetui.core.science.measure import LOSS
from moetui.core.science.response import Response, Slice, respond
from tests.core.science.records import record

GRID = (0.006, 0.01, 0.015, 0.023, 0.035, 0.05, 0.075, 0.11, 0.16, 0.24)


def response(
    updates: int, best: float, *, seeds: int = 3, momentum: str = "0.95", lrs: Sequence[float] = GRID
) -> Response:
    rng = np.random.default_rng(updates)
    runs = [
        record(
            4.5 + 0.25 * np.log(lr / best) ** 2 + rng.normal(0, 0.004),
            setting=f"{lr}",
            seed=seed,
            lr=lr,
            updates=updates,
        )
        for lr in lrs
        for seed in range(seeds)
    ]
    setting = (("training.updates", str(updates)), ("optimizer.momentum", momentum))
    return respond(Slice(setting, tuple(map(Evidence, runs))), LOSS)


def test_a_planted_power_law_is_found() -> None:
    found = agreement(response(updates, 0.05 * (updates / 200) ** -0.5) for updates in (100, 200, 400))
    assert found.verdict == "moves"
    assert found.low is not None
    assert found.high is not None
    assert found.low < -0.5 < found.high < 0
    assert "moves with the length" in movement(found)


def test_a_best_that_stays_is_not_said_to_move() -> None:
    found = agreement(response(updates, 0.045) for updates in (100, 200))
    assert found.verdict == "not distinguishable"
    assert [updates for updates, _ in found.lengths] == [100, 200]


def test_lengths_with_other_grids_and_no_interval_are_held_against_each_other_by_their_brackets() -> None:
    grids = ((0.01, 0.03, 0.09), (0.02, 0.045, 0.1))
    found = agreement(response(updates, 0.04, lrs=lrs) for updates, lrs in zip((100, 200), grids, strict=True))
    assert found.verdict == "not distinguishable"
    assert all(not best.fitted for _, best in found.lengths)


def test_a_best_that_moves_back_and_forth_follows_no_power() -> None:
    found = agreement(response(updates, best) for updates, best in ((100, 0.03), (200, 0.07), (400, 0.03)))
    assert (found.verdict, found.crossed) == ("moves", True)
    assert "not as a power" in movement(found)


def test_without_known_noise_or_with_one_length_there_is_no_verdict() -> None:
    assert agreement([response(100, 0.04, seeds=1), response(200, 0.05, seeds=1)]).verdict == "no verdict"
    alone = agreement([response(100, 0.04)])
    assert (alone.verdict, alone.low, alone.high) == ("no verdict", None, None)
    assert "no verdict" in movement(alone)


def test_only_settings_that_are_otherwise_equal_are_put_together() -> None:
    a, b, c = response(100, 0.04), response(200, 0.04), response(200, 0.04, momentum="0.9")
    assert by_length([a, b, c]) == ((a, b),)
