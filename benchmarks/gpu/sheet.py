"""The table that the parts fill in, the time they have, and the sizes they work with."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from engine.spec.config import RunConfig, resolve
from engine.training.device import Device

Verdict = Literal["", "ok", "look", "failed", "skipped"]

SMALL: dict[str, Any] = {
    "vocab_size": 512,
    "d_model": 64,
    "n_layers": 2,
    "n_heads": 4,
    "d_ff": 128,
    "n_experts": 8,
    "dropout": 0.0,
    "residual_dropout": 0.0,
    "router_noise": 0.0,
}
"""A model whose every product a GPU does in no time, without chance."""

LARGE: dict[str, Any] = SMALL | {"vocab_size": 49152, "d_model": 384, "n_layers": 6, "n_heads": 8, "d_ff": 1536}
"""The model of the documents, 79M parameters."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one check found."""

    part: str
    what: str
    found: str
    verdict: Verdict


@dataclass(slots=True)
class Sheet:
    """Everything that was found so far. `folder` is for runs, `budget` in seconds from the start."""

    device: Device
    folder: Path
    budget: float
    tiny: bool
    rows: list[Row] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    part: str = ""

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.budget - (time.monotonic() - self.began)

    @property
    def cuda(self) -> bool:
        """Whether this is a GPU, and not a try of the script."""
        return self.device.torch.type == "cuda"

    def add(self, what: str, found: object, verdict: Verdict = "") -> None:
        """A row of the part at work, printed as it comes."""
        row = Row(self.part, what, str(found), verdict)
        self.rows.append(row)
        print(f"{self.budget - self.left:5.0f} s  {row.part:9} {what}: {row.found} {verdict}", flush=True)

    def judge(self, what: str, found: object, *, right: bool) -> None:
        """A row that is either right or to be looked at."""
        self.add(what, found, "ok" if right else "look")

    def model_settings(self) -> dict[str, Any]:
        """The model that speed is measured with."""
        return SMALL | {"vocab_size": 2048} if self.tiny else LARGE

    def shape(self) -> tuple[int, int, int]:
        """Micro-batches, sequences and tokens of an update of it."""
        return (2, 2, 64) if self.tiny else (4, 24, 512)

    def table(self) -> str:
        """All rows in Markdown."""
        lines = ["| part | what | found | verdict |", "|---|---|---|---|"]
        lines += [f"| {row.part} | {row.what} | {row.found.replace('|', '/')} | {row.verdict} |" for row in self.rows]
        return "\n".join(lines) + "\n"


def settings(model: dict[str, Any], **sections: dict[str, Any]) -> RunConfig:
    """A configuration with this model."""
    return resolve({"model": model, **sections})


def dense(gradient: Tensor | None) -> Tensor:
    """A gradient as a plain tensor in the processor's memory."""
    assert gradient is not None
    return (gradient.to_dense() if gradient.is_sparse else gradient).detach().cpu().clone()


def apart(one: Tensor, other: Tensor) -> float:
    """Relative distance of two tensors."""
    return float((one.double() - other.double()).norm() / other.double().norm().clamp(min=1e-12))


def random_tokens(vocabulary: int, sequences: int, length: int, device: torch.device) -> Tensor:
    """Tokens that are the same in every run: (sequences, length)."""
    return torch.randint(vocabulary, (sequences, length), generator=torch.Generator().manual_seed(3)).to(device)
