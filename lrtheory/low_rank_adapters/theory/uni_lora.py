"""Groups of Uni-LoRA that a random assignment leaves without an entry.

Part of `theory`, where users find this function.
"""

from __future__ import annotations

from lrtheory._numbers import exact, formula, plain
from lrtheory._types import Number

__all__ = ["empty_groups"]


@formula(n_groups="[1, inf)", n_entries="[0, inf)")
def empty_groups(n_groups: int, n_entries: int) -> Number:
    """Expected number of groups without an entry, where each entry takes one at random (statement UL-4).

    Parameters
    ----------
    n_groups : int
        d, the length of the trained vector.
    n_entries : int
        D, the number of entries of all factors.

    Returns
    -------
    Fraction
        d (1 - 1 / d)^D, about d exp(-D / d), the mean number of trained numbers that do nothing; the root of their
        size is 0. The library's `balanced_assignment` leaves none.

    Proof
    -----
    Assumes: the entries choose independently, all groups being equally likely (the caller).

    Proof: a group is empty where all D entries choose one of the d - 1 others, which has probability (1 - 1 / d)^D; the
    expected number of empty groups is the sum of d such probabilities.

    Checked by: UL-4.

    Examples
    --------
    >>> empty_groups(3, 2), round(float(empty_groups(256, 1024)), 2)
    (Fraction(4, 3), 4.65)
    """
    d = exact(n_groups)
    return plain(d * (1 - 1 / d) ** n_entries)
