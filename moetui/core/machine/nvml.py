"""What NVIDIA's driver tells of its GPUs: the one module that asks it."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GpuUser:
    """A process that computes on a GPU, and its bytes there if the driver tells."""

    pid: int
    memory: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU at one moment: bytes, watts, degrees Celsius, utilization as a fraction; None is what this GPU does not tell.

    A virtual GPU or one in a container may refuse its memory or the list of its processes.
    """

    id: str
    index: int
    name: str
    memory_total: int | None
    memory_used: int | None
    utilization: float | None = None
    power: float | None = None
    power_limit: float | None = None
    temperature: float | None = None
    users: tuple[GpuUser, ...] | None = ()


def read_gpus() -> list[Gpu]:
    """Every GPU as it is now; empty where there is no driver. One that fell off the bus is left out."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        return list(_gpus(pynvml))
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _gpus(nvml: Any) -> Iterator[Gpu]:
    for index in range(_told(nvml, nvml.nvmlDeviceGetCount) or 0):
        try:
            yield _gpu(nvml, nvml.nvmlDeviceGetHandleByIndex(index), index)
        except nvml.NVMLError:
            continue


def _gpu(nvml: Any, handle: Any, index: int) -> Gpu:
    memory = _told(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    milliwatts = _told(nvml, lambda: nvml.nvmlDeviceGetPowerUsage(handle))
    limit = _told(nvml, lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle))
    percent = _told(nvml, lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    users = _told(nvml, lambda: nvml.nvmlDeviceGetComputeRunningProcesses(handle))
    return Gpu(
        id=_text(nvml.nvmlDeviceGetUUID(handle)),
        index=index,
        name=_text(_told(nvml, lambda: nvml.nvmlDeviceGetName(handle)) or "GPU"),
        memory_total=None if memory is None else int(memory.total),
        memory_used=None if memory is None else int(memory.used),
        utilization=None if percent is None else percent / 100,
        power=None if milliwatts is None else milliwatts / 1000,
        power_limit=None if limit is None else limit / 1000,
        temperature=_told(nvml, lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
        users=None if users is None else tuple(GpuUser(user.pid, user.usedGpuMemory) for user in users),
    )


def _told(nvml: Any, ask: Callable[[], T]) -> T | None:
    """An answer that not every GPU gives."""
    try:
        return ask()
    except nvml.NVMLError:
        return None


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
