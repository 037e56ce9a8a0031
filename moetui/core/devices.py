"""The devices that runs are placed on: each GPU, or the CPU as one device."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

CPU = "cpu"


@dataclass(frozen=True, slots=True)
class Device:
    """One place for a run. `id` is "cpu" or the GPU's UUID; `pids` are the processes that use the GPU now."""

    id: str
    name: str
    memory: int = 0
    pids: frozenset[int] = field(default_factory=frozenset)

    @property
    def is_gpu(self) -> bool:
        """Whether this is a GPU."""
        return self.id != CPU

    def environment(self) -> dict[str, str]:
        """The variables that make a process see this device and no other."""
        return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": self.id if self.is_gpu else ""}


def gpus() -> list[Device]:
    """Every NVIDIA GPU of this machine; empty where there is no driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        return list(_gpus())
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _gpus() -> Iterator[Device]:
    import pynvml

    for index in range(pynvml.nvmlDeviceGetCount()):
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            yield Device(
                id=_text(pynvml.nvmlDeviceGetUUID(handle)),
                name=_text(pynvml.nvmlDeviceGetName(handle)),
                memory=int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
                pids=frozenset(process.pid for process in pynvml.nvmlDeviceGetComputeRunningProcesses(handle)),
            )
        except pynvml.NVMLError:
            continue  # a GPU that fell off the bus is no device


def devices() -> list[Device]:
    """All devices of this machine, the GPUs first."""
    return [*gpus(), Device(CPU, "CPU")]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def wants_gpu(device: str, *, any_gpu: bool) -> bool:
    """Whether a run whose `training.device` is `device` goes to a GPU."""
    return device == "cuda" or (device == "auto" and any_gpu)
