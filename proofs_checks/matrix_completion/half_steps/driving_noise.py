"""The noise that a random sample puts on a half-step: its second moment, and bounds by incoherence and distance.

Each entry of M = U* S V*^T, an m x n matrix of rank k and condition number kappa, is seen with probability p. The
factor U is fixed, its rows are u_i, mu is its incoherence, and d its distance from U*; `norm` is the Frobenius norm
of M. G is the noise: row j is 1/p times the sum of u_i w_i^T S v*_j over the rows i seen in column j, with w_i the
rows of W = (I - U U^T) U*.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial

import numpy as np

from lrtheory._numbers import inexact
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Expectation,
    Family,
    Identity,
    Inequality,
    Number,
    OutcomeError,
    Sides,
    Statement,
    always,
    formula,
    rounding,
    saboteur,
)
from lrtheory.matrix_completion import incoherence, theory
from proofs_checks.matrix_completion.families.half_steps import distance
from proofs_checks.matrix_completion.families.samples import MaskLaw, mask_law, masks


def flat_start(m: int, n: int, density: float) -> MaskLaw:
    """Make a law whose start has equal rows, and whose truth differs in a quarter of the signs: bounds are attained."""
    start = np.full((m, 1), m**-0.5)
    left = np.where(np.arange(m)[:, None] < m // 4, -start, start)
    return MaskLaw(left, np.ones(1), np.full((n, 1), n**-0.5), start, density)


def draw_law(draws: Draws) -> MaskLaw:
    """Draw up to eight rows, up to six columns, and rank up to two."""
    m, n, k = draws.integers(4, 8), draws.integers(3, 6), draws.integers(1, 2)
    return mask_law(m, n, k, draws.choice((0.25, 0.5, 0.75)), seed=draws.integers(0, 10**6))


# starts with equal rows, for which the bounds of the second moment are attained
STARTS = Family("starts", always=lambda: (flat_start(4, 3, 0.5), flat_start(8, 5, 0.125)), draw=draw_law)


def driving_moment(law: MaskLaw, rng: np.random.Generator | None = None) -> float:
    """Return E |G|_F^2 by the formula of the library."""
    return float(theory.driving_second_moment(law.start, law.truth, density=law.density))


@formula(d="[0, 1]", mu="(0, inf)", m="[1, inf)", k="[1, inf)", norm="[0, inf)", p="(0, 1]")
def driving_second_moment_bound(d: Number, mu: Number, m: int, k: int, norm: Number, p: Number) -> Number:
    r"""E |G|_F^2 is at most this, by the incoherence of U and its distance.

    Proof
    -----
    Assumes: As in `theory.driving_second_moment`; mu bounds the rows of U, for which the caller answers.

    Proof: In `theory.driving_second_moment` \|u_i\|^2 <= mu^2 k / m, and the sum that remains is \|W S V*^T\|_F^2,
    which is at most \|W\|^2 \|M\|_F^2 with \|W\| = d.
    """
    root = mu * d * norm
    return (1 - p) / p * k / m * root * root


@formula(mu="(0, inf)", m="[1, inf)", k="[1, inf)", kappa="[1, inf)", p="(0, 1]")
def expected_contraction(mu: Number, m: int, k: int, kappa: Number, p: Number) -> Number:
    r"""The root of E |G|_F^2 is at most this times s_k d, which to first order is how a half-step shrinks d.

    Proof
    -----
    Assumes: As in `driving_second_moment_bound`. To read the value as a contraction, the distance is small and the Gram
    matrices B_j are close to p I, both to first order; nobody checks that.

    Proof: `driving_second_moment_bound` with \|M\|_F^2 <= k s_1^2 is at most (factor s_k d)^2. To first order
    `theory.contraction_bound` is \|F\| / s_k, and \|F\| is at most about \|G\|_F.
    """
    return np.sqrt(inexact((1 - p) / p / m)) * mu * k * kappa


def moment_bounds(law: MaskLaw, moment: float, share: float = 1.0) -> Sides:
    """Compare the moment with its bound, and this with two weaker ones: by the contraction, and by the entries needed.

    The first entry compares the formula with the stated moment, so that a moment that is too small does not pass.
    """
    (m, k), s, p = law.start.shape, law.singular_values, law.density
    d, mu = distance(law.start, law.left), incoherence(law.start)
    norm, condition = np.linalg.norm(s), s[0] / s[-1]
    bound = driving_second_moment_bound(d, mu, m, k, norm, p)
    factor = expected_contraction(mu, m, k, condition, p)
    needed = theory.samples_for_contraction(rank=k, incoherence=mu, condition=condition, factor=1)
    contracted, by_count = (factor * s[-1] * d) ** 2, needed / (p * m) * (s[-1] * d) ** 2
    # each side is the left side of the next inequality, so a mistake in one formula breaks the chain at one link
    rhs = np.array([moment, share * bound, contracted, by_count])
    lhs = [driving_moment(law), moment, bound, contracted]
    return Sides(lhs, rhs, rounding=rounding(64 * m * len(law.right), by_count))


MC_E1_BOUND = Statement(
    id="matrix_completion/MC-E1-bound",
    title="The noise that drives a half-step, by incoherence and distance",
    says="G is the noise that a fresh sample, of density p, puts on a half-step (MC-E1). Its mean square E |G|_F^2"
    " obeys three bounds, each weaker than the one before: mu is the incoherence of the fixed m x k factor U,"
    " d its distance from U*, and M has k-th singular value s_k and condition number kappa.",
    source=Derived(driving_second_moment_bound),
    tex=r"\mathbb E\|G\|_F^2 \le \tfrac{1-p}{p} \tfrac{\mu^2 k}{m} d^2 \|M\|_F^2"
    r" \le \tfrac{1-p}{p} \tfrac{\mu^2 k^2}{m} \kappa^2 (s_k d)^2 \le \tfrac{\mu^2 k^2 \kappa^2}{pm} (s_k d)^2",
    hypotheses={"orthonormal columns": lambda law: np.allclose(law.start.T @ law.start, np.eye(law.start.shape[1]))},
    instances=STARTS,
    solve=driving_moment,
    claim=Inequality(moment_bounds, unbounded="second moments have no upper limit"),
    closed="the claim compares formulas of the library, and no algorithm is under test",
    saboteurs=(
        # the instances that always run attain the bound, so a tenth less is noticed
        saboteur("nine tenths of the bound", claim=Inequality(partial(moment_bounds, share=0.9))),
        saboteur("1/p for (1 - p)/p", solve=lambda law, rng: driving_moment(law) / (1 - law.density)),
    ),
    notes="Tight for rank one and a start whose rows have one length.",
)


SMALL_MASKS = Family(
    "small-masks", always=lambda: (mask_law(6, 4, 2, 0.5), mask_law(8, 3, 1, 0.75, seed=1)), draw=draw_law
)


def masks_that_suit(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """See entries of which the start explains little less often than the others, so that the sample depends on U."""
    # Half of the entries are seen more often and half less, so the share that is seen is about as claimed. Only the
    # moment shows the mistake, since those entries contribute to it that U does not explain.
    outside = np.abs(law.matrix - law.start @ (law.start.T @ law.matrix))
    chance = law.density + np.where(outside <= np.median(outside), 0.25, -0.25)
    return rng.random((n, *law.shape)) < chance


def sampled(law: MaskLaw, seen: np.ndarray) -> np.ndarray:
    """Return the samples, if they see the share of entries that the law says.

    An honest sampler is refused with a probability of at most 10^-12 (Hoeffding).
    """
    # the moment alone would not notice a sampler with 1 - p for p, since p (1 - p) decides it
    off = np.sqrt(np.log(2e12) / (2 * seen.size))
    if abs(seen.mean() - law.density) > off:
        raise OutcomeError(f"entries must be seen with probability {law.density}; got a share of {seen.mean():.3g}")
    return seen


def driving_noise(law: MaskLaw, seen: np.ndarray) -> np.ndarray:
    """Return |G|_F^2 of samples (n, rows, columns); row j of G is 1/p times the sum of u_i w_i^T S v*_j over seen i."""
    outside = law.matrix - law.start @ (law.start.T @ law.matrix)  # entries w_i^T S v*_j of (I - U U^T) M
    rows = np.einsum("rij,ia,ij->rja", seen / law.density, law.start, outside)
    return (rows**2).sum((1, 2))


def noise_of(law: MaskLaw, seen: np.ndarray) -> np.ndarray:
    """Return |G|_F^2 of each sample, after checking the share of entries that is seen."""
    return driving_noise(law, sampled(law, seen))


def largest_noise(law: MaskLaw) -> tuple[float, float]:
    """Return the range of |G|_F^2: no row of G is longer than the sum of the lengths of all of its terms."""
    outside = np.abs(law.matrix - law.start @ (law.start.T @ law.matrix))
    return 0.0, float((((np.linalg.norm(law.start, axis=1) @ outside) / law.density) ** 2).sum())


def noise_moment(factor=lambda law: 1.0) -> Expectation:
    """Make the claim that E |G|_F^2 is its formula, times a factor."""
    # within a fifth: the wrong factor 1 / (1 - p) is 4/3 at the smallest density that is drawn, 1/4
    moment = lambda law: factor(law) * float(theory.driving_second_moment(law.start, law.truth, density=law.density))
    return Expectation(sample=noise_of, equals=moment, within=lambda law: 0.2 * moment(law), support=largest_noise)


MC_E1 = Statement(
    id="matrix_completion/MC-E1",
    title="Second moment of the noise that drives a half-step",
    says="G is the noise that drives a half-step from U: its row j is 1/p times the sum of u_i w_i^T S v*_j over "
    "the rows i seen in column j, where M = U* S V*^T and w_i are the rows of W = (I - U U^T) U*. If entries "
    "are seen with probability p, independently of U, its mean square E |G|_F^2 is the stated sum over rows.",
    source=Derived(theory.driving_second_moment),
    tex=r"\mathbb E\|G\|_F^2 = \frac{1-p}{p} \sum_i \|u_i\|^2 \|(W S V^{*T})_i\|^2",
    hypotheses={"entries are seen independently of U": always},
    instances=SMALL_MASKS,
    solve=masks,
    claim=noise_moment(),
    saboteurs=(
        saboteur("1/p for (1 - p)/p", claim=noise_moment(lambda law: 1 / (1 - law.density))),
        saboteur("the entries that U fits worst are seen less often", solve=masks_that_suit),
    ),
)


def draw_enumerable(draws: Draws) -> MaskLaw:
    """Draw a matrix of at most twelve entries, whose samples can be enumerated, of rank one or two."""
    (m, n), k = draws.choice(((4, 3), (3, 4), (4, 2), (6, 2))), draws.integers(1, 2)
    return mask_law(m, n, k, draws.choice((0.25, 0.5, 0.75)), seed=draws.integers(0, 10**6))


ENUMERATED_MASKS = Family(
    "enumerated-masks",
    always=lambda: (mask_law(4, 3, 1, 0.25), mask_law(4, 3, 2, 0.5, seed=1)),
    draw=draw_enumerable,
)


def quarter_laws() -> Iterator[MaskLaw]:
    """Yield columns U, U* and V* of two entries in six directions, up to sign, for each of three densities."""
    six = [np.array(two) for two in ([[1], [0]], [[4], [3]], [[3], [4]], [[0], [1]], [[-3], [4]], [[-4], [3]])]
    units = [one / np.linalg.norm(one) for one in six]
    for start, left, right in itertools.product(units, repeat=3):
        yield from (MaskLaw(left, np.array([2.0]), right, start, quarters / 4) for quarters in (1, 2, 3))


def mean_row_length(law: MaskLaw, rng: np.random.Generator) -> float:
    """Return the second moment with k / m, their mean, in place of the squared lengths of the rows of U."""
    m, k = law.start.shape
    outside = law.matrix - law.start @ (law.start.T @ law.matrix)
    return (1 - law.density) / law.density * k / m * float((outside**2).sum())


def noise_of_all_masks(law: MaskLaw, moment: float) -> Sides:
    """Compare E |G|_F^2 with the sum over all samples of a small matrix, each weighted with its probability."""
    m, n = law.shape
    # at most 2^12 samples; the sum is exact up to rounding, so a hundredth too much is refuted without a draw
    every = np.array(list(itertools.product((False, True), repeat=m * n))).reshape(-1, m, n)
    seen = every.sum((1, 2))
    weights = law.density**seen * (1 - law.density) ** (m * n - seen)
    total = float(weights @ driving_noise(law, every))
    # what U leaves of M comes from a difference of terms as large as M, and is 0 where U spans its columns
    length = rounding(len(every) * m * n, np.linalg.norm(law.matrix) / law.density)
    return Sides([moment], [total], rounding=2 * np.sqrt(total) * length + length**2)


MC_E1_EXACT = Statement(
    id="matrix_completion/MC-E1-exact",
    title="The same second moment, over all samples of a small matrix",
    says="The mean of |G|_F^2 over all samples Omega of a small m x n matrix, each weighted with its probability "
    "p^|Omega| (1-p)^(mn-|Omega|), is exactly the formula of MC-E1. G is the noise of that statement for the "
    "fixed factor U with rows u_i, W = (I - U U^T) U*, and M = U* S V*^T.",
    source=Derived(theory.driving_second_moment),
    tex=r"\sum_\Omega p^{|\Omega|}(1-p)^{mn-|\Omega|}\|G\|_F^2 = \frac{1-p}{p}\sum_i\|u_i\|^2\|(WSV^{*T})_i\|^2",
    hypotheses={
        "orthonormal columns": lambda law: np.allclose(law.start.T @ law.start, np.eye(law.start.shape[1])),
        "at most twelve entries": lambda law: law.shape[0] * law.shape[1] <= 12,
    },
    instances=ENUMERATED_MASKS,
    for_all=(
        All(
            "choices of U, U* and V* along (1, 0), (4, 3) or (3, 4) or at right angles to one, and of p in quarters",
            quarter_laws,
            members=648,
        ),
    ),
    solve=driving_moment,
    claim=Identity(noise_of_all_masks),
    saboteurs=(
        saboteur("one hundredth more", solve=lambda law, rng: 1.01 * driving_moment(law)),
        saboteur("the mean length of the rows of U", solve=mean_row_length),
    ),
)
