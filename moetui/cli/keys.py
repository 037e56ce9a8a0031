"""Which key does what, the user's own keys included."""

from typing import Annotated

import typer

from moetui.cli.output import JsonOption, print_json, print_table, say
from moetui.cli.place import lab
from moetui.core.errors import NotFoundError


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(keys)


def keys(
    place: Annotated[str, typer.Argument(help="Only of this place, such as live.", show_default=False)] = "",
    json: JsonOption = False,
) -> None:
    """List the keys of the interface by place and action, as the settings name them.

    Example: `moetui keys live`.
    """
    from moetui.core.preferences import nearest, read_settings
    from moetui.tui.actions import ACTIONS
    from moetui.tui.bindings import key_names
    from moetui.tui.keymap import keymap_of

    places = tuple(dict.fromkeys(action.place for action in ACTIONS))
    if place and place not in places:
        there_are = "; there are " + ", ".join(places)
        raise NotFoundError(f"no such place: {place}{nearest(place, places) or there_are}")
    settings = read_settings(lab().workspace)
    keymap = keymap_of(settings.keys)
    for fault in (*settings.faults, *keymap.faults):
        say(f"moetui: {fault}")
    shown = [action for action in ACTIONS if place in ("", action.place)]
    if json:
        print_json(
            [
                {
                    "place": action.place,
                    "action": action.id,
                    "keys": keymap.keys.get(action.full_id, action.keys).split(","),
                    "help": action.help,
                }
                for action in shown
            ]
        )
        return
    print_table(
        ["place", "action", "keys", "what it does"],
        [[action.place, action.id, key_names(action, keymap.keys), action.help] for action in shown],
    )
