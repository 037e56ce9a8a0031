from typing import get_args

import pytest

from engine.runfiles.rundir import Phase, State
from moetui.core.catalogue.records import RunRecord, Scores, Status
from moetui.core.query.fields import FACTS
from moetui.tui.chart.palette import slot
from moetui.tui.live.row import Entry, head_line, run_line, widths_for

STATUSES = [status for status in get_args(Status) if status != "published"]


def run(status: Status = "running", **fields: object) -> RunRecord:
    return RunRecord.model_validate(
        {"id": "a", "name": "quickstart/lr=0.05", "status": status, "update": 30, "updates": 120, "started": 100.0}
        | fields
    )


def state(phase: Phase = "running", eta: float | None = 83.0) -> State:
    return State(
        phase=phase, updates=120, eta_seconds=eta, heartbeat=0.0, started=0.0, pid=1, host="", boot_id=""
    )  # fmt: skip


def text(entry: Entry, width: int = 80, *, cursor: bool = False) -> str:
    return "".join(cell.text for cell in run_line(entry, widths_for(width), cursor=cursor))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_every_line_fills_the_width_whatever_the_state_says(status: Status, width: int) -> None:
    entry = Entry(run(status, reason="a very long reason " * 20, name="n" * 100), state(), slot(0), 123456.789, 5.1)
    head = "".join(cell.text for cell in head_line("following the newest", widths_for(width)))
    assert len(text(entry, width)) == len(head) <= width


@pytest.mark.parametrize("status", STATUSES)
def test_every_state_has_its_word_and_a_symbol_before_it(status: Status) -> None:
    words = text(Entry(run(status))).split()
    at = words.index(status)
    assert len(words[at - 1]) == 1


def test_a_live_run_shows_progress_throughput_the_time_left_and_its_losses() -> None:
    line = text(Entry(run(tokens_per_second=6200.0), state(), slot(0), 5.4641, 5.6972))
    assert line.rstrip().endswith("━━──────  25%   6.2k       1:23  5.464  5.697")


def test_a_wide_line_also_counts_the_updates() -> None:
    assert " 30/120 " in text(Entry(run()), 120)
    assert " 30/120 " not in text(Entry(run()), 80)


def test_an_ended_run_shows_how_long_it_took() -> None:
    ended = run("finished", update=120, ended=185.0, final=Scores(val_loss=5.0))
    assert " 100% " in text(Entry(ended))
    assert " in 1:25 " in text(Entry(ended))


def test_the_time_of_an_ended_run_is_that_of_the_list_of_runs() -> None:
    ended = run("finished", update=120, ended=185.0, final=Scores(val_loss=5.0, seconds=50.0))
    assert f" in {FACTS['seconds'].write(ended)} " in text(Entry(ended))
    assert " in 50.0 s " in text(Entry(ended))


def test_time_below_a_minute_keeps_its_shape() -> None:
    assert " 0:07 " in text(Entry(run(), state(eta=7.2)))


def test_a_run_that_evaluates_says_so_in_place_of_the_time_left() -> None:
    assert " evaluating " in text(Entry(run(), state("evaluating")))


def test_a_starting_run_says_what_it_is_busy_with() -> None:
    assert "training the tokenizer" in text(Entry(run("starting", update=0, reason="training the tokenizer")))


def test_a_run_that_broke_says_where_and_why() -> None:
    assert "30/120 · killed by SIGKILL" in text(Entry(run("killed", reason="killed by SIGKILL")))


def test_only_charted_runs_have_a_marker_and_only_one_has_the_cursor() -> None:
    assert slot(2).marker in text(Entry(run(), slot=slot(2)))
    assert slot(2).marker not in text(Entry(run()))
    assert text(Entry(run()), cursor=True).startswith("›")
    assert text(Entry(run())).startswith(" ")


def test_text_of_users_and_errors_cannot_break_the_columns() -> None:
    plain = text(Entry(run("failed", reason="no", name="short")))
    wild = text(Entry(run("failed", reason="表 [bold]\n\t\x1b[31m", name="名前 [red]\x07")))
    assert len(wild) == len(plain)
    assert "[bold]" in wild
    assert wild.isprintable()


def test_a_loss_that_is_not_a_number_is_shown_as_such() -> None:
    assert text(Entry(run(), train_loss=float("nan"))).split()[-2] == "nan"
