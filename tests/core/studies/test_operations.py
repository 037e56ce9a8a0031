"""Operations and passes of updates and evaluations."""

from typing import Any

import pytest

from engine.spec.config import RunConfig, resolve
from moetui.core.planning.settings import nest
from moetui.core.studies.operations import evaluation_work, evaluations, update_work


def config(**settings: Any) -> RunConfig:
    return resolve(nest({key.replace("__", "."): value for key, value in settings.items()}))


def test_an_update_is_its_tokens_and_the_products_of_the_optimizer() -> None:
    plain = config(optimizer__kind="adamw", training__accumulation=4)
    assert update_work(plain).operations == plain.model.flops_per_token(512) * plain.tokens_per_update
    assert update_work(plain).passes == 6 * 4
    # The reference: 96 expert matrices of 384 × 1,536 and 24 of 384 × 384, five steps each; wide ones take the Gram form.
    extra = update_work(config(training__accumulation=4)).operations - update_work(plain).operations
    assert extra == pytest.approx(96 * (4 * 384**2 * 1536 + 34 * 384**3) + 24 * 5 * 6 * 384**3)


def test_more_targets_of_muon_are_more_operations() -> None:
    counts = [
        update_work(config(optimizer__muon_targets=targets)).operations
        for targets in (["router"], ["router", "attention"], ["router", "attention", "embedding"])
    ]
    assert counts == sorted(set(counts))


def test_an_evaluation_is_a_forward_pass_over_the_split() -> None:
    run = config()
    assert evaluation_work(run, None) is None
    whole = evaluation_work(run, 48 * 512 + 100)
    assert whole is not None
    assert whole.operations == pytest.approx(run.model.flops_per_token(512) * 48 * 512 / 3)
    assert whole.passes == pytest.approx(6 * 2 / 3)
    assert evaluation_work(config(evaluation__max_sequences=48), None) == whole
    assert evaluation_work(config(evaluation__max_sequences=48), 480 * 512) == whole


@pytest.mark.parametrize(("updates", "every", "count"), [(200, 20, 11), (200, 150, 3), (10, 20, 2)])
def test_the_first_and_the_last_update_are_evaluated(updates: int, every: int, count: int) -> None:
    assert evaluations(config(training__updates=updates, evaluation__every=every)) == count
