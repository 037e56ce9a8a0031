"""Pausing a run that trains, and releasing what is held back: a paused run has written a checkpoint and holds no device."""

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.machine import control
from moetui.core.queue import queueing, resuming
from moetui.core.runs.lab import Lab


def pause(lab: Lab, record: RunRecord) -> RunRecord:
    """Ask a run that trains to write a checkpoint and give its device back until it is released. Returns it as it is then.

    Raises `LabError` for one that does not train: `hold` keeps a waiting one from starting.
    """
    now = lab.see(record)
    if now.waiting:
        hint = "" if now.status == "paused" else f"; `moetui queue hold {record.id}` keeps it from starting"
        raise LabError(f"{record.id} does not train: it is {now.status}{hint}")
    if not now.live:
        raise LabError(f"{record.id} has ended already: {now.status}")
    if now.status == "stopping":
        raise LabError(f"{record.id} was asked to stop already")
    control.request_stop(lab.run_dir(record), pause=True)
    return lab.see(record)


def release(lab: Lab, record: RunRecord) -> RunRecord:
    """Let a run that is paused or held go on in its turn. Returns it as it is then; raises `LabError` if it does not wait."""
    if lab.see(record).status == "paused":
        return resuming.resume(lab, record)
    return queueing.hold(lab, record, held=False)
