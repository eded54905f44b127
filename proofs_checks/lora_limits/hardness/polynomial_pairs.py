"""Polynomials in the place of attention, which decide about pairs only with more features than there are tokens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Draws, Family, Inequality, Measured, Sides, Statement, saboteur
from lrtheory.lora_limits import exp_polynomial, theory
from proofs_checks.lora_limits.hardness.pairs import Bits, random_bits, read


def decided_by_series(bits: Bits, degree: int) -> np.ndarray:
    """log(n exp(beta0 / 2) sum_j T_g(s_ij) / (n T_g(beta0 / 2))) against beta0 p / (2 d), with a slack for ties."""
    d = bits.a.shape[1]
    # logits take d + 1 values, one for each inner product, so each value of the series is summed once
    levels = bits.beta0 * np.r_[np.arange(d + 1), d] / (2 * d)  # of every inner product, and of the right half
    terms = np.cumprod(np.column_stack([np.ones(d + 2), *(levels / k for k in range(1, degree + 1))]), axis=1)
    # the small terms first
    powers = terms[:, ::-1].sum(1)
    logarithms = np.log(powers[bits.products].sum(1)) - np.log(powers[-1]) + bits.beta0 / 2
    return logarithms >= bits.beta0 * bits.wanted / (2 * d) - 1e-9


@dataclass(frozen=True)
class Polynomials:
    """Two gadgets, planted and not, degrees that are too low, and one that is enough."""

    planted: Bits
    plain: Bits
    low: tuple[int, ...]
    high: int

    @property
    def gadgets(self) -> tuple[Bits, Bits]:
        """Both."""
        return self.planted, self.plain

    @property
    def degrees(self) -> tuple[int, ...]:
        """Low ones first."""
        return (*self.low, self.high)

    @property
    def truth(self) -> np.ndarray:
        """The right decisions by enumeration, True where a point has a partner: bool (2, n)."""
        return np.array([bits.products.max(1) >= bits.wanted for bits in self.gadgets])

    @property
    def by_series(self) -> np.ndarray:
        """The decisions of sums of Taylor's terms in the place of exponentials: bool (degrees, 2, n)."""
        return np.array([[decided_by_series(bits, g) for bits in self.gadgets] for g in self.degrees])


def decided_by_polynomials(
    case: Polynomials, rng: np.random.Generator | None = None, exact: bool = False
) -> np.ndarray:
    """The library's decisions with the polynomial of each degree, low ones first, on both gadgets: (degrees, 2, n)."""
    found = []
    for bits in case.gadgets:
        logits = read(bits).logits
        for degree in case.degrees:
            powers = np.exp(logits) if exact else exp_polynomial(bits.beta0 / 2, degree=degree)(logits)
            t = powers[:, : len(bits.a)].sum(1) / powers.sum(1)
            found.append(theory.decide_pair(t, bits.wanted, n_bits=bits.a.shape[1], beta0=bits.beta0))
    return np.swapaxes(np.reshape(found, (2, len(case.degrees), -1)), 0, 1)


def is_told(case: Polynomials) -> bool:
    """Return whether the sums over exp themselves tell who has a partner."""
    right = []
    for bits, truth in zip(case.gadgets, case.truth, strict=True):
        scale = bits.beta0 / (2 * bits.a.shape[1])
        sums = np.exp(scale * (bits.products - bits.wanted)).sum(1)  # times exp(-beta0 p / (2 d))
        right.append((sums >= 1) == truth)
    return bool(np.all(right))


def has_sizes(case: Polynomials) -> bool:
    """Return whether the sizes and degrees are those for which it was measured."""
    high = {(32, 16): 80, (256, 32): 40}.get(case.planted.a.shape)
    return case.high == high and all(1 <= g <= 16 for g in case.low)


def has_pair(case: Polynomials) -> bool:
    """Return whether weights and the product that is asked for are d / 2, and the first gadget has a pair with it."""
    d = case.planted.a.shape[1]
    weights = {int(w) for bits in case.gadgets for side in (bits.a, bits.b) for w in side.sum(1)}
    return weights == {d // 2} == {bits.wanted for bits in case.gadgets} and bool(case.truth[0].any())


def gadgets(n: int, d: int, seed: int, low: tuple[int, ...], high: int) -> Polynomials:
    """A planted and a plain one with beta0 = 80."""
    # different seeds, so that the plain gadget is not the planted one less its pair
    pair = [random_bits(10 * (2 - planted) + seed, n, d, 80.0, planted=planted) for planted in (True, False)]
    return Polynomials(*pair, low, high)


def draw_polynomials(draws: Draws) -> Polynomials:
    """Thirty-two random vectors of weight eight in sixteen bits."""
    return gadgets(32, 16, draws.integers(0, 2**31 - 1), (2, 4, 8, 16), 80)


POLYNOMIALS = Family(
    "polynomial-gadgets",
    always=lambda: (
        *(gadgets(32, 16, seed, (2, 4, 8, 16), 80) for seed in range(3)),
        gadgets(256, 32, 0, (2, 4, 8, 16), 40),
    ),
    draw=draw_polynomials,
)


def one_decision_changed(case: Polynomials, rng: np.random.Generator) -> np.ndarray:
    """Change the decision of the lowest degree about one point."""
    found = decided_by_polynomials(case)
    # low degrees decide other points wrongly, too, so their counts stay above 0 and only the series refutes it
    found[0, 0, 0] = not found[0, 0, 0]
    return found


def useless(case: Polynomials, found: np.ndarray, enough: int = 0) -> Sides:
    """Check that every low degree decides wrongly somewhere, the high one nowhere, and with more features than tokens.

    Each decision is also compared with the one from the series, summed term by term.
    """
    n, d = case.planted.a.shape
    mistakes = dict(zip(case.degrees, (np.asarray(found) != case.truth).sum((1, 2)).tolist(), strict=True))
    low = [mistakes[g] for g in case.low if g != enough]
    others = [mistakes[g] for g in case.degrees if g in (enough, case.high)]  # claimed to be right
    unlike = int((np.asarray(found) != case.by_series).sum())
    lhs = [*np.ones(len(low), int), *others, unlike, 2 * n]
    rhs = [*low, *np.zeros(len(others) + 1, int), theory.n_features(2 * d, case.high)]
    return Sides(lhs, rhs, rounding=np.zeros(len(lhs)))  # counts, exact in doubles


LL_H8_POLYNOMIAL = Statement(
    id="lora_limits/LL-H8-polynomial",
    title="Polynomials decide only with more features than tokens",
    says=(
        "On the gadget with beta_0 = 80, n vectors of d bits and a planted identical pair, Taylor's polynomial of "
        "degree g <= 16 in the place of exp decides some points wrongly; degree 80, or 40 for d = 32, decides all "
        "rightly, with far more features than points."
    ),
    source=Measured(
        what="Taylor polynomials of degree 16 or less decide wrongly about a planted pair, of degree 80 or 40 rightly",
        where="random vectors of weight d / 2: n = 32, d = 16 with degree 80, and n = 256, d = 32 with degree 40",
        command="lrtheory check lora_limits/LL-H8-polynomial",
    ),
    tex=(
        r"\beta_0 = 80:\ g \le 16 \text{ decides wrongly},\quad g = 80\ (40 \text{ for } d = 32) \text{ rightly, "
        r"with } \binom{g + 2d}{2d} \gg n"
    ),
    hypotheses={
        "exact attention is right": is_told,
        "n = 32, d = 16, degree 80, or n = 256, d = 32, degree 40": has_sizes,
        "vectors of weight d / 2, one pair that is identical": has_pair,
        "beta0 = 80": lambda case: all(bits.beta0 == 80 for bits in case.gadgets),
    },
    instances=POLYNOMIALS,
    solve=decided_by_polynomials,
    claim=Inequality(useless, unbounded="the number of wrong decisions grows with that of the points"),
    saboteurs=(
        # true for many points, and wrong for at least one of every gadget that runs
        saboteur("degree 16 is enough", claim=Inequality(partial(useless, enough=16))),
        # it decides everything rightly, also where low degrees are claimed to fail
        saboteur("exact attention", solve=partial(decided_by_polynomials, exact=True)),
        saboteur("one point is decided the other way", solve=one_decision_changed),
    ),
)
