"""Cases that were judged in an earlier session, under the same code and data, are not judged again.

The ledger is held against a remembered case as against any other, and the report has all of it.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
from collections.abc import Generator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from harness.claims.claim import Claim
from harness.data import catalogue, detection_catalogue, provenance
from harness.data.dataset_errors import DatasetError, DatasetMissing
from harness.data.weights import digest as weights_digest
from harness.judging.claims import CaseResult
from harness.judging.memory import FOLDER, Memory
from harness.judging.sources import Sources
from harness.lab.lab import Lab
from harness.lab.session import Session
from harness.plugin.collection import case_count, claim_of, own_rung, rung_of, session_key
from harness.plugin.judging import case_key, case_name, parameters, remembered_key
from harness.plugin.options import Settings, settings_key
from harness.store.errors import StoreProblem

HARNESS = Path(__file__).resolve().parents[1]

JUDGING = [
    *(file for package in ("judging", "lab") for file in sorted((HARNESS / package).glob("*.py"))),
    HARNESS / "plugin" / "judging.py",
]
"""Modules that every verdict comes from, whatever its claim's module leads to."""

LIBRARIES = ("torch", "torchvision", "numpy", "scipy", "pillow", "safetensors", "hypothesis")

Json = Mapping[str, Any]


class Remembering:
    """What this process knows of cases that were judged before."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._memory = Memory(settings.store / FOLDER)
        self._codes: dict[Path, str] = {}
        self._data: dict[tuple[str, str], str | None] = {}
        self._records: dict[str, str | None] = {}

    @property
    def _session(self) -> Session:
        return self._config.stash[session_key]

    def recall(self, item: pytest.Item, claim: Claim) -> CaseResult | None:
        """What a case came to, if it was judged before and all that it comes from is the same.

        Nothing is recalled of a claim that more seeds than it was judged with may decide by now.
        """
        if claim.most_seeds is not None:
            return None
        known = self._memory.recall(self._case(item, claim), self._depends(claim), self._unchanged)
        if known is None:
            return None
        count = case_count(claim, self._settings, self._session, known.tier)
        return replace(known, nodeid=item.nodeid, siblings=count)

    def keep(self, item: pytest.Item, lab: Lab, case: CaseResult) -> None:
        """Remember a case, unless what it read cannot be known again."""
        try:
            data = [[name, split, self._data_digest(name, split)] for name, split in lab.sources]
            computed = [key for key, found in lab.found.items() if found.source == "computed"]
            from_evidence = len(computed) < len(lab.found) or (self._settings.recorded and lab.claim.trained)
            reads = {
                "data": data,
                "weights": lab.released,
                "records": {key: self._record(key) for key in computed},
                "evidence": self._evidence if from_evidence else None,
            }
            self._session.store  # noqa: B018 - makes the folder, where it is missing
        except (DatasetError, StoreProblem, OSError):
            return
        self._memory.keep(self._case(item, lab.claim), self._depends(lab.claim), reads, case)

    def _case(self, item: pytest.Item, claim: Claim) -> Json:
        chosen = {name: str(value) for name, value in parameters(item).items()}
        return {
            "claim": claim.id,
            "case": case_name(item),
            "tier": rung_of(item) or own_rung(claim, self._settings.tier),
            "parameters": chosen,
            "device": self._device,
            "recorded": self._settings.recorded,
            "fresh seeds": self._settings.fresh_seeds,
        }

    def _depends(self, claim: Claim) -> Json:
        return {**self._conditions, "code": self._code(claim.file)}

    def _code(self, file: Path) -> str:
        """Digest of all files of the project that a claim's module and judging may run or read."""
        if file not in self._codes:
            top = self._config.rootpath
            folders = [folder for folder in file.parents if folder.is_relative_to(top)]
            fixtures = [folder / "conftest.py" for folder in folders if (folder / "conftest.py").is_file()]
            self._codes[file] = self._sources.digest(self._sources.reached([file, *fixtures, *JUDGING]))
        return self._codes[file]

    @functools.cached_property
    def _sources(self) -> Sources:
        from harness.runs.project import project_roots

        return Sources(project_roots())

    @functools.cached_property
    def _conditions(self) -> Json:
        """What numbers depend on beside code and data."""
        from harness.runs.conditions import processor

        return {
            "python": platform.python_version(),
            "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
            "processor": processor(),
            "threads": [os.environ.get(name) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")],
        }

    @functools.cached_property
    def _device(self) -> str:
        """The class of the device (see `harness.runs.key.device_class`), known without torch where there is no GPU."""
        from harness.runs.devices import surely_no_gpu
        from harness.runs.key import device_class

        asked = self._settings.device
        if asked == "cpu" or (asked == "auto" and surely_no_gpu()):
            return "cpu"
        return device_class(self._session.device)

    def _unchanged(self, reads: Json) -> bool:
        """Whether data, weights and records are what a case once read."""
        try:
            return (
                all(self._data_digest(name, split) == digest for name, split, digest in reads["data"])
                and all(weights_digest(name, self._settings.data) == sum for name, sum in reads["weights"].items())
                and all(self._record(key) == content for key, content in reads["records"].items())
                and reads["evidence"] in (None, self._evidence)
            )
        except (DatasetError, StoreProblem, OSError):
            return False

    def _data_digest(self, name: str, split: str) -> str | None:
        """The digest of a data set as it lies here, verified once a session, None where it does not lie here.

        Of one that is made, the digest of what makes it: nothing is made, and torch is not needed.
        """
        if (name, split) not in self._data:
            self._data[name, split] = self._look_at(name, split)
        return self._data[name, split]

    def _look_at(self, name: str, split: str) -> str | None:
        if (maker := made_by(name)) is not None:
            return self._sources.digest(self._sources.reached(self._sources.files(maker)))
        try:
            if name in detection_catalogue.names():
                return detection_catalogue.load_detection(name, split, self._settings.data).digest
            return provenance(name, split, self._settings.data).digest
        except DatasetMissing:
            return None

    def _record(self, key: str) -> str | None:
        """The content of a record of the store, read and checked once a session; None where there is none."""
        if key not in self._records:
            record = self._session.store.get(key)
            self._records[key] = record.content if record else None
        return self._records[key]

    @functools.cached_property
    def _evidence(self) -> str:
        """Digest of all records that are kept as evidence, and of which runs the store has, which come first."""
        files = sorted(self._settings.evidence.glob("*/*.jsonl"))
        sums = [
            f"{file.relative_to(self._settings.evidence)} {sha256(file.read_bytes()).hexdigest()}" for file in files
        ]
        return sha256("\n".join([*sums, *self._session.store.keys()]).encode()).hexdigest()


def made_by(name: str) -> str | None:
    """The module that makes a data set; None for one that lies in files."""
    if name in catalogue.DATA_SETS:
        return catalogue.DATA_SETS.module(name)
    if name in detection_catalogue.GENERATED:
        return detection_catalogue.GENERATED[name].__module__
    return None


remembering_key = pytest.StashKey[Remembering]()
asked_key = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Set the memory up, which reads nothing yet."""
    settings = config.stash[settings_key]
    if not settings.judge_anew:
        config.stash[remembering_key] = Remembering(config, settings)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Counting(), "claims-counting")


def recalled(item: pytest.Item) -> CaseResult | None:
    """What a case of a claim came to in an earlier session, if that still holds; looked up once."""
    remembering, claim = item.config.stash.get(remembering_key, None), claim_of(item)
    if remembering is None or claim is None:
        return None
    if not item.stash.get(asked_key, False):
        item.stash[asked_key] = True
        if (case := remembering.recall(item, claim)) is not None:
            item.stash[remembered_key] = case
    return item.stash.get(remembered_key, None)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Run no function whose case is remembered: `judging`, around this, takes the case as it is."""
    case = recalled(pyfuncitem)
    if case is None:
        return None
    pyfuncitem.stash[case_key] = case
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember a case that was judged now; mark one that was remembered, so that it can be counted."""
    report = yield
    if call.when != "call" or case_key not in item.stash or remembering_key not in item.config.stash:
        return report
    if remembered_key in item.stash:
        report.claim_remembered = True  # type: ignore[attr-defined]
    elif item.stash[case_key].judged is not None:
        assert isinstance(item, pytest.Function)
        lab = item.funcargs["lab"]
        assert isinstance(lab, Lab)
        item.config.stash[remembering_key].keep(item, lab, item.stash[case_key])
    return report


class Counting:
    """In the controlling process: says how many cases were remembered."""

    count = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one."""
        self.count += getattr(report, "claim_remembered", False)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say it, where there are any."""
        if self.count:
            terminalreporter.write_line(
                f"{self.count} cases were judged before, under the same code and data (--judge-anew judges them again)"
            )
