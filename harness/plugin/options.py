"""Command-line options and markers."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.claims import fresh
from harness.claims.tiers import TIERS
from harness.system.places import EVIDENCE, HISTORY, REPORT, SELECTION, STORE

GROUP = "claims"


@dataclass(frozen=True)
class Settings:
    """What the command line and the environment say.

    Attributes:
        data: root of the real data sets; None where only embedded images are at hand.
        store: folder of the records of finished runs.
        report: folder that index.html, claims.json and junit.xml are written into.
        evidence: folder of the records that are kept.
        history: folder that earlier reports are kept in, in short; None where this one is not kept.
        base: branch or commit whose ledger and evidence the session is compared with; None for no comparison.
        selection: whether some of the claims were asked for.
        fresh_seeds: from where on trained claims take other seeds than their own; None for their own.
        repeat: minutes in which verdicts that turned are tried again with fresh seeds; None to tell of them at once.
        stalled: seconds without progress after which a run is given up; None for never.
        recorded: whether trained claims are judged from what is recorded, and nothing is trained.
        claims: the folder `claims/` of the project, which need not be there; papers may stand elsewhere too.
    """

    tier: str
    data: Path | None
    store: Path
    report: Path
    claims: Path
    evidence: Path
    history: Path | None
    base: str | None
    selection: bool
    device: str
    train: bool
    recorded: bool
    ledger: bool
    update_ledger: bool
    download: bool
    require_data: bool
    judge_anew: bool
    allow_not_run: bool
    stalled: float | None
    fresh_seeds: int | None
    repeat: float | None


settings_key = pytest.StashKey[Settings]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suite, in a group of their own."""
    group = parser.getgroup(GROUP, "claims of papers")
    group.addoption("--tier", choices=TIERS, default="smoke", help="how much the run may cost (default: smoke)")
    group.addoption("--data", metavar="DIR", help="root of the real data sets (default: $CLAIMS_DATA, else none)")
    group.addoption("--store", metavar="DIR", help="records of finished runs (default: reports/store)")
    group.addoption(
        "--report",
        metavar="DIR",
        help="where the report is written (default: reports/latest for all, reports/selection for some)",
    )
    group.addoption("--device", default="auto", help="cpu, cuda, cuda:1 ... (default: a GPU where there is one)")
    group.addoption("--no-train", action="store_true", help="judge only what the store has; never start a run")
    group.addoption("--evidence", metavar="DIR", help="evidence that is kept (default: reports/evidence)")
    group.addoption(
        "--history",
        metavar="DIR",
        help="earlier reports in short, to compare with (default: history in the store, for a report over all)",
    )
    group.addoption(
        "--base",
        metavar="REF",
        help="compare with the ledger and evidence where this branch or commit was left "
        "(default: the branch that a pull or merge request goes to, on GitHub and GitLab)",
    )
    group.addoption("--recorded", action="store_true", help="train nothing: judge trained claims from what is recorded")
    group.addoption("--no-ledger", action="store_true", help="a test passes only when its claim is supported")
    group.addoption("--update-ledger", action="store_true", help="record this session's verdicts as the expected ones")
    group.addoption("--download", action="store_true", help="fetch missing data sets into --data")
    group.addoption("--judge-anew", action="store_true", help="judge every case, also those that were judged before")
    group.addoption("--allow-not-run", action="store_true", help="let pass what was recorded and can't be judged here")
    group.addoption(
        "--fresh-seeds",
        metavar="FIRST",
        type=int,
        help=f"judge trained claims with other seeds, from FIRST ({fresh.LEAST} or more) on: which come out again?",
    )
    group.addoption(
        "--repeat-turned",
        metavar="MINUTES",
        type=float,
        help="try trained verdicts that are not the recorded ones again with fresh seeds, before they count as changed",
    )
    group.addoption("--stalled", metavar="S", type=float, help="give up a run that shows no progress for S seconds")
    group.addoption("--require-data", action="store_true", help="fail, rather than skip, what lacks its data set")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the settings once, before the other modules ask for them.

    Judging takes one thread a process: its tensors are small, and results do not depend on the machine's cores.
    """
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # read when torch is loaded, later
        os.environ.setdefault(variable, "1")
    config.addinivalue_line("markers", "claim(id): the claim that a test decides; added by the decorator's declaration")
    config.addinivalue_line("markers", "trained: its claim needs trained networks; added likewise")
    option = config.getoption
    data = option("--data") or os.environ.get("CLAIMS_DATA")
    root = config.rootpath if config.inipath else config.invocation_params.dir  # without a project: where one is
    if data and not Path(data).is_dir():
        raise pytest.UsageError(f"--data {data}: there is no such folder")
    if option("--download") and not data:
        raise pytest.UsageError("--download needs --data DIR, the folder to fetch into")
    for name in ("--store", "--evidence", "--history"):
        if option(name) and not Path(option(name)).is_dir() and Path(option(name)).exists():
            raise pytest.UsageError(f"{name} {option(name)}: this is a file, and has to be a folder")
    if option("--stalled") is not None and not 0 < option("--stalled") < math.inf:
        raise pytest.UsageError("--stalled takes a number of seconds above zero")
    if option("--fresh-seeds") is not None and option("--fresh-seeds") < fresh.LEAST:
        raise pytest.UsageError(f"--fresh-seeds takes a number of {fresh.LEAST} or more: claims have the seeds below")
    if option("--repeat-turned") is not None and not 0 < option("--repeat-turned") < math.inf:
        raise pytest.UsageError("--repeat-turned takes a number of minutes above zero")
    fresh.first = option("--fresh-seeds")
    if (
        option("--device") not in ("auto", "cpu")
        and not option("--collect-only")
        and not hasattr(config, "workerinput")
    ):
        from harness.runs.devices import not_here

        if why := not_here(option("--device")):
            raise pytest.UsageError(f"--device {why}")
    selection = is_selection(config, root) or fresh.first is not None
    store = Path(option("--store") or root / STORE).resolve()
    history = option("--history")
    config.stash[settings_key] = Settings(
        tier=option("--tier"),
        data=Path(data).resolve() if data else None,
        store=store,
        report=Path(option("--report") or root / (SELECTION if selection else REPORT)).resolve(),
        claims=(root / "claims").resolve(),
        evidence=Path(option("--evidence") or root / EVIDENCE).resolve(),
        history=Path(history).resolve() if history else None if selection else store / HISTORY,
        base=option("--base") or target_branch(os.environ),
        selection=selection,
        device=option("--device"),
        train=not option("--no-train"),
        recorded=option("--recorded"),
        ledger=not option("--no-ledger"),
        update_ledger=option("--update-ledger"),
        download=option("--download"),
        require_data=option("--require-data"),
        judge_anew=option("--judge-anew"),
        allow_not_run=option("--allow-not-run"),
        stalled=option("--stalled"),
        fresh_seeds=fresh.first,
        repeat=option("--repeat-turned"),
    )


def target_branch(environment: Mapping[str, str]) -> str | None:
    """The branch that a pull request on GitHub, or a merge request on GitLab goes to, as a clone of it knows it."""
    names = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
    return next((f"origin/{environment[name]}" for name in names if environment.get(name)), None)


def is_selection(config: pytest.Config, root: Path) -> bool:
    """Whether the command line selects some of the claims, so that its report must not replace that over all."""
    option = config.option
    if option.keyword or option.markexpr or option.deselect or getattr(option, "lf", False):
        return True
    claims = (root / "claims").resolve()
    paths = [(config.invocation_params.dir / arg.split("::")[0]).resolve() for arg in config.args]
    return bool(paths) and all(claims in path.parents for path in paths)
