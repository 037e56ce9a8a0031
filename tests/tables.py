"""The tables in docs/ that are made of the registries: `python -m tests.tables` writes them anew, a test compares them."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from engine.health.detectors import DETECTORS
from engine.spec.optimizers import OPTIMIZERS
from engine.spec.schedules import KINDS

DOCS = Path(__file__).parents[1] / "docs"


def _code(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def schedules() -> Iterable[tuple[str, ...]]:
    """The kinds of schedules."""
    yield "`schedule.kind`", "after the warm-up", "keys"
    for name, kind in KINDS.items():
        yield f"`{name}`", kind.about, _code(kind.keys)


def optimizers() -> Iterable[tuple[str, ...]]:
    """The kinds of optimizers."""
    yield "`optimizer.kind`", "on what", "keys beside `lr`, `grad_clip` and the decays"
    for name, kind in OPTIMIZERS.items():
        yield f"`{name}`", f"{kind.help} ({kind.paper})", _code(kind.keys)


def detectors() -> Iterable[tuple[str, ...]]:
    """The kinds of findings about a run."""
    yield "kind", "rule", "severity", "after"
    for name, detector in DETECTORS.items():
        yield name, detector.about, detector.severity, detector.source


TABLES: Mapping[Callable[[], Iterable[tuple[str, ...]]], str] = {
    schedules: "schedules.md",
    optimizers: "engine.md",
    detectors: "health.md",
}
"""Each table and the page that it is in."""


def lines(table: Callable[[], Iterable[tuple[str, ...]]]) -> list[str]:
    """The table in Markdown."""
    head, *rows = (f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in table())
    return [head, "|" + "---|" * (len(next(iter(table())))), *rows]


def rewritten(page: str, table: list[str]) -> str:
    """The page with this table in the place of the one with the same head."""
    before, head, after = page.partition(table[0] + "\n")
    assert head, f"no table with the head {table[0]}"
    rows = after.splitlines(keepends=True)
    count = next((place for place, row in enumerate(rows) if not row.startswith("|")), len(rows))
    return before + "\n".join(table) + "\n" + "".join(rows[count:])


if __name__ == "__main__":
    for table, name in TABLES.items():
        page = DOCS / name
        page.write_text(rewritten(page.read_text(), lines(table)))
