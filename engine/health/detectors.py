"""Every detector by the kind of its findings. A new one is a function in a module of this folder and an entry here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.health.experts import dead_experts, overloaded_experts
from engine.health.learning import flat
from engine.health.measured import Measured
from engine.health.mechanics import clipping, throughput
from engine.health.runaway import divergence, non_finite
from engine.health.setting import Setting
from engine.health.spikes import spike
from engine.health.steadiness import oscillation
from engine.health.thresholds import Thresholds
from engine.health.validation import inflection, overfitting
from engine.runfiles.rundir import Finding

Rule = Callable[[Measured, Setting, Thresholds], Finding | None]
"""Looks at what a run has measured and reports one finding of its kind, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """A rule with its row in docs/health.md: `about` it in words, the `severity` of its findings, and its `source`.

    `apart`: its finding says that the run has come apart. `shape`: it judges the shape of a loss, of which such a run has every bad
    one. `regraded`: the weight of its finding depends on other runs: replicates, and runs with the same data order.
    """

    rule: Rule
    about: str
    severity: str
    source: str = "–"
    apart: bool = False
    shape: bool = False
    regraded: bool = False


DETECTORS: Mapping[str, Detector] = {
    "non-finite": Detector(
        rule=non_finite,
        about="a training loss, validation loss or gradient norm is NaN or infinite",
        severity="error",
        source='"bad signs" of the LR guide',
        apart=True,
    ),
    "divergence": Detector(
        rule=divergence,
        about="the training loss is above 2 · ln V for 5 records in a row (`health.divergence_factor`, "
        "`…_patience`); or the med of the last twentieth is above the lowest of a twentieth by half of "
        "what was gained since the first five, and by 6 noises",
        severity="error",
        source="ln V is the loss of guessing; Wortsman et al., 2023",
        apart=True,
    ),
    "spike": Detector(
        rule=spike,
        about="a training loss L with L − m > 8 rsd and > 5 % of m, where m and rsd are of the 25 losses "
        "before it; or a jump of the validation loss (below); three or more of one kind are a warning",
        severity="note, warning",
        source="Chowdhery et al., 2022, §5.1; Takase et al., 2023",
        shape=True,
        regraded=True,
    ),
    "flat": Detector(
        rule=flat,
        about="after the warm-up and 20 % of the updates (`health.flat_after`) the loss (med of the last "
        "tenth) is within 5 % (`health.flat_gain`) of the start (med of the first three)",
        severity="warning",
        source='"bad signs": the learning rate is too low',
        shape=True,
    ),
    "oscillation": Detector(
        rule=oscillation,
        about="of the last 256 losses, less a moving average: autocorrelation ≤ −0.4 at some lag h ≤ 8 and ≥ "
        "0.4 at 2h, standard deviation ≥ 0.5 % of the loss",
        severity="warning",
        source='Box & Jenkins, 1970; "bad signs": check clipping',
        shape=True,
    ),
    "inflection": Detector(
        rule=inflection,
        about="three evaluations or more after the best, med(last 3) − med(the 3 around the best) ≥ 3 noises "
        "of the later half of the curve",
        severity="note, warning from 4 units on",
        source="exp8; noise estimate as above",
        regraded=True,
    ),
    "overfitting": Detector(
        rule=overfitting,
        about="validation less training loss (med of the 5 records before each evaluation), past a third of "
        "the run, has grown by 5 % of the validation loss while the training loss fell; a warning if the "
        "validation loss is no lower than at the narrowest gap",
        severity="note, warning",
        source="Prechelt, 1998",
    ),
    "dead experts": Detector(
        rule=dead_experts,
        about="less than a tenth of an equal share 1/E in the last three evaluations",
        severity="warning",
        source="Shazeer et al., 2017; Fedus et al., 2021",
    ),
    "overloaded experts": Detector(
        rule=overloaded_experts,
        about="more than min(2.5/E, (1/E + 1/k)/2) in the last three evaluations; k choices per token cap a "
        "share at 1/k",
        severity="warning",
        source="Fedus et al., 2021 (capacity factor)",
    ),
    "clipping": Detector(
        rule=clipping,
        about="at least 95 % of the gradients after the warm-up had a norm above `optimizer.grad_clip`",
        severity="note",
        source="Pascanu et al., 2013",
    ),
    "throughput": Detector(
        rule=throughput,
        about="the last tenth of the records of the session has less than 70 % of the tokens per second of its "
        "best tenth",
        severity="warning",
    ),
}
