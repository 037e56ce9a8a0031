"""Comparisons as they are drawn: differences with the intervals of the comparison, and means without overlapping ones."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from moetui.core.report.figures import differences, settings
from moetui.core.report.subject import Subject, gather_subject
from moetui.core.runs.lab import Lab
from moetui.core.science.comparison import Comparison
from moetui.core.science.difference import Difference
from moetui.core.science.groups import Group
from moetui.core.science.measure import LOSS, MEASURES
from tests.core.report.artists import bars, hollow, legend, lines, panel, share, words
from tests.core.report.labs import SCHEDULES, add_published, shipped, trained

DRAWINGS = (settings.compared, settings.schedules_compared)


def squares(axes: Axes) -> dict[int, tuple[float, str, bool]]:
    """By row: the estimate, the verdict, and whether the square is filled."""
    return {
        int(y[0]): (x[0], str(line.get_gid()), line.get_markerfacecolor() != "white")
        for line, x, y in lines(axes)
        if line.get_marker() == "s"
    }


@dataclass(frozen=True, kw_only=True)
class Told(Comparison):
    """A comparison that says something else of some settings."""

    told: Mapping[str, Difference]

    def of(self, group: Group) -> Difference | None:
        return self.told.get(group.key) or super().of(group)


def with_difference(subject: Subject, row: int, **facts: object) -> Subject:
    """The subject as if the comparison by loss had said something else of the setting in this row."""
    comparison = subject.comparison
    one = comparison.of(subject.settings[row])
    assert one is not None
    told = {one.first.key: replace(one, **facts)}  # type: ignore[arg-type]
    changed = Told(**{field.name: getattr(comparison, field.name) for field in fields(comparison)}, told=told)
    return replace(subject, comparisons={**subject.comparisons, LOSS.key: changed})


def drawn(subject: Subject) -> Axes:
    axes = Figure().subplots()
    differences.draw(axes, subject, LOSS)
    return axes


def test_differences_and_intervals_are_those_of_the_comparison(lab: Lab) -> None:
    subject = shipped(lab, "schedule/all@tiny")
    for draw in DRAWINGS:
        axes = draw(subject).axes[0]
        assert axes.get_xlabel().startswith("loss minus the reference's (nats)")
        told = {row: one for row, setting in enumerate(subject.settings) if (one := subject.comparison.of(setting))}
        assert len(told) == 4
        for row, one in told.items():
            estimate, verdict, filled = squares(axes)[row]
            assert estimate == pytest.approx(one.estimate)
            assert (verdict, filled) == (one.verdict, one.verdict in ("better", "worse"))
        assert bars(axes) == {row: pytest.approx((one.low, one.high)) for row, one in told.items()}
        assert words(axes) == ["reference"]


def test_an_interval_that_is_not_symmetric_is_drawn_from_end_to_end(lab: Lab) -> None:
    subject = with_difference(shipped(lab, "schedule/all@tiny"), 1, low=0.01, high=0.3)
    assert bars(drawn(subject))[1] == pytest.approx((0.01, 0.3))
    one = subject.comparison.of(subject.settings[1])
    assert isinstance(one, Difference)
    assert one.estimate is not None
    assert squares(drawn(subject))[1][0] == pytest.approx(one.estimate)


def test_where_seeds_are_blocks_differences_lead_and_means_have_no_intervals(lab: Lab) -> None:
    subject = shipped(lab, "schedule/all@tiny")
    for draw in DRAWINGS:
        figure = draw(subject)
        first, *others = figure.axes
        assert len(bars(first)) == 4
        loss = panel(figure, "validation loss (nats)\nmeans")
        assert "means and single runs" in loss.get_xlabel()
        assert [bars(axes) for axes in others if " minus " not in axes.get_xlabel()] == [{}] * (
            len(others) - sum(" minus " in axes.get_xlabel() for axes in others)
        )
        ticks = [x for line, x, _ in lines(loss) if line.get_marker() == "|"]
        assert ticks == [list(setting.values) for setting in subject.settings]
        assert "95 % interval of the mean" not in legend(figure)


def test_without_blocks_the_means_lead_with_their_intervals(lab: Lab) -> None:
    for name, lr, seeds in (("a", 0.1, (1, 2)), ("b", 0.2, (3, 4))):
        for seed in seeds:
            trained(lab, "s", f"s/{name}", seed, {"optimizer": {"lr": lr}}, lambda update, k=seed: 7 + 0.01 * k)  # type: ignore[misc]
    subject = gather_subject(lab, "s")
    figure = settings.compared(subject)
    assert figure.axes[0].get_xlabel() == "validation loss (nats)\nmeans with 95 % intervals"
    expected = [(setting.summary.low, setting.summary.high) for setting in subject.settings]
    assert bars(figure.axes[0]) == {row: pytest.approx(ends) for row, ends in enumerate(expected)}
    assert len(bars(figure.axes[1])) == 1
    assert "95 % interval of the mean" in legend(figure)


def test_a_setting_without_an_interval_says_why(lab: Lab) -> None:
    for name, lr, losses in (("a", 0.1, (7.0, 7.03)), ("b", 0.2, (7.1, 7.16)), ("c", 0.3, (8.0,))):
        for seed, loss in enumerate(losses, start=1):
            trained(lab, "s", f"s/{name}", seed, {"optimizer": {"lr": lr}}, lambda update, loss=loss: loss)  # type: ignore[misc]
    for seed in (1, 2):
        trained(lab, "s", "s/d", seed, {"optimizer": {"lr": 0.4}}, lambda update: 9.0, status="diverged")
    subject = gather_subject(lab, "s")
    assert [setting.n for setting in subject.settings] == [2, 2, 1, 0]
    axes = drawn(subject)
    assert bars(axes).keys() == {1}
    assert squares(axes).keys() == {1, 2}  # what diverged altogether has no estimate
    assert squares(axes)[2][1:] == ("no verdict", False)
    assert words(axes) == ["reference", "one run", "2 of 2 diverged"]


def test_one_run_each_draws_no_differences(lab: Lab) -> None:
    trained(lab, "s", "s/a", 1, {}, lambda update: 7.0)
    trained(lab, "s", "s/b", 1, {"optimizer": {"lr": 0.2}}, lambda update: 7.1)
    figure = settings.compared(gather_subject(lab, "s"))
    assert [axes.get_xlabel() for axes in figure.axes if " minus " in axes.get_xlabel()] == []
    assert len(figure.axes) == len(MEASURES)


def test_intervals_near_zero_are_seen_beside_large_differences(lab: Lab) -> None:
    subject = shipped(lab, "lr-guide/twelve@tiny")
    axes = drawn(subject)
    assert axes.get_xscale() == "symlog"
    assert "log beyond ±" in axes.get_xlabel()
    row = [setting.samples[0].record.lr for setting in subject.settings].index(0.065)
    assert share(axes, "x", bars(axes)[row]) > 0.1
    assert drawn(shipped(lab, "schedule/all@tiny")).get_xscale() == "linear"


def test_published_losses_of_larger_models_have_a_panel_of_their_own(lab: Lab) -> None:
    subject = shipped(lab, "schedule/all@tiny")
    for draw in DRAWINGS:
        figure = draw(subject)
        loss = panel(figure, "validation loss (nats)\nmeans")
        assert hollow(loss) == []
        assert share(loss, "x", [value for setting in subject.settings for value in setting.values]) > 0.5
        theirs = panel(figure, "validation loss (nats)\npublished: 79.1M parameters")
        reported = [x for (x,), _ in hollow(theirs)]
        assert sorted(reported) == [7.399, 7.41, 7.421, 7.423, 7.451]
        assert share(theirs, "x", reported) > 0.5
        assert "published" in legend(figure)


def test_published_values_that_fit_share_the_axis_if_the_models_are_as_large(lab: Lab) -> None:
    add_published(lab)
    for name, warmup, level in (("baseline", 0.05, 6.7), ("no-warmup", 0.0, 7.2)):
        config = {"optimizer": {"lr": 0.065}, "schedule": {"warmup": warmup}}
        trained(lab, SCHEDULES, f"schedule/{name}@tiny", 1, config, lambda update, level=level: level)  # type: ignore[misc]
    loss = settings.compared(gather_subject(lab, SCHEDULES)).axes[0]
    assert 0.5 < share(loss, "x", [6.8, 7.3]) < 0.7  # 7.399 and 7.423 lie beyond, but near
    assert {(x, y) for (x,), (y,) in hollow(loss)} == {(7.399, 0.0), (7.423, 1.0)}
