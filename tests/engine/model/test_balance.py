"""Balance by the routers' biases, which depends on the counts of assignments alone."""

from random import Random

import pytest
import torch
from torch import nn

from engine.model.router import Router
from tests.engine.model.small import CONFIG

WIDTH = 16
RATE = 0.05


def bias_after(assignments: list[list[int]], experts: int) -> list[float]:
    """The biases after an update whose micro-batches send one token to each of the experts listed."""
    changes = {"d_model": WIDTH, "router": "sigmoid", "n_experts": experts, "top_k": 1, "balance_rate": RATE}
    router = Router(CONFIG.model_copy(update=changes))
    nn.init.eye_(router.weight)
    for micro in assignments:
        assert router(9 * torch.eye(WIDTH)[micro]).experts_TK.flatten().tolist() == micro
    router.balance()
    assert router.bias_E is not None
    return [round(bias / RATE, 6) for bias in router.bias_E.tolist()]


def shuffled(experts: int, each: int) -> list[int]:
    order = list(range(experts)) * each
    Random(experts).shuffle(order)
    return order


@pytest.mark.parametrize("experts", range(2, WIDTH + 1))
def test_no_bias_moves_if_every_expert_got_its_share(experts: int) -> None:
    order = shuffled(experts, 7)
    micros = [order[start : start + experts] for start in range(0, len(order), experts)]
    assert bias_after(micros, experts) == [0.0] * experts


@pytest.mark.parametrize("experts", range(2, WIDTH + 1))
def test_one_token_too_many_or_too_few_moves_a_bias(experts: int) -> None:
    order = [0 if expert == 1 else expert for expert in range(experts)] + shuffled(experts, 3)
    assert bias_after([order], experts) == [-1.0, 1.0] + [0.0] * (experts - 2)
