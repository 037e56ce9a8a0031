"""Shows a proposal and asks whether to queue it."""

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from moetui.core.science.labels import middle
from moetui.tui.compare.proposal import Proposal
from moetui.tui.dialogs.dialog import ANSWERS, YesNo


class ProposalDialog(YesNo):
    """Asks whether to queue a proposal; the arrows scroll."""

    DEFAULT_CSS = """
    ProposalDialog { align: center middle; }
    ProposalDialog > VerticalScroll {
        width: 84; max-width: 100%; height: auto; max-height: 100%; padding: 0 1; border: round $primary; background: $surface;
    }
    """

    def __init__(self, proposal: Proposal) -> None:
        super().__init__()
        self._proposal = proposal

    def compose(self) -> ComposeResult:
        """The reasons, the runs with what is here of them, and the question."""
        due = len(self._proposal.due)
        scroll = VerticalScroll(Static(_words(self._proposal)))
        scroll.border_title = Text(f"Queue {due} run{'' if due == 1 else 's'} of {self._proposal.title}?")
        scroll.border_subtitle = ANSWERS
        yield scroll


def _words(proposal: Proposal) -> Text:
    text = Text()
    for reason in proposal.reasons:
        text.append(f"{reason}\n")
    text.append(f"{proposal.cost[:1].upper()}{proposal.cost[1:]}.\n\n", "bold")
    for member in proposal.members:
        stands = "to queue" if member.record is None else f"{member.record.id} {member.record.status}"
        stands = f"{stands}, again" if member.record is not None and member.due else stands
        style = "bold" if member.due else "dim"
        text.append(f"{middle(member.planned.name, 52):<53}", style).append(f"{stands}\n", style)
    for warning in proposal.warnings:
        text.append(f"\n{warning}\n", "yellow")
    return text
