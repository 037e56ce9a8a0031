"""The files of users: every format, compression and name, and every fault in one line."""

import csv
import gzip
import io
import json
import lzma
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.data.corpus import open_corpus
from engine.data.documents import open_source
from engine.errors import InputError
from engine.spec.config import ConfigError, DataConfig, resolve
from tests.engine.tiny import tiny_config

TEXTS = ["one, two", "NA", "null", "three \u00e9\u4e2d"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def read(*patterns: str | Path, **settings: Any) -> list[str]:
    """The documents of the files, without those that hold nothing."""
    config = DataConfig(source="files", files=tuple(map(str, patterns)), **settings)
    return [text for text in open_source(config, lambda _: None).texts(None) if text.strip()]


def refused(*patterns: str | Path, **settings: Any) -> str:
    with pytest.raises(InputError) as caught:
        read(*patterns, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def as_txt(texts: list[str]) -> bytes:
    return "\r\n<|endoftext|>\r\n".join(texts).encode()


def as_jsonl(texts: list[str]) -> bytes:
    lines = [json.dumps({"n": number, "text": text}) for number, text in enumerate(texts)]
    return "\r\n".join(lines).encode()


def as_table(delimiter: str) -> Callable[[list[str]], bytes]:
    def write(texts: list[str]) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
        writer.writerows([["n", "text"], *([number, text] for number, text in enumerate(texts))])
        return out.getvalue().encode()

    return write


def as_parquet(texts: list[str]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"n": range(len(texts)), "text": texts}), sink)
    return sink.getvalue()


WRITERS: dict[str, Callable[[list[str]], bytes]] = {
    ".txt": as_txt,
    ".jsonl": as_jsonl,
    ".ndjson": as_jsonl,
    ".csv": as_table(","),
    ".tsv": as_table("\t"),
    ".parquet": as_parquet,
}
COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "": lambda raw: raw,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": lambda raw: bytes(pa.compress(raw, codec="zstd", asbytes=True)),
}


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("compression", COMPRESSED)
def test_every_format_is_read_compressed_or_not(tmp_path: Path, suffix: str, compression: str) -> None:
    path = tmp_path / f"a{suffix}{compression}".upper()
    path.write_bytes(COMPRESSED[compression](WRITERS[suffix](TEXTS)))
    assert [text.rstrip("\n") for text in read(path)] == TEXTS
    if suffix != ".parquet":
        path.write_bytes(COMPRESSED[compression](b"\xef\xbb\xbf" + WRITERS[suffix](TEXTS)))
        assert [text.rstrip("\n") for text in read(path)] == TEXTS


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_file_without_rows_has_no_documents(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"full{suffix}").write_bytes(WRITERS[suffix](TEXTS))
    (tmp_path / f"rows{suffix}").write_bytes(WRITERS[suffix]([]))
    if suffix != ".parquet":
        (tmp_path / f"bytes{suffix}").touch()
    assert len(read(tmp_path / f"*{suffix}")) == len(TEXTS)


def test_other_columns_are_not_looked_at(tmp_path: Path) -> None:
    late: list[dict[str, Any]] = [{"text": f"t{n}", "lang": None if n < 5000 else "en"} for n in range(6000)]
    late += [{"text": "nested", "lang": {"a": [1]}}, {"text": None}, {"text": "big", "n": 10**400, "x": float("nan")}]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in late))
    assert len(read(tmp_path / "a.jsonl")) == 6002
    (tmp_path / "a.csv").write_text('text,n\na,1\nb,"x"\nc\n')
    assert read(tmp_path / "a.csv") == ["a", "b", "c"]
    pq.write_table(pa.table({"text": ["a"], "n": [{"deep": [1]}]}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == ["a"]
    pq.write_table(pa.table({"text": pa.array(["a", "b", "a"]).dictionary_encode()}), tmp_path / "b.parquet")
    assert read(tmp_path / "b.parquet") == ["a", "b", "a"]
    pq.write_table(pa.table({"text": pa.nulls(3)}), tmp_path / "c.parquet")
    assert read(tmp_path / "c.parquet") == []


def test_names_of_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "my [old] texts"
    (folder / "deep").mkdir(parents=True)
    (folder / "b[1].TXT").write_text("b")
    (folder / "deep" / "a.txt").write_text("a")
    (folder / "README.md").write_text("no text of the corpus")
    assert read("~/my [old] texts") == read(folder) == ["b", "a"]
    assert read("~/my [old] texts/b[1].TXT") == ["b"]
    assert read(f"{tmp_path}/my*/**/*.txt", f"{tmp_path}/my*/deep/*") == ["a"]
    assert "README.md is none of .txt" in refused("my*/*.md")
    (tmp_path / "empty").mkdir()
    assert "holds no file of" in refused(tmp_path / "empty")
    (folder / "link.txt").symlink_to("nowhere.txt")
    for pattern in (folder / "link.txt", folder, "my*/*.txt"):
        assert "link.txt is a link to nowhere.txt, which is not there" in refused(pattern)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"\xff\xfea\x00", "is not UTF-8 text"),
        ("a.csv", b"text\n\xff\n", "is not UTF-8 text"),
        ("a.jsonl", b'{"text": "a"}\n{"text": ', "line 2 is no JSON"),
        ("a.jsonl", b'{"text": "a"}\n[1]\n', "line 2 is no JSON object"),
        ("a.jsonl", b"[" * 100_000, "line 1 is no JSON"),
        ("a.jsonl", b'{"text": 5}', "line 1: column 'text' holds int, not text"),
        ("a.jsonl", b'{"body": "a"}', "line 1 has no column 'text', only body; set data.text_field"),
        ("a.parquet", b"PAR1 no", "no readable Parquet file"),
        ("a.txt.gz", b"plain", "cannot be read"),
        ("a.txt.gz", gzip.compress(b"text" * 99, mtime=0)[:-9], "cannot be read"),
        ("a.txt.xz", lzma.compress(b"text" * 99)[:-9], "cannot be read"),
        ("a.txt.zst", b"plain", "cannot be read"),
    ],
)
def test_a_fault_names_the_file_and_the_place(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    fault = refused(tmp_path / name)
    assert str(tmp_path / name) in fault
    assert said in fault


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("compression", COMPRESSED)
def test_a_damaged_file_is_read_or_refused_in_one_line(tmp_path: Path, suffix: str, compression: str) -> None:
    draw = random.Random(f"{suffix}{compression}")
    whole = COMPRESSED[compression](WRITERS[suffix](TEXTS * 20))
    path = tmp_path / f"a{suffix}{compression}"
    for _ in range(40):
        raw = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            start = draw.randrange(len(raw))
            raw[start : start + draw.randint(0, 3)] = draw.randbytes(draw.randint(0, 3))
        path.write_bytes(raw[: draw.randint(len(raw) // 2, len(raw))])
        try:
            read(path)
        except InputError as error:
            fault = str(error)
            assert "\n" not in fault


PLAY = "".join(f"SPEAKER {number}:\nwords of {number}\n\n" for number in range(60))


@pytest.mark.parametrize(
    ("separator", "text", "expected"),
    [
        ("\n", "a\nb\n\n\n  \nc\n", ["a\nb\n", "c\n"]),
        ("\n\n", "a\nb\n\nc\n", ["a\nb\n", "c\n"]),
        ("<|endoftext|>", "a<|endoftext|>\nb<|endoftext|>c\n<|endoftext|>\nd", ["a", "\nb", "c\n", "d"]),
        ("---", "a --- b\n---\nc", ["a --- b\n", "c"]),
        ("re:={3,}|#+(x)?", "a===b\nc##xd", ["a", "b\nc", "d"]),
        ("", "a\n\nb", ["a\n\nb"]),
    ],
)
def test_a_text_is_cut_where_the_separator_says(tmp_path: Path, separator: str, text: str, expected: list[str]) -> None:
    (tmp_path / "a.txt").write_text(text)
    assert read(tmp_path / "a.txt", separator=separator) == expected


@pytest.mark.parametrize("pattern", ["re:(", "re:", "re:x*"])
def test_a_pattern_that_cannot_cut_is_refused_before_a_run(pattern: str) -> None:
    with pytest.raises(ConfigError, match=r"data\.separator"):
        resolve({"data": {"source": "files", "files": ["a"], "separator": pattern}})


def test_a_text_without_separators_is_cut_into_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.data.plain_text.LONGEST", 500)
    text = " ".join(f"w{number}" for number in range(2000))  # one line
    (tmp_path / "text8.txt").write_text(text)
    pieces = read(tmp_path / "text8.txt", document_tokens=16)
    assert "".join(pieces) == text
    assert all(32 <= len(piece) <= 64 and piece.endswith(" ") for piece in pieces[:-1])
    (tmp_path / "more.txt").write_text(text + " and more")
    assert read(tmp_path / "more.txt", document_tokens=16)[: len(pieces) - 1] == pieces[:-1]
    (tmp_path / "solid.txt").write_text("x" * 200)
    assert [len(piece) for piece in read(tmp_path / "solid.txt", document_tokens=16)] == [64, 64, 64, 8]


def test_one_document_is_refused_with_the_ways_to_cut_it(tmp_path: Path) -> None:
    (tmp_path / "play.txt").write_text(PLAY)
    config = tiny_config(tmp_path / "play.txt").data
    with pytest.raises(InputError, match=r"(?s)data\.separator.*blank lines.*data\.document_tokens"):
        open_corpus(config, 300, lambda _: None)
    for settings in ({"separator": "\n"}, {"document_tokens": 5}):
        about = open_corpus(config.model_copy(update=settings), 300, lambda _: None).about
        assert about.train_documents + about.validation_documents >= 50


def test_content_decides_what_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": f"words of number {n}"}) + "\n" for n in range(100)))
    times = path.stat()
    config = tiny_config(path).data
    first = open_corpus(config, 300, lambda _: None).fingerprint
    path.write_text(path.read_text().replace("words", "texts"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    second = open_corpus(config, 300, lambda _: None).fingerprint
    assert second != first
    path.rename(tmp_path / "moved.jsonl")
    said: list[str] = []
    moved = config.model_copy(update={"files": (str(tmp_path / "moved.jsonl"),)})
    assert open_corpus(moved, 300, said.append).fingerprint == second
    assert not said


def test_tokens_that_are_there_need_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": f"words of number {n}"}) + "\n" for n in range(100)))
    config = tiny_config(path).data
    fingerprint = open_corpus(config, 300, lambda _: None).fingerprint
    path.unlink()
    assert open_corpus(config, 300, lambda _: None, fingerprint).fingerprint == fingerprint
    with pytest.raises(InputError, match="nothing matches"):
        open_corpus(config, 300, lambda _: None, "another")
