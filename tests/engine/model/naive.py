"""The transformer of engine.model once more, from its definition: loops over tokens and experts, full logits."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.spec.model import ModelConfig

Weights = dict[str, Tensor]


@dataclass
class Routed:
    """What a layer's router did to the tokens of a batch: its logits, every expert's share of the scores, and the choices."""

    logits: list[Tensor]
    shares: list[Tensor]
    chosen: list[list[int]]


def naive_loss(
    p: Weights,
    tokens_BL: Tensor,
    config: ModelConfig,
    end_of_text: int = -1,
    noise: list[Tensor] | None = None,
    masks: list[Tensor] | None = None,
) -> Tensor:
    """Mean next-token loss plus the weighted losses of the routers, without dropout but for `masks`.

    `noise` is what is added to each layer's logits, (T, E). `masks` are the factors of what is added to the residual stream,
    (B, L, D) each: of the first layer's attention, of its experts, of the second layer's attention and so on.
    """
    logits, layers = naive_forward(p, tokens_BL, config, end_of_text, noise, masks)
    losses = []
    for row, tokens in enumerate(tokens_BL.tolist()):
        for place, target in enumerate(tokens[1:]):
            losses.append(-torch.log(logits[row][place].exp()[target] / logits[row][place].exp().sum()))
    loss = torch.stack(losses).mean()
    for layer in layers:
        count = len(layer.logits)
        loads = [sum(e in chosen for chosen in layer.chosen) for e in range(config.n_experts)]
        means = torch.stack(layer.shares).mean(0)
        balance = config.n_experts * sum(load / sum(loads) * mean for load, mean in zip(loads, means, strict=True))
        z = sum(torch.log(one.exp().sum()) ** 2 for one in layer.logits) / count
        loss = loss + config.balance_weight * balance + config.z_weight * z
    return loss


def naive_forward(
    p: Weights,
    tokens_BL: Tensor,
    config: ModelConfig,
    end_of_text: int = -1,
    noise: list[Tensor] | None = None,
    masks: list[Tensor] | None = None,
) -> tuple[list[list[Tensor]], list[Routed]]:
    """The logits of every token of every row, and what each layer's router did."""
    batch = tokens_BL.tolist()
    hidden = [[p["embedding_VD"][t] * math.sqrt(config.d_model) for t in row] for row in batch]
    layers = []
    for number in range(config.n_layers):
        at = f"blocks.{number}."
        own = {name.removeprefix(at): value for name, value in p.items() if name.startswith(at)}
        if noise is not None:
            own["noise"] = noise[number]
        for row, xs in enumerate(hidden):
            normed = [_norm(x, own["attention_norm.gain_D"], config.norm_eps) for x in xs]
            mixed = _attend(normed, own, batch[row], config, end_of_text)
            if masks is not None:
                mixed = [y * kept for y, kept in zip(mixed, masks[2 * number][row], strict=True)]
            hidden[row] = [x + y for x, y in zip(xs, mixed, strict=True)]
        routed = Routed([], [], [])
        layers.append(routed)
        for row, xs in enumerate(hidden):
            for place, x in enumerate(xs):
                y = _experts(_norm(x, own["moe_norm.gain_D"], config.norm_eps), own, config, routed)
                xs[place] = x + (y if masks is None else y * masks[2 * number + 1][row, place])
    head = p["embedding_VD"] if config.tied_head else p["head_VD"]
    shrunk = 1.0 if config.base_width is None else math.sqrt(config.base_width / config.d_model)
    logits = [[shrunk * head @ _norm(x, p["norm.gain_D"], config.norm_eps) for x in xs] for xs in hidden]
    return logits, layers


def _norm(x: Tensor, gain: Tensor, eps: float) -> Tensor:
    return gain * x / torch.sqrt((x * x).mean() + eps)


def _experts(x: Tensor, own: Weights, config: ModelConfig, routed: Routed) -> Tensor:
    logits = x @ own["moe.router.weight"]
    if "noise" in own:
        logits = logits + own["noise"][len(routed.logits)]
    if config.router == "sigmoid":
        scores = 1 / (1 + torch.exp(-logits))
        wanted = scores + own["moe.router.bias_E"]
    else:
        scores = wanted = logits.exp() / logits.exp().sum()
    count = config.n_experts if config.router == "dense" else config.top_k
    chosen = sorted(range(config.n_experts), key=lambda e: -wanted[e].item())[:count]
    routed.logits.append(logits)
    routed.shares.append(scores / scores.sum())
    routed.chosen.append(chosen)
    total = sum(scores[e] for e in chosen) if config.renormalize else 1.0
    y = torch.zeros_like(x)
    for e in chosen:
        gate = own["moe.experts.gate_EDF"][e] if config.experts == "swiglu" else None
        y = y + scores[e] / total * _feed(x, own["moe.experts.up_EDF"][e], gate, own["moe.experts.down_EFD"][e])
    for n in range(config.shared_experts):
        cut = slice(n * config.d_ff, (n + 1) * config.d_ff)
        gate = own["moe.shared.gate_DN"][:, cut] if config.experts == "swiglu" else None
        y = y + _feed(x, own["moe.shared.up_DN"][:, cut], gate, own["moe.shared.down_ND"][cut])
    return y


def _feed(x: Tensor, up: Tensor, gate: Tensor | None, down: Tensor) -> Tensor:
    turned = x @ up if gate is None else x @ gate
    hidden = turned / (1 + torch.exp(-turned))
    return (hidden if gate is None else hidden * (x @ up)) @ down


def _attend(xs: list[Tensor], own: Weights, tokens: list[int], config: ModelConfig, end_of_text: int) -> list[Tensor]:
    width = config.d_model // config.n_heads
    kv_heads = config.n_kv_heads or config.n_heads
    sizes = [config.n_heads * width, kv_heads * width, kv_heads * width]
    q, k, v = ([x @ part for x in xs] for part in own["attention.qkv"].split(sizes, dim=1))
    q = [_normalize(x, own.get("attention.query_norm.gain_D"), config) for x in q]
    k = [_normalize(x, own.get("attention.key_norm.gain_D"), config) for x in k]
    results = []
    for i in range(len(xs)):
        seen = [j for j in range(i + 1) if config.cross_document_attention or end_of_text not in tokens[j:i]]
        heads = []
        for head in range(config.n_heads):
            cut = slice(head * width, (head + 1) * width)
            shared = head // (config.n_heads // kv_heads)
            shared_cut = slice(shared * width, (shared + 1) * width)
            query = _turn(q[i][cut], i, config.rope_base)
            scores = [query @ _turn(k[j][shared_cut], j, config.rope_base) / math.sqrt(width) for j in seen]
            shares = torch.stack(scores).softmax(0)
            heads.append(torch.stack([share * v[j][shared_cut] for share, j in zip(shares, seen, strict=True)]).sum(0))
        results.append(torch.cat(heads) @ own["attention.out"])
    return results


def _normalize(x: Tensor, gain: Tensor | None, config: ModelConfig) -> Tensor:
    if gain is None:
        return x
    parts = x.split(config.d_model // config.n_heads) if config.qk_norm == "head" else [x]
    return torch.cat([_norm(part, gain, config.norm_eps) for part in parts])


def _turn(x: Tensor, position: int, base: float) -> Tensor:
    half = len(x) // 2
    angles = torch.tensor([position * base ** (-2 * i / len(x)) for i in range(half)], dtype=torch.float64)
    cosine, sine = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    return torch.cat((x[:half] * cosine - x[half:] * sine, x[half:] * cosine + x[:half] * sine))
