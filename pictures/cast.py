"""A short recorded session in docs/moetui.cast, in asciinema's format: three runs are launched and watched.

    python -m pictures.cast

The runs are real: the small model, three learning rates, a few updates each. Play it with `asciinema play docs/moetui.cast`.
"""

import codecs
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.terminal.far_end import FarEnd

CAST = Path(__file__).parents[1] / "docs" / "moetui.cast"
SIZE = (100, 30)
LONGEST_PAUSE = 0.4
DOWN, ENTER = "\x1b[B", "\r"
PRESET = """
[preset]
name = "demo"
title = "Three learning rates on the small model"
about = "A short study for a first look."
extends = "base/moe-tiny"

[config]
training.updates = 40
evaluation.every = 5
evaluation.max_sequences = 32

[grid]
"optimizer.lr" = [0.01, 0.05, 0.3]
"""


def session(app: FarEnd) -> None:
    """Choose the preset, start it, watch the runs until they have ended, and ask which learning rate was best."""
    app.seconds_until("Launch")
    app.settle()
    type_slowly(app, DOWN, ENTER, "y")
    app.seconds_until("running")
    begun = len(app.pieces)
    type_slowly(app, "\t", "\t", "m")
    time.sleep(3)
    type_slowly(app, "m")
    app.seconds_until("nothing runs", after=begun, within=900)
    type_slowly(app, "4")
    app.settle()
    time.sleep(2)
    type_slowly(app, "q")


def type_slowly(app: FarEnd, *keys: str) -> None:
    """Press keys at the pace of a person."""
    for key in keys:
        app.press(key.encode(), within=2)
        time.sleep(0.4)


def events(pieces: Iterable[tuple[float, bytes]]) -> Iterator[tuple[float, str, str]]:
    """What came, at seconds from the first output; longer pauses are cut."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    clock, last = 0.0, None
    for moment, piece in pieces:
        clock += min(moment - last, LONGEST_PAUSE) if last is not None else 0.0
        last = moment
        yield round(clock, 3), "o", decoder.decode(piece)


def main() -> None:
    """Record, and write the file."""
    with tempfile.TemporaryDirectory() as folder:
        presets = Path(folder) / "presets"
        presets.mkdir()
        (presets / "demo.toml").write_text(PRESET, encoding="utf-8")
        with FarEnd(["moetui.cli.main", "--workspace", folder, "--no-tour"], SIZE) as app:
            session(app)
            app.wait()
            pieces = app.pieces
    head = {"version": 2, "width": SIZE[0], "height": SIZE[1], "title": "moetui", "env": {"TERM": "xterm-256color"}}
    told = list(events(pieces))
    CAST.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in (head, *told)), encoding="utf-8")
    print(f"{CAST}: {told[-1][0]:.0f} s, {CAST.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
