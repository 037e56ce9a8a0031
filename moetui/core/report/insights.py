"""insights.json: every number of a report with the ids of its runs."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import orjson

from engine.runfiles.metrics import encode
from moetui.core.report.artifacts import Choice
from moetui.core.report.sources import sources
from moetui.core.report.subject import Subject
from moetui.core.science import trees
from moetui.core.science.factorial_words import factorial_tree
from moetui.core.science.propose import propose
from moetui.core.studies import transfer_words


def insights(subject: Subject, choices: Sequence[Choice]) -> bytes:
    """The statistics behind the report as JSON; non-finite numbers are the words "nan", "inf" and "-inf"."""
    tree = {
        "study": subject.item.word,
        "kind": subject.item.kind,
        "comparisons": {key: trees.comparison_tree(one, subject.caveats) for key, one in subject.comparisons.items()},
        "responses": {
            key: [trees.response_tree(one, propose(one)) for one in responses]
            for key, responses in subject.responses.items()
        },
        "ladders": [
            transfer_words.tree(one, None if one.line is None else one.line.next_size) for one in subject.ladders
        ],
        "crossed": factorial_tree(subject.settings, subject.comparison.measure),
        "lengths": [trees.agreement_tree(one) for one in subject.movements],
        "costs": {
            cost: [{"group": one.group.key, "cost": one.cost, "front": one.front} for one in prices]
            for cost, prices in subject.prices.items()
        },
        "published": [_scores(run.record.model_dump()) for run in subject.published],
        "runs": [_scores(run.record.model_dump()) for run in subject.runs],
        "findings": {
            run_id: [finding.model_dump() for finding in found.findings] for run_id, found in subject.details.items()
        },
        "looked_at": {run_id: found.looked_at.tree() for run_id, found in subject.details.items()},
        "schedule_audit": [{"runs": list(one.names), **one.finding.model_dump()} for one in subject.audited],
        "provenance": [dataclasses.asdict(source) for source in sources(subject)],
        "unreadable": dict(subject.unreadable),
        "artifacts": {choice.artifact.file: choice.reason or "written" for choice in choices},
    }
    return orjson.dumps(encode(tree), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str)


def _scores(record: dict[str, Any]) -> dict[str, Any]:
    keys = ("id", "name", "preset", "group", "seed", "lr", "status", "reason", "update", "updates", "final", "best")
    return {key: record[key] for key in (*keys, "device", "data_fingerprint", "source")}
