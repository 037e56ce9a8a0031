"""The work of training in numbers that need no machine: operations and passes of one update and of one evaluation."""

from dataclasses import dataclass

from engine.spec.config import RunConfig

FORWARD = 1 / 3
"""Share of the forward pass in the work of forward and backward pass together (Kaplan et al., 2020, section 2.1)."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a device has to do for one update or one evaluation.

    `passes` counts forward and backward passes of a micro-batch through one layer. Each costs a fixed time, however small the
    layer is. `operations` counts floating-point operations, two for each multiply-add.
    """

    passes: float
    operations: float

    def within(self, other: "Work") -> bool:
        """Whether `other` is at least as much work by both counts."""
        return self.passes <= other.passes and self.operations <= other.operations


def update_work(config: RunConfig) -> Work:
    """The work of one update: forward and backward passes of its micro-batches, and the matrix products of the optimizer."""
    per_token = config.model.flops_per_token(config.data.sequence_length)
    return Work(
        passes=config.model.n_layers * config.training.accumulation,
        operations=per_token * config.tokens_per_update + _optimizer_operations(config),
    )


def evaluation_work(config: RunConfig, validation_tokens: int | None) -> Work | None:
    """The work of one evaluation of a split of so many tokens.

    None if nobody knows the size of the split and `evaluation.max_sequences` does not limit it.
    """
    length, limit = config.data.sequence_length, config.evaluation.max_sequences
    known = [count for count in (limit, (validation_tokens or 0) // length) if count]
    if not known:
        return None
    sequences = min(known)
    batches = -(-sequences // (config.evaluation.batch_size or config.training.batch_size))
    return Work(
        passes=FORWARD * config.model.n_layers * batches,
        operations=FORWARD * config.model.flops_per_token(length) * sequences * length,
    )


def evaluations(config: RunConfig) -> int:
    """Evaluations of a whole run: before the first update, after every `evaluation.every` updates and after the last."""
    return 1 + -(-config.training.updates // config.evaluation.every)


def _optimizer_operations(config: RunConfig) -> float:
    """Operations of Muon's Newton–Schulz iterations in one update (Jordan et al., 2024); other optimizers multiply no matrices."""
    optimizer, model = config.optimizer, config.model
    if optimizer.kind != "muon":
        return 0.0
    width, key_width = model.d_model, model.head_width * model.kv_heads
    ups_and_downs = 3 if model.experts == "swiglu" else 2
    matrices = {
        "attention": [(2, width, width), (2, width, key_width)],
        "experts": [(ups_and_downs * model.n_experts, width, model.d_ff)]
        + [(ups_and_downs, width, model.d_ff * model.shared_experts)] * bool(model.shared_experts),
        "router": [(1, width, model.n_experts)],
    }
    layers = sum(
        count * _orthogonalization(rows, columns, optimizer.ns_steps)
        for target in optimizer.muon_targets
        for count, rows, columns in matrices.get(target, [])
    )
    embedding = _orthogonalization(model.vocab_size, width, optimizer.ns_steps)
    return model.n_layers * layers + embedding * ("embedding" in optimizer.muon_targets)


def _orthogonalization(rows: int, columns: int, steps: int) -> float:
    """Operations for one matrix, in the cheaper of the two forms of engine.optim.orthogonal."""
    small, large = sorted((rows, columns))
    plain = steps * (4 * small**2 * large + 2 * small**3)
    gram = 4 * small**2 * large + (8 * steps - 6) * small**3
    return float(min(plain, gram))
