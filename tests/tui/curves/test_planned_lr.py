from engine.spec.config import RunConfig
from moetui.tui.curves.planned_lr import POINTS, planned_lr


def config(updates: int) -> RunConfig:
    return RunConfig.model_validate({"training": {"updates": updates}})


def test_a_short_run_is_planned_at_every_update() -> None:
    updates, rates = planned_lr(config(30))
    assert updates.tolist() == list(range(1, 31))
    assert rates.tolist() == [config(30).lr_at(update) for update in range(1, 31)]


def test_a_long_run_is_sampled_from_its_first_to_its_last_update() -> None:
    long = config(100_000)
    updates, rates = planned_lr(long)
    assert len(updates) == POINTS
    assert (updates[0], updates[-1]) == (1, 100_000)
    assert rates[-1] == long.lr_at(100_000)


def test_a_run_of_one_update_has_a_plan() -> None:
    updates, rates = planned_lr(config(1))
    assert (len(updates), len(rates)) == (1, 1)
