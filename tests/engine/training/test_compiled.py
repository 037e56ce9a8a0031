"""`training.compile`: the same learning by compiled code or a graph, and the plain way where that cannot be."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.data.batches import Sequences
from engine.data.token_file import TokenFile
from engine.model.loss import judge
from engine.model.regions import compiled_judge
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.spec.config import RunConfig
from engine.training import compiled, passes, ways
from engine.training.update import Updater
from tests.engine.tiny import make_run, tiny_config, train, write_corpus

LENGTH, ROWS = 16, 5
MODEL = {
    "dropout": 0.1,
    "residual_dropout": 0.1,
    "router_noise": 0.1,
    "router": "sigmoid",
    "shared_experts": 1,
    "d_ff": 25,
}
HAS_COMPILER = any(shutil.which(name) for name in ("g++", "clang++"))


class Trained:
    """A small model after some updates by one way of computing micro-batches."""

    def __init__(self, folder: Path, way: str, *, updates: int = 3, at_once: int = ROWS, **training: Any) -> None:
        tree = tiny_config(folder / "unused", {"training.batch_size": ROWS, "training.accumulation": 3}).model_dump()
        tree["model"] |= MODEL
        tree["training"] |= {"compile": way} | training
        config = RunConfig.model_validate(tree)
        torch.manual_seed(1)
        self.model = Transformer(config.model)
        self.model.initialize()
        tokens = np.random.default_rng(2).integers(0, 300, (60, LENGTH))
        file = folder / "tokens.bin"
        tokens.astype("<u2").tofile(file)
        sequences = Sequences(TokenFile(file, "<u2"), LENGTH, torch.device("cpu"))
        self.updater = Updater(config, self.model, Optimizer(self.model, config.optimizer), sequences)
        self.updater.at_once = at_once
        scores = [self.updater.run(update, 0.01) for update in range(1, updates + 1)]
        self.losses = [float(score.loss) for score in scores]
        self.norms = [float(score.grad_norm) for score in scores]

    def assert_same(self, other: "Trained", *, close: float = 0.0) -> None:
        assert self.losses == pytest.approx(other.losses, rel=close, abs=0)
        assert self.norms == pytest.approx(other.norms, rel=close, abs=0)
        state = other.model.state_dict()
        for name, value in self.model.state_dict().items():
            torch.testing.assert_close(value, state[name], rtol=100 * close, atol=10 * close, msg=name)


@pytest.mark.slow
@pytest.mark.skipif(not HAS_COMPILER, reason="there is no C++ compiler")
@pytest.mark.long
def test_regions_learn_what_plain_passes_learn(tmp_path: Path) -> None:
    regions = Trained(tmp_path, "regions")
    assert regions.updater.passes.used == "regions"
    assert not any("forward" in vars(block) for block in regions.model.blocks)
    regions.assert_same(Trained(tmp_path, "off"), close=1e-5)


@pytest.mark.skipif(not HAS_COMPILER, reason="there is no C++ compiler")
@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-2)])
@pytest.mark.long
def test_a_compiled_judge_is_the_plain_one(dtype: torch.dtype, close: float) -> None:
    quick = compiled_judge()
    draw = torch.Generator().manual_seed(3)
    for rows, vocabulary in ((37, 113), (1, 5)):
        logits = (5 * torch.randn(rows, vocabulary, generator=draw)).to(dtype)
        targets = torch.randint(vocabulary, (rows,), generator=draw)
        found = [(logits.clone(), torch.empty(rows), torch.empty(rows, dtype=torch.bool)) for _ in range(2)]
        for one, into in zip((judge, quick), found, strict=True):
            one(into[0], targets, into[1], into[2])
        plain, fast = found
        torch.testing.assert_close(fast[0], plain[0], rtol=close, atol=close / 10)
        torch.testing.assert_close(fast[1], plain[1], rtol=1e-5, atol=1e-5)
        assert torch.equal(fast[2], plain[2])


@pytest.fixture
def interpreted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., None]], None]:
    """Instead of compiled code: the blocks as they are, and a given judge."""

    def use(judge: Callable[..., None]) -> None:
        monkeypatch.setattr(compiled, "CompiledBlocks", lambda model: contextlib.nullcontext())
        monkeypatch.setattr(compiled, "compiled_judge", lambda: judge)

    return use


def broken(*_: Tensor) -> None:
    raise RuntimeError("InvalidCxxCompiler: No working C++\ncompiler found")


def wrong(logits_CV: Tensor, targets_C: Tensor, loss_C: Tensor, right_C: Tensor) -> None:
    judge(logits_CV, targets_C, loss_C, right_C)
    logits_CV.mul_(1.5)


def undefined(logits_CV: Tensor, targets_C: Tensor, loss_C: Tensor, right_C: Tensor) -> None:
    judge(logits_CV, targets_C, loss_C, right_C)
    logits_CV.fill_(float("nan"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (broken, "RuntimeError: InvalidCxxCompiler: No working C++ compiler found"),
        (wrong, "the gradient of embedding_VD is 5"),
        (undefined, "the gradient of embedding_VD is nan"),
    ],
)
def test_code_that_fails_or_errs_is_not_used(
    code: Callable[..., None],
    words: str,
    tmp_path: Path,
    interpreted: Callable[[Callable[..., None]], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    interpreted(code)
    regions = Trained(tmp_path, "regions")
    assert regions.updater.passes.used.startswith("off: ")
    assert words in regions.updater.passes.used
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("warning: training.compile = regions is not used: ")
    assert words in line
    regions.assert_same(Trained(tmp_path, "off"))


def test_code_that_loses_the_gradient_of_one_parameter_is_not_used(
    tmp_path: Path, interpreted: Callable[[Callable[..., None]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Detached:
        """Blocks whose router learns nothing."""

        def __init__(self, model: Transformer) -> None:
            self._weight = model.routers()[1].weight

        def __enter__(self) -> None:
            self._weight.requires_grad = False

        def __exit__(self, *_: object) -> None:
            self._weight.requires_grad = True

    interpreted(judge)
    monkeypatch.setattr(compiled, "CompiledBlocks", Detached)
    words = Trained(tmp_path, "regions").updater.passes.used
    assert "the gradient of blocks.1.moe.router.weight is 100.0% away" in words


def test_code_that_fails_later_costs_the_update_nothing(
    tmp_path: Path, interpreted: Callable[[Callable[..., None]], None]
) -> None:
    calls = []

    def fails_at_last(*chunk: Tensor) -> None:
        calls.append(len(chunk[0]))
        if len(calls) == 6:  # in the second update, after a micro-batch of it
            raise RuntimeError("recompilation failed")
        judge(*chunk)

    interpreted(fails_at_last)
    regions = Trained(tmp_path, "regions")
    assert regions.updater.passes.used == "off: RuntimeError: recompilation failed"
    regions.assert_same(Trained(tmp_path, "off"))


def test_a_part_of_another_size_is_computed_as_written(
    tmp_path: Path, interpreted: Callable[[Callable[..., None]], None]
) -> None:
    rows = []

    def counting(*chunk: Tensor) -> None:
        rows.append(len(chunk[0]))
        judge(*chunk)

    interpreted(counting)
    regions = Trained(tmp_path, "regions", at_once=3)
    assert regions.updater.passes.used == "regions"
    assert rows == [3 * (LENGTH - 1)] * (1 + 3 * 3)
    regions.assert_same(Trained(tmp_path, "off", at_once=3))


def test_memory_that_runs_out_is_no_fault_of_compiled_code(
    tmp_path: Path, interpreted: Callable[[Callable[..., None]], None]
) -> None:
    calls = []

    def full(*chunk: Tensor) -> None:
        calls.append(len(chunk[0]))
        if len(calls) == 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        judge(*chunk)

    interpreted(full)
    with pytest.raises(torch.OutOfMemoryError):
        Trained(tmp_path, "regions")
    calls.clear()
    regions = Trained(tmp_path, "regions", micro_batch="auto")
    assert (regions.updater.at_once, regions.updater.passes.used) == (3, "regions")


class Recorded:
    """Stands for `torch.cuda.CUDAGraph`: a replay computes anew what was recorded, into the same memory."""

    made: list["Recorded"] = []  # noqa: RUF012  # read by the tests
    passes: passes.PlainPasses

    def __init__(self) -> None:
        self.replays = 0
        self.work: Callable[[], None] = lambda: None
        self.made.append(self)

    def replay(self) -> None:
        self.replays += 1
        self.work()


class Stream:
    """Stands for a stream of a GPU."""

    def wait_stream(self, other: "Stream") -> None:
        """There is nothing to wait for."""


@pytest.fixture
def as_gpu(monkeypatch: pytest.MonkeyPatch, interpreted: Callable[[Callable[..., None]], None]) -> Iterator[None]:
    """Let graphs be asked for on a processor, where `Recorded` stands for them."""
    interpreted(judge)
    monkeypatch.setattr(ways, "_impossible", lambda *_: "")
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Recorded)
    monkeypatch.setattr(torch.cuda, "Stream", lambda _: Stream())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: Stream())
    monkeypatch.setattr(torch.cuda, "stream", lambda _: contextlib.nullcontext())
    monkeypatch.setattr(compiled, "_free_generator", lambda _: None)

    @contextlib.contextmanager
    def graph(recorded: Recorded, **_: str) -> Iterator[None]:
        counts = [(router, router.assigned_E.clone()) for router in Recorded.passes.model.routers()]
        state = torch.get_rng_state()
        yield
        # What is captured is not carried out.
        torch.set_rng_state(state)
        for router, count_E in counts:
            router.assigned_E.copy_(count_E)

    monkeypatch.setattr(torch.cuda, "graph", graph)
    plain = passes.PlainPasses.run
    captured = compiled.GraphPasses._capture

    def capture(self: compiled.GraphPasses, tokens_BL: Tensor, share: float) -> compiled.Captured:
        Recorded.passes = self._fused
        found = captured(self, tokens_BL, share)

        def work() -> None:
            loss_sum, correct = plain(self._fused, found.tokens_BL, found.share)
            found.loss_sum.copy_(loss_sum)
            found.correct.copy_(correct)

        Recorded.made[-1].work = work
        return found

    monkeypatch.setattr(compiled.GraphPasses, "_capture", capture)
    Recorded.made.clear()
    yield
    Recorded.made.clear()


# A tied embedding has a sparse gradient on a processor, which has no place to stay.
@pytest.fixture
def _untied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODEL, "tied_head", False)


@pytest.mark.usefixtures("as_gpu", "_untied")
def test_a_graph_learns_what_plain_passes_learn(tmp_path: Path) -> None:
    graph = Trained(tmp_path, "graph")
    assert graph.updater.passes.used == "graph"
    assert [one.replays for one in Recorded.made] == [1 + 3 * 3]
    graph.assert_same(Trained(tmp_path, "off"), close=1e-6)


@pytest.mark.usefixtures("as_gpu", "_untied")
def test_a_part_of_another_size_adds_to_the_gradients_of_the_graph(tmp_path: Path) -> None:
    graph = Trained(tmp_path, "graph", at_once=3)
    assert [one.replays for one in Recorded.made] == [1 + 3 * 3]
    graph.assert_same(Trained(tmp_path, "off", at_once=3), close=1e-6)


@pytest.mark.usefixtures("as_gpu", "_untied")
def test_smaller_parts_are_captured_anew(tmp_path: Path) -> None:
    graph = Trained(tmp_path, "graph", updates=1)
    graph.updater.at_once = 2
    graph.updater.passes.forget()
    graph.updater.run(2, 0.01)
    assert [one.replays for one in Recorded.made] == [1 + 3, 1 + 6]


@pytest.mark.usefixtures("as_gpu", "_untied")
def test_a_capture_that_fails_is_no_fault_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    freed: list[torch.device] = []

    @contextlib.contextmanager
    def refused(*_: object, **__: object) -> Iterator[None]:
        yield
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing")

    monkeypatch.setattr(torch.cuda, "graph", refused)
    monkeypatch.setattr(compiled, "_free_generator", freed.append)
    graph = Trained(tmp_path, "graph")
    assert "operation not permitted when stream is capturing" in graph.updater.passes.used
    assert len(freed) == 1
    graph.assert_same(Trained(tmp_path, "off"))


@pytest.mark.usefixtures("as_gpu", "_untied")
def test_a_graph_that_comes_to_something_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recorded, "replay", lambda self: None)  # gradients stay zero
    graph = Trained(tmp_path, "graph")
    assert graph.updater.passes.used == (
        "off: CannotCompile: the gradient of embedding_VD is 100.0% away from that of the plain passes"
    )
    graph.assert_same(Trained(tmp_path, "off"))


@pytest.mark.slow
def test_a_run_on_a_processor_says_that_it_has_no_graph(tmp_path: Path) -> None:
    config = tiny_config(write_corpus(tmp_path / "corpus.jsonl"), {"training.compile": "graph", "training.updates": 2})
    run = make_run(tmp_path / "run", config)
    code, output = train(run)
    assert code == 0, output
    assert "warning: training.compile = graph is not used: only a GPU captures graphs" in output
    result, state = run.result(), run.state()
    assert result is not None
    assert state is not None
    assert result.compiled == state.compiled == "off: only a GPU captures graphs"
