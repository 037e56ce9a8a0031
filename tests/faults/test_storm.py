"""Random kills of commands, dispatchers and trainers: nothing acknowledged is lost, nothing is left, and every run ends."""

import os
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.conftest import FAKE, kill_all_of
from tests.engine.tiny import with_python
from tests.faults.conftest import COUNTS, Serve
from tests.faults.server import REAL
from tests.faults.storm import SITE, Storm

pytestmark = pytest.mark.slow

ROUNDS, SEEDS = (300, (1, 2, 3, 4)) if os.environ.get(COUNTS) else (15, (0,))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_storm_of_kills_loses_nothing(serve: Serve, tmp_path: Path, seed: int, tried: Counter[str]) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    site = with_python(SITE, tmp_path / "site")["PYTHONPATH"]
    server = serve(**{"PYTHONPATH": f"{site}:{FAKE}", "FAKE_ENGINE": "finish", REAL: "1"})
    storm = Storm(server, workspace, Random(seed))
    try:
        for _ in range(ROUNDS):
            storm.round()
        storm.settle()
    finally:
        kill_all_of(workspace)
    assert not storm.faults, f"{storm.commands} commands, {storm.kills} kills:\n" + "\n".join(storm.faults[:20])
    assert storm.kills > ROUNDS // 10
    tried[f"a storm of kills, seed {seed}, {storm.commands} commands on {len(storm.book)} runs"] = storm.kills
