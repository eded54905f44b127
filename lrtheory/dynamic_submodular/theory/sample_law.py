r"""The exact law of the samples on small instances, and the values of tight instances, with proofs.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from lrtheory._numbers import number
from lrtheory._types import Number
from lrtheory._validation import integer, is_iterable, must
from lrtheory.dynamic_submodular.theory.ratios import greedy_ratio

__all__ = ["build_law", "tight_greedy_value", "tight_value"]


def build_law(
    value: Callable[[tuple[int, ...]], Number], elements: Iterable[int], *, k: int, threshold: Number
) -> dict[tuple[int, ...], Fraction]:
    r"""Return the law of (e_1, ..., e_T), equal after a fresh build and after every oblivious stream (statement DS-T4).

    Parameters
    ----------
    value : callable
        f, from a tuple of elements to a number; a Fraction or an integer decides ties exactly.
    elements : iterable of int
        The elements that are present; the work grows like the factorial of their number.
    k : int
        Elements chosen; a Fraction is at most 10^5.
    threshold : number
        t.

    Returns
    -------
    dict
        Probability of every sequence.

    Raises
    ------
    TypeError
        If `value` is not callable, `elements` are not integers, or `k` or `threshold` is not a number.
    ValueError
        If `k` is below 1, an element is negative, or the threshold is negative or not finite.

    Proof
    -----
    Assumes: the updates do not depend on the coins (a hypothesis of the statement); arguments are checked here.

    Proof: By the definition of a build, e_i is uniform in R_i given T >= i and e_1, ..., e_{i-1}. An insertion keeps
    this: in a pool that has m elements with the new one, the new one becomes e_i with probability 1 / m, and the old
    uniform choice stays with probability (m - 1) / m. A deletion keeps it: given that e_i is not the deleted element,
    it is uniform on the rest of R_i, and given that it is, all levels from i on are built afresh. Updates that do not
    depend on the coins put no condition on them. The enumeration follows the definition, level by level.

    Checked by: DS-T4.

    Examples
    --------
    >>> build_law(len, [0, 1], k=1, threshold=1)
    {(0,): Fraction(1, 2), (1,): Fraction(1, 2)}
    """
    if not callable(value):
        raise must("value", "a function of tuples of elements", value, TypeError)
    if not is_iterable(elements):
        raise must("elements", "integers", elements, TypeError)
    present = [integer("elements", v, low=0) for v in elements]
    k, threshold = integer("k", k, low=1), number("threshold", threshold, 0)
    law: dict[tuple[int, ...], Fraction] = {}

    def descend(sequence: tuple[int, ...], pool: list[int], chance: Fraction) -> None:
        base = value(sequence)
        pool = [v for v in pool if v not in sequence and value((*sequence, v)) - base >= threshold]
        if not pool or len(sequence) == k:
            law[sequence] = chance
            return
        for v in pool:
            descend((*sequence, v), pool, chance / len(pool))

    descend((), sorted(present), Fraction(1))
    return law


def tight_value(total: Number = 1) -> Any:
    r"""Return the value of the maintained solution on `make_tight` when the trap holds, half of OPT (statement DS-T12).

    Parameters
    ----------
    total : number
        OPT, the weight of all blocks.

    Returns
    -------
    number
        total / 2.

    Raises
    ------
    TypeError
        If `total` is not a number.
    ValueError
        If it is negative or not finite.

    Proof
    -----
    Assumes: no guess lies in (1, total] (a hypothesis of the statement), and the trap holds: the first sample of a
    larger guess is a copy of the bait, and those of a smaller one are decoys.

    Proof: A guess above `total` has a threshold above total / (2k). It takes the bait, which covers all first halves
    and is worth total / 2; after it a block adds its second half, total / (2k), which is below the threshold. A guess
    up to 1 is filled by k decoys of weight just above 1 / (2k), which are worth just above 1/2, and total is just
    above 1.

    Checked by: DS-T12.

    Examples
    --------
    >>> tight_value(1.0)
    0.5
    """
    return number("total", total, 0) / 2


def tight_greedy_value(k: Number) -> Any:
    r"""Return the ratio to OPT that greedy reaches on its worst instance (statement DS-T14-tight).

    Parameters
    ----------
    k : int or Fraction
        Elements chosen; a Fraction is at most 10^5.

    Returns
    -------
    number
        1 - (1 - 1/k)^k exactly.

    Raises
    ------
    TypeError
        If `k` is not a number.
    ValueError
        If `k` is not an integer of at least 1, or a Fraction above 10^5.

    Proof
    -----
    Assumes: columns win ties (`make_tight_greedy` numbers them first); k is checked here.

    Proof: There are items (i, j) for i, j < k of weight (1/k)(1 - 1/k)^j, and each row i has one more item that makes
    its weight 1. The k rows are worth OPT = k. After j columns a row adds (1 - 1/k)^j, and so does the next column. So
    greedy selection takes the k columns, worth the sum of (1 - 1/k)^j over j < k, that is k (1 - (1 - 1/k)^k).

    Checked by: DS-T14-tight.

    Examples
    --------
    >>> tight_greedy_value(Fraction(3))
    Fraction(19, 27)
    """
    return greedy_ratio(k)
