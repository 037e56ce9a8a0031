import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from engine.runfiles.locks import run_lock_holder
from engine.runfiles.rundir import Result
from moetui.core.catalogue.records import RunRecord
from moetui.core.queue import edit
from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.widget import Chart
from moetui.tui.live.run_list import RunList
from moetui.tui.live.screen import LiveScreen
from tests.conftest import eventually
from tests.tui.lab_on_disk import die, end_run, start, write_run

SMALL, LARGE, TINY = (80, 24), (120, 40), (60, 15)


class Watched:
    """A running app on its Live screen, and what one sees of it."""

    def __init__(self, app: MoetuiApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def lines(self) -> list[str]:
        runs = self.app.screen_stack[0].query_one(RunList)
        return [runs.render_line(y).text.rstrip() for y in range(runs.size.height)]

    def line_of(self, word: str) -> str:
        """The line of the list that has this word."""
        return next((line for line in self.lines if word in line), "")

    @property
    def under_cursor(self) -> str:
        return next((line[2:].split()[0] for line in self.lines if line.startswith("›")), "")

    def curves(self, title: str) -> list[str]:
        """The runs that the legend of a chart names."""
        chart = next(chart for chart in self.app.screen.query(Chart) if chart.spec.title == title)
        return [series.name for series in chart.spec.series if series.legend]

    @property
    def seen(self) -> str:
        """Everything on the screen, as text."""
        width, height = self.app.size
        lines = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in lines[:height])[: (width + 1) * height]

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Let the app work until the condition holds."""
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, f"never happened: {what}\n{self.seen}"
            await self.pilot.pause(0.05)


@asynccontextmanager
async def live(
    lab: Lab, size: tuple[int, int] = SMALL, watch: tuple[str, ...] = (), *, remote: bool = False
) -> AsyncIterator[Watched]:
    app = MoetuiApp(lab, watch=watch, start="live", remote=remote)
    async with app.run_test(size=size, notifications=True) as pilot:
        watched = Watched(app, pilot)
        await watched.until(
            lambda: (app.picture.snapshot.taken or app.picture.error) and isinstance(app.screen, LiveScreen),
            "a picture",
        )
        await pilot.pause()
        yield watched


def ended_study(lab: Lab, count: int = 3, *, study: str = "lr", created: float = 1000.0) -> list[RunRecord]:
    runs = []
    for index in range(count):
        record = write_run(
            lab, f"{study}{index}", name=f"{study}/lr={index}", study=study, created=created + index * 1e-3
        )
        runs.append(end_run(lab, record, ended=created + 100))
    return runs


async def test_an_empty_laboratory_says_how_to_launch(lab: Lab) -> None:
    async with live(lab) as watched:
        assert "Press 1" in watched.seen


@pytest.mark.parametrize("size", [SMALL, LARGE, TINY])
async def test_when_nothing_runs_the_newest_finished_runs_are_shown(lab: Lab, size: tuple[int, int]) -> None:
    ended_study(lab, study="old", created=1000)
    ended_study(lab, study="new", created=2000)
    async with live(lab, size) as watched:
        await watched.until(lambda: watched.curves("Loss") == ["lr=0", "lr=1", "lr=2"], "curves")
        assert "nothing runs" in watched.lines[0]
        assert "✓ finished" in watched.line_of("new/lr=0")
        assert watched.under_cursor == "new/lr=0" or size == TINY


async def test_a_damaged_catalogue_is_said_and_the_screen_lives_on(lab: Lab) -> None:
    lab.workspace.runs_json.write_text("{")
    async with live(lab) as watched:
        await watched.until(lambda: "`moetui reindex` rebuilds it" in " ".join(watched.seen.split()), "the whole fault")
        assert "No runs yet" not in watched.seen


async def test_space_takes_a_run_off_the_charts_and_f_brings_it_back(lab: Lab) -> None:
    ended_study(lab)
    async with live(lab) as watched:
        await watched.until(lambda: watched.curves("Loss") == ["lr=0", "lr=1", "lr=2"], "curves")
        await watched.pilot.press("down", "space")
        assert watched.curves("Loss") == ["lr=0", "lr=2"]
        assert "2 chosen" in watched.lines[0]
        await watched.pilot.press("f")
        assert watched.curves("Loss") == ["lr=0", "lr=1", "lr=2"]


async def test_a_charts_the_study_of_the_run(lab: Lab) -> None:
    ended_study(lab, study="old", created=1000)
    ended_study(lab, study="new", created=2000)
    async with live(lab, LARGE) as watched:
        await watched.pilot.press("pagedown", "a")
        assert watched.under_cursor == "old/lr=2"
        await watched.until(lambda: watched.curves("Loss") == ["lr=0", "lr=1", "lr=2"], "curves")
        assert "3 chosen" in watched.lines[0]
        assert not watched.line_of("new/lr=0")[1].strip()
        assert watched.line_of("old/lr=0")[1].strip()


async def test_a_ninth_run_on_the_charts_is_refused_with_a_reason(lab: Lab) -> None:
    ended_study(lab, 9)
    async with live(lab, LARGE) as watched:
        await watched.until(lambda: len(watched.curves("Loss")) == 8, "eight curves")
        await watched.pilot.press(*["down"] * 8, "space")
        await watched.pilot.pause()
        assert len(watched.curves("Loss")) == 8
        await watched.until(lambda: "8 runs are on the charts" in watched.seen, "the reason")


async def test_tab_goes_to_the_next_chart_and_m_gives_it_the_space(lab: Lab) -> None:
    ended_study(lab)
    async with live(lab) as watched:
        await watched.pilot.press("tab", "m")
        await watched.pilot.pause()
        assert [chart.spec.title for chart in watched.app.screen.query(Chart) if chart.display] == ["Learning rate"]
        await watched.pilot.press("shift+tab", "enter")
        await watched.pilot.pause()
        assert len([chart for chart in watched.app.screen.query(Chart) if chart.display]) == 2


async def test_the_planned_learning_rate_is_drawn_as_the_engine_will_train(lab: Lab) -> None:
    (run, *_) = ended_study(lab, 1)
    config = lab.run_dir(run).config().config
    async with live(lab) as watched:
        charts = {chart.spec.title: chart for chart in watched.app.screen.query(Chart)}
        await watched.until(lambda: len(charts["Learning rate"].spec.series) == 2, "plan and record")
        planned, actual = charts["Learning rate"].spec.series
        assert planned.emphasis == "faint"
        assert list(planned.y) == [config.lr_at(update) for update in range(1, 101)] == pytest.approx(list(actual.y))


async def test_given_runs_are_shown_first_and_only_until_f_shows_all(lab: Lab) -> None:
    runs = ended_study(lab)
    async with live(lab, watch=(runs[2].id, runs[0].id)) as watched:
        await watched.until(lambda: watched.curves("Loss") == ["lr=2", "lr=0"], "curves")
        assert [line[2:].split()[0] for line in watched.lines[1:]] == ["lr/lr=2", "lr/lr=0"]
        await watched.pilot.press("f")
        await watched.until(lambda: watched.line_of("lr/lr=1"), "all runs")


async def test_a_launch_brings_its_runs_to_the_screen(lab: Lab) -> None:
    ended_study(lab, study="old", created=1000)
    (run,) = ended_study(lab, 1, study="new", created=900)
    async with live(lab) as watched:
        watched.app.watch_runs([run.id])
        await watched.until(lambda: len(watched.lines) == 2 and watched.line_of("new/lr=0"), "the run alone")


async def test_closing_and_opening_again_shows_the_same(lab: Lab) -> None:
    ended_study(lab, 9)
    seen = []
    for _ in range(2):
        async with live(lab, LARGE) as watched:
            await watched.until(lambda: len(watched.curves("Loss")) == 8, "eight curves")
            await watched.until(lambda: len(watched.curves("Learning rate")) == 8, "eight curves")
            # The ninth run is not on the charts, so nobody has read its training loss.
            await watched.until(
                lambda: sum("5.048" in line for line in watched.lines) == 8, "the losses of the charted runs"
            )
            seen.append((watched.lines, watched.curves("Loss")))
    assert seen[0] == seen[1]


async def test_the_log_says_why_a_run_failed(lab: Lab) -> None:
    record = write_run(lab, "bad", name="bad/run")
    log = "Traceback (most recent call last):\n" + "  a line [red]\n" * 40 + "ValueError: odd"
    end_run(lab, record, "failed", update=3, reason="ValueError: odd", log=log)
    async with live(lab) as watched:
        await watched.until(lambda: "✗ failed" in watched.line_of("bad/run"), "the run")
        assert "3/100 · ValueError: odd" in watched.line_of("bad/run")
        await watched.pilot.press("l")
        await watched.until(
            lambda: "  a line [red]" in watched.seen and "ValueError: odd" in watched.seen.splitlines()[-2], "the log"
        )
        await watched.pilot.press("escape")
        assert isinstance(watched.app.screen, LiveScreen)


async def test_stopping_an_ended_run_says_that_it_has_ended(lab: Lab) -> None:
    ended_study(lab, 1)
    async with live(lab) as watched:
        await watched.pilot.press("s")
        await watched.until(lambda: "has ended already: finished" in watched.seen, "the notice")
        assert isinstance(watched.app.screen, LiveScreen)


async def test_a_run_that_trains_shows_its_progress_and_stops_after_a_question(
    lab: Lab, fake_engine: Callable[[str], None]
) -> None:
    fake_engine("hold")
    record = write_run(lab, "alive", name="some/live", updates=50)
    start(lab, record)
    async with live(lab) as watched:
        await watched.until(lambda: "running" in watched.line_of("some/live"), "running")
        await watched.until(lambda: "100%" in watched.line_of("some/live"), "progress")
        await watched.pilot.press("s")
        await watched.until(lambda: "Stop some/live?" in watched.seen, "the question")
        assert "second time kills" in watched.seen
        await watched.pilot.press("n")
        assert lab.see(record).status == "running"
        await watched.pilot.press("s", "y")
        await watched.until(lambda: "– stopped" in watched.line_of("some/live"), "stopped")


async def test_a_run_is_paused_and_released_by_one_key(lab: Lab, fake_engine: Callable[[str], None]) -> None:
    fake_engine("hold")
    record = write_run(lab, "alive", name="some/live", updates=50)
    start(lab, record)
    async with live(lab) as watched:
        await watched.until(lambda: "running" in watched.line_of("some/live"), "running")
        await watched.pilot.press("P")
        await watched.until(lambda: "‖ paused" in watched.line_of("some/live"), "paused")
        assert "until it is released" in watched.line_of("some/live")
        await watched.pilot.press("P")
        await watched.until(lambda: lab.see(record).status != "paused", "released")


async def test_a_run_that_does_not_listen_is_killed_the_second_time(
    lab: Lab, fake_engine: Callable[[str], None]
) -> None:
    fake_engine("deaf")
    record = write_run(lab, "deaf", name="some/deaf", updates=50)
    start(lab, record)
    async with live(lab) as watched:
        await watched.until(lambda: "running" in watched.line_of("some/deaf"), "running")
        await watched.pilot.press("s", "y")
        await watched.until(lambda: "stopping" in watched.line_of("some/deaf"), "stopping")
        await watched.pilot.press("s")
        await watched.until(lambda: "Kill it?" in watched.seen, "the question")
        await watched.pilot.press("y")
        await watched.until(lambda: "killed" in watched.line_of("some/deaf"), "killed")


async def test_a_worker_that_is_killed_shows_as_killed_within_two_looks(
    lab: Lab, fake_engine: Callable[[str], None]
) -> None:
    fake_engine("hold")
    record = write_run(lab, "alive", name="some/live", updates=50)
    start(lab, record)
    eventually(lambda: lab.see(record).status == "running")
    pid = run_lock_holder(lab.run_dir(record).run_lock)
    assert pid is not None
    async with live(lab) as watched:
        await watched.until(lambda: "running" in watched.line_of("some/live"), "running")
        os.kill(pid, signal.SIGKILL)
        looks = {watched.app.picture.snapshot.taken}
        while "killed" not in watched.line_of("some/live"):
            await watched.pilot.pause(0.02)
            looks.add(watched.app.picture.snapshot.taken)
            # One look may have been under way; the app looks twice a second.
            assert len(looks) <= 3
        assert "the process is gone" in watched.line_of("some/live")


async def test_over_a_slow_link_numbers_wait_but_an_end_is_drawn_with_the_look_that_finds_it(
    lab: Lab, fake_engine: Callable[[str], None]
) -> None:
    fake_engine("hold")
    record = write_run(lab, "alive", name="some/live", updates=100_000)
    start(lab, record)
    async with live(lab, remote=True) as watched:
        await watched.until(lambda: "running" in watched.line_of("some/live"), "running")
        pid = run_lock_holder(lab.run_dir(record).run_lock)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await watched.until(lambda: watched.app.picture.snapshot.statuses["alive"] == "killed", "the look")
        assert "killed" in watched.line_of("some/live")


async def test_the_cursor_and_the_order_stay_when_a_run_ends(lab: Lab, fake_engine: Callable[[str], None]) -> None:
    fake_engine("hold")
    ended_study(lab, 1, study="done", created=900)
    records = [
        write_run(lab, f"r{i}", name=f"s/lr={i}", study="s", created=1000 + i * 1e-3, updates=50) for i in range(2)
    ]
    for record in records:
        start(lab, record)
    async with live(lab) as watched:
        await watched.until(lambda: sum("running" in line for line in watched.lines) == 2, "two run")
        await watched.pilot.press("down")
        names = [line[2:20] for line in watched.lines[1:]]
        assert watched.under_cursor == "s/lr=1"
        edit.stop(lab, records[1])
        await watched.until(lambda: "stopped" in watched.line_of("s/lr=1"), "stopped")
        assert watched.under_cursor == "s/lr=1"
        assert [line[2:20] for line in watched.lines[1:]] == names


async def test_a_tick_lays_nothing_out(
    lab: Lab, fake_engine: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_engine("hold")
    start(lab, write_run(lab, "alive", name="some/live", updates=100_000))
    async with live(lab) as watched:
        await watched.until(lambda: "running" in watched.line_of("some/live"), "running")
        await watched.until(lambda: watched.curves("Loss"), "curves")
        layouts: list[object] = []
        screen = watched.app.screen
        monkeypatch.setattr(screen, "_refresh_layout", lambda *args, **more: layouts.append(args))
        before = watched.app.picture.snapshot.states["alive"].update
        await watched.until(lambda: watched.app.picture.snapshot.states["alive"].update > before + 50, "progress")
        await watched.pilot.pause()
        assert layouts == []


async def test_every_state_word_can_be_seen(lab: Lab) -> None:
    now = time.time()
    ends: tuple[tuple[str, str], ...] = (
        ("stopped", "– stopped"),
        ("diverged", "× diverged"),
        ("out-of-memory", "✗ out-of-memory"),
        ("failed", "✗ failed"),
    )
    for index, (status, _) in enumerate(ends):
        record = write_run(lab, status, name=f"s/{index}", created=now + index * 1e-3)
        end_run(lab, record, Result.model_validate({"status": status, "updates": 1, "ended": 1.0}).status, update=7)
    die(lab, write_run(lab, "killed", name="s/9", created=now + 9e-3), update=12)
    async with live(lab, LARGE) as watched:
        for _, words in (*ends, ("killed", "✗ killed")):
            assert watched.line_of(words), words
        assert "12/100 · the process is gone" in watched.line_of("killed")
