"""The TinyDB storage: one file, replaced as a whole, by one writer at a time."""

import ctypes
import os
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

from moetui.core.catalogue.storage import LockedStorage, Tables
from moetui.core.errors import CatalogueError, DamagedCatalogueError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.json"


def storage_at(path: Path, lock_timeout: float = 10.0) -> LockedStorage:
    return LockedStorage(path, lock_timeout)


def store(storage: LockedStorage, tables: Tables) -> None:
    with storage.transaction():
        storage.write(tables)


def table(**documents: Any) -> Tables:
    return {"runs": documents}


def run_in_child(script: str, *arguments: Any) -> str:
    """Run Python in a process of its own, from the checkout; returns what it printed."""
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def drop_privileges() -> None:
    """Give up what lets root pass over file modes; for anybody else this does nothing."""
    capset = getattr(ctypes.CDLL(None), "capset", None)
    if capset is not None:
        capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())


def test_a_missing_file_reads_as_empty_and_is_not_made_by_reading(path: Path) -> None:
    assert storage_at(path).read() == {}
    assert not any(path.parent.iterdir())


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_emptied_file_is_damaged(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(DamagedCatalogueError, match="empty"):
        storage_at(path).read()


def test_what_one_writes_another_reads(path: Path) -> None:
    store(storage_at(path), table(a={"x": 1}))
    assert storage_at(path).read() == table(a={"x": 1})


def test_the_file_can_be_read_in_an_editor(path: Path) -> None:
    store(storage_at(path), table(a={"note": "5 % größer"}))
    version = '  "moetui": {\n    "book": {\n      "schema": 2\n    }\n  }\n'
    assert path.read_text() == '{\n  "runs": {\n    "a": {\n      "note": "5 % größer"\n    }\n  },\n' + version + "}\n"


def test_a_write_outside_a_transaction_is_refused(path: Path) -> None:
    with pytest.raises(RuntimeError, match="outside a transaction"):
        storage_at(path).write(table())
    assert not path.exists()


def test_a_transaction_reads_its_own_writes_and_others_see_them_at_its_end(path: Path) -> None:
    storage, other = storage_at(path), storage_at(path)
    with storage.transaction():
        storage.write(table(a={}))
        assert storage.read() == table(a={})
        assert other.read() == {}
    assert other.read() == table(a={})


def test_other_threads_do_not_see_what_a_transaction_has_not_finished(path: Path) -> None:
    storage, seen = storage_at(path), []
    with storage.transaction():
        storage.write(table(a={}))
        thread = threading.Thread(target=lambda: seen.append(storage.read()))
        thread.start()
        thread.join()
    assert seen == [{}]


def test_an_exception_in_a_transaction_writes_nothing(path: Path) -> None:
    storage = storage_at(path)
    store(storage, table(a={}))

    def fail() -> None:
        with storage.transaction():
            storage.write(table(b={}))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert storage.read() == storage_at(path).read() == table(a={})


def test_an_inner_transaction_is_part_of_the_outer_one(path: Path) -> None:
    storage = storage_at(path)
    with storage.transaction():
        store(storage, table(a={}))
        assert not path.exists()
    assert path.exists()


def test_writing_what_is_there_already_leaves_the_file_alone(path: Path) -> None:
    storage = storage_at(path)
    store(storage, table(a={}))
    before = storage.stamp()
    store(storage, table(a={}))
    assert storage.stamp() == before


def test_an_unchanged_file_is_read_once(path: Path) -> None:
    storage = storage_at(path)
    store(storage_at(path), table(a={}))
    assert storage.snapshot() is storage.snapshot()


def test_every_replacement_shows_even_if_time_and_size_collide(path: Path) -> None:
    storage = storage_at(path)
    for number in range(20):
        for value in (number % 10, (number + 1) % 10):  # two: the second could be given the first one's inode again
            store(storage_at(path), table(a={"x": value}))
            os.utime(path, ns=(0, 0))
        assert storage.read() == table(a={"x": value})


def test_an_edit_by_hand_shows(path: Path) -> None:
    storage = storage_at(path)
    store(storage, table(a={"note": "old"}))
    path.write_text(path.read_text().replace("old", "by hand"))
    assert storage.read() == table(a={"note": "by hand"})


def test_a_writer_keeps_an_edit_by_hand(path: Path) -> None:
    storage = storage_at(path)
    store(storage, table(a={"note": "old"}))
    path.write_text(path.read_text().replace("old", "by hand"))
    with storage.transaction():
        tables = storage.read()
        storage.write({"runs": tables["runs"] | {"b": {}}})
    assert storage_at(path).read() == table(a={"note": "by hand"}, b={})


def test_a_symlink_stays_one_and_leads_to_the_same_lock(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.json"
    link.parent.mkdir()
    link.symlink_to(path)
    store(storage_at(link), table(a={}))
    assert link.is_symlink()
    assert storage_at(path).read() == table(a={})
    with storage_at(path).transaction(), pytest.raises(CatalogueError, match=r"runs\.json\.lock"):
        store(storage_at(link, lock_timeout=0), table())


def test_a_new_file_has_mode_0644_less_the_umask(path: Path) -> None:
    umask = os.umask(0o027)
    try:
        store(storage_at(path), table())
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_the_mode_of_a_file_stays(path: Path) -> None:
    store(storage_at(path), table())
    path.chmod(0o664)
    store(storage_at(path), table(a={}))
    assert stat.S_IMODE(path.stat().st_mode) == 0o664


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_leaves_a_file_to_its_owner(path: Path) -> None:
    store(storage_at(path), table())
    os.chown(path, 12345, 12345)
    store(storage_at(path), table(a={}))
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12345)


def test_leftovers_of_killed_writers_go_with_the_next_write(path: Path) -> None:
    stale = path.with_name(".runs.json.4711-0badcafe.tmp")
    other = path.with_name(".notes.json.4711-0badcafe.tmp")
    for leftover in (stale, other):
        leftover.write_text("{")
    store(storage_at(path), table())
    assert (stale.exists(), other.exists()) == (False, True)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('{"runs": {\n  "a": {,}\n}}\n', "line 2, column 9"),
        ("\0" * 100, "line 1, column 1"),
        ('{"runs": {"a": {}', "line 1, column 18"),
        ('<<<<<<< HEAD\n{"runs": {}}\n', "line 1, column 1"),
    ],
)
def test_damaged_json_is_told_with_path_line_column_and_what_to_do(path: Path, content: str, place: str) -> None:
    path.write_text(content)
    with pytest.raises(DamagedCatalogueError) as caught:
        storage_at(path).read()
    message = str(caught.value)
    assert message.startswith(f"{path}: {place}: ")
    assert message.endswith("; `moetui reindex` rebuilds it")
    assert "\n" not in message


def test_bytes_that_are_no_text_are_told_with_line_and_column(path: Path) -> None:
    path.write_bytes(b'{"runs": {\n  "\xff": {}}}\n')
    with pytest.raises(DamagedCatalogueError, match="line 2, column 4: not UTF-8"):
        storage_at(path).read()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("[1, 2]", "not a catalogue"),
        ('{"runs": []}', "table runs: not an object"),
        ('{"runs": {"a": {}, "b": 3}}', "table runs, record b: not an object"),
    ],
)
def test_json_of_another_shape_is_told(path: Path, content: str, fault: str) -> None:
    path.write_text(content)
    with pytest.raises(DamagedCatalogueError, match=fault):
        storage_at(path).read()


def test_a_failed_write_leaves_memory_as_the_disk_is(path: Path) -> None:
    storage = storage_at(path)
    store(storage, table(a={}))
    before = path.read_bytes()
    with pytest.raises(CatalogueError):
        store(storage, table(a={"x": object()}))
    assert path.read_bytes() == before
    assert storage.read() == table(a={})


def test_a_full_disk_keeps_the_old_file_and_leaves_nothing_behind(path: Path) -> None:
    store(storage_at(path), table(a={"x": 1}))
    before, names = path.read_bytes(), sorted(path.parent.iterdir())
    printed = run_in_child(
        """
        import resource, sys
        from pathlib import Path
        from moetui.core.errors import CatalogueError, DamagedCatalogueError
        from moetui.core.catalogue.storage import LockedStorage
        storage = LockedStorage(Path(sys.argv[1]), 10)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        try:
            with storage.transaction():
                storage.write({"runs": {"a": {"note": "x" * 20_000}}})
        except CatalogueError as error:
            print(error, storage.read())
        """,
        path,
    )
    assert printed == f"{path}: cannot write this file: File too large; it is as it was {table(a={'x': 1})}\n"
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == names


@pytest.mark.parametrize(("mode", "directory_mode"), [(0o444, 0o755), (0o644, 0o555)])
def test_a_file_or_directory_without_write_permission_is_told(path: Path, mode: int, directory_mode: int) -> None:
    store(storage_at(path), table(a={}))
    before = path.read_bytes()
    path.chmod(mode)
    path.parent.chmod(directory_mode)
    try:
        printed = run_in_child(
            """
            import sys
            from pathlib import Path
            from moetui.core.errors import CatalogueError, DamagedCatalogueError
            from moetui.core.catalogue.storage import LockedStorage
            from tests.core.catalogue.test_storage import drop_privileges
            drop_privileges()
            storage = LockedStorage(Path(sys.argv[1]), 10)
            try:
                with storage.transaction():
                    storage.write({"runs": {}})
            except CatalogueError as error:
                print(error, storage.read())
            """,
            path,
        )
    finally:
        path.parent.chmod(0o755)
    assert printed == f"{path}: cannot write this file: Permission denied; it is as it was {table(a={})}\n"
    assert path.read_bytes() == before


def test_a_file_that_cannot_be_read_is_told(path: Path) -> None:
    path.mkdir()
    with pytest.raises(CatalogueError, match="cannot read this file: Is a directory"):
        storage_at(path).read()


def test_a_directory_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"runs\.json\.lock: cannot take this lock: No such file or directory"):
        store(storage_at(tmp_path / "gone" / "runs.json"), table())


def test_a_lock_that_another_process_holds_is_named_after_the_timeout(path: Path) -> None:
    store(storage_at(path), table(a={}))
    script = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, 2); print(flush=True); input()"
    command = [sys.executable, "-c", script, f"{path}.lock"]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        waiting = storage_at(path, lock_timeout=0.02)
        with pytest.raises(CatalogueError, match=r"runs\.json\.lock: held by another writer for 0\.02 s"):
            store(waiting, table())
        assert waiting.read() == table(a={})  # reading needs no lock
        holder.communicate(b"\n")
    store(waiting, table(b={}))
    assert waiting.read() == table(b={})


def test_a_thread_waits_for_another_no_longer_than_the_timeout(path: Path) -> None:
    storage, errors = storage_at(path, lock_timeout=0.02), []

    def write() -> None:
        try:
            store(storage, table())
        except CatalogueError as error:
            errors.append(str(error))

    with storage.transaction():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert len(errors) == 1
    assert f"{path}.lock: held by another writer" in errors[0]


def test_a_damaged_file_is_kept_under_another_name_when_it_is_replaced(path: Path) -> None:
    path.write_text("{")
    storage = storage_at(path)
    kept: list[Path] = []
    for _ in range(2):
        with storage.transaction():
            aside = storage.replace_keeping(table(a={"n": len(kept)}), "damaged")
        assert aside is not None
        kept.append(aside)
        path.write_text("{")
    assert len(set(kept)) == 2
    for aside in kept:
        assert aside.read_text() == "{"
