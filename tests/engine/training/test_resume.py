"""A run that was interrupted, however and whenever, ends with the very losses of one that was not."""

import os
import shutil
import signal
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from engine.runfiles.history import read_records
from engine.runfiles.host import TOKEN_VARIABLE
from engine.runfiles.jsonfile import write_file
from engine.runfiles.metrics import Record
from engine.runfiles.rundir import Request, Result, RunDir, RunFile
from engine.spec.config import RunConfig
from tests.conftest import eventually
from tests.engine.tiny import make_run, start, tiny_config, train, with_python, write_corpus

pytestmark = pytest.mark.slow

UPDATES = 30
# Everything that draws from a random generator or carries state from update to update.
SETTINGS: dict[str, Any] = {
    "training.updates": UPDATES,
    "training.checkpoint_updates": 3,
    "training.accumulation": 2,
    "evaluation.every": 5,
    "model.dropout": 0.2,
    "model.router_noise": 0.3,
    "schedule.kind": "plateau",
    "schedule.plateau_patience": 1,
    "schedule.plateau_threshold": 0.01,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("resume")
    write_corpus(place / "corpus.jsonl")
    return place


@pytest.fixture(scope="module")
def config(place: Path) -> RunConfig:
    return tiny_config(place / "corpus.jsonl", SETTINGS)


@pytest.fixture(scope="module")
def uninterrupted(place: Path, config: RunConfig) -> RunDir:
    run = make_run(place / "uninterrupted", config)
    code, output = train(run)
    assert code == 0, output
    return run


def records(run: RunDir) -> list[Record]:
    return read_records(run.metrics_file)


def curves(run: RunDir) -> dict[str, list[tuple[int, Any]]]:
    """Everything that the updates and evaluations came to; times and machine apart."""
    keys = ("train_loss", "train_accuracy", "grad_norm", "lr", "adamw_lr", "val_loss", "val_accuracy", "expert_load")
    return {key: [(r["update"], r[key]) for r in records(run) if key in r] for key in keys}


def result(run: RunDir) -> Result:
    found = run.result()
    assert found is not None
    return found


def assert_same(run: RunDir, other: RunDir) -> None:
    assert curves(run) == curves(other)
    assert len(curves(run)["train_loss"]) == UPDATES
    for key in ("status", "update", "tokens"):
        assert getattr(result(run), key) == getattr(result(other), key)
    for scores in ("final", "best"):
        one, two = getattr(result(run), scores), getattr(result(other), scores)
        assert one.model_copy(update={"seconds": None}) == two.model_copy(update={"seconds": None})
    for kind in ("last", "best"):
        weights = [(r.checkpoints / kind / "model.safetensors").read_bytes() for r in (run, other)]
        assert weights[0] == weights[1]


def updates_done(run: RunDir) -> int:
    return max((record["update"] for record in records(run)), default=0)


def interrupt(run: RunDir, at: int, number: signal.Signals) -> str:
    """Let the run go on to about update `at` and send it a signal; its output."""
    process = start(run)
    eventually(lambda: updates_done(run) >= at or process.poll() is not None, seconds=300, what=f"update {at}")
    process.send_signal(number)
    output, _ = process.communicate(timeout=300)
    return output


@pytest.mark.long
def test_killed_again_and_again_it_ends_as_if_nothing_had_happened(
    place: Path, config: RunConfig, uninterrupted: RunDir
) -> None:
    run = make_run(place / "killed", config)
    draw = Random(int.from_bytes(os.urandom(4)))
    moments = sorted(draw.sample(range(1, UPDATES - 2), 3))
    print("killed at about", moments)  # shown if the test fails
    for moment in moments:
        interrupt(run, moment, signal.SIGKILL)
        assert run.result() is None
    code, output = train(run)
    assert code == 0, output
    assert "goes on after update" in output
    assert_same(run, uninterrupted)


def test_stopped_and_resumed_it_ends_as_if_nothing_had_happened(
    place: Path, config: RunConfig, uninterrupted: RunDir
) -> None:
    run = make_run(place / "stopped", config)
    for at in (4, 16):
        output = interrupt(run, at, signal.SIGTERM)
        assert result(run).status == "stopped", output
    code, output = train(run)
    assert code == 0, output
    assert result(run).session == 3
    assert_same(run, uninterrupted)


def test_a_stop_in_the_middle_of_starting_keeps_what_the_run_had(place: Path, config: RunConfig) -> None:
    run = make_run(place / "early", config)
    interrupt(run, 7, signal.SIGTERM)
    before = result(run)
    process = start(run)
    eventually(lambda: (state := run.state()) is not None and state.session == 2, seconds=300, what="it speaks")
    process.terminate()
    process.communicate(timeout=300)
    assert result(run).update >= before.update
    assert result(run).best is not None


def killed_while_writing(place: Path, name: str, config: RunConfig, call: str, nth: int) -> RunDir:
    """A run whose process dies, as by a kill, at the nth call of a function while it writes checkpoints."""
    run = make_run(place / name, config)
    deadly = f"""
import os, pathlib, shutil, signal
calls = []
def deadly(original):
    def call(*arguments, **named):
        if "checkpoints" in str(arguments[0]):
            calls.append(1)
            if len(calls) == {nth}:
                os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **named)
    return call
{call} = deadly({call})
"""
    process = start(run, **with_python(deadly, place / f"deadly-{name}"))
    output, _ = process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL, output
    return run


@pytest.mark.parametrize(
    ("call", "nth"),
    [
        pytest.param("pathlib.Path.mkdir", 4, marks=pytest.mark.long),  # before anything is written
        ("pathlib.Path.rename", 4),  # everything is written, nothing has its name
        pytest.param(
            "pathlib.Path.symlink_to", 4, marks=pytest.mark.long
        ),  # it has its name, the link still leads to the old one
        pytest.param("shutil.rmtree", 3, marks=pytest.mark.long),  # while the old one is removed
    ],
)
def test_killed_while_it_writes_a_checkpoint(
    place: Path, config: RunConfig, uninterrupted: RunDir, call: str, nth: int
) -> None:
    run = killed_while_writing(place, call.rpartition(".")[2], config, call, nth)
    code, output = train(run)
    assert code == 0, output
    assert "goes on after update" in output
    assert_same(run, uninterrupted)
    assert not list(run.checkpoints.glob(".*"))


def damage(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(
    place: Path, config: RunConfig, uninterrupted: RunDir
) -> None:
    run = make_run(place / "damaged", config)
    interrupt(run, 10, signal.SIGTERM)
    damage(run.checkpoints / "last" / "training.safetensors")
    code, output = train(run)
    assert code == 0, output
    assert "training.safetensors is not what was written" in output
    assert "damaged-checkpoint" in {finding.kind for finding in result(run).findings}
    assert_same(run, uninterrupted)


@pytest.mark.long
def test_a_run_of_which_nothing_whole_is_left_does_not_start_over_in_silence(place: Path, config: RunConfig) -> None:
    run = make_run(place / "ruined", config)
    interrupt(run, 10, signal.SIGTERM)
    for path in run.checkpoints.glob("last-*"):
        damage(path / "model.safetensors")
    code, output = train(run)
    assert code == 1
    assert result(run).status == "stopped"  # as it was
    assert "none is left to go on from" in result(run).reason
    assert "Traceback" not in output


def change(run: RunDir, **settings: Any) -> None:
    entry = run.config()
    tree = orjson.loads(entry.config.model_dump_json())
    for key, value in settings.items():
        section, _, leaf = key.partition("__")
        tree[section][leaf] = value
    write_file(
        run.config_file, RunFile.model_validate_json(orjson.dumps({**entry.model_dump(mode="json"), "config": tree}))
    )


def test_a_checkpoint_of_another_configuration_is_refused(place: Path, config: RunConfig) -> None:
    run = make_run(place / "changed", config)
    interrupt(run, 5, signal.SIGTERM)
    done = result(run).update
    change(run, optimizer__lr=0.5, schedule__floor=0.2, training__log_every=7)
    code, output = train(run)
    assert code == 1, output
    assert "another configuration (optimizer.lr, schedule.floor)" in result(run).reason
    assert result(run).update == done


@pytest.mark.long
def test_what_decides_only_when_things_are_written_may_change(
    place: Path, config: RunConfig, uninterrupted: RunDir
) -> None:
    run = make_run(place / "quiet", config)
    interrupt(run, 5, signal.SIGTERM)
    change(run, training__log_every=1000, training__checkpoint_updates=0)
    code, output = train(run)
    assert code == 0, output
    assert curves(run)["val_loss"] == curves(uninterrupted)["val_loss"]


@pytest.mark.long
def test_tokens_in_the_cache_need_no_text(place: Path, config: RunConfig, uninterrupted: RunDir) -> None:
    text = place / "gone.jsonl"
    shutil.copyfile(place / "corpus.jsonl", text)
    run = make_run(place / "moved", tiny_config(text, SETTINGS))
    interrupt(run, 5, signal.SIGTERM)
    text.unlink()
    code, output = train(run)
    assert code == 0, output
    assert_same(run, uninterrupted)


@pytest.mark.long
def test_a_run_that_cannot_go_on_stays_as_it_was(place: Path) -> None:
    corpus = place / "other.jsonl"
    write_corpus(corpus)
    run = make_run(place / "other", tiny_config(corpus, SETTINGS))
    interrupt(run, 5, signal.SIGTERM)
    before = result(run)
    shutil.rmtree(place / "cache")
    write_corpus(corpus, documents=230)
    for reason in ("the data are not those of the checkpoint", "nothing matches"):
        code, output = train(run, **{TOKEN_VARIABLE: reason})
        assert code == 1, output
        assert reason in result(run).reason
        assert result(run).token == reason  # by which it is known to be the word of this process
        assert result(run).model_copy(update={"reason": before.reason, "token": before.token}) == before
        corpus.unlink(missing_ok=True)
        shutil.rmtree(place / "cache")


def test_a_finished_run_says_so(place: Path, config: RunConfig, uninterrupted: RunDir) -> None:
    run = RunDir(place / "finished")
    shutil.copytree(uninterrupted.path, run.path, symlinks=True)
    code, output = train(run)
    assert code == 2
    assert "this run has finished" in output
    assert result(run) == result(uninterrupted)


def test_killed_after_the_last_update_it_only_writes_its_result(
    place: Path, config: RunConfig, uninterrupted: RunDir
) -> None:
    run = RunDir(place / "nearly")
    shutil.copytree(uninterrupted.path, run.path, symlinks=True)
    run.result_file.unlink()
    code, output = train(run)
    assert code == 0, output
    assert_same(run, uninterrupted)


def test_only_what_can_be_needed_is_kept(config: RunConfig, uninterrupted: RunDir) -> None:
    names = {path.name for path in uninterrupted.checkpoints.iterdir()}
    lasts = {name for name in names if name.startswith("last-")}
    assert len(lasts) == 2  # the newest and one to fall back to, written when the writer was free
    assert f"last-{UPDATES:06d}" in lasts
    assert {"last", "best"} < names
    assert len(names) <= 6


@pytest.mark.long
def test_a_paused_run_goes_on_with_the_same_losses(place: Path, config: RunConfig, uninterrupted: RunDir) -> None:
    run = make_run(place / "paused", config)
    process = start(run, MOETUI_RUN_TOKEN="ours")
    eventually(lambda: any(record["update"] > 4 for record in records(run)))
    write_file(run.request_file, Request(stop=True, pause=True, asked=0.0, token="ours"))
    process.communicate(timeout=100)
    assert result(run).status == "stopped"
    assert 4 < result(run).update < UPDATES
    assert train(run, MOETUI_RUN_TOKEN="next")[0] == 0
    assert_same(run, uninterrupted)
