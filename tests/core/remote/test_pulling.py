"""Runs copied from a box: whole, verified, once, and on from where a broken connection ended."""

from pathlib import Path

import pytest

from moetui.core.errors import LabError, NotFoundError
from moetui.core.remote import pulling
from moetui.core.remote.hosts import Host, named_host
from moetui.core.remote.pulling import pull
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from tests.core.remote.real_sshd import Box
from tests.tui.lab_on_disk import end_run, write_run

pytestmark = pytest.mark.slow

SIZE = 3_000_000


@pytest.fixture
def there(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(Workspace(tmp_path_factory.mktemp("there")))


@pytest.fixture
def host(box: Box, there: Lab) -> Host:
    return named_host("box", "box", str(there.workspace.root), str(box.moetui))


def trained(lab: Lab, run_id: str = "aaaaaaaa") -> Path:
    """A finished run with a checkpoint; its directory."""
    record = end_run(lab, write_run(lab, run_id, name="first"))
    run = lab.run_dir(record)
    saved = run.checkpoints / "last-000100"
    saved.mkdir(parents=True)
    (saved / "model.safetensors").write_bytes(bytes(range(256)) * (SIZE // 256))
    (saved / "checkpoint.json").write_text("{}")
    (run.checkpoints / "last").symlink_to(saved.name)
    (run.path / ".a.tmp").write_text("of a moment")
    run.run_lock.touch()
    return run.path


def contents(folder: Path) -> dict[str, bytes | str]:
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if (path.is_symlink() or path.is_file()) and path.name not in (".a.tmp", "run.lock", "procs.lock", "queue.json")
    }


def test_a_run_arrives_as_it_is_there_and_only_once(lab: Lab, there: Lab, host: Host) -> None:
    source = trained(there)
    pulled = pull(lab, host, "aaaa")
    folder = lab.run_dir(lab.find("aaaaaaaa")).path
    assert contents(folder) == contents(source)
    assert (pulled.record.status, pulled.record.name) == ("finished", "first")
    assert pulled.record.final == there.find("aaaaaaaa").final
    assert pulled.received == pulled.size
    assert not (folder / "run.lock").exists()
    (folder / "log.txt").write_text("mine")
    with pytest.raises(LabError, match="aaaaaaaa is here already; nothing was copied"):
        pull(lab, host, "first")
    assert (folder / "log.txt").read_text() == "mine"
    assert not list(lab.workspace.runs.glob(f"{pulling.ARRIVING}*"))


def test_a_broken_connection_is_told_and_the_next_try_goes_on(lab: Lab, there: Lab, host: Host, box: Box) -> None:
    source = trained(there)
    box.line.delay, box.line.breaks_after = 0.02, SIZE // 2  # what ssh has not handed on when it breaks is lost
    with pytest.raises(LabError, match=r"box: the connection broke after \d.\d of 3.0 MB; the same command goes on"):
        pull(lab, host, "aaaaaaaa")
    assert lab.records() == [] or all(run.published for run in lab.records())
    left = lab.workspace.runs / f"{pulling.ARRIVING}aaaaaaaa"
    there_already = sum(path.stat().st_size for path in left.rglob("*") if path.is_file())
    assert there_already > SIZE // 8
    box.line.delay, box.line.breaks_after = 0.0, None
    pulled = pull(lab, host, "aaaaaaaa")
    assert contents(lab.run_dir(pulled.record).path) == contents(source)
    assert pulled.received == pulled.size - there_already


def test_what_was_changed_meanwhile_is_fetched_anew(lab: Lab, there: Lab, host: Host) -> None:
    source = trained(there)
    left = lab.workspace.runs / f"{pulling.ARRIVING}aaaaaaaa"
    (left / "checkpoints" / "last-000100").mkdir(parents=True)
    (left / "checkpoints" / "last-000100" / "model.safetensors").write_bytes(b"of another time")
    (left / "checkpoints" / "last-000050").mkdir()
    (left / "checkpoints" / "last-000050" / "model.safetensors").write_bytes(b"gone there")
    (left / "checkpoints" / "last").symlink_to("last-000050")
    pulled = pull(lab, host, "aaaaaaaa")
    assert contents(lab.run_dir(pulled.record).path) == contents(source)


@pytest.mark.long
def test_a_slow_line_brings_it_too(lab: Lab, there: Lab, host: Host, box: Box) -> None:
    source = trained(there)
    box.line.delay = 0.1  # each way
    pulled = pull(lab, host, "aaaaaaaa")
    assert contents(lab.run_dir(pulled.record).path) == contents(source)


def test_faults_are_one_line_each(lab: Lab, there: Lab, host: Host, box: Box) -> None:
    trained(there)
    write_run(there, "waiting1")
    with pytest.raises(NotFoundError, match=r"box: no run 'nothing'"):
        pull(lab, host, "nothing")
    with pytest.raises(LabError, match="box: waiting1 is queued; it can be pulled when it has ended"):
        pull(lab, host, "waiting1")
    with pytest.raises(LabError, match="box: there is no moetui there"):
        pull(lab, host.model_copy(update={"command": "moetui"}), "aaaaaaaa")
    with pytest.raises(LabError, match="other: "):
        pull(lab, named_host("other", "other.invalid"), "aaaaaaaa")
    box.hang_up()
    box.change_key()
    with pytest.raises(LabError, match="box: its host key is not the one that ssh knows"):
        pull(lab, host, "aaaaaaaa")
    assert not [run for run in lab.records() if not run.published]


def answering(tmp_path: Path, lines: bytes) -> str:
    """A moetui that answers whatever it is asked in this way."""
    (tmp_path / "answer").write_bytes(lines)
    script = tmp_path / "liar"
    script.write_text(f"#!/bin/sh\nhead -n 1 '{tmp_path}/answer'; read kept; tail -n +2 '{tmp_path}/answer'\n")
    script.chmod(0o755)
    return str(script)


NOTHING = "0" * 64
BAD = [
    ("not json\n", "no answer that makes sense"),
    ('{"id":"../x","name":"x"}\n', "no answer that makes sense"),
    ('{"moetui":2,"id":"x","name":"x"}\n', "newer"),
    ('{"id":"x","name":"x"}\n{"files":[{"name":"../../evil","size":0,"start":0,"sha256":"%s"}]}\n', "makes sense"),
    ('{"id":"x","name":"x"}\n{"files":[{"name":"/evil","size":0,"start":0,"sha256":"%s"}]}\n', "makes sense"),
    ('{"id":"x","name":"x"}\n{"files":[],"links":[{"name":"a","target":"../../evil"}]}\n', "makes sense"),
    (
        '{"id":"x","name":"x"}\n{"files":[{"name":"a","size":4,"start":0,"sha256":"%s"}]}\nevil',
        "did not arrive as it is",
    ),
    ('{"id":"x","name":"x"}\n{"files":[]}\n', "what came is no run"),
]


@pytest.mark.parametrize(("answer", "words"), BAD)
def test_what_a_host_says_is_not_believed(
    lab: Lab, host: Host, box: Box, tmp_path_factory: pytest.TempPathFactory, answer: str, words: str
) -> None:
    folder = tmp_path_factory.mktemp("liar")
    liar = answering(folder, answer.replace("%s", NOTHING).encode())
    with pytest.raises(LabError, match=words):
        pull(lab, host.model_copy(update={"command": liar, "workspace": ""}), "x")
    assert not (lab.workspace.runs / "x").exists()
    assert not list(lab.workspace.root.parent.rglob("evil"))


def test_two_of_the_same_do_not_mix(lab: Lab, there: Lab, host: Host, box: Box) -> None:
    trained(there)
    left = lab.workspace.runs / f"{pulling.ARRIVING}aaaaaaaa"
    with pulling._alone(left), pytest.raises(LabError, match="is being pulled at this moment"):
        pull(lab, host, "aaaaaaaa")
