"""The options that tell how runs are executed, the same for every command that queues some."""

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from moetui.core.cluster.execution import Execution

OnOption = Annotated[
    str | None,
    typer.Option(
        "--on", metavar="BACKEND", help="What executes the runs: local or slurm. Default: local.", show_default=False
    ),
]
SlurmOption = Annotated[
    list[str] | None,
    typer.Option(
        "--slurm", metavar="KEY=VALUE", help="Ask slurm for it, such as time=2:00:00, partition=gpu or gres=gpu:2."
    ),
]
_PARAMETER: Final = "execution"


def executed(command: Callable[..., int]) -> Callable[..., int]:
    """Offer the options of an execution in the place of a command's parameter `execution`."""
    own = inspect.signature(command).parameters
    options = inspect.signature(_execution).parameters
    offered = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name in own
        for one in (options.values() if name == _PARAMETER else (own[name],))
    ]

    @functools.wraps(command)
    def called(**given: Any) -> int:
        said = {name: given.pop(name) for name in options}
        return command(**given, execution=_execution(**said))

    called.__signature__ = inspect.Signature(offered, return_annotation=int)  # type: ignore[attr-defined]  # read by inspect
    called.__annotations__ = {one.name: one.annotation for one in offered} | {"return": int}
    return called


def _execution(
    per_device: Annotated[
        int, typer.Option(min=1, max=64, metavar="N", help="Train up to so many of the runs on one device at a time.")
    ] = 1,
    devices: Annotated[
        int,
        typer.Option(
            min=1, max=1024, metavar="K", help="Train each run on so many devices, which share its micro-batches."
        ),
    ] = 1,
    retries: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=1000,
            metavar="N",
            help="Try a run again up to N times if it is killed, lost or out of memory; default: the setting `retries`, else 0.",
            show_default=False,
        ),
    ] = None,
    on: OnOption = None,
    slurm: SlurmOption = None,
) -> "Execution":
    """What the options say. Raises `UsageError`."""
    from moetui.core.cluster.execution import LOCAL, Execution
    from moetui.core.cluster.resources import parsed

    return Execution(
        backend=on or LOCAL, devices=devices, per_device=per_device, retries=retries, resources=parsed(slurm or [])
    )
