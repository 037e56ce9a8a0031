"""Root-mean-square layer normalization (Zhang and Sennrich, 2019)."""

import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """Scales each row to mean square one, then by a learned gain per column; always in float32."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.gain_D = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x_D: Tensor) -> Tensor:
        """(…, D) → (…, D), float32."""
        return nn.functional.rms_norm(x_D, self.gain_D.shape, self.gain_D, self.eps)
