"""The lines of text beside the lists: what a preset is, what the plan amounts to, and how long it may take."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from moetui.core.devices import CPU, Device, wants_gpu
from moetui.core.estimate import Estimate, estimate
from moetui.core.offline import needs_network
from moetui.core.plan import PlannedRun
from moetui.core.presets import Preset
from moetui.core.records import RunRecord
from moetui.tui.launch.wording import count_text, duration_text, runs_text

MANY_RUNS = 8
LONG_SECONDS = 3600.0
"""More runs or a longer time than these are asked about before they start."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a plan costs: on which devices, and how long they take for it together."""

    devices: tuple[Device, ...]
    cost: Estimate
    seconds: float

    @property
    def place(self) -> str:
        """The devices in words, such as `2 × NVIDIA H200`."""
        names = list(dict.fromkeys(device.name for device in self.devices))
        counts = [sum(device.name == name for device in self.devices) for name in names]
        return ", ".join(name if n == 1 else f"{n} × {name}" for name, n in zip(names, counts, strict=True))

    @property
    def duration(self) -> str:
        """The estimate in words, with where it comes from."""
        return f"about {duration_text(self.seconds)} ({'measured' if self.cost.measured else 'a guess'})"


def bill(runs: Sequence[PlannedRun], records: Sequence[RunRecord], devices: Sequence[Device]) -> Bill:
    """The cost of planned runs on the devices of this machine, each of which takes one run at a time."""
    any_gpu = any(device.is_gpu for device in devices)
    gpu = any(wants_gpu(run.config.training.device, any_gpu=any_gpu) for run in runs)
    fitting = tuple(device for device in devices if device.is_gpu == gpu) or (Device(CPU, "CPU"),)
    cost = estimate(runs, records, gpu=gpu)
    return Bill(fitting, cost, cost.seconds / max(1, min(len(fitting), len(runs))))


def question(runs: Sequence[PlannedRun], cost: Bill) -> str:
    """What to ask before these runs start; empty if they are few and short."""
    if len(runs) <= MANY_RUNS and cost.seconds <= LONG_SECONDS:
        return ""
    return f"Start {runs_text(len(runs))} on {cost.place}, {cost.duration}?"


def totals(runs: Sequence[PlannedRun], cost: Bill | None, *, pending: int) -> Text:
    """Two lines: how many runs of which size, and on how much text, where and how long. `cost` is None until it is known."""
    models = list(dict.fromkeys(run.config.model for run in runs))
    each = sorted({run.config.tokens for run in runs})
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(runs_text(len(runs)), style="bold")
    if len(models) == 1:
        text.append(
            f" · {count_text(models[0].parameters)} parameters, {count_text(models[0].active_parameters)} active"
        )
    else:
        text.append(f" · {len(models)} models")
    text.append(f" · on {cost.place}" if cost else " · looking for GPUs")
    span = count_text(each[0]) if len(each) == 1 else f"{count_text(each[0])} to {count_text(each[-1])}"
    text.append(f"\n{count_text(sum(run.config.tokens for run in runs))} tokens ({span} each)")
    if cost:
        text.append(" · ")
        text.append(cost.duration, style="bold")
    if pending:
        text.append(f" after {runs_text(pending)}", style="dim")
    return text


def source_text(preset: Preset, runs: Sequence[PlannedRun], *, offline: bool) -> str:
    """Where a preset comes from, and its text."""
    source = preset.source if preset.built_in else f"your preset, {preset.path}"
    return " · ".join(part for part in (_text_source(runs, offline=offline), source) if part)


def _text_source(runs: Sequence[PlannedRun], *, offline: bool) -> str:
    if not runs:
        return ""
    if any(needs_network(run.config) for run in runs):
        return "needs the network (o: offline text)"
    sources = " and ".join(dict.fromkeys(run.config.data.source for run in runs))
    return f"offline text: {sources}" if offline else f"text: {sources}"
