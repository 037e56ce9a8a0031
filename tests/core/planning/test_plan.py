"""From a selection to runs: grids, seeds, variants, names and groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec.config import RunConfig, resolve
from moetui.core.errors import UsageError
from moetui.core.planning.plan import Selection, Variant, flat_config, group_of, plan
from moetui.core.planning.presets import Library
from moetui.core.planning.settings import flatten, merge, nest, parse_value

LIBRARY = Library.load()


def test_a_grid_and_seeds_multiply() -> None:
    runs = plan(LIBRARY, Selection(presets=("quickstart",), seeds=(1, 2)))
    assert [(run.config.optimizer.lr, run.config.seed) for run in runs] == [
        (0.01, 1),
        (0.01, 2),
        (0.05, 1),
        (0.05, 2),
        (0.3, 1),
        (0.3, 2),
    ]
    assert runs[1].name == "quickstart/lr=0.01/seed=2"


def test_runs_that_differ_in_seed_only_share_a_group() -> None:
    runs = plan(LIBRARY, Selection(presets=("quickstart",), seeds=(1, 2)))
    assert runs[0].group == runs[1].group
    assert len({run.group for run in runs}) == 3


def test_one_seed_is_not_in_the_name() -> None:
    assert plan(LIBRARY, Selection(presets=("base/moe-tiny",), seeds=(7,)))[0].name == "base/moe-tiny"


def test_axes_given_by_hand_replace_those_of_the_preset() -> None:
    runs = plan(LIBRARY, Selection(presets=("quickstart",), axes={"optimizer.lr": (0.02, 0.07)}))
    assert [run.config.optimizer.lr for run in runs] == [0.02, 0.07]


def test_a_key_set_by_hand_is_no_longer_varied() -> None:
    runs = plan(LIBRARY, Selection(presets=("quickstart",), settings={"optimizer.lr": 0.02}))
    assert [run.config.optimizer.lr for run in runs] == [0.02]


def test_variants_multiply_with_the_grid_and_are_in_the_name() -> None:
    variants = (
        Variant("warmup=0", {"schedule.warmup": 0.0}),
        Variant("warmup=0.2", {"schedule.warmup": 0.2}),
    )
    runs = plan(LIBRARY, Selection(presets=("quickstart",), variants=variants))
    assert len(runs) == 6
    assert {run.config.schedule.warmup for run in runs} == {0.0, 0.2}
    assert all(run.name.startswith("quickstart/warmup=") for run in runs)


def test_the_same_run_asked_for_twice_is_planned_once() -> None:
    assert len(plan(LIBRARY, Selection(presets=("schedule/all", "schedule/baseline")))) == 5


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"--set lr: no such key; did you mean optimizer\.lr\?"):
        plan(LIBRARY, Selection(presets=("quickstart",), settings={"lr": 0.1}))


def test_a_warm_up_in_updates_drops_the_fraction_of_an_earlier_layer() -> None:
    runs = plan(LIBRARY, Selection(presets=("base/moe-tiny",), settings={"schedule.warmup_updates": 7}))
    assert runs[0].config.schedule.warmup_updates == 7


@given(st.integers(0, 2**32 - 1))
def test_the_group_does_not_depend_on_the_seed(seed: int) -> None:
    assert group_of(RunConfig(seed=seed)) == group_of(RunConfig())


@given(st.sampled_from(["optimizer.lr", "model.dropout", "schedule.floor", "data.end_of_text"]))
def test_the_group_knows_values_and_not_whether_a_default_was_written_out(key: str) -> None:
    default = flat_config(RunConfig())[key]
    assert group_of(resolve(nest({key: default}))) == group_of(RunConfig())
    assert group_of(resolve(nest({key: not default if isinstance(default, bool) else 0.5}))) != group_of(RunConfig())


keys = st.from_regex(r"[a-z]{1,3}(\.[a-z]{4}){0,2}", fullmatch=True)


@given(st.dictionaries(keys, st.integers()))
def test_flattening_undoes_nesting(flat: dict[str, int]) -> None:
    # A key cannot be a value and a section at once.
    consistent = {key: value for key, value in flat.items() if not any(other.startswith(f"{key}.") for other in flat)}
    assert dict(flatten(nest(consistent))) == consistent


@given(st.dictionaries(keys, st.integers()), st.dictionaries(keys, st.integers()))
def test_the_later_layer_wins(first: dict[str, int], second: dict[str, int]) -> None:
    assert merge(first, second) == first | second


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.05", 0.05),
        ("1e6", 1e6),
        ("7", 7),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ("cosine", "cosine"),
        ('"7"', "7"),
        ("bpe:512", "bpe:512"),
    ],
)
def test_values_are_read_as_toml_or_else_as_text(text: str, value: object) -> None:
    assert parse_value(text) == value
