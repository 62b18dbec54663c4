"""What all trainings share: epochs of steps, checkpoints between two of them, a divergence told with its step."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from harness.runs.errors import RunDiverged
from harness.system.lazy import torch
from harness.training.checkpoint import Saving
from harness.training.done import Done

if TYPE_CHECKING:
    from harness.runs.bench import Bench
    from harness.training.graphs import Graphed
    from harness.training.optimisation import Optimiser, Schedule


RATE = "rate"
"""The curve that every training has: the learning rate of each epoch."""


class Plan(Protocol):
    """What a recipe says of its steps."""

    @property
    def optimiser(self) -> Optimiser:
        """How weights are changed."""

    @property
    def schedule(self) -> Schedule:
        """The share of the optimiser's rate, by epoch."""

    @property
    def epochs(self) -> int:
        """How often each training image is seen."""

    @property
    def batch_size(self) -> int:
        """Images a step; the last batch of an epoch takes what is left."""


PlanT = TypeVar("PlanT", bound=Plan)


class Trainer(ABC, Generic[PlanT]):
    """A network on its way, one epoch at a time.

    Attributes:
        recipe: its plan.
        network: what is trained, on `device`.
        done: how far it has come.
        generators: where it draws from, by purpose, besides torch's global ones (dropout, shuffling layers).
        graphed: replays the passes over full batches, where there is a GPU for it.
    """

    CURVES: tuple[str, ...]
    """The curves' names: of the loss, of the steps' scores, then of what `look` gives."""

    graphed: Graphed | None = None

    def __init__(self, recipe: PlanT, network: torch.nn.Module, generators: dict[str, torch.Generator]) -> None:
        self.recipe = recipe
        self.network = network
        self.generators = generators
        self.device = next(network.parameters()).device
        self.optimiser = recipe.optimiser.over(network.parameters())
        self.done = Done({name: [] for name in (*self.CURVES, RATE)})

    @abstractmethod
    def draw(self) -> torch.Tensor:
        """What the next epoch draws, on the CPU: a column for each image, whose first number is the image's own."""

    @abstractmethod
    def passes(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Forwards and backwards over some columns of the epoch's draws, before the weights are changed.

        Returns:
            The mean loss and a score summed over the images, float64; and the gradients, in the network.
        """

    def ahead(self, batches: Sequence[torch.Tensor]) -> None:
        """Told which columns of the epoch's draws come next, a batch a step."""

    def look(self) -> list[torch.Tensor]:
        """Scalars on the device that say what the network is worth between two epochs."""
        return []

    def keep(self) -> None:
        """Keep what the result is to hold of the network as it is between two epochs."""

    def run(self, bench: Bench, seed: int) -> None:
        """All epochs, or those that are left after a cut; between two steps what is computed beside may go on.

        Raises:
            RunDiverged: when a loss is not finite; names the first step (from 0) where it was not.
        """
        saving = Saving(self, bench.checkpoints, seed)
        if not saving.resumed():
            self.begin()

        def after_step() -> None:
            saving.after_step()
            bench.give_way()

        while self.done.epochs < self.recipe.epochs:
            self.epoch(after_step)
            bench.progress(self.done.epochs, self.recipe.epochs, "epochs")

    def begin(self) -> None:
        """Write down what the untrained network is worth."""
        self.keep()
        for name, value in zip(self.CURVES[2:], self.look(), strict=True):
            self.done.curves[name].append(value.item())

    def epoch(self, after_step: Callable[[], None] = lambda: None) -> None:
        """See every training image once, or what is left of them in an epoch under way; then look."""
        done, rate = self.done, self.set_out()
        if done.draws is None:
            done.draws = self.draw().to(self.device)
        batches = done.draws.split(self.recipe.batch_size, dim=1)
        left = batches[len(done.losses) :]
        self.ahead(left)
        for batch in left:
            loss, score = self.step(batch)
            done.losses.append(loss)
            done.scores.append(score)
            after_step()
        # The only synchronisation with the device in an epoch.
        steps = torch.stack([*done.losses, torch.stack(done.scores).sum(), *self.look()]).tolist()
        losses, (score, *looked) = steps[: len(batches)], steps[len(batches) :]
        self._refuse_divergence(losses, rate)
        n = done.draws.shape[1]
        loss = sum(value * batch.shape[1] for value, batch in zip(losses, batches, strict=True)) / n
        means = dict(zip(self.CURVES, (loss, score / n, *looked), strict=True))
        done.ended({**means, RATE: self.optimiser.param_groups[0]["lr"]})
        self.keep()

    def set_out(self) -> float:
        """Make the network and the optimiser ready for the next epoch, and return its learning rate."""
        self.network.train()
        rate = self.recipe.optimiser.rate * self.recipe.schedule.share(self.done.epochs)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        return rate

    def manner(self) -> list[dict[str, float]]:
        """What the optimiser does besides its rate, as it was really set: momentum and decay of each group."""
        told = ("momentum", "weight_decay", "betas")
        return [{name: group[name] for name in told if name in group} for group in self.optimiser.param_groups]

    def step(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One step on some columns of the epoch's draws; what `passes` gives."""
        outcome = self.graphed(self.passes, batch) if self.graphed else self.passes(batch)
        self.optimiser.step()
        return outcome

    def _refuse_divergence(self, losses: list[float], rate: float) -> None:
        for loss in losses:
            if not math.isfinite(loss):
                detail = f"learning rate {rate:g}, last finite loss {self.done.last_loss:g}"
                raise RunDiverged(self.done.steps, loss, detail)
            self.done.steps, self.done.last_loss = self.done.steps + 1, loss


@contextmanager
def deterministic_convolutions() -> Iterator[None]:
    """Let cuDNN choose its algorithms by rule rather than by a race, so that a run can be repeated bit by bit."""
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before
