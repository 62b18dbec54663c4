"""The `lab` fixture, and the way from what a test measured to its outcome."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from typing import Any

import pytest

from harness.claims.claim import Claim
from harness.claims.ledger import Ledger, basis
from harness.judging.cases import CaseJudgement, judge_case, least_favourable, to_json
from harness.lab.lab import Lab
from harness.lab.session import NotAvailable, Session
from harness.plugin.collection import claim_of
from harness.plugin.options import Settings, settings_key
from harness.verdicts import Verdict

case_key = pytest.StashKey[dict[str, Any]]()
ledger_key = pytest.StashKey[Ledger]()
session_key = pytest.StashKey[Session]()


def pytest_configure(config: pytest.Config) -> None:
    """Read the ledger; set up the workplace, which opens nothing yet."""
    settings = config.stash[settings_key]
    config.stash[ledger_key] = Ledger.read(settings.claims / "ledger.json") if settings.ledger else Ledger()
    config.stash[session_key] = Session(
        tier=settings.tier,
        data=settings.data,
        store=settings.store,
        device=settings.device,
        train=settings.train,
        download=settings.download,
    )


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Lab:
    """What a claim's function works with: data, runs, randomness, and where to put what it measured."""
    claim = claim_of(request.node)
    if claim is None:
        raise pytest.UsageError(f"{request.node.nodeid}: only a test under @claim has a lab")
    return Lab(claim, case_name(request.node), parameters(request.node), request.config.stash[session_key])


def case_name(item: pytest.Item) -> str:
    """The name of a case within its claim: pytest's parameter id, "" for a claim with one case."""
    callspec = getattr(item, "callspec", None)
    return callspec.id if callspec else ""


def parameters(item: pytest.Item) -> dict[str, Any]:
    """A case's data set and readings, by name."""
    callspec = getattr(item, "callspec", None)
    return dict(callspec.params) if callspec else {}


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run a claim's function, judge what it measured, and make the verdict the test's outcome."""
    __tracebackhide__ = True
    claim = claim_of(pyfuncitem)
    if claim is None:
        return (yield)
    lab = pyfuncitem.funcargs["lab"]
    assert isinstance(lab, Lab)
    started = time.monotonic()
    case: dict[str, Any] = {"id": claim.id, "case": case_name(pyfuncitem), "nodeid": pyfuncitem.nodeid}
    pyfuncitem.stash[case_key] = case
    settings = pyfuncitem.config.stash[settings_key]
    try:
        yield
        judged = judge_case(claim, lab.measured, lab.controls)
    except NotAvailable as missing:
        case.update(not_run(str(missing)), **account(lab, started))
        if settings.require_data:
            raise
        pytest.skip(str(missing))
    except BaseException as error:
        case.update(not_run(f"{type(error).__name__}: {error}"), **account(lab, started))
        raise
    case.update(verdicts(judged), **account(lab, started))
    settle(claim, judged, case, settings, pyfuncitem.config.stash[ledger_key])
    return True


def account(lab: Lab, started: float) -> dict[str, Any]:
    """Where a case's numbers come from and what they cost."""
    return {
        "tier": lab.tier,
        "evidence": str(lab.reach()),
        "stand_in": lab.stand_in,
        "parameters": {name: str(value) for name, value in lab.parameters.items()},
        "data": [
            {"name": source.name, "split": source.split, "digest": source.digest, "notes": list(source.notes)}
            for source in lab.sources.values()
        ],
        "runs": lab.keys,
        "notes": lab.notes,
        "series": lab.curves,
        "pictures": lab.pictures,
        "seconds": time.monotonic() - started,
    }


def not_run(reason: str) -> dict[str, Any]:
    """What a case says whose verdict could not be reached."""
    return {"verdict": str(Verdict.NOT_RUN), "reason": reason, "parts": {}, "control": None}


def verdicts(judged: CaseJudgement) -> dict[str, Any]:
    """A case's judgements as JSON values."""
    return {
        "verdict": str(judged.verdict),
        "reason": judged.reason,
        "parts": {part: to_json(judgement) for part, judgement in judged.parts.items()},
        "control": {
            "verdict": str(judged.control),
            "holds": judged.control_holds,
            "faults": dict(judged.control_faults),
            "undecided": list(judged.control_undecided),
            "parts": {part: to_json(judgement) for part, judgement in judged.control_parts.items()},
        },
    }


def settle(claim: Claim, judged: CaseJudgement, case: dict[str, Any], settings: Settings, ledger: Ledger) -> None:
    """Fail or skip the test unless the verdict is the recorded one, or, where none is recorded, confirms the claim."""
    __tracebackhide__ = True
    if not judged.control_holds:
        pytest.fail(f"{claim.id}: {control_failure(claim, judged)}", pytrace=False)
    if settings.update_ledger:
        return
    expected = ledger.of_case(claim.id, case["tier"], basis(case), case["case"])
    said = f"{claim.id} is {judged.verdict}: {found(claim, judged)}"
    if expected is not None:
        if expected is not judged.verdict:
            pytest.fail(f"{said}\nrecorded was: {expected} (re-record with --update-ledger)", pytrace=False)
    elif judged.verdict is Verdict.REFUTED:
        pytest.fail(said, pytrace=False)
    elif judged.verdict not in (Verdict.SUPPORTED, Verdict.ERRATUM):
        pytest.skip(said)


def control_failure(claim: Claim, judged: CaseJudgement) -> str:
    """What is wrong with a claim whose control does not do its work."""
    faults = "; ".join(f"{part}: {fault}" for part, fault in judged.control_faults.items())
    if claim.erratum:
        return f"the corrected statement fails the rule too ({faults}): {claim.control}"
    return f"its control does not do its work, so that nothing shows that its rule can tell ({faults}): {claim.control}"


def found(claim: Claim, judged: CaseJudgement) -> str:
    """The deciding number with its interval, beside the rule."""
    deciding = least_favourable(list(judged.parts.values()))
    part = next(name for name, judgement in judged.parts.items() if judgement is deciding)
    rule = claim.rules.get(part) or next(iter(claim.rules.values()))
    sampled = f", n = {deciding.n}" if deciding.n is not None else ""
    low, high = deciding.low, deciding.high
    interval = f" [{low:.4g}, {high:.4g}]" if math.isfinite(low) and math.isfinite(high) and low < high else ""
    named = f"{part}: " if len(judged.parts) > 1 else ""
    return f"{named}{deciding.effect:.4g}{interval} {deciding.unit}{sampled}; rule: {rule.sentence}. {judged.reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send a case's verdict along with its test report (across processes too) and into junit.xml."""
    report = yield
    if call.when == "call" and case_key in item.stash:
        case = item.stash[case_key]
        report.claim_case = case  # type: ignore[attr-defined]
        item.user_properties += [("claim", case["id"]), ("verdict", case["verdict"])]
    return report
