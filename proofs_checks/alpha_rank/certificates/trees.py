"""All spanning trees of a few states."""

from __future__ import annotations

import itertools
from collections.abc import Iterator


def _reaches(parent: dict[int, int], state: int, root: int) -> bool:
    """Tell whether the walk along parents ends in the root; otherwise it enters a cycle."""
    for _ in range(len(parent)):
        state = parent[state]
        if state == root:
            return True
    return False


def trees_into(root: int, n_states: int) -> Iterator[dict[int, int]]:
    """Yield the spanning trees that are directed into a state, each as the parents of all other states."""
    others = [i for i in range(n_states) if i != root]
    for parents in itertools.product(range(n_states), repeat=n_states - 1):
        parent = dict(zip(others, parents, strict=True))
        # of all maps to parents those without a cycle are trees
        if all(_reaches(parent, i, root) for i in others):
            yield parent
