"""Lines exactly as well-known training scripts print them, in several of their versions."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.runfiles.metrics import Record
from moetui.core.errors import UsageError
from moetui.core.exchange.foreign import Choices
from moetui.core.exchange.reading import read_all

LOGS: Mapping[str, tuple[str, str, list[Record]]] = {
    "nanoGPT, its first version": (
        "nanogpt",
        "number of parameters: 10.65M\n"
        "step 0: train loss 4.2874, val loss 4.2823\niter 0: loss 4.2646, time 24438.63ms\niter 10: loss 3.1417, time 23.04ms\n"
        "saving checkpoint to out-shakespeare-char\n",
        [{"update": 0, "train_loss": 4.2646, "val_loss": 4.2823}, {"update": 10, "train_loss": 3.1417}],
    ),
    "nanoGPT": (
        "nanogpt",
        "tokens per iteration will be: 491,520\nnum decayed parameter tensors: 50, with 124,354,560 parameters\n"
        "step 2000: train loss 3.6310, val loss nan\niter 2000: loss 3.6188, time 5120.05ms, mfu -100.00%\n"
        "iter 2010: loss 3.5000, time 250.43ms, mfu 41.25%\n",
        [
            {"update": 2000, "train_loss": 3.6188, "val_loss": "nan"},
            {"update": 2010, "train_loss": 3.5, "mfu": 0.4125},
        ],
    ),
    "llm.c, main.log": (
        "llm.c",
        "s:0 tel:11.0089\ns:0 eval:0.2440\ns:0 trl:11.0089 lr:0.000001 norm:15.34\ns:1 trl:10.9632 lr:0.000002 norm:-nan\n",
        [
            {
                "update": 0,
                "train_loss": 11.0089,
                "val_loss": 11.0089,
                "hellaswag": 0.244,
                "lr": 1e-6,
                "grad_norm": 15.34,
            },
            {"update": 1, "train_loss": 10.9632, "lr": 2e-6, "grad_norm": "nan"},
        ],
    ),
    "llm.c, what train_gpt2.cu prints": (
        "llm.c",
        "| num_parameters        | 124475904                                          |\nval loss 11.009090\n"
        "step    1/19560 | loss 11.009190 (+nanz)| norm 15.3400 (+nanz)| lr 8.57e-07 "
        "| 3234.91 ms | -100.0% bf16 MFU | 162062 tok/s\n"
        "step    2/19560 | loss 10.963200 (-1.25z)| norm 15.2700 (+0.10z)| lr 1.71e-06 "
        "| 301.03 ms | 48.6% bf16 MFU | 1741627 tok/s\n"
        "val loss 10.500000\nHellaSwag: 2440/10042 = 0.242980\n",
        [
            {"update": 0, "val_loss": 11.00909},
            {"update": 1, "train_loss": 11.00919, "grad_norm": 15.34, "lr": 8.57e-7, "tokens_per_second": 162062},
            {
                "update": 2,
                "train_loss": 10.9632,
                "val_loss": 10.5,
                "grad_norm": 15.27,
                "lr": 1.71e-6,
                "tokens_per_second": 1741627,
                "mfu": 0.486,
            },
        ],
    ),
    "llm.c, an older train_gpt2.cu": (
        "llm.c",
        "step    1/74 | train loss 4.367857 | norm 21.0 | lr 3.00e-04 | 27.40 ms | 149482 tok/s\n",
        [{"update": 1, "train_loss": 4.367857, "grad_norm": 21.0, "lr": 3e-4, "tokens_per_second": 149482}],
    ),
    "llm.c, what train_gpt2.py prints": (
        "llm.c",
        "step    1/20 | train loss 5.270009 | norm 30.0241 | lr 1.00e-04 | (2036.85 ms | 126 tok/s)\n",
        [{"update": 1, "train_loss": 5.270009, "grad_norm": 30.0241, "lr": 1e-4, "tokens_per_second": 126}],
    ),
    "llm.c, what train_gpt2.c prints": (
        "llm.c",
        "[GPT-2]\nmax_seq_len: 1024\nval loss 5.325529\nstep 0: train loss 5.356082 (took 1943.231900 ms)\n"
        "step 1: train loss 4.300639 (took 1930.1 ms)\nval loss 4.291698\nstep 2: train loss 4.623087 (took 1930.1 ms)\n",
        [
            {"update": 0, "train_loss": 5.356082, "val_loss": 5.325529},
            {"update": 1, "train_loss": 4.300639},
            {"update": 2, "train_loss": 4.623087, "val_loss": 4.291698},
        ],
    ),
    "modded-nanogpt of October 2024": (
        "modded-nanogpt",
        "print(f'step:{step}/{args.num_iterations} val_loss:{val_loss:.4f} train_time:{training_time_ms:.0f}ms')\n"
        "====\nstep:0/5100 val_loss:11.0193 train_time:266ms step_avg:nanms\n"
        "step:1/5100 train_loss:11.0089 train_time:64029ms step_avg:nanms\n"
        "step:5100/5100 train_loss:3.2364 train_time:452863ms step_avg:141.96ms\n"
        "step:5100/5100 val_loss:3.2774 train_time:452918ms step_avg:141.98ms\n",
        [
            {"update": 0, "val_loss": 11.0193, "seconds": 0.266},
            {"update": 1, "train_loss": 11.0089, "seconds": 64.029},
            {"update": 5100, "train_loss": 3.2364, "val_loss": 3.2774, "seconds": 452.918},
        ],
    ),
    "modded-nanogpt of March 2025": (
        "modded-nanogpt",
        "step:1749/1770 train_time:181095ms step_avg:103.54ms\nstep:1750/1770 train_time:181201ms step_avg:103.54ms\n"
        "step:1750/1770 val_loss:3.2810 val_hellaswag_acc:0.290978 train_time:181306ms step_avg:103.60ms\n"
        "peak memory allocated: 30723 MiB reserved: 45394 MiB\n",
        [
            {"update": 1749, "seconds": 181.095},
            {"update": 1750, "val_loss": 3.281, "hellaswag": 0.290978, "seconds": 181.306},
        ],
    ),
    "modded-nanogpt of 2026": (
        "modded-nanogpt",
        "step:0/1490 val_loss:10.8310 train_time:0ms step_avg:0.03ms\nstep:1/1490 train_time:72ms step_avg:71.62ms\n"
        "step:1490/1490 val_loss:3.2781 train_time:90411ms step_avg:60.68ms\n",
        [
            {"update": 0, "val_loss": 10.831, "seconds": 0.0},
            {"update": 1, "seconds": 0.072},
            {"update": 1490, "val_loss": 3.2781, "seconds": 90.411},
        ],
    ),
}


@pytest.mark.parametrize("name", LOGS)
def test_what_a_script_prints_is_read(tmp_path: Path, name: str) -> None:
    kind, text, expected = LOGS[name]
    path = tmp_path / "log.txt"
    path.write_text(text)
    (found,) = read_all([path]).found
    (run,) = found.runs
    assert found.format.name == kind
    records = [
        {key: str(value) if value != value else value for key, value in record.items()} for record in run.records
    ]
    assert records == [{"session": 1} | record for record in expected]


CHART = (
    '"Step","lr=0.1, wd=0.2 - val/loss","lr=0.1, wd=0.2 - val/loss__MIN","lr=0.1, wd=0.2 - val/loss__MAX",'
    '"b - _step","b - val/loss","b - val/loss__MIN","b - val/loss__MAX"\n'
    '"10","5.5","5.5","5.5","","","",""\n"20","4.5","4.5","4.5","20","4.25","4.25","4.25"\n'
)


def test_a_chart_of_runs_with_commas_in_their_names(tmp_path: Path) -> None:
    path = tmp_path / "wandb_export_2026-11-30T09_00_00.000+00_00.csv"
    path.write_text(CHART)
    (found,) = read_all([path]).found
    assert found.format.name == "wandb-chart"
    told = {run.name: [(one["update"], one["val_loss"]) for one in run.records] for run in found.runs}
    assert told == {"lr=0.1, wd=0.2": [(10, 5.5), (20, 4.5)], "b": [(20, 4.25)]}


def test_a_chart_over_another_axis_than_steps_is_not_taken_for_one_over_steps(tmp_path: Path) -> None:
    path = tmp_path / "chart.csv"
    path.write_text(CHART.replace("Step", "Relative Time (Process)"))
    with pytest.raises(UsageError, match=r"has no column update .* Relative Time \(Process\)"):
        read_all([path])
    runs = read_all([path], Choices(x="Relative Time (Process)")).runs
    assert [record["update"] for record in runs[0].records] == [10, 20]


def test_a_chart_over_steps_of_training(tmp_path: Path) -> None:
    path = tmp_path / "chart.csv"
    path.write_text(CHART.replace("Step", "train/global_step"))
    assert [record["update"] for record in read_all([path]).runs[0].records] == [10, 20]


def test_a_table_of_runs_as_it_is_downloaded(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(
        '"Name","State","Notes","User","Tags","Created","Runtime","Sweep","learning_rate","_step","train/loss","val/loss"\n'
        '"wide, long","finished","-","ann","","2026-11-30T09:00:00.000Z","3600","","0.01","5000","1.25","1.5"\n'
        '"b","crashed","-","ann","","2026-11-30T09:10:00.000Z","12","","0.3","120","","7.4"\n'
    )
    (found,) = read_all([path]).found
    assert found.format.name == "wandb-runs"
    told = {run.name: run.records[0] for run in found.runs}
    assert {name: (one["update"], one["val_loss"], one["lr"]) for name, one in told.items()} == {
        "wide, long": (5000, 1.5, 0.01),
        "b": (120, 7.4, 0.3),
    }
    assert [record["seconds"] for record in told.values()] == [3600, 12]
