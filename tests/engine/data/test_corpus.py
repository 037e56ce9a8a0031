from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import DataConfig
from engine.data.corpus import open_corpus
from engine.data.documents import read_documents
from engine.data.split import is_validation
from engine.errors import InputError
from tests.engine.tiny import tiny_config, write_corpus


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def texts(pattern: Path, text_field: str = "text") -> list[str]:
    config = DataConfig(source="files", files=(str(pattern),), text_field=text_field)
    return list(read_documents(config, lambda _: None))


@given(st.text(), st.floats(0.01, 0.25))
def test_a_larger_share_keeps_what_was_held_out(text: str, fraction: float) -> None:
    assert is_validation(text, fraction) <= is_validation(text, 2 * fraction)


def test_the_share_is_about_what_was_asked_for() -> None:
    held_out = sum(is_validation(f"document {number}", 0.1) for number in range(5000))
    assert 400 < held_out < 600


def test_a_text_that_occurs_twice_is_on_one_side(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "corpus.jsonl")
    config = tiny_config(path).data
    once = open_corpus(config, 300, lambda _: None)
    path.write_text(path.read_text() * 2)
    twice = open_corpus(config, 300, lambda _: None)
    assert twice.about.train_documents == 2 * once.about.train_documents
    assert twice.about.validation_documents == 2 * once.about.validation_documents
    assert twice.fingerprint != once.fingerprint


def test_a_corpus_that_grows_keeps_its_split(tmp_path: Path) -> None:
    small = texts(write_corpus(tmp_path / "small.jsonl", 50))
    large = texts(write_corpus(tmp_path / "large.jsonl", 100))
    assert large[:50] == small
    held_out = {text for text in small if is_validation(text, 0.1)}
    assert held_out == {text for text in large if is_validation(text, 0.1)} & set(small)


def test_a_second_run_reads_the_cache(tmp_path: Path) -> None:
    config = tiny_config(write_corpus(tmp_path / "corpus.jsonl")).data
    said: list[str] = []
    first = open_corpus(config, 300, said.append)
    assert said
    said.clear()
    second = open_corpus(config, 300, said.append)
    assert not said
    assert (second.fingerprint, second.train.tolist()) == (first.fingerprint, first.train.tolist())


def test_text_files_are_cut_at_separators(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n<|endoftext|>\n\n<|endoftext|>\ntwo\nlines\n")
    assert texts(tmp_path / "*.txt") == ["one\n", "two\nlines\n"]


def test_tables_are_read_by_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('body,n\n"one, two",1\nthree,2\n')
    assert texts(tmp_path / "a.csv", "body") == ["one, two", "three"]
    with pytest.raises(InputError, match=r"no column 'text', only body, n; set data\.text_field"):
        texts(tmp_path / "a.csv")


def test_a_pattern_without_a_match_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing matches '.*nowhere\*\.txt'"):
        texts(tmp_path / "nowhere*.txt")
