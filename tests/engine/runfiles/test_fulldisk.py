"""A full disk: measurements wait in memory, small files are written in the room that they have, prints are dropped."""

import errno
import os
import sys
from pathlib import Path

import pytest

from engine.runfiles import metrics as module
from engine.runfiles.fulldisk import RESERVE, Reserve, log_that_may_be_full, overwrite
from engine.runfiles.metrics import MetricsReader, MetricsWriter


class Disk:
    """Room for so many bytes, as far as `os.write` is concerned."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room = 10**9
        self._write = os.write
        monkeypatch.setattr(os, "write", self.write)

    def write(self, descriptor: int, raw: bytes) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(descriptor, bytes(raw)[: self.room])
        self.room -= written
        return written


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_measurements_wait_for_room_and_none_is_lost(tmp_path: Path, disk: Disk) -> None:
    reader = MetricsReader(tmp_path / "metrics.jsonl")
    with MetricsWriter(tmp_path / "metrics.jsonl") as writer:
        for update in range(1, 31):
            disk.room = {10: 7, 20: 10**9}.get(update, disk.room)  # full in the middle of the tenth line
            writer.write({"update": update, "session": 1})
            assert writer.full == (10 <= update < 20)
    assert [record["update"] for record in reader.read()] == list(range(1, 31))


def test_what_waits_has_a_bound(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 100)
    disk.room = 0
    with MetricsWriter(tmp_path / "metrics.jsonl") as writer:
        while len(writer._waiting) <= 100 - len(b'{"update":1}\n'):
            writer.write({"update": 1})
        with pytest.raises(OSError, match="wait in memory"):
            writer.write({"update": 1})


def test_a_disk_that_fails_otherwise_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = MetricsWriter(tmp_path / "metrics.jsonl")

    def fail(descriptor: int, raw: bytes) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        writer.write({"update": 1})


def test_a_last_word_takes_the_room_that_was_kept_for_it(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve")
    reserve.fill()
    assert (tmp_path / "reserve").stat().st_size == RESERVE
    reserve.become(tmp_path / "result.json", b"{}")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("result.json", b"{}")]
    reserve.fill()
    reserve.give_up()
    reserve.give_up()
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_a_reserve_that_does_not_fit_takes_no_room(tmp_path: Path, disk: Disk) -> None:
    disk.room = RESERVE // 2
    Reserve(tmp_path / "reserve").fill()
    assert (tmp_path / "reserve").stat().st_size == 0


@pytest.mark.parametrize("text", [b"{}", b'{"phase": "running", "more": 1}'])
def test_a_small_file_is_written_over_in_its_place(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b'{"phase": "starting"}')
    inode = path.stat().st_ino
    overwrite(path, text)
    assert path.read_bytes().rstrip() == text
    assert path.stat().st_ino == inode


def test_what_is_printed_on_a_full_disk_is_dropped(tmp_path: Path, disk: Disk) -> None:
    with (tmp_path / "log.txt").open("w") as log, log_that_may_be_full(log, log):
        print("before")
        disk.room = 0
        print("lost", file=sys.stderr, flush=True)
        disk.room = 10**9
        print("after", flush=True)
    assert (tmp_path / "log.txt").read_text() == "before\nafter\n"
