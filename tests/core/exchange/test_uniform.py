"""Logs that are read by columns come out as those that are read row by row."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moetui.core.errors import UsageError
from moetui.core.exchange import tables
from moetui.core.exchange.foreign import Choices, ForeignRun
from moetui.core.exchange.rows import Source, runs_of_rows
from moetui.core.exchange.tables import read_jsonl
from moetui.core.exchange.uniform import run_of_uniform

PATH = Path("log.jsonl")

NAMES = (
    "step",
    "_step",
    "epoch",
    "loss",
    "train/loss",
    "val_loss",
    "val_acc",
    "lr",
    "time",
    "tokens",
    "run",
    "Loss/x - y",
)

numbers = st.one_of(st.integers(-3, 3), st.floats(allow_nan=False), st.sampled_from([0.5, 2**53, 2**64, 1.7e9, 1e999]))


def text_of(row: Any) -> bytes:
    return json.dumps(row).replace("Infinity", "1e999").encode()


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """Mostly uniform rows at rising steps, now and then with something else among them."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    rows: list[Any] = []
    for at in range(draw(st.integers(1, 6))):
        row = {name: at if name == "step" else draw(numbers) for name in names}
        rows.append(
            draw(st.sampled_from([row] * 12 + [row | {"extra": 1.5}, row | {"loss": "nan"}, row | {"step": 1}, 3]))
        )
    lines = [draw(st.sampled_from([b"%s"] * 30 + [b" %s", b"%s\r", b"\n%s", b"[%s"])) % text_of(row) for row in rows]
    return b"\n".join(lines) + draw(st.sampled_from([b"\n", b"", b"\n\n"]))


def outcome(read: Callable[[], ForeignRun | None]) -> str | None:
    """All that is told of a run, or why there is none."""
    try:
        run = read()
    except UsageError as error:
        return str(error)
    if run is None:
        return None
    return repr((run.name, run.format, list(run.records), run.settings, run.facts, run.columns, run.notes, run.id))


@given(text=logs())
def test_a_log_is_read_by_columns_as_it_is_row_by_row(text: bytes) -> None:
    by_columns = outcome(lambda: run_of_uniform(Source(PATH, "jsonl"), text, Choices()))
    if by_columns is not None:
        rows = [(f"line {line}", orjson.loads(raw)) for line, raw in enumerate(text.splitlines(), start=1)]
        assert by_columns == outcome(lambda: runs_of_rows(Source(PATH, "jsonl"), rows, Choices())[0])


@pytest.mark.parametrize(
    "lines",
    [
        b'{"step":1,"loss":2.0}\n{"step":2,"loss":1.5}\n{"step":3,"loss":1.25,"lr":0.1}',
        b'{"step":1,"loss":2.0}\n{"step":2,"lr":1.5}',
        b'{"step":2,"loss":2.0}\n{"step":1,"loss":1.5}',
        b'{"step":1,"loss":2.0}\n{"step":2,"loss":"nan"}',
        b'{"step":1,"loss":2.0}\n{"step":2,"loss":null}',
        b'{"step":1,"loss":2.0}\n{"step":2,"loss":true}',
        b'{"step":1,"val_acc":2.0}\n{"step":2,"val_acc":50.0}',
        b'{"step":1,"loss":-1}\n{"step":2,"loss":1}',
        b'{"step":1,"loss":1,"time":1700000000}\n{"step":2,"loss":1,"time":1700000009}',
        b'{"step":1,"loss":2.0,"run":1}\n{"step":2,"loss":2.0,"run":1}',
        b'{"step":1,"loss":2.0,"train_loss":2.0}\n{"step":2,"loss":2.0,"train_loss":2.0}',
        b'{"step":1,"loss":2.0,"config/lr":2.0}\n{"step":2,"loss":2.0,"config/lr":2.0}',
        b'{"epoch":0,"loss":2.0}\n{"epoch":1,"loss":2.0}',
        b'{"step":1,"loss":2.0},{"step":2,"loss":2.0}\n{"step":3,"loss":2.0}',
        b'{"step":1,"x":[{"a":1}\n{"a":2}]}\n{"step":3,"x":1},{"step":4,"x":1}',
        b'{"step":1,"a":"x}\n{y","loss":2.0}\n{"step":3,"loss":1.0},{"step":4,"loss":1}',
    ],
)
def test_what_is_not_so_plain_is_left_to_the_rows(lines: bytes) -> None:
    assert run_of_uniform(Source(PATH, "jsonl"), lines, Choices(x="epoch" if b"epoch" in lines else "")) is None


def test_values_that_cannot_be_are_named() -> None:
    run = run_of_uniform(Source(PATH, "jsonl"), b'{"step":1,"loss":-2.0}\n{"step":2,"loss":1e300}\n', Choices())
    assert run is not None
    assert run.notes == ("implausible: train_loss is -2 at update 1, less than 0; kept as it is",)
    assert run.records[1]["train_loss"] == 1e300


def test_a_log_of_several_pieces_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(b'{"step":%d,"loss":%d.5,"elapsed":%d}\n' % (at, at, at) for at in range(1000)))
    monkeypatch.setattr("moetui.core.exchange.uniform._PIECE", 100)
    monkeypatch.setattr(tables, "runs_of_rows", lambda *_: pytest.fail("it is as plain as can be"))
    (run,) = read_jsonl(path, Choices())
    assert list(run.records) == [
        {"update": at, "session": 1, "train_loss": at + 0.5, "seconds": float(at)} for at in range(1000)
    ]
    assert isinstance(run.records[1]["seconds"], float)
