"""How fast a device could be at most, to tell what share of it a run uses."""

import torch

# Dense bfloat16 products with float32 sums, FLOP/s, from NVIDIA's data sheets. The first part of a name that fits counts.
_BFLOAT16 = {
    "B300": 2.25e15,
    "B200": 2.25e15,
    "GH200": 989e12,
    "H200 NVL": 835e12,
    "H200": 989e12,
    "H100 NVL": 835e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "A100": 312e12,
    "A800": 312e12,
    "L40S": 362e12,
    "L40": 181e12,
    "L4": 121e12,
    "A40": 150e12,
    "A30": 165e12,
    "A10G": 70e12,
    "A10": 125e12,
    "RTX PRO 6000": 504e12,
    "RTX 6000 Ada": 364e12,
    "RTX A6000": 155e12,
    "RTX 5090": 210e12,
    "RTX 4090": 165e12,
    "RTX 3090": 71e12,
}


def peak_flops(name: str, compute: torch.dtype, count: int = 1) -> float | None:
    """Peak FLOP/s of `count` GPUs called `name` in the precision of the products; None where it is not known."""
    if compute != torch.bfloat16:
        return None
    words = f" {name.replace('-', ' ')} "
    return next((count * flops for part, flops in _BFLOAT16.items() if f" {part} " in words), None)
