"""Training speed, in images a second: the plain PyTorch loop against the suite's trainer, each on the whole machine.

The plain loop is what a user would write: a Dataset that hands out PIL images as torchvision's do, torchvision's
transforms, a DataLoader (without and with worker processes, the faster counts), float32, and as many threads as there
are cores.  The suite trains as it always does: on a CPU one thread a process and a process a core, counted together; on
a GPU one process.  On a CPU the plain loop is timed that way too, to tell what comes from running side by side.  All do
the same work on each image: forwards, backwards, the optimiser's step, the running loss and accuracy, and where the
network's recipe has it the random crop and flip.

On a CPU that has no bfloat16 the suite computes it by kernels of float32 (`harness.system.bfloat16`), and is timed with
torch's own kernels, too.

Images a second are by the clock, which other programs' load slows, and not all contenders alike; images a core-second
are by the processor time of the training processes, given where nothing is done elsewhere (no loaders, no GPU).

On a GPU the suite replays its steps (`harness.training.graphs`) and is timed without that too, for one run and for
several that take turns (`harness.runs.together`), whose images are counted together.

Shares are of the fastest product of two square matrices that the machine gives between the contenders' turns, in the
dtype of the row, on all cores, by the libraries' matrix product or as a convolution; the operations of a step are those
of its convolutions and matrix products, as torch counts them.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import queue
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.benchmarks.plain_training import plain_epochs
from harness.networks import NETWORKS
from harness.runs.conditions import keep_freed_memory
from harness.system import bfloat16
from harness.system.lazy import torch
from harness.system.processors import processors
from harness.training import Adam, Augmentation, Data, Network, Sgd
from harness.training.network import operations
from harness.training.training import Training

if TYPE_CHECKING:
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Barrier

    from harness.training.loop import ImageTrainer

SECONDS = 3.0
"""How long each contender is timed, at least, in each round."""

ROUNDS = 2
"""Contenders take turns, and the best of each counts: other programs' load only ever slows."""

IMAGES = 8192
COUNTED = {"cpu": 256, "cuda": IMAGES}
"""Images between two looks at the clock, each of which waits for the device."""

TOGETHER = (8, 24)
"""Runs that take turns on a GPU."""

ANSWER_WITHIN = 600.0
"""Seconds until a process that says nothing is given up."""

NETWORKS.register("benchmark-cnn", "harness.benchmarks.small_network:small_network")
SMALL = Network.of("benchmark-cnn")
DATA = Data("cifar10", count=IMAGES, held_out=0)
"""Only its count is read: pixels are random, so that no data set has to be there."""

CASES = {
    "3-layer CNN, 28 x 28, batch 32": Training(SMALL, DATA, Adam(1e-3), epochs=1, batch_size=32),
    "3-layer CNN, 28 x 28, batch 128": Training(SMALL, DATA, Adam(1e-3), epochs=1, batch_size=128),
    "VGG-16, 32 x 32, batch 128, crop and flip": Training(
        Network.of("vgg16", classes=100), DATA, Sgd(0.1, 0.9, 1e-4), epochs=1, batch_size=128,
        augmentation=Augmentation(4, True),
    ),
}  # fmt: skip

Epochs = Generator[int, None, None]
"""Trains for ever; gives the number of images after every `COUNTED`, once the device has done them."""


@dataclass(frozen=True)
class Contender:
    """One way to train: how many processes share the machine, and how many threads each has."""

    name: str
    dtype: str
    processes: int
    threads: int
    epochs: Callable[[Training, str, Any], Epochs]
    argument: Any


class Mode(NamedTuple):
    """How the suite trains: precision, runs that take turns, whether a GPU replays its steps, and by whose bfloat16."""

    precision: str
    at_once: int = 1
    replay: bool = True
    emulate: bool = True


class Speed(NamedTuple):
    """Images a second, by the clock and by the processor time of the training processes."""

    clock: float
    core: float


def main(data: Path | None) -> None:
    """Print the machine, its peaks, and a row for each contender."""
    device, cores = _device(), processors()
    torch.set_num_threads(cores)
    print(f"{_described(device)}, {cores} cores, torch {torch.__version__}; best of {ROUNDS} rounds")
    print(f"load average before: {os.getloadavg()[0]:.2f} (nothing else should be running)")
    for title, recipe in CASES.items():
        peaks = dict.fromkeys(("float32", "bfloat16"), 0.0)
        _print(title, _rates(recipe, device, cores, peaks), operations(recipe.network, _shape(recipe)), peaks)


def contenders(device: str, cores: int) -> list[Contender]:
    """The plain loop with each count of loading processes, and the suite in both precisions."""
    processes = 1 if device == "cuda" else cores
    plain = [
        Contender(f"plain loop, {workers} loaders", "float32", 1, cores, plain_epochs, workers)
        for workers in sorted({0, 2, cores})
    ]
    if device == "cpu":
        plain.append(Contender("plain loop, side by side", "float32", cores, 1, plain_epochs, 0))
    modes = {"suite, float32": Mode("float32"), "suite, bf16": Mode("bf16")}
    if device == "cuda":
        modes |= {"suite, bf16, no replay": Mode("bf16", replay=False)}
        modes |= {f"suite, bf16, {runs} at once": Mode("bf16", runs) for runs in TOGETHER}
    elif not bfloat16.native():
        modes |= {"suite, bf16, by torch's kernels": Mode("bf16", emulate=False)}
    return plain + [
        Contender(name, _multiplied_in(mode, device), processes, 1, suite_epochs, mode) for name, mode in modes.items()
    ]


def _multiplied_in(mode: Mode, device: str) -> str:
    """The dtype of the products that a step's are compared with; the machine's own, where it has no bfloat16."""
    is_there = device == "cuda" or bfloat16.native()
    return "bfloat16" if mode.precision == "bf16" and is_there else "float32"


def suite_epochs(recipe: Training, device: str, mode: Mode) -> Epochs:
    """The suite's trainer, step by step as in its epochs; of several, each has a stream of its own."""
    from harness.training.trainer import deterministic_convolutions

    keep_freed_memory()
    emulation = bfloat16.where_needed(torch.device(device)) if mode.emulate else contextlib.nullcontext()
    with deterministic_convolutions(), emulation:
        trainers = [_trainer(recipe.with_(precision=mode.precision), seed, device) for seed in range(mode.at_once)]
        streams = [torch.cuda.Stream() if device == "cuda" else None for _ in trainers]
        for trainer in trainers:
            trainer.network.train()
            trainer.graphed = trainer.graphed if mode.replay else None
        while True:
            epochs = [trainer.draw().to(device).split(COUNTED[device], dim=1) for trainer in trainers]
            for draws in zip(*epochs, strict=True):
                pending = []
                for trainer, stream, drawn in zip(trainers, streams, draws, strict=True):
                    with torch.cuda.stream(stream):
                        steps = map(trainer.step, drawn.split(recipe.batch_size, dim=1))
                        pending.append(torch.stack([value for outcome in steps for value in outcome]))
                for outcomes, stream in zip(pending, streams, strict=True):
                    with torch.cuda.stream(stream):
                        outcomes.tolist()
                yield sum(drawn.shape[1] for drawn in draws)


def _trainer(recipe: Training, seed: int, device: str) -> ImageTrainer:
    from harness.training.data import Prepared
    from harness.training.labelled import Resident
    from harness.training.loop import ImageTrainer, initial_network

    images, labels = random_pixels(recipe)
    where, full = torch.device(device), torch.full((images.shape[1], 1, 1), 255.0, device=device)
    resident = Resident(images, labels).to(where)
    return ImageTrainer(
        recipe, seed, Prepared(resident, resident, full / 2, full / 4), initial_network(recipe, seed).to(where)
    )


def random_pixels(recipe: Training) -> tuple[torch.Tensor, torch.Tensor]:
    """Images in uint8 and labels, in the shape that the recipe's network takes."""
    small = recipe.network == SMALL
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (IMAGES, *_shape(recipe)), dtype=torch.uint8, generator=generator)
    return images, torch.randint(0, 10 if small else 100, (IMAGES,), generator=generator)


def _shape(recipe: Training) -> tuple[int, int, int]:
    return (1, 28, 28) if recipe.network == SMALL else (3, 32, 32)


def _rates(recipe: Training, device: str, cores: int, peaks: dict[str, float]) -> dict[Contender, Speed]:
    """The speed of each contender; `peaks` is raised where a matrix product between them was faster."""
    best = dict.fromkeys(contenders(device, cores), Speed(0.0, 0.0))
    for _ in range(ROUNDS):
        for contender in best:
            best[contender] = Speed(*map(max, best[contender], _together(contender, recipe, device)))
            peak = _peak(device, getattr(torch, contender.dtype))
            peaks[contender.dtype] = max(peaks[contender.dtype], peak)
    return best


def _together(contender: Contender, recipe: Training, device: str) -> Speed:
    """The speed over all processes of a contender, which begin to count at the same time."""
    context = multiprocessing.get_context("spawn")
    start, said = context.Barrier(contender.processes), context.Queue()
    arguments = (contender, recipe, device, start, said)
    processes = [context.Process(target=_timed, args=arguments) for _ in range(contender.processes)]
    for process in processes:
        process.start()
    try:
        images, seconds, core_seconds = zip(*(said.get(timeout=ANSWER_WITHIN) for _ in processes), strict=True)
        for process in processes:
            process.join(ANSWER_WITHIN)
        rate = sum(count / time for count, time in zip(images, seconds, strict=True))
        return Speed(rate, sum(images) / sum(core_seconds))
    except queue.Empty:
        raise SystemExit(f"{contender.name}: a process gave no answer") from None
    finally:
        for process in processes:
            process.terminate()


def _timed(contender: Contender, recipe: Training, device: str, start: Barrier, said: Queue[Any]) -> None:
    torch.set_num_threads(contender.threads)
    epochs = contender.epochs(recipe, device, contender.argument)
    next(epochs)
    start.wait()
    begin, begin_on_core, images = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - begin < SECONDS:
        images += next(epochs)
    said.put((images, time.perf_counter() - begin, time.process_time() - begin_on_core))
    epochs.close()


def _peak(device: str, dtype: torch.dtype) -> float:
    """Operations a second of the fastest product among a few sizes."""
    sizes = (4096, 8192) if device == "cuda" else (1024, 2048)
    ways = (torch.matmul, _product_by_convolution)
    return max(_product(way, torch.randn(size, size, device=device).to(dtype)) for size in sizes for way in ways)


def _product_by_convolution(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """The product of two square matrices as a convolution, which other kernels of the libraries compute."""
    size = len(one)
    pixels = one.reshape(1, 1, size, size).permute(0, 3, 1, 2)
    return torch.nn.functional.conv2d(pixels, other.T[:, :, None, None]).permute(0, 2, 3, 1).reshape(size, size)


def _product(way: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], matrix: torch.Tensor) -> float:
    def finished() -> float:
        if matrix.is_cuda:
            torch.cuda.synchronize()
        return time.perf_counter()

    way(matrix, matrix)
    fastest = math.inf
    for _ in range(5):
        begin = finished()
        way(matrix, matrix)
        fastest = min(fastest, finished() - begin)
    return 2 * len(matrix) ** 3 / fastest


def _print(title: str, speeds: dict[Contender, Speed], operations: float, peaks: dict[str, float]) -> None:
    plain = max(speed.clock for one, speed in speeds.items() if one.epochs is plain_epochs and one.processes == 1)
    print(f"\n{title} ({operations / 1e6:,.0f} Mflop an image); fastest matrix product meanwhile:", end=" ")
    print(", ".join(f"{peak / 1e12:.2f} Tflop/s {dtype}" for dtype, peak in peaks.items()), flush=True)
    for contender, speed in speeds.items():
        share = speed.clock * operations / peaks[contender.dtype]
        elsewhere = _device() == "cuda" or (contender.epochs is plain_epochs and contender.argument > 0)
        core = "-" if elsewhere else f"{speed.core:,.0f}"
        print(
            f"  {contender.name:<24} {contender.processes} x {contender.threads} threads  {speed.clock:8,.0f} images/s "
            f"{speed.clock / plain:5.2f} x plain  {share:6.1%} of peak  {core:>7} images/core-second"
        )


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _described(device: str) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"CPU ({torch.backends.cpu.get_cpu_capability()})"
