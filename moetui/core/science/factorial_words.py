"""Crossed studies in sentences, as a table, and as a tree for JSON."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, Final

from moetui.core import format as fmt
from moetui.core.science.effects import Interval
from moetui.core.science.factorial import Effect, Factorial, Level, crossed_effects
from moetui.core.science.groups import Group
from moetui.core.science.measure import Measure

HEADERS: Final = ("key", "level", "mean", "from the best", "verdict")
"""Above the cells of `factorial_rows`."""


def factorial_sentences(groups: Sequence[Group], measure: Measure) -> tuple[str, ...]:
    """What settings that cross two keys say, a sentence for each fact; empty for settings that do not differ in two keys."""
    found = crossed_effects(groups, measure)
    return () if found is None else tuple(sentences(found))


def factorial_tree(groups: Sequence[Group], measure: Measure) -> dict[str, Any] | None:
    """The same for JSON; None for settings that do not differ in two keys."""
    found = crossed_effects(groups, measure)
    return None if found is None else tree(found)


def sentences(found: Factorial) -> Iterator[str]:
    """What a crossed study says, a sentence for each fact."""
    first, second = found.crossing.names
    if found.reason:
        yield f"The effects of {first} and {second} cannot be told apart: {found.reason}."
        return
    for effect in found.effects:
        yield _main(effect, found.measure)
    if found.interaction is not None:
        size = _sized(found.interaction, found.measure)
        if found.depends:
            yield (
                f"The effect of {first} depends on {second}: the interaction has sd {size}; the effects above are averages, "
                "which need not hold at each level."
            )
        else:
            yield f"No dependence of the effect of {first} on {second} beyond the noise: interaction sd {size}."
    yield _which(found)
    if found.crossing.left_out:
        yield f"Left out, as not every combination can be counted: {', '.join(found.crossing.left_out)}."
    if found.seeds == 2:
        yield "Two seeds tell little of the noise of a setting, so these intervals are wide; a third narrows them to about a third."


def factorial_rows(found: Factorial) -> Iterator[list[str]]:
    """A row under `HEADERS` for each level of each key."""
    for effect in found.effects:
        for level in effect.levels:
            gap = "" if level.gap is None else _signed(level.gap, found.measure)
            yield [effect.name, level.label, found.measure.text(level.mean), gap, level.verdict or "best"]


def tree(found: Factorial) -> dict[str, Any]:
    """Every number of a crossed study, with the ids of its runs."""
    table = found.crossing
    return {
        "keys": list(table.keys),
        "levels": {key: list(levels) for key, levels in zip(table.keys, table.levels, strict=True)},
        "kept": {key: list(levels) for key, levels in zip(table.keys, table.kept, strict=True)},
        "left_out": list(table.left_out),
        "cells": [
            {"levels": list(cell.levels), "reason": cell.reason, "runs": list(cell.run_ids)} for cell in table.cells
        ],
        "metric": found.measure.key,
        "at": found.measure.at,
        "reason": found.reason,
        "seeds_are_blocks": found.blocked,
        "effects": [_effect_tree(key, effect) for key, effect in zip(table.keys, found.effects, strict=False)],
        "interaction": None
        if found.interaction is None
        else {
            "sd": dataclasses.asdict(found.interaction),
            "share": found.interaction_share,
            "depends": found.depends,
        },
        "sd_difference": None if found.more is None else dataclasses.asdict(found.more),
        "matters_more": found.leading.name if found.leading else None,
    }


def _effect_tree(key: str, effect: Effect) -> dict[str, Any]:
    return {
        "key": key,
        "matters": effect.matters,
        "range": dataclasses.asdict(effect.range),
        "sd": dataclasses.asdict(effect.sd),
        "share": effect.share,
        "levels": [
            {
                "level": level.label,
                "mean": level.mean,
                "from_best": None if level.gap is None else dataclasses.asdict(level.gap),
                "verdict": level.verdict or "best",
            }
            for level in effect.levels
        ],
    }


def _main(effect: Effect, measure: Measure) -> str:
    share = "" if effect.share is None else f", {fmt.percent(effect.share, 0)} of the variance between the settings"
    size = f"sd {_sized(effect.sd, measure)} over the levels tried, range {_sized(effect.range, measure)}{share}"
    if not effect.matters:
        return f"{effect.name}: no effect beyond the noise; {size}."
    best = effect.best
    worse = [_against(level, measure) for level in effect.levels if level.verdict == "worse"]
    alike = [level.label for level in effect.levels if level.verdict == "not distinguishable"]
    lead = f"{effect.name} matters: {size}. Best on average: {best.label}"
    than = f"; worse: {', '.join(worse)}" if worse else "; no level can be told from it alone"
    same = f"; not distinguishable: {', '.join(alike)}" if alike else ""
    return f"{lead}{than}{same}."


def _which(found: Factorial) -> str:
    assert found.more is not None
    first, second = found.effects
    tried = " and ".join(f"{len(effect.levels)} of {effect.name}" for effect in found.effects)
    gap = f"difference of the sds {_signed(found.more, found.measure)}"
    if found.leading is None:
        return f"Which of {first.name} and {second.name} matters more cannot be told over the levels tried ({tried}): {gap}."
    other = second if found.leading is first else first
    return f"Over the levels tried ({tried}) {found.leading.name} matters more than {other.name}: {gap}. Other levels may differ."


def _against(level: Level, measure: Measure) -> str:
    assert level.gap is not None
    return f"{level.label} by {_sized(_absolute(level.gap), measure)}"


def _absolute(gap: Interval) -> Interval:
    return gap if gap.estimate >= 0 else Interval(-gap.estimate, -gap.high, -gap.low)


def _sized(size: Interval, measure: Measure) -> str:
    unit = f" {measure.unit}" if measure.unit else ""
    return f"{measure.gap(size.estimate)} [{measure.gap(size.low)}, {measure.gap(size.high)}]{unit}"


def _signed(gap: Interval, measure: Measure) -> str:
    sign = "+" if gap.estimate > 0 else ""
    return f"{sign}{_sized(gap, measure)}"
