"""Rows of others as runs: which column is the update, which tells runs apart, and what the others are called here."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

from engine.runfiles.metrics import Record
from moetui.core.exchange.columns import KNOWN, TIMES_OF_DAY, UPDATES, key_of, plain, unflat
from moetui.core.exchange.foreign import BY_ROW, Choices, ForeignRun, bad_input, listed, name_of
from moetui.core.exchange.sessions import blank, in_sessions, told_sessions
from moetui.core.exchange.settings_of_others import settings_of
from moetui.core.exchange.shapes import Row, reshaped
from moetui.core.exchange.units import Units, is_text, moments, number

RUN_IDS: Final = ("run", "run_id", "trial_id", "trial", "trial_number", "run_name", "trial_name", "name", "experiment")
"""Names of columns that tell runs apart, the surest first."""

RUN_NAMES: Final = ("name", "run_name", "trial_name", *RUN_IDS)
"""Names of columns that runs are called by."""

_REPLICAS: Final = ("seed", "fold", "rank", "worker", "replica", "config", "lr", "learning_rate")
"""Columns of numbers that may tell runs apart where rows contradict each other."""

_CONFIGURATION = re.compile(r"(config|params|hparams)[/.]")
"""How columns begin that hold no measurement but a setting, if it is the same in every row of a run."""

_NAMELESS = re.compile(r"(unnamed: \d+(_level_\d+)?)?", re.IGNORECASE)
"""What pandas calls the column of its index."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows are from: the file and the format, for notes and errors, and the name of a run that has none."""

    path: Path
    format: str
    name: str = ""

    def fault(self, where: str, fault: str) -> Exception:
        """The error for a place in the file."""
        return bad_input(self.path, where, fault)


@dataclass(frozen=True, slots=True)
class Mapped:
    """Columns by their keys, the column of updates among them, and what was left out."""

    keys: Mapping[str, str]
    x: str
    notes: tuple[str, ...]


def runs_of_rows(source: Source, rows: Sequence[Row], choices: Choices, notes: Iterable[str] = ()) -> list[ForeignRun]:
    """The runs of the rows of one file. Raises `UsageError` for rows that cannot be told apart, and for a value that cannot be."""
    if not rows:
        raise source.fault("", "holds no records")
    rows, said = reshaped(source.path, rows)
    counts = Counter(chain.from_iterable(row for _, row in rows))
    columns = list(counts)
    labels = labels_of(source, columns, choices)
    groups, names = _groups(source, rows, labels)
    fixed = _fixed(groups.values(), columns)
    columns = [name for name in columns if name not in fixed]
    mapped = mapped_columns(source, columns, labels, rows, counts, choices)
    if not labels:
        _check_mixed(source, rows, mapped, columns)
    units = Units.of(mapped.keys, rows)
    nested = any(key.startswith("expert_load/") for key in mapped.keys.values())
    found: list[ForeignRun] = []
    empty: list[str] = []
    for run, own in groups.items():
        measured = _measured(source, own, mapped, units)
        if not measured:
            empty.append(names[run])
            continue
        records, sessions = told_sessions(measured) if "session" in mapped.keys.values() else in_sessions(measured)
        settings, facts = settings_of(
            {_CONFIGURATION.sub("", name): value for name in fixed for value in _values(own, name)}
        )
        if len(own) == 1 or len(groups) > 1:
            told, others = _constant(own, columns, labels, mapped)
            settings, facts = settings | told, facts | others
        found.append(
            ForeignRun(
                name=names[run] or source.name or name_of(source.path),
                source=source.path,
                format=source.format,
                records=[unflat(record) for record in records] if nested else records,
                settings=settings,
                facts=facts,
                columns={name: key for name, key in mapped.keys.items() if key},
                notes=(*notes, *said, *mapped.notes, *units.notes(run, records), *sessions),
            )
        )
    if not found:
        raise source.fault("", "holds no record with an update")
    if empty:
        found[0] = replace(
            found[0], notes=(*found[0].notes, f"left out: the runs {listed(empty)}, which have no update")
        )
    return found


def labels_of(source: Source, columns: Sequence[str], choices: Choices) -> tuple[str, str] | None:
    """The columns that tell runs apart and that name them; None where there is no such column."""
    if choices.run:
        if choices.run not in columns:
            raise source.fault("", f"has no column {choices.run!r}; there are {listed(columns, 20)}")
        return choices.run, choices.run
    words = {plain(name): name for name in reversed(columns)}
    first = next((words[word] for word in RUN_IDS if word in words), None)
    return None if first is None else (first, next(words[word] for word in RUN_NAMES if word in words))


def _groups(
    source: Source, rows: Sequence[Row], labels: tuple[str, str] | None
) -> tuple[dict[str, list[Row]], dict[str, str]]:
    """Rows and name of each run, in the order of the file."""
    if labels is None:
        return {"": list(rows)}, {"": ""}
    groups: dict[str, list[Row]] = {}
    names: dict[str, str] = {}
    for row in rows:
        run = str(row[1].get(labels[0], row[1].get(labels[1], "")))
        groups.setdefault(run, []).append(row)
        names.setdefault(run, str(row[1].get(labels[1], run)))
    if "" in groups and len(groups) > 1:
        raise source.fault(groups[""][0][0], f"has nothing in the column {labels[0]}, which tells runs apart")
    return groups, names


def mapped_columns(
    source: Source,
    columns: Sequence[str],
    labels: tuple[str, str] | None,
    rows: Sequence[Row],
    counts: Mapping[str, int],
    choices: Choices,
) -> Mapped:
    """The keys of columns; `counts`: how many rows have each. Raises `UsageError` without updates or measurements."""
    names = [name for name in columns if not (labels and name in labels) and not _NAMELESS.fullmatch(name.strip())]
    x = _update_column(source, names, counts, len(rows), choices)
    keys = {name: key_of(name) for name in names}
    steps = [name for name in names if keys[name] == "update" and name != x]
    keys = {name: "update" if name == x else key for name, key in keys.items() if name not in steps}
    words = {
        name
        for name, key in keys.items()
        if key not in KNOWN and any(is_text(row[name]) for _, row in rows if name in row)
    }
    keys = {name: key for name, key in keys.items() if name not in words}
    notes = []
    for key in dict.fromkeys(key for key in keys.values() if list(keys.values()).count(key) > 1):
        several = [name for name in keys if keys[name] == key]
        kept = _one_of(source, key, several, rows, counts)
        keys = {name: own for name, own in keys.items() if own != key or name == kept}
        notes.append(f"left out: {listed([name for name in several if name != kept])}, as {kept} is {key}")
    if x and steps:
        notes.append(f"left out: {listed(steps)}, as {x} is the update")
    left_out = sorted((set(names) - set(keys) - set(steps)) & words) + [
        name or "a column without a name" for name in columns if _NAMELESS.fullmatch(name.strip())
    ]
    if left_out:
        notes.append(f"left out: {listed(left_out)}")
    if not any(key not in ("update", "session", "seconds", "tokens") for key in keys.values()):
        raise source.fault("", f"has no column of measurements; there are {listed(columns, 20)}")
    return Mapped(keys, x, tuple(notes))


def _update_column(source: Source, names: Sequence[str], counts: Mapping[str, int], rows: int, choices: Choices) -> str:
    """The column of updates; empty where rows are counted."""
    if choices.x:
        chosen = next((name for name in names if choices.x in (name, plain(name))), None)
        if chosen is None and choices.x != BY_ROW:
            raise source.fault(
                "", f"has no column {choices.x!r}; there are {listed(names, 20)}, and --x {BY_ROW} counts rows"
            )
        return chosen or ""
    words = {plain(name): name for name in reversed(names)}
    there = [words[word] for word in UPDATES if word in words]
    if not there:
        other = next((words[word] for word in ("epoch", "epochs", "round", "batch") if word in words), BY_ROW)
        raise source.fault(
            "",
            "has no column update (or step, global_step, iteration); "
            f"--x {other} takes {'rows as updates' if other == BY_ROW else 'that column'}, there are {listed(names, 20)}",
        )
    return next((name for name in there if counts[name] == rows), max(there, key=lambda name: counts[name]))


def _one_of(source: Source, key: str, names: Sequence[str], rows: Sequence[Row], counts: Mapping[str, int]) -> str:
    """Of several columns for one key, that with the most values. Raises `UsageError` if they contradict each other."""
    if key == "seconds":  # training time before times of day
        return min(names, key=lambda name: (plain(name) in TIMES_OF_DAY, -counts[name]))
    for place, row in rows:
        values = {str(row[name]) for name in names if name in row}
        if len(values) > 1:
            raise source.fault(place, f"has several columns for {key}: {listed(list(names))}; leave one of them out")
    return max(names, key=lambda name: counts[name])


def _measured(source: Source, rows: Sequence[Row], mapped: Mapped, units: Units) -> list[Record]:
    found: list[Record] = []
    shift = 1 if mapped.x and plain(mapped.x) not in UPDATES and _from_zero(rows, mapped.x) else 0
    moment = moments(source, rows, mapped.keys)
    reads: list[tuple[str, str, bool, Callable[[Any], Any]]] = [
        (name, key, units.as_it_is(key), units.reader(key))
        for name, key in mapped.keys.items()
        if key not in ("update", "seconds")
    ]
    for count, (place, row) in enumerate(rows, start=1):
        values = blank(count)
        for name, key, as_it_is, read in reads:
            if name in row:
                value = row[name]
                if as_it_is and type(value) is float:  # most are: the others take longer
                    values[key] = value
                    continue
                try:
                    values[key] = read(value)
                except ValueError as error:
                    raise source.fault(f"{place}, {name}", str(error)) from None
        if moment is not None and (seconds := moment(place, row)) is not None:
            values["seconds"] = seconds
        if mapped.x:
            update = _update(source, place, row, mapped.x)
            if update is None:
                if len(values) > len(blank()):
                    raise source.fault(place, "has no update")
                continue
            values["update"] = update + shift
        found.append(values)
    return found


def _update(source: Source, place: str, row: Mapping[str, Any], x: str) -> int | None:
    """The update of a row, None where it tells none."""
    if x not in row:
        return None
    try:
        return int(number(row[x], "update"))
    except ValueError as error:
        raise source.fault(f"{place}, {x}", str(error)) from None


def _from_zero(rows: Sequence[Row], x: str) -> bool:
    """Whether epochs and the like count from 0, so that the first of them has ended at 1."""
    return any(str(row.get(x)) in ("0", "0.0") for _, row in rows)


def _constant(
    rows: Sequence[Row], columns: Sequence[str], labels: tuple[str, str] | None, mapped: Mapped
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The seed of a run, and the texts that are the same in all of its rows."""
    settings: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for name in columns:
        values = {str(row.get(name)) for _, row in rows}
        if len(values) != 1 or (labels and name in labels):
            continue
        value = rows[0][1].get(name)
        if plain(name) == "seed" and type(value) is int and -(2**63) <= value < 2**63:
            settings["seed"] = value
        elif is_text(value) and name not in mapped.keys:
            facts[name] = str(value)[:200]
    return settings, facts


def repeats_configuration(name: str) -> bool:
    """Whether a column may hold a setting."""
    return _CONFIGURATION.match(name) is not None


def _fixed(groups: Iterable[Sequence[Row]], columns: Sequence[str]) -> list[str]:
    """The columns that repeat the configuration of a run in each of its rows (`config/lr`)."""
    named = list(filter(repeats_configuration, columns))
    return [name for name in named if all(len(_values(rows, name)) < 2 for rows in groups)]


def _values(rows: Sequence[Row], name: str) -> list[Any]:
    """The different values of a column."""
    return list({str(row[name]): row[name] for _, row in rows if name in row}.values())


def _check_mixed(source: Source, rows: Sequence[Row], mapped: Mapped, columns: Sequence[str]) -> None:
    """Raise `UsageError` if updates repeat in the file but not among the rows that agree in a column: those are several runs."""
    if not mapped.x or not _repeats(rows, mapped.x):
        return
    texts = [name for name in columns if any(is_text(row[name]) for _, row in rows if name in row)]
    replicas = [name for name in columns if plain(name) in _REPLICAS or repeats_configuration(name)]
    for name in [*texts, *(name for name in replicas if name not in texts)]:
        groups: dict[str, list[Row]] = {}
        for row in rows:
            groups.setdefault(str(row[1].get(name, "")), []).append(row)
        apart = len(groups) > 1 and not any(_repeats(group, mapped.x) for group in groups.values())
        rate = key_of(name) == "lr"
        if apart and name != mapped.x and (not rate or len(groups) == len(rows)):
            raise source.fault(
                "", f"updates repeat, and the column {name} seems to tell runs apart: --run {name!r} reads them so"
            )


def _repeats(rows: Sequence[Row], x: str) -> bool:
    updates = [row[x] for _, row in rows if x in row]
    if {int}.issuperset(map(type, updates)):
        return len(set(updates)) < len(updates)
    return len(set(map(str, updates))) < len(updates)
