"""Chances of mutants in files for Coq: x = e^{-u}, the size of the population, and the chances of its chain.

The theorems hold for every x above 0, so that x may be a short fraction near e^{-u}.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from lrtheory.bounds import Proof, Wrong
from lrtheory.bounds.sets.proof import real
from proofs_checks.alpha_rank.families.chains import absorption

HERE = Path(__file__).parent
LARGEST = 8  # individuals in a population that is an anchor
#: why no wrong solver is seen: what a solver returns is a logarithm
LOGARITHMS = "the theorem speaks of the chances of the chain, and a solver returns their logarithms in doubles"


def proportion(u: Any) -> Fraction:
    """Compute a fraction near e^{-u}, the larger of x and 1 / x having a denominator of at most 64."""
    large = Fraction(math.exp(abs(float(u)))).limit_denominator(64)
    return 1 / large if u > 0 else large


def takeover_chance(x: Fraction, m: int) -> Fraction:
    """Compute the chance of one mutant among m individuals, where one more and one less come as 1 to x."""
    return absorption([x] * (m - 1))


def absorbed(mutant: Any, log_rho: Any) -> dict[int, str]:
    """For each of u and -u x, the size, and the chance; of mutants that are not neutral."""
    x, m = proportion(mutant.advantage), mutant.population_size
    if x == 1 or m > LARGEST:
        return {}
    return {2 + i: f"{real(y)} {m} {real(takeover_chance(y, m))}" for i, y in enumerate((x, 1 / x))}


ABSORPTION = Proof(
    "every number of individuals and every advantage other than 0, as x = e^-u",
    file=HERE / "AR_T2.v",
    anchor=absorbed,
    wrong=(
        Wrong("m - 1 for m", "(1 - x ^ m)", "(1 - x ^ (m - 1))", partial(str, "2 3 (1 / 7)")),
        Wrong("no factor 1 - x", "(1 - x) / (1", "1 / (1", partial(str, "2 3 (1 / 7)")),
    ),
    invisible=dict.fromkeys(("m - 1 in place of m", "the resident's advantage"), LOGARITHMS),
)


def there_and_back(mutant: Any, log_rho: Any) -> dict[int, str]:
    """The proportion x, the size, and the chances at u and at -u."""
    x, m = proportion(mutant.advantage), mutant.population_size
    chances = f"{real(takeover_chance(x, m))} {real(takeover_chance(1 / x, m))}"
    return {1: f"{real(x)} {m} {chances}"} if m <= LARGEST else {}


THERE_AND_BACK = Proof(
    "every number of individuals and every advantage, as x = e^-u",
    file=HERE / "AR_T3.v",
    anchor=there_and_back,
    wrong=(
        Wrong("exponent (m - 2) u", "(m - 1)", "(m - 2)"),
        Wrong("the power of x", "(/ x) ^ (m - 1)", "x ^ (m - 1)", partial(str, "2 2 (1 / 3) (2 / 3)")),
    ),
    invisible={"m - 1 in place of m": LOGARITHMS},
)


def rising(mutant: Any, log_rho: Any) -> dict[int, str]:
    """The proportions x and z, the size, the chances before and after the step, and which of the two sides."""
    x, z, m = proportion(mutant.advantage), proportion(mutant.step), mutant.population_size
    given = f"{real(x)} {real(z)} {m} {real(takeover_chance(x, m))} {real(takeover_chance(x * z, m))}"
    return {4: f"{given} true", 5: f"{given} false"} if m <= LARGEST else {}


RISE = Proof(
    "every number of individuals, every advantage and every step, as x = e^-u and z = e^-h",
    file=HERE / "AR_T3_slope.v",
    anchor=rising,
    wrong=(
        Wrong("exponent m - 2", "(m - 1)", "(m - 2)", partial(str, "1 (1 / 2) 2 (1 / 2) (2 / 3) false")),
        Wrong("steps back", "0 < z <= 1", "0 < z <= 2", partial(str, "1 2 2 (1 / 2) (1 / 3) true")),
    ),
    invisible={
        "9/10 of the slope": "a power whose exponent is nine tenths of m - 1 is no rational number",
        "a hundred individuals more": LOGARITHMS,
    },
)
