"""What the suite itself has to say while it judges, such as of a damaged record, is said once more at the end."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from harness.plugin.options import settings_key
from harness.plugin.reporting import judges_claims
from harness.system.plain import one_line

HEARD = "claims_heard"
"""Key under which a worker process hands on what it heard."""

LISTED = 10
"""So many lines are shown."""

heard_key = pytest.StashKey["Hearing"]()


class Hearing(logging.Handler):
    """Keeps the suite's warnings, each once: pytest shows those of failed tests only.

    Attributes:
        lines: what was said, in order.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is worth saying again."""
        if not getattr(record, "passing", False):
            self.lines[one_line(record.getMessage())] = None


def pytest_configure(config: pytest.Config) -> None:
    """Listen until the session ends."""
    config.stash[heard_key] = hearing = Hearing()
    suite = logging.getLogger("harness")
    suite.addHandler(hearing)
    config.add_cleanup(lambda: suite.removeHandler(hearing))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker of pytest-xdist: hand on what was heard."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[HEARD] = list(session.config.stash[heard_key].lines)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """In the controlling process: take what a worker heard."""
    node.config.stash[heard_key].lines |= dict.fromkeys(getattr(node, "workeroutput", {}).get(HEARD, []))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say it, where claims were judged."""
    lines = list(config.stash[heard_key].lines)
    if lines and judges_claims(config, config.stash[settings_key]):
        terminalreporter.section("said by the suite")
        for line in [*lines[:LISTED], *([f"and {len(lines) - LISTED} more"] if len(lines) > LISTED else [])]:
            terminalreporter.write_line(line)
