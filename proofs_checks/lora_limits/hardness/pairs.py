"""The gadget that finds pairs of bit vectors."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Measured,
    Sides,
    Statement,
    rounding,
    saboteur,
)
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


def renamed(case: Bits) -> np.ndarray:
    """Return the numbers, in base two, of the tables a and b in every order of the bits."""
    orders = list(itertools.permutations(range(case.a.shape[1])))
    tables = np.concatenate([case.a, case.b])[:, orders].swapaxes(0, 1)
    return tables.reshape(len(orders), -1) @ (1 << np.arange(tables[0].size))


def alike(case: Bits) -> int:
    """Count the points that are these with other names of the bits."""
    return len(np.unique(renamed(case)))


def all_points() -> Iterator[Bits]:
    """Yield two points on either side of four bits and one weight, up to the names of bits, for every product asked.

    The scale is a thousandth above that from which attention decides.
    """
    for weight in (1, 2, 3):
        points, met = [one for one in itertools.product((0, 1), repeat=4) if sum(one) == weight], set()
        for four in itertools.product(points, repeat=4):
            one = Bits(np.array(four[:2]), np.array(four[2:]), 1.0, 1)
            names = renamed(one)
            if int(names[0]) not in met:
                met.update(names.tolist())
                for wanted in range(1, weight + 1):
                    gap = replace(one, wanted=wanted).gap
                    yield replace(one, wanted=wanted, beta0=1.001 * theory.decisive_beta0(2, 4, gap=gap))


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
            "products asked of two points on either side, of four bits and one weight, just above the scale",
            all_points,
            members=180,
            orbit=alike,
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
