"""Run records as documents of runs.json, and back."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from engine.runfiles.metrics import encode
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import CatalogueError

Document = dict[str, Any]

_RECORDS = TypeAdapter(dict[str, RunRecord], config=ConfigDict(defer_build=True))

_NO_NAME = "could lead out of runs/, or is no name that a run can have"

_AT_ONCE = 250
"""Documents that are validated in one call, some milliseconds: other threads wait as long (see moetui.core.catalogue.slices)."""


def to_document(record: RunRecord) -> Document:
    """One record in the order of its fields, without those that are empty; non-finite numbers are words.

    Raises `CatalogueError` for a record that could not be read back.
    """
    document: Document = encode(_without_empty(record))
    try:
        RunRecord.model_validate_json(orjson.dumps(document))
    except ValidationError as error:
        raise CatalogueError(f"run {record.id}: {_first_fault(error)}; nothing was changed") from None
    except orjson.JSONEncodeError as error:
        raise CatalogueError(f"run {record.id}: {error}; nothing was changed") from None
    return document


@dataclass(frozen=True, slots=True)
class View:
    """The documents of one version of the catalogue: those that are records by id, and what is wrong with the others."""

    documents: dict[str, Document] = field(default_factory=dict)
    records: dict[str, RunRecord] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def to_view(documents: dict[str, Document], known: View) -> View:
    """The records of all documents; of those that are as they were in `known` what is known of them."""
    fresh = {key: document for key, document in documents.items() if not _same(document, known.documents.get(key))}
    parsed: dict[str, RunRecord] = {}
    faults: dict[str, str] = {}
    keys = list(fresh)
    for start in range(0, len(keys), _AT_ONCE):
        portion = {key: fresh[key] for key in keys[start : start + _AT_ONCE]}
        try:
            parsed |= _RECORDS.validate_python(portion)
        except ValidationError as error:
            faults |= _faults(error)
            parsed |= _RECORDS.validate_python({key: portion[key] for key in portion if key not in faults})
    faults |= {key: f"id: {record.id} is the id of another" for key, record in parsed.items() if record.id != key}
    records: dict[str, RunRecord] = {}
    for key in documents:
        if fault := faults.get(key, "" if key in fresh else known.faults.get(key, "")):
            faults[key] = fault
        else:
            records[key] = parsed[key] if key in fresh else known.records[key]
    return View(documents, records, faults)


def _faults(error: ValidationError) -> dict[str, str]:
    """The first fault of each document, by its key."""
    found: dict[str, str] = {}
    for one in error.errors(include_url=False, include_input=False):
        key, *place = map(str, one["loc"])
        fault = _NO_NAME if one["type"] == "string_pattern_mismatch" else one["msg"]
        found.setdefault(key, ": ".join([*place, fault]))
    return found


def _same(document: Document, known: Document | None) -> bool:
    return document is known or document == known  # `==` alone would look at every key


def _without_empty(model: BaseModel) -> Document:
    kept: Document = {}
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        if value in (None, "", (), {}) and value == info.get_default(call_default_factory=True):
            continue  # it reads back as the same when it is absent
        kept[name] = _without_empty(value) if isinstance(value, BaseModel) else value
    return kept | (model.model_extra or {})


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return ": ".join(map(str, [*first["loc"], first["msg"]]))
