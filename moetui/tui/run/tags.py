"""Editing the tags of several runs as one line of words."""

from collections.abc import Sequence

from moetui.core.catalogue.records import RunRecord


def common_tags(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    """The tags that all runs have, in the order of the first."""
    first, *others = runs
    return tuple(tag for tag in first.tags if all(tag in run.tags for run in others))


def edited_tags(run: RunRecord, common: Sequence[str], line: str) -> tuple[str, ...]:
    """The tags of a run after the common ones were replaced by the words of a line; its own stay."""
    words = dict.fromkeys(line.replace(",", " ").split())
    own = [tag for tag in run.tags if tag not in common]
    return tuple(dict.fromkeys((*own, *words)))
