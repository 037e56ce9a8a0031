"""`coordcheck` and ladders from the command line."""

from pathlib import Path

import pytest

from moetui.core.planning.ladder import Ladder
from moetui.core.planning.settings import own_settings
from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli
from tests.core.studies.test_transfer import runs
from tests.engine.tiny import write_corpus


def tiny(folder: Path) -> list[str]:
    corpus = write_corpus(folder / "corpus.jsonl")
    settings = {
        "data.source": "files", "data.files": f'["{corpus}"]', "data.tokenizer": "bpe:300", "data.sequence_length": 16,
        "model.vocab_size": 300, "model.d_model": 32, "model.n_heads": 2, "model.d_ff": 48, "model.n_layers": 1,
        "training.batch_size": 4,
    }  # fmt: skip
    return [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]


@pytest.mark.slow
def test_a_coordinate_check_tells_slopes_and_a_verdict(cli: Cli, tmp_path: Path) -> None:
    checked = ["coordcheck", "base/moe-tiny", "--widths", "16,32,64", "--updates", "1,3", *tiny(tmp_path)]
    code, out, err = cli(*checked)
    assert code == 1, err
    assert "FAIL" in out
    assert "RMS of the change after 3 updates" in out
    spectral = ["--set", "model.parametrization=spectral", "--set", "model.base_width=32"]
    found = cli.json(*checked, *spectral)
    assert found["passed"]
    assert {row["update"] for row in found["slopes"] if row["part"] == "logits"} == {1, 3}
    assert [one["width"] for one in found["measured"]] == [16, 32, 64]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--widths", "32"], "two widths or more"),
        (["--widths", "32,x"], "whole numbers"),
        (["--widths", "32,33"], "a width is a multiple of 32"),
        (["--set", "optimizer.lrr=1"], "did you mean optimizer.lr"),
    ],
)
def test_a_check_that_cannot_be_made_is_refused(cli: Cli, arguments: list[str], words: str) -> None:
    code, _, err = cli("coordcheck", "base/moe-tiny", *arguments)
    assert code == 2
    assert words in err


def test_a_study_over_a_ladder_shows_every_size(cli: Cli) -> None:
    ladder = ["study", "quickstart", "--ladder", "width=64,128", "--seeds", "2", "--dry-run"]
    code, out, err = cli(*ladder)
    assert code == 0, err
    assert (out.count("/width=64/"), out.count("/width=128/")) == (6, 6)
    assert "A ladder over width: tokens stay." in err
    assert "tokens per parameter stay" in cli(*ladder, "--per-parameter")[2]
    code, _, err = cli("study", "quickstart", "--ladder", "width=65,128", "--dry-run")
    assert (code, "multiple of 32" in err) == (2, True)


def test_a_study_takes_settings_and_rates(cli: Cli) -> None:
    rates = ["--grid", "optimizer.lr=[0.02,0.04]", "--set", "optimizer.adamw_ratio=0.3"]
    found = cli.json("study", "quickstart", *rates, "--dry-run")
    assert len(found["runs"]) == 2


def test_a_ladder_is_told_with_a_table_sentences_and_a_chart(cli: Cli, lab: Lab) -> None:
    lab.found_catalogue()
    lab.catalogue.add(
        [
            one.record.model_copy(
                update={
                    "id": f"r{place}",
                    "study": "ladder",
                    "settings": own_settings(one.config),
                    "parameters": one.config.model.parameters,
                    "tokens_per_update": one.config.tokens_per_update,
                }
            )
            for place, one in enumerate(runs(Ladder("width", (32, 64, 128, 256)), -0.4))
            if one.config
        ]
    )
    code, out, err = cli("transfer", "study:ladder", "--to", "width=512")
    assert code == 0, err
    assert "lr* ∝ width^-0.4" in out
    assert "At width 512, 2× the largest width tried" in out
    assert "Best learning rate" in out
    (found,) = cli.json("transfer", "study:ladder", "--to", "width=100k")
    assert found["prediction"] is None
    assert [size["size"] for size in found["sizes"]] == [32, 64, 128, 256]
    for wrong, words in (
        ("depth=3", "axes: width"),
        ("width=x", "write an axis and a size"),
        ("batch=8", "differ in batch only"),
    ):
        code, _, err = cli("transfer", "study:ladder", "--to", wrong)
        assert (code, words in err) == (2, True), err
