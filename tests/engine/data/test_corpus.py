import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.data.corpus import open_corpus
from engine.data.documents import open_source
from engine.data.split import is_validation
from engine.data.token_file import TokenFile
from engine.errors import InputError
from engine.spec.config import DataConfig
from tests.engine.tiny import tiny_config, write_corpus


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def texts(pattern: Path, text_field: str = "text") -> list[str]:
    config = DataConfig(source="files", files=(str(pattern),), text_field=text_field)
    return list(open_source(config, lambda _: None).texts(None))


def tokens(file: TokenFile) -> list[int]:
    ids: list[int] = file.rows(np.arange(1), len(file))[0].tolist()
    return ids


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
    assert (second.fingerprint, tokens(second.train)) == (first.fingerprint, tokens(first.train))


def test_what_the_cache_tells_of_is_on_the_disk_before_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: dict[str, int] = {}
    sync = os.fsync

    def note(descriptor: int) -> None:
        sync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.name.startswith(".corpus.json"):
            # Arrays of zeros after a power loss would have the right size, and nobody would notice.
            assert {one.name: one.stat().st_size for one in path.parent.iterdir() if one.name in synced} == synced
            assert {"train.bin", "validation.bin", "tokenizer.json"} <= synced.keys()
            synced["corpus.json"] = 0
        elif path.is_file():
            synced[path.name] = path.stat().st_size

    monkeypatch.setattr("os.fsync", note)
    open_corpus(tiny_config(write_corpus(tmp_path / "corpus.jsonl")).data, 300, lambda _: None)
    assert "corpus.json" in synced


def test_text_files_are_cut_at_separators(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n<|endoftext|>\n\n<|endoftext|>\ntwo\nlines\n")
    assert texts(tmp_path / "*.txt") == ["one\n", "\n", "two\nlines\n"]


def test_tables_are_read_by_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('body,n\n"one, two",1\nthree,2\n')
    assert texts(tmp_path / "a.csv", "body") == ["one, two", "three"]
    with pytest.raises(InputError, match=r"no column 'text', only body, n; set data\.text_field"):
        texts(tmp_path / "a.csv")


def test_a_pattern_without_a_match_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing matches '.*nowhere\*\.txt'"):
        texts(tmp_path / "nowhere*.txt")


def test_a_text_file_whose_separator_was_not_told_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.data.plain_text.LONGEST", 100)
    (tmp_path / "a.txt").write_text("a line of text\n" * 10)
    with pytest.raises(InputError, match=r"a\.txt has a document of more than 100 characters; .*data\.separator"):
        texts(tmp_path / "a.txt")


def test_a_budget_of_documents_takes_the_first_ones(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "corpus.jsonl")
    chosen = {"data.max_documents": 60, "data.validation_fraction": 0.3}
    about = open_corpus(tiny_config(path, chosen).data, 300, lambda _: None).about
    assert about.train_documents + about.validation_documents == 60


@given(budget=st.integers(500, 9000))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_budget_of_tokens_ends_with_the_document_that_reaches_it(tmp_path: Path, budget: int) -> None:
    path = write_corpus(tmp_path / "corpus.jsonl", 200)
    said: list[str] = []
    chosen = {"data.max_tokens": budget, "data.tokenizer": "bpe:257", "data.validation_fraction": 0.4}
    about = open_corpus(tiny_config(path, chosen).data, 300, said.append).about
    documents = about.train_documents + about.validation_documents
    sizes = [len(text.encode()) + 1 for text in texts(path)]  # without merges a token is a byte, and one ends the text
    assert about.train_tokens + about.validation_tokens == sum(sizes[:documents])
    assert sum(sizes[: documents - 1]) < budget <= sum(sizes[:documents])
    assert "(100%)" in said[-1]
