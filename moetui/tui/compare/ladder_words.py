"""What the Compare screen says of ladders; the sentences are those of `moetui transfer`."""

from collections.abc import Sequence

from rich.text import Text

from moetui.core.studies.transfer import Transfer
from moetui.core.studies.transfer_words import prediction, sentences, size_headers, size_rows
from moetui.tui.compare.table import table

NO_LADDER = "These runs are no ladder: sweeps of learning rates that differ in a size only. `study --ladder` runs one."


def chosen_ladder(ladders: Sequence[Transfer], wanted: int) -> Transfer | None:
    """The ladder in the wanted place, kept in range; None where there is none."""
    return ladders[wanted % len(ladders)] if ladders else None


def ladder_words(ladders: Sequence[Transfer], wanted: int, width: int) -> Text:
    """Sizes, sentences and the prediction of one ladder."""
    one = chosen_ladder(ladders, wanted)
    if one is None:
        return Text(NO_LADDER)
    text = Text()
    if len(ladders) > 1:
        text.append(f"Ladder {wanted % len(ladders) + 1} of {len(ladders)} ([ and ] change it): ", "dim")
        text.append(f"{one.name}\n", "bold")
    headers = size_headers(one)
    text.append_text(table(headers, size_rows(one), width, right=headers[:-1], verdict="")).append("\n\n")
    if one.line is not None:
        text.append(f"{prediction(one, one.line.next_size)}\n", "bold")
    for sentence in sentences(one):
        text.append(f"{sentence}\n")
    return text
