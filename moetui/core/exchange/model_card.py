"""A model card of the HF hub for the runs of a study: their scores by setting as `model-index` and as a table."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.detail import Detail
from moetui.core.science.groups import Group, groups
from moetui.core.science.measure import LOSS, MEASURES
from moetui.core.shown_text import escaped, flat

NAME: Final = "README.md"

_TAGS: Final = ("mixture-of-experts", "learning-rate")
_TYPES: Final = {"val_loss": "loss", "val_accuracy": "accuracy", "val_perplexity": "perplexity"}
"""What the hub calls our measures."""

_COLUMNS: Final = ("setting", "learning rate", "runs", "validation loss", "95 % interval", "accuracy", "perplexity")


def model_card(runs: Sequence[Detail]) -> bytes:
    """The card: metadata for the hub, and one row for each setting, the lowest loss first.

    Diverged runs are counted, not averaged.
    """
    records = [found.record for found in runs]
    known = {found.record.id: found.known for found in runs}
    title = _title(records)
    settings = sorted(groups(records, LOSS), key=lambda group: (not group.n, group.mean if group.n else 0))
    index = [{"name": title, "results": [_result(group, known) for group in settings if group.n]}]
    # JSON is YAML, whatever the names hold.
    about = {"library_name": "moetui", "tags": list(_TAGS)} | ({"model-index": index} if index[0]["results"] else {})
    head = "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in about.items())
    return "\n".join(["---", head, "---", "", *_body(title, settings), ""]).encode()


def _title(records: Sequence[RunRecord]) -> str:
    for names in ({run.study for run in records}, {run.preset for run in records}, {run.name for run in records}):
        if len(names) == 1 and (name := flat(names.pop())):
            return name
    return f"{len(records)} runs"


def _result(group: Group, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The scores of a setting as the hub lists them (huggingface_hub.EvalResult)."""
    summary = group.summary
    spread = {"sd": summary.sd, "low": summary.low, "high": summary.high} if summary.sd is not None else {}
    told = {"setting": flat(group.label), "runs": group.n, "diverged": len(group.diverged)}
    told |= {"learning_rate": group.rates[0]} if len(group.rates) == 1 else {}
    return {
        "task": {"type": "text-generation", "name": "language modeling"},
        "dataset": _dataset(group, known),
        "metrics": [
            {
                "type": _TYPES[key],
                "name": f"{flat(group.label)}: {MEASURES[key].label}, mean of {group.n}",
                "value": value,
                "args": told | (spread if key == LOSS.key else {}),
            }
            for key, value in _means(group).items()
        ],
    }


def _dataset(group: Group, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    first = group.samples[0].record
    settings = known[first.id]
    source = settings.get("data.source")
    if source == "hub":
        name = "/".join(filter(None, (settings.get("data.hub_name"), settings.get("data.hub_config"))))
        found: dict[str, Any] = {"type": flat(str(settings.get("data.hub_name"))), "name": flat(name)}
    else:
        named = {"pydocs": "documentation of Python packages", "files": "text files"}.get(str(source), "not known")
        found = {"type": str(source or "unknown"), "name": named}
    prints = {one.record.data_fingerprint for one in group.samples}
    if len(prints) == 1 and (told := prints.pop()):
        found["args"] = {"fingerprint": flat(told)}
    return found


def _means(group: Group) -> dict[str, float]:
    """The means over the runs that count; a measure that one of them lacks has none."""
    counted = [one.record for one in group.counted]
    values = {key: groups(counted, MEASURES[key], key=lambda run: "")[0] for key in _TYPES}
    return {key: one.mean for key, one in values.items() if one.n == len(counted)}


def _body(title: str, settings: Sequence[Group]) -> Iterator[str]:
    yield f"# {escaped(title)}"
    yield ""
    yield (
        "Scores at the end of training, means over the runs of a setting that differ in their seed; loss in nats per token, the "
        "interval is that of the mean (Student t). Written by moetui."
    )
    yield ""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"|---|{'---:|' * (len(_COLUMNS) - 1)}"
    for group in settings:
        yield f"| {' | '.join(escaped(cell) for cell in _cells(group))} |"


def _cells(group: Group) -> Iterator[str]:
    means = _means(group) if group.n else {}
    low, high = group.summary.low, group.summary.high
    yield group.label
    yield ", ".join(f"{rate:g}" for rate in group.rates) or "–"
    others = ((len(group.diverged), "diverged"), (len(group.left_out), "left out"))
    yield ", ".join([str(group.n), *(f"{count} {word}" for count, word in others if count)])
    yield LOSS.text(means.get("val_loss"))
    yield f"{LOSS.gap(low)} to {LOSS.gap(high)}" if low is not None else "–"
    yield MEASURES["val_accuracy"].text(means.get("val_accuracy"))
    yield MEASURES["val_perplexity"].text(means.get("val_perplexity"))
