"""The hosts of the user: machines that ssh reaches and on which moetui is installed, in the table [hosts] of the user's settings.

[hosts]
box = "me@box.example.org"
lab = { address = "lab", workspace = "~/moe", command = "~/venv/bin/moetui" }
"""

import json
import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moetui.core.errors import LabError, NotFoundError, UsageError
from moetui.core.preferences import user_file
from moetui.core.toml_lines import TomlFault, read_toml, set_in_table
from moetui.core.wholefile import replace_file

TABLE = "hosts"
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_ADDRESS = r"^(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,63}@)?[A-Za-z0-9:][A-Za-z0-9.:_%-]{0,254}$"


class Host(BaseModel):
    """A machine; no part of its address can be taken for an option of ssh.

    `workspace` is where its runs are, by default where moetui itself looks there; `command` is how moetui is called there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(max_length=320)
    address: str = Field(pattern=_ADDRESS)
    workspace: str = Field("", pattern=r"^(?:[^\x00-\x1f-][^\x00-\x1f]*)?$", max_length=4096)
    command: str = Field("moetui", pattern=r"^[^\s\x00-\x1f-][^\x00-\x1f]*$", max_length=4096)


def hosts() -> dict[str, Host]:
    """The hosts of the settings by name. Raises `UsageError` for a line that makes none."""
    _, table = _read()
    return {name: _host(name, value) for name, value in table.items()}


def find_host(text: str) -> Host:
    """The host of this name, or at this address. Raises `UsageError` if it can be neither."""
    known = hosts()
    return known.get(text) or _host(text, text, named=False)


def add_host(host: Host) -> None:
    """Write a host into the user's settings, in the place of one of the same name. Raises `LabError`."""
    plain = {key: value for key, value in host.model_dump(exclude={"name"}, exclude_defaults=True).items() if value}
    value: str | dict[str, str] = host.address if plain.keys() == {"address"} else plain
    _host(host.name, value)
    _write(host.name, value)


def remove_host(name: str) -> Host:
    """Take a host out of the user's settings. Raises `NotFoundError`."""
    known = hosts()
    if name not in known:
        raise NotFoundError(f"no host {name!r}; `moetui hosts` lists them")
    _write(name, None)
    return known[name]


def named_host(name: str, address: str, workspace: str = "", command: str = "") -> Host:
    """A host as it is said on the command line. Raises `UsageError`."""
    return _host(name, {"address": address, "workspace": workspace, "command": command or "moetui"})


def _host(name: str, value: object, *, named: bool = True) -> Host:
    tree: dict[str, Any] = {"address": value} if isinstance(value, str) else value if isinstance(value, dict) else {}
    try:
        if named:
            _Name.model_validate({"name": name})
        return Host.model_validate({**tree, "name": name})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        found = "" if first["type"] == "missing" else f", got {first['input']!r}"[:120]
        wanted = {
            "name": "a name of letters, digits, dots and dashes",
            "address": "an address that ssh knows, such as user@box or the name of a Host in ~/.ssh/config",
            "workspace": "a directory there",
            "command": "the path of moetui there",
        }.get(key)
        told = f"{key} is {wanted}" if wanted else f"{key}: {first['msg'].lower()}"
        raise UsageError(f"host {name[:80]!r}: {told}{found}") from None


class _Name(BaseModel):
    name: str = Field(pattern=_NAME)


def _read() -> tuple[str, dict[str, Any]]:
    path = user_file()
    try:
        text = path.read_text("utf-8")
        table = read_toml(text).get(TABLE, {})
    except FileNotFoundError:
        return "", {}
    except (OSError, UnicodeDecodeError, TomlFault) as error:
        raise UsageError(f"{path}: {error}") from None
    if not isinstance(table, dict):
        raise UsageError(f'{path}: [{TABLE}] is a table, such as box = "user@box"')
    return text, table


def _write(name: str, value: str | dict[str, str] | None) -> None:
    path = user_file()
    text, before = _read()
    after = {key: one for key, one in before.items() if key != name} | ({} if value is None else {name: value})
    written = None if value is None else _toml(value)
    changed = set_in_table(text, TABLE, name, written)
    try:
        right = (read_toml(text) | {TABLE: after}) == (read_toml(changed) | {TABLE: read_toml(changed).get(TABLE, {})})
    except TomlFault:
        right = False
    if not right:
        raise LabError(f"{path}: [{TABLE}] is written in a way that only its author can change; edit {name} there")
    _replace(path, changed)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(replace_file(path, text.encode()))


def _toml(value: str | dict[str, str]) -> str:
    """The value in one line; a JSON string without characters above is one of TOML."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return "{ " + ", ".join(f"{key} = {json.dumps(one, ensure_ascii=False)}" for key, one in value.items()) + " }"
