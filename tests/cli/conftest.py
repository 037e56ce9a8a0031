"""The command line in this process."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from moetui.cli.main import main
from moetui.cli.place import lab as chosen_lab
from moetui.core.runs.lab import Lab


class Cli:
    """Calls `moetui` with arguments in one workspace."""

    def __init__(self, workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.workspace = workspace
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        chosen_lab.cache_clear()
        self._monkeypatch.setattr(sys, "argv", ["moetui", "--workspace", str(self.workspace), *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = self._capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, out, err

    def json(self, *arguments: str) -> Any:
        """The JSON that a command prints; it must print nothing else on stdout."""
        code, out, err = self(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
def cli(lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(lab.workspace.root, monkeypatch, capsys)
