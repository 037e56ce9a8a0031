"""Whatever names, notes, findings, titles, files and logs hold, no command passes an order on to the terminal."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from moetui.cli.commands import HOME
from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli
from tests.hostile import ORDERS, evil, harm_in, hostile_lab

RUN, OTHER = "h2s1aaaa", "h5s1aaaa"
PRESET = f"mine/pr{ORDERS}eset"
STUDY = evil("study")

CALLS: Mapping[str, Sequence[Sequence[str]]] = {
    "run": [[PRESET, "--dry-run"], [evil("preset")], ["base/moe-tiny", "--set", f"{evil('key')}=1"]],
    "presets": [[], [PRESET]],
    "explain": [[evil("key")]],
    "study": [[PRESET, "--dry-run"], ["status"], ["status", PRESET]],
    "refine": [[STUDY, "--dry-run"], [evil("study")]],
    "plan": [
        [PRESET, "--dry-run"],
        [PRESET, "--budget", evil("1h")],
        [PRESET, "--to", evil("width=1"), "--ladder", "width=1"],
    ],
    "search": [[PRESET, "--range", "optimizer.lr=0.01..0.1:log", "--dry-run"], [PRESET, "--range", evil("range")]],
    "audit": [[PRESET], [evil("audit")]],
    "resume": [[RUN], [evil("run")]],
    "rerun": [[evil("run")]],
    "fork": [[RUN, "--set", f"{evil('key')}=1", "--detach"]],
    "cooldown": [[RUN, "--at", evil("0.5")], [RUN, "--at", "0.5"]],
    "ls": [[], ["--sort", "name"], ["--group-by", "study"], ["--columns", "name,note,tag,study,reason"], [evil("x:y")]],
    "show": [[RUN], [evil("run")]],
    "health": [[RUN]],
    "logs": [[RUN], [RUN, "-n", "1"]],
    "watch": [["--once"], ["--once", RUN]],
    "wait": [[RUN, OTHER]],
    "stop": [[RUN]],
    "label": [[RUN, "--note", evil("note")]],
    "rm": [[RUN]],
    "restore": [[RUN]],
    "reindex": [[]],
    "gc": [["--dry-run"]],
    "doctor": [[], ["--fix"]],
    "pause": [[RUN], [evil("run")]],
    "release": [[RUN], [evil("run")]],
    "queue": [[], ["hold", RUN]],
    "slurm": [["template"]],
    "generate": [[RUN]],
    "export-hf": [[RUN, "there"]],
    "export": [[RUN, "--to", evil("table.csv")], [RUN, "--to", "t", "--format", evil("f")]],
    "import": [[evil("file.json")]],
    "compare": [[STUDY], [f"{STUDY}/lr=0.02", f"{STUDY}/lr=0.05", "--metric", "val_loss"]],
    "diff": [[RUN, OTHER]],
    "response": [[STUDY]],
    "coordcheck": [[evil("preset")], ["quickstart", "--widths", evil("32")]],
    "transfer": [[STUDY], [STUDY, "--to", evil("width=1")]],
    "report": [[STUDY]],
    "hosts": [[], ["add", evil("name"), evil("address")], ["remove", evil("name")], ["ls"]],
    "pull": [[evil("run"), "--from", evil("host")]],
    "send": [[evil("run")]],
    "keys": [[]],
    "serve": [["--theme", evil("theme")]],
}
"""Each command with arguments that make it print, in an order in which none spoils the next."""

NO_JSON = frozenset({"keys", "serve"})


def test_every_command_is_walked() -> None:
    assert CALLS.keys() == HOME.keys()


def test_no_command_passes_an_order_on(lab: Lab, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    hostile_lab(lab)
    printed = 0
    for command, calls in CALLS.items():
        for arguments in calls:
            code, out, err = cli(command, *arguments)
            assert harm_in(out) == harm_in(err) == [], (command, arguments)
            assert "Traceback (most" not in err, (command, err)
            assert code in (0, 1, 2, 3), (command, code)
            printed += len(out)
    assert printed > 10_000


@pytest.mark.long
def test_json_is_harmless_and_keeps_every_character(
    lab: Lab, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs = {run.id: run for run in hostile_lab(lab)}
    for command, calls in CALLS.items():
        for arguments in () if command in NO_JSON else calls:
            _, out, err = cli(command, *arguments, "--json")
            assert harm_in(out) == harm_in(err) == [], (command, arguments)
            assert not out or json.loads(out) is not None
    listed = {run["id"]: run for run in cli.json("ls", "status:finished") if not run["published"]}
    assert listed
    assert all(run["name"] == runs[run_id].name for run_id, run in listed.items() if run_id != RUN)


def test_a_file_name_that_is_not_utf_8_is_told(lab: Lab, cli: Cli) -> None:
    lab.workspace.presets.mkdir()
    (lab.workspace.presets / "od\udcffd.toml").write_text('[preset]\nname = "mine/odd"\ntitle = "t"\n')
    code, out, err = cli("presets", "mine/odd")
    assert code == 0, err
    assert "od?d.toml" in out
    assert json.loads(cli("presets", "mine/odd", "--json")[1])["path"].endswith("od\udcffd.toml")


def test_an_unforeseen_fault_is_harmless_as_well(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(evil("message"))

    monkeypatch.setattr(Lab, "snapshot", broken)
    code, _, err = cli("ls")
    assert code == 1
    assert "RuntimeError" in err
    assert harm_in(err) == []
