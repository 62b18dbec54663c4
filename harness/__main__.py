"""`python -m harness COMMAND`: what is done outside a test session; the commands are in `harness.commands`."""

from __future__ import annotations

import argparse
import sys

from harness.commands import doctor, merge, notify, plan, recheck, record, report, train, verify
from harness.commands.usage import BadUsage, Parser

COMMANDS = {
    "plan": plan,
    "train": train,
    "record": record,
    "recheck": recheck,
    "report": report,
    "merge": merge,
    "verify": verify,
    "doctor": doctor,
    "notify": notify,
}

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    chosen = parser().parse_args(arguments)
    chosen.arguments = arguments
    try:
        return COMMANDS[chosen.command].run(chosen)
    except BadUsage as problem:
        print(f"python -m harness {chosen.command}: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED


def parser() -> Parser:
    """The command line: a sub-parser for each command."""
    whole = Parser(prog="python -m harness", description="What is done outside a test session.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        text = str(module.__doc__)
        raw = argparse.RawDescriptionHelpFormatter
        one = commands.add_parser(name, help=text.splitlines()[0], description=text, formatter_class=raw)
        module.add_arguments(one)
    return whole


if __name__ == "__main__":
    sys.exit(main())
