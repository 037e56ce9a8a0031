"""Names of runs made as short as they can be while they still tell the runs apart."""

from collections import Counter
from collections.abc import Sequence

from moetui.core.catalogue.records import RunRecord


def short_names(runs: Sequence[RunRecord]) -> dict[str, str]:
    """A short name for each run id: `quickstart/lr=0.05` among others of the study is `lr=0.05`.

    Runs of the same name, such as a study launched twice, get the beginning of their id as well.
    """
    paths = [run.name.split("/") for run in runs]
    shared = _shared_parts(paths)
    names = ["/".join(path[shared:]) for path in paths]
    count = Counter(names)
    return {run.id: f"{name} {run.id[:4]}" if count[name] > 1 else name for run, name in zip(runs, names, strict=True)}


def _shared_parts(paths: list[list[str]]) -> int:
    """How many leading parts all paths share; each keeps at least its last part."""
    most = min((len(path) for path in paths), default=1) - 1
    if len(paths) < 2:
        return 0
    return next((i for i in range(most) if len({path[i] for path in paths}) > 1), most)
