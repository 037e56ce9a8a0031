"""`report` on the command line."""

from pathlib import Path

from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli

STUDY = "step-decay/broken-warmup"


def test_a_report_is_one_command_in_a_fresh_workspace(cli: Cli, lab: Lab) -> None:
    code, out, err = cli("report", STUDY)
    assert (code, err) == (0, "")
    paths = [Path(line) for line in out.splitlines()]
    assert paths[0] == lab.workspace.root / "reports" / STUDY / "report.md"
    assert all(path.is_file() for path in paths)
    code, out, err = cli("report", STUDY)
    assert (code, out) == (2, "")
    assert "--force" in err
    assert [Path(row["path"]) for row in cli.json("report", STUDY, "--force")] == paths


def test_what_has_no_runs_has_no_report(cli: Cli, lab: Lab) -> None:
    code, out, err = cli("report", "schedule/nothing", "-o", str(lab.workspace.root / "here"))
    assert (code, out) == (3, "")
    assert "schedule/nothing" in err
    assert not (lab.workspace.root / "here").exists()
