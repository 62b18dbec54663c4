"""The recipe of Fan et al. for CIFAR-100: a `Training` whose fields `with_` changes.

What the paper leaves out is said with what stands here instead.  A tier that trains for fewer epochs says so itself.
"""

from __future__ import annotations

from harness.training import Data, Network, Sgd, Steps
from harness.training.augmentation import SHIFT_AND_FLIP
from harness.training.training import Training


def fan(network: Network, data: Data) -> Training:
    """Fan et al. 2019, CIFAR-100.  The text has no recipe: all of it is the authors' code's.

    Their accuracy is the best of all epochs' on the test images, `best_validation_accuracy` where those validate.
    """
    return Training(
        network=network,
        data=data,
        optimiser=Sgd(rate=0.1, momentum=0.9, weight_decay=1e-4),
        schedule=Steps((50, 75)),
        epochs=100,
        batch_size=128,
        augmentation=SHIFT_AND_FLIP,
    )
