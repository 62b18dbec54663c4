import numpy as np
import pytest

from claims.fan2019.methods.percent import Percent
from harness.rules.student import interval
from harness.statistics.seeds_and_images import accuracy, accuracy_difference

FIRST, SECOND = [0.5, 0.52, 0.57], [0.41, 0.46, 0.44]


def same(found, expected):
    """In per cent what is expected as a share."""
    assert (found.value, found.standard_error) == pytest.approx((100 * expected.value, 100 * expected.standard_error))
    assert (found.n, found.df) == (expected.n, expected.df)


def test_accuracies_and_their_differences_are_those_of_the_house_in_per_cent():
    first, second = Percent.of(FIRST, 2000, "first"), Percent.of(SECOND, 500, "second")
    same(first.to_estimate(), accuracy(FIRST, 2000))
    same((first - second).to_estimate(), accuracy_difference(FIRST, SECOND, (2000, 500)))


def test_chance_moves_the_value_and_its_bounds_alone():
    above = Percent.of(FIRST, 2000, "first") - 10.0
    assert above.by_seed == pytest.approx([40.0, 42.0, 47.0])
    assert (above.image_variance, above.bounds) == (Percent.of(FIRST, 2000, "first").image_variance, (-10.0, 90.0))


def test_all_right_in_every_seed_is_counted_and_not_taken_for_certain():
    low, high = interval(Percent.of([1.0] * 5, 2000, "all").to_estimate())
    assert high == 100.0
    assert 0 < low < 100


def test_what_is_added_and_taken_away_again_leaves_no_uncertainty():
    first, second = Percent.of(FIRST, 2000, "first"), Percent.of(SECOND, 2000, "second")
    third = Percent.of([0.3, 0.32, 0.31], 2000, "third")
    assert (first - first).image_variance == 0
    assert ((first - second) - (first - third)).image_variance == pytest.approx((third - second).image_variance)
    twice = (first - second) - (second - third)
    assert min(twice.moved.values()) == pytest.approx(-2 * second.moved["second"])


def test_a_part_has_its_part_of_the_spread():
    half = Percent.of(FIRST, 2000, "first") / 2
    assert half.to_estimate().standard_error == pytest.approx(
        Percent.of(FIRST, 2000, "first").to_estimate().standard_error / 2
    )
    with pytest.raises(ValueError, match="positive"):
        Percent.of(FIRST, 2000, "first") / -1


def drawn(source, levels, images, together):
    """Right or wrong by arm and image: shape `(arms, images)`; hard ones are hard for all arms, the more `together`."""
    hardness = together**0.5 * source.normal(size=images)
    own = (1 - together) ** 0.5 * source.normal(size=(len(levels), images))
    return hardness + own < np.array(levels)[:, None]


@pytest.mark.parametrize("together", [0.0, 0.5, 0.95])
def test_images_move_sums_with_signs_by_no_more_than_is_said(together):
    """Of one network an arm, always the same, on ever other images: first - 2 x second + third, as SH-40 has it."""
    source, images = np.random.default_rng(0), 200
    found, said = [], []
    for _ in range(400):
        first, second, third = (
            Percent.of([one.mean()], images, str(number))
            for number, one in enumerate(drawn(source, [0.5, -0.2, -0.3], images, together))
        )
        value = (first - second) - (second - third)
        found.append(value.by_seed[0])
        said.append(value.image_variance)
    assert np.var(found) < 1.1 * np.mean(said)


@pytest.mark.parametrize("together", [0.0, 0.5])
@pytest.mark.parametrize("by_seed", [0.0, 0.1])
def test_a_difference_of_nothing_is_found_to_either_side_no_more_often_than_alpha(together, by_seed):
    source, images, seeds, repeats = np.random.default_rng(1), 300, 5, 300
    outside = np.zeros(2)
    for _ in range(repeats):
        hardness = together**0.5 * source.normal(size=images)
        arms = []
        for name in ("one", "other"):
            level = by_seed * source.normal(size=(seeds, 1))
            right = hardness + (1 - together) ** 0.5 * source.normal(size=(seeds, images)) < level
            arms.append(Percent.of(right.mean(1), images, name))
        low, high = interval((arms[0] - arms[1]).to_estimate())
        outside += [low > 0, high < 0]
    assert (outside / repeats < 0.05 + 0.026).all()  # 0.026: two standard errors of so many repeats
