"""The filters of networks that others have trained on ImageNet (section 2, Figs. 3, 9 and 10).

The paper looks at VGG and AlexNet, which tier `paper` reads where they are at hand (`harness.data.weights` says where
they are looked for).  By proxy the same is judged of two SqueezeNets, by the kernels of 3 x 3 pixels of the first five
of their Fire modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.tomasini2022.methods.released_spectra import ReleasedSpectra, spectra_of
from harness.claims.about import About
from harness.claims.claim import claim
from harness.data.pretrained import PRETRAINED
from harness.data.weights import TORCHVISION
from harness.lab.session import NotAvailable
from harness.rules import Exact, Several, greater_than, in_all
from harness.system.lazy import np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from harness.lab.lab import Lab

RUNS = {
    "laptop": {name: ReleasedSpectra(name, called=f"filters of {name}") for name in PRETRAINED},
    "paper": dict[str, ReleasedSpectra](),
}

LOWEST = (1, 2)
"""Modes of the two lowest frequencies, 0 and 1: three of nine."""


def spectra(lab: Lab) -> dict[str, Mapping[str, Any]]:
    """Of each network: those of the tier's runs, else of the released ones that are at hand."""
    if lab.runs:
        return {name: lab.record(recipe).metrics for name, recipe in lab.runs.items()}
    found: dict[str, Mapping[str, Any]] = {}
    for name in TORCHVISION:
        try:
            weights = lab.weights(name)
        except NotAvailable as missing:
            lab.note(str(missing))
            continue
        found[name] = spectra_of(weights.kernels, lab.seed)
        lab.note(f"{name}: {weights.file.name}, SHA-256 {weights.sha256}")
    if not found:
        raise NotAvailable(f"the weights of none of {', '.join(TORCHVISION)} are here; {lab.notes[-1]}")
    return found


@claim(
    "SP-20",
    where="Figs. 3, 9 and 10, ImageNet",
    tier="laptop",
    about=About.DIRECTION,
    runs=RUNS,
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
    found = spectra(lab)

    def lowest(which: str) -> Several:
        values, names = [], []
        for network, told in found.items():
            values += [Exact(float(np.dot(energy[: len(LOWEST)], LOWEST) / sum(LOWEST) - 1)) for energy in told[which]]
            names += [f"{network}, {layer}" for layer in told["layers"]]
        return Several(tuple(values), tuple(names))

    lab.measure(lowest("energy"))
    lab.control(lowest("energy_drawn"))
    for network, told in found.items():
        rows = np.array(told["energy"])
        lab.series(
            f"three lowest modes, {network}", range(1, len(rows) + 1), (rows[:, :2] @ LOWEST / sum(LOWEST)).tolist()
        )
