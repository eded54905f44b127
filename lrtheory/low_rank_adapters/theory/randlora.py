r"""Dead columns of RandLoRA, whose updates are s sum_j B_j diag(lambda_j) A diag(gamma_j).

Part of `theory`, where users find these functions. B_1, .., B_N are bases with r columns, A has r rows and the smaller
side as its length, and only the diagonals are trained.
"""

from __future__ import annotations

from lrtheory._numbers import exact, formula, plain
from lrtheory._types import Number

__all__ = ["dead_share"]


@formula(sparsity="[1, inf)", rank="[1, inf)")
def dead_share(sparsity: Number, rank: int) -> Number:
    """Expected share of columns that a random ternary factor kills for ever (statement RA-7e).

    Parameters
    ----------
    sparsity : number
        q: an entry of A is 0 with probability 1 - 1 / q, and 1 or -1 with probability 1 / (2 q) each.
    rank : int
        r, the number of rows of A.

    Returns
    -------
    number
        (1 - 1 / q)^r, the chance that a column of A is 0, and with it that column of every update.

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
    q = sparsity
    return plain((1 - 1 / (exact(q) if isinstance(q, int) else q)) ** rank)
