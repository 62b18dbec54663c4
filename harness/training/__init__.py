"""The trainer.  Here are the parts that a recipe is made of; `loop` puts them to work.

Only what these parts describe exists: there is no option that no test runs.
"""

from harness.training.augmentation import SHIFT_AND_FLIP, Augmentation
from harness.training.data import Data
from harness.training.keep import Keep, kept_name
from harness.training.label_noise import LabelNoise
from harness.training.network import Network
from harness.training.optimisation import Adam, Constant, Cosine, Exponential, Sgd, Steps, Warm

__all__ = [
    "SHIFT_AND_FLIP",
    "Adam",
    "Augmentation",
    "Constant",
    "Cosine",
    "Data",
    "Exponential",
    "Keep",
    "LabelNoise",
    "Network",
    "Sgd",
    "Steps",
    "Warm",
    "kept_name",
]
