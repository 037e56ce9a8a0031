"""What the page of one run, or of several, says in words, section by section. Reads files: belongs in a thread."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Literal, get_args

from rich.text import Text

from engine.runfiles.jsonfile import DamagedFile
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.runs.detail import LABEL, Detail, detail
from moetui.core.runs.lab import Lab
from moetui.core.runs.same_order import SameOrder
from moetui.tui.chart.palette import slot
from moetui.tui.run import wording
from moetui.tui.run.side_by_side import side_by_side
from moetui.tui.widgets.clickable import clickable

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
        look = "reverse bold" if section == shown else "dim"
        line.append(f" {title} ", clickable(look, f"screen.section({section!r})"))
    return line.append(" l Log ", clickable("dim", "screen.log"))


def section_text(
    lab: Lab, runs: Sequence[RunRecord], slots: Mapping[str, int], section: Section, *, width: int, whole: bool = False
) -> Text:
    """The words of a section, for so many cells. A file that cannot be read is said in its place.

    `whole`: show of the configurations of several runs what they have in common as well.
    """
    if len(runs) > 1 and section == "facts":
        return Text("\n").join(_signed(run, slots, wording.summary(run)) for run in runs)
    details: dict[str, Detail] = {}
    faults = Text()
    beside = SameOrder(lab)
    for run in runs:
        try:
            details[run.id] = detail(lab, run, beside)
        except (LabError, DamagedFile, OSError) as error:
            faults.append(f"{run.name}: {error}\n", "red")
    if len(runs) == 1:
        words = [_alone(found, section, width) for found in details.values()]
    elif section == "config":
        configs = {run_id: found.known for run_id, found in details.items()}
        words = [side_by_side(runs, configs, slots, width, whole=whole)]
    else:
        words = [
            _signed(run, slots, Text(run.name, "bold")).append("\n").append("\n".join(details[run.id].origins()) + "\n")
            for run in runs
            if run.id in details
        ]
    return Text("\n").join([*([faults] if faults else []), *words])


def _alone(found: Detail, section: Section, width: int) -> Text:
    if section == "config":
        return Text("\n".join(found.settings()))
    if section == "origin":
        return Text("\n".join(found.origins()) or "Nothing was noted of where this run comes from.")
    hanging = " " * LABEL
    facts = (fill(line, max(width, 2 * LABEL), subsequent_indent=hanging) for line in found.facts())
    text = Text("\n".join(facts))
    return text.append(f"\n\n{found.traceback.rstrip()}", "red") if found.traceback else text


def _signed(run: RunRecord, slots: Mapping[str, int], text: Text) -> Text:
    look = slot(slots[run.id]) if run.id in slots else None
    return (Text(f"{look.marker} ", look.color) if look else Text("  ")).append_text(text)
