"""How fast an update is beside other implementations, and what a captured graph of it would bring."""

import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor

from benchmarks.gpu.sheet import Sheet, apart, dense, random_tokens, settings
from benchmarks.paired import speedup
from engine.model.loss import predict
from engine.model.transformer import Transformer
from engine.training.peak import peak_flops

WARM_UP, ROUNDS = 2, 5
GIB = 2**30


def throughput(sheet: Sheet) -> None:
    """Tokens per second, share of the peak, and memory of whole updates, the contestants taking turns."""
    try:
        from benchmarks.contestants import CONTESTANTS, OWN
    except ImportError as error:
        sheet.add("contestants", f"{error}; install transformers", "skipped")
        return
    accumulation, batch, length = sheet.shape()
    device = sheet.device
    config = settings(
        sheet.model_settings(),
        data={"sequence_length": length},
        training={"batch_size": batch, "accumulation": accumulation},
    )
    tokens_BL = random_tokens(config.model.vocab_size, batch, length, device.torch)
    peak = peak_flops(device.name, torch.bfloat16)
    times: dict[str, list[float]] = {}
    memory: dict[str, int] = {}
    for number in range(WARM_UP + ROUNDS):
        for name, make in CONTESTANTS.items():
            if sheet.left < 60 and not sheet.tiny:
                break
            # Made anew each time, so that one contestant's memory is not the next one's.
            contestant = make(config, device.torch, torch.bfloat16)
            if sheet.cuda:
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
            seconds = [
                _seconds(device.synchronize, contestant.forward_backward, contestant.step, [tokens_BL] * accumulation)
                for _ in range(2)
            ]
            if number >= WARM_UP:
                times.setdefault(name, []).append(seconds[-1])
                memory[name] = device.peak_memory()
            del contestant
    count = accumulation * batch * length
    for name, seconds in times.items():
        speed = count / median(seconds)
        share = f", {speed * config.model.flops_per_token(length) / peak:.1%} of the peak" if peak else ""
        rounds = min(len(seconds), len(times[OWN]))
        beside = (
            "" if name == OWN else f"; this engine is {speedup(seconds[:rounds], times[OWN][:rounds])} times as fast"
        )
        sheet.add(name, f"{speed:,.0f} tokens/s{share}, peak {memory[name] / GIB:.1f} GiB{beside}")


def _seconds(
    synchronize: Callable[[], None],
    gradients: Callable[[Tensor], Tensor],
    step: Callable[[], None],
    batches: list[Tensor],
) -> float:
    synchronize()
    start = time.perf_counter()
    for tokens_BL in batches:
        gradients(tokens_BL)
    step()
    synchronize()
    return time.perf_counter() - start


def graph(sheet: Sheet) -> None:
    """Whether the forward and backward passes can be captured with equal gradients, and what that would bring."""
    if not sheet.cuda:
        sheet.add("graph", "only a GPU has one", "skipped")
        return
    _, batch, length = sheet.shape()
    config = settings(sheet.model_settings(), data={"sequence_length": length})
    for sequences in (1, batch):
        torch.manual_seed(0)
        model = Transformer(config.model, torch.bfloat16)
        model.initialize()
        model.to(sheet.device.torch).train()
        tokens_BL = random_tokens(config.model.vocab_size, sequences, length, sheet.device.torch)

        def learn(model: Transformer = model, tokens_BL: Tensor = tokens_BL) -> None:
            output = model(tokens_BL)
            prediction = predict(output.hidden_BLD, model.head, tokens_BL)
            (prediction.loss_sum / prediction.count + output.router_loss).backward()

        what = f"{sequences} × {length}"
        try:
            _compare(sheet, what, model, learn)
        except RuntimeError as error:
            sheet.add(f"capture, {what}", (str(error).splitlines() or [type(error).__name__])[0][:120], "look")


def _compare(sheet: Sheet, what: str, model: Transformer, learn: Callable[[], None]) -> None:
    learn()
    wanted = {name: dense(parameter.grad) for name, parameter in model.named_parameters()}
    eager = _mean_seconds(learn)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            _forget(model)
            learn()
    torch.cuda.current_stream().wait_stream(stream)
    _forget(model)
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        learn()
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad.zero_()
    captured.replay()
    torch.cuda.synchronize()
    worst = max(apart(dense(parameter.grad), wanted[name]) for name, parameter in model.named_parameters())
    replayed = _mean_seconds(captured.replay)
    gain = f"{1e3 * eager:.2f} ms as it comes, {1e3 * replayed:.2f} ms captured ({eager / replayed:.2f})"
    sheet.judge(f"forward + backward, {what}", f"{gain}; worst gradient {worst:.1e}", right=worst < 1e-2)


def _forget(model: Transformer) -> None:
    for parameter in model.parameters():
        parameter.grad = None


def _mean_seconds(work: Callable[[], object], times: int = 10) -> float:
    for _ in range(2):
        work()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(times):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / times
