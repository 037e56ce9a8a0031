"""A large catalogue is parsed in slices: to the same documents as in one piece, whatever somebody did to the file."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moetui.core.catalogue import slices
from moetui.core.catalogue.slices import load_in_slices

LAYOUT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def documents(count: int) -> dict[str, dict[str, object]]:
    return {f"r{number}": {"id": f"r{number}", "note": '},\n    "x": {', "point": {"a": {}}} for number in range(count)}


@pytest.mark.parametrize("count", [2, 3, 50])
def test_slices_give_the_documents_of_the_whole(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", 64)
    tables = {"runs": documents(count)}
    assert load_in_slices(orjson.dumps(tables, option=LAYOUT)) == tables


@pytest.mark.parametrize(
    "raw",
    [
        orjson.dumps({"runs": documents(50)}),
        orjson.dumps({"runs": documents(50), "more": {}}, option=LAYOUT),
        orjson.dumps({"runs": documents(50)}, option=LAYOUT)[:-20],
        b"{}",
    ],
)
def test_another_layout_is_left_to_the_whole_parser(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", 64)
    assert load_in_slices(raw) is None


@given(st.data())
def test_an_edited_file_gives_no_slices_or_what_the_whole_parser_gives(data: st.DataObject) -> None:
    raw = orjson.dumps({"runs": documents(6)}, option=LAYOUT)
    place = data.draw(st.integers(0, len(raw) - 1))
    edited = (
        raw[:place]
        + data.draw(st.sampled_from([b"", b'"', b"}", b"{", b",", b"\n", b"    },\n", b" "]))
        + raw[place + 1 :]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slices, "SLICE", 64)
        found = load_in_slices(edited)
    assert found is None or found == orjson.loads(edited)
