r"""The exact law of the samples on small instances, and the values of tight instances, with proofs.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from lrtheory._numbers import number
from lrtheory._validation import integer, must
from lrtheory.dynamic_submodular.theory.ratios import chosen

__all__ = ["build_law", "tight_greedy_value", "tight_value"]


def build_law(
    value: Callable[[tuple[int, ...]], Any], elements: Iterable[int], *, k: int, threshold: Any
) -> dict[tuple[int, ...], Fraction]:
    r"""Return the law of (e_1, ..., e_T) after a fresh build, and so after every oblivious stream (statement DS-T4).

    Parameters
    ----------
    value : callable
        f, from a tuple of elements to a number; a Fraction or an integer decides ties exactly.
    elements : iterable of int
        Those present; the work grows like their factorial.
    k : int
        Elements chosen.
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
    e_i is uniform in R_i given what came before: the definition of a build, by recursion over i. An insertion keeps it:
    the new element is taken with probability 1 / m, else the old uniform choice is kept, with probability (m - 1) / m.
    A deletion keeps it: conditioned on not being the deleted element the choice is uniform on the rest, and if it was,
    it is drawn anew. Updates that do not depend on the coins do not condition on them.

    Examples
    --------
    >>> build_law(len, [0, 1], k=1, threshold=1)
    {(0,): Fraction(1, 2), (1,): Fraction(1, 2)}
    """
    if not callable(value):
        raise must("value", "a function of tuples of elements", value, TypeError)
    if not isinstance(elements, Iterable):
        raise must("elements", "integers", elements, TypeError)
    present = [integer("elements", v, low=0) for v in elements]
    k = integer("k", k, low=1)
    number("threshold", threshold, 0)
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


def tight_value(total: Any = 1) -> Any:
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
    A guess above `total` takes the bait, all first halves, worth total / 2; after it a block adds total / (2k), below
    its threshold. A guess up to 1 is filled by k decoys of weight just above 1 / (2k). No guess lies in between, if the
    grid has none there.

    Examples
    --------
    >>> tight_value(1.0)
    0.5
    """
    number("total", total, 0)
    return total / 2


def tight_greedy_value(k: Any) -> Any:
    r"""Return the ratio to OPT that greedy reaches on its worst instance (statement DS-T14-tight).

    Parameters
    ----------
    k : int or Fraction
        Elements chosen.

    Returns
    -------
    number
        1 - (1 - 1/k)^k exactly.

    Raises
    ------
    TypeError
        If `k` is not a number.
    ValueError
        If `k` is not an integer of at least 1.

    Proof
    -----
    Items (i, j), i, j < k, of weight (1/k)(1 - 1/k)^j, and a rest in each row that completes it to 1. Rows are worth k
    in all. After j columns a row adds (1 - 1/k)^j, and so does the next column: with ties to columns greedy takes k of
    them, worth the sum of (1 - 1/k)^j over j < k, that is k (1 - (1 - 1/k)^k).

    Examples
    --------
    >>> tight_greedy_value(Fraction(3))
    Fraction(19, 27)
    """
    chosen(k)
    return 1 - (1 - 1 / k) ** int(k)
