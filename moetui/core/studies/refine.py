"""The runs that would make the response to the learning rate surer, for each setting of everything else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.plan import PlannedRun, short_key
from moetui.core.science.evidence import Evidence
from moetui.core.science.propose import Step, propose
from moetui.core.science.response import Response, respond, slices
from moetui.core.studies.judge import Terms, judge


@dataclass(frozen=True, slots=True)
class Refinement:
    """What to run next in one setting, the reasons, and the response that they come from. `runs` holds those there are, too."""

    response: Response
    steps: tuple[Step, ...]
    runs: tuple[PlannedRun, ...]


def refine(evidence: Sequence[Evidence], terms: Terms, *, study: str = "") -> tuple[Refinement, ...]:
    """The refinement of every setting that was run here, from random weights, at two learning rates or more.

    Verdicts are those of the comparison of all the evidence. What it adds belongs to `study`, or without one to that of the runs
    there are.
    """
    own = [
        run for run in evidence if run.config and not (run.record.published or run.record.parent or run.record.imported)
    ]
    comparison = judge(evidence, terms).comparison
    found = []
    for part in slices(own):
        if len(part.lrs) > 1:
            response = respond(
                part, terms.measure, tolerance=terms.tolerance, pairing=terms.pairing, comparison=comparison
            )
            steps = propose(response)
            found.append(Refinement(response, steps, _planned(part.runs, steps, study)))
    return tuple(found)


def _planned(runs: Iterable[Evidence], steps: Iterable[Step], study: str) -> tuple[PlannedRun, ...]:
    """One run for each learning rate and seed of the steps, each once: the setting's own seeds first, then the next numbers."""
    known = [(run.record, run.config) for run in runs if run.config is not None]
    seeds = sorted({config.seed for _, config in known})
    record, config = next((one for one in known if one[0].study == study), known[0])  # rather not one that it borrows
    wanted = {
        (lr, seed): None
        for step in steps
        for lr in step.lrs
        for seed in (*seeds, *range(seeds[-1] + 1, seeds[-1] + 1 + step.seeds))[: step.seeds]
    }
    return tuple(_like(record, config, lr, seed, study or record.study) for lr, seed in wanted)


def _like(record: RunRecord, config: RunConfig, lr: float, seed: int, study: str) -> PlannedRun:
    """A run of the same preset with another learning rate and seed, for a study."""
    varied = {key: value for key, value in record.point.items() if key != "optimizer.lr"}
    parts = [
        record.preset,
        *(f"{short_key(key)}={value}" for key, value in varied.items()),
        f"lr={lr:g}",
        f"seed={seed}",
    ]
    optimizer = config.optimizer.model_copy(update={"lr": lr})
    return PlannedRun(
        name="/".join(part for part in parts if part),
        preset=record.preset,
        study=study,
        point={**varied, "optimizer.lr": lr},
        config=config.model_copy(update={"optimizer": optimizer, "seed": seed}),
    )
