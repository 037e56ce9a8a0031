"""Damaged files, filters, settings and keys: each is taken or refused in one line, soon, and what it said before is untouched."""

import faulthandler
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.core.exchange.test_fuzz import mutated
from tests.faults.conftest import COUNTS
from tests.faults.fuzz import subjects

TIMES = 1_000 if os.environ.get(COUNTS) else 4
"""Inputs of a kind for each of the hundred: 100,000 in all, or some hundreds."""

SECONDS = 60
"""Time after which something that takes milliseconds hangs."""

LONGEST = 2_000
"""Characters that the word about a fault may have."""


@pytest.mark.slow
def test_whatever_is_handed_over_is_taken_or_refused_in_a_line(tmp_path: Path, tried: Counter[str]) -> None:
    faults: dict[str, str] = {}
    for name, subject in subjects(tmp_path).items():
        draw = random.Random(name)
        for _ in range(TIMES * subject.weight):
            text = mutated(draw.choice(subject.texts), draw)
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            try:
                told = [line for line in subject.take(text) if len(line.splitlines()) > 1 or len(line) > LONGEST]
            except Exception as error:  # whatever comes out is a fault of ours
                told = [f"{type(error).__name__}: {error}"]
            finally:
                faulthandler.cancel_dump_traceback_later()
            for line in told:
                faults.setdefault(f"{name}: {line[:60]!r}", f"{line[:300]!r} for {text!r}")
        tried["damaged files, filters, settings and keys"] += TIMES * subject.weight
    assert not faults, "\n".join(faults.values())


def test_what_is_damaged_is_whole_before(tmp_path: Path) -> None:
    for name, subject in subjects(tmp_path).items():
        for text in subject.texts:
            assert (name, [line for line in subject.take(text) if line]) == (name, [])
