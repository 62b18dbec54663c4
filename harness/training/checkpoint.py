"""A training that is cut off goes on from where it was last saved, to the same bits as if it had not been cut."""

from __future__ import annotations

import hashlib
import logging
import time
from typing import TYPE_CHECKING, Any

from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from harness.runs.checkpoint import Checkpoint, Checkpoints
    from harness.training.trainer import Trainer

log = logging.getLogger(__name__)

EVERY = 30.0
"""Seconds between two savings, at least."""

COST = 0.05
"""Largest share of the time that goes into saving; large networks are saved less often."""


class Saving:
    """Saves a trainer between two steps, when it is time to."""

    def __init__(self, trainer: Trainer[Any], checkpoints: Checkpoints | None, seed: int) -> None:
        self._trainer = trainer
        self._checkpoints = checkpoints
        self._name = hashlib.sha256(f"{trainer.recipe!r} {seed}".encode()).hexdigest()[:16]
        self._due = time.monotonic() + EVERY

    def resumed(self) -> bool:
        """Put the trainer where it was saved; whether there was anything."""
        if self._checkpoints is None or (saved := self._checkpoints.read(self._name)) is None:
            return False
        put_back(self._trainer, saved)
        run, epoch, epochs = self._checkpoints.run, self._trainer.done.epochs + 1, self._trainer.recipe.epochs
        log.warning("run %s was cut off, and goes on in epoch %d of %d", run, epoch, epochs)
        return True

    def after_step(self) -> None:
        """Save, if the last time is long enough ago."""
        if self._checkpoints is None or time.monotonic() < self._due:
            return
        begin = time.monotonic()
        self._checkpoints.write(self._name, *taken(self._trainer))
        end = time.monotonic()
        self._due = end + max(EVERY, (end - begin) / COST)


def taken(trainer: Trainer[Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """All that the rest of the training depends on: weights, the optimiser's memory, generators, what was seen."""
    done = trainer.done
    state = {
        "epochs": done.epochs, "steps": done.steps, "last_loss": done.last_loss, "curves": done.curves,
        "kept": list(done.kept), "under_way": done.draws is not None,
    }  # fmt: skip
    tensors = {
        **{f"network/{name}": value for name, value in trainer.network.state_dict().items()},
        **{f"attribute/{name}": getattr(*place) for name, place in _attributes(trainer.network).items()},
        **{f"optimiser/{name}": value for name, value in _memory(trainer).items()},
        **{f"generator/{name}": generator.get_state() for name, generator in trainer.generators.items()},
        "generator/cpu": torch.get_rng_state(),
    }
    if trainer.device.type == "cuda":
        tensors["generator/cuda"] = torch.cuda.get_rng_state(trainer.device)
    if done.draws is not None:
        tensors |= {"draws": done.draws, "losses": torch.stack(done.losses), "scores": torch.stack(done.scores)}
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    return state, arrays | {f"kept/{name}": array for name, array in done.kept.items()}


def put_back(trainer: Trainer[Any], saved: Checkpoint) -> None:
    """Make a trainer that has done nothing yet the one that was saved."""
    state, arrays, done = saved.state, saved.arrays, trainer.done
    done.epochs, done.steps, done.last_loss = state["epochs"], state["steps"], state["last_loss"]
    done.curves = {name: list(curve) for name, curve in state["curves"].items()}
    done.kept = {name: arrays[f"kept/{name}"] for name in state["kept"]}
    if state["under_way"]:
        done.draws = torch.from_numpy(arrays["draws"]).to(trainer.device)
        done.losses, done.scores = (
            list(torch.from_numpy(arrays[name]).to(trainer.device)) for name in ("losses", "scores")
        )
    trainer.network.load_state_dict(_part(arrays, "network"))
    modules = dict(trainer.network.named_modules())
    for name, value in _part(arrays, "attribute").items():
        module, _, attribute = name.rpartition(".")
        setattr(modules[module], attribute, value.to(trainer.device))
    _remember(trainer, _part(arrays, "optimiser"))
    generators = _part(arrays, "generator")
    for name, generator in trainer.generators.items():
        generator.set_state(generators[name])
    torch.set_rng_state(generators["cpu"])
    if trainer.device.type == "cuda":
        torch.cuda.set_rng_state(generators["cuda"], trainer.device)


def _part(arrays: Any, kind: str) -> dict[str, torch.Tensor]:
    prefix = f"{kind}/"
    return {
        name.removeprefix(prefix): torch.from_numpy(np.array(array))
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _attributes(network: torch.nn.Module) -> dict[str, tuple[torch.nn.Module, str]]:
    """Tensors that layers remember besides parameters and buffers, such as a shuffle that is drawn once."""
    return {
        f"{name}.{attribute}": (module, attribute)
        for name, module in network.named_modules()
        for attribute, value in vars(module).items()
        if isinstance(value, torch.Tensor)
    }


def _memory(trainer: Trainer[Any]) -> dict[str, torch.Tensor]:
    """What the optimiser remembers of each parameter, by the parameter's number and the memory's name."""
    states = trainer.optimiser.state_dict()["state"]
    return {
        f"{number}/{name}": value
        for number, memory in states.items()
        for name, value in memory.items()
        if value is not None
    }


def _remember(trainer: Trainer[Any], memory: dict[str, torch.Tensor]) -> None:
    """Give the optimiser its memory back, each tensor laid out in memory as its parameter is."""
    parameters = [one for group in trainer.optimiser.param_groups for one in group["params"]]
    states: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in memory.items():
        number, _, what = name.partition("/")
        parameter = parameters[int(number)]
        like = value.shape == parameter.shape and value.ndim > 0
        states.setdefault(int(number), {})[what] = torch.empty_like(parameter).copy_(value).detach() if like else value
    groups = trainer.optimiser.state_dict()["param_groups"]
    trainer.optimiser.load_state_dict({"state": states, "param_groups": groups})
