"""Optuna's part of a search: what to try next, and which trial is not worth its time. It lives in memory and is told everything.

TPE: Bergstra et al. 2011. Asynchronous successive halving (ASHA): Li et al. 2020.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from moetui.core.search.plan import Range, SearchPlan

STARTUP: Final = 5
"""Trials drawn at random before TPE trusts what it has seen, and unpruned before a median is taken."""

REDUCTION: Final = 3
"""ASHA: of the trials that come to a rung, one in so many goes on; rungs are at evaluation 1, 3, 9, 27, …"""


class Sampling:
    """The trials of one search as Optuna sees them.

    Each proposal is drawn with a seed of its own, made of the search's seed and the number of the trial. So a search that is
    told its trials anew proposes next what it would have proposed without the interruption.
    """

    def __init__(self, plan: SearchPlan) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._plan = plan
        self._asked = 0
        self._space = _distributions(plan)
        self._study = optuna.create_study(pruner=_pruner(plan))

    def ask(self) -> tuple["Asked", dict[str, Any]]:
        """The next trial and its point: a value for each key of the plan."""
        seed = int(np.random.SeedSequence([self._plan.seed, self._asked]).generate_state(1)[0])
        self._study.sampler = _sampler(self._plan, seed)
        self._asked += 1
        trial = self._study.ask(self._space)
        choices = self._plan.choices
        return Asked(self._study, trial), {
            key: choices[key][value] if key in choices else value for key, value in trial.params.items()
        }

    def again(self, point: Mapping[str, Any]) -> "Asked":
        """A trial that was there before, with the point that it had."""
        choices = self._plan.choices
        self._study.enqueue_trial(
            {key: choices[key].index(value) if key in choices else value for key, value in point.items()}
        )
        return self.ask()[0]


class Asked:
    """One trial that Optuna waits to hear of."""

    def __init__(self, study: optuna.Study, trial: optuna.Trial) -> None:
        self._study = study
        self._trial = trial
        self._reported = 0

    def hopeless(self, losses: Sequence[float]) -> bool:
        """Report the validation losses so far, the first evaluation first; True if it should be pruned."""
        verdict = False
        for loss in losses[self._reported :]:
            self._reported += 1
            self._trial.report(loss, self._reported)
            verdict = self._trial.should_prune() or verdict
        return verdict

    def tell(self, value: float) -> None:
        """The trial ended with this loss; infinity is the worst."""
        self._study.tell(self._trial, value)

    def tell_pruned(self) -> None:
        """The trial was cut short; its last report counts for what it is."""
        self._study.tell(self._trial, state=TrialState.PRUNED)

    def drop(self) -> None:
        """The trial says nothing: it broke off, or could not be run."""
        self._study.tell(self._trial, state=TrialState.FAIL)


def _distributions(plan: SearchPlan) -> dict[str, BaseDistribution]:
    return {key: _distribution(one) for key, one in plan.ranges.items()} | {
        key: CategoricalDistribution(range(len(values))) for key, values in plan.choices.items()
    }


def _distribution(one: Range) -> BaseDistribution:
    if one.whole:
        return IntDistribution(math.ceil(one.low), math.floor(one.high), log=one.log)
    return FloatDistribution(one.low, one.high, log=one.log)


def _sampler(plan: SearchPlan, seed: int) -> BaseSampler:
    return RandomSampler(seed=seed) if plan.sampler == "random" else TPESampler(seed=seed, n_startup_trials=STARTUP)


def _pruner(plan: SearchPlan) -> BasePruner:
    if plan.prune == "median":
        return MedianPruner(n_startup_trials=STARTUP)
    if plan.prune == "asha":
        return SuccessiveHalvingPruner(min_resource=1, reduction_factor=REDUCTION)
    return NopPruner()
