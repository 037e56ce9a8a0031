from pathlib import Path

import pytest
import torch

from engine.data.tokenizer import train_bpe
from engine.errors import InputError
from engine.export.write import export
from engine.model.transformer import Transformer
from engine.training.trained import Trained
from tests.engine.tiny import tiny_config


def trained(tmp_path: Path, experts: str) -> Trained:
    config = tiny_config(tmp_path / "corpus.jsonl", {"model.experts": experts})
    torch.manual_seed(1)
    model = Transformer(config.model)
    model.initialize()
    return Trained(config, model.eval(), train_bpe(300, ["a router sends each token to two experts"]), "last", 3)


def test_an_export_loads_as_the_same_model_with_its_configuration(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    ours = trained(tmp_path, "swiglu")
    export(ours, tmp_path / "new" / "out")
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "new" / "out", trust_remote_code=False)
    assert theirs.config.model_type == "mixtral"
    assert theirs.config.max_position_embeddings == ours.config.data.sequence_length
    tokens_BL = torch.randint(300, (2, 16))
    with torch.no_grad():
        logits_BLV = ours.model(tokens_BL).hidden_BLD @ ours.model.head.T
        torch.testing.assert_close(theirs(tokens_BL).logits, logits_BLV, rtol=1e-4, atol=1e-4)
    names = {path.name for path in (tmp_path / "new" / "out").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} <= names
    assert not any(name.endswith((".py", ".bin", ".pt", ".pkl")) for name in names)


def test_a_model_without_an_equal_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model\.experts = mlp"):
        export(trained(tmp_path, "mlp"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_only_a_new_or_an_empty_directory_is_written_to(tmp_path: Path) -> None:
    model = trained(tmp_path, "swiglu")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("kept")
    (tmp_path / "file").write_text("kept")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="is not empty"):
        export(model, tmp_path / "full")
    with pytest.raises(InputError, match="is a file"):
        export(model, tmp_path / "file")
    export(model, tmp_path / "empty")
    assert (tmp_path / "full" / "mine").read_text() == (tmp_path / "file").read_text() == "kept"
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine"]
