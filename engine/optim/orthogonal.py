"""Newton–Schulz iteration: the nearest matrix with equal singular values, without a singular value decomposition."""

from torch import Tensor

Coefficients = tuple[float, float, float]

# The quintic of Muon (Jordan et al., 2024): singular values land between about 0.7 and 1.2 after five steps.
QUINTIC: Coefficients = (3.4445, -4.7750, 2.0315)


def orthogonalize(matrix_MN: Tensor, coefficients: list[Coefficients]) -> Tensor:
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


def _iterate(x: Tensor, coefficients: list[Coefficients]) -> Tensor:
    for a, b, c in coefficients:
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


def _iterate_gram(x: Tensor, coefficients: list[Coefficients]) -> Tensor:
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
