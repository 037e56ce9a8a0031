"""What a ladder of sizes says, in sentences and as a tree for JSON."""

from collections.abc import Iterator
from typing import Any

from moetui.core import format as fmt
from moetui.core.science.transfer import FEWEST_FOR_SCATTER, Found, Line, Prediction
from moetui.core.studies.transfer import Transfer

HYPOTHESES = (
    "Two hypotheses of document 002: its formula, lr* ∝ N^½ (an exponent of about +1 over the width, where N grows as its square), "
    "and its advice to lower the rate of larger models (an exponent below 0)."
)


def size_headers(one: Transfer) -> tuple[str, ...]:
    """The headers of `size_rows`; all but the last are of numbers."""
    return (one.axis, "parameters", "tokens", "best lr", "95 %", "val loss there", "")


def size_rows(one: Transfer) -> list[list[str]]:
    """A row for each size: the best rate with its interval and the loss there, or why it is not known."""
    rows = []
    for size in one.sizes:
        cells = [f"{size.number:g}", fmt.count(size.parameters), fmt.count(size.tokens)]
        if isinstance(size.found, Found):
            ends = size.found.ends
            interval = "–" if ends is None else f"{ends[0]:.3g}–{ends[1]:.3g}"
            rows.append([*cells, f"{size.found.lr:.3g}", interval, fmt.loss(size.found.loss), ""])
        else:
            rows.append([*cells, "–", "–", "–", size.found.reason])
    return rows


def sentences(one: Transfer) -> Iterator[str]:
    """What was found, sentence by sentence."""
    yield _tuned(one)
    if one.per_parameter:
        yield "Tokens grow with the parameters along this ladder, so the exponent is that of both together."
    if one.line is None:
        yield "The best rate is known at fewer than two sizes, so there is no line."
        return
    line = one.line
    yield f"lr* ∝ {one.axis}^{line.exponent:+.3f}{_interval(line)}."
    yield _ground(line)
    if one.axis == "width":
        yield f"{HYPOTHESES} {_which(line)}"
    if line.bend is not None:
        changes = f"The exponent changes by {line.bend.change:+.2f} along the ladder (p = {line.bend.p:.2g})"
        power = f"a change of {line.bend.detectable:.2f} would be found in 80 % of such ladders"
        yield f"{changes}: {'a straight line does not hold' if line.bend.found else 'not distinguishable from none'}; {power}."
    if one.held is not None:
        held = one.held
        predicted = f"{held.predicted.lr:.3g}{_ends(held.predicted)}"
        yield (
            f"Leaving out the largest, the others predict {predicted} at {one.axis} {held.found.size:g}; found "
            f"{held.found.lr:.3g}, ×{held.error:.2f}; the predicted rate costs {held.regret:.4f} nats there."
        )
    else:
        yield "Leaving out the largest needs three sizes whose best rate is known."


def prediction(one: Transfer, size: float) -> str:
    """What the ladder says of a size, or why it does not."""
    line = one.line
    if line is None:
        return "No line, no prediction."
    last, smallest = one.sizes[-1], one.sizes[0]
    if size > line.reach:
        return (
            f"{one.axis} {size:g} is {size / line.found[-1].size:.3g} times the largest size with a known best rate; a ladder from "
            f"{smallest.number:g} to {line.found[-1].size:g} of {len(line.found)} sizes bears predictions up to {line.reach:.4g}. "
            "Add a larger size."
        )
    found = line.at(size)
    return (
        f"At {one.axis} {size:g}, {size / last.number:.3g}× the largest {one.axis} tried ({fmt.count(last.parameters)} parameters, "
        f"{fmt.count(last.tokens)} tokens): lr* {found.lr:.3g}{_ends(found)}."
    )


def tree(one: Transfer, size: float | None) -> dict[str, Any]:
    """A ladder for JSON; with a size, what it says of that."""
    line = one.line
    return {
        "setting": dict(one.setting),
        "axis": one.axis,
        "per_parameter": one.per_parameter,
        "adamw_ratios_tried": list(one.ratios),
        "adamw_ratios_tried_at": one.tuned_at,
        "sizes": [
            {
                "size": step.number,
                "parameters": step.parameters,
                "tokens": step.tokens,
                **(
                    {"lr": step.found.lr, "sd_ln_lr": sd(step.found), "loss": step.found.loss}
                    if isinstance(step.found, Found)
                    else {"missing": step.found.reason}
                ),
            }
            for step in one.sizes
        ],
        "line": line
        and {
            "exponent": line.exponent,
            "low": line.low,
            "high": line.high,
            "by_scatter": line.by_scatter,
            "reach": line.reach,
            "bend": line.bend and {"change": line.bend.change, "p": line.bend.p, "detectable": line.bend.detectable},
        },
        "leave_largest_out": one.held
        and {
            "size": one.held.found.size,
            "predicted": _told(one.held.predicted),
            "lr": one.held.found.lr,
            "error": one.held.error,
            "regret": one.held.regret,
        },
        "prediction": _told(line.at(size)) if line is not None and size is not None and size <= line.reach else None,
        "words": [*sentences(one), *([prediction(one, size)] if size is not None else [])],
    }


def sd(found: Found) -> float | None:
    """The standard error of ln lr*."""
    return None if found.variance is None else float(found.variance**0.5)


def _told(found: Prediction) -> dict[str, float | None]:
    return {"size": found.size, "lr": found.lr, "low": found.low, "high": found.high}


def _tuned(one: Transfer) -> str:
    tried = " and ".join(f"{ratio:g}" for ratio in one.ratios)
    if len(one.ratios) > 2:
        return f"optimizer.adamw_ratio was tuned at {one.axis} {one.tuned_at:g}: {tried} were tried."
    return (
        f"optimizer.adamw_ratio was not tuned at any of these sizes: only {tried} tried, and a wrong one can cost more than the "
        f"{one.axis} does."
    )


def _interval(line: Line) -> str:
    return "" if line.low is None else f" ({line.low:+.3f} to {line.high:+.3f})"


def _ends(found: Prediction) -> str:
    return "" if found.low is None else f" ({found.low:.3g} to {found.high:.3g}, ×/÷ {found.factor:.2f})"


def _ground(line: Line) -> str:
    if line.by_scatter:
        return f"Intervals are 95 %, from the scatter of {len(line.found)} sizes about the line."
    if line.low is None:
        return "No interval: that needs two seeds or more at every size, or four sizes."
    fewer = f"fewer than {FEWEST_FOR_SCATTER} sizes do not show the line's own error"
    return f"Intervals are 95 %, from the noise at each size alone: {fewer}."


def _which(line: Line) -> str:
    if line.low is None or line.high is None:
        return "Neither is ruled out without an interval."
    ruled = [word for word, out in (("the formula", line.high < 1.0), ("the advice", line.low >= 0.0)) if out]
    return f"The data rule out {' and '.join(ruled)}." if ruled else "The data rule out neither."
