"""Offline runs of W&B, written by its own package; `wandb sync DIRECTORY` uploads them."""

import os
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from engine.spec.harmless import one_line
from moetui.core.errors import LabError, UsageError
from moetui.core.exchange.outgoing import PROJECT, rows_of, settings_told
from moetui.core.runs.detail import Detail

FILES: Final = "run-*.wandb"

_X: Final = "update"
"""Each record tells its update as a value, and charts have it as their x axis: W&B's own step may not fall back or stay."""


def folder_name(found: Detail) -> str:
    """The name that W&B gives to the directory of an offline run, with the time at which the run began."""
    begun = time.gmtime(found.record.started or found.record.created)
    return f"offline-run-{time.strftime('%Y%m%d_%H%M%S', begun)}-{found.record.id}"


def write_offline_run(found: Detail, folder: Path) -> None:
    """Write the run file of a run into a directory, which is made. Raises `UsageError` without the package."""
    wandb = _package()
    run = found.record
    with tempfile.TemporaryDirectory() as scratch:
        settings = wandb.Settings(
            mode="offline",
            root_dir=scratch,
            run_id=run.id,
            run_name=run.name,
            run_group=run.group or None,
            run_notes=run.note or None,
            run_tags=run.tags,
            project=PROJECT,
            host="",
            # Only the run is told, not the machine that exports it.
            console="off",
            silent=True,
            disable_code=True,
            disable_git=True,
            disable_job_creation=True,
            x_disable_machine_info=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
        )
        try:
            with wandb.init(settings=settings, config=settings_told(found)) as theirs:
                theirs.define_metric(_X)
                theirs.define_metric("*", step_metric=_X)
                for row in rows_of(found):
                    theirs.log({_X: row.update, **row.values, "_timestamp": row.moment})
        except wandb.Error as error:
            raise LabError(f"W&B refused {run.id}: {one_line(str(error))[:200]}") from None
        finally:
            wandb.teardown()
        (written,) = Path(scratch).rglob(FILES)
        folder.mkdir(parents=True)
        (folder / written.name).write_bytes(written.read_bytes())


def _package() -> Any:
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # nothing of an export goes out
    try:
        import wandb
    except ImportError:
        raise UsageError("W&B runs need its package: pip install 'moetui[trackers]' or wandb") from None
    return wandb
