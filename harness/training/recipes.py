"""The papers' recipes: optimiser, schedule, batch, augmentation, loss, for a network and data of choice.

Each returns a `Training` whose every field can be changed by `with_`.  What a paper's text leaves out is said with what
stands here instead.  None of them is shortened: a tier that trains for fewer epochs says so itself.
"""

from __future__ import annotations

from dataclasses import replace

from harness.experiments.training import Training
from harness.training import (
    Adam,
    Augmentation,
    Constant,
    Cosine,
    Data,
    Exponential,
    LabelNoise,
    Network,
    Sgd,
    Steps,
)

SHIFT_AND_FLIP = Augmentation(shift=4, flip=True)


def ghosh(network: Network, data: Data) -> Training:
    """Ghosh et al. 2019, section 5.2 and appendix B (figure 6: rate 0.001, 50 epochs).

    Left out there: the optimiser (here Adam), the batch size (32), augmentation (none).  Figure 5 has the rate 0.0001.
    """
    return Training(network, data, Adam(1e-3), epochs=50, batch_size=32)


def tomasini_convolutional(network: Network, data: Data, reading: str = "text") -> Training:
    """Tomasini et al. 2022, section B.1, convolutional networks on CIFAR-10.

    Left out there: the largest translation (here 4 pixels, the authors' code).  The networks that are studied are those
    of the best validation error; here the curve says which epoch that is.

    Args:
        network: the architecture.
        data: the images.
        reading: "text" has no weight decay and a cosine that ends with the 250 epochs; "code" decays kernels and
            matrices by 5e-4, and its cosine has 200 epochs, after which the rate rises again.
    """
    if reading not in ("text", "code"):
        raise ValueError(f"reading is {reading!r}; it is 'text' or 'code'")
    code = reading == "code"
    return Training(
        network, data, Sgd(0.1, 0.9, 5e-4 if code else 0.0, decay_vectors=not code),
        epochs=250, batch_size=128, schedule=Cosine(200 if code else 250), augmentation=SHIFT_AND_FLIP,
    )  # fmt: skip


def tomasini_dense(network: Network, data: Data) -> Training:
    """Tomasini et al. 2022, section B.1, fully connected networks on CIFAR-10: Adam at 0.1, for NTK parametrisation.

    Left out there: the schedule (here none, as in the authors' code).
    """
    return tomasini_convolutional(network, data).with_(optimiser=Adam(0.1), schedule=Constant())


def tomasini_scale_detection(network: Network, data: Data) -> Training:
    """Tomasini et al. 2022, section B.1, the scale-detection task: hinge loss, rate 0.05; one score an image.

    Left out there: epochs (here 300, the authors' code); whether momentum, batches of 128 and the cosine are those of
    CIFAR-10 (here they are); augmentation (none).
    """
    return tomasini_convolutional(network, data).with_(
        optimiser=Sgd(0.05, 0.9), epochs=300, schedule=Cosine(300), loss="hinge", augmentation=Augmentation()
    )


def fan(network: Network, data: Data) -> Training:
    """Fan et al. 2019, CIFAR-100.  The text has no recipe: all of it is the authors' code's.

    Their accuracy is the best of all epochs' on the test images, `best_validation_accuracy` where those validate.
    """
    return Training(
        network, data, Sgd(0.1, 0.9, 1e-4), epochs=100, batch_size=128,
        schedule=Steps((50, 75)), augmentation=SHIFT_AND_FLIP,
    )  # fmt: skip


def gamba(network: Network, data: Data) -> Training:
    """Gamba et al. 2020, section 3.1 and appendix A.1: steps.

    Left out there: epochs (here 75, three times the 25 between two steps), the batch size (here 128, the authors' code;
    "the hyperparameters reported in" the VGG paper would be 256).
    """
    return Training(
        network, data, Sgd(0.01, 0.9, 5e-4), epochs=75, batch_size=128,
        schedule=Steps((25, 50)), augmentation=SHIFT_AND_FLIP,
    )  # fmt: skip


def gamba_smooth(network: Network, data: Data) -> Training:
    """Gamba et al. 2020, appendices A.1 and A.8: the smooth schedule; the rest is that of `gamba`."""
    return gamba(network, data).with_(schedule=Exponential(10 ** (-1 / 25)))


def gamba_noisy_labels(network: Network, data: Data, reading: str = "another class") -> Training:
    """Gamba et al. 2020, figure 6: all training labels noisy, rate times 0.95 an epoch, nothing that regularises.

    Left out there: epochs (here 75); how labels are drawn (see `LabelNoise`; the authors' code never draws the true
    one); which labels validation has (here true ones).
    """
    return gamba(network, data).with_(
        data=replace(data, label_noise=LabelNoise(1.0, reading)), optimiser=Sgd(0.01, 0.9),
        schedule=Exponential(0.95), augmentation=Augmentation(),
    )  # fmt: skip


def gamba_shuffled_pixels(network: Network, data: Data, *, augmented: bool = True) -> Training:
    """Gamba et al. 2020, appendix A.1 and figure 20: each training image's pixels shuffled, rate times 0.95 an epoch.

    Left out there: epochs (here 75); whether one permutation is for all images (here, as in the authors' code, each has
    its own), for validation too (not), and whether augmentation stays (A.1 has it for all networks; with `augmented`
    off it goes).
    """
    augmentation = SHIFT_AND_FLIP if augmented else Augmentation()
    shuffled = replace(data, shuffle_pixels=True)
    return gamba(network, shuffled).with_(schedule=Exponential(0.95), augmentation=augmentation)
