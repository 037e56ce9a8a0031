"""What is known of the runs of several hosts, as one list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from rich.text import Text

from engine.spec.harmless import harmless, one_line
from moetui.core.catalogue.records import RunRecord
from moetui.tui.widgets.columns import Column
from moetui.tui.widgets.listing import Listing, RunIndex, View
from moetui.tui.widgets.run_columns import columns_of

HERE: Final = "here"
_SEPARATOR: Final = ":"
_COLUMNS: Final = ("status", "lr", "seed", "val_loss", "updates", "created", "study", "id")

HOST: Final = Column(
    key="host",
    title="host",
    width=9,
    text=lambda run: host_of(run) or HERE,
    value=lambda run: host_of(run),
    numeric=False,
    most=20,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host has told last: its runs, and why it tells no more, if so. Before the first answer `runs` is None."""

    runs: tuple[RunRecord, ...] | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The runs of this workspace, and the answers of hosts by their names."""

    here: tuple[RunRecord, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=lambda: MappingProxyType({}))

    def heard(self, host: str, runs: Sequence[RunRecord] | None, fault: str) -> "Gathered":
        """With a new answer of a host; one that does not answer keeps the runs that it had."""
        known = self.answers.get(host, Answer())
        answer = Answer(known.runs if runs is None else tuple(_named(host, run) for run in runs), fault)
        return replace(self, answers=MappingProxyType({**self.answers, host: answer}))

    def listing(self, *, pending: bool) -> Listing:
        """All runs, or those that have not ended, the newest first."""
        everything = [*self.here, *(run for answer in self.answers.values() for run in answer.runs or ())]
        shown = [run for run in everything if (run.pending or not pending) and not run.published]
        shown.sort(key=lambda run: run.created, reverse=True)
        listing = RunIndex(shown).listing(View(columns=_COLUMNS))
        name, *others = columns_of(_COLUMNS)
        return replace(listing, columns=(name, HOST, *others))

    def caption(self) -> Text:
        """How many runs each host has, and which does not answer."""
        line = Text(no_wrap=True, overflow="ellipsis").append(f"{HERE} {_counted(self.here)}")
        for host, answer in self.answers.items():
            line.append(" · ").append(host, "bold")
            if answer.runs is None and not answer.fault:
                line.append(" …", "dim")
            elif answer.runs is not None:
                line.append(f" {_counted(answer.runs)}")
            if answer.fault:
                line.append(" does not answer", "bold red")
        return line

    def faults(self) -> Text:
        """Why hosts do not answer, one line each."""
        lines = [f"{host}: {answer.fault}" for host, answer in self.answers.items() if answer.fault]
        return Text("\n").join(
            Text(one_line(harmless(line)), "red", no_wrap=True, overflow="ellipsis") for line in lines
        )


def host_of(run: RunRecord) -> str:
    """The host of a run of a gathered list; "" for this workspace."""
    host, separator, _ = run.id.partition(_SEPARATOR)
    return host if separator else ""


def about(run: RunRecord | None) -> Text:
    """What can be done about a run of another host."""
    if run is None:
        return Text()
    host, _, run_id = run.id.rpartition(_SEPARATOR)
    what = f"{run.id} {run.status}" if not host else f"moetui --host {host} show {run_id}"
    words = one_line(harmless(f"{what}{f' · {run.reason}' if run.reason else ''}"))
    return Text(words, "dim", no_wrap=True, overflow="ellipsis")


def _named(host: str, run: RunRecord) -> RunRecord:
    """A run under an id that none of this workspace has, and without a directory here."""
    return run.model_copy(update={"id": f"{host}{_SEPARATOR}{run.id}", "path": ""})


def _counted(runs: Sequence[RunRecord]) -> str:
    own = [run for run in runs if not run.published]
    return f"{sum(run.live for run in own)} live of {len(own)}"
