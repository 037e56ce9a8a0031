"""Ladders: the same model and training at several sizes, each as settings over a configuration.

| axis | what moves | what stays |
|---|---|---|
| width | d_model, d_ff, heads | d_ff / d_model, head width, heads per head of keys and values, layers, experts, top_k, vocabulary |
| granularity | d_ff down, n_experts and top_k up, by the value | d_model, parameters and active parameters of the experts |
| d_ff | d_ff | everything else |
| tokens | updates | everything else |
| batch | sequences of an update, and updates against it | tokens of the run, except for rounding |

A ladder over width, granularity or d_ff keeps the updates, or with `per_parameter` the tokens per parameter: width and tokens
never move together unless that is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from engine.spec.config import ConfigError, RunConfig, resolve
from moetui.core.errors import UsageError
from moetui.core.planning.plan import Variant, check_keys, flat_config, resolve_chain
from moetui.core.planning.presets import Library
from moetui.core.planning.scale import chain_at, split_scale
from moetui.core.planning.settings import merge, nest
from moetui.core.planning.typed_values import number

Axis = Literal["width", "granularity", "d_ff", "tokens", "batch"]
AXES: Final[tuple[Axis, ...]] = get_args(Axis)
Settings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ladder:
    """An axis with its sizes, ascending. `per_parameter`: larger models train on more tokens, in proportion to their parameters."""

    axis: Axis
    sizes: tuple[int, ...]
    per_parameter: bool = False


def parse_ladder(text: str, *, per_parameter: bool = False) -> Ladder:
    """The ladder of `width=32,64,128`. Raises `UsageError`."""
    name, equals, values = text.partition("=")
    axis = next((axis for axis in AXES if axis == name.strip()), None)
    if axis is None or not equals:
        raise UsageError(
            f"--ladder {text}: write an axis and its sizes, such as width=32,64,128; axes: {', '.join(AXES)}"
        )
    try:
        sizes = sorted({int(value) for value in values.split(",")})
    except ValueError:
        raise UsageError(f"--ladder {text}: sizes are whole numbers with commas between them") from None
    if len(sizes) < 2 or sizes[0] < 1:
        raise UsageError(f"--ladder {text}: a ladder has two sizes or more, each at least 1")
    if per_parameter and axis in ("tokens", "batch"):
        raise UsageError(
            f"--ladder {text}: tokens per parameter are a matter of ladders over the model, not over {axis}"
        )
    return Ladder(axis, tuple(sizes), per_parameter)


def goal_of(text: str) -> tuple[str, float]:
    """Axis and size of `--to width=1024`. Raises `UsageError`."""
    axis, _, value = text.partition("=")
    size = number(value.strip())
    if axis.strip() not in AXES or size is None or not 0 < size.low < 1e18:
        raise UsageError(f"--to {text[:80]}: write an axis and a size, such as width=1024; axes: {', '.join(AXES)}")
    return axis.strip(), size.low


def base_config(library: Library, name: str, settings: Mapping[str, Any]) -> RunConfig:
    """The configuration of one preset with settings over it, its grid left aside. Raises `UsageError` for a study of several."""
    check_keys("--set", settings)
    plain, scale = split_scale(name)
    if library.get(plain).members:
        raise UsageError(
            f"{name} is a study of several presets; name one of them: {', '.join(library.get(plain).members)}"
        )
    return resolve_chain(chain_at(library, plain, scale), dict(settings))


def variants(ladder: Ladder, base: RunConfig) -> tuple[Variant, ...]:
    """The sizes of a ladder over a base, as variants of a plan. Raises `UsageError` for a size that the base cannot have."""
    return tuple(Variant(f"{ladder.axis}={size}", _settings(ladder, base, size)) for size in ladder.sizes)


def resized(ladder: Ladder, base: RunConfig, size: int) -> RunConfig:
    """The base at one size. Raises `UsageError`."""
    try:
        return resolve(nest(merge(flat_config(base), _settings(ladder, base, size))))
    except ConfigError as error:
        raise UsageError(f"{ladder.axis} {size}: {error}") from None


def _settings(ladder: Ladder, base: RunConfig, size: int) -> Settings:
    settings = _RULES[ladder.axis](base, size)
    if ladder.per_parameter:
        grown = base.model.model_copy(update=_leaves(settings)).parameters / base.model.parameters
        settings["training.updates"] = max(1, round(base.training.updates * grown))
    return settings


def _leaves(settings: Mapping[str, Any]) -> Settings:
    return {key.removeprefix("model."): value for key, value in settings.items() if key.startswith("model.")}


def _width(base: RunConfig, size: int) -> Settings:
    model = base.model
    head = model.head_width
    group = model.n_heads // model.kv_heads
    step = head * group
    if size % step:
        near = sorted({max(step, size // step * step), (size // step + 1) * step})
        raise UsageError(
            f"width {size}: heads stay {head} wide{f' and shared by {group}' if group > 1 else ''}, so a width is a multiple of "
            f"{step}; near: {', '.join(map(str, near))}"
        )
    hidden, rest = divmod(model.d_ff * size, model.d_model)
    if rest:
        raise UsageError(f"width {size}: d_ff / d_model = {model.d_ff} / {model.d_model} makes no whole d_ff of it")
    settings: Settings = {"model.d_model": size, "model.n_heads": size // head, "model.d_ff": hidden}
    if model.n_kv_heads is not None:
        settings["model.n_kv_heads"] = size // step
    return settings


def _granularity(base: RunConfig, size: int) -> Settings:
    """Experts split into `size` each (Dai et al., 2024): as many parameters, as many of them active."""
    model = base.model
    if model.d_ff % size:
        raise UsageError(f"granularity {size}: model.d_ff = {model.d_ff} cannot be split into {size} equal parts")
    split: Settings = {"model.d_ff": model.d_ff // size, "model.n_experts": model.n_experts * size}
    if model.router != "dense":
        split["model.top_k"] = model.top_k * size
    if model.shared_experts:
        split["model.shared_experts"] = model.shared_experts * size
    return split


def _d_ff(base: RunConfig, size: int) -> Settings:
    return {"model.d_ff": size}


def _tokens(base: RunConfig, size: int) -> Settings:
    """As many updates as come nearest to so many tokens."""
    updates = round(size / base.tokens_per_update)
    if updates < 1:
        raise UsageError(f"tokens {size}: an update alone learns from {base.tokens_per_update}")
    return {"training.updates": updates}


def _batch(base: RunConfig, size: int) -> Settings:
    """So many sequences for an update, in micro-batches of the base where they fit."""
    micro = base.training.batch_size
    if size > micro and size % micro:
        raise UsageError(f"batch {size}: not a multiple of the micro-batch, training.batch_size = {micro}")
    settings: Settings = {"training.batch_size": min(size, micro), "training.accumulation": max(1, size // micro)}
    sequences = micro * base.training.accumulation * base.training.updates
    return settings | {"training.updates": max(1, round(sequences / size))}


_RULES: Final[Mapping[Axis, Callable[[RunConfig, int], Settings]]] = {
    "width": _width,
    "granularity": _granularity,
    "d_ff": _d_ff,
    "tokens": _tokens,
    "batch": _batch,
}
