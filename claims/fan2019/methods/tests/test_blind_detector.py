import pytest

from claims.fan2019.methods.blind_detector import BlindDetector
from harness.runs import Bench

BENCH = Bench()


def limits(**what):
    return BlindDetector("scenes", tested=60, **what).compute(0, BENCH).metrics


def test_the_constructed_detector_is_below_the_bound_that_chance_raises():
    """On so few images chance makes up much of both."""
    found = limits()
    assert 0 < found["constructed"] < found["with_chance"] < 1
    assert found["bound"] < found["with_chance"]
    assert found["test_images"] == 60


def test_who_knows_sizes_and_numbers_reaches_more():
    assert limits()["constructed"] < limits(sized=True, numbers=4)["constructed"]


def test_the_seed_moves_nothing_but_what_chance_adds():
    recipe = BlindDetector("scenes", tested=30)
    one, other = (recipe.compute(seed, BENCH).metrics for seed in (0, 1))
    assert one["bound"] == other["bound"]
    assert one["with_chance"] == pytest.approx(other["with_chance"], rel=0.2)
    assert one["with_chance"] != other["with_chance"]


def test_it_reads_the_test_split_alone():
    assert BlindDetector("scenes").data_sets() == (("scenes", "test"),)
