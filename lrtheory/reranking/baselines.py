"""Methods of other tools: windows as released, sampled pairs, counts of wins, and the order that most pairs agree with.

The judge of a loop is a function of documents that returns them, the best first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import as_array, generator, integer, must, sequence
from lrtheory.reranking.strategies.answers import checked
from lrtheory.reranking.strategies.reranker import start_order

__all__ = ["copeland_order", "kemeny_order", "prp_sampled_pairs", "rankgpt_loop", "rankify_window"]

Judge = Callable[[np.ndarray], Any]
#: documents of lists whose best order is looked for
MOST = 12


def rankify_window(
    oracle: Judge, n: int, *, size: int = 20, step: int = 10, order: ArrayLike | None = None
) -> np.ndarray:
    """Slide windows as Rankify 0.1.4 does: each is cut from the input list, and written over the result.

    Where windows overlap, what one of them has put into the overlap is overwritten, so that documents are lost and
    others stand twice. As in `rankgpt_loop` no window begins before the head of the list.

    Parameters
    ----------
    oracle : callable
        The judge.
    n : int
        Number of documents.
    size, step : int
        Documents of a window, and places by which it moves.
    order : array of shape (n,), optional
        Documents as they stand now; by default 0, ..., n - 1.

    Returns
    -------
    int64 array of shape (n,)
        Documents, of which some may stand twice and others be lost.

    Raises
    ------
    ValueError
        If a number is out of its range, or the judge returns no permutation of what it was asked.

    Examples
    --------
    >>> rankify_window(lambda call: [0, 2] if 0 in call else sorted(call), 3, size=2, step=1, order=[0, 2, 1]).tolist()
    [0, 2, 2]
    """
    given = start_order(order, integer("n", n, low=0))
    found = given.copy()
    for cut in _windows(len(given), size, step):
        found[cut] = _sorted(oracle, given[cut])
    return found


def rankgpt_loop(
    oracle: Judge, n: int, *, size: int = 20, step: int = 10, order: ArrayLike | None = None
) -> np.ndarray:
    """Slide windows as RankGPT does: they build on each other, and end where the next would begin before the head.

    With fewer than `size` documents nothing is asked, and where `step` does not divide n - size the head of the list is
    never looked at.

    Parameters
    ----------
    oracle : callable
        The judge.
    n : int
        Number of documents.
    size, step : int
        Documents of a window, and places by which it moves.
    order : array of shape (n,), optional
        Documents as they stand now; by default 0, ..., n - 1.

    Returns
    -------
    int64 array of shape (n,)
        The documents in their new order.

    Raises
    ------
    ValueError
        If a number is out of its range, or the judge returns no permutation of what it was asked.

    Examples
    --------
    >>> rankgpt_loop(sorted, 5, size=4, step=2, order=[4, 3, 2, 1, 0]).tolist()
    [4, 0, 1, 2, 3]
    """
    found = start_order(order, integer("n", n, low=0)).copy()
    for cut in _windows(len(found), size, step):
        found[cut] = _sorted(oracle, found[cut])
    return found


def _windows(n: int, size: int, step: int) -> list[slice]:
    size, step = integer("size", size, low=2), integer("step", step, low=1)
    return [slice(begin, begin + size) for begin in range(n - size, -1, -step)]


def _sorted(oracle: Judge, call: np.ndarray) -> np.ndarray:
    return checked("oracle(documents)", oracle(call.copy()), call, kind="sort", repair=False)[0]


def prp_sampled_pairs(oracle: Judge, n: int, *, n_pairs: int = 100, rng: Rng = None) -> np.ndarray:
    """Order documents by wins in a sample of ordered pairs, as Rankify's pairwise method does with all pairs.

    Parameters
    ----------
    oracle : callable
        The judge, of two documents a call.
    n : int
        Number of documents.
    n_pairs : int
        Pairs that are drawn without repetition, at most all n (n - 1).
    rng : int, Generator, or None
        Source of the sample.

    Returns
    -------
    int64 array of shape (n,)
        Documents by falling wins, ties by their numbers.

    Raises
    ------
    ValueError
        If a number is out of its range, or the judge returns no permutation of what it was asked.

    Examples
    --------
    >>> prp_sampled_pairs(sorted, 3, n_pairs=6, rng=0).tolist()
    [0, 1, 2]
    """
    n, draws = integer("n", n, low=0), generator(rng)
    total = n * (n - 1) if n > 1 else 0
    drawn = draws.choice(total, size=min(integer("n_pairs", n_pairs, low=0), total), replace=False)
    wins = np.zeros(n, np.int64)
    for first, other in zip(drawn // max(n - 1, 1), drawn % max(n - 1, 1), strict=True):
        pair = np.array([first, other + (other >= first)])
        wins[_sorted(oracle, pair)[0]] += 1
    return np.argsort(-wins, kind="stable")


def copeland_order(beats: ArrayLike) -> np.ndarray:
    """Order documents by the numbers of duels that they win.

    Parameters
    ----------
    beats : array of shape (n, n)
        Entry (a, b) is true or 1 where a wins against b, and 1/2 for a tie; the diagonal is left out.

    Returns
    -------
    int64 array of shape (n,)
        Documents by falling wins, ties by their numbers.

    Raises
    ------
    ValueError
        If it is no square, or an entry and its opposite do not add up to 1.

    Examples
    --------
    >>> copeland_order([[0, 0, 1], [1, 0, 0.5], [0, 0.5, 0]]).tolist()
    [1, 0, 2]
    """
    found = as_array("beats", beats).astype(np.float64)
    if found.ndim != 2 or found.shape[0] != found.shape[1]:
        raise must("beats", "a square table", found.shape)
    off = ~np.eye(len(found), dtype=bool)
    if not ((found + found.T)[off] == 1).all() or not ((found >= 0) & (found <= 1))[off].all():
        raise must("beats", "in [0, 1], such that an entry and its opposite add up to 1", found)
    wins = np.where(off, found, 0.0).sum(axis=1)
    return np.argsort(-wins, kind="stable")


def kemeny_order(lists: Sequence[Sequence[Any]]) -> list[Any]:
    """Find the order that agrees with most pairs of the lists, exactly (Kemeny).

    Parameters
    ----------
    lists : sequence of sequences
        Documents, the best first; each list orders the documents that it has, at most twelve in all.

    Returns
    -------
    list
        Order of all documents with the fewest pairs that a list has the other way round; of several the first one, if
        documents are numbered as they appear.

    Raises
    ------
    ValueError
        If there are more than twelve documents, or a list has one twice.

    Examples
    --------
    >>> kemeny_order([["a", "b", "c"], ["b", "c", "a"], ["a", "c", "b"]])
    ['a', 'b', 'c']
    """
    ranked = [list(one) for one in sequence("lists", lists)]
    names = list(dict.fromkeys(name for one in ranked for name in one))
    if len(names) > MOST:
        raise must("lists", f"about at most {MOST} documents, as all sets of them are tried", len(names))
    numbers = {name: number for number, name in enumerate(names)}
    before = np.zeros((len(names), len(names)), np.int64)
    for number, one in enumerate(ranked):
        if len(set(one)) < len(one):
            raise must(f"lists[{number}]", "free of repeated documents", one)
        for place, a in enumerate(one):
            for b in one[place + 1 :]:
                before[numbers[a], numbers[b]] += 1
    return [names[number] for number in _best_order(before.tolist())]


def _best_order(before: list[list[int]]) -> list[int]:
    """The first of the orders with the most pairs, each counted `before` times; by sets of documents that are last."""
    n = len(before)
    most, first = [0] * 2**n, [0] * 2**n
    for last in range(1, 2**n):
        members = [a for a in range(n) if last >> a & 1]
        agreed = {a: most[last ^ 1 << a] + sum(before[a][b] for b in members) for a in members}
        first[last] = max(members, key=agreed.__getitem__)
        most[last] = agreed[first[last]]
    found, left = [], 2**n - 1
    while left:
        found.append(first[left])
        left ^= 1 << first[left]
    return found
