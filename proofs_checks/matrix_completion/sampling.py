"""Statements about a random sample: its noise on a half-step and on the start, and the Gram matrices of columns."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
from scipy.optimize import brentq

from lrtheory.bounds import (
    Classical,
    Derived,
    Expectation,
    Identity,
    OutcomeError,
    Probability,
    Sides,
    Statement,
    always,
    rounding,
    saboteur,
)
from lrtheory.matrix_completion import theory
from proofs_checks.matrix_completion import wrong_solvers
from proofs_checks.matrix_completion.families.samples import (
    ENUMERATED_MASKS,
    GRAMS,
    NOISES,
    SMALL_MASKS,
    MaskLaw,
    columns,
    masks,
)

# --- moments ---------------------------------------------------------------------------------------------------------


def sampled(law: MaskLaw, seen: np.ndarray) -> np.ndarray:
    """Return the samples, if they see the share of entries that the law says.

    An honest sampler is refused with a probability of at most 10^-12 (Hoeffding).
    """
    # the moment alone would not notice a sampler with 1 - p for p, since p (1 - p) decides it
    off = np.sqrt(np.log(2e12) / (2 * seen.size))
    if abs(seen.mean() - law.density) > off:
        raise OutcomeError(f"entries must be seen with probability {law.density}; got a share of {seen.mean():.3g}")
    return seen


def noise_of(law: MaskLaw, seen: np.ndarray) -> np.ndarray:
    """Return |G|_F^2 of each sample, after checking the share of entries that is seen."""
    return driving_noise(law, sampled(law, seen))


def driving_noise(law: MaskLaw, seen: np.ndarray) -> np.ndarray:
    """Return |G|_F^2 of samples (n, rows, columns); row j of G is 1/p times the sum of u_i w_i^T S v*_j over seen i."""
    outside = law.matrix - law.start @ (law.start.T @ law.matrix)  # entries w_i^T S v*_j of (I - U U^T) M
    rows = np.einsum("rij,ia,ij->rja", seen / law.density, law.start, outside)
    return (rows**2).sum((1, 2))


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
        saboteur("the entries that U fits worst are seen less often", solve=wrong_solvers.masks_that_suit),
    ),
)


def noise_of_all_masks(law: MaskLaw, moment: float) -> Sides:
    """Compare E |G|_F^2 with the sum over all samples of a small matrix, each weighted with its probability."""
    m, n = law.shape
    # at most 2^12 samples; the sum is exact up to rounding, so a hundredth too much is refuted without a draw
    every = np.array(list(itertools.product((False, True), repeat=m * n))).reshape(-1, m, n)
    seen = every.sum((1, 2))
    weights = law.density**seen * (1 - law.density) ** (m * n - seen)
    total = float(weights @ driving_noise(law, every))
    return Sides([moment], [total], rounding=rounding(len(every) * m * n, total))


def driving_moment(law: MaskLaw, rng: np.random.Generator | None = None) -> float:
    """Return E |G|_F^2 by the formula of the library."""
    return float(theory.driving_second_moment(law.start, law.truth, density=law.density))


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
    solve=driving_moment,
    claim=Identity(noise_of_all_masks),
    saboteurs=(
        saboteur("one hundredth more", solve=lambda law, rng: 1.01 * driving_moment(law)),
        saboteur("the mean length of the rows of U", solve=wrong_solvers.mean_row_length),
    ),
)


# --- tails -----------------------------------------------------------------------------------------------------------


def gram_is_off(law: MaskLaw, seen: np.ndarray) -> np.ndarray:
    """Decide for each column (n, rows) whether an eigenvalue of B_j / p is at most 1 - d or at least 1 + d'."""
    grams = np.einsum("ri,ia,ib->rab", seen / law.density, law.start, law.start)
    values = np.linalg.eigvalsh(grams)
    return (values[:, 0] <= 1 - law.threshold) | (values[:, -1] >= 1 + law.above)


def gram_tail(law: MaskLaw, factor: float = 1.0) -> float:
    """Return the sum of the matrix Chernoff bounds of both tails, with their exponents times a factor."""
    largest = (np.linalg.norm(law.start, axis=1) ** 2).max() / law.density
    known = {"rank": law.start.shape[1], "largest": largest / factor}  # the exponents are divided by `largest`
    below, above = theory.gram_tail(law.threshold, **known), theory.gram_tail(law.above, side="above", **known)
    return float(below + above)


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
        saboteur("a fifth of the sample", solve=wrong_solvers.thinner_columns),
        saboteur("the entries of the longest rows are not seen", solve=wrong_solvers.without_long_rows),
        # more data is a violation too: B_j / p is then the identity over p, above 1 + d'
        saboteur("everything is seen", solve=wrong_solvers.whole_columns),
    ),
    notes="Loose for several columns; within 3/2 on one flat column, of which nothing is seen with chance (1 - p)^m.",
)


def init_noise(law: MaskLaw, seen: np.ndarray) -> np.ndarray:
    """Return the spectral norm of P_Omega(M) / p - M for each sample."""
    return np.linalg.norm(law.matrix * seen / law.density - law.matrix, 2, axis=(1, 2))


def noise_level(law: MaskLaw, factor: float = 1.0) -> float:
    """Return the t at which the matrix Bernstein bound equals the threshold, times the factor."""
    M = law.matrix
    known = {
        "n_rows": law.shape[0],
        "n_cols": law.shape[1],
        "longest_row": np.linalg.norm(M, axis=1).max(),
        "longest_col": np.linalg.norm(M, axis=0).max(),
        "largest_entry": np.abs(M).max(),
        "density": law.density,
    }
    # the bound falls from m + n at t = 0 and is far below every threshold at 100 |M|_F, so a root lies between
    excess = lambda t: float(theory.init_noise_tail(t, **known)) - law.threshold
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
        saboteur("whole rows at once", solve=wrong_solvers.whole_rows),
    ),
    notes="Loose by a factor of 2: half of the level would pass on these instances.",
)
