"""Where a session begins: at the newest whole checkpoint of the run, at the weights of another run, or at random weights."""

from engine.errors import InputError
from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.progress import Progress
from engine.runfiles.rundir import Finding, RunDir
from engine.runfiles.saved import CheckpointFile, differing_keys, read_saved, saved
from engine.spec.config import RunConfig
from engine.training.checkpoint import Checkpoint, load, point


def checkpoint_to_continue(
    run: RunDir, config: RunConfig, data_fingerprint: str
) -> tuple[Checkpoint | None, list[Finding]]:
    """The newest whole `last` checkpoint, None if there is none yet, and a finding for each damaged one that was passed over.

    Raises `InputError` if it belongs to another configuration or other data, or if none of several is whole.
    """
    whole = saved(run, "last")
    unreadable = set(run.checkpoints.glob("last-*")) - {found.path for found in whole}
    findings = [_damaged(f"{path}: its checkpoint.json cannot be read", 0) for path in sorted(unreadable)]
    for found in whole:
        _belongs(found.about, config, data_fingerprint)
        try:
            checkpoint = load(found.path, found.about)
        except DamagedFile as error:
            findings.append(_damaged(str(error), found.about.progress.update))
            continue
        _name_best(run, found.about.progress)
        return checkpoint, findings
    if findings:
        raise InputError(f"{findings[0].evidence}; none is left to go on from: `moetui rerun` starts the run anew")
    return None, findings


def fingerprint_to_continue(run: RunDir) -> str:
    """The data of the newest `last` checkpoint; empty if there is none."""
    return next((found.about.data_fingerprint for found in saved(run, "last")), "")


def start_of(run: RunDir, data_fingerprint: str) -> Checkpoint | None:
    """What this run begins with of another: its weights, perhaps with all the rest; None if it begins with random ones.

    Raises `InputError` if that is gone or damaged, or if the rest belongs to other data.
    """
    folder = run.checkpoints / "start"
    if run.config().parent is None and not folder.exists():
        return None
    try:
        found = read_saved(folder)
        start = load(found.path, found.about)
    except (OSError, DamagedFile) as error:
        fault = error if isinstance(error, DamagedFile) else f"{error.filename or folder}: {error.strerror or error}"
        raise InputError(f"the weights that this run begins with: {fault}; fork the run again") from None
    if start.training and start.about.data_fingerprint != data_fingerprint:
        raise InputError(
            f"the data are not those of the run that this one goes on from ({data_fingerprint}, "
            f"not {start.about.data_fingerprint}); bring the old text back, or fork without its optimizer"
        )
    return start


def _belongs(about: CheckpointFile, config: RunConfig, data_fingerprint: str) -> None:
    if keys := differing_keys(about, config):
        raise InputError(
            f"the checkpoint of update {about.progress.update} was made with another configuration ({', '.join(keys)}); "
            "`moetui fork` continues from its weights with other settings"
        )
    if about.data_fingerprint != data_fingerprint:
        raise InputError(
            f"the data are not those of the checkpoint of update {about.progress.update} ({data_fingerprint}, "
            f"not {about.data_fingerprint}); bring the old text back, or continue from its weights with `moetui fork`"
        )


def _damaged(evidence: str, update: int) -> Finding:
    advice = "look after the disk; the run goes on from the checkpoint before"
    return Finding(kind="damaged-checkpoint", update=update, severity="warning", evidence=evidence, advice=advice)


def _name_best(run: RunDir, progress: Progress) -> None:
    """Let the link `best` lead to the best of that time; a better one may come from updates that are going to be redone."""
    for found in saved(run, "best"):
        if progress.best is not None and found.about.progress.update == progress.best.update:
            point(run, "best", found.path.name)
            return
