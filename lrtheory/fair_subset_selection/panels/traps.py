"""Rankings on which greedy selection is as bad as it can be."""

from __future__ import annotations

from lrtheory._types import Rng
from lrtheory._validation import flag, generator, integer
from lrtheory.fair_subset_selection.problem import Rankings

__all__ = ["make_greedy_trap"]


def make_greedy_trap(b: int, *, tie_free: bool = False, rng: Rng = None) -> Rankings:
    """Make the rankings on which greedy selection under quotas gets little more than half (statement FSS-G1).

    Items 0 and 1 are of group 0, item 2 of group 1, item 3 of group 2; the quotas are {0: 1, 1: 1, 2: 0}, and a ranking
    is content when one of its first two items is chosen: ``ScoreRule("cc", depth=2)``.

    Parameters
    ----------
    b : int
        At least 1; greedy gets b + 1 and the optimum 2 b + 1.
    tie_free : bool
        Whether one more ranking decides the tie of the first step; greedy gets b + 2 then.
    rng : Generator, int or None
        Without effect: nothing here is random.

    Returns
    -------
    Rankings
        Two or three rows with multiplicities.

    Raises
    ------
    ValueError
        If `b` is below 1.

    Examples
    --------
    >>> make_greedy_trap(9).total
    19
    """
    integer("b", b, low=1)
    generator(rng)
    rows, voters = [[0, 2, 1, 3], [1, 3, 0, 2]], [b + 1, b]
    if flag("tie_free", tie_free):
        rows, voters = [*rows, [0, 3, 1, 2]], [*voters, 1]
    return Rankings(orders=rows, weights=voters)
