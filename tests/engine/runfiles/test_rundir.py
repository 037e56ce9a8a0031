from pathlib import Path

import pytest

from engine.runfiles.jsonfile import DamagedFile, write_file
from engine.runfiles.rundir import Result, RunDir, RunFile, Scores
from engine.spec.config import RunConfig


def test_the_configuration_of_a_run_survives_the_disk(tmp_path: Path) -> None:
    written = RunFile(id="r", name="n", created=1.5, point={"optimizer.lr": 0.1}, config=RunConfig(seed=4))
    write_file(tmp_path / "config.json", written)
    assert RunDir(tmp_path).config() == written
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_a_result_keeps_its_infinite_perplexity(tmp_path: Path) -> None:
    scores = Scores(update=3, val_loss=800.0, val_accuracy=0.0, val_perplexity=float("inf"))
    written = Result(status="finished", updates=3, ended=2.0, final=scores)
    write_file(tmp_path / "result.json", written, durable=True)
    assert RunDir(tmp_path).result() == written


def test_a_missing_result_is_none(tmp_path: Path) -> None:
    assert RunDir(tmp_path).result() is None


@pytest.mark.parametrize("text", ['{"id": "r", ', "{}", "[]", ""])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(DamagedFile, match=r"config\.json") as caught:
        RunDir(tmp_path).config()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("left", [b"", bytes(300)])
def test_a_state_of_which_a_power_loss_left_the_name_is_none(tmp_path: Path, left: bytes) -> None:
    run = RunDir(tmp_path)
    run.state_file.write_bytes(left)
    assert run.state() is None
    assert run.hardware().device_name == ""
    run.result_file.write_bytes(left)
    with pytest.raises(DamagedFile):
        run.result()
