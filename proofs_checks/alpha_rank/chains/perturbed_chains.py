"""Two chains with rates of nearly the same size: how far apart their laws are.

n is the number of states. The laws are found by summing over spanning trees, in Fractions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory._numbers import power
from lrtheory.alpha_rank import stationary_distribution
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Numbers,
    OutcomeError,
    Recorded,
    Sides,
    Statement,
    Tight,
    always,
    formula,
    rounding,
    saboteur,
)
from proofs_checks.alpha_rank.certificates.laws import CHANGES, MASSES
from proofs_checks.alpha_rank.chains.spanning_trees import tree_weights
from proofs_checks.alpha_rank.families.chains import chain
from proofs_checks.guards import unlike


@dataclass(frozen=True)
class ChainPair:
    """The rates of two chains, (n, n) positive Fractions off the diagonal."""

    rates: np.ndarray
    other: np.ndarray


def chain_pair(rates, other) -> ChainPair:
    """Make two chains with the given integer rates; the diagonal is set to 1 and not read."""
    return ChainPair(*(chain(np.where(np.eye(len(table)), 1, table)).rates for table in (rates, other)))


def draw_pair(draws: Draws) -> ChainPair:
    """Draw two chains on two to four states, whose rates from 1 to 8 are independent."""
    n = draws.integers(2, 4)
    return chain_pair(draws.integers(1, 8, shape=(n, n)), draws.integers(1, 8, shape=(n, n)))


CHAIN_PAIRS = Family(
    "chain-pairs",
    always=(
        chain_pair([[0, 1], [1, 0]], [[0, 1], [1, 0]]),
        chain_pair([[0, 1], [1, 0]], [[0, 2], [1, 0]]),
        chain_pair([[0, 1, 2], [2, 0, 1], [1, 1, 0]], [[0, 2, 1], [1, 0, 2], [2, 2, 0]]),
    ),
    tight=(Tight(chain_pair([[0, 2], [1, 0]], [[0, 1], [2, 0]]), 0.5, 1.0),),  # attains MI-L2, and half of MI-L3
    draw=draw_pair,
)


def one_transposed(pair: ChainPair, rng: np.random.Generator) -> np.ndarray:
    """Solve both chains, the second read from column to row."""
    return np.stack([stationary_distribution(rates, rational=True).pi for rates in (pair.rates, pair.other.T)])


def both_laws(pair: ChainPair, rng: np.random.Generator) -> np.ndarray:
    """Compute the stationary laws of both chains, in Fractions."""
    return np.stack([stationary_distribution(rates, rational=True).pi for rates in (pair.rates, pair.other)])


def ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the larger of a/b and b/a."""
    return np.maximum(a / b, b / a)


def rate_ratio(pair: ChainPair) -> Fraction:
    """Compute the largest ratio of the two rates of a move, either way."""
    off = ~np.eye(len(pair.rates), dtype=bool)
    return ratio(pair.other[off], pair.rates[off]).max()


def true_laws(pair: ChainPair) -> np.ndarray:
    """Compute both laws by the tree theorem."""
    return np.stack([tree_weights(pair.rates), tree_weights(pair.other)])


@formula(n="[1, inf)", r="[1, inf)")
def chain_ratio_bound(n: int, r: Number) -> Number:
    """No mass changes by a larger factor, where every rate changes by a factor between 1 / r and r, with r = e^b.

    Proof
    -----
    Assumes: both chains have positive rates on the same moves (hypothesis of MI-L3), so their laws are unique.

    Proof: by the tree theorem pi(s) = T_s / sum_r T_r, where T_s sums products of n - 1 rates. Each product changes by
    a factor in [r^{-(n-1)}, r^{n-1}], so does each T_s, and so does their sum; the quotient changes by at most the
    square of that factor.
    """
    return power(r, 2 * (n - 1))


def perturbed_trees(pair: ChainPair, laws: np.ndarray, less: int = 0) -> Sides:
    """Compare ratios of the masses with r^(2 (n - 1)), and the distances from the laws of the tree theorem with 0."""
    bound, n = chain_ratio_bound(len(pair.rates) - less, rate_ratio(pair)), len(pair.rates)
    if not (laws > 0).all():
        raise OutcomeError("a law has a mass that is not positive")
    lhs = np.r_[ratio(laws[1], laws[0]), abs(laws - true_laws(pair)).ravel()]
    return Sides(lhs, np.array([bound] * n + [Fraction(0)] * 2 * n, object))


MI_L3 = Statement(
    id="alpha_rank/MI-L3",
    title="Masses change by at most the 2(n-1)-th power of the change of the rates",
    says=(
        "If the positive rates C and C_hat of two chains on n states differ by at most b in logarithm, then so do "
        "their stationary laws pi and pi_hat by at most 2 (n - 1) b, in every state."
    ),
    source=Derived(chain_ratio_bound),
    tex=r"|\log\hat C - \log C| \le b \Rightarrow |\log\hat\pi - \log\pi| \le 2(n-1)b",
    hypotheses={"all rates positive": lambda pair: bool((pair.rates > 0).all() and (pair.other > 0).all())},
    instances=CHAIN_PAIRS,
    for_all=(CHANGES,),
    solve=both_laws,
    claim=Inequality(perturbed_trees, unbounded="a ratio of masses may be as large as one likes"),
    saboteurs=(
        # on two states this says that no mass moves at all
        saboteur("2(n-2) for 2(n-1)", claim=Inequality(partial(perturbed_trees, less=1))),
        saboteur("the other chain transposed", solve=one_transposed),
    ),
    notes="Exact, with e^b in place of b.",
)


P3 = Statement(
    id="alpha_rank/P3",
    title="Perturbation of general chains",
    says=(
        "Whatever two chains on n states have positive rates C and C_hat that differ by at most b in logarithm, of a "
        "game or not, their stationary laws pi and pi_hat differ by at most 2 (n - 1) b in logarithm."
    ),
    source=Derived(chain_ratio_bound),
    tex=r"|\log\hat C - \log C| \le b \Rightarrow |\log\hat\pi - \log\pi| \le 2(n-1)b",
    hypotheses={"all rates positive": always},
    instances=CHAIN_PAIRS,
    solve=both_laws,
    claim=Recorded(
        "The step is MI-L3 on chains that no game gives, and MI-L3 runs on such chains.", "alpha_rank/MI-L3"
    ),
)


def not_normalized(pair: ChainPair, rng: np.random.Generator) -> np.ndarray:
    """Return both laws as multiples of the first state's mass."""
    laws = [stationary_distribution(rates, rational=True).pi for rates in (pair.rates, pair.other)]
    return np.stack([law / law[0] for law in laws])


@formula(R="[1, inf)")
def mass_error_of_ratio(R: Number) -> Number:
    """The bound of MI-L2 from R = e^B, which keeps it rational."""
    return (R - 1) / (R + 1)


@formula(B="[0, inf)")
def mass_error_bound(B: Numbers) -> Numbers:
    """No mass moves by more than this.

    Proof
    -----
    Assumes: two laws on the same states, whose log masses differ by at most B everywhere (statement MI-L2 computes B).

    Proof: let p = pi(s) and q = pi_hat(s). Then q <= e^B p and 1 - q >= e^{-B} (1 - p), so q - p <= min((e^B - 1) p, (1
    - e^{-B}) (1 - p)). The first increases and the second decreases in p; they meet at p = 1 / (1 + e^B), with value
    (e^B - 1) / (e^B + 1) = tanh(B / 2). The assumption is symmetric in the two laws, so p - q has the same bound. Two
    states attain it.
    """
    value = np.tanh(np.asarray(B, np.float64) / 2)
    return float(value) if value.ndim == 0 else value


def total_variation(pair: ChainPair, laws: np.ndarray, divisor: int = 1) -> Sides:
    """Compare |pi_hat - pi| with (R - 1)/(R + 1), R = e^B the largest mass ratio, laws with truth, both forms of it."""
    truth, n = true_laws(pair), len(pair.rates)
    R = ratio(truth[1], truth[0]).max()
    bound = mass_error_of_ratio(R)
    B = math.log(R.numerator) - math.log(R.denominator)  # R itself may be beyond all doubles
    off = unlike(float(bound) - mass_error_bound(B), float(rounding(16, 1.0)))
    lhs = np.r_[abs(laws[1] - laws[0]), abs(laws - truth).ravel()]
    rhs = np.array([bound * Fraction(1, divisor)] * n + [Fraction(0)] * 2 * n, object)
    return off or Sides(lhs, rhs, trivial=1)


MI_L2 = Statement(
    id="alpha_rank/MI-L2",
    title="Masses move by at most tanh of half the log ratio",
    says=(
        "If the logarithms of all masses of two laws pi and pi_hat differ by at most B, then the masses themselves "
        "differ by at most tanh(B / 2)."
    ),
    source=Derived(mass_error_bound),
    tex=r"|\log\hat\pi - \log\pi| \le B \Rightarrow |\hat\pi - \pi| \le \tanh(B/2)",
    hypotheses={"all rates positive": lambda pair: bool((pair.rates > 0).all() and (pair.other > 0).all())},
    instances=CHAIN_PAIRS,
    for_all=(MASSES,),
    solve=both_laws,
    claim=Inequality(total_variation),
    saboteurs=(
        # two states attain the bound
        saboteur("half of it", claim=Inequality(partial(total_variation, divisor=2))),
        saboteur("not normalized", solve=not_normalized),
    ),
    notes="Exact, with tanh(B/2) = (e^B - 1)/(e^B + 1).",
)
