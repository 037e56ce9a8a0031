"""Evaluation: the validation split in a fixed order, without dropout or router noise, the loss summed over tokens."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.data.batches import Sequences, in_order
from engine.model.loss import predict
from engine.model.transformer import Transformer
from engine.ranks.ranks import Ranks
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
    model: Transformer,
    sequences: Sequences,
    config: RunConfig,
    keep_going: Callable[[], bool],
    ranks: Ranks | None = None,
    most: int | None = None,
) -> Evaluation | None:
    """Evaluate the model as it is, `most` sequences at once; None if `keep_going` says no between two batches, on any rank.

    `ranks`: those that share the batches, alone if it is not said. All of them get the same scores as one alone would, bit for bit.
    """
    ranks = ranks or Ranks()
    model.eval()
    batch_size = config.evaluation.batch_size or config.training.batch_size
    batches = in_order(sequences, min(batch_size, most or batch_size), config.evaluation.max_sequences)
    # One row for each batch, so that they are added up in the same order whoever has computed them.
    rows_NS = torch.zeros(len(batches), _row_size(config), dtype=torch.float64, device=sequences.device)
    interrupted = False
    for number in range(ranks.place.rank, len(batches), ranks.count):
        if not keep_going():
            interrupted = True
            break
        rows_NS[number] = _row(model, sequences.batch(np.array(batches[number])))
    if ranks.largest(interrupted):
        return None
    ranks.add_up([rows_NS])
    # The cumulative sum adds from the first to the last, where a sum would add in pairs.
    loss, correct, entropy, *load = np.cumsum(rows_NS.cpu().numpy(), axis=0)[-1].tolist()
    tokens = sum(map(len, batches)) * sequences.length
    predictions = sum(map(len, batches)) * (sequences.length - 1)
    experts = config.model.n_experts
    return Evaluation(
        loss=loss / predictions,
        accuracy=correct / predictions,
        perplexity=perplexity(loss / predictions),
        expert_load=[[share / tokens for share in load[at : at + experts]] for at in range(0, len(load), experts)],
        router_entropy=entropy / tokens,
    )


def _row_size(config: RunConfig) -> int:
    return 3 + config.model.n_layers * config.model.n_experts


def _row(model: Transformer, tokens_BL: Tensor) -> Tensor:
    """Summed loss, tokens predicted right, entropy and load of each expert of each layer, both times the tokens: (S,) float64."""
    output = model(tokens_BL)
    prediction = predict(output.hidden_BLD, model.head, tokens_BL)
    # Batches differ in size, so what is a mean over tokens is weighted by their number.
    load_YE = torch.stack([routing.load_E for routing in output.routings]) * tokens_BL.numel()
    entropy = torch.stack([r.entropy for r in output.routings if r.entropy is not None]).mean() * tokens_BL.numel()
    sums = torch.stack((prediction.loss_sum.double(), prediction.correct.double(), entropy.double()))
    return torch.cat((sums, load_YE.flatten().double()))
