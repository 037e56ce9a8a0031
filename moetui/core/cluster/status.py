"""The status of a run that a scheduler executes: what its directory tells first, and the scheduler where that leaves a question."""

from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.rundir import RunDir
from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster.interface import Backend, Seen
from moetui.core.cluster.jobs import Job, job_of

FINAL = frozenset({"finished", "diverged", "out-of-memory", "failed"})
"""Ends that no scheduler takes back."""

SUBMITTING = 600.0
"""Seconds after which a job whose number nobody has written down counts as one that was not submitted."""


def under_scheduler(record: RunRecord, run: RunDir, backend: Backend) -> RunRecord:
    """A run as its directory has told, with what the scheduler says of it."""
    if record.status in FINAL:
        return record
    try:
        job = job_of(run)
    except (DamagedFile, OSError) as error:
        return _with(record, record.status, str(error))
    if job is None:
        return (
            _with(record, record.status, "it was not submitted; `moetui resume` does so") if record.waiting else record
        )
    poll = backend.poll()
    where = f"{job.backend} {job.id if job.number else job.name}"
    if not record.pending and poll.taken <= _since(record, job):
        # What has ended may be queued again by the scheduler: only a word of it that is newer than the end settles that.
        return _with(record, "stopping", f"{where}: {poll.fault or 'not heard of since it ended'}")
    if poll.jobs is not None and (seen := poll.jobs.get(job.key)) is not None:
        return _as_seen(record, seen, where, poll.fault)
    if record.live and record.status != "stalled":
        return record
    if record.waiting and (poll.jobs is None or poll.taken <= job.submitted + (0 if job.number else SUBMITTING)):
        return _with(record, "queued", f"{where}: {poll.fault or 'not heard of yet'}")
    if record.waiting or record.status == "stalled":
        how = backend.gone(run)
        return _with(
            record, "stopped" if "cancel" in how else "killed", f"{where}: {how or 'the job is gone from the queue'}"
        )
    return record


def _since(record: RunRecord, job: Job) -> float:
    return max(job.submitted, record.ended or 0.0)


def _as_seen(record: RunRecord, seen: Seen, where: str, fault: str) -> RunRecord:
    if seen.phase == "waiting":
        return _with(record, "queued", f"{where}: {seen.words}{f'; {fault}' if fault else ''}")
    if record.live:
        return record
    if seen.phase == "ending":
        return _with(record, "stopping", f"{where} is ending")
    return _with(record, "starting", f"{where} starts on {seen.words}")


def _with(record: RunRecord, status: str, reason: str) -> RunRecord:
    changes = {"status": status, "reason": reason} | (
        {"ended": None} if status in ("queued", "starting", "stopping") else {}
    )
    return record.model_copy(update=changes)
