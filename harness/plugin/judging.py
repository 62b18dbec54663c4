"""The `lab` fixture, and the way from what a test measured to its outcome."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import pytest

from harness.claims import papers
from harness.claims.claim import Claim
from harness.claims.ledger import Ledger, Ledgers, LedgerUnreadable, basis
from harness.judging.cases import CaseJudgement, judge_case, least_favourable
from harness.judging.claims import CaseResult
from harness.judging.exchange import case_to_json
from harness.judging.seeds import seeds_to_decide
from harness.judging.values import values_by_part
from harness.lab.lab import Lab
from harness.lab.session import Found, NotAvailable
from harness.plugin.collection import case_count, claim_of, id_of, session_key
from harness.plugin.options import settings_key
from harness.system.plain import plain
from harness.verdicts import Verdict

case_key = pytest.StashKey[CaseResult]()
remembered_key = pytest.StashKey[CaseResult]()
"""A case that was judged in an earlier session, whose function is not run."""
ledgers_key = pytest.StashKey[Ledgers]()


def pytest_configure(config: pytest.Config) -> None:
    """Read the ledger."""
    settings = config.stash[settings_key]
    try:
        config.stash[ledgers_key] = Ledgers(settings.claims, Ledger.read if settings.ledger else lambda _: Ledger())
    except LedgerUnreadable as problem:
        raise pytest.UsageError(str(problem)) from problem


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Lab:
    """What a claim's function works with: data, runs, randomness, and where to put what it measured."""
    claim = claim_of(request.node)
    if claim is None:
        raise pytest.UsageError(f"{request.node.nodeid}: only a test under @claim has a lab")
    place, rung = request.config.stash[session_key], getattr(request, "param", None)
    return Lab(claim, case_name(request.node), parameters(request.node), place, rung)


def case_name(item: pytest.Item) -> str:
    """The name of a case within its claim and tier: pytest's parameter id, "" for a claim with one case.

    What other plugins add to it (pytest-repeat a number) is no part of the name.
    """
    callspec, chosen = getattr(item, "callspec", None), parameters(item)
    if callspec is None:
        return ""
    if len(chosen) < len(callspec.params.keys() - {"lab"}):
        return "-".join(map(id_of, chosen.values()))
    rung = callspec.params.get("lab", "")
    return str(callspec.id.removeprefix(rung).removeprefix("-") if rung else callspec.id)


def parameters(item: pytest.Item) -> dict[str, Any]:
    """A case's data set and readings, by name."""
    callspec, claim = getattr(item, "callspec", None), claim_of(item)
    if callspec is None or claim is None:
        return {}
    return {name: value for name, value in callspec.params.items() if name == "data" or name in claim.readings}


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run a claim's function, judge what it measured, and make the verdict the test's outcome."""
    __tracebackhide__ = True
    claim = claim_of(pyfuncitem)
    if claim is None:
        return (yield)
    lab = pyfuncitem.funcargs["lab"]
    assert isinstance(lab, Lab)
    config, started = pyfuncitem.config, time.monotonic()
    settings = config.stash[settings_key]

    def ended(lab: Lab, judged: CaseJudgement | None, failure: str = "") -> CaseResult:
        case = result(pyfuncitem, lab, judged, failure, time.monotonic() - started)
        pyfuncitem.stash[case_key] = case
        return case

    try:
        yield
        case = pyfuncitem.stash.get(remembered_key, None) or ended(lab, judged_at(lab))
        while case.verdict is Verdict.INCONCLUSIVE and (later := lab.at_next_look(case.case)):
            lab = later
            pyfuncitem.obj(**{"lab": lab, **lab.parameters})
            case = ended(lab, judged_at(lab))
    except NotAvailable as missing:
        ended(lab, None, str(missing))
        if settings.require_data:
            raise
        pytest.skip(f"{claim.id} is not run: {missing}")
    except BaseException as error:
        ended(lab, None, f"{type(error).__name__}: {error}")
        raise
    expected = config.stash[ledgers_key].of_claim(claim.file.parent, claim.id, claim.formerly)
    # Until the session's end, see `repeating`; with other seeds, what is recorded, see `Expected.of_fresh_seeds`.
    known = expected.of_claim(claim.id, case.tier, basis(case.evidence, case.stand_in)) is not None
    waits = claim.trained and (settings.repeat is not None or (settings.fresh_seeds is not None and known))
    settle(claim, case, None if settings.update_ledger or waits else expected)
    return True


def judged_at(lab: Lab) -> CaseJudgement:
    """What a lab's claim comes to by what was measured in it."""
    return judge_case(lab.claim, lab.measured, lab.controls, lab.standing(), lab.look)


def result(item: pytest.Function, lab: Lab, judged: CaseJudgement | None, failure: str, seconds: float) -> CaseResult:
    """What a case came to, where its numbers come from, and what they cost."""
    seeds, look = list(lab.seeds) if lab.found else [], lab.look
    undecided = judged is not None and judged.verdict is Verdict.INCONCLUSIVE and lab.claim.trained
    return CaseResult(
        id=lab.claim.id,
        case=case_name(item),
        nodeid=item.nodeid,
        tier=lab.tier,
        evidence=lab.reach(),
        judged=judged,
        failure=failure,
        siblings=case_count(lab.claim, item.config.stash[settings_key], item.config.stash[session_key], lab.tier),
        stand_in=lab.stand_in,
        parameters={name: str(value) for name, value in lab.parameters.items()},
        data=[
            {"name": source.name, "split": source.split, "digest": source.digest, "notes": list(source.notes)}
            for source in lab.sources.values()
        ],
        runs=[source_of(key, found) for key, found in lab.found.items()],
        failed=list(lab.failed.values()),
        notes=[*lab.notes, *([look.sentence] if look and judged else [])],
        series=lab.curves,
        pictures=lab.pictures,
        values=values_by_part(lab.measured),
        seeds=seeds,
        seeds_to_decide=seeds_to_decide(
            lab.claim, lab.measured, lab.controls, lab.standing(), seeds=len(seeds), look=look and look.last
        )
        if undecided and seeds
        else None,
        seconds=seconds,
    )


def source_of(key: str, found: Found) -> dict[str, Any]:
    """Where a record comes from, as JSON values."""
    return {
        "key": key,
        "title": found.title,
        "seed": found.seed,
        "source": found.source,
        "freshness": found.freshness,
        "device": found.device,
        "date": found.date,
        "commit": found.commit,
        "accuracy": reached(found.record.metrics),
        "recipe": found.record.made_of["recipe"],
        "seconds": found.record.seconds,
        "code": str(found.record.made_of["code"])[:12],
        "data": {name: str(digest)[:12] for name, digest in dict(found.record.made_of["data"]).items()},
    }


def reached(metrics: Mapping[str, Any]) -> float | None:
    """The accuracy that a trained network ended with: on test images, else on those that validate; None without one."""
    found = (metrics.get(name) for name in ("test_accuracy", "final_validation_accuracy"))
    return next((float(value) for value in found if isinstance(value, (int, float))), None)


def settle(claim: Claim, case: CaseResult, ledger: Ledger | None) -> None:
    """Fail or skip the test unless the case's verdict is the recorded one, or, where none is recorded, confirms it.

    The case's own verdict decides, which is the one that the report shows of the case.  The claim's, corrected over all
    its cases, is no test's: `reporting` holds it against the ledger at the end of the session.

    Args:
        claim: the claim.
        case: one of its cases, which was judged.
        ledger: expected verdicts; None while they are recorded anew, when whatever has a good control passes.
    """
    assert case.judged is not None
    if not case.judged.control_holds:
        pytest.fail(f"{claim.id}: {control_failure(claim, case.judged)}", pytrace=False)
    if ledger is None:
        return
    expected = ledger.of_case(claim.id, case.tier, basis(case.evidence, case.stand_in), case.key)
    if expected is not None:
        if expected is not case.verdict:
            recorded = f"recorded was: {expected} (re-record with --update-ledger)"
            pytest.fail(said(claim, case, case.judged, recorded), pytrace=False)
    elif case.verdict is Verdict.REFUTED:
        pytest.fail(said(claim, case, case.judged), pytrace=False)
    elif case.verdict not in (Verdict.SUPPORTED, Verdict.ERRATUM):
        pytest.skip(said(claim, case, case.judged))


def said(claim: Claim, case: CaseResult, judged: CaseJudgement, recorded: str = "") -> str:
    """Two lines on a case that is not as it should be: what it came to, and what of the paper it is about."""
    paper = papers.read(claim.file.parent)
    stated = f"; the paper has {_words(claim.paper)}" if claim.paper is not None else ""
    is_now = f"{claim.id} is {case.verdict}{f', {recorded}' if recorded else ''}: {found(claim, judged, case.seeds)}"
    return f"{is_now}\n{paper.key}, {claim.where}: {claim.statement}{stated}"


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(one)}" for name, one in value.items())
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def control_failure(claim: Claim, judged: CaseJudgement) -> str:
    """What is wrong with a claim whose control does not do its work."""
    faults = "; ".join(f"{part}: {fault}" for part, fault in judged.control_faults.items())
    if claim.erratum:
        return f"the corrected statement fails the rule too ({faults}): {claim.control}"
    own = f"; it is itself inconclusive: {judged.reason}" if judged.verdict is Verdict.INCONCLUSIVE else ""
    told = "its control does not do its work, so that nothing shows that its rule can tell"
    return f"{told} ({faults}): {claim.control}{own}"


def found(claim: Claim, judged: CaseJudgement, seeds: Sequence[int] = ()) -> str:
    """The deciding number with its interval, beside the rule; of what is undecided also why."""
    part = least_favourable(judged.parts)
    deciding = judged.parts[part]
    rule = claim.rules.get(part) or next(iter(claim.rules.values()))
    low, high = deciding.low, deciding.high
    numbers = [
        f"{part}:" if len(judged.parts) > 1 else "",
        f"{deciding.effect:.4g}",
        f"[{low:.4g}, {high:.4g}]" if math.isfinite(low) and math.isfinite(high) and low < high else "",
        deciding.unit,
        f"(n = {deciding.n}{f', seeds {_ranges(seeds)}' if seeds else ''})" if deciding.n is not None else "",
    ]
    why = f". {judged.reason}" if judged.verdict is Verdict.INCONCLUSIVE else ""
    return f"{' '.join(filter(None, numbers))}; rule: {rule.sentence}{why}"


def _ranges(seeds: Sequence[int]) -> str:
    """Seeds in words: a run of them by its ends."""
    first, last = min(seeds), max(seeds)
    whole = len(seeds) > 1 and sorted(seeds) == list(range(first, last + 1))
    return f"{first} to {last}" if whole else ", ".join(map(str, seeds))


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str, str] | None:
    """With -v: the claim and its verdict beside what became of the test.

    Of one that is skipped, pytest shows the reason, which has them; with -rs it says one word for all on a line.
    """
    case = getattr(report, "claim_case", None)
    if case is None or report.skipped or getattr(report, "when", None) != "call":
        return None
    letter = {"passed": ".", "failed": "F"}[report.outcome]
    return report.outcome, letter, f"{report.outcome.upper()} ({case['id']} {case['verdict']})"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send a case's verdict along with its test report (across processes too) and into pytest's JUnit file."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and claim_of(item) is not None:
        file, line, _ = item.location  # rather than where the suite says it
        report.longrepr = (file, (line or 0) + 1, report.longrepr[2])
    if call.when == "call" and case_key in item.stash:
        case = item.stash[case_key]
        written = case_to_json(case)
        report.claim_case = written if remembered_key in item.stash else plain(written)  # type: ignore[attr-defined]
        item.user_properties += [("claim", case.id), ("verdict", str(case.verdict))]
    return report
