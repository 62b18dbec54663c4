"""The claims that a command is about, found as pytest finds them, and the runs that they need."""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.claims.tiers import TIERS
from harness.commands.usage import BadUsage

if TYPE_CHECKING:
    import pytest

    from harness.claims.claim import Claim
    from harness.lab.session import Session
    from harness.runs import Bench, Run
    from harness.store import Store

VALUED = {
    "--tier=": "tier",
    "-k": "keyword",
    "-m": "marker",
    "--data=": "data",
    "--store=": "store",
    "--device=": "device",
    "--fresh-seeds=": "fresh_seeds",
}
FLAGS = {"--download": "download", "--require-data": "require_data"}
"""pytest's options, and what they are called in a command's."""


LISTED = 5
"""So many names are told where none was found."""


@dataclass(frozen=True)
class Selection:
    """What was selected, and what it is to be done with.

    Attributes:
        needs: every run that is needed, with the claims that need it.
        tier: as asked for.
        store, bench: where runs are looked up and kept, and what they are done with.
        items: the selected tests.
        called: what the names of the runs have in them, where not all that the claims need are meant.
    """

    needs: Mapping[Run, Sequence[Claim]]
    tier: str
    store: Store
    bench: Bench
    items: Sequence[pytest.Item] = ()
    called: str = ""

    def of(self, needs: Mapping[Run, Sequence[Claim]]) -> Selection:
        """The same with those of other runs that are called so."""
        return replace(self, needs={run: claims for run, claims in needs.items() if is_called(run, self.called)})

    def at_every_look(self) -> Selection:
        """The same with the runs of all seeds that may be added until a claim is decided."""
        from harness.plugin.preparing import runs_of

        return self.of({**self.needs, **runs_of(self.items, self.tier, every_look=True)})

    def tier_of(self, run: Run) -> str:
        """The lowest tier that has the run."""
        return min((claim.tier_within(self.tier) for claim in self.needs[run]), key=TIERS.index)


def is_called(run: Run, words: str) -> bool:
    """Whether a run's name, its recipe's title in full and its seed, has these words in it; case does not count."""
    return words.lower() in f"{run.recipe.title}, seed {run.seed}".lower()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that select claims, which mean what they mean to `pytest claims`, and runs among those they need."""
    parser.add_argument("paths", nargs="*", default=["claims"], help="files, folders or tests (default: claims)")
    parser.add_argument("--tier", choices=TIERS, default="smoke", help="how much the runs may cost (default: smoke)")
    parser.add_argument("-k", dest="keyword", metavar="EXPR", help="only tests whose names match, as pytest's -k")
    parser.add_argument("-m", dest="marker", metavar="EXPR", help="only tests whose markers match, as pytest's -m")
    parser.add_argument("--runs", default="", metavar="WORDS", help="only runs whose name has these words in it")
    add_place(parser)
    parser.add_argument("--download", action="store_true", help="fetch missing data sets into --data")
    parser.add_argument("--require-data", action="store_true", help="never take other data where a data set is missing")


def add_fresh_seeds(parser: argparse.ArgumentParser) -> None:
    """The option of those commands that can be about other seeds than the claims' own."""
    text = "the runs of as many other seeds, from FIRST on, as `pytest --fresh-seeds` judges"
    parser.add_argument("--fresh-seeds", metavar="FIRST", help=text)


def add_place(parser: argparse.ArgumentParser) -> None:
    """The options that say with what runs are done and looked up."""
    parser.add_argument("--data", metavar="DIR", help="root of the real data sets (default: $CLAIMS_DATA, else none)")
    parser.add_argument("--store", metavar="DIR", help="records of finished runs (default: reports/store)")
    parser.add_argument("--device", help="cpu, cuda, cuda:1 ... (default: a GPU where there is one)")


def pytest_arguments(chosen: argparse.Namespace) -> list[str]:
    """The same options for pytest, each one word: a folder that stands alone would count for the root of the tests."""
    given = vars(chosen)
    valued = [f"{option}{given[name]}" for option, name in VALUED.items() if given.get(name)]
    return valued + [option for option, name in FLAGS.items() if given.get(name)]


def run_pytest(arguments: Sequence[str], plugin: object) -> str:
    """Run pytest in this process, without showing what it prints; return that.

    Raises:
        BadUsage: pytest does not take the arguments.
        KeyboardInterrupt: on Ctrl-C, which pytest itself would take for the end of the session.
    """
    import pytest

    said, interrupts = io.StringIO(), _Interrupts()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main(["-q", "-p", "no:cacheprovider", *arguments], plugins=[plugin, interrupts])
    if interrupts.seen:
        raise KeyboardInterrupt
    if code == pytest.ExitCode.USAGE_ERROR:
        problems = re.findall(r"(?:ERROR|error): (?!usage)(.*)", said.getvalue())
        raise BadUsage(problems[-1] if problems else said.getvalue().strip())
    return said.getvalue()


class _Interrupts:
    """A plugin that remembers Ctrl-C."""

    seen = False

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self.seen = excinfo.type is KeyboardInterrupt


class _Collected:
    """A plugin that keeps what pytest collects."""

    def __init__(self) -> None:
        self.session: pytest.Session | None = None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.session = session


def selected(chosen: argparse.Namespace) -> Selection:
    """The claims that the options select; no test is run.

    Raises:
        BadUsage: nothing is selected, no run is called as is asked for, not all claims can be collected, or the place
            is none to work at.
    """
    collected = _Collected()
    said = run_pytest(["--collect-only", *pytest_arguments(chosen), *chosen.paths], collected)
    if collected.session is None or collected.session.testsfailed:
        raise BadUsage(f"the claims cannot be collected\n{said[max(said.find('= ERRORS'), 0) :]}")
    if not collected.session.items:
        raise BadUsage(f"no claim is selected by {shlex.join([*pytest_arguments(chosen), *chosen.paths])}")
    # Imported after pytest has loaded them as plugins: it complains about plugins that were loaded before.
    from harness.plugin.collection import session_key
    from harness.plugin.preparing import runs_of

    place = collected.session.config.stash[session_key]
    items, called = collected.session.items, getattr(chosen, "runs", "")
    needs = runs_of(items, chosen.tier)
    found = Selection(needs, chosen.tier, *opened(place), items, called).of(needs)
    if called and not found.needs:
        titles = sorted({run.recipe.title for run in needs})[:LISTED]
        raise BadUsage(f"--runs {shlex.quote(called)}: no run is called so, but e.g. {'; '.join(titles)}")
    return found


def opened(place: Session) -> tuple[Store, Bench]:
    """The store and the bench of a session, once it is sure that they can be used.

    Raises:
        BadUsage: the store is no folder, or the device is not here.
    """
    from harness.runs.devices import not_here
    from harness.store import StoreProblem

    if why := not_here(place.device_name):
        raise BadUsage(f"--device {why}")
    try:
        return place.store, place.bench
    except StoreProblem as problem:
        raise BadUsage(str(problem)) from problem


def shown(path: Path) -> str:
    """A path as it is shortest to read: relative to the current folder where it lies below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
