"""Charts in a terminal: a frozen spec, a pure function that draws it as text, and a widget on top.

    from moetui.tui.chart.draw import draw
    from moetui.tui.chart.palette import slot
    from moetui.tui.chart.spec import ChartSpec, Series

    spec = ChartSpec(
        title="Validation loss",
        series=(
            Series("lr 0.05", updates, train_loss, slot(0), emphasis="faint", legend=False),
            Series("lr 0.05", val_updates, val_loss, slot(0), points=True),
            Series("lr 0.1", other_updates, other_loss, slot(1), points=True),
        ),
        x_label="updates",
        x_range=(0, 1000),
    )
    print(draw(spec, width=80, height=20).plain())

`draw` needs no running application and imports no textual; `.rows` of what it returns are styled spans. In a Textual screen:

    from moetui.tui.chart.widget import Chart

    chart = Chart(charset="braille")   # yield it in compose(); "ascii" where braille cannot be shown
    chart.show(spec)                   # at each tick: only the cells that changed are sent to the terminal

Give all charts of a screen the same slot for the same run: `slot(i)` is its colour and marker everywhere. NaN and infinities
in y mean divergence (×); leave out what was not measured.
"""
