"""The response chart: a score against the learning rate, with intervals over seeds, safe zone, cliff and best."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from moetui.core.catalogue.records import RunRecord
from moetui.core.science import reported
from moetui.core.science.frame import frame
from moetui.core.science.groups import sample
from moetui.core.science.measure import Measure
from moetui.core.science.response import Response
from moetui.tui.chart.palette import Slot, slot
from moetui.tui.chart.spec import Band, ChartSpec, Rule, Series

PUBLISHED: Final = Slot("#909090", "◇", "%")
"""Values that a document reports are hollow wherever they are drawn."""
ZONE: Final = "#1d7b50"
CLIFF: Final = "#d30000"
MARGIN: Final = 1.12
"""Factor by which the axis of learning rates reaches beyond the first and the last."""
EDGE: Final = 1.08
"""Factor by which the safe zone is drawn beyond its ends, so that one of a single learning rate is seen."""
CLOSE: Final = 3.0
"""A close-up reaches so many tolerances up from the best value."""


def response_chart(
    responses: Sequence[Response], *, leading: int = 0, published: Sequence[RunRecord] = (), close: bool = False
) -> ChartSpec:
    """All responses, at least one; zone, cliff and best are those of the `leading` one. `close` stays near the best."""
    first = responses[leading]
    measure = first.measure
    series = [line for place, one in enumerate(responses) for line in _curve(one, place, alone=len(responses) == 1)]
    series += _published(published, responses, measure)
    lrs = [float(lr) for line in series for lr in line.x]
    return ChartSpec(
        title=measure.title.capitalize(),
        series=tuple(series),
        x_label="learning rate",
        x_range=(min(lrs) / MARGIN, max(lrs) * MARGIN) if lrs else None,
        x_log=True,
        y_range=_close_up(first) if close else _whole(series),
        y_log=measure.key == "val_perplexity" and not close,
        y_format="percent" if measure.key == "val_accuracy" else "number",
        legend_values=False,
        bands=tuple(_bands(first)),
        rules=tuple(_rules(first)),
        empty="no run has finished yet",
    )


def _curve(response: Response, place: int, *, alone: bool) -> Iterator[Series]:
    known = [point for point in response.points if point.group.n]
    hollow = response.published
    look = PUBLISHED if hollow else slot(place)
    intervals = [(point.group.summary.low, point.group.summary.high) for point in known]
    lows, highs = (
        ([math.nan if end is None else end for end in ends] for ends in zip(*intervals, strict=True))
        if known
        else ([], [])
    )
    yield Series(
        "published" if hollow else _name(response, alone=alone),
        [point.lr for point in known],
        [point.group.mean for point in known],
        look,
        points=True,
        line=not hollow,
        bars=(lows, highs),
    )
    if diverged := [point.lr for point in response.points if point.group.diverged]:
        yield Series("diverged", diverged, [math.nan] * len(diverged), look, line=False, legend=False)


def _name(response: Response, *, alone: bool) -> str:
    seeds = max((point.group.n for point in response.points), default=0)
    return ("mean" if seeds > 1 else "one seed") if alone else response.name


def _published(records: Sequence[RunRecord], responses: Sequence[Response], measure: Measure) -> Iterator[Series]:
    """What documents report: as points where the axes can show it beside one's own scores, else in words in the legend."""
    known = [
        (record, value) for record in records if record.lr and (value := sample(record, measure).value) is not None
    ]
    if not known:
        return
    theirs = [record for record, _ in known]
    lrs, values = [record.lr or 0.0 for record in theirs], [value for _, value in known]
    points = [point for response in responses for point in response.points if point.group.n]
    own = [one.record for point in points for one in point.group.samples]
    if (
        reported.comparable(theirs, own)
        and reported.fits(values, [point.group.mean for point in points])
        and reported.fits([math.log(lr) for lr in lrs], [math.log(point.lr) for point in points])
    ):
        yield Series("published", lrs, values, PUBLISHED, line=False)
    else:
        ends = list(dict.fromkeys(map(measure.text, (min(values), max(values)))))
        yield Series(f"published, {reported.sizes(theirs)}: {'–'.join(ends)}", [], [], PUBLISHED, line=False)


def _bands(response: Response) -> Iterator[Band]:
    if response.zone:
        yield Band("safe", response.zone.low / EDGE, response.zone.high * EDGE, color=ZONE)
    if response.cliff:
        yield Band("cliff", response.cliff.last * EDGE, response.cliff.beyond, sign="╱", color=CLIFF)


def _rules(response: Response) -> Iterator[Rule]:
    optimum = response.optimum
    if optimum is None:
        return
    low, high = optimum.stated
    interval = (low, high) if low is not None and high is not None else None
    yield Rule("best" if optimum.fitted else "best tried", optimum.lr, interval, value=f"{optimum.lr:.3g}")


def _whole(series: Sequence[Series]) -> tuple[float, float] | None:
    values = [float(y) for line in series for y in line.y if math.isfinite(y)]
    ends = [float(end) for line in series for column in line.bars or () for end in column if math.isfinite(end)]
    return frame(values, ends) if values else None


def _close_up(response: Response) -> tuple[float, float] | None:
    """From a little beyond the best value to a few tolerances from it on the worse side."""
    if response.best is None:
        return None
    best = response.best.group.mean
    reach = CLOSE * max(response.tolerance, 1e-4) * abs(best) * (1 if response.measure.lower_is_better else -1)
    ends = sorted((best - reach / 3, best + reach))
    return ends[0], ends[1]
