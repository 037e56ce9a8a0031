"""`refine`: the proposals of `response` become runs of the same study."""

from collections.abc import Callable

from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli

Behave = Callable[[str], None]


def test_what_is_proposed_is_shown_and_on_yes_joins_the_study(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    done = cli.json("study", "quickstart", "--yes")
    plan = cli.json("refine", "quickstart", "--dry-run")
    proposed = cli.json("response", "quickstart")["responses"][0]["next"]
    assert [{key: step[key] for key in proposed[0]} for step in plan["steps"]] == proposed
    due = [row for row in plan["runs"] if row["state"] == "missing"]
    assert due
    assert {row["study"] for row in plan["runs"]} == {"quickstart"}
    after = cli.json("refine", "quickstart", "--yes")
    assert {run["id"] for run in after} - {run["id"] for run in done}
    assert [run["status"] for run in after] == ["finished"] * len(plan["runs"])
    (progress,) = cli.json("study", "status", "quickstart")
    assert progress["finished"] == 3 + len(due)


def test_a_dry_run_says_why_and_queues_nothing(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    cli.json("study", "quickstart", "--yes")
    code, out, err = cli("refine", "quickstart", "--dry-run")
    assert code == 0
    assert "Next: " in err
    assert "to queue" in err
    assert "quickstart/lr=" in out
    assert len(cli.json("ls", "quickstart")) == 3


def test_without_runs_of_its_own_there_is_nothing_to_refine(cli: Cli) -> None:
    code, out, err = cli("refine", "lr-report/phase-2")
    assert (code, out) == (2, "")
    assert "no runs of its own at two learning rates" in err
    assert cli("refine", "nothing")[0] == 3
