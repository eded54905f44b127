"""Windows that slide from the end of the list to its head, in one or several passes."""

from __future__ import annotations

import numpy as np

from lrtheory._validation import integer, must
from lrtheory.reranking.strategies.answers import Steps

__all__ = ["best_windows", "slide"]


def slide(order: np.ndarray, *, size: int, step: int, passes: int) -> Steps:
    """Sort windows from the bottom up; each pass is over what those before it have left open."""
    order, first = order.copy(), 0
    for _ in range(passes):
        n = len(order) - first
        if n <= 1:
            break
        begin = max(n - size, 0)
        while True:
            cut = slice(first + begin, first + begin + size)
            (order[cut],) = yield [order[cut].copy()]
            if begin == 0:
                break
            begin = max(begin - step, 0)
        first += n if n <= size else size - min(step, n - size)
    return order


def best_windows(n: int, k: int, *, size: int, step: int | None, passes: int | None) -> tuple[int, int]:
    """The step and the number of passes with the fewest calls that make the first k certain.

    What is given stays; with too few passes the prefix is as long as it can be.
    """
    if step is not None:
        integer("step", step, low=1)
        if step >= size:
            raise must("step", f"between 1 and size - 1 = {size - 1}", step)
    if passes is not None:
        integer("passes", passes, low=1)
    best: tuple[tuple[int, int], int, int] | None = None
    longest = min(size - 1, max(n - size, 1))  # the first window takes no longer step
    for s in range(longest, 0, -1) if step is None else (step,):
        calls, certain, done = 0, 0, 0
        while done < passes if passes is not None else certain < min(k, max(n - 1, 1)):
            left = n - certain
            if left <= 1:
                break
            calls += 1 + -(-max(left - size, 0) // s)
            certain += left if left <= size else size - min(s, left - size)
            done += 1
            if best is not None and calls > best[0][1] and best[0][0] == 0:
                break  # another step is enough with fewer calls
        lacking = max(0, min(k, n) - certain)
        if best is None or (lacking, calls) < best[0]:
            best = (lacking, calls), s, max(done, 1) if passes is None else passes
    assert best is not None
    return best[1], best[2]
