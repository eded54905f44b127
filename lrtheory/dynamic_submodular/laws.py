r"""Exact laws of the structures on small instances, and values of the tight ones, with proofs.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

__all__ = ["build_law", "first_law", "tight_greedy_value", "tight_value", "uniform_choice"]


def build_law(
    value: Callable[[tuple[int, ...]], Any], elements: Iterable[int], *, k: int, threshold: Any
) -> dict[tuple[int, ...], Fraction]:
    r"""The law of (e_1, ..., e_T) after a fresh build, and so after every oblivious stream (statement DS-T4).

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
    law: dict[tuple[int, ...], Fraction] = {}

    def descend(sequence: tuple[int, ...], pool: list[int], chance: Fraction) -> None:
        base = value(sequence)
        pool = [v for v in pool if v not in sequence and value((*sequence, v)) - base >= threshold]
        if not pool or len(sequence) == k:
            law[sequence] = chance
            return
        for v in pool:
            descend((*sequence, v), pool, chance / len(pool))

    descend((), sorted(elements), Fraction(1))
    return law


def first_law(law: dict[tuple[int, ...], Fraction]) -> dict[int, Fraction]:
    r"""The law of e_1 in a law of sequences; -1 stands for none (statement DS-T4).

    Parameters
    ----------
    law : dict
        From `build_law`.

    Returns
    -------
    dict
        Probability of every element.

    Examples
    --------
    >>> first_law({(0, 1): Fraction(1, 2), (1,): Fraction(1, 2)})
    {0: Fraction(1, 2), 1: Fraction(1, 2)}
    """
    found: dict[int, Fraction] = {}
    for sequence, chance in law.items():
        first = sequence[0] if sequence else -1
        found[first] = found.get(first, Fraction(0)) + chance
    return found


def uniform_choice(size: int) -> Fraction:
    r"""The chance that an insertion takes the place of its pool's sample: 1 / \|R\|, itself in R (statement DS-T4).

    Parameters
    ----------
    size : int
        \|R\| after the insertion.

    Returns
    -------
    Fraction
        The coin that keeps the sample uniform.

    Proof
    -----
    The new element is the sample with probability 1 / m, each old one with (m - 1) / m 1 / (m - 1) = 1 / m.

    Examples
    --------
    >>> uniform_choice(3)
    Fraction(1, 3)
    """
    return Fraction(1, size)


def tight_value(total: Any = 1) -> Any:
    r"""What the maintained solution is worth on `make_tight` when the trap holds: half of OPT (statement DS-T12).

    Parameters
    ----------
    total : number
        OPT, the weight of all blocks.

    Returns
    -------
    number
        total / 2.

    Proof
    -----
    A guess above the grid point at 1 takes the bait, all first halves, worth total / 2; after it a block adds total /
    (2k), below its threshold. A guess up to that point is filled by k decoys of weight just above 1 / (2k).

    Examples
    --------
    >>> tight_value(1.0)
    0.5
    """
    return total / 2


def tight_greedy_value(k: Any) -> Any:
    r"""What greedy is worth on its worst instance, as a part of OPT (statement DS-T14-tight).

    Parameters
    ----------
    k : int or Fraction
        Elements chosen.

    Returns
    -------
    number
        1 - (1 - 1/k)^k exactly.

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
    return 1 - (1 - 1 / k) ** int(k)
