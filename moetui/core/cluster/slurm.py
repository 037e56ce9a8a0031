"""Runs as tasks of SLURM's job arrays, by its own commands."""

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import RunDir
from engine.spec.harmless import harmless, one_line
from moetui.core.cluster.execution import Execution
from moetui.core.cluster.interface import Poll, Seen
from moetui.core.cluster.jobs import Job, job_file, job_of
from moetui.core.cluster.polls import ask_anew, shared_poll
from moetui.core.cluster.resources import Resources, resources
from moetui.core.errors import LabError
from moetui.core.workspace import Workspace

PATIENCE = 20.0
"""Seconds that a command of SLURM may take."""

LARGEST = 1000
"""Tasks of one array: by default SLURM numbers them up to 1000 (MaxArraySize)."""

PREFIX = "moetui-"
_ENDING = frozenset({"COMPLETING", "STAGE_OUT", "SIGNALING"})
_WAITING = frozenset(
    {"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD", "SUSPENDED"}
)


class Slurm:
    """A cluster that `sbatch` and `squeue` reach. Another program than these is not asked for, but `sacct` if it answers."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folder = workspace.runs / ".slurm"
        self._polled = self._folder / "poll.json"

    def submit(self, runs: Sequence[RunDir], execution: Execution) -> None:
        """Submit runs as one array, or several if they are many. Raises `LabError` in SLURM's own words; no job is there then."""
        asked = resources(self._workspace, execution.resources)
        numbers: list[str] = []
        try:
            for first in range(0, len(runs), LARGEST):
                # One by one: those before a refusal are taken back.
                numbers.append(self._submit(runs[first : first + LARGEST], asked, execution.devices))  # noqa: PERF401
        except LabError:
            for number in numbers:
                with contextlib.suppress(LabError):
                    _ask(["scancel", number])
            for run in runs:
                job_file(run).unlink(missing_ok=True)
            raise
        ask_anew(self._polled)

    def _submit(self, runs: Sequence[RunDir], asked: Resources, devices: int) -> str:
        """Submit one array; its number."""
        name = PREFIX + secrets.token_hex(6)
        jobs = [Job(backend="slurm", name=name, task=task, submitted=time.time()) for task in range(len(runs))]
        listed = self.new_list(name, "".join(f"{run.path}\n" for run in runs))
        for run, job in zip(runs, jobs, strict=True):
            write_file(job_file(run), job, durable=True)
        number = _ask(self._command(asked, name, len(runs), devices, runs, listed)).split(";")[0].strip()
        for run, job in zip(runs, jobs, strict=True):
            # What was seen of the queue before this moment may not have had the job yet.
            write_file(job_file(run), job.model_copy(update={"number": number, "submitted": time.time()}), durable=True)
        return number

    def new_list(self, name: str, text: str) -> Path:
        """The list of a job, where its node finds it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        listed = self._folder / f"{name}.list"
        listed.write_text(text)
        return listed

    def submit_alone(self, listed: Path) -> str:
        """Submit a job that is no run, as one of them; its number. Raises `LabError`."""
        command = self._command(resources(self._workspace, {}), f"{PREFIX}{listed.stem}"[:64], 1, 1, (), listed)
        return _ask(command).split(";")[0].strip()

    def words_of(self, number: str) -> str:
        """What SLURM says of a job, in its words."""
        try:
            line = _ask(["squeue", "--noheader", f"--jobs={number}", "--format=%T %r"]).strip()
        except LabError as error:
            return str(error)
        return one_line(harmless(line)) or "it is gone from the queue; its output is in runs/.slurm"

    def cancel(self, number: str) -> None:
        """End a job, if it is there."""
        with contextlib.suppress(LabError):
            _ask(["scancel", "--quiet", number])

    def _command(
        self, asked: Resources, name: str, count: int, devices: int, runs: Sequence[RunDir], listed: Path
    ) -> list[str]:
        limit = f"%{asked.array_limit}" if asked.array_limit else ""
        wants_gpu = any(run.config().config.training.device == "cuda" for run in runs)
        gres = asked.gres or (f"gpu:{devices}" if wants_gpu else None)
        options = {
            "job-name": name,
            "array": f"0-{count - 1}{limit}",
            "output": str(self._folder / f"{name}-%a.log"),
            "chdir": str(self._workspace.root),
            "signal": f"B:TERM@{asked.notice}",
            "partition": asked.partition,
            "account": asked.account,
            "qos": asked.qos,
            "time": asked.time,
            "gres": gres,
            "constraint": asked.constraint,
            "mem": asked.mem,
            "cpus-per-task": None if asked.cpus is None else str(asked.cpus),
        }
        said = [f"--{key}={value}" for key, value in options.items() if value is not None]
        return ["sbatch", "--parsable", *said, str(self._script(asked)), str(listed), asked.python or sys.executable]

    def _script(self, asked: Resources) -> Path:
        """The script of the jobs: one that the settings name, that of the workspace, or our own."""
        own = self._workspace.root / "slurm.sh"
        if asked.template is not None:
            named = Path(asked.template).expanduser()
            found = named if named.is_absolute() else self._workspace.root / named
            if not found.is_file():
                raise LabError(f"slurm.template: there is no file {found}")
            return found
        if own.is_file():
            return own
        script = self._folder / "template.sh"
        script.write_text(template())
        return script

    def poll(self) -> Poll:
        """The jobs of this user; asked for at most once in ten seconds, whatever is open."""
        return shared_poll(self._polled, _squeue)

    def stop(self, run: RunDir, *, force: bool) -> None:
        """Cancel a job that waits, and end one that works if `force`; else its trainer is told to stop."""
        job = job_of(run)
        if job is None or not job.number:
            return
        ask_anew(self._polled)
        seen = _squeue().get(job.key)
        if seen is None:
            return
        gently = ["--signal=TERM", "--batch"] if not force and seen.phase != "waiting" else []
        try:
            _ask(["scancel", *gently, job.id])
        except LabError:
            if job.key in _squeue():  # else it has ended at this moment, and there is nothing left to stop
                raise

    def gone(self, run: RunDir) -> str:
        """How the job ended, as the accounting tells, where there is one."""
        job = job_of(run)
        if job is None or not job.number:
            return ""
        try:
            line = _ask(["sacct", "--noheader", "--allocations", "--parsable2", "--format=State", f"--jobs={job.id}"])
        except LabError:
            return ""
        return line.splitlines()[0].strip().lower() if line.strip() else ""

    def describe(self) -> str:
        """The version and the partitions. Raises `LabError`."""
        version = _ask(["sbatch", "--version"]).strip()
        partitions = ", ".join(dict.fromkeys(_ask(["sinfo", "--noheader", "--format=%P %a"]).strip().splitlines()))
        return f"{version}; partitions: {partitions or 'none'}"


def template() -> str:
    """The script of the jobs where nobody has put another in its place."""
    return files("moetui.core.cluster").joinpath("template.sh").read_text()


def _squeue() -> dict[str, Seen]:
    user = pwd.getpwuid(os.getuid()).pw_name
    lines = _ask(["squeue", "--noheader", "--array", f"--user={user}", "--format=%j|%i|%T|%r|%N"]).splitlines()
    found = {}
    for line in lines:
        name, number, state, reason, node = (line.split("|") + [""] * 5)[:5]
        if name.startswith(PREFIX):
            found[f"{name}_{number.partition('_')[2]}"] = _seen(state, reason, node)
    return found


def _seen(state: str, reason: str, node: str) -> Seen:
    if state in _WAITING:
        return Seen("waiting", reason if reason not in ("", "None") else state.lower())
    return Seen("ending" if state in _ENDING else "working", node)


def _ask(command: Sequence[str]) -> str:
    """The output of a command of SLURM. Raises `LabError` with its own words."""
    if shutil.which(command[0]) is None:
        raise LabError(f"slurm: there is no {command[0]} here; run this on a login node of the cluster")
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"slurm: {command[0]} has not answered for {PATIENCE:.0f} s") from None
    except OSError as error:
        raise LabError(f"slurm: {command[0]}: {error.strerror or error}") from None
    if done.returncode != 0:
        words = one_line(harmless(done.stderr or done.stdout)).removeprefix(f"{command[0]}: ").removeprefix("error: ")
        raise LabError(f"slurm: {words[:300] or f'{command[0]} ended with exit code {done.returncode}'}")
    return done.stdout
