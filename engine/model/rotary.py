"""Rotary position embedding (Su et al., 2021), in the half-split layout: column i turns together with column i + width/2."""

import torch
from torch import Tensor


def rotary_tables(length: int, width: int, base: float, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Cosines and sines of the angles, each (length, width/2), float32."""
    frequencies = base ** (-torch.arange(0, width, 2, dtype=torch.float64, device=device) / width)
    angles = torch.outer(torch.arange(length, dtype=torch.float64, device=device), frequencies)
    return angles.cos().float(), angles.sin().float()


def rotate(x_BHLW: Tensor, cosine_LW: Tensor, sine_LW: Tensor) -> Tensor:
    """Turn each pair of columns of the heads (B, H, L, head width) by the angle of its position; keeps the dtype."""
    cosine, sine = cosine_LW.to(x_BHLW.dtype), sine_LW.to(x_BHLW.dtype)
    left, right = x_BHLW.chunk(2, dim=-1)
    return torch.cat((left * cosine - right * sine, right * cosine + left * sine), dim=-1)
