"""Costs of a completion: iterations, samples in the analyses, and the arithmetic of one half-step.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math
from typing import Literal

from lrtheory._numbers import formula, power
from lrtheory._types import Number
from lrtheory._validation import choice, refuse_unused

__all__ = ["half_step_flops", "outer_iterations", "samples_alternating", "samples_for_contraction"]

#: the arguments of `half_step_flops` that count for each method
OPTIONS: dict[str, set[str]] = {
    "exact": set(),
    "cg": {"inner_steps", "inner_entries"},
    "sketch": {"inner_steps", "inner_entries"},
}


@formula(norm="(0, inf)", epsilon="(0, inf)", contraction="(1, inf)")
def outer_iterations(norm: Number, *, epsilon: Number, contraction: Number = 4) -> int:
    r"""Iterations until an error of size \|M\|_F has shrunk to epsilon, a count of theorem MC-T1.

    The theorem is recorded and not checked.

    Parameters
    ----------
    norm : number
        \|M\|_F.
    epsilon : number
        Accuracy.
    contraction : number
        Factor by which the error shrinks; in the analyses it is 4 for each half-step.

    Returns
    -------
    int
        ceil(log(norm / epsilon) / log(contraction)), at least 0.

    References
    ----------
    .. [1] Y. Gu, Z. Song, J. Yin, L. Zhang, Low Rank Matrix Completion via Robust Alternating Minimization in Nearly
       Linear Time, ICLR 2024.

    Examples
    --------
    >>> outer_iterations(1.0, epsilon=1e-6)
    10
    """
    ratio = norm / epsilon
    is_double = 0 < ratio < math.inf
    logarithm = math.log(ratio) if is_double else math.log(norm) - math.log(epsilon)
    return max(0, math.ceil(logarithm / math.log(contraction)))


@formula(n="[1, inf)", rank="[1, inf)", incoherence="(0, inf)", condition="[1, inf)", constant="(0, inf)")
def samples_alternating(
    n: int,
    *,
    rank: int,
    incoherence: Number,
    condition: Number,
    power_of_condition: Literal[2, 4] = 2,
    constant: Number = 1,
) -> Number:
    """Samples in the analyses of alternating minimization, without logarithms, a count of theorem MC-T1.

    The theorem is recorded and not checked, since this exceeds the matrix at every size that can be run.

    Parameters
    ----------
    n, rank : int
        The larger side, and k.
    incoherence, condition : number
        mu and kappa.
    power_of_condition : {2, 4}
        The exponent a of kappa; sources differ.
    constant : number
        The constant C that the O-notation hides.

    Returns
    -------
    number
        C kappa^a mu^2 n k^4.5.

    References
    ----------
    .. [1] P. Jain, P. Netrapalli, S. Sanghavi, Low-rank Matrix Completion using Alternating Minimization, STOC 2013.

    Examples
    --------
    >>> round(samples_alternating(2000, rank=4, incoherence=1, condition=1))
    1024000
    """
    return constant * power(condition, power_of_condition) * incoherence * incoherence * n * rank**4.5


@formula(rank="[1, inf)", incoherence="(0, inf)", condition="[1, inf)", factor="(0, inf)")
def samples_for_contraction(*, rank: int, incoherence: Number, condition: Number, factor: Number = 4) -> Number:
    r"""Expected entries p m of a column at which a half-step shrinks the distance by a factor on average.

    To first order; E \|G\|_F^2 <= (s_k d / factor)^2 is exact (statement MC-E1-bound).

    Parameters
    ----------
    rank : int
        k.
    incoherence, condition : number
        mu and kappa.
    factor : number
        Factor by which the distance shrinks.

    Returns
    -------
    number
        factor^2 mu^2 k^2 kappa^2.

    Proof
    -----
    Assumes: Entries are seen independently of each other and of U, with probability p, and U has orthonormal columns
    (hypotheses of MC-E1, for which the caller answers). To read the distance as that after a half-step, it is small and
    the Gram matrices B_j are close to p I, both to first order; nobody checks that.

    Proof: MC-E1-bound bounds E \|G\|_F^2 by ((1 - p) / p) (mu^2 k^2 / m) kappa^2 (s_k d)^2. This is set equal to (s_k d
    / factor)^2 and solved for p m, and 1 - p <= 1 makes the solution larger.

    Checked by: MC-E1-bound, in the form of a third bound on the second moment.

    Examples
    --------
    >>> samples_for_contraction(rank=2, incoherence=1, condition=1)
    64
    """
    root = factor * incoherence * rank * condition
    return root * root


@formula(n_observed="[0, inf)", n_lines="[0, inf)", rank="[1, inf)", inner_steps="[0, inf)", inner_entries="[0, inf)")
def half_step_flops(
    n_observed: int,
    n_lines: int,
    rank: int,
    *,
    method: str = "exact",
    inner_steps: int = 0,
    inner_entries: int = 0,
) -> int:
    r"""Additions and multiplications of one half-step (statement MC-T1-flops).

    Parameters
    ----------
    n_observed, n_lines, rank : int
        \|Omega\|, the lines with an observation, and k.
    method : {"exact", "cg", "sketch"}
        As in `half_step`.
    inner_steps : int
        Inner steps of all lines together; not for "exact".
    inner_entries : int
        Sum over the lines of inner steps times observations; not for "exact".

    Returns
    -------
    int
        All methods read their panels once, 6 \|Omega\| k. exact: \|Omega\| k (k + 1) for the lower triangles of the
        Gram matrices, k (k + 1) (2 k + 1) / 6 + 2 k^2 per line for Cholesky and two triangular solves. cg: 4 d k + 12 k
        per step. sketch: QR of min(d, 4 k) rows counted as 8 k^3 per line, 4 d k + 2 k^2 per step.

    Raises
    ------
    ValueError
        If the method is unknown, or counts no inner steps that are given.

    Proof
    -----
    Assumes: Every line has at least k observations or there is a ridge, so that no line goes to the solver of least
    norm (hypothesis of MC-T1-flops). Squares of residuals, the ridge on a diagonal and the smallest pivot are left out.

    Proof: The first sweep forms P u, P^T (x - P u) and P^T x: 2 d k operations each. A row of P adds k (k + 1) / 2
    products to the lower triangle of the Gram matrix. An entry (a, c) of the Cholesky factor, c <= a, takes c
    multiplications, c subtractions and a division or root: sum_a sum_{c <= a} (2 c + 1) = sum_a (a + 1)^2 for a < k. A
    triangular solve takes a multiplication and a subtraction per entry below the diagonal and k divisions, k^2. A cg
    step forms P^T (P p), 4 d k. Its two dot products, three updates, one scaling and the ridge take 13 k - 2
    operations, of which 12 k are counted.

    Checked by: MC-T1-flops for the exact method; the counts of the two others are models that nothing checks.

    Examples
    --------
    >>> half_step_flops(1000, 10, 3), half_step_flops(1000, 10, 3, method="cg", inner_steps=20, inner_entries=2000)
    (30320, 42720)
    """
    choice("method", method, OPTIONS)
    refuse_unused(method, OPTIONS[method], inner_steps=(inner_steps, 0), inner_entries=(inner_entries, 0))
    first = 6 * n_observed * rank
    if method == "exact":
        return (
            first + n_observed * rank * (rank + 1) + n_lines * (rank * (rank + 1) * (2 * rank + 1) // 6 + 2 * rank**2)
        )
    if method == "cg":
        return first + 4 * rank * inner_entries + 12 * rank * inner_steps
    return first + 8 * n_lines * rank**3 + 4 * rank * inner_entries + 2 * rank**2 * inner_steps
