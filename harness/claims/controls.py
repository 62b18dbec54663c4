"""Which parts of a claim its control covers, as far as the claim's source shows it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from harness.claims.claim import Claim


@dataclass(frozen=True)
class Coverage:
    """How the parts of a claim with several of them are controlled.

    Attributes:
        named: parts that are handed to `lab.control` by name; None where only running the function can tell.
        left_out: parts that are not, and that no reason excuses.
        excused: those that the claim declares to have no control, with the reasons.
    """

    id: str
    parts: tuple[str, ...]
    named: tuple[str, ...] | None
    left_out: tuple[str, ...]
    excused: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        how = "seen when it is judged" if self.named is None else f"controls {', '.join(self.named) or 'nothing'}"
        excused = "".join(f"; {part} has none: {reason}" for part, reason in self.excused)
        left_out = f"; LEFT OUT: {', '.join(self.left_out)}" if self.left_out else ""
        return f"{self.id} ({', '.join(self.parts)}): {how}{excused}{left_out}"


def coverages(claims: Iterable[Claim]) -> list[Coverage]:
    """The claims that have several parts, each with its controls."""
    return [coverage(claim) for claim in claims if len(claim.rules) > 1]


def coverage(claim: Claim) -> Coverage:
    """What the claim's source shows of its controls; what is left out nevertheless is a problem when it is judged."""
    named = named_in_control(claim)
    covered = set(claim.rules) if named is None else named | set(claim.uncontrolled)
    return Coverage(
        id=claim.id,
        parts=tuple(claim.rules),
        named=None if named is None else tuple(part for part in claim.rules if part in named),
        left_out=tuple(part for part in claim.rules if part not in covered),
        excused=tuple(claim.uncontrolled.items()),
    )


def named_in_control(claim: Claim) -> frozenset[str] | None:
    """The parts that the claim's function hands to `lab.control`; None where its source does not show them all.

    It does not where parts come from a mapping (`lab.control(**parts)`), or where the lab is handed on.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(claim.function)))
    except (OSError, SyntaxError):  # no source at hand, or one that changed since it was imported
        return None
    named: set[str] = set()
    of_lab = [node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_lab(node.value)]
    if any(_is_lab(node) and node not in of_lab for node in ast.walk(tree)):
        return None  # whatever takes the lab may call its control
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "control":
            for keyword in call.keywords:
                literal = {keyword.arg} if keyword.arg else _literal_keys(keyword.value)
                if literal is None:
                    return None
                named |= literal
    return frozenset(named)


def _is_lab(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "lab"


def _literal_keys(mapping: ast.expr) -> set[str] | None:
    if not isinstance(mapping, ast.Dict):
        return None
    keys = [key.value for key in mapping.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return set(keys) if len(keys) == len(mapping.keys) else None
