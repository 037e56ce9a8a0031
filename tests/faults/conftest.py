"""The library that injects faults, the servers that run commands under it, and the count of what was tried."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COUNTS = "MOETUI_FAULTS"
"""Environment variable: try every place with every kind of fault, and write the counts into the file that it names."""


@dataclass
class Server:
    """A process that runs commands (see tests.faults.server)."""

    process: "subprocess.Popen[str]"

    def ask(
        self, workspace: Path, command: Sequence[str], at: int = 0, kind: int = 0, disk: Path | None = None
    ) -> dict[str, Any]:
        """Run a command; its exit code, the changes of files that it came to, and what it said."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        task = {"workspace": str(workspace), "command": list(command), "at": at, "kind": kind}
        task["disk"] = str(disk or "")
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def state(self, workspace: Path, *words: str) -> dict[str, Any]:
        """What the workspace holds, at once or after the next commands."""
        answer = self.ask(workspace, [":state", *words])
        assert answer["code"] == 0, answer["said"]
        found: dict[str, Any] = json.loads(answer["said"].splitlines()[-1])
        return found


Serve = Callable[..., Server]


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that counts and injects."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs Linux and a C compiler")
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-w", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture(scope="module")
def serve(shim: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start servers without a user's settings, with modules imported beforehand and variables of their own."""
    home = str(tmp_path_factory.mktemp("home"))
    settings = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"), home)
    servers = []

    def start(*modules: str, **environment: str) -> Server:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.server", *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | settings | {"LD_PRELOAD": str(shim), "OMP_NUM_THREADS": "1"} | environment,
            cwd=Path(__file__).parents[2],
        )
        servers.append(process)
        return Server(process)

    yield start
    for process in servers:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def tried() -> Iterator[Counter[str]]:
    """The faults that were tried, by what they were tried on."""
    found: Counter[str] = Counter()
    yield found
    if path := os.environ.get(COUNTS):
        before = json.loads(Path(path).read_text()) if Path(path).exists() else {}
        Path(path).write_text(json.dumps(before | found, indent=2, sort_keys=True) + "\n")
