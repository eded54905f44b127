"""Laws with two items of each group at most under SNTV: every wrong order has a probability that can be summed."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.stats import binom

from proofs_checks.fair_subset_selection.families.laws import PanelLaw, quotas

LARGEST = 20_000  # rankings over which is summed


def pairs_of(law: PanelLaw) -> list[tuple[int, ...]] | None:
    """The items of each group, the better one first; None where a group has more than two, or n is too large."""
    groups = [[i for i, down in enumerate(law.disadvantaged) if down == g] for g in (False, True)]
    if law.kind != "sntv" or law.n > LARGEST or max(map(len, groups)) > 2:
        return None
    latent = law.latent
    return [tuple(sorted(group, key=lambda i: (-latent[i], i))) for group in groups]


def wrong_orders(law: PanelLaw, *, ties: bool) -> dict[tuple[bool, ...], float]:
    """Probability that the scores put the groups into the wrong order, for each combination of the groups.

    The better item of a pair has X of the N tops of its group, a binomial number. With `ties` equal scores are wrong;
    without, the smaller number is first then.
    """
    groups = pairs_of(law)
    assert groups is not None
    tops = [float(g) for g in law.observed]
    size = np.arange(law.n + 1)
    wrong = []
    for group, counts in zip(groups, (size, law.n - size), strict=True):
        if len(group) < 2:
            wrong.append(np.zeros(law.n + 1))
            continue
        first, second = group
        most = counts // 2 if ties or second < first else (counts - 1) // 2
        wrong.append(binom.cdf(most, counts, tops[first] / (tops[first] + tops[second])))
    chance = binom.pmf(size, law.n, sum(tops[i] for i in groups[0]))
    return {
        both: float(np.sum(chance * np.prod([w if yes else 1 - w for w, yes in zip(wrong, both, strict=True)], axis=0)))
        for both in product((False, True), repeat=2)
    }


def chance_of_misorder(law: PanelLaw) -> float | None:
    """Probability that a pair of one group that differs clearly is not in its order."""
    groups = pairs_of(law)
    if groups is None:
        return None
    f = law.latent
    clear = [len(group) == 2 and f[group[1]] <= law.beta * f[group[0]] for group in groups]
    laws = wrong_orders(law, ties=True)
    return sum(p for both, p in laws.items() if any(w and c for w, c in zip(both, clear, strict=True)))


def chance_of_loss(law: PanelLaw) -> float | None:
    """Probability that some quota keeps less than beta_plus of its best set."""
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
