"""Ladders for the Compare screen and for reports: records without directories."""

from typing import Any

from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.ladder import Ladder
from moetui.core.planning.settings import own_settings
from moetui.core.runs.lab import Lab
from tests.core.studies.test_transfer import runs


def add_ladder(
    lab: Lab, exponent: float = -0.4, *, sizes: tuple[int, ...] = (32, 64, 128, 256), **optimizer: Any
) -> None:
    """Sweeps at several widths, as one study."""
    lab.found_catalogue()
    first = len(lab.records())
    found: list[RunRecord] = []
    for place, one in enumerate(runs(Ladder("width", sizes), exponent, **optimizer), start=first):
        assert one.config is not None
        facts = {
            "id": f"l{place:04}",
            "study": "ladder",
            "settings": own_settings(one.config),
            "parameters": one.config.model.parameters,
            "tokens_per_update": one.config.tokens_per_update,
        }
        found.append(one.record.model_copy(update=facts))
    lab.catalogue.add(found)
