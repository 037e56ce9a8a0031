"""cosine_annealing_schedules.png: the learning rate that each setting plans for each update."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from engine.spec.config import RunConfig
from engine.spec.schedules import warmup_updates
from moetui.core.report.figures import style
from moetui.core.report.subject import Subject

NAMED = 14
"""So many curves stand in the legend."""


@style.styled
def draw(subject: Subject) -> Figure:
    """The whole plan, and its beginning enlarged."""
    curves = planned(subject)
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    whole, beginning = figure.subplots(1, 2)
    names = style.labels(list(curves))
    handles = []
    peaks = []
    for index, (config, name) in enumerate(zip(curves.values(), names, strict=True)):
        look = style.look(index)
        updates = range(1, config.training.updates + 1)
        rates = [config.lr_at(update) for update in updates]
        peaks.append(max(rates))
        facts = {"color": look.colour, "linestyle": look.line, "label": name}
        (line,) = whole.plot(updates, rates, **facts)
        beginning.plot(updates, rates, marker=look.marker, markevery=(0.03 * index % 0.2, 0.2), **facts)
        handles.append(line)
    start = max(_start(config) for config in curves.values())
    beginning.set_xlim(0, start)
    for axes, title in ((whole, "the whole run"), (beginning, f"the first {start} updates")):
        axes.set_title(title)
        axes.set_xlabel("update")
        axes.set_ylabel("learning rate")
        if max(peaks) > 20 * min(peaks):
            style.log_y(axes)
        else:
            axes.set_ylim(bottom=0)
    style.legend_below(figure, handles[:NAMED])
    figure.suptitle(style.label(f"Planned learning rates: {subject.item.word}", 100))
    return figure


def planned(subject: Subject) -> Mapping[str, RunConfig]:
    """The configuration of every setting that plans another curve than those before it, by the setting's name."""
    found: dict[tuple[object, ...], tuple[str, RunConfig]] = {}
    for setting in subject.settings:
        run = subject.evidence_of(setting)
        if run is not None and run.config is not None:
            config = run.config
            curve = (config.schedule, config.optimizer.lr, config.training.updates)
            found.setdefault(curve, (setting.label, config))
    return dict(found.values())


def _start(config: RunConfig) -> int:
    """As many updates as show the warm-up and what follows it."""
    updates = config.training.updates
    return min(updates, max(2 * warmup_updates(config.schedule, updates), updates // 10, 2))
