"""NVIDIA's library as far as it is asked, for machines without its driver: cards that say what a test wants."""

import types
from dataclasses import dataclass, field


class NVMLError(Exception):
    """What every call of the library raises."""


@dataclass(kw_only=True)
class Card:
    """One card; None is a question that it does not support, `lost` one that answers nothing any more."""

    uuid: str
    name: str = "NVIDIA H100 80GB HBM3"
    used: int = 0
    total: int | None = 80 * 2**30
    utilization: int | None = 0
    milliwatts: int | None = 100_000
    limit: int | None = 700_000
    celsius: int | None = 40
    users: dict[int, int | None] | None = field(default_factory=dict)
    lost: bool = False


class FakeNvml(types.ModuleType):
    """Stands in for the module `pynvml`."""

    NVMLError = NVMLError
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, *cards: Card, driver: bool = True) -> None:
        super().__init__("pynvml")
        self.cards = cards
        self.driver = driver
        self.opened = 0

    def nvmlInit(self) -> None:  # noqa: N802  # the library's names
        if not self.driver:
            raise NVMLError("Driver Not Loaded")
        self.opened += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.opened -= 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Card:  # noqa: N802
        if self.cards[index].lost:
            raise NVMLError("GPU is lost")
        return self.cards[index]

    def nvmlDeviceGetUUID(self, card: Card) -> str:  # noqa: N802
        return card.uuid

    def nvmlDeviceGetName(self, card: Card) -> bytes:  # noqa: N802
        return card.name.encode()  # some versions answer in bytes

    def nvmlDeviceGetMemoryInfo(self, card: Card) -> types.SimpleNamespace:  # noqa: N802
        return types.SimpleNamespace(total=_supported(card.total), used=card.used)

    def nvmlDeviceGetUtilizationRates(self, card: Card) -> types.SimpleNamespace:  # noqa: N802
        return types.SimpleNamespace(gpu=_supported(card.utilization))

    def nvmlDeviceGetPowerUsage(self, card: Card) -> int:  # noqa: N802
        return _supported(card.milliwatts)

    def nvmlDeviceGetEnforcedPowerLimit(self, card: Card) -> int:  # noqa: N802
        return _supported(card.limit)

    def nvmlDeviceGetTemperature(self, card: Card, sensor: int) -> int:  # noqa: N802
        assert sensor == self.NVML_TEMPERATURE_GPU
        return _supported(card.celsius)

    def nvmlDeviceGetComputeRunningProcesses(self, card: Card) -> list[types.SimpleNamespace]:  # noqa: N802
        if card.users is None:
            raise NVMLError("Not Supported")
        return [types.SimpleNamespace(pid=pid, usedGpuMemory=memory) for pid, memory in card.users.items()]


def _supported(value: int | None) -> int:
    if value is None:
        raise NVMLError("Not Supported")
    return value
