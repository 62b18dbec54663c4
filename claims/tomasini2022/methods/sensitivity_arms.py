"""What the claims on trained image networks train, by tier: the scale-detection task in two dimensions, and CIFAR-10.

Of the task the paper gives 1,024 training images, ξ = 14, g = 2, the hinge loss and rate 0.05; the authors' code has
300 epochs, decays kernels and matrices by 5e-4, and lets the cosine end after 0.8 of the epochs.  Under the reading
"text" nothing decays: training then stops of itself once no image's loss is above zero.  Neither says how pixels are
scaled as the figures have them (the code's first version standardised them, its last multiplies by 392): here they are
standardised, since LeNet at that rate ends with one value for all images otherwise.

Tier `nightly` and `paper` have the paper's networks (VGG-11, VGG-11bn, AlexNet; on CIFAR-10 LeNet and VGG-11bn too).
Tier `nightly` trains all but LeNet in bfloat16, of which neither text nor code says anything, since two cores then take
little more than half the time; the task's evidence there counts as the paper's all the same.  What is measured is
measured in float64.
Tier `laptop` has VGG an eighth as wide, for 60 epochs of the task and 3 of CIFAR-10, and LeNet as it is, for all 300
and for 10 of 250.  Lengths and widths were chosen by their cost, and by the networks' accuracy with seeds from 100 on,
which no claim uses.  What is measured is the network after the last epoch, where the paper takes the one of the best
validation error.
"""

from __future__ import annotations

from collections.abc import Mapping

from claims.tomasini2022.methods.probes import PIXELS
from claims.tomasini2022.methods.recipes import tomasini_convolutional, tomasini_scale_detection
from claims.tomasini2022.methods.scale_images import NAME
from claims.tomasini2022.methods.sensitivity_runs import LayerSensitivities
from harness.training import Cosine, Data, Network
from harness.training.network import Value

READINGS = TEXT, CODE = ("text", "code")
"""Of the recipe: see `methods.recipes`."""

SEEDS = range(6)
"""The paper averages over five or more; with six a share that is the same in all of them can be judged."""

VGGS_WIDTH, LENETS_WIDTH, NARROW = 64, 6, 8
"""Channels of the first convolution: of the paper's VGG and AlexNet, of LeNet, and of what stands for the former at
tier `laptop`."""

TASK_EPOCHS = {"laptop": 60, "nightly": 300, "paper": 300}
CIFAR_EPOCHS = {"laptop": 3, "nightly": 20, "paper": 250}
LENET_EPOCHS = {"laptop": 10, "nightly": 250, "paper": 250}

REACH = {"laptop": "proxy", "nightly": "reduced", "paper": "paper"}
"""On CIFAR-10."""

TASK_REACH = {"laptop": "proxy", "nightly": "paper", "paper": "paper"}
LENET_REACH = {"laptop": "reduced", "nightly": "paper", "paper": "paper"}

VGG: dict[str, dict[str, Value]] = {"VGG-11": {"depth": 11}, "VGG-11bn": {"depth": 11, "batch_norm": True}}
DEEPER: dict[str, dict[str, Value]] = {f"VGG-{depth}bn": {"depth": depth, "batch_norm": True} for depth in (13, 16)}
HALF, DOUBLE = ", half as wide", ", twice as wide"
"""Behind a name: the network at another width."""

RANGE = (
    *(name + width for name in ("LeNet", "AlexNet", "VGG-11bn", "VGG-13bn") for width in ("", HALF, DOUBLE)),
    *("VGG-16bn", "VGG-16bn" + HALF, "VGG-11", "VGG-11" + DOUBLE),
)
"""The range of architectures.  The paper's has 11, among them ResNets and EfficientNet, which are not here; with fewer
than a dozen a bootstrap hardly tells which of two correlations is the larger, so that some come in several widths."""

RANGE_SEEDS = range(3)
"""Of the range of architectures: there the architecture is what counts, and seeds are averaged first."""


def on_the_task(name: str, tier: str, recipe: str, epochs: int | None = None) -> LayerSensitivities:
    """One network on the task: "VGG-11", "VGG-11bn", "AlexNet" (these narrow at tier `laptop`), or "LeNet".

    Args:
        name: with `HALF` or `DOUBLE` behind it for other widths.
        tier: which says how wide VGG and AlexNet are.
        recipe: one of `READINGS`.
        epochs: as the tier has it unless told.
    """
    short = tier == "laptop"
    if epochs is None:
        epochs = 300 if name == "LeNet" else TASK_EPOCHS[tier]
    data = Data(NAME, count=1024, held_out=512)
    training = tomasini_scale_detection(_network(name, narrow=short, classes=1, channels=1), data, recipe)
    schedule = Cosine(epochs if recipe == "text" else epochs * 4 // 5)
    training = training.with_(epochs=epochs, schedule=schedule, precision=_precision(name, tier))
    title = f"{name}{_narrow(name, short)}, scale detection, {epochs} epochs, {recipe}"
    return LayerSensitivities(training, deformation=PIXELS, called=title)


def range_on_the_task(tier: str) -> Mapping[str, LayerSensitivities]:
    """A range of architectures (Fig. 5), trained as in the authors' code; at tier `laptop` all have 60 epochs."""
    epochs = TASK_EPOCHS[tier]
    return {name: on_the_task(name, tier, CODE, epochs) for name in RANGE}


def on_cifar(name: str, tier: str) -> LayerSensitivities:
    """One network on CIFAR-10, by the text's recipe."""
    short = tier == "laptop"
    epochs = (LENET_EPOCHS if name == "LeNet" else CIFAR_EPOCHS)[tier]
    training = tomasini_convolutional(_network(name, narrow=short), Data("cifar10", held_out=5000))
    training = training.with_(epochs=epochs, schedule=Cosine(epochs), precision=_precision(name, tier))
    return LayerSensitivities(training, called=f"{name}{_narrow(name, short)}, CIFAR-10, {epochs} epochs")


def vgg_on_the_task(tier: str, recipe: str) -> Mapping[str, LayerSensitivities]:
    """VGG-11 without and with batch normalisation, and from tier `nightly` on AlexNet (Fig. 6)."""
    names = (*VGG, *(() if tier == "laptop" else ("AlexNet",)))
    return {name: on_the_task(name, tier, recipe) for name in names}


def vgg_on_cifar(tier: str) -> Mapping[str, LayerSensitivities]:
    """VGG-11bn, and from tier `nightly` on VGG-11, which takes longer than 3 epochs to begin (Fig. 2)."""
    names = ("VGG-11bn",) if tier == "laptop" else tuple(VGG)
    return {name: on_cifar(name, tier) for name in names}


def lenet_on_cifar(tier: str) -> Mapping[str, LayerSensitivities]:
    """LeNet (Fig. 7)."""
    return {"LeNet": on_cifar("LeNet", tier)}


def on_images(tier: str) -> Mapping[str, LayerSensitivities]:
    """All networks on CIFAR-10."""
    return {**lenet_on_cifar(tier), **vgg_on_cifar(tier)}


def _precision(name: str, tier: str) -> str:
    return "bf16" if tier == "nightly" and not name.startswith("LeNet") else "float32"


def _narrow(name: str, short: bool) -> str:
    return " an eighth as wide" if short and not name.startswith("LeNet") else ""


def _network(name: str, *, narrow: bool, **shape: Value) -> Network:
    plain = name.removesuffix(HALF).removesuffix(DOUBLE)
    original = LENETS_WIDTH if plain == "LeNet" else VGGS_WIDTH
    width = NARROW if narrow and plain != "LeNet" else original
    if plain != name:
        width = width // 2 if name.endswith(HALF) else 2 * width
    how = {**shape, **({"width": width} if width != original else {})}
    if plain in ("LeNet", "AlexNet"):
        return Network.of(f"tomasini-{plain.lower()}", **how)
    return Network.of("tomasini-vgg", **how, **(VGG | DEEPER)[plain])
