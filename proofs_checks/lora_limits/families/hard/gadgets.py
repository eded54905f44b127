"""Bit vectors in attention: sums, decisions, and polynomials that decide."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.lora_limits import chain, exp_polynomial, theory


@dataclass(frozen=True)
class Bits:
    """Bit vectors (n, d) of one weight, beta0, and the inner product that is asked for."""

    a: np.ndarray
    b: np.ndarray
    beta0: float
    wanted: int

    @property
    def products(self) -> np.ndarray:
        """<a_i, b_j>."""
        return self.a @ self.b.T

    @property
    def gap(self) -> int:
        """The gap h: the wanted product less the largest product below it."""
        below = self.products[self.products < self.wanted]
        return int(self.wanted - below.max()) if below.size else self.wanted

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of the logarithm of a sum."""
        return rounding(64 * (len(self.a) + self.a.shape[1] + self.beta0), 1 + self.beta0)


@dataclass(frozen=True)
class Read:
    """Logits, attention to the first keys, and the logarithms of the sums."""

    logits: np.ndarray
    attention: np.ndarray
    sums: np.ndarray


def read(case: Bits, rng: np.random.Generator | None = None, halved: bool = True) -> Read:
    """The library's gadget, attention, and sums."""
    one = theory.make_gadget(case.a, case.b, beta0=case.beta0)
    logits = (1 if halved else 2) * one.beta * one.Q @ one.K.T
    t = chain.softmax(np, logits) @ one.V
    return Read(logits, t, theory.log_pair_sums(t, beta0=case.beta0))


def decided(case: Bits, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the library's decisions, one for each point."""
    t = read(case).attention
    return theory.decide_pair(t, case.wanted, n_bits=case.a.shape[1], beta0=case.beta0)


def is_decisive(case: Bits) -> bool:
    """Return whether beta0 is above its threshold, by more than the slack of the decision needs."""
    n, d = case.a.shape
    return case.beta0 > theory.decisive_beta0(n, d, gap=case.gap) + 4e-9 * d


def is_normal(case: Bits) -> bool:
    """Return whether exp(-beta0 / 2) / (2 n), the least possible weight, is a normal double, with factors to spare."""
    return case.beta0 / 2 + np.log(2 * len(case.a)) <= 700


def random_bits(seed: int, n: int, d: int, beta0: float, *, planted: bool) -> Bits:
    """Weight d / 2; a pair that is identical, or none asked for."""
    rng = np.random.default_rng(seed)
    a, b = (np.array([rng.permutation(np.arange(d) < d // 2) for _ in range(n)]).astype(int) for _ in range(2))
    if planted:
        b[n // 2] = a[0]
    return Bits(a, b, beta0, d // 2)


def crowd_below(n: int, h: int, factor: float) -> Bits:
    """Return n vectors whose pairs are all at p - h, where p is asked for, and beta0 in units of its threshold.

    The sum S_i is n exp(beta0 (p - h) / (2 d)), the largest without a partner: below the threshold the decision fails.
    """
    d, p = 8, 4
    a, b = np.zeros((n, d), int), np.zeros((n, d), int)
    # shifted by h bits, so that all inner products are p - h
    a[:, :p], b[:, h : h + p] = 1, 1
    return Bits(a, b, factor * theory.decisive_beta0(n, d, gap=h), p)


def dominating(beta0: float) -> Bits:
    """Return vectors with one partner at inner product 4 and all others at 0: S_i is close to its threshold."""
    a, b = np.zeros((4, 8), int), np.zeros((4, 8), int)
    a[:, :4], b[:, 4:] = 1, 1
    b[0] = a[0]
    # all points are alike: each has the first key as its one partner
    a[1:] = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    return Bits(a, b, beta0, 4)


def draw_bits(draws: Draws) -> Bits:
    """Up to six vectors of up to six bits."""
    d, n = draws.integers(2, 6), draws.integers(1, 6)
    # below d, as the gadget demands, and above 0, so that a pair exists
    weight = draws.integers(1, d - 1)
    a, b = (np.array([draws.permutation(d) < weight for _ in range(n)]).astype(int) for _ in range(2))
    return Bits(a, b, draws.integers(1, 40) / 2, draws.integers(1, weight))


def draw_decisive(draws: Draws) -> Bits:
    """Draw vectors as `draw_bits` does, with a scale above the threshold of LL-H8."""
    case = draw_bits(draws)
    n, d = case.a.shape
    # the factor keeps the claim away from the threshold itself, where rounding decides
    return Bits(case.a, case.b, 1.0 + 1.125 * theory.decisive_beta0(n, d, gap=case.gap), case.wanted)


SMALLEST = Bits(np.array([[1, 0]]), np.array([[1, 0]]), 4.0, 1)
SUMS = Family(
    "bits",
    always=(
        SMALLEST,
        # the largest scale for two keys: weights reach down to the smallest normal numbers
        replace(SMALLEST, beta0=1398.0),
        random_bits(0, 16, 8, 60.0, planted=True),
        random_bits(3, 16, 8, 1390.0, planted=True),
        dominating(40.0),
    ),
    draw=draw_bits,
)


def one_pair(beta0: float) -> Bits:
    """One vector and its partner, so that the sum is exactly at its threshold; in doubles it is on either side."""
    one = np.array([[1, 0, 0, 0, 0]])
    return Bits(one, one, beta0, 1)


DECISIVE = Family(
    "decisive-bits",
    always=(
        SMALLEST,
        crowd_below(8, 1, 1.125),
        random_bits(1, 16, 8, 64.0, planted=True),
        random_bits(2, 16, 8, 64.0, planted=False),
        random_bits(4, 16, 8, 1390.0, planted=True),
        dominating(40.0),
        *(one_pair(k / 4) for k in range(1, 65)),
    ),
    draw=draw_decisive,
)
# half of the threshold, and just below it: the crowd of n pairs at p - h then counts as a partner
TOO_COLD = Family("beta0-below", always=(crowd_below(8, 1, 0.5), crowd_below(8, 1, 0.96875)))


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


def gadgets(n: int, d: int, seed: int, low: tuple[int, ...], high: int) -> Polynomials:
    """A planted and a plain one with beta0 = 80."""
    # different seeds, so that the plain gadget is not the planted one less its pair
    pair = [random_bits(10 * (2 - planted) + seed, n, d, 80.0, planted=planted) for planted in (True, False)]
    return Polynomials(*pair, low, high)


def draw_polynomials(draws: Draws) -> Polynomials:
    """Thirty-two random vectors of weight eight in sixteen bits."""
    return gadgets(32, 16, draws.integers(0, 2**31 - 1), (2, 4, 8, 16), 80)


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


POLYNOMIALS = Family(
    "polynomial-gadgets",
    always=lambda: (
        *(gadgets(32, 16, seed, (2, 4, 8, 16), 80) for seed in range(3)),
        gadgets(256, 32, 0, (2, 4, 8, 16), 40),
    ),
    draw=draw_polynomials,
)
