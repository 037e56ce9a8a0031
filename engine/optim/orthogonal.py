"""Newton–Schulz iteration: the nearest matrix with equal singular values, without a singular value decomposition."""

from collections.abc import Sequence
from typing import Literal

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


def coefficients(kind: Literal["quintic", "polar-express"], steps: int) -> list[Coefficients]:
    """The polynomial of each of `steps` iterations."""
    if kind == "quintic":
        return [QUINTIC] * steps
    safe = [(a / _SAFETY, b / _SAFETY**3, c / _SAFETY**5) for a, b, c in _POLAR_EXPRESS]
    return (safe + [_POLAR_EXPRESS_LIMIT] * steps)[:steps]


def orthogonalize(matrix_MN: Tensor, coefficients: Sequence[Coefficients]) -> Tensor:
    """Bring all singular values of a matrix, or of each matrix of a stack (…, M, N), near one. Keeps shape and dtype.

    Each step maps X to aX + (bA + cA²)X with A = XXᵀ. On a GPU the products run in bfloat16, on a CPU in float32.
    """
    wide = matrix_MN.shape[-2] <= matrix_MN.shape[-1]
    x = matrix_MN if wide else matrix_MN.mT
    # The norm is taken in float32: a gradient far below one would vanish in a shorter format.
    x = x.float() / x.float().norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    if x.is_cuda:
        x = _iterate(x.bfloat16(), coefficients)
    elif x.shape[-1] > 1.25 * x.shape[-2]:
        x = _iterate_gram(x, coefficients)
    else:
        x = _iterate(x, coefficients)
    return (x if wide else x.mT).to(matrix_MN.dtype)


def _iterate(x: Tensor, coefficients: Sequence[Coefficients]) -> Tensor:
    for a, b, c in coefficients:
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


def _iterate_gram(x: Tensor, coefficients: Sequence[Coefficients]) -> Tensor:
    """The same polynomial for a wide matrix, with every product but the first and the last on the small side.

    With Q = aI + bA + cA² each step is X ← QX and A ← QAQ, so the Qs are multiplied up and applied to X once.
    """
    gram = x @ x.mT
    product: Tensor | None = None
    for step, (a, b, c) in enumerate(coefficients):
        q = b * gram + c * gram @ gram
        q.diagonal(dim1=-2, dim2=-1).add_(a)
        product = q if product is None else q @ product
        if step < len(coefficients) - 1:
            gram = q @ gram @ q
    return x if product is None else product @ x
