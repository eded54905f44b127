r"""Frequent Directions: what a sketch of few rows misses of a stream, before it runs and after.

Part of `theory`, where users find these functions. A (T, n) holds all rows of a stream, B (at most l rows) is its
sketch, tail_k is the sum of all but the k largest squared singular values of A, and delta is the sum of all shrinks.
"""

from __future__ import annotations

from lrtheory._numbers import exact, formula, numbers, plain
from lrtheory._types import ArrayLike, Number

__all__ = ["fd_bound", "fd_rank_needed", "tail_energy"]


@formula(rank="[0, inf)")
def tail_energy(spectrum: ArrayLike, rank: int) -> Number:
    """Compute the squared error of the best approximation of rank k (statements FD-1, FD-2, SC-4).

    Parameters
    ----------
    spectrum : sequence of numbers
        All singular values that are not 0, in any order.
    rank : int
        Rank k of the approximation.

    Returns
    -------
    number
        The sum of all but the k largest squares.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or `rank` is below 0.

    Examples
    --------
    >>> tail_energy([3, 2, 1], 1)
    5
    """
    squares = sorted((value * value for value in numbers("spectrum", spectrum, 0)), reverse=True)
    return plain(sum(squares[rank:], start=0))


@formula(rank="[1, inf)")
def fd_bound(spectrum: ArrayLike, rank: int) -> Number:
    r"""Bound the error of Frequent Directions before the stream begins (statements FD-1, FD-3, FD-6).

    Parameters
    ----------
    spectrum : sequence of numbers
        All singular values of the stream A that are not 0.
    rank : int
        l, the rows that the sketch keeps.

    Returns
    -------
    number
        The least of tail_k / (l + 1 - k) over k = 0, ..., l. The sum delta of all shrinks is at most that, and delta is
        at least every eigenvalue of A^T A - B^T B.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or `rank` is below 1.

    Proof
    -----
    Assumes: a shrink takes the (l+1)-th squared singular value d from all, and what would be negative becomes 0 (the
    library's sketch, and those that are merged from several).

    Proof: one shrink replaces B^T B by B^T B - X with 0 <= X <= d I, since directions above lose exactly d and those
    below lose what they have. Adding all shrinks, 0 <= A^T A - B^T B <= delta I. A shrink also takes d from at least l
    + 1 squared singular values, so (l + 1) delta <= \|A\|^2 - \|B\|^2. With right singular vectors u_i of A, \|A\|^2 -
    \|B\|^2 <= tail_k + sum_{i <= k} (\|A u_i\|^2 - \|B u_i\|^2) <= tail_k + k delta, so (l + 1 - k) delta <= tail_k.
    Merges add the errors, the deltas and the squared norms of their parts.

    Checked by: FD-1, FD-3, FD-6.

    References
    ----------
    .. [1] E. Liberty, Simple and deterministic matrix sketching, KDD 2013.
    .. [2] M. Ghashami, E. Liberty, J. Phillips, D. Woodruff, Frequent Directions, SIAM J. Comput. 2016.

    Examples
    --------
    >>> fd_bound([3.0, 2.0, 1.0], 2)
    1.0
    """
    rows = rank
    return plain(min(exact(tail_energy(spectrum, k)) / (rows + 1 - k) for k in range(rows + 1)))


@formula(epsilon="(0, 1)")
def fd_rank_needed(spectrum: ArrayLike, epsilon: Number) -> int:
    r"""Find how many rows suffice for an error that is a given share of the energy of the stream (statement FD-1).

    Parameters
    ----------
    spectrum : sequence of numbers
        All singular values of the stream A that are not 0.
    epsilon : number
        Share of the energy.

    Returns
    -------
    int
        The least l for which `fd_bound` is at most epsilon \|A\|^2. It is below 1 / epsilon, whatever the spectrum is.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or `epsilon` is not in (0, 1).

    Examples
    --------
    >>> fd_rank_needed([10, 1, 1, 1], 0.01)
    3
    """
    share = epsilon
    allowed, rank = share * tail_energy(spectrum, 0), 1
    while fd_bound(spectrum, rank) > allowed:
        rank += 1
    return rank
