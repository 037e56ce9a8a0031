"""All scenarios, in the order of the table."""

from collections.abc import Iterator

from tests.simulations import best_rate, planned, races, small, verdicts
from tests.simulations.tally import Scenario


def scenarios() -> Iterator[Scenario]:
    """Verdicts, the best learning rate, small samples, planned studies, and races."""
    for part in (verdicts, best_rate, small, planned, races):
        yield from part.scenarios()


def scenario(name: str) -> Scenario:
    """The scenario of that name and section, as `section/name`. Raises `StopIteration` if there is none."""
    return next(one for one in scenarios() if f"{one.part}/{one.name}" == name)
