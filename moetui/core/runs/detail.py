"""Everything there is to tell of one run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.health.measured import Measured
from engine.runfiles.history import read_records
from engine.runfiles.metrics import Record, number
from engine.runfiles.rundir import Finding, RunDir
from engine.spec.config import RunConfig
from moetui.core import format as fmt
from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.errors import LabError
from moetui.core.planning.plan import flat_config
from moetui.core.planning.settings import nest
from moetui.core.runs.health import findings, group_of_run
from moetui.core.runs.lab import Lab
from moetui.core.runs.looked_at import LookedAt, look_at
from moetui.core.runs.recorded import recorded_config
from moetui.core.runs.same_order import SameOrder
from moetui.core.runs.scores_alone import judge_scores

LABEL = 12
"""Width of the names of the facts of a run."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One run with its configuration, provenance, findings and measurements; a record without a directory has no measurements.

    Of a run that was trained elsewhere the configuration may be None; `known` are then the keys that its source tells. `looked_at`
    is what the findings rest on, `rise` a sentence on the scores of a record without a curve.
    """

    record: RunRecord
    config: RunConfig | None
    known: dict[str, Any]
    provenance: dict[str, Any]
    findings: tuple[Finding, ...]
    traceback: str
    records: tuple[Record, ...]
    looked_at: LookedAt
    rise: str = ""
    stopped_early: bool = False
    retries: int = 0
    """How often the run may be tried again."""

    def tree(self, *, history: bool) -> dict[str, Any]:
        """The run for `show --json`."""
        tree = self.record.model_dump() | {
            "config": nest(self.known),
            "config_complete": self.config is not None,
            "retries": self.retries,
            "provenance": self.provenance,
            **self._found(),
            "traceback": self.traceback,
        }
        return tree | {"history": list(self.records)} if history else tree

    def health_tree(self) -> dict[str, Any]:
        """The findings for `health --json`."""
        run = self.record
        return {"id": run.id, "name": run.name, "status": run.status} | self._found()

    def _found(self) -> dict[str, Any]:
        return {
            "findings": [finding.model_dump() for finding in self.findings],
            "looked_at": self.looked_at.tree(),
            "rise": self.rise,
        }

    def health(self) -> Iterator[str]:
        """The findings for people, and what was looked at where that needs to be known."""
        for finding in self.findings:
            yield f"{finding.severity}: {finding.kind} at update {finding.update}: {finding.evidence}; {finding.advice}"
        yield from filter(None, (self.rise, self.looked_at.sentence(found=bool(self.findings))))

    def lines(self) -> Iterator[str]:
        """The run for people."""
        yield f"{self.record.name}  ({self.record.id})"
        yield from self.facts()
        yield ""
        yield "configuration" if self.config else "configuration, as far as it is known"
        yield from (f"  {line}" for line in self.settings())
        if self.provenance:
            yield ""
            yield "provenance"
            yield from (f"  {line}" for line in self.origins())
        if self.traceback:
            yield ""
            yield self.traceback.rstrip()

    def facts(self) -> Iterator[str]:
        """What became of the run, and what was found on the way."""
        run = self.record
        yield f"status      {run.status}{f' – {run.reason}' if run.reason else ''}"
        yield f"updates     {run.update} of {run.updates}"
        if self.retries or run.retried:
            yield f"retries     {run.retried or 0} of {self.retries}"
        yield f"final       {_scores(run.final)}"
        yield f"best        {_scores(run.best)}"
        yield f"parameters  {fmt.count(run.parameters)}, {fmt.count(run.active_parameters)} active per token"
        yield f"times       created {fmt.moment(run.created)}, started {fmt.moment(run.started)}, ended {fmt.moment(run.ended)}"
        yield f"device      {run.device or '–'}{f', {fmt.count(run.tokens_per_second)} tokens/s' if run.tokens_per_second else ''}"
        if noise := noise_scale(self.records):
            yield f"noise scale {noise}"
        for label, value in (
            ("study", run.study),
            ("source", run.source),
            ("tags", " ".join(run.tags)),
            ("note", run.note),
        ):
            if value:
                yield f"{label:<{LABEL}}{value}"
        if run.path:
            yield f"directory   {run.path}"
        yield from (f"health      {line}" for line in self.health())

    def settings(self) -> Iterator[str]:
        """The configuration as far as it is known, one key on a line."""
        return (f"{key} = {value}" for key, value in self.known.items())

    def origins(self) -> Iterator[str]:
        """What is needed to repeat the run: versions, commit, host, command."""
        return (f"{key}: {_fact(value)}" for key, value in self.provenance.items() if key != "git_diff" or value)


def detail(lab: Lab, record: RunRecord, beside: SameOrder | None = None) -> Detail:
    """Read everything about a run. `beside` keeps what was read of the others, for a caller that looks at several.

    Raises `DamagedFile` or `FileNotFoundError` if its config.json is damaged or gone.
    """
    if not record.path:
        return _of_record_alone(lab, record)
    run = lab.run_dir(record)
    result, state = run.result(), run.state()
    config, known, facts = _told(run)
    if state is not None:
        facts["trained_on"] = f"{state.device_name or state.device} of {state.host}"
        if state.compiled:
            facts["compiled"] = state.compiled
    records = read_records(run.metrics_file)
    measured = Measured(records)
    now, runs = lab.see(record), lab.records()
    return Detail(
        record=now,
        config=config,
        known=known,
        provenance=facts,
        findings=findings(
            measured,
            config,
            recorded=result.findings if result else (),
            group=group_of_run(now, runs),
            peers=lambda: (beside or SameOrder(lab)).peers(now, runs),
        ),
        traceback=result.traceback if result else "",
        records=tuple(records),
        looked_at=look_at(now, measured),
        stopped_early=result is not None and result.stopped_early,
        retries=run.retries(),
    )


def _of_record_alone(lab: Lab, record: RunRecord) -> Detail:
    """What is left to tell of a run without a directory. A published result is nothing without its preset, others are."""
    facts = {"source": record.source} if record.source else {}
    known: dict[str, Any] = dict(record.settings or record.point)
    config: RunConfig | None = None
    try:
        config = recorded_config(lab.library(), record)
        known = flat_config(config)
    except LabError as error:
        if record.published:
            raise
        facts |= {"configuration": str(error)}
    found, rise = judge_scores(record, lab.records())
    return Detail(record, config, known, facts, found, "", (), looked_at=look_at(record, Measured()), rise=rise)


def _told(run: RunDir) -> tuple[RunConfig | None, dict[str, Any], dict[str, Any]]:
    """Configuration, the settings that are known, and the provenance of a run."""
    origin = run.imported()
    entry = None if origin and not run.config_file.exists() else run.config()
    facts = dict(entry.provenance) if entry else {}
    if entry and (parent := entry.parent) is not None:
        facts["parent"] = f"{parent.id}, checkpoint {parent.checkpoint} of update {parent.update}"
    if entry and entry.devices > 1:
        facts["devices"] = entry.devices
    if origin:
        facts |= {"imported": f"from {origin.source} ({origin.format})"} | origin.facts
        facts |= {"notes": "; ".join(origin.notes)} if origin.notes else {}
    config = entry.config if entry else None
    return config, flat_config(config) if config else dict(origin.settings if origin else {}), facts


def _scores(scores: Scores | None) -> str:
    if scores is None:
        return "–"
    words = [
        f"validation loss {fmt.loss(scores.val_loss)}",
        f"accuracy {fmt.percent(scores.val_accuracy)}",
        f"perplexity {fmt.number(scores.val_perplexity)}",
    ]
    if scores.update is not None:
        words.append(f"at update {scores.update}")
    if scores.seconds is not None:
        words.append(f"after {fmt.duration(scores.seconds)} of training")
    return ", ".join(words)


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value)


def noise_scale(records: Sequence[Record]) -> str:
    """The newest gradient noise scale in words; empty if none was measured."""
    knowing = [record for record in records if "noise_scale" in record]
    newest = next((record for record in reversed(knowing) if number(record["noise_scale"])), None)
    if newest is None:
        return ""
    apart = [
        f"{key.removeprefix('noise_scale_')} {fmt.count(value)}"
        for key in newest
        if key.startswith("noise_scale_") and (value := number(newest[key])) is not None
    ]
    whole = f"{fmt.count(number(newest['noise_scale']))} sequences without the embedding"
    groups = f" ({', '.join(apart)})" if apart else ""
    return f"{whole} at update {newest['update']}{groups}"
