"""What people set once: a file of the user and, over it, one of the workspace, both TOML.

    theme = "light"               # auto: as the terminal's background is; dark, light, or terminal: its own palette
    charset = "block"             # auto, braille, block, ascii
    remote = true                 # spare the link; without it, over SSH
    bell = true                   # ring when a run ends or something is found
    osc9 = true                   # tell the terminal, which may show a notification
    tour = false                  # the tour of the first start has been seen
    checkpoint_quota = "50 GB"    # room that the checkpoints of a workspace may take
    retries = 2                   # how often runs are tried again that are killed, lost or out of memory

    [notify]                      # of the user only: a workspace from elsewhere runs nothing
    command = ["notify-send", "moetui"]   # is told of ends and findings, as JSON on stdin

    [hosts]                       # of the user only: machines that ssh reaches (docs/clusters.md)
    box = "user@box"

    [slurm]                       # what jobs ask a cluster for (docs/clusters.md)
    partition = "gpu"

    [keys.live]                   # place; `moetui keys` lists places, actions and keys
    stop = "S"
    "cursor(1)" = ["down", "n"]

A fault costs only the line that it is in.
"""

import difflib
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from engine.spec.harmless import one_line
from moetui.core.toml_lines import TomlFault, line_of, read_toml, set_top_level
from moetui.core.wholefile import replace_file
from moetui.core.workspace import Workspace

Theme = Literal["auto", "dark", "light", "terminal"]


_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE = re.compile(rf"(\d{{1,9}}(?:\.\d{{1,3}})?) ?({'|'.join(_UNITS)})")


def _bytes(value: object) -> int:
    """The bytes that a text such as "50 GB" means."""
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None or float(found[1]) == 0:
        raise ValueError(f'should be a size such as "50 GB", with one of {", ".join(_UNITS)}')
    return round(float(found[1]) * _UNITS[found[2]])


class Preferences(BaseModel):
    """The settings with their defaults; None leaves the choice to what the terminal tells."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    theme: Theme = "auto"
    charset: Literal["auto", "braille", "block", "ascii"] = "auto"
    remote: bool | None = None
    bell: bool = False
    osc9: bool = False
    tour: bool = True
    retries: int = Field(0, ge=0, le=1000)
    checkpoint_quota: Annotated[int, BeforeValidator(_bytes)] = 0


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """A line of a `keys` table: the keys that somebody wants for an action, and the file and line where it says so."""

    place: str
    action: str
    keys: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All that was read: the preferences, the keys, and what is wrong, one sentence with file and line for each fault.

    `slurm` is the table of that name as it stands, for those who submit to a cluster.
    """

    preferences: Preferences = field(default_factory=Preferences)
    keys: tuple[KeyChoice, ...] = ()
    notify: tuple[str, ...] = ()
    """The words of the command that is told of ends and findings; empty for none."""
    faults: tuple[str, ...] = ()
    slurm: Mapping[str, Any] = field(default_factory=dict)


def user_file() -> Path:
    """The settings of the user."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "moetui" / "settings.toml"


def workspace_file(workspace: Workspace) -> Path:
    """The settings of everybody who works in a workspace."""
    return workspace.root / "moetui.toml"


def read_settings(workspace: Workspace) -> Settings:
    """The settings that hold in a workspace. Never raises: what cannot be taken is among the faults."""
    values: dict[str, Any] = {}
    keys: dict[tuple[str, str], KeyChoice] = {}
    notify: tuple[str, ...] = ()
    faults: list[str] = []
    slurm: dict[str, Any] = {}
    for path in (user_file(), workspace_file(workspace)):
        try:
            text = path.read_text("utf-8")
            tree = read_toml(text)
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, TomlFault) as error:
            faults.append(f"{path}: {error}")
            continue
        source = _Source(path, text)
        for choice in source.keys(tree.pop("keys", {}), faults):
            keys[choice.place, choice.action] = choice
        if (table := tree.pop("notify", None)) is not None:
            notify = source.notify(table, faults) or notify
        if tree.pop("hosts", None) is not None and path != user_file():
            faults.append(f"{source.at('hosts', '')}: [hosts] counts in {user_file()} only; here it is passed over")
        table = tree.pop("slurm", {})
        if isinstance(table, dict):
            slurm |= table
        else:
            faults.append(f'{source.at("", "slurm")}: slurm is a table of resources, such as partition = "gpu"')
        values |= source.values(tree, faults)
    return Settings(
        Preferences.model_validate(values), tuple(keys.values()), notify, tuple(map(one_line, faults)), slurm
    )


def remember(key: str, value: bool | str) -> None:
    """Set one key in the user's file and leave all else in it as it is. Raises `OSError`."""
    path = user_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text("utf-8") if path.exists() else ""
    os.close(replace_file(path, set_top_level(text, key, value).encode()))


def nearest(word: str, known: Iterable[str]) -> str:
    """What a word may have meant, as the end of a sentence; empty if nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""


@dataclass(frozen=True, slots=True)
class _Source:
    path: Path
    text: str

    def at(self, table: str, key: str) -> str:
        line = line_of(self.text, table, key)
        return f"{self.path}:{line}" if line else str(self.path)

    def values(self, tree: Mapping[str, Any], faults: list[str]) -> dict[str, Any]:
        taken: dict[str, Any] = {}
        for key, value in tree.items():
            if key not in Preferences.model_fields:
                known = [*Preferences.model_fields, "hosts", "keys", "notify", "slurm"]
                faults.append(f"{self.at('', key)}: no such setting: {key}{nearest(key, known)}")
                continue
            try:
                Preferences.model_validate({key: value})
            except ValidationError as error:
                fault = error.errors(include_url=False)[0]["msg"].removeprefix("Input ").removeprefix("Value error, ")
                faults.append(f"{self.at('', key)}: {key} {fault}, got {value!r}")
            else:
                taken[key] = value
        return taken

    def notify(self, table: object, faults: list[str]) -> tuple[str, ...]:
        """The words of the command."""
        where = self.at("notify", "command")
        if self.path != user_file():
            faults.append(f"{self.at('notify', '')}: [notify] counts in {user_file()} only; here it is passed over")
            return ()
        command = table.get("command") if isinstance(table, dict) and table.keys() == {"command"} else None
        if isinstance(command, str):
            try:
                command = shlex.split(command)
            except ValueError as error:
                faults.append(f"{where}: {command!r}: {error}")
                return ()
        if (
            not isinstance(command, list)
            or not command
            or not all(isinstance(w, str) and "\0" not in w for w in command)
        ):
            faults.append(f'{where}: [notify] takes command = ["program", "argument", …] and nothing else')
            return ()
        return tuple(command)

    def keys(self, table: object, faults: list[str]) -> Iterator[KeyChoice]:
        if not isinstance(table, dict):
            faults.append(f"{self.at('', 'keys')}: keys is a table of places, such as [keys.live]")
            return
        for place, actions in table.items():
            if not isinstance(actions, dict):
                faults.append(f'{self.at("keys", place)}: keys.{place} is a table of actions, such as stop = "x"')
                continue
            for action, keys in actions.items():
                where = self.at(f"keys.{place}", action)
                listed = [keys] if isinstance(keys, str) else keys
                if isinstance(listed, list) and listed and all(isinstance(key, str) and key for key in listed):
                    yield KeyChoice(place, action, tuple(listed), where)
                else:
                    faults.append(f"{where}: {action} takes a key or a list of keys, got {keys!r}")
