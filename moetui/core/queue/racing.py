"""Races in studies: runs of settings that have left a race (moetui.core.science.racing) are not started, or stopped.

Settings race against each other if one command queued them at one size: a ladder has a race for each size, and runs with other
`--set` keys have their own. The name of a race follows from what was asked for, so the command that adds seeds goes on with it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from engine.runfiles.jsonfile import DamagedFile
from moetui.core.catalogue.records import PRUNED, RunRecord
from moetui.core.planning.plan import PlannedRun
from moetui.core.runs.lab import Lab

if TYPE_CHECKING:
    from moetui.core.science.racing import Left

ABLE: Final = frozenset({"queued", "starting", "running", "stalled"})
"""The statuses of runs that can be kept from going on."""


def entered(planned: Iterable[PlannedRun], given: Mapping[str, Any], sizes: Iterable[str]) -> list[PlannedRun]:
    """Runs in the order of their seeds, each with the name of its race.

    `given` are the settings over all of them, `sizes` the keys of a ladder.
    """
    keys = sorted(sizes)
    return [replace(run, race=_name(run, given, keys)) for run in sorted(planned, key=lambda run: run.config.seed)]


def left(planned: Iterable[PlannedRun], records: Sequence[RunRecord]) -> "dict[str, Left]":
    """The settings of planned runs that have left their race by the records there are, by group."""
    races: dict[str, list[PlannedRun]] = {}
    for run in planned:
        races.setdefault(run.race, []).append(run)
    found: dict[str, Left] = {}
    for runs in races.values():
        found |= _left({run.group for run in runs}, {run.config.seed for run in runs}, records)
    return found


class Racer:
    """Looks at the runs of a workspace again and again, and finds those whose setting has left its race."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._races: dict[tuple[str, int], str] = {}  # by run and version of its file, as a resumed run is spared
        self._judged: dict[str, frozenset[tuple[str, str]]] = {}
        self._left: dict[str, dict[str, Left]] = {}

    def find(self, runs: Sequence[RunRecord]) -> Iterator[tuple[RunRecord, str]]:
        """The runs that wait or train and need not, each with the reason. What has ended is judged once."""
        able = [run for run in runs if run.status in ABLE and run.path and PRUNED not in run.tags]
        racing = {run.id: (run, race) for run in able if (race := self._race(run))}
        for race, study in {race: _study(run) for run, race in racing.values()}.items():
            field = [run for run in runs if run.path and _study(run) == study and self._race(run) == race]
            groups, seeds = {run.group for run in field}, {run.seed for run in field if run.seed is not None}
            ended = frozenset((run.id, run.status) for run in runs if run.group in groups and not run.pending)
            if ended != self._judged.get(race):
                self._judged[race] = ended
                self._left[race] = _left(groups, seeds, runs)
            for run in field:
                if run.id in racing and run.group in self._left[race]:
                    yield run, self._left[race][run.group].reason

    def _race(self, run: RunRecord) -> str:
        directory = self._lab.run_dir(run)
        try:
            version = run.id, directory.config_file.stat().st_mtime_ns if run.pending else 0
            if version not in self._races:
                self._races[version] = directory.config().race
        except (OSError, DamagedFile):
            return ""
        return self._races[version]


def _study(run: PlannedRun | RunRecord) -> str:
    return run.study or run.preset


def _name(run: PlannedRun, given: Mapping[str, Any], sizes: Sequence[str]) -> str:
    what = [_study(run), dict(given), [run.point.get(key) for key in sizes]]
    return hashlib.sha256(orjson.dumps(what, option=orjson.OPT_SORT_KEYS)).hexdigest()[:8]


def _left(keys: set[str], seeds: set[int], records: Sequence[RunRecord]) -> "dict[str, Left]":
    from moetui.core.science.groups import groups  # numpy comes with it, which a dispatcher without races does without
    from moetui.core.science.measure import LOSS
    from moetui.core.science.racing import race

    members = [run for run in records if run.group in keys and not run.published and run.deleted is None]
    return {one.key: one for one in race(groups(members, LOSS), seeds, LOSS)}
