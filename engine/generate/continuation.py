"""Continuing a sequence of tokens with a cache of keys and values."""

from collections.abc import Iterator

import torch
from torch import Tensor

from engine.generate.sampling import Sampling, draw
from engine.model.cache import Cache
from engine.model.transformer import Transformer


@torch.no_grad()
def next_logits(model: Transformer, tokens: list[int], cache: Cache) -> Tensor:
    """Read tokens after those in the cache; the logits of the one that follows them, (V,) float32."""
    device = model.embedding_VD.device
    hidden_BLD = model(torch.tensor([tokens], device=device), cache).hidden_BLD
    head_VD = model.head.to(hidden_BLD.dtype)
    logits_V: Tensor = hidden_BLD[0, -1] @ head_VD.T
    return logits_V.float()


def continuation(
    model: Transformer, prompt: list[int], window: int, vocabulary: int, sampling: Sampling
) -> Iterator[int]:
    """Token ids that follow the prompt, without end; ids from `vocabulary` on, which no text has, are never drawn.

    The model sees no more than `window` tokens, the length it was trained on: when they are full, it reads the newer half again
    and goes on from there.
    """
    generator = torch.Generator().manual_seed(sampling.seed)
    tokens, unread = list(prompt), list(prompt)
    cache = Cache(model.config.n_layers)
    while True:
        if cache.length + len(unread) > window:
            cache, unread = Cache(model.config.n_layers), tokens[-(window // 2) :]
        logits_V = next_logits(model, unread, cache)[:vocabulary]
        unread = [draw(logits_V, sampling, generator)]
        tokens += unread
        yield unread[0]
