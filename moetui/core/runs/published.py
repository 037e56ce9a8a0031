"""The results that the source documents report, as records of the catalogue beside one's own runs."""

import hashlib
from collections.abc import Iterable, Sequence

from engine.runfiles.rundir import Labels
from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.planning.plan import Selection, resolve_chain, varied
from moetui.core.planning.plan import plan as plan_runs
from moetui.core.planning.presets import AS_PUBLISHED, Library, Preset, Published
from moetui.core.planning.scale import split_scale
from moetui.core.planning.settings import own_settings


class PublishedLabels(Labels):
    """What people say of a published result, and when they deleted it, if so; it outlives the catalogue."""

    deleted: float | None = None


def published_records(library: Library) -> list[RunRecord]:
    """One record for each published result of the built-in presets, in the order of the presets."""
    return [_record(library, preset, entry) for preset in library if preset.built_in for entry in preset.published]


def published_beside(records: Sequence[RunRecord], everything: Iterable[RunRecord]) -> list[RunRecord]:
    """What documents report of the same presets as these runs, by name; none if some of the runs are that themselves."""
    if any(record.published for record in records):
        return []
    presets = {plain_preset(record) for record in records if record.preset}
    found = [record for record in everything if record.published and plain_preset(record) in presets]
    return sorted(found, key=lambda record: record.name)


def plain_preset(record: RunRecord) -> str:
    """The preset without its scale, and without what tells the flawed twin from the corrected one."""
    return split_scale(record.preset)[0].removesuffix(AS_PUBLISHED)


def _record(library: Library, preset: Preset, entry: Published) -> RunRecord:
    chain = library.chain(preset.name)
    config = resolve_chain(chain, entry.point)
    name = next(
        (run.name for run in plan_runs(library, Selection(presets=(preset.name,))) if run.config == config),
        entry.name or preset.name,
    )
    name = f"published/{entry.name or name.replace(AS_PUBLISHED, '')}"
    best = Scores(val_loss=entry.best_val_loss, val_accuracy=entry.best_val_accuracy, update=entry.best_update)
    return RunRecord(
        id="pub-" + hashlib.sha256(name.encode()).hexdigest()[:6],
        name=name,
        preset=preset.name,
        study=_study_of(library, preset),
        group=f"published/{entry.effective_group}" if entry.effective_group else name,
        seed=None,
        status="published",
        update=entry.update or config.training.updates,
        updates=config.training.updates,
        lr=config.optimizer.lr,
        point=entry.point or {key: value for key, value in preset.config.items() if key not in varied(chain)},
        settings=own_settings(config),
        published=True,
        source=preset.source,
        note=entry.note,
        final=Scores(
            val_loss=entry.val_loss,
            val_accuracy=entry.val_accuracy,
            val_perplexity=entry.val_perplexity,
            seconds=entry.seconds,
            update=entry.update or config.training.updates,
        ),
        best=None if best == Scores() else best,
        parameters=config.model.parameters,
        active_parameters=config.model.active_parameters,
        tokens_per_update=config.tokens_per_update,
    )


def _study_of(library: Library, preset: Preset) -> str:
    """The study that a result belongs to: of the preset itself, or of the one that has it as a member; the corrected one."""
    study = preset.name if preset.is_study else next((p.name for p in library if preset.name in p.members), "")
    return study.removesuffix(AS_PUBLISHED)
