"""Data sets in the hub's layout, made on disk: streamed, interrupted, continued; and a hub that cannot be reached."""

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from engine.data import build as building
from engine.data.arrays import BuildState, TokenArrays
from engine.data.cache import cache_root
from engine.data.corpus import Corpus, open_corpus
from engine.data.documents import open_source
from engine.data.hub import hub_identity
from engine.errors import InputError
from engine.spec.config import DataConfig, RunConfig
from tests.engine.tiny import tiny_config

ROOT = Path(__file__).parents[3]

README = """---
configs:
- config_name: small
  data_files:
  - split: train
    path: data/train-*
- config_name: other
  data_files: extra/*
---
# A data set
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def text(shard: int, number: int) -> str:
    return f"shard {shard}, document {number}: " + "an expert answers the token " * (number % 5 + 1)


def make_repository(path: Path, kind: str, shards: int = 3, rows: int = 120) -> Path:
    """A data set repository of several shards, with a second configuration that must not be read."""
    (path / "data").mkdir(parents=True)
    (path / "extra").mkdir()
    (path / "README.md").write_text(README)
    files = {f"data/train-{i:05}-of-{shards:05}": [text(i, n) for n in range(rows)] for i in range(shards)}
    for name, texts in {**files, "extra/more": ["never read"]}.items():
        if kind == "parquet":
            pa.parquet.write_table(pa.table({"id": range(len(texts)), "text": texts}), path / f"{name}.parquet", 50)
        else:
            (path / f"{name}.jsonl").write_text("".join(json.dumps({"id": 0, "text": t}) + "\n" for t in texts))
    return path


@pytest.fixture(params=["parquet", "jsonl"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository", request.param)


def hub(repository: Path, **settings: Any) -> RunConfig:
    data = {"source": "hub", "hub_name": str(repository), "hub_config": "small", "files": []} | settings
    return tiny_config(repository, {f"data.{key}": value for key, value in data.items()})


def contents(corpus: Corpus) -> tuple[str, bytes, bytes]:
    return corpus.fingerprint, corpus.train.path.read_bytes(), corpus.validation.path.read_bytes()


def build_state() -> BuildState:
    (path,) = (cache_root() / "building").glob("*/build.json")
    return BuildState.model_validate_json(path.read_bytes())


def test_the_rows_of_a_configuration_are_read_in_order_over_all_shards(repository: Path) -> None:
    source = open_source(hub(repository).data, lambda _: None)
    assert list(source.texts(None)) == [text(shard, number) for shard in range(3) for number in range(120)]


@pytest.mark.parametrize("cut", [0, 1, 49, 120, 121, 359])
def test_reading_goes_on_after_any_row(repository: Path, cut: int) -> None:
    config = hub(repository).data
    first = open_source(config, lambda _: None)
    rows = first.texts(None)
    had = [next(rows) for _ in range(cut + 1)]
    position = json.loads(json.dumps(first.position()))
    rest = list(open_source(config, lambda _: None).texts(position))
    assert had + rest == [text(shard, number) for shard in range(3) for number in range(120)]


LATE = {
    "null, then a text": lambda number: {"extra": None if number < 60 else "en"},
    "a column that comes late": lambda number: {} if number < 60 else {"extra": "en"},
    "a number, then a text": lambda number: {"extra": number if number < 60 else "en"},
    "another nesting": lambda number: {"extra": {"a": 1} if number < 60 else {"b": [{"c": "x"}]}},
}


@pytest.mark.parametrize("extra", LATE.values(), ids=LATE)
def test_no_column_but_that_of_the_text_can_end_a_build(tmp_path: Path, extra: Callable[[int], dict[str, Any]]) -> None:
    repository = make_repository(tmp_path / "repository", "jsonl", shards=2, rows=0)
    texts = [
        f"{number} " + "an expert answers the token " * 4000 for number in range(120)
    ]  # types are taken from 10 MB
    rows = [json.dumps({"text": text} | extra(number)) + "\n" for number, text in enumerate(texts)]
    (repository / "data" / "train-00000-of-00002.jsonl").write_text("".join(rows[:100]))
    (repository / "data" / "train-00001-of-00002.jsonl").write_text("".join(rows[100:]))
    assert list(open_source(hub(repository).data, lambda _: None).texts(None)) == texts


def test_shards_of_other_columns_without_rows_and_of_any_words_are_read(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repository", "parquet", shards=0)
    tables: list[dict[str, list[Any]]] = [
        {"text": ["a"], "n": [1]},
        {"text": ["b"], "n": ["x"], "z": [1]},
        {"text": []},
    ]
    for number, table in enumerate(tables):
        columns = {name: pa.array(values, pa.string() if name == "text" else None) for name, values in table.items()}
        pa.parquet.write_table(pa.table(columns), repository / "data" / f"train-{number}.parquet")
    assert list(open_source(hub(repository).data, lambda _: None).texts(None)) == ["a", "b"]
    for path in (repository / "data").iterdir():
        path.unlink()
    (repository / "data" / "train-0.csv").write_text("n,text\n1,NA\nx,null\n,5\n")
    with gzip.open(repository / "data" / "train-1.csv.gz", "wt") as file:
        file.write("text,other\nlast,1\n")
    assert list(open_source(hub(repository).data, lambda _: None).texts(None)) == ["NA", "null", "5", "last"]


def test_a_data_set_of_another_format_is_read_by_rows_and_goes_on(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repository", "jsonl", shards=0)
    (repository / "data" / "train-0.json").write_text(json.dumps([{"text": text(0, number)} for number in range(9)]))
    source = open_source(hub(repository).data, lambda _: None)
    rows = source.texts(None)
    had = [next(rows) for _ in range(4)]
    rest = list(open_source(hub(repository).data, lambda _: None).texts(json.loads(json.dumps(source.position()))))
    assert had + rest == [text(0, number) for number in range(9)]


def test_a_build_that_broke_goes_on_where_it_was_and_gives_the_same_tokens(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "_BATCH", 2000)
    config = hub(repository).data
    whole = contents(open_corpus(config, 300, lambda _: None))
    cached = cache_root().rename(cache_root().with_name("whole"))

    written = 0
    add = TokenArrays.add

    def breaking(arrays: TokenArrays, *arguments: Any) -> None:
        nonlocal written
        written += 1
        if written == 4:
            raise ConnectionError("the connection is gone")
        add(arrays, *arguments)

    monkeypatch.setattr(TokenArrays, "add", breaking)
    with pytest.raises(ConnectionError):
        open_corpus(config, 300, lambda _: None)
    done = sum(build_state().documents.values())
    assert 0 < done < 360
    said: list[str] = []
    assert contents(open_corpus(config, 300, said.append)) == whole
    assert "going on with an interrupted build" in said
    assert not list((cache_root() / "building").glob("*/"))
    assert cached.exists()


# Builds the corpus of a configuration; killed after so many batches, of which the last one was not saved.
BUILD = """
import os, signal, sys
from engine.spec.config import DataConfig
from engine.data import build
from engine.data.arrays import TokenArrays
from engine.data.corpus import open_corpus
from engine.errors import InputError

config, left = DataConfig.model_validate_json(sys.argv[1]), int(sys.argv[2])
build._BATCH, build.SAVE_SECONDS = 2000, -1
add = TokenArrays.add

def counted(arrays, *arguments):
    global left
    add(arrays, *arguments)
    left -= 1
    if left == 0:
        for file in arrays._files.values():
            file.flush()
        os.kill(os.getpid(), signal.SIGKILL)

TokenArrays.add = counted
try:
    print(open_corpus(config, 300, lambda _: None).fingerprint)
except InputError as error:
    sys.exit(str(error))
"""


def build_apart(
    config: RunConfig, kill_after: int = 0, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BUILD, config.data.model_dump_json(), str(kill_after)]
    return subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_killed_build_goes_on_from_its_last_saving(tmp_path: Path) -> None:
    config = hub(make_repository(tmp_path / "repository", "parquet"))
    assert build_apart(config, kill_after=5).returncode == -signal.SIGKILL
    assert 0 < sum(build_state().documents.values()) < 360
    said: list[str] = []
    went_on = open_corpus(config.data, 300, said.append)
    assert "going on with an interrupted build" in said
    cache_root().rename(cache_root().with_name("killed"))
    assert open_corpus(config.data, 300, lambda _: None).fingerprint == went_on.fingerprint


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"hub_config": "smal"}, r"BuilderConfig 'smal' not found\. Available: \['small', 'other'\]"),
        ({"hub_split": "test"}, r"Bad split: test\. Available splits: \['train'\]"),
        ({"text_field": "body"}, r"has no column 'body', only id, text; set data\.text_field"),
    ],
)
def test_a_wrong_setting_is_named_with_what_there_is(repository: Path, settings: dict[str, str], fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        open_corpus(hub(repository, **settings).data, 300, lambda _: None)


def test_a_directory_that_changes_is_read_anew(repository: Path) -> None:
    config = hub(repository).data
    before = open_corpus(config, 300, lambda _: None)
    file = next((repository / "data").iterdir())
    file.with_name("train-00009-of-00003" + file.suffix).write_bytes(file.read_bytes())
    after = open_corpus(config, 300, lambda _: None)
    assert after.about.train_documents > before.about.train_documents


@pytest.fixture
def dead_hub(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a machine on which nothing answers where the hub should be."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        port = taken.getsockname()[1]
        yield {"HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HOME": str(tmp_path / "hub"), "NO_PROXY": "127.0.0.1"}


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"hub_name": "somebody/texts", "hub_config": ""}, "dataset somebody/texts"),
        ({"tokenizer": "hub:somebody/model"}, "model somebody/model"),
    ],
)
def test_without_a_network_one_line_says_so_at_once_and_names_the_way_out(
    tmp_path: Path, dead_hub: dict[str, str], settings: dict[str, str], what: str
) -> None:
    done = build_apart(hub(make_repository(tmp_path / "repository", "jsonl"), **settings), environment=dead_hub)
    assert done.returncode == 1
    assert done.stderr.startswith(f"cannot reach {dead_hub['HF_ENDPOINT']} for the {what}: ")
    assert done.stderr.count("\n") == 1  # so nothing was tried a second time either
    assert "--offline" in done.stderr


def test_whatever_decides_the_rows_is_part_of_the_identity() -> None:
    base = DataConfig(source="hub")
    changes = [{"hub_name": "a/b"}, {"hub_config": "x"}, {"hub_revision": "x"}, {"hub_split": "x"}, {"text_field": "x"}]
    identities = {hub_identity(base.model_copy(update=change)) for change in [{}, *changes]}
    assert len(identities) == len(changes) + 1
