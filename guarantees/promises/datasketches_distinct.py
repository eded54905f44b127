"""datasketches: how many keys differ, and ranks of items.

The documentation calls the bounds of a number of distinct keys approximate, at 1, 2 or 3 standard deviations. They are
held against the probabilities that a normal number leaves such an interval; random keys are drawn anew in every run.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import datasketches
import numpy as np
from lrtheory.bounds import Documented, Family, Inequality, Probability, Sides, Statement, Tight, saboteur

# --- instances and truth ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Distinct:
    """A number of keys that differ, the logarithm of the size of the sketch, and a number of standard deviations."""

    n: int
    size: int
    deviations: int


@dataclass(frozen=True)
class Ranked:
    """The items 0, ..., n - 1 in a random order, the parameter of the sketch, and the item whose rank is asked for."""

    n: int
    k: int
    item: int


#: probabilities that a normal number leaves 1 or 2 standard deviations around its mean, rounded upwards
OUTSIDE = {1: Fraction(318, 1000), 2: Fraction(456, 10000)}


# --- what is under test -----------------------------------------------------------------------------------------------


def cpc(size, rng):
    return datasketches.cpc_sketch(size, int(rng.integers(1, 2**31)))


def theta(size, rng):
    return datasketches.update_theta_sketch(size, seed=int(rng.integers(1, 2**31)))


def hll(size, rng):
    return datasketches.hll_sketch(size)


def intervals(make, shrink=0):
    """Lower and upper bound of each run, moved towards the estimate by ``shrink`` of their distance from it."""

    def solve(case, rng, n):
        found = np.empty((n, 2))
        for run in range(n):
            one = make(case.size, rng)
            for key in rng.integers(2**62, size=case.n).tolist():
                one.update(key)
            ends = np.array([one.get_lower_bound(case.deviations), one.get_upper_bound(case.deviations)])
            found[run] = ends + shrink * (one.get_estimate() - ends)
        return found

    return solve


def ranks(k=None):
    """The share of items below the one that is asked for, in each run."""

    def solve(case, rng, n):
        found = np.empty(n)
        for run in range(n):
            one = datasketches.kll_ints_sketch(k or case.k)
            one.update(rng.permutation(case.n).astype(np.int32))
            found[run] = one.get_rank(case.item)
        return found

    return solve


def three_keys(make):
    def solve(case, rng):
        one = make(case.size, rng)
        for key in range(case.n):
            one.update(key)
        return {"lower": one.get_lower_bound(case.deviations), "upper": one.get_upper_bound(case.deviations)}

    return solve


# --- claims -----------------------------------------------------------------------------------------------------------


def missed(case, found):
    return (found[:, 0] > case.n) | (found[:, 1] < case.n)


def far(factor=1):
    """The rank is further from the truth than ``factor`` times the error that the sketch promises."""

    def event(case, found):
        error = datasketches.kll_ints_sketch.get_normalized_rank_error(case.k, False)
        return np.abs(found - case.item / case.n) > factor * error

    return event


def around(case, found):
    size = 2 ** (case.size + 1)
    return Sides(lhs=[found["lower"], case.n], rhs=[case.n, found["upper"]], trivial=[size, np.inf], least=[0, 0])


# --- statements -------------------------------------------------------------------------------------------------------

#: sketches of 128 entries with more keys than they can hold, and a few keys, which are counted exactly
CASES = Family(
    "distinct",
    always=(Distinct(3, 7, 1), Distinct(200, 7, 1), Distinct(300, 7, 2)),
    draw=lambda draws: Distinct(draws.integers(1, 300), 7, draws.integers(1, 2)),
)


def promise(name, make, kind, seeds):
    return Statement(
        id=f"datasketches/{name}",
        title=f"A {kind} counts distinct keys within its bounds",
        says="The number n of distinct random keys lies outside of the bounds a and b at s standard deviations with at "
        "most the probability q of a normal number, 0.318 at s = 1 and 0.0456 at s = 2.",
        source=Documented("datasketches", f"{kind}.get_upper_bound", "bounds at 1, 2 or 3 standard deviations"),
        tex=r"P(n \notin [a, b]) \le q(s)",
        hypotheses={"one or two deviations": lambda case: case.deviations in OUTSIDE},
        instances=replace(CASES, name=name),
        solve=intervals(make),
        claim=Probability(missed, lambda case: float(OUTSIDE[case.deviations])),
        saboteurs=(
            saboteur("two thirds nearer to the estimate", solve=intervals(make, 2 / 3)),
            saboteur("the estimate without the last key", solve=forgetful(make)),
        ),
        notes=seeds,
    )


def forgetful(make):
    """Bounds that are both the estimate of a sketch that has not seen the last key."""
    return lambda case, rng, n: intervals(make, 1)(replace(case, n=case.n - 1), rng, n)


SEEDED = "The documentation says approximate; the seed of the hash function is drawn with the keys."
CPC = promise(
    "cpc",
    cpc,
    "cpc_sketch",
    "The documentation says approximate; the seed of the hash function is drawn with the keys.",
)
HLL = promise(
    "hll", hll, "hll_sketch", "The documentation says approximate. The hash function has no seed; the keys are random."
)

KLL = Statement(
    id="datasketches/kll",
    title="A rank is within the error of the sketch",
    says="The rank r' that is returned for an item of rank r errs by more than the documented error e of the sketch "
    "with probability at most one in a hundred.",
    source=Documented("datasketches", "kll_ints_sketch.get_normalized_rank_error", "fitted to the 99th percentile"),
    tex=r"P(|\hat r - r| > e) \le 1/100",
    hypotheses={"an item of the stream": lambda case: case.item < case.n},
    instances=Family(
        "ranks",
        always=(Ranked(10, 20, 5), Ranked(1000, 20, 500)),
        draw=lambda draws: Ranked(400, 20, draws.integers(0, 399)),
    ),
    solve=ranks(),
    claim=Probability(far(), lambda case: 0.01),
    randomness="the library's own",
    closed="the promise grants an error, within which a wrong answer keeps it too",
    saboteurs=(
        saboteur("no error", claim=Probability(far(0), lambda case: 0.01)),
        saboteur("one item for all", solve=lambda case, rng, n: rng.integers(0, 2, size=n).astype(float)),
        saboteur("a third of the error", claim=Probability(far(1 / 3), lambda case: 0.01)),
    ),
    notes="The documentation fits the largest error over all ranks; a single rank errs far less often.",
)

EXACT = Statement(
    id="datasketches/few-distinct",
    title="Few keys are counted within the bounds",
    says="As long as a theta sketch holds all n distinct keys, n lies between its bounds a and b.",
    source=Documented("datasketches", "update_theta_sketch.get_lower_bound", "bounds of the number of distinct keys"),
    tex=r"a \le n \le b",
    hypotheses={"at most as many keys as entries": lambda case: case.n <= 2**case.size},
    instances=Family(
        "few-distinct",
        always=tuple(Distinct(n, 5, s) for n in (1, 2, 3, 31, 32) for s in (1, 3)),
        tight=(Tight(Distinct(4, 5, 1), 1, 1),),
        draw=lambda draws: Distinct(draws.integers(1, 32), 5, draws.integers(1, 3)),
    ),
    solve=three_keys(theta),
    claim=Inequality(around, unbounded="an upper bound may be as large as it likes"),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("one key forgotten", solve=lambda case, rng: three_keys(theta)(replace(case, n=case.n - 1), rng)),
        saboteur(
            "strictly inside",
            claim=Inequality(lambda case, found: replace(around(case, found), rhs=[case.n, found["upper"] - 1])),
        ),
    ),
)
