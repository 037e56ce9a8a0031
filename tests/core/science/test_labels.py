"""Short names still tell their settings apart."""

from hypothesis import given
from hypothesis import strategies as st

from moetui.core.science.labels import distinctive, middle

NAMES = st.lists(
    st.lists(st.sampled_from(["grid", "lr=0.1", "lr=0.2", "floor=0", "a"]), min_size=1, max_size=4), max_size=5
)


def test_what_all_names_have_is_left_out_wherever_it_stands() -> None:
    assert distinctive(["g/lr=1/floor=0", "g/lr=2/floor=0"]) == ["lr=1", "lr=2"]
    assert distinctive(["quickstart", "quickstart/lr=2"]) == ["quickstart", "lr=2"]
    assert distinctive(["only/one"]) == ["only/one"]


@given(NAMES)
def test_different_names_stay_different(parts: list[list[str]]) -> None:
    names = ["/".join(part) for part in parts]
    assert len(set(distinctive(names))) == len(set(names))


@given(st.text(max_size=30), st.integers(0, 40))
def test_the_middle_gives_way_and_the_ends_stay(text: str, width: int) -> None:
    short = middle(text, width)
    assert len(short) <= width
    if len(text) <= width:
        assert short == text
    elif width > 3:
        assert text.startswith(short[0])
        assert text.endswith(short[-1])
