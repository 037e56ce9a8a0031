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
    """A kind of line: its pattern, and the pairs of our key and pattern that may follow in it.

    The group `step` of the pattern is the update; a line without one is of the updates that are done at the line before,
    which are `more` than its own number.
    """

    head: re.Pattern[str]
    values: Mapping[str, re.Pattern[str]]
    more: int = 0


def _line(head: str, more: int = 0, **values: str) -> Line:
    patterns = {key: re.compile(pattern.replace("#", _NUMBER)) for key, pattern in values.items()}
    return Line(re.compile(head), patterns, more)


NANOGPT: Final = (
    _line(r"^step (?P<step>\d+): train loss [^ ]+, val loss", train_loss=r"train loss #", val_loss=r"val loss #"),
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
        mfu=r"#% (?:bf16 )?MFU",
    ),
    _line(r"^val loss [^ ]+$", val_loss=r"val loss #"),
    _line(r"^step (?P<step>\d+): train loss [^ ]+ \(took", more=1, train_loss=r"train loss #"),
)
"""karpathy/llm.c, logger.h: `s:0 tel:11.0`, `s:0 trl:11.0 lr:0.0 norm:15.3`, `s:250 eval:0.27`; and what its programs print.

On a GPU that is `val loss 11.0` before `step    1/20 | loss 11.0 (+nanz)| norm 15.3 (+nanz)| lr 8.57e-07 | 9.1 ms | 48.6% bf16
MFU | 162062 tok/s`, on a CPU `val loss 5.33` before `step 0: train loss 5.36 (took 1943.2 ms)`.
"""

MODDED: Final = (
    _line(
        r"^(?:s:|step[: ])(?P<step>\d+)/\d+ ",
        val_loss=r"val_loss:#",
        train_loss=r"(?:train_loss|[^_]loss):#",
        hellaswag=r"val_hellaswag_acc:#",
        milliseconds=r"train_time:#ms",
    ),
)
"""KellerJordan/modded-nanogpt: `step:125/1750 val_loss:4.7 train_time:24000ms step_avg:192.00ms`, with `val_hellaswag_acc:0.29` or
`train_loss:4.7` in some versions, after the source of the script."""


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
        rows: list[Row] = []
        done = 0
        for place, text in enumerate(text_of(path).splitlines(), start=1):
            for line in lines:
                if (head := line.head.match(text)) is not None:
                    update = int(head["step"]) if "step" in line.head.groupindex else done
                    done = update + line.more
                    if values := _values(line, text):
                        rows.append((f"line {place}", {"update": update, **values}))
                    break
        if not rows:
            raise bad_input(path, "", "holds no line with a measurement")
        return runs_of_rows(Source(path, kind, name_of(path)), rows, choices, [_length(path)])

    return read


def _length(path: Path) -> str:
    return f"{path.name} is text: lines of other forms are left out"


def _values(line: Line, text: str) -> dict[str, Any]:
    """What a line tells of an update."""
    found = {key: pattern.search(text) for key, pattern in line.values.items()}
    row = {key: value for key, one in found.items() if one is not None and (value := _number(one[1])) is not None}
    if "milliseconds" in row:
        row["seconds"] = row.pop("milliseconds") / 1000
    if "mfu" in row:  # -100 % until it is known
        mfu = row.pop("mfu") / 100
        row |= {"mfu": mfu} if mfu >= 0 else {}
    return row


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
