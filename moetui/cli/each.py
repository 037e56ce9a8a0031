"""One thing done to several runs."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from moetui.cli.output import complain_of, print_json, say

if TYPE_CHECKING:
    from moetui.core.catalogue.records import RunRecord


def on_each(runs: "Sequence[RunRecord]", act: "Callable[[RunRecord], RunRecord]", *, json: bool) -> int:
    """Do one thing to each run; a run for which it fails does not keep the others from it."""
    from engine.runfiles.jsonfile import DamagedFile
    from moetui.core.errors import LabError

    done = []
    code = 0
    for run in runs:
        try:
            done.append(act(run))
            say(f"{run.id} {run.name}: {done[-1].status}")
        except (LabError, DamagedFile, OSError) as error:
            code = complain_of(error)
    if json:
        print_json([run.model_dump() for run in done])
    return code
