"""The view of ladders, worked out without a screen."""

import math

import pytest

from moetui.core.planning.ladder import Ladder
from moetui.core.science.transfer import Found
from moetui.core.studies.transfer import transfers
from moetui.tui.chart.draw import draw
from moetui.tui.compare.ladder_words import chosen_ladder, ladder_words
from moetui.tui.compare.transfer_chart import transfer_chart
from moetui.tui.compare.views import next_view, possible, view_line, views
from tests.core.studies.test_transfer import runs

LADDERS = transfers(
    runs(Ladder("width", (32, 64, 128, 256)), -0.4) + runs(Ladder("width", (32, 64, 128)), 0.0, muon_scale="spectral")
)


def test_the_chart_has_every_size_with_its_interval_and_what_the_line_predicts() -> None:
    (one,) = [one for one in LADDERS if len(one.sizes) == 4]
    best, line, predicted = transfer_chart(one).series
    found = [size.found for size in one.sizes if isinstance(size.found, Found)]
    assert list(best.x) == [32, 64, 128, 256]
    assert best.bars is not None
    for each, low, high in zip(found, *best.bars, strict=True):
        assert each.ends == (low, high)
        assert low < each.lr < high
    assert one.line is not None
    assert list(line.x) == [32, 256, 512]
    assert list(predicted.x) == [512]
    assert predicted.y[0] == pytest.approx(one.line.at(512).lr)
    assert predicted.bars is not None
    assert predicted.bars[0][0] < predicted.y[0] < predicted.bars[1][0]
    assert list(transfer_chart(one, 300).series[2].x) == [300]
    assert list(transfer_chart(one, 1e6).series[2].x) == [512]


def test_a_ladder_without_a_line_draws_what_there_is() -> None:
    one = transfers(runs(Ladder("width", (32, 64)), -20.0))[0]
    chart = transfer_chart(one)
    assert chart.series
    assert all(math.isfinite(value) for series in chart.series for value in series.y)
    draw(chart, 80, 20)


@pytest.mark.parametrize("width", [40, 78, 160])
def test_words_tell_sizes_sentences_and_the_prediction_of_the_chosen_ladder(width: int) -> None:
    told = [str(ladder_words(LADDERS, place, width)) for place in (0, 1, 2)]
    assert told[0] == told[2]
    assert "Ladder 1 of 2" in told[0]
    assert "muon_scale = spectral" in "".join(told[:2])
    four = next(text for text in told if "width^-0.4" in text)
    assert "At width 512" in four
    assert "Leaving out the largest" in four
    assert chosen_ladder((), 3) is None
    assert "study --ladder" in str(ladder_words((), 0, width))


def test_the_view_is_there_where_there_is_a_ladder() -> None:
    assert views(ladders=False) == ("response", "verdicts", "pareto")
    assert "l Ladder" not in str(view_line("response", 0, ladders=False))
    assert "l Ladder" in str(view_line("ladder", 0, ladders=True))
    assert next_view("pareto", 1, ladders=True) == "ladder"
    assert next_view("pareto", 1, ladders=False) == next_view("ladder", 1, ladders=False) == "response"
    assert possible("ladder", charted=True, ladders=False) == "verdicts"
    assert possible("ladder", charted=False, ladders=True) == "ladder"
