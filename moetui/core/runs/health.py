"""The health of runs as it is now: what the trainer noted, and what the measurements show."""

import statistics
from collections.abc import Callable, Iterable, Sequence

from engine.health.examine import REGRADED, by_severity, examine, merged
from engine.health.measured import Measured
from engine.health.peers import Peers
from engine.health.setting import Setting
from engine.runfiles.rundir import Finding
from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.science.groups import sample
from moetui.core.science.measure import LOSS


def findings(
    measured: Measured,
    config: RunConfig | None,
    *,
    recorded: Iterable[Finding] = (),
    group: Sequence[RunRecord] = (),
    peers: Callable[[], Peers] = Peers,
) -> tuple[Finding, ...]:
    """The findings about a run, the gravest first.

    `recorded` are those of its result, `group` the runs of the same configuration, whose final losses tell the noise of the seed.
    `peers` reads the runs with the same data order; it is asked only if there is a rise that they may share.
    """
    if not measured.records:
        return by_severity(recorded)
    noise, replicates = seed_noise(group)

    def look(beside: Peers) -> tuple[Finding, ...]:
        if config is None:
            return examine(measured, Setting(noise=noise, replicates=replicates, peers=beside))
        return examine(measured, Setting.of(config, noise=noise, replicates=replicates, peers=beside))

    derived = look(Peers())
    if any(finding.kind in REGRADED for finding in derived) and (beside := peers()).measured:
        derived = look(beside)
    return merged(recorded, derived)


def seed_noise(group: Iterable[RunRecord]) -> tuple[float | None, int]:
    """Standard deviation of the final validation loss over the finished runs of a group, in nats, and how many there are.

    None for fewer than two.
    """
    losses = [loss for run in group if (loss := sample(run, LOSS).value) is not None]
    return (statistics.stdev(losses) if len(losses) >= 2 else None), len(losses)


def group_of_run(record: RunRecord, runs: Iterable[RunRecord]) -> list[RunRecord]:
    """The runs of the same group, itself included; a run without a group is alone."""
    return [run for run in runs if run.group == record.group] if record.group else [record]
