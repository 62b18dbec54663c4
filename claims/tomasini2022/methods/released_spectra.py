"""Spatial frequencies of the filters of networks that others have trained (Tomasini et al. 2022, Figs. 3, 9 and 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claims.tomasini2022.methods.filter_modes import relative_energy
from harness.data.pretrained import PRETRAINED, kernels
from harness.data.weights import weights
from harness.runs.recipe import Recipe, Result
from harness.system.lazy import torch
from harness.system.stable_names import stable_name
from harness.training.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.runs.bench import Bench

LAYERS = 5
"""How many are looked at, from the second on: of a VGG those of 2 to 6, of which the paper speaks."""

DIGITS = 6


@stable_name("released-spectra")
@dataclass(frozen=True)
class ReleasedSpectra(Recipe):
    """Read the frequencies of a released network's filters, and of filters drawn anew.

    Attributes:
        network: a key of `harness.data.pretrained.PRETRAINED`, whose file is listed there with its SHA-256, or of
            `harness.data.weights.TORCHVISION`, whose file's name has its beginning.
    """

    network: str

    def compute(self, seed: int, bench: Bench) -> Result:
        """Metrics: see `spectra_of`."""
        listed = self.network in PRETRAINED
        layers = kernels(self.network, bench.data) if listed else weights(self.network, bench.data).kernels
        return Result(spectra_of(layers, seed))


def spectra_of(layers: Mapping[str, NDArray[Any]], seed: int) -> dict[str, Any]:
    """Energy by eigenspace and mode, relative to white filters', of the first layers of 3 x 3 filters past the first.

    Args:
        layers: kernels `(filters, channels, kernel, kernel)` of all layers, first to last.
        seed: of the filters that are drawn from a normal distribution.

    Returns:
        `names` of the layers, `LAYERS` at most; `energy` and `energy_drawn`, for each a list by increasing frequency.
    """
    generator = stream(seed, "filters drawn anew")
    past_the_first = [(name, weight) for name, weight in list(layers.items())[1:] if weight.shape[-1] == 3]
    chosen = dict(past_the_first[:LAYERS])
    drawn = [torch.randn(weight.shape, generator=generator) for weight in chosen.values()]
    return {
        "names": list(chosen),
        "energy": [_energy(torch.from_numpy(weight)) for weight in chosen.values()],
        "energy_drawn": [_energy(weight) for weight in drawn],
    }


def _energy(weight: torch.Tensor) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in relative_energy(weight).tolist()]
