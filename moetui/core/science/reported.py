"""Where the scores that documents report may stand: beside one's own, in a panel of their own, or nowhere."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from moetui.core import format as fmt
from moetui.core.catalogue.records import RunRecord

FEWEST: Final = 3
"""So many published scores make a panel of their own; fewer show no shape, and the report's table has them."""

_ROOM: Final = 0.25
"""Share of the span of one's own values by which a published one may lie outside on either side."""


def comparable(published: Iterable[RunRecord], own: Iterable[RunRecord]) -> bool:
    """Whether all models have the same number of parameters. Scores of models of different sizes cannot be compared."""
    theirs, ours = ({record.parameters for record in records} for records in (published, own))
    return len(ours) == 1 and None not in ours and theirs == ours


def fits(reported: Sequence[float], own: Sequence[float]) -> bool:
    """Whether an axis can show published values and leave at least half of itself to one's own. A single own value needs none."""
    if not reported or not own:
        return False
    room = _ROOM * (max(own) - min(own)) or math.inf
    return min(own) - room <= min(reported) and max(reported) <= max(own) + room


def sizes(records: Iterable[RunRecord]) -> str:
    """How many parameters the models of these results have: `79.1M`, `unknown`."""
    known = sorted({record.parameters for record in records if record.parameters is not None})
    return " and ".join(map(fmt.count, known)) or "unknown"


def title(records: Iterable[RunRecord]) -> str:
    """Heading of a panel of published scores: how large the models are."""
    return f"published: {sizes(records)} parameters"
