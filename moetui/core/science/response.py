"""How the score responds to the learning rate: best, safe zone, cliff and edge, with everything else held equal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from moetui.core.plan import flat_config
from moetui.core.science.caveats import Caveat, caveats
from moetui.core.science.comparison import Comparison, compare
from moetui.core.science.correlation import Correlation, lr_correlations
from moetui.core.science.difference import Pairing
from moetui.core.science.evidence import Evidence, counting
from moetui.core.science.groups import Group, best_group, groups
from moetui.core.science.measure import Measure
from moetui.core.science.optimum import Optimum, find_optimum
from moetui.core.science.zones import Cliff, Edge, Point, Zone, cliff, edge, safe_zone, within_tolerance

TOLERANCE = 0.01
LR_KEYS = frozenset({"seed", "optimizer.lr"})

Setting = tuple[tuple[str, str], ...]
"""Dotted keys of the configuration with their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The response to the learning rate in one setting of everything else.

    `points` ascend and hold only learning rates of which a run came to a result; `untried` are the others. `zone` holds the
    neighbours of the best within `tolerance`, `candidates` every learning rate not distinguishable from the best: with a
    probability of 95 % the one that is best in truth is among them or is `best` (a subset selection, Gupta 1965).
    """

    setting: Setting
    updates: int | None
    measure: Measure
    tolerance: float
    points: tuple[Point, ...]
    untried: tuple[Group, ...]
    best: Point | None = None
    optimum: Optimum | None = None
    zone: Zone | None = None
    cliff: Cliff | None = None
    edge: Edge = ""
    correlations: tuple[Correlation, ...]
    caveats: tuple[Caveat, ...]

    @property
    def name(self) -> str:
        """The setting in words; empty if there is no other to tell it from."""
        return ", ".join(f"{key} = {value}" for key, value in self.setting)

    @property
    def published(self) -> bool:
        """Whether it is that of published results."""
        samples = [one for point in self.points for one in point.group.samples]
        return bool(samples) and all(one.record.published for one in samples)

    @property
    def candidates(self) -> tuple[Point, ...]:
        """The learning rates that the runs cannot tell from the best one."""
        return tuple(p for p in self.points if p.against_best and p.against_best.verdict == "not distinguishable")

    @property
    def undecided(self) -> tuple[Point, ...]:
        """The learning rates, the best included, on which there is no verdict for want of seeds."""
        return tuple(point for point in self.points if point.stable and point.group.n == 1)


@dataclass(frozen=True, slots=True)
class Slice:
    """Runs that differ in learning rate and seed only; `setting` holds the keys in which the slice differs from the others."""

    setting: Setting
    runs: tuple[Evidence, ...]

    @property
    def lrs(self) -> frozenset[float]:
        """The learning rates of the runs."""
        return frozenset(run.record.lr for run in self.runs if run.record.lr is not None)


def slices(runs: Iterable[Evidence]) -> tuple[Slice, ...]:
    """Runs put together by everything but seed and learning rate.

    Where a configuration is not known, preset, grid point and length stand for it. Published results stay apart from own runs.
    """
    kept: dict[Setting, list[Evidence]] = {}
    for run in runs:
        if run.record.lr:
            kept.setdefault(_setting(run), []).append(run)
    settings = [dict(setting) for setting in kept]
    keys = dict.fromkeys(key for setting in settings for key in setting)
    differing = [key for key in keys if len({setting.get(key) for setting in settings}) > 1]
    found = [
        Slice(tuple((key, dict(setting)[key]) for key in differing if key in dict(setting)), tuple(members))
        for setting, members in kept.items()
    ]
    return tuple(sorted(found, key=lambda part: (part.runs[0].updates or 0, part.setting)))


def respond(
    part: Slice,
    measure: Measure,
    *,
    tolerance: float = TOLERANCE,
    pairing: Pairing = "auto",
) -> Response:
    """The response of one slice of runs, which differ in learning rate and seed only."""
    runs = part.runs
    by_lr = groups((run.record for run in runs), measure, key=lambda record: f"{record.lr!r}")
    found = sorted((Point(group.samples[0].record.lr or 0.0, group) for group in by_lr), key=lambda point: point.lr)
    tried = [point for point in found if point.group.tried]
    top = best_group((point.group for point in tried), measure)
    facts: dict[str, Any] = {
        "setting": part.setting,
        "updates": max((run.updates or 0 for run in runs), default=0) or None,
        "measure": measure,
        "tolerance": tolerance,
        "untried": tuple(point.group for point in found if not point.group.tried),
        "correlations": lr_correlations([run.record for run in runs]),
        "caveats": caveats(counting(runs, by_lr)),
    }
    if top is None:
        return Response(**facts, points=tuple(tried))
    rest = (point.group for point in tried if point.group is not top)
    comparison = compare([top, *rest], measure, against="first", pairing=pairing)
    points = [_judged(point, top, comparison, tolerance, measure) for point in tried]
    best = next(point for point in points if point.group is top)
    zone = safe_zone(points, best) if best.stable else None
    return Response(
        **facts,
        points=tuple(points),
        best=best,
        optimum=_optimum(points, measure),
        zone=zone,
        cliff=cliff(points, best, zone) if zone else None,
        edge=edge(points, best),
    )


def _judged(point: Point, top: Group, comparison: Comparison, tolerance: float, measure: Measure) -> Point:
    group = point.group
    within = group.n > 0 and within_tolerance(group.mean, top.mean, tolerance, measure)
    return replace(point, within=within, against_best=comparison.of(group))


def _optimum(points: Sequence[Point], measure: Measure) -> Optimum | None:
    stable = [point for point in points if point.stable]
    if not stable:
        return None
    sign = 1.0 if measure.lower_is_better else -1.0
    return find_optimum(
        [point.lr for point in stable], [[sign * value for value in point.group.values] for point in stable]
    )


def _setting(run: Evidence) -> Setting:
    record = run.record
    if run.config is not None:
        known = flat_config(run.config)
    else:
        known = {"preset": record.preset, "training.updates": record.updates} | record.point
    origin = ("origin", run.origin)
    return origin, *((key, str(value)) for key, value in known.items() if key not in LR_KEYS)
