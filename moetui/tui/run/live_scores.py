"""What a live run has measured so far, in the place where an ended run has its final scores."""

import math
from collections.abc import Iterable, Mapping

from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.runs.curves import Curves


def with_latest_scores(runs: Iterable[RunRecord], curves: Mapping[str, Curves]) -> list[RunRecord]:
    """The runs, the live ones with the scores of their newest evaluation as final ones."""
    return [_with_latest(run, curves[run.id]) if run.live and run.id in curves else run for run in runs]


def _with_latest(run: RunRecord, curves: Curves) -> RunRecord:
    updates, losses = curves.get("val_loss")
    if not losses.size:
        return run
    loss = float(losses[-1])
    _, accuracies = curves.get("val_accuracy")
    scores = Scores(
        val_loss=loss,
        val_accuracy=float(accuracies[-1]) if accuracies.size else None,
        val_perplexity=math.exp(loss) if loss < 700 else math.inf,  # a double ends there
        update=int(updates[-1]),
    )
    return run.model_copy(update={"final": scores})
