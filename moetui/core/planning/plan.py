"""From a choice of presets to the runs it stands for: one resolved configuration for each point of the grid and each seed."""

import functools
import hashlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from engine.runfiles.rundir import Parent
from engine.spec.config import ConfigError, Problem, RunConfig, describe, resolve, unknown_key
from moetui.core.errors import UsageError
from moetui.core.planning.presets import Library, Preset
from moetui.core.planning.scale import at_scale, chain_at, split_scale
from moetui.core.planning.settings import flatten, known_keys, merge, nest


@dataclass(frozen=True, slots=True)
class Variant:
    """A named bundle of settings, such as one combination of warm-up and floor."""

    label: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a user picked: presets, settings over them, grid axes in place of the presets' own, variants, seeds.

    A preset may be asked for at another scale, as `schedule/all@tiny` (moetui.core.planning.scale).
    """

    presets: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    axes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    variants: tuple[Variant, ...] = ()
    seeds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """The checkpoint that a run begins with instead of random weights: whose it is, and its directory."""

    parent: Parent
    directory: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One run that would be queued; `point` holds the keys the grid varied, apart from the seed.

    `prunable`: the dispatcher may stop it if its setting falls behind in the study (moetui.core.queue.pruning); `race`: the name of
    the race that its setting is in (moetui.core.queue.racing).
    """

    name: str
    preset: str
    study: str
    point: Mapping[str, Any]
    config: RunConfig
    start: Start | None = None
    prunable: bool = False
    race: str = ""

    @property
    def group(self) -> str:
        """A short hash of the configuration without its seed; runs that begin with other weights are not its like.

        A branch is: it ends as the run from the start does.
        """
        group = group_of(self.config)
        return group if self.start is None or self.start.parent.branch else f"{group}/{self.start.parent.id}"


def group_of(config: RunConfig) -> str:
    """The identity of a configuration apart from its seed: eight hexadecimal digits.

    Only what differs from the defaults counts, so that a key which later versions add does not part new runs from old ones.
    """
    tree = config.model_dump(mode="json", exclude={"seed"}, exclude_defaults=True)
    return hashlib.sha256(orjson.dumps(tree, option=orjson.OPT_SORT_KEYS)).hexdigest()[:8]


def plan(library: Library, selection: Selection) -> list[PlannedRun]:
    """Every run of the selection, in the order of the presets and their grids. Raises `UsageError` and `NotFoundError`."""
    check_keys("--set", selection.settings)
    check_keys("the grid", selection.axes)
    runs = [run for name in selection.presets for run in _plan_preset(library, name, selection, study="")]
    seen: set[tuple[str, int]] = set()
    unique = []
    for run in runs:
        if (identity := (run.group, run.config.seed)) not in seen:
            seen.add(identity)
            unique.append(run)
    return unique


def check_keys(origin: str, flat: Mapping[str, Any]) -> None:
    """Refuse a key that does not exist, naming the nearest one."""
    for key in flat:
        if key not in known_keys():
            raise UsageError(f"{origin} {key}: {unknown_key(key)}")


def _plan_preset(library: Library, name: str, selection: Selection, *, study: str) -> Iterator[PlannedRun]:
    plain, scale = split_scale(name)
    preset, name = library.get(plain), at_scale(library, plain, scale)
    study = study or (name if preset.is_study else "")
    for member in preset.members:
        yield from _plan_preset(library, at_scale(library, member, scale), selection, study=study)
    if preset.members:
        return
    chain = chain_at(library, plain, scale)
    grid = varied(chain) | dict(selection.axes)
    if selection.seeds:
        grid["seed"] = selection.seeds
    for variant in selection.variants or (Variant("", {}),):
        # A key that a variant sets is no longer varied, nor one that is set by hand unless it was asked for as an axis.
        axes = {
            key: values
            for key, values in grid.items()
            if key not in variant.settings and (key in selection.axes or key not in selection.settings)
        }
        for values in itertools.product(*axes.values()):
            point = dict(zip(axes, values, strict=True))
            settings = merge(selection.settings, variant.settings, point)
            yield PlannedRun(
                name=_name(name, variant, point, axes),
                preset=name,
                study=study,
                point={key: value for key, value in {**variant.settings, **point}.items() if key != "seed"},
                config=resolve_chain(chain, settings),
            )


def resolve_chain(chain: list[Preset], settings: Mapping[str, Any]) -> RunConfig:
    """The configuration of a chain of presets with settings on top; a fault is traced to the file and line that gave the value."""
    flat = merge(*(preset.config for preset in chain), settings)
    try:
        return resolve(nest(flat))
    except ConfigError as error:
        lines = [_blame(problem, chain, settings) for problem in error.problems]
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        raise UsageError(lines[0] + more) from None


def _blame(problem: Problem, chain: list[Preset], settings: Mapping[str, Any]) -> str:
    # A fault between several keys belongs to a section; any of its keys that was given last may be the culprit.
    touched = [key for key in settings if _covers(problem.key, key)]
    if touched:
        return f"{problem}" if problem.key in settings else f"{problem} (with {', '.join(touched)} as given)"
    for preset in reversed(chain):
        for key in preset.config:
            if _covers(problem.key, key):
                return f"{preset.where('config', key)}: {problem}"
        for key in preset.grid:
            if _covers(problem.key, key):
                return f"{preset.where('grid', key)}: {problem}"
    return f"{chain[-1].path}: {problem}"


def _covers(problem_key: str, key: str) -> bool:
    return (
        not problem_key or key == problem_key or key.startswith(f"{problem_key}.") or problem_key.startswith(f"{key}.")
    )


def _name(preset: str, variant: Variant, point: Mapping[str, Any], axes: Mapping[str, tuple[Any, ...]]) -> str:
    """A name that says what was varied: `quickstart/lr=0.05/seed=2`."""
    parts = [preset]
    if variant.label:
        parts.append(variant.label)
    # One seed in every run says nothing; several do.
    parts += [f"{short_key(key)}={_short(v)}" for key, v in point.items() if key != "seed" or len(axes[key]) > 1]
    return "/".join(parts)


@functools.cache
def short_key(key: str) -> str:
    """The last part of a dotted key, which is enough for people where no other section has it."""
    leaf = key.rpartition(".")[2]
    return leaf if sum(info.key.rpartition(".")[2] == leaf for info in describe()) == 1 else key


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def varied(chain: list[Preset]) -> dict[str, tuple[Any, ...]]:
    """The grid of a chain of presets, the nearer file winning."""
    return {key: values for preset in chain for key, values in preset.grid.items()}


def flat_config(config: RunConfig) -> dict[str, Any]:
    """A configuration as dotted keys and values, in the order of definition."""
    return dict(flatten(config.model_dump(mode="json")))
