"""The keys of the charts on the Live screen and on the page of a run."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from textual.widgets import Static

from engine.runfiles.jsonfile import write_file
from engine.runfiles.metrics import MetricsWriter
from engine.runfiles.rundir import Finding, Result
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs import curves as curves_module
from moetui.core.runs.lab import Lab
from moetui.core.user_state import workspace_state_file
from moetui.tui.actions import actions_of
from moetui.tui.chart.spec import ChartSpec
from moetui.tui.chart.widget import Chart
from moetui.tui.curves.board import BOARD_FILE, Board, KeptBoard
from moetui.tui.curves.grid import CurveGrid
from moetui.tui.dialogs.pick import Pick
from moetui.tui.live.screen import LiveScreen
from moetui.tui.run.page import RunPage
from tests.tui.compare.labs import trained
from tests.tui.lab_on_disk import end_run, write_run
from tests.tui.screens.test_live import LARGE, SMALL, TINY, Watched, ended_study, live


def spec_of(watched: Watched, title: str) -> ChartSpec:
    return next(chart.spec for chart in watched.app.screen.query(Chart) if chart.spec.title == title)


def shown(watched: Watched) -> list[str]:
    return [chart.spec.title for chart in watched.app.screen.query(Chart) if chart.display]


Seen = Callable[[ChartSpec], object]


def loss_is(watched: Watched, seen: Seen, expected: object) -> bool:
    return seen(spec_of(watched, "Loss")) == expected


KEYS: list[tuple[str, Seen, object, object]] = [
    ("x", lambda spec: spec.x_label, "updates", "tokens"),
    ("L", lambda spec: spec.y_log, False, True),
    ("y", lambda spec: "close" in spec.note, True, False),
    ("w", lambda spec: "smooth" in spec.note, False, True),
    ("i", lambda spec: spec.x_range, (0.0, 100.0), (25.0, 75.0)),
    ("full_stop", lambda spec: spec.cursor, None, 100.0),
    ("less_than_sign", lambda spec: spec.cursor, None, 100.0),
    ("e", lambda spec: {mark.sign for mark in spec.marks}, {"b", "!"}, set()),
]


def untouched(watched: Watched) -> bool:
    """Whether the curves are there, not only the results, and no key has changed them yet."""
    return all(loss_is(watched, seen, before) for _, seen, before, _ in KEYS)


def study_with_a_finding(lab: Lab) -> list[RunRecord]:
    runs = ended_study(lab, 2)
    run = lab.run_dir(runs[0])
    result = run.result()
    assert result is not None
    finding = Finding(kind="spike", update=50, severity="warning", evidence="9 [red] after 5", advice="wait")
    write_file(run.result_file, Result.model_validate(result.model_dump() | {"findings": [finding.model_dump()]}))
    return runs


@pytest.mark.parametrize("size", [SMALL, LARGE, TINY])
async def test_every_key_changes_what_it_says_on_both_screens(lab: Lab, size: tuple[int, int]) -> None:
    runs = study_with_a_finding(lab)
    async with live(lab, size) as watched:
        for screen in ("live", "run"):
            if screen == "run":
                await watched.app.push_screen(RunPage(runs, {}))
                await watched.until(lambda: isinstance(watched.app.screen, RunPage), "the page")
            workspace_state_file(lab.workspace.root, BOARD_FILE).unlink(missing_ok=True)
            await watched.until(lambda: untouched(watched), "curves")
            for key, seen, before, after in KEYS:
                await watched.pilot.press(key)
                await watched.until(partial(loss_is, watched, seen, after), f"{key} on {screen}")
                undo = {"x": ["x"] * 3, "L": ["L"], "y": ["y", "y"], "w": ["W"], "e": ["e"]}.get(key, ["0"])
                await watched.pilot.press(*undo)
                await watched.until(partial(loss_is, watched, seen, before), f"{undo} on {screen}")


async def test_what_is_chosen_on_the_page_of_a_run_is_chosen_on_live(lab: Lab) -> None:
    runs = ended_study(lab, 1)
    async with live(lab) as watched:
        await watched.until(lambda: watched.curves("Loss"), "curves")
        await watched.app.push_screen(RunPage(runs, {}))
        await watched.until(lambda: isinstance(watched.app.screen, RunPage), "the page")
        await watched.until(lambda: spec_of(watched, "Loss").series, "curves of the page")
        await watched.pilot.press("x", "w", "escape")
        await watched.until(lambda: isinstance(watched.app.screen, LiveScreen), "Live")
        await watched.until(lambda: spec_of(watched, "Loss").x_label == "tokens", "the axis")
        await watched.pilot.press("e")
        board = KeptBoard(workspace_state_file(lab.workspace.root, BOARD_FILE)).read()
        assert (board.axis, board.events, board.look("loss").weight) == ("tokens", False, 0.6)


@pytest.mark.parametrize("key", ["w", "W"])
async def test_a_chart_that_is_not_smoothed_says_so(lab: Lab, key: str) -> None:
    ended_study(lab, 1)
    async with live(lab, LARGE) as watched:
        await watched.until(lambda: watched.curves("Learning rate"), "curves")
        await watched.pilot.press("tab", key)
        await watched.until(lambda: "drawn as measured" in watched.seen, "the notice")
        assert watched.app.screen.query_one(CurveGrid).board == Board()


async def test_keys_that_move_the_zoomed_charts_need_a_zoom(lab: Lab) -> None:
    ended_study(lab, 1)
    async with live(lab) as watched:
        await watched.until(lambda: watched.curves("Loss"), "curves")
        await watched.pilot.press("right_parenthesis")
        assert spec_of(watched, "Loss").x_range == (0, 100)
        await watched.pilot.press("i", "right_parenthesis")
        await watched.until(lambda: spec_of(watched, "Loss").x_range == (37.5, 87.5), "zoom and move")
        await watched.pilot.press("left_parenthesis", "o")
        await watched.until(lambda: spec_of(watched, "Loss").x_range == (0, 100), "the whole axis")


async def test_the_cursor_tells_the_values_and_what_happened_there(lab: Lab) -> None:
    study_with_a_finding(lab)
    async with live(lab, LARGE) as watched:
        await watched.until(lambda: "!" in {mark.sign for mark in spec_of(watched, "Loss").marks}, "the finding")
        await watched.pilot.press("left", *["less_than_sign"] * 5)
        await watched.until(lambda: spec_of(watched, "Loss").cursor == 50, "the cursor")
        await watched.until(lambda: "spike: 9 [red] after 5" in " ".join(watched.seen.split()), "the finding in words")
        assert "● lr=0 val 5.510 · train 5.410" in watched.seen


async def test_the_list_tells_how_many_findings_there_are_and_how_grave(lab: Lab) -> None:
    study_with_a_finding(lab)
    async with live(lab, LARGE) as watched:
        await watched.until(lambda: "!1 spike" in watched.line_of("lr/lr=0"), "the finding")
        assert "!1" not in watched.line_of("lr/lr=1")


async def test_a_pinned_run_stays_and_a_hidden_one_goes_while_others_are_followed(lab: Lab) -> None:
    ended_study(lab, study="old", created=1000)
    ended_study(lab, study="new", created=2000)
    async with live(lab, LARGE) as watched:
        await watched.until(lambda: watched.curves("Loss") == ["lr=0", "lr=1", "lr=2"], "curves")
        await watched.pilot.press("h")
        await watched.until(lambda: watched.curves("Loss") == ["lr=1", "lr=2"], "the others")
        assert watched.line_of("new/lr=0")[2] == "-"
        await watched.pilot.press("down", "down", "down", "p")
        await watched.until(lambda: "old/lr=0" in watched.curves("Loss"), "the pinned run")
        assert len(watched.curves("Loss")) == 3
        assert watched.line_of("old/lr=0")[2] == "+"
        assert "nothing runs" in watched.lines[0]
        await watched.pilot.press("p")
        await watched.until(lambda: watched.curves("Loss") == ["lr=1", "lr=2"], "the others")


async def test_more_charts_fewer_charts_and_pages(lab: Lab) -> None:
    (run,) = ended_study(lab, 1)
    with MetricsWriter(lab.run_dir(run).metrics_file) as metrics:
        measured = {"grad_norm": 1.0, "val_perplexity": 90.0, "data_wait": 0.1, "noise_scale": 24.0}
        metrics.write({"update": 100, "session": 1, **measured})

    async def see(watched: Watched, *titles: str) -> None:
        await watched.until(lambda: shown(watched) == list(titles), f"the charts {titles}")

    async with live(lab, (200, 60)) as watched:
        await watched.until(lambda: watched.curves("Loss"), "curves")
        await see(watched, "Loss", "Learning rate", "Accuracy", "Tokens/s", "Perplexity", "Gradient norm")
        await watched.pilot.press("right_square_bracket")
        await see(watched, "Noise scale, sequences", "Waiting for data")
        await watched.pilot.press("left_square_bracket", *["minus"] * 4)
        await see(watched, "Loss", "Learning rate")
    async with live(lab, (200, 60)) as watched:
        await watched.until(lambda: watched.curves("Loss"), "curves")
        await see(watched, "Loss", "Learning rate")


async def test_runs_on_the_charts_come_first_and_stay_where_they_are_while_one_takes_them_off(lab: Lab) -> None:
    ended_study(lab, 12)
    async with live(lab, (120, 60)) as watched:
        await watched.until(lambda: len(watched.curves("Loss")) == 8, "eight curves")

        def names() -> list[str]:
            return [line[3:].split()[0] for line in watched.lines[1:]]

        before = names()
        assert before == [f"lr/lr={rate}" for rate in (*range(4, 12), *range(4))]
        await watched.pilot.press("down", "space")
        await watched.until(lambda: len(watched.curves("Loss")) == 7, "one less")
        assert names() == before
        await watched.pilot.press(*["down"] * 7, "space")
        await watched.until(lambda: watched.curves("Loss")[0] == "lr=0", "another")
        assert names() == before
        await watched.pilot.press("f")
        await watched.until(lambda: len(watched.curves("Loss")) == 8, "the newest")
        assert names() == before


async def test_facts_and_log_stand_beside_the_charts_where_there_is_room(lab: Lab) -> None:
    (run, _) = ended_study(lab, 2)
    lab.run_dir(run).log_file.write_text("".join(f"line {number} of it\n" for number in range(200)))
    async with live(lab, LARGE) as watched:
        await watched.until(lambda: watched.curves("Loss"), "curves")
        full = watched.app.screen.query_one(CurveGrid).size.width
        await watched.pilot.press("t")
        await watched.until(lambda: "100 of 100" in watched.seen and "directory" in watched.seen, "the facts")
        assert watched.app.screen.query_one(CurveGrid).size.width < full
        await watched.pilot.press("t")
        await watched.until(lambda: "line 199 of it" in watched.seen, "the end of the log")
        assert "line 1 of it" not in watched.seen
        await watched.pilot.press("down")
        await watched.until(lambda: "the log is empty" in watched.seen, "the log of the other run")
    async with live(lab, LARGE) as watched:
        await watched.until(lambda: "end of the log" in watched.seen, "what was beside the charts before")
        await watched.pilot.press("t")
        await watched.until(lambda: watched.app.screen.query_one(CurveGrid).size.width == full, "the charts alone")
    async with live(lab, SMALL) as watched:
        await watched.pilot.press("t")
        await watched.until(lambda: "from 120 columns on" in watched.seen, "why there is none")


async def test_a_long_history_is_sketched_until_every_point_is_there(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SAMPLES", 20), ("SAMPLE", 1000), ("LONG", 10_000)):
        monkeypatch.setattr(curves_module, name, value)
    (run,) = ended_study(lab, 1)
    with MetricsWriter(lab.run_dir(run).metrics_file) as metrics:
        for update in range(100, 2000):
            metrics.write({"update": update, "session": 1, "train_loss": 5.0})

    def is_shown(*, sketched: bool, least: int, most: int) -> bool:
        spec = spec_of(watched, "Loss")
        return ("sketch" in spec.note) == sketched and least < max(
            (len(series.x) for series in spec.series), default=0
        ) < most

    async with live(lab, LARGE) as watched:
        await watched.until(lambda: is_shown(sketched=True, least=100, most=1000), "the sketch")
        await watched.until(lambda: is_shown(sketched=False, least=1900, most=2100), "every point")


async def test_one_chooses_which_charts_there_are(lab: Lab) -> None:
    ended_study(lab, 1)
    async with live(lab) as watched:
        await watched.until(lambda: watched.curves("Loss"), "curves")
        await watched.pilot.press("C")
        await watched.until(lambda: isinstance(watched.app.screen, Pick) and watched.app.focused, "the list")
        await watched.pilot.press("space", "enter")
        await watched.until(lambda: isinstance(watched.app.screen, LiveScreen), "the charts")
        await watched.pilot.pause()
        assert shown(watched) == ["Learning rate", "Accuracy"]
        assert KeptBoard(workspace_state_file(lab.workspace.root, BOARD_FILE)).read().hidden == {"loss"}
        await watched.pilot.press("C", "escape")
        await watched.until(lambda: isinstance(watched.app.screen, LiveScreen), "the charts")
        assert KeptBoard(workspace_state_file(lab.workspace.root, BOARD_FILE)).read().hidden == {"loss"}


async def test_seeds_get_one_colour_and_then_a_band(lab: Lab) -> None:
    for seed in (1, 2):
        record = write_run(lab, f"s{seed}", name=f"s/seed={seed}", study="s", settings={"seed": seed})
        record = lab.catalogue.update(record.id, lambda old: old.model_copy(update={"group": "s"}))
        end_run(lab, record, loss=lambda update, seed=seed: 8.0 / update**0.1 + seed / 10)  # type: ignore[misc]
    async with live(lab, LARGE) as watched:
        await watched.until(lambda: len(watched.curves("Loss")) == 2, "curves")
        slots = {series.slot for series in spec_of(watched, "Loss").series}
        await watched.pilot.press("b")
        assert len(slots) == 2
        assert len({series.slot for series in spec_of(watched, "Loss").series}) == 1
        await watched.pilot.press("b")
        await watched.until(lambda: watched.curves("Loss") == ["seeds n=2"], "the band")
        assert len(spec_of(watched, "Loss").areas) == 1
        await watched.pilot.press("b")
        assert len(watched.curves("Loss")) == 2


async def test_published_results_stand_beside_the_run_until_they_are_hidden(lab: Lab) -> None:
    published = next(run for run in lab.records() if run.published and run.final and run.final.val_loss)
    lab.found_catalogue()
    record = end_run(lab, write_run(lab, "mine", study="mine"))
    lab.catalogue.update(record.id, lambda old: old.model_copy(update={"preset": published.preset, "lr": published.lr}))
    async with live(lab, LARGE) as watched:
        await watched.until(lambda: "published" in watched.curves("Loss"), "the ghost")
        await watched.pilot.press("v")
        await watched.until(lambda: watched.curves("Loss") == ["mine"], "the run alone")


def test_the_charts_have_the_same_actions_on_both_screens() -> None:
    live_actions, page_actions = (
        {replace(action, place="live", keys="") for action in actions_of(place)} for place in ("live", "run")
    )
    assert {"axis", "smooth(1)", "zoom(0.5)", "inspect(1)", "colour", "events"} <= {
        action.id for action in live_actions & page_actions
    }


@pytest.mark.parametrize("place", ["live", "run"])
def test_no_key_does_two_things_in_one_place(place: str) -> None:
    keys = [
        key
        for action in (*actions_of(place), *actions_of("everywhere"))  # type: ignore[arg-type]
        for key in action.keys.split(",")
    ]
    assert len(keys) == len(set(keys))


async def test_bands_take_all_seeds_of_eight_groups_where_eight_runs_have_room(lab: Lab) -> None:
    lab.catalogue.replace_all([])
    runs = [
        trained(lab, lr, seed, 4.0 + lr)
        for lr in (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09)
        for seed in (1, 2, 3)
    ]
    async with live(lab, LARGE) as watched:
        await watched.app.push_screen(RunPage(runs, {}, overlay=True))
        await watched.until(lambda: "8 of 27 runs" in summary(watched), "the page")
        await watched.pilot.press("b", "b")
        await watched.until(lambda: "24 of 27 runs" in summary(watched), "the groups")
        await watched.until(lambda: len(spec_of(watched, "Loss").series) == 8, "their means")
        series = spec_of(watched, "Loss").series
        assert all(one.name.endswith("n=3") for one in series)
        assert len({one.slot for one in series}) == 8
        await watched.app.action_show("live")
        await watched.pilot.press("a")
        await watched.until(lambda: len(spec_of(watched, "Loss").series) == 8, "the study")
        assert {one.name.split("n=")[1] for one in spec_of(watched, "Loss").series} == {"3"}


def summary(watched: Watched) -> str:
    return str(watched.app.screen.query_one("#summary", Static).render())
