import pytest
from rich.cells import cell_len

from moetui.tui.widgets.columns import cut, fit, pad, span
from moetui.tui.widgets.run_columns import COLUMNS


def keys(width: int, must: tuple[str, ...] = ()) -> list[str]:
    return [placed.column.key for placed in fit(COLUMNS, width, must=must)]


@pytest.mark.parametrize("width", range(40, 240, 7))
def test_columns_fill_the_width_and_never_exceed_it(width: int) -> None:
    placed = fit(COLUMNS, width)
    used = sum(span(p.column) + p.width - p.column.width for p in placed)
    assert used <= width
    assert len(placed) == len(COLUMNS) or width - used < max(map(span, COLUMNS))


def test_wider_tables_show_what_narrower_ones_show_and_more() -> None:
    for width in range(40, 240):
        assert set(keys(width)) <= set(keys(width + 1))


def test_eighty_columns_show_what_matters_most() -> None:
    assert keys(79) == ["name", "status", "lr", "seed", "val_loss", "val_accuracy", "updates"]


def test_the_sort_column_is_shown_even_where_it_would_not_fit_otherwise() -> None:
    assert "note" not in keys(79)
    assert "note" in keys(79, must=("note",))


def test_columns_keep_their_order_when_one_is_required() -> None:
    order = [column.key for column in COLUMNS]
    shown = keys(79, must=("created",))
    assert shown == sorted(shown, key=order.index)


@pytest.mark.parametrize(
    ("text", "width", "keep", "shown"),
    [
        ("short", 8, "head", "short"),
        ("schedule/long-warmup", 9, "head", "schedule…"),
        ("schedule/long-warmup", 7, "tail", "…warmup"),
        ("anything", 0, "head", ""),
        ("two\nlines\x1b[31m", 20, "head", "two lines [31m"),
    ],
)
def test_long_texts_are_cut_and_control_characters_never_reach_the_terminal(
    text: str, width: int, keep: str, shown: str
) -> None:
    assert cut(text, width, "tail" if keep == "tail" else "head") == shown


@pytest.mark.parametrize("keep", ["head", "tail"])
def test_wide_characters_count_twice(keep: str) -> None:
    shown = cut("学习率学习率", 6, "tail" if keep == "tail" else "head")
    assert cell_len(pad(shown, 6, right=False)) == 6
