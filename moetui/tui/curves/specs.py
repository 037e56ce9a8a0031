"""What each chart of a set of runs shows. `curve_charts` lists them."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from moetui.core.catalogue.records import RunRecord
from moetui.tui.chart.ranges import nice_step
from moetui.tui.chart.spec import Area, ChartSpec, NumberFormat, Range, Series
from moetui.tui.curves.close import Better, begun, close_range
from moetui.tui.curves.overlay import Overlay, Score, single

LOG_LR_RATIO = 20.0
"""Peak learning rates further apart than this share a logarithmic axis."""

RUNAWAY = 2.0
"""A loss above this many times the loss at the start no longer stretches the axis; its curve leaves through the top."""


def loss_spec(overlay: Overlay) -> ChartSpec:
    """Validation loss over the dots of the training loss."""
    series, areas = _measured(overlay, "loss", "train_loss", "val_loss", lambda scores: scores.val_loss)
    y_range = None if overlay.window else _loss_range(series)
    chart = _chart(overlay, "loss", "Loss", series, areas, y_range=y_range, empty="no loss measured yet")
    return _close(overlay, "loss", chart, ("val_loss", "train_loss"), better="low")


def accuracy_spec(overlay: Overlay) -> ChartSpec:
    """Validation accuracy over the dots of the training accuracy."""
    series, areas = _measured(overlay, "accuracy", "train_accuracy", "val_accuracy", lambda scores: scores.val_accuracy)
    chart = _chart(overlay, "accuracy", "Accuracy", series, areas, y_format="percent", empty="no accuracy measured yet")
    return _close(overlay, "accuracy", chart, ("val_accuracy", "train_accuracy"), better="high")


def perplexity_spec(overlay: Overlay) -> ChartSpec:
    """Validation perplexity, on a logarithmic axis."""
    series, areas = _measured(overlay, "perplexity", "", "val_perplexity", lambda scores: scores.val_perplexity)
    chart = _chart(overlay, "perplexity", "Perplexity", series, areas, y_log=True, empty="no perplexity measured yet")
    return _close(overlay, "perplexity", chart, ("val_perplexity",), better="low")


def lr_spec(overlay: Overlay) -> ChartSpec:
    """The learning rate as it was over the plan, which is faint."""
    series: list[Series] = []
    for run in overlay.told_apart():
        actual = overlay.curves_of(run).get("lr")
        if (planned := overlay.planned.get(run.id)) is not None:
            series += overlay.series(run, planned, emphasis="faint", legend=not actual[0].size)
        series += overlay.series(run, actual, emphasis=overlay.emphasis_of(run))
    peaks = [float(peak) for one in series if np.size(one.y) and math.isfinite(peak := np.max(one.y)) and peak > 0]
    log = bool(peaks) and max(peaks) / min(peaks) > LOG_LR_RATIO
    y_range = (0.0, nice_ceiling(max(peaks))) if peaks and not overlay.window else None
    return _chart(
        overlay, "lr", "Learning rate", tuple(series), y_range=y_range, y_log=log, empty="no learning rate yet"
    )


def throughput_spec(overlay: Overlay) -> ChartSpec:
    """Tokens of training per second, from zero, so that a drop looks as large as it is."""
    return _from_zero(overlay, "throughput", "Tokens/s", "tokens_per_second", empty="no throughput measured yet")


def gradient_spec(overlay: Overlay) -> ChartSpec:
    """The norm of the gradient before clipping."""
    series, areas = _tracked(overlay, "gradient", "grad_norm")
    chart = _chart(overlay, "gradient", "Gradient norm", series, areas)
    return _close(overlay, "gradient", chart, ("grad_norm",))


def noise_spec(overlay: Overlay) -> ChartSpec:
    """The gradient noise scale in sequences, without the embedding's, on a logarithmic axis."""
    overlay = overlay.as_measured()
    series, areas = _tracked(overlay, "noise", "noise_scale")
    return _chart(overlay, "noise", "Noise scale, sequences", series, areas, y_log=True)


def entropy_spec(overlay: Overlay) -> ChartSpec:
    """How undecided the router is, in nats: the logarithm of the number of experts when it knows nothing."""
    series, areas = _tracked(overlay, "entropy", "router_entropy")
    return _close(overlay, "entropy", _chart(overlay, "entropy", "Router entropy", series, areas), ("router_entropy",))


def load_spec(overlay: Overlay) -> ChartSpec:
    """What the most and the least used expert of any layer got of its layer's tokens."""
    series = [
        one
        for run in overlay.runs
        for key in ("expert_load_min", "expert_load_max")
        for one in overlay.series(run, overlay.curves_of(run).get(key), legend=key == "expert_load_max")
    ]
    return _chart(overlay, "load", "Expert load, least–most", tuple(series), y_format="percent")


def memory_spec(overlay: Overlay) -> ChartSpec:
    """Bytes: most allocated so far."""
    return _from_zero(overlay, "memory", "Peak memory, bytes", "peak_memory")


def mfu_spec(overlay: Overlay) -> ChartSpec:
    """The share of the GPU's peak that the model's products used."""
    return _from_zero(overlay, "mfu", "MFU", "mfu", y_format="percent")


def wait_spec(overlay: Overlay) -> ChartSpec:
    """The fraction of the training time that was spent waiting for batches."""
    return _from_zero(overlay, "wait", "Waiting for data", "data_wait", y_format="percent")


def nice_ceiling(value: float) -> float:
    """A round number a little above a positive value, for an axis that seldom moves."""
    step = nice_step(value / 10)
    return step * math.ceil(value / step * 1.02)


def _chart(
    overlay: Overlay,
    key: str,
    title: str,
    series: Sequence[Series],
    areas: tuple[Area, ...] = (),
    *,
    y_range: Range | None = None,
    y_log: bool = False,
    y_format: NumberFormat = "number",
    empty: str = "no data yet",
) -> ChartSpec:
    """A chart on the common x axis. What the user chose for its y axis comes before what it would choose itself."""
    chosen = overlay.board.look(key).log
    log = y_log if chosen is None else chosen
    if overlay.runs and all(overlay.ruler_of(run) is None for run in overlay.runs):
        empty = f"no run tells its {overlay.axis}"
    return ChartSpec(
        title,
        tuple(series),
        overlay.axis,
        overlay.x_range,
        None if log and y_range is not None and y_range[0] <= 0 else y_range,
        log,
        y_format,
        note="log" if log else "",
        areas=areas,
        cursor=overlay.cursor,
        empty=empty,
    )


def _close(overlay: Overlay, key: str, chart: ChartSpec, metrics: tuple[str, ...], *, better: Better = "") -> ChartSpec:
    """The chart with the range of its y axis that the user wants, where that can be told; its curves are `metrics`.

    By itself a chart shows how runs end if the good end of its axis is known. Differences have no logarithm.
    """
    log = chart.y_log and overlay.reference is None
    chart = replace(chart, title=overlay.heading(chart.title), y_log=log, note=chart.note if log else "")
    if overlay.reference is not None:
        chart = replace(chart, y_range=None)
    span = overlay.board.look(key).span
    wanted = span == "close" or (span == "auto" and better and begun(overlay) and overlay.window is None)
    if wanted and (found := close_range(overlay, metrics, better=better, log=log)) is not None:
        return replace(chart, y_range=found, note=" · ".join(filter(None, ("close", chart.note))))
    return chart


def _measured(
    overlay: Overlay, chart: str, training: str, validation: str, score: Score
) -> tuple[tuple[Series, ...], tuple[Area, ...]]:
    """The dots of training and a curve of validation for each run; a result without curves is a single point."""
    series: list[Series] = [] if overlay.reference else list(overlay.published(score))
    for run in overlay.runs:
        if not overlay.banded(run):
            series += _run_curves(overlay, run, chart, training, validation, score)
    if overlay.board.colour != "bands":
        return tuple(series), ()
    means, areas = overlay.bands(validation, chart, fallback=training)
    return (*series, *means), areas


def _run_curves(
    overlay: Overlay, run: RunRecord, chart: str, training: str, validation: str, score: Score
) -> tuple[Series, ...]:
    trained, validated = overlay.metric(run, training), overlay.metric(run, validation)
    if not validated[0].size and not trained[0].size and overlay.reference is None:
        validated = single(run, score)
    if not validated[0].size:
        return overlay.smoothed(run, training, chart)
    under = overlay.series(run, trained, emphasis="faint", dots=True, legend=False)
    over = overlay.series(run, validated, emphasis=overlay.emphasis_of(run), points=overlay.detailed(run))
    over = tuple(replace(one, word="val", pair=replace(under[0], word="train") if under else None) for one in over)
    if not overlay.detailed(run):
        return over
    if weight := overlay.board.weight(chart):
        under += overlay.series(run, overlay.metric(run, training, weight), emphasis="faint", legend=False)
    return (*under, *over)


def _tracked(overlay: Overlay, chart: str, key: str) -> tuple[tuple[Series, ...], tuple[Area, ...]]:
    """One metric of each run."""
    alone = [run for run in overlay.runs if not overlay.banded(run)]
    series = [one for run in alone for one in overlay.smoothed(run, key, chart)]
    if overlay.board.colour != "bands":
        return tuple(series), ()
    means, areas = overlay.bands(key, chart)
    return (*series, *means), areas


def _from_zero(
    overlay: Overlay,
    chart: str,
    title: str,
    key: str,
    *,
    y_format: NumberFormat = "number",
    empty: str = "no data yet",
) -> ChartSpec:
    """One metric of each run on an axis that begins at zero."""
    overlay = overlay.as_measured()
    series, areas = _tracked(overlay, chart, key)
    tops = [float(top) for one in series if math.isfinite(top := np.max(one.y)) and top > 0]
    y_range = (0.0, nice_ceiling(max(tops))) if tops else None
    return _chart(overlay, chart, title, series, areas, y_range=y_range, y_format=y_format, empty=empty)


def _loss_range(series: Sequence[Series]) -> Range | None:
    """None while the losses fit an axis of their own; else a range that a run that went away does not stretch."""
    finite = [values[np.isfinite(values)] for one in series if (values := np.asarray(one.y)).size]
    finite = [values for values in finite if values.size]
    if not finite:
        return None
    start = max(float(values[0]) for values in finite)
    if start <= 0 or max(float(values.max()) for values in finite) <= RUNAWAY * start:
        return None
    low = min(float(values.min()) for values in finite)
    return math.floor(low * 2) / 2, nice_ceiling(start * 1.2)
