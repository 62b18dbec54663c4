"""Passages of the paper on its measure and its experiments that slip or leave something open.

None of them is a mistake: what they mean holds.  Those of the theorem's appendix are in test_errata_theorem.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.ghosh2019.methods.tiling import fit_to_blocks
from claims.ghosh2019.methods.triples import Lag, hops
from harness.claims.claim import claim
from harness.claims.kinds import Kind, Remark
from harness.rules import Exact, equals
from harness.system.lazy import torch

if TYPE_CHECKING:
    from harness.lab.lab import Lab
    from harness.rules import Rule

    Triples = tuple[set[Lag], list[tuple[Lag, Lag]]]
    """The steps to a neighbour, and for each triple (q, r) about p = (0, 0)."""

BLOCKS = {"6 on 28 pixels": (28, 6), "3 on 28 pixels": (28, 3)}


def uncovered(blocks: str, fit: str | None = None) -> Exact:
    """Pixels of an image that blocks of a size do not cover, as it is or after fitting it to them."""
    side, size = BLOCKS[blocks]
    image = torch.zeros(1, 1, side, side)
    image = image if fit is None else fit_to_blocks(image, size, fit)
    return Exact(float(image.numel() - (image.shape[-1] // size * size) ** 2))


@claim(
    "N-SO1",
    where="Sections 4.1, 4.1.1 and 5.2",
    formerly=("E-SO1",),
    readings={"blocks": tuple(BLOCKS), "fit": ("crop", "pad")},
    rule=equals(0, within=0),
    control="images of 28 x 28 as they are",
    remark=Remark(
        Kind.UNSAID,
        printed="blocks span the entire image ... for the datasets of MNIST (BlockSize=6), Fashion-MNIST "
        "(BlockSize=6) and CIFAR-10 (BlockSize=8) ... MNIST-swap₃(0,25,50,100)",
        meant="Images that are fitted to the blocks first.  How, by cropping, padding or resizing, is not said: "
        "cropping and padding are two readings of all claims on swapped MNIST and Fashion-MNIST.",
        derivation="28 = 4 x 6 + 4 = 9 x 3 + 1: blocks of 6 leave 208 of 784 pixels of a 28 x 28 image over, blocks "
        "of 3 leave 55.  CIFAR10's 32 = 4 x 8 are spanned.",
    ),
)
def test_blocks_of_six_and_three_span_fitted_images(lab: Lab, blocks: str, fit: str) -> None:
    """Blocks of 6 and of 3 pixels span MNIST's images once these are cropped or padded to a multiple of it."""
    lab.measure(uncovered(blocks, fit))
    lab.control(uncovered(blocks))


def neighbours_of(places: set[Lag], steps: set[Lag]) -> set[Lag]:
    """All neighbours of some places."""
    return {(row + down, column + right) for row, column in places for down, right in steps}


def printed_triples(neighbours: str) -> Triples:
    """All (q, r) about p = (0, 0) with q in N(p) and r in N(N(p)) without N(p), as printed."""
    steps = {step for step, _ in hops(neighbours)}
    near = neighbours_of({(0, 0)}, steps)
    return steps, [(q, r) for q in near for r in neighbours_of(near, steps) - near]


def corrected_triples(neighbours: str) -> Triples:
    """The same with r in N(q), and neither p nor next to p."""
    return {step for step, _ in hops(neighbours)}, hops(neighbours)


def flaws(triples: Triples) -> dict[str, Exact]:
    """Triples that end where they began, and triples whose r is not next to q."""
    steps, pairs = triples
    returning = sum(r == (0, 0) for _, r in pairs)
    broken = sum(r not in neighbours_of({q}, steps) for q, r in pairs)
    return {"r is p": Exact(float(returning)), "r is not next to q": Exact(float(broken))}


TRIPLES: dict[str, Rule] = {"r is p": equals(0, within=0), "r is not next to q": equals(0, within=0)}


@claim(
    "N-SO3",
    where="Section 2",
    formerly=("E-SO3",),
    readings={"neighbours": ("four", "eight")},
    rule=TRIPLES,
    control="the printed set at its letter",
    remark=Remark(
        Kind.SLIP,
        printed="$r \\in N(N(p)) \\setminus N(p)$, where N(p) represents the set of neighboring spatial locations of p "
        "... such that r is at a distance of two hops from p",
        meant="r is in N(q), and neither p nor in N(p).",
        derivation="The sentence itself asks for two hops, and the chain p, q, r of equations 1 and 2 leads over q.  "
        "With p no neighbour of its own, the printed set holds p, at no hops, and places that are two hops from p "
        "by way of other neighbours than q.",
    ),
)
def test_two_hop_arrangements_lead_over_q(lab: Lab, neighbours: str) -> None:
    """With q in N(p) and r in N(q), neither p nor in N(p), r is two hops from p, by way of q."""
    lab.measure(**flaws(corrected_triples(neighbours)))
    lab.control(**flaws(printed_triples(neighbours)))
