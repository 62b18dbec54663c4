"""The self-test of GPUs, on a CPU: graphs are played, memory is counted in runs, and mistakes are planted."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
import torch

from harness.__main__ import main
from harness.commands import doctor, gpu_check
from harness.commands.gpu_check import CHECKS, EXACT, RECIPES, check
from harness.runs import Bench
from harness.runs.together import Group
from harness.tests.test_training_graphs import PlayedGraph, played  # noqa: F401
from harness.tests.test_training_together import CNN
from harness.training import Adam, Keep
from harness.training.trainer import Trainer

SMALL = {
    "float32": CNN.with_(keep=Keep(("*",), (1,)), epochs=1, batch_size=10),
    EXACT: CNN.with_(precision="float64", optimiser=Adam(1e-3), keep=Keep(("*",), (1,)), epochs=1, batch_size=10),
}
NAMES = {one.__name__: str(one.__doc__).rstrip(".") for one in CHECKS}


@contextlib.contextmanager
def room_for(count, run, bench):
    """As on a GPU: whoever takes a step while more runs than that are under way is out of memory."""
    plain, done, under_way = Trainer.step, Group._do, []

    def do(group, index, run):
        under_way.append(run)
        try:
            done(group, index, run)
        finally:
            under_way.remove(run)

    def step(trainer, batch):
        if len(under_way) > count:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(trainer, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Group, "_do", do)
        patch.setattr(Trainer, "step", step)
        yield


@pytest.fixture
def told(monkeypatch, capsys, played):  # noqa: F811
    """Whether the self-test finds nothing, and its line by the name of each check."""
    monkeypatch.setattr(gpu_check, "room_for", room_for)
    monkeypatch.setattr("harness.runs.together.STEPS", 1)

    def of() -> tuple[bool, dict[str, str]]:
        sound = check(Bench("cpu:0"), SMALL)
        _, *lines = capsys.readouterr().out.splitlines()
        return sound, dict(line.split(": ", 1) for line in lines)

    return of


def test_a_sound_machine_is_told_check_by_check(told):
    sound, lines = told()
    assert sound, lines
    assert list(lines) == list(NAMES.values())
    assert lines["Memory limits"].startswith("4 runs at once became ")
    assert lines["Turns against alone"].startswith("4 runs at once")


def plant(mistake, monkeypatch):
    """Have replays, runs beside others, runs with little memory, every second run, or the GPU give something else."""
    plain, alone, little, trainers = Trainer.step, gpu_check._alone, gpu_check.room_for, []

    def step_that_is_wrong(when):
        def step(trainer, batch):
            loss, score = plain(trainer, batch)
            return loss * (1 + 1e-3 * when(trainer)), score

        monkeypatch.setattr(Trainer, "step", step)

    def numbered(trainer):
        if trainer not in trainers:
            trainers.append(trainer)
        return trainers.index(trainer)

    @contextlib.contextmanager
    def wrong_with_little_memory(*arguments):
        with little(*arguments), pytest.MonkeyPatch.context() as patch:
            limited = Trainer.step

            def step(trainer, batch):
                loss, score = limited(trainer, batch)
                return loss * 1.001, score

            patch.setattr(Trainer, "step", step)
            yield

    def other_on_the_gpu(run, bench):
        record = alone(run, bench)
        if record.tensors:
            return record
        losses = [loss * (1 + 1e-9 * (bench.device_name != "cpu")) for loss in record.metrics["opening_losses"]]
        return dataclasses.replace(record, metrics={**record.metrics, "opening_losses": losses})

    match mistake:
        case "first_steps":
            monkeypatch.setattr(gpu_check, "_alone", other_on_the_gpu)
        case "captured_graphs":
            replay = PlayedGraph.replay
            monkeypatch.setattr(PlayedGraph, "replay", lambda graph: replay(graph) or graph.outcome[0].mul_(1.001))
        case "turns":
            done, under_way = Group._do, []

            def do(group, index, run):
                under_way.append(run)
                done(group, index, run)
                under_way.remove(run)

            monkeypatch.setattr(Group, "_do", do)
            step_that_is_wrong(lambda trainer: len(under_way) > 1)
        case "memory_limits":
            monkeypatch.setattr(gpu_check, "room_for", wrong_with_little_memory)
        case "canary":
            step_that_is_wrong(numbered)


@pytest.mark.parametrize("mistake", NAMES)
def test_each_check_finds_what_it_is_there_for(told, monkeypatch, mistake):
    monkeypatch.setattr(gpu_check, "CHECKS", [getattr(gpu_check, mistake)])
    plant(mistake, monkeypatch)
    sound, lines = told()
    assert not sound
    assert lines[NAMES[mistake]].startswith("WRONG: "), lines


def test_a_check_that_ends_in_an_error_ends_no_other(told, monkeypatch):
    def broken(bench, recipes):
        """Broken."""
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(gpu_check, "CHECKS", [broken, gpu_check.first_steps])
    sound, lines = told()
    assert not sound
    assert lines["Broken"].startswith("WRONG: RuntimeError('CUDA error: an illegal")
    assert not lines[NAMES["first_steps"]].startswith("WRONG")


def test_without_a_gpu_one_line_says_so(capsys, monkeypatch):
    monkeypatch.setattr("harness.runs.devices.gpus", list)
    assert main(["doctor", "--gpu"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "torch finds no GPU on this machine" in line


def test_every_gpu_is_tested_and_one_that_is_not_sound_fails(monkeypatch):
    monkeypatch.setattr("harness.runs.devices.gpus", lambda: [0, 2])
    seen = []

    def fake_check(bench):
        seen.append(bench.device_name)
        return len(seen) > 1

    monkeypatch.setattr(gpu_check, "check", fake_check)
    assert main(["doctor", "--gpu"]) == 1
    assert seen == ["cuda:0", "cuda:2"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_this_gpu_is_sound():
    assert doctor.test_gpus()


def test_the_networks_of_the_self_test_can_be_built():
    assert all(recipe.network.build() for recipe in RECIPES.values())
