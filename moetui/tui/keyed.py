"""An application that acts on a key before it looks at the next one."""

from textual.dom import DOMNode
from textual.events import Event, Key
from textual.widgets import Input

from moetui.tui.fault_log import log_fault
from moetui.tui.sparing import SparingApp


class KeyedApp(SparingApp):
    """Of a burst of keys, as a slow link or a busy machine makes it, each finds the screen as the one before has left it."""

    async def on_event(self, event: Event) -> None:
        """Act on a key before the next one is sent anywhere: of a burst, what follows `/` belongs to the line that it opens.

        Textual sends all keys of a burst to what has the focus at its beginning.
        """
        if isinstance(event, Key) and not event.is_forwarded:
            if not self.app_focus:
                self.app_focus = True  # whoever presses keys is here, whatever a browser tells of its focus
            if await self._act_on(event):
                return
        await super().on_event(event)

    async def _act_on(self, key: Key) -> bool:
        """Do what the key is bound to, or type it: of a burst that ends with enter, the text is there when enter acts on it."""
        if key.is_printable and key.character and isinstance(self.focused, Input):
            self.focused.replace(key.character, *self.focused.selection)
            return True
        bound = self.screen.active_bindings.get(key.key)
        return bound is not None and bound.enabled and await self._do(bound.binding.action, bound.node)

    async def _do(self, action: str, node: DOMNode) -> bool:
        """Run an action; one that fails is told and logged, and nothing else ends with it."""
        try:
            return await self.run_action(action, node)
        except Exception as error:
            self.notify(log_fault(error, action), title="This could not be done", severity="error", markup=False)
            return True
