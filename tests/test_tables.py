"""The tables in docs/ tell what there is. `make tables` writes them."""

from collections.abc import Callable, Iterable

import pytest

from tests.tables import DOCS, TABLES, lines, rewritten


@pytest.mark.parametrize(("table", "name"), TABLES.items())
def test_a_table_in_the_docs_has_a_row_for_each_entry(
    table: Callable[[], Iterable[tuple[str, ...]]], name: str
) -> None:
    page = (DOCS / name).read_text()
    assert rewritten(page, lines(table)) == page, "run `make tables`"
