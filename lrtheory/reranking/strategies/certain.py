"""Conclusions from answers alone: the prefix that is certain, and the calls that check one.

An answer says that its documents are ordered so, or with `best_alone` that its first document is the best of them. A
document follows to be better than another one if a chain of answers leads from the one to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

__all__ = ["certain_prefix", "checking_calls"]


def certain_prefix(order: np.ndarray, answers: Sequence[np.ndarray], *, best_alone: bool) -> int:
    """Count the first documents of an order that must be the best ones, in order; -1 where answers contradict.

    Draw an edge between neighbors of each answer, or from the best to all others, and take away documents that no other
    one is known to be better than. If one alone is there, every other document left is behind it on some chain, so it
    is the best of them; of two neither is known to be better. Answers contradict if some documents can never be taken.
    """
    n = len(order)
    behind: list[list[int]] = [[] for _ in range(n)]
    better = [0] * n
    for answer in answers:
        found = answer.tolist()
        edges = ((found[0], other) for other in found[1:]) if best_alone else pairwise(found)
        for a, b in edges:
            behind[a].append(b)
            better[b] += 1
    free = [document for document in range(n) if not better[document]]
    certain, taken, open_ = 0, 0, True
    wanted = order.tolist()
    while free:
        open_ = open_ and len(free) == 1 and free[0] == wanted[taken]
        certain += open_
        document = free.pop()
        taken += 1
        for other in behind[document]:
            better[other] -= 1
            if not better[other]:
                free.append(other)
    return certain if taken == n else -1


def checking_calls(order: np.ndarray, k: int, *, size: int, best_alone: bool = False) -> list[tuple[np.ndarray, int]]:
    """The calls that check whether the first k of an order are the best, in order, and how many of each must be first.

    The first k are cut into parts that share one document with the next, and the last part is filled up with others;
    then the k-th is asked with size - 1 others a call. Each call joins size - 1 new documents, so ceil((n - 1) /
    (size - 1)) calls are enough, and no fewer are (statements RK-V1 and RK-T2). Where an answer names the best document
    alone, the first k are compared with their neighbors by k - 1 calls of two. All can be asked at once.
    """
    if k == 0:
        return []
    calls: list[tuple[np.ndarray, int]] = []
    first, width = 0, 2 if best_alone else size
    while first + width < k + best_alone:
        calls.append((order[first : first + width], 1 if best_alone else width))
        first += width - 1
    part, rest = order[first:k], order[k:]
    spare = size - len(part)
    calls.append((np.concatenate([part, rest[:spare]]), len(part)))
    rest = rest[spare:]
    calls += [(np.append(order[k - 1], rest[at : at + size - 1]), 1) for at in range(0, len(rest), size - 1)]
    return [(call, due) for call, due in calls if len(call) > 1]
