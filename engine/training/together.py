"""What the ranks of a run begin with alike, and what rank 0 alone can tell them."""

from collections.abc import Callable

from engine.errors import InputError
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.ranks.ranks import Ranks
from engine.runfiles.jsonfile import text_of
from engine.runfiles.progress import Progress
from engine.runfiles.rundir import Finding


def check_same_data(ranks: Ranks, fingerprint: str) -> None:
    """Raise `InputError` unless every rank has the data of rank 0."""
    first = ranks.from_first(fingerprint)
    if ranks.largest(fingerprint != first):
        raise InputError(
            f"the ranks have different data: {fingerprint} here, {first} on rank 0; give all of them one cache"
        )


def share_start(ranks: Ranks, progress: Progress, model: Transformer, optimizer: Optimizer) -> None:
    """Let every rank begin with progress, weights and optimizer state of rank 0, which alone has read a checkpoint."""
    if ranks.count == 1:
        return
    # As in checkpoint.json, where a number may be infinite.
    progress.continue_as(Progress.model_validate_json(ranks.from_first(text_of(progress).decode())))
    ranks.copy_first([tensor.detach() for tensor in model.state_dict().values()])
    ranks.copy_first(list(optimizer.state().values()))


def finding_of_first(ranks: Ranks, look: Callable[[], Finding | None]) -> Finding | None:
    """What rank 0 finds, told to all."""
    finding = look() if ranks.first else None
    text = ranks.from_first(finding.model_dump_json() if finding is not None else "")
    return Finding.model_validate_json(text) if text else None
