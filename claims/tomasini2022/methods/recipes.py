"""The recipes of Tomasini et al.: each a `Training` whose fields `with_` changes.

What the paper leaves out is said with what stands here instead.  A tier that trains for fewer epochs says so itself.
"""

from __future__ import annotations

from dataclasses import replace

from harness.training import Adam, Augmentation, Constant, Cosine, Data, Network, Sgd
from harness.training.augmentation import SHIFT_AND_FLIP
from harness.training.training import Training


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
        network=network,
        data=data,
        optimiser=Sgd(rate=0.1, momentum=0.9, weight_decay=5e-4 if code else 0.0, decay_vectors=not code),
        epochs=250,
        batch_size=128,
        schedule=Cosine(200 if code else 250),
        augmentation=SHIFT_AND_FLIP,
    )


def tomasini_dense(network: Network, data: Data) -> Training:
    """Tomasini et al. 2022, section B.1, fully connected networks on CIFAR-10: Adam at 0.1, for NTK parametrisation.

    Left out there: the schedule (here none, as in the authors' code).
    """
    return tomasini_convolutional(network, data).with_(optimiser=Adam(0.1), schedule=Constant())


def tomasini_scale_detection(network: Network, data: Data, reading: str = "text") -> Training:
    """Tomasini et al. 2022, section B.1, the scale-detection task: hinge loss, rate 0.05; one score an image.

    Left out there: epochs (here 300, the authors' code); whether momentum, batches of 128 and the cosine are those of
    CIFAR-10 (here they are); augmentation (none).

    Args:
        network: the architecture.
        data: the images.
        reading: "text" or "code", which decays weights, and whose cosine has 0.8 of the epochs, as on CIFAR-10.
    """
    convolutional = tomasini_convolutional(network, data, reading)
    return convolutional.with_(
        optimiser=replace(convolutional.optimiser, rate=0.05),
        epochs=300,
        schedule=Cosine(240 if reading == "code" else 300),
        loss="hinge",
        augmentation=Augmentation(),
    )
