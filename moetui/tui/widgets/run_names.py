"""Names of runs made as short as they can be while they still tell the runs apart."""

from collections import Counter
from collections.abc import Sequence

from moetui.core.catalogue.records import RunRecord
from moetui.core.science.labels import distinctive


def short_names(runs: Sequence[RunRecord]) -> dict[str, str]:
    """A short name for each run id: `quickstart/lr=0.05/floor=0` among others of the study and that floor is `lr=0.05`.

    Runs of the same name, such as a study launched twice, get the beginning of their id as well.
    """
    names = distinctive([run.name for run in runs])
    count = Counter(names)
    return {run.id: f"{name} {run.id[:4]}" if count[name] > 1 else name for run, name in zip(runs, names, strict=True)}
