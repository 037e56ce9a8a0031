"""The studies, read from the repository's runs.json as any workspace would read it."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.report.artifacts import choices
from moetui.core.report.compose import compose
from moetui.core.report.markdown import markdown
from moetui.core.report.subject import Subject, gather_subject
from moetui.core.runs.lab import Lab
from moetui.core.science.groups import Group
from moetui.core.science.response import Response
from moetui.core.workspace import Workspace

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "studies"
PHASE_1, SCHEDULES, GUIDE = "lr-report/phase-1@tiny", "schedule/all@tiny", "lr-guide/twelve@tiny"
WIDTHS = "transfer/width"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Study:
    """One study with its statistics. `published` are all published results of the catalogue, by name."""

    word: str
    subject: Subject
    published: dict[str, RunRecord]

    @property
    def folder(self) -> str:
        """The folder of its report."""
        return self.word.partition("@")[0].replace("/", "-")

    @property
    def configs(self) -> tuple[RunConfig, ...]:
        """The configurations of its runs. Raises `ValueError` if one is not known."""
        found = tuple(run.config for run in self.subject.runs if run.config is not None)
        if len(found) < len(self.subject.runs):
            raise ValueError(f"{self.word}: the configuration of a run is not known")
        return found

    @property
    def response(self) -> Response:
        """The response of the loss to the learning rate, of which there is one."""
        return only(self.subject.responses["val_loss"])

    @property
    def report(self) -> str:
        """The text of its report."""
        return markdown(compose(self.subject, choices(self.subject)))

    def setting(self, name: str, measure: str = "val_loss") -> Group:
        """The setting with this short name. Raises `ValueError` if there is none."""
        return only(group for group in self.subject.comparisons[measure].groups if short(group) == name)

    def scores(self, name: str) -> Scores:
        """The published scores of a name such as `schedule/baseline`."""
        found = self.published[f"published/{name}"].final
        if found is None:
            raise ValueError(f"published/{name} has no scores")
        return found


def gather_studies() -> tuple[Study, Study, Study]:
    """Phase 1 of the learning-rate report, the five schedules and the guide's twelve rates."""
    phase_1, schedules, guide = _gathered(PHASE_1, SCHEDULES, GUIDE)
    return phase_1, schedules, guide


def gather_widths() -> Study:
    """The sweeps at five widths in both parametrizations."""
    return only(_gathered(WIDTHS))


def _gathered(*words: str) -> list[Study]:
    with tempfile.TemporaryDirectory() as place:
        lab = Lab(Workspace(Path(place)))
        lab.workspace.runs_json.write_bytes((ROOT / "runs.json").read_bytes())
        published = {record.name: record for record in lab.records() if record.published}
        return [Study(word, gather_subject(lab, word), published) for word in words]


def short(group: Group) -> str:
    """The learning rate where it is part of the name, else the name of the preset: `0.1`, `aggressive-warmup`."""
    last = group.label.rpartition("/")[2].partition("@")[0]
    return last.removeprefix("lr=")


def only(values: Iterable[T]) -> T:
    """The one value that all of these are. Raises `ValueError` if they differ, as then no sentence about all of them is true."""
    found: list[T] = []
    for value in values:
        if value not in found:
            found.append(value)
    if len(found) != 1:
        raise ValueError(f"not one value, but {len(found)}")
    return found[0]
