"""Tails of a random sample: Gram matrices of columns, and the noise of the spectral start.

Each entry is seen with probability p. Gram matrices B are sums of u_i u_i^T / p over the seen rows of a factor U with
k orthonormal columns, and L = max |u_i|^2 / p. For an m x n matrix M, `longest` is the largest length of a row or
column, and `largest` the largest absolute entry.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial

import numpy as np
from scipy.optimize import brentq

from lrtheory._numbers import divergence, inexact
from lrtheory.bounds import Classical, Draws, Family, Number, Probability, Statement, always, formula, saboteur
from lrtheory.matrix_completion import sample_mask
from proofs_checks.matrix_completion.families.samples import MaskLaw, mask_law, masks


def columns(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw n independent columns of one sample, as bools of shape (n, rows)."""
    # one sample with n columns, since the columns of a sample are independent: n times faster than n samples
    mask = np.zeros((law.shape[0], n), bool)
    mask[sample_mask(mask.shape, law.density, rng=rng)] = True
    return mask.T


def flat(n: int, density: float, threshold: float, above: float = 0.5) -> MaskLaw:
    """Make a law of the flat n x n matrix, whose entries are all 1 / n, that starts from the truth."""
    one = np.full((n, 1), n**-0.5)
    return MaskLaw(one, np.ones(1), one, one, density, threshold, above)


def draw_column(draws: Draws) -> MaskLaw:
    """Draw one column of nine to twelve rows at rank one, with rows of nearly one length.

    Nothing is seen of a column with probability (1 - p)^m, and rows of nearly one length bring the bound close to it.
    """
    # up to twelve rows, for which the exact probability is a sum over all samples
    m, density = draws.integers(9, 12), draws.choice((0.25, 0.375))
    start = 4.0 + draws.integers(0, 2, shape=(m, 1)) / 2
    start, right = start / np.linalg.norm(start), np.ones((1, 1))
    # B_j / p is 1 / p at most, when everything is seen, so the threshold above lies nine tenths of the way there
    return MaskLaw(start, np.ones(1), right, start, density, 0.99, 0.9 * (1 / density - 1))


# On the flat column of ten rows the bound is nearly attained: it is within 3/2 of (1 - p)^10, the chance that nothing
# is seen. The others have several columns, and enough rows for a bound below 1.
GRAMS = Family(
    "grams",
    always=lambda: (
        flat(10, 0.2, 0.99, 3.6),
        mask_law(800, 1, 3, 0.5, threshold=0.5, above=0.9, seed=2),
        mask_law(2000, 1, 4, 0.4, threshold=0.6, above=0.4, seed=3),
    ),
    draw=draw_column,
)


def thinner_columns(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """See a fifth of the entries that the law says."""
    return columns(replace(law, density=law.density / 5), rng, n)


def without_long_rows(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Never see an entry in a row of the start that is longer than the median one."""
    lengths = np.linalg.norm(law.start, axis=1)
    return columns(law, rng, n) & (lengths <= np.median(lengths))


def whole_columns(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """See every entry."""
    return np.ones((n, law.shape[0]), bool)


@formula(d="[0, 1)", k="[1, inf)", L="(0, inf)")
def lower_gram_tail(d: Number, k: int, L: Number) -> Number:
    """The smallest eigenvalue of B is at most 1 - d with at most this probability."""
    return k * np.exp(inexact(-divergence(1 - d, 1, gap=d) / L))


@formula(d="[0, inf)", k="[1, inf)", L="(0, inf)")
def upper_gram_tail(d: Number, k: int, L: Number) -> Number:
    """The largest eigenvalue of B is at least 1 + d with at most this probability."""
    return k * np.exp(inexact(-divergence(1 + d, 1, gap=-d) / L))


def gram_tail(law: MaskLaw, factor: float = 1.0) -> float:
    """Return the sum of the matrix Chernoff bounds of both tails, with their exponents times a factor."""
    largest = (np.linalg.norm(law.start, axis=1) ** 2).max() / law.density
    k, L = law.start.shape[1], largest / factor  # the exponents are divided by L
    below, above = lower_gram_tail(law.threshold, k, L), upper_gram_tail(law.above, k, L)
    return float(below + above)


def gram_is_off(law: MaskLaw, seen: np.ndarray) -> np.ndarray:
    """Decide for each column (n, rows) whether an eigenvalue of B_j / p is at most 1 - d or at least 1 + d'."""
    grams = np.einsum("ri,ia,ib->rab", seen / law.density, law.start, law.start)
    values = np.linalg.eigvalsh(grams)
    return (values[:, 0] <= 1 - law.threshold) | (values[:, -1] >= 1 + law.above)


def gram_off(law: MaskLaw) -> float | None:
    """Return the probability of `gram_is_off` over all samples of a column; None beyond twelve rows."""
    m = len(law.start)
    if m > 12:
        return None
    every = np.array(list(itertools.product((False, True), repeat=m)))
    seen = every.sum(1)
    weights = law.density**seen * (1 - law.density) ** (m - seen)
    return float(weights @ gram_is_off(law, every))


def grams_stay(factor: float = 1.0) -> Probability:
    """Make the claim that `gram_is_off` has at most the probability of the bound."""
    return Probability(event=gram_is_off, at_most=partial(gram_tail, factor=factor), exact=gram_off)


MC_W1 = Statement(
    id="matrix_completion/MC-W1",
    title="The sample is a sketch: Grams of columns concentrate",
    says="B_j is the sum of u_i u_i^T over the rows i seen in column j, each with probability p, for a factor U "
    "with k orthonormal columns and rows u_i; L = max |u_i|^2 / p. Some eigenvalue lambda of B_j / p lies "
    "outside (1 - d, 1 + d') with at most the stated probability: the sample itself is a sketch.",
    source=Classical("matrix Chernoff bound", "J. Tropp, User-friendly tail bounds for sums of random matrices, 2012"),
    tex=r"P[\lambda(B_j/p) \not\subset (1-d, 1+d')] \le k e^{-(d + (1-d)\ln(1-d))/L} + k e^{-((1+d')\ln(1+d') - d')/L}",
    hypotheses={"the bound is below 1": lambda law: gram_tail(law) < 1},
    instances=GRAMS,
    solve=columns,
    claim=grams_stay(),
    saboteurs=(
        saboteur("one and a half times the exponent", claim=grams_stay(factor=1.5)),
        saboteur("a fifth of the sample", solve=thinner_columns),
        saboteur("the entries of the longest rows are not seen", solve=without_long_rows),
        # more data is a violation too: B_j / p is then the identity over p, above 1 + d'
        saboteur("everything is seen", solve=whole_columns),
    ),
    notes="Loose for several columns; within 3/2 on one flat column, of which nothing is seen with chance (1 - p)^m.",
)


def draw_noise(draws: Draws) -> MaskLaw:
    """Draw a flat matrix or Haar factors of rank one or two, with 24 to 48 rows."""
    size, density, threshold = draws.choice((24, 36, 48)), draws.choice((0.2, 0.25, 0.5)), draws.choice((0.1, 0.25))
    k, seed = draws.integers(0, 2), draws.integers(0, 10**6)  # k = 0 stands for the flat matrix
    return flat(size, density, threshold) if k == 0 else mask_law(size, 24, k, density, seed=seed, threshold=threshold)


NOISES = Family("noises", always=lambda: (flat(48, 0.25, 0.1), flat(128, 0.5, 0.1)), draw=draw_noise)


def whole_rows(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """See rows whole or not at all, which gives each entry the right probability and no independence."""
    return np.broadcast_to(rng.random((n, law.shape[0], 1)) < law.density, (n, *law.shape))


def init_noise(law: MaskLaw, seen: np.ndarray) -> np.ndarray:
    """Return the spectral norm of P_Omega(M) / p - M for each sample."""
    return np.linalg.norm(law.matrix * seen / law.density - law.matrix, 2, axis=(1, 2))


@formula(t="[0, inf)", m="[1, inf)", n="[1, inf)", longest="[0, inf)", largest="(0, inf)", p="(0, 1)")
def init_noise_tail(t: Number, m: int, n: int, longest: Number, largest: Number, p: Number) -> Number:
    """The spectral norm of P_Omega(M) / p - M is t or more with at most this probability."""
    odds = (1 - p) / p
    variance = odds * longest * longest
    jump = largest * (odds if odds > 1 else 1)
    return (m + n) * np.exp(inexact(-(t * t / 2) / (variance + jump * t / 3)))


def noise_level(law: MaskLaw, factor: float = 1.0) -> float:
    """Return the t at which the matrix Bernstein bound equals the threshold, times the factor."""
    M = law.matrix
    (m, n), longest = law.shape, max(np.linalg.norm(M, axis=axis).max() for axis in (0, 1))
    # the bound falls from m + n at t = 0 and is far below every threshold at 100 |M|_F, so a root lies between
    excess = lambda t: float(init_noise_tail(t, m, n, longest, np.abs(M).max(), law.density)) - law.threshold
    return factor * brentq(excess, 0.0, 100 * np.linalg.norm(M))


def noisy(factor: float = 1.0) -> Probability:
    """Make the claim that the noise reaches `noise_level` with probability at most the threshold."""
    event = lambda law, seen: init_noise(law, seen) >= noise_level(law, factor)
    return Probability(event=event, at_most=lambda law: law.threshold)


MC_W2 = Statement(
    id="matrix_completion/MC-W2",
    title="The noise of the spectral start is small",
    says="P_Omega(M) keeps the seen entries of an m x n matrix M, each seen with probability p, and is 0 "
    "elsewhere. The spectral norm of P_Omega(M) / p - M is t or more with at most the stated probability; v "
    "is (1-p)/p times the largest squared length of a row or column of M, and L = max |M_ij| max(1, (1-p)/p).",
    source=Classical(
        "matrix Bernstein inequality", "J. Tropp, User-friendly tail bounds for sums of random matrices, 2012"
    ),
    tex=r"P[\|P_\Omega(M)/p - M\| \ge t] \le (m+n)\exp(-\tfrac{t^2/2}{v + Lt/3})",
    hypotheses={"entries are seen independently": always},
    instances=NOISES,
    solve=masks,
    claim=noisy(),
    saboteurs=(
        saboteur("two fifths of the level", claim=noisy(2 / 5)),
        # each entry is seen with the right probability; only the independence is lost
        saboteur("whole rows at once", solve=whole_rows),
    ),
    notes="Loose by a factor of 2: half of the level would pass on these instances.",
)
