"""How many runs of a study were never queued, worked out once for the runs that are there."""

import functools
from collections import Counter
from collections.abc import Callable, Sequence

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.planning.presets import Library
from moetui.core.runs.lab import Lab
from moetui.core.studies.progress import progress


class MissingRuns:
    """Plans studies, which takes some time each, and remembers what came of it until a study has more or fewer runs."""

    def __init__(self) -> None:
        self._library: Library | None = None
        self._known: dict[str, tuple[int, int]] = {}

    def among(self, lab: Lab, runs: Sequence[RunRecord]) -> Callable[[str], int]:
        """For a study, the number of runs of its plan that are not among these; 0 where there is no plan any more.

        Published results alone make no study of ours: of such nothing is missing.
        """

        @functools.cache  # only a list that is grouped by study asks
        def counts() -> Counter[str]:
            return Counter(run.study for run in runs if not run.published)

        def missing(study: str) -> int:
            count, known = self._known.get(study, (0, 0))
            if count != counts()[study]:
                known = self._planned(lab, study, runs)
                self._known[study] = counts()[study], known
            return known

        return missing

    def _planned(self, lab: Lab, study: str, runs: Sequence[RunRecord]) -> int:
        try:
            self._library = self._library or lab.library()
            return len(progress(self._library, study, runs).missing)
        except LabError:
            return 0
