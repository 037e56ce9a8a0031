"""The catalogue among processes: none loses another's update, and one that is killed takes nothing with it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from moetui.core.catalogue.index import Catalogue
from moetui.core.catalogue.records import RunRecord

ROOT = Path(__file__).parents[3]

COUNT = """
import sys
from pathlib import Path
from moetui.core.catalogue.index import Catalogue
from moetui.core.catalogue.records import RunRecord

path, name, updates = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
catalogue = Catalogue(path, lock_timeout=60)
print(flush=True)
sys.stdin.readline()
catalogue.add([RunRecord(id=name, name=name, status="running")])
for number in range(1, updates + 1):
    catalogue.change(name, update=number)
    catalogue.update("shared", lambda record: record.model_copy(update={"update": record.update + 1}))
"""

# Forks one writer after another, so that each costs no start of Python; a line on stdin asks for the next.
FORK_WRITERS = """
import os, sys
from itertools import count
from pathlib import Path
from moetui.core.catalogue.index import Catalogue

def write_for_ever(path):
    catalogue = Catalogue(path)
    for number in count(catalogue.get("run-0").update + 1):
        catalogue.update_many(["run-0", "run-99"], lambda record: record.model_copy(update={"update": number}))
        os.write(1, b"%d\\n" % number)

for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        write_for_ever(Path(sys.argv[1]))
    os.write(1, b"pid %d\\n" % child)
    os.waitpid(child, 0)
    os.write(1, b"dead\\n")
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)


def record(run_id: str) -> RunRecord:
    return RunRecord(id=run_id, name=run_id, status="running", note="what a record has in it, more or less " * 10)


def test_eight_processes_lose_none_of_their_updates(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    Catalogue(path).add([record("shared")])
    writers = [start(COUNT, path, f"run-{number}", 50) for number in range(8)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "\n"  # every writer is ready before the first one starts
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
    for writer in writers:
        writer.communicate(timeout=120)
    assert [writer.returncode for writer in writers] == [0] * 8
    updates = {one.id: one.update for one in Catalogue(path).all()}
    assert updates == {"shared": 400} | {f"run-{number}": 50 for number in range(8)}


def test_two_hundred_killed_writers_corrupt_nothing_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    reader = Catalogue(path)
    reader.add([record(f"run-{number}") for number in range(100)])
    chance = random.Random(0)
    leftovers = acknowledged = 0
    writers = start(FORK_WRITERS, path)
    assert writers.stdin is not None
    assert writers.stdout is not None
    for _ in range(200):
        writers.stdin.write("\n")
        pid = int(next(line for line in writers.stdout if line.startswith("pid")).split()[1])
        acknowledged = int(writers.stdout.readline())
        time.sleep(chance.uniform(0, 0.01))  # the moment of death is the thing under test
        os.kill(pid, signal.SIGKILL)
        for line in iter(writers.stdout.readline, "dead\n"):
            acknowledged = int(line)
        leftovers += any(tmp_path.glob(".*.tmp"))
        runs = json.loads(path.read_bytes())["runs"]
        assert len(runs) == 100
        assert runs["run-0"]["update"] == runs["run-99"]["update"] in (acknowledged, acknowledged + 1)
        assert reader.get("run-0") == record("run-0").model_copy(update={"update": runs["run-0"]["update"]})
    writers.communicate(timeout=10)
    assert leftovers > 0  # some did die in the middle of a write
    reader.change("run-0", note="the next writer cleans up")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["runs.json", "runs.json.lock"]
