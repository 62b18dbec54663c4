"""How the test error of a range of architectures goes with the sensitivities of their outputs (Fig. 5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from claims.tomasini2022.methods.architecture_correlation import (
    AGAINST_G,
    CORRELATIONS,
    R_BEST,
    WITH_D,
    Correlation,
    correlate,
    correlations_with_error,
    log_error,
)
from claims.tomasini2022.methods.sensitivity_arms import RANGE_SEEDS, TASK_REACH, range_on_the_task
from claims.tomasini2022.methods.sensitivity_readings import Depth, records_of
from claims.tomasini2022.methods.sensitivity_runs import TRAINED, UNTRAINED
from harness.claims.about import About
from harness.claims.claim import claim
from harness.rules import greater_than
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab


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
    records = {name: records_of(lab, name) for name in lab.runs}
    accuracies = [[record.metrics["test_accuracy"] for record in of] for of in records.values()]
    images = next(iter(records.values()))[0].metrics["test_images"]
    error = log_error(accuracies, images)

    def output(state: str) -> tuple[np.ndarray, np.ndarray]:
        depths = [Depth(of, state) for of in records.values()]
        d = np.array([depth.deformation[:, -1].mean() for depth in depths])
        return d, np.array([depth.noise[:, -1].mean() for depth in depths])

    d, g = output(TRAINED)
    lab.measure(**correlations_with_error(error, d, g, correlation))
    opposite = correlations_with_error(-error, d, g, correlation)
    best = correlations_with_error(error, d, g, correlation)[R_BEST]
    lab.control(**{**opposite, R_BEST: replace(best, value=-best.value)})
    for name, values in {"D": d, "G": g, "R": d - g}.items():
        lab.series(f"error over {name}", np.exp(values).tolist(), np.exp(error).tolist())
    before = [float(correlate(error, values, correlation)) for values in output(UNTRAINED)]
    lab.note(f"of untrained networks' D and G with the same errors: {before[0]:.2f} and {before[1]:.2f}")
    lab.note(", ".join(f"{name} {np.exp(value):.2%}" for name, value in zip(records, error, strict=True)))
