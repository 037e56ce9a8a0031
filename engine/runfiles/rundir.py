"""The run directory: the one place where a run is kept, and the contract between the engine and everyone who looks at it.

    config.json    what to run, under which name, and where it came from      written by the laboratory
    import.json    of a run that was trained elsewhere: what is known of it   written by the laboratory
    labels.json    what people say of it: name, tags, note, archived          written by the laboratory
    launch.json    which process was started for it, on which device          written by the launcher
    state.json     what the trainer is doing now                              written by the trainer
    metrics.jsonl  the measurements (see engine.runfiles.metrics)             written by the trainer
    log.txt        the trainer's output; of several ranks see engine.runfiles.rankfiles
    job.json       of a run that a scheduler executes: its job                written by the laboratory
    request.json   what the user asks of the run: to stop, to go on           written by the laboratory
    queue.json     of a run that waits: whether it is held, and its turn      written by the laboratory
    result.json    how it ended; written once, last                           written by the trainer
    reserve, run.lock, procs.lock   see engine.runfiles.fulldisk and engine.runfiles.locks
    checkpoints/   `last` and `best`
    alerts/        which events of the run the user's command was told      written by the laboratory

Every JSON file is replaced as a whole, so a reader sees the old text or the new one, never half of it.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, overload

from pydantic import Field, FiniteFloat

from engine.runfiles.fields import SCHEMA, Count, Moment, Retries, RunId, SchemaVersion
from engine.runfiles.jsonfile import FileT, JsonFile, read_file
from engine.spec.config import RunConfig

EndStatus = Literal["finished", "stopped", "diverged", "out-of-memory", "failed"]
Phase = Literal["starting", "running", "evaluating", "stopping"]


class Parent(JsonFile):
    """The run that another one begins with: its checkpoint (`best`, `last` or `kept`) and the updates that were done then.

    `whole`: optimizer and progress came along with the weights. `branch`: the learning rates up to there were those
    of the new run as well, so it ends as if it had been trained from the start.
    """

    id: str
    checkpoint: str
    update: Count
    whole: bool = False
    branch: bool = False


class RunFile(JsonFile):
    """config.json: the resolved configuration of a run, its place among others, and its provenance.

    `per_device`: how many runs may share its device; `devices`: how many it trains on; `backend`: local or a scheduler;
    `prunable`: it may be stopped early when its setting has fallen behind, `race`: when it has left the race of that name;
    `retries`: how often it is tried again if it is killed, lost or out of memory.
    """

    schema_version: SchemaVersion = SCHEMA
    id: RunId
    name: str
    preset: str = ""
    study: str = ""
    group: str = ""
    point: dict[str, Any] = Field(default_factory=dict)
    created: Moment
    parent: Parent | None = None
    per_device: int = Field(1, ge=1)
    devices: int = Field(1, ge=1)
    backend: str = "local"
    prunable: bool = False
    retries: Retries = 0
    race: str = ""
    config: RunConfig
    provenance: dict[str, Any] = Field(default_factory=dict)


class Supervised(JsonFile):
    """What config.json tells of the supervision of a run, without its configuration."""

    retries: Retries = 0


class ImportFile(JsonFile):
    """import.json: a run that was trained elsewhere. config.json is there too only if its whole configuration is known.

    `settings` holds the dotted keys whose values are known, `facts` what else the source says, `notes` what was missing in it.
    """

    schema_version: SchemaVersion = SCHEMA
    id: RunId
    name: str
    source: str
    format: str
    group: str
    created: Moment
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    updates: Count
    lr: FiniteFloat | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    facts: dict[str, Any] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Labels(JsonFile):
    """labels.json: what people say of a run; it outlives the catalogue. `archived` tells when it was put out of sight, if so."""

    name: str
    tags: tuple[str, ...] = ()
    note: str = ""
    archived: Moment | None = None


class Launch(JsonFile):
    """launch.json: the last process started for a run, written before the start and once more when the pid is known.

    Until then `pid` is 0: the process, if there is one, is known by its token. `exit_code` is known only if the parent outlived the
    process. `taken_over` tells why the run was taken from it, as from a process of a host that is gone. `retry` counts the tries
    after the first, this one included; `at_once` limits the sequences computed at once, after a try that ran out of memory.
    """

    pid: int = 0
    parent: int = 0
    started: Moment
    host: str
    boot_id: str
    machine: str = ""
    device: str
    token: str
    exit_code: int | None = None
    taken_over: str = ""
    retry: Retries = 0
    at_once: Annotated[int, Field(ge=1, lt=2**63)] | None = None


class State(JsonFile):
    """state.json: the trainer's own word. Times are seconds since the epoch; `eta_seconds` is None until it can be told.

    `dtype` is the precision of the matrix products, which `training.dtype = auto` leaves to the device.
    `validation_tokens` counts the tokens that an evaluation of the whole split predicts on, None until the data are there. `uptime`
    is the heartbeat on the clock of this boot, which nobody sets; `token` names the launch that the process belongs to.
    """

    phase: Phase
    message: str = ""
    update: Count = 0
    updates: Count
    session: Count = 1
    eta_seconds: float | None = None
    tokens_per_second: float | None = None
    heartbeat: Moment
    started: Moment
    uptime: float | None = None
    pid: int
    host: str
    boot_id: str
    machine: str = ""
    token: str = ""
    device: str = ""
    device_name: str = ""
    dtype: str = ""
    compiled: str = ""
    data_fingerprint: str = ""
    validation_tokens: Count | None = None


class Scores(JsonFile):
    """One evaluation over the validation split: nats per token, fraction of tokens, exp(loss), and when."""

    update: Count
    val_loss: float
    val_accuracy: float | None = None  # unknown in some runs that were trained elsewhere
    val_perplexity: float
    seconds: float | None = None


class Finding(JsonFile):
    """Something about the health of a run that its reader should know."""

    kind: str
    update: Count
    severity: Literal["note", "warning", "error"]
    evidence: str
    advice: str


class Result(JsonFile):
    """result.json: how a run ended. `seconds` is training time without evaluation; `best` is in checkpoints/best.

    `token` names the launch that ended so; it is empty where the laboratory has written the end.
    """

    status: EndStatus
    reason: str = ""
    traceback: str = ""
    update: Count = 0
    updates: Count
    session: Count = 1
    tokens: Count = 0
    seconds: float = 0.0
    started: Moment | None = None
    ended: Moment
    device: str = ""
    device_name: str = ""
    dtype: str = ""
    compiled: str = ""
    data_fingerprint: str = ""
    peak_memory: Count | None = None
    final: Scores | None = None
    best: Scores | None = None
    stopped_early: bool = False
    token: str = ""
    findings: tuple[Finding, ...] = ()


class Hardware(JsonFile):
    """What result.json and state.json tell of the machine: the device by name, its precision, and the peak of memory in bytes."""

    device_name: str = ""
    dtype: str = ""
    peak_memory: Count | None = None


class Request(JsonFile):
    """request.json: what is asked of a run: to stop if it lives, perhaps with a reason, or to go on if it has ended.

    With `pause` it stops until it is released.

    `token` names the launch that it was said to, or that had ended: a later launch has answered it. Earlier versions had none.
    """

    stop: bool = False
    pause: bool = False
    reason: str = ""
    resume: bool = False
    asked: Moment
    token: str | None = None


class Wait(JsonFile):
    """queue.json: how a run waits for a device. Of several the one with the lowest `turn` starts first; None is its creation.

    `place` is the inode of the directory that was queued: a copy of it somewhere else has another, and waits to be released.
    """

    place: int | None = None
    held: bool = False
    turn: FiniteFloat | None = None


class _Inside:
    """A path in a run directory, put together when it is asked for: a laboratory looks at thousands of them at a time."""

    def __init__(self, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, run: None, owner: type["RunDir"]) -> "_Inside": ...
    @overload
    def __get__(self, run: "RunDir", owner: type["RunDir"]) -> Path: ...
    def __get__(self, run: "RunDir | None", owner: type["RunDir"]) -> "_Inside | Path":
        return self if run is None else run.path / self.name


class RunDir:
    """The paths of one run directory, and its files as typed values."""

    config_file = _Inside("config.json")
    import_file = _Inside("import.json")
    labels_file = _Inside("labels.json")
    launch_file = _Inside("launch.json")
    state_file = _Inside("state.json")
    request_file = _Inside("request.json")
    queue_file = _Inside("queue.json")
    result_file = _Inside("result.json")
    metrics_file = _Inside("metrics.jsonl")
    log_file = _Inside("log.txt")
    run_lock = _Inside("run.lock")
    procs_lock = _Inside("procs.lock")
    reserve_file = _Inside("reserve")
    checkpoints = _Inside("checkpoints")
    alerts = _Inside("alerts")

    def __init__(self, path: Path) -> None:
        self.path = path

    def config(self) -> RunFile:
        """The run's config.json. Raises `FileNotFoundError` or `DamagedFile`."""
        found = self._read(RunDir.config_file, RunFile)
        if found is None:
            elsewhere = self.import_file.exists()
            fault = (
                "trained elsewhere, its configuration is not known"
                if elsewhere
                else "no run directory here: config.json is missing"
            )
            raise FileNotFoundError(2, fault, str(self.path))
        return found

    def retries(self) -> int:
        """How often the run may be tried again. Raises `DamagedFile`."""
        found = self._read(RunDir.config_file, Supervised)
        return 0 if found is None else found.retries

    def imported(self) -> ImportFile | None:
        """Where an imported run comes from, or None if the run was made here."""
        return self._read(RunDir.import_file, ImportFile)

    def labels(self) -> Labels | None:
        """What people said of the run, or None."""
        return self._read(RunDir.labels_file, Labels)

    def launch(self) -> Launch | None:
        """The last process started for the run, or None before the first."""
        return self._read(RunDir.launch_file, Launch)

    def state(self) -> State | None:
        """The trainer's last word, or None before its first, or if a power loss took it."""
        return self._read(RunDir.state_file, State, passing=True)

    def hardware(self) -> Hardware:
        """The machine, as far as the run tells: by its end, or else by the trainer's last word."""
        ended = self._read(RunDir.result_file, Hardware) or Hardware()
        if ended.device_name:
            return ended
        state = self._read(RunDir.state_file, Hardware, passing=True) or Hardware()
        return Hardware(device_name=state.device_name, dtype=state.dtype, peak_memory=ended.peak_memory)

    def request(self) -> Request | None:
        """What the user asks of the live run, or None."""
        return self._read(RunDir.request_file, Request)

    def wait(self) -> Wait | None:
        """How the run waits, or None if nobody said."""
        return self._read(RunDir.queue_file, Wait)

    def result(self) -> Result | None:
        """How the run ended, or None."""
        return self._read(RunDir.result_file, Result)

    def _read(self, file: _Inside, kind: type[FileT], *, passing: bool = False) -> FileT | None:
        # For ten thousand runs pathlib takes as long to make the paths as the disk to give the files.
        return read_file(f"{self.path}/{file.name}", kind, passing=passing)
