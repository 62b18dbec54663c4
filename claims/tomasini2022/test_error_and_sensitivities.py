"""How the test error of a range of architectures goes with the sensitivities of their outputs (Figs. 1 and 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from claims.tomasini2022.methods.architecture_correlation import (
    AGAINST_G,
    CORRELATIONS,
    R_BEST,
    WITH_D,
    WITH_R,
    Correlation,
    Outputs,
    correlate,
    correlations_of_each,
    correlations_with_error,
    gain,
    log_error,
    more_than_size,
)
from claims.tomasini2022.methods.cifar_zoo import REACH, SEEDS, zoo, zoo_on_noisy_images
from claims.tomasini2022.methods.sensitivity_arms import RANGE_SEEDS, TASK_REACH, range_on_the_task
from claims.tomasini2022.methods.sensitivity_readings import Depth, records_of
from claims.tomasini2022.methods.sensitivity_runs import TRAINED, UNTRAINED
from harness.claims.about import About
from harness.claims.claim import SINGLE, claim
from harness.rules import greater_than
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab


class Architectures:
    """What a claim's networks came to, one number an architecture: each the mean over its seeds.

    Attributes:
        error: logarithm of the test error.
        depths: D, G and R by layer of each, by state.
    """

    def __init__(self, lab: Lab) -> None:
        self.names = tuple(lab.runs)
        records = [records_of(lab, name) for name in self.names]
        images = records[0][0].metrics["test_images"]
        self.error = log_error([[record.metrics["test_accuracy"] for record in of] for of in records], images)
        self.depths = {state: [Depth(of, state) for of in records] for state in (TRAINED, UNTRAINED)}

    def outputs(self, state: str = TRAINED) -> Outputs:
        """Logarithms of D and G of the outputs."""
        depths = self.depths[state]
        d = np.array([depth.deformation[:, -1].mean() for depth in depths])
        return Outputs(d, np.array([depth.noise[:, -1].mean() for depth in depths]))

    def relative(self, at: float) -> np.ndarray:
        """Logarithm of R of the trained networks' layer at a share of the way from the first, 0, to the output, 1."""
        rows = [depth.relative.mean(0) for depth in self.depths[TRAINED]]
        return np.array([row[round(at * (len(row) - 1))] for row in rows])

    def draw(self, lab: Lab, correlation: Correlation) -> None:
        """The figure's points, and what correlations there are before training."""
        d, g = self.outputs()
        for name, values in {"D": d, "G": g, "R": d - g}.items():
            lab.series(f"error over {name}", np.exp(values).tolist(), np.exp(self.error).tolist())
        before = [float(correlate(self.error, values, correlation)) for values in self.outputs(UNTRAINED)]
        lab.note(f"of untrained networks' D and G with the same errors: {before[0]:.2f} and {before[1]:.2f}")
        lab.note(", ".join(f"{name} {np.exp(value):.2%}" for name, value in zip(self.names, self.error, strict=True)))


@claim(
    "SP-26",
    where="Section 3, Fig. 5",
    tier="laptop",
    readings={"correlation": CORRELATIONS},
    about=About.DIRECTION,
    runs=range_on_the_task,
    seeds=RANGE_SEEDS,
    reach={**TASK_REACH, "nightly": "reduced"},
    rule={WITH_D: greater_than(0.0), AGAINST_G: greater_than(0.0), R_BEST: greater_than(0.0)},
    mirrored=(WITH_D, AGAINST_G, R_BEST),
    control="the share of images that a network gets right in the place of its error; R and the better of D and G "
    "exchanged",
)
def test_the_error_on_the_task_goes_best_with_the_relative_sensitivity(lab: Lab, correlation: Correlation) -> None:
    """On the task ε is positively correlated with D_f and negatively with G_f; it is strongest for the relative R_f.

    Over architectures, each the mean over its seeds; of their logarithms, as in the figure's axes, or of their ranks.
    Trained as in the authors' code.
    """
    found = Architectures(lab)
    measured = correlations_with_error(found.error, *found.outputs(), correlation)
    opposite = correlations_with_error(-found.error, *found.outputs(), correlation)
    lab.measure(**measured)
    lab.control(**{**opposite, R_BEST: replace(measured[R_BEST], value=-measured[R_BEST].value)})
    found.draw(lab, correlation)


ON_THE_ZOO: Mapping[str, Any] = {
    "tier": "laptop",
    "readings": {"correlation": CORRELATIONS},
    "about": About.DIRECTION,
    "runs": zoo,
    "seeds": SEEDS,
    "reach": REACH,
    "rule": greater_than(0.0),
}
"""What claims on architectures that are trained on CIFAR-10 share; the rule is on one correlation, against zero."""

OF_THE_SHARE_RIGHT = "the share of images that a network gets right in the place of its error"


@claim(
    "SP-02",
    where="Section 1; Fig. 1 of the full version",
    mirrored=(SINGLE,),
    control=OF_THE_SHARE_RIGHT,
    **ON_THE_ZOO,
)
def test_the_error_rises_with_the_sensitivity_to_deformations(lab: Lab, correlation: Correlation) -> None:
    """The test error of trained networks is correlated with D_f when f is the network output.

    Over architectures trained on CIFAR-10, each the mean over its seeds: of logarithms, or of ranks.
    """
    found = Architectures(lab)
    lab.measure(correlations_of_each(found.error, found.outputs(), correlation)[WITH_D])
    lab.control(correlations_of_each(-found.error, found.outputs(), correlation)[WITH_D])
    found.draw(lab, correlation)


@claim(
    "SP-03",
    where="Section 1; Fig. 1 of the full version",
    mirrored=(SINGLE,),
    control=OF_THE_SHARE_RIGHT,
    **ON_THE_ZOO,
)
def test_the_error_falls_with_the_sensitivity_to_noise(lab: Lab, correlation: Correlation) -> None:
    """The test error is anti-correlated with the sensitivity to white noise G_f.

    As SP-02; the value is the correlation's negative.
    """
    found = Architectures(lab)
    lab.measure(correlations_of_each(found.error, found.outputs(), correlation)[AGAINST_G])
    lab.control(correlations_of_each(-found.error, found.outputs(), correlation)[AGAINST_G])


@claim(
    "SP-04",
    where="Section 1; Fig. 1 of the full version",
    mirrored=(SINGLE,),
    control="R and the better of D and G exchanged",
    **ON_THE_ZOO,
)
def test_the_relative_sensitivity_goes_best_with_the_error(lab: Lab, correlation: Correlation) -> None:
    """It is the relative sensitivity R_f which correlates best with the error.

    As SP-02: the correlation with R less the larger of that with D and the negative of that with G.
    """
    found = Architectures(lab)
    best = correlations_with_error(found.error, *found.outputs(), correlation)[R_BEST]
    lab.measure(best)
    lab.control(replace(best, value=-best.value))


@claim(
    "SP-05",
    where="Section 1",
    control="untrained and trained networks exchanged",
    **ON_THE_ZOO,
)
def test_the_correlation_is_learned(lab: Lab, correlation: Correlation) -> None:
    """This correlation, of R_f and the error, is learned over training, as it is not seen at initialization.

    As SP-02: the correlation with R of the trained networks less the size of that with R of the same before training.
    That there is none before is more than a test can show; by how much it is smaller is what is judged.
    """
    found = Architectures(lab)
    after, before = found.outputs(), found.outputs(UNTRAINED)
    lab.measure(more_than_size(found.error, after, before, correlation)[WITH_R])
    lab.control(more_than_size(found.error, before, after, correlation)[WITH_R])
    for part, value in correlations_of_each(found.error, before, correlation).items():
        lab.note(f"{part}, before training: {value.value:.2f}")


SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the way from the first layer to the output."""


@claim(
    "SP-06",
    where="Section 1",
    mirrored=(SINGLE,),
    control="the layers in the opposite order",
    **ON_THE_ZOO,
)
def test_the_correlation_is_built_up_layer_by_layer(lab: Lab, correlation: Correlation) -> None:
    """This correlation is built up layer by layer.

    As SP-02: the error's correlation with R of the output less that with R of the first layer; the curve has layers
    between them.
    """
    found = Architectures(lab)
    first, last = found.relative(0.0), found.relative(1.0)
    lab.measure(gain(found.error, first, last, correlation))
    lab.control(gain(found.error, last, first, correlation))
    by_layer = [float(correlate(found.error, found.relative(at), correlation)) for at in SHARES]
    lab.series("correlation of R and the error by relative depth", SHARES, by_layer)


@claim(
    "SP-07",
    where="Abstract and Fig. 1, right, of the full version",
    tier="laptop",
    readings={"correlation": CORRELATIONS},
    about=About.DIRECTION,
    runs=zoo_on_noisy_images,
    seeds=SEEDS,
    reach=REACH,
    rule=dict.fromkeys((WITH_D, AGAINST_G, WITH_R), greater_than(0.0)),
    mirrored=(WITH_D, AGAINST_G, WITH_R),
    control=OF_THE_SHARE_RIGHT,
)
def test_the_correlations_persist_when_noise_is_added_to_training_images(lab: Lab, correlation: Correlation) -> None:
    """The correlations still hold when white noise is added to the images of the training set.

    As SP-02 to SP-04, of networks that are trained on noisy images and tested on clean ones.  The figure has several
    magnitudes; judged is one, that of a deformation of one pixel.
    """
    found = Architectures(lab)
    lab.measure(**correlations_of_each(found.error, found.outputs(), correlation))
    lab.control(**correlations_of_each(-found.error, found.outputs(), correlation))
    found.draw(lab, correlation)
