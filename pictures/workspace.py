"""A laboratory with real runs to take pictures of."""

import subprocess
import sys
from pathlib import Path

from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace

STUDY = "quickstart"
FOLDER = Path(".pictures")


def trained() -> Lab:
    """The laboratory in `.pictures`, where the quickstart is trained with two seeds if that has not been done: a few minutes."""
    FOLDER.mkdir(exist_ok=True)
    lab = Lab(Workspace(FOLDER.absolute()))
    if not any(run.status == "finished" for run in lab.records()):
        moetui = [sys.executable, "-m", "moetui.cli.main", "--workspace", str(lab.workspace.root)]
        subprocess.run([*moetui, "run", STUDY, "--seeds", "2", "--plain"], check=True)
    return lab
