"""Crowds of equal elements, of which one leaves and returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Crowd:
    """n elements of equal value are present; then one leaves and returns.

    It is drawn at random or, adaptively, it is e_1 of the guess that answers.
    """

    n: int
    k: int
    adaptive: bool = False
