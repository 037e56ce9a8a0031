"""Responses to the learning rate in sentences, one for each fact."""

from collections.abc import Iterator

from moetui.core import format as fmt
from moetui.core.science.correlation import LEAST, Correlation
from moetui.core.science.lengths import Agreement
from moetui.core.science.optimum import Optimum
from moetui.core.science.propose import Step
from moetui.core.science.response import Response
from moetui.core.science.wording import amount, bound, mean_of, seed_span


def answer(response: Response) -> str:
    """The best learning rate in a few words, such as `best 0.0575, 95 % 0.052–0.065`; empty if there is none.

    The ends are those of the fit's interval or of the bracket, as the sentences say; an open end is told as such.
    """
    optimum = response.optimum
    if optimum is None:
        return "" if response.best is None else f"best tried {response.best.lr:g}"
    best = f"best {optimum.lr:.3g}" if optimum.fitted else f"best tried {optimum.lr:g}"
    if optimum.valleys:
        return best
    low, high = (None if end is None else f"{end:.3g}" for end in optimum.stated)
    between = f"{low}–{high}" if low and high else f"above {low}" if low else f"below {high}" if high else ""
    return f"{best}, 95 % {between}" if between else best


def sentences(response: Response) -> Iterator[str]:
    """What a response says, a sentence for each fact."""
    best, measure = response.best, response.measure
    if best is None:
        diverged = any(point.group.diverged for point in response.points)
        yield (
            "Runs diverged at every learning rate, so none is the best."
            if diverged
            else f"No run has finished with a {measure.title}, so there is no best learning rate."
        )
        return
    yield f"Best tried: learning rate {best.lr:g}, {measure.title} {mean_of(best.group, measure)}."
    if len(response.points) < 2:
        return
    yield from _optimum(response)
    yield from _may_be_best(response)
    yield from _safety(response)
    if response.undecided:
        every = len(response.undecided) == len(response.points)
        which = "every learning rate" if every else ", ".join(f"{point.lr:g}" for point in response.undecided)
        yield f"One seed at {which}: no verdict there."
    yield from _cliff(response)
    if response.edge:
        yield f"Edge of the grid: the best learning rate is the {response.edge} tried; a better one may lie beyond."


def correlations(response: Response) -> Iterator[str]:
    """A sentence for each score: `Correlation with val_loss over 9 learning rates (27 runs): of lr 0.58 [0.12, 0.83], …`."""
    known = [one for one in response.correlations if one.r is not None]
    for score in dict.fromkeys(one.y for one in known):
        of_score = [one for one in known if one.y == score]
        first = of_score[0]
        none = f"; no interval with fewer than {LEAST}" if first.n < LEAST else ""
        runs = f" ({first.runs} runs)" if first.runs > first.n else ""
        yield (
            f"Correlation with {score} over {first.n} learning rates{runs}: {', '.join(map(_correlation, of_score))}{none}."
        )


def _correlation(one: Correlation) -> str:
    spread = "" if one.low is None or one.high is None else f" [{one.low:.2f}, {one.high:.2f}]"
    return f"{'rank of' if one.method == 'Spearman' else 'of'} {one.x} {one.r:.2f}{spread}"


def proposal(step: Step) -> str:
    """A step to take next: `Try 0.036, 0.061 with 3 seeds: the best lies between 0.03 and 0.08`."""
    lrs = ", ".join(f"{lr:g}" for lr in step.lrs)
    seeds = f"{step.seeds} seed{'s' if step.seeds != 1 else ''}"
    what = f"Bring {lrs} to {seeds} each" if step.kind == "seeds" else f"Try {lrs} with {seeds}"
    return f"Next: {what}: {step.why}."


def movement(across: Agreement) -> str:
    """Whether the best learning rate moves with the length of the training."""
    lengths = ", ".join(f"{_known(best)} at {updates} updates" for updates, best in across.lengths)
    if across.crossed:
        return f"Across lengths: {lengths}: the best learning rate moves with the length, and not as a power of it."
    allowed = f"lr ∝ updates^b with b from {_end(across.low, '−∞')} to {_end(across.high, '∞')}"
    words = {
        "moves": f"the best learning rate moves with the length, {allowed}",
        "not distinguishable": f"no movement beyond what is unknown of each, {allowed}",
        "no verdict": "no verdict on a movement, as too little is known of the best at each",
    }
    return f"Across lengths: {lengths}: {words[across.verdict]}."


def _known(best: Optimum) -> str:
    low, high = best.stated
    return f"{fmt.number(best.lr)} ({_end_lr(low, 'open')} to {_end_lr(high, 'open')})"


def _end(value: float | None, unknown: str) -> str:
    return unknown if value is None else f"{value:.2f}"


def _end_lr(value: float | None, unknown: str) -> str:
    return unknown if value is None else f"{value:.3g}"


def _optimum(response: Response) -> Iterator[str]:
    optimum = response.optimum
    assert optimum is not None
    if optimum.valleys:
        lower, higher = optimum.valleys
        yield f"Two valleys: the values do not fall and rise once; the lowest are at {lower:g} and {higher:g}."
    if optimum.fitted:
        yield (
            f"Best learning rate by a fit: {optimum.lr:.3g}, 95 % interval {optimum.low:.3g} to {optimum.high:.3g}, "
            "the error of the fit's shape included."
        )
        return
    bracket = optimum.bracket
    if bracket is None:
        yield f"No interval for the best learning rate: {optimum.reason}."
    elif optimum.valleys is None:
        yield f"{_bracket(bracket.low, bracket.high)}; no narrower interval: {optimum.reason}."


def _bracket(low: float | None, high: float | None) -> str:
    said = "The best learning rate lies"
    if low is not None and high is not None:
        return f"{said} between {low:g} and {high:g} (95 %, if there is one valley)"
    if low is not None:
        return f"{said} above {low:g} (95 %, if there is one valley)"
    if high is not None:
        return f"{said} below {high:g} (95 %, if there is one valley)"
    return "The best learning rate may lie anywhere, as every one tried may be the best"


def _may_be_best(response: Response) -> Iterator[str]:
    candidates, measure, comparison = response.candidates, response.measure, response.comparison
    if not response.noise_known or not candidates:
        return
    first = candidates[0].group.rates[0]
    if len(candidates) == 1:
        yield f"With 95 % confidence {first:g} is the best of those tried that can be judged."
        return
    cost = bound(candidates[0].costs_at_most, measure)
    lrs = ", ".join(f"{candidate.group.rates[0]:g}" for candidate in candidates)
    yield f"May be the best of those tried (95 %): {lrs}; taking {first:g} costs at most {cost}."
    if (needed := comparison.seeds_needed) and (span := seed_span(needed)):
        yield f"To find a difference of {amount(needed.difference, measure)} takes {span} seeds each."


def _safety(response: Response) -> Iterator[str]:
    if not response.noise_known:
        return
    share = f"{100 * response.tolerance:g} %"
    zone = response.zone
    lrs = [f"{point.lr:g}" for point in response.points if point.safety == "open"]
    doubt = f" Open: {', '.join(lrs)}." if lrs else ""
    if zone is None:
        yield f"No learning rate is shown to be within {share} of the best.{doubt}"
        return
    width = f", a factor of {zone.factor:.3g}" if zone.high > zone.low else ""
    yield f"Safe zone (each within {share} of the best tried with 95 %): {_range(zone.low, zone.high)}{width}.{doubt}"
    above = next((point for point in response.points if point.lr > zone.high), None)
    if above is not None and above.safety == "beyond" and not above.group.diverged:
        yield f"It ends between {zone.high:g} and {above.lr:g}, where the {response.measure.title} is worse by more than {share}."


def _cliff(response: Response) -> Iterator[str]:
    cliff = response.cliff
    if cliff is None:
        diverged = [f"{len(p.group.diverged)} of {p.runs} at {p.lr:g}" for p in response.points if p.group.diverged]
        yield (
            f"Diverged: {', '.join(diverged)}; that is no verdict on a cliff."
            if diverged
            else f"No run diverged up to {response.points[-1].lr:g}."
        )
        return
    yield (
        f"Cliff between {cliff.last:g} and {cliff.beyond:g}: {cliff.diverged} of {cliff.runs} runs diverged at {cliff.beyond:g}, "
        f"0 of {cliff.last_runs} at {cliff.last:g} (up to {100 * cliff.could_be:.0f} % could, 95 %)."
    )


def _range(low: float, high: float) -> str:
    return f"{low:g} to {high:g}" if high > low else f"{low:g} alone"
