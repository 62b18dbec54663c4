"""What only a GPU can show, tested in about two minutes: that it gives what the suite relies on.

Each check trains small networks on embedded images.  The same functions run on a CPU with stand-ins for what it lacks
(harness/tests/test_gpu_check.py).
"""

from __future__ import annotations

import contextlib
import gc
import io
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.runs import Run, perform
from harness.runs.conditions import environment, one_thread, own_randomness, own_stream
from harness.runs.display import Lines
from harness.runs.together import Group
from harness.store import Store
from harness.system.lazy import torch
from harness.system.plain import one_line
from harness.training import Adam, Augmentation, Data, Keep, Network, Sgd
from harness.training.training import Training

if TYPE_CHECKING:
    from harness.runs import Bench
    from harness.store import Record

Recipes = Mapping[str, Training]

_NORMED = Training(
    network=Network.of("vgg16", classes=4, width=16, channels=1),
    data=Data("textures", count=1000, held_out=200),
    optimiser=Sgd(0.05, 0.9, 5e-4),
    epochs=2,
    batch_size=48,
    augmentation=Augmentation(2, True),
    keep=Keep(("*",), (1, 2)),
)
_DROPPING = Network.of("plain-vgg", classes=4, width=16, channels=1, depth=11, head="torchvision")

EXACT = "float64, Adam, noise"

RECIPES: Recipes = {
    "float32, batch norm": _NORMED,
    "bf16, batch norm": _NORMED.with_(precision="bf16"),
    "float32, dropout": _NORMED.with_(network=_DROPPING, optimiser=Sgd(0.01, 0.9)),
    EXACT: _NORMED.with_(precision="float64", optimiser=Adam(1e-3), augmentation=Augmentation(2, True, 0.2)),
}

SEEDS = (0, 1)

TOLERANCE = {"float64": 1e-10}
"""Of a step's loss where it was replayed, as a share of it, by precision."""

ELSE = 1e-5


class Wrong(Exception):
    """A check found what must not be; the message says what."""


def first_steps(bench: Bench, recipes: Recipes) -> str:
    """First steps against the CPU."""
    from harness.evidence.recheck import compare

    recipe = recipes[EXACT].with_(epochs=1, keep=Keep())
    there, here = _alone(Run(recipe), replace(bench, device_name="cpu")), _alone(Run(recipe), bench)
    found = compare(there.metrics, here.metrics, here.made_of)
    if found.differences:
        raise Wrong(f"{len(found.differences)} values are not the CPU's: {found.differences[0]}")
    if bench.device.type != "cpu" and there.key == here.key:
        raise Wrong("the records of this GPU and of a CPU have one key")
    return f"{found.compared} values of {EXACT} are the CPU's; records name {here.environment['device']}"


def captured_graphs(bench: Bench, recipes: Recipes) -> str:
    """Captured graphs against plain steps."""
    for name, recipe in recipes.items():
        tolerance = TOLERANCE.get(recipe.precision, ELSE)
        replayed, plain = (losses(recipe, bench, replay=replay) for replay in (True, False))
        for step, (one, other) in enumerate(zip(replayed, plain, strict=True)):
            if not abs(one - other) <= tolerance * abs(other):
                raise Wrong(f"{name}, step {step}: loss {one!r} replayed, {other!r} plain")
    return f"{len(recipes)} trainings, step by step"


def losses(recipe: Training, bench: Bench, *, replay: bool) -> list[float]:
    """The loss of each step of a training.

    Raises:
        Wrong: steps are to be replayed, and none can be captured.
    """
    from harness.training.data import prepare
    from harness.training.loop import ImageTrainer, initial_network, parameter_type
    from harness.training.randomness import global_stream
    from harness.training.trainer import deterministic_convolutions

    seed, device, told = SEEDS[0], bench.device, list[torch.Tensor]()
    with own_randomness(seed, device), own_stream(device), deterministic_convolutions():
        data = prepare(recipe.data, seed, bench, parameter_type(recipe))
        with global_stream(seed, "training", device):
            trainer = ImageTrainer(recipe, seed, data, initial_network(recipe, seed).to(device))
            if replay and trainer.graphed is None:
                raise Wrong("no step is captured")
            trainer.graphed = trainer.graphed if replay else None
            for _ in range(recipe.epochs):
                trainer.set_out()
                told += [trainer.step(batch)[0] for batch in trainer.draw().to(device).split(recipe.batch_size, dim=1)]
            return list(torch.stack(told).tolist())


def turns(bench: Bench, recipes: Recipes) -> str:
    """Turns against alone."""
    runs = _runs(recipes)
    alone = {run: _alone(run, bench) for run in runs}
    with tempfile.TemporaryDirectory() as folder:
        _done_at_once(runs, Store(folder), bench)
        for run in runs:
            _same(run, alone[run], perform(run, Store(folder), bench, compute=False), "alone", "in turns")
    return f"{len(runs)} runs at once, each to the bit what it is alone"


def memory_limits(bench: Bench, recipes: Recipes) -> str:
    """Memory limits."""
    runs = _runs(recipes)
    alone = {run: _alone(run, bench) for run in runs}
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        with room_for(2.5, runs[0], bench):
            left = _done_at_once(runs, store, bench)
        if left >= len(runs):
            raise Wrong(f"{len(runs)} runs at once had room where two and a half should have")
        for run in runs:
            _same(run, alone[run], perform(run, store, bench, compute=False), "alone", "with little memory")
    with tempfile.TemporaryDirectory() as folder:
        with room_for(0.5, runs[0], bench):
            (failure,) = Group(runs[:1], Store(folder), bench, _unseen(1), _any, 1).done()
        if failure is None or failure.kind != "OutOfMemoryError":
            raise Wrong(f"a run that is too large alone did not run out of memory but: {failure or 'was done'}")
    _same(runs[0], alone[runs[0]], _alone(runs[0], bench), "before", "after memory ran out")
    return f"{len(runs)} runs at once became {left}, each as it is alone; one that is too large fails by itself"


@contextlib.contextmanager
def room_for(count: float, run: Run, bench: Bench) -> Iterator[None]:
    """Let this process have no more of a GPU's memory than so many runs like this one take."""
    device = bench.device
    held = _freed(device)
    torch.cuda.reset_peak_memory_stats(device)
    _alone(run, bench)
    each = torch.cuda.max_memory_reserved(device) - held
    _freed(device)
    whole = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, (held + count * each) / whole), device)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, device)
        _freed(device)


def _freed(device: torch.device) -> int:
    """Bytes that are reserved on a GPU once all that nobody uses is given back."""
    gc.collect()
    torch.cuda.empty_cache()
    return int(torch.cuda.memory_reserved(device))


def canary(bench: Bench, recipes: Recipes) -> str:
    """Determinism canary."""
    for run in _runs(recipes)[:: len(SEEDS)]:
        _same(run, _alone(run, bench), _alone(run, bench), "once", "again")
    return f"{len(recipes)} trainings done twice, to the bit"


CHECKS: Sequence[Callable[[Bench, Recipes], str]] = (first_steps, captured_graphs, turns, memory_limits, canary)
"""Called by the first lines of their docstrings."""


def check(bench: Bench, recipes: Recipes = RECIPES) -> bool:
    """Do all checks, tell of each in a line, and return whether nothing was found; one that fails ends no other."""
    facts = environment(bench.device)
    print(f"{bench.device_name}: {facts['device']}, torch {facts['torch']}, CUDA {facts['cuda']}", flush=True)
    sound = True
    for one in CHECKS:
        name, begun = str(one.__doc__).rstrip("."), time.monotonic()
        try:
            said = one(bench, recipes)
        except Exception as problem:  # whatever a GPU does, the other checks are wanted
            sound = False
            said = one_line(f"WRONG: {problem if isinstance(problem, Wrong) else repr(problem)}")
        print(f"{name}: {said} ({time.monotonic() - begun:.0f} s)", flush=True)
    return sound


def _runs(recipes: Recipes) -> list[Run]:
    return [Run(recipe, seed) for recipe in recipes.values() for seed in SEEDS]


def _alone(run: Run, bench: Bench) -> Record:
    """What a run comes to in a store of its own; its arrays are read before that is gone."""
    with tempfile.TemporaryDirectory() as folder:
        record = perform(run, Store(folder), bench)
        _ = record.tensors
        return record


def _done_at_once(runs: Sequence[Run], store: Store, bench: Bench) -> int:
    """Do runs in turns; how many at once there could be in the end.

    Raises:
        Wrong: one of them failed.
    """
    group = Group(runs, store, bench, _unseen(len(runs)), _any, len(runs))
    with one_thread():
        failures = [failure for failure in group.done() if failure is not None]
    if failures:
        raise Wrong(f"{len(failures)} of {len(runs)} runs failed: {failures[0]}")
    return group.at_once


def _same(run: Run, one: Record, other: Record, first: str, second: str) -> None:
    """See that two records of a run hold the same bits; else tell the first value and the first array that do not."""
    from harness.evidence.recheck import compare

    metrics = compare(one.metrics, other.metrics, other.made_of, whole=True, to_the_bit=True).differences
    arrays = [name for name, array in one.tensors.items() if array.tobytes() != other.tensors[name].tobytes()]
    if metrics or arrays or one.content != other.content:
        flags = {name: getattr(torch.backends.cudnn, name) for name in ("deterministic", "benchmark", "allow_tf32")}
        what = "; ".join([*map(str, metrics[:1]), *(f"{name} differs" for name in arrays[:1])])
        raise Wrong(f"{run} is not the same {first} and {second}: {what}; torch {torch.__version__}, {flags}")


def _unseen(count: int) -> Lines:
    return Lines(count, io.StringIO())


def _any(run: Run) -> bool:
    return True
