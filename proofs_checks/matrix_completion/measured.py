"""Measured statements, which are not theorems: contraction on fresh samples, floors, thresholds, the price of noise."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Measured, OutcomeError, Probability, Statement, saboteur
from lrtheory.matrix_completion import LowRank, theory
from proofs_checks.matrix_completion import wrong_solvers
from proofs_checks.matrix_completion.families.fresh import (
    BELOW,
    CONTRACTING,
    ILL_CONDITIONED,
    LOUD,
    NOISY,
    ROBUST,
    SHORT_COLUMNS,
    THRESHOLDS,
    TOO_FEW,
    FreshSamples,
    Noisy,
    Threshold,
    completions,
    estimates,
    last_factors,
)
from proofs_checks.matrix_completion.families.half_steps import distance

# --- contraction and robustness --------------------------------------------------------------------------------------


def distances(fresh: FreshSamples, found: np.ndarray) -> np.ndarray:
    """Return the distance of each factor to the singular vectors that it estimates."""
    one = fresh.case
    truth = one.right if fresh.n_steps % 2 else one.left  # half-steps alternate, and the first one is for the columns
    if found.shape[1:] != truth.shape:
        raise OutcomeError(f"a factor must be of shape {truth.shape}; got {found.shape[1:]}")
    return np.array([distance(factor, truth) for factor in found])


def contracts_less(factor: float) -> Probability:
    """Make the claim that a half-step leaves more than `factor` of the distance with probability at most 1/100."""

    def event(fresh: FreshSamples, found: np.ndarray) -> np.ndarray:
        return distances(fresh, found) > factor * distance(fresh.case.start, fresh.case.left)

    return Probability(event=event, at_most=lambda fresh: 0.01)


MC_W4 = Statement(
    id="matrix_completion/MC-W4",
    title="A half-step on a fresh sample quarters the distance",
    says="dist_t is the sine of the largest angle between the factor after t half-steps and the singular vectors. "
    "With p n >= 8 k ln n entries expected per column of a fresh sample of density p, n >= 200 rows, rank k "
    "and equal singular values, an exact half-step quarters it except with probability 1/100. Measured, not "
    "proved.",
    source=Measured(
        what="the constant 8 of the sample and the probability 1/100",
        where="Haar factors of 200 to 600 rows, rank one to three, equal singular values",
        command="lrtheory check matrix_completion/MC-W4",
    ),
    tex=r"p n \ge 8\, k \ln n \Rightarrow P[\mathrm{dist}_{t+1} > \mathrm{dist}_t / 4] \le 1/100",
    hypotheses={
        "at least 8 k ln n entries a column": lambda fresh: fresh.oversampling >= 8,
        "equal singular values": lambda fresh: fresh.condition == 1,
        "one half-step without inner errors": lambda fresh: (fresh.n_steps, fresh.floor) == (1, 0.0),
        # with fewer rows some factors have long rows by chance, and fail more often (see the notes)
        "at least 200 rows": lambda fresh: fresh.size >= 200,
    },
    instances=CONTRACTING,
    solve=last_factors,
    claim=contracts_less(1 / 4),
    decisions=("outcome",),
    saboteurs=(
        saboteur("an eighth claimed", claim=contracts_less(1 / 8)),
        saboteur("half of the sample", solve=wrong_solvers.half_of_the_sample),
        saboteur("3/2 k ln n entries a column", breaks="at least 8 k ln n entries a column", instances=TOO_FEW),
        saboteur("condition number 3", breaks="equal singular values", instances=ILL_CONDITIONED),
    ),
    notes="The paper asks for more entries than can be run. MC-E1 and MC-D2 prove contraction from what an instance "
    "has. From a start at distance 1/2 the condition number matters. With 80 rows some factors fail in more than one "
    "of a hundred samples (rank one, seed 890706).",
)


def floor_is_off(fresh: FreshSamples, found: np.ndarray) -> np.ndarray:
    """Decide for each run whether its last distance is outside [1/2, 2] times the relative size of the inner errors."""
    # a factor 2 on each side, because the part of a Gaussian error that is outside of the right space is random
    last = distances(fresh, found) / fresh.floor
    return (last < 1 / 2) | (last > 2)


MC_W5 = Statement(
    id="matrix_completion/MC-W5",
    title="Inner errors relative to s_k set the floor, and nothing else",
    says="Each of T half-steps on fresh samples ends with a Gaussian error E_t of spectral norm epsilon_0 s_k, "
    "where s_k is the k-th singular value of M. Then the last distance dist_T to the singular vectors is "
    "within a factor 2 of epsilon_0, except with a probability of at most 1/10. Measured, not proved.",
    source=Measured(
        what="the interval [1/2, 2] around the size of the inner errors",
        where="Haar factors of 60 to 400 rows, rank one to four, condition numbers up to 10, errors of 1e-2 to 1e-6",
        command="lrtheory check matrix_completion/MC-W5",
    ),
    tex=r"\|E_t\| = \epsilon_0 s_k \Rightarrow P[\mathrm{dist}_T \notin [\epsilon_0/2, 2\epsilon_0]] \le 1/10",
    hypotheses={
        "Gaussian inner errors of at most 1/100": lambda fresh: 0 < fresh.floor <= 1 / 100,
        # where each of them quarters the distance, eight bring it to 10^-5, below every floor that is drawn
        "at least 8 half-steps": lambda fresh: fresh.n_steps >= 8,
        "at least 8 k ln n entries a column": lambda fresh: fresh.oversampling >= 8,
        "condition number of at most 3": lambda fresh: fresh.condition <= 3,
    },
    instances=ROBUST,
    solve=last_factors,
    claim=Probability(event=floor_is_off, at_most=lambda fresh: 0.1),
    decisions=("outcome",),
    saboteurs=(
        saboteur("inner accuracy of 1/10, absolute", solve=partial(last_factors, method="cg", tol=0.1)),
        saboteur("one step of cold conjugate gradients", solve=partial(last_factors, method="cg", max_inner_iter=1)),
        # it does better than claimed, and so shows that the floor is there because of the inner errors
        saboteur("no inner errors", solve=wrong_solvers.without_inner_errors),
    ),
    notes="The upper end follows from MC-D2 where that bites; the lower end is what random errors do.",
)

# --- thresholds and noise --------------------------------------------------------------------------------------------


def relative_errors(truth: LowRank, found: np.ndarray) -> np.ndarray:
    """Return |M^ - M|_F / |M|_F of each estimate M^."""
    matrix = truth.dense()
    if found.shape[1:] != matrix.shape:
        raise OutcomeError(f"an estimate must be of shape {matrix.shape}; got {found.shape[1:]}")
    return np.linalg.norm(found - matrix, axis=(1, 2)) / np.linalg.norm(matrix)


def missed(threshold: Threshold, found: np.ndarray) -> np.ndarray:
    """Decide for each run whether it has missed the matrix by more than 1e-4."""
    # runs end at relative residuals near 1e-6 where they succeed, so 1e-4 leaves a margin for the unseen entries
    return relative_errors(threshold.truth, found) > 1e-4


MC_T2 = Statement(
    id="matrix_completion/MC-T2",
    title="Where completion starts to succeed",
    says="From a sample Omega of about 4 entries per degree of freedom, of which an m x n matrix M of rank k >= 2 "
    "has k (m + n - k), and without splitting the sample, 100 iterations give an M^ with a relative Frobenius"
    " error of at most 1e-4, except with a probability of at most 1/10. Measured, not proved.",
    source=Measured(
        what="that 4 entries a degree of freedom are enough without splitting, in 100 iterations",
        where="square matrices of 40 to 200 rows, rank two to five, equal singular values",
        command="lrtheory check matrix_completion/MC-T2",
    ),
    tex=r"|\Omega| \approx 4 k(m+n-k) \Rightarrow P[\|\hat M - M\|_F > 10^{-4} \|M\|_F] \le 1/10",
    hypotheses={
        "4 entries a degree of freedom": lambda threshold: threshold.oversampling >= 4,
        "rank at least two, and a tenth of the rows at most": lambda one: one.rank >= 2 and one.size >= 10 * one.rank,
    },
    instances=THRESHOLDS,
    solve=completions,
    claim=Probability(event=missed, at_most=lambda threshold: 0.1),
    decisions=("outcome",),
    saboteurs=(
        saboteur("3/2 entries a degree of freedom", breaks="4 entries a degree of freedom", instances=BELOW),
        saboteur("two iterations", solve=partial(completions, max_iter=2)),
    ),
    notes="MC-H1 proves the other side: fewer than k (m + n - k) entries are never enough.",
)


def far_from_the_oracle(noisy: Noisy, found: np.ndarray, share: float = 1.0, high: float = 1.35) -> np.ndarray:
    """Decide for each run whether its error is outside [0.9, `high`] times the root of a share of the oracle's risk."""
    (m, n), density = noisy.shape, noisy.density
    risk = float(theory.noise_risk(noisy.noise, n_rows=m, n_cols=n, rank=noisy.rank, density=density))
    errors = relative_errors(noisy.truth, found) * np.linalg.norm(noisy.truth.singular_values)
    ratio = errors / np.sqrt(share * risk)
    return (ratio < 0.9) | (ratio > high)


def near_the_oracle(**options: float) -> Probability:
    """Make the claim that the error is off the oracle's with probability at most 1/10."""
    return Probability(event=partial(far_from_the_oracle, **options), at_most=lambda noisy: 0.1)


MC_E3 = Statement(
    id="matrix_completion/MC-E3",
    title="Completion under noise pays about what an oracle pays",
    says="r is the risk of an oracle that knows the tangent space, for an m x n matrix M of rank k whose entries "
    "are seen with probability p under noise of standard deviation sigma. With 20 k entries expected in every"
    " line the error of the completion M^ is 0.9 to 1.35 times sqrt(r), except with probability 1/10. "
    "Measured, not proved.",
    source=Measured(
        what="the interval [0.9, 1.35] of the error in units of the oracle's, and the 20 entries a line that it needs",
        where="Haar factors, sides of 50 to 400, rank one to four, noise of 1e-2 and 1e-1",
        command="lrtheory check matrix_completion/MC-E3",
    ),
    tex=r"p \min(m, n) \ge 20 k \Rightarrow P[\|\hat M - M\|_F \notin [0.9, 1.35]\sqrt r] \le 1/10,"
    r"\quad r = \sigma^2 k(m+n-k)/p",
    hypotheses={
        "at least 20 k entries expected in every line": lambda noisy: noisy.per_line >= 20,
        "at least 200 degrees of freedom": lambda noisy: noisy.freedom >= 200,
        "noise of at most a tenth of the entries": lambda noisy: 0 < noisy.noise <= 0.1,
    },
    instances=NOISY,
    solve=estimates,
    claim=near_the_oracle(),
    decisions=("outcome",),
    saboteurs=(
        # the share 1/3 stands for p, which is 0.2 to 0.7 on these instances
        saboteur("the risk without 1/p", claim=near_the_oracle(share=1 / 3)),
        saboteur("at most the oracle's", claim=near_the_oracle(high=1.0)),
        saboteur("two ranks too many", solve=partial(estimates, more=2)),
        saboteur("noise as large as the entries", breaks="noise of at most a tenth of the entries", instances=LOUD),
        saboteur(
            "few entries a column",
            breaks="at least 20 k entries expected in every line",
            instances=SHORT_COLUMNS,
        ),
    ),
    notes="r is the risk of an oracle that knows the tangent space. A column of d entries pays about 1 + 3/d, and "
    "without limit where d is near k: Noisy((40, 800), 1, 0.16, 0.1), with 6 entries a column, is off in 9 runs of 10.",
)
