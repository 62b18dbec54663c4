"""The report: verdicts gathered from every process, written once, by the process that controls the session."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.claims import claim as claims
from harness.claims import papers
from harness.claims.ledger import Ledger, Ledgers, basis
from harness.claims.tiers import reaches
from harness.judging.claims import CaseResult, ClaimVerdict, Ladder, judge_claims
from harness.judging.exchange import case_from_json
from harness.lab.lab import Lab
from harness.plugin.collection import claim_of, rung_of, session_key
from harness.plugin.judging import case_name, ledgers_key, parameters, result
from harness.plugin.options import Settings, settings_key
from harness.report import history
from harness.report.document import describe, document, out_of_tier
from harness.report.environment import environment
from harness.report.session import session, without_folders
from harness.report.since import since, told
from harness.report.snapshot import snapshot
from harness.report.write import add_to_job, write
from harness.system.plain import plain, visible
from harness.verdicts import Verdict

DESCRIBED = "claims_described"
"""Key under which a worker process tells the controlling one which claims are declared."""


def pytest_configure(config: pytest.Config) -> None:
    """Have pytest write junit.xml beside the report; the process that controls the session gathers the verdicts."""
    settings = config.stash[settings_key]
    if is_worker(config):
        config.pluginmanager.register(Telling(), "claims-telling")
        return
    if judges_claims(config, settings) and not config.option.collectonly:
        require_writable(settings.report)
        if config.pluginmanager.has_plugin("junitxml"):
            config.option.xmlpath = config.option.xmlpath or str(settings.report / "junit.xml")
        end_in_order_on_sigterm(config)
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


def end_in_order_on_sigterm(config: pytest.Config) -> None:
    """Let SIGTERM end the session as Ctrl-C does, with a report of what was judged."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)

    def restore() -> None:
        signal.signal(signal.SIGTERM, before)

    config.add_cleanup(restore)


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
        self.selected: set[str] = set()
        self.ended: set[str] = set()
        self.failures: dict[str, str] = {}
        self.missing: dict[str, CaseResult] = {}
        self.is_sound = True
        self.unwritten = ""
        self.skipped: list[str] = []
        self.is_judging = judges_claims(config, settings) and not config.option.collectonly
        self.deselected = 0
        self.started = time.monotonic()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note whether all modules could be collected."""
        self.is_sound &= not report.failed

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which tests are to come."""
        self.selected.update(item.nodeid for item in session.items)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Count the cases that were left out."""
        self.deselected += sum(claim_of(item) is not None for item in items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Note which tests the workers are to share."""
        self.selected.update(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the case that a test's report carries, or why there is none."""
        case = getattr(report, "claim_case", None)
        if case is not None:
            self.cases[report.nodeid] = case_from_json(case)
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
        option = self.config.option
        if option.collectonly or getattr(option, "setuponly", False) or not (self.cases or self.is_sound):
            return
        self.missing = self._unjudged(session)
        if not (self.cases or self.missing):
            return
        self.described.update(described(self.config.rootpath))
        self.verdicts = judge_claims([*self.cases.values(), *self.missing.values()])
        written = document(
            self.verdicts,
            self.described,
            self._papers(),
            tier=self.settings.tier,
            environment=environment(self.settings.device),
            outside=self._outside(),
            partial=bool(self.missing) or exitstatus == pytest.ExitCode.INTERRUPTED,
            session=self._session(),
        )
        self.document = without_folders(written, self._folders())
        self._remember(self.document)
        try:
            write(self.document, self.settings.report)
            self._keep_junit()
        except OSError as error:
            self.unwritten = f"the report is not written, and what lies there is older: {error}"
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        if self.missing:
            if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
                session.exitstatus = pytest.ExitCode.INTERRUPTED
        elif self.settings.update_ledger:
            self._record()
        elif self.settings.ledger:
            self.changed = self._changes()
            if self.changed and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        add_to_job(self.document, without_folders(self.changed, self._folders()), os.environ)

    def _remember(self, written: dict[str, Any]) -> None:
        """Keep the report in short, and have it say what became of each claim since those before; not a partial one."""
        if self.settings.history is None or self.missing:
            return
        now = snapshot(written, history.now())
        past, self.skipped = history.read(self.settings.history)
        written["history"] = told(past, now)
        try:
            history.keep(now, self.settings.history)
        except OSError as error:
            self.skipped.append(f"the history was not added to: {error}")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Verdict counts, changes against the ledger, and where the report is."""
        if self.document is None:
            if self.is_judging and self.is_sound and not self.selected:
                none = f"0 of {self.deselected} claims' cases were selected: no report is written"
                terminalreporter.write_line(none, red=True)
            return
        terminalreporter.section("claims")
        for line in summary(self.document):
            terminalreporter.write_line(line)
        for line in self.changed:
            terminalreporter.write_line(visible(line), red=True)
        for line in since(self.document):
            terminalreporter.write_line(visible(line))
        for line in self.skipped:
            terminalreporter.write_line(visible(f"history: {line}"))
        if self.missing:
            kept = "; the ledger is left as it is" if self.settings.update_ledger else ""
            count = f"{len(self.missing)} of {len(self.selected)} selected tests were not judged"
            terminalreporter.write_line(f"PARTIAL: {count}{kept}", red=True)
        if self.unwritten:
            terminalreporter.write_line(self.unwritten, red=True)
        else:
            terminalreporter.write_line(f"report: {self.settings.report / 'index.html'}")

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

    def _keep_junit(self) -> None:
        if not getattr(self.config.option, "xmlpath", None):
            return
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
            cases = {share.case.key: share.case.verdict for share in verdict.shares}
            ledger = self._ledger(ledgers, id)
            ledger.record(id, *recorded_under(verdict), verdict.verdict, cases, controls_of(verdict))
        judged = {id for id, _ in self._judged()}
        for id, one in self.described.items():  # claims too that no tier or record here reaches
            if not (id in self.verdicts and any(rung.control.faults for rung in self.verdicts[id].rungs)):
                anew = id in judged or self._is_whole(self._folder(id))
                self._ledger(ledgers, id).expect(id, one["decides"], anew=anew)
        for id, tier, _ in [*self._lost(ledgers)]:
            self._ledger(ledgers, id).forget(id, tier)
        for folder, orphans in [*self._orphans(ledgers)]:
            for id in orphans:
                del ledgers.of(folder).claims[id]
        for paper in {self._folder(id) for id in self.described}:
            if ledgers.of(paper).claims:
                ledgers.of(paper).write(ledgers.file(paper))

    def _changes(self) -> list[str]:
        """In what the session left the ledger: first what was recorded and is no longer judged."""
        ledgers = self.config.stash[ledgers_key]
        told = [] if self.settings.allow_not_run else [*self._gone(ledgers)]
        for id, rung in self._judged():
            ledger, under = self._ledger(ledgers, id), recorded_under(rung)
            expected = ledger.of_claim(id, *under)
            if expected not in (None, rung.verdict):
                told.append(f"{id} ({rung.tier}): recorded {expected}, now {rung.verdict}: {rung.reason}")
            changed = ledger.other_controls(id, *under, controls_of(rung))
            told += [f"{id} ({rung.tier}): {change} (re-record with --update-ledger)" for change in changed]
        for id, one in self.described.items():
            changed = self._ledger(ledgers, id).differences(id, one["decides"])
            told += [f"{id}: {change} (re-record with --update-ledger)" for change in changed]
        return told

    def _gone(self, ledgers: Ledgers) -> Iterator[str]:
        """What was recorded and has no verdict any more; a sentence each."""
        allowed = "(--allow-not-run lets it pass)"
        for id, tier, reason in self._lost(ledgers):
            yield f"{id} ({tier}): recorded, now not run: {reason} {allowed}"
        for _, orphans in self._orphans(ledgers):
            yield from (
                f"{id}: recorded, and no claim declares it (`formerly` renames one) {allowed}" for id in orphans
            )

    def _lost(self, ledgers: Ledgers) -> Iterator[tuple[str, str, str]]:
        """Claims with a recorded verdict that came to none although all their cases were selected; tier and reason.

        Where no folder of data was given, claims without trained networks may lack theirs; the records of trained ones
        are kept, and nothing excuses that they are gone.
        """
        for id, ladder in self.verdicts.items():
            trained = self.described[id]["trained"]
            if not trained and self.settings.data is None:
                continue
            judged = {rung.tier for rung in ladder.rungs if rung.judged or rung.control.faults}
            whole = {rung.tier: rung for rung in ladder.rungs if rung.complete}
            for tier in self._ledger(ledgers, id).tiers(id):
                selected = tier in whole or (trained and self._is_whole(self._folder(id)))
                if selected and tier not in judged and reaches(self.settings.tier, tier):
                    yield id, tier, whole[tier].reason if tier in whole else "no record covers it"
        for id, one in self.described.items():  # a tier that is too low for a claim now
            for tier in self._ledger(ledgers, id).tiers(id):
                if not reaches(tier, one["lowest_tier"]) and self._is_whole(self._folder(id)):
                    yield id, tier, f"it is judged from tier {one['lowest_tier']} on"

    def _orphans(self, ledgers: Ledgers) -> Iterator[tuple[Path, list[str]]]:
        """Recorded claims that nobody declares, by the folder of their paper, where that was selected as a whole."""
        for paper in self._papers():
            ids = {id for id, one in self.described.items() if one["paper"] == paper.key}
            if ids and self._is_whole(folder := self._folder(min(ids))):
                for id in ids:
                    self._ledger(ledgers, id)  # which takes over what it knows under ids of before
                yield folder, sorted(filter(paper.owns, ledgers.of(folder).claims.keys() - ids))

    def _is_whole(self, paper: Path) -> bool:
        """Whether all of a paper's claims were selected."""
        option = self.config.option
        if option.keyword or option.markexpr or option.deselect or getattr(option, "lf", False):
            return False
        paths = [(self.config.invocation_params.dir / arg).resolve() for arg in self.config.args if "::" not in arg]
        return any(path == paper or path in paper.parents for path in paths)

    def _ledger(self, ledgers: Ledgers, id: str) -> Ledger:
        """The ledger that has a claim, which it may know under another id."""
        return ledgers.of_claim(self._folder(id), id, self.described[id]["formerly"])

    def _judged(self) -> list[tuple[str, ClaimVerdict]]:
        """Every rung that is a verdict to hold the ledger to, with its claim's id."""
        return [(id, rung) for id in sorted(self.verdicts) for rung in self.verdicts[id].rungs if rung.judged]


def recorded_under(verdict: ClaimVerdict) -> tuple[str, str]:
    """The tier and the basis that the ledger has a verdict under."""
    return verdict.tier, basis(verdict.evidence, verdict.stand_in)


def controls_of(rung: ClaimVerdict) -> dict[str, dict[str, float]]:
    """What the control of each case measured, by part."""
    judged = {share.case.key: share.case.judged for share in rung.shares if share.case.judged}
    return {
        case: {part: float(control.effect) for part, control in one.control_parts.items()}
        for case, one in judged.items()
    }


def summary(document: Mapping[str, Any]) -> list[str]:
    """The headlines, then one line a paper: how many claims came to each verdict, with the evidence's reach."""
    entries = {entry["id"]: entry for entry in document["claims"]}
    lines = []
    for paper in document["papers"]:
        for one in paper["headlines"]:
            said = [f"{id} {judged(entries[id])}" for id in one["claims"] if id in entries]
            lines += [f"{one['question']}  {', '.join(said)}"] if said else []
    order = [str(verdict) for verdict in Verdict]
    for paper in document["papers"]:
        counts = Counter(judged(entry) for entry in entries.values() if entry["paper"] == paper["key"])
        ranked = sorted(counts, key=lambda name: (order.index(name.partition(" (")[0]), name))
        if counts:
            lines.append(f"{paper['key']}: {', '.join(f'{counts[name]} {name}' for name in ranked)}")
    return lines


def judged(entry: Mapping[str, Any]) -> str:
    """A claim's verdict with the reach of its evidence, where there is any."""
    return f"{entry['verdict']} ({entry['evidence']})" if entry["evidence"] else str(entry["verdict"])
