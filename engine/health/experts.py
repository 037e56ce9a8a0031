"""Experts that get almost no tokens, or far more than their share."""

from collections.abc import Sequence

from engine.health.measured import Measured
from engine.health.setting import Setting
from engine.health.thresholds import Thresholds
from engine.runfiles.metrics import number
from engine.runfiles.rundir import Finding

Load = list[list[float]]
"""Layers × experts: each expert's share of the assignments of its layer; a row sums to 1."""

_ADVICE = "raise model.balance_weight or model.router_noise, or lower optimizer.lr"


def dead_experts(measured: Measured, setting: Setting, thresholds: Thresholds) -> Finding | None:
    """Experts that hardly any token is sent to (Shazeer et al., 2017; Fedus et al., 2021)."""
    loads = _latest(measured, thresholds.load_evaluations)
    dead = [place for place in _places(loads) if all(_dead(load, place, thresholds) for _, load in loads)]
    if not dead:
        return None
    evidence = (
        f"{_names(dead)} got less than {thresholds.dead_share:g} of an equal share in the last {len(loads)} evaluations"
    )
    return Finding(kind="dead experts", update=loads[-1][0], severity="warning", evidence=evidence, advice=_ADVICE)


def overloaded_experts(measured: Measured, setting: Setting, thresholds: Thresholds) -> Finding | None:
    """Experts that far too many tokens are sent to; with a capacity, tokens would be dropped (Fedus et al., 2021)."""
    loads = _latest(measured, thresholds.load_evaluations)
    over = [
        place for place in _places(loads) if all(_overloaded(load, place, setting, thresholds) for _, load in loads)
    ]
    if not over:
        return None
    layer, expert = max(over, key=lambda place: loads[-1][1][place[0]][place[1]])
    share = loads[-1][1][layer][expert]
    evidence = (
        f"{_names(over)} got too much in the last {len(loads)} evaluations; the most is {100 * share:.0f} % of a layer"
    )
    return Finding(
        kind="overloaded experts", update=loads[-1][0], severity="warning", evidence=evidence, advice=_ADVICE
    )


def _latest(measured: Measured, count: int) -> list[tuple[int, Load]]:
    """The last `count` loads with their updates, all of one shape; nothing if there are not so many."""
    found: list[tuple[int, Load]] = []
    for record in reversed(measured.records if "expert_load" in measured.keys else ()):
        value = record.get("expert_load")
        if value is not None and record["update"] > 0 and (load := _load(value)) is not None:
            found.append((record["update"], load))  # but not of update 0: an untrained router has no say
        if len(found) == count:
            break
    shapes = {tuple(map(len, load)) for _, load in found}
    return found[::-1] if len(found) == count and len(shapes) == 1 else []


def _load(value: object) -> Load | None:
    """A measured load with each row made to sum to 1, or None if it is not one."""
    if not isinstance(value, list) or not value or not all(isinstance(row, list) and len(row) > 1 for row in value):
        return None
    load: Load = []
    for row in value:
        shares = [number(share) for share in row]
        known = [share for share in shares if share is not None and 0 <= share <= 1e300]
        total = sum(known)
        if len(known) < len(row) or not 0 < total < float("inf"):
            return None
        load.append([share / total for share in known])
    return load


def _places(loads: Sequence[tuple[int, Load]]) -> list[tuple[int, int]]:
    if not loads:
        return []
    return [(layer, expert) for layer, row in enumerate(loads[0][1]) for expert in range(len(row))]


def _dead(load: Load, place: tuple[int, int], thresholds: Thresholds) -> bool:
    layer, expert = place
    return load[layer][expert] < thresholds.dead_share / len(load[layer])


def _overloaded(load: Load, place: tuple[int, int], setting: Setting, thresholds: Thresholds) -> bool:
    layer, expert = place
    equal = 1 / len(load[layer])
    # No expert can have more than 1 / top_k; with few experts half the way there is already much.
    most = max(equal, 1 / setting.top_k)
    limit = min(thresholds.overload * equal, (equal + most) / 2)
    return limit > equal and load[layer][expert] > limit


def _names(places: Sequence[tuple[int, int]]) -> str:
    """Layers and experts as people count them, from 1; not more than four."""
    named = ", ".join(f"layer {layer + 1} expert {expert + 1}" for layer, expert in places[:4])
    return f"{named} and {len(places) - 4} more" if len(places) > 4 else named
