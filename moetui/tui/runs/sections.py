"""What the page of one run, or of several, says in words, section by section. Reads files: belongs in a thread."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from rich.text import Text

from engine.rundir import DamagedFile
from moetui.core.detail import Detail, detail
from moetui.core.errors import LabError
from moetui.core.lab import Lab
from moetui.core.records import RunRecord
from moetui.tui.chart import slot
from moetui.tui.runs import wording

Section = Literal["curves", "facts", "config", "origin"]
SECTIONS: tuple[Section, ...] = get_args(Section)
TITLES: Mapping[Section, str] = {
    "curves": "c Curves",
    "facts": "f Facts",
    "config": "g Config",
    "origin": "p Provenance",
}


def section_line(shown: Section) -> Text:
    """The sections with their keys, the shown one set off, and the log, which has a screen of its own."""
    line = Text(no_wrap=True, overflow="ellipsis")
    for section, title in TITLES.items():
        line.append(f" {title} ", "reverse bold" if section == shown else "dim")
    return line.append(" l Log ", "dim")


def section_text(lab: Lab, runs: Sequence[RunRecord], slots: Mapping[str, int], section: Section) -> Text:
    """The words of a section. A file that cannot be read is said in its place."""
    if len(runs) > 1 and section == "facts":
        return Text("\n").join(_signed(run, slots, wording.summary(run)) for run in runs)
    details: dict[str, Detail] = {}
    faults = Text()
    for run in runs:
        try:
            details[run.id] = detail(lab, run)
        except (LabError, DamagedFile, OSError) as error:
            faults.append(f"{run.name}: {error}\n", "red")
    if len(runs) == 1:
        words = [_alone(found, section) for found in details.values()]
    elif section == "config":
        words = [_differences(runs, slots, details)]
    else:
        words = [
            _signed(run, slots, Text(run.name, "bold")).append("\n").append("\n".join(details[run.id].origins()) + "\n")
            for run in runs
            if run.id in details
        ]
    return Text("\n").join([*([faults] if faults else []), *words])


def _alone(found: Detail, section: Section) -> Text:
    if section == "config":
        return Text("\n".join(found.settings()))
    if section == "origin":
        return Text("\n".join(found.origins()) or "Nothing was noted of where this run comes from.")
    text = Text("\n".join(found.facts()))
    return text.append(f"\n\n{found.traceback.rstrip()}", "red") if found.traceback else text


def _differences(runs: Sequence[RunRecord], slots: Mapping[str, int], details: Mapping[str, Detail]) -> Text:
    """The keys in which the configurations differ, each with the value of every run of which it is known."""
    configs = {run_id: found.known for run_id, found in details.items()}
    keys = dict.fromkeys(key for config in configs.values() for key in config)
    parts = []
    for key in keys:
        values = {run_id: config[key] for run_id, config in configs.items() if key in config}
        if len({str(value) for value in values.values()}) > 1:
            part = Text(key, "bold")
            for run in runs:
                if run.id in values:
                    part.append("\n  ").append_text(_signed(run, slots, Text(f"{values[run.id]}  "))).append(
                        run.name, "dim"
                    )
            parts.append(part)
    return Text("\n").join(parts) if parts else Text("The configurations are the same.")


def _signed(run: RunRecord, slots: Mapping[str, int], text: Text) -> Text:
    look = slot(slots.get(run.id, 0))
    return Text(f"{look.marker} ", look.color).append_text(text)
