"""Commands that are killed at random moments, again and again: what was finished is kept, what was not is not believed.

    python -m harness.tests.killing DIR --kills 200

makes a small project in DIR and kills training, recording and judging there, in turn at random; it ends with an
AssertionError at the first thing that is lost, changed or half written, and says at the end what it did.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.evidence import Archive
from harness.runs import Bench, Recipe, Result
from harness.store import Store
from harness.system.lazy import np
from harness.system.stable_names import stable_name
from harness.tests.suite import CONFTEST, IMPORTS, PAPER

CLAIM = """
from harness.tests.killing import Slow

@claim("XX-01", where="Eq. 1", rule=less_than(100.0), control="a thousand more", runs=lambda: {"slow": Slow({round})},
       seeds=range(30), reach={"smoke": "proxy"}, about="mechanism", readings={"how": ("one", "two")})
def test_slow(lab, how):
    \"\"\"Draws are below a hundred.\"\"\"
    values = [record.metrics["mean"] for record in lab.records(lab.runs["slow"])]
    lab.measure(values)
    lab.control([value + 1000 for value in values])

@claim("XX-02", where="Eq. 2", rule=equals(1.0), control="two")
def test_one(lab):
    \"\"\"One is one.\"\"\"
    lab.measure(Exact(1.0))
    lab.control(Exact(2.0))
"""

MARKS = 10
"""After so many kills the claim's runs are other ones, so that there is always something to train."""

PHASES = ("starting", "working", "reporting")
"""When a command is killed; only judging has the last."""

REPORTING = 0.5
"""Seconds that it takes to write the files of a report, about."""

CALLS = "CLAIMS_TEST_CALLS"
"""Environment variable that names the file in which each computed run leaves a line."""


@stable_name("fake-slow")
@dataclass(frozen=True)
class Slow(Recipe):
    """Takes its time in steps, and leaves a line where it ends."""

    round: int

    def compute(self, seed: int, bench: Bench) -> Result:
        for step in range(5):
            time.sleep(0.02)
            bench.progress(step + 1, 5, "steps")
        values = np.random.default_rng([self.round, seed]).normal(size=4)
        with Path(os.environ[CALLS]).open("a") as file:
            file.write(f"{self.round}/{seed}\n")
        return Result({"mean": float(values.mean()), "curve": values.tolist()})


COMMANDS = (
    ("harness", "train", "--workers", "2"),
    ("harness", "record", "--allow-dirty", "--workers", "1"),
    ("pytest", "claims", "-p", "no:cacheprovider"),
    ("pytest", "claims", "-p", "no:cacheprovider", "-n", "2"),
)


class Project:
    """A folder with a paper of two claims, in a repository, and what is known to be finished there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = root / "reports/store"
        self.evidence = root / "reports/evidence"
        self.calls = root / "calls"
        self.finished: dict[str, bytes] = {}
        self.recorded: set[str] = set()
        self.newest = 0
        for name, text in (("conftest.py", CONFTEST), ("claims/paper2020/paper.toml", PAPER)):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        self.begin_round(0)
        (root / ".gitignore").write_text("reports\ncalls\n__pycache__\n", encoding="utf-8")
        who = ["-c", "user.name=x", "-c", "user.email=x@x"]
        for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "first"]):
            subprocess.run(["git", *words], cwd=root, check=True)

    def begin_round(self, number: int) -> None:
        """Have the claim ask for other runs."""
        text = IMPORTS + CLAIM.replace("{round}", str(number))
        (self.root / "claims/paper2020/test_topic.py").write_text(text, encoding="utf-8")

    def started(self, command: tuple[str, ...]) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", *command], cwd=self.root, start_new_session=True,
            env={**os.environ, CALLS: str(self.calls)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def check(self) -> None:
        """Nothing finished is lost, changed or done again; nothing that is there is half written."""
        store = Store(self.store)
        assert store.verify() == []
        now = {key: store.files(key)[0].read_bytes() for key in sorted(store.keys())}
        assert self.finished.items() <= now.items(), "a finished record was lost or changed"
        archive = Archive.read(self.evidence)
        assert archive.problems == []
        assert self.recorded <= archive.entries.keys(), "evidence was lost"
        for file in self.root.glob("reports/latest/claims.json"):
            document = json.loads(file.read_text(encoding="utf-8"))
            judged = {entry["id"]: entry["verdict"] for entry in document["claims"]}
            assert set(judged.values()) <= {"supported", "not run"}
            assert document["partial"] or set(judged) == {"XX-01", "XX-02"}
        for page in self.root.glob("reports/latest/index.html"):
            assert page.read_text(encoding="utf-8").rstrip().endswith("</script>"), "a page was half written"
        assert not list((self.store / "quarantine").iterdir())
        self.finished, self.recorded = now, set(archive.entries)

    def reported(self) -> int:
        """When the first file of the newest report was written, or begun; an earlier one may be set aside by now."""
        for file in self.root.glob("reports/latest/*claims.json*"):
            with contextlib.suppress(FileNotFoundError):  # renamed meanwhile
                self.newest = max(self.newest, file.stat().st_mtime_ns)
        return self.newest

    def computed(self) -> Counter[str]:
        """How often each run came to its end."""
        return Counter(self.calls.read_text().split()) if self.calls.exists() else Counter()


def kill_at_random(root: Path, kills: int, seed: int = 0, longest: float = 8.0) -> dict[str, int]:
    """Kill commands with all their processes so many times; then let each end, and look at what came out."""
    random_moment, project, killed = random.Random(seed), Project(root), 0
    reached: Counter[str] = Counter()
    while killed < kills:
        project.begin_round(killed // MARKS)
        done = {name for name, count in project.computed().items() if count}
        stored, before = len(project.finished), project.computed()
        command = random_moment.choice(COMMANDS)
        phase = random_moment.choice(PHASES if command[0] == "pytest" else PHASES[:2])
        process = project.started(command)
        try:
            process.wait(random_moment.uniform(0.0, until(phase, process, project, longest)))
            reached["ended before"] += 1
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
            reached[f"{' '.join(command[:2])} {phase}"] += 1
            told = f"{' '.join(command[:2])} {phase}, {len(project.finished)} records"
            print(f"{killed} of {kills}: {told}", flush=True)
        project.check()
        if len(done) == stored:  # every run that came to its end was stored: none of them may be done again
            assert all(project.computed()[name] == before[name] for name in done), "a finished run was done again"
    project.begin_round(kills // MARKS)
    for command in COMMANDS[:3]:
        assert project.started(command).wait() == 0, command
    project.check()
    document = json.loads((root / "reports/latest/claims.json").read_text(encoding="utf-8"))
    assert {entry["id"]: entry["verdict"] for entry in document["claims"]} == {
        "XX-01": "supported",
        "XX-02": "supported",
    }
    twice = sum(count - 1 for count in project.computed().values())
    return {**reached, "records": len(project.finished), "evidence": len(project.recorded), "done twice": twice}


def until(phase: str, process: subprocess.Popen, project: Project, longest: float) -> float:
    """Wait until the command is in a phase, or has ended, or is long; seconds within which it is to be killed then."""
    if phase == "starting":
        return longest
    looks: dict[str, Callable[[], object]] = {"working": project.computed, "reporting": project.reported}
    before, ends = looks[phase](), time.monotonic() + (longest if phase == "working" else 10 * longest)
    while looks[phase]() == before and process.poll() is None and time.monotonic() < ends:
        time.sleep(0.005)
    return longest / 2 if phase == "working" else REPORTING


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=8.0, metavar="S", help="the last moment to kill a command at")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    print(kill_at_random(chosen.folder.resolve(), chosen.kills, chosen.seed, chosen.longest))
