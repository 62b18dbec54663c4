"""The scale-detection task: what it asks for, and what pooling makes of it (section 3)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from claims.tomasini2022.methods import scale_task as task
from claims.tomasini2022.methods.receptive_field import support
from claims.tomasini2022.methods.sensitivity import sensitivity
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.rules import Exact, equals, greater_than, less_than, worst_case
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Tensor

    from claims.tomasini2022.methods.scale_task import Gap
    from harness.lab.lab import Lab

    Pixel = tuple[int, ...]
    Distance = Callable[[Pixel, Pixel], float]

LENGTH, SCALE, GAP = 32, 11, 4
"""The task of appendix B.2."""

CONVENTIONS = ("full", "half")
"""Distances left out around the scale ξ: from ξ - g to ξ + g, or from ξ - g/2 to ξ + g/2; the paper does not say."""


@claim(
    "SP-22",
    where="Section 3",
    kind=Kind.DEFINITION,
    paper="y = sign(ξ - d)",
    readings={"gap": CONVENTIONS, "images": ("ring", "plane")},
    rule=equals(0.0),
    control="the largest difference of a coordinate in place of the distance: no diagonals, no way round a ring",
)
def test_label_is_the_sign_of_scale_less_distance(lab: Lab, gap: Gap, images: str) -> None:
    """Images have two active pixels, and the label says whether their distance is below the characteristic scale.

    The value counts images that have other than two active pixels or another label, and pairs of pixels that are
    missing or should be.
    """
    size = LENGTH if images == "ring" else 8
    scale, width = (SCALE, GAP) if images == "ring" else (4, 1)
    make = task.scale_detection_1d if images == "ring" else task.scale_detection_2d
    made = make(size, scale, width, gap)

    def expected(distance: Distance) -> dict[tuple[Pixel, ...], int]:
        margin = width if gap == "full" else width / 2
        pixels = list(itertools.product(range(size), repeat=1 if images == "ring" else 2))
        distances: dict[tuple[Pixel, ...], float] = {
            pair: distance(*pair) for pair in itertools.combinations(pixels, 2)
        }
        kept = {pair: d for pair, d in distances.items() if d < scale - margin or d >= scale + margin}
        return {pair: 1 if d < scale else -1 for pair, d in kept.items()}

    def round_the_ring(p: Pixel, q: Pixel) -> float:
        return min(abs(p[0] - q[0]), size - abs(p[0] - q[0]))

    seen: list[tuple[Pixel, ...]] = [tuple(map(tuple, (image[0] == 1).nonzero().tolist())) for image in made.images()]
    labelled = dict(zip(seen, made.labels.tolist(), strict=True))

    def wrong(distance: Distance) -> Exact:
        right = expected(distance)
        return Exact(sum(right.get(pair) != labelled.get(pair) for pair in right.keys() | labelled.keys()))

    lab.measure(wrong(round_the_ring if images == "ring" else math.dist))
    lab.control(wrong(lambda p, q: max(abs(a - b) for a, b in zip(p, q, strict=True))))


@claim(
    "SP-23",
    where="Section 3",
    readings={"gap": CONVENTIONS, "border": ("ring", "clipped")},
    rule=equals(0.0),
    control="the task without a gap",
)
def test_small_displacements_keep_the_label(lab: Lab, gap: Gap, border: str) -> None:
    """A small displacement of the active pixels, one pixel each, does not affect the label (ξ = 11, g = 4, L = 32).

    The value is the share of all images and moves with another label; a distance of exactly ξ counts as far.
    """

    def share(width: int) -> Exact:
        every = task.scale_detection_1d(LENGTH, SCALE, width, gap)
        changed = 0
        for move in task.moves(1):
            moved = task.displace(every.pairs, move, every.shape, ring=border == "ring")
            near = task.distances(moved, ring=LENGTH) < SCALE
            changed += int((near != (every.labels > 0)).sum())
        return Exact(changed / (len(every.pairs) * len(task.moves(1))))

    lab.measure(share(GAP))
    lab.control(share(0))


@claim(
    "SP-60",
    where="Section 3, Fig. 5",
    kind=Kind.DERIVED,
    readings={"gap": CONVENTIONS, "moves": ("all alike", "as the code draws them")},
    rule={"some": greater_than(0.0), "fewer": less_than(1.0)},
    control="a gap of 6, wider than any move; no gap",
)
def test_one_pixel_can_change_the_label_in_the_plane(lab: Lab, gap: Gap, moves: str) -> None:
    """In the plane's task of Fig. 5 (ξ = 14, g = 2, 32 x 32) a displacement by one pixel can, seldom, change the label.

    Each pixel moves to one of its eight neighbours; two diagonal moves change the distance by up to 2√2, more than the
    gap, so that the sentence of section 3, small displacements do not affect the label, holds with few exceptions.
    Parts: the share of images and moves with another label; that share over the one without a gap.  Moves are all alike
    likely, or as unit vectors of random direction, rounded, which the authors' code draws (pixels at the border move as
    all others).
    """
    size, scale = 32, 14
    steps = torch.arange(1 - size, size)
    between = torch.cartesian_prod(steps, steps)
    images, distance = (size - between.abs()).prod(1), between.double().norm(dim=1)
    each = task.moves(2)
    straight = (each.abs().sum(2) == 1).double()
    weight = (1 + straight).prod(1) if moves == "as the code draws them" else torch.ones(len(each)).double()

    def share(width: int) -> float:
        kept = task.outside_gap(distance, scale, width, gap) & (distance > 0)
        moved = (between[kept][:, None] + each[:, 0] - each[:, 1]).double().norm(dim=2)
        changed = ((moved < scale) != (distance[kept] < scale)[:, None]).double() @ weight / weight.sum()
        return float((changed * images[kept]).sum() / images[kept].sum())

    found, without = share(2), share(0)
    lab.measure(some=Exact(found), fewer=Exact(found / without))
    lab.control(some=Exact(share(6)), fewer=Exact(share(0) / without))
    lab.note(f"{found:.2%} of images and moves change their label, {without:.1%} without a gap.")


def windows_sum(images: Tensor, window: int) -> Tensor:
    """Sums over windows of so many pixels round the ring, one at each place: the shape of `images`."""
    around = torch.nn.functional.pad(images, (0, window - 1), mode="circular")
    return torch.nn.functional.conv1d(around, torch.ones(1, 1, window, dtype=images.dtype))


@claim(
    "SP-24",
    where="Section 3",
    readings={"gap": CONVENTIONS},
    rule=less_than(1.0),
    control="windows of one pixel",
)
def test_pooling_up_to_the_scale_gives_insensitivity(lab: Lab, gap: Gap) -> None:
    """Spatial pooling up to the scale ξ is a means to achieve insensitivity to diffeomorphisms.

    D_f of the images after sums over windows of ξ pixels over D_f of the images themselves, for all images of the task
    and all moves of their two pixels by one; the largest over tasks of any size.  (That the result stays informative is
    SP-25; that it is the most direct means, no measurement decides.)
    """

    def ratio(scale: int, further: int, width: int, window: int = 0) -> float:
        every = task.scale_detection_1d(2 * scale + further, scale, width, gap)
        images = every.images(torch.float64)

        def sensitivity_of(f: Callable[[Tensor], Tensor]) -> float:
            moved = [
                task.render(task.displace(every.pairs, move, every.shape, ring=True), every.shape, torch.float64)
                for move in task.moves(1)
            ]
            return float(torch.stack([sensitivity(f(images), f(other)) for other in moved]).mean())

        pooled = sensitivity_of(partial(windows_sum, window=window or scale))
        return pooled / sensitivity_of(lambda images: images)

    lab.measure(
        worst_case(
            ratio,
            examples=20,
            explicit=[{"scale": SCALE, "further": LENGTH - 2 * SCALE, "width": GAP}],
            scale=st.integers(3, 14),
            further=st.integers(4, 12),
            width=st.integers(0, 1),
        )
    )
    lab.control(Exact(ratio(SCALE, LENGTH - 2 * SCALE, GAP, window=1)))


@claim(
    "SP-66",
    where="Section 3",
    kind=Kind.DERIVED,
    readings={"gap": CONVENTIONS},
    rule=equals(0.0),
    control="windows of one pixel",
)
def test_pooling_up_to_the_scale_solves_the_task(lab: Lab, gap: Gap) -> None:
    """After spatial pooling up to the scale ξ a threshold answers every image of the task rightly.

    Sums over windows of ξ pixels, ReLU above one active pixel and an average over positions; the share of errors on all
    images of any task whose ring is twice as long as the scale or longer.
    """

    def errors(scale: int, further: int, width: int, window: int = 0) -> float:
        every = task.scale_detection_1d(2 * scale + further, scale, width, gap)
        pooled = windows_sum(every.images(torch.float64), window or scale)
        score = torch.relu(pooled - 1).mean((1, 2))
        wrong = (score > 0) != (every.labels > 0)
        return float(wrong.double().mean()) if len(wrong) else 0.0

    lab.measure(
        worst_case(
            errors,
            examples=40,
            explicit=[{"scale": SCALE, "further": LENGTH - 2 * SCALE, "width": GAP}],
            scale=st.integers(2, 20),
            further=st.integers(0, 20),
            width=st.integers(0, 4),
        )
    )
    lab.control(Exact(errors(SCALE, LENGTH - 2 * SCALE, GAP, window=1)))


@claim(
    "SP-25",
    where="Section 3",
    unit="bits",
    readings={"gap": CONVENTIONS},
    rule=greater_than(1e-9),
    control="a window as wide as the image, which always sees both",
)
def test_active_pixels_in_a_window_tell_of_the_label(lab: Lab, gap: Gap) -> None:
    """Whether none, one or both active pixels lie within the pooling window is informative of the task.

    The value is the mutual information between the label and the number of active pixels in a window of width ξ at a
    random place, over all images.
    """
    every = task.scale_detection_1d(LENGTH, SCALE, GAP, gap)

    def information(width: int) -> float:
        rows = torch.arange(LENGTH)
        windows = torch.zeros(LENGTH, LENGTH)
        windows[rows[:, None], (rows[:, None] + torch.arange(width)) % LENGTH] = 1
        seen = (every.images()[:, 0] @ windows.T).long()
        joint = torch.stack(
            [(seen[every.labels == y, :, None] == torch.arange(3)).sum((0, 1)) for y in (1, -1)]
        ).double()
        joint = joint / joint.sum()
        independent = joint.sum(0) * joint.sum(1, keepdim=True)
        return float(torch.special.xlogy(joint, joint / independent.clamp(min=1e-300)).sum() / math.log(2))

    lab.measure(Exact(information(SCALE), "bits"))
    lab.control(Exact(information(LENGTH), "bits"))
    widths = range(1, LENGTH + 1)
    lab.series("information by width of the window", widths, [information(width) for width in widths])


@claim(
    "SP-52",
    where="Appendix B.2",
    kind=Kind.DERIVED,
    paper="F = 3, 12 layers, ξ = 11, g = 4, L = 32, P = 48",
    readings={"gap": CONVENTIONS},
    rule={"sees": greater_than(0.0), "within": greater_than(0.0), "balanced": equals(0.0), "unseen": greater_than(0.0)},
    control="five layers, trained on all images; sixteen layers, which see more than the image",
)
def test_the_set_up_fits_the_task(lab: Lab, gap: Gap) -> None:
    """Twelve layers of filter size 3 can see two pixels beyond the gap, and 48 training images leave images to test on.

    Parts: pixels seen beyond the nearest far pair; pixels of the image beyond those seen; training images that no
    balanced choice can find; images left to test on, of each label at least.
    """
    every = task.scale_detection_1d(LENGTH, SCALE, GAP, gap)
    rarer = int(min((every.labels > 0).sum(), (every.labels < 0).sum()))
    farthest = SCALE + (GAP if gap == "full" else GAP // 2)

    def parts(depth: int, training: int) -> dict[str, Exact]:
        seen = support(3, depth)
        return {
            "sees": Exact(seen - 1 - farthest, "pixels"),
            "within": Exact(LENGTH - seen, "pixels"),
            "balanced": Exact(max(0, training // 2 - rarer), "images"),
            "unseen": Exact(rarer - training // 2, "images"),
        }

    lab.measure(**parts(12, 48))
    lab.control(**parts(5, len(every.pairs)) | {"within": parts(16, 48)["within"]})
