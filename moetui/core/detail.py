"""Everything there is to tell of one run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.config import RunConfig
from engine.metrics import Record
from engine.rundir import Finding, RunFile
from moetui.core import format as fmt
from moetui.core.history import History
from moetui.core.lab import Lab
from moetui.core.plan import flat_config
from moetui.core.published import published_config
from moetui.core.records import RunRecord, Scores


@dataclass(frozen=True, slots=True)
class Detail:
    """One run with its configuration, provenance, findings and measurements; a published result has no measurements."""

    record: RunRecord
    config: RunConfig
    provenance: dict[str, Any]
    findings: tuple[Finding, ...]
    traceback: str
    records: tuple[Record, ...]

    def tree(self, *, history: bool) -> dict[str, Any]:
        """The run for `show --json`."""
        tree = self.record.model_dump() | {
            "config": self.config.model_dump(mode="json"),
            "provenance": self.provenance,
            "findings": [finding.model_dump() for finding in self.findings],
            "traceback": self.traceback,
        }
        return tree | {"history": list(self.records)} if history else tree

    def lines(self) -> Iterator[str]:
        """The run for people."""
        yield f"{self.record.name}  ({self.record.id})"
        yield from self.facts()
        yield ""
        yield "configuration"
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
        yield f"final       {_scores(run.final)}"
        yield f"best        {_scores(run.best)}"
        yield f"parameters  {fmt.count(run.parameters)}, {fmt.count(run.active_parameters)} active per token"
        yield f"times       created {fmt.moment(run.created)}, started {fmt.moment(run.started)}, ended {fmt.moment(run.ended)}"
        yield f"device      {run.device or '–'}{f', {fmt.count(run.tokens_per_second)} tokens/s' if run.tokens_per_second else ''}"
        for label, value in (
            ("study", run.study),
            ("source", run.source),
            ("tags", " ".join(run.tags)),
            ("note", run.note),
        ):
            if value:
                yield f"{label:<11} {value}"
        if run.path:
            yield f"directory   {run.path}"
        for finding in self.findings:
            yield f"{finding.severity:<11} {finding.kind} at update {finding.update}: {finding.evidence}. {finding.advice}"

    def settings(self) -> Iterator[str]:
        """The resolved configuration, one key on a line."""
        return (f"{key} = {value}" for key, value in flat_config(self.config).items())

    def origins(self) -> Iterator[str]:
        """What is needed to repeat the run: versions, commit, host, command."""
        return (f"{key}: {_fact(value)}" for key, value in self.provenance.items() if key != "git_diff" or value)


def detail(lab: Lab, record: RunRecord) -> Detail:
    """Read everything about a run. Raises `DamagedFile` or `FileNotFoundError` if its config.json is damaged or gone."""
    if not record.path:
        config = published_config(lab.library(), record)
        return Detail(record, config, {"source": record.source}, (), "", ())
    run = lab.run_dir(record)
    entry: RunFile = run.config()
    result, state = run.result(), run.state()
    history = History(run.metrics_file)
    history.refresh()
    facts = dict(entry.provenance)
    if entry.parent is not None:
        facts["parent"] = f"{entry.parent.id}, checkpoint {entry.parent.checkpoint} of update {entry.parent.update}"
    if state is not None:
        facts["trained_on"] = f"{state.device_name or state.device} of {state.host}"
    return Detail(
        record=lab.see(record),
        config=entry.config,
        provenance=facts,
        findings=result.findings if result else (),
        traceback=result.traceback if result else "",
        records=tuple(history.records),
    )


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
