"""Drawing a token from logits."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn. A temperature of 0 takes the likeliest; `top_k` 0 and `top_p` 1 leave every token in the draw.

    `top_p` keeps the likeliest tokens whose probabilities together reach it, the last of them included (Holtzman et al., 2020).
    """

    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0


def probabilities(logits_V: Tensor, sampling: Sampling) -> Tensor:
    """The distribution that a token is drawn from: (V,) → (V,)."""
    if sampling.temperature == 0:
        return torch.nn.functional.one_hot(logits_V.argmax(), len(logits_V)).float()
    sorted_V, order_V = (logits_V.float() / sampling.temperature).sort(descending=True, stable=True)
    shares_V = sorted_V.softmax(dim=0)
    before_V = shares_V.cumsum(dim=0) - shares_V
    left_out_V = before_V >= sampling.top_p
    if sampling.top_k:
        left_out_V[sampling.top_k :] = True
    left_out_V[0] = False  # rounding must not leave out the likeliest
    kept_V = sorted_V.masked_fill(left_out_V, -torch.inf).softmax(dim=0)
    return torch.empty_like(kept_V).index_copy_(0, order_V, kept_V)


def draw(logits_V: Tensor, sampling: Sampling, generator: torch.Generator) -> int:
    """One token id. The draw is made on the CPU, so that a seed gives the same text on every device with the same logits."""
    shares_V = probabilities(logits_V, sampling).cpu()
    return int(torch.multinomial(shares_V, 1, generator=generator).item())
