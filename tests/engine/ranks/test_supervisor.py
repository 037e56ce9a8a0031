"""The supervisor of ranks, with scripted ranks that train nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.runfiles.jsonfile import write_file
from engine.runfiles.locks import procs_alive, run_lock_holder
from engine.runfiles.rankfiles import rank_log
from engine.runfiles.rundir import Launch, Result, RunDir, RunFile
from tests.conftest import eventually
from tests.engine.tiny import tiny_config

SUPERVISOR = """
import signal, sys
from pathlib import Path
from engine.training import supervisor
supervisor.GRACE = 0.3
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
sys.exit(supervisor.supervise(Path(sys.argv[2]), lambda: bool(asked), 2, ("-c", sys.argv[1])))
"""

RANK = """
import os, signal, sys, time
from pathlib import Path
from engine.ranks.supervised import end_with_supervisor, is_supervised
assert is_supervised()
end_with_supervisor()
run, rank = Path(sys.argv[1]), int(os.environ["RANK"])
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
(run / f"pid.{rank}.tmp").write_text(str(os.getpid()))
(run / f"pid.{rank}.tmp").rename(run / f"pid.{rank}")
def there(name):
    while not (run / name).exists():
        time.sleep(0.01)
    return True
def hold():
    while not asked:
        time.sleep(0.01)
print(f"this is rank {rank}", flush=True)
"""


class Supervised:
    """A supervisor with two ranks that execute a script."""

    def __init__(self, path: Path, script: str, rank: str = RANK, **environment: str) -> None:
        config = tiny_config(path / "unused", {"training.accumulation": 2})
        path.mkdir()
        write_file(path / "config.json", RunFile(id="run", name="run", created=0.0, devices=2, config=config))
        self.run = RunDir(path)
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, rank + script, str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **environment},
            cwd=Path(__file__).parents[3],
        )

    def rank(self, number: int) -> int:
        """The pid of a rank that has begun."""
        file = self.run.path / f"pid.{number}"
        eventually(file.exists)
        return int(file.read_text())

    def end(self) -> tuple[int, str]:
        output, _ = self.process.communicate(timeout=60)
        return self.process.returncode, output

    @property
    def result(self) -> Result:
        result = self.run.result()
        assert result is not None
        return result


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def pending(pid: int) -> bool:
    """Whether a signal waits for the process to take it."""
    status = Path(f"/proc/{pid}/status").read_text()
    return any(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("ShdPnd"))


def test_a_rank_that_is_killed_ends_all_and_is_named(tmp_path: Path) -> None:
    script = "if rank == 0: there('lost'); sys.exit(75)\nhold()"
    found = Supervised(tmp_path / "run", script)
    os.kill(found.rank(1), signal.SIGKILL)
    (tmp_path / "run" / "lost").touch()  # the other notices, and says that it has lost contact
    code, output = found.end()
    assert code == 1, output
    assert found.result.status == "failed"
    assert found.result.reason.startswith("rank 1 of 2 (")
    assert "was killed by SIGKILL at update 0; see log.1.txt" in found.result.reason
    assert rank_log(found.run, 1).read_text() == "this is rank 1\n"
    assert "this is rank 0" in output


@pytest.mark.parametrize("rank", [0, 1])
def test_ranks_that_do_not_notice_the_death_of_another_are_ended(tmp_path: Path, rank: int) -> None:
    found = Supervised(tmp_path / "run", "hold()")
    pids = [found.rank(0), found.rank(1)]
    os.kill(pids[rank], signal.SIGKILL)
    assert found.end()[0] == 1
    assert f"rank {rank} of 2" in found.result.reason
    assert "SIGKILL" in found.result.reason
    assert all(map(gone, pids))


def test_what_a_rank_says_of_its_own_fault_is_the_end_of_the_run(tmp_path: Path) -> None:
    script = """
from engine.runfiles.rankfiles import RankEnd, rank_end_file
from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import RunDir
if rank == 1:
    word = RankEnd(rank=1, status="out-of-memory", reason="no memory is left")
    write_file(rank_end_file(RunDir(run), 1), word)
    (run / "said").touch()
    sys.exit(1)
there("said")
sys.exit(75)
"""
    found = Supervised(tmp_path / "run", script)
    assert found.end()[0] == 1
    assert (found.result.status, found.result.reason.partition(": ")[2]) == ("out-of-memory", "no memory is left")
    assert not (tmp_path / "run" / "end.1.json").exists()


def test_what_rank_0_says_of_its_own_fault_stays(tmp_path: Path) -> None:
    script = """
from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Result, RunDir
if rank == 0:
    write_file(run / "result.json", Result(status="failed", reason="the text is gone", updates=6, ended=time.time()))
    sys.exit(1)
hold()
"""
    found = Supervised(tmp_path / "run", script)
    assert found.end()[0] == 1
    assert found.result.reason == "the text is gone"


def test_a_stop_reaches_every_rank_and_is_no_failure(tmp_path: Path) -> None:
    found = Supervised(tmp_path / "run", "hold(); print('stops'); sys.exit(0)")
    found.rank(0), found.rank(1)
    assert run_lock_holder(found.run.run_lock) == found.process.pid
    found.process.send_signal(signal.SIGTERM)
    code, output = found.end()
    assert code == 0, output
    assert "stops" in output
    assert "stops" in rank_log(found.run, 1).read_text()
    assert found.run.result() is None  # rank 0's to write


def test_a_stop_that_comes_before_the_ranks_can_answer_is_not_lost(tmp_path: Path) -> None:
    young = (
        "(run / f'young.{rank}').write_text(str(os.getpid()))\nwhile not (run / 'grown').exists(): time.sleep(0.01)\n"
    )
    script = RANK.replace("asked = []", f"{young}asked = []")
    found = Supervised(tmp_path / "run", "hold(); sys.exit(0)", rank=script)
    files = [tmp_path / "run" / f"young.{rank}" for rank in range(2)]
    eventually(lambda: all(file.exists() and file.read_text() for file in files))
    found.process.send_signal(signal.SIGTERM)
    eventually(lambda: all(map(pending, (int(file.read_text()) for file in files))))
    (tmp_path / "run" / "grown").touch()
    code, output = found.end()
    assert code == 0, output


def test_a_rank_that_does_not_answer_a_stop_is_ended_by_a_deadline(tmp_path: Path) -> None:
    script = "if rank == 0: hold(); sys.exit(75)\nwhile True: time.sleep(1)"
    found = Supervised(tmp_path / "run", script, MOETUI_RANK_PATIENCE="1")
    pid = found.rank(1)
    os.kill(pid, signal.SIGSTOP)
    found.process.send_signal(signal.SIGTERM)
    assert found.end()[0] == 1
    assert "rank 1 of 2" in found.result.reason
    assert "did not answer" in found.result.reason
    assert gone(pid)


def test_a_rank_that_hangs_while_the_others_lose_contact_is_ended_and_named(tmp_path: Path) -> None:
    script = "if rank == 0: there('patience is over'); sys.exit(75)\nwhile True: time.sleep(1)"
    found = Supervised(tmp_path / "run", script)
    pid = found.rank(1)
    os.kill(pid, signal.SIGSTOP)
    (tmp_path / "run" / "patience is over").touch()
    assert found.end()[0] == 1
    assert "rank 1 of 2" in found.result.reason
    assert "did not answer" in found.result.reason
    assert gone(pid)


def test_nothing_is_written_of_a_run_that_was_taken_over(tmp_path: Path) -> None:
    found = Supervised(tmp_path / "run", "if rank == 0: there('over'); sys.exit(75)\nhold()", MOETUI_RUN_TOKEN="ours")
    pid = found.rank(1)
    launch = Launch(started=1.0, host="elsewhere", boot_id="b", device="cpu", token="theirs")
    write_file(found.run.launch_file, launch)
    os.kill(pid, signal.SIGKILL)
    (tmp_path / "run" / "over").touch()
    code, output = found.end()
    assert code == 1
    assert "nothing more is written" in output
    assert found.run.result() is None


def test_rank_0_has_the_time_that_its_last_checkpoint_takes(tmp_path: Path) -> None:
    script = "if rank == 1: sys.exit(0)\nthere('saved'); sys.exit(0)"
    found = Supervised(tmp_path / "run", script)
    pid = found.rank(1)
    eventually(lambda: gone(pid))
    with pytest.raises(subprocess.TimeoutExpired):
        found.process.wait(timeout=1.0)  # three times the grace
    (tmp_path / "run" / "saved").touch()
    assert found.end()[0] == 0


def test_ranks_do_not_outlive_their_supervisor(tmp_path: Path) -> None:
    found = Supervised(tmp_path / "run", "hold()")
    pids = [found.rank(0), found.rank(1)]
    os.kill(pids[1], signal.SIGSTOP)  # not even one that stands still
    assert procs_alive(found.run.procs_lock)
    found.process.kill()
    found.process.wait()
    eventually(lambda: all(map(gone, pids)))
    eventually(lambda: not procs_alive(found.run.procs_lock))
    assert run_lock_holder(found.run.run_lock) is None


def test_a_second_supervisor_is_refused(tmp_path: Path) -> None:
    found = Supervised(tmp_path / "run", "hold(); sys.exit(0)")
    found.rank(0), found.rank(1)
    command = [sys.executable, "-m", "engine", str(found.run.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == 1
    assert "another process already trains this run" in done.stderr
    found.process.send_signal(signal.SIGTERM)
    assert found.end()[0] == 0
