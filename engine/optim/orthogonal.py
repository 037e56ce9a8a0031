"""Newton–Schulz iteration: the nearest matrix with equal singular values, without a singular value decomposition."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

Coefficients = tuple[float, float, float]

# The quintic of Muon (Jordan et al., 2024): singular values land between about 0.7 and 1.2 after five steps.
QUINTIC: Coefficients = (3.4445, -4.7750, 2.0315)

# The polynomials that bring singular values from [0.001, 1] nearest to one, each best after those before it (Amsel et al., 2025,
# https://arxiv.org/abs/2505.16932, algorithm 1); from the eighth step on they stay the same.
_POLAR_EXPRESS: tuple[Coefficients, ...] = (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
    (2.300652019954817, -1.6689039845747493, 0.4188073119525673),
    (1.891301407787398, -1.2679958271945868, 0.37680408948524835),
    (1.8750014808534479, -1.2500016453999487, 0.3750001645474248),
)
_POLAR_EXPRESS_LIMIT: Coefficients = (1.875, -1.25, 0.375)
_SAFETY = 1.01  # as published: keeps what rounding lifts above one from growing

_BFLOAT16_STEPS = 2  # through which rounding lets the Gram matrix be followed; three can diverge


def coefficients(kind: Literal["quintic", "polar-express"], steps: int) -> list[Coefficients]:
    """The polynomial of each of `steps` iterations."""
    if kind == "quintic":
        return [QUINTIC] * steps
    safe = [(a / _SAFETY, b / _SAFETY**3, c / _SAFETY**5) for a, b, c in _POLAR_EXPRESS]
    return (safe + [_POLAR_EXPRESS_LIMIT] * steps)[:steps]


def orthogonalize(matrix_MN: Tensor, coefficients: Sequence[Coefficients], dtype: torch.dtype) -> Tensor:
    """Bring all singular values of a matrix, or of each matrix of a stack (B, M, N), near one. Keeps shape and dtype.

    Each step maps X to aX + (bA + cA²)X with A = XXᵀ; `dtype` is that of the products.
    """
    stack_BMN = matrix_MN if matrix_MN.ndim == 3 else matrix_MN.unsqueeze(0)
    wide = stack_BMN.shape[1] <= stack_BMN.shape[2]
    x = stack_BMN if wide else stack_BMN.mT
    # The norm is taken in float32: a gradient far below one would vanish in a shorter format. Rows first: a processor's float32
    # sum of squares drifts over millions of elements.
    norm_B11 = x.float().norm(dim=2, keepdim=True).norm(dim=1, keepdim=True)
    x = (x.float() / norm_B11.clamp(min=1e-7)).to(dtype)
    if x.is_cuda or x.shape[2] <= 1.25 * x.shape[1]:
        x = _iterate(x, coefficients)
    else:
        # In float32 the Gram matrix can be followed through all steps. In bfloat16 what rounding adds to it grows step by step;
        # taken anew after every second, the result is as near to the exact one as that of `_iterate`.
        run = len(coefficients) if dtype == torch.float32 else _BFLOAT16_STEPS
        for first in range(0, len(coefficients), run):
            x = _iterate_gram(x, coefficients[first : first + run])
    return (x if wide else x.mT).to(matrix_MN.dtype).view_as(matrix_MN)


def _iterate(x: Tensor, coefficients: Sequence[Coefficients]) -> Tensor:
    for a, b, c in coefficients:
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


def _iterate_gram(x: Tensor, coefficients: Sequence[Coefficients]) -> Tensor:
    """The same polynomial for a wide matrix, with every product but the first and the last on the small side.

    With Q = aI + bA + cA² each step is X ← QX and A ← QAQ, so the Qs are multiplied up and applied to X once.
    """
    gram = x @ x.mT
    product: Tensor | None = None
    for step, (a, b, c) in enumerate(coefficients):
        q = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        q.diagonal(dim1=-2, dim2=-1).add_(a)
        product = q if product is None else q @ product
        if step < len(coefficients) - 1:
            gram = q @ gram @ q
    return x if product is None else product @ x
