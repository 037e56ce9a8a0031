from typing import Any

import pytest

from engine.spec.config import ConfigError, resolve


@pytest.mark.parametrize(
    ("tree", "key", "message"),
    [
        ({"optimizer": {"lrr": 1.0}}, "optimizer.lrr", "did you mean optimizer.lr?"),
        ({"training": {"lr": 1.0}}, "training.lr", "did you mean optimizer.lr?"),
        ({"optimzer": {}}, "optimzer", "did you mean optimizer?"),
        ({"optimizer": {"lr": -1.0}}, "optimizer.lr", "greater than 0"),
        ({"optimizer": {"lr": "0.1"}}, "optimizer.lr", "'0.1'"),
        ({"optimizer": {"lr": float("nan")}}, "optimizer.lr", "finite"),
        ({"model": {"d_model": 30, "n_heads": 4}}, "model", "even multiple"),
        ({"model": {"top_k": 9}}, "model", "cannot exceed n_experts"),
        ({"model": {"n_kv_heads": 3}}, "model", "n_heads (8) must be a multiple of n_kv_heads (3)"),
        ({"model": {"n_experts": 257}}, "model.n_experts", "less than or equal to 256"),
        (
            {"model": {"cross_document_attention": False}, "data": {"end_of_text": False}},
            "",
            "needs data.end_of_text = true",
        ),
        ({"data": {"source": "files"}}, "data", "needs data.files"),
        ({"schedule": {"warmup": 0.2, "warmup_updates": 3}}, "schedule", "exclude each other"),
    ],
)
def test_a_fault_names_its_key_and_what_is_allowed(tree: dict[str, Any], key: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(tree)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert message in problem.message


def test_every_fault_is_reported() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve({"optimizer": {"lr": 0, "beta1": 2}})
    assert [problem.key for problem in caught.value.problems] == ["optimizer.lr", "optimizer.beta1"]
