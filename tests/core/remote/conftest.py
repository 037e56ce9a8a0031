"""A box that ssh reaches, for the tests of this folder and those of the command line."""

import tempfile
from collections.abc import Iterator

import pytest

from tests.core.remote.real_sshd import Box, why_not


@pytest.fixture
def box(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """It is up, and no connection to it is kept."""
    if reason := why_not():
        pytest.skip(reason)
    box = Box(tmp_path_factory.mktemp("box"))
    with tempfile.TemporaryDirectory(prefix="m", dir="/tmp") as short:  # paths of sockets are short
        monkeypatch.setenv("XDG_RUNTIME_DIR", short)
        monkeypatch.setenv("PATH", box.path)
        box.up()
        if reason := box.refusal():
            box.stop()
            pytest.skip(reason)
        yield box
        box.hang_up()
        box.stop()
        box.line.close()
