"""Evaluation: the validation split in a fixed order, without dropout or router noise, the loss summed over tokens."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from engine.data.batches import Sequences, in_order
from engine.model.loss import predict
from engine.model.transformer import Transformer
from engine.runfiles.metrics import Record
from engine.spec.config import RunConfig


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Nats per token, fraction of tokens predicted right, exp(loss), and how the experts were used.

    `expert_load` is the fraction of the assignments of each layer (rows) that each expert (columns) got; `router_entropy` the mean
    over tokens and layers of the entropy of the router's distribution, in nats.
    """

    loss: float
    accuracy: float
    perplexity: float
    expert_load: list[list[float]]
    router_entropy: float

    @property
    def expert_load_max(self) -> float:
        """Share of its layer's assignments that the most used expert of all got; 1 / E where the use is even."""
        return max(map(max, self.expert_load))

    @property
    def expert_load_min(self) -> float:
        """Share of its layer's assignments that the least used expert of all got; 0 if one is dead."""
        return min(map(min, self.expert_load))

    @property
    def record(self) -> Record:
        """The same as the metrics name it (docs/formats.md)."""
        return {
            "val_loss": self.loss,
            "val_accuracy": self.accuracy,
            "val_perplexity": self.perplexity,
            "expert_load": self.expert_load,
            "expert_load_max": self.expert_load_max,
            "expert_load_min": self.expert_load_min,
            "router_entropy": self.router_entropy,
        }


def perplexity(loss: float) -> float:
    """exp(loss), infinite where that overflows."""
    return math.exp(loss) if loss < 700 else math.inf if loss == loss else math.nan


@torch.no_grad()
def evaluate(
    model: Transformer, sequences: Sequences, config: RunConfig, keep_going: Callable[[], bool]
) -> Evaluation | None:
    """Evaluate the model as it is; None if `keep_going` says no between two batches."""
    model.eval()
    batch_size = config.evaluation.batch_size or config.training.batch_size
    device = sequences.device
    loss_sum = torch.zeros((), dtype=torch.float64, device=device)
    correct = torch.zeros((), dtype=torch.int64, device=device)
    load_YE = torch.zeros(config.model.n_layers, config.model.n_experts, dtype=torch.float64, device=device)
    entropy = torch.zeros((), dtype=torch.float64, device=device)
    tokens = predictions = 0
    for tokens_BL in in_order(sequences, batch_size, config.evaluation.max_sequences):
        if not keep_going():
            return None
        output = model(tokens_BL)
        prediction = predict(output.hidden_BLD, model.head, tokens_BL)
        loss_sum += prediction.loss_sum
        correct += prediction.correct
        predictions += prediction.count
        # Batches differ in size, so what is a mean over tokens is weighted by their number.
        load_YE += torch.stack([routing.load_E for routing in output.routings]) * tokens_BL.numel()
        entropy += torch.stack([r.entropy for r in output.routings if r.entropy is not None]).mean() * tokens_BL.numel()
        tokens += tokens_BL.numel()
    loss = loss_sum.item() / predictions
    return Evaluation(
        loss=loss,
        accuracy=correct.item() / predictions,
        perplexity=perplexity(loss),
        expert_load=(load_YE / tokens).tolist(),
        router_entropy=entropy.item() / tokens,
    )
