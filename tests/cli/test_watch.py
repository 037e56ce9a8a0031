"""`watch`, `show` and `keys` where there is no terminal."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from moetui.core.preferences import workspace_file
from moetui.core.queue.queueing import hold
from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli
from tests.tui.lab_on_disk import end_run, start, write_run


def test_watch_prints_the_block_once_and_leaves(cli: Cli, lab: Lab) -> None:
    end_run(lab, write_run(lab, "a", name="first"), "failed")
    for arguments in (("watch",), ("watch", "first", "--once"), ("watch", "--charset", "ascii")):
        code, out, err = cli(*arguments)
        assert (code, err) == (0, "")
        assert "first" in out
        assert "Loss" in out
        assert "\x1b" not in out
        assert out.isascii() == ("ascii" in arguments)
    assert [run["name"] for run in cli.json("watch", "first", "--once")] == ["first"]


def test_show_draws_loss_and_learning_rate_and_json_stays_clean(cli: Cli, lab: Lab) -> None:
    code, published, _ = cli("show", "published/schedule/baseline")
    assert code == 0
    assert "Learning rate" not in published  # of a result there is nothing to draw
    end_run(lab, write_run(lab, "a", name="first"))
    code, out, _ = cli("show", "first")
    assert code == 0
    assert "Loss" in out
    assert "Learning rate" in out
    assert cli.json("show", "first")["name"] == "first"


def test_keys_are_listed_as_the_settings_have_them(cli: Cli, lab: Lab) -> None:
    workspace_file(lab.workspace).write_text('[keys.live]\nstop = "f9"\nlogg = "x"\n')
    code, out, err = cli("keys", "live")
    assert code == 0
    assert "f9" in out
    assert err == f"moetui: {workspace_file(lab.workspace)}:3: no such action: logg; did you mean log?\n"
    (stop,) = [row for row in cli.json("keys") if (row["place"], row["action"]) == ("live", "stop")]
    assert stop["keys"] == ["f9"]
    code, _, err = cli("keys", "lives")
    assert code == 3
    assert "did you mean live?" in err


@pytest.mark.parametrize("columns", [60, 150])
def test_a_pipe_gets_the_width_that_columns_asks_for(
    cli: Cli, lab: Lab, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    end_run(lab, write_run(lab, "a", name="first"))
    monkeypatch.setenv("COLUMNS", str(columns))
    _, out, _ = cli("watch", "--once")
    assert columns - 12 < max(map(len, out.splitlines())) <= columns


def streamed(cli: Cli, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    code, out, err = cli("watch", "--json", *arguments)
    assert err == ""
    return code, [json.loads(line) for line in out.splitlines()]


def test_several_runs_are_streamed_with_every_record_and_their_ends(cli: Cli, lab: Lab) -> None:
    end_run(lab, write_run(lab, "a", updates=20))
    end_run(
        lab, write_run(lab, "b", updates=10), "diverged", update=3, loss=lambda update: math.nan if update > 2 else 5.0
    )
    code, events = streamed(cli, "a", "b")
    assert code == 4
    assert [one["event"] for one in events if one["run"] == "a"] == ["record"] * 20 + ["ended"]
    assert [one.get("train_loss") for one in events if one["run"] == "b"] == [5.0, 5.0, "nan", None]
    ended = [
        (one["run"], one["status"], one["update"], "val_loss" in one["final"])
        for one in events
        if one["event"] == "ended"
    ]
    assert ended == [("a", "finished", 20, True), ("b", "diverged", 3, True)]


@pytest.mark.slow
def test_a_run_is_streamed_while_it_goes_on(cli: Cli, lab: Lab, fake_engine: Callable[[str], None]) -> None:
    fake_engine("finish")
    record = write_run(lab, "a", updates=5)
    start(lab, record)
    code, events = streamed(cli)
    assert code == 0
    assert {one["update"] for one in events if one["event"] == "record"} == set(range(1, 6))
    assert [one["status"] for one in events if one["event"] != "record"][-1] == "finished"
    assert events[-1]["event"] == "ended"
    assert streamed(cli) == (0, [])


def test_a_stream_in_which_nothing_happens_ends_when_its_time_is_up(cli: Cli, lab: Lab) -> None:
    write_run(lab, "a")
    hold(lab, lab.find("a"))
    code, events = streamed(cli, "a", "--timeout", "0.1")
    assert (code, [one["status"] for one in events]) == (1, ["held"])
