"""What a parameter is to the initialization and to the optimizers: its role decides how it is drawn, moved and decays."""

from typing import Literal, Protocol

from engine.spec.optimizers import OptimizerConfig

Role = Literal["attention", "experts", "router", "embedding", "head", "gain"]

# The part of a parameter's name that tells its role; whatever is no matrix is a gain.
_ROLES: dict[str, Role] = {
    "attention": "attention",
    "experts": "experts",
    "shared": "experts",
    "router": "router",
    "embedding_VD": "embedding",
    "head_VD": "head",
}


class Shaped(Protocol):
    """A parameter, as far as its role needs it."""

    @property
    def ndim(self) -> int:
        """Number of dimensions."""


def role_of(name: str, parameter: Shaped) -> Role:
    """The role of the parameter that the model calls `name`, such as `blocks.0.moe.experts.up_EDF`."""
    if parameter.ndim < 2:
        return "gain"
    for part in name.split("."):
        if part in _ROLES:
            return _ROLES[part]
    raise ValueError(f"the parameter {name} has no role in engine.spec.roles")


def weight_decay(role: Role, config: OptimizerConfig) -> float:
    """Decoupled weight decay of the parameters of a role."""
    if role == "gain":
        return config.decay_gains
    return config.decay_embedding if role in ("embedding", "head") else config.decay_matrices
