"""Checks what the laboratory needs, one by one, and says what to do about what is missing."""

import importlib.metadata
import locale
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from engine.runfiles.locks import run_lock_holder
from moetui.core import terminal
from moetui.core.cluster.node import ask_node
from moetui.core.cluster.resources import resources
from moetui.core.cluster.slurm import Slurm
from moetui.core.errors import LabError
from moetui.core.machine.devices import gpus
from moetui.core.maintenance.filesystem import ahead, clock_ahead, file_system, lock_fault
from moetui.core.maintenance.orphans import find
from moetui.core.planning.presets import Library
from moetui.core.preferences import read_settings
from moetui.core.runs.lab import Lab
from moetui.core.runs.quota import room_of
from moetui.core.workspace import Workspace

LOW_DISK = 2 * 2**30
"""Bytes below which a full disk is near: a checkpoint of the 79M model with its optimizer takes about 0.9 GB."""

_TRIED = {"torch": ("2.11", "2.13"), "transformers": ("5.17", "5.23")}
"""The lowest and the newest release that the engine's tests ran with; the lower ones stand in pyproject.toml, too."""
_CLOCK = 2.0
"""Seconds by which clocks may differ without a word."""
_NODE_PATIENCE = 300.0
"""Seconds that a cluster may take to start a small job."""
_BY_HEARTBEAT = "a run of another machine is judged by its heartbeat and lost after ten minutes without one"
_PATIENCE = 120.0  # seconds that torch may take to start, on a slow network disk


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check."""

    name: str
    state: Literal["ok", "note", "error"]
    message: str


def examine(workspace: Workspace, *, cluster: bool = False) -> list[Check]:
    """Every check, none of which changes anything; with `cluster` also those that a small job makes on a node."""
    checks: tuple[Callable[[Workspace], Iterator[Check]], ...] = (
        _writable,
        _file_system,
        _quota,
        _catalogue,
        _presets,
        _packages,
        _devices,
        _dispatcher,
        _slurm,
        *((_node,) if cluster else ()),
        _terminal,
        _settings,
    )
    return [found for check in checks for found in check(workspace)]


def _slurm(workspace: Workspace) -> Iterator[Check]:
    """What SLURM answers, where its commands are."""
    if shutil.which("sbatch") is None:
        return
    try:
        resources(workspace, {})
        yield Check("slurm", "ok", Slurm(workspace).describe())
    except LabError as error:
        yield Check("slurm", "note", str(error).removeprefix("slurm: "))


def _node(workspace: Workspace) -> Iterator[Check]:
    """What a node sees of this workspace, and what it can compute on."""
    try:
        found, before, after = ask_node(Slurm(workspace), _NODE_PATIENCE)
    except (LabError, OSError) as error:
        yield Check("node", "error", f"no job was answered: {str(error).removeprefix('slurm: ')}")
        return
    yield Check("node", "ok", f"{found.host} sees this workspace and is seen in it")
    locks = "sees the locks of this machine" if found.lock_seen else "does not see the locks of this machine"
    yield Check("node locks", "ok" if found.lock_seen else "note", f"{found.host} {locks}; {_BY_HEARTBEAT}")
    yield _clock("node clock", found.host, ahead(found.time, before, after))
    if found.fault:
        yield Check("node torch", "error", f"torch could not be started on {found.host}: {found.fault}")
    else:
        for check in _torch_said(found.torch, driver_shows_some=False):
            yield Check("node torch", check.state, check.message)


def _file_system(workspace: Workspace) -> Iterator[Check]:
    """Whether other machines share the workspace, and whether locks and clock can be relied on."""
    if (kind := file_system(workspace.root)) is not None and kind.shared:
        yield Check("files", "note", f"{kind.kind} at {kind.mounted}, which other machines may share; {_BY_HEARTBEAT}")
    try:
        fault, difference = lock_fault(workspace.root), clock_ahead(workspace.root)
    except OSError:
        return  # it cannot be written, which another check tells
    if fault:
        yield Check(
            "locks",
            "error",
            f"{workspace.root} keeps no locks ({fault}), which tell the living from the dead; use another",
        )
    if abs(difference) > _CLOCK:
        yield _clock("clock", "the file system", difference)


def _clock(name: str, whose: str, difference: float) -> Check:
    if abs(difference) <= _CLOCK:
        return Check(name, "ok", f"{whose} and this machine agree within {_CLOCK:.0f} s")
    words = (
        f"the clock of {whose} is {abs(difference):.0f} s {'ahead of' if difference > 0 else 'behind'} this machine's"
    )
    return Check(
        name, "note", f"{words}; heartbeats look as much {'younger' if difference > 0 else 'older'}, set both by NTP"
    )


def _writable(workspace: Workspace) -> Iterator[Check]:
    for name, path in (("workspace", workspace.root), ("cache", cache_directory())):
        existing = next(folder for folder in (path, *path.parents) if folder.exists())
        if not os.access(existing, os.W_OK | os.X_OK):
            yield Check(name, "error", f"{path} cannot be written; choose another with --workspace or XDG_CACHE_HOME")
            continue
        free = shutil.disk_usage(existing).free
        state: Literal["ok", "note"] = "ok" if free > LOW_DISK else "note"
        yield Check(name, state, f"{path}, {free / 2**30:.1f} GiB free")


def _quota(workspace: Workspace) -> Iterator[Check]:
    room = room_of(workspace)
    if room.reached:
        yield Check("quota", "note", f"checkpoints take {room.told}; `moetui gc` removes what is of no more use")
    elif room.quota:
        yield Check("quota", "ok", f"checkpoints take {room.told}")


def cache_directory() -> Path:
    """Where the engine keeps extracted text, tokenizers and tokens."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "moetui"


def _catalogue(workspace: Workspace) -> Iterator[Check]:
    lab = Lab(workspace)
    try:
        snapshot = lab.snapshot(dispatch=False)
    except LabError as error:
        yield Check("catalogue", "error", str(error))
        return
    for fault in snapshot.faults:
        yield Check("catalogue", "error", fault)
    published = sum(run.published for run in snapshot.runs)
    yield Check("catalogue", "ok", f"{len(snapshot.runs) - published} runs, {published} published results")
    for run in snapshot.runs:
        if run.status in {"lost", "killed", "stalled"} and run.reason:
            yield Check("run", "note", f"{run.id} {run.name}: {run.status}, {run.reason}")
    for orphan in find(lab):
        yield Check("orphan", "note", f"{orphan.what}; `moetui doctor --fix`: {orphan.remedy}")


def _presets(workspace: Workspace) -> Iterator[Check]:
    library, faults = Library.collect(workspace.presets if workspace.presets.is_dir() else None)
    for fault in faults:
        yield Check("presets", "error", fault.message)
    presets = list(library)
    own = sum(not preset.built_in for preset in presets)
    yield Check("presets", "ok", f"{len(presets) - own} built in, {own} of your own")


def _packages(workspace: Workspace) -> Iterator[Check]:
    for package in ("torch", "transformers", "datasets", "textual", "plotext", "tinydb"):
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            yield Check(package, "error", "not installed; install moetui again")
            continue
        if package not in _TRIED:
            yield Check(package, "ok", version)
            continue
        lowest, newest = _TRIED[package]
        inside = _release(lowest) <= _release(version) <= _release(newest)
        words = "tried with" if inside else "not tried; the tests ran with"
        yield Check(package, "ok" if inside else "note", f"{version}, {words} {lowest} and {newest}")


def _release(version: str) -> tuple[int, ...]:
    """Major and minor number: `2.13.0+cpu` is (2, 13)."""
    return tuple(map(int, version.split(".")[:2]))


def _devices(workspace: Workspace) -> Iterator[Check]:
    found = gpus()
    for gpu in found:
        memory = "memory unknown" if gpu.memory is None else f"{gpu.memory / 2**30:.0f} GiB"
        users = f", {len(gpu.pids)} processes use it" if gpu.pids else ""
        if gpu.pids is None:
            users = ", which processes use it is unknown"
        yield Check("gpu", "ok", f"{gpu.name}, {memory}{users}")
    if not found:
        yield Check("gpu", "note", f"none that NVIDIA's driver shows; runs go to the CPU ({os.cpu_count()} cores)")

    yield from _torch_sees(driver_shows_some=bool(found))


def _torch_sees(*, driver_shows_some: bool) -> Iterator[Check]:
    """Start torch once, in a process of its own, and say which GPUs it can compute on."""
    try:
        probe = subprocess.run(
            [sys.executable, "-P", "-m", "engine.training.probe"],
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
        seen = orjson.loads(probe.stdout)
    except (OSError, subprocess.SubprocessError, orjson.JSONDecodeError) as error:
        yield Check("torch sees", "error", f"torch could not be started: {' '.join(str(error).split())[:200]}")
    else:
        yield from _torch_said(seen, driver_shows_some=driver_shows_some)


def _torch_said(seen: Mapping[str, Any], *, driver_shows_some: bool) -> Iterator[Check]:
    """The GPUs that torch can compute on, why there is none, and whether several could work together."""
    for gpu in seen["gpus"]:
        major, minor = gpu["capability"]
        facts = f"{gpu['name']}, {gpu['memory'] / 2**20:.0f} MB, compute capability {major}.{minor}"
        yield Check("torch sees", "ok", facts)
    if not seen["gpus"] and driver_shows_some:
        fault = f"torch {seen['torch']} cannot use the GPU that the driver shows: {seen['refusal']}"
        yield Check("torch sees", "error", f"{fault}; install a torch for this driver, or set training.device = cpu")
    elif not seen["gpus"]:
        yield Check("torch sees", "note", f"no GPU: {seen['refusal']}")
    elif seen.get("nccl_refusal"):
        yield Check("torch sees", "note", f"no run on several GPUs: NCCL {seen['nccl']}: {seen['nccl_refusal']}")
    elif seen.get("nccl"):
        yield Check("torch sees", "ok", f"NCCL {seen['nccl']}, by which several GPUs work on one run")


def _dispatcher(workspace: Workspace) -> Iterator[Check]:
    pid = run_lock_holder(workspace.dispatcher_lock)
    yield Check("dispatcher", "ok", f"at work (pid {pid})" if pid else "not needed now; it starts with the next run")


def _terminal(workspace: Workspace) -> Iterator[Check]:
    term = os.environ.get("TERM", "")
    if terminal.is_dumb():
        yield Check("terminal", "note", f"TERM={term or '(unset)'} cannot show the interface; the commands work")
        return
    link = ", over SSH" if os.environ.get("SSH_CONNECTION") else ""
    charset, reason = terminal.detect_charset()
    if reason:
        name = "ASCII" if charset == "ascii" else "blocks"
        yield Check("terminal", "note", f"{reason}{link}; the interface is drawn in {name} (--charset draws otherwise)")
    else:
        yield Check("terminal", "ok", f"TERM={term}, {locale.getencoding()}{link}")


def _settings(workspace: Workspace) -> Iterator[Check]:
    for fault in read_settings(workspace).faults:
        yield Check("settings", "note", fault)
