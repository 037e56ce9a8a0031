"""The chunked cross-entropy against torch's on whole logits, however the rows fall into chunks and blocks."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.model import loss as loss_module
from engine.model.loss import predict

VOCABULARY = 11


@pytest.fixture(params=[(1024, 1 << 20), (7, 3 * VOCABULARY), (5, 1)], ids=["whole", "pieces", "single rows"])
def _pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    chunk, block = request.param
    monkeypatch.setattr(loss_module, "CHUNK", chunk)
    monkeypatch.setattr(loss_module, "BLOCK", block)


def drawn(dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(3)
    hidden = torch.randn(3, 6, 4, generator=draw).to(dtype).requires_grad_()
    head = torch.randn(VOCABULARY, 4, generator=draw).requires_grad_()
    return hidden, head, torch.randint(VOCABULARY, (3, 6), generator=draw)


@pytest.mark.usefixtures("_pieces")
@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-5), (torch.bfloat16, 3e-2)])
def test_loss_gradients_and_hits_are_those_of_whole_logits(dtype: torch.dtype, close: float) -> None:
    hidden, head, tokens = drawn(dtype)
    found = predict(hidden, head, tokens)
    (found.loss_sum / 5).backward()
    mine, head_gradient = hidden.grad, head.grad
    hidden.grad = head.grad = None
    logits = hidden[:, :-1].float() @ head.T
    expected = functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="sum")
    (expected / 5).backward()
    torch.testing.assert_close(found.loss_sum, expected, rtol=close, atol=close)
    torch.testing.assert_close(mine, hidden.grad, rtol=close, atol=close)
    torch.testing.assert_close(head_gradient, head.grad, rtol=close, atol=close)
    assert found.correct == (logits.argmax(dim=-1) == tokens[:, 1:]).sum()
    assert found.count == 15


@pytest.mark.usefixtures("_pieces")
def test_without_gradients_it_scores_the_same() -> None:
    hidden, head, tokens = drawn(torch.float32)
    trained = predict(hidden, head, tokens)
    with torch.no_grad():
        scored = predict(hidden, head, tokens)
    torch.testing.assert_close(scored.loss_sum, trained.loss_sum)
    assert scored.correct == trained.correct


def test_gradients_add_up_over_micro_batches_and_with_those_of_a_tied_embedding() -> None:
    _, head, tokens = drawn(torch.float32)
    for _ in range(2):
        embedded = functional.embedding(tokens, head, sparse=True)
        predict(embedded, head, tokens).loss_sum.backward()
    assert head.grad is not None
    assert not head.grad.is_sparse
    logits = functional.embedding(tokens, head)[:, :-1] @ head.T
    expected = functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="sum")
    (gradient,) = torch.autograd.grad(expected, head)
    torch.testing.assert_close(head.grad, 2 * gradient, rtol=1e-5, atol=1e-5)
