"""A cluster of one node on this machine: munged, slurmctld and slurmd in a folder of their own, without systemd."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")

CONFIG = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
SlurmdPort={slurmd}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
GresTypes=gpu
MpiDefault=none
ReturnToService=2
KillWait=20
SchedulerParameters=batch_sched_delay=1,sched_interval=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} Gres=gpu:2
PartitionName=main Nodes=ALL Default=YES OverSubscribe=FORCE:4
"""


def why_not() -> str:
    """Why there can be no cluster here; empty if there can."""
    if os.geteuid() != 0:
        return "the daemons of a cluster need root"
    missing = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    return f"not installed: {', '.join(missing)} (Debian: slurm-wlm, munge)" if missing else ""


def _path() -> str:
    return f"{os.environ['PATH']}{os.pathsep}/usr/sbin"


class Cluster:
    """Started by `up`, ended by `down`; the environment variable SLURM_CONF leads its commands here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = socket.gethostname().partition(".")[0]
        self.environment = {**os.environ, "PATH": _path(), "SLURM_CONF": str(folder / "slurm.conf")}

    def up(self) -> None:
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        facts = {"host": self.host, "folder": self.folder, "cpus": os.cpu_count(), "ctld": _port(), "slurmd": _port()}
        (self.folder / "slurm.conf").write_text(CONFIG.format(**facts))
        (self.folder / "gres.conf").write_text(
            f"NodeName={self.host} Name=gpu File=/dev/tty[0-1] Flags=nvidia_gpu_env\n"
        )
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        (self.folder / "munge.key").write_bytes(os.urandom(1024))
        (self.folder / "munge.key").chmod(0o400)
        munge = {"socket": "munge.sock", "key-file": "munge.key", "pid-file": "munged.pid", "log-file": "munged.log",
                 "seed-file": "munged.seed"}  # fmt: skip
        self.run("munged", "--force", *(f"--{option}={self.folder / name}" for option, name in munge.items()))
        self.run("slurmctld", "-c")
        self.run("slurmd")
        self.until(lambda: "idle" in self.run("sinfo", "--noheader", "--format=%t"))

    def controller(self) -> None:
        """Bring the controller up again if it does not live, and the node back to work."""
        if not self._lives("slurmctld"):
            self.run("slurmctld")
        self.until(lambda: self.accepts("ping"))
        # It may refuse while the node has not answered the new controller yet.
        resume = ["update", f"NodeName={self.host}", "State=RESUME"]
        self.until(lambda: "drain" not in self.run("sinfo", "--noheader", "--format=%T") or self.accepts(*resume))

    def accepts(self, *order: str) -> bool:
        """Whether the controller does what it is told."""
        command = ["scontrol", *order]
        return subprocess.run(command, capture_output=True, check=False, env=self.environment).returncode == 0

    def settle(self) -> None:
        """Let nothing of a test go on, whatever it has left."""
        self.controller()
        self.run("scancel", "--quiet", "--user=root")
        self.until(lambda: not self.run("squeue", "--noheader").strip())

    def down(self) -> None:
        for name in ("slurmd", "slurmctld", "munged"):
            self.end(name)

    def end(self, name: str) -> None:
        """End a daemon, by the number in its own file."""
        if pid := self._lives(name):
            os.kill(pid, signal.SIGTERM)
            self.until(lambda: not Path(f"/proc/{pid}").exists())

    def _lives(self, name: str) -> int:
        """The number of a daemon, 0 if it does not live."""
        file = self.folder / f"{name}.pid"
        text = file.read_text().strip() if file.exists() else ""
        return int(text) if text and Path(f"/proc/{text}").exists() else 0

    def run(self, *command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment, timeout=60)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, self.folder
            time.sleep(0.1)


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
