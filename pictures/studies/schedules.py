"""The claims about the five cosine schedules."""

import itertools
from collections.abc import Iterator
from statistics import stdev

from engine.spec.config import RunConfig
from engine.spec.schedules import warmup_updates
from moetui.core.planning.presets import Library
from moetui.core.science.factorial import crossed_effects
from moetui.core.science.factorial_words import sentences
from moetui.core.science.groups import Group
from moetui.core.science.measure import LOSS
from pictures.studies.claim import ACCURACY, Claim, against, amount, gap, listed, may_be
from pictures.studies.conclusions import is_best, is_worse, matters_more, ranked, upside_down
from pictures.studies.gathered import Study, only, short
from pictures.studies.noise import Noise, by_seed, noise_of

CROSSED = "schedule/warmup-floor"
REPLICATES = "published/exp8/one-configuration"
"""The group of the published runs that were meant to differ and did not."""


def schedule_claims(study: Study) -> Iterator[Claim]:
    """The best and the worst schedule, what floor and warm-up do, and whether single runs tell."""
    yield from _best(study)
    yield _worst(study)
    yield _floor(study)
    yield _matters(study)
    yield _single_runs(study)


def _best(study: Study) -> Iterator[Claim]:
    for measure, lowest, title in ((LOSS, True, "lowest loss"), (ACCURACY, False, "highest accuracy")):
        comparison = study.subject.comparisons[measure.key]
        published = _published(study, measure.key)
        name = (min if lowest else max)(published, key=lambda one: published[one])
        claimed = study.setting(name, measure.key)
        reference = comparison.best
        assert reference is not None
        evidence = [may_be(comparison)]
        if reference.key != claimed.key:
            others = against(comparison, reference)
            evidence.append(f"Behind {short(reference)} ({amount(reference.mean, measure)}) are {others}.")
        if measure is LOSS:
            evidence.append(ranks(study))
        yield Claim(
            f"Schedules: {name} has the {title} ({published[name] if lowest else amount(published[name], measure)})",
            ((measure.key.removeprefix("val_"), is_best(comparison, claimed)),),
            " ".join(evidence),
        )


def _worst(study: Study) -> Claim:
    loss, accuracy = _published(study, LOSS.key), _published(study, ACCURACY.key)
    name = only((max(loss, key=lambda one: loss[one]), min(accuracy, key=lambda one: accuracy[one])))
    turned = {key: upside_down(study.subject.comparisons[key]) for key in (LOSS.key, ACCURACY.key)}
    return Claim(
        f"Schedules: {name} is the worst ({loss[name]}, {amount(accuracy[name], ACCURACY)})",
        tuple((key.removeprefix("val_"), is_best(one, study.setting(name, key))) for key, one in turned.items()),
        " ".join(may_be(one, "worst") for one in turned.values()),
    )


def _floor(study: Study) -> Claim:
    """The two schedules that differ in their floor alone, as a warm-up of one update is none."""
    high, low = study.setting("aggressive-warmup"), study.setting("no-warmup")
    floors = [100 * only(config.schedule.floor for config in _configs(study, group)) for group in (high, low)]
    warmups = [only(warmup_updates(c.schedule, c.training.updates) for c in _configs(study, g)) for g in (high, low)]
    if not max(warmups) < 2:
        raise ValueError("the two schedules differ in their warm-up as well")
    updates = only(config.training.updates for config in study.configs)
    pairs = [
        study.subject.comparisons[key].between(study.setting(short(high), key), study.setting(short(low), key))
        for key in (LOSS.key, ACCURACY.key)
    ]
    asked = 100 * only(config.schedule.warmup for config in _configs(study, high))
    return Claim(
        f"Guide: a floor of {floors[0]:g} % is too high",
        tuple((pair.measure.key.removeprefix("val_"), is_worse(pair)) for pair in pairs),
        f"{short(high)} and {short(low)} differ in the floor alone ({floors[0]:g} and {floors[1]:g} %), since a warm-up of "
        f"{asked:g} % of {updates} updates is one update, that is none. The difference is {gap(pairs[0])} in loss, "
        f"{gap(pairs[1])} in accuracy.",
    )


def _matters(study: Study) -> Claim:
    found = crossed_effects(study.subject.settings, LOSS)
    said = " ".join(sentences(found)) if found else "The settings do not differ in two keys."
    return Claim(
        "Guide: the warm-up matters more than the floor",
        (("loss", matters_more(found, "warmup")),),
        f"{said} `{Library.load().get(CROSSED).name}` crosses them.",
    )


def _single_runs(study: Study) -> Claim:
    noise = noise_of(study.subject.comparison)
    losses = sorted(_published(study, LOSS.key).values())
    steps = [after - before for before, after in itertools.pairwise(losses)]
    scatter, count, updates = replicate_noise(study)
    least = noise.least_difference()
    theirs = Noise(2**0.5 * scatter, 0.0, scatter, scatter, len(losses), count - 1).least_difference()
    return Claim(
        f"Schedules: single runs within {losses[-1] - losses[0]:.3f} nats rank them",
        (("loss", ranked(losses, least)),),
        f"The steps between them are {listed(f'{step:.3f}' for step in steps)}. Between {len(losses)} single runs with "
        f"the same seed, a difference stands out from {least:.3f} nats on by the noise here, and from {theirs:.3f} on by that of "
        f"the {count} published replicates of exp8 (sd {scatter:.4f}, {updates} updates).",
    )


def replicate_noise(study: Study) -> tuple[float, int, int]:
    """Of the published replicates: standard deviation of the final losses in nats, how many there are, and their updates."""
    records = [record for record in study.published.values() if record.group == REPLICATES]
    losses = [record.final.val_loss for record in records if record.final and record.final.val_loss is not None]
    return stdev(losses), len(losses), only(record.updates for record in records)


def ranks(study: Study) -> str:
    """What the seeds agree on, each by itself: first place, and the settings in the last two."""
    comparison = study.subject.comparison
    names = [short(group) for group in comparison.groups]
    orders = [[names[i] for i in column.argsort()] for column in by_seed(comparison).T]
    said = []
    if len({order[0] for order in orders}) == 1:
        said.append(f"{orders[0][0]} first")
    if len({frozenset(order[-2:]) for order in orders}) == 1:
        said.append(f"{listed(sorted(orders[0][-2:]))} in the last two places")
    if not said:
        return f"The {len(orders)} seeds agree neither on the first place nor on the last two."
    return f"Each of the {len(orders)} seeds by itself puts {listed(said)}."


def _published(study: Study, measure: str) -> dict[str, float]:
    """The published scores of the five, by short name."""
    found: dict[str, float] = {}
    for name in map(short, study.subject.settings):
        value = getattr(study.scores(f"schedule/{name}"), measure)
        if value is None:
            raise ValueError(f"{name} has no published {measure}")
        found[name] = float(value)
    return found


def _configs(study: Study, group: Group) -> list[RunConfig]:
    ids = {sample.record.id for sample in group.samples}
    return [run.config for run in study.subject.runs if run.record.id in ids and run.config is not None]
