"""The runs of this workspace and of all hosts on one screen; nothing can be changed here."""

import threading
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Static

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.remote.hosts import Host, hosts
from moetui.core.remote.runs import runs_on
from moetui.tui.bindings import bindings
from moetui.tui.feed import Picture
from moetui.tui.hosts.gathered import Gathered, about
from moetui.tui.place import PlaceScreen
from moetui.tui.widgets.run_table import RunTable
from moetui.tui.widgets.table_keys import TableKeys

EVERY = 10.0
"""Seconds between the answer of a host and the next question to it."""

SILENT = 60.0
"""The same where it did not answer."""

NO_HOST = "No host was named yet.\nmoetui hosts add box user@box"
NOTHING = "No run is under way.\nv shows those that have ended as well."


class HostsScreen(PlaceScreen, TableKeys):
    """A table of runs with the host of each. Each host is asked by a thread of its own, as long as this is open."""

    place = "hosts"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings("hosts")
    DEFAULT_CSS = """
    HostsScreen > Static { height: 1; padding: 0 1; }
    HostsScreen > #faults { height: auto; max-height: 4; }
    HostsScreen > RunTable { height: 1fr; }
    """

    @dataclass
    class Heard(Message):
        """A host has answered, or has not, and why."""

        host: Host
        runs: tuple[RunRecord, ...] | None
        fault: str = ""

    def __init__(self, *, pending: bool) -> None:
        super().__init__()
        self._pending = pending
        self._gathered = Gathered()
        self._faults = Text()

    def compose_body(self) -> ComposeResult:
        """Who answers, the runs, what is wrong, and the run under the cursor."""
        yield Static(id="caption")
        yield RunTable()
        yield Static(id="faults")
        yield Static(id="about")

    def on_mount(self) -> None:
        """Begin to ask."""
        try:
            known = list(hosts().values())
        except LabError as error:
            self.notify(str(error), severity="error", markup=False)
            known = []
        for host in known:
            self._gathered = self._gathered.heard(host.name, None, "")
            self._ask(host)

    def show_picture(self, picture: Picture) -> None:
        """Take in what is here now."""
        here = tuple(run for run in picture.snapshot.runs if run.archived is None)
        self._gathered = Gathered(here, self._gathered.answers)
        self._show()

    def _ask(self, host: Host) -> None:
        # A worker of Textual would keep the program from ending while a host that is gone is waited for.
        threading.Thread(target=self._wait_for, args=(host,), daemon=True).start()

    def _wait_for(self, host: Host) -> None:
        try:
            heard = self.Heard(host, tuple(runs_on(host)))
        except LabError as error:
            heard = self.Heard(host, None, str(error).removeprefix(f"{host.name}: "))
        self.post_message(heard)

    def on_hosts_screen_heard(self, event: Heard) -> None:
        """Show the answer, and ask again after a while."""
        self._gathered = self._gathered.heard(event.host.name, event.runs, event.fault)
        self._show()
        self.set_timer(SILENT if event.fault else EVERY, partial(self._ask, event.host))

    def _show(self) -> None:
        table = self.query_one(RunTable)
        table.show(self._gathered.listing(pending=self._pending), empty=NOTHING if self._gathered.answers else NO_HOST)
        self.query_one("#caption", Static).update(self._gathered.caption(), layout=False)
        faults = self._gathered.faults()
        if faults != self._faults:
            self._faults = faults
            self.query_one("#faults", Static).update(faults)
        self._say()

    @on(RunTable.Moved)
    def _say(self) -> None:
        self.query_one("#about", Static).update(about(self.query_one(RunTable).current), layout=False)

    def action_pending(self) -> None:
        """Show the runs that are under way, or all."""
        self._pending = not self._pending
        self._show()

    def action_back(self) -> None:
        """Show this workspace alone again."""
        self.dismiss()
