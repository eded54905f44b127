"""Calls of a judge that sorts a few documents at a time, and the prefix that they make certain.

A judge is consistent if its answers follow one order of all documents.
"""

from __future__ import annotations

from lrtheory._numbers import formula

__all__ = [
    "calls_needed",
    "heap_calls",
    "merge_calls",
    "merge_candidates",
    "tournament_calls",
    "window_calls",
    "window_prefix",
]


@formula(n="[1, inf)", size="[2, inf)", step="[1, size)", passes="[0, inf)")
def window_prefix(n: int, size: int, step: int, *, passes: int = 1) -> int:
    """Count the documents that passes of sliding windows put first for certain (statements RK-W1 and RK-W2).

    A pass sorts the last documents of the list that are not certain yet, then those that begin `step` places above, and
    so on up to the first of them, where the last step is cut short if it must be.

    Parameters
    ----------
    n : int
        Number of documents.
    size : int
        Documents of a call.
    step : int
        Places by which a window moves.
    passes : int
        Passes, each over the documents that those before it have left open.

    Returns
    -------
    int
        The largest g such that the first g documents are the best ones, in order, whatever the order was: for one pass
        size - min(step, n - size), or n where n <= size.

    Proof
    -----
    Assumes: answers follow one order (the caller).

    Proof: for one pass and n > size let s = min(step, n - size), the longest step taken, and m = size - s. After each
    window, which begins at b, the m best of the documents at b and below stand at b, ..., b + m - 1, in order. So it is
    after the first window, which holds all of them. The next one begins at b' >= b - s and ends behind b + m - 1, since
    b + m <= b' + size: it holds these m, and each document below that it does not hold has m better ones. At b = 0 this
    is the theorem. No more is certain: let the m + 1 best stand last. A window that ends above the place of one of them
    never meets it, so the last of the m + 1 stays behind when the longest step is taken, for only m of them are in the
    overlap. A later pass is a first pass over the documents behind the prefix, which are all worse than it. With p
    passes that is at least min(n, p m), since m does not fall as n does.

    Examples
    --------
    >>> window_prefix(100, 20, 10), window_prefix(100, 20, 10, passes=2)
    (10, 20)
    """
    left = n
    for _ in range(passes):
        left -= left if left <= size else size - min(step, left - size)
    return n - left


@formula(n="[1, inf)", size="[2, inf)", step="[1, size)", passes="[0, inf)")
def window_calls(n: int, size: int, step: int, *, passes: int = 1) -> int:
    """Count the calls of passes of sliding windows, each of which waits for the one before it (statement RK-W1).

    Parameters
    ----------
    n, size, step, passes : int
        As in `window_prefix`.

    Returns
    -------
    int
        For one pass 1 + ceil((n - size) / step), or 1 where n <= size; nothing is asked about one document.

    Proof
    -----
    Assumes: the last step is cut short, and a pass is over the documents that are not certain yet (`window_prefix`).

    Proof: the first window begins at n - size, and each step moves it by `step`, until it begins at 0. Where n <= size
    there is one window. Consecutive windows share documents, as step < size, and a call is about what the one before
    has left there.

    Examples
    --------
    >>> window_calls(100, 20, 10)
    9
    """
    calls, left = 0, n
    for _ in range(passes):
        if left <= 1:
            break
        calls += 1 + -(-max(left - size, 0) // step)
        left -= left if left <= size else size - min(step, left - size)
    return calls


@formula(n="[1, inf)", size="[2, inf)", k="[1, size)")
def tournament_calls(n: int, size: int, k: int) -> tuple[int, int]:
    """Count the calls and the rounds of a tournament of sorted groups (statement RK-T1).

    Groups of `size` are sorted and the best k of each are kept, until one call sorts all that are left.

    Parameters
    ----------
    n, size : int
        Number of documents, and of documents of a call.
    k : int
        Number of best documents that are wanted.

    Returns
    -------
    calls, rounds : int
        Numbers that the recursion n -> floor(n / size) k + min(n mod size, k) gives.

    Proof
    -----
    Assumes: answers follow one order (the caller). That k < size, so that each round leaves fewer documents, is checked
    here.

    Proof: a document that a round drops has k better ones in its group, so it is not among the best k; what is left
    keeps the best k, and the last call sorts them. A round has one call for each full group and one more for a last
    group of more than k documents; a smaller group is kept as it is. The calls of a round are about different documents
    and wait for none of each other. At most `size` documents need one call, and one document needs none.

    Examples
    --------
    >>> tournament_calls(100, 20, 10)
    (9, 4)
    """
    calls, rounds = 0, 0
    while n > size:
        full, last = divmod(n, size)
        calls, rounds, n = calls + full + (last > k), rounds + 1, full * k + min(last, k)
    return (calls + 1, rounds + 1) if n > 1 else (calls, rounds)


@formula(n="[1, inf)", size="[2, inf)", k="[1, size]")
def merge_candidates(n: int, size: int, k: int) -> int:
    """Bound the documents that the last call of a merge is about (statement RK-T3).

    Groups are sorted, then the heads of all groups together, then what can still be among the best k.

    Parameters
    ----------
    n, size : int
        Number of documents, and of documents of a call.
    k : int
        Number of best documents that are wanted.

    Returns
    -------
    int
        k plus the sum of k - i t over the numbers i of groups with i t <= k, for heads of t = floor(size / G) documents
        of G = ceil(n / size) groups; n where there are more groups than one call is about. A merge is possible if this
        is at most `size`.

    Proof
    -----
    Assumes: answers follow one order; there are G <= size groups, so that t is at least 1. With more groups no call
    takes a head of each, and n stands for all documents.

    Proof: let p be the place that the t-th document of a group has in the call about the heads. A document at place
    j > t of that group has p + (j - t) - 1 better ones at least: p - 1 heads, the t-th itself, and those between. It
    can be among the best k only if j <= t + k - p, so that the next k - p of the group are enough where p <= k, and
    none elsewhere. The groups with p <= k in order of p have i t heads up to that of the i-th, so p >= i t, which gives
    the sum. The first k heads join them, since a head that is not among the first k heads has k better ones. One call
    sorts all candidates if they are at most `size`; it is not needed where there are none besides the heads.

    Examples
    --------
    >>> merge_candidates(100, 20, 10)
    18
    """
    groups = -(-n // size)
    head = size // groups
    return k + sum(k - i * head for i in range(1, min(groups, k // head) + 1)) if head else n


@formula(n="[1, inf)", size="[2, inf)", k="[1, size]")
def merge_calls(n: int, size: int, k: int) -> tuple[int, int]:
    """Bound the calls and the rounds of a merge (statement RK-T3).

    Parameters
    ----------
    n, size, k : int
        As in `merge_candidates`.

    Returns
    -------
    calls, rounds : int
        The largest numbers: one call for each of the G = ceil(n / size) groups, one for the heads, and where a head is
        shorter than k, one for the candidates; 2 or 3 rounds.

    Proof
    -----
    Assumes: the candidates of the last call are at most `size` (`merge_candidates`).

    Proof: one call sorts each group of two or more, one the heads, and one the candidates; groups wait for none of each
    other. The t-th document of a group has the place t at least among the heads, so where t >= k no group has a
    candidate behind its head, and the third round is not needed. At most `size` documents need one call.

    Examples
    --------
    >>> merge_calls(100, 20, 10)
    (7, 3)
    """
    if n <= size:
        return (1, 1) if n > 1 else (0, 0)
    full, last = divmod(n, size)
    more = size // -(-n // size) < k
    return full + (last > 1) + 1 + more, 2 + more


@formula(n="[1, inf)", size="[2, inf)", k="[1, n]")
def heap_calls(n: int, size: int, k: int) -> int:
    """Bound the calls of a heap whose questions name the best of a document and its children (statement RK-H1).

    Parameters
    ----------
    n : int
        Number of documents.
    size : int
        Documents of a call: one and its size - 1 children.
    k : int
        Number of best documents that are taken.

    Returns
    -------
    int
        The largest number of calls.

    Proof
    -----
    Assumes: answers follow one order, so that a document goes down only where a child is better (the caller).

    Proof: to let a document go down from a place takes one call a level, which names the best of it and its children:
    at most the height of that place, along the first children, since these exist wherever any child does. Building the
    heap does so once for each place, from the last parent to the first. The best document is the first then; of the
    k - 1 times that another one is wanted, the t-th leaves n - t documents and lets one go down from the first place.

    Examples
    --------
    >>> heap_calls(100, 10, 10), heap_calls(100, 20, 10)
    (40, 25)
    """
    children = size - 1
    # a place has a height of h levels or more if its leftmost descendant of that level is there
    built, first = 0, 0
    while (first := children * first + 1) < n:
        built += _with_descendant(n, children, first)
    return built + sum(_depth(n - t, children) for t in range(1, k))


def _with_descendant(n: int, children: int, first: int) -> int:
    """The places whose leftmost descendant is there, of the level on which that of the root stands at `first`."""
    if children == 1:
        return n - first
    # the leftmost descendant of place v stands at v children^h + first
    power = first * (children - 1) + 1
    return (n - 1 - first) // power + 1


def _depth(n: int, children: int) -> int:
    levels, at = 0, 0
    while (at := children * at + 1) < n:
        levels += 1
    return levels


@formula(n="[1, inf)", size="[2, inf)")
def calls_needed(n: int, size: int) -> int:
    """Count the calls without which no k < n documents are known to be the best ones (statement RK-T2).

    As many are enough to check an order that somebody claims, in one round (statement RK-V1).

    Parameters
    ----------
    n, size : int
        Number of documents, and of documents of a call.

    Returns
    -------
    int
        ceil((n - 1) / (size - 1)).

    Proof
    -----
    Assumes: answers follow one order, and a call is about at most `size` documents. A strategy may be adaptive.

    Proof: draw an edge between documents that were in one call. A call joins at most `size` parts of this graph into
    one, so it lowers their number by at most size - 1, and after fewer than (n - 1) / (size - 1) calls there are two or
    more. Let X be one part and Y the rest: all answers fit an order that has all of X before Y, and one that has all of
    Y before X. The k best of the two differ, as k < n. So no strategy that stops there is right for both. To check a
    claimed order, sort overlapping parts of its first k and then the k-th with size - 1 others a call: each call joins
    size - 1 new documents, and by transitivity the claim is right if and only if all answers agree with it.

    Examples
    --------
    >>> calls_needed(100, 20)
    6
    """
    return -(-(n - 1) // (size - 1))
