"""The theme follows the background of the terminal, and no answer of a terminal ever becomes keys."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.message import Message

from benchmarks.terminal.far_end import FarEnd
from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.terminal_ground import QUESTION, GroundParser, GroundTold, is_light, remembered_ground
from tests.tui.seen import until

WHITE = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\"
DARK = "\x1b]11;rgb:1e/1e/2e\x07"


@pytest.fixture(autouse=True)
def _awaited() -> Iterator[None]:
    GroundParser.awaited = True
    yield
    GroundParser.awaited = False


def heard(parser: GroundParser, *pieces: str) -> list[str | bool]:
    """Keys, and whether a told background is light."""
    return [_word(message) for piece in pieces for message in parser.feed(piece)]


def _word(message: Message) -> str | bool:
    if isinstance(message, GroundTold):
        return message.light
    assert isinstance(message, Key | Paste)
    return message.key if isinstance(message, Key) else message.text


def after_a_while(parser: GroundParser) -> list[str | bool]:
    deadline = time.monotonic() + 5
    found: list[str | bool] = []
    while time.monotonic() < deadline and not found:
        found += [_word(message) for message in parser.tick()]
    return found


@pytest.mark.parametrize(("answer", "light"), [(WHITE, True), (DARK, False), ("\x1b]11;rgba:ff/ff/ff/ff\x07", True)])
@pytest.mark.parametrize("split", range(0, 24, 3))
def test_an_answer_is_heard_among_keys_however_it_is_cut(answer: str, light: bool, split: int) -> None:
    text = f"a{answer}b"
    pieces = [piece for piece in (text[:split], text[split:]) if piece]
    found = heard(GroundParser(), *pieces)
    assert [one for one in found if isinstance(one, str)] == ["a", "b"]
    assert [one for one in found if isinstance(one, bool)] == [light]


def test_a_late_or_a_second_answer_is_no_keys_either() -> None:
    parser = GroundParser()
    assert heard(parser, DARK, "j", WHITE, "k") == [False, "j", True, "k"]


@pytest.mark.parametrize("awaited", [True, False])
def test_escape_and_other_keys_still_arrive(awaited: bool) -> None:
    GroundParser.awaited = awaited
    parser = GroundParser()
    assert heard(parser, "\x1b[A", "q", "\x1b[200~1]11;\x1b[201~") == ["up", "q", "1]11;"]
    assert heard(parser, "\x1b") == []
    assert after_a_while(parser) == ["escape"]
    assert heard(parser, "\x1b]") == []
    assert after_a_while(parser)


def test_what_only_begins_like_an_answer_is_not_kept() -> None:
    parser = GroundParser()
    assert heard(parser, "\x1b]1") == []
    assert "1" in after_a_while(parser)
    assert heard(parser, "z") == ["z"]


def test_the_end_of_the_input_is_told() -> None:
    parser = GroundParser()
    assert heard(parser, "a", "") == ["a"]
    assert parser.is_eof


@pytest.mark.parametrize(
    ("parts", "light"),
    [
        (("ff", "ff", "ff"), True),
        (("0", "0", "0"), False),
        (("fdfd", "f6f6", "e3e3"), True),
        (("00", "2b", "36"), False),
    ],
)
def test_a_ground_is_light_or_dark(parts: Sequence[str], light: bool) -> None:
    assert is_light(*parts) == light


async def test_what_the_terminal_tells_is_taken_and_remembered_unless_a_theme_was_chosen(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.theme == "textual-dark"
        app.post_message(GroundTold(light=True))
        await until(pilot, lambda: app.theme == "moetui-light")
    assert remembered_ground() == "light"
    assert MoetuiApp(lab).theme == "moetui-light"
    chosen = MoetuiApp(lab, start="runs", theme="dark")
    async with chosen.run_test(size=(80, 24)) as pilot:
        chosen.post_message(GroundTold(light=True))
        await pilot.pause()
        assert chosen.theme == "textual-dark"


async def test_the_key_goes_through_all_themes_and_back_to_the_terminals_own_choice(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        seen = []
        for _ in range(4):
            await pilot.press("f2")
            seen.append((app.chosen_theme, app.theme))
        assert seen == [
            ("light", "moetui-light"), ("dark", "textual-dark"), ("terminal", "ansi-dark"), ("auto", "textual-dark"),
        ]  # fmt: skip


@pytest.mark.slow
def test_a_terminal_is_asked_after_the_first_picture_and_its_answer_changes_the_ground(
    lab: Lab, tmp_path: Path
) -> None:
    words = ["moetui.cli.main", "--workspace", str(lab.workspace.root), "--no-tour"]
    far = FarEnd(words, (80, 24), {"XDG_STATE_HOME": str(tmp_path / "s"), "XDG_CONFIG_HOME": str(tmp_path / "c")})
    try:
        far.seconds_until("Launch")
        while QUESTION.encode() not in (sent := b"".join(piece for _, piece in far.pieces)):
            far.wait_for_more_than(len(sent))
        assert b"Launch" in sent[: sent.index(QUESTION.encode())]
        white = b"48;2;255;255;255"
        assert white not in sent
        far.press(WHITE.encode())
        while white not in b"".join(piece for _, piece in far.pieces):
            far.wait_for_more_than(far.count)
        far.press(b"q")
        far.wait()
    finally:
        far.close()
