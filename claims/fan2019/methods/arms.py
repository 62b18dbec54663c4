"""The networks that Fan et al. compare, as recipes for each tier.

All arms of one seed share their training images, their order and, but for replaced layers, their initial weights.

Tier `paper` trains as the authors' code does on CIFAR-100: stochastic gradient descent at rate 0.1 with momentum 0.9
and weight decay 1e-4, batches of 128, 100 epochs with the rate divided by ten after 50 and 75, crops after padding by
4, mirror images.

Tier `nightly` takes ten epochs, in bfloat16: one to warm up, then half a cosine from the rate of 0.05 to zero, with
weight decay 5e-4.  On seed 0, which is none of those that are judged, the unmodified VGG-16 then gets 57.5 % of the
test images right; 54.1 % with the paper's rate and decay along the same cosine; and 47.8 % after 12 epochs with steps
in the paper's proportions, half of which pass at a rate at which nothing is learnt any more.  The paper has 74.1 %.

Tier `laptop` has two cores.  Its VGG-16 has an eighth of the width and is trained until it is good, on 45,000 images of
CIFAR-10 for 8 epochs, by the paper's optimiser, rate and batches with half a cosine in place of the steps, half the
weight decay and mirror images.  Rate, weight decay, batches and width were chosen among seven on seed 100 by the
unmodified network's accuracy on 2000 held-out images and its time; as 6 epochs gave 76.0, 73.2 and 73.8 % on the seeds
100 to 102, and 75 % were wanted, there are 8.

For ResNet-50 stands a network of four bottlenecks there, twice as wide, trained alike but for 10 epochs (`resnets`):
76.4 % of the held-out images on both seed 100 and seed 101.  After 8 epochs it had 75.3 % on seed 100; a ResNet-50 of
an eighth of the width had 73.3 % after 8, in 3.7 times the time.  Its last two bottlenecks stand for the last 8 of 16.

Nothing stands in for CIFAR: the embedded textures are learnt as well without the order of the channels, so that no
control could fail on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from claims.fan2019.methods.recipes import fan
from claims.fan2019.methods.shuffle_test import Condition, ShuffleTest
from harness.training import Augmentation, Cosine, Data, LabelNoise, Network, Sgd, Steps, Warm
from harness.training.network import Value
from harness.training.training import Training

ARMS: dict[str, dict[str, Value]] = {
    "plain": {},
    "spatial 4": {"method": "spatial", "last": 4},
    "spatial 7": {"method": "spatial", "last": 7},
    "spatial 10": {"method": "spatial", "last": 10},
    "spatial 4 of each image": {"method": "spatial", "last": 4, "per_image": True},
    "channel 1": {"method": "channel", "last": 1},
    "channel 4": {"method": "channel", "last": 4},
    "channel 10": {"method": "channel", "last": 10},
    "fixed channel 4": {"method": "channel", "last": 4, "fixed": True},
    "gap-fc 4": {"method": "gap-fc", "last": 4},
    "gap-fc 10": {"method": "gap-fc", "last": 10},
    "truncated 4": {"method": "truncated", "last": 4},
    "spatial at 1": {"method": "spatial", "only": 1},
    "spatial at 4": {"method": "spatial", "only": 4},
    "spatial at 10": {"method": "spatial", "only": 10},
    "patch 2 at 10": {"method": "patch", "only": 10, "patch": 2},
    "patch 4 at 1": {"method": "patch", "only": 1, "patch": 4},
    "stride 4": {"downsampling": "stride", "last": 4},
    "strided spatial 4": {"method": "spatial", "last": 4, "downsampling": "stride"},
    "resnet50": {"architecture": "resnet50"},
    "resnet50 spatial 13": {"architecture": "resnet50", "method": "spatial", "last": 13},
    "resnet50 spatial 8": {"architecture": "resnet50", "method": "spatial", "last": 8},
    "resnet50 spatial 5": {"architecture": "resnet50", "method": "spatial", "last": 5},
    "resnet50 gap-fc 13": {"architecture": "resnet50", "method": "gap-fc", "last": 13},
    "resnet50 gap-fc 8": {"architecture": "resnet50", "method": "gap-fc", "last": 8},
    "resnet50 gap-fc 5": {"architecture": "resnet50", "method": "gap-fc", "last": 5},
    "resnet50 patch 2 at 10": {"architecture": "resnet50", "method": "patch", "only": 10, "patch": 2},
    "resnet50 spatial at 10": {"architecture": "resnet50", "method": "spatial", "only": 10},
    "resnet50 patch 4 at 0": {"architecture": "resnet50", "method": "patch", "only": 0, "patch": 4},
    "resnet50 patch 4 at 1": {"architecture": "resnet50", "method": "patch", "only": 1, "patch": 4},
    "resnet50 spatial at 1": {"architecture": "resnet50", "method": "spatial", "only": 1},
    "resnet50 branch 8": {"architecture": "resnet50", "method": "spatial", "last": 8, "skip": False},
    "spatial 1": {"method": "spatial", "last": 1},
    "gap-fc 1": {"method": "gap-fc", "last": 1},
    "resnet50 spatial 1": {"architecture": "resnet50", "method": "spatial", "last": 1},
    "resnet50 gap-fc 1": {"architecture": "resnet50", "method": "gap-fc", "last": 1},
    "resnet152": {"architecture": "resnet152"},
    "resnet152 spatial 1": {"architecture": "resnet152", "method": "spatial", "last": 1},
    "resnet152 gap-fc 5": {"architecture": "resnet152", "method": "gap-fc", "last": 5},
}
"""Parameters of `methods.modified_networks.fan` by arm.  The number is how many of the last layers are modified, or,
after "at", which one; "stride" is stride 2 in place of the max pooling behind modified layers, as in the authors' code;
"branch" leaves the skip connections unshuffled.  The last seven are those of Table 2, on ImageNet."""

SHORT_RESNET = {0: 0, 8: 2, 16: 4}
"""How many last bottlenecks of the short ResNet stand for so many of ResNet-50's 16."""

RANDOM_LABELS = ", random labels"
"""Behind an arm's name: trained on labels that are drawn at random, so that nothing can be learnt from the images."""

PERCEPTRON = "perceptron"
"""The arm with one hidden layer of 512 units (section 4.1), of whose training the paper says nothing."""

PERCEPTRONS_RATE = 0.03
"""At VGG-16's rate of 0.1 it diverges within two epochs.

Of 0.03, 0.01, 0.003 and 0.001 the best one on seed 100 at tier `laptop`: 56.6, 55.3, 52.5 and 48.8 % of the validation
images.
"""

SEEDS = {"laptop": range(10, 15), "nightly": range(5, 8), "paper": range(5)}
"""Three at tier nightly, by the time that they take; its schedule was chosen on seed 0."""

CONDITIONS = {
    "plain": ("spatial 4", "channel 4", "stride 4", "strided spatial 4"),
    "spatial 4": ("plain",),
    "channel 4": ("plain", "spatial 4"),
}
"""As which other arms the weights of an arm are tested."""

CONDITIONS_ON_IMAGENET = {
    "plain": ("spatial 1",),
    "resnet50": ("resnet50 spatial 1",),
    "resnet152": ("resnet152 spatial 1",),
}
"""The same on ImageNet."""


@dataclass(frozen=True)
class Scale:
    """What a tier trains, and how it is tested.

    Attributes:
        training: of the unmodified network; arms change the network and nothing else.
        passes: tests of each network whose shuffles are random.
        stand_in: what networks stand for VGG-16 and ResNet-50: "narrow" ones of all their layers, or "short" ones;
            empty where they are trained themselves.
        conditions: as which other arms the weights of an arm are tested.
    """

    training: Training
    passes: int = 4
    stand_in: str = ""
    conditions: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: CONDITIONS)


def scale(tier: str) -> Scale:
    """The scale of a tier: on CIFAR-100, for which CIFAR-10 stands at tier `laptop`."""
    if tier == "laptop":
        training = fan(_unmodified(classes=10, width=8), Data("cifar10", count=45_000, held_out=2000)).with_(
            optimiser=Sgd(rate=0.1, momentum=0.9, weight_decay=5e-5),
            schedule=Cosine(8),
            epochs=8,
            augmentation=Augmentation(flip=True),
        )
        return Scale(training, passes=2, stand_in="narrow")
    training = fan(_unmodified(classes=100), Data("cifar100"))
    if tier == "nightly":
        training = training.with_(
            optimiser=Sgd(rate=0.05, momentum=0.9, weight_decay=5e-4),
            schedule=Warm(1, Cosine(10)),
            epochs=10,
            precision="bf16",
        )
    return Scale(training)


def resnets(tier: str) -> Scale:
    """The same scale, but at tier `laptop`, where a short ResNet stands for ResNet-50."""
    if tier != "laptop":
        return scale(tier)
    training = scale(tier).training.with_(network=_unmodified(classes=10, width=16), schedule=Cosine(10), epochs=10)
    return Scale(training, passes=2, stand_in="short")


def imagenet(tier: str) -> Scale:
    """ImageNet, at tier `paper` alone.

    Batches of 256, 100 epochs, rate 0.1 divided by ten after 30 and 60, weight decay 1e-4: the authors' code; random
    parts of the images resized to 224 x 224 pixels, mirror images.  It is trained in bfloat16, which neither text nor
    code says.
    """
    _paper_alone(tier)
    training = fan(_unmodified(classes=1000, small_images=False), Data("imagenet", side=224)).with_(
        batch_size=256, schedule=Steps((30, 60)), augmentation=Augmentation(flip=True), precision="bf16"
    )
    return Scale(training, conditions=CONDITIONS_ON_IMAGENET)


def small_imagenet(tier: str) -> Scale:
    """Small-ImageNet-32x32, at tier `paper` alone: as CIFAR-100, but for the rate of 0.01, which is the code's default.

    In bfloat16, as ImageNet.
    """
    _paper_alone(tier)
    training = fan(_unmodified(classes=1000), Data("small-imagenet")).with_(
        optimiser=Sgd(rate=0.01, momentum=0.9, weight_decay=1e-4), precision="bf16"
    )
    return Scale(training, conditions={"plain": ("spatial 4",)})


def _unmodified(classes: int, width: int = 64, small_images: bool = True) -> Network:
    return Network.of("fan-modified", classes=classes, width=width, small_images=small_images)


def _paper_alone(tier: str) -> None:
    if tier != "paper":
        raise ValueError(f"nothing is trained on ImageNet at tier {tier}: it takes days")


def arm(name: str, scale: Scale) -> ShuffleTest:
    """The recipe of one arm."""
    plain = name.removesuffix(RANDOM_LABELS)
    training = scale.training.with_(network=_network(plain, scale))
    if plain == PERCEPTRON:
        training = training.with_(optimiser=replace(training.optimiser, rate=PERCEPTRONS_RATE))
    if name != plain:
        training = training.with_(data=replace(training.data, label_noise=LabelNoise(1.0, "any class")))
    others = tuple(Condition(other, _network(other, scale)) for other in scale.conditions.get(name, ()))
    title = title_of(name, scale.stand_in) + ON.get(training.data.name, "")
    return ShuffleTest(training, conditions=others, passes=scale.passes, called=title)


def arms(*names: str, at: Callable[[str], Scale] = scale) -> Callable[[str], Mapping[str, ShuffleTest]]:
    """What a claim gives as `runs` that needs these arms, the baseline first, at the scale of a tier."""

    def runs(tier: str) -> Mapping[str, ShuffleTest]:
        return {name: arm(name, at(tier)) for name in names}

    return runs


def vgg_or_resnet(vgg: Sequence[str], resnet: Sequence[str]) -> Callable[[str], Mapping[str, ShuffleTest]]:
    """`runs` of a claim on ResNet-50, which only tier `paper` trains; below it a VGG stands in.

    Both name arms that play the same parts in the same order, the baseline first.
    """

    def runs(tier: str) -> Mapping[str, ShuffleTest]:
        return arms(*(resnet if tier == "paper" else vgg))(tier)

    return runs


def title_of(name: str, stand_in: str = "") -> str:
    """What an arm is in words, e.g. "VGG-16, spatial shuffle, last 4 layers".

    Args:
        name: of the arm.
        stand_in: what networks stand for the paper's, as in `Scale`.
    """
    plain = name.removesuffix(RANDOM_LABELS)
    labels = name.removeprefix(plain)
    if plain == PERCEPTRON:
        return "perceptron with 512 hidden units" + labels
    how = ARMS[plain]
    architecture = str(how.get("architecture", "vgg16"))
    network = f"{stand_in} {TITLES[architecture]}".lstrip()
    return ", ".join([network, *_modification(how, "layer" if architecture == "vgg16" else "bottleneck")]) + labels


ON = {"imagenet": ", ImageNet", "small-imagenet": ", ImageNet of 32 x 32"}
TITLES = {"vgg16": "VGG-16", "resnet50": "ResNet-50", "resnet152": "ResNet-152"}
METHODS = {
    "spatial": "spatial shuffle",
    "channel": "channel shuffle",
    "patch": "patch shuffle",
    "gap-fc": "GAP+FC",
}


def _modification(how: Mapping[str, Value], layer: str) -> list[str]:
    """What is done to a network, in words: nothing, or what and where, then what is special about it."""
    if not how.keys() - {"architecture"}:
        return []
    only, last = how.get("only"), how.get("last")
    where = f"last {last} {layer}s" if last != 1 else f"last {layer}"
    if only is not None:
        where = f"{layer} {only}" if only else "stem"
    if how.get("method") == "truncated":
        return [f"without the {where}"]
    if "method" not in how:
        return ["stride for pooling", where]
    special = {
        f"patches of {how.get('patch')}": "patch" in how,
        "each image on its own": "per_image" in how,
        "one permutation for good": "fixed" in how,
        "stride for pooling": "downsampling" in how,
        "skip connections unshuffled": "skip" in how,
    }
    return [METHODS[str(how["method"])], where, *(words for words, applies in special.items() if applies)]


def _network(name: str, scale: Scale) -> Network:
    shape = dict(scale.training.network.parameters)
    if name == PERCEPTRON:
        return Network.of("mlp", inputs=3 * 32 * 32, width=512, classes=shape["classes"])
    how = ARMS[name]
    return Network.of("fan-modified", **shape, **(_shortened(how) if scale.stand_in == "short" else how))


def _shortened(how: dict[str, Value]) -> dict[str, Value]:
    """The same arm of the short ResNet."""
    if how.get("architecture") != "resnet50" or "only" in how or how.get("last", 0) not in SHORT_RESNET:
        raise ValueError(f"no part of the short ResNet stands for what {how} modifies")
    return {**how, "architecture": "short-resnet", "last": SHORT_RESNET[int(how.get("last") or 0)]}
