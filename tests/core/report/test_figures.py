"""What the figures show, read from their artists."""

import pytest

from moetui.core.report.figures import curves, learning_rates, schedules, settings, style, summary
from moetui.core.report.subject import gather_subject
from moetui.core.runs.lab import Lab
from tests.core.report.artists import bars, hollow, legend, lines
from tests.core.report.labs import DIVERGES, GUIDE, LRS, SCHEDULES, add_published, add_schedules, guide, trained


def test_the_response_has_a_bar_wherever_there_are_two_seeds_and_nowhere_else(lab: Lab) -> None:
    subject = guide(lab)
    (response,) = subject.responses["val_loss"]
    loss, accuracy, perplexity = learning_rates.draw(subject).axes
    intervals = {p.lr: (p.group.summary.low, p.group.summary.high) for p in response.points if p.group.n > 1}
    assert intervals.keys() == set(LRS) - {DIVERGES}
    assert bars(loss) == {lr: pytest.approx(ends) for lr, ends in intervals.items()}
    (curve,) = [(x, y) for line, x, y in lines(loss) if line.get_label() == "mean over seeds"]
    assert curve[0] == list(LRS)
    assert curve[1] == pytest.approx([point.group.mean for point in response.points])
    assert {axes.get_xscale() for axes in (loss, accuracy, perplexity)} == {"log"}
    assert (loss.get_yscale(), perplexity.get_yscale()) == ("linear", "log")


def test_one_seed_each_draws_no_bar_at_all(lab: Lab) -> None:
    subject = guide(lab, seeds=1)
    for figure in (learning_rates.draw(subject), settings.compared(subject)):
        assert [bars(axes) for axes in figure.axes] == [{}] * len(figure.axes)


def test_the_zone_the_cliff_and_divergences_are_marked(lab: Lab) -> None:
    subject = guide(lab)
    (response,) = subject.responses["val_loss"]
    figure = learning_rates.draw(subject)
    assert response.zone is not None
    spans = {
        patch.get_gid(): patch.get_extents().transformed(figure.axes[0].transData.inverted())
        for patch in figure.axes[0].patches
    }
    assert spans["safe zone"].x0 < response.zone.low <= response.zone.high < spans["safe zone"].x1
    assert spans["runs diverged"].x0 == pytest.approx(DIVERGES)
    crosses = [x for line, x, _ in lines(figure.axes[0]) if line.get_gid() == "diverged"]
    assert crosses == [[DIVERGES]]
    assert {"safe zone", "runs diverged", "a run diverged"} <= set(legend(figure))


def test_published_values_of_a_model_of_the_same_size_are_hollow_and_own_ones_are_not(lab: Lab) -> None:
    figure = learning_rates.draw(guide(lab))
    assert hollow(figure.axes[0]) == [([0.065], [5.895])]
    assert "published" in legend(figure)


def test_published_results_alone_are_hollow_throughout(lab: Lab) -> None:
    add_published(lab)
    subject = gather_subject(lab, "exp/all")
    axes = settings.compared(subject).axes[0]
    assert {line.get_markerfacecolor() for line, _, _ in lines(axes) if line.get_marker() in ("D", "o")} == {"none"}
    assert len(hollow(axes)) == len(subject.settings)
    replicates = [setting.n for setting in subject.settings].index(5)
    assert list(bars(axes)) == [float(replicates)]


def test_planned_curves_are_those_of_the_engine(lab: Lab) -> None:
    add_schedules(lab)
    subject = gather_subject(lab, SCHEDULES)
    configs = list(schedules.planned(subject).values())
    whole, beginning = schedules.draw(subject).axes
    assert [y for _, _, y in lines(whole)] == [[config.lr_at(u) for u in range(1, 101)] for config in configs]
    assert len({(line.get_color(), line.get_linestyle()) for line, _, _ in lines(whole)}) == 2
    assert beginning.get_xlim() == (0, 10)


def test_the_four_panels_mark_the_best_and_shade_the_rise_after_it(lab: Lab) -> None:
    add_schedules(lab)
    figure = curves.panels(gather_subject(lab, SCHEDULES))
    time, loss, accuracy, perplexity = figure.axes
    (star,) = [(x, y) for line, x, y in lines(loss) if line.get_gid() == "best"]
    assert star[0] == [70.0]
    assert star[1] == pytest.approx([7.1 + 0.015 + 0.1])
    assert [x for line, x, _ in lines(time) if line.get_gid() == "best"] == [[35.0]]
    (shade,) = [patch for patch in loss.patches if patch.get_gid() == "inflection"]
    extent = shade.get_extents().transformed(loss.transData.inverted())
    assert (extent.x0, extent.x1) == (pytest.approx(70), pytest.approx(100))
    assert perplexity.get_yscale() == "log"
    assert len(loss.collections) == 2  # a band for each setting with two seeds
    assert not accuracy.patches
    assert len(curves.against_time(gather_subject(lab, SCHEDULES)).axes) == 1


def test_published_values_stand_in_the_curves_where_the_document_has_them(lab: Lab) -> None:
    add_published(lab)
    add_schedules(lab)
    subject = gather_subject(lab, SCHEDULES)
    figure = curves.panels(subject)
    time, loss, accuracy, perplexity = figure.axes
    assert hollow(time) == [([20.7], [7.399]), ([20.6], [7.423])]
    assert hollow(loss) == [([50], [7.399]), ([50], [7.423])]
    assert [y for _, (y,) in hollow(accuracy)] == [0.092, 0.09]
    assert [y for _, (y,) in hollow(perplexity)] == [1635, 1673]
    assert loss.get_ylim()[1] > 7.423
    assert "published" in legend(figure)
    alone = curves.against_time(subject)
    assert hollow(alone.axes[0]) == hollow(time)
    assert "published" in legend(alone)


def test_a_curve_of_one_seed_has_no_band_and_no_rise_is_no_shade(lab: Lab) -> None:
    trained(lab, "one", "one/a", 1, {}, lambda update: 8 - 0.01 * update)
    loss = curves.panels(gather_subject(lab, "one")).axes[1]
    assert (list(loss.collections), list(loss.patches)) == ([], [])


def test_names_are_text_and_never_formulas_or_hidden(lab: Lab) -> None:
    hostile = "_x$\\frac{1}{0}$\n<b>\x1b[31m"
    trained(lab, "s", hostile, 1, {}, lambda update: 7.0)
    trained(lab, "s", f"{hostile}2", 1, {"optimizer": {"lr": 0.2}}, lambda update: 7.1)
    subject = gather_subject(lab, "s")
    for draw in (learning_rates.draw, settings.compared, schedules.draw, curves.panels, summary.draw):
        assert style.png(draw(subject))[:8] == b"\x89PNG\r\n\x1a\n"
    names = legend(curves.panels(subject))
    assert names[0] == " _x$\\frac{1}{0}$ <b> [31m"


def test_shared_beginnings_of_names_are_left_out() -> None:
    assert style.labels(["a/b/lr=0.1", "a/b/lr=0.2"]) == ["lr=0.1", "lr=0.2"]
    assert style.labels(["a", "a/b"]) == ["a", "a/b"]
    assert len(style.label("x" * 99, 20)) == 20


def test_the_looks_differ_in_print() -> None:
    looks = [style.look(index) for index in range(style.MOST)]
    assert len({look.colour for look in looks}) == len({look.marker for look in looks}) == style.MOST
    assert len({str(look.line) for look in looks}) == style.MOST


def test_the_summary_shows_the_cells_of_the_table(lab: Lab) -> None:
    subject = guide(lab)
    (axes,) = summary.draw(subject).axes
    (table,) = axes.tables
    texts = {cell.get_text().get_text() for cell in table.get_celld().values()}
    best = subject.settings[0]
    half = (best.summary.high or 0) - best.mean
    assert {best.label, f"{best.mean:.4f} ± {half:.4f}"} <= texts
    assert any("no verdict" in text for text in texts)
    assert GUIDE in best.label
