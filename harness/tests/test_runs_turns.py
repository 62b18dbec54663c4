"""Threads that take turns, each of which finds everything as it left it."""

from __future__ import annotations

import random
import threading
import time
from functools import partial

import numpy as np
import pytest
import torch

from harness.runs.turns import Turns


def in_turns(*jobs):
    """Do the jobs, each of which is given the turns."""
    turns = Turns()
    for job in jobs:
        turns.start(partial(job, turns))
    while turns.others:
        turns.pass_on()
    return turns


def draws(turns, seed, found, rounds=5):
    """Draw from every global generator, others in between."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = bool(seed % 2)
    for _ in range(rounds):
        drawn = (random.random(), np.random.rand(), torch.rand(3).tolist(), torch.backends.cudnn.benchmark)
        found.append(drawn)
        turns.pass_on()


@pytest.fixture(autouse=True)
def untouched():
    """What is global stays as it was."""
    benchmark, state = torch.backends.cudnn.benchmark, torch.get_rng_state()
    yield
    assert torch.backends.cudnn.benchmark == benchmark
    assert torch.equal(torch.get_rng_state(), state)


def test_each_draws_what_it_draws_alone():
    alone: dict[int, list] = {seed: [] for seed in range(3)}
    beside: dict[int, list] = {seed: [] for seed in range(3)}
    for seed, found in alone.items():
        in_turns(partial(draws, seed=seed, found=found))
    in_turns(*(lambda turns, s=seed, f=found: draws(turns, s, f, 5) for seed, found in beside.items()))
    assert beside == alone


def test_one_is_awake_and_all_have_their_turn():
    awake, order = [], []

    def job(turns, name):
        for _ in range(3):
            awake.append(name)
            time.sleep(0.001)
            assert awake == [name]
            awake.pop()
            order.append(name)
            turns.pass_on()

    in_turns(*(lambda turns, name=name: job(turns, name) for name in "abc"))
    assert "".join(order) == "abcabcabc"


def test_only_the_time_awake_counts(monkeypatch):
    now, spent = [0.0], {}
    monkeypatch.setattr("harness.runs.turns.time.monotonic", lambda: now[0])

    def job(turns, seconds):
        for _ in range(4):
            now[0] += seconds
            turns.pass_on()
        spent[seconds] = turns.clock()

    in_turns(lambda turns: job(turns, 1.0), lambda turns: job(turns, 16.0))
    assert spent == {1.0: 4.0, 16.0: 64.0}


def test_one_may_start_another():
    done = []

    def first(turns):
        turns.start(lambda: done.append("second"))
        done.append("first")

    in_turns(first)
    assert done == ["first", "second"]


def test_an_error_reaches_the_maker():
    def fails(turns):
        turns.pass_on()
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        in_turns(fails, lambda turns: [turns.pass_on() for _ in range(9)])


def test_those_that_are_dismissed_end_at_their_next_turn_and_clean_up():
    before, log = threading.active_count(), []

    def endless(turns, name):
        try:
            while True:
                turns.pass_on()
        finally:
            log.append(name)

    turns = Turns()
    for name in "ab":
        turns.start(partial(endless, turns, name))
    turns.pass_on()
    turns.start(lambda: log.append("never begun"))
    turns.dismiss()
    assert log == ["a", "b"]
    assert turns.others == 0
    for _ in range(100):
        if threading.active_count() == before:
            break
        time.sleep(0.01)
    assert threading.active_count() == before
