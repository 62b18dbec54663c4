import pytest

from claims.gamba2020.methods.criticality import Criticality
from claims.gamba2020.methods.small_recipes import digits, lenet, noisy_digits, task
from claims.gamba2020.methods.titles import title
from claims.gamba2020.methods.vgg_recipes import failing, noisy_labels, on_imagenet, shuffled_pixels, smooth, watched
from harness.claims.tiers import reaches
from harness.tests.made_up_records import cases_of, trained_claims_of

TITLES = {
    "VGG-19 plain, CIFAR-10, steps, 30 epochs": watched("nightly", "cifar10"),
    "VGG-19 plain, CIFAR-100, steps, 75 epochs": watched("paper", "cifar100"),
    "VGG-19 narrow, CIFAR-10, steps, 24 epochs": watched("laptop", "cifar10"),
    "VGG-19 plain, CIFAR-10, rate times 0.912 an epoch, 75 epochs": watched(
        "paper", "cifar10", schedule=smooth("paper")
    ),
    "VGG-19 plain, CIFAR-10, pixels from 0 to 1, steps, 30 epochs": watched("nightly", "cifar10", standardise=False),
    "VGG-19 plain, CIFAR-10, random labels (any class), rate times 0.95 an epoch, 45 epochs": noisy_labels(
        "nightly", "any class"
    ),
    "VGG-19 plain, CIFAR-10, shuffled pixels, rate times 0.95 an epoch, 75 epochs": shuffled_pixels("paper"),
    "AlexNet, ImageNet, steps, 75 epochs": on_imagenet("AlexNet"),
    "VGG-19 plain, ImageNet, weights of deviation 0.01, steps, 10 epochs": failing("paper", "imagenet", 0.01),
    "VGG-7 narrow, digits, steps, 8 epochs": digits(),
    "VGG-7 narrow, two digits, rate times 0.464 an epoch, 8 epochs": task("two digits"),
    "VGG-7 narrow, digits, random labels (another class), rate times 0.95 an epoch, 45 epochs": noisy_digits(
        "another class"
    ),
    "LeNet, MNIST, rate times 0.825 an epoch, 30 epochs": lenet("nightly"),
}


@pytest.mark.parametrize("expected", TITLES)
def test_titles(expected):
    assert title(TITLES[expected]) == TITLES[expected].title == expected


@pytest.mark.parametrize("tier", ["laptop", "nightly", "paper"])
def test_each_training_of_a_tier_has_a_title_of_its_own_within_its_claim(tier):
    for claim in trained_claims_of("gamba2020").values():
        for case in cases_of(claim, tier if reaches(tier, claim.tier) else None):
            recipes = set(claim.runs_within(tier if reaches(tier, claim.tier) else claim.tier, case).values())
            titles = {title(recipe) for recipe in recipes if isinstance(recipe, Criticality)}
            assert len(titles) == len(recipes)
            assert all(len(words) <= 100 for words in titles)
