"""Several devices on paper: bytes, operations and milliseconds of one update on k GPUs, from the shape of a preset.

    python -m benchmarks.on_paper base/moe-79m base/moe-283m

Every rate is an assumption and printed with the table. Gradients are summed in float32 after the last backward pass, as
`engine.ranks` does it, so nothing is hidden behind computation; the last column says what hiding all of it would give.
"""

import sys
from dataclasses import dataclass

from engine.model.transformer import Transformer
from engine.spec.config import RunConfig
from engine.spec.roles import role_of
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library

PEAK = 989e12
"""bfloat16 FLOP/s of an H200, dense (NVIDIA, 2024)."""
USED, USED_BY_MUON = 0.25, 0.30
"""Shares of the peak that the model and Newton–Schulz reach."""
INSIDE, BETWEEN = 370e9, 250e9
"""Bus bandwidth of an all-reduce in bytes/s: 8 GPUs of one box over NVLink; 8 boxes with 8 × 400 Gb/s each."""
SOON, LATE = 60e-6, 250e-6
"""Seconds that one collective takes at least, inside a box and between boxes."""
BOX = 8


@dataclass(frozen=True, slots=True)
class Work:
    """Parameters, those of Muon's matrices, FLOPs of the model and of Newton–Schulz in an update, micro-batches, collectives."""

    parameters: int
    matrices: int
    model: float
    newton_schulz: float
    micro_batches: int
    shapes: int


def work(config: RunConfig) -> Work:
    """What an update of a configuration amounts to."""
    import torch

    with torch.device("meta"):
        model = Transformer(config.model)
    matrices = [p for name, p in model.named_parameters() if role_of(name, p) in config.optimizer.muon_targets]
    steps = config.optimizer.ns_steps
    flops = 0.0
    for parameter in matrices:
        short, long = sorted(parameter.shape[-2:])
        # Each step: X Xᵀ, A A, and their product with X.
        flops += parameter.numel() / (short * long) * steps * (4 * short * short * long + 2 * short**3)
    return Work(
        parameters=config.model.parameters,
        matrices=sum(p.numel() for p in matrices),
        model=config.model.flops_per_token(config.data.sequence_length) * config.tokens_per_update,
        newton_schulz=flops,
        micro_batches=config.training.accumulation,
        shapes=len({tuple(p.shape[-2:]) for p in matrices}),
    )


def table(name: str, config: RunConfig) -> str:
    """Rows for 1 to 64 GPUs; more than there are micro-batches take more and smaller ones."""
    todo = work(config)
    model, muon = todo.model / PEAK / USED, todo.newton_schulz / PEAK / USED_BY_MUON
    lines = [
        f"{name}: {todo.parameters / 1e6:.1f}M parameters, {todo.matrices / 1e6:.1f}M in Muon's matrices; "
        f"{todo.model / 1e12:.2f} TFLOP an update and {todo.newton_schulz / 1e12:.2f} of Newton–Schulz; "
        f"{todo.micro_batches} micro-batches",
        "",
        "| GPUs | gradients, MB a rank | Muon, MB a rank | ms: model, Muon, sum, gather | efficiency | with all sums hidden |",
        "|---|---|---|---|---|---|",
    ]
    for count in (1, 2, 4, 8, 16, 64):
        rate, least = (INSIDE, SOON) if count <= BOX else (BETWEEN, LATE)
        gradients = 8 * todo.parameters * (count - 1) / count
        gathered = 2 * todo.matrices * (count - 1) / count  # in bfloat16
        summed = gradients / rate + least if count > 1 else 0.0
        # The bus bandwidth of a sum counts every byte there and back.
        gather = gathered / rate + least * todo.shapes if count > 1 else 0.0
        computed = (model + muon) / count
        efficiency = computed / (computed + summed + gather)
        hidden = computed / (computed + gather)
        lines.append(
            f"| {count} | {gradients / 1e6:.0f} | {gathered / 1e6:.0f} | {1e3 * model / count:.2f}, {1e3 * muon / count:.2f}, "
            f"{1e3 * summed:.2f}, {1e3 * gather:.2f} | {efficiency:.0%} | {hidden:.0%} |"
        )
    return "\n".join(lines) + "\n"


def main(presets: list[str]) -> None:
    """Print the assumptions and a table for each preset."""
    print(
        f"{PEAK / 1e12:.0f} TFLOP/s, of which the model reaches {USED:.0%} and Newton–Schulz {USED_BY_MUON:.0%}; "
        f"{INSIDE / 1e9:.0f} GB/s in a box of {BOX}, {BETWEEN / 1e9:.0f} between boxes; "
        f"a collective takes {1e6 * SOON:.0f} µs at least, {1e6 * LATE:.0f} between boxes.\n"
    )
    for preset in presets or ["base/moe-79m"]:
        print(table(preset, plan(Library.load(), Selection(presets=(preset,)))[0].config))


if __name__ == "__main__":
    main(sys.argv[1:])
