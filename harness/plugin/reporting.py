"""The report: verdicts gathered from every process, written once, by the process that controls the session."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.claims import claim as claims
from harness.claims import papers
from harness.claims.ledger import Ledgers, basis
from harness.claims.tiers import reaches
from harness.judging.claims import CaseResult, ClaimVerdict, Ladder, judge_claims
from harness.judging.exchange import case_from_json
from harness.plugin.judging import ledgers_key
from harness.plugin.options import Settings, settings_key
from harness.report.document import describe, document
from harness.report.environment import environment
from harness.report.write import write

DESCRIBED = "claims_described"
"""Key under which a worker process tells the controlling one which claims are declared."""


def pytest_configure(config: pytest.Config) -> None:
    """Have pytest write junit.xml beside the report; the process that controls the session gathers the verdicts."""
    settings = config.stash[settings_key]
    if is_worker(config):
        config.pluginmanager.register(Telling(), "claims-telling")
        return
    if judges_claims(config, settings) and not config.option.collectonly:
        config.option.xmlpath = config.option.xmlpath or str(settings.report / "junit.xml")
    config.pluginmanager.register(Gathering(config, settings), "claims-gathering")


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of pytest-xdist's, which must write nothing that others share."""
    return hasattr(config, "workerinput")


def judges_claims(config: pytest.Config, settings: Settings) -> bool:
    """Whether the session's arguments reach into the folder of the claims, or into that of a paper elsewhere."""
    paths = [(config.invocation_params.dir / arg.split("::")[0]).resolve() for arg in config.args]
    return any(
        settings.claims in (path, *path.parents)
        or path in settings.claims.parents
        or any(papers.is_folder(folder) for folder in (path, *path.parents, *(path.iterdir() if path.is_dir() else ())))
        for path in paths
    )


def described(root: Path) -> dict[str, dict[str, Any]]:
    """Every declared claim of this process, by id; files by their path from `root`, wherever they stand."""
    return {
        claim.id: describe(claim, papers.read(claim.file.parent), os.path.relpath(claim.file, root))
        for claim in claims.declared
    }


class Telling:
    """In a worker: tells the controlling process what is declared; verdicts travel with the test reports."""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Leave the declarations where pytest-xdist picks them up."""
        session.config.workeroutput[DESCRIBED] = described(session.config.rootpath)  # type: ignore[attr-defined]


class Gathering:
    """In the controlling process: collects cases, writes the report and the ledger, says the end result."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self.cases: dict[str, CaseResult] = {}
        self.verdicts: dict[str, Ladder] = {}
        self.described: dict[str, dict[str, Any]] = {}
        self.document: dict[str, Any] | None = None
        self.changed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the case that a test's report carries."""
        case = getattr(report, "claim_case", None)
        if case is not None:
            self.cases[report.nodeid] = case_from_json(case)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker declared."""
        self.described.update(getattr(node, "workeroutput", {}).get(DESCRIBED, {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the report; re-record the ledger, or turn the session red when a claim's verdict left it."""
        if not self.cases:
            return
        self.described.update(described(self.config.rootpath))
        self.verdicts = judge_claims(self.cases.values())
        self.document = document(
            self.verdicts,
            self.described,
            self._papers(),
            tier=self.settings.tier,
            environment=environment(self.settings.device),
            outside=self._outside(),
            partial=exitstatus == pytest.ExitCode.INTERRUPTED,
        )
        write(self.document, self.settings.report)
        self._keep_junit()
        if self.settings.update_ledger:
            self._record()
        elif self.settings.ledger:
            self.changed = self._changes()
            if self.changed and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Verdict counts, changes against the ledger, and where the report is."""
        if self.document is None:
            return
        terminalreporter.section("claims")
        for line in summary(self.document):
            terminalreporter.write_line(line)
        for line in self.changed:
            terminalreporter.write_line(line, red=True)
        terminalreporter.write_line(f"report: {self.settings.report / 'index.html'}")

    def _outside(self) -> list[dict[str, Any]]:
        return [
            {
                **{key: one[key] for key in ("id", "paper", "where", "statement")},
                "reason": f"needs --tier {one['lowest_tier']}",
            }
            for one in self.described.values()
            if not reaches(self.settings.tier, one["lowest_tier"])
        ]

    def _keep_junit(self) -> None:
        asked, ours = Path(self.config.option.xmlpath).absolute(), self.settings.report / "junit.xml"
        if asked != ours and asked.exists():
            shutil.copyfile(asked, ours)

    def _papers(self) -> list[papers.Paper]:
        known = papers.all_papers(self.settings.claims)
        elsewhere = [papers.read(folder) for folder in sorted({self._folder(id) for id in self.described})]
        return known + [paper for paper in elsewhere if paper not in known]

    def _folder(self, id: str) -> Path:
        return (self.config.rootpath / self.described[id]["file"]).resolve().parent

    def _record(self) -> None:
        ledgers = Ledgers(self.settings.claims)
        for id, verdict in self._judged():
            cases = {share.case.case: share.case.verdict for share in verdict.shares}
            ledger = ledgers.of(self._folder(id))
            ledger.record(id, *recorded_under(verdict), verdict.verdict, cases, controls_of(verdict))
        whole = not (self.config.option.keyword or self.config.option.markexpr)
        for id, one in self.described.items():  # claims too that no tier or record here reaches
            if not (id in self.verdicts and any(rung.control.faults for rung in self.verdicts[id].rungs)):
                ledgers.of(self._folder(id)).expect(id, one["decides"], anew=whole or id in self.verdicts)
        for paper in {self._folder(id) for id in self.described}:
            if ledgers.of(paper).claims:
                ledgers.of(paper).write(ledgers.file(paper))

    def _changes(self) -> list[str]:
        ledgers = self.config.stash[ledgers_key]
        told = []
        for id, rung in self._judged():
            ledger, under = ledgers.of(self._folder(id)), recorded_under(rung)
            expected = ledger.of_claim(id, *under)
            if expected not in (None, rung.verdict):
                told.append(f"{id} ({rung.tier}): recorded {expected}, now {rung.verdict}: {rung.reason}")
            changed = ledger.other_controls(id, *under, controls_of(rung))
            told += [f"{id} ({rung.tier}): {change} (re-record with --update-ledger)" for change in changed]
        for id, one in self.described.items():
            changed = ledgers.of(self._folder(id)).differences(id, one["decides"])
            told += [f"{id}: {change} (re-record with --update-ledger)" for change in changed]
        return told

    def _judged(self) -> list[tuple[str, ClaimVerdict]]:
        """Every rung that is a verdict to hold the ledger to, with its claim's id."""
        return [(id, rung) for id in sorted(self.verdicts) for rung in self.verdicts[id].rungs if rung.judged]


def recorded_under(verdict: ClaimVerdict) -> tuple[str, str]:
    """The tier and the basis that the ledger has a verdict under."""
    return verdict.tier, basis(verdict.evidence, verdict.stand_in)


def controls_of(rung: ClaimVerdict) -> dict[str, dict[str, float]]:
    """What the control of each case measured, by part."""
    judged = {share.case.case: share.case.judged for share in rung.shares if share.case.judged}
    return {
        case: {part: float(control.effect) for part, control in one.control_parts.items()}
        for case, one in judged.items()
    }


def summary(document: Mapping[str, Any]) -> list[str]:
    """One line a paper: how many claims came to each verdict, with the evidence's reach."""
    lines = []
    for paper in document["papers"]:
        entries = [entry for entry in document["claims"] if entry["paper"] == paper["key"]]
        counts = Counter((entry["verdict"], entry["evidence"]) for entry in entries)
        listed = ", ".join(f"{count} {verdict} ({evidence})" for (verdict, evidence), count in counts.most_common())
        if entries:
            lines.append(f"{paper['key']}: {listed}")
    return lines
