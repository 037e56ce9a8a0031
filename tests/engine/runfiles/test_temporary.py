"""Passing files: named after their writer, with the rights of the umask, swept when the writer is gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Labels
from engine.runfiles.temporary import STALE, sweep, temporary_name


def left_by_a_killed_writer(folder: Path) -> Path:
    script = (
        "import sys; from pathlib import Path; from engine.runfiles.temporary import temporary_name; "
        "path = temporary_name(Path(sys.argv[1])); path.touch(); print(path)"
    )
    command = [sys.executable, "-c", script, str(folder / "state.json")]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


def test_what_a_killed_writer_left_is_swept_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    left, mine = left_by_a_killed_writer(tmp_path), temporary_name(tmp_path / "state.json")
    mine.touch()
    assert sweep(tmp_path) == [left]
    assert list(tmp_path.iterdir()) == [mine]


@pytest.mark.parametrize(
    "name", [".state.json.ffffffff-17-0badcafe.tmp", ".state.json.k3_9xyab.tmp", ".runs.json.17-0badcafe.tmp"]
)
def test_a_file_whose_writer_cannot_be_asked_for_is_swept_when_it_is_old(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert sweep(tmp_path) == []
    old = (tmp_path / name).stat().st_mtime - STALE - 1
    os.utime(tmp_path / name, (old, old))
    assert sweep(tmp_path) == [tmp_path / name]


@pytest.mark.parametrize("name", ["notes.tmp", ".notes.tmp", ".state.json"])
def test_files_of_others_are_never_swept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    os.utime(tmp_path / name, (1, 1))
    assert sweep(tmp_path) == []


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_decides_who_may_read(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_file(tmp_path / "labels.json", Labels(name="n"))
    finally:
        os.umask(before)
    assert (tmp_path / "labels.json").stat().st_mode & 0o777 == mode
