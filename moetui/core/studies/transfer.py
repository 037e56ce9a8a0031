"""Ladders among the runs of a workspace: sweeps of learning rates that differ in a size only, and what they say together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.spec.config import RunConfig
from engine.spec.model import ModelConfig
from moetui.core.planning.ladder import Axis
from moetui.core.science.evidence import Evidence
from moetui.core.science.groups import groups
from moetui.core.science.measure import LOSS
from moetui.core.science.response import Setting, Slice, slices
from moetui.core.science.transfer import Found, Held, Line, Missing, Sweep, best_rate, fit, leave_largest_out

KEYS: Final[Mapping[Axis, frozenset[str]]] = {
    "tokens": frozenset({"training.updates"}),
    "batch": frozenset({"training.batch_size", "training.accumulation", "training.updates"}),
    "d_ff": frozenset({"model.d_ff"}),
    "granularity": frozenset({"model.d_ff", "model.n_experts", "model.top_k", "model.shared_experts"}),
    "width": frozenset({"model.d_model", "model.n_heads", "model.n_kv_heads", "model.d_ff"}),
}
"""The keys that each axis moves; the first axis that covers all that move is that of the ladder."""
_SIZES: Final = frozenset(key for keys in KEYS.values() for key in keys)


@dataclass(frozen=True, slots=True)
class Size:
    """One size of a ladder: its number on the axis, parameters, tokens, and what was found there."""

    number: float
    parameters: int
    tokens: int
    found: Found | Missing


@dataclass(frozen=True, slots=True)
class Transfer:
    """One ladder. `per_parameter`: updates grow with the model; `ratios` are the `adamw_ratio`s tried at the size `tuned_at`.

    `line` and `held` are None with fewer than two and three sizes whose best rate is known.
    """

    setting: Setting
    axis: Axis
    sizes: tuple[Size, ...]
    per_parameter: bool
    tuned_at: float
    ratios: tuple[float, ...]
    line: Line | None
    held: Held | None

    @property
    def name(self) -> str:
        """The setting in words."""
        return ", ".join(f"{key} = {value}" for key, value in self.setting)


def transfers(runs: Sequence[Evidence]) -> tuple[Transfer, ...]:
    """Every ladder of two sizes or more among own runs, each with everything but seed, rate and size held equal."""
    known = [part for part in slices(run for run in runs if not run.record.published) if part.runs[0].config]
    families: dict[Setting, list[Slice]] = {}
    for part in known:
        rest = tuple(pair for pair in part.setting if pair[0] not in _SIZES)
        families.setdefault(rest, []).append(part)
    found = (_transfer(setting, family, known) for setting, family in families.items() if len(family) > 1)
    return tuple(one for one in found if one is not None)


def _transfer(setting: Setting, family: Sequence[Slice], every: Iterable[Slice]) -> Transfer | None:
    configs = [_config(part) for part in family]
    settings = [dict(part.setting) for part in family]
    moving = {key for key in _SIZES if len({setting.get(key) for setting in settings}) > 1}
    with_length = "training.updates" in moving
    # The updates of a ladder over the model may move with it, to keep the tokens per parameter.
    axis = _axis(moving) or _axis(moving - {"training.updates"})
    if axis is None:
        return None
    ladder = sorted(
        (
            Size(
                number_on(axis, config),
                config.model.parameters,
                config.tokens,
                best_rate(sweep_of(part, number_on(axis, config))),
            )
            for part, config in zip(family, configs, strict=True)
        ),
        key=lambda size: size.number,
    )
    if len({size.number for size in ladder}) < len(ladder):
        return None
    known = [size.found for size in ladder if isinstance(size.found, Found)]
    line = fit(known) if len(known) > 1 else None
    per_parameter = with_length and axis in ("width", "d_ff", "granularity")
    tuned_at, ratios = _tuned(axis, family, every)
    return Transfer(setting, axis, tuple(ladder), per_parameter, tuned_at, ratios, line, leave_largest_out(known))


def _axis(moving: set[str]) -> Axis | None:
    return next((axis for axis, keys in KEYS.items() if moving and moving <= keys), None)


def number_on(axis: Axis, config: RunConfig) -> float:
    """The size of a configuration on an axis."""
    return float(
        {
            "width": config.model.d_model,
            "d_ff": config.model.d_ff,
            "granularity": config.model.n_experts,
            "tokens": config.tokens,
            "batch": config.training.batch_size * config.training.accumulation,
        }[axis]
    )


def _config(part: Slice) -> RunConfig:
    config = part.runs[0].config
    assert config is not None
    return config


def sweep_of(part: Slice, number: float) -> Sweep:
    """The losses of one size, whose number on the axis is told."""
    losses: dict[float, dict[int, float]] = {}
    diverged = []
    for group in groups((run.record for run in part.runs), LOSS):
        rate = group.samples[0].record.lr
        if rate is None:
            continue
        if group.diverged:
            diverged.append(rate)
        elif group.n:
            losses[rate] = {one.record.seed or 0: one.value for one in group.counted if one.value is not None}
    return Sweep(number, losses, tuple(diverged))


def _tuned(axis: Axis, family: Sequence[Slice], every: Iterable[Slice]) -> tuple[float, tuple[float, ...]]:
    """The size of the ladder at which most ratios of AdamW's rate were tried, and these."""
    tried = [_config(part) for part in every]
    found: dict[float, tuple[float, ...]] = {}
    for part in family:
        config = _config(part)
        alike = (
            one.optimizer.adamw_ratio
            for one in tried
            if _same_model(one) == _same_model(config) and one.tokens == config.tokens
        )
        found[number_on(axis, config)] = tuple(sorted(set(alike)))
    return max(found.items(), key=lambda one: (len(one[1]), -one[0]))


def _same_model(config: RunConfig) -> ModelConfig:
    """The model of a configuration; at its base width a parametrization is the standard one."""
    model = config.model
    at_base = model.d_model == model.base_width
    return model.model_copy(update={"parametrization": "standard", "base_width": None}) if at_base else model
