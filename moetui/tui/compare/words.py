"""What the Compare screen says in words; the numbers are those of the commands."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from moetui.core import format as fmt
from moetui.core.science import cells, findings, wording
from moetui.core.science.comparison import Comparison
from moetui.core.science.difference import Difference
from moetui.core.science.groups import Group
from moetui.core.science.labels import distinctive, middle
from moetui.core.science.measure import Measure
from moetui.core.science.propose import propose
from moetui.core.science.response import Response
from moetui.tui.compare.bench import Answer
from moetui.tui.compare.pareto_chart import DOT, UNITS, letters
from moetui.tui.compare.subjects import Subject
from moetui.tui.compare.table import table
from moetui.tui.compare.views import View

NOTHING = "Nothing to compare yet.\n\nPress 1 to launch a study, or 3 to mark runs (space) and come back with x."
NO_RESPONSE = "These runs tell of no learning rates to draw a response over; their verdicts are shown (v)."
COSTS = tuple(UNITS)
HEADERS = ("setting", "n", "mean ± sd", "difference", "p", "verdict", "at most")
PAIR_HEADERS = ("pair", "difference", "p", "verdict")
NUMBERS = ("n", "mean ± sd", "difference", "p", "at most")
LEGEND = "± holds for all pairs together (95 %), p likewise; at most: what taking a setting costs that may be the best"
DIVERGED = "; +1×: one more diverged"


def caption(answer: Answer, view: View, response: Response | None) -> Text:
    """The answer, then what is compared, by which measure and on which terms."""
    subject, terms = answer.subject, answer.terms
    line = Text(no_wrap=True, overflow="ellipsis")
    if said := _answer(answer, view, response):
        line.append(f"{said}  ", "bold green")
    line.append(f"{middle(subject.title, 30)} · {terms.measure.at} {terms.measure.label}")
    line.append(f" · {subject.ended} of {len(subject.records)} runs ended", "dim" if subject.all_ended else "yellow")
    against = {"best": "with the best", "first": "with the first", "all": "all pairs"}[terms.against]
    pairing = {"auto": "", "always": " · seeds as blocks", "never": " · seeds as noise"}[terms.pairing]
    return line.append(f" · {against}{pairing} · tolerance {100 * terms.tolerance:g} %", "dim")


def _answer(answer: Answer, view: View, response: Response | None) -> str:
    """The answer in a few words: of a response the best learning rate, of verdicts the best setting; costs have none."""
    if view == "response" and response is not None:
        return findings.answer(response)
    if view == "verdicts":
        comparison = answer.judged.comparison
        return (
            wording.answer(comparison, _names(comparison)[comparison.best.key]) if comparison.best is not None else ""
        )
    return ""


def at_work(subject: Subject) -> Text:
    """What stands in the place of the caption while a subject is judged."""
    return Text(f"{subject.title}  ", "bold", no_wrap=True, overflow="ellipsis").append("working it out …", "dim")


def response_words(answer: Answer, leading: int) -> Text:
    """The response of the leading setting in sentences: what was found, what to do next, what is unequal and left out."""
    found = answer.found
    response = found.responses[leading]
    text = Text()
    if len(found.responses) > 1:
        text.append(f"Setting {leading + 1} of {len(found.responses)} ([ and ] change it): ", "dim")
        text.append(f"{response.name}\n", "bold")
    _lines(text, findings.sentences(response))
    _lines(text, map(findings.proposal, propose(response)), "bold")
    _lines(text, map(findings.movement, found.across))
    _cautions(text, (caveat.text for caveat in response.caveats))
    _lines(text, wording.without_value([*(point.group for point in response.points), *response.untried]), "yellow")
    _lines(text, findings.correlations(response), "dim")
    if (pairs := response.comparison.family) > 1:
        text.append(
            f"Bars and [ ] are each setting's own 95 % interval, uncorrected; verdicts are corrected for all {pairs} pairs.\n",
            "dim",
        )
    return text


def verdict_words(answer: Answer, width: int) -> Text:
    """The verdict table with its conclusion and cautions."""
    comparison = answer.judged.comparison
    measure, groups = comparison.measure, comparison.groups
    names = _names(comparison)
    reference = comparison.reference
    at_most = {key: measure.gap(cost) for key, cost in cells.costs(comparison).items()}
    rows = [
        [
            names[group.key],
            *_values(group, measure),
            *_judged(comparison.of(group), measure, best=group is reference),
            at_most.get(group.key, ""),
        ]
        for group in groups
    ]
    text = Text()
    if reference is not None:
        text.append(f"Differences from {names[reference.key]}. ", "dim")
    text.append(f"{LEGEND}{DIVERGED if any(group.diverged for group in groups) else ''}.\n", "dim")
    text.append_text(table(HEADERS, rows, width, right=NUMBERS, verdict="verdict")).append("\n\n")
    if comparison.against == "all" and comparison.differences:
        pairs = [
            [f"{names[one.first.key]} – {names[one.second.key]}", *_judged(one, measure)]
            for one in comparison.differences
        ]
        text.append_text(table(PAIR_HEADERS, pairs, width, right=NUMBERS, verdict="verdict")).append("\n\n")
    _lines(text, [wording.conclusion(comparison)], "bold")
    _cautions(text, (caveat.text for caveat in answer.judged.unequal))
    _lines(text, wording.without_value(groups), "yellow")
    return text


def pareto_words(answer: Answer, cost: str, width: int) -> Text:
    """Which letter is which setting, what it costs and scores; those on the front are marked."""
    signed = letters(answer.prices[cost])
    names = distinctive([priced.group.label for _, priced in signed])
    rows = [
        [
            f"{letter} {name}",
            wording.spread(
                priced.group.summary.mean, priced.group.summary.low, priced.group.summary.high, answer.terms.measure
            ),
            fmt.count(priced.cost),
            "front" if priced.front else "",
        ]
        for (letter, priced), name in zip(signed, names, strict=True)
    ]
    headers = ("setting", answer.terms.measure.title, cost, "Pareto")
    text = table(headers, rows, width, right=headers[1:3], verdict="Pareto")
    text.append("\n\n±: half of each setting's own 95 % interval, uncorrected, no verdict.", "dim")
    if any(letter == DOT for letter, _ in signed):
        text.append(f"\n{DOT}: settings for which no letter is left; the front has letters first.", "dim")
    text.append("\nfront: no other setting is at least as good and as cheap, and better in one.\n", "dim")
    _cautions(text, (caveat.text for caveat in answer.judged.unequal))
    return text


def caution_count(answer: Answer) -> int:
    """How many things are unequal between the runs that count."""
    return len(answer.judged.unequal)


def _names(comparison: Comparison) -> dict[str, str]:
    """What tells each setting from the others, by its key."""
    groups = comparison.groups
    return dict(zip((group.key for group in groups), distinctive([group.label for group in groups]), strict=True))


def _values(group: Group, measure: Measure) -> list[str]:
    summary = group.summary
    sd = "" if summary.sd is None or len(group.rates) > 1 else f" ± {measure.gap(summary.sd)}"
    diverged = f" +{len(group.diverged)}×" if group.diverged else ""
    return [f"{group.n}{diverged}", f"{measure.text(summary.mean)}{sd}"]


def _judged(one: Difference | None, measure: Measure, *, best: bool = False) -> list[str]:
    difference, _, verdict, _ = cells.verdict_cells(one, measure)
    return [difference, cells.p_cell(one), "best" if best else verdict]


def _lines(text: Text, lines: Iterator[str] | Sequence[str], style: str = "") -> None:
    for line in lines:
        text.append(f"{line}\n", style)


def _cautions(text: Text, lines: Iterator[str]) -> None:
    for line in lines:
        text.append("Caution: ", "bold yellow").append(f"{line}.\n")


def chosen_response(answer: Answer, wanted: int) -> tuple[int, Response | None]:
    """The place of the wanted response, kept in range, and the response; None where there is none."""
    found = answer.found.responses
    place = wanted % len(found) if found else 0
    return place, found[place] if found else None
