"""Commands that start runs, or show what could be started: run, presets, explain."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moetui.cli.audit import finding_rows, say_findings
from moetui.cli.executed import executed
from moetui.cli.launched import FollowOption, PlainOption, launched
from moetui.cli.offer import price
from moetui.cli.output import JsonOption, print_json, print_table, say
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.cluster.execution import Execution
    from moetui.core.planning.plan import PlannedRun, Selection
    from moetui.core.planning.presets import Expected, Preset, Published
    from moetui.core.studies.audits import Audited

SetOption = Annotated[
    list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="Set a key of the configuration.")
]
GridOption = Annotated[
    list[str] | None, typer.Option("--grid", "-g", metavar="KEY=[…]", help="Vary a key: optimizer.lr=[0.02,0.05].")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(run)
    app.command()(presets)
    app.command()(explain)


@executed
def run(
    preset: Annotated[list[str], typer.Argument(help="Presets or studies, such as quickstart.", show_default=False)],
    assignments: SetOption = None,
    grid: GridOption = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Run each setting with so many seeds.")] = 1,
    offline: Annotated[
        bool, typer.Option("--offline", help="Use the text of installed packages; needs no network.")
    ] = False,
    *,
    execution: "Execution",
    follow: FollowOption = True,
    plain: PlainOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Show the runs and start none.")] = False,
    save: Annotated[
        str | None, typer.Option(metavar="NAME", help="Start none, but make a preset of your own of them.")
    ] = None,
    json: JsonOption = False,
) -> int:
    """Start the runs of presets in background processes.

    Examples: `moetui run quickstart`, `moetui run base/moe-tiny --grid optimizer.lr=[0.02,0.05] --seeds 3 --detach`.
    """
    from moetui.core.queue.enqueue import check_devices, enqueue
    from moetui.core.studies.audits import audit_planned

    planned = _plan(selection(tuple(preset), assignments or [], grid or [], seeds), offline=offline)
    if save is not None:
        _save(planned, save, write=not dry_run, json=json)
        return 0
    check_devices(planned, execution)
    audited = audit_planned(lab(), planned)
    if dry_run:
        _show_plan(planned, audited, json=json)
        return 0
    say_findings(audited)
    _say_room(planned)
    return launched(enqueue(lab(), planned, execution), follow=follow, plain=plain, json=json)


def selection(presets: tuple[str, ...], assignments: list[str], grid: list[str], seeds: int) -> "Selection":
    """What the options `--set`, `--grid` and `--seeds` choose of presets. Raises `UsageError`."""
    from moetui.core.errors import UsageError
    from moetui.core.planning.plan import Selection
    from moetui.core.planning.settings import parse_assignment

    settings: dict[str, Any] = dict(map(parse_assignment, assignments))
    axes: dict[str, tuple[Any, ...]] = {}
    for text in grid:
        key, values = parse_assignment(text)
        if not isinstance(values, list) or not values:
            raise UsageError(f"--grid {text}: write a list of values, such as optimizer.lr=[0.02,0.05]")
        axes[key] = tuple(values)
    if seeds == 1:
        return Selection(presets=presets, settings=settings, axes=axes)
    first = settings.pop("seed", 1)
    if not isinstance(first, int):
        raise UsageError(f"--set seed={first}: with --seeds this is the first seed, a whole number")
    return Selection(presets=presets, settings=settings, axes=axes, seeds=tuple(range(first, first + seeds)))


def _plan(selection: "Selection", *, offline: bool) -> "list[PlannedRun]":
    import dataclasses

    from moetui.core.maintenance.offline import offline_settings
    from moetui.core.planning.plan import plan

    library = lab().library()
    planned = plan(library, selection)
    if not offline:
        return planned
    local = offline_settings(*(run.config for run in planned))
    return plan(library, dataclasses.replace(selection, settings=local | dict(selection.settings)))


def _save(planned: "list[PlannedRun]", name: str, *, write: bool, json: bool) -> None:
    from moetui.core.planning.preset_file import preset_path, preset_texts
    from moetui.core.planning.preset_file import save as save_preset

    folder, library = lab().workspace.presets, lab().library()
    path = save_preset(folder, library, planned, name) if write else preset_path(folder, library, name)
    texts = preset_texts(library, planned, name)
    if json:
        print_json({"preset": name, "path": str(path), "runs": len(planned), "files": list(texts)})
    elif write:
        say(f"saved {path}: {len(planned)} run{'s' if len(planned) != 1 else ''}; start with: moetui run {name}")
    else:
        print("\n".join(texts.values()))


def _show_plan(planned: "list[PlannedRun]", audited: "Sequence[Audited]", *, json: bool) -> None:
    from moetui.core import format as fmt
    from moetui.core.machine.devices import devices
    from moetui.core.studies.estimate import estimate

    if json:
        rows = [
            {
                "name": run.name,
                "preset": run.preset,
                "study": run.study,
                "group": run.group,
                "findings": finding_rows(found),
                "config": run.config.model_dump(mode="json"),
            }
            for run, found in zip(planned, audited, strict=True)
        ]
        print_json(rows)
        return
    print_table(
        ["name", "lr", "seed", "updates", "tokens", "parameters", "active"],
        [
            [
                run.name,
                fmt.number(run.config.optimizer.lr),
                str(run.config.seed),
                str(run.config.training.updates),
                fmt.count(run.config.tokens),
                fmt.count(run.config.model.parameters),
                fmt.count(run.config.model.active_parameters),
            ]
            for run in planned
        ],
        right=("lr", "seed", "updates", "tokens", "parameters", "active"),
    )
    say_findings(audited)
    _say_room(planned)
    cost = price(estimate(planned, lab().records(), devices()))
    say(f"{len(planned)} run{'s' if len(planned) != 1 else ''}, {cost}")


def _say_room(planned: "list[PlannedRun]") -> None:
    """Say before the start if the disk is too small for what the runs leave on it."""
    from moetui.core.planning.disk import runs_bytes
    from moetui.core.queue.placement import disk_of

    needed, disk = runs_bytes(run.config for run in planned), disk_of(lab())
    if disk is not None and disk.free < needed:
        say(
            f"note: the checkpoints need up to {needed / 2**30:.2g} GiB, {disk.free / 2**30:.2g} GiB are free; a run waits "
            "for room before it starts, and its checkpoints pause while there is none (`moetui gc --dry-run`)"
        )


def presets(
    name: Annotated[str | None, typer.Argument(help="Show this one whole.", show_default=False)] = None,
    json: JsonOption = False,
) -> None:
    """List the presets and studies, or show one.

    Examples: `moetui presets`, `moetui presets schedule/all`.
    """
    library = lab().library()
    if name is not None:
        _show_preset(name, json=json)
        return
    if json:
        print_json([_preset_row(preset) for preset in library])
        return
    print_table(["name", "runs", "title"], [[p.name, str(_runs_of(p)), p.title] for p in library], right=("runs",))


def _preset_row(preset: "Preset") -> dict[str, Any]:
    return {
        "name": preset.name,
        "title": preset.title,
        "about": preset.about,
        "source": preset.source,
        "extends": preset.extends,
        "members": list(preset.members),
        "grid": {key: list(values) for key, values in preset.grid.items()},
        "built_in": preset.built_in,
        "path": str(preset.path),
        "published": [entry.model_dump(exclude_none=True) for entry in lab().library().published(preset)],
        "expected": [entry.model_dump(exclude_none=True) for entry in preset.expected],
    }


def _runs_of(preset: "Preset") -> int:
    from moetui.core.planning.plan import Selection, plan

    return len(plan(lab().library(), Selection(presets=(preset.name,))))


def _show_preset(name: str, *, json: bool) -> None:
    from moetui.core.planning.plan import Selection, flat_config, plan

    library = lab().library()
    preset = library.get(name)
    planned = plan(library, Selection(presets=(name,)))
    if json:
        print_json(
            _preset_row(preset)
            | {"runs": [{"name": r.name, "config": r.config.model_dump(mode="json")} for r in planned]}
        )
        return
    lines = [preset.name, preset.title, preset.about]
    lines += [f"source: {preset.source}"] if preset.source else []
    lines += [f"file: {preset.path}", "", f"{len(planned)} run{'s' if len(planned) != 1 else ''}:"]
    lines += [f"  {run.name}" for run in planned]
    if reported := library.published(preset):
        lines += ["", "published:", *(f"  {_reported(entry)}" for entry in reported)]
    if preset.expected:
        lines += ["", "expected by the source, not measured:", *(f"  {_expected(entry)}" for entry in preset.expected)]
    lines += ["", "configuration of the first:"]
    lines += [f"  {key} = {value}" for key, value in flat_config(planned[0].config).items()]
    typer.echo("\n".join(line for line in lines))


def _reported(entry: "Published") -> str:
    """One published result in a line: where it belongs, the numbers, the reservation."""
    known = entry.model_dump(exclude_defaults=True, exclude={"point", "name", "note", "effective_group"})
    what = [entry.name, *(f"{key}={value}" for key, value in entry.point.items())]
    numbers = ", ".join(f"{key} {value:g}" for key, value in known.items())
    return " ".join(filter(None, [*what, numbers, f"– {entry.note}" if entry.note else ""]))


def _expected(entry: "Expected") -> str:
    """One expectation in a line: `val_accuracy above 0.4 – …`."""
    limits = [
        f"{word} {limit:g}" for word, limit in (("above", entry.above), ("below", entry.below)) if limit is not None
    ]
    return f"{entry.metric} {' and '.join(limits)}{f' – {entry.note}' if entry.note else ''}"


def explain(
    key: Annotated[
        str | None,
        typer.Argument(help="A key such as optimizer.lr, or a section such as schedule.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Explain the keys of the configuration: meaning, unit, bounds, default.

    Examples: `moetui explain`, `moetui explain schedule.warmup`.
    """
    import dataclasses

    from engine.spec.config import describe, unknown_key
    from moetui.core.errors import NotFoundError

    infos = [info for info in describe() if key is None or info.key == key or info.key.startswith(f"{key}.")]
    if not infos:
        raise NotFoundError(f"{key}: {unknown_key(str(key))}")
    if json:
        print_json([dataclasses.asdict(info) for info in infos])
        return
    for info in infos:
        facts = [
            info.type if not info.choices else " | ".join(info.choices),
            info.bounds,
            info.unit,
            f"default {info.default!r}",
        ]
        typer.echo(f"{info.key}  ({', '.join(fact for fact in facts if fact)})\n    {info.description}")
