"""`plan` from the command line."""

import pytest

from tests.cli.conftest import Cli

LADDER = ("--to", "width=256", "--ladder", "width=32,64,96,128")


def test_splits_are_shown_with_what_they_are_expected_to_tell(cli: Cli) -> None:
    code, out, err = cli("plan", "transfer/width", *LADDER, "--precision", "0.3", "--dry-run")
    assert code == 0, err
    assert "×/÷" in out
    assert "→" in out
    assert "transfer/width/width=" in out
    assert "defaults stand" in err
    assert "the best rate at width 256 within" in err
    found = cli.json("plan", "transfer/width", "--budget", "4h", "--dry-run")
    (chosen,) = [split for split in found["splits"] if split["proposed"]]
    assert len(found["runs"]) == chosen["runs_due"] == chosen["rates"] * chosen["seeds"]
    assert chosen["half_width"] <= found["precision"]
    assert found["budget"] == 4 * 3600
    assert found["estimate"]["seconds"] == pytest.approx(chosen["seconds"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--budget", "soon"], "write a time"),
        (["--budget", "1s"], "the least that tells something"),
        (["--to", "width=256"], "give both"),
        (["--to", "batch=8", "--ladder", "width=32,64,96"], "of another axis, width"),
        (["--to", "width=256", "--ladder", "width=32,64"], "three to ten sizes"),
        (["--to", "width=99999", "--ladder", "width=32,64,96"], "bear predictions up to"),
        (["--set", "optimizer.lrr=1"], "did you mean optimizer.lr"),
    ],
)
def test_what_cannot_be_planned_is_refused(cli: Cli, arguments: list[str], words: str) -> None:
    code, _, err = cli("plan", "transfer/width", *arguments, "--dry-run")
    assert (code, words in err) == (2, True), err
