"""What reports say: all numbers are those of the statistics, and nothing is markup by accident."""

import csv
import io
import json
import re
import struct
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import ImportFile, Labels, RunDir
from moetui.core.catalogue.records import Scores
from moetui.core.errors import NotFoundError, UsageError
from moetui.core.report.artifacts import FIGURES, FILES, choices
from moetui.core.report.compose import compose
from moetui.core.report.document import Bullets, Command, Document, Heading, Paragraph, table
from moetui.core.report.figures import learning_rates, style
from moetui.core.report.html import html
from moetui.core.report.insights import insights
from moetui.core.report.markdown import markdown
from moetui.core.report.paths import mean_path
from moetui.core.report.results import results_csv
from moetui.core.report.subject import Subject, gather_subject
from moetui.core.report.write import default_directory, report_files, write_report
from moetui.core.runs.lab import Lab
from moetui.core.runs.new_record import record_of_import
from moetui.core.science import findings, wording
from moetui.core.science.measure import LOSS
from moetui.core.shown_text import escaped
from moetui.core.studies.gather import gather
from tests.core.report.labs import GUIDE, SCHEDULES, add_published, add_schedules, guide, trained

PUBLISHED = "step-decay/broken-warmup"
HOSTILE = "x|y</td><script>alert(1)</script>*a*_b_[c](http://d)\n# e &amp; `f`"


def size_of(raw: bytes) -> tuple[int, int]:
    """Width and height of a PNG file."""
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", raw[16:24])
    return width, height


def left_out(subject: Subject) -> dict[str, str]:
    return {choice.artifact.file: choice.reason for choice in choices(subject) if choice.reason}


def report_of(subject: Subject) -> str:
    """The Markdown, without the work of drawing."""
    return markdown(compose(subject, choices(subject)))


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")]

    def handle_data(self, data: str) -> None:
        self.text += data


LADDER = "best_rate_by_size.png"
"""The figure of studies at several sizes."""


def test_all_artifacts_are_written_and_the_pictures_are_pictures(lab: Lab, tmp_path: Path) -> None:
    add_published(lab)
    add_schedules(lab)
    higher = {"optimizer": {"lr": 0.1}, "schedule": {"warmup": 0.05}}
    trained(lab, SCHEDULES, "schedule/baseline@tiny/lr=0.1", 1, higher, lambda update: 7.3)
    written = {path.name: path.read_bytes() for path in write_report(lab, SCHEDULES)}
    assert written.keys() == set(FILES) - {LADDER}
    assert {path.name for path in (tmp_path / "reports" / SCHEDULES).iterdir()} == written.keys()
    for artifact in (one for one in FIGURES if one.file in written):
        width, height = size_of(written[artifact.file])
        assert 700 < width < 3000, artifact.file
        assert 200 < height < 2000, artifact.file


def test_the_same_runs_give_the_same_bytes(lab: Lab) -> None:
    first, second = guide(lab), gather_subject(lab, GUIDE)
    assert report_of(first) == report_of(second)
    assert results_csv(first) == results_csv(second)
    assert insights(first, choices(first)) == insights(second, choices(second))
    assert style.png(learning_rates.draw(first)) == style.png(learning_rates.draw(second))


def test_the_summary_is_that_of_the_statistics(lab: Lab) -> None:
    subject = guide(lab)
    report = report_of(subject)
    (response,) = subject.responses["val_loss"]
    for sentence in (wording.conclusion(subject.comparison), *findings.sentences(response)):
        assert escaped(sentence) in report
    assert "4 settings, 12 runs: 10 finished, 2 diverged." in report
    assert "2 of 3 diverged" in report
    assert escaped(f"moetui refine {GUIDE}") in report
    assert "What documents report" in report
    assert "5.8950" in report  # the published value stands beside


def test_published_values_of_another_size_of_model_are_said_to_be_that(lab: Lab) -> None:
    assert "scores cannot" not in report_of(guide(lab, seeds=1))  # as large as the documents' models
    for run in lab.records():
        if not run.published:
            lab.catalogue.change(run.id, parameters=2_888_832)
    report = report_of(gather_subject(lab, GUIDE))
    assert "Their models have 79.1M parameters, the ones here 2.9M: settings can be compared, scores cannot." in report


def test_every_number_of_the_table_is_that_of_the_statistics_and_has_its_runs(lab: Lab) -> None:
    subject = guide(lab)
    rows = list(csv.DictReader(io.StringIO(results_csv(subject).decode())))
    report = report_of(subject)
    tree = json.loads(insights(subject, choices(subject)))
    assert tree["artifacts"]["learning_rate_analysis.png"] == "written"
    for setting, row, group in zip(subject.settings, rows, tree["comparisons"]["val_loss"]["groups"], strict=True):
        summary = setting.summary
        assert float(row["val_loss_mean"]) == group["mean"] == summary.mean
        assert row["runs"].split() == [sample.record.id for sample in (*setting.counted, *setting.diverged)]
        assert {run["id"] for run in group["runs"]} == set(row["runs"].split())
        cell = wording.spread(summary.mean, summary.low, summary.high, LOSS)
        assert f"| {setting.label} | {setting.n} | {len(setting.diverged) or ''} | {cell} |" in report
        one = subject.comparison.of(setting)
        assert row["verdict"] == (one.verdict if one else "")
    for run in subject.runs:
        assert f"| {run.record.id} |" in report


def test_one_seed_gives_no_verdict_and_says_so(lab: Lab) -> None:
    report = report_of(guide(lab, seeds=1))
    assert "one seed each: no verdict" in report
    assert "no verdict (n = 1)" in report
    assert f"moetui study {GUIDE} --seeds 3" in report
    assert "is better than" not in report


def test_a_study_with_one_learning_rate_says_why_it_has_no_analysis(lab: Lab) -> None:
    add_schedules(lab)
    subject = gather_subject(lab, SCHEDULES)
    assert left_out(subject) == {
        "learning_rate_analysis.png": "no setting was run at two learning rates or more",
        LADDER: "no sweeps of learning rates differ in a size only",
    }
    report = report_of(subject)
    assert "learning_rate_analysis.png is left out" in report
    assert "inflection" in report
    assert "## Response to the learning rate" not in report


def test_published_results_alone_make_a_report(lab: Lab) -> None:
    subject = gather_subject(lab, "exp/all")
    assert left_out(subject).keys() == {
        "learning_rate_analysis.png",
        "metrics_plot.png",
        "val_loss_vs_time.png",
        LADDER,
    }
    report = report_of(subject)
    assert "5.1552 ± 0.0090" in report
    assert "uses 25 % of its horizon of 1000 updates" in report
    assert "moetui refine" not in report


def test_published_learning_rates_are_a_response(lab: Lab) -> None:
    subject = gather_subject(lab, "lr-report/phase-3")
    assert "learning_rate_analysis.png" not in left_out(subject)
    assert "One seed at every learning rate: no verdict there." in report_of(subject)


def test_an_imported_run_without_configuration_makes_a_report(lab: Lab) -> None:
    run = RunDir(lab.workspace.runs / "imp-1")
    run.path.mkdir(parents=True)
    origin = ImportFile(
        id="imp-1",
        name="theirs",
        source="metrics.json",
        format="metrics-json",
        group="",
        created=1.0,
        lr=0.01,
        updates=10,
    )
    write_file(run.import_file, origin)
    record = record_of_import(run, origin, Labels(name="theirs"), "runs/imp-1")
    lab.catalogue.add([record.model_copy(update={"final": Scores(val_loss=5.0, update=10)})])
    subject = gather_subject(lab, "theirs")
    assert "5.0000" in report_of(subject)
    assert left_out(subject)["cosine_annealing_schedules.png"] == "no configuration is known"


def test_where_nothing_has_a_result_the_report_says_so(lab: Lab) -> None:
    trained(lab, "s", "s/a", 1, {}, lambda update: 9.0, status="diverged")
    subject = gather_subject(lab, "s")
    assert "nothing to compare" in report_of(subject)
    assert report_files(subject).keys() == set(FILES) - left_out(subject).keys()


def test_a_run_that_cannot_be_read_is_a_caveat(lab: Lab) -> None:
    gone = trained(lab, "s", "s/a", 1, {}, lambda update: 7.0)
    trained(lab, "s", "s/b", 1, {"optimizer": {"lr": 0.2}}, lambda update: 7.1)
    lab.run_dir(lab.find(gone)).config_file.write_text("{")
    report = report_of(gather_subject(lab, "s"))
    assert f"- {gone} could not be read" in report
    assert "7.1000" in report


def test_hostile_names_are_text_in_every_file_and_the_page_needs_nothing_but_itself(lab: Lab) -> None:
    trained(lab, "s", HOSTILE, 1, {}, lambda update: 7.0)
    files = report_files(gather_subject(lab, "s"))
    page = Page(files["report.html"])
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert page.targets
    assert all(target.startswith("data:image/png;base64,") for target in page.targets)
    assert page.text.count("x|y</td><script>alert(1)</script>*a*_b_[c](http://d) # e &amp; `f`") >= 3
    report = files["report.md"].decode()
    assert "x\\|y\\</td\\>\\<script\\>" in report
    assert "\\[c\\](" in report
    widths = {
        len(re.findall(r"(?<!\\)\|", line)) for line in report.partition("## Results")[2].partition("##")[0].splitlines()
        if line.startswith("|")
    }  # fmt: skip
    assert len(widths) == 1  # no cell was broken up
    rows = list(csv.reader(io.StringIO(files["summary_table.csv"].decode())))
    assert {len(row) for row in rows} == {len(rows[0])}


def test_both_prints_have_the_same_content() -> None:
    blocks = (
        Heading("Title"),
        Paragraph("1. not a list"),
        Bullets(("- a", "snake_case and _emphasis_")),
        table(["name", "empty", "n"], [["a|b", "", "1"]], right=["n"]),
        Command("moetui study x"),
    )
    document = Document("Report", blocks)
    assert markdown(document) == (
        "# Report\n\n## Title\n\n1\\. not a list\n\n- \\- a\n- snake_case and \\_emphasis\\_\n\n"
        "| name | n |\n|---|---:|\n| a\\|b | 1 |\n\n```\nmoetui study x\n```\n"
    )
    text = Page(html(document, {}).encode()).text
    for word in ("Title", "1. not a list", "- a", "snake_case and _emphasis_", "a|b", "moetui study x"):
        assert word in text


def test_a_directory_with_files_is_left_alone_unless_forced(lab: Lab, tmp_path: Path) -> None:
    target = tmp_path / "there"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    (target / "learning_rate_analysis.png").write_text("of an earlier report")
    with pytest.raises(UsageError, match="not empty"):
        write_report(lab, PUBLISHED, target)
    assert len(list(target.iterdir())) == 2
    written = {path.name for path in write_report(lab, PUBLISHED, target, force=True)}
    assert {path.name for path in target.iterdir()} == {"mine.txt", *written}
    assert (target / "mine.txt").read_text() == "mine"
    assert "learning_rate_analysis.png" not in written
    with pytest.raises(UsageError, match="is a file"):
        write_report(lab, PUBLISHED, target / "mine.txt")
    with pytest.raises(NotFoundError):
        write_report(lab, "nothing", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_report_of_a_study_below_is_not_in_the_way(lab: Lab) -> None:
    below = default_directory(lab.workspace.root, f"{PUBLISHED}/more")
    below.mkdir(parents=True)
    (below / "report.md").write_text("below")
    written = write_report(lab, PUBLISHED)
    assert {path.parent for path in written} == {below.parent}
    assert (below / "report.md").read_text() == "below"


@pytest.mark.parametrize("word", ["../../etc", "/etc/passwd", "a/../../b", "..", "a\x00b;c"])
def test_a_name_is_no_way_out_of_the_workspace(tmp_path: Path, word: str) -> None:
    path = default_directory(tmp_path, word)
    assert (tmp_path / "reports") in path.parents
    assert ".." not in path.parts
    assert "\x00" not in str(path)


def test_a_path_is_the_mean_over_the_evaluations_that_all_seeds_have(lab: Lab) -> None:
    add_schedules(lab)
    subject: Subject = gather_subject(lab, SCHEDULES)
    best = subject.settings[0]
    path = mean_path(subject.details_of(best), "val_loss")
    assert path is not None
    assert path.updates == tuple(range(10, 101, 10))
    assert path.seconds[0] == 5.0
    assert path.means[-1] == pytest.approx(best.mean)
    assert path.values[-1].low == pytest.approx(best.summary.low)
    perplexity = mean_path(subject.details_of(best), "val_perplexity")
    assert perplexity is not None
    assert perplexity.means[-1] > 1000
    assert mean_path((), "val_loss") is None


def test_a_study_that_goes_on_says_so(lab: Lab) -> None:
    done = trained(lab, "s", "s/a", 1, {}, lambda update: 7.0)
    (run,) = gather(lab, [lab.find(done)])
    subject = gather_subject(lab, "s")
    waiting = run.record.model_copy(update={"id": "waits", "status": "queued", "final": None})
    going_on = replace(subject, runs=(*subject.runs, replace(run, record=waiting)))
    assert "Not over yet: 1 run may still change" in report_of(going_on)
    assert "Not over yet" not in report_of(subject)
