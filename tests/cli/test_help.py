"""What the help of each command says."""

import pytest

from moetui.cli.commands import HOME, commands_of
from tests.cli.conftest import Cli

GROUPS = {"hosts": "remote", "queue": "queueing", "slurm": "cluster", "study": "study"}
"""Commands that have commands, and their modules."""

COMMANDS = [[name] for name in HOME if name not in GROUPS]
COMMANDS += [[group, name] for group, module in GROUPS.items() for name in commands_of(module)[group].commands]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_has_an_example_and_its_exit_codes(cli: Cli, words: list[str]) -> None:
    code, out, err = cli(*words, "--help")
    assert (code, err) == (0, "")
    assert f"`moetui {words[0]}" in " ".join(out.split())
    assert "Example" in out
    assert "Exit codes: 0 done" in out
    assert ("4 a run diverged" in " ".join(out.split())) == (words[0] in {
        "run", "study", "search", "refine", "plan", "resume", "rerun", "fork", "watch", "wait"
    })  # fmt: skip


def test_no_summary_in_the_list_of_commands_is_cut(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = cli("--help")
    listed = out.partition("Commands:")[2].splitlines()[1:]
    assert code == 0
    assert len([line for line in listed if line]) == len(HOME)
    assert [line for line in listed if "..." in line or len(line) > 80] == []


@pytest.mark.parametrize("group", GROUPS)
def test_no_summary_in_the_list_of_a_groups_commands_is_cut(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = cli(group, "--help")
    listed = [line for line in out.partition("Commands:")[2].partition("Exit codes")[0].splitlines() if line.strip()]
    assert code == 0
    assert len(listed) >= 2
    assert [line for line in listed if "..." in line or len(line) > 80 or line.startswith("   ")] == []
