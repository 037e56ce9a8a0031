"""What is said of a measured gradient noise scale."""

from moetui.core.runs.detail import noise_scale


def test_the_newest_scale_is_told_with_its_groups() -> None:
    measured = {"noise_scale": 24.3, "noise_scale_muon": 31.0, "noise_scale_embedding": 52.7}
    records = [{"update": 1, "noise_scale": 9.0}, {"update": 20, **measured}, {"update": 30, "val_loss": 4.0}]
    assert noise_scale(records) == "24 sequences without the embedding at update 20 (muon 31, embedding 53)"
    assert noise_scale([{"update": 1, "train_loss": 4.0}]) == ""
