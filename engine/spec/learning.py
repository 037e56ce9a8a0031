"""The sections of the configuration that say how a run learns: the optimizer and the learning-rate schedule."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.spec.schedules import KINDS
from engine.spec.section import Section, described

if TYPE_CHECKING:
    ScheduleKind = str
else:
    ScheduleKind = Literal[tuple(KINDS)]


class OptimizerConfig(Section):
    """Muon (Jordan et al., 2024) on the weight matrices with AdamW on the rest, or one optimizer on everything."""

    kind: Literal["muon", "adamw", "sgd"] = described(
        "muon", "muon: Muon on muon_targets, AdamW on the rest; adamw, sgd: the one on everything."
    )
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
        return {"lr": lr, "adamw_lr": lr * self.adamw_ratio} if self.kind == "muon" else {"lr": lr}


Stage = Annotated[
    tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0, le=1)]],
    Field(strict=False),  # TOML and JSON know lists only
]


class ScheduleConfig(Section):
    """How the learning rate moves over the optimizer updates (docs/schedules.md). A key for one kind does nothing to others."""

    kind: ScheduleKind = described("cosine", "Shape after the warm-up.")
    warmup: float = described(0.05, "Warm-up as a share of the horizon.", unit="fraction", ge=0, le=1)
    warmup_updates: int | None = described(None, "Warm-up in updates; replaces `warmup`.", unit="updates", ge=0)
    warmup_start: float = described(
        0.0, "Learning rate the warm-up starts from, relative to the peak.", unit="fraction", ge=0, le=1
    )
    warmup_shape: Literal["linear", "constant"] = described(
        "linear",
        "linear: rises evenly to the peak; constant: stays at warmup_start, then jumps to the peak (Goyal et al., 2017).",
    )
    floor: float = described(
        0.1,
        "Lowest learning rate of the decay, relative to the peak; constant and stages have none.",
        unit="fraction",
        ge=0,
        le=1,
    )
    horizon: int | None = described(
        None, "Updates over which the schedule unfolds; default: the run's.", unit="updates", ge=1
    )
    epoch_updates: int | None = described(
        None, "Move the learning rate only once per so many updates, an epoch; default: at every update.",
        unit="updates", ge=1,
    )  # fmt: skip
    count_from_zero: bool = described(
        False, "Take an update by the number of those before it, so that the first one of a warm-up is at warmup_start."
    )
    step_every: int = described(100, "For kind = step: updates between two drops.", unit="updates", ge=1)
    step_gamma: float = described(0.9, "For kind = step: factor of one drop.", gt=0, le=1)
    decay: float = described(
        0.2, "For kind = wsd: share of the horizon, at its end, in which the rate decays.", unit="fraction", ge=0, le=1
    )
    decay_shape: Literal["linear", "cosine", "sqrt"] = described(
        "linear", "For kind = wsd: how it decays; sqrt: as 1 - √progress (Hägele et al., 2024)."
    )
    restart_every: int = described(100, "For kind = restarts: updates of the first period.", unit="updates", ge=1)
    restart_factor: int = described(
        1, "For kind = restarts: length of a period relative to the one before.", ge=1, le=100
    )
    stages: tuple[Stage, ...] = described(
        (),
        "For kind = stages: pairs of a start (below 1 a share of the horizon, else the number of an update) and "
        "a learning rate relative to the peak, such as [[0.4, 0.46], [0.75, 0.15]]; the peak comes first.",
        strict=False,
    )
    plateau_factor: float = described(0.5, "For kind = plateau: factor of one drop.", gt=0, lt=1)
    plateau_patience: int = described(
        5, "For kind = plateau: evaluations in a row without a gain that make a drop.", unit="evaluations", ge=1
    )
    plateau_threshold: float = described(
        0.01, "For kind = plateau: relative fall of the lowest validation loss that is a gain.", unit="fraction", ge=0, lt=1
    )  # fmt: skip

    @model_validator(mode="after")
    def _one_warmup(self) -> Self:
        if self.warmup_updates is not None and self.warmup != type(self).model_fields["warmup"].default:
            raise ValueError("warmup and warmup_updates exclude each other; give one")
        return self

    @model_validator(mode="after")
    def _has_stages(self) -> Self:
        if self.kind == "stages" and not self.stages:
            raise ValueError('kind = "stages" needs schedule.stages, such as [[0.4, 0.46], [0.75, 0.15]]')
        return self
