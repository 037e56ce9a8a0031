"""Run records as documents of runs.json, and back."""

from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from engine.runfiles.metrics import encode
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import CatalogueError, DamagedCatalogueError

Document = dict[str, Any]

_RECORDS = TypeAdapter(dict[str, RunRecord], config=ConfigDict(defer_build=True))

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


def to_records(
    documents: dict[str, Document], known_documents: dict[str, Document], known: dict[str, RunRecord], path: Path
) -> dict[str, RunRecord]:
    """The records of all documents by id; those whose document is as it was in `known_documents` are taken from `known`.

    Raises `DamagedCatalogueError` that names the file, the record and the key at fault.
    """
    fresh = {key: document for key, document in documents.items() if not _same(document, known_documents.get(key))}
    parsed: dict[str, RunRecord] = {}
    try:
        keys = list(fresh)
        for start in range(0, len(keys), _AT_ONCE):
            parsed |= _RECORDS.validate_python({key: fresh[key] for key in keys[start : start + _AT_ONCE]})
    except ValidationError as error:
        raise DamagedCatalogueError(path, f"record {_first_fault(error)}") from None
    for key, record in parsed.items():
        if record.id != key:
            raise DamagedCatalogueError(path, f"record {key}: id: {record.id} is the id of another")
    return {key: parsed.get(key) or known[key] for key in documents}


def _same(document: Document, known: Document | None) -> bool:
    return document is known or document == known  # `==` alone would look at every key


def _without_empty(model: BaseModel) -> Document:
    kept: Document = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if value in (None, "", (), {}) and value == field.get_default(call_default_factory=True):
            continue  # it reads back as the same when it is absent
        kept[name] = _without_empty(value) if isinstance(value, BaseModel) else value
    return kept | (model.model_extra or {})


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return ": ".join(map(str, [*first["loc"], first["msg"]]))
