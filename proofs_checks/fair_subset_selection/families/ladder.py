"""A family of panels of growing size, and the number of rankings until good items are told from bad ones."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lrtheory.bounds import Family
from lrtheory.fair_subset_selection import sample_rankings

PANELS = 7  # the median of the largest of seven is the 0.906 quantile of one


@dataclass(frozen=True)
class Rung:
    """A panel of m items in turn of quality 4 and 1, the second half of them seen theta times as good."""

    n_items: int
    theta: Fraction = Fraction(3, 10)

    @property
    def good(self) -> np.ndarray:
        """Return the mask (m,) of the items of quality 4."""
        return np.arange(self.n_items) % 2 == 0

    @property
    def disadvantaged(self) -> np.ndarray:
        """Return the mask (m,) of the disadvantaged group."""
        return np.arange(self.n_items) >= self.n_items // 2

    @property
    def seen(self) -> np.ndarray:
        """Return the qualities under the bias."""
        return np.where(self.good, 4.0, 1.0) * np.where(self.disadvantaged, float(self.theta), 1.0)


def rankings_until_apart(rung: Rung, rng: np.random.Generator, n: int) -> np.ndarray:
    """Count the rankings until each of seven panels has all good items above all bad ones in both groups, (n, 2).

    Column 0 is SNTV, for which the tops alone are drawn, column 1 Borda. The median of the maximum over seven panels is
    near the number that is enough with probability 0.9, and takes no search over numbers of rankings.
    """
    return np.stack(
        [until_apart(rung, rng, n * PANELS, rule).reshape(n, PANELS).max(1) for rule in (sntv_scores, borda_scores)], 1
    )


def sntv_scores(rung: Rung, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw the SNTV scores of one ranking in each of n panels, (n, m)."""
    return rng.multinomial(1, rung.seen / rung.seen.sum(), size=n)


def borda_scores(rung: Rung, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw the Borda scores of one ranking in each of n panels, (n, m)."""
    ranking = sample_rankings("plackett-luce", n, rung.n_items, rng=rng, quality=rung.seen)
    return rung.n_items - 1 - ranking.positions


def until_apart(rung: Rung, rng: np.random.Generator, n: int, one_ranking) -> np.ndarray:
    """Count the rankings until the sums of scores are in order for the first time, in each of n panels."""
    # `waiting` has the numbers of the panels that are not in order yet, row by row those of `scores`
    scores, found, waiting, count = np.zeros((n, rung.n_items), np.int64), np.zeros(n, np.int64), np.arange(n), 0
    while len(waiting):
        count += 1
        scores += one_ranking(rung, rng, len(waiting))
        apart = np.ones(len(waiting), dtype=bool)
        for group in (rung.disadvantaged, ~rung.disadvantaged):
            apart &= scores[:, rung.good & group].min(1) > scores[:, ~rung.good & group].max(1)
        found[waiting[apart]] = count
        scores, waiting = scores[~apart], waiting[~apart]
    return found


LADDER = Family("ladder-of-panels", always=tuple(Rung(m) for m in (8, 16, 32, 64)))
