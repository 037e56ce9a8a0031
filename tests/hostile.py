"""A laboratory in which every text that comes from outside tries to give orders to the terminal."""

import re
from pathlib import Path

from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Finding, RunDir
from moetui.core.catalogue.records import RunRecord
from moetui.core.queue import edit
from moetui.core.runs.lab import Lab
from tests.tui.lab_on_disk import end_run, write_run

ORDERS = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b2J\x9d0;title\x9c\u202e\u2066\x85\r\x08\x7f"
"""Writes the clipboard, clears the screen, sets the title, turns the text around, and moves back."""

HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

OWN_ORDERS = re.compile(r"\x1b\[[0-9;]*m")
"""Colours and weights, which the commands and screens set themselves."""


def evil(word: str) -> str:
    """A text with orders in the middle."""
    return f"{word[:2]}{ORDERS}{word[2:]}"


def harm_in(text: str) -> list[str]:
    """What is left in a text for a terminal to obey, with what stands around it."""
    return [text[max(0, found.start() - 20) : found.end() + 20] for found in HARMFUL.finditer(text)]


def hostile_lab(lab: Lab) -> list[RunRecord]:
    """Four ended runs of a study with hostile names, notes, tags, reasons, findings and logs, and a hostile preset."""
    write_presets(lab.workspace.presets)
    runs = [_hostile_run(lab, rate, seed) for rate in (0.02, 0.05) for seed in (1, 2)]
    return edit.label_all(lab, runs, lambda run: {"note": evil(f"note of {run.id}"), "tags": (evil("tag"),)})


def write_presets(folder: Path) -> None:
    """A preset whose name and title are hostile, one that is no TOML, both in files with hostile names."""
    folder.mkdir()
    escaped = "".join(f"\\u{ord(c):04x}" for c in ORDERS)
    (folder / "own.toml").write_text(
        f'[preset]\nname = "mine/pr{escaped}eset"\ntitle = "ti{escaped}tle"\nabout = "ab{escaped}out"\n'
        f'source = "so{escaped}urce"\nextends = "base/moe-tiny"\n[grid]\n"optimizer.lr" = [0.02, 0.05]\n'
    )
    (folder / f"{evil('file')}.toml").write_text(
        '[preset]\nname = "mine/plain"\ntitle = "t"\nextends = "base/moe-tiny"\n'
    )


def _hostile_run(lab: Lab, rate: float, seed: int) -> RunRecord:
    study = evil("study")
    record = write_run(
        lab,
        f"h{round(rate * 100)}s{seed}aaaa",
        name=f"{study}/lr={rate:g}/seed={seed}",
        study=study,
        settings={"optimizer": {"lr": rate}, "seed": seed},
    )
    record = lab.catalogue.change(record.id, group=evil(f"group{rate:g}"))
    log = f"\x1b[1mline\x1b[0m {evil('one')}\nTraceback {evil('two')}\n"
    ended = end_run(
        lab, record, reason=evil("reason"), log=log, loss=lambda update: (8 + rate + seed / 100) / update**0.1
    )
    run = RunDir(lab.run_dir(record).path)
    result = run.result()
    assert result is not None
    finding = Finding(kind="spike", update=9, severity="warning", evidence=evil("evidence"), advice=evil("advice"))
    told = {"findings": (finding,), "device_name": evil("device"), "traceback": evil("traceback\n  here")}
    write_file(run.result_file, result.model_copy(update=told))
    config = run.config()
    write_file(
        run.config_file, config.model_copy(update={"provenance": {"host": evil("host"), evil("key"): evil("value")}})
    )
    return ended
