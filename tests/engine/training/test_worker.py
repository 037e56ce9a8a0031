import time
from pathlib import Path

import pytest

from engine.runfiles.jsonfile import write_file
from engine.runfiles.locks import run_lock_holder
from engine.runfiles.metrics import MetricsReader, Record
from engine.runfiles.rundir import Request, RunDir
from tests.conftest import eventually
from tests.engine.tiny import make_run, start, tiny_config, train, with_python, write_corpus


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus.jsonl")


def records(run: RunDir) -> list[Record]:
    return MetricsReader(run.metrics_file).read()


def test_a_run_trains_to_its_end_at_the_planned_learning_rates(tmp_path: Path, corpus: Path) -> None:
    config = tiny_config(corpus, {"schedule.warmup": 0.5, "optimizer.adamw_ratio": 0.25})
    run = make_run(tmp_path / "run", config)
    code, output = train(run)
    assert code == 0, output
    result = run.result()
    assert result is not None
    assert (result.status, result.update, result.tokens) == ("finished", 6, config.tokens)
    assert (result.device, result.dtype) == ("cpu", "float32")
    assert result.final is not None
    assert result.final.update == 6
    logged = [record for record in records(run) if "lr" in record]
    assert [record["update"] for record in logged] == [1, 2, 3, 4, 5, 6]
    assert [record["lr"] for record in logged] == [config.lr_at(update) for update in range(1, 7)]
    assert [record["adamw_lr"] for record in logged] == [0.25 * config.lr_at(update) for update in range(1, 7)]
    assert all(record["clipped"] == (record["grad_norm"] > 1.0) for record in logged)
    assert all(record["peak_memory"] > 0 for record in logged)
    assert all("mfu" not in record for record in logged)  # of a CPU the peak is not known
    assert [record["update"] for record in records(run) if "val_loss" in record] == [0, 3, 6]
    assert (run.checkpoints / "last" / "training.safetensors").is_file()
    assert (run.checkpoints / "best" / "model.safetensors").is_file()
    state = run.state()
    assert state is not None
    length = config.data.sequence_length
    assert state.validation_tokens
    assert f"{state.validation_tokens // length:,} sequences of {length} tokens" in output
    assert state.validation_tokens % length == 0


def test_a_plateau_schedule_halves_the_rate_when_evaluations_bring_no_gain(tmp_path: Path, corpus: Path) -> None:
    never = {"schedule.plateau_threshold": 0.99, "schedule.plateau_patience": 1, "schedule.warmup": 0.0}
    config = tiny_config(corpus, {"schedule.kind": "plateau", **never, "evaluation.every": 2, "training.updates": 8})
    run = make_run(tmp_path / "run", config)
    assert train(run)[0] == 0
    scales = [record["lr"] / config.optimizer.lr for record in records(run) if "lr" in record]
    assert scales == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25]


def test_the_same_configuration_and_seed_give_the_same_losses(tmp_path: Path, corpus: Path) -> None:
    losses = []
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        run = make_run(tmp_path / name, tiny_config(corpus, {"seed": seed, "model.dropout": 0.1}))
        assert train(run)[0] == 0
        losses.append([(r.get("train_loss"), r.get("val_loss")) for r in records(run)])
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


@pytest.mark.parametrize("checkpoints", [{"training.checkpoint_updates": 1}, {"training.checkpoint_seconds": 1e-6}])
def test_which_updates_have_a_record_follows_from_the_configuration(
    tmp_path: Path, corpus: Path, checkpoints: dict[str, float]
) -> None:
    settings = {"training.log_every": 5, "training.updates": 17, "evaluation.every": 8, **checkpoints}
    run = make_run(tmp_path / "run", tiny_config(corpus, settings))
    assert train(run)[0] == 0
    assert [record["update"] for record in records(run)] == [0, 5, 8, 10, 15, 16, 17]


@pytest.mark.parametrize("checkpoint_updates", [0, 1])
def test_a_divergence_is_found_at_the_same_update_whatever_is_written_meanwhile(
    tmp_path: Path, corpus: Path, checkpoint_updates: int
) -> None:
    settings = {"optimizer.lr": 1e6, "training.updates": 40, "training.log_every": 16, "evaluation.every": 100}
    run = make_run(
        tmp_path / "run", tiny_config(corpus, settings | {"training.checkpoint_updates": checkpoint_updates})
    )
    assert train(run)[0] == 4
    result = run.result()
    assert result is not None
    assert result.update == 16
    assert [record["update"] for record in records(run)] == [0, 16]


def test_a_learning_rate_of_a_million_ends_diverged(tmp_path: Path, corpus: Path) -> None:
    run = make_run(tmp_path / "run", tiny_config(corpus, {"optimizer.lr": 1e6, "training.updates": 40}))
    code, output = train(run)
    result = run.result()
    assert code == 4, output
    assert result is not None
    assert result.status == "diverged"
    assert result.final is None
    assert result.findings
    assert result.reason == result.findings[-1].evidence
    assert "Traceback" not in output


def test_without_a_gain_it_ends_early_and_names_the_best(tmp_path: Path, corpus: Path) -> None:
    patience = {"evaluation.every": 2, "evaluation.patience": 2, "evaluation.min_delta": 100.0}
    run = make_run(tmp_path / "run", tiny_config(corpus, {**patience, "training.updates": 50}))
    code, output = train(run)
    assert code == 0, output
    result = run.result()
    assert result is not None
    assert (result.status, result.stopped_early, result.update) == ("finished", True, 6)
    assert result.best is not None
    assert f"at update {result.best.update}, in checkpoints/best" in result.reason
    assert (run.checkpoints / "best").resolve().name == f"best-{result.best.update:06d}"


def test_a_run_that_ends_early_ends_with_the_scores_of_its_best(tmp_path: Path, corpus: Path) -> None:
    rising = {"optimizer.lr": 2.0, "health.stop_on_divergence": False, "schedule.kind": "constant"}
    patience = {"evaluation.every": 1, "evaluation.patience": 2}
    run = make_run(tmp_path / "run", tiny_config(corpus, {**rising, **patience, "training.updates": 50}))
    code, output = train(run)
    assert code == 0, output
    result = run.result()
    assert result is not None
    assert result.best is not None
    assert result.stopped_early
    assert result.best.update < result.update
    assert result.final == result.best


def test_a_directory_that_is_no_run_is_refused_in_a_line(tmp_path: Path) -> None:
    for name, text in (("empty", None), ("damaged", "{}")):
        (tmp_path / name).mkdir()
        if text is not None:
            (tmp_path / name / "config.json").write_text(text)
        code, output = train(RunDir(tmp_path / name))
        assert code == 2
        assert len(output.splitlines()) == 1
        assert "config.json" in output


def test_a_disk_that_refuses_checkpoints_costs_the_run_its_checkpoints_alone(tmp_path: Path, corpus: Path) -> None:
    assert train(make_run(tmp_path / "before", tiny_config(corpus)))[0] == 0  # fills the cache
    run = make_run(tmp_path / "run", tiny_config(corpus, {"training.checkpoint_updates": 2}))
    run.checkpoints.write_text("in the way")
    code, output = train(run)
    assert code == 0, output
    result = run.result()
    assert result is not None
    assert result.status == "finished"
    assert {finding.kind for finding in result.findings} == {"no-last-checkpoint", "no-best-checkpoint"}
    assert "File exists" in result.findings[0].evidence


def test_a_disk_too_full_for_metrics_makes_the_run_wait_and_it_can_be_stopped(tmp_path: Path, corpus: Path) -> None:
    config = tiny_config(corpus, {"training.updates": 12})
    assert train(make_run(tmp_path / "before", config))[0] == 0
    run = make_run(tmp_path / "run", config)
    process = start(run, **with_python(no_room_after(2500), tmp_path / "small"))

    def message() -> str:
        state = run.state()
        return state.message if state else ""

    eventually(lambda: message().startswith("disk full"), what="the run says that the disk is full")
    process.terminate()
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    result = run.result()
    assert result is not None
    assert result.status in ("stopped", "finished")
    assert "disk full: " in result.reason
    assert "Traceback" not in output
    code, output = train(run)
    if result.status == "stopped":
        assert code == 0, output
        assert max(r["update"] for r in records(run) if r["session"] == 2 and "train_loss" in r) == 12


def no_room_after(size: int) -> str:
    """Code that lets the disk of a process be full as soon as its measurements take `size` bytes."""
    return f"""
import errno, os
write = os.write
def refusing(descriptor, raw):
    if os.fstat(descriptor).st_size > {size} and os.readlink(f"/proc/self/fd/{{descriptor}}").endswith("metrics.jsonl"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return write(descriptor, raw)
os.write = refusing
"""


def test_a_run_can_be_scored_on_sequences_that_it_trains_on(tmp_path: Path, corpus: Path) -> None:
    run = make_run(tmp_path / "run", tiny_config(corpus, {"data.split": "overlap", "evaluation.max_sequences": 8}))
    code, output = train(run)
    assert code == 0, output
    assert "the last 0 tokens fill no sequence" in output
    result = run.result()
    assert result is not None
    assert result.status == "finished"


def test_sigterm_stops_a_run_with_a_last_checkpoint(tmp_path: Path, corpus: Path) -> None:
    run = make_run(tmp_path / "run", tiny_config(corpus, {"training.updates": 100_000}))
    process = start(run)
    eventually(lambda: len(records(run)) > 3, what="the run gets going")
    assert run_lock_holder(run.run_lock) == process.pid
    write_file(run.request_file, Request(stop=True, reason="it falls behind", asked=time.time()))
    process.terminate()
    output, _ = process.communicate(timeout=60)
    result = run.result()
    assert process.returncode == 0, output
    assert result is not None
    assert (result.status, result.reason) == ("stopped", "it falls behind")
    assert records(run)[-1]["update"] == result.update
    assert (run.checkpoints / "last").resolve().name == f"last-{result.update:06d}"
