"""The detectors that Fan et al. compare in section 4.5, as recipes for each tier.

Arms differ in what of the backbone's last layers is shuffled, which the paper leaves open; all arms of one seed share
their training images, their order, their augmentation and their initial weights.

All tiers train from scratch on squared errors as YOLO does (`methods.detection_loss`), with two boxes a cell,
and batches whose images share a shuffle.  The bottlenecks of the head begin as their shortcuts, and its last layer near
zero; the backbone, where the shuffles are, is initialised as in ResNet.

- `paper`: VOC 2007 and 2012 at 448 pixels, so that ResNet-50 ends in 14 x 14 cells (the paper does not give its grid;
  YOLO's is 7 x 7), 500 epochs with an exponentially decaying rate from 0.001.  Left out there, and here as in YOLO: SGD
  with momentum 0.9 and weight decay 5e-4, batches of 64, augmentation.  Left out, and here of our choice: the rate
  decays to a hundredth.
- `nightly`: ResNet-50 too.  VOC 2007 alone at 224 pixels (7 x 7 cells) where it is there, 30 epochs; otherwise scenes
  at 128 pixels with a stem of stride 2 (8 x 8 cells), 20 epochs.  Adam at 0.001, in bfloat16, warmed up over two epochs
  and brought to zero by a cosine, where the paper's rate would leave the detector near its beginning.  Tried on a CPU
  only, for two epochs of 96 scenes, and at 3/16 of the width for five of 1600: what it learns in its time is not known.
- `laptop`: a network of an eighth of the width with 5 bottlenecks in place of 16, on 1600 scenes at 64 pixels (4 x 4
  cells), 10 epochs, tested on 500 scenes.  Adam at 0.012, warmed up as above; edges are moved by a tenth at most
  instead of a fifth, and colours stay.  All of that was chosen by the time that it takes and by the unshuffled
  detector's mAP at IoU 0.5 alone, on seeds from 100 on: 58.1, 61.0, 60.1, 56.7 on seeds 100 to 103, in bfloat16.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from claims.fan2019.methods.detection_augmentation import DetectionAugmentation
from claims.fan2019.methods.detector_test import DetectorTest
from harness.data.scenes import CLASSES as SCENES
from harness.data.voc import CLASSES as VOC
from harness.runs.recipe import Reference
from harness.training import Adam, Cosine, Exponential, Network, Sgd, Warm
from harness.training.network import Value

ARMS: dict[str, dict[str, Value]] = {
    "plain": {},
    "branch": {"shuffled": "branch"},
    "both": {"shuffled": "branch and skip"},
    "stage branch": {"shuffled": "branch", "stage": True},
    "stage both": {"shuffled": "branch and skip", "stage": True},
    "1x1": {"shuffled": "branch and skip", "patch": 1},
    "fixed": {"shuffled": "branch and skip", "fixed": True},
}
"""Parameters of `methods.detector.detector` by arm: "branch" shuffles the input of the 3 x 3 convolution in
the last bottleneck, "both" the skip connection too (section 3.2); with "stage" in all bottlenecks of the last stage.
"1x1" draws shuffles of maps of 1 x 1 pixels, which move nothing; "fixed" keeps one permutation of both for good."""

YOLO = DetectionAugmentation(jitter=0.2, flip=True, colour=1.5)


SOUND = Reference("train_overlap", (0.638, 0.655, 0.632, 0.651))
"""Of the unshuffled detector at tier `laptop`: its boxes' mean overlap with objects in the last epoch, of runs with the
seeds 100 to 103."""


def plain(tier: str, data: str) -> DetectorTest:
    """The unshuffled detector of a tier; `data` is "voc2007" or "scenes"."""
    if data not in ("voc2007", "scenes"):
        raise ValueError(f"detectors are trained on voc2007 or scenes, not on {data!r}")
    if tier == "paper" and data == "voc2007":
        return DetectorTest(
            network=Network.of("fan-detector", classes=len(VOC)),
            data="voc2007+2012",
            size=448,
            optimiser=Sgd(rate=1e-3, momentum=0.9, weight_decay=5e-4),
            schedule=Exponential(0.01 ** (1 / 500)),
            epochs=500,
            batch_size=64,
            precision="float32",
            augmentation=YOLO,
        )
    if tier in ("nightly", "paper"):
        classes, size, stride, epochs = (len(VOC), 224, 32, 30) if data == "voc2007" else (len(SCENES), 128, 16, 20)
        return DetectorTest(
            network=Network.of("fan-detector", classes=classes, stride=stride),
            data=data,
            size=size,
            optimiser=Adam(rate=1e-3),
            schedule=Warm(2, Cosine(epochs)),
            epochs=epochs,
            batch_size=64,
            precision="bf16",
            augmentation=YOLO,
        )
    return DetectorTest(
        network=Network.of("fan-detector", backbone="narrow", classes=len(SCENES), width=8, head=32, stride=16),
        data="scenes",
        size=64,
        optimiser=Adam(rate=0.012),
        schedule=Warm(2, Cosine(10)),
        epochs=10,
        batch_size=32,
        precision="float32",
        augmentation=replace(YOLO, jitter=0.1, colour=1.0),
        count=1600,
        tested=500,
    )


def arm(name: str, tier: str, data: str) -> DetectorTest:
    """The recipe of one arm."""
    recipe = plain(tier, data)
    network = Network.of(recipe.network.name, **dict(recipe.network.parameters), **ARMS[name])
    sound = SOUND if name == "plain" and tier == "laptop" else None
    return recipe.with_(network=network, called=title_of(name), reference=sound)


def title_of(name: str) -> str:
    """What an arm is in words, e.g. "detector, branch and skip of the last bottleneck shuffled"."""
    how = ARMS[name]
    if not how:
        return "detector, unshuffled"
    what = "branch and skip" if how["shuffled"] == "branch and skip" else "branch"
    where = "all bottlenecks of the last stage" if "stage" in how else "the last bottleneck"
    special = {"patches of a pixel": "patch" in how, "one permutation for good": "fixed" in how}
    return ", ".join(
        [f"detector, {what} of {where} shuffled", *(words for words, applies in special.items() if applies)]
    )


def detectors(*names: str) -> Callable[[str, str], Mapping[str, DetectorTest]]:
    """What a claim gives as `runs` that needs these arms."""

    def runs(tier: str, data: str) -> Mapping[str, DetectorTest]:
        return {name: arm(name, tier, data) for name in names}

    return runs
