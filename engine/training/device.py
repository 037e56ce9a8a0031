"""The device of a run: which one, what it is called, how precisely it computes, and how much memory was used."""

import platform
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import dtype

from engine.errors import InputError
from engine.spec.config import TrainingConfig


@dataclass(frozen=True, slots=True)
class Device:
    """A device and the precision of its matrix products."""

    torch: torch.device
    name: str
    compute: dtype

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


def open_device(config: TrainingConfig) -> Device:
    """The device that the configuration asks for. Raises `InputError` if there is none of its kind."""
    kind = config.device
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "cpu"
    if kind == "cuda" and not torch.cuda.is_available():
        raise InputError("training.device = cuda, but torch sees no GPU here; set training.device = cpu or auto")
    dtype = config.dtype
    if dtype == "auto":
        dtype = "bfloat16" if kind == "cuda" else "float32"
    compute = {"float32": torch.float32, "bfloat16": torch.bfloat16}[dtype]
    if kind == "cuda":
        return Device(torch.device("cuda", 0), torch.cuda.get_device_name(0), compute)
    return Device(torch.device("cpu"), _processor(), compute)


def _processor() -> str:
    """The processor's name as its maker gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
