"""What planned runs have to beat: the best setting of their study so far, or else the best that its source reports."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.runfiles.jsonfile import DamagedFile
from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.planning.plan import PlannedRun
from moetui.core.planning.presets import Library
from moetui.core.planning.scale import split_scale
from moetui.core.runs.lab import Lab
from moetui.core.runs.recorded import recorded_config
from moetui.core.science.groups import groups
from moetui.core.science.measure import LOSS


@dataclass(frozen=True, slots=True)
class Reference:
    """A recorded run of the best setting, the mean of its final validation loss over the seeds, and its configuration."""

    record: RunRecord
    loss: float
    config: RunConfig


def reference(
    lab: Lab, library: Library, planned: Sequence[PlannedRun], records: Sequence[RunRecord]
) -> Reference | None:
    """The best setting of the study of these runs, or of their preset; None if nothing is known of it."""
    from moetui.core.science.comparison import best_group  # numpy comes with it, which the first picture does without

    names = {run.study or run.preset for run in planned}
    plain = {split_scale(name)[0] for name in names}
    own = [run for run in records if not run.published and (run.study in names or run.preset in names)]
    told = [run for run in records if run.published and (run.study in plain or run.preset in plain)]
    for found in (own, told):
        group = best_group(groups(found, LOSS), LOSS)
        if group is not None:
            record = group.counted[0].record
            try:
                config = recorded_config(library, record) if not record.path else lab.run_dir(record).config().config
            except (DamagedFile, FileNotFoundError, LabError):
                continue
            return Reference(record, group.mean, config)
    return None
