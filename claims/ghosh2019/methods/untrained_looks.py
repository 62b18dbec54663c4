"""What chance alone makes of the looks at a network: untrained, and seen through other images at each look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claims.ghosh2019.methods.map_progress import steps_of
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.runs.recipe import Recipe, Result
from harness.system.lazy import np, torch
from harness.system.stable_names import stable_name
from harness.training.training import Training

if TYPE_CHECKING:
    from harness.runs.bench import Bench


@stable_name("untrained-looks")
@dataclass(frozen=True)
class UntrainedLooks(Recipe):
    """Look at the maps of a network as `MapProgress` does while it is trained at rate 0, each time on fresh probes.

    Were the probes the same ones at each look, nothing would move at all.

    Attributes:
        training: whose network, before its first step, is looked at, and whose training images are the probes.
        steps: as of `MapProgress`: when it would be looked at.
        probes: training images in each of two halves, drawn anew for each look.
    """

    training: Training
    steps: tuple[int, ...] = ()
    probes: int = 300

    def compute(self, seed: int, bench: Bench) -> Result:
        """Metrics: `look_steps`, `orderness`, `last_layer` and `look_accuracy`, as those of `MapProgress`."""
        from claims.ghosh2019.methods.watched_training import PLACES, QUARTILES, each_map
        from harness.training.data import prepare
        from harness.training.loop import ImageTrainer, initial_network, parameter_type
        from harness.training.randomness import stream

        data = prepare(self.training.data, seed, bench, parameter_type(self.training))
        network: Any = initial_network(self.training, seed).to(bench.device)
        (accuracy,) = ImageTrainer(self.training, seed, data, network).look()
        drawn = stream(seed, "fresh probes")
        means, quartiles = [], []
        steps = [0, *self.steps, steps_of(self.training)]
        for done in range(len(steps)):
            chosen = torch.randperm(len(data.training), generator=drawn)[: 2 * self.probes].to(bench.device)
            images, _ = data.training.taken(chosen[None])
            halves = [[each_map(maps) for maps in _maps(network, data.as_input(half))] for half in images.chunk(2)]
            means.append(np.array([[np.nanmean(maps, -1) for maps in half] for half in halves]))
            quartiles.append(np.nanquantile(halves[1][-1], QUARTILES, -1))
            bench.progress(done + 1, len(steps), "looks")
        orderness = np.stack(means, -1).transpose(2, 1, 0, 3).round(PLACES)
        last_layer = np.stack(quartiles, -1).transpose(1, 0, 2).round(PLACES)
        return Result(
            {
                "look_steps": steps,
                "look_accuracy": [accuracy.item()] * len(steps),
                "orderness": dict(zip(NEIGHBOURHOODS, orderness.tolist(), strict=True)),
                "last_layer": dict(zip(NEIGHBOURHOODS, last_layer.tolist(), strict=True)),
            }
        )

    def modules(self) -> tuple[str, ...]:
        """Those of the training."""
        return self.training.modules()

    def work(self) -> float:
        """Probes in all."""
        return float(2 * self.probes * (len(self.steps) + 2))

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """What the training would read."""
        return self.training.data_sets()


def _maps(network: Any, images: torch.Tensor) -> list[torch.Tensor]:
    """The maps of each layer, `(n, maps, height, width)`."""
    found, maps = [], images
    with torch.inference_mode():
        for layer in network.layers:
            maps = layer(maps)
            found.append(maps)
    return found
