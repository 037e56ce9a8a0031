"""What a node of a cluster sees: a small job tells it, which begins as the jobs of runs do.

The list of such a job has a word in it instead of run directories, and its name begins with `CHECK`. The node writes beside it
whether it reads the same word, whether it sees the lock that is held meanwhile, what its clock shows, and what torch can do there.
"""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import BaseModel, ConfigDict

from engine.runfiles.host import hostname
from engine.runfiles.jsonfile import write_file
from engine.runfiles.locks import procs_alive, share_procs_lock
from engine.spec.harmless import one_line
from moetui.core.cluster.slurm import Slurm
from moetui.core.errors import LabError

CHECK: Final = "check-"
_POLL = 0.5
_PROBE = 120.0
"""Seconds that torch may take to start on a node."""


class NodeReport(BaseModel):
    """What a node tells. `torch` is what `engine.training.probe` prints there, and `fault` why it prints nothing."""

    model_config = ConfigDict(frozen=True)

    host: str
    time: float
    word: str
    lock_seen: bool
    torch: dict[str, Any] = {}
    fault: str = ""


def report(listed: Path, environment: Mapping[str, str]) -> int:
    """Tell, on a node, what is seen there of the list that a job was given. Returns the exit code of the job."""
    torch, fault = _probe(environment)
    found = NodeReport(
        host=hostname(),
        time=time.time(),
        word=listed.read_text().strip(),
        lock_seen=procs_alive(listed),
        torch=torch,
        fault=fault,
    )
    write_file(_answer(listed), found, durable=True)
    return 0


def _probe(environment: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    command = [sys.executable, "-P", "-m", "engine.training.probe"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PROBE, check=True, env=dict(environment))
        return orjson.loads(done.stdout), ""
    except (OSError, subprocess.SubprocessError, orjson.JSONDecodeError) as error:
        return {}, one_line(str(error))[:200]


def ask_node(slurm: Slurm, patience: float) -> tuple[NodeReport, float, float]:
    """Submit such a job and wait for its answer; with it the moments between which its clock was read.

    Raises `LabError` if SLURM refuses, or if no answer is seen here after `patience` seconds.
    """
    word = secrets.token_hex(8)
    listed = slurm.new_list(f"{CHECK}{word}", word + "\n")
    lock = share_procs_lock(listed)
    job = ""
    try:
        before = time.time()
        job = slurm.submit_alone(listed)
        deadline = time.monotonic() + patience
        while True:
            if (found := _read(listed)) is not None:
                if found.word != word:
                    raise LabError(f"{found.host} reads another file at {listed}")
                return found, before, time.time()
            if time.monotonic() > deadline:
                raise LabError(f"slurm: job {job} has given no answer in {patience:.0f} s: {slurm.words_of(job)}")
            time.sleep(_POLL)
    finally:
        os.close(lock)
        if job:
            slurm.cancel(job)
        for path in (listed, _answer(listed)):
            path.unlink(missing_ok=True)


def _read(listed: Path) -> NodeReport | None:
    list(listed.parent.iterdir())  # so that a file system of the network looks anew
    try:
        return NodeReport.model_validate_json(_answer(listed).read_bytes())
    except FileNotFoundError:
        return None


def _answer(listed: Path) -> Path:
    return listed.with_suffix(".json")
