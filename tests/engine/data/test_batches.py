"""Batches of a token file: the same order whoever asks, and memory that does not grow with the file."""

import os
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.data.batches import Sequences, TrainingOrder, in_order
from engine.data.feed import AHEAD, TrainingFeed
from engine.data.token_file import TokenFile
from tests.conftest import eventually

CPU = torch.device("cpu")


def numbered(path: Path, count: int, length: int = 4) -> Sequences:
    """Sequences of which the nth holds nothing but n, and a rest."""
    np.repeat(np.arange(count, dtype="<u2"), length).tofile(path)
    with path.open("ab") as file:
        np.zeros(length - 1, dtype="<u2").tofile(file)
    return Sequences(TokenFile(path, "<u2"), length, CPU)


def test_sequences_are_whole_and_the_rest_is_left_over(tmp_path: Path) -> None:
    sequences = numbered(tmp_path / "tokens", 10)
    assert (len(sequences), sequences.left_over) == (10, 3)
    batches = [sequences.batch(np.array(indices)).tolist() for indices in in_order(sequences, 4, 0)]
    assert batches == [[[n] * 4 for n in part] for part in ([0, 1, 2, 3], [4, 5, 6, 7], [8, 9])]
    assert sum(len(batch) for batch in in_order(sequences, 4, 5)) == 5


@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_every_epoch_has_every_sequence_once(count: int, size: int, seed: int) -> None:
    order = TrainingOrder(count, seed)
    drawn = np.concatenate([order.at(position, size) for position in range(0, 3 * count, size)])
    for epoch in range(3):
        assert sorted(drawn[epoch * count : (epoch + 1) * count]) == list(range(count))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8))
def test_a_batch_follows_from_its_position_alone(tmp_path_factory: pytest.TempPathFactory, updates: list[int]) -> None:
    sequences = numbered(tmp_path_factory.mktemp("order") / "tokens", 11)
    feed, order = TrainingFeed(sequences, 5, 3), TrainingOrder(11, 5)
    for update in updates:  # in any order, as after a resume, and several times
        assert feed.at(3 * update)[:, 0].tolist() == order.at(3 * update, 3).tolist()


def test_the_feed_reads_ahead_of_the_trainer(tmp_path: Path) -> None:
    sequences = numbered(tmp_path / "tokens", 50)
    feed = TrainingFeed(sequences, 1, 2)
    asked: list[list[int]] = []
    read = sequences.read
    sequences.read = lambda indices: asked.append(indices.tolist()) or read(indices)  # type: ignore[method-assign,func-returns-value]
    for update in range(3):
        feed.at(2 * update)
    eventually(lambda: len(asked) == 3 + AHEAD)
    assert asked == [TrainingOrder(50, 1).at(2 * n, 2).tolist() for n in range(len(asked))]
    assert feed.waited > 0


def test_a_feed_that_knows_the_order_of_its_positions_reads_no_batch_in_vain(tmp_path: Path) -> None:
    sequences = numbered(tmp_path / "tokens", 100)
    feed = TrainingFeed(sequences, 1, 2, lambda position: position + (2 if position % 8 == 0 else 6))
    asked: list[list[int]] = []
    read = sequences.read
    sequences.read = lambda indices: asked.append(indices.tolist()) or read(indices)  # type: ignore[method-assign,func-returns-value]
    for position in (0, 2, 8, 10):
        feed.at(position)
    eventually(lambda: len(asked) == 4 + AHEAD)
    assert asked == [TrainingOrder(100, 1).at(n, 2).tolist() for n in (0, 2, 8, 10, 16, 18, 24, 26)]


def test_a_file_that_was_cut_short_is_an_error_that_names_it(tmp_path: Path) -> None:
    sequences = numbered(tmp_path / "tokens", 50)
    os.truncate(tmp_path / "tokens", 100)
    with pytest.raises(OSError, match="ends before its tokens do") as caught:
        TrainingFeed(sequences, 1, 50).at(0)
    assert caught.value.filename == str(tmp_path / "tokens")


def test_ten_gigabytes_of_tokens_train_in_constant_memory(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.touch()
    os.truncate(path, 10 * 2**30)  # a hole: it takes no room on the disk, but every byte can be read
    me = psutil.Process()
    sequences = Sequences(TokenFile(path, "<u2"), 512, CPU)
    assert len(sequences) == 10 * 2**20
    before = me.memory_info().rss
    feed = TrainingFeed(sequences, 1, 24)
    most = 0
    for update in range(2000):  # through a map these would show up as 3 GB
        assert feed.at(24 * update).shape == (24, 512)
        most = max(most, me.memory_info().rss)
    order = 8 * len(sequences)
    assert most - before < order + 64 * 2**20
