"""Training a network whose maps are looked at between two steps."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from claims.ghosh2019.methods.map_progress import MapProgress, steps_of
from claims.ghosh2019.methods.orderness import hop_sums_at_scales, orderness
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.system.lazy import np, torch
from harness.training.data import prepare
from harness.training.fingerprints import fingerprints, shared_images
from harness.training.labelled import Resident
from harness.training.loop import ImageTrainer, initial_network, parameter_type
from harness.training.opening import opening_losses
from harness.training.randomness import global_stream
from harness.training.trainer import deterministic_convolutions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.runs.bench import Bench
    from harness.training.data import Prepared

SCALES = (2, 4, 6)
"""Scales of the input with which the paper compares the layers 1, 2 and 3 (appendix C)."""

PLACES = 5
"""Decimal places that are kept: the sampling of some hundred probes moves the third."""

QUARTILES = (0.25, 0.5, 0.75)

ACCURACY, ORDERNESS, DEAD, LAST_LAYER = "accuracy", "orderness", "dead maps", "last layer"
"""What a look sees; the names of its arrays."""


def watch(recipe: MapProgress, seed: int, bench: Bench) -> dict[str, Any]:
    """Train one network and write down what its maps were like on the way.

    The orderness of a layer is the mean over its live maps of each map's over all probes (section 4.2).

    Returns:
        Metrics: the training's curves, `final_validation_accuracy`, `opening_losses`, `optimiser`, `fingerprints` and
        `shared_images` as `harness.training.loop.train` gives them.  `look_steps`, and with an entry for each of them
        `look_accuracy` (share of the validation images that is right), `orderness[neighbours][layer][half]`,
        `dead_maps[layer]` (constant on all probes) and `last_layer[neighbours][quartile]`, over the last layer's maps
        on the second half of the probes.  `input_orderness[neighbours]`: of that half itself, at each of `SCALES`.
    """
    data = prepare(recipe.training.data, seed, bench, parameter_type(recipe.training))
    initial = initial_network(recipe.training, seed)
    told: dict[str, Any] = {
        "fingerprints": fingerprints(seed, initial, data.training),
        "shared_images": {"validation": shared_images(data.training, data.validation)},
    }
    with deterministic_convolutions(), global_stream(seed, "training", bench.device):
        beginner = copy.deepcopy(initial).to(bench.device)
        told["opening_losses"] = opening_losses(ImageTrainer(recipe.training, seed, data, beginner))
    with deterministic_convolutions(), global_stream(seed, "training", bench.device):
        trainer = WatchedTrainer(recipe, seed, data, initial.to(bench.device))
        told["optimiser"] = trainer.manner()
        trainer.run(bench, seed)
    curves = trainer.done.curves
    told["final_validation_accuracy"] = curves["validation_accuracy"][-1]
    return {**curves, **told, **trainer.seen(), "input_orderness": trainer.input_orderness()}


class WatchedTrainer(ImageTrainer):
    """A network on its way that is looked at after some steps.

    A look draws nothing and changes nothing.  What it saw is kept with what a training that is cut goes on from.
    """

    def __init__(self, recipe: MapProgress, seed: int, data: Prepared, network: torch.nn.Module) -> None:
        super().__init__(recipe.training, seed, data, network)
        self.steps = (0, *recipe.steps, steps_of(recipe.training))
        if not isinstance(data.training, Resident) or len(data.training) < 2 * recipe.probes:
            raise ValueError(f"two halves of {recipe.probes} probes take as many training images, held decoded")
        self.halves = data.training.images[: 2 * recipe.probes].split(recipe.probes)

    def begin(self) -> None:
        """Look before the first step, too."""
        super().begin()
        self._look_after(0)

    def step(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """A step, and a look where one is due."""
        outcome = super().step(batch)
        taken = self.done.steps + len(self.done.losses) + 1
        if taken in self.steps:
            self._look_after(taken)
            self.network.train()
        return outcome

    def seen(self) -> dict[str, Any]:
        """What the looks saw, as metrics."""
        steps = [step for step in self.steps if _name(step, ACCURACY) in self.done.kept]
        stacked = {
            what: np.stack([self.done.kept[_name(step, what)] for step in steps], -1).round(PLACES)
            for what in (ACCURACY, ORDERNESS, DEAD, LAST_LAYER)
        }
        return {
            "look_steps": steps,
            "look_accuracy": stacked[ACCURACY].tolist(),
            "orderness": _by_neighbours(stacked[ORDERNESS]),
            "dead_maps": stacked[DEAD].astype(int).tolist(),
            "last_layer": _by_neighbours(stacked[LAST_LAYER]),
        }

    def input_orderness(self) -> dict[str, list[float]]:
        """That of the second half of the probes, by neighbours, at each of `SCALES`."""
        return {
            neighbours: [round(orderness(self.halves[1], neighbours, scale), PLACES) for scale in SCALES]
            for neighbours in NEIGHBOURHOODS
        }

    def _look_after(self, step: int) -> None:
        (accuracy,) = self.look()
        by_half = [[each_map(maps) for maps in self._maps(images)] for images in self.halves]
        arrays = {
            ACCURACY: accuracy.item(),
            ORDERNESS: np.nanmean(by_half, -1).transpose(2, 1, 0),
            DEAD: np.isnan(by_half).all((0, 2)).sum(-1),
            LAST_LAYER: np.nanquantile(by_half[1][-1], QUARTILES, -1).T,
        }
        self.done.kept |= {_name(step, what): np.asarray(array, dtype=float) for what, array in arrays.items()}

    def _maps(self, images: torch.Tensor) -> list[torch.Tensor]:
        """The maps of each layer for these images, `(n, maps, height, width)`; the network is in evaluation mode."""
        found, maps = [], self.data.as_input(images)
        layers: Any = self.network.layers
        with torch.inference_mode():
            for layer in layers:
                maps = layer(maps)
                found.append(maps)
        return found


def each_map(maps: torch.Tensor) -> NDArray[np.float64]:
    """Orderness of each map over all examples, under each reading of neighbours.

    Args:
        maps: shape `(examples, maps, height, width)`.

    Returns:
        Shape `(neighbours, maps)` in the order of `NEIGHBOURHOODS`; NaN for dead maps, which are constant.
    """
    sums = hop_sums_at_scales(maps, NEIGHBOURHOODS)
    hops = [sums[1, neighbours] for neighbours in NEIGHBOURHOODS]
    ratios = [hop.two_hop.sum(0) / hop.one_hop.sum(0) - 1 for hop in hops]
    found: NDArray[np.float64] = torch.stack(ratios).cpu().numpy()
    return found


def _name(step: int, what: str) -> str:
    return f"look {step}, {what}"


def _by_neighbours(values: NDArray[np.float64]) -> dict[str, Any]:
    return {neighbours: of.tolist() for neighbours, of in zip(NEIGHBOURHOODS, values, strict=True)}
