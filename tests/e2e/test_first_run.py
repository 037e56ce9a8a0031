"""The first command on a fresh machine: real text, a real model, and nothing written where it should not be."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_first_run_learns_and_writes_only_to_the_workspace_and_the_cache(tmp_path: Path) -> None:
    places = {name: tmp_path / name for name in ("workspace", "home", "temporary")}
    for place in places.values():
        place.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "HF_"))}
    answer = subprocess.run(
        [
            *(sys.executable, "-m", "moetui.cli.main", "run", "quickstart", "--json"),
            *("--set", "optimizer.lr=0.05", "--set", "training.updates=12", "--set", "schedule.warmup=0.0"),
        ],
        cwd=places["workspace"],
        env=kept | {"HOME": str(places["home"]), "TMPDIR": str(places["temporary"])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    (run,) = json.loads(answer.stdout)
    assert run["status"] == "finished"
    directory = places["workspace"] / run["path"]
    first, *_, last = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    assert first["val_loss"] == pytest.approx(math.log(4096), abs=0.15)  # an untrained model guesses
    assert last["val_loss"] < first["val_loss"] - 0.5
    assert {entry.name for entry in places["workspace"].iterdir()} == {"runs", "runs.json", "runs.json.lock"}
    assert {str(entry.relative_to(places["home"])) for entry in places["home"].rglob("*")} >= {".cache/moetui/tokens"}
    assert [entry.name for entry in (places["home"] / ".cache").iterdir()] == ["moetui"]
    assert [entry.name for entry in places["home"].iterdir()] == [".cache"]
    assert list(places["temporary"].iterdir()) == []
