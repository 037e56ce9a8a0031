"""The claims about learning rates: phase 1 of the learning-rate report, and the learning-rate guide."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from moetui.core.science.correlation import LEAST, correlation
from moetui.core.science.optimum import Optimum
from moetui.core.science.response import Response, respond, slices
from moetui.core.science.zones import Point
from pictures.studies.claim import ACCURACY, Claim, against, amount, close_calls, gap, listed, may_be
from pictures.studies.conclusions import (
    bad_above,
    correlates,
    good_zone,
    hardly_learns,
    is_best,
    is_worse,
    upside_down,
)
from pictures.studies.gathered import Study, only, short

LOW, HIGH = 0.035, 0.085
"""The good zone of document 002."""
ZONE_ACCURACY = 0.175
"""Accuracy that every rate of that zone exceeded."""
CLIFF = 0.1
"""Rate above which document 002 sees a cliff."""
CORRELATION = 0.583
"""Of rate and loss, in document 001."""


def phase_1_claims(study: Study) -> Iterator[Claim]:
    """The best and the worst of five rates."""
    loss, accuracy = study.subject.comparison, study.subject.comparisons[ACCURACY.key]
    rates = listed(f"{point.lr:g}" for point in study.response.points)
    best, worst = study.setting("0.1"), study.setting("0.001")
    score, lowest = (study.scores(f"lr-report/phase-1/lr={lr}").val_accuracy or 0.0 for lr in ("0.1", "0.001"))
    yield Claim(
        f"Phase 1: of {rates}, 0.1 is the best ({amount(score, ACCURACY)} accuracy)",
        (("loss", is_best(loss, best)), ("accuracy", is_best(accuracy, study.setting("0.1", ACCURACY.key)))),
        f"{may_be(loss)} {may_be(accuracy)} Its loss is {amount(best.mean)}; worse are {against(loss, best)}. "
        f"{close_calls(loss, best)}".strip(),
    )
    bottom, by_accuracy = upside_down(loss), study.setting("0.001", ACCURACY.key)
    unjudged = accuracy.between(by_accuracy, study.setting("0.1", ACCURACY.key))
    yield Claim(
        f"Phase 1: 0.001 is the worst of them ({amount(lowest, ACCURACY)} accuracy)",
        (("loss", is_best(bottom, worst)), ("accuracy", is_best(upside_down(accuracy), by_accuracy))),
        f"{may_be(bottom, 'worst')} By accuracy there is {gap(unjudged)}."
        if unjudged.reason
        else f"{may_be(bottom, 'worst')} {may_be(upside_down(accuracy), 'worst')}",
    )


def guide_claims(study: Study) -> Iterator[Claim]:
    """The best rate, the good zone, and what lies beyond it on both sides."""
    yield _best_rate(study)
    yield _zone(study)
    yield _above(study)
    yield _below(study)


def correlation_claim(phase_1: Study, guide: Study) -> Claim:
    """Document 001's correlation of rate and loss."""
    by_study = [(study, _of_rate(study.response)) for study in (guide, phase_1)]
    said = []
    for study, (r, low, high) in by_study:
        spread = f"no interval below {LEAST} rates" if low is None or high is None else f"{low:.2f} to {high:.2f}"
        said.append(f"{r:.2f} over the {len(study.response.points)} rates of {study.word} ({spread})")
    below, above = _sides(guide.response)
    conclusion = correlates(*by_study[0][1][1:], CORRELATION)
    return Claim(
        f"Report: the rate correlates with the loss by {CORRELATION}",
        (("loss", conclusion),),
        f"{listed(said)}. Over the rates of {guide.word} up to the best one it is {below:.2f}, over those from it on "
        f"{above:.2f}: the number tells which rates were tried.",
    )


def agreement(phase_1: Study, guide: Study) -> str:
    """Whether what is stated of the best rate in both studies has a rate in common."""
    stated = [_stated(study.response) for study in (phase_1, guide)]
    (low, high), (low_2, high_2) = stated
    overlap = max(low, low_2), min(high, high_2)
    lengths = [only(config.training.updates for config in study.configs) for study in (phase_1, guide)]
    said = (
        f"After {lengths[0]} updates the best rate lies between {low:g} and {high:g} (phase 1), after {lengths[1]} between "
        f"{low_2:.3g} and {high_2:.3g} (the guide's twelve)."
    )
    if overlap[0] > overlap[1]:
        return f"{said} These exclude each other, so the best rate moves with the length."
    return f"{said} One rate can be the best of both: the studies do not show that it moves with the length, nor that it does not."


def _best_rate(study: Study) -> Claim:
    loss, accuracy = study.subject.comparison, study.subject.comparisons[ACCURACY.key]
    claimed, scores = study.setting("0.065"), study.scores("lr-guide/lr=0.065")
    assert loss.best is not None
    evidence = [may_be(loss)]
    if claimed.key != loss.best.key:
        pair, lowest = loss.between(claimed, loss.best), short(loss.best)
        evidence.append(
            f"As a pair, 0.065 and {lowest}, the lowest, are not distinguishable ({gap(pair)})."
            if pair.verdict == "not distinguishable"
            else f"0.065 is {pair.verdict} than {lowest}, the lowest ({gap(pair)})."
        )
    low, high = _stated(study.response)
    side = "inside" if low <= 0.065 <= high else "outside"
    evidence += [f"The best rate, tried or not, lies from {low:.3g} to {high:.3g}: 0.065 is {side}.", may_be(accuracy)]
    return Claim(
        f"Guide: 0.065 is the best rate (loss {scores.val_loss}, {amount(scores.val_accuracy or 0.0, ACCURACY)} accuracy)",
        (("loss", is_best(loss, claimed)), ("accuracy", is_best(accuracy, study.setting("0.065", ACCURACY.key)))),
        " ".join(evidence),
    )


def _by_accuracy(study: Study) -> Response:
    """The response of accuracy, as good as the guide's zone: all of it lay above 17.5 %, with 18.01 % the best."""
    best = study.scores("lr-guide/lr=0.065").val_accuracy or 1.0
    return respond(
        only(slices(study.subject.runs)),
        ACCURACY,
        tolerance=1 - ZONE_ACCURACY / best,
        comparison=study.subject.comparisons[ACCURACY.key],
    )


def _zone(study: Study) -> Claim:
    loss, accuracy = study.response, _by_accuracy(study)
    return Claim(
        f"Guide: the good zone is {LOW} to {HIGH}, all above {100 * ZONE_ACCURACY:g} % accuracy",
        (("loss", good_zone(loss, LOW, HIGH)), ("accuracy", good_zone(accuracy, LOW, HIGH))),
        f"Loss within {100 * loss.tolerance:g} % of the best: {_safeties(loss.points)}. Accuracy within "
        f"{100 * accuracy.tolerance:.1f} % of the best, as in the guide: {_safeties(accuracy.points)}.",
    )


def _above(study: Study) -> Claim:
    loss, accuracy = study.response, _by_accuracy(study)
    best = loss.best
    assert best is not None
    above = [point for point in loss.points if point.lr > CLIFF]
    behind = listed(f"{point.lr:g} by {100 * (point.group.mean / best.group.mean - 1):.1f} %" for point in above)
    diverged = [f"{point.lr:g}" for point in loss.points if point.group.diverged]
    return Claim(
        f"Guide: above {CLIFF:g} there is a cliff",
        (("loss", bad_above(loss, CLIFF)), ("accuracy", bad_above(accuracy, CLIFF))),
        f"Behind the lowest loss are {behind}. Within {100 * loss.tolerance:g} % of the best: {_safeties(above)}. "
        + (
            f"Runs diverged at {listed(diverged)}."
            if diverged
            else f"No run diverged up to {above[-1].lr:g}: a slope, no cliff."
        ),
    )


def _below(study: Study) -> Claim:
    response, guessing = study.response, math.log(only(config.model.vocab_size for config in study.configs))
    best = response.best
    assert best is not None
    learnt = guessing - best.group.mean
    below = [point for point in response.points if point.lr < LOW]
    shares = [
        (1 - (one.high or math.inf) / learnt, 1 - (one.low or -math.inf) / learnt)
        for point in below
        if (one := point.against_best)
    ]
    said = listed(f"{point.lr:g} {100 * (guessing - point.group.mean) / learnt:.0f} %" for point in below)
    verdicts = {is_worse(point.against_best) for point in below if point.against_best}
    worse = "All of them are worse than the best one. " if verdicts == {"holds here"} else ""
    return Claim(
        f"Guide: below {LOW} the model hardly learns",
        (("loss", hardly_learns(shares)),),
        f"{worse}{best.lr:g} gets {amount(learnt)} nats below guessing ({amount(guessing)}, ln of the vocabulary). Of that, "
        f"the others learn: {said}.",
    )


def _safeties(points: Sequence[Point]) -> str:
    """`safe 0.085 and 0.12; open 0.065; beyond 0.2 and 0.4`."""
    parts = []
    for word in ("safe", "open", "beyond", ""):
        rates = [f"{point.lr:g}" for point in points if point.safety == word]
        if rates:
            parts.append(f"{word or 'no verdict'} {listed(rates)}")
    return "; ".join(parts)


def _stated(response: Response) -> tuple[float, float]:
    """What is stated of the best rate with 95 %: the interval, or else the bracket; an open end has no bound."""
    optimum: Optimum | None = response.optimum
    low, high = optimum.stated if optimum else (None, None)
    return low or 0.0, high or math.inf


def _of_rate(response: Response) -> tuple[float, float | None, float | None]:
    """Pearson's correlation of rate and loss with its interval."""
    found = only(one for one in response.correlations if (one.x, one.y, one.method) == ("lr", "val_loss", "Pearson"))
    return found.r or 0.0, found.low, found.high


def _sides(response: Response) -> tuple[float, float]:
    """The correlations of rate and loss over the rates up to the best one, and over those from it on."""
    assert response.best is not None
    lrs = np.array([point.lr for point in response.points])
    means = np.array([point.group.mean for point in response.points])
    parts = lrs <= response.best.lr, lrs >= response.best.lr
    below, above = (correlation(lrs[part], means[part], "Pearson").r or 0.0 for part in parts)
    return below, above
