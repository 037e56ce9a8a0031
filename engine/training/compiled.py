"""Forward and backward passes by compiled code or by a captured graph, each rehearsed against the plain ones before it is used.

Imported only where `training.compile` asks for it: torch's compiler takes a second to import.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.model.regions import CompiledBlocks, compiled_judge
from engine.model.transformer import Transformer
from engine.training.memory import is_out_of_memory
from engine.training.passes import PlainPasses

NOTHING = 1e-4
"""Share of the norm of all gradients below which that of one parameter is not looked at by itself."""
WARM_UP = 3
"""Passes on the side before a graph is captured, in which kernels are chosen (torch's notes on CUDA graphs)."""


class CannotCompile(Exception):  # noqa: N818  # reads as what it is where it is raised
    """A way of computing that failed or came to something else than the plain one; the text says why in one line."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What passes came to: the loss summed over the tokens, and the gradient of each parameter."""

    loss_sum: Tensor
    gradients: dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Limits:
    """How far away, relatively, the loss and the gradient of each parameter may be."""

    loss: float
    gradient: float


COMPILED_LIMITS = Limits(1e-2, 0.3)
"""Compiled code rounds elsewhere, which in bfloat16 lets a token change its expert; a gradient that is lost is 100 % away."""
GRAPH_LIMITS = Limits(1e-2, 1e-2)
"""The same for a graph and the passes that it was captured from: only sums by atomic additions differ."""


class RegionPasses:
    """Blocks and loss compiled for the shape of the first micro-batch; parts of another size are computed plainly."""

    used = "regions"

    def __init__(self, model: Transformer, accumulation: int, device: torch.device) -> None:
        self._plain = PlainPasses(model, accumulation)
        self._compiled = PlainPasses(model, accumulation, compiled_judge())
        self._blocks = CompiledBlocks(model)
        self._device = device
        self._shape: torch.Size | None = None

    def run(self, tokens_BL: Tensor, share: float) -> tuple[Tensor, Tensor]:
        """Add the gradients; the first time both ways, to compare them."""
        if self._shape is None:
            wanted = rehearse(self._plain, tokens_BL, share, self._device)
            with _within_memory(), self._blocks:
                insist(wanted, rehearse(self._compiled, tokens_BL, share, self._device), COMPILED_LIMITS)
            self._shape = tokens_BL.shape
        if tokens_BL.shape != self._shape:
            return self._plain.run(tokens_BL, share)
        with self._blocks:
            return self._compiled.run(tokens_BL, share)

    def forget(self) -> None:
        """Compile anew at the next micro-batch."""
        self._shape = None


class GraphPasses:
    """The passes of the first micro-batch, captured as a CUDA graph and replayed for every one of its shape.

    Its tokens and gradients stay where they are in memory. Weights, which the optimizer changes in place, and the seed of the
    random numbers, which torch hands to a graph at each replay, are those of the moment.
    """

    used = "graph"

    def __init__(self, model: Transformer, accumulation: int, device: torch.device) -> None:
        self._plain = PlainPasses(model, accumulation)
        self._fused = PlainPasses(model, accumulation, compiled_judge())
        self._parameters = list(model.parameters())
        self._device = device
        self._captured: Captured | None = None

    def run(self, tokens_BL: Tensor, share: float) -> tuple[Tensor, Tensor]:
        """Add the gradients: by the graph or, for a part of another size, by the plain passes."""
        if self._captured is None:
            wanted = rehearse(self._plain, tokens_BL, share, self._device)
            with _within_memory():
                self._captured = self._rehearsed(wanted, tokens_BL, share)
        captured = self._captured
        captured.attach(self._parameters)
        if tokens_BL.shape != captured.tokens_BL.shape or share != captured.share:
            return self._plain.run(tokens_BL, share)
        captured.tokens_BL.copy_(tokens_BL)
        captured.graph.replay()
        return captured.loss_sum, captured.correct

    def forget(self) -> None:
        """Capture anew at the next micro-batch."""
        self._captured = None

    def _rehearsed(self, wanted: Learned, tokens_BL: Tensor, share: float) -> "Captured":
        """A graph that has come to what is wanted."""
        here, side = torch.cuda.current_stream(self._device), torch.cuda.Stream(self._device)
        side.wait_stream(here)
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                found = rehearse(self._fused, tokens_BL, share, self._device)
        here.wait_stream(side)
        insist(wanted, found, COMPILED_LIMITS)
        captured = self._capture(tokens_BL, share)
        with without_trace(self._plain.model, self._device):
            captured.attach(self._parameters)
            captured.graph.replay()
            insist(
                found,
                Learned(captured.loss_sum, dict(zip(found.gradients, captured.gradients, strict=True))),
                GRAPH_LIMITS,
            )
        return captured

    def _capture(self, tokens_BL: Tensor, share: float) -> "Captured":
        gradients = [torch.zeros_like(parameter) for parameter in self._parameters]
        static_BL = tokens_BL.clone()
        graph = torch.cuda.CUDAGraph()  # torch registers the default generator with it
        _attach(self._parameters, gradients)
        try:
            # Other threads may go on reading batches into page-locked memory.
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                loss_sum, correct = self._fused.run(static_BL, share)
        except Exception:
            _free_generator(self._device)
            raise
        finally:
            _attach(self._parameters, [None] * len(gradients))
        return Captured(graph, static_BL, share, gradients, loss_sum, correct, self._plain.model.rotary)


@contextmanager
def _within_memory() -> Iterator[None]:
    """Let a lack of memory be a reason not to compile: the plain passes have shown that they fit."""
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise CannotCompile("the memory does not suffice for it") from None
        raise


@dataclass(frozen=True, slots=True)
class Captured:
    """A graph and the memory that it reads and writes; `rotary` is held because the model may replace its own."""

    graph: torch.cuda.CUDAGraph
    tokens_BL: Tensor
    share: float
    gradients: list[Tensor]
    loss_sum: Tensor
    correct: Tensor
    rotary: tuple[Tensor, Tensor] | None

    def attach(self, parameters: list[nn.Parameter]) -> None:
        """Let the parameters have the graph's gradients, which begin at zero where the optimizer has dropped them."""
        if parameters[0].grad is not self.gradients[0]:
            torch._foreach_zero_(self.gradients)
            _attach(parameters, self.gradients)


def _attach(parameters: Sequence[nn.Parameter], gradients: Sequence[Tensor | None]) -> None:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient


@contextmanager
def without_trace(model: Transformer, device: torch.device) -> Iterator[None]:
    """Leave generators, the counts of the routers and the lack of gradients as they were before."""
    counts = [router.assigned_E.clone() for router in model.routers()]
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield
    for parameter in model.parameters():
        parameter.grad = None
    for router, count_E in zip(model.routers(), counts, strict=True):
        router.assigned_E.copy_(count_E)


def rehearse(passes: PlainPasses, tokens_BL: Tensor, share: float, device: torch.device) -> Learned:
    """What passes come to, without a trace. No parameter may have a gradient yet."""
    model = passes.model
    with without_trace(model, device):
        loss_sum, _ = passes.run(tokens_BL, share)
        gradients = {}
        for name, parameter in model.named_parameters():
            found = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            gradients[name] = found.to_dense() if found.is_sparse else found
        return Learned(loss_sum, gradients)


def insist(wanted: Learned, found: Learned, limits: Limits) -> None:
    """Raises `CannotCompile` if the loss or the gradient of any parameter is further away than these limits, or is no number."""
    apart = float((found.loss_sum - wanted.loss_sum).abs() / wanted.loss_sum.abs())
    if not apart <= limits.loss:
        raise CannotCompile(f"the loss is {apart:.1%} away from that of the plain passes")
    norms_P, off_P = (
        _norms(wanted.gradients.values()),
        _norms(found.gradients[name] - gradient for name, gradient in wanted.gradients.items()),
    )
    # Of a gradient that is nothing beside the others, nothing but rounding may be left.
    aparts = (off_P / norms_P.clamp(min=NOTHING * float(norms_P.norm()))).tolist()
    for name, apart in zip(wanted.gradients, aparts, strict=True):
        if not apart <= limits.gradient:
            raise CannotCompile(f"the gradient of {name} is {apart:.1%} away from that of the plain passes")


def _norms(tensors: Iterable[Tensor]) -> Tensor:
    return torch.stack([tensor.double().norm() for tensor in tensors])


def _free_generator(device: torch.device) -> None:
    """Give the device's generator a state that no capture has begun with: one that was broken off keeps its own for itself."""
    generator = torch.cuda.default_generators[device.index or 0]
    generator.graphsafe_set_state(torch.Generator(device).graphsafe_get_state())
