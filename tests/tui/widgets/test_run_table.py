import pytest
from textual.app import App, ComposeResult

from moetui.core.catalogue.records import RunRecord, Scores
from moetui.tui.widgets.listing import Order, View, list_runs
from moetui.tui.widgets.run_table import RunTable


class TableApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.moved: list[str | None] = []

    def compose(self) -> ComposeResult:
        yield RunTable()

    @property
    def table(self) -> RunTable:
        return self.query_one(RunTable)

    def on_run_table_moved(self, event: RunTable.Moved) -> None:
        self.moved.append(event.run.id if event.run else None)


def runs(count: int, **fields: object) -> list[RunRecord]:
    return [
        RunRecord.model_validate(
            {
                "id": f"r{i:05}",
                "name": f"run {i}",
                "status": "finished",
                "lr": i / 1000,
                "final": Scores(val_loss=10.0 - i / 1000),
            }
            | fields
        )
        for i in range(count)
    ]


def lines(table: RunTable) -> list[str]:
    return [table.render_line(y).text for y in range(table.size.height)]


async def test_only_the_visible_part_of_a_long_list_is_drawn() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.show(list_runs(runs(10_000)))
        app.table.go(-1)
        await pilot.pause()
        assert len(app.table.in_view) == 23
        assert app.table.current is not None
        assert app.table.current.id == "r09999"
        assert "run 9999" in lines(app.table)[-1]


@pytest.mark.parametrize("size", [(20, 5), (60, 15), (80, 24), (200, 60)])
async def test_every_line_fills_the_width_exactly(size: tuple[int, int]) -> None:
    app = TableApp()
    awkward = runs(40, name="学习率" * 30, note="a\tb\nc", tags=("ключ",))
    async with app.run_test(size=size) as pilot:
        app.table.show(list_runs(awkward, View(order=Order("note"))))
        await pilot.pause()
        assert {app.table.render_line(y).cell_length for y in range(size[1])} == {size[0]}


async def test_the_cursor_follows_its_run_when_others_come_before_it() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 24)) as pilot:
        some = runs(100)
        app.table.show(list_runs(some))
        app.table.move(3)
        before = lines(app.table).index(next(line for line in lines(app.table) if "run 3 " in line))
        newer = [RunRecord(id=f"new{i}", name=f"new {i}", status="queued") for i in range(5)]
        app.table.show(list_runs([*newer, *some]))
        await pilot.pause()
        assert app.table.current is not None
        assert app.table.current.id == "r00003"
        assert "run 3 " in lines(app.table)[before]


async def test_a_run_that_is_gone_leaves_the_cursor_to_the_next() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 24)) as pilot:
        some = runs(5)
        app.table.show(list_runs(some))
        app.table.move(1)
        app.table.show(list_runs([some[0], *some[2:]]))
        await pilot.pause()
        assert app.moved[-1] == "r00002"
        app.table.show(list_runs(some[:1]))
        await pilot.pause()
        assert app.moved[-1] == "r00000"


async def test_an_empty_list_says_what_it_was_told_to_say() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.show(list_runs([]), empty="Nothing here.\nDo this.")
        app.table.move(1)
        app.table.go(-1)
        app.table.page(-1)
        await pilot.pause()
        assert app.table.current is None
        shown = "\n".join(lines(app.table))
        assert "Nothing here." in shown
        assert "Do this." in shown


async def test_the_cursor_moves_by_rows_and_pages_and_stops_at_the_ends() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.show(list_runs(runs(30)))
        app.table.page(1)
        app.table.move(-1)
        app.table.move(-50)
        assert app.table.current is not None
        assert app.table.current.id == "r00000"
        app.table.page(5)
        await pilot.pause()
        assert app.moved[-1] == "r00029"


async def test_a_click_puts_the_cursor_on_its_row() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.show(list_runs(runs(30)))
        await pilot.click(RunTable, offset=(10, 4))
        assert app.moved[-1] == "r00003"
        await pilot.click(RunTable, offset=(10, 0))
        assert app.moved[-1] == "r00003"


async def test_the_header_marks_the_sort_column_and_the_table_its_best_value() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.show(list_runs(runs(3), View(order=Order("lr", descending=True))))
        await pilot.pause()
        header, *rows = lines(app.table)
        assert "LR▼" in header
        assert [row.count("*") for row in rows[:3]] == [1, 0, 0]
        assert "9.998*" in rows[0]


async def test_marked_runs_show_the_marker_of_their_slot_and_published_ones_are_hollow() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 24)) as pilot:
        theirs = RunRecord(id="p", name="published/theirs", status="published", published=True)
        app.table.show(list_runs([*runs(2), theirs]))
        app.table.mark({"r00001": 1})
        await pilot.pause()
        _, first, second, third, *_ = lines(app.table)
        assert first.startswith("✓ run 0")
        assert second.startswith("▲ run 1")
        assert third.startswith("◇ theirs")
        assert "published" in third


async def test_a_live_run_changes_in_place() -> None:
    app = TableApp()
    async with app.run_test(size=(90, 24)) as pilot:
        first, second = runs(2, status="running", update=10, updates=100)
        app.table.show(list_runs([first, second]))
        await pilot.pause()
        before = lines(app.table)
        app.table.show(list_runs([first, second.model_copy(update={"update": 20})]))
        after = lines(app.table)
        assert [y for y in range(24) if before[y] != after[y]] == [2]
        assert "20/100" in after[2]
