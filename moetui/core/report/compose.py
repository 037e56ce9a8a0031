"""The document of a report: what is printed as Markdown and as HTML."""

from collections.abc import Iterator, Sequence

from moetui.core import format as fmt
from moetui.core.report import summary
from moetui.core.report.artifacts import NUMBERS, TABLE, Choice
from moetui.core.report.document import Block, Bullets, Command, Document, Heading, Paragraph, Picture, table
from moetui.core.report.evidence import audit_table, finding_table, run_table, source_table
from moetui.core.report.ladders import ladder_blocks
from moetui.core.report.results import result_table
from moetui.core.report.settings import published_table, setting_blocks
from moetui.core.report.subject import Subject
from moetui.core.runs.scores_alone import rise_of
from moetui.core.science import cells, factorial_words, findings
from moetui.core.science.caveats import reservations
from moetui.core.science.factorial import crossed_effects


def compose(subject: Subject, choices: Sequence[Choice]) -> Document:
    """The whole report; figures are named where they belong."""
    blocks: list[Block] = [Paragraph(summary.extent(subject)), Heading("Summary")]
    blocks.append(Bullets(tuple(summary.verdicts(subject))))
    for title, part in (
        ("Results", _results(subject, choices)),
        ("Response to the learning rate", _responses(subject, choices)),
        ("Best rate by size", [*ladder_blocks(subject.ladders), *_pictures(choices, "best_rate_by_size.png")]),
        ("Two keys crossed", _crossed(subject)),
        ("Published values", _published(subject)),
        ("Settings", [*setting_blocks(subject), *_pictures(choices, *_PLANS)]),
        ("During training", _pictures(choices, "metrics_plot.png", "val_loss_vs_time.png")),
        ("Costs", _costs(subject)),
        ("Caveats", _caveats(subject)),
        ("Findings", _findings(subject)),
        ("What to do next", _next(subject)),
        ("Runs behind the numbers", [run_table(subject)]),
        ("Provenance", [source_table(subject)]),
        ("Files", _files(choices)),
    ):
        if found := list(part):
            blocks += [Heading(title), *found]
    return Document(f"Report of {subject.item.word}", tuple(blocks))


_PLANS = ("cosine_annealing_schedules.png", "cosine_annealing_results_comparison.png")


def _results(subject: Subject, choices: Sequence[Choice]) -> Iterator[Block]:
    reference = subject.comparison.reference
    if reference is not None:
        yield Paragraph(f"By {cells.legend(subject.comparison, reference.label)}.")
    yield result_table(subject)
    yield from _pictures(choices, "detailed_comparison.png")


def _responses(subject: Subject, choices: Sequence[Choice]) -> Iterator[Block]:
    for response in subject.responses["val_loss"]:
        if response.name:
            yield Paragraph(f"With {response.name}:")
        yield Paragraph(f"By {cells.response_legend(response)}.")
        yield table(cells.RESPONSE_HEADERS, list(cells.response_rows(response)), right=cells.NUMBERS)
        if correlations := tuple(findings.correlations(response)):
            yield Bullets(correlations)
    yield from _pictures(choices, "learning_rate_analysis.png")


def _crossed(subject: Subject) -> Iterator[Block]:
    found = crossed_effects(subject.settings, subject.comparison.measure)
    if found is not None:
        yield Bullets(tuple(factorial_words.sentences(found)))
        if found.effects:
            yield Paragraph("Means over the levels of the other key; the 95 % intervals of one key hold together.")
            yield table(
                factorial_words.HEADERS, list(factorial_words.factorial_rows(found)), right=("mean", "from the best")
            )


def _published(subject: Subject) -> Iterator[Block]:
    if subject.published:
        yield Paragraph(
            "What documents report of these presets. They are no runs of this study and take no part in its verdicts."
        )
        if unlike := _other_sizes(subject):
            yield Paragraph(unlike)
        yield published_table(subject)
        if notes := reservations(run.record for run in subject.published):
            yield Bullets(notes)


def _other_sizes(subject: Subject) -> str:
    """What stands against reading the published scores beside the ones measured here; empty if the models are as large."""
    theirs, ours = (
        sorted({run.record.parameters for run in runs if run.record.parameters is not None})
        for runs in (subject.published, [run for run in subject.runs if not run.record.published])
    )
    if not theirs or not ours or theirs == ours:
        return ""
    sizes = [" and ".join(map(fmt.count, parameters)) for parameters in (theirs, ours)]
    return (
        f"Their models have {sizes[0]} parameters, the ones here {sizes[1]}: settings can be compared, scores cannot."
    )


def _costs(subject: Subject) -> Iterator[Block]:
    known = {cost: prices for cost, prices in subject.prices.items() if any(one.cost for one in prices)}
    if known:
        by_key = {cost: {one.group.key: cells.price(one) for one in prices} for cost, prices in known.items()}
        rows = [[setting.label, *(by_key[cost][setting.key] for cost in known)] for setting in subject.settings]
        yield Paragraph("Means of the runs with a loss; * marks settings that no other beats in loss and in this cost.")
        yield table(["setting", *known], rows, right=list(known))


def _caveats(subject: Subject) -> Iterator[Block]:
    lines = [f"{caveat.text}." for caveat in subject.caveats]
    lines += reservations(subject.records)
    lines += [f"{run_id} could not be read: {reason}." for run_id, reason in subject.unreadable.items()]
    if summary.single(subject):
        lines.append("Where a setting has one seed, nothing tells its difference from the noise between seeds.")
    yield (
        Bullets(tuple(lines))
        if lines
        else Paragraph("Data, length, batch, evaluation set, device, precision and origin are the same in all runs.")
    )


def _findings(subject: Subject) -> Iterator[Block]:
    details = subject.details
    some = any(found.findings for found in details.values())
    if some:
        yield Paragraph("In the measurements and scores of the runs:")
        yield finding_table(subject)
    if subject.audited:
        yield Paragraph("In the schedules:")
        yield audit_table(subject)
    read = sum(found.looked_at.enough for found in details.values())
    if read and not some:
        also = "" if subject.audited else " or in the schedules"
        yield Paragraph(f"Nothing was found in the measurements of {_runs(read)}{also}.")
    yield from _without_curves(subject)
    if sentences := list(_rises(subject)):
        yield Bullets(tuple(sentences))


def _without_curves(subject: Subject) -> Iterator[Block]:
    """The runs whose curve is too short to be judged: named, or counted with the reason where that is all of them."""
    looked_at = {run_id: found.looked_at for run_id, found in subject.details.items()}
    without = [run_id for run_id, one in looked_at.items() if not one.enough]
    if not without:
        return
    reasons = {looked_at[run_id].missing for run_id in without}
    if len(without) == len(looked_at) > 1 and len(reasons) == 1 and (reason := reasons.pop()):
        yield Paragraph(f"No curve to read of any of the {_runs(len(without))}: {reason}.")
    else:
        yield Paragraph(
            f"{_runs(len(without))} without a curve that is long enough to be judged: {', '.join(without)}."
        )


def _rises(subject: Subject) -> Iterator[str]:
    """What the scores of records without a curve say of a rise; those without any are counted."""
    flat = 0
    for run_id, found in subject.details.items():
        if found.rise and (rise := rise_of(found.record)) is not None and rise.height <= 0:
            flat += 1
        elif found.rise:
            yield f"{run_id}: {found.rise}."
    if flat:
        yield f"In {_runs(flat)} the final validation loss is the lowest of all evaluations."


def _runs(count: int) -> str:
    """`1 run`, `4 runs`."""
    return f"{count} run{'' if count == 1 else 's'}"


def _next(subject: Subject) -> Iterator[Block]:
    steps, commands = summary.next_steps(subject)
    yield Bullets(tuple(steps))
    yield from map(Command, commands)


def _pictures(choices: Sequence[Choice], *files: str) -> Iterator[Block]:
    for choice in choices:
        if choice.artifact.file in files and not choice.reason:
            yield Picture(choice.artifact.file, choice.artifact.title, choice.artifact.caption)


def _files(choices: Sequence[Choice]) -> Iterator[Block]:
    yield Paragraph(
        f"{TABLE} has the table of results with every digit, {NUMBERS} every number of this report with the ids of its runs."
    )
    if left_out := [f"{one.artifact.file} is left out: {one.reason}." for one in choices if one.reason]:
        yield Bullets(tuple(left_out))
