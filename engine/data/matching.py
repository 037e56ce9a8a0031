"""The files that `data.files` names: paths, directories and globs."""

import glob
import os
from dataclasses import dataclass
from pathlib import Path

from engine.data.compressed import COMPRESSIONS
from engine.errors import InputError

FORMATS = (".txt", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
"""Suffixes of the files that hold text; each may be followed by one of `COMPRESSIONS`."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file with its format, one of `FORMATS`, and its compression, one of `COMPRESSIONS` or nothing."""

    path: Path
    format: str
    compression: str


def text_file(path: Path) -> TextFile | None:
    """What the suffixes of a name tell, in upper or lower case; None for a name that is no text's."""
    name = path.name.lower()
    compression = next((suffix for suffix in COMPRESSIONS if name.endswith(suffix)), "")
    kind = Path(name.removesuffix(compression)).suffix
    return TextFile(path, kind, compression) if kind in FORMATS else None


def matched_files(patterns: tuple[str, ...]) -> list[TextFile]:
    """Every file that the patterns name, sorted within each, none twice.

    A pattern that is the name of a file or a directory is that, whatever brackets it has; of a directory, the files of a known
    format at any depth. Raises `InputError` for a pattern without a match, a file of another format and a broken link.
    """
    found: dict[Path, TextFile] = {}
    for pattern in patterns:
        for path in _matches(pattern):
            known = text_file(path)
            if known is None:
                raise InputError(
                    f"data.files: {path} is none of {', '.join(FORMATS)}, nor one of them with {', '.join(COMPRESSIONS)}"
                )
            found.setdefault(path.resolve(), known)
    return list(found.values())


def _matches(pattern: str) -> list[Path]:
    named = Path(os.path.expanduser(pattern))  # noqa: PTH111  # an unknown user's ~ stays as it is
    if named.is_dir():
        inside = [path for path in _whole(sorted(named.rglob("*"))) if text_file(path) is not None]
        if not inside:
            raise InputError(f"data.files: the directory {named} holds no file of {', '.join(FORMATS)}")
        return inside
    if named.exists() or named.is_symlink():
        return _whole([named])
    found = _whole(sorted(Path(path) for path in glob.glob(str(named), recursive=True)))  # noqa: PTH207
    if not found:
        raise InputError(f"data.files: nothing matches {pattern!r} (looked from {Path.cwd()})")
    return found


def _whole(paths: list[Path]) -> list[Path]:
    """The files among the paths. Raises `InputError` for a link that leads nowhere."""
    for path in paths:
        if path.is_symlink() and not path.exists():
            raise InputError(f"data.files: {path} is a link to {path.readlink()}, which is not there")
    return [path for path in paths if path.is_file()]
