"""A test cluster: real slurmctld, slurmd and munge on this one machine. Only its GPUs are not real: null devices, which
SLURM hands out and accounts for like any other. Needs root and Debian's slurmctld, slurmd, slurm-client and munge.
"""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "squeue", "scancel", "scontrol")
ETC = Path("/etc/slurm")  # slurmd's job steps look nowhere else
MARK = "# Orion's test cluster: safe to delete\n"
CONF = """\
ClusterName=orion-test
SlurmctldHost={host}
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller}
SlurmdPort={daemon}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/munge.sock,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
TaskProlog={folder}/prolog
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=200
SchedulerParameters=sched_interval=2,bf_interval=2,sched_min_interval=0,batch_sched_delay=0
MinJobAge=3000
KillWait=2
OverTimeLimit=0
ReturnToService=2
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName={host} CPUs=64 RealMemory=1000000 Gres=gpu:h100:2 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES State=UP
PartitionName=gpu Nodes={host} State=UP
"""


def why_not() -> str | None:
    """Why no test cluster can run here; None if one can."""
    os.environ["PATH"] += f"{os.pathsep}/usr/sbin"
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"no {', '.join(missing)} here: apt-get install slurmctld slurmd slurm-client munge"
    if os.geteuid() != 0:
        return "a test cluster needs root"
    if (ETC / "slurm.conf").exists() and not (ETC / "slurm.conf").read_text().startswith(MARK):
        return f"{ETC}/slurm.conf belongs to another cluster"
    return None


def wait_for(what: str, done: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.5)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("", 0))
        port: int = found.getsockname()[1]
        return port


class TestCluster:
    """64 claimed cores, a claimed terabyte of memory, two null-device GPUs, the partitions `cpu` and `gpu`."""

    __test__ = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.munged: subprocess.Popen[bytes] | None = None

    def _start(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")

    def start(self) -> None:
        folder = self.folder
        for name in ("munge", "state", "spool"):
            (folder / name).mkdir(mode=0o700, parents=True)
        for parent in [folder, *folder.parents]:  # munged refuses a socket that strangers could not reach
            if parent != Path("/tmp") and parent != Path("/"):
                parent.chmod(0o755)
        (folder / "munge").chmod(0o711)
        key = folder / "munge/key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        for number in range(2):
            self._start("mknod", "-m", "666", f"{folder}/gpu{number}", "c", "1", "3")
        prolog = folder / "prolog"
        prolog.write_text(f'#!/bin/sh\necho "$SLURM_JOB_ID|$CUDA_VISIBLE_DEVICES" >> {folder}/devices\n')
        prolog.chmod(0o755)
        host = socket.gethostname().split(".")[0]
        ports = {"controller": _free_port(), "daemon": _free_port()}
        (ETC / "slurm.conf").write_text(MARK + CONF.format(folder=folder, host=host, **ports))
        (ETC / "gres.conf").write_text(f"{MARK}AutoDetect=off\nName=gpu Type=h100 File={folder}/gpu[0-1]\n")
        self._start(
            "munged", f"--key-file={key}", f"--socket={folder}/munge/munge.sock", f"--pid-file={folder}/munge/pid",
            f"--seed-file={folder}/munge/seed", f"--log-file={folder}/munge/log", "--force",
        )  # fmt: skip
        self._start("slurmctld", "-c")
        self._start("slurmd")
        wait_for("the node is idle", lambda: set(self.ask("sinfo", "--noheader", "--format=%T").split()) == {"idle"})

    def stop(self) -> None:
        subprocess.run(["scancel", "--user", getpass.getuser()], capture_output=True, check=False)
        for name in ("slurmd.pid", "slurmctld.pid", "munge/pid"):
            path = self.folder / name
            if path.exists():
                pid = int(path.read_text())
                os.kill(pid, 15)
                wait_for(f"{name} is gone", lambda pid=pid: not Path(f"/proc/{pid}").exists())  # type: ignore[misc]
        for name in ("slurm.conf", "gres.conf"):
            (ETC / name).unlink(missing_ok=True)

    def ask(self, *command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def jobs(self) -> list[dict[str, str]]:
        """All jobs since the start, as `scontrol show job` has them; `rule` is the rule of each."""
        found = []
        for line in self.ask("scontrol", "--oneliner", "show", "job").splitlines():
            job = dict(part.split("=", 1) for part in line.split() if "=" in part)
            job["rule"] = job.get("Comment", "").removeprefix("rule_").partition("_wildcards_")[0]
            found.append(job)
        return found

    def running(self, rule: str) -> list[str]:
        """Ids of the running jobs of a rule."""
        return [job["JobId"] for job in self.jobs() if job["rule"] == rule and job["JobState"] == "RUNNING"]

    def devices(self) -> dict[str, set[str]]:
        """CUDA_VISIBLE_DEVICES as the jobs of each rule saw it; empty text where there was none."""
        rules = {job["JobId"]: job["rule"] for job in self.jobs()}
        seen: dict[str, set[str]] = {}
        for line in (self.folder / "devices").read_text().splitlines():
            job, _, devices = line.partition("|")
            seen.setdefault(rules.get(job, "?"), set()).add(devices)
        return seen
