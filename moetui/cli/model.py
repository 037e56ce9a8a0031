"""Commands that use the model of a run: generate, export-hf."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from moetui.cli.look import RunArgument
from moetui.cli.output import JsonOption
from moetui.cli.place import lab

CheckpointOption = Annotated[
    Literal["best", "last"], typer.Option(help="Weights of the lowest validation loss, or the last ones.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(generate)
    app.command("export-hf")(export)


def generate(
    reference: RunArgument,
    prompt: Annotated[str, typer.Option(help="Text to continue; without one, a new document is begun.")] = "",
    max_tokens: Annotated[int, typer.Option(min=1, help="Stop after so many tokens, if the text does not end.")] = 100,
    temperature: Annotated[float, typer.Option(min=0, help="Divides the logits; 0 takes the likeliest token.")] = 0.8,
    top_k: Annotated[int, typer.Option(min=0, help="Draw from the so many likeliest tokens; 0 from all.")] = 0,
    top_p: Annotated[
        float, typer.Option(min=0, max=1, help="Draw from the likeliest tokens that together have this probability.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="The same seed draws the same text.")] = 0,
    checkpoint: CheckpointOption = "best",
    json: JsonOption = False,
) -> int:
    """Continue a text with the model of a run, on a GPU if there is one.

    Example: `moetui generate quickstart/lr=0.05 --prompt "The matrix" --temperature 0.5`.
    """
    from moetui.core.runs.programs import run_program

    # One word each, so that a prompt may begin with a dash.
    options = [f"--prompt={prompt}", f"--max-tokens={max_tokens}", f"--temperature={temperature!r}", f"--top-k={top_k}"]
    options += [f"--top-p={top_p!r}", f"--seed={seed}", *(["--json"] if json else [])]
    return run_program(lab(), lab().find(reference), "generate", checkpoint, options)


def export(
    reference: RunArgument,
    directory: Annotated[Path, typer.Argument(help="A new or empty directory.", show_default=False)],
    checkpoint: CheckpointOption = "best",
    json: JsonOption = False,
) -> int:
    """Write the model of a run for `transformers`, where that has a model which is exactly the same.

    Example: `moetui export-hf my-run ./my-model`, then `AutoModelForCausalLM.from_pretrained("./my-model")`.
    """
    from moetui.core.runs.programs import run_program

    arguments = [*(["--json"] if json else []), "--", str(directory.absolute())]
    return run_program(lab(), lab().find(reference), "export", checkpoint, arguments)
