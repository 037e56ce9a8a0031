"""The section of the configuration that says how the optimizer moves the weights. Each kind is one entry of `OPTIMIZERS`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from pydantic import model_validator

from engine.spec.section import Section, described


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerKind:
    """A kind of optimizer; `engine.optim.optimizer.BUILDERS` has the code of the same name.

    `help`: in words. `paper`: where it is from. `keys`: the keys of the configuration that it goes by beside `lr`, `grad_clip` and
    the decays. `beside`: AdamW moves the parameters that it leaves out, at a learning rate of their own. docs/engine.md has a row.
    """

    help: str
    paper: str
    keys: tuple[str, ...]
    beside: bool = False


_ADAMW_KEYS = ("beta1", "beta2", "eps")
_MUON_KEYS = (
    "adamw_ratio",
    "muon_targets",
    "muon_scale",
    "ns_steps",
    "ns_coefficients",
    "newton_schulz_dtype",
    "idle_experts",
)

OPTIMIZERS: Mapping[str, OptimizerKind] = {
    "muon": OptimizerKind(
        help="Muon on muon_targets, AdamW on the rest",
        paper="Jordan et al., 2024",
        keys=("momentum", "nesterov", *_MUON_KEYS, *_ADAMW_KEYS),
        beside=True,
    ),
    "adamw": OptimizerKind(help="the one on everything", paper="Loshchilov and Hutter, 2019", keys=_ADAMW_KEYS),
    "sgd": OptimizerKind(help="the one on everything", paper="Sutskever et al., 2013", keys=("momentum", "nesterov")),
}
"""Every kind by its name, as `optimizer.kind` gives it."""

if TYPE_CHECKING:
    OptimizerName = str
else:
    OptimizerName = Literal[tuple(OPTIMIZERS)]


def _help() -> Iterator[str]:
    """Each help text once, after the kinds that share it."""
    for text in dict.fromkeys(kind.help for kind in OPTIMIZERS.values()):
        yield f"{', '.join(name for name, kind in OPTIMIZERS.items() if kind.help == text)}: {text}"


class OptimizerConfig(Section):
    """Muon (Jordan et al., 2024) on the weight matrices with AdamW on the rest, or one optimizer on everything."""

    kind: OptimizerName = described("muon", f"{'; '.join(_help())}.")
    lr: float = described(0.01, "Peak learning rate, of Muon where it is used.", gt=0)
    adamw_ratio: float = described(
        0.1, "For kind = muon: learning rate of AdamW as a fraction of Muon's.", gt=0, le=1000
    )
    muon_targets: tuple[Literal["attention", "experts", "router", "embedding"], ...] = described(
        ("attention", "experts"), "For kind = muon: which matrices Muon takes.", strict=False
    )
    muon_scale: Literal["original", "match-rms-adamw", "spectral"] = described(
        "original",
        "Factor of Muon's update of an (in, out) matrix: original: max(1, out / in)^½ (Jordan et al., 2024); match-rms-adamw: "
        "0.2 · √max(in, out) (Liu et al., 2025); spectral: √(out / in) (Bernstein, 2025). Libraries differ in the names.",
    )
    momentum: float = described(0.95, "Momentum of Muon or SGD.", ge=0, lt=1)
    nesterov: bool = described(True, "Nesterov form of the momentum.")
    ns_steps: int = described(5, "Newton–Schulz iterations of Muon per update.", ge=1, le=20)
    ns_coefficients: Literal["quintic", "polar-express"] = described(
        "quintic", "Polynomials of Muon's iterations; polar-express (Amsel et al., 2025) ends nearer to orthogonal."
    )
    newton_schulz_dtype: Literal["auto", "float32", "bfloat16"] = described(
        "auto",
        "Precision of Muon's Newton–Schulz products. auto: bfloat16 on a GPU (Jordan et al., 2024), that of the run on a CPU; "
        "float32 is many times slower on a GPU.",
    )
    idle_experts: Literal["frozen", "momentum"] = described(
        "frozen",
        "For kind = muon: an expert that no token of an update reached: frozen: neither its weights nor its momentum move, as in "
        "the documents' code; momentum: it goes on by its momentum, at the full length of an update.",
    )
    beta1: float = described(0.9, "AdamW's decay of the mean gradient.", ge=0, lt=1)
    beta2: float = described(0.999, "AdamW's decay of the mean squared gradient.", ge=0, lt=1)
    eps: float = described(1e-8, "AdamW's term against division by zero.", gt=0, le=1)
    decay_matrices: float = described(0.1, "Decoupled weight decay of attention, experts and router.", ge=0, le=10)
    decay_embedding: float = described(0.1, "Decoupled weight decay of the embedding and the head.", ge=0, le=10)
    decay_gains: float = described(0.0, "Decoupled weight decay of the norm gains.", ge=0, le=10)
    grad_clip: float = described(1.0, "Largest global gradient norm; 0 never clips.", ge=0)

    @model_validator(mode="after")
    def _has_targets(self) -> Self:
        if self.kind == "muon" and not self.muon_targets:
            raise ValueError('kind = "muon" needs optimizer.muon_targets; for AdamW alone there is kind = "adamw"')
        return self

    def rates(self, lr: float) -> dict[str, float]:
        """The learning rate of each part, as the metrics name it, when that of the run is `lr`."""
        return {"lr": lr, "adamw_lr": lr * self.adamw_ratio} if OPTIMIZERS[self.kind].beside else {"lr": lr}
