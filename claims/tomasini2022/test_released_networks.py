"""Networks that others have trained on ImageNet: their layers and their filters (section 2, Figs. 2, 3, 9 and 10).

The paper looks at VGG and AlexNet, whose filters tier `paper` reads (`harness.data.weights` says where they are looked
for).  By proxy the same is judged of two SqueezeNets: of the kernels of 3 x 3 pixels of the first five of their Fire
modules, and of the modules' sensitivities on enlarged images of CIFAR-10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.tomasini2022.methods.released_sensitivities import ReleasedSensitivities
from claims.tomasini2022.methods.released_spectra import ReleasedSpectra
from claims.tomasini2022.methods.sensitivity_readings import of_each, rise
from claims.tomasini2022.methods.without_relu import HOMOGENEOUS, ROUGH, depth_of
from harness.claims.about import About
from harness.claims.claim import claim
from harness.data.pretrained import PRETRAINED
from harness.data.weights import TORCHVISION
from harness.rules import Estimate, Exact, Several, greater_than, in_all, less_than
from harness.system.lazy import np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from harness.lab.lab import Lab

SPECTRA = {
    "laptop": {name: ReleasedSpectra(name, called=f"filters of {name}") for name in PRETRAINED},
    "paper": {name: ReleasedSpectra(name, called=f"filters of {name}") for name in TORCHVISION},
}

LOWEST = (1, 2)
"""Modes of the two lowest frequencies, 0 and 1: three of nine."""


@claim(
    "SP-20",
    where="Figs. 3, 9 and 10, ImageNet",
    tier="laptop",
    about=About.DIRECTION,
    runs=SPECTRA,
    reach={"laptop": "proxy", "paper": "paper"},
    rule=in_all(greater_than(0.0)),
    control="the same layers with filters drawn anew",
)
def test_filters_of_networks_on_imagenet_are_low_frequency(lab: Lab) -> None:
    """The same for VGG and AlexNet on ImageNet: filters of layers 2 to 6 become low-frequency with training.

    SP-18 for networks as they were released: energy of the three lowest of nine modes (frequencies 0, 1, 1), relative
    to white filters, less 1, in each of the first five layers of 3 x 3 filters past the first.  What is read off a
    network that there is once is exact.
    """
    found = {name: lab.record(recipe).metrics for name, recipe in lab.runs.items()}

    def lowest(which: str) -> Several:
        values, names = [], []
        for network, told in found.items():
            values += [Exact(float(np.dot(energy[: len(LOWEST)], LOWEST) / sum(LOWEST) - 1)) for energy in told[which]]
            names += [f"{network}, {layer}" for layer in told["names"]]
        return Several(tuple(values), tuple(names))

    lab.measure(lowest("energy"))
    lab.control(lowest("energy_drawn"))
    for network, told in found.items():
        rows = np.array(told["energy"])
        lab.series(
            f"three lowest modes, {network}", range(1, len(rows) + 1), (rows[:, :2] @ LOWEST / sum(LOWEST)).tolist()
        )


SENSITIVITIES = {
    "laptop": {name: ReleasedSensitivities(name, called=f"sensitivities of {name}") for name in PRETRAINED},
}

FALLS, FALLS_MORE = "falls", "falls more than with weights drawn anew"


@claim(
    "SP-11",
    where="Fig. 2, right",
    tier="laptop",
    about=About.DIRECTION,
    runs=SENSITIVITIES,
    reach={"laptop": "proxy"},
    rule={FALLS: in_all(less_than(0.0)), FALLS_MORE: in_all(less_than(0.0))},
    control="networks without ReLU, in which noise averages out, of homogeneous filters; drawn anew, of rough ones",
)
def test_r_falls_through_the_layers_of_pretrained_networks(lab: Lab) -> None:
    """R_k falls after each layer of VGG networks pretrained on ImageNet.

    Of SqueezeNets, on enlarged images of another data set: log R of the scores less that of the first layer, exact of a
    network that there is once; and the same less what it is with weights drawn anew, of which several are drawn.  The
    note says which steps rise.
    """
    falls, more = {}, {}
    for name, recipe in lab.runs.items():
        told = lab.record(recipe).metrics
        relative = log_relative(told["released"])
        falls[name] = Exact(float(relative[-1] - relative[0]))
        redrawn = np.array([log_relative(one) for one in told["redrawn"]])
        more[name] = Estimate.from_replicates(falls[name].value - (redrawn[:, -1] - redrawn[:, 0]))
        rising = [told["layers"][k + 1] for k in np.flatnonzero(np.diff(relative) > 0)]
        lab.note(f"{name}: R rises into {', '.join(rising)}" if rising else f"{name}: each step falls")
        for title, values in {"as released": relative, "weights drawn anew": redrawn.mean(0)}.items():
            lab.series(f"R, {name}, {title}", range(1, len(values) + 1), np.exp(values).tolist())
    lab.measure(
        **{
            FALLS: Several(tuple(falls.values()), tuple(falls)),
            FALLS_MORE: Several(tuple(more.values()), tuple(more)),
        }
    )
    smooth, rough = (rise(depth_of(kind).relative) for kind in (HOMOGENEOUS, ROUGH))
    lab.control(**{FALLS: of_each({HOMOGENEOUS: smooth}), FALLS_MORE: of_each({HOMOGENEOUS: smooth - rough})})


def log_relative(told: Mapping[str, Any]) -> np.ndarray:
    """Logarithm of R of each layer."""
    found: np.ndarray = np.log(np.array(told["deformation"]) / np.array(told["noise"]))
    return found
