import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.generate.continuation import continuation, next_logits
from engine.generate.sampling import Sampling, draw, probabilities
from engine.model.cache import Cache
from tests.engine.model.small import END_OF_TEXT, OPTIONS, small_config, small_model

GREEDY = Sampling(temperature=0)
TOKENS = [20, 11, END_OF_TEXT, 33, 12, 9, END_OF_TEXT, 21, 40, 15]


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("steps", [[1] * 10, [4, 1, 1, 3, 1]], ids=["one by one", "in pieces"])
def test_tokens_read_after_a_cache_get_the_logits_of_the_whole_sequence(option: str, steps: list[int]) -> None:
    config = small_config(option)
    model = small_model(config).eval()
    whole = (model(torch.tensor([TOKENS])).hidden_BLD @ model.head.T)[0]
    cache = Cache(config.n_layers)
    for end, step in zip(itertools.accumulate(steps), steps, strict=True):
        logits = next_logits(model, TOKENS[end - step : end], cache)
        torch.testing.assert_close(logits, whole[end - 1].detach(), rtol=1e-5, atol=1e-5)
    assert cache.length == len(TOKENS)


def test_a_full_window_goes_on_from_its_newer_half() -> None:
    config = small_config("reference")
    model = small_model(config).eval()
    drawn = list(itertools.islice(continuation(model, TOKENS, 8, config.vocab_size, GREEDY), 12))
    text, start = list(TOKENS), len(TOKENS) - 4
    for token in drawn:
        if len(text) - start > 8:
            start = len(text) - 4
        logits = (model(torch.tensor([text[start:]])).hidden_BLD @ model.head.T)[0, -1]
        assert token == logits.argmax().item()
        text.append(token)


def test_ids_beyond_the_tokenizer_are_never_drawn() -> None:
    model = small_model(small_config("untied")).eval()
    with torch.no_grad():
        model.head[10:] = 100 * model.head[:1].sign()
    hot = Sampling(temperature=100.0, seed=3)
    assert max(itertools.islice(continuation(model, TOKENS, 32, 10, hot), 30)) < 10


def test_the_same_seed_draws_the_same_tokens_and_another_seed_others() -> None:
    config = small_config("reference")
    model = small_model(config).eval()

    def text(seed: int) -> list[int]:
        return list(itertools.islice(continuation(model, TOKENS, 64, config.vocab_size, Sampling(seed=seed)), 20))

    assert text(1) == text(1)
    assert text(1) != text(2)


logits = st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=12).map(torch.tensor)


@given(logits, st.integers(1, 12), st.floats(0.05, 1.0), st.floats(0.1, 10))
def test_only_the_likeliest_tokens_are_left_in_the_draw(
    logits_V: torch.Tensor, top_k: int, top_p: float, temperature: float
) -> None:
    full_V = (logits_V / temperature).softmax(0)
    shares_V = probabilities(logits_V, Sampling(temperature, top_k, top_p))
    kept = [i for i in range(len(logits_V)) if shares_V[i] > 0]
    assert shares_V.sum().item() == pytest.approx(1, abs=1e-5)
    assert 1 <= len(kept) <= top_k
    left_out = [i for i in range(len(logits_V)) if i not in kept]
    if left_out:
        assert max(full_V[i].item() for i in left_out) <= min(full_V[i].item() for i in kept) + 1e-6
    # Without the least likely of them, the kept ones fall short of top_p.
    assert sum(sorted(full_V[i].item() for i in kept)[1:]) < top_p + 1e-5
    for i in kept:
        assert shares_V[i].item() == pytest.approx(full_V[i].item() / sum(full_V[j].item() for j in kept), abs=1e-4)
    assert draw(logits_V, Sampling(temperature, top_k, top_p), torch.Generator().manual_seed(0)) in kept


@given(logits)
def test_no_temperature_takes_the_likeliest(logits_V: torch.Tensor) -> None:
    assert logits_V[draw(logits_V, GREEDY, torch.Generator())] == logits_V.max()
