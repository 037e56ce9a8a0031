"""What a run is trained on and what it is scored on."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.data.arrays import CorpusFile
from engine.data.corpus import Corpus
from engine.data.sides import overlapping, sides
from engine.data.token_file import TokenFile
from engine.errors import InputError
from engine.spec.config import DataConfig

CPU = torch.device("cpu")
LENGTH = 8


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Training tokens 0 to 99 and validation tokens 1000 to 1029."""
    files = {}
    for side, first, count in (("train", 0, 100), ("validation", 1000, 30)):
        np.arange(first, first + count, dtype="<u2").tofile(tmp_path / side)
        files[side] = TokenFile(tmp_path / side, "<u2")
    about = CorpusFile(
        fingerprint="f", vocabulary=2000, end_of_text=None, dtype="<u2",
        train_documents=1, validation_documents=1, train_tokens=100, validation_tokens=30,
    )  # fmt: skip
    return Corpus("f", files["train"], files["validation"], about, tmp_path)


def test_by_document_no_token_is_on_both_sides(corpus: Corpus) -> None:
    training, validation = sides(corpus, DataConfig(sequence_length=LENGTH), CPU)
    assert training.batch(np.array([0, 11])).tolist() == [list(range(8)), list(range(88, 96))]
    assert validation.batch(np.array([2])).tolist() == [list(range(1016, 1024))]
    assert (len(training), training.left_over, len(validation), validation.left_over) == (12, 4, 3, 6)


def test_overlapping_every_place_begins_a_sequence_of_one_side(corpus: Corpus) -> None:
    config = DataConfig(sequence_length=LENGTH, split="overlap", validation_fraction=0.2)
    training, validation = sides(corpus, config, CPU)
    assert (len(training), len(validation)) == (93 - 19, 19)
    rows = [side.batch(np.arange(len(side))) for side in (training, validation)]
    starts = [side[:, 0].tolist() for side in rows]
    assert sorted(starts[0] + starts[1]) == list(range(93))
    assert all(torch.equal(row, torch.arange(8) + row[0]) for row in torch.cat(rows))
    again = sides(corpus, config, CPU)[1]
    assert again.batch(np.arange(len(again))).tolist() == rows[1].tolist()
    seen = set(rows[0].flatten().tolist())
    held_out = rows[1].flatten().tolist()
    assert sum(token in seen for token in held_out) > 0.95 * len(held_out)  # the fault that it repeats


@given(st.integers(0, 60), st.floats(0.001, 0.5))
def test_both_sides_have_a_sequence_or_it_is_refused(tokens: int, fraction: float) -> None:
    if tokens < LENGTH + 1:
        with pytest.raises(InputError, match="too little text"):
            overlapping(tokens, LENGTH, fraction)
        return
    training, held_out = overlapping(tokens, LENGTH, fraction)
    assert len(training) > 0
    assert len(held_out) > 0
    assert sorted([*training, *held_out]) == list(range(tokens - LENGTH + 1))
