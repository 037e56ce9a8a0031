"""Parsing a large catalogue piece by piece, so that a thread that reads it never holds up the others for long.

A JSON parser keeps Python's global lock from the first byte to the last: 80 ms for ten thousand runs, in which no other thread,
the terminal's least of all, does anything.
"""

from typing import Any, Final

import orjson

from moetui.core.catalogue.schema import SCHEMA, marked

SLICE: Final = 1 << 20
"""Bytes that are parsed in one go, some milliseconds."""

_HEAD: Final = b'{\n  "runs": {\n'
_TAIL: Final = b"\n    }\n  }\n}\n"
_VERSION: Final = b'\n    }\n  },\n  "moetui": {\n    "book": {\n      "schema": %d' % SCHEMA + _TAIL
_BETWEEN: Final = b"\n    },\n"


def load_in_slices(raw: bytes) -> dict[str, Any] | None:
    """The tables of a file in the layout that we write; None for any other, which must be parsed whole.

    A raw line break is never part of a JSON text, so the layout's own lines tell where documents end. Every slice must be whole
    documents by itself: a file that somebody has edited gives no slices, or the same documents as parsing it whole.
    """
    tail = _VERSION if raw.endswith(_VERSION) else _TAIL
    if len(raw) <= SLICE or not (raw.startswith(_HEAD) and raw.endswith(tail)):
        return None
    documents: dict[str, Any] = {}
    start, last = len(_HEAD), len(raw) - len(tail)
    while start < last:
        cut = raw.find(_BETWEEN, start + SLICE, last)
        end = last if cut < 0 else cut
        try:
            documents |= orjson.loads(b"{%b\n}}" % raw[start:end])
        except orjson.JSONDecodeError:
            return None
        start = end + len(_BETWEEN)
    return marked({"runs": documents}) if tail == _VERSION else {"runs": documents}
