"""Replay rules that drop settings over recorded studies, and print what each would have lost and saved.

python -m tests.simulations.replay [RUNS.JSON ...] [--write]

Every order of the seeds is replayed. `--write` puts the table into docs/methods.md.
"""

import argparse
import itertools
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from moetui.core.catalogue.records import RunRecord
from moetui.core.science.groups import Group, Sample, groups
from moetui.core.science.measure import LOSS
from tests.simulations.races import RULES, Leaving, saved

ROOT: Final = Path(__file__).parents[2]
METHODS: Final = ROOT / "docs" / "methods.md"
BEGIN, END = "<!-- races -->", "<!-- /races -->"
WORDS: Final = {"race": "race", "median": "median rule", "halving": "successive halving"}
ORDERS: Final = 24
"""Orders of the seeds that are replayed at most."""


@dataclass(frozen=True, slots=True)
class Field:
    """Settings of a study that would race against each other, each with the same seeds."""

    name: str
    groups: tuple[Group, ...]

    @property
    def seeds(self) -> int:
        """Seeds of each setting."""
        return self.groups[0].n

    def orders(self) -> Iterator[list[Group]]:
        """The field with its seeds in another order each time, numbered anew."""
        for order in itertools.islice(itertools.permutations(range(self.seeds)), ORDERS):
            yield [
                Group(one.key, one.label, tuple(_as_seed(one.samples[place], seed) for seed, place in enumerate(order)))
                for one in self.groups
            ]


def fields(records: Sequence[RunRecord]) -> Iterator[Field]:
    """The fields of recorded studies: three settings or more of one study and size, all with the same three seeds or more."""
    found: dict[tuple[Any, ...], list[RunRecord]] = {}
    for run in records:
        if run.study and not run.published and run.final is not None:
            own = run.settings or {}
            fixed = (own.get("model.parametrization", "standard"), own.get("optimizer.adamw_ratio", 0.1))
            found.setdefault((run.study, run.updates, run.parameters, *fixed), []).append(run)
    for (study, _, parameters, parametrization, _), runs in found.items():
        settings = [_ordered(one) for one in groups(runs, LOSS) if one.n > 2 and not one.diverged]
        seeds = {tuple(sample.record.seed for sample in one.samples) for one in settings}
        if len(settings) > 2 and len(seeds) == 1:
            several = len({key[2:4] for key in found if key[0] == study}) > 1
            where = f", {parametrization}, {parameters / 1e3:.0f}k parameters" if several and parameters else ""
            yield Field(f"{study}{where}", tuple(settings))


def rows(found: Sequence[Field]) -> Iterator[str]:
    """The table in Markdown: a row for each field, and one for all of them."""
    yield (
        "| study | settings × seeds | best lost: "
        + " · ".join(WORDS.values())
        + " | runs saved: "
        + " · ".join(WORDS.values())
        + " |"
    )
    yield "|---|---|---|---|"
    every: dict[str, list[tuple[float, float]]] = {name: [] for name in RULES}
    for field in found:
        own = {name: _replayed(field, name) for name in RULES}
        for name, pair in own.items():
            every[name].append(pair)
        yield f"| {field.name} | {len(field.groups)} × {field.seeds} | {_cells([own[name] for name in RULES])} |"
    if len(found) > 1:
        means = [
            (statistics.fmean(lost for lost, _ in pairs), statistics.fmean(kept for _, kept in pairs))
            for pairs in every.values()
        ]
        yield f"| mean of {len(found)} | | {_cells(means)} |"


def _replayed(field: Field, name: str) -> tuple[float, float]:
    """The share of orders in which the best setting of all seeds is dropped, and the mean share of runs that are saved."""
    best = min(field.groups, key=lambda one: one.mean).key
    told: list[tuple[bool, float]] = []
    for order in field.orders():
        left: Leaving = RULES[name](order)
        told.append((best in left, saved(order, left)))
    return statistics.fmean(lost for lost, _ in told), statistics.fmean(share for _, share in told)


def _cells(pairs: Sequence[tuple[float, float]]) -> str:
    return " | ".join(" · ".join(f"{value:.0%}" for value in column) for column in zip(*pairs, strict=True))


def _ordered(group: Group) -> Group:
    counted = sorted(group.counted, key=lambda one: one.record.seed or 0)
    return Group(group.key, group.label, tuple(counted))


def _as_seed(sample: Sample, seed: int) -> Sample:
    return Sample(sample.record.model_copy(update={"seed": seed}), sample.value)


def read(path: Path) -> list[RunRecord]:
    """The records of a catalogue."""
    tree = orjson.loads(path.read_bytes())
    return [RunRecord.model_validate(record) for record in tree["runs"].values()]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulations.replay", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("catalogues", nargs="*", type=Path, default=[ROOT / "runs.json"])
    parser.add_argument("--write", action="store_true", help=f"put the table into {METHODS.name}")
    asked = parser.parse_args()
    text = "\n".join(rows([field for path in asked.catalogues for field in fields(read(path))]))
    if not asked.write:
        print(text)
        return 0
    whole = METHODS.read_text()
    if BEGIN not in whole or END not in whole:
        print(f"{METHODS} has no {BEGIN}", file=sys.stderr)
        return 1
    before, rest = whole.split(BEGIN, 1)
    METHODS.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END, 1)[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
