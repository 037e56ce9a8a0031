"""How the updates are carried out: clipping and speed."""

import statistics

from engine.health.measured import Measured
from engine.health.setting import Setting
from engine.health.thresholds import Thresholds
from engine.runfiles.rundir import Finding

_FEWEST = 20


def clipping(measured: Measured, setting: Setting, thresholds: Thresholds) -> Finding | None:
    """A gradient that is always clipped, so that the clip and not the gradient sets its size (Pascanu et al., 2013)."""
    norms = measured.curve("grad_norm").since(setting.warmup + 1)
    if len(norms) < _FEWEST or not setting.grad_clip:
        return None
    clipped = sum(norm > setting.grad_clip for norm in norms.values)
    if clipped < thresholds.clipped_share * len(norms):
        return None
    return Finding(
        kind="clipping",
        update=norms.updates[-1],
        severity="note",
        evidence=(
            f"{clipped} of {len(norms)} gradients since the warm-up were clipped; their norm is "
            f"{statistics.median(norms.values):.2g} in the middle, the limit {setting.grad_clip:g}"
        ),
        advice="raise optimizer.grad_clip to a few times the usual norm, so that it cuts only what stands out",
    )


def throughput(measured: Measured, setting: Setting, thresholds: Thresholds) -> Finding | None:
    """Updates that have become slower within one session of the run."""
    speeds = measured.last_session().curve("tokens_per_second")
    if len(speeds) < _FEWEST:
        return None
    width = max(5, len(speeds) // 10)
    # Counted from the end, so that the last block is whole.
    blocks = [speeds.values[end - width : end] for end in range(len(speeds), width - 1, -width)]
    now, *before = (statistics.median(block) for block in blocks)
    usual = max(before)
    if now >= thresholds.throughput * usual:
        return None
    return Finding(
        kind="throughput",
        update=speeds.updates[-width],
        severity="warning",
        evidence=f"{now:.3g} tokens per second over the last {width} records, {usual:.3g} before",
        advice="see whether another process shares the device or a disk is full, and whether the device is too hot",
    )
