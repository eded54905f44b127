r"""Single layers: low rank in the metric of the inputs, attention, steps of training, scaled spectra.

Part of `theory`, where users find these functions. W is a weight (d_out, d_in), X the inputs of its layer as columns,
E_r(Y)^2 the squared error of the best approximation of rank r in the Frobenius norm. Formulas take numbers of any kind;
those with roots or tanh take doubles and balls.
"""

from __future__ import annotations

import numpy as np

from lrtheory._numbers import any_of, entries, inexact, number, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must
from lrtheory.matrix_compression.theory.energies import tail_energy

__all__ = [
    "condition_limit",
    "distilled_energy",
    "drift_limit",
    "layer_energy",
    "salt_energy",
    "step_limit",
    "tanh_bound",
]


def layer_energy(spectrum: ArrayLike, rank: int) -> Number:
    r"""Squared error at the output of a layer that a weight of lower rank leaves at best (statement PE-1).

    Parameters
    ----------
    spectrum : sequence of numbers
        The singular values of W X.
    rank : int
        r, at least 0.

    Returns
    -------
    number
        E_r(W X)^2 = min over W' of rank r of \|(W - W') X\|^2.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or `rank` is below 0.

    Proof
    -----
    Assumes: all singular values of W X are there (the caller). X X^T may be singular.

    Proof: with H H^T = X X^T, \|(W - W') X\| = \|(W - W') H\|, and W' H has rank at most r, so this is at least E_r(W
    H) = E_r(W X). W' = (W H)_r H^+ attains it, where (W H)_r is the best approximation of rank r: its rows lie in the
    row space of H, onto which H^+ H projects, so W' H = (W H)_r.

    Checked by: PE-1.

    Examples
    --------
    >>> layer_energy([3, 2, 1], 2)
    1
    """
    return tail_energy(spectrum, rank)


def distilled_energy(outside: Number, spectrum: ArrayLike, rank: int) -> Number:
    r"""Squared error of the best weight of lower rank that maps other inputs to given outputs (statement PE-2).

    Parameters
    ----------
    outside : number
        \|Y (I - P)\|^2, where P projects onto the row space of the other inputs X'.
    spectrum : sequence of numbers
        The singular values of Y P.
    rank : int
        r, at least 0.

    Returns
    -------
    number
        \|Y (I - P)\|^2 + E_r(Y P)^2 = min over W' of rank r of \|Y - W' X'\|^2.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or `rank` is below 0.

    Proof
    -----
    Assumes: the spectrum is that of Y P (the caller).

    Proof: W' X' = W' X' P, so the error splits into Y (I - P) and Y P - W' X', which are orthogonal. The second is at
    least E_r(Y P), and W' = (Y P)_r X'^+ attains it.

    Checked by: PE-2.

    Examples
    --------
    >>> distilled_energy(1, [2, 1], 1)
    2
    """
    return plain(number("outside", outside, 0) + tail_energy(spectrum, rank))


def condition_limit(input_values: ArrayLike) -> Number:
    r"""Factor by which plain truncation can be worse at the output than truncation in the metric of the inputs (PE-3).

    Parameters
    ----------
    input_values : sequence of numbers
        The singular values of X, one for each row of X and none of them 0, in any order.

    Returns
    -------
    number
        cond(X) = sigma_max / sigma_min.

    Raises
    ------
    ValueError
        If a value is not positive and finite.

    Proof
    -----
    Assumes: X has full row rank, a hypothesis of the statement; values above 0 are checked.

    Proof: for any W' of rank r, \|(W - W') X\| >= sigma_min \|W - W'\| >= sigma_min E_r(W), and the plain truncation
    has \|(W - W_r) X\| <= sigma_max E_r(W). It is tight: W = diag(1, 1 - t), X = diag(d, 1), r = 1 has the ratio (1 -
    t) / d.

    Checked by: PE-3.

    Examples
    --------
    >>> condition_limit([4.0, 2.0])
    2.0
    """
    values = table("input_values", input_values, 0, ends="(]", shape=("n",))
    if not len(values):
        raise must("input_values", "at least one number", input_values)
    return plain(values.max() / values.min())


def tanh_bound(oscillation: Number | ArrayLike, diameter: Number = 1) -> Number | np.ndarray:
    r"""Distance that changed logits can move a row of attention, at most (statement DR-7).

    Parameters
    ----------
    oscillation : number or array
        max_j - min_j of the changes of the logits of a row, over its keys.
    diameter : number
        The largest distance of two rows of V; 1 bounds the total variation of the weights themselves.

    Returns
    -------
    number or array
        tanh(oscillation / 4) diameter.

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Proof
    -----
    Assumes: nothing of the logits; masked keys are left out of row and oscillation.

    Proof: with changes d_j the new weights are p_j e^{d_j} / sum_k p_k e^{d_k}. The total variation is the maximum over
    sets J of p'(J) - p(J); p'(J) grows with d on J and falls with d off J, so the worst d has two values, o apart. With
    weight q on the upper one it is q (1 - q) (e^o - 1) / (1 - q + q e^o), which is largest at q = 1 / (1 + e^{o/2}),
    with the value tanh(o / 4). The output moves by the total variation times the mean of V under one law minus that
    under another one, which is at most the diameter.

    Checked by: DR-7.

    Examples
    --------
    >>> float(tanh_bound(0.0))
    0.0
    """
    return plain(np.tanh(inexact(entries("oscillation", oscillation, 0) / 4)) * number("diameter", diameter, 0))


def step_limit(norm: Number, tail_energy: Number) -> Number:
    r"""Length of a step up to which a truncated weight keeps its rank (statement TR-1).

    Parameters
    ----------
    norm : number
        \|T\|, where T is a weight that was truncated by the same rule.
    tail_energy : number
        e in (0, 1): the rule keeps the smallest rank that leaves at most e \|W\|^2.

    Returns
    -------
    number
        sqrt(e) \|T\|: after any step D with \|D\| at most that, the rank of the truncation of T + D is not above that
        of T.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: T has rank k, and T + D is truncated by the same rule.

    Proof: matrices of rank at most k form a cone. If the truncation of T + D has a larger rank, E_k(T + D) / \|T + D\|,
    which is the sine of the angle between T + D and the cone, exceeds sqrt(e). The distance of T, which lies in the
    cone, from the ray through T + D is then more than sqrt(e) \|T\|, and so is \|D\|. The constant is sharp where
    sigma_k(T)^2 >= e / (1 - e) \|T\|^2 and k is below both sides: D = sqrt(e (1 - e)) \|T\| u v^T - e T, with u and v
    orthogonal to T.

    Checked by: TR-1.

    Examples
    --------
    >>> float(step_limit(10.0, 0.01))
    1.0
    """
    return np.sqrt(inexact(number("tail_energy", tail_energy, 0, 1, ends="()"))) * number("norm", norm, 0)


def drift_limit(times: int, tail_energy: Number) -> Number:
    r"""Share of its energy that a weight can lose when it is truncated again and again (statement TR-4).

    Parameters
    ----------
    times : int
        j, how often.
    tail_energy : number
        e in (0, 1).

    Returns
    -------
    number
        1 - (1 - e)^j; the truncation is not idempotent, since what is small beside the whole may not be beside the
        rest.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: each truncation leaves at most e of the energy that it gets.

    Proof: each keeps at least 1 - e, so j of them keep at least (1 - e)^j; the parts that are lost are orthogonal to
    what is kept, so energies add up.

    Checked by: TR-4.

    Examples
    --------
    >>> drift_limit(2, 0.5)
    0.75
    """
    return any_of(number("tail_energy", tail_energy, 0, 1, ends="()"), integer("times", times, low=0))


def salt_energy(singular_values: ArrayLike, scale: ArrayLike, shift: ArrayLike, *, rest: Number = 0) -> Number:
    r"""Squared norm of the update that scales and shifts the leading singular values (statement SA-1).

    Parameters
    ----------
    singular_values : sequence of k numbers
        s_i, the leading ones of W.
    scale, shift : sequence of k numbers
        a_i and b_i: s_i becomes a_i s_i + b_i.
    rest : number
        \|X Y\|^2, the squared norm of what is added to the core of all others.

    Returns
    -------
    number
        sum ((a_i - 1) s_i + b_i)^2 + \|X Y\|^2. Since (a_i + t / s_i, b_i - t) is the same layer, a and b have k
        redundant directions.

    Raises
    ------
    ValueError
        If lengths do not fit, or a number is not finite.

    Proof
    -----
    Assumes: the layer is U [diag(a s + b), 0; 0, diag(rest of s) + X Y] V^T with the singular vectors of W.

    Proof: the update is U times a block diagonal matrix times V^T, and orthonormal factors keep the norm.

    Checked by: SA-1.

    Examples
    --------
    >>> salt_energy([2, 1], [2, 1], [0, 3])
    13
    """
    s, a, b = (
        table(name, x, shape=("k",))
        for name, x in zip(("singular_values", "scale", "shift"), (singular_values, scale, shift), strict=True)
    )
    if not len(s) == len(a) == len(b):
        raise must("scale, shift", f"{len(s)} numbers each, one for each singular value", (len(a), len(b)))
    moved = (a - 1) * s + b
    return plain((moved * moved).sum() + number("rest", rest, 0))
