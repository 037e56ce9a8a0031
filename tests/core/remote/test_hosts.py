"""Hosts in the settings of the user, and what can be the address of one."""

from pathlib import Path

import pytest

from moetui.core.errors import LabError, NotFoundError, UsageError
from moetui.core.preferences import read_settings
from moetui.core.remote.hosts import Host, add_host, find_host, hosts, named_host, remove_host
from moetui.core.remote.ssh import remote_words, ssh_command
from moetui.core.workspace import Workspace


def test_hosts_are_added_replaced_and_removed_and_all_else_stays(user: Path) -> None:
    settings = user / "settings.toml"
    settings.write_text('tour = false  # seen\n\n[hosts]\n# mine\n\n[keys.live]\nstop = "S"\n')
    add_host(named_host("box", "me@box"))
    add_host(named_host("big.lab", "lab", "~/moe", '/opt/m"x/moetui'))
    add_host(named_host("box", "me@other"))
    assert [(host.name, host.address, host.workspace, host.command) for host in hosts().values()] == [
        ("box", "me@other", "", "moetui"),
        ("big.lab", "lab", "~/moe", '/opt/m"x/moetui'),
    ]
    assert find_host("box").address == "me@other"
    assert find_host("you@elsewhere") == Host(name="you@elsewhere", address="you@elsewhere")
    remove_host("box")
    with pytest.raises(NotFoundError, match="box"):
        remove_host("box")
    assert list(hosts()) == ["big.lab"]
    remove_host("big.lab")
    assert hosts() == {}
    assert settings.read_text() == 'tour = false  # seen\n\n[hosts]\n# mine\n\n[keys.live]\nstop = "S"\n'
    settings.unlink()
    add_host(named_host("box", "me@box"))
    assert settings.read_text() == '[hosts]\nbox = "me@box"\n'


def test_a_table_that_only_its_author_can_change_is_left_as_it_is(user: Path) -> None:
    settings = user / "settings.toml"
    settings.write_text('hosts = { box = "me@box", lab = "lab" }\n')
    assert find_host("box").address == "me@box"
    with pytest.raises(LabError, match="edit box there"):
        remove_host("box")
    assert settings.read_text() == 'hosts = { box = "me@box", lab = "lab" }\n'


@pytest.mark.parametrize(
    "address",
    ["-oProxyCommand=reboot", "me@-oProxyCommand=x", "-l root", "box command", "box;reboot", "$(reboot)", "", "a\nb", "me@",
     "@box", "box/..", "me@box -p 3", "`x`"],
)  # fmt: skip
def test_nothing_that_ssh_or_a_shell_may_take_for_more_is_an_address(address: str, user: Path) -> None:
    with pytest.raises(UsageError, match="address"):
        find_host(address)
    with pytest.raises(UsageError, match="address"):
        named_host("box", address)


@pytest.mark.parametrize("address", ["box", "me@box.example.org", "10.0.0.7", "me@fe80::1%eth0", "my_box", "a-b"])
def test_what_ssh_knows_is_an_address(address: str) -> None:
    assert named_host("box", address).address == address


@pytest.mark.parametrize("name", ["-x", "a b", "", "a\x1b[31m", "../x"])
def test_names_are_plain(name: str) -> None:
    with pytest.raises(UsageError, match="name"):
        add_host(named_host(name, "box"))


def test_every_word_is_quoted_for_the_shell_there() -> None:
    host = named_host("box", "me@box", "~/my runs", "~/my venv/bin/moetui")
    words = ssh_command(host, remote_words(host, ["label", "k3", "--note", "a 'b' $(reboot); ~/c\n*"]))
    assert words[-3:-1] == ["--", "me@box"]
    assert words[-1] == (
        "~/'my venv/bin/moetui' --workspace '~/my runs' label k3 --note 'a '\"'\"'b'\"'\"' $(reboot); ~/c\n*'"
    )


def test_a_workspace_from_elsewhere_names_no_hosts(tmp_path: Path, user: Path) -> None:
    (tmp_path / "moetui.toml").write_text('[hosts]\nbox = "evil@box"\n')
    (fault,) = read_settings(Workspace(tmp_path)).faults
    assert "[hosts] counts in" in fault
    assert hosts() == {}
