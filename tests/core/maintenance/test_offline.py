"""Settings that keep a run off the network, and what becomes of a run that needs one where there is none."""

import socket
from pathlib import Path

import pytest

from engine.spec.config import RunConfig, resolve
from moetui.core.maintenance.offline import needs_network, offline_settings
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.planning.settings import nest
from moetui.core.queue.enqueue import enqueue
from moetui.core.runs.lab import Lab
from tests.conftest import eventually


def config(**flat: object) -> RunConfig:
    return resolve(nest({key.replace("__", "."): value for key, value in flat.items()}))


def test_text_and_tokenizer_of_the_hub_are_replaced() -> None:
    hub = config(data__source="hub")
    assert needs_network(hub)
    assert offline_settings(hub) == {"data.source": "pydocs", "data.tokenizer": "bpe:8192"}


def test_the_vocabulary_is_never_larger_than_the_models() -> None:
    hub = config(data__source="hub", model__vocab_size=1000)
    assert offline_settings(hub)["data.tokenizer"] == "bpe:1000"
    large, small = config(data__source="hub"), config(data__source="hub", model__vocab_size=500)
    assert offline_settings(large, small)["data.tokenizer"] == "bpe:500"


def test_a_directory_in_the_hubs_layout_needs_no_network(tmp_path: Path) -> None:
    local = config(data__source="hub", data__hub_name=str(tmp_path), data__tokenizer=f"hub:{tmp_path}")
    assert not needs_network(local)
    assert offline_settings(local) == {}


def test_what_is_local_already_stays() -> None:
    assert offline_settings(config(data__tokenizer="bpe:4096")) == {}
    own = config(data__source="files", data__files=("a.txt",), data__tokenizer="hub:some/tokenizer")
    assert offline_settings(own) == {"data.tokenizer": "bpe:8192"}


def test_every_built_in_preset_runs_offline_with_them() -> None:
    library = Library.load()
    for preset in library:
        own = plan(library, Selection(presets=(preset.name,)))
        settings = offline_settings(*(run.config for run in own))
        local = plan(library, Selection(presets=(preset.name,), settings=settings))
        assert not any(needs_network(run.config) for run in local), preset.name


def test_the_reference_preset_fails_without_a_network_and_says_how_to_do_without(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but nobody listens
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        for variable, folder in (("HF_HOME", "hub"), ("XDG_CACHE_HOME", "cache")):
            monkeypatch.setenv(variable, str(lab.workspace.root / folder))
        selection = Selection(presets=("base/moe-79m",), settings={"training.device": "cpu"})
        (run,) = enqueue(lab, plan(lab.library(), selection))
        eventually(lambda: not lab.snapshot().pending and not lab.dispatching())
    record = lab.find(run.id)
    assert record.status == "failed"
    assert record.reason.startswith("cannot reach http://127.0.0.1:")
    assert "run with --offline" in record.reason
    assert "Traceback" not in lab.run_dir(record).log_file.read_text()
