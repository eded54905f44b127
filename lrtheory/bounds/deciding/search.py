"""Looking for worse instances: a hill climb, Hypothesis' targeted search, and shrinking of what was found."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lrtheory.bounds.families import Family, FromGenerator, FromHypothesis
from lrtheory.bounds.running.blame import blamed
from lrtheory.bounds.session import Session

__all__ = ["climb", "shrink", "targeted"]

Badness = Callable[[Any], float | None]  # larger is worse; None where an instance breaks a hypothesis


def climb(
    family: Family, session: Session, here: Any, height: float, badness: Badness, *, stop: Callable[[], bool]
) -> None:
    """Move to a neighbor whenever it is at least as bad; `badness` keeps the record of what it has seen."""
    if family.climb is None:
        return
    draws = FromGenerator(session.rng(family, "climb"))
    for _ in range(session.budget.climbs):
        if stop():
            return
        # the stream goes on whether the step is taken or not, so a rejected neighbor is not proposed for ever
        with blamed("`climb`", f"the family {family.name}", here):
            neighbor = family.climb(here, draws)
        found = badness(neighbor)
        if found is not None and found >= height:
            here, height = neighbor, found


def _strategy(family: Family) -> Any:
    """Hypothesis' strategy that draws what the family draws, from choices that Hypothesis can shrink."""
    from hypothesis import strategies
    from hypothesis.errors import UnsatisfiedAssumption

    @strategies.composite
    def instances(draw: Any) -> Any:
        assert family.draw is not None
        with blamed("`draw`", f"the family {family.name}", let=(UnsatisfiedAssumption,)):
            return family.draw(FromHypothesis(draw))

    return instances()


@contextmanager
def _no_numbers_of_modules() -> Iterator[None]:
    """Keep Hypothesis from trying numbers that stand in the sources of whatever modules are imported.

    It does so since version 6.131, and the same check would meet other instances in another process. A version without
    that habit has nothing to switch off.
    """
    from hypothesis.internal.conjecture import providers

    if not hasattr(providers, "_get_local_constants"):
        yield
        return
    none, before = providers.Constants(), (providers._get_local_constants, providers.CONSTANTS_CACHE)
    providers._get_local_constants = lambda: none
    providers.CONSTANTS_CACHE = type(before[1])(1024)
    try:
        yield
    finally:
        providers._get_local_constants, providers.CONSTANTS_CACHE = before


def _settings(examples: int, *, shrinking: bool) -> Any:
    """Settings that depend on counts alone: no time limit, no database of earlier runs, no health checks."""
    from hypothesis import HealthCheck, Phase, settings

    phases = (Phase.generate, Phase.shrink) if shrinking else (Phase.generate, Phase.target)
    return settings(
        max_examples=examples,
        phases=phases,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


def targeted(family: Family, session: Session, badness: Badness, *, stop: Callable[[], bool]) -> None:
    """Hypothesis' generation with `target(badness)`; `badness` keeps the record of what it has seen."""
    if family.draw is None or session.budget.searches == 0:
        return
    from hypothesis import given, seed, target

    @seed(int(session.rng(family, "target").integers(2**32)))
    @_settings(session.budget.searches, shrinking=False)
    @given(_strategy(family))
    def search(instance: Any) -> None:
        if not stop():
            found = badness(instance)
            if found is not None and math.isfinite(found):  # a scale below the smallest doubles gives no direction
                target(found)

    with _no_numbers_of_modules():
        search()


def shrink(family: Family, session: Session, fails: Callable[[Any], bool]) -> Any | None:
    """The simplest failing instance that Hypothesis finds in the family within the budget, or None."""
    if family.draw is None:
        return None
    from hypothesis import find
    from hypothesis.errors import NoSuchExample

    # Hypothesis draws from a stream of ours: what it finds must not differ from run to run
    stream = random.Random(int(session.rng(family, "shrink").integers(2**32)))
    try:
        with _no_numbers_of_modules():
            return find(
                _strategy(family), fails, settings=_settings(session.budget.searches, shrinking=True), random=stream
            )
    except NoSuchExample:
        return None
