"""The text logs of well-known training scripts: lines with an update and what was measured, among any others."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from moetui.core.exchange.foreign import Choices, ForeignRun, bad_input, name_of
from moetui.core.exchange.format import Look
from moetui.core.exchange.rows import Source, runs_of_rows
from moetui.core.exchange.shapes import Row
from moetui.core.exchange.tables import text_of
from moetui.core.exchange.units import cell

_NUMBER: Final = r"([-+]?(?:nan|inf|[0-9][0-9.,]*(?:[eE][-+]?[0-9]+)?))"


def _number(text: str) -> float | None:
    value = cell(text.replace(",", ""))
    return value if isinstance(value, int | float) else None


@dataclass(frozen=True, slots=True)
class Line:
    """A kind of line: its pattern, whose group `step` is the update, and the pairs of our key and pattern that may follow in it."""

    head: re.Pattern[str]
    values: Mapping[str, re.Pattern[str]]


def _line(head: str, **values: str) -> Line:
    return Line(re.compile(head), {key: re.compile(pattern.replace("#", _NUMBER)) for key, pattern in values.items()})


NANOGPT: Final = (
    _line(r"^step (?P<step>\d+): train loss", train_loss=r"train loss #", val_loss=r"val loss #"),
    _line(r"^iter (?P<step>\d+): loss", train_loss=r"loss #", mfu=r"mfu #%"),
)
"""karpathy/nanoGPT, train.py: `step 0: train loss 10.9, val loss 10.9` and `iter 0: loss 10.9, time 9.1ms, mfu -100.00%`."""

LLM_C: Final = (
    _line(r"^s:(?P<step>\d+) tel:", val_loss=r"tel:#"),
    _line(r"^s:(?P<step>\d+) trl:", train_loss=r"trl:#", lr=r"lr:#", grad_norm=r"norm:#"),
    _line(r"^s:(?P<step>\d+) eval:", hellaswag=r"eval:#"),
    _line(
        r"^step +(?P<step>\d+)/\d+ \|",
        train_loss=r"loss #",
        grad_norm=r"norm #",
        lr=r"lr #",
        tokens_per_second=r"# tok/s",
    ),
)
"""karpathy/llm.c, logger.h: `s:0 tel:11.0`, `s:0 trl:11.0 lr:0.0 norm:15.3`, `s:250 eval:0.27`; and what it prints itself."""

MODDED: Final = (
    _line(
        r"^(?:s:|step[: ])(?P<step>\d+)/\d+ ",
        val_loss=r"val_loss:#",
        train_loss=r"(?:train_loss|[^_]loss):#",
        milliseconds=r"train_time:#ms",
    ),
)
"""KellerJordan/modded-nanogpt: `step:125/1750 val_loss:4.7 train_time:24000ms step_avg:192ms`, after the source of the script."""


def recognizes(lines: Sequence[Line], words: str) -> Callable[[Look], str]:
    """What says why a file is a log with such lines: the first of them. The source of a script may stand before it."""

    def recognize(look: Look) -> str:
        if look.path.suffix.lower() not in (".txt", ".log", ".out", ""):
            return ""
        sample = look.text if len(look.raw) < 1 << 16 else look.text + _later(look.path)
        for line in sample.splitlines():
            if any(kind.head.match(line) for kind in lines):
                return f"the line {line[:60]!r} is {words}"
        return ""

    return recognize


def _later(path: Path) -> str:
    """The end of a long file."""
    with path.open("rb") as file:
        file.seek(-(1 << 16), 2)
        return file.read().decode(errors="replace")


def reads(lines: Sequence[Line], kind: str) -> Callable[[Path, Choices], list[ForeignRun]]:
    """The reader of logs with such lines."""

    def read(path: Path, choices: Choices) -> list[ForeignRun]:
        rows = [
            (f"line {place}", row)
            for place, text in enumerate(text_of(path).splitlines(), start=1)
            if (row := _row(lines, text)) is not None
        ]
        if not rows:
            raise bad_input(path, "", "holds no line with a measurement")
        return runs_of_rows(Source(path, kind, name_of(path)), rows, choices, [_length(path)])

    return read


def _length(path: Path) -> str:
    return f"{path.name} is text: lines of other forms are left out"


def _row(lines: Sequence[Line], text: str) -> dict[str, Any] | None:
    for kind in lines:
        if (head := kind.head.match(text)) is None:
            continue
        row: dict[str, Any] = {"update": int(head["step"])}
        for key, pattern in kind.values.items():
            if (found := pattern.search(text)) is not None and (value := _number(found[1])) is not None:
                row[key] = value
        if "milliseconds" in row:
            row["seconds"] = row.pop("milliseconds") / 1000
        if "mfu" in row:  # -100 % until it is known
            mfu = row.pop("mfu") / 100
            row |= {"mfu": mfu} if mfu >= 0 else {}
        return row if len(row) > 1 else None
    return None


def python_lines(path: Path, choices: Choices) -> list[ForeignRun]:
    """The run of a console log of transformers: lines that are a dictionary, as its progress callback prints them."""
    rows: list[Row] = []
    for place, text in enumerate(text_of(path).splitlines(), start=1):
        pairs = _PAIR.findall(text) if _DICTIONARY.match(text) else []
        row = {name: value for name, told in pairs if (value := cell(told.strip("'"))) is not None}
        if row:
            rows.append((f"line {place}", row))
    if not rows:
        raise bad_input(path, "", "holds no line with a measurement")
    return runs_of_rows(Source(path, "transformers-log", name_of(path)), rows, choices, [_length(path)])


_DICTIONARY: Final = re.compile(r"^\s*\{'(?:loss|eval_loss|train_runtime)': ")
_PAIR: Final = re.compile(r"'(\w+)': ('?[-+.\w]+'?)")


def is_python_lines(look: Look) -> str:
    """Why a file is a console log of transformers."""
    line = next((line for line in look.text.splitlines() if _DICTIONARY.match(line)), None)
    return f"the line {line[:60]!r} is what transformers' Trainer prints" if line else ""
