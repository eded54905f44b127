"""Exact probabilities of wrong orders, summed over binomial laws, for SNTV and at most two items in each group."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.stats import binom

from proofs_checks.fair_subset_selection.families.laws import PanelLaw, quotas

LARGEST = 20_000  # the largest number of rankings for which sums over all numbers of tops are made


def pairs_of(law: PanelLaw) -> list[tuple[int, ...]] | None:
    """List the items of each group, the better one first; None where a group has more than two, or n is too large."""
    groups = [[i for i, down in enumerate(law.disadvantaged) if down == g] for g in (False, True)]
    if law.kind != "sntv" or law.n > LARGEST or max(map(len, groups)) > 2:
        return None
    latent = law.latent
    return [tuple(sorted(group, key=lambda i: (-latent[i], i))) for group in groups]


def wrong_orders(law: PanelLaw, *, ties: bool) -> dict[tuple[bool, ...], float]:
    """Compute the probability that the scores put each group into the wrong order, for each combination of the groups.

    Given the N tops of a group, itself a binomial number, the better item of a pair has X of them, a binomial number.
    With `ties` equal scores are wrong; without, the item with the smaller number is first then.
    """
    groups = pairs_of(law)
    assert groups is not None
    tops = [float(g) for g in law.observed]
    size = np.arange(law.n + 1)
    wrong = []
    # wrong[g][N] is the probability of a wrong order in group g given N tops of the first group and n - N of the other
    for group, counts in zip(groups, (size, law.n - size), strict=True):
        if len(group) < 2:
            wrong.append(np.zeros(law.n + 1))
            continue
        first, second = group
        # wrong if X <= N/2, and if X < N/2 where a tie puts the better item first
        most = counts // 2 if ties or second < first else (counts - 1) // 2
        wrong.append(binom.cdf(most, counts, tops[first] / (tops[first] + tops[second])))
    chance = binom.pmf(size, law.n, sum(tops[i] for i in groups[0]))
    return {
        both: float(np.sum(chance * np.prod([w if yes else 1 - w for w, yes in zip(wrong, both, strict=True)], axis=0)))
        for both in product((False, True), repeat=2)
    }


def chance_of_misorder(law: PanelLaw) -> float | None:
    """Compute the probability that a pair of one group that differs clearly is not in its order; None if too large."""
    groups = pairs_of(law)
    if groups is None:
        return None
    f = law.latent
    clear = [len(group) == 2 and f[group[1]] <= law.beta * f[group[0]] for group in groups]
    laws = wrong_orders(law, ties=True)
    return sum(p for both, p in laws.items() if any(w and c for w, c in zip(both, clear, strict=True)))


def chance_of_loss(law: PanelLaw) -> float | None:
    """Compute the probability that some quota keeps less than beta_plus of its best set; None if too large."""
    groups = pairs_of(law)
    if groups is None:
        return None
    f = law.latent

    def loses(both: tuple[bool, ...]) -> bool:
        orders = [group[::-1] if wrong else group for group, wrong in zip(groups, both, strict=True)]
        return any(worth(orders, quota) < law.beta_plus * worth(groups, quota) for quota in quotas(law))

    def worth(orders: list, quota: int):
        return sum(f[i] for i in (*orders[0][: law.k - quota], *orders[1][:quota]))

    return sum(p for both, p in wrong_orders(law, ties=False).items() if loses(both))
