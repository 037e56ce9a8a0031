"""What the settings of a study are: the keys in which they differ, and what all of them have."""

from collections.abc import Iterator

from moetui.core import format as fmt
from moetui.core.planning.plan import flat_config, short_key
from moetui.core.report.document import Block, Paragraph, Table, table
from moetui.core.report.subject import Subject
from moetui.core.science.measure import MEASURES
from moetui.core.studies.differing import Side, differing


def setting_blocks(subject: Subject) -> Iterator[Block]:
    """The differing keys by setting, and a sentence on what is common."""
    sides = []
    for setting in subject.settings:
        run = subject.evidence_of(setting)
        if run is not None and run.config is not None:
            flat = flat_config(run.config)
            flat.pop("seed")
            sides.append(Side(setting.label, flat, tuple(sample.record.id for sample in setting.samples)))
    if not sides:
        yield Paragraph("No configuration is known.")
        return
    rows = differing(sides)
    if unknown := len(subject.settings) - len(sides):
        yield Paragraph(f"Settings whose configuration is not known: {unknown}.")
    if rows:
        keys = list(rows)
        cells = [[side.name, *(_text(rows[key][index]) for key in keys)] for index, side in enumerate(sides)]
        yield table(["setting", *map(short_key, keys)], cells)
    yield Paragraph(_common(subject, "All other keys are the same." if rows else "All keys are the same."))


def published_table(subject: Subject) -> Table:
    """What documents report, and the setting that it belongs to where the names agree."""
    own = {record.id: key for key, record in subject.counterparts.items()}
    labels = {setting.key: setting.label for setting in subject.settings}
    rows = []
    for run in subject.published:
        record = run.record
        scores = [measure.text(measure.value(record)) for measure in MEASURES.values()]
        updates = str(run.updates or "")
        rows.append([record.name, labels.get(own.get(record.id, ""), ""), updates, *scores, record.id, record.source])
    headers = ["published", "setting here", "updates", "loss", "accuracy", "perplexity", "seconds", "id", "source"]
    return table(headers, rows, right=["updates", "loss", "accuracy", "perplexity", "seconds"])


def _common(subject: Subject, lead: str) -> str:
    record = subject.records[0]
    counts = {(run.record.parameters, run.record.active_parameters) for run in subject.runs}
    if len(counts) > 1 or record.parameters is None:
        return lead
    return f"{lead} Parameters: {fmt.count(record.parameters)}, {fmt.count(record.active_parameters)} active per token."


def _text(value: object) -> str:
    return "–" if value is None else str(value)
