"""Formulas of quotations, set as such: what stands between dollar signs is LaTeX and becomes MathML."""

from __future__ import annotations

import re

import markupsafe
from latex2mathml.converter import convert

from harness.system.plain import visible

FORMULA = re.compile(r"\$([^$]+)\$")


def typeset(text: object) -> markupsafe.Markup:
    """A quotation with its formulas set; everything else is escaped, and so is a formula that is no LaTeX."""
    pieces = FORMULA.split(visible(text))
    return markupsafe.Markup("").join(
        _formula(piece) if place % 2 else markupsafe.escape(piece) for place, piece in enumerate(pieces)
    )


def _formula(latex: str) -> markupsafe.Markup:
    try:
        return markupsafe.Markup(convert(latex))
    except Exception:  # its errors have no common base
        return markupsafe.escape(f"${latex}$")
