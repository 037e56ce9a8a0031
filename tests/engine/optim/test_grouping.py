import pytest

from engine.config import OptimizerConfig
from engine.model.transformer import Transformer
from engine.optim.hybrid import Hybrid
from tests.engine.model.small import END_OF_TEXT, small_config


@pytest.mark.parametrize(("router", "routers"), [("adamw", set()), ("muon", {"moe.router.weight"})])
def test_muon_takes_the_matrices_of_the_blocks_and_adamw_the_tables_and_the_gains(
    router: str, routers: set[str]
) -> None:
    config = OptimizerConfig.model_validate({"router": router, "decay_embedding": 0.3, "decay_gains": 0.2})
    hybrid = Hybrid(Transformer(small_config("all at once"), end_of_text=END_OF_TEXT), config)
    attention, experts = {"attention.qkv", "attention.out"}, {"gate_EDF", "up_EDF", "down_EFD"}
    shared = {"gate_DN", "up_DN", "down_ND"}
    assert {name.removeprefix("blocks.0.") for name in hybrid.muon.parameters if name.startswith("blocks.0.")} == (
        attention | {f"moe.experts.{n}" for n in experts} | {f"moe.shared.{n}" for n in shared} | routers
    )
    assert all(name.startswith("blocks.") for name in hybrid.muon.parameters)
    others = hybrid.adamw.decay
    assert others.keys() == hybrid.parameters.keys() - hybrid.muon.parameters.keys()
    assert others["embedding_VD"] == others["head_VD"] == 0.3
    gains = {name for name in others if name.endswith("gain_D")}
    assert {"norm.gain_D", "blocks.1.attention.query_norm.gain_D", "blocks.1.moe_norm.gain_D"} <= gains
    assert {others[name] for name in gains} == {0.2}
