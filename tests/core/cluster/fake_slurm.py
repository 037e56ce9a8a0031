"""SLURM's commands as scripts that answer what a test has written down, and note what they were asked."""

import os
from pathlib import Path

SCRIPT = """#!/bin/bash
cd "{folder}"
printf '%s\\n' "$*" >> "{command}.asked"
if [ -s "{command}.fault" ]; then cat "{command}.fault" >&2; exit 1; fi
cat "{command}.answer" 2>/dev/null
exit 0
"""


class FakeSlurm:
    """A folder of such scripts, which stands first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for command in ("sbatch", "squeue", "scancel", "sacct", "sinfo"):
            script = folder / command
            script.write_text(SCRIPT.format(folder=folder, command=command))
            script.chmod(0o755)
        self.answer("sbatch", "7\n")

    @property
    def path(self) -> str:
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"

    def answer(self, command: str, text: str) -> None:
        (self.folder / f"{command}.answer").write_text(text)

    def refuse(self, command: str, words: str) -> None:
        (self.folder / f"{command}.fault").write_text(words)

    def agree(self, command: str) -> None:
        (self.folder / f"{command}.fault").unlink()

    def asked(self, command: str) -> list[str]:
        """What a command was called with, a line for each call."""
        file = self.folder / f"{command}.asked"
        return file.read_text().splitlines() if file.exists() else []

    def jobs(self, *lines: tuple[str, int, str, str]) -> None:
        """What squeue tells: name, task, state and reason or node of each job."""
        text = "".join(
            f"{name}|7_{task}|{state}|{words if state == 'PENDING' else 'None'}|{'' if state == 'PENDING' else words}\n"
            for name, task, state, words in lines
        )
        self.answer("squeue", text)
