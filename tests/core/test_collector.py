"""Python's garbage collector rests while the interface starts or a million records are read, and works again afterwards."""

import gc

import pytest

from moetui.core import collector


def test_it_rests_until_everybody_has_resumed() -> None:
    collector.rest()
    collector.rest()
    collector.resume(keep=False)
    assert not gc.isenabled()
    collector.resume(keep=False)
    assert gc.isenabled()


def test_it_works_again_whatever_became_of_the_work() -> None:
    enabled: list[bool] = []

    @collector.resting()
    def work() -> None:
        enabled.append(gc.isenabled())
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        work()
    assert enabled == [False]
    assert gc.isenabled()
