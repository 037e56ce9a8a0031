"""How the score responds to the learning rate: best, safe zone, cliff and edge, with everything else held equal."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from moetui.core.planning.settings import default_settings
from moetui.core.science.caveats import Caveat, caveats
from moetui.core.science.comparison import TOLERANCE, Candidate, Comparison, compare
from moetui.core.science.correlation import Correlation, lr_correlations
from moetui.core.science.evidence import Evidence, counting
from moetui.core.science.groups import Group, group_key, groups
from moetui.core.science.measure import Measure
from moetui.core.science.optimum import Curve, Optimum, find_optimum
from moetui.core.science.questions import Pairing
from moetui.core.science.student import ALPHA, all_above, any_below, normal_quantile, t_as_z
from moetui.core.science.zones import Cliff, Edge, Point, Safety, Zone, cliff, edge, safe_zone

LR_KEYS = frozenset({"seed", "optimizer.lr"})

Setting = tuple[tuple[str, str], ...]
"""Dotted keys of the configuration with their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The response to the learning rate in one setting of everything else.

    `best` is the best learning rate tried, `reference` the best of those that can be judged, from which the others differ.
    `points` ascend and hold only learning rates of which a run came to a result; `untried` are the others. Verdicts, candidates
    and intervals are those of `comparison`, which may hold more settings than this response.
    """

    setting: Setting
    updates: int | None
    measure: Measure
    tolerance: float
    comparison: Comparison
    points: tuple[Point, ...]
    untried: tuple[Group, ...]
    best: Point | None = None
    reference: Point | None = None
    candidates: tuple[Candidate, ...] = ()
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
    def undecided(self) -> tuple[Point, ...]:
        """The learning rates, the best included, on which there is no verdict for want of seeds."""
        return tuple(point for point in self.points if point.stable and point.group.n == 1)

    @property
    def noise_known(self) -> bool:
        """Whether there is a verdict on two learning rates at least."""
        return sum(point.may_be_best is not None for point in self.points) > 1


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
    kept: dict[tuple[str, bool, frozenset[tuple[str, str]]], list[Evidence]] = {}
    told: dict[int, frozenset[tuple[str, str]]] = {}  # seeds of one setting share their keys
    for run in runs:
        if run.record.lr:
            shared = id(run if run.own is None else run.own)
            if shared not in told:
                told[shared] = frozenset(_told(run).items())
            kept.setdefault((run.origin, run.own is None, told[shared]), []).append(run)
    settings = _settings([members[0] for members in kept.values()])
    found = [Slice(setting, tuple(members)) for setting, members in zip(settings, kept.values(), strict=True)]
    return tuple(sorted(found, key=lambda part: (part.runs[0].updates or 0, part.setting)))


def respond(
    part: Slice,
    measure: Measure,
    *,
    tolerance: float = TOLERANCE,
    pairing: Pairing = "auto",
    comparison: Comparison | None = None,
    unequal: Sequence[Caveat] | None = None,
) -> Response:
    """The response of one slice of runs, which differ in learning rate and seed only.

    `comparison` is that of all settings in question, if there are more than the slice has: a pair has one verdict, wherever it is
    shown; `unequal` are the caveats of that comparison. Runs of the same learning rate are seeds of one setting only if their
    group says so.
    """
    runs = part.runs
    if comparison is None:
        own = groups((run.record for run in runs), measure)
        comparison = compare(own, measure, pairing=pairing, tolerance=tolerance)
    found = _groups(part, comparison)
    points = sorted((Point(group.samples[0].record.lr or 0.0, group) for group in found), key=lambda point: point.lr)
    tried = [point for point in points if point.group.tried]
    facts: dict[str, Any] = {
        "setting": part.setting,
        "updates": max((run.updates or 0 for run in runs), default=0) or None,
        "measure": measure,
        "tolerance": tolerance,
        "comparison": comparison,
        "untried": tuple(point.group for point in points if not point.group.tried),
        "correlations": lr_correlations([run.record for run in runs]),
        "caveats": caveats(counting(runs, found), unequal),
    }
    mine = {point.group.key for point in tried}
    top = next((group for group in comparison.groups if group.key in mine and group.n and not group.diverged), None)
    if top is None:
        return Response(**facts, points=tuple(tried), cliff=None)
    judged = [point.group for point in tried if comparison.is_judged(point.group)]
    every = len(judged) == len(comparison.judged)
    candidates = comparison.candidates if every else comparison.may_be_best(judged)
    with_verdict = {group.key for group in judged}
    lowest = next((group for group in comparison.groups if group.key in with_verdict), top)
    points = _judged(tried, lowest, judged, candidates, comparison, tolerance)
    best, reference = (next(point for point in points if point.group.key == group.key) for group in (top, lowest))
    return Response(
        **facts,
        points=tuple(points),
        best=best,
        reference=reference,
        candidates=candidates,
        optimum=_optimum(points, best, comparison),
        zone=safe_zone(points, best),
        cliff=cliff(points, best),
        edge=edge(points, best),
    )


def _groups(part: Slice, comparison: Comparison) -> tuple[Group, ...]:
    """The groups of a slice; those that the comparison has are its own."""
    keys = dict.fromkeys(group_key(run.record) for run in part.runs)
    if keys.keys() <= comparison.by_key.keys():
        return tuple(comparison.by_key[key] for key in keys)
    found = groups((run.record for run in part.runs), comparison.measure)
    return tuple(comparison.by_key.get(group.key, group) for group in found)


def _judged(
    points: Sequence[Point],
    top: Group,
    judged: Sequence[Group],
    candidates: Sequence[Candidate],
    comparison: Comparison,
    tolerance: float,
) -> list[Point]:
    may = {candidate.group.key for candidate in candidates}
    known = {group.key for group in judged}
    safety = _safety(judged, comparison, tolerance)
    against = {one.first.key: one for one in comparison.against_one([point.group for point in points], top)}
    return [
        replace(
            point,
            safety=safety.get(point.group.key, "beyond" if point.group.diverged else ""),
            may_be_best=point.group.key in may if point.group.key in known else None,
            against_best=None if point.group.key == top.key else against[point.group.key],
        )
        for point in points
    ]


def _safety(judged: Sequence[Group], comparison: Comparison, tolerance: float) -> dict[str, Safety]:
    """Whether each setting is within the tolerance of the best of them.

    Safe: no more than the tolerance worse than every other one, each tested one-sided at 5 %. As all of these must hold, no
    correction is due for their number (intersection and union, Berger 1982). Beyond: by the intervals of the verdicts.
    """
    if comparison.joint is None or len(judged) < 2:
        return {}
    sign = 1.0 if comparison.measure.lower_is_better else -1.0
    at = np.array([comparison.index_of(group) for group in judged])
    joint, critical, value = comparison.joint, comparison.critical, sign * comparison.joint.mean
    best = int(at[value[at].argmin()])
    size = tolerance * abs(float(value[best]))
    row = joint.row(best, at)
    # The best one alone tells of most others that they are beyond; among thousands, few have to be held against all.
    far = (at != best) & (t_as_z((size + sign * row.gap) / row.error, row.df) < -critical)
    found: dict[int, Safety] = dict.fromkeys(at[far].tolist(), "beyond")
    for part, rows in joint.blocks(at[~far], at):
        room = (size - sign * rows.gap) / rows.error
        room[part[:, None] == at] = np.inf  # a setting is not worse than itself
        beyond, safe = any_below(room, rows.df, -critical), all_above(room, rows.df, normal_quantile(2 * ALPHA))
        for own, is_beyond, is_safe in zip(part.tolist(), beyond.tolist(), safe.tolist(), strict=True):
            found[own] = "beyond" if is_beyond else "safe" if is_safe else "open"
    return {group.key: found[own] for group, own in zip(judged, at.tolist(), strict=True)}


def _optimum(points: Sequence[Point], best: Point, comparison: Comparison) -> Optimum | None:
    """Where the best learning rate lies, from the learning rates that can be judged."""
    known = [point for point in points if point.may_be_best is not None]
    repeated = [lr for lr, count in Counter(point.lr for point in known).items() if count > 1]
    if repeated:
        return Optimum(lr=best.lr, reason=f"several settings have the learning rate {repeated[0]:g}")
    if comparison.joint is None or len(known) < 2:
        return Optimum(lr=best.lr, reason="the noise between seeds is not known")
    joint = comparison.joint
    sign = 1.0 if comparison.measure.lower_is_better else -1.0
    at = np.array([comparison.index_of(point.group) for point in known])
    return find_optimum(
        Curve(
            lrs=[point.lr for point in known],
            mean=sign * joint.mean[at],
            variance=joint.variance[at],
            df=joint.df[at],
            may_be_best=np.array([bool(point.may_be_best) for point in known]),
            diverged=[point.lr for point in points if point.group.diverged],
        )
    )


def _settings(runs: Sequence[Evidence]) -> list[Setting]:
    """The setting of each of these runs by the keys in which they differ, as text."""
    told = [_told(run) for run in runs]
    # Of configurations that are known, a key that none of them sets has its default in all.
    set_by_one = None if any(run.own is None for run in runs) else {key for one in told for key in one}
    defaults = {
        key: str(value)
        for key, value in default_settings().items()
        if key not in LR_KEYS and (set_by_one is None or key in set_by_one)
    }
    whole = [
        {"origin": run.origin} | (own if run.own is None else defaults | own)
        for run, own in zip(runs, told, strict=True)
    ]
    keys = dict.fromkeys(key for one in whole for key in one)
    differing = [key for key in keys if len({one.get(key) for one in whole}) > 1]
    return [tuple((key, one[key]) for key in differing if key in one) for one in whole]


def _told(run: Evidence) -> dict[str, str]:
    """The keys that are not the defaults as text or, where they are not known, preset, grid point and length."""
    record = run.record
    known = run.own
    if known is None:
        known = {"preset": record.preset, "training.updates": record.updates} | record.point
    return {key: str(value) for key, value in known.items() if key not in LR_KEYS}
