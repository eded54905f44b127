"""The gadget that finds pairs of bit vectors."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory.bounds import All, Derived, Draws, Family, Identity, Sides, Statement, rounding, saboteur
from lrtheory.lora_limits import chain, theory
from proofs_checks.orbits import Symmetry


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


def mass_for_odds(case: Bits, rng: np.random.Generator) -> Read:
    """Use log(t) instead of log(t / (1 - t))."""
    found = read(case)
    # subtle: odds and mass agree where the mass of the first keys is small
    return replace(found, sums=found.sums + np.log1p(-found.attention[: len(case.a), 0]))


def sums_read(case: Bits, found: Read) -> Sides:
    """Compare log S_i with a direct sum, all logits, and log t_i with log S_i - log(S_i + n exp(beta0 / 2))."""
    n, d = case.a.shape
    scores = case.beta0 * case.products / (2 * d)
    direct = np.log(np.exp(scores - scores.max(1, keepdims=True)).sum(1)) + scores.max(1)
    logits = np.block([[scores, np.full((n, n), case.beta0 / 2)], [np.zeros((n, n)), np.full((n, n), case.beta0 / 2)]])
    sums = np.r_[direct, np.full(n, np.log(n))]  # queries beyond n have logit 0 with the first n keys, so S = n
    shares = sums - np.logaddexp(sums, np.log(n) + case.beta0 / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        read = np.log(np.ravel(found.attention))
    lhs, rhs = np.r_[found.sums, found.logits.ravel(), read], np.r_[direct, logits.ravel(), shares]
    return Sides(lhs, rhs, rounding=case.rounding_bound)


LL_H7 = Statement(
    id="lora_limits/LL-H7",
    title="Attention of the gadget counts pairs",
    says=(
        "a_i and b_j are n bit vectors each, of d bits and one weight below d, and beta_0 is the scale of the logits. "
        "The attention weight t_i that query i of the gadget gives to the first n keys tells the sum S_i over the "
        "inner products of a_i with all b_j."
    ),
    source=Derived(theory.log_pair_sums),
    tex=r"t_i = \frac{S_i}{S_i + ne^{\beta_0/2}},\quad S_i = \textstyle\sum_j e^{\beta_0\langle a_i, b_j\rangle/2d}",
    hypotheses={
        "a weight below d": lambda case: case.a.sum(1).max() < case.a.shape[1],
        "exp(-beta0 / 2) / (2 n) does not underflow": is_normal,
    },
    instances=SUMS,
    solve=read,
    claim=Identity(sums_read),
    saboteurs=(
        # logits twice as large: the right half of a row is still at the maximum
        saboteur("divided by d, not 2 d", solve=partial(read, halved=False)),
        saboteur("t for t / (1 - t)", solve=mass_for_odds),
    ),
    notes="Entries of Q and K are at most sqrt(beta0), logits lie in [0, beta0 / 2].",
)


def decided(case: Bits, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the library's decisions, one for each point."""
    t = read(case).attention
    return theory.decide_pair(t, case.wanted, n_bits=case.a.shape[1], beta0=case.beta0)


def is_decisive(case: Bits) -> bool:
    """Return whether beta0 is above its threshold, by more than the slack of the decision needs."""
    n, d = case.a.shape
    return case.beta0 > theory.decisive_beta0(n, d, gap=case.gap) + 4e-9 * d


def crowd_below(n: int, h: int, factor: float) -> Bits:
    """Return n vectors whose pairs are all at p - h, where p is asked for, and beta0 in units of its threshold.

    The sum S_i is n exp(beta0 (p - h) / (2 d)), the largest without a partner: below the threshold the decision fails.
    """
    d, p = 8, 4
    a, b = np.zeros((n, d), int), np.zeros((n, d), int)
    # shifted by h bits, so that all inner products are p - h
    a[:, :p], b[:, h : h + p] = 1, 1
    return Bits(a, b, factor * theory.decisive_beta0(n, d, gap=h), p)


def draw_decisive(draws: Draws) -> Bits:
    """Draw vectors as `draw_bits` does, with a scale above the threshold of LL-H8."""
    case = draw_bits(draws)
    n, d = case.a.shape
    # the factor keeps the claim away from the threshold itself, where rounding decides
    return Bits(case.a, case.b, 1.0 + 1.125 * theory.decisive_beta0(n, d, gap=case.gap), case.wanted)


def renamed(case: Bits) -> Iterator[bytes]:
    """Yield the tables a and b with their bits in every order."""
    for order in itertools.permutations(range(case.a.shape[1])):
        yield case.a[:, order].tobytes() + case.b[:, order].tobytes()


NAMES = Symmetry(renamed)


def all_points(weight: int) -> Iterator[Bits]:
    """Yield two vectors a and two vectors b, all of four bits and one weight, up to the names of bits."""
    points = [one for one in itertools.product((0, 1), repeat=4) if sum(one) == weight]
    tables = (np.array(four) for four in itertools.product(points, repeat=4))
    return NAMES.one_of_each(Bits(one[:2], one[2:], 1.0, 1) for one in tables)


def all_products() -> Iterator[Bits]:
    """Yield all vectors and products from 1 to their weight, at a scale a thousandth above that which decides."""
    for case, wanted in ((one, p) for weight in (1, 2, 3) for one in all_points(weight) for p in range(1, weight + 1)):
        asked = replace(case, wanted=wanted)
        yield replace(asked, beta0=1.001 * theory.decisive_beta0(2, 4, gap=asked.gap))


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


def no_slack(case: Bits, rng: np.random.Generator) -> np.ndarray:
    """Decide by the threshold of exact arithmetic, without a slack for rounding."""
    # subtle: only a single pair exactly at the threshold, in doubles on either side of it, is decided wrongly
    return read(case).sums >= case.beta0 * case.wanted / (2 * case.a.shape[1])


def threshold_of_d(case: Bits, rng: np.random.Generator) -> np.ndarray:
    """Decide by the threshold beta0 p / d instead of beta0 p / (2 d)."""
    return read(case).sums >= case.beta0 * case.wanted / case.a.shape[1] - 1e-9


def right_decisions(case: Bits, found: np.ndarray) -> Sides:
    """Compare the decisions with enumeration of all pairs."""
    return Sides(np.asarray(found).astype(int), (case.products.max(1) >= case.wanted).astype(int))


LL_H8 = Statement(
    id="lora_limits/LL-H8",
    title="Attention decides whether a pair exists",
    says=(
        "The inner products of the n bit vectors a_i with the n vectors b_j, of d bits, are at least p or at most p - "
        "h. If the scale beta_0 exceeds 2 d ln(n) / h, the sum S_i of LL-H7 tells whether a_i has a partner of at "
        "least p; 10^-9 is a slack for rounding."
    ),
    source=Derived(theory.decide_pair),
    tex=r"\beta_0 > 2d\ln n/h:\ \max_j\langle a_i, b_j\rangle \ge p \iff \log S_i \ge \beta_0p/2d - 10^{-9}",
    hypotheses={
        "beta0 above 2 d log(n) / h": is_decisive,
        "exp(-beta0 / 2) / (2 n) does not underflow": is_normal,
    },
    instances=DECISIVE,
    for_all=(
        All(
            "choices of two vectors a and two vectors b of four bits, all of one weight from 1 to 3, and of a product "
            "p from 1 to the weight, at 1.001 times the scale that decides",
            all_products,
            members=180,
            orbit=NAMES.size,
            total=4**4 + 2 * 6**4 + 3 * 4**4,
            up_to="the names of bits",
            invisible={"no slack for ties": "with two keys no sum lies at the threshold itself"},
        ),
    ),
    solve=decided,
    claim=Identity(right_decisions),
    saboteurs=(
        # the threshold without the 2: a crowd of pairs just below p then looks like a partner
        saboteur("beta0 above d log(n) / h", breaks="beta0 above 2 d log(n) / h", instances=TOO_COLD),
        saboteur("no slack for ties", solve=no_slack),
        saboteur("the threshold of d for 2 d", solve=threshold_of_d),
    ),
    notes="Entries of order sqrt(log n) suffice when h is of order d: that is where sqrt(log L) comes from.",
)
