"""Runs the engine's coordinate check on a configuration at several widths."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

import orjson

from engine.runfiles.metrics import decode
from engine.spec.config import RunConfig, resolve
from moetui.core.errors import LabError, UsageError
from moetui.core.planning.ladder import Ladder, resized
from moetui.core.planning.plan import flat_config
from moetui.core.planning.settings import nest
from moetui.core.runs.lab import Lab
from moetui.core.science.coordinates import Measured

_QUIET: Final = {
    "model.dropout": 0.0,
    "model.residual_dropout": 0.0,
    "model.router_noise": 0.0,
    "training.accumulation": 1,
    "training.device": "cpu",
}
"""Dropout and noise blur the changes and have no part in what is checked."""


def prepared(base: RunConfig, widths: Sequence[int], seeds: int) -> list[RunConfig]:
    """What is to be measured: each width with each seed. Raises `UsageError` for a width that the model cannot have."""
    if len(set(widths)) < 2:
        raise UsageError("--widths: a slope needs two widths or more")
    return [
        resolve(nest(flat_config(resized(Ladder("width", tuple(widths)), base, width)) | _QUIET | {"seed": seed}))
        for width in sorted(set(widths))
        for seed in range(1, seeds + 1)
    ]


class CoordinateCheck:
    """The measurement of configurations in a process of its own, which can be broken off."""

    def __init__(self, lab: Lab, configs: Sequence[RunConfig], at: Sequence[int]) -> None:
        self._asked = {"at": list(at), "configs": [config.model_dump(mode="json") for config in configs]}
        command = [sys.executable, "-P", "-m", "engine.coordcheck"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=lab.workspace.root)

    def measured(self) -> list[Measured]:
        """What was measured, when it is there. Raises `UsageError` for bad input and `LabError` if it fails or is broken off."""
        try:
            out, err = self._process.communicate(orjson.dumps(self._asked))
        except BaseException:
            self.break_off()
            raise
        if code := self._process.returncode:
            words = (err.decode(errors="replace").strip().splitlines() or ["no word"])[-1]
            raise (UsageError if code == 2 else LabError)(f"engine.coordcheck: {words}")
        return [_measured(orjson.loads(line)) for line in out.splitlines()]

    def break_off(self) -> None:
        """End the process, if it has not ended."""
        self._process.kill()


def _measured(tree: dict[str, Any]) -> Measured:
    changes = {part: [decode(value) for value in values] for part, values in tree["changes"].items()}
    return Measured(tree["width"], tree["seed"], tuple(tree["at"]), changes, tree["decay"])
