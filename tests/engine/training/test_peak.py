import pytest
import torch

from engine.training.peak import peak_flops


@pytest.mark.parametrize(
    ("name", "flops"),
    [
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA H200", 989e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA L40S", 362e12),
        ("NVIDIA L4", 121e12),
        ("NVIDIA GeForce RTX 4090", 165e12),
        ("Tesla V100-SXM2-32GB", None),
        ("Intel(R) Xeon(R) Processor @ 2.10GHz", None),
    ],
)
def test_the_peak_of_a_device_goes_by_its_name(name: str, flops: float | None) -> None:
    assert peak_flops(name, torch.bfloat16) == flops


def test_in_float32_no_peak_is_claimed() -> None:
    assert peak_flops("NVIDIA H100 80GB HBM3", torch.float32) is None
