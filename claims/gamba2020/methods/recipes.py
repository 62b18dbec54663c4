"""The recipes of Gamba et al.: each a `Training` whose fields `with_` changes.

What the paper leaves out is said with what stands here instead.  A tier that trains for fewer epochs says so itself.
"""

from __future__ import annotations

from dataclasses import replace

from harness.training import (
    Augmentation,
    Data,
    Exponential,
    LabelNoise,
    Network,
    Sgd,
    Steps,
)
from harness.training.augmentation import SHIFT_AND_FLIP
from harness.training.training import Training


def gamba(network: Network, data: Data) -> Training:
    """Gamba et al. 2020, section 3.1 and appendix A.1: steps.

    Left out there: epochs (here 75, three times the 25 between two steps), the batch size (here 128, the authors' code;
    "the hyperparameters reported in" the VGG paper would be 256).
    """
    return Training(
        network=network,
        data=data,
        optimiser=Sgd(rate=0.01, momentum=0.9, weight_decay=5e-4),
        epochs=75,
        batch_size=128,
        schedule=Steps((25, 50)),
        augmentation=SHIFT_AND_FLIP,
    )


def gamba_smooth(network: Network, data: Data) -> Training:
    """Gamba et al. 2020, appendices A.1 and A.8: the smooth schedule; the rest is that of `gamba`."""
    return gamba(network, data).with_(schedule=Exponential(10 ** (-1 / 25)))


def gamba_noisy_labels(network: Network, data: Data, reading: str = "another class") -> Training:
    """Gamba et al. 2020, figure 6: all training labels noisy, rate times 0.95 an epoch, nothing that regularises.

    Left out there: epochs (here 75); how labels are drawn (see `LabelNoise`; the authors' code never draws the true
    one); which labels validation has (here true ones).
    """
    return gamba(network, data).with_(
        data=replace(data, label_noise=LabelNoise(1.0, reading)),
        optimiser=Sgd(rate=0.01, momentum=0.9),
        schedule=Exponential(0.95),
        augmentation=Augmentation(),
    )


def gamba_shuffled_pixels(network: Network, data: Data, *, augmented: bool = True) -> Training:
    """Gamba et al. 2020, appendix A.1 and figure 20: each training image's pixels shuffled, rate times 0.95 an epoch.

    Left out there: epochs (here 75); whether one permutation is for all images (here, as in the authors' code, each has
    its own), for validation too (not), and whether augmentation stays (A.1 has it for all networks; with `augmented`
    off it goes).
    """
    augmentation = SHIFT_AND_FLIP if augmented else Augmentation()
    shuffled = replace(data, shuffle_pixels=True)
    return gamba(network, shuffled).with_(schedule=Exponential(0.95), augmentation=augmentation)
