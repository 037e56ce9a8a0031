"""The model as most people would write it: a loop over experts with masks, full logits, Newton–Schulz one matrix at a time.

It has the structure of the reference's implementation and computes what this engine computes.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.spec.config import RunConfig
from engine.spec.model import ModelConfig


class PlainAttention(nn.Module):
    """Causal attention with rotary positions."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads = config.n_heads
        self.base = config.rope_base
        self.qkv = nn.Linear(config.d_model, 3 * config.d_model, bias=False)
        self.out = nn.Linear(config.d_model, config.d_model, bias=False)

    def forward(self, x_BLD: Tensor) -> Tensor:
        """(B, L, D) → (B, L, D)."""
        b, length, d = x_BLD.shape
        q, k, v = self.qkv(x_BLD).view(b, length, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(self._rotate(q), self._rotate(k), v, is_causal=True)
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(b, length, d))
        return out

    def _rotate(self, x: Tensor) -> Tensor:
        length, width = x.shape[-2:]
        frequencies = self.base ** (-torch.arange(0, width, 2, device=x.device) / width)
        angles = torch.outer(torch.arange(length, device=x.device), frequencies)
        cosine, sine = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        left, right = x.chunk(2, dim=-1)
        return torch.cat((left * cosine - right * sine, right * cosine + left * sine), dim=-1)


class PlainMixture(nn.Module):
    """Top-k experts: for each one, pick its tokens with a mask, compute, and add the result back."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.top_k = config.top_k
        self.gate = nn.Linear(config.d_model, config.n_experts, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(
                nn.Linear(config.d_model, config.d_ff, bias=False),
                nn.SiLU(),
                nn.Linear(config.d_ff, config.d_model, bias=False),
            )
            for _ in range(config.n_experts)
        )

    def forward(self, x_BLD: Tensor) -> tuple[Tensor, Tensor]:
        """(B, L, D) → the same, and the balance loss."""
        logits = self.gate(x_BLD)
        chosen, indices = logits.topk(self.top_k, dim=-1)
        weights = chosen.softmax(dim=-1)
        y_BLD = torch.zeros_like(x_BLD)
        for number, expert in enumerate(self.experts):
            mask = (indices == number).any(dim=-1)
            if mask.any():
                weight = (weights * (indices == number)).sum(dim=-1)[mask].unsqueeze(1)
                y_BLD[mask] += (expert(x_BLD[mask]) * weight).to(y_BLD.dtype)
        count = len(self.experts)
        load = functional.one_hot(indices, count).float().mean(dim=(0, 1, 2))
        return y_BLD, count * (load * logits.softmax(dim=-1).mean(dim=(0, 1))).sum()


class PlainModel(nn.Module):
    """The whole model with a tied head."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.width = config.d_model
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.attention = nn.ModuleList(PlainAttention(config) for _ in range(config.n_layers))
        self.mixture = nn.ModuleList(PlainMixture(config) for _ in range(config.n_layers))
        self.norms = nn.ModuleList(nn.RMSNorm(config.d_model, config.norm_eps) for _ in range(2 * config.n_layers + 1))
        for parameter in self.parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=config.init_std)

    def forward(self, tokens_BL: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, L, V) and the sum of the balance losses."""
        x_BLD = self.embedding(tokens_BL) * math.sqrt(self.width)
        balances = []
        for layer, (attention, mixture) in enumerate(zip(self.attention, self.mixture, strict=True)):
            x_BLD = x_BLD + attention(self.norms[2 * layer](x_BLD))
            y_BLD, balance = mixture(self.norms[2 * layer + 1](x_BLD))
            x_BLD = x_BLD + y_BLD
            balances.append(balance)
        return functional.linear(self.norms[-1](x_BLD), self.embedding.weight), torch.stack(balances).sum()


class PlainLoop:
    """The plain model under autocast, Muon matrix by matrix, AdamW on the rest."""

    def __init__(self, config: RunConfig, device: torch.device, dtype: torch.dtype) -> None:
        self.config = config
        self.model = PlainModel(config.model).to(device)
        self.autocast = torch.autocast(device.type, dtype, enabled=dtype != torch.float32)
        named = dict(self.model.named_parameters())
        self.matrices = [p for n, p in named.items() if p.ndim == 2 and "gate" not in n and "embedding" not in n]
        self.momenta = [torch.zeros_like(p) for p in self.matrices]
        taken = set(map(id, self.matrices))
        rest = [p for p in named.values() if id(p) not in taken]
        self.adamw = torch.optim.AdamW(rest, lr=config.optimizer.lr * config.optimizer.adamw_ratio, weight_decay=0.1)

    def forward_backward(self, tokens_BL: Tensor) -> Tensor:
        """Add the gradients of a micro-batch."""
        with self.autocast:
            logits, balance = self.model(tokens_BL)
            loss: Tensor = functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens_BL[:, 1:].flatten())
            loss = loss + self.config.model.balance_weight * balance
        loss.backward()
        return loss.detach()

    @torch.no_grad()
    def step(self) -> None:
        """Muon, then AdamW."""
        optimizer = self.config.optimizer
        nn.utils.clip_grad_norm_(self.model.parameters(), optimizer.grad_clip)
        for parameter, momentum in zip(self.matrices, self.momenta, strict=True):
            if parameter.grad is None:
                continue  # an expert that got no token
            momentum.lerp_(parameter.grad, 1 - optimizer.momentum)
            direction = newton_schulz(parameter.grad.lerp(momentum, optimizer.momentum), optimizer.ns_steps)
            scale = max(1.0, parameter.shape[0] / parameter.shape[1]) ** 0.5
            parameter.mul_(1 - optimizer.lr * optimizer.decay_matrices).add_(direction, alpha=-optimizer.lr * scale)
        self.adamw.step()
        self.model.zero_grad()


def newton_schulz(matrix: Tensor, steps: int) -> Tensor:
    """The quintic iteration of Muon (Jordan et al., 2024) on one matrix; bfloat16 on a GPU."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x: Tensor = matrix / matrix.norm().clamp(min=1e-7)
    x = x.bfloat16() if x.is_cuda else x
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if tall else x).to(matrix.dtype)
