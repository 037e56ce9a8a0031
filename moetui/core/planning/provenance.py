"""Where a run comes from: versions, source revision and command, so that it can be repeated from its directory alone."""

import getpass
import importlib.metadata
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from engine.runfiles.host import hostname

PACKAGES = ("moetui", "torch", "numpy", "transformers", "tokenizers", "datasets")
MAX_DIFF = 200_000
"""Characters of an uncommitted diff that are kept."""


def provenance() -> dict[str, Any]:
    """Facts about the present program and machine; what cannot be told is left out."""
    facts: dict[str, Any] = {
        "command": sys.argv,
        "host": hostname(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
    }
    try:
        facts["user"] = getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        facts["user"] = ""
    return facts | _revision(Path(__file__).parents[3])


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _revision(source: Path) -> dict[str, Any]:
    """Commit and uncommitted changes of the checkout that the program runs from, if it runs from one."""
    git = shutil.which("git")
    if git is None or not (source / ".git").exists():
        return {}
    commit = _ask(git, source, "rev-parse", "HEAD")
    if not commit:
        return {}
    diff = _ask(git, source, "diff", "HEAD", "--", "engine")  # the engine alone decides the outcome of a run
    return {"git_commit": commit.strip(), "git_diff": diff[:MAX_DIFF]}


def _ask(git: str, source: Path, *arguments: str) -> str:
    try:
        answer = subprocess.run(
            [git, "-C", str(source), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return answer.stdout if answer.returncode == 0 else ""
