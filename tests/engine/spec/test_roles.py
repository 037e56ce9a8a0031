from engine.model.transformer import Transformer
from engine.spec.roles import role_of
from tests.engine.model.small import END_OF_TEXT, small_config


def test_every_parameter_of_the_model_has_its_role() -> None:
    model = Transformer(small_config("all at once"), end_of_text=END_OF_TEXT)
    names = {name: role_of(name, p) for name, p in model.named_parameters()}
    roles = {
        name.removeprefix("blocks.0."): role
        for name, role in names.items()
        if not name.startswith(("blocks.1.", "blocks.2."))
    }
    attention = {"attention.qkv", "attention.out"}
    experts = {f"moe.experts.{n}" for n in ("gate_EDF", "up_EDF", "down_EFD")}
    shared = {f"moe.shared.{n}" for n in ("gate_DN", "up_DN", "down_ND")}
    gains = {"attention_norm", "attention.query_norm", "attention.key_norm", "moe_norm", "norm"}
    assert roles == (
        dict.fromkeys(attention, "attention")
        | dict.fromkeys(experts | shared, "experts")
        | {"moe.router.weight": "router", "embedding_VD": "embedding", "head_VD": "head"}
        | {f"{name}.gain_D": "gain" for name in gains}
    )
