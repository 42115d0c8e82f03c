"""A real Slurm of one node on this machine: its own munged, slurmctld and slurmd on loopback."""

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel", "sinfo")
Verb = Callable[..., str]  # runs a verb, with its exit code as `code`; what it prints, or its error
PATIENCE = 240.0  # seconds until something that has to happen has not happened

_CONFIG = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
KillWait=20
ReturnToService=2
MaxArraySize={largest_array}
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=6000 State=UNKNOWN
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=10
PartitionName=yields Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=60
"""


def programs_path() -> str:
    """PATH with the folders in it that daemons lie in."""
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


def missing_programs() -> list[str]:
    """What of Slurm and munge is not installed here."""
    return [name for name in PROGRAMS if shutil.which(name, path=programs_path()) is None]


@dataclass
class SlurmCluster:
    """A cluster that runs; `environment` is what its commands need."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def run(self, *command: str) -> str:
        """What a command of Slurm prints."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def start(self, name: str, *arguments: str) -> None:
        """Start a daemon, in the foreground, so that it ends with `stop`."""
        command = [str(shutil.which(name, path=programs_path())), *arguments]
        with (self.folder / f"{name}.output").open("ab") as log:
            self.daemons[name] = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def stop(self, name: str) -> None:
        """End a daemon; jobs go on."""
        daemon = self.daemons.pop(name)
        daemon.terminate()
        daemon.wait(timeout=60)

    def wait_for_node(self, *states: str) -> None:
        """Until the node is in one of these states, as `idle` or `drained`."""
        wait_until(lambda: self._state() in states, f"node that is {' or '.join(states)}")

    def _state(self) -> str:
        command = ["sinfo", "--noheader", "--format=%T"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    @property
    def node(self) -> str:
        """The name of the one node."""
        return socket.gethostname()

    def drain(self) -> None:
        """Let the node take no further job."""
        self.run("scontrol", "update", f"NodeName={self.node}", "State=DRAIN", "Reason=maintenance")

    def undrain(self) -> None:
        """Let the node take jobs again, once a controller that is new has heard of it."""
        wait_until(lambda: "UNKNOWN" not in self.run("scontrol", "show", "node"), "node that is known")
        if self._state() in ("drained", "draining"):
            self.run("scontrol", "update", f"NodeName={self.node}", "State=UNDRAIN")
        self.wait_for_node("idle", "mixed", "allocated")


def wait_until(happened: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Until it has happened; a failure of the test where it does not."""
    end = time.monotonic() + patience
    while not happened():
        if time.monotonic() > end:
            pytest.fail(f"no {what} within {patience:.0f} s")
        time.sleep(0.2)


@contextmanager
def slurm_cluster(cores: int = 2, largest_array: int = 1_001) -> Iterator[SlurmCluster]:
    """Start a cluster, and end it with all of its jobs."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # short: the path of a socket has 107 bytes
    config = folder / "slurm.conf"
    controller, node = _free_ports()
    config.write_text(
        _CONFIG.format(
            host=socket.gethostname(),
            controller=controller,
            node=node,
            user=pwd.getpwuid(os.getuid()).pw_name,
            folder=folder,
            cores=cores,
            largest_array=largest_array,
        )
    )
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1_024))
    key.chmod(0o400)
    cluster = SlurmCluster(
        folder, os.environ | {"SLURM_CONF": str(config), "PATH": programs_path(), "OMP_NUM_THREADS": "1"}
    )
    try:
        _start(cluster, key)
        yield cluster
    finally:
        _end(cluster)


def _start(cluster: SlurmCluster, key: Path) -> None:
    files = {
        "socket": "munge.socket",
        "pid-file": "munge.pid",
        "log-file": "munge.log",
        "seed-file": "munge.seed",
    }
    places = [f"--{option}={cluster.folder / name}" for option, name in files.items()]
    cluster.start("munged", "--foreground", "--force", f"--key-file={key}", *places)
    wait_until((cluster.folder / "munge.socket").exists, "socket of munged")
    cluster.start("slurmctld", "-D")
    cluster.start("slurmd", "-D")
    cluster.wait_for_node("idle")


def _end(cluster: SlurmCluster) -> None:
    for options in (["--signal=KILL", "--full"], []):
        with contextlib.suppress(AssertionError):
            cluster.run("scancel", "--me", *options)
    for name in ("slurmd", "slurmctld", "munged"):
        if name in cluster.daemons:
            with contextlib.suppress(subprocess.TimeoutExpired):
                cluster.stop(name)
    shutil.rmtree(cluster.folder, ignore_errors=True)


def _free_ports() -> list[int]:
    with socket.socket() as first, socket.socket() as second:
        for each in (first, second):
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in (first, second)]
