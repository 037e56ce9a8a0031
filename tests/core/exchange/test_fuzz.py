"""Damaged files of every format: they are read or refused in one line, soon, and no run is made of two."""

import faulthandler
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from moetui.core.errors import UsageError
from moetui.core.exchange.foreign import Choices, ForeignRun
from moetui.core.exchange.importing import end_of, import_file
from moetui.core.exchange.reading import read_all
from tests.core.exchange.samples import INPUTS

SHORT, LONG, SLOW_LONG = 25, 2_600, 500
"""Mutations of each format in the usual tests, and in the long ones, which come to 50,000 in all."""

SECONDS = 20
"""Time after which a file that is being read is a hang: all of them take milliseconds."""

TOKENS = (
    b"NaN",
    b"1e999",
    b"-",
    b",",
    b"\n",
    b'"',
    b"{",
    b"[",
    b"null",
    b"9" * 400,
    b"\xff",
    b"\0",
    b"step",
    b"run",
    b"\x1b[31m",
)


def mutated(raw: bytes, draw: random.Random) -> bytes:
    """The bytes with up to four changes: bits, pieces that are lost, doubled or moved, words that do not belong there."""
    data = bytearray(raw)
    for _ in range(draw.randint(1, 4)):
        if not data:
            return b""
        start = draw.randrange(len(data))
        stop = min(len(data), start + draw.choice((1, 4, 40, 400)))
        match draw.randrange(6):
            case 0:
                data[start] ^= 1 << draw.randrange(8)
            case 1:
                del data[start:stop]
            case 2:
                data[start:start] = data[start:stop]
            case 3:
                piece = data[start:stop]
                del data[start:stop]
                at = draw.randint(0, len(data))
                data[at:at] = piece
            case 4:
                data[start:stop] = draw.choice(TOKENS)
            case _:
                del data[start:]
    return bytes(data)


def files_of(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def read(path: Path, choices: Choices) -> Sequence[ForeignRun]:
    """The runs, which can be written down; none if the file is refused as it should be."""
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    try:
        runs = read_all([path], choices).runs
    except UsageError as error:
        fault = str(error)
        assert "\n" not in fault
        return []
    finally:
        faulthandler.cancel_dump_traceback_later()
    for run in runs:
        import_file(run, end_of(run, 0.0), group="", created=0.0)
        assert run.id
    return runs


def damage(name: str, folder: Path, times: int) -> Iterator[Sequence[ForeignRun]]:
    draw = random.Random(f"{name} {times}")
    sample = INPUTS[name]
    path = sample.make(folder)
    files = {file: file.read_bytes() for file in files_of(path)}
    for _ in range(times):
        file = draw.choice(list(files))
        file.write_bytes(mutated(files[file], draw))
        for choices in (sample.choices, Choices()):
            yield read(path, choices)
        file.write_bytes(files[file])


SLOW = ("optuna", "optuna-journal", "tensorboard")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in INPUTS]
)
def test_a_damaged_file_is_read_or_refused_in_one_line(tmp_path: Path, name: str) -> None:
    for _ in damage(name, tmp_path, SHORT):
        pass


@pytest.mark.long
@pytest.mark.parametrize("name", INPUTS)
def test_fifty_thousand_damaged_files_are_read_or_refused_in_one_line(tmp_path: Path, name: str) -> None:
    for _ in damage(name, tmp_path, SLOW_LONG if name in SLOW else LONG):
        pass


def two_runs(kind: str) -> list[str]:
    """The lines of a table of the runs `a` and `b`, whose losses are below and above 100."""
    rows = [(run, step, loss + step / 10) for run, loss in (("a", 1), ("b", 101)) for step in range(1, 20)]
    if kind == "jsonl":
        return [f'{{"run": "{run}", "step": {step}, "loss": {loss}}}' for run, step, loss in rows]
    if kind == "chart":
        return ["Step,a - loss,b - loss", *(f"{step},{1 + step / 10},{101 + step / 10}" for step in range(1, 20))]
    return ["Run,step,loss", *(f"{run},{step},{loss}" for run, step, loss in rows)]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "chart"])
def test_no_run_is_made_of_two_whatever_lines_are_lost_doubled_or_moved(tmp_path: Path, kind: str) -> None:
    draw = random.Random(kind)
    head = 0 if kind == "jsonl" else 1
    path = tmp_path / ("x.jsonl" if kind == "jsonl" else "x.csv")
    for _ in range(100):
        lines = two_runs(kind)
        for _ in range(draw.randint(1, 6)):
            at, to = draw.randrange(head, len(lines)), draw.randrange(head, len(lines))
            match draw.randrange(4):
                case 0:
                    lines[at], lines[to] = lines[to], lines[at]
                case 1:
                    lines.insert(to, lines[at])
                case 2 if len(lines) > head + 2:
                    del lines[at]
                case _:
                    lines.insert(to, lines[0])
        path.write_text("\n".join(lines))
        for run in read(path, Choices()):
            sides = {record["train_loss"] > 100 for record in run.records if "train_loss" in record}
            assert len(sides) <= 1


def test_a_folder_of_damaged_files_gives_what_is_whole(tmp_path: Path) -> None:
    draw = random.Random(1)
    for number in range(20):
        path = INPUTS["trainer-state"].make(tmp_path / f"run-{number}")
        if number % 2:
            path.write_bytes(mutated(path.read_bytes()[:-40], draw))
    assert len(read_all([tmp_path]).runs) >= 10
