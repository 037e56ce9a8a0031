"""What a search looks for: the keys it varies and how, and by which rules. Every run of a search carries it in its provenance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.spec.config import ConfigError, describe, resolve
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import NotFoundError, UsageError
from moetui.core.planning.plan import PlannedRun, Selection, check_keys, plan, short_key
from moetui.core.planning.presets import Library
from moetui.core.planning.settings import nest, parse_value
from moetui.core.runs.lab import Lab

Sampler = Literal["tpe", "random"]
Pruning = Literal["none", "median", "asha"]


class Range(BaseModel):
    """Numbers from `low` to `high`, both included; `log`: drawn by their logarithm; `whole`: integers only."""

    model_config = ConfigDict(frozen=True)

    low: float
    high: float
    log: bool = False
    whole: bool = False


class SearchPlan(BaseModel):
    """A search as it was asked for: `trials` settings in all, each with seeds 1 to `seeds`; `seed` is that of the sampler."""

    model_config = ConfigDict(frozen=True)

    preset: str
    settings: dict[str, Any] = {}
    ranges: dict[str, Range] = {}
    choices: dict[str, tuple[Any, ...]] = {}
    trials: int
    sampler: Sampler = "tpe"
    prune: Pruning = "none"
    seed: int = 1
    seeds: int = 1

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are varied."""
        return (*self.ranges, *self.choices)

    def holds(self, point: Mapping[str, Any]) -> bool:
        """Whether a point is one of this search: these keys, each with a value that could have been drawn."""
        return (
            point.keys() == set(self.keys)
            and all(one.low <= point[key] <= one.high for key, one in self.ranges.items())
            and all(point[key] in values for key, values in self.choices.items())
        )


def space(
    ranges: Sequence[str], choices: Sequence[str], settings: Mapping[str, Any]
) -> tuple[dict[str, Range], dict[str, tuple[Any, ...]]]:
    """Ranges `KEY=LOW..HIGH[:log]` and choices `KEY=[…]` as typed. Raises `UsageError` naming the key."""
    found = dict(_range(text) for text in ranges)
    lists = dict(_choice(text) for text in choices)
    if not (found or lists):
        raise UsageError("nothing to search over; give a --range such as optimizer.lr=0.001..0.3:log, or a --choice")
    if len(found) + len(lists) < len(ranges) + len(choices) or found.keys() & lists.keys():
        raise UsageError("a key is given twice; one --range or --choice for each")
    if both := (found.keys() | lists.keys()) & settings.keys():
        raise UsageError(f"{min(both)}: searched over and set by --set; leave one out")
    return found, lists


def planned(
    library: Library, search: SearchPlan, study: str, number: int, point: Mapping[str, Any]
) -> list[PlannedRun]:
    """The runs of one trial, one for each seed. Raises `UsageError` if no configuration has these values together."""
    seeds = tuple(range(1, search.seeds + 1))
    runs = plan(library, Selection(presets=(search.preset,), settings={**search.settings, **point}, seeds=seeds))
    if len(runs) != search.seeds:
        rest = sorted({key for run in runs for key in run.point})
        raise UsageError(
            f"{search.preset} varies {', '.join(rest) or 'more'} itself; search over it or fix it with --set"
        )
    words = [
        f"{short_key(key)}={value:.4g}" if isinstance(value, float) else f"{short_key(key)}={value}"
        for key, value in point.items()
    ]
    return [
        replace(
            run,
            name="/".join([study, str(number), *words, *([f"seed={run.config.seed}"] if search.seeds > 1 else [])]),
            study=study,
            point=dict(point),
        )
        for run in runs
    ]


def plan_of(lab: Lab, study: str, records: Iterable[RunRecord]) -> SearchPlan:
    """The plan of a search that was begun, from its oldest run. Raises `NotFoundError` or `UsageError`."""
    own = [run for run in records if run.study == study and run.path]
    if not own:
        raise NotFoundError(f"no search {study!r} here; `moetui study status` lists the studies")
    for run in sorted(own, key=lambda run: run.created):
        if (facts := lab.run_dir(run).config().provenance.get("search")) is not None:
            try:
                return SearchPlan.model_validate(facts)
            except ValidationError as error:
                raise UsageError(
                    f"{run.id}: the search in its config.json is damaged: {error.errors()[0]['msg']}"
                ) from None
    raise UsageError(f"{study} is a study, but no search; `moetui study` continues it")


def _range(text: str) -> tuple[str, Range]:
    key, ends = _split("--range", text, "optimizer.lr=0.001..0.3:log")
    ends, _, scale = ends.partition(":")
    low, dots, high = (parse_value(part.strip()) for part in ends.partition(".."))
    if dots != ".." or scale not in ("", "log") or not (_is_number(low) and _is_number(high)):
        raise UsageError(f"--range {text}: write KEY=LOW..HIGH, or KEY=LOW..HIGH:log")
    kind = next(info.type for info in describe() if info.key == key)
    if "integer" not in kind and "number" not in kind:
        raise UsageError(f"--range {key}: takes {kind}, which has no range; use --choice {key}=[…]")
    if not low < high:
        raise UsageError(f"--range {key}: from {low} to {high} is no range; the lower end comes first")
    if scale and low <= 0:
        raise UsageError(f"--range {key}: a logarithmic range begins above 0, not at {low}")
    _check_values("--range", key, (low, high))
    return key, Range(low=low, high=high, log=bool(scale), whole="number" not in kind)


def _choice(text: str) -> tuple[str, tuple[Any, ...]]:
    key, listed = _split("--choice", text, 'schedule.kind=["cosine","wsd"]')
    values = parse_value(listed)
    if not isinstance(values, list) and listed.startswith("[") and listed.endswith("]"):
        values = [parse_value(word.strip()) for word in listed[1:-1].split(",")]  # a shell eats the quotes
    if not isinstance(values, list) or len(values) < 2:
        raise UsageError(f"--choice {text}: write a list of two values or more, such as {key}=[…, …]")
    _check_values("--choice", key, values)
    return key, tuple(values)


def _split(option: str, text: str, example: str) -> tuple[str, str]:
    key, equals, values = (part.strip() for part in text.partition("="))
    if not (key and equals and values):
        raise UsageError(f"{option} {text}: write it as {example}")
    check_keys(option, {key: values})
    if key == "seed":
        raise UsageError(f"{option} seed: noise is nothing to choose by; --seeds runs each setting with several")
    return key, values


def _check_values(option: str, key: str, values: Iterable[Any]) -> None:
    """Refuse values out of the bounds of their key; what does not fit together shows when it is drawn."""
    for value in values:
        try:
            resolve(nest({key: value}))
        except ConfigError as error:
            for problem in error.problems:
                if problem.key.startswith(key):
                    raise UsageError(f"{option} {problem}") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
