"""Section 4.5: what the detector's head is told of places, and what a detector reaches that is told nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.fan2019.methods import seeds_and_images
from claims.fan2019.methods.blind_detector import BlindDetector
from claims.fan2019.methods.detection_arms import arm
from claims.fan2019.methods.detection_readings import Detectors, claim_on_detectors
from harness.claims.about import About
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.measures.support import jacobian_support
from harness.rules import Exact, equals, less_than, worst_case
from harness.system.lazy import np, st, torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.lab.lab import Lab
    from harness.runs.recipe import Recipe


@claim(
    "SH-58",
    where="Section 4.5",
    readings={"part": ("the last layer", "the whole head"), "side": (7, 14)},
    rule=less_than(1.0),
    control="a fully connected layer in its place",
)
def test_a_prediction_does_not_depend_on_all_activations(lab: Lab, part: str, side: int) -> None:
    """With a 3 x 3 convolution at the end, a box predicted at a location does not depend on all activations of the map.

    Measured is the share of the map that the prediction at its centre depends on.  The head has three bottlenecks
    before that convolution, so that it reaches 9 x 9 activations of the backbone's map: all of the 7 x 7 that the
    output format of YOLO has, not all of the 14 x 14 that a backbone of stride 32 gives for 448 x 448 images.
    """
    from harness.networks.resnet import Bottleneck

    with torch.random.fork_rng():
        torch.manual_seed(lab.seed)
        last = torch.nn.Conv2d(16, 6, 3, padding=1)
        blocks = [Bottleneck(16, 4) for _ in range(3)] if part == "the whole head" else []
        dense = [torch.nn.Flatten(), torch.nn.Linear(16 * side**2, 6 * side**2), torch.nn.Unflatten(1, (6, side, side))]
        heads = [torch.nn.Sequential(*layers).double().eval() for layers in ([*blocks, last], [*blocks, *dense])]
    shares = [
        jacobian_support(head, (16, side, side), (side // 2, side // 2), lab.generator, probes=8).double().mean().item()
        for head in heads
    ]
    lab.measure(Exact(shares[0]))
    lab.control(Exact(shares[1]))


@claim(
    "SH-69",
    kind=Kind.DERIVED,
    about=About.MECHANISM,
    where="Sections 3.2 and 4.5",
    readings={"last_block": ("with an identity skip", "with a projection")},
    rule=equals(0.0, within=1e-12),
    control="the branch shuffled, the skip connection not",
)
def test_no_order_reaches_the_detection_head(lab: Lab, last_block: str) -> None:
    """Where branch and skip of the last bottleneck are both shuffled, no spatial order reaches the detection head.

    Derived from the paper's rule for ResNets.  Rearrange the pixels of the block's input by any permutation pi, and
    compose both shuffles with it: the output is the same, value by value.  A shuffle composed with a fixed permutation
    is again a uniformly random one, so that the head sees the same distribution for an image and for the image with its
    features put anywhere else.  What is left to tell where an object is are the features' values themselves: those that
    see a border of the image, or its padding, may say so.
    """
    from claims.fan2019.methods.shuffle_layers import shuffle_resnet, shuffles
    from harness.networks.resnet import Bottleneck

    def search(skip: bool) -> Exact:
        with torch.random.fork_rng():
            torch.manual_seed(lab.seed)
            projection = torch.nn.Sequential(torch.nn.Conv2d(16, 16, 1, stride=2), torch.nn.BatchNorm2d(16))
            block = Bottleneck(16, 4, 2, projection) if last_block == "with a projection" else Bottleneck(16, 4)
        shuffle_resnet(torch.nn.Sequential(block), [1], skip=skip, fixed=True).double().eval()

        def difference(seed: int) -> float:
            source = torch.Generator().manual_seed(seed)
            x = torch.randn(1, 16, 6, 6, dtype=torch.float64, generator=source)
            rearrangement = torch.randperm(36, generator=source)
            rearranged = x.flatten(2)[:, :, rearrangement].reshape(x.shape)
            for layer in shuffles(block):
                layer.index, layer.generator = None, source
            with torch.no_grad():
                seen = block(rearranged)
                for layer in shuffles(block):
                    layer.index = rearrangement[layer.index]
                return (seen - block(x)).abs().max().item()

        return worst_case(difference, examples=20, seed=st.integers(0, 2**31))

    lab.measure(search(skip=True))
    lab.control(search(skip=False))


KNOWS = {
    "classes": BlindDetector(""), "classes and numbers": BlindDetector("", numbers=4),
    "classes, numbers and sizes": BlindDetector("", sized=True, numbers=4),
}  # fmt: skip
"""What a detector knows of an image that does not know where things are."""


BLIND = "blind"


def behind_both(tier: str, data: str, knows: str) -> Mapping[str, Recipe]:
    """The detector without shuffle, the one with branch and skip shuffled, and a blind one on the same test images."""
    trained = {name: arm(name, tier, data) for name in ("plain", "both")}
    plain = trained["plain"]
    return {**trained, BLIND: KNOWS[knows].with_(data=plain.data_sets()[-1][0], tested=plain.tested)}


@claim_on_detectors(
    "SH-70",
    kind=Kind.DERIVED,
    about=About.MECHANISM,
    where="Sections 3.2 and 4.5",
    runs=behind_both,
    readings={"knows": tuple(KNOWS)},
    rule=less_than(0.0),
    control="the detector without shuffle",
)
def test_a_detector_without_order_is_no_better_than_a_blind_one(lab: Lab, data: str, knows: str) -> None:
    """Behind a fully shuffled backbone no detection head beats the best detector that does not know where things are.

    Derived from SH-69, for features whose values do not tell where they come from.  Measured is the detector's mAP less
    a bound (`methods.position_blind`): that of the best boxes, the same in all images that are alike, given
    exactly which classes are in each image (and how many objects, of which sizes) and chosen with hindsight on the test
    annotations; by how much chance may raise it is added, drawn anew for each seed.  Were it refuted, values
    told places.
    """
    found = Detectors.of(lab)
    blind = [record.metrics for record in lab.records(lab.runs[BLIND])]
    lab.note("mAP of a blind detector, in per cent: " + ", ".join(
        f"{name.replace('_', ' ')} {100 * np.mean([metrics[name] for metrics in blind]):.1f}"
        for name in ("bound", "with_chance", "constructed")
    ))  # fmt: skip
    lab.note("mAP of the paper's shuffled detector on VOC 2007: 34")
    limit = 100 * np.array([metrics["with_chance"] for metrics in blind])[:, None]
    lab.measure(seeds_and_images.mean(found.mean_ap("both") - limit, found.images, "points"))
    lab.control(seeds_and_images.mean(found.mean_ap("plain") - limit, found.images, "points"))
