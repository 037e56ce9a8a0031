"""Whatever a file or an argument holds, a reader takes it or says in one line what is wrong."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.health.measured import Measured
from engine.runfiles.history import read_records
from engine.runfiles.jsonfile import DamagedFile, read_file
from engine.runfiles.metrics import MetricsReader, encode
from engine.runfiles.rundir import ImportFile, Labels, Launch, Request, Result, RunFile, State, Wait
from engine.spec.config import ConfigError, resolve
from moetui.core.catalogue.index import Catalogue
from moetui.core.errors import CatalogueError, LabError
from moetui.core.planning.presets import Library
from moetui.core.planning.settings import nest, parse_assignment
from moetui.core.preferences import read_settings, workspace_file
from moetui.core.query.filtering import parse_filter
from moetui.core.runs.columns import KEYS, LOADS
from moetui.core.runs.curves import CurveFile
from moetui.core.runs.lab import Lab
from moetui.core.toml_lines import TomlFault, read_toml
from moetui.core.workspace import Workspace

HUGE = "9" * 5000
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from((10**30, -(2**63) - 1, 1e300, "nan", "-inf"))
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
NO_FILES = (b"", b"{", b"\xff", b"[" * 2000, b'{"a":' * 2000, HUGE.encode(), b'{"updates": %s}' % HUGE.encode())
FILES = (RunFile, ImportFile, Labels, Launch, Request, Result, State, Wait)


def one_line(error: BaseException) -> None:
    assert len(str(error).splitlines()) == 1, error
    assert len(str(error)) < 1000, error


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzzed")


@given(st.sampled_from(FILES), st.data())
def test_a_file_of_a_run_directory(folder: Path, kind: type[Any], data: st.DataObject) -> None:
    path = folder / "file.json"
    tree = {key: data.draw(TREES) for key in data.draw(st.sets(st.sampled_from(sorted(kind.model_fields))))}
    path.write_text(json.dumps(tree))
    try:
        read_file(path, kind)
    except DamagedFile as error:
        one_line(error)


@pytest.mark.parametrize("raw", NO_FILES)
@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_json(folder: Path, kind: type[Any], raw: bytes) -> None:
    (folder / "file.json").write_bytes(raw)
    with pytest.raises(DamagedFile) as caught:
        read_file(folder / "file.json", kind)
    one_line(caught.value)


RECORD = {"id": "a", "name": "n", "status": "finished"}
FIELDS = [
    "created",
    "turn",
    "updates",
    "seed",
    "lr",
    "point",
    "settings",
    "tags",
    "final",
    "best",
    "parameters",
    "extra",
]


@given(st.dictionaries(st.sampled_from(FIELDS), TREES))
def test_a_record_of_the_catalogue(folder: Path, fields: dict[str, Any]) -> None:
    path = folder / "runs.json"
    path.write_text(json.dumps({"runs": {"a": RECORD | encode(fields), "z": RECORD | {"id": "z"}}}))
    catalogue = Catalogue(path)
    assert [run.id for run in catalogue.all() if run.id == "z"] == ["z"]
    assert len(catalogue.all()) + len(catalogue.faults()) == 2
    for fault in catalogue.faults():
        assert "\n" not in fault
    try:
        catalogue.change("z", note="x")
    except CatalogueError as error:
        one_line(error)


@pytest.mark.parametrize(
    "raw", [b"[" * 2000, b'{"runs": ' * 2000, HUGE.encode(), b'{"runs": {"a": {"id": %s}}}' % HUGE.encode()]
)
def test_a_catalogue_that_is_no_json(folder: Path, raw: bytes) -> None:
    path = folder / "runs.json"
    path.write_bytes(raw)
    catalogue = Catalogue(path)
    try:
        assert catalogue.all() == []
    except CatalogueError as error:
        one_line(error)


LINES = st.dictionaries(
    st.sampled_from(("update", "session", "tokens", "seconds", "val_loss", "train_loss", "expert_load")), TREES
)


@given(st.lists(LINES, max_size=6), st.integers(0, 5))
@example([{"update": 1, "session": [1]}], 0)
@example([{"update": 1, "expert_load": [[0.5, 0.5], [1.0]]}], 2)
@example([{"update": 1, "val_loss": {}}], 0)
def test_measurements(folder: Path, lines: list[dict[str, Any]], good: int) -> None:
    path = folder / "metrics.jsonl"
    sound = [
        {"update": number, "session": 1, "val_loss": 5.0, "expert_load": [[0.5, 0.5]]} for number in range(1, good + 1)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in (*sound, *lines)))
    assert len(MetricsReader(path).read()) >= good
    Measured(read_records(path)).curve("val_loss")
    curves = CurveFile(path).read()
    for key in (*KEYS, LOADS):
        curves.get(key)


TOML_LINES = st.sampled_from(
    (
        "[preset]",
        'name = "mine/x"',
        'title = "t"',
        "[config]",
        "optimizer.lr = 0.1",
        "[grid]",
        "seed = [1, 2]",
        "[published]",
        "val_loss = nan",
        "optimizer.lr = {}",
        "name = 3",
        "[[expected]]",
        'metric = "val_loss"',
        "[a.b]",
        '"\\u0000" = 1',
        f"x = {HUGE}",
        "x = " + "[" * 2000,
        "x = 99999999999999999999",
        "x = 1979-05-27",
        '"" = 1',
        "config = 3",
        "grid = [1]",
    )
)


@given(st.lists(TOML_LINES, max_size=8) | st.text(max_size=30).map(lambda text: [text]))
def test_a_preset_file(folder: Path, lines: list[str]) -> None:
    presets = folder / "presets"
    presets.mkdir(exist_ok=True)
    (presets / "x.toml").write_text("\n".join(lines))
    library, faults = Library.collect(presets)
    assert library.get("base/moe-tiny")
    for fault in faults:
        assert len(fault.message.splitlines()) == 1


@pytest.mark.parametrize("value", [HUGE, "[" * 2000, "99999999999999999999", "{" * 500, "[" * 40 + "]" * 40])
def test_a_bad_preset_file_is_named_and_passed_over(lab: Lab, value: str) -> None:
    lab.workspace.presets.mkdir()
    (lab.workspace.presets / "good.toml").write_text('[preset]\nname = "mine/good"\ntitle = "t"\n')
    bad = lab.workspace.presets / "bad.toml"
    bad.write_text(f'[preset]\nname = "mine/bad"\ntitle = "t"\n[config]\noptimizer.lr = {value}\n')
    assert lab.library().get("mine/good")
    (fault,) = lab.preset_faults
    assert fault.startswith(str(bad))
    assert fault.endswith("it is passed over")


@given(st.text(max_size=20))
@example(f"live = {HUGE}")
@example("bell = " + "[" * 2000)
@example('keys = [1]\n"a\\nb" = 3')
def test_settings_of_the_interface(folder: Path, text: str) -> None:
    workspace = Workspace(folder)
    workspace_file(workspace).write_text(text)
    assert all("\n" not in fault for fault in read_settings(workspace).faults)


@given(st.text(max_size=20), st.text(max_size=30))
@example("optimizer.lr", HUGE)
@example("optimizer.lr", "[" * 2000)
@example("optimizer.lr", "9" * 4000)
@example("seed", "99999999999999999999")
@example("training.updates", "{a = " * 50)
@example("model.d_model", "inf")
def test_a_setting_of_a_command_line(key: str, value: str) -> None:
    try:
        resolve(nest(dict([parse_assignment(f"{key}={value}")])))
    except (LabError, ConfigError) as error:
        one_line(error)


def test_a_section_with_a_value_and_keys() -> None:
    with pytest.raises(LabError, match="model has a value of its own"):
        nest({"model": 1, "model.d_model": 2})


@given(st.text("ab:<>=()0123456789eE.-%kdwm \"'", max_size=20))
@example(f"lr>{HUGE}")
@example("created>1e300d")
@example("(" * 2000)
def test_a_filter(query: str) -> None:
    try:
        parse_filter(query)
    except LabError as error:
        one_line(error)


@given(st.text(max_size=40))
@example("a" + ".a" * 3000 + " = 1")
def test_toml_is_read_or_its_fault_is_one_line(text: str) -> None:
    try:
        orjson.dumps(read_toml(text), default=str)
    except TomlFault as error:
        one_line(error)
