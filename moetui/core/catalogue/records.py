"""A run as the catalogue knows it: one small document, the same in runs.json and in `moetui ls --json`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from engine.runfiles.fields import Count, Moment, RunId
from moetui.core.planning.settings import default_settings

Status = Literal[
    "queued",
    "held",
    "paused",
    "starting",
    "running",
    "stalled",
    "stopping",
    "finished",
    "stopped",
    "diverged",
    "out-of-memory",
    "failed",
    "killed",
    "lost",
    "published",
]

LIVE: frozenset[str] = frozenset({"starting", "running", "stalled", "stopping"})
WAITING: frozenset[str] = frozenset({"queued", "held", "paused"})
PENDING: frozenset[str] = LIVE | WAITING
IMPORTED = "imported"
"""The backend of a run that was trained elsewhere."""
PRUNED = "pruned"
"""The tag of a run that a study or a search has cut short; it is set before the run is asked to stop."""


RunPath = Annotated[str, Field(pattern=r"^(runs/(\.trash/)?[^./\x00-\x1f\x7f][^/\x00-\x1f\x7f]*)?$")]
"""A run directory relative to the workspace, in `runs` or in its trash; empty for a record without one. It leads nowhere else."""


class Scores(BaseModel):
    """Validation scores: nats per token, fraction of tokens, exp(loss). What a source does not tell is None."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    val_loss: float | None = None
    val_accuracy: float | None = None
    val_perplexity: float | None = None
    seconds: float | None = None
    update: Count | None = None


class RunRecord(BaseModel):
    """One run. Times are seconds since the epoch; `path` is relative to the workspace; `point` holds the keys a grid varied.

    `parent` is the id of the run whose weights it began with; a `branch` of it ends as a run from the start would. `turn` is its
    place among those that wait if somebody has moved it. `retried` counts the tries after the first, if any; the next one
    does not start before `due`.
    `settings` holds the keys, apart from the seed, whose values are not the defaults; None in a record that an older version wrote.
    `host` names the machine that trained it, "" in a record that an older version wrote. `validation_tokens` counts the tokens of a
    whole evaluation, `peak_memory` the bytes allocated on a GPU, or resident on a CPU, at most. `archived` and `deleted` tell when.
    """

    # A key that is not ours, from a newer version or from the user's hand, is carried along and survives every update.
    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    id: RunId
    name: str
    preset: str = ""
    study: str = ""
    group: str = ""
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    status: Status
    reason: str = ""
    update: Count = 0
    updates: Count = 0
    lr: FiniteFloat | None = None
    point: dict[str, Any] = Field(default_factory=dict)  # a plain {} would be copied deeply for each of 10,000 records
    settings: dict[str, Any] | None = None
    created: Moment = 0.0
    turn: FiniteFloat | None = None
    due: Moment | None = None
    retried: Count | None = None
    started: Moment | None = None
    ended: Moment | None = None
    device: str = ""
    host: str = ""
    backend: str = "local"
    tags: tuple[str, ...] = ()
    note: str = ""
    published: bool = False
    source: str = ""
    parent: str = ""
    branch: bool = False
    final: Scores | None = None
    best: Scores | None = None
    parameters: Count | None = None
    active_parameters: Count | None = None
    tokens_per_update: Count | None = None
    tokens_per_second: float | None = None
    peak_memory: Count | None = None
    data_fingerprint: str = ""
    validation_tokens: Count | None = None
    path: RunPath = ""
    archived: Moment | None = None
    deleted: Moment | None = None

    @property
    def configured(self) -> bool:
        """Whether the whole configuration is known; of a run that was trained elsewhere, `settings` may hold a few keys only."""
        return self.settings is not None and self.parameters is not None

    def setting(self, key: str) -> Any:
        """The value of a dotted key of the configuration; None where it is not known."""
        if self.settings is None:  # an older version wrote the record; it knows what the grid varied
            return self.point.get(key)
        return self.settings.get(key, default_settings()[key] if self.configured else None)

    @property
    def imported(self) -> bool:
        """Whether this run was trained elsewhere and taken in from a log."""
        return self.backend == IMPORTED

    @property
    def live(self) -> bool:
        """Whether a process works on this run."""
        return self.status in LIVE

    @property
    def waiting(self) -> bool:
        """Whether this run has not started, or waits to go on, perhaps until it is released."""
        return self.status in WAITING

    @property
    def order(self) -> float:
        """What the queue is sorted by, the lowest first."""
        return self.created if self.turn is None else self.turn

    @property
    def pending(self) -> bool:
        """Whether this run has not ended yet."""
        return self.status in PENDING

    @property
    def pruned(self) -> bool:
        """Whether it was cut short as not worth its time. It has no score that counts, and is not run again by itself."""
        return PRUNED in self.tags and not self.pending and self.status not in ("finished", "diverged")

    @property
    def standing(self) -> str:
        """The status, or `pruned`."""
        return "pruned" if self.pruned else self.status
