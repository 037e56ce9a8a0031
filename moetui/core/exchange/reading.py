"""Finding the runs in files and directories."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from moetui.core.errors import NotFoundError, UsageError
from moetui.core.exchange.foreign import Choices, ForeignRun, bad_input
from moetui.core.exchange.format import Format
from moetui.core.exchange.mlflow_folder import run_folders
from moetui.core.exchange.registry import FORMATS, recognized
from moetui.core.exchange.tensorboard import EVENTS, event_folders

_CHECKPOINT = re.compile(r"checkpoint-(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Found:
    """A file or directory with its runs: which format it was taken for and why."""

    path: Path
    format: Format
    why: str
    runs: list[ForeignRun]


@dataclass(slots=True)
class Reading:
    """What was found in all paths, and a sentence for each file in a directory that holds no run."""

    found: list[Found] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)

    @property
    def runs(self) -> list[ForeignRun]:
        """The runs of all files."""
        return [run for found in self.found for run in found.runs]


def read_all(paths: Iterable[Path], choices: Choices = Choices(), *, strict: bool = False) -> Reading:  # noqa: B008  # frozen
    """Every run in the files and directories. In a directory, files that hold no run are passed over, unless `strict`.

    Raises `NotFoundError`, and `UsageError` for a file that was named itself and cannot be read, and for a directory without a run.
    """
    reading = Reading()
    for path in paths:
        try:
            known = recognized(path)
            if path.is_dir() and (known is None or known[0].in_trees):
                _read_tree(path, choices, reading, strict=strict)
            else:
                reading.found.append(_read(path, known, choices))
        except FileNotFoundError:
            raise NotFoundError(f"{path} is not there; nothing was imported") from None
        except OSError as error:
            raise UsageError(f"{error.filename or path}: {error.strerror or error}; nothing was imported") from None
    return reading


def _names() -> str:
    return ", ".join(entry.name for entry in FORMATS if entry.read is not None)


def _read(path: Path, known: tuple[Format, str] | None, choices: Choices) -> Found:
    if known is None:
        raise bad_input(path, "", f"is of no known format ({_names()})")
    entry, why = known
    assert entry.read is not None, "only formats that can be read are recognized"
    return Found(path, entry, why, entry.read(path, choices))


def _read_tree(root: Path, choices: Choices, reading: Reading, *, strict: bool) -> None:
    before = len(reading.found)
    for path in _candidates(root, reading):
        try:
            reading.found.append(_read(path, recognized(path), choices))
        except (UsageError, OSError) as error:
            if strict:
                raise
            reading.passed_over.append(str(error).removesuffix("; nothing was imported"))
    if len(reading.found) == before:
        said = f": {reading.passed_over[-1]}" if reading.passed_over else ""
        names = dict.fromkeys(name for entry in FORMATS for name in entry.in_trees)
        raise UsageError(
            f"{root} holds no run{said}; in directories {', '.join(names)} and mlruns are found, name other files themselves; "
            "nothing was imported"
        )


def _candidates(root: Path, reading: Reading) -> Iterator[Path]:
    """The files below a directory that are called as the formats call theirs, and directories that hold a run as a whole."""
    names = dict.fromkeys(name for entry in FORMATS for name in entry.in_trees if not name.startswith(EVENTS))
    files = dict.fromkeys(path for name in names for path in sorted(root.rglob(name)) if path.is_file())
    newest = _newest_states([path for path in files if _CHECKPOINT.fullmatch(path.parent.name)])
    for path in files:
        if _CHECKPOINT.fullmatch(path.parent.name) and (path not in newest or path.parent.parent / path.name in files):
            reading.passed_over.append(f"{path}: is an earlier state of the same run")
        else:
            yield path
    yield from sorted(
        path for path in (root, *root.rglob("mlruns")) if path.name == "mlruns" and any(run_folders(path))
    )
    if event_folders(root):
        yield root


def _newest_states(paths: list[Path]) -> set[Path]:
    """Of the states that a Trainer keeps with its checkpoints, the one of the last, for each run."""
    newest: dict[Path, tuple[int, Path]] = {}
    for path in paths:
        found = _CHECKPOINT.fullmatch(path.parent.name)
        step = int(found[1]) if found else 0
        newest[path.parent.parent] = max(newest.get(path.parent.parent, (-1, path)), (step, path))
    return {path for _, path in newest.values()}
