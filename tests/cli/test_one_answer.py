"""One question has one answer: every command, screen and section of a report says the same of the same runs."""

import json
import math
import random
import re
from pathlib import Path
from typing import Any

import pytest

from engine.runfiles.rundir import EndStatus
from moetui.core.planning.plan import group_of
from moetui.core.report.subject import gather_subject
from moetui.core.runs.lab import Lab
from moetui.core.science.comparison import Comparison
from moetui.core.science.difference import Difference
from moetui.core.science.measure import LOSS
from moetui.core.science.response import Response
from moetui.core.studies.gather import gather
from moetui.core.studies.judge import Judged, Responses, Terms, judge, responses
from moetui.core.studies.progress import progress
from moetui.tui.compare import words
from moetui.tui.compare.bench import Bench
from moetui.tui.compare.subjects import subjects
from tests.cli.conftest import Cli
from tests.tui.lab_on_disk import end_run, write_run

LRS = (0.01, 0.03, 0.045, 0.05, 0.06, 0.1, 0.3)
LENGTHS = (100, 200)
VERDICTS = ("better", "worse", "not distinguishable", "no verdict")


@pytest.fixture
def lab_of_two_lengths(lab: Lab) -> Lab:
    """Seven learning rates at two lengths with three seeds; one rate has a single run, one a divergence."""
    noise = random.Random(7)
    for updates in LENGTHS:
        for lr in LRS:
            for seed in (1, 2, 3) if lr != 0.06 else (1,):
                loss = 4.5 + 0.25 * math.log(lr / 0.045) ** 2 - 0.001 * updates + 0.02 * seed + noise.gauss(0, 0.01)
                diverged = (lr, seed, updates) == (0.3, 2, 100)
                _trained(lab, lr, seed, updates, loss, "diverged" if diverged else "finished")
    return lab


def _trained(lab: Lab, lr: float, seed: int, updates: int, loss: float, status: EndStatus) -> None:
    queued = write_run(
        lab,
        f"u{updates}l{round(lr * 1e4)}s{seed}",
        name=f"grid/updates={updates}/lr={lr}/seed={seed}",
        study="grid",
        settings={"optimizer": {"lr": lr}, "seed": seed, "training": {"updates": updates}},
    )
    group = group_of(lab.run_dir(queued).config().config)
    end_run(lab, lab.catalogue.change(queued.id, group=group), loss=lambda _: loss, status=status)


def verdict_of(one: Difference | None) -> str:
    return "" if one is None else one.verdict


def test_every_command_screen_and_section_gives_a_pair_the_same_verdict(
    cli: Cli, lab_of_two_lengths: Lab, tmp_path: Path
) -> None:
    lab = lab_of_two_lengths
    records = lab.snapshot().runs
    evidence = gather(lab, records)
    judged, found = judge(evidence, Terms()), responses(evidence, Terms())
    said = _verdicts_of_core(judged, found)
    assert len(set(said.values())) >= 3, "the runs do not show every kind of verdict"

    compared = cli.json("compare", "grid", "--against", "all")
    assert _pairs(compared["differences"]) == _pairs_of(judged)

    tree = cli.json("response", "grid")
    shown = _response_verdicts(tree["responses"])
    assert shown == {pair: said[pair] for pair in shown}
    assert len(shown) == 2 * (len(LRS) - 1)

    refined = cli.json("refine", "grid", "--dry-run")
    assert {step["setting"] for step in refined["steps"]} <= {one.name for one in found.responses}

    subject = gather_subject(lab, "grid")
    assert _pairs_of_comparison(subject.comparison) == _pairs_of(judged, reference=True)
    for one, again in zip(found.responses, subject.responses["val_loss"], strict=True):
        _same_response(one, again)

    code, _, err = cli("report", "grid", "--output", str(tmp_path / "report"))
    assert code == 0, err
    insights = json.loads((tmp_path / "report" / "insights.json").read_bytes())
    assert _response_verdicts(insights["responses"]["val_loss"]) == shown
    assert _pairs(insights["comparisons"]["val_loss"]["differences"]) == _pairs_of(judged, reference=True)
    _tables_agree((tmp_path / "report" / "report.md").read_text(), judged)

    (subject_,) = [one for one in subjects(records) if one.key == "study:grid"]
    answer = Bench(lab).answer(subject_, Terms(), records)
    assert _verdicts_of_core(answer.judged, answer.found) == said
    told = words.verdict_words(answer, 400).plain
    for group in judged.comparison.groups:
        shown_there = judged.comparison.of(group)
        if shown_there is not None and shown_there.verdict in ("better", "worse"):
            row = next(line for line in told.splitlines() if group.label.removeprefix("grid/") in line)
            assert shown_there.verdict in row

    assert judged.comparison.best is not None
    best = progress(lab.library(), "grid", records).best
    assert best is not None
    assert best[0].group == judged.comparison.best.key
    status = cli.json("study", "status", "grid")
    assert f"{best[1]:.4f}"[:5] in json.dumps(status)


def test_no_verdict_contradicts_the_interval_beside_it_anywhere(cli: Cli, lab_of_two_lengths: Lab) -> None:
    for tree in (cli.json("compare", "grid", "--against", "all"), *cli.json("response", "grid")["responses"]):
        differences = tree.get("differences") or [point["against_best"] for point in tree["points"]]
        for one in filter(None, differences):
            if one["verdict"] == "no verdict":
                assert one["low"] is None
                continue
            excludes = one["low"] > 0 or one["high"] < 0
            assert excludes == (one["verdict"] in ("better", "worse"))
            assert excludes == (one["p_adjusted"] < 0.05)


def test_no_candidate_is_worse_than_another_and_none_diverged(cli: Cli, lab_of_two_lengths: Lab) -> None:
    tree = cli.json("compare", "grid", "--against", "all")
    may = {one["group"] for one in tree["may_be_best"]}
    for one in tree["differences"]:
        loser = {"worse": one["first"], "better": one["second"]}.get(one["verdict"])
        assert loser not in may
    for response in cli.json("response", "grid")["responses"]:
        for point in response["points"]:
            assert not (point["may_be_best"] and any(run["diverged"] for run in point["runs"]))
            assert point["lr"] != response["best"] or not any(run["diverged"] for run in point["runs"])


def _verdicts_of_core(judged: Judged, found: Responses) -> dict[tuple[str, str], str]:
    comparison = judged.comparison
    said: dict[tuple[str, str], str] = {}
    for response in found.responses:
        assert response.reference is not None
        for point in response.points:
            if point.against_best is not None:
                again = comparison.between(point.group, response.reference.group)
                assert (again.low, again.high) == (point.against_best.low, point.against_best.high)
                said[point.group.key, response.reference.group.key] = str(point.against_best.verdict)
    return said


def _pairs(differences: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    return {
        (one["first"], one["second"]): (one["verdict"], one["low"] and pytest.approx(one["low"])) for one in differences
    }


def _pairs_of(judged: Judged, *, reference: bool = False) -> dict[tuple[str, str], Any]:
    comparison = judged.comparison
    if reference:
        return _pairs_of_comparison(comparison)
    ordered = comparison.groups
    pairs = [(b, a) for index, a in enumerate(ordered) for b in ordered[index + 1 :]]
    return {(a.key, b.key): (one.verdict, one.low) for a, b in pairs if (one := comparison.between(a, b))}


def _pairs_of_comparison(comparison: Comparison) -> dict[tuple[str, str], Any]:
    return {(one.first.key, one.second.key): (one.verdict, one.low) for one in comparison.differences}


def _response_verdicts(trees: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    return {
        (point["against_best"]["first"], point["against_best"]["second"]): point["against_best"]["verdict"]
        for tree in trees
        for point in tree["points"]
        if point["against_best"]
    }


def _same_response(one: Response, again: Response) -> None:
    assert (one.optimum, one.zone, one.cliff, one.edge) == (again.optimum, again.zone, again.cliff, again.edge)
    assert [verdict_of(point.against_best) for point in one.points] == [
        verdict_of(point.against_best) for point in again.points
    ]
    assert [candidate.group.key for candidate in one.candidates] == [one.group.key for one in again.candidates]


def _tables_agree(markdown: str, judged: Judged) -> None:
    """Wherever a row of the results names a setting, the verdict in it is that of the comparison."""
    comparison = judged.comparison
    rows = 0
    for group in comparison.groups:
        one = comparison.of(group)
        lines = [line for line in markdown.splitlines() if line.startswith(f"| {group.label} |")]
        for line in lines:
            cells = [re.sub(r" \(.*", "", cell.strip()) for cell in line.split("|")]
            if found := [cell for cell in cells if cell in VERDICTS]:
                assert one is not None
                assert found == [one.verdict]
                rows += 1
    assert rows >= len(comparison.groups) - 1


def test_the_measure_is_the_validation_loss() -> None:
    assert Terms().measure is LOSS
