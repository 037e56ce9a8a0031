"""All detectors on the measurements of one run."""

from collections.abc import Iterable
from typing import Final

from engine.health.detectors import DETECTORS, Detector
from engine.health.measured import Measured
from engine.health.setting import Setting
from engine.health.thresholds import DEFAULT, Thresholds
from engine.runfiles.rundir import Finding

REGRADED: Final = frozenset(kind for kind, detector in DETECTORS.items() if detector.regraded)
"""The kinds whose weight depends on other runs."""


def examine(measured: Measured, setting: Setting, thresholds: Thresholds = DEFAULT) -> tuple[Finding, ...]:
    """Every finding about a run, the gravest first. Records may lack any key."""

    def ask(detectors: Iterable[Detector]) -> list[Finding]:
        answers = (detector.rule(measured, setting, thresholds) for detector in detectors)
        return [finding for finding in answers if finding is not None]

    apart = ask(detector for detector in DETECTORS.values() if detector.apart)
    # A run that has come apart has a loss of every bad shape; saying so once is enough.
    rest = ask(one for one in DETECTORS.values() if not one.apart and not (apart and one.shape))
    return by_severity(apart + rest)


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
