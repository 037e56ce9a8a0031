import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from moetui.core.runs.lab import Lab
from moetui.tui.feed import Feed
from tests.tui.lab_on_disk import end_run, write_metrics, write_run


def test_only_the_curves_of_watched_runs_are_read(lab: Lab) -> None:
    for run_id in "ab":
        end_run(lab, write_run(lab, run_id))
    feed = Feed(lab)
    assert feed.take().curves == {}
    feed.watch(["b"])
    assert list(feed.take().curves) == ["b"]


def test_nothing_new_gives_the_very_same_picture(lab: Lab) -> None:
    end_run(lab, write_run(lab, "a"))
    feed = Feed(lab)
    feed.watch(["a"])
    assert feed.take() is feed.take()


def test_looks_at_the_same_time_read_no_measurement_twice(lab: Lab) -> None:
    record = end_run(lab, write_run(lab, "a", updates=10))
    feed = Feed(lab)
    feed.watch(["a"])
    feed.take()
    write_metrics(lab.run_dir(record), 5000)
    with ThreadPoolExecutor(8) as pool:
        pictures = list(pool.map(lambda _: feed.take(patience=0), range(8)))  # a piece of the file each
    whole = feed.take(patience=math.inf).curves["a"].get("train_loss")[0]
    assert whole.tolist() == [*range(1, 11), *range(1, 5001)]
    parts = [picture.curves["a"].get("train_loss")[0] for picture in pictures]
    assert len({part.size for part in parts}) > 2
    assert all(np.array_equal(part, whole[: part.size]) for part in parts)


def test_a_catalogue_that_cannot_be_read_is_said_and_the_last_picture_stays(lab: Lab) -> None:
    end_run(lab, write_run(lab, "a"))
    feed = Feed(lab)
    before = feed.take()
    lab.workspace.runs_json.write_text("{")
    after = feed.take()
    assert "reindex" in after.error
    assert after.snapshot == before.snapshot
