"""Ladders in reports: the section, the figure, the numbers."""

import orjson
import pytest

from moetui.core.report.figures import ladders
from moetui.core.report.subject import gather_subject
from moetui.core.report.write import report_files
from moetui.core.runs.lab import Lab
from tests.core.report.artists import lines
from tests.core.report.labs import guide
from tests.tui.compare.ladders import add_ladder


def test_a_ladder_has_a_section_with_a_figure_and_its_numbers(lab: Lab) -> None:
    add_ladder(lab)
    add_ladder(lab, 0.0, muon_scale="spectral")
    subject = gather_subject(lab, "study:ladder")
    assert len(subject.ladders) == 2
    figure = ladders.draw(subject)
    assert len(figure.axes) == 2
    for axes, one in zip(figure.axes, subject.ladders, strict=True):
        assert one.line is not None
        (star,) = [(x, y) for line, x, y in lines(axes) if line.get_marker() == "*"]
        assert [value for part in star for value in part] == pytest.approx([512.0, one.line.at(512).lr])
        assert axes.get_xscale() == axes.get_yscale() == "log"
    assert [axes.get_title() for axes in figure.axes] == [
        f"optimizer.muon_scale = {dict(one.setting)['optimizer.muon_scale']}" for one in subject.ladders
    ]
    files = report_files(subject)
    text = files["report.md"].decode()
    section = text.partition("## Best rate by size")[2].partition("## ")[0]
    assert "Leaving out the largest" in section
    assert "best_rate_by_size.png" in section
    assert files["best_rate_by_size.png"].startswith(b"\x89PNG")
    numbers = orjson.loads(files["insights.json"])["ladders"]
    assert [one["prediction"]["size"] for one in numbers] == [512.0, 512.0]
    assert report_files(subject) == files


def test_a_study_at_one_size_has_none(lab: Lab) -> None:
    files = report_files(guide(lab))
    assert "best_rate_by_size.png" not in files
    assert "## Best rate by size" not in files["report.md"].decode()
