"""Training a network with shuffled layers, then testing its weights with other shuffles, or with none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.runs.recipe import Result
from harness.system.lazy import torch
from harness.system.stable_names import stable_name
from harness.training import Network
from harness.training.experiment import Experiment
from harness.training.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.runs.bench import Bench
    from harness.training.data import Prepared
    from harness.training.labelled import Labelled
    from harness.training.loop import Fitted

AS_TRAINED = "as trained"
"""Name of the condition in which the trained network itself is tested."""

BATCH = 500


@stable_name("shuffle-condition")
@dataclass(frozen=True)
class Condition:
    """A network that shares its weights' names with the trained one, to be tested with the trained weights.

    Attributes:
        name: what the accuracies are called in the record.
        network: with the shuffles of this condition.
    """

    name: str
    network: Network


@stable_name("shuffle-test")
@dataclass(frozen=True)
class ShuffleTest(Experiment):
    """Train a network, then test it as it was trained and under other conditions (Fan et al., Table 1).

    The seed decides the training, and, from streams of their own, the shuffles of each condition: none that was met in
    training is met again.  A fixed permutation is part of the trained network and stays.

    Attributes:
        training: how the network is trained; its validation curve is measured on the network as it trains.
        conditions: beside `AS_TRAINED`.
        passes: tests of each network whose shuffles are random, each with new permutations for every batch.
        images: the first so many of the test split; None takes all.
    """

    conditions: tuple[Condition, ...] = ()
    passes: int = 4
    images: int | None = None

    def __post_init__(self) -> None:
        if self.training.data.interventions:
            raise ValueError("test images are taken as they are: train without interventions on the data")
        if self.passes < 1:
            raise ValueError(f"{self.passes} passes: a test takes one or more")

    def compute(self, seed: int, bench: Bench) -> Result:
        """Train and test.

        Metrics: those of the training, with "test" among `shared_images`; `test_accuracy`, a list over passes for each
        condition; `test_images`.
        """
        from harness.training.data import images_for_test
        from harness.training.fingerprints import shared_images
        from harness.training.loop import train
        from harness.training.trainer import deterministic_convolutions

        fitted = train(self.training, seed, bench)
        test = images_for_test(self.training.data, bench, self.images)
        with deterministic_convolutions():
            accuracies = {
                name: [self._accuracy(network, fitted.data, test) for _ in range(self._passes(network))]
                for name, network in self._networks(fitted, seed, bench.device)
            }
        shared = {**fitted.result.metrics["shared_images"], "test": shared_images(fitted.data.training, test)}
        tested = {"test_accuracy": accuracies, "test_images": len(test), "shared_images": shared}
        return Result({**fitted.result.metrics, **tested}, fitted.result.tensors)

    def opening(self) -> ShuffleTest | None:
        """The training's first epoch, tested as it was trained and in no other way."""
        training = self.training.opening()
        return None if training is None else self.with_(training=training, conditions=(), passes=1)

    def modules(self) -> tuple[str, ...]:
        """The modules of all networks."""
        return (*self.training.modules(), *(condition.network.module for condition in self.conditions))

    def work(self) -> float:
        """Floating-point operations of the training, which the cost goes with across networks too."""
        from harness.training.network import operations

        network, side = self.training.network, self.training.data.side or 32
        shape = (int(dict(network.parameters).get("channels") or 3), side, side)
        return self.training.work() * operations(network, shape)

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """What training reads, and the test split."""
        return tuple(dict.fromkeys((*self.training.data_sets(), (self.training.data.name, "test"))))

    def _networks(self, fitted: Fitted, seed: int, device: torch.device) -> Sequence[tuple[str, torch.nn.Module]]:
        from claims.fan2019.methods.shuffle_layers import seed_shuffles

        networks = [(AS_TRAINED, fitted.network)]
        for condition in self.conditions:
            network = condition.network.build().to(device, fitted.data.mean.dtype)
            network.load_state_dict(fitted.network.state_dict())
            networks.append((condition.name, network.to(memory_format=torch.channels_last)))  # type: ignore[call-overload]
        for name, network in networks:
            seed_shuffles(network.eval(), stream(seed, f"test {name}"))
        return networks

    def _passes(self, network: torch.nn.Module) -> int:
        from claims.fan2019.methods.shuffle_layers import shuffles

        return self.passes if any(layer.active and not layer.fixed for layer in shuffles(network)) else 1

    def _accuracy(self, network: torch.nn.Module, data: Prepared, test: Labelled) -> float:
        autocast = torch.autocast(test.device.type, torch.bfloat16, enabled=self.training.precision == "bf16")
        with torch.inference_mode(), autocast:
            right = [
                (network(data.as_input(images)).argmax(1) == labels).sum() for images, labels in test.batches(BATCH)
            ]
        return torch.stack(right).sum().item() / len(test)
