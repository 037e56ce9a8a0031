"""Responses to the learning rate in sentences, one for each fact."""

from collections.abc import Iterator

from moetui.core import format as fmt
from moetui.core.science.correlation import Correlation
from moetui.core.science.lengths import Agreement
from moetui.core.science.propose import Step
from moetui.core.science.response import Response
from moetui.core.science.wording import mean_of


def sentences(response: Response) -> Iterator[str]:
    """What a response says, a sentence for each fact."""
    best, zone, measure = response.best, response.zone, response.measure
    if best is None:
        yield f"No run has finished with a {measure.title}, so there is no best learning rate."
        return
    yield f"Best tried: learning rate {best.lr:g}, {measure.title} {mean_of(best.group, measure)}."
    if zone is None:
        yield "No learning rate is safe: at each of them a run diverged."
        return
    yield _optimum(response)
    width = f", a factor of {zone.factor:.3g}" if zone.high > zone.low else ""
    share = f"{100 * response.tolerance:g} %"
    yield f"Safe zone (within {share} of the best, nothing diverged): {_range(zone.low, zone.high)}{width}."
    alike = [f"{point.lr:g}" for point in response.candidates]
    if alike:
        yield f"Not distinguishable from the best: {', '.join(alike)}."
    if response.undecided:
        every = len(response.undecided) == len(response.points)
        which = "every learning rate" if every else ", ".join(f"{point.lr:g}" for point in response.undecided)
        yield f"One seed at {which}: no verdict there."
    yield _cliff(response)
    if response.edge:
        yield f"Edge of the grid: the best learning rate is the {response.edge} tried; a better one may lie beyond."


def correlations(response: Response) -> Iterator[str]:
    """A sentence for each score: `Correlation with val_loss over 9 runs: of lr 0.58 [0.12, 0.83], …`."""
    known = [one for one in response.correlations if one.r is not None]
    for score in dict.fromkeys(one.y for one in known):
        of_score = [one for one in known if one.y == score]
        yield f"Correlation with {score} over {of_score[0].n} runs: {', '.join(map(_correlation, of_score))}."


def _correlation(one: Correlation) -> str:
    spread = "" if one.low is None or one.high is None else f" [{one.low:.2f}, {one.high:.2f}]"
    return f"{'rank of' if one.method == 'Spearman' else 'of'} {one.x} {one.r:.2f}{spread}"


def proposal(step: Step) -> str:
    """A step to take next: `Try 0.036, 0.061 with 3 seeds: between the neighbours of the best, 0.05`."""
    lrs = ", ".join(f"{lr:g}" for lr in step.lrs)
    seeds = f"{step.seeds} seed{'s' if step.seeds != 1 else ''}"
    what = f"Bring {lrs} to {seeds} each" if step.kind == "seeds" else f"Try {lrs} with {seeds}"
    return f"Next: {what}: {step.why}."


def movement(across: Agreement) -> str:
    """Whether the best learning rate moves with the length of the training."""
    lengths = ", ".join(f"{fmt.number(best.lr)} at {updates} updates" for updates, best in across.lengths)
    if across.slope is None:
        return f"Across lengths: {lengths}. No verdict on a movement: it takes fits with an interval at two lengths."
    power = f"lr ∝ updates^{across.slope:.2f} [{across.low:.2f}, {across.high:.2f}]"
    words = {
        "moves": "the best learning rate moves with the length",
        "not distinguishable": "no movement beyond the noise",
    }
    return f"Across lengths: {lengths}: {words[across.verdict]}, {power}."


def _optimum(response: Response) -> str:
    optimum, measure = response.optimum, response.measure
    assert optimum is not None
    spread = f", 95 % interval {fmt.number(optimum.low)} to {fmt.number(optimum.high)}" if optimum.low else ""
    if not optimum.fitted:
        return f"No fitted optimum: {optimum.reason}{f'; resampled best{spread}' if spread else ''}."
    cost = f"{measure.gap(optimum.cost_of_factor_two)} {measure.unit}".strip()
    open_ended = "" if spread else "; no interval with one seed each"
    return f"Fitted best: {fmt.number(optimum.lr)}{spread}{open_ended}; a factor of two off costs {cost}."


def _cliff(response: Response) -> str:
    cliff = response.cliff
    if cliff is None:
        return f"No cliff up to {response.points[-1].lr:g}."
    if cliff.diverged:
        what = f"{cliff.diverged} of {cliff.runs} runs diverged"
    else:
        what = f"{fmt.percent(cliff.excess, 1)} worse than the best"
    return f"Cliff between {cliff.last:g} and {cliff.beyond:g}: {what}."


def _range(low: float, high: float) -> str:
    return f"{low:g} to {high:g}" if high > low else f"{low:g} alone"
