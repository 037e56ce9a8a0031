"""The device of a run: which one, what it is called, how precisely it computes, and how much memory was used."""

import os
import platform
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import dtype

from engine.errors import InputError
from engine.spec.config import TrainingConfig
from engine.training.probe import refusal

_DTYPES = {"auto": torch.float32, "float32": torch.float32, "bfloat16": torch.bfloat16}
_BFLOAT16_FROM = 8, 0
"""Compute capability; on cards before Ampere torch emulates its products (CUDA C Programming Guide)."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device and the precision of its matrix products; `note` is what the user should know of their choice."""

    torch: torch.device
    name: str
    compute: dtype
    note: str = ""

    def synchronize(self) -> None:
        """Wait until the device has done what it was told, so that a clock can be read."""
        if self.torch.type == "cuda":
            torch.cuda.synchronize(self.torch)

    def peak_memory(self) -> int:
        """Most bytes in use so far: allocated on a GPU, resident in the whole process on a CPU."""
        if self.torch.type == "cuda":
            return int(torch.cuda.max_memory_allocated(self.torch))
        status = Path("/proc/self/status")
        if status.exists():  # getrusage would count the peak of the process that started this one
            return next(int(line.split()[1]) * 1024 for line in status.open() if line.startswith("VmHWM"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024  # kibibytes, but bytes on macOS


def open_device(config: TrainingConfig, local: int = 0) -> Device:
    """The device that the configuration asks for; of several GPUs the one of rank `local` of this machine.

    Raises `InputError` if there is none of its kind, and if a GPU that was given to this process cannot be used: a run must not
    take many times as long on the CPU without a word.
    """
    kind = config.device
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() or gpu_was_given() else "cpu"
    if kind == "cuda" and (words := refusal()):
        asked = "training.device = cuda" if config.device == "cuda" else "there is a GPU for this run"
        raise InputError(
            f"{asked}, but torch cannot use one: {words}; `moetui doctor` says more; "
            "to use the CPU, set training.device = cpu or CUDA_VISIBLE_DEVICES to nothing"
        )
    if kind == "cpu":
        return Device(torch.device("cpu"), _processor(), _DTYPES[config.dtype])
    if config.deterministic:
        _compute_in_a_fixed_order()
    if index := _index(local):
        torch.cuda.set_device(index)  # where NCCL computes
    name, capability = torch.cuda.get_device_name(index), torch.cuda.get_device_capability(index)
    compute, note = torch.bfloat16 if config.dtype == "auto" else _DTYPES[config.dtype], ""
    if config.dtype == "auto" and capability < _BFLOAT16_FROM:
        compute = torch.float32
        note = (
            f"{name} (compute capability {capability[0]}.{capability[1]}) has no bfloat16, and float16 is not offered: "
            "products are in float32"
        )
    return Device(torch.device("cuda", index), name, compute, note)


def _index(local: int) -> int:
    """The GPU of rank `local`: that of its number or, where each rank was given one GPU of its own, the only one it sees."""
    seen = torch.cuda.device_count()
    if 1 < seen <= local:
        raise InputError(f"rank {local} of this machine has no GPU: torch sees {seen}")
    return local if seen > 1 else 0


def gpu_was_given() -> bool:
    """Whether this process is meant to use a GPU: one is named to it or, if nothing is said, the machine has one."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return any(Path("/dev").glob("nvidia[0-9]*"))  # the driver's file for each GPU that may be opened here
    return named.strip() not in ("", "-1", "NoDevFiles")  # the last is SLURM's word for none


def _compute_in_a_fixed_order() -> None:
    """Choose kernels whose sums have a fixed order, and make an operation that has none an error, in the whole process."""
    # Read by cuBLAS when it is first used (https://docs.nvidia.com/cuda/cublas/#results-reproducibility).
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # `torch.use_deterministic_algorithms` does the same and imports torch's compiler.
    torch.set_deterministic_debug_mode("error")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _processor() -> str:
    """The processor's name as its maker gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
