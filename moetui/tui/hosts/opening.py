"""The key that turns from this workspace to all hosts, for the screens that list runs."""

from typing import ClassVar

from textual.screen import Screen


class HostsKey(Screen[None]):
    """`pending_only` tells whether the screen is about runs that are under way."""

    pending_only: ClassVar[bool] = False

    async def action_hosts(self) -> None:
        """Show the runs of all hosts."""
        from moetui.tui.hosts.screen import HostsScreen

        await self.app.push_screen(HostsScreen(pending=self.pending_only))
