"""Comparisons and responses as trees for JSON: every number with the ids of the runs behind it."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from moetui.core.science.caveats import Caveat
from moetui.core.science.comparison import Candidate, Comparison
from moetui.core.science.difference import Difference
from moetui.core.science.groups import Group
from moetui.core.science.lengths import Agreement
from moetui.core.science.measure import Measure
from moetui.core.science.optimum import Optimum
from moetui.core.science.prediction import Prediction
from moetui.core.science.propose import Step
from moetui.core.science.response import Response
from moetui.core.science.student import CONFIDENCE
from moetui.core.science.zones import Point

Tree = dict[str, Any]


def comparison_tree(comparison: Comparison, caveats: Sequence[Caveat]) -> Tree:
    """A comparison of settings."""
    return {
        "measure": measure_tree(comparison.measure),
        "against": comparison.against,
        "reference": comparison.reference.key if comparison.reference else None,
        "best": comparison.best.key if comparison.best else None,
        "pairs_in_family": comparison.family,
        "level": comparison.level,
        "queued_at_once": comparison.at_once,
        "seeds_as_blocks": comparison.blocks,
        "noise_sd": comparison.joint.sd if comparison.joint else None,
        "tolerance": comparison.tolerance,
        "may_be_best": [_candidate_tree(one) for one in comparison.candidates],
        "seeds_needed": dataclasses.asdict(comparison.seeds_needed) if comparison.seeds_needed else None,
        "groups": [group_tree(group) for group in comparison.groups],
        "differences": [difference_tree(one) for one in comparison.differences],
        "caveats": [caveat_tree(caveat) for caveat in caveats],
    }


def response_tree(response: Response, steps: Sequence[Step]) -> Tree:
    """A response to the learning rate, with what to run next."""
    optimum, cliff = response.optimum, response.cliff
    return {
        "setting": dict(response.setting),
        "updates": response.updates,
        "measure": measure_tree(response.measure),
        "tolerance": response.tolerance,
        "points": [_point_tree(point) for point in response.points],
        "untried": [group_tree(group) for group in response.untried],
        "best": response.best.lr if response.best else None,
        "reference": response.reference.lr if response.reference else None,
        "optimum": optimum_tree(optimum) if optimum else None,
        "safe_zone": dataclasses.asdict(response.zone) | {"confidence": CONFIDENCE} if response.zone else None,
        "may_be_best": [_candidate_tree(one) | {"lr": one.group.rates[0]} for one in response.candidates],
        "cliff": dataclasses.asdict(cliff) if cliff else None,
        "edge": response.edge,
        "correlations": [dataclasses.asdict(one) for one in response.correlations],
        "next": [dataclasses.asdict(step) for step in steps],
        "caveats": [caveat_tree(caveat) for caveat in response.caveats],
    }


def agreement_tree(agreement: Agreement) -> Tree:
    """Whether the best learning rate moves with the number of updates."""
    return {
        "lengths": [{"updates": updates, "optimum": optimum_tree(best)} for updates, best in agreement.lengths],
        "exponent": {"low": agreement.low, "high": agreement.high},
        "verdict": agreement.verdict,
    }


def optimum_tree(optimum: Optimum) -> Tree:
    """What is known of the best learning rate; `stated` is the interval, or else the bracket, and null an open end."""
    low, high = optimum.stated
    return dataclasses.asdict(optimum) | {"stated": {"low": low, "high": high}}


def _candidate_tree(candidate: Candidate) -> Tree:
    return {"group": candidate.group.key, "label": candidate.group.label, "costs_at_most": candidate.costs_at_most}


def measure_tree(measure: Measure) -> Tree:
    """What was measured."""
    return {"metric": measure.key, "at": measure.at, "lower_is_better": measure.lower_is_better}


def group_tree(group: Group) -> Tree:
    """A group with its summary and each of its runs."""
    runs = [
        {
            "id": sample.record.id,
            "name": sample.record.name,
            "seed": sample.record.seed,
            "status": sample.record.status,
            "value": sample.value,
            "diverged": sample.diverged,
            "reason": sample.reason,
        }
        for sample in group.samples
    ]
    return {"group": group.key, "label": group.label, **dataclasses.asdict(group.summary), "runs": runs}


def difference_tree(one: Difference) -> Tree:
    """A difference between two groups; `low` to `high` holds together with the intervals of all pairs."""
    return {
        "first": one.first.key,
        "second": one.second.key,
        "verdict": one.verdict,
        "reason": one.reason,
        "method": one.method,
        "estimate": one.estimate,
        "low": one.low,
        "high": one.high,
        "df": one.df,
        "p": one.p,
        "p_adjusted": one.p_adjusted,
        "effect_in_seed_sd": one.effect,
        "prediction": _prediction_tree(one.prediction) if one.prediction else None,
        "first_runs": [sample.record.id for sample in one.first.counted],
        "second_runs": [sample.record.id for sample in one.second.counted],
    }


def _prediction_tree(prediction: Prediction) -> Tree:
    return {
        "of": prediction.group.key,
        "value": prediction.value,
        "low": prediction.low,
        "high": prediction.high,
        "inside": prediction.inside,
        "sd_from_mean": prediction.distance,
        "single_runs": prediction.runs,
    }


def caveat_tree(caveat: Caveat) -> Tree:
    """A circumstance that is not equal, with the ids of the runs by its values."""
    return {
        "what": caveat.what,
        "values": [{"value": value, "runs": [record.id for record in records]} for value, records in caveat.values],
    }


def _point_tree(point: Point) -> Tree:
    against = difference_tree(point.against_best) if point.against_best else None
    return {
        "lr": point.lr,
        **group_tree(point.group),
        "zone": point.safety,
        "may_be_best": point.may_be_best,
        "against_best": against,
    }
