"""The detector of Fan et al., section 4.5: a residual backbone without classifier, and a convolutional head."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from torch import Tensor, nn

from claims.fan2019.methods.shuffle_layers import last as last_layers
from claims.fan2019.methods.shuffle_layers import shuffle_resnet
from harness.networks.resnet import BLOCKS, Bottleneck, ResNet

BACKBONES = {"resnet50": BLOCKS[50], "narrow": (1, 1, 1, 2)}
"""Bottlenecks in each of the four stages."""

STRIDES = (32, 16, 8)
"""Pixels to a cell along each axis."""

SHUFFLED = ("none", "branch", "branch and skip")


class Detector(nn.Module):
    """Boxes and class scores on a grid, in the format of YOLO (Redmon et al. 2016), for a convolutional head.

    The backbone's parameters are named as in torchvision's `ResNet`.  The head has three bottlenecks and a 3 x 3
    convolution, so that a prediction does not depend on all of the map.

    Args:
        backbone: a residual network; its classifier is left out.
        outputs: numbers that are predicted for each cell.
        head: channels of the head's 3 x 3 convolutions.
    """

    def __init__(self, backbone: ResNet, outputs: int, head: int) -> None:
        super().__init__()
        parts = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")
        self.backbone = nn.Sequential(OrderedDict((name, backbone.get_submodule(name)) for name in parts))
        channels = head * Bottleneck.expansion
        inputs = backbone.fc.in_features
        shortcut = nn.Sequential(nn.Conv2d(inputs, channels, 1, bias=False), nn.BatchNorm2d(channels))
        blocks = [Bottleneck(inputs, head, 1, shortcut), *(Bottleneck(channels, head) for _ in range(2))]
        last = nn.Conv2d(channels, outputs, 3, padding=1)
        self.head = nn.Sequential(*blocks, last)
        _start_small(self.head, last)

    def forward(self, images: Tensor) -> Tensor:
        """Predictions `(n, rows, columns, outputs)` for images `(n, 3, height, width)`.

        Of each cell first 5 numbers for every box (centre's place in the cell from left and top, roots of width and
        height as shares of the image's, confidence), then the scores of the classes.
        """
        return self.head(self.backbone(images)).permute(0, 2, 3, 1)


def detector(
    backbone: str = "resnet50",
    *,
    classes: int = 20,
    boxes: int = 2,
    width: int = 64,
    head: int = 256,
    stride: int = 32,
    shuffled: str = "none",
    stage: bool = False,
    patch: int | None = None,
    fixed: bool = False,
) -> Detector:
    """A detector whose backbone's last layers see shuffled maps.

    Args:
        backbone: a key of `BACKBONES`.
        classes: number of classes.
        boxes: predicted in each cell.
        width: channels of the backbone's stem.
        head: channels of the head's 3 x 3 convolutions.
        stride: pixels to a cell along each axis: 32 in ResNet-50 as it is, 16 with a 3 x 3 stem of stride 2 without
            max-pooling, 8 with one of stride 1.
        shuffled: "none", "branch" (the input of the 3 x 3 convolution) or "branch and skip" (section 3.2).
        stage: shuffle all bottlenecks of the last stage, not the last one alone.
        patch: side of the patches within which pixels move; None moves them over the map, 1 leaves all in place.
        fixed: keep the first permutation, which can be learned.
    """
    if backbone not in BACKBONES or stride not in STRIDES or shuffled not in SHUFFLED:
        raise ValueError(
            f"no detector has the backbone {backbone!r} with stride {stride} and {shuffled!r} shuffled; backbones are "
            f"{', '.join(BACKBONES)}, strides {', '.join(map(str, STRIDES))}, shuffles {', '.join(SHUFFLED)}"
        )
    blocks = BACKBONES[backbone]
    network = Detector(_backbone(blocks, width, stride), 5 * boxes + classes, head)
    if shuffled != "none":
        how: dict[str, Any] = {"kind": "spatial" if patch is None else "patch", "patch": patch, "fixed": fixed}
        numbers = last_layers(blocks[-1] if stage else 1, sum(blocks))
        shuffle_resnet(network.backbone, numbers, skip=shuffled == "branch and skip", **how)
    return network


def _start_small(head: nn.Sequential, last: nn.Conv2d) -> None:
    """Let bottlenecks begin as their shortcuts and predictions near 0: squared errors would explode at first."""
    for layer in head.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(layer, Bottleneck):
            nn.init.zeros_(layer.bn3.weight)
    nn.init.normal_(last.weight, std=0.1 / last.weight[0].numel() ** 0.5)
    if last.bias is not None:
        nn.init.constant_(last.bias, 0.2)


def _backbone(blocks: tuple[int, int, int, int], width: int, stride: int) -> ResNet:
    network = ResNet(blocks, 1, width, small_images=stride != 32)
    if stride == 16:
        network.conv1.stride = (2, 2)
    return network
