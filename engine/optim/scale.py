"""The factor between the orthogonalized momentum of a matrix and Muon's update. Libraries give the same names to different ones."""

from typing import Literal

Scale = Literal["original", "match-rms-adamw", "spectral"]


def update_scale(kind: Scale, d_in: int, d_out: int) -> float:
    """The factor for a matrix that maps `d_in` numbers to `d_out`.

    original: max(1, out / in)^½ (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon).
    match-rms-adamw: 0.2 · √max(in, out), the root mean square of a typical AdamW update (Liu et al., 2025, arXiv 2502.16982).
    spectral: √(out / in), by which every matrix changes its outputs alike at any width (Bernstein, 2025; arXiv 2310.17813).
    """
    if kind == "original":
        return float(max(1.0, d_out / d_in) ** 0.5)
    return 0.2 * float(max(d_in, d_out) ** 0.5) if kind == "match-rms-adamw" else float((d_out / d_in) ** 0.5)
