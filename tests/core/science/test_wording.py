"""What is said at the end of runs and of comparisons."""

import math

from moetui.core.outcome import verdict
from moetui.core.science.comparison import compare
from moetui.core.science.groups import groups
from moetui.core.science.measure import LOSS
from moetui.core.science.wording import conclusion, judgement, spread, without_value
from tests.core.science.records import exp8, record, seeds


def test_one_seed_each_is_no_verdict() -> None:
    words = verdict([record(5.0, setting="a", lr=0.1), record(5.3, setting="b", lr=0.2)])
    assert words == (
        "Lowest validation loss: learning rate 0.1, 5.0000, 0.3000 nats from the next; one seed each: no verdict."
        " --seeds 3 gives one."
    )


def test_settings_of_one_learning_rate_are_called_by_their_names() -> None:
    words = verdict([record(5.0, setting="warm", lr=0.1), record(5.3, setting="cold", lr=0.1)])
    assert words.startswith("Lowest validation loss: warm, 5.0000")


def test_several_seeds_are_judged() -> None:
    runs = [
        *seeds([5.00, 5.02, 5.01, 4.99], setting="a"),
        *seeds([5.01, 4.99, 5.02, 5.00], setting="b"),
        *seeds([5.50, 5.53, 5.50, 5.51], setting="c"),
    ]
    words = verdict(runs)
    assert "It is better than c." in words
    assert "Not distinguishable from it: " in words
    assert "no verdict" not in words


def test_only_one_setting_is_compared_with_nothing() -> None:
    assert verdict(seeds([5.0, 5.1])).endswith("(n = 2); the only setting that finished.")
    assert verdict([]) == "No run has finished with a validation loss, so there is nothing to compare."
    assert verdict([record(math.nan), record(None, status="failed")]).startswith("No run has finished")


def test_the_nine_exp8_results_tell_the_five_replicates_from_nothing() -> None:
    nine = groups(exp8(), LOSS)
    found = compare(nine, LOSS, against="first")
    assert found.reference is not None
    assert found.reference.n == 5
    assert {one.verdict for one in found.differences} == {"no verdict"}
    assert {one.first.label.rpartition("/")[2]: f"{judgement(one)} {one.effect:+.1f}" for one in found.differences} == {
        "slower-min-lr": "no verdict (n = 1) -0.5",
        "constant-lr": "no verdict (n = 1) +1.2",
        "linear-decay": "no verdict (n = 1) +2.5",
        "higher-dropout": "no verdict (n = 1) +4.3",
    }
    assert "No verdict on" in conclusion(found)


def test_all_pairs_are_counted() -> None:
    words = conclusion(compare(groups(exp8(), LOSS), LOSS, against="all"))
    assert words.endswith("Of 10 pairs: 10 without a verdict.")


def test_every_run_without_a_value_is_named_with_the_reason() -> None:
    runs = [
        record(5.0),
        record(None, seed=2, status="diverged", update=9),
        record(5.0, seed=3, status="stopped", update=4),
    ]
    assert list(without_value(groups(runs, LOSS))) == [
        f"a: 1 of 2 diverged ({runs[1].id}: diverged at update 9)",
        f"a: {runs[2].id} is left out: stopped at update 4 of 100",
    ]


def test_a_mean_is_shown_with_half_its_interval() -> None:
    assert spread(5.15521, 5.14621, 5.16421, LOSS) == "5.1552 ± 0.0090"
    assert spread(0.0125, None, None, LOSS, sign="+") == "+0.0125"
