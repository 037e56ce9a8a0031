"""What a set of ended runs says about the learning rate, without saying more than its seeds allow."""

import statistics
from collections.abc import Sequence

from moetui.core import format as fmt
from moetui.core.records import RunRecord


def final_loss(record: RunRecord) -> float | None:
    """The last validation loss of a finished run; a run that diverged or broke off has none that counts."""
    if record.status not in {"finished", "published"} or record.final is None:
        return None
    loss = record.final.val_loss
    return loss if loss is not None and loss == loss else None  # NaN is unequal to itself


def verdict(records: Sequence[RunRecord]) -> str:
    """One sentence: which setting has the lowest validation loss, and how far that can be trusted."""
    groups: dict[str, list[RunRecord]] = {}
    for record in records:
        if final_loss(record) is not None:
            groups.setdefault(record.group, []).append(record)
    if not groups:
        return "No run finished with a validation loss, so there is nothing to compare."
    means = {group: statistics.fmean(final_loss(run) or 0.0 for run in runs) for group, runs in groups.items()}
    best = min(means, key=lambda group: means[group])
    winner = groups[best]
    words = f"Best: {_what(winner[0], records)}, validation loss {fmt.loss(means[best])}"
    if len(groups) == 1:
        return f"{words} (the only setting that finished)."
    others = min(means[group] for group in means if group != best)
    words += f", {fmt.loss(others - means[best])} nats below the next"
    if any(len(runs) < 2 for runs in groups.values()):
        return f"{words}. With one seed per setting this is a hint, not a verdict; --seeds 3 tells how sure it is."
    return f"{words}; means of {min(map(len, groups.values()))} or more seeds per setting."


def _what(record: RunRecord, among: Sequence[RunRecord]) -> str:
    """What sets a run apart: its learning rate if the others have other ones, else its name without the seed."""
    if record.lr is not None and len({run.lr for run in among}) > 1:
        return f"learning rate {fmt.number(record.lr)}"
    return "/".join(part for part in record.name.split("/") if not part.startswith("seed="))
