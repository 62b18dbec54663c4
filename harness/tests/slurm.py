"""A Slurm of one machine, which a test starts and ends: its daemons, in a folder of their own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")

CPUS = 2

SETTINGS = """
ClusterName=claims
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
KillWait=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=short Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """What there is not for a Slurm to be started by this process."""
    return [name for name in DAEMONS if not _daemon(name)] + (["root"] if os.geteuid() else [])


def _daemon(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")


@contextlib.contextmanager
def slurm() -> Iterator[Path]:
    """Start the daemons; gives the settings' file, which Slurm's commands find by SLURM_CONF.

    Their folder can be entered by all, for munge's daemon runs as a user of its own: pytest's folders cannot.  At the
    end no process of it is left.
    """
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        with _daemons(Path(name)) as settings:
            yield settings


@contextlib.contextmanager
def _daemons(folder: Path) -> Iterator[Path]:
    for name in ("munge", "state", "spool"):
        (folder / name).mkdir()
    settings, munge = folder / "slurm.conf", folder / "munge"
    host = socket.gethostname().partition(".")[0]
    text = SETTINGS.format(folder=folder, host=host, cpus=CPUS, ports=_free_ports(2))
    settings.write_text(text, encoding="utf-8")
    variables = {**os.environ, "SLURM_CONF": str(settings)}
    (munge / "key-file").write_bytes(os.urandom(128))
    (munge / "key-file").chmod(0o600)
    owner = pwd.getpwnam("munge")
    for path in (munge, munge / "key-file"):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    places = [f"--{what}={munge / what}" for what in ("socket", "key-file", "pid-file", "log-file", "seed-file")]
    commands: list[tuple[list[str], str | None]] = [
        ([str(_daemon("munged")), "--foreground", "--force", *places], "munge"),
        ([str(_daemon("slurmctld")), "-D"], None),
        ([str(_daemon("slurmd")), "-D", "-N", host], None),
    ]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for command, user in commands:
            with (folder / "said").open("ab") as said:
                started.append(subprocess.Popen(command, env=variables, user=user, stdout=said, stderr=said))
            if user:
                _wait(lambda: (munge / "socket").exists(), folder)
        _wait(lambda: _said("sinfo", "--noheader", "--format=%T", conf=settings) == "idle", folder)
        yield settings
    finally:
        _said("scancel", "--signal=KILL", "--state=RUNNING", conf=settings)
        _said("scancel", "--user=root", conf=settings)
        with contextlib.suppress(TimeoutError):
            _wait(lambda: not _said("squeue", "--noheader", conf=settings), folder)
        for process in reversed(started):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pid in processes_of(folder):  # slurmstepd outlives its slurmd
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def processes_of(folder: Path) -> list[int]:
    """Processes, other than this one, whose command, environment, folder or open files name a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            told = process.joinpath("cmdline").read_bytes() + process.joinpath("environ").read_bytes()
            links = [process / "cwd", *process.joinpath("fd").iterdir()]
            told += "\0".join(os.readlink(link) for link in links).encode()
            if str(folder).encode() in told and int(process.name) != os.getpid():
                found.append(int(process.name))
    return found


def _said(*command: str, conf: Path) -> str:
    variables = {**os.environ, "SLURM_CONF": str(conf)}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip() if done.returncode == 0 else f"status {done.returncode}"


def _wait(there: Callable[[], bool], folder: Path, seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not there():
        if time.monotonic() > ends:
            logs = [file.read_text(errors="replace")[-2000:] for file in sorted(folder.glob("*.log"))]
            raise TimeoutError("Slurm does not begin or end its work:\n" + "\n".join(logs))
        time.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
