"""The items that a living index got since its last merge: a small tree of dictionaries, which grows item by item."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Overlay"]


class Overlay:
    """A prefix tree whose nodes are numbered as they come, from the root 0, with the living items below each."""

    def __init__(self) -> None:
        self.children: list[dict[int, int]] = [{}]
        self.parents = [-1]
        self.living = [0]
        #: item that ends in a node, by the caller's number
        self.items: dict[int, int] = {}
        #: node in which each item ends, in the order of insertion
        self.leaves: list[int] = []
        self.depth = 0

    def __len__(self) -> int:
        return len(self.leaves)

    def follow(self, node: int, token: int) -> int:
        """The node to which a token leads, living or not; -1 if there is none."""
        return self.children[node].get(token, -1) if node >= 0 else -1

    def walk(self, tokens: Sequence[int]) -> int:
        """The node of a whole sequence, or -1."""
        node = 0
        for token in tokens:
            node = self.follow(node, token)
        return node

    def clash(self, tokens: Sequence[int]) -> bool:
        """Whether an item begins a sequence, or the sequence begins an item, and they are not the same."""
        node = 0
        for place, token in enumerate(tokens):
            if node in self.items and place:
                return True
            node = self.follow(node, token)
            if node < 0:
                return False
        return node not in self.items

    def insert(self, tokens: Sequence[int], item: int) -> None:
        """Add an item that is not there, which does not live yet."""
        node = 0
        for token in tokens:
            after = self.follow(node, token)
            if after < 0:
                after = self.children[node][token] = len(self.children)
                self.children.append({})
                self.parents.append(node)
                self.living.append(0)
            node = after
        self.items[node] = item
        self.leaves.append(node)
        self.depth = max(self.depth, len(tokens))

    def toggle(self, place: int, change: int) -> int:
        """Count an item more or less on all of its path, and return the number of edges that were written to."""
        node, writes = self.leaves[place], 0
        while node > 0:
            self.living[node] += change
            node = self.parents[node]
            writes += 1
        self.living[0] += change
        return writes

    def path(self, place: int) -> list[int]:
        """The tokens of an item."""
        return self.prefix(self.leaves[place])

    def prefix(self, node: int) -> list[int]:
        """The tokens that lead to a node."""
        found = []
        while node > 0:
            parent = self.parents[node]
            found.append(next(token for token, child in self.children[parent].items() if child == node))
            node = parent
        return found[::-1]
