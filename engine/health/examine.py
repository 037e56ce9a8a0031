"""All detectors on the measurements of one run."""

from collections.abc import Callable, Iterable
from typing import Final

from engine.health.experts import dead_experts, overloaded_experts
from engine.health.learning import flat
from engine.health.measured import Measured
from engine.health.mechanics import clipping, throughput
from engine.health.runaway import divergence, non_finite
from engine.health.setting import Setting
from engine.health.spikes import spike
from engine.health.steadiness import oscillation
from engine.health.thresholds import DEFAULT, Thresholds
from engine.health.validation import inflection, overfitting
from engine.runfiles.rundir import Finding

Detector = Callable[[Measured, Setting, Thresholds], Finding | None]
"""Looks at what a run has measured and reports one finding of its kind, or None."""

RUNAWAY: Final[tuple[Detector, ...]] = (non_finite, divergence)
REST: Final[tuple[Detector, ...]] = (inflection, overfitting, dead_experts, overloaded_experts, clipping, throughput)
REGRADED: Final = frozenset({"inflection", "spike"})
"""The kinds whose weight depends on other runs: replicates, and runs with the same data order."""
SHAPE: Final[tuple[Detector, ...]] = (spike, flat, oscillation)


def examine(measured: Measured, setting: Setting, thresholds: Thresholds = DEFAULT) -> tuple[Finding, ...]:
    """Every finding about a run, the gravest first. Records may lack any key."""

    def ask(detectors: Iterable[Detector]) -> list[Finding]:
        return [finding for detector in detectors if (finding := detector(measured, setting, thresholds)) is not None]

    # A run that has come apart has a loss of every bad shape; saying so once is enough.
    runaway = ask(RUNAWAY)
    found = runaway + ask(REST) if runaway else ask(SHAPE) + ask(REST)
    return by_severity(found)


def merged(recorded: Iterable[Finding], derived: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding of each kind, the gravest first.

    What the trainer noted counts, as it sees every update and not only records. A kind in `REGRADED` counts as it is derived now,
    as more is known of other runs by now; an inflection that is gone now is gone.
    """
    known = {finding.kind: finding for finding in derived}
    noted = {finding.kind: finding for finding in recorded if finding.kind != "inflection"}
    return by_severity(
        (known | {kind: one for kind, one in noted.items() if kind not in REGRADED & known.keys()}).values()
    )


def by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors, then warnings, then notes."""
    ranks = ("error", "warning", "note")
    return tuple(sorted(findings, key=lambda finding: ranks.index(finding.severity)))
