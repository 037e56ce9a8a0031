import math
from pathlib import Path

from engine.runfiles.metrics import MetricsReader, MetricsWriter


def test_non_finite_numbers_survive_as_words(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    with MetricsWriter(path) as writer:
        writer.write({"update": 1, "train_loss": math.nan, "grad_norm": math.inf, "expert_load": [[-math.inf, 0.5]]})
    assert '"nan"' in path.read_text()
    (record,) = MetricsReader(path).read()
    assert math.isnan(record["train_loss"])
    assert record["grad_norm"] == math.inf
    assert record["expert_load"] == [[-math.inf, 0.5]]


def test_a_torn_tail_is_not_read_and_costs_the_next_writer_nothing(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"update":1}\n{"update":2,"tra')
    reader = MetricsReader(path)
    assert reader.read() == [{"update": 1}]
    with MetricsWriter(path) as writer:
        writer.write({"update": 2})
    assert reader.read() == [{"update": 2}]
    assert MetricsReader(path).read() == [{"update": 1}, {"update": 2}]


def test_a_reader_returns_what_is_new_and_notices_a_replaced_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    reader = MetricsReader(path)
    assert reader.read() == []
    path.write_bytes(b'{"update":1}\n{"update":2}\n')
    assert len(reader.read()) == 2
    assert reader.read() == []
    path.write_bytes(b'{"update":7}\n')
    assert reader.read() == [{"update": 7}]
    assert reader.replaced
