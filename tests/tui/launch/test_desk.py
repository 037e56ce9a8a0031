"""What is planned for what is chosen, without any widget."""

from pathlib import Path

import pytest

from moetui.core.cluster.execution import LOCAL
from moetui.core.planning.presets import Library
from moetui.tui.launch import lists
from moetui.tui.launch.choice import Choice
from moetui.tui.launch.desk import Desk, Edits
from tests.core.cluster.fake_slurm import FakeSlurm


def desk_on(preset: str, user: Path | None = None) -> Desk:
    library, faults = Library.collect(user)
    desk = Desk(library, faults)
    desk.take(library.get(preset))
    return desk


def choice(desk: Desk) -> Choice:
    assert desk.choice is not None
    return desk.choice


def names(desk: Desk) -> list[str]:
    return [run.name for run in desk.outlook.runs]


def test_a_preset_that_is_left_alone_is_planned_as_the_command_line_would() -> None:
    assert names(desk_on("quickstart")) == ["quickstart/lr=0.01", "quickstart/lr=0.05", "quickstart/lr=0.3"]


def test_the_lists_of_a_preset_start_with_its_own_values_ticked() -> None:
    chosen = choice(desk_on("base/moe-tiny"))
    assert chosen.rates.chosen == (0.05,)
    assert chosen.rates.offered == (0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.3)
    assert chosen.shapes.chosen == (None,)
    assert chosen.seeds.chosen == (1,)


def test_ticks_multiply() -> None:
    desk = desk_on("quickstart")
    desk.choose(lists.toggled(choice(desk), "seeds", 2))
    desk.choose(lists.toggled(choice(desk), "rates", 0.05))
    assert names(desk) == [f"quickstart/lr={lr}/seed={seed}" for lr in (0.01, 0.3) for seed in (1, 2)]


def test_a_typed_schedule_is_planned_beside_the_presets_own() -> None:
    desk = desk_on("base/moe-tiny")
    typed, first = lists.added(choice(desk), "shapes", "30% 1%")
    desk.choose(typed)
    schedules = [(run.config.schedule.warmup, run.config.schedule.floor) for run in desk.outlook.runs]
    assert schedules == [(0.1, 0.05), (0.3, 0.01)]
    assert names(desk)[-1] == "base/moe-tiny/warmup=0.3/floor=0.01"
    assert first in {row.value for row in lists.rows(desk)["shapes"]}


def test_a_schedule_that_is_the_presets_own_is_not_offered_twice() -> None:
    texts = [row.text for row in lists.rows(desk_on("base/moe-tiny"))["shapes"]]
    assert texts[0].split() == ["10", "%", "5", "%", "own"]
    assert sum(text.startswith(" 10 %   5 %") for text in texts) == 1


def test_a_study_of_several_schedules_keeps_them_as_its_own() -> None:
    desk = desk_on("schedule/all")
    assert len(desk.outlook.runs) == 5
    assert lists.rows(desk)["shapes"][0].text == "5 own"


@pytest.mark.parametrize(("name", "values"), [("rates", (0.01, 0.05, 0.3)), ("shapes", (None,)), ("seeds", (1,))])
def test_an_empty_list_says_what_to_tick(name: str, values: tuple[float | None, ...]) -> None:
    desk = desk_on("quickstart")
    for value in values:
        desk.choose(lists.toggled(choice(desk), name, value))
    assert not desk.outlook.runs
    assert desk.outlook.problem.startswith("tick a ")


def test_choices_and_settings_wait_for_their_preset() -> None:
    desk = desk_on("quickstart")
    desk.choose(lists.toggled(choice(desk), "seeds", 3))
    desk.edit(Edits({"training.updates": 7}))
    desk.take(desk.library.get("base/moe-tiny"))
    assert desk.edits == Edits()
    assert len(names(desk)) == 1
    desk.take(desk.library.get("quickstart"))
    assert len(names(desk)) == 6
    assert {run.config.training.updates for run in desk.outlook.runs} == {7}


def test_a_learning_rate_that_is_set_by_hand_becomes_the_presets_own() -> None:
    desk = desk_on("quickstart")
    desk.edit(Edits({"optimizer.lr": 0.2}))
    assert choice(desk).rates.chosen == (0.2,)
    assert [run.config.optimizer.lr for run in desk.outlook.runs] == [0.2]


def test_ticks_outlast_a_change_of_settings() -> None:
    desk = desk_on("quickstart")
    desk.choose(lists.toggled(choice(desk), "rates", 0.3))
    desk.edit(Edits({"seed": 9}))
    assert choice(desk).rates.chosen == (0.01, 0.05)
    assert {run.config.seed for run in desk.outlook.runs} == {9}


def test_offline_text_replaces_the_hub_but_not_what_is_set_by_hand() -> None:
    desk = desk_on("base/moe-79m")
    assert desk.outlook.runs[0].config.data.source == "hub"
    desk.offline = True
    desk.edit(Edits({"data.tokenizer": "bpe:512"}))
    data = desk.outlook.runs[0].config.data
    assert (data.source, data.tokenizer) == ("pydocs", "bpe:512")


def test_a_setting_that_cannot_be_is_known_before_it_is_made() -> None:
    desk = desk_on("quickstart")
    assert "training.updates" in desk.check(Edits({"training.updates": 0}))
    assert desk.check(Edits({"training.updates": 3})) == ""
    assert desk.edits == Edits()


def test_a_preset_that_cannot_be_planned_says_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('[preset]\nname = "bad"\ntitle = "B"\n[config]\ntraining.updates = 0\n')
    desk = desk_on("bad", tmp_path)
    assert f"{path}:5: training.updates" in desk.outlook.problem
    assert lists.rows(desk) == {"rates": [], "shapes": [], "seeds": []}


def test_a_mended_file_is_planned_after_reading_again(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('[preset]\nname = "bad"\ntitle = "B"\n[config]\ntraining.updates = 0\n')
    desk = desk_on("bad", tmp_path)
    path.write_text('[preset]\nname = "bad"\ntitle = "B"\n[config]\ntraining.updates = 8\n')
    desk.reload(*Library.collect(tmp_path))
    assert [run.config.training.updates for run in desk.outlook.runs] == [8]


def test_any_key_can_be_varied_and_the_lists_still_multiply() -> None:
    desk = desk_on("quickstart")
    desk.edit(Edits(axes={"training.batch_size": (4, 8)}))
    assert len(names(desk)) == 6
    desk.choose(lists.toggled(choice(desk), "rates", 0.05))
    varied = [(lr, size) for lr in (0.01, 0.3) for size in (4, 8)]
    assert names(desk) == [f"quickstart/lr={lr}/training.batch_size={size}" for lr, size in varied]
    assert desk.varied() == {"optimizer.lr": (0.01, 0.3), "training.batch_size": (4, 8)}


def test_a_rate_that_is_varied_by_hand_takes_the_place_of_earlier_ticks() -> None:
    desk = desk_on("quickstart")
    desk.choose(lists.toggled(choice(desk), "rates", 0.3))
    desk.edit(Edits(axes={"optimizer.lr": (0.2, 0.4)}))
    assert choice(desk).rates.chosen == (0.2, 0.4)
    desk.edit(desk.edits.without("optimizer.lr"))
    assert choice(desk).rates.chosen == (0.01, 0.05, 0.3)


def test_a_ticked_schedule_is_not_undone_by_a_warm_up_that_is_varied() -> None:
    desk = desk_on("base/moe-tiny")
    desk.edit(Edits(axes={"schedule.warmup": (0.0, 0.4)}))
    typed, _ = lists.added(choice(desk), "shapes", "30% 1%")
    desk.choose(typed)
    assert sorted(run.config.schedule.warmup for run in desk.outlook.runs) == [0.0, 0.3, 0.4]


def test_a_value_and_an_axis_replace_each_other_and_the_other_way_of_saying_them() -> None:
    edits = Edits({"schedule.warmup": 0.2}).with_axis("schedule.warmup", (0.1, 0.2))
    assert edits == Edits(axes={"schedule.warmup": (0.1, 0.2)})
    assert edits.with_value("schedule.warmup", 0.3) == Edits({"schedule.warmup": 0.3})
    assert Edits({"schedule.warmup": 0.2}).with_value("schedule.warmup_updates", 5).keys == {"schedule.warmup_updates"}


def test_the_scales_go_from_small_to_large_and_back_to_the_presets_own() -> None:
    desk = desk_on("schedule/all")
    seen = []
    for _ in range(5):
        seen.append((desk.scale, desk.outlook.runs[0].config.model.parameters, desk.outlook.runs[0].study))
        desk.next_scale()
    assert [scale for scale, _, _ in seen] == ["", "tiny", "9m", "79m", "283m"]
    assert [count for _, count, _ in seen[1:]] == sorted(count for _, count, _ in seen[1:])
    assert [study for _, _, study in seen[:2]] == ["schedule/all", "schedule/all@tiny"]
    assert desk.scale == ""


def test_devices_are_doubled_as_long_as_every_run_has_micro_batches_for_them() -> None:
    desk = desk_on("base/moe-79m")
    accumulation = desk.outlook.runs[0].config.training.accumulation
    seen = []
    for _ in range(4):
        assert desk.next_devices() == ""
        seen.append(desk.execution.devices)
    assert seen[:2] == [2, 4]
    assert max(seen) <= accumulation
    assert seen[-1] in (1, 2)
    tiny = desk_on("base/moe-tiny")
    assert "training.accumulation" in tiny.next_devices()
    assert tiny.execution.devices == 1


def test_the_cluster_can_be_chosen_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = desk_on("base/moe-tiny")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no sbatch" in desk.next_backend()
    assert desk.execution.backend == LOCAL
    monkeypatch.setenv("PATH", FakeSlurm(tmp_path / "slurm").path)
    assert desk.next_backend() == ""
    assert desk.execution.backend == "slurm"
    assert desk.next_backend() == ""
    assert desk.execution.backend == LOCAL
