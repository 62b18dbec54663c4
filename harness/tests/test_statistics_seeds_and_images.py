"""Error rates of accuracies: other seeds and other test images would both have given others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.rules import ALPHA, Estimate, equivalent_to, greater_than
from harness.statistics.seeds_and_images import accuracy, accuracy_difference, over_seeds_and_images, share_variance
from harness.tests.rules_simulation import is_at_most
from harness.verdicts import Verdict

REPETITIONS, IMAGES = 1500, 400


def on_one_test_set(random, seeds, spread, harder=0.0):
    """Shares of right images by seed, on one test set drawn anew; images differ in how hard they are."""
    hardness = random.normal(size=IMAGES)
    skill = 0.5 + spread * random.normal(size=(seeds, 1)) - harder
    return (skill + hardness + random.normal(size=(seeds, IMAGES)) > 0).mean(1)


def true_share(spread, harder=0.0):
    return float(stats.norm.cdf((0.5 - harder) / (2 + spread**2) ** 0.5))


def decided(estimates, threshold):
    found = [greater_than(threshold).judge(one).verdict for one in estimates]
    return found.count(Verdict.SUPPORTED), found.count(Verdict.REFUTED)


@pytest.mark.parametrize("seeds", [3, 6])
@pytest.mark.parametrize("spread", [0.02, 0.1, 0.5])
def test_an_accuracy_on_its_threshold_is_decided_with_chance_alpha_at_most(seeds, spread):
    random = np.random.default_rng(seeds)
    shares = [on_one_test_set(random, seeds, spread) for _ in range(REPETITIONS)]
    threshold = true_share(spread)
    for hits in decided([accuracy(one, IMAGES) for one in shares], threshold):
        assert is_at_most(hits, ALPHA, REPETITIONS)
    if spread < 0.5:  # seeds alone: their interval knows nothing of the images that they share
        assert not is_at_most(
            decided([Estimate.from_replicates(one) for one in shares], threshold)[0], ALPHA, REPETITIONS
        )


@pytest.mark.parametrize("of_images", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_whichever_variance_is_larger_the_interval_covers(of_images, seeds):
    """Seeds vary with a standard error of 1, images with `of_images`; two err in 8 % by Welch's degrees."""
    random = np.random.default_rng(seeds)
    luck = of_images * random.normal(size=(REPETITIONS, 1))
    rows = luck + seeds**0.5 * random.normal(size=(REPETITIONS, seeds))
    for hits in decided([over_seeds_and_images(row, of_images**2) for row in rows], 0.0):
        assert is_at_most(hits, ALPHA, REPETITIONS)


def test_two_arms_alike_on_the_same_images_are_told_apart_with_chance_alpha_at_most():
    random = np.random.default_rng(7)
    estimates, margin = [], 0.05
    off = next(h for h in np.linspace(0, 1, 2001) if true_share(0.05) - true_share(0.05, h) >= margin)
    for _ in range(REPETITIONS):
        hardness = random.normal(size=IMAGES)
        first, second = (
            (0.5 - harder + 0.05 * random.normal(size=(4, 1)) + hardness + random.normal(size=(4, IMAGES)) > 0)
            for harder in (0.0, off)
        )
        discordant = (first != second).mean()
        pair = first.mean(1), second.mean(1)
        estimates.append((accuracy_difference(*pair, IMAGES), accuracy_difference(*pair, IMAGES, discordant)))
    for of in zip(*estimates, strict=True):
        found = [equivalent_to(0.0, within=margin).judge(one).verdict for one in of]
        assert is_at_most(found.count(Verdict.SUPPORTED), ALPHA, REPETITIONS)
        assert is_at_most(found.count(Verdict.REFUTED), ALPHA, REPETITIONS)
    assert all(known.standard_error <= bound.standard_error for bound, known in estimates)


def test_power_on_plenty_of_images():
    found = accuracy_difference([0.80, 0.81, 0.795, 0.80], [0.74, 0.745, 0.735, 0.74], 10_000)
    assert greater_than(0.0).judge(found).verdict is Verdict.SUPPORTED
    assert greater_than(0.0).judge(accuracy_difference([0.8, 0.81], [0.74, 0.77], 50)).verdict is Verdict.INCONCLUSIVE


def test_the_interval_joins_what_seeds_and_images_leave_open():
    shares = [0.5, 0.52, 0.54]
    found = accuracy(shares, 1000)
    of_seeds = stats.t.ppf(1 - ALPHA, 2) * np.std(shares, ddof=1) / 3**0.5
    of_images = stats.norm.ppf(1 - ALPHA) * share_variance(shares, 1000) ** 0.5
    judged = greater_than(0.0).judge(found)
    assert judged.high - judged.effect == pytest.approx(np.hypot(of_seeds, of_images))
    assert (found.n, found.df, found.bounds) == (3, 2, (0.0, 1.0))
    assert found.method == (
        "mean of 3 seeds on the same 1000 images; standard errors 0.0115 (seeds) and 0.0158 (images)"
    )
    assert share_variance([0.52], 1000) == pytest.approx(0.52 * 0.48 / 1000, rel=0.01)
    assert share_variance([1.0], 100) > 0


def test_seeds_that_agree_to_the_last_image_say_nothing_but_at_a_bound():
    assert greater_than(0.5).judge(accuracy([0.9, 0.9, 0.9], 1000)).verdict is Verdict.INCONCLUSIVE
    assert greater_than(0.5).judge(accuracy([1.0] * 5, 1000)).verdict is Verdict.SUPPORTED
    assert greater_than(0.99).judge(accuracy([1.0] * 5, 1000)).verdict is Verdict.INCONCLUSIVE
    assert greater_than(0.5).judge(accuracy([0.9], 1000)).verdict is Verdict.INCONCLUSIVE


def test_arms_with_images_of_their_own():
    both = accuracy_difference([0.8, 0.82], [0.7, 0.75], (100, 400))
    assert "on the same (100, 400) images" in both.method
    expected = share_variance([0.81], 100) + share_variance([0.725], 400)
    assert f"{expected**0.5:.3g} (images)" in both.method
    with pytest.raises(ValueError, match="images of their own"):
        accuracy_difference([0.8, 0.82], [0.7, 0.75], (100, 400), discordant=0.1)
