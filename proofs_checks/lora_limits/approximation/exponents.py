"""The power at which features grow, and bounds on logits."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.lora_limits import theory


@dataclass(frozen=True)
class Shares:
    """Shares a and b of n = ln L: d = a n variables and the degree g = b n."""

    variables: int
    degree: int
    log_length: int


@formula(a="[0, inf)", b="[0, inf)")
def feature_exponent(a: Number, b: Number) -> float:
    """The power e(a, b) of L at which features grow when d = a ln L and g = b ln L.

    It is 0 where a or b is 0.

    Proof
    -----
    Assumes: a and b are not negative (checked here); b is at most 256 a for the bound on how fast the exponent falls (a
    hypothesis of the statement).

    Proof: For n = g + d and x = d / n, exp(n H(x)) / (n + 1) <= binom(n, d) <= exp(n H(x)): the term j = d of sum_j
    binom(n, j) x^j (1 - x)^(n - j) = 1 is binom(n, d) exp(-n H(x)), and it is the largest of n + 1 terms. Here n H(x) =
    (a + b) H(a / (a + b)) ln L, and log(n + 1) is o(log L). As b -> 0 the exponent falls to 0 like b log(a / b).

    With x = b / a the exponent is a phi(x), phi(x) = log(1 + x) + x log(1 + 1/x). For x <= 256 it falls to a 64th or
    less as b falls to b / 4^7: phi' = log(1 + 1/x), so x phi' / phi = 1 / (1 + q), q = log(1 + x) / (x log(1 + 1/x)). q
    grows, since x (1 + x) q' / q = x / log(1 + x) + 1 / log(1 + 1/x) - (1 + x) and log(1 + y) <= y. So phi(x / 4^7) /
    phi(x) grows with x, and at x = 256 it is below 0.0808 / 6.54 < 1/64. It fails at x = 368.
    """
    a, b = float(a), float(b)
    if a == 0 or b == 0:
        return 0.0
    low, high = min(a, b), max(a, b)
    ratio = high / low  # may be infinite
    logarithm = math.log1p(ratio) if ratio < math.inf else math.log(high) - math.log(low)
    return high * math.log1p(low / high) + low * logarithm


def exponents(case: Shares, rng: np.random.Generator | None = None) -> np.ndarray:
    """The library's exponent, and those for degrees 4, 16, ... times smaller."""
    return np.array([feature_exponent(case.variables, case.degree / 4**k) for k in range(8)])


def draw_shares(draws: Draws) -> Shares:
    """Degrees up to 256 times the variables, of any order."""
    a = draws.integers(1, 8)
    return Shares(
        a, max(1, a * draws.integers(1, 2 ** draws.integers(0, 8)) - draws.integers(0, 1)), draws.integers(1, 60)
    )


SHARES = Family(
    "parts",
    always=(
        *(Shares(a, b, n) for a, b in ((1, 1), (2, 1), (3, 7)) for n in (1, 20, 400)),
        *(Shares(a, 256 * a, n) for a, n in ((1, 1), (2, 20))),
    ),
    draw=draw_shares,
)


# with 368 degrees per variable the exponent falls to a little more than a 64th
MANY_DEGREES = Family("parts-of-many-degrees", always=(Shares(1, 368, 1),))


def entropy_in_bits(case: Shares, rng: np.random.Generator) -> np.ndarray:
    """Compute entropies to the base 2."""
    # they fall with the degree as claimed; values in 200 bits show the wrong base
    return exponents(case) / np.log(2)


def exact_exponents(case: Shares) -> np.ndarray:
    """(a + b) H(a / (a + b)) for degrees b, b / 4, b / 16, ..., in 200 bits."""
    with flint.ctx.workprec(200):
        # down to b / 4^7, the share for which the statement bounds the fall of the exponent
        pairs = [(flint.arb(case.variables), flint.arb(case.degree) / 4**k) for k in range(8)]
        return np.array([float(sum(one * ((a + b) / one).log() for one in (a, b)).mid()) for a, b in pairs])


def log_count(case: Shares) -> float:
    """log binom((a + b) n, a n), by integers of any size."""
    d, g = case.variables * case.log_length, case.degree * case.log_length
    return math.log(math.comb(d + g, d))


def exponent(case: Shares, found: np.ndarray, factor: float = 1.0) -> Sides:
    """Check that log binom is within log(n + 1) of the exponent times ln L, and that exponents fall with the degree.

    Each exponent is compared with its value in 200 bits, from both sides.
    """
    n, count, wanted = (case.variables + case.degree) * case.log_length, log_count(case), exact_exponents(case)
    # binom is at most n + 1 times smaller than exp of the exponent, which is the o(1) in the power of L
    power = factor * found[0] * case.log_length
    lhs = np.r_[count, power - math.log(n + 1), found[1:], found[-1], found, wanted]
    rhs = np.r_[power, count, found[:-1], found[0] / 64, wanted, found]
    rounding_bound = np.r_[
        np.full(2, rounding(1024, 1 + power)), rounding(64, np.r_[wanted[:-1], wanted[0], wanted, wanted])
    ]
    return Sides(lhs, rhs, rounding=rounding_bound)


LL_D5 = Statement(
    id="lora_limits/LL-D5",
    title="The power of L at which features grow",
    says=(
        "With d = a ln L coordinates and the degree g = b ln L, the number of features is L to the power e(a, b), up "
        "to o(1), where H is the entropy in nats; the exponent falls at least to a 64th when b is divided by 4^7."
    ),
    source=Derived(feature_exponent),
    tex=(
        r"d = a\ln L,\ g = b\ln L:\ \binom{g+d}{d} = L^{e(a, b) - o(1)},\ e(a, b) = (a+b)H(\tfrac a{a+b}),\ "
        r"e(a, b/4^7) \le e(a, b)/64"
    ),
    hypotheses={
        "positive shares": lambda case: case.variables > 0 and case.degree > 0,
        "a degree of at most 256 times the variables": lambda case: case.degree <= 256 * case.variables,
    },
    instances=SHARES,
    for_all=(
        All(
            "triples of whole numbers a, b and ln L from 1 to 10",
            lambda: (Shares(*one) for one in itertools.product(range(1, 11), repeat=3)),
            members=1000,
        ),
    ),
    solve=exponents,
    claim=Inequality(exponent, unbounded="a solver may state any exponent"),
    saboteurs=(
        # subtle for short inputs, where log(n + 1) is a tenth of the exponent: longer ones always run
        saboteur("nine tenths", claim=Inequality(partial(exponent, factor=0.9))),
        saboteur("entropy in bits", solve=entropy_in_bits),
        saboteur(
            "degrees far above the variables",
            breaks="a degree of at most 256 times the variables",
            instances=MANY_DEGREES,
        ),
    ),
    notes="The earlier count is vacuous at sizes that can be run: at L = 10^5, d = 11, g = 2 it is 14950 against 78.",
)


@dataclass(frozen=True)
class Logits:
    """Rows of C1 W and of C2, and beta."""

    X: np.ndarray
    Y: np.ndarray
    beta: float

    @property
    def products(self) -> tuple[float, float, float]:
        """beta |x|_2 |y|_2, beta |x|_1 max |Y| and beta max |X| |y|_1 for the largest rows."""
        X, Y = np.abs(self.X), np.abs(self.Y)
        # each factor is the largest over rows, so the bound holds for every pair of rows
        euclid = np.sqrt((X**2).sum(1).max() * (Y**2).sum(1).max())
        return tuple(self.beta * float(one) for one in (euclid, X.sum(1).max() * Y.max(), X.max() * Y.sum(1).max()))

    @property
    def formulas(self) -> tuple[float, float]:
        """The smallest of them, and beta d max |X| max |Y|."""
        return min(self.products), self.beta * self.X.shape[1] * float(np.abs(self.X).max() * np.abs(self.Y).max())

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of a bound."""
        return rounding(64 * self.X.shape[1], 1 + np.abs(self.X).sum() * np.abs(self.Y).sum())


@formula(Gamma_1="[0, inf)", Gamma_2="[0, inf)", d="[1, inf)", beta="[0, inf)")
def norm_logit_bound(Gamma_1: Number, Gamma_2: Number, d: int, beta: Number) -> Number:
    r"""All logits are at most this, by the largest entries alone.

    Proof
    -----
    Assumes: the two norms bound the entries (the caller).

    Proof: \|<x, y>\| <= sum_a \|x_a\| \|y_a\| <= d Gamma_1 Gamma_2, attained where all entries are as large and of one
    sign.
    """
    return beta * d * Gamma_1 * Gamma_2


def logit_bounds(case: Logits, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the library's bounds on the logits, by rows and by entries."""
    tops = np.abs(case.X).max(), np.abs(case.Y).max()
    return {
        "rows": theory.logit_bound(case.X, case.Y, beta=case.beta),
        "entries": norm_logit_bound(*tops, d=case.X.shape[1], beta=case.beta),
    }


def draw_logits(draws: Draws) -> Logits:
    """Up to four rows in three coordinates."""
    d, n = draws.integers(1, 3), draws.integers(1, 4)
    return Logits(*(draws.integers(-8, 8, shape=(n, d)) / 4 for _ in range(2)), draws.choice((0.25, 1.0)))


# all entries alike: the three bounds agree there, and are attained
FULL = Logits(np.full((1, 4), 2.0), np.full((1, 4), 2.0), 1.0)


# one coordinate of Y is 0: the three bounds differ, and the Euclidean one is not the smallest
UNEVEN = Logits(np.full((1, 2), 0.25), np.array([[0.0, 0.25]]), 0.25)


LOGITS = Family(
    "logits", always=(FULL, replace(FULL, beta=0.25), Logits(np.eye(2), np.eye(2), 1.0), UNEVEN), draw=draw_logits
)


def mean_rows(case: Logits, rng: np.random.Generator) -> dict[str, Any]:
    """State the bound on the logits of the mean rows."""
    # right where there is one row, or all rows are alike
    return logit_bounds(replace(case, X=case.X.mean(0, keepdims=True), Y=case.Y.mean(0, keepdims=True)))


def largest_of_three(case: Logits, rng: np.random.Generator) -> dict[str, Any]:
    """Take the largest of the three bounds instead of the smallest."""
    # all three bound the logits, so that only the formula refutes the largest one
    return logit_bounds(case) | {"rows": max(case.products)}


def bounded(case: Logits, found: dict[str, Any], printed: bool = False) -> Sides:
    """Compare sums of absolute products with the bound by rows, logits with that by entries, both to formulas."""
    products = np.abs(case.X[:, None, :]) * np.abs(case.Y[None, :, :])
    sums = case.beta * products.sum(2).ravel()
    by_rows, by_entries = case.formulas
    # sums of absolute products and not logits alone, since the rounding of features depends on them
    rows = np.full(sums.shape, found["rows"])
    # as printed the bound has no d, which holds only with the temperature 1/d in the logits
    entries = np.abs(case.X).max() * np.abs(case.Y).max() if printed else found["entries"]
    logits = np.abs(case.beta * case.X @ case.Y.T).ravel()
    lhs = np.r_[sums, logits, found["rows"], by_rows, found["rows"], found["entries"], by_entries]
    formulas = [found["entries"], found["rows"], by_rows, by_entries, found["entries"]]
    return Sides(lhs, np.r_[rows, np.full(logits.shape, entries), formulas], rounding=case.rounding_bound)


LL_P4 = Statement(
    id="lora_limits/LL-P4",
    title="Bounds on logits in O(L d)",
    says=(
        "All logits beta <x_i, y_j> of the rows of X and Y, with d coordinates, are bounded by products of the "
        "largest norms of a row; Gamma_1 and Gamma_2 are the largest entries of X and of Y in absolute value."
    ),
    source=Derived(theory.logit_bound),
    tex=(
        r"|\beta\langle x_i, y_j\rangle| \le \beta\min(\|x\|_2\|y\|_2, \|x\|_1\|Y\|_{\max}, "
        r"\|X\|_{\max}\|y\|_1) \le \beta\,d\,\Gamma_1\Gamma_2"
    ),
    hypotheses={"beta is positive": lambda case: case.beta > 0},
    instances=LOGITS,
    solve=logit_bounds,
    claim=Inequality(bounded, unbounded="logits have no upper limit, and a solver may state any bound"),
    saboteurs=(
        saboteur(
            # right where beta is at most 1 / d
            "Gamma_1 Gamma_2 without 1/d in the logits",
            claim=Inequality(partial(bounded, printed=True)),
            printed=True,
        ),
        saboteur("norms of the mean rows", solve=mean_rows),
        saboteur("the largest of the three in the place of the smallest", solve=largest_of_three),
    ),
    notes="Without the temperature 1/d, norms of order sqrt(log L) do not keep logits of d = log L coordinates small.",
)
