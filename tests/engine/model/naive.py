"""The transformer of engine.model once more, from its definition: loops over tokens and experts, full logits."""

import math

import torch
from torch import Tensor

from engine.config import ModelConfig


def naive_loss(p: dict[str, Tensor], tokens_BL: Tensor, config: ModelConfig) -> Tensor:
    """Mean next-token loss plus the weighted balance losses, without dropout or noise."""
    total = torch.zeros(())
    hidden = [[p["embedding_VD"][t] * math.sqrt(config.d_model) for t in row] for row in tokens_BL.tolist()]
    balance = torch.zeros(())
    for layer in range(config.n_layers):
        at = f"blocks.{layer}."
        for row, xs in enumerate(hidden):
            normed = [_norm(x, p[at + "attention_norm.gain_D"], config.norm_eps) for x in xs]
            mixed = _attend(normed, p[at + "attention.qkv"], p[at + "attention.out"], config)
            hidden[row] = [x + y for x, y in zip(xs, mixed, strict=True)]
        probabilities: list[Tensor] = []
        counts = torch.zeros(config.n_experts)
        for row, xs in enumerate(hidden):
            for place, x in enumerate(xs):
                z = _norm(x, p[at + "moe_norm.gain_D"], config.norm_eps)
                logits = z @ p[at + "moe.router.weight"]
                probabilities.append(logits.softmax(0))
                chosen = sorted(range(config.n_experts), key=lambda e: -logits[e].item())[: config.top_k]
                weights = torch.stack([logits[e] for e in chosen]).softmax(0)
                y = torch.zeros(config.d_model)
                for weight, e in zip(weights, chosen, strict=True):
                    counts[e] += 1
                    up = z @ p[at + "moe.experts.up_EDF"][e]
                    y = y + weight * ((up * torch.sigmoid(up)) @ p[at + "moe.experts.down_EFD"][e])
                hidden[row][place] = x + y
        load = counts / counts.sum()
        balance = balance + config.n_experts * (load * torch.stack(probabilities).mean(0)).sum()
    predictions = 0
    for row, xs in enumerate(hidden):
        for x, target in zip(xs[:-1], tokens_BL[row, 1:].tolist(), strict=True):
            logits = p["embedding_VD"] @ _norm(x, p["norm.gain_D"], config.norm_eps)
            total = total + logits.logsumexp(0) - logits[target]
            predictions += 1
    return total / predictions + config.balance_weight * balance


def _norm(x: Tensor, gain: Tensor, eps: float) -> Tensor:
    return gain * x / torch.sqrt((x * x).mean() + eps)


def _attend(xs: list[Tensor], qkv: Tensor, out: Tensor, config: ModelConfig) -> list[Tensor]:
    width = config.d_model // config.n_heads
    q, k, v = ([x @ part for x in xs] for part in qkv.split(config.d_model, dim=1))
    results = []
    for i in range(len(xs)):
        heads = []
        for head in range(config.n_heads):
            cut = slice(head * width, (head + 1) * width)
            query = _turn(q[i][cut], i, config.rope_base)
            scores = [query @ _turn(k[j][cut], j, config.rope_base) / math.sqrt(width) for j in range(i + 1)]
            shares = torch.stack(scores).softmax(0)
            heads.append(torch.stack([shares[j] * v[j][cut] for j in range(i + 1)]).sum(0))
        results.append(torch.cat(heads) @ out)
    return results


def _turn(x: Tensor, position: int, base: float) -> Tensor:
    half = len(x) // 2
    turned = list(x)
    for i in range(half):
        angle = position * base ** (-2 * i / len(x))
        turned[i] = x[i] * math.cos(angle) - x[half + i] * math.sin(angle)
        turned[half + i] = x[half + i] * math.cos(angle) + x[i] * math.sin(angle)
    return torch.stack(turned)
