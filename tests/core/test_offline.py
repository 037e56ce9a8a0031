"""Settings that keep a run off the network."""

from engine.config import RunConfig, resolve
from moetui.core.offline import needs_network, offline_settings
from moetui.core.plan import Selection, plan
from moetui.core.presets import Library
from moetui.core.settings import nest


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
