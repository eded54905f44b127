r"""RandLoRA: rank, distance and dead columns of s sum_j B_j diag(lambda_j) A diag(gamma_j).

Part of `theory`, where users find these functions. B_1, .., B_N are bases with r columns, A has r rows and the smaller
side as its length, and only the diagonals are trained.
"""

from __future__ import annotations

from itertools import combinations

from lrtheory._numbers import exact, number, numbers, plain
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must
from lrtheory.low_rank_adapters.theory.starts import matrix, rational

__all__ = ["dead_share", "randlora_bracket", "randlora_energy", "randlora_rank"]


def randlora_rank(A: ArrayLike, n_blocks: int, side: int) -> int:
    r"""Return the rank of a generic update of RandLoRA (statements RA-2 and RA-7).

    Parameters
    ----------
    A : array of numbers of shape (r, n)
        The shared factor, with n at most 12, since all sets of its distinct directions are compared. Ranks are those of
        the rational numbers that the entries are.
    n_blocks : int
        N, at least 1.
    side : int
        The larger side m of the update, the length of the columns of the bases.

    Returns
    -------
    int
        min(m, min over sets S of columns of N rank(A_S) + n - \|S\|). It is at most the number of columns of A that are
        not 0, and min(m, n) where the columns split into N independent sets.

    Raises
    ------
    ValueError
        If A has more than 12 columns, or a size is below 1.

    Proof
    -----
    Assumes: any columns of [B_1 .. B_N], at most m of them, are linearly independent (a hypothesis of the statement).

    Proof: the update is [B_1 L_1 .. B_N L_N] times the matrix that stacks A G_1, .., A G_N. With generic diagonals G_j
    the stack represents the union of N copies of the matroid of the columns of A, and Edmonds gives its rank as the
    minimum over S. A minor of the update is a sum over sets of rows of the stack of a minor of [B_1 .. B_N], times the
    product of the entries of L_j in these rows, times a minor of the stack (Cauchy and Binet); different sets have
    different products, so nothing cancels, and the rank is the smaller one of m and that of the stack. With S the
    set of all zero columns N rank(A_S) + n - \|S\| is the number of the others.

    Checked by: RA-2 and RA-7.

    Examples
    --------
    >>> randlora_rank([[1, 1, 1]], 2, 3), randlora_rank([[1, 1, 0]], 2, 3)
    (2, 2)
    """
    columns = rational("A", A)
    N, m, n = integer("n_blocks", n_blocks, low=1), integer("side", side, low=1), columns.shape[1]
    if n > 12:
        raise must("A", "a matrix of at most 12 columns", A)
    found = n
    for size in range(1, n + 1):
        for chosen in combinations(range(n), size):
            found = min(found, N * int(matrix(columns[:, chosen]).rank()) + n - size)
    return min(m, found)


def randlora_energy(total: Number, leading: ArrayLike) -> Number:
    r"""Squared distance from a target to all updates of RandLoRA with orthonormal bases and signs (statement RA-5).

    Parameters
    ----------
    total : number
        \|D\|^2 of the target D.
    leading : sequence of numbers
        For each basis the largest singular value of A o (B_j^T D).

    Returns
    -------
    number
        \|D\|^2 less the sum of their squares.

    Raises
    ------
    ValueError
        If a number is negative or not finite, or the squares sum to more than `total`.

    Proof
    -----
    Assumes: [B_1 .. B_N] has orthonormal columns, and all entries of A are 1 or -1 (hypotheses of the statement).

    Proof: an update is the sum of B_j (A o Z_j) with Z_j = lambda_j gamma_j^T, any matrix of rank one. Orthonormal
    columns split the squared error into that of D - P_B D and those of B_j^T D - A o Z_j; and
    abs(B_j^T D - A o Z_j) = abs(A o (B_j^T D) - Z_j) in each entry, whose least norm is that of Eckart and Young. So
    \|D\|^2 - \|P_B D\|^2 + sum_j (\|B_j^T D\|^2 - sigma_1^2) is left.

    Checked by: RA-5.

    Examples
    --------
    >>> randlora_energy(14, [3, 1])
    4
    """
    whole = number("total", total, 0)
    held = sum((value * value for value in numbers("leading", leading, 0)), start=0)
    if held > whole:
        raise must("leading", f"numbers whose squares sum to at most `total`, {whole}", leading)
    return plain(whole - held)


def randlora_bracket(
    outside: Number, rest: Number, *, bases: tuple[Number, Number], entries: tuple[Number, Number]
) -> tuple[Number, Number]:
    r"""Bracket of the squared distance from a target to all updates of RandLoRA with any bases (statement RA-6).

    Parameters
    ----------
    outside : number
        \|D - P_B D\|^2 with the projector P_B onto the columns of B = [B_1 .. B_N].
    rest : number
        The sum over j of \|Y_j\|^2 less its largest squared singular value, with the entrywise quotient Y_j of block j
        of B^+ D by A.
    bases : pair of number
        The least and the largest singular value of B.
    entries : pair of number
        The least and the largest absolute value of an entry of A.

    Returns
    -------
    pair of number
        outside + (b a)^2 rest, with the least b and a, and with the largest ones.

    Raises
    ------
    ValueError
        If a number is negative or not finite, or a pair decreases.

    Proof
    -----
    Assumes: B has full column rank, and A has no zero (hypotheses of the statement).

    Proof: with X the stack of the blocks A o Z_j of an update, Z_j of rank one, D - B X is the sum of D - P_B D and B
    (B^+ D - X), which are orthogonal, and B stretches lengths by factors between its singular values. Block j of B^+ D
    - X has the entries abs(A) abs(Y_j - Z_j). The least \|Y_j - Z_j\|^2 is \|Y_j\|^2 - sigma_1(Y_j)^2: below for every
    Z_j, above for the best ones.

    Checked by: RA-6.

    Examples
    --------
    >>> randlora_bracket(1, 2, bases=(1, 3), entries=(1, 2))
    (3, 73)
    """
    base, left = number("outside", outside, 0), number("rest", rest, 0)
    ranges = []
    for name, pair in (("bases", bases), ("entries", entries)):
        least, most = numbers(name, pair, 0, length=2)
        if not least <= most:
            raise must(name, "a pair that does not decrease", pair)
        ranges.append((least, most))
    low, high = (base + (b * a) * (b * a) * left for b, a in zip(*ranges, strict=True))
    return low, high


def dead_share(sparsity: Number, rank: int) -> Number:
    r"""Expected share of columns that a random ternary factor kills for ever (statement RA-7e).

    Parameters
    ----------
    sparsity : number
        q, at least 1: an entry of A is 0 with probability 1 - 1 / q, and 1 or -1 with probability 1 / (2 q) each.
    rank : int
        r, the number of rows of A.

    Returns
    -------
    number
        (1 - 1 / q)^r, the chance that a column of A is 0, and with it that column of every update.

    Raises
    ------
    ValueError
        If `sparsity` or `rank` is below 1.

    Proof
    -----
    Assumes: the entries of A are independent (the caller).

    Proof: column c of an update is sum_j B_j (lambda_j o a_c) gamma_jc with column a_c of A, which is 0 for all trained
    numbers where a_c is. All r entries are 0 with the product of their probabilities.

    Checked by: RA-7 and RA-7e.

    Examples
    --------
    >>> dead_share(4, 2), round(dead_share(768**0.5, 32), 3)
    (Fraction(9, 16), 0.308)
    """
    q = number("sparsity", sparsity, 1)
    return plain((1 - 1 / (exact(q) if isinstance(q, int) else q)) ** integer("rank", rank, low=1))
