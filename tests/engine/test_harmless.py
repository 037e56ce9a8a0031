"""Text from outside gives no orders to a terminal."""

import io
import json
import unicodedata
from typing import TextIO, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from engine.spec.harmless import HarmlessStream, harmless, harmless_json, own_stream, without_sequences

ANY_TEXT = st.text(st.characters(codec=None))
DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(ANY_TEXT)
@example("".join(map(chr, range(0x110000))))
def test_no_character_is_left_that_a_terminal_takes_for_an_order(text: str) -> None:
    left = set(harmless(text)) - set("\n\t")
    assert not [c for c in left if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in DIRECTION]


@given(ANY_TEXT)
def test_the_text_keeps_its_width(text: str) -> None:
    assert cell_len(harmless(text)) == cell_len(text)


@given(ANY_TEXT)
def test_json_keeps_its_value(text: str) -> None:
    raw = harmless_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(raw) == text
    assert harmless(raw) == raw


@pytest.mark.parametrize(
    "text",
    ["naïve – 学习率 🙂 ×", "👩\u200d🔬", "tab\there\nnext line", "קצב"],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("logged", "read"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b2Jx", "x"),
        ("a\x1b]52;c;ZXZpbA==\x07b", "ab"),
        ("a\x1b]0;title\x1b\\b", "ab"),
        ("a\x9d52;c;ZXZpbA==\x9cb", "ab"),
        ("a\x1bPq#0\x1b\\b\x1bcc\x1b(Bd", "abcd"),
        ("\x1b]52;c;never closed\nnext", "]52;c;never closed\nnext"),
        ("\x1b", ""),
        ("10 %\r20 %\r\n", "10 %20 %\n"),
    ],
)
def test_escape_sequences_leave_nothing_behind_in_a_log(logged: str, read: str) -> None:
    assert without_sequences(logged) == read


def test_a_stream_makes_harmless_what_is_written_and_keeps_the_way_below() -> None:
    inner = io.StringIO()
    stream = cast("TextIO", HarmlessStream(inner))
    print("a\x1b[2Jb", file=stream, flush=True)
    own_stream(stream).write("\x1b[1m")
    assert inner.getvalue() == "a[2Jb\n\x1b[1m"
    assert own_stream(inner) is inner
