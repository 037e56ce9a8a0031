"""What a user or another program can hand over, and what reads it: each is read, or its fault is said in one line."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.health.examine import examine
from engine.health.measured import Measured
from engine.health.setting import Setting
from engine.runfiles.history import read_records
from engine.runfiles.jsonfile import DamagedFile, write_file
from engine.runfiles.rundir import Labels, Request, RunDir, Wait
from engine.runfiles.saved import newest_progress
from engine.spec.config import ConfigError, resolve
from moetui.core.catalogue.index import Catalogue
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.maintenance.orphans import find
from moetui.core.maintenance.reindex import reindex
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.planning.settings import nest, parse_assignment
from moetui.core.preferences import read_settings, user_file, workspace_file
from moetui.core.query.filtering import parse_filter, understood
from moetui.core.runs.curves import CurveFile
from moetui.core.runs.detail import detail
from moetui.core.runs.lab import Lab
from moetui.core.runs.status import observe
from moetui.core.user_state import workspace_state_file
from moetui.core.workspace import Workspace
from moetui.tui.alerts import Alerts
from moetui.tui.curves.board import KeptBoard
from moetui.tui.keymap import keymap_of
from moetui.tui.launch.memory import remembered_plan
from moetui.tui.runs.memory import remembered_view
from tests.core.queue.test_resuming import give_checkpoint
from tests.tui.lab_on_disk import end_run, write_run


@dataclass(frozen=True, slots=True)
class Subject:
    """Texts as they should be, and what takes one. It raises what is no fault told to a user, and returns the faults told."""

    texts: tuple[bytes, ...]
    take: Callable[[bytes], Iterator[str]]
    weight: int = 1
    """How many of a hundred inputs are of this kind."""


QUERIES = (
    "status:running lr>=0.01 lr<0.1 tag:sweep -tag:old created>2026-11-01",
    'preset:base/moe-tiny (study:"a b" or id:x) created>2d val_loss<3.5 parameters>79M',
    'warm is:archived or (diverged lr>0.05) not tag:old note:"as is"',
    "optimizer.kind=muon schedule.warmup>10% model.n_experts>=8 seconds>10m",
)

ASSIGNMENTS = (
    "optimizer.lr=0.05",
    'schedule.warmup_shape="linear"',
    "data.files=['a.txt', '~/b.jsonl']",
    "training.micro_batch=auto",
    "seed=7",
    "model.d_model=256",
    "health.divergence_factor=1.5e0",
)

PRESETS = (
    '[preset]\nname = "mine/x"\ntitle = "X: a study"\nabout = "what it is for"\nextends = "base/moe-tiny"\n[config]\n'
    'optimizer.lr = 0.05\nschedule.kind = "cosine"\n[grid]\n"optimizer.lr" = [0.02, 0.05]\nseed = [1, 2]\n'
    "[published]\nval_loss = 7.41\n",
    '[preset]\nname = "mine/y"\ntitle = "Y"\nextends = "base/moe-9m"\n[config.schedule]\nwarmup = 0.1\nfloor = 5e-2\n'
    '[[expected]]\nmetric = "val_loss"\nbelow = 4.5\n',
)

SETTINGS = (
    'theme = "light"\ntour = false\nretries = 2\ncheckpoint_quota = "20 GB"\nbell = true\n[notify]\ncommand = ["notify", "-x"]\n',
    '[slurm]\npartition = "gpu"\ntime = "12:00:00"\nmem = "40G"\narray_limit = 4\n',
)

KEYS = (
    '[keys.live]\n"chart(1)" = ["f8", "ctrl+y"]\nmaximise = "f5"\n[keys.everywhere]\nhelp = "f1"\n',
    "[keys]\nlive.maximise = 'f7'\neverywhere.command_palette = ['f9', 'question_mark']\neverywhere.help = 'f1'\n",
)


def said(check: Callable[[], object]) -> Iterator[str]:
    """What a user is told instead."""
    try:
        check()
    except (LabError, ConfigError, DamagedFile) as error:
        yield str(error)


def subjects(folder: Path) -> Mapping[str, Subject]:
    """Every kind of text, read by what reads it for users; files lie in a workspace of their own below `folder`."""
    lab, run = _workspace(folder / "runs")
    found = {
        "queries": Subject(tuple(map(str.encode, QUERIES)), lambda raw: _query(raw.decode(errors="replace"), run), 30),
        "--set": Subject(
            tuple(map(str.encode, ASSIGNMENTS)), lambda raw: _assignment(raw.decode(errors="replace")), 31
        ),
        "preset files": Subject(tuple(map(str.encode, PRESETS)), _presets(folder / "presets"), 4),
        "settings files": Subject(tuple(map(str.encode, SETTINGS)), _settings(folder / "settings", own=True), 8),
        "key maps": Subject(tuple(map(str.encode, KEYS)), _settings(folder / "keys", own=False), 8),
        "runs.json": Subject((lab.workspace.runs_json.read_bytes(),), _catalogue(folder / "runs")),
    }
    for name, text in REMEMBERED:
        found[f"{name} of the interface"] = Subject((text,), _remembered(folder / name, name), 3)
    directory = lab.run_dir(run)
    for path in sorted(directory.path.rglob("*.json*")):
        name = str(path.relative_to(directory.path))
        found[name] = Subject((path.read_bytes(),), _file_of_run(lab, run, path))
    return found


def _workspace(root: Path) -> tuple[Lab, RunRecord]:
    root.mkdir(parents=True)
    lab = Lab(Workspace(root))
    lab.found_catalogue()
    run = end_run(lab, write_run(lab, "ended"))
    give_checkpoint(lab, run, "last", 50)
    directory = lab.run_dir(run)
    write_file(directory.request_file, Request(stop=True, asked=1.0, token="gone"))
    write_file(directory.queue_file, Wait())
    write_file(directory.labels_file, Labels(name="ended", tags=("a", "b"), note="n"))
    return lab, lab.find(run.id)


def _query(text: str, run: RunRecord) -> Iterator[str]:
    yield from said(lambda: parse_filter(text).matches(run))
    yield from said(lambda: parse_filter(text, typing=True).matches(run))
    yield from said(lambda: understood(text))


def _assignment(text: str) -> Iterator[str]:
    return said(lambda: resolve(nest(dict([parse_assignment(text)]))))


def _presets(folder: Path) -> Callable[[bytes], Iterator[str]]:
    folder.mkdir()

    def take(raw: bytes) -> Iterator[str]:
        (folder / "x.toml").write_bytes(raw)
        library, faults = Library.collect(folder)
        yield from (fault.message for fault in faults)
        for name in {one.name for one in library if not one.built_in}:
            yield from said(lambda: plan(library, Selection(presets=(name,))))  # noqa: B023  # called at once

    return take


def _settings(folder: Path, *, own: bool) -> Callable[[bytes], Iterator[str]]:
    """The settings of a workspace, or of the user."""
    folder.mkdir()
    workspace = Workspace(folder)

    def take(raw: bytes) -> Iterator[str]:
        path = user_file() if own else workspace_file(workspace)
        path.write_bytes(raw)
        settings = read_settings(workspace)
        yield from settings.faults
        yield from keymap_of(settings.keys).faults

    return take


def _catalogue(root: Path) -> Callable[[bytes], Iterator[str]]:
    lab = Lab(Workspace(root))

    def take(raw: bytes) -> Iterator[str]:
        path = lab.workspace.runs_json
        path.write_bytes(raw)
        catalogue = Catalogue(path)
        yield from said(catalogue.all)
        with contextlib.suppress(LabError):
            yield from catalogue.faults()
        yield from said(lambda: reindex(lab))
        assert "ended" in {one.id for one in Lab(lab.workspace).records()}, "a run with its directory is found again"
        for kept in root.glob("runs.json.*"):
            if ".lock" not in kept.name:
                kept.unlink()

    return take


def _file_of_run(lab: Lab, record: RunRecord, path: Path) -> Callable[[bytes], Iterator[str]]:
    whole = path.read_bytes()

    def take(raw: bytes) -> Iterator[str]:
        path.write_bytes(raw)
        try:
            yield from _look(lab, record)
        finally:
            path.write_bytes(whole)

    return take


def _look(lab: Lab, record: RunRecord) -> Iterator[str]:
    run: RunDir = lab.run_dir(record)
    yield observe(run).reason
    yield from said(lambda: detail(lab, record).tree(history=True))
    for line in find(lab):
        yield line.what
    records = read_records(run.metrics_file)
    examine(Measured(records), Setting())
    CurveFile(run.metrics_file).read()
    newest_progress(run)


REMEMBERED = (
    (
        "charts.json",
        b'{"places":4,"hidden":["lr"],"axis":"tokens","colour":"groups","looks":{"train_loss":{"weight":0.9}}}',
    ),
    (
        "runs.json",
        b'{"columns":["name","lr"],"sort":"lr","descending":true,"group":"study","differing":false,"archived":true}',
    ),
    (
        "plan.json",
        b'{"preset":"base/moe-tiny","typed":"","settings":{"optimizer.lr":0.1},"choice":"","axes":{},'
        b'"seeds":{"own":[1],"offered":[1,2],"ticked":[1]},"rates":{"own":[],"offered":[0.1],"ticked":[0.1]}}',
    ),
    ("alerts.json", b'{"at":1796006953.5,"known":["a/spike","b"]}'),
)


def _remembered(root: Path, name: str) -> Callable[[bytes], Iterator[str]]:
    """What the interface keeps between sessions: what makes no sense is as if nothing were kept, and nothing is said."""
    root.mkdir(parents=True)
    lab = Lab(Workspace(root))
    path = workspace_state_file(root, name)
    path.parent.mkdir(parents=True, exist_ok=True)

    def take(raw: bytes) -> Iterator[str]:
        path.write_bytes(raw)
        KeptBoard(path).read()
        remembered_view(root)
        remembered_plan(root)
        assert Alerts(lab).looked
        yield ""

    return take
