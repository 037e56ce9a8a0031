"""The runs of a host as its own `moetui ls` tells them."""

import subprocess
from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from engine.spec.harmless import harmless, one_line
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError, UsageError
from moetui.core.remote.hosts import Host
from moetui.core.remote.ssh import ABSENT, PATIENCE, absent, connect, remote_words, ssh_command, why

_RECORDS: TypeAdapter[list[RunRecord]] = TypeAdapter(list[RunRecord])


def runs_on(host: Host, words: Sequence[str] = ()) -> list[RunRecord]:
    """The runs of a host that a filter lets through, published results apart; nobody is asked for a password.

    Raises `LabError` if they cannot be told, `UsageError` if the host does not understand the filter.
    """
    connect(host, batch=True)
    command = ssh_command(host, remote_words(host, ["ls", "--json", "--", *words]), "-q", "-T", "-o", "BatchMode=yes")
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=6 * PATIENCE)
    except subprocess.TimeoutExpired:
        raise LabError(f"{host.name}: moetui has not answered for {6 * PATIENCE} s") from None
    told = done.stderr.decode(errors="replace")
    if done.returncode == ABSENT:
        raise LabError(f"{host.name}: {absent(host)}")
    if done.returncode != 0:
        kind = UsageError if done.returncode == UsageError.exit_code else LabError
        raise kind(f"{host.name}: {why(host, told).removeprefix('moetui: ') or 'the connection broke'}")
    try:
        records = _RECORDS.validate_json(done.stdout)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise LabError(f"{host.name}: its list makes no sense: {one_line(harmless(first['msg']))[:200]}") from None
    return [record for record in records if not record.published]
