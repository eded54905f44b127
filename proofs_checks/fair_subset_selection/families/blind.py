"""Families of panels that hardly ever see a good item of the group on top, and of panels without quotas."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import exact
from lrtheory.bounds import Number, formula
from lrtheory.fair_subset_selection import ScoreRule, theory
from proofs_checks.fair_subset_selection.families.laws import THETA, biased


@formula(h="[1, inf)", g="[1, h]", good="(0, inf)", bad="(0, inf)")
def blind_scales(h: int, g: int, good: Number = 2, bad: Number = Fraction(1, 100)) -> list[Any]:
    """The ends of the ranges of the utilities on which SNTV is blind.

    Of h advantaged items they are 1; of as many disadvantaged ones g have the end `good`, and the others `bad`.
    """
    return [Fraction(1)] * h + [exact(good)] * g + [exact(bad)] * (h - g)


@dataclass(frozen=True)
class Blind:
    """A blind panel: h advantaged items, g good ones of h disadvantaged, n rankings, and the quota for the group.

    Items are numbered by kind: 0 .. h - 1 advantaged, h .. h + g - 1 good ones of the group, the others bad ones.
    """

    n_advantaged: int
    n_good: int
    n: int
    quota: int
    theta: Fraction = THETA

    @property
    def disadvantaged(self) -> np.ndarray:
        """Return the mask (2 h,) of the disadvantaged group."""
        return np.arange(2 * self.n_advantaged) >= self.n_advantaged

    @property
    def scales(self) -> list:
        """Return the ends of the ranges of the latent utilities."""
        return blind_scales(self.n_advantaged, self.n_good)

    def tops(self, theta: Fraction) -> list[Fraction]:
        """Return the probabilities of the items to be on top when the group is seen theta times as large."""
        seen = biased(self.scales, self.disadvantaged, theta)
        return theory.expected_scores("uniform-utilities", ScoreRule("sntv"), seen)
