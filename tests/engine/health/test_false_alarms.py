import pytest

from tests.engine.health.simulated import clean_run, examine, setting

RUNS = 200


@pytest.mark.slow
def test_of_200_healthy_runs_fewer_than_one_in_twenty_raises_an_alarm_of_any_kind() -> None:
    alarms = {seed: examine(records := clean_run(seed), setting(records)) for seed in range(RUNS)}
    assert sum(bool(findings) for findings in alarms.values()) < 0.05 * RUNS, alarms
