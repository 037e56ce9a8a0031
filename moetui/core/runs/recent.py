"""The presets that were used last; the runs themselves remember it."""

from collections.abc import Iterable

from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.scale import split_scale


def recently_used(records: Iterable[RunRecord], most: int) -> tuple[str, ...]:
    """Names of the studies, or presets, that the newest runs were made from, the last one first; at most `most`."""
    newest = sorted((run for run in records if run.path), key=lambda run: run.created or 0.0, reverse=True)
    names = (split_scale(run.study or run.preset)[0] for run in newest)
    return tuple(dict.fromkeys(name for name in names if name))[:most]
