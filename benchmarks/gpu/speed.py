"""How fast an update is beside other implementations."""

import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor

from benchmarks.gpu.sheet import Sheet, random_tokens, settings
from benchmarks.paired import speedup
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
