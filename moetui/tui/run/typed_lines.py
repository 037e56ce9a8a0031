"""The lines that are typed to fork, to branch and to export runs, understood."""

import shlex
from pathlib import Path
from typing import Any, Literal

from moetui.core.errors import UsageError
from moetui.core.exchange.exporting import KINDS, format_of
from moetui.core.planning.plan import check_keys
from moetui.core.planning.settings import parse_assignment
from moetui.core.planning.typed_values import number
from moetui.core.queue.branching import parse_lengths

Checkpoint = Literal["best", "last"]

FORK_HINT = (
    "New settings from update 1 on, such as optimizer.lr=0.01 schedule.kind=linear.\n"
    "The run begins with the best weights; checkpoint=last takes the last ones."
)
COOLDOWN_HINT = (
    "Lengths of the branches: shares of the run up to 1, else updates, with commas between them.\n"
    "length=0.2 lets the rate decay over the last fifth of each branch; else as the run has it."
)
EXPORT_HINT = (
    "The ending tells the format: .csv, .jsonl, .parquet or .md (model card).\n"
    f"A folder gets one file for each run and needs the format behind it: {', '.join(KINDS)}.\n--force replaces what is there."
)


def parse_fork(line: str) -> tuple[dict[str, Any], Checkpoint]:
    """`optimizer.lr=0.01 checkpoint=last` as settings and checkpoint. Raises `UsageError`, which names the nearest key."""
    settings = dict(map(parse_assignment, _words(line)))
    checkpoint = settings.pop("checkpoint", "best")
    check_keys("setting", settings)
    if checkpoint not in ("best", "last"):
        raise UsageError(f"checkpoint={checkpoint}: there are best and last")
    return settings, "last" if checkpoint == "last" else "best"


def parse_cooldown(line: str) -> tuple[list[float], float | None]:
    """`0.25,0.5 length=0.2` as the lengths of branches and the share of each in which its rate decays. Raises `UsageError`."""
    words = _words(line)
    shares = [word for word in words if "=" not in word]
    lengths = [word.partition("=") for word in words if "=" in word]
    if len(shares) != 1 or len(lengths) > 1 or any(key != "length" for key, _, _ in lengths):
        raise UsageError("type the lengths of the branches and perhaps their decay, such as 0.25,0.5,0.75 length=0.2")
    length = number(lengths[0][2]) if lengths else None
    if lengths and (length is None or not 0 <= length.low <= 1):
        raise UsageError(f"length={lengths[0][2][:80]}: a share from 0 to 1")
    return parse_lengths(shares[0]), None if length is None else length.low


def parse_export(line: str) -> tuple[Path, str, bool]:
    """`PATH [FORMAT] [--force]` as path, format and whether to replace. Raises `UsageError`."""
    words = _words(line)
    force = "--force" in words
    path, *rest = [word for word in words if word != "--force"] or [""]
    if not path:
        raise UsageError("type a path, such as curves.csv")
    to = Path(path).expanduser()
    if len(rest) > 1:
        raise UsageError(f"{rest[1]}: a path and a format are enough; quote a path with spaces")
    kind = next((one for one in KINDS if one == rest[0]), None) if rest else format_of(to)
    if kind is None:
        said = f"no format {rest[0]}" if rest else f"{path} does not tell the format"
        raise UsageError(f"{said}; there are {', '.join(KINDS)}")
    return to, kind, force


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        raise UsageError("a quotation mark is not closed") from None
