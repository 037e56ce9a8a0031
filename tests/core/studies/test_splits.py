"""Plans within a budget: what is proposed, at what cost, and which runs it comes to."""

import math
from collections.abc import Sequence

import pytest

from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import UsageError
from moetui.core.planning.ladder import Ladder, base_config
from moetui.core.planning.plan import PlannedRun, group_of
from moetui.core.planning.presets import Library
from moetui.core.science.evidence import Evidence
from moetui.core.studies.estimate import Estimate, Pace
from moetui.core.studies.splits import Planned, Question, planned
from tests.core.science.records import record

SIZES = (32, 64, 96, 128, 192)


class PaceOfTheWidth(Pace):
    """A run takes as many seconds as the model is wide."""

    def cost(self, run: PlannedRun) -> Estimate:
        return Estimate(float(run.config.model.d_model))


LIBRARY = Library.load()
PACE = PaceOfTheWidth({}, any_gpu=False, validation_tokens={})


def ask(budget: float | None = None, *, goal: float | None = None, precision: float = 0.1) -> Question:
    ladder = Ladder("width", SIZES) if goal else None
    return Question(preset="transfer/width", settings={}, ladder=ladder, goal=goal, precision=precision, budget=budget)


def base() -> RunConfig:
    return base_config(LIBRARY, "transfer/width", {})


def plan(question: Question, runs: Sequence[Evidence] = ()) -> Planned:
    return planned(LIBRARY, question, base(), runs, [run.record for run in runs], PACE)


def swept(star: float, noise: float = 0.004) -> list[Evidence]:
    """A sweep of the preset itself with two seeds."""
    found = []
    for place, lr in enumerate((0.028, 0.04, 0.057, 0.08, 0.113, 0.16, 0.226)):
        config = base()
        own = config.model_copy(update={"optimizer": config.optimizer.model_copy(update={"lr": lr})})
        for seed in (1, 2):
            loss = 4 + 0.3 * math.log(lr / star) ** 2 + noise * math.sin(7 * place + 3 * seed)
            run = record(loss, setting=group_of(own), seed=seed, lr=lr)
            found.append(Evidence(run, own.model_copy(update={"seed": seed})))
    return found


def test_the_cheapest_split_that_is_sure_enough_is_proposed() -> None:
    found = plan(ask(precision=0.2, goal=256.0))
    reached = [split for split in found.splits if split.reaches(0.2) and split.outlook.inside >= 0.8]
    assert found.chosen.seconds == min(split.seconds for split in reached)
    assert {len(split.sizes) for split in found.splits} == {3, 4, 5}
    assert len(found.runs) == len(found.chosen.sizes) * found.chosen.rates * found.chosen.seeds
    assert {run.config.model.d_model for run in found.runs} == set(found.chosen.sizes)
    assert found.chosen.seconds == sum(run.config.model.d_model for run in found.runs)


def test_a_budget_is_kept_and_a_larger_one_tells_more() -> None:
    small, large = (plan(ask(budget, goal=256.0, precision=0.01)) for budget in (6_000.0, 60_000.0))
    assert all(split.seconds <= 6_000 for split in small.splits)
    assert large.chosen.outlook.half < small.chosen.outlook.half
    with pytest.raises(UsageError, match="a ladder needs three sizes"):
        plan(ask(60.0, goal=256.0))


def test_what_is_there_costs_nothing_and_stands_in_the_grid() -> None:
    runs = swept(0.085)
    found = plan(ask(precision=0.05), runs)
    assert found.known.sizes == 1
    assert found.known.curvature == pytest.approx(0.3, rel=0.1)
    (five, *_) = found.splits
    assert five.runs == 5 * (five.seeds - 2)
    rates = sorted({run.config.optimizer.lr for run in found.runs})
    assert rates[:5] == [0.04, 0.057, 0.08, 0.113, 0.16]


def test_runs_of_other_settings_say_nothing_of_this_one() -> None:
    other = base().model_copy(update={"optimizer": base().optimizer.model_copy(update={"adamw_ratio": 0.3})})
    runs = [Evidence(one.record, other) for one in swept(0.085)]
    assert plan(ask(), runs).known.sizes == 0


def test_a_ladder_that_does_not_reach_the_goal_is_no_split() -> None:
    found = plan(ask(goal=600.0, precision=0.5))
    assert all(split.sizes[-1] ** 2 / split.sizes[0] >= 599 for split in found.splits)
    with pytest.raises(UsageError):
        plan(ask(goal=5_000.0))


def test_a_repeated_plan_has_nothing_left_to_run() -> None:
    first = plan(ask(precision=0.2))
    records: list[RunRecord] = [
        record(4.0, setting=run.group, seed=run.config.seed, lr=run.config.optimizer.lr) for run in first.runs
    ]
    again = planned(LIBRARY, ask(precision=0.2), base(), [], records, PACE)
    assert again.chosen.runs == 0
