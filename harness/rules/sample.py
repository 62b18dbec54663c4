"""What a rule is given: numbers, with what is known of their uncertainty.

A claim measures one of these; each rule says which it takes.

- `Estimate`: a value with a standard error, from independent replicates (seeds) or from a bootstrap over images;
- `Exact`: a value that was computed, not sampled (an identity, a count of parameters, a closed form);
- `Curve`: pairs (x, y), for rules on order;
- `Count`: successes among independent trials;
- `Several`: samples from several places, of which a rule holds in all, or in some.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Estimate:
    """A value and how far chance may have moved it.

    Attributes:
        value: the point estimate, in `unit`.
        standard_error: its standard error, in `unit`; 0 or NaN means that the sample cannot say.
        n: independent replicates behind it (seeds, images, networks).
        df: degrees of freedom of the standard error (n - 1 for replicates).
        unit: e.g. "points", "pixels"; "" for a pure number.
        method: how the standard error was found, for the report.
        bounds: the least and the largest value that a replicate can have (shares: 0 and 1), where they are known.
        replicates: the values behind it, one each, for the report; none where they are not at hand.
    """

    value: float
    standard_error: float
    n: int
    df: float
    unit: str = ""
    method: str = ""
    bounds: tuple[float, float] | None = None
    replicates: tuple[float, ...] = field(default=(), repr=False, compare=False)

    @property
    def at_bound(self) -> bool:
        """Whether all replicates share the least, or the largest, value that they can have."""
        return self.standard_error == 0 and self.value in (self.bounds or ())

    @classmethod
    def from_replicates(cls, values: ArrayLike, unit: str = "", bounds: tuple[float, float] | None = None) -> Estimate:
        """The mean of independent replicates (shape `(n,)`), its standard error from their spread.

        Fewer than two replicates leave the standard error NaN: undecided, never certain.  Replicates that are all the
        same have a standard error of exactly 0 (their computed spread may be 1e-17), which no rule takes for certainty;
        where they sit at one of the `bounds`, rules go by how many they are.
        """
        values = np.asarray(values, dtype=float)
        if values.ndim != 1:
            raise ValueError(f"replicates come as one row of numbers, one a seed; got shape {values.shape}")
        n = values.size
        if bounds and n and (values.min() < bounds[0] or values.max() > bounds[1]):
            raise ValueError(f"replicates from {values.min():g} to {values.max():g} leave their bounds {bounds}")
        if n < 2:
            value = float(values.sum()) if n else math.nan
            return cls(value, math.nan, n, n - 1, unit, f"{n} replicates", bounds, tuple(values.tolist()))
        with np.errstate(invalid="ignore"):  # infinite replicates give NaN, which the rules report
            spread = 0.0 if (values == values[0]).all() else float(values.std(ddof=1))
        mean = float(values.mean()) if spread else float(values[0])
        method = f"mean of {n} replicates"
        return cls(mean, spread / n**0.5, n, n - 1, unit, method, bounds, tuple(values.tolist()))


@dataclass(frozen=True)
class Exact:
    """A value that was computed rather than sampled: nothing to be uncertain about but rounding.

    Attributes:
        value: the number, in `unit`.
        unit: e.g. "pixels"; "" for a pure number.
        where: the case that it belongs to, when it is the worst of several; for the report.
    """

    value: float
    unit: str = ""
    where: str = ""


@dataclass(frozen=True)
class Curve:
    """Points of a curve, for a rule on its order: `y[i]` was measured at `x[i]` (repeats of an x are replicates)."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    unit: str = ""

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise ValueError(f"a curve needs as many x as y; got {len(self.x)} and {len(self.y)}")

    @classmethod
    def of(cls, x: Sequence[float], y: Any, unit: str = "") -> Curve:
        """Points from `x` of shape `(k,)` and `y` of shape `(k,)`, or `(k, n)` for n replicates at each x."""
        at, measured = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        if measured.ndim == 2:
            at = np.repeat(at, measured.shape[1])
        return cls(tuple(at.tolist()), tuple(measured.ravel().tolist()), unit)


@dataclass(frozen=True)
class Count:
    """`successes` among `trials` independent trials."""

    successes: int
    trials: int

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.trials:
            raise ValueError(f"{self.successes} successes among {self.trials} trials")

    @classmethod
    def of(cls, holds: ArrayLike) -> Count:
        """How many of some independent trials hold: truth values of shape `(n,)`, one a run."""
        truths = np.asarray(holds)
        if truths.ndim != 1 or truths.dtype != bool:
            raise ValueError(f"one truth value a run is counted; got shape {truths.shape} of {truths.dtype}")
        return cls(int(truths.sum()), truths.size)


@dataclass(frozen=True)
class Several:
    """Samples of one kind from several places, for a rule that holds in all of them or in some.

    Attributes:
        samples: one for each place; they may depend on one another, as layers of the same networks do.
        names: what the places are called, for the report: "layer 3".
    """

    samples: tuple[Estimate | Exact | Curve | Count, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.samples or len(self.samples) != len(self.names):
            raise ValueError(f"{len(self.samples)} samples with {len(self.names)} names; give one name a sample")

    @classmethod
    def of(
        cls, values: ArrayLike, name: str, unit: str = "", bounds: tuple[float, float] | None = None, first: int = 1
    ) -> Several:
        """Replicates of several places, shape `(runs, places)`, called `name` with their number from `first` on."""
        rows = np.asarray(values, dtype=float)
        if rows.ndim != 2:
            raise ValueError(f"several places come as runs by places; got shape {rows.shape}")
        samples = tuple(Estimate.from_replicates(column, unit, bounds) for column in rows.T)
        return cls(samples, tuple(f"{name} {number}" for number in range(first, first + len(samples))))


Sample = Estimate | Exact | Curve | Count | Several
