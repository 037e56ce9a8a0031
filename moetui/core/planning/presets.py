"""Presets: named configurations and studies, one TOML file each, built in or the user's own.

A file has `[preset]` (name, title, about, source, extends, …), `[config]` (any key of the run configuration), `[grid]`
(keys with lists of values, which makes it a study), `[[published]]` (what the source reports, for comparison) and
`[[expected]]` (what the source expects and did not measure). Layers are merged from the far end of `extends` to the file
itself. See docs/presets.md.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from engine.spec.config import unknown_key
from moetui.core.errors import NotFoundError, UsageError
from moetui.core.planning.settings import flatten, known_keys
from moetui.core.toml_lines import TomlFault, line_of, read_toml

ModelT = TypeVar("ModelT", bound=BaseModel)

_PACKAGE = Path(__file__).parents[2]
BUILT_IN = (_PACKAGE if (_PACKAGE / "presets").is_dir() else _PACKAGE.parent) / "presets"
"""The presets that come with moetui: inside the package where it is installed from a wheel, beside it in a checkout."""

AS_PUBLISHED = "-as-published"
"""Ends the name of a preset that repeats the flaws of its source; without it comes the corrected one."""


class Published(BaseModel):
    """One result that a source reports: for the point of the grid it belongs to, if there is a grid."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    point: dict[str, Any] = {}
    name: str = ""
    update: int | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    val_perplexity: float | None = None
    seconds: float | None = None
    best_val_loss: float | None = None
    best_val_accuracy: float | None = None
    best_update: int | None = None
    effective_group: str = ""
    note: str = ""


class Expected(BaseModel):
    """A score that a source expects of a preset and did not measure: a target, which is no result and makes no record."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    metric: Literal["val_loss", "val_accuracy", "val_perplexity"]
    above: float | None = None
    below: float | None = None
    note: str = ""

    @model_validator(mode="after")
    def _has_limit(self) -> Self:
        if self.above is None and self.below is None:
            raise ValueError("give above or below")
        return self


class _Head(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    name: str
    title: str
    about: str = ""
    source: str = ""
    extends: str = ""
    members: list[str] = []
    scales: bool = True


@dataclass(frozen=True, slots=True)
class Preset:
    """One preset file as read; `config` and `grid` have dotted keys. `scales`: it makes sense on another base as well."""

    name: str
    title: str
    about: str
    source: str
    extends: str
    members: tuple[str, ...]
    scales: bool
    config: Mapping[str, Any]
    grid: Mapping[str, tuple[Any, ...]]
    published: tuple[Published, ...]
    expected: tuple[Expected, ...]
    path: Path
    built_in: bool
    text: str = field(repr=False)

    @property
    def is_study(self) -> bool:
        """Whether it stands for several configurations rather than one."""
        return bool(self.members) or any(key != "seed" for key in self.grid)

    def where(self, table: str, key: str) -> str:
        """`path:line` of a key, for messages."""
        line = line_of(self.text, table, key)
        return f"{self.path}:{line}" if line else str(self.path)


@dataclass(frozen=True, slots=True)
class Fault:
    """A preset file that could not be taken, and why: a line with path and, where it is known, line number."""

    path: Path
    message: str


class Library:
    """All presets by name: the built-in ones and those of the workspace, which may not reuse a name."""

    def __init__(self, presets: Mapping[str, Preset]) -> None:
        self._presets = dict(presets)

    @classmethod
    def load(cls, user: Path | None = None) -> "Library":
        """Read every preset. A file that cannot be read is a `UsageError` with path and line."""
        library, faults = cls.collect(user)
        if faults:
            raise UsageError(faults[0].message)
        return library

    @classmethod
    def collect(cls, user: Path | None = None) -> "tuple[Library, tuple[Fault, ...]]":
        """Read every preset that can be read, and say what is wrong with the other files.

        A copy of a file under the same name, as in the checkout that an installed moetui runs in, is the same preset.
        """
        found: dict[str, Preset] = {}
        faults: list[Fault] = []
        folders = [BUILT_IN] if user is None or user.resolve() == BUILT_IN.resolve() else [BUILT_IN, user]
        for folder in folders:
            for path in sorted(folder.rglob("*.toml")):
                try:
                    preset = read_preset(path, built_in=folder is BUILT_IN)
                except UsageError as error:
                    faults.append(Fault(path, str(error)))
                    continue
                if (other := found.get(preset.name)) and other.path.read_bytes() == path.read_bytes():
                    continue
                if other:
                    taken = f"the name {preset.name!r} is taken by {other.path}; choose another"
                    faults.append(Fault(path, f"{path}: {taken}"))
                else:
                    found[preset.name] = preset
        return cls(found), tuple(faults)

    def __iter__(self) -> Iterator[Preset]:
        return iter(self._presets.values())

    def get(self, name: str) -> Preset:
        """The preset of that name. Raises `NotFoundError` that names the nearest one."""
        if preset := self._presets.get(name):
            return preset
        near = _nearest(name, list(self._presets))
        hint = f"; did you mean {near}?" if near else "; `moetui presets` lists them"
        raise NotFoundError(f"no preset {name!r}{hint}")

    def published(self, preset: Preset) -> tuple[Published, ...]:
        """What the source of a preset reports: its own numbers, or those of its twin that repeats the source's flaws."""
        twin = self._presets.get(preset.name + AS_PUBLISHED)
        return preset.published or (twin.published if twin else ())

    def chain(self, name: str) -> list[Preset]:
        """The preset and what it extends, from the far end to itself. Raises `UsageError` on a circle."""
        chain = [self.get(name)]
        while parent := chain[-1].extends:
            if parent in {preset.name for preset in chain}:
                raise UsageError(f"{chain[-1].where('preset', 'extends')}: extends {parent!r} goes round in a circle")
            if parent not in self._presets:
                near = _nearest(parent, list(self._presets))
                hint = f"; did you mean {near}?" if near else ""
                raise UsageError(f"{chain[-1].where('preset', 'extends')}: no preset {parent!r} to extend{hint}")
            chain.append(self._presets[parent])
        return chain[::-1]


def read_preset(path: Path, *, built_in: bool) -> Preset:
    """Read one preset file. Raises `UsageError` with path and line."""
    try:
        text = path.read_text(encoding="utf-8")
        tree = read_toml(text)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except (TomlFault, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from None
    _only_known_tables(path, text, tree)
    head = _parse(_Head, tree.get("preset", {}), path, text, "preset")
    if "@" in head.name:
        line = line_of(text, "preset", "name")
        raise UsageError(f"{path}:{line}: [preset] name: @ is kept for the scale, as in schedule/all@tiny")
    config = dict(flatten(tree.get("config", {})))
    grid = {key: tuple(v) if isinstance(v, list) else v for key, v in flatten(tree.get("grid", {}))}
    _only_known_keys(path, text, "config", config)
    _only_known_keys(path, text, "grid", grid)
    for key, values in grid.items():
        if not isinstance(values, tuple) or not values:
            raise UsageError(
                f"{path}:{line_of(text, 'grid', key)}: {key}: a grid needs a list of values, such as [0.05, 0.1]"
            )
    return Preset(
        name=head.name,
        title=head.title,
        about=head.about,
        source=head.source,
        extends=head.extends,
        members=tuple(head.members),
        scales=head.scales,
        config=config,
        grid=grid,
        published=_parse_rows(Published, tree, path, text, "published"),
        expected=_parse_rows(Expected, tree, path, text, "expected"),
        path=path,
        built_in=built_in,
        text=text,
    )


def _parse_rows(kind: type[ModelT], tree: Mapping[str, Any], path: Path, text: str, table: str) -> tuple[ModelT, ...]:
    """The entries of a table that a file has once, `[published]`, or several times, `[[published]]`."""
    rows = tree.get(table, [])
    return tuple(_parse(kind, row, path, text, table) for row in (rows if isinstance(rows, list) else [rows]))


def _parse(kind: type[ModelT], tree: Any, path: Path, text: str, table: str) -> ModelT:
    try:
        return kind.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        near = _nearest(key, list(kind.model_fields)) if first["type"] == "extra_forbidden" else None
        message = f"no such key; did you mean {near}?" if near else first["msg"].removeprefix("Input ")
        line = line_of(text, table, key)
        place = f"{path}:{line}" if line else str(path)
        raise UsageError(f"{place}: [{table}] {key}: {message}") from None


def _only_known_tables(path: Path, text: str, tree: Mapping[str, Any]) -> None:
    tables = ("preset", "config", "grid", "published", "expected")
    for table in tree:
        if table not in tables:
            line = line_of(text, table, "") or line_of(text, "", table)
            place = f"{path}:{line}" if line else str(path)
            raise UsageError(f"{place}: [{table}] is no table of a preset; there are [{'], ['.join(tables)}]")


def _only_known_keys(path: Path, text: str, table: str, flat: Mapping[str, Any]) -> None:
    for key in flat:
        if key not in known_keys():
            line = line_of(text, table, key)
            place = f"{path}:{line}" if line else str(path)
            raise UsageError(f"{place}: {key}: {unknown_key(key)}")


def _nearest(name: str, names: list[str]) -> str | None:
    # A leaf name alone (`phase-1`) is nearer in meaning than a similar spelling.
    by_leaf = [n for n in names if n.rpartition("/")[2] == name.rpartition("/")[2]]
    return next(iter(by_leaf or difflib.get_close_matches(name, names, n=1)), None)
