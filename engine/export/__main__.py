"""`python -m engine.export RUN_DIR DIR` writes the model of a run for transformers. Exit codes: 0 done, 2 bad input or no equal."""

import argparse
import sys
from pathlib import Path

import orjson

from engine.program import run
from engine.spec.harmless import harmless_json


def main() -> int:
    """Export one checkpoint; says on stdout what was written."""
    parser = argparse.ArgumentParser(prog="python -m engine.export")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--checkpoint", choices=("best", "last"), default="best")
    parser.add_argument("--json", action="store_true")
    return run(lambda: _export(parser.parse_args()))


def _export(arguments: argparse.Namespace) -> int:
    from transformers.utils import logging

    from engine.export.write import check_target, export
    from engine.spec.config import TrainingConfig
    from engine.training.device import open_device
    from engine.training.trained import load_trained

    check_target(arguments.directory)
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    device = open_device(TrainingConfig(device="cpu", dtype="float32"))
    trained = load_trained(arguments.run_dir, arguments.checkpoint, device)
    equal = export(trained, arguments.directory)
    note = ""
    if not trained.config.model.cross_document_attention:
        note = (
            "attention there crosses documents: within one document the logits are the same, after an end of text not"
        )
    if arguments.json:
        facts: dict[str, str | int] = {"path": str(arguments.directory), "model_type": equal.family, "note": note}
        facts |= {"checkpoint": trained.kind, "update": trained.update}
        print(harmless_json(orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode()))
    else:
        print(f"{arguments.directory}: {equal.family}, from checkpoint `{trained.kind}` at update {trained.update}")
        if note:
            print(note, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
