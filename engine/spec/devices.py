"""On how many devices a run can be trained."""

from engine.spec.config import RunConfig


def too_many_devices(config: RunConfig, devices: int) -> str:
    """Why a run cannot use so many devices, with settings that do the same updates on them; empty if it can."""
    accumulation, batch_size = config.training.accumulation, config.training.batch_size
    if devices <= accumulation:
        return ""
    sequences = accumulation * batch_size
    words = (
        f"an update has {accumulation} micro-batch{'es' if accumulation > 1 else ''} (training.accumulation), too few for "
        f"{devices} devices, each of which takes at least one; "
    )
    larger = next((count for count in range(devices, sequences + 1) if sequences % count == 0), None)
    if larger is None:
        return words + f"its {sequences} sequences allow {sequences} at most"
    return words + (
        f"--set training.batch_size={sequences // larger} --set training.accumulation={larger} learns from the same sequences"
    )
