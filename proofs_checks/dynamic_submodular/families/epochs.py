"""Buckets from which elements are deleted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bucket:
    """N elements of equal value in blocks of copies, the deletions, and the tolerance of the batches.

    Attributes
    ----------
    size, copies : int
        N, and how many cover the same item.
    victims : tuple of int
        Elements that are deleted; with `attacked` as many members of the sequence.
    k : int
        Elements to choose; the threshold is half the value of an element.
    """

    size: int
    copies: int
    victims: tuple[int, ...]
    k: int
    epsilon: float
    attacked: bool = False

    @property
    def built(self) -> int:
        """The least size of the first pool when it was built: it is built again once it has doubled."""
        return self.size // 2
