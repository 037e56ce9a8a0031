"""The log of a run is read by the piece, however long it is."""

import tracemalloc
from pathlib import Path

import pytest

from moetui.core.runs import log
from moetui.core.runs.log import last_lines_begin, log_pieces, read_log


@pytest.mark.parametrize(
    "text", ["", "\n", "a", "a\n", "a\nb", "a\nb\n", "\n\nx\n\n", "é\n🙂\n" * 5, "long" * 20 + "\nend"]
)
@pytest.mark.parametrize("piece", [1, 3, 7, 1000])
def test_the_last_lines_are_those_of_the_whole_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, piece: int
) -> None:
    monkeypatch.setattr(log, "PIECE", piece)
    path = tmp_path / "log.txt"
    path.write_text(text)
    lines = text.splitlines(keepends=True)
    for count in (1, 2, 3, 100):
        assert read_log(path, last_lines_begin(path, count))[0] == "".join(lines[-count:])


def test_pieces_are_the_whole_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "PIECE", 10)
    path = tmp_path / "log.txt"
    path.write_text("é 🙂\nb\n" * 9 + "end")
    pieces = list(log_pieces(path))
    assert "".join(text for text, _ in pieces) == path.read_text()
    assert pieces[-1][1] == path.stat().st_size
    assert len(pieces) > 5


def test_a_missing_log_is_empty(tmp_path: Path) -> None:
    assert last_lines_begin(tmp_path / "no", 5) == 0
    assert list(log_pieces(tmp_path / "no")) == []


def test_the_end_of_a_long_log_needs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    with path.open("wb") as file:
        for _ in range(64):
            file.write(b"a line of a log\n" * 65536)
    tracemalloc.start()
    try:
        assert read_log(path, last_lines_begin(path, 5))[0] == "a line of a log\n" * 5
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
