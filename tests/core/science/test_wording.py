"""What is said at the end of runs and of comparisons."""

import math

import numpy as np

from moetui.core.queue.outcome import verdict
from moetui.core.science.comparison import compare
from moetui.core.science.groups import groups
from moetui.core.science.measure import LOSS, MEASURES
from moetui.core.science.wording import bound, conclusion, judgement, mean_of, spread, without_value
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
    assert verdict([record(None, status="failed")]).startswith("No run has finished")
    assert verdict([record(math.nan), record(None, status="diverged")]).startswith("Every run diverged")


def test_nothing_is_said_of_a_difference_from_a_setting_that_diverged() -> None:
    runs = [*seeds([5.0, 5.1]), record(None, seed=9, status="diverged"), *seeds([5.5, 5.6], setting="b")]
    words = verdict(runs)
    assert words.startswith("Lowest validation loss: b")
    assert "better" not in words
    assert verdict(runs[:3]).startswith("In every setting a run diverged")


def test_a_group_of_several_learning_rates_is_no_mean_of_seeds() -> None:
    runs = [record(5 + lr, setting="sweep", seed=None, lr=lr) for lr in (0.1, 0.2, 0.3)]
    (mixed,) = groups(runs, LOSS)
    assert mean_of(mixed, LOSS) == "5.2000 over 3 learning rates, 0.1 to 0.3, which is no mean of seeds"


def test_the_conclusion_names_what_may_be_the_best_and_what_it_costs() -> None:
    rng = np.random.default_rng(2)
    shift = rng.normal(0, 0.03, 4)
    runs = [
        run
        for number, mean in enumerate((5.0, 5.002, 5.2, 5.3))
        for run in seeds((mean + shift + rng.normal(0, 0.004, 4)).tolist(), setting=f"s{number}")
    ]
    found = compare(groups(runs, LOSS), LOSS)
    words = conclusion(found)
    assert "With 95 % confidence the best is one of s1, s0; taking s1 costs at most 0.0" in words
    assert "It is better than s2, s3." in words
    assert words.endswith("To find a difference of 0.0498 nats takes 2 seeds each.")


def test_all_others_are_counted_and_not_named() -> None:
    runs = [
        run for n in range(4) for run in seeds([5 + n, 5.01 + n, 4.99 + n, 5.025 + n**2 / 1e3 + n], setting=f"s{n}")
    ]
    assert "It is better than all 3 others." in conclusion(compare(groups(runs, LOSS), LOSS))


def test_what_something_costs_at_most_is_rounded_up() -> None:
    accuracy = MEASURES["val_accuracy"]
    assert bound(0.000_011, LOSS) == "0.0001 nats"
    assert bound(0.0002, LOSS) == "0.0002 nats"
    assert bound(0.0, LOSS) == "0.0000 nats"
    assert bound(0.000_002, accuracy) == "0.01 points"
    assert bound(math.inf, accuracy) == accuracy.gap(math.inf) + " points"


def test_the_nine_exp8_results_tell_the_five_replicates_from_nothing() -> None:
    nine = groups(exp8(), LOSS)
    found = compare(nine, LOSS, against="first")
    assert found.reference is not None
    assert found.reference.n == 5
    assert {one.verdict for one in found.differences} == {"no verdict"}
    assert {one.first.label.rpartition("/")[2]: judgement(one) for one in found.differences} == {
        "slower-min-lr": "no verdict (n = 1; within prediction, 0.5 sd)",
        "constant-lr": "no verdict (n = 1; within prediction, 1.2 sd)",
        "linear-decay": "no verdict (n = 1; within prediction, 2.5 sd)",
        "higher-dropout": "no verdict (n = 1; within prediction, 4.3 sd)",
    }
    assert "No verdict on" in conclusion(found)


def test_all_pairs_are_counted() -> None:
    words = conclusion(compare(groups(exp8(), LOSS), LOSS, against="all"))
    assert "Of 10 pairs: 10 without a verdict." in words


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
