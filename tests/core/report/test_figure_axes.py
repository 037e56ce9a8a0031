"""What the axes of figures show: one's own values fill them, perplexities are logarithmic, nothing impossible is drawn."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from engine.runfiles.rundir import Finding
from moetui.core.catalogue.records import Scores
from moetui.core.report.figures import curves, learning_rates, scores, settings, style
from moetui.core.report.figures.learning_rates import BEST, BRACKET, CLIFF, INTERVAL, OPEN, SAFE, Statement, mark
from moetui.core.report.subject import Subject, gather_subject
from moetui.core.runs.lab import Lab
from moetui.core.science.measure import MEASURES
from tests.core.report.artists import bars, hollow, legend, lines, panel, share
from tests.core.report.labs import SCHEDULES, add_published, add_schedules, shipped, trained
from tests.tui.compare.ladders import add_ladder

PHASE_3 = "lr-report/phase-3@tiny"
TINY = 2_888_832
"""Parameters of a model much smaller than those of the documents."""


def shrink(lab: Lab) -> None:
    for run in lab.records():
        if not run.published:
            lab.catalogue.change(run.id, parameters=TINY)


def filled(axes: Axes) -> tuple[float, float]:
    """How much of the width and of the height of a panel the curves fill."""
    paths = [(x, y) for line, x, y in lines(axes) if len(x) > 1 and line.get_gid() is None]
    return share(axes, "x", [v for x, _ in paths for v in x]), share(axes, "y", [v for _, y in paths for v in y])


def falling(rise: float) -> Callable[[int], float]:
    """A loss that falls from 11 to 5 until update 60 and ends so much higher at update 100."""
    return lambda update: 5 + 6 * (1 - update / 60) ** 2 if update <= 60 else 5 + rise * (update - 60) / 40


def with_rise(subject: Subject) -> Subject:
    """The subject as if the detectors had found a rise in every run, however small it is."""
    found = Finding(kind="inflection", update=60, severity="note", evidence="it rises", advice="none")
    details = {run_id: replace(one, findings=(found,)) for run_id, one in subject.details.items()}
    return replace(subject, details=details)


def test_perplexities_are_on_logarithmic_axes_wherever_they_are_drawn(lab: Lab) -> None:
    add_schedules(lab)
    trained(lab, SCHEDULES, "schedule/baseline@tiny/lr=0.1", 1, {"optimizer": {"lr": 0.1}}, lambda update: 7.3)
    subject = gather_subject(lab, SCHEDULES)
    figures = [learning_rates.draw(subject), settings.compared(subject), curves.panels(subject)]
    for figure in figures:
        axes = panel(figure, "validation perplexity")
        across = axes.get_xlabel().startswith("validation perplexity")
        assert (axes.get_xscale() if across else axes.get_yscale()) == "log"


def test_published_values_of_larger_models_do_not_squeeze_the_curves(lab: Lab) -> None:
    add_published(lab)
    add_schedules(lab)
    shrink(lab)
    subject = gather_subject(lab, SCHEDULES)
    assert subject.counterparts
    for figure in (curves.panels(subject), curves.against_time(subject)):
        for axes in figure.axes:
            assert hollow(axes) == []
            if "accuracy" not in axes.get_ylabel():  # which is the same throughout in these runs
                assert min(filled(axes)) > 0.8
        assert "published" not in legend(figure)


def test_published_values_far_from_the_curves_do_not_squeeze_them_either(lab: Lab) -> None:
    add_published(lab)
    for name, warmup in (("baseline", 0.05), ("no-warmup", 0.0)):
        config = {"optimizer": {"lr": 0.065}, "schedule": {"warmup": warmup}}
        trained(lab, SCHEDULES, f"schedule/{name}@tiny", 1, config, lambda update, w=warmup: 5 + w + 0.001 * update)  # type: ignore[misc]
    subject = gather_subject(lab, SCHEDULES)  # as large as the models of the documents, whose losses are 7.4
    loss = panel(curves.against_time(subject), "validation loss")
    assert hollow(loss) == []
    assert min(filled(loss)) > 0.8
    assert hollow(settings.compared(subject).axes[0]) == []


def test_the_response_to_the_learning_rate_is_filled_by_ones_own_runs(lab: Lab) -> None:
    for axes in learning_rates.draw(shipped(lab, "lr-report/phase-1@tiny")).axes:
        assert hollow(axes) == []  # a document reports two accuracies, which are no shape
        assert filled(axes)[0] > 0.8
        assert filled(axes)[1] > 0.7


def test_published_responses_of_larger_models_have_panels_of_their_own(lab: Lab) -> None:
    add_published(lab)
    for lr in (0.06, 0.09, 0.1):
        trained(lab, PHASE_3, f"{PHASE_3}/lr={lr}", 1, {"optimizer": {"lr": lr}}, lambda update, lr=lr: 5 + lr)  # type: ignore[misc]
    shrink(lab)
    figure = learning_rates.draw(gather_subject(lab, PHASE_3))
    assert len(figure.axes) == 6
    own, theirs = figure.axes[:3], figure.axes[3:]
    assert [hollow(axes) for axes in own] == [[], [], []]
    assert hollow(theirs[0]) == [([0.06, 0.09, 0.1], [5.99, 6.03, 6.23])]
    assert {axes.get_title() for axes in theirs} == {"published: 79.1M parameters"}
    assert theirs[2].get_yscale() == "log"
    assert share(theirs[0], "y", [5.99, 6.23]) > 0.7


def test_no_interval_of_seconds_or_shares_leaves_what_is_possible(lab: Lab) -> None:
    for name, lr, seeds in (("a", 0.1, (1, 2)), ("b", 0.2, (3, 4))):  # no seed in common, so that means have intervals
        for seed in seeds:
            run = trained(lab, "s", f"s/{name}", seed, {"optimizer": {"lr": lr}}, lambda update, k=seed: 7 + 0.1 * k)  # type: ignore[misc]
            final = Scores(
                val_loss=7.0 + 0.1 * seed,
                val_accuracy=0.004 + 0.45 * (seed % 2) + 0.5 * (name == "b"),
                val_perplexity=1100.0 + 900 * (seed % 2),
                seconds=5.0 + 90.0 * (seed % 2),
                update=100,
            )
            lab.catalogue.change(run, final=final)
    subject = gather_subject(lab, "s")
    ranges = {
        "training time": (0.0, math.inf),
        "validation accuracy": (0.0, 1.0),
        "validation perplexity": (1.0, math.inf),
    }
    figure = settings.compared(subject)
    for label, (least, most) in ranges.items():
        axes = panel(figure, label)
        assert len(bars(axes)) == 2
        for ends in (*bars(axes).values(), axes.get_xlim()):
            assert least <= ends[0] < ends[1] <= most
    summary = subject.group(subject.settings[0], "seconds").summary
    assert summary.low is not None
    assert summary.low < 0  # it would have been drawn
    figure = learning_rates.draw(subject)
    for axes, (least, most) in zip(figure.axes[1:], list(ranges.values())[1:], strict=True):
        assert len(bars(axes)) == 2
        for ends in (*bars(axes).values(), axes.get_ylim()):
            assert least <= ends[0] < ends[1] <= most


def test_bands_of_curves_stay_within_what_is_possible(lab: Lab) -> None:
    add_schedules(lab)
    for run in lab.records():
        metrics = lab.run_dir(run).metrics_file
        metrics.write_text(
            metrics.read_text().replace('"val_accuracy":0.09', f'"val_accuracy":{0.002 if run.seed == 1 else 0.1}')
        )
    figure = curves.panels(gather_subject(lab, SCHEDULES))
    axes = panel(figure, "validation accuracy")
    assert len(axes.collections) == 2
    for band in axes.collections:
        heights = np.asarray(band.get_paths()[0].vertices, dtype=np.float64)[:, 1]
        low, high = float(heights.min()), float(heights.max())
        assert 0.0 == low < high <= 1.0
    assert axes.get_ylim()[0] >= 0.0
    assert [axes.get_xlim()[0] for axes in figure.axes] == [0.0] * 4


@pytest.mark.parametrize(("key", "values", "ends"), [
    ("seconds", [1.0, 100.0], [-300.0, 400.0]),
    ("val_accuracy", [0.0, 0.99], [-0.2, 1.2]),
    ("val_perplexity", [2.0, 900.0], [-9.0, 2e3]),
])  # fmt: skip
def test_limits_show_all_values_and_nothing_impossible(key: str, values: list[float], ends: list[float]) -> None:
    low, high = scores.limits(MEASURES[key], values, ends)
    least, most = scores.POSSIBLE[key]
    assert least <= low <= min(values) < max(values) <= high <= most


def insets(subject: Subject) -> list[Axes]:
    loss = curves.panels(subject).axes[1]
    return [child for child in loss.child_axes if isinstance(child, Axes) and child.get_gid() == "inset"]


@pytest.mark.parametrize(("rise", "shown"), [(0.05, True), (0.095, True), (0.105, False), (1.0, False)])
def test_a_rise_smaller_than_a_fiftieth_of_the_axis_is_enlarged(lab: Lab, rise: float, *, shown: bool) -> None:
    trained(lab, "s", "s/a", 1, {}, falling(rise))
    subject = with_rise(gather_subject(lab, "s"))
    loss = curves.panels(subject).axes[1]
    low, high = loss.get_ylim()
    assert (rise < (high - low) / 50) == shown
    assert "inflection" in {patch.get_gid() for patch in loss.patches}
    assert len(insets(subject)) == shown
    for inset in insets(subject):
        assert share(inset, "y", [5.1, 5.1 + rise]) > 0.25
        assert share(inset, "x", [60, 100]) > 0.25
        assert inset.get_title() == f"the end: {rise:.4f} nats above the lowest"


def test_a_curve_without_a_finding_or_without_a_rise_has_no_inset(lab: Lab) -> None:
    trained(lab, "s", "s/a", 1, {}, lambda update: 11 - 0.05 * update)
    subject = gather_subject(lab, "s")
    assert insets(subject) == []
    figure = curves.panels(with_rise(subject))
    assert not figure.axes[1].child_axes
    assert "inflection" not in {patch.get_gid() for patch in figure.axes[1].patches}


def test_an_inset_lies_where_the_curves_leave_room(lab: Lab) -> None:
    trained(lab, "s", "s/a", 1, {}, falling(0.05))
    for level in range(5):  # curves that hardly learn, across the usual place of an inset
        config = {"optimizer": {"lr": 0.001 * (level + 1)}}
        trained(lab, "s", f"s/b{level}", 1, config, lambda update, level=level: 10.8 - 0.4 * level - 0.001 * update)  # type: ignore[misc]
    figure = curves.panels(with_rise(gather_subject(lab, "s")))
    loss = figure.axes[1]
    figure.canvas.draw()
    (inset,) = loss.child_axes
    box = inset.get_tightbbox()
    assert box is not None
    hidden = box.transformed(loss.transData.inverted())
    for _, x, y in lines(loss):
        assert not any(hidden.contains(*point) for point in zip(x, y, strict=True))


def spans(axes: Axes) -> dict[str, list[tuple[float, float]]]:
    """Ends of the shaded and hatched parts by what they are."""
    found: dict[str, list[tuple[float, float]]] = {}
    for patch in axes.patches:
        assert isinstance(patch, Patch)
        box = patch.get_extents().transformed(axes.transData.inverted())
        found.setdefault(str(patch.get_gid()), []).append((box.x0, box.x1))
    return found


def marked(statement: Statement) -> Axes:
    axes = Figure().subplots()
    axes.set_xscale("log")
    axes.set_xlim(0.005, 2.0)
    mark(axes, statement)
    return axes


LRS = (0.01, 0.03, 0.1, 0.3, 1.0)


def test_neighbouring_rates_of_a_class_share_a_shade() -> None:
    axes = marked(Statement(lrs=LRS, classes=("beyond", "open", "safe", "safe", "open")))
    assert spans(axes).keys() == {SAFE, OPEN}
    ((low, high),) = spans(axes)[SAFE]
    assert low == pytest.approx(0.1, rel=0.05)
    assert high == pytest.approx(0.3, rel=0.05)
    assert [round(low, 2) for low, _ in spans(axes)[OPEN]] == [0.03, 0.96]


def test_without_a_verdict_nothing_is_shaded_or_hatched() -> None:
    axes = marked(Statement(lrs=LRS, classes=("",) * 5, cliff=0.3, bracket=(0.03, 0.3)))
    assert spans(axes) == {}
    assert {line.get_gid() for line in axes.get_lines()} == {BRACKET, f"end of {BRACKET}"}


def test_a_cliff_is_hatched_from_the_first_rate_that_diverges_on() -> None:
    axes = marked(
        Statement(
            lrs=LRS, classes=("open", "open", "safe", "beyond", "beyond"), best=0.12, interval=(0.06, 0.2), cliff=0.3
        )
    )
    (hatched,) = spans(axes)[CLIFF]
    assert hatched == pytest.approx((0.3, 2.0))
    best = [x for line, x, _ in lines(axes) if line.get_gid() == BEST]
    assert best == [[0.12, 0.12]]
    assert [x for line, x, _ in lines(axes) if line.get_gid() == INTERVAL] == [[0.06, 0.2]]


@pytest.mark.parametrize("statement", [
    Statement(lrs=LRS, classes=("safe",) * 5, best=0.31, cliff=0.3),
    Statement(lrs=LRS, classes=("safe",) * 5, best=0.2, interval=(0.1, 0.4), cliff=0.3),
])  # fmt: skip
def test_the_best_rate_is_never_drawn_in_a_cliff(statement: Statement) -> None:
    assert CLIFF not in spans(marked(statement))


def test_an_open_end_of_a_bracket_is_an_arrow_at_the_edge() -> None:
    axes = marked(Statement(lrs=LRS, classes=("safe",) * 5, bracket=(0.3, None)))
    assert [x for line, x, _ in lines(axes) if line.get_gid() == BRACKET] == [[0.3, 2.0]]
    ends = {x[0]: line.get_marker() for line, x, _ in lines(axes) if line.get_gid() == f"end of {BRACKET}"}
    assert ends == {0.3: "|", 2.0: ">"}


def test_runs_that_know_their_loss_alone_have_a_figure(lab: Lab) -> None:
    add_ladder(lab)
    subject = gather_subject(lab, "study:ladder")
    assert learning_rates.draw(subject).axes[2].get_yscale() == "linear"
    assert style.png(learning_rates.draw(subject)).startswith(b"\x89PNG")
