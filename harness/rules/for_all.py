"""Statements 'for all': a search for the case that breaks them."""

from __future__ import annotations

import contextlib
import math
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.rules.sample import Exact

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    Drawn = SearchStrategy[Any] | range | tuple[float, float]


def worst_case(
    residual: Callable[..., float],
    examples: int = 50,
    explicit: Iterable[Mapping[str, Any]] = (),
    **drawn: Drawn,
) -> Exact:
    """The largest residual over explicit cases and over a search among drawn ones; to be judged by `equals`.

    The search (hypothesis) climbs towards larger residuals.  It is seeded, and keeps no memory of earlier ones.

    Args:
        residual: by how much the statement fails in a case: 0 where it holds, never negative (an absolute difference,
            or max(0, a - b) for a <= b).  NaN counts as infinite.  Randomness of its own must come from drawn seeds.
        examples: how many cases to draw.
        explicit: cases to try first, each a mapping of the residual's arguments.
        **drawn: for each argument of `residual` a hypothesis strategy, a range of integers, or an interval's ends.

    Returns:
        The largest residual, and the case where it was found.

    Raises:
        ValueError: when a residual is negative (the largest of signed ones hides a violation), or no case is given.
    """
    worst = _Worst(residual)
    for case in explicit:
        worst.look(**case)
    if drawn:
        _search(worst.look, examples, {name: _strategy(values) for name, values in drawn.items()})
    if worst.seen is None:
        raise ValueError("worst_case was given no case to try: name explicit cases, or what to draw them from")
    return worst.seen


class _Worst:
    """The largest residual seen so far."""

    def __init__(self, residual: Callable[..., float]) -> None:
        self.residual = residual
        self.seen: Exact | None = None

    def look(self, **case: Any) -> float:
        value = float(self.residual(**case))
        if value < 0:
            raise ValueError(f"residual {value} at {_words(case)}: give its size, or max(0, ...) for an inequality")
        value = math.inf if math.isnan(value) else value
        if self.seen is None or value > self.seen.value:
            self.seen = Exact(value, where=_words(case))
        return value


def _search(look: Callable[..., float], examples: int, strategies: Mapping[str, SearchStrategy[Any]]) -> None:
    from hypothesis import HealthCheck, Phase, Verbosity, given, settings, target

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.target),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
    )
    @given(**strategies)
    def climb(**case: Any) -> None:
        value = look(**case)
        if math.isfinite(value):
            target(value)

    with _no_constants_of_modules():
        climb()


@contextlib.contextmanager
def _no_constants_of_modules() -> Iterator[None]:
    """Keep hypothesis from trying constants of the modules that happen to be loaded, which differ between processes.

    There is no public switch; without the function that looks for them (in another version) the search is as it comes.
    """
    from hypothesis.internal.conjecture import providers

    look: Any = getattr(providers, "_get_local_constants", None)
    if look is None:
        yield
        return
    nothing = providers.Constants()
    try:
        setattr(providers, look.__name__, lambda: nothing)
        yield
    finally:
        setattr(providers, look.__name__, look)


def _strategy(values: Drawn) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    if isinstance(values, range):
        return st.integers(values[0], values[-1]) if values.step == 1 else st.sampled_from(values)
    return st.floats(*values) if isinstance(values, tuple) else values


def _words(case: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={reprlib.repr(value)}" for name, value in case.items())
