"""What each rank does of a whole, without processes: two ranks are two threads here."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from engine.errors import InputError
from engine.optim import muon
from engine.optim.muon import Muon
from engine.optim.orthogonal import QUINTIC, orthogonalize
from engine.ranks.place import ALONE, RankPlace, rank_place
from engine.ranks.ranks import Ranks
from engine.spec.config import resolve
from engine.spec.devices import too_many_devices


class Meeting:
    """Where the ranks of one process meet."""

    def __init__(self, count: int) -> None:
        self.barrier = threading.Barrier(count, timeout=20)
        self.brought: list[Tensor] = [torch.empty(0)] * count


class Thread(Ranks):
    def __init__(self, place: RankPlace, meeting: Meeting) -> None:
        super().__init__(place)
        self._meeting = meeting

    def gather(self, mine_BMN: Tensor) -> Tensor:
        self._meeting.brought[self.place.rank] = mine_BMN.clone()
        self._meeting.barrier.wait()
        whole = torch.cat(self._meeting.brought)
        self._meeting.barrier.wait()
        return whole


def on_ranks(count: int, work: Callable[[Ranks], Any]) -> list[Any]:
    """What each of so many ranks comes to."""
    meeting, found = Meeting(count), [None] * count

    def one(rank: int) -> None:
        found[rank] = work(Thread(RankPlace(rank, count, rank), meeting))

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@given(st.integers(1, 9), st.integers(0, 40))
def test_shares_are_neighbours_and_about_equal(count: int, number: int) -> None:
    shares = [Ranks(RankPlace(rank, count, rank)).share(number) for rank in range(count)]
    assert [thing for share in shares for thing in share] == list(range(number))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def weights_after_two_steps(ranks: Ranks, idle: str, products: torch.dtype = torch.float32) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(3)
    shapes = {"stack": (5, 8, 12), "one": (8, 12), "other": (6, 6)}
    parameters = {name: torch.randn(shape, generator=draw).requires_grad_() for name, shape in shapes.items()}
    optimizer = Muon(
        parameters,
        momentum=0.9,
        nesterov=True,
        coefficients=[QUINTIC] * 5,
        decay=dict.fromkeys(shapes, 0.1),
        freeze_idle=idle == "frozen",
        products=products,
        ranks=ranks,
    )
    for _ in range(2):
        for parameter in parameters.values():
            parameter.grad = torch.randn(parameter.shape, generator=draw)
        assert parameters["stack"].grad is not None
        parameters["stack"].grad[2] = 0.0  # an expert that no token reached
        optimizer.step(0.1)
    return {name: p.detach() for name, p in parameters.items()} | optimizer.state()


@pytest.mark.parametrize("products", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("idle", ["frozen", "momentum"])
@pytest.mark.parametrize("count", [2, 3])
def test_muon_in_shares_moves_bit_for_bit_as_alone(count: int, idle: str, products: torch.dtype) -> None:
    alone = weights_after_two_steps(Ranks(), idle, products)
    for found in on_ranks(count, lambda ranks: weights_after_two_steps(ranks, idle, products)):
        assert all(torch.equal(found[name], value) for name, value in alone.items())


def test_each_rank_orthogonalizes_its_share_only(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def counted(*arguments: Any) -> Tensor:
        done.append(threading.current_thread().name)
        whole: Tensor = orthogonalize(*arguments)
        return whole

    monkeypatch.setattr(muon, "orthogonalize", counted)
    on_ranks(2, lambda ranks: weights_after_two_steps(ranks, "frozen"))
    assert sorted(done.count(name) for name in set(done)) == [
        2 * 2,
        2 * (3 + 1),
    ]  # 5 matrices of one shape move, 1 of the other


TORCHRUN = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


def test_a_rank_learns_its_place_from_the_environment_that_torchrun_sets() -> None:
    assert rank_place(TORCHRUN) == RankPlace(1, 2, 1)
    assert rank_place({}) == rank_place(TORCHRUN | {"WORLD_SIZE": "1"}) == ALONE


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"MASTER_PORT": ""}, "MASTER_PORT"),
        ({"RANK": "two"}, "whole numbers"),
        ({"RANK": "2"}, "from 0 to 1"),
        ({"LOCAL_RANK": "-1"}, "LOCAL_RANK"),
    ],
)
def test_a_place_that_makes_no_sense_is_an_error_in_a_line(wrong: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        rank_place(TORCHRUN | wrong)


def test_too_many_devices_are_refused_with_settings_that_do_the_same() -> None:
    config = resolve({"training": {"batch_size": 16, "accumulation": 1}})
    assert too_many_devices(config, 1) == ""
    assert "--set training.batch_size=4 --set training.accumulation=4 " in too_many_devices(config, 4)
    assert "--set training.batch_size=4 --set training.accumulation=4 " in too_many_devices(config, 3)
    assert "16 sequences allow 16 at most" in too_many_devices(config, 17)
