"""What a set of ended runs says, without saying more than its seeds allow: the closing words of `moetui run`."""

from collections.abc import Sequence
from dataclasses import replace

from moetui.core import format as fmt
from moetui.core.catalogue.records import RunRecord
from moetui.core.science.comparison import compare
from moetui.core.science.groups import Group, groups
from moetui.core.science.measure import LOSS
from moetui.core.science.wording import conclusion


def verdict(records: Sequence[RunRecord]) -> str:
    """One or a few sentences: which setting has the lowest validation loss, and how far that can be trusted."""
    found = groups(records, LOSS)
    lrs = {group.samples[0].record.lr for group in found}
    if len(lrs) == len(found) > 1 and None not in lrs:
        found = tuple(replace(group, label=_learning_rate(group)) for group in found)
    words = conclusion(compare(found, LOSS))
    hint = " --seeds 3 gives one." if words.endswith("no verdict.") else ""
    return words + hint


def _learning_rate(group: Group) -> str:
    return f"learning rate {fmt.number(group.samples[0].record.lr)}"
