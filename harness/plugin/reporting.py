"""The report: verdicts gathered from every process, written once, by the process that controls the session."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.claims import claim as claims
from harness.claims import papers
from harness.claims.ledger import Ledgers
from harness.claims.tiers import reaches
from harness.judging.claims import CaseResult, Ladder, judge_claims
from harness.judging.exchange import case_from_json
from harness.lab.lab import Lab
from harness.plugin import base, hooks
from harness.plugin.collection import claim_of, rung_of, session_key
from harness.plugin.expected import Expected
from harness.plugin.judging import case_name, ledgers_key, parameters, result
from harness.plugin.options import Settings, settings_key
from harness.plugin.repeating import repeated
from harness.report import earlier, history
from harness.report.beside import beside
from harness.report.document import describe, document, out_of_tier
from harness.report.environment import environment
from harness.report.junit import Outcome
from harness.report.session import session, without_folders
from harness.report.since import since, told
from harness.report.snapshot import snapshot
from harness.report.terminal import summary
from harness.report.write import add_to_job, write
from harness.system.checkout import merge_base
from harness.system.plain import plain, visible
from harness.system.signals import heed, put_back

DESCRIBED = "claims_described"
"""Key under which a worker process tells the controlling one which claims are declared."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let other plugins have what was judged."""
    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    """The process that controls the session gathers the verdicts."""
    settings = config.stash[settings_key]
    if is_worker(config):
        config.pluginmanager.register(Telling(), "claims-telling")
        return
    if judges_claims(config, settings) and not config.option.collectonly:
        require_writable(settings.report)
        end_in_order_on_signals(config)
    config.pluginmanager.register(Gathering(config, settings), "claims-gathering")


def require_writable(folder: Path) -> None:
    """Have the folder of the report there before anything is trained.

    Raises:
        pytest.UsageError: nothing can be written into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"report")
    except OSError as error:
        raise pytest.UsageError(f"--report {folder}: nothing can be written there: {error}") from error


def end_in_order_on_signals(config: pytest.Config) -> None:
    """Let SIGTERM, and the end of the terminal, end the session as Ctrl-C does: with a report of what was judged."""
    before = heed((signal.SIGTERM, signal.SIGHUP), signal.default_int_handler)
    config.add_cleanup(lambda: put_back(before))


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
    """Send what a test said in a form that every process can take."""
    sent: dict[str, Any] | None = plain((yield))
    return sent


def collected_again(session: pytest.Session) -> Sequence[pytest.Item]:
    """The selected tests, by a process whose workers collected them, after what ended the session."""
    session._shouldfail = session._shouldstop = False  # it would end this collection, too
    capture: Any = session.config.pluginmanager.getplugin("capturemanager")
    stopped = capture is not None and capture._global_capturing is None  # as Ctrl-C leaves it
    if stopped:
        capture.start_global_capturing()
    try:
        return session.perform_collect()
    finally:
        if stopped:
            capture.stop_global_capturing()


def outcome(report: pytest.TestReport) -> Outcome:
    """What became of the test of a case, and why."""
    if report.skipped and isinstance(report.longrepr, tuple):
        return Outcome("skipped", report.longrepr[2].removeprefix("Skipped: "))
    return Outcome(report.outcome, report.longreprtext if report.failed else "")


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

    @pytest.hookimpl
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Know the session."""
        self._session = session

    @pytest.hookimpl
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Let a test that calls `pytest.exit` stop the other workers too; pytest-xdist alone breaks off at it."""
        if isinstance(excinfo.value, pytest.exit.Exception):
            self._session.shouldstop = plain(excinfo.value.msg)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Leave the declarations where pytest-xdist picks them up."""
        session.config.workeroutput[DESCRIBED] = plain(described(session.config.rootpath))  # type: ignore[attr-defined]


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
        self.unrecorded: list[str] = []
        self.unsteady: list[str] = []
        self.fresh = ""
        self.selected: set[str] = set()
        self.ended: set[str] = set()
        self.failures: dict[str, str] = {}
        self.missing: dict[str, CaseResult] = {}
        self.uncollected: dict[str, str] = {}
        self.tests: dict[str, Outcome] = {}
        self.unwritten: list[str] = []
        self.skipped: list[str] = []
        self.is_judging = judges_claims(config, settings) and not config.option.collectonly
        self.deselected = 0
        self.started = time.monotonic()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note whether all modules could be collected."""
        if report.failed:
            self.uncollected[report.nodeid] = report.longreprtext.strip().rpartition("\n")[2]
            self.tests[report.nodeid] = Outcome("error", report.longreprtext)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which tests are to come."""
        self.selected.update(item.nodeid for item in session.items)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Count the cases that were left out."""
        self.deselected += sum(claim_of(item) is not None for item in items)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """From before the first run until the report is written, have an earlier one taken for no other."""
        if self.is_judging:
            earlier.set_aside(self.settings.report, history.now()[:19].replace("T", " ") + " UTC")
        return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Note which tests the workers are to share."""
        self.selected.update(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the case that a test's report carries, or why there is none."""
        case = getattr(report, "claim_case", None)
        if case is not None:
            self.cases[report.nodeid] = case_from_json(case)
            kept = {name: case[name] for name in ("id", "verdict")}  # by pytest, for its summary
            report.claim_case = kept  # type: ignore[attr-defined]
            self.tests[report.nodeid] = outcome(report)
        if report.when == "call" or report.skipped:
            self.ended.add(report.nodeid)
        elif report.failed:
            self.failures[report.nodeid] = report.longreprtext.strip().rpartition("\n")[2]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker declared."""
        self.described.update(getattr(node, "workeroutput", {}).get(DESCRIBED, {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the report; re-record the ledger, or turn the session red when a claim's verdict left it.

        A session that left selected claims without a judgement ends with the status of one that was interrupted.
        """
        settle = earlier.forget if self._report(session, exitstatus) else earlier.put_back
        if self.is_judging:
            settle(self.settings.report)

    def _report(self, session: pytest.Session, exitstatus: int) -> bool:
        """Write the report, and return whether there was anything to report."""
        option = self.config.option
        if option.collectonly or getattr(option, "setuponly", False) or (self.uncollected and not self.cases):
            return False
        self.missing = self._unjudged(session)
        if not (self.cases or self.missing):
            return False
        self.described.update(described(self.config.rootpath))
        once = {(case.id, case.tier, case.case): case for case in self.cases.values()}  # however often it was repeated
        self.verdicts = judge_claims([*once.values(), *self.missing.values()])
        self.document = without_folders(
            document(
                self.verdicts,
                self.described,
                self._papers(),
                tier=self.settings.tier,
                environment=environment(self.settings.device),
                outside=self._outside(),
                partial=self.is_partial or exitstatus == pytest.ExitCode.INTERRUPTED,
                session=self._session(),
            ),
            self._folders(),
        )
        if self.config.hook.pytest_claims_judged(document=self.document):
            return False
        expected = self._expected(self.config.stash[ledgers_key])
        for entry in self.document["claims"]:
            entry["expected"] = expected.verdict_of(entry["id"])
            for rung, again in zip(entry["ladder"], expected.again(entry["id"]), strict=True):
                rung["again"] = again and again._asdict()
        if self.is_partial:
            if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
                session.exitstatus = pytest.ExitCode.INTERRUPTED
        elif self.settings.update_ledger:
            anew = self._expected(Ledgers(self.settings.claims))
            anew.record() if self.settings.fresh_seeds is None else anew.record_again(self.settings.fresh_seeds)
        elif self.settings.ledger:
            changed = self._changes(expected)
            self.changed = without_folders(list(map(str, changed)), self._folders())
            self.unrecorded = [] if self.settings.fresh_seeds is not None else expected.unrecorded()
            if self.changed and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self.document |= {"changed": self.changed, "unsteady": self.unsteady, "base": self._beside_base()}
        self._remember(self.document)
        self.unwritten = write(self.document, self.settings.report, self.tests)
        try:
            add_to_job(self.document, os.environ)
        except Exception as error:  # as of any other output
            self.unwritten.append(f"the summary of the job is not written: {error}")
        if self.unwritten:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        return True

    def _changes(self, expected: Expected) -> Sequence[object]:
        """In what the session left the ledger; with fresh seeds, the verdicts that do not come out again.

        With --repeat-turned, of trained claims only those that fresh seeds confirm: the others are unsteady.
        """
        given = self.settings
        if given.fresh_seeds is not None:
            self.fresh, changed = expected.of_fresh_seeds(given.fresh_seeds)
            return changed
        if given.repeat is None:
            return expected.changes()
        found = repeated(expected.of_trained(), given, self.config.rootpath, given.repeat)
        self.unsteady = without_folders(found.unsteady, self._folders())
        return [*expected.changes(turned=False), *found.changed]

    def _beside_base(self) -> dict[str, Any] | None:
        """What became of the claims since the branch that is checked out left the one that it goes to."""
        ref, root, given = self.settings.base, self.config.rootpath, self.settings
        if ref is None or self.is_partial:
            return None
        try:
            commit = merge_base(root, ref)
            expected = self._expected(base.ledgers(root, given.claims, commit))
            changes = [change.text for change in (*expected.changes(), *expected.unknown())]
            lines = base.evidence(root, given.evidence, commit)
            return base.told(f"{commit[:10]} ({ref})", without_folders(changes, self._folders()), lines)
        except base.NO_BASE as problem:
            return base.missing(ref, problem)

    def _remember(self, written: dict[str, Any]) -> None:
        """Keep the report in short, and have it say what became of each claim since those before; not a partial one."""
        if self.settings.history is None or self.is_partial:
            return
        now = snapshot(written, history.now())
        past, self.skipped = history.read(self.settings.history)
        try:
            written["history"] = told(past, now)
            known = before["claims"] if (before := history.comparable(past, now["tier"])) else {}
            for entry in written["claims"]:
                one = next((known[id] for id in (entry["id"], *entry["formerly"]) if id in known), None)
                entry["previous"] = one and one["verdict"]
        except Exception as error:  # what earlier reports say costs this one nothing
            written.pop("history", None)
            self.skipped.append(f"no comparison with it: {type(error).__name__}: {error}")
        try:
            history.keep(now, self.settings.history)
        except OSError as error:
            self.skipped.append(f"the history was not added to: {error}")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Verdict counts, changes against the ledger, and where the report is."""
        if self.document is None:
            if self.is_judging and not (self.uncollected or self.selected):
                none = f"0 of {self.deselected} claims' cases were selected: no report is written"
                terminalreporter.write_line(none, red=True)
            return
        terminalreporter.section("claims")
        for line in summary(self.document):
            terminalreporter.write_line(line)
        if self.fresh:
            terminalreporter.write_line(self.fresh)
        for line in self.changed:
            terminalreporter.write_line(visible(line), red=True)
        if self.unrecorded:
            terminalreporter.write_line(
                f"no verdict is recorded of {', '.join(self.unrecorded)} (--update-ledger records it)", yellow=True
            )
        for line in self.unsteady:
            terminalreporter.write_line(visible(f"unsteady: {line}"), yellow=True)
        for line in [*beside(self.document["base"]), *since(self.document)]:
            terminalreporter.write_line(visible(line))
        for line in self.skipped:
            terminalreporter.write_line(visible(f"history: {line}"))
        if self.is_partial:
            kept = "; the ledger is left as it is" if self.settings.update_ledger else ""
            count = f"{len(self.missing)} of {len(self.selected)} selected tests were not judged"
            count += f", {len(self.uncollected)} modules could not be collected" if self.uncollected else ""
            terminalreporter.write_line(f"PARTIAL: {count}{kept}", red=True)
        for line in self.unwritten:
            terminalreporter.write_line(line, red=True)
        if not any(line.startswith("index.html") for line in self.unwritten):
            terminalreporter.write_line(f"report: {self.settings.report / 'index.html'}")

    @property
    def is_partial(self) -> bool:
        """Whether selected claims have no judgement, or some could not be selected as their modules have faults."""
        return bool(self.missing or self.uncollected)

    def _unjudged(self, session: pytest.Session) -> dict[str, CaseResult]:
        """The selected cases that came to no judgement, with the reason, by the node id of their tests.

        Where workers ran the tests, and none is left that could tell what a claim says, this process collects them.
        """
        left = self.selected - self.cases.keys() - self.ended
        if not left and {case.id for case in self.cases.values()} <= self.described.keys() | {
            claim.id for claim in claims.declared
        }:
            return {}
        place, stopped = self.config.stash[session_key], session.shouldfail or session.shouldstop
        items = session.items or collected_again(session)
        why = f"the session ended before it{f': {stopped}' if stopped else ''}"
        found = {}
        for item in items:
            claim = claim_of(item)
            if claim is not None and item.nodeid in left and isinstance(item, pytest.Function):
                lab = Lab(claim, case_name(item), parameters(item), place, rung_of(item))
                found[item.nodeid] = result(item, lab, None, plain(self.failures.get(item.nodeid, why)), 0.0)
        return found

    def _session(self) -> dict[str, Any]:
        given = self.settings
        options = {"data": given.data is not None, "recorded": given.recorded, "train": given.train}
        options["selection"] = given.selection
        missing = [{"id": case.id, "case": case.case, "reason": case.failure} for case in self.missing.values()]
        missing += [{"id": module, "case": "", "reason": plain(why)} for module, why in self.uncollected.items()]
        now = time.time()  # which may have been set back since the session began
        started = now - (time.monotonic() - self.started)
        return session(self.config.rootpath, started=started, now=now, **options, missing=missing)

    def _folders(self) -> list[tuple[Path, str]]:
        """Folders of this machine, and what the report calls them."""
        given, root = self.settings, self.config.rootpath
        named = [(given.store, "the store"), (given.evidence, "the evidence"), (root, ".")]
        return [*named, *([(given.data, "the data folder")] if given.data else [])]

    def _outside(self) -> list[dict[str, Any]]:
        return [
            out_of_tier(one) for one in self.described.values() if not reaches(self.settings.tier, one["lowest_tier"])
        ]

    def _expected(self, ledgers: Ledgers) -> Expected:
        given = self.settings
        return Expected(
            self.verdicts,
            self.described,
            self._papers(),
            ledgers,
            tier=given.tier,
            has_data=given.data is not None,
            allow_not_run=given.allow_not_run,
            folder_of=self._folder,
            is_whole=self._is_whole,
        )

    def _papers(self) -> list[papers.Paper]:
        known = papers.all_papers(self.settings.claims)
        elsewhere = [papers.read(folder) for folder in sorted({self._folder(id) for id in self.described})]
        return known + [paper for paper in elsewhere if paper not in known]

    def _folder(self, id: str) -> Path:
        return (self.config.rootpath / self.described[id]["file"]).resolve().parent

    def _is_whole(self, paper: Path) -> bool:
        """Whether all of a paper's claims were selected."""
        option = self.config.option
        if option.keyword or option.markexpr or option.deselect or getattr(option, "lf", False):
            return False
        paths = [(self.config.invocation_params.dir / arg).resolve() for arg in self.config.args if "::" not in arg]
        return any(path == paper or path in paper.parents for path in paths)
