"""The choice between the ways to carry out the passes of a micro-batch (`training.compile`)."""

import torch

from engine.model.grouped import capability, kernel_for
from engine.model.transformer import Transformer
from engine.spec.config import TrainingConfig
from engine.training.passes import Passes, PlainPasses


def open_passes(config: TrainingConfig, model: Transformer, device: torch.device) -> Passes:
    """The way that the configuration asks for or, where it cannot be, the plain one with a line in the log."""
    if config.compile == "off":
        return PlainPasses(model, config.accumulation)
    if words := _impossible(config.compile, model, device):
        return instead(config, model, words)
    # Imported only here: the compiler takes a second.
    from engine.training.compiled import GraphPasses, RegionPasses

    kind = RegionPasses if config.compile == "regions" else GraphPasses
    return kind(model, config.accumulation, device)


def instead(config: TrainingConfig, model: Transformer, words: str) -> Passes:
    """The plain passes in the place of those that were asked for; the log says why."""
    print(f"warning: training.compile = {config.compile} is not used: {words}", flush=True)
    return PlainPasses(model, config.accumulation, used=f"off: {words}")


def _impossible(kind: str, model: Transformer, device: torch.device) -> str:
    """Why a way is none on this device; empty if nothing is known against it."""
    if kind == "graph" and device.type != "cuda":
        return "only a GPU captures graphs"
    if kernel_for(capability(device), model.compute) == "padded":
        return f"products of experts in {str(model.compute).removeprefix('torch.')} make the host wait on this GPU"
    return ""
