r"""Protected subspaces: what a change of weights does to old inputs, and what optimizers let escape.

Part of `theory`, where users find these functions. Rows of X (T, d) are old inputs, dW (d, p) is a change of the
weights, M (d, k) has orthonormal columns that span what is protected. Formulas return energies, which are squares of
Frobenius norms.
"""

from __future__ import annotations

import numpy as np

from lrtheory._numbers import exact, gathered, number, numbers, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must
from lrtheory.continual_learning.theory.sketches import tail_energy

__all__ = ["blind_change", "energy_rank", "leak_bounds", "leak_limit", "momentum_leak", "worst_leak"]


def leak_limit(missed: Number, largest: Number) -> Number:
    r"""Bound the change of old outputs by a step that leaves the protected subspace alone (statements CS-1, CS-2).

    Parameters
    ----------
    missed : number
        \|X - X M M^T\|^2, the energy of the old inputs outside of the protected subspace.
    largest : number
        \|dW\|_2^2, the largest squared singular value of the change.

    Returns
    -------
    number
        missed * largest, which \|X dW\|^2 does not exceed where M^T dW = 0. It is 0 where M spans the rows of X.

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Proof
    -----
    Assumes: M^T dW = 0, which a projected step has (the statements check it).

    Proof: X dW = (X - X M M^T) dW, and \|Y dW\| <= \|Y\| \|dW\|_2 for every Y.

    Checked by: CS-1, CS-2, CS-6.

    Examples
    --------
    >>> leak_limit(2, 3)
    6
    """
    return plain(number("missed", missed, 0) * number("largest", largest, 0))


def leak_bounds(sketched: Number, missed: Number, change: Number) -> tuple[Number, Number]:
    r"""Enclose the change of all old outputs, from a sketch of the old inputs alone (statement CS-3).

    Parameters
    ----------
    sketched : number
        \|B dW\|^2 with the rows B of a sketch of the old inputs by Frequent Directions.
    missed : number
        The sum of all shrinks of the sketch.
    change : number
        \|dW\|^2.

    Returns
    -------
    pair of numbers
        \|B dW\|^2 and \|B dW\|^2 + delta \|dW\|^2, between which \|X dW\|^2 lies for every dW, protected or not.

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Proof
    -----
    Assumes: B^T B <= X^T X <= B^T B + delta I, as for every sketch of `fd_bound`.

    Proof: \|X dW\|^2 = tr(dW^T X^T X dW). Insert both bounds of X^T X.

    Checked by: CS-3.

    Examples
    --------
    >>> leak_bounds(3, 2, 4)
    (3, 11)
    """
    low = number("sketched", sketched, 0)
    return plain(low), plain(low + number("missed", missed, 0) * number("change", change, 0))


def energy_rank(spectrum: ArrayLike, share: Number, *, mass: Number | None = None) -> int | None:
    r"""Find how many directions of a sketch hold a share of the energy of all old inputs (statement CS-4b).

    Parameters
    ----------
    spectrum : sequence of numbers
        The singular values sigma_i of the sketch B, or of the inputs themselves.
    share : number
        theta, in (0, 1].
    mass : number or None
        \|X\|^2, the energy of all inputs; None takes the sum of all squares.

    Returns
    -------
    int or None
        The least k with sigma_1^2 + ... + sigma_k^2 >= theta \|X\|^2, or None where no k reaches that. With the k first
        right singular vectors M of B, \|X - X M M^T\|^2 <= (1 - theta) \|X\|^2.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: B^T B <= X^T X, as for every sketch of `fd_bound`.

    Proof: a right singular vector v_i of B has \|X v_i\|^2 >= \|B v_i\|^2 = sigma_i^2. Add these over i <= k and
    subtract from \|X\|^2.

    Checked by: CS-4b.

    Examples
    --------
    >>> energy_rank([9, 3, 3], 0.9)
    2
    >>> energy_rank([9, 3, 3], 0.9, mass=200) is None
    True
    """
    squares = sorted((value * value for value in numbers("spectrum", spectrum, 0)), reverse=True)
    wanted = number("share", share, 0, 1, ends="(]") * (sum(squares) if mass is None else number("mass", mass, 0))
    held: Number = 0
    for k in range(len(squares) + 1):
        if held >= wanted:
            return k
        held = held + (squares[k] if k < len(squares) else 0)
    return None


def momentum_leak(buffer: ArrayLike, *, momentum: Number, step_size: Number, n_steps: int) -> np.ndarray:
    r"""Compute how far heavy-ball steps leave a protected subspace although all gradients are projected (CS-5).

    Parameters
    ----------
    buffer : array of any shape
        The momentum buffer m_0 from before the subspace was protected, or its part M^T m_0.
    momentum : number
        beta, in [0, 1).
    step_size : number
        The step size.
    n_steps : int
        T, at least 0.

    Returns
    -------
    array of the same shape
        -(step size) (beta + beta^2 + ... + beta^T) m_0. Its part inside the protected subspace is that of the change of
        the weights, and 0 only where the buffer was projected or cleared.

    Raises
    ------
    ValueError
        If a number is out of range or not finite.

    Proof
    -----
    Assumes: m_j = beta m_{j-1} + (projected gradient), and steps -(step size) m_j.

    Proof: M^T m_j = beta^j M^T m_0, since projected gradients have no part inside. Add the steps.

    Checked by: CS-5.

    Examples
    --------
    >>> momentum_leak([4, 0], momentum=0.5, step_size=1, n_steps=2).tolist()
    [-3.0, -0.0]
    """
    beta, size = number("momentum", momentum, 0, 1, ends="[)"), number("step_size", step_size)
    total: Number = sum((beta**j for j in range(1, integer("n_steps", n_steps, low=0) + 1)), start=0)
    return gathered(table("buffer", buffer) * (-size * total))


def worst_leak(spectrum: ArrayLike, rank: int) -> Number:
    r"""Compute the least that the worst step can change old outputs when k directions are protected (statement SC-4).

    Parameters
    ----------
    spectrum : sequence of numbers
        All singular values of the old inputs X that are not 0.
    rank : int
        k, the directions that are protected.

    Returns
    -------
    number
        tail_k, the sum of all but the k largest squares. Whatever k of d directions M are protected, some dW of d - k
        outputs or more with M^T dW = 0 and no singular value above 1 has \|X dW\|^2 >= tail_k. The k first right
        singular vectors of X attain it.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or `rank` is below 0.

    Proof
    -----
    Assumes: d - k outputs at least.

    Proof: dW with dW dW^T = I - M M^T has \|X dW\| = \|X - X M M^T\|, and by `leak_limit` nothing has more. X M M^T has
    rank at most k, so Eckart and Young bound that from below, with equality for the singular vectors.

    Checked by: SC-4.

    Examples
    --------
    >>> worst_leak([3, 2, 1], 1)
    5
    """
    return tail_energy(spectrum, integer("rank", rank, low=0))


def blind_change(x: ArrayLike, y: ArrayLike) -> np.ndarray:
    r"""Make a change of the weights that moves the output of one input to where one wants it (statements CS-7, SC-2).

    Parameters
    ----------
    x : array of shape (d,)
        An input, not 0.
    y : array of shape (p,)
        Change of the output of that input.

    Returns
    -------
    array of shape (d, p)
        dW = x^T y / \|x\|^2, with x dW = y and \|x dW\| = \|x\| \|dW\|, the largest change that dW of its size can
        make.

    Raises
    ------
    ValueError
        If x is 0, or a number is not finite.

    Proof
    -----
    Assumes: nothing.

    Proof: x x^T = \|x\|^2. Where y is orthogonal to the outputs that are protected, dW passes a projector on the output
    side unchanged; where x is orthogonal to the protected inputs, it passes one on the input side.

    Checked by: CS-7, SC-2.

    Examples
    --------
    >>> blind_change([0.0, 2.0], [6.0, 0.0]).tolist()
    [[0.0, 0.0], [3.0, 0.0]]
    """
    row, wanted = table("x", x, shape=("d",)), table("y", y, shape=("p",))
    if not any(entry > 0 or entry < 0 for entry in row.tolist()):
        raise must("x", "a vector that is not 0", x)
    if row.dtype.kind == "f":  # the square of what is left neither overflows nor vanishes
        largest = plain(np.abs(row).max())
        row, wanted = row / largest, wanted / largest
    return gathered(np.multiply.outer(row, wanted) / exact(plain(row @ row)))
