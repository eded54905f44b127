"""Rankings that are enough where the latent rankings of the same panel judge."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from lrtheory._numbers import exact
from lrtheory.bounds import Derived, Draws, Family, Number, OutcomeError, Statement, formula, saboteur
from lrtheory.fair_subset_selection import bias_utilities, item_scores, sample_utilities, select_by_scores, theory
from proofs_checks.fair_subset_selection.families.laws import (
    Coupled,
    PanelLaw,
    are_sums,
    at_most_delta,
    by_quota,
    is_smooth,
    needed,
    quotas,
    ratios_of,
    two_levels,
)
from proofs_checks.fair_subset_selection.families.outcomes import are_sets


def coupled(law: PanelLaw, rng: np.random.Generator, n: int, sign: int = 1) -> Coupled:
    """Draw latent and observed scores in n runs, and select by the latter at the quota of the best latent set."""
    quality = [float(q) for q in law.quality]
    pairs = []
    for _ in range(n):
        utilities = sample_utilities("plackett-luce", law.n, len(quality), rng=rng, quality=quality)
        panel = bias_utilities(utilities, np.array(law.disadvantaged), float(law.theta), rng=rng)
        pairs.append([item_scores(one, law.rule) for one in (panel.latent, panel.observed)])
    both = np.array(pairs)
    items = []
    for latent, observed in both:
        quota = {True: select_by_scores(latent, law.k, groups=law.groups == 1).group_counts[True]}
        items.append(select_by_scores(sign * observed, law.k, groups=law.groups == 1, quota=quota).items)
    return Coupled(both[:, 0], both[:, 1], np.array(items))


def enough_realized(law: PanelLaw, share: Fraction = Fraction(1)) -> PanelLaw:
    """Complete a law by as many rankings as the realized form, FSS-T2, needs for this share of the accuracy eps_0."""
    law = replace(law, share=share)
    n = theory.rankings_needed_realized(len(law.quality), alpha=law.alpha, epsilon=law.epsilon, delta=law.delta)
    return replace(law, n=n)


def draw_realized(draws: Draws) -> PanelLaw:
    """Draw two to six items of two qualities that are so far apart that the panels are small enough to be drawn."""
    m, high = draws.integers(2, 6), draws.integers(4, 9)
    quality = (high, 1, *(high if good else 1 for good in draws.integers(0, 1, shape=m - 2).tolist()))
    down = (False, False, *(draws.integers(0, 1, shape=m - 2) == 1).tolist())
    # alpha of SNTV falls like 1/m, so that larger panels would have too many rankings to be drawn one by one
    kind = "borda" if m > 3 else draws.choice(("sntv", "borda"))
    k, theta = draws.integers(1, m - 1), Fraction(1, draws.integers(1, 3))
    law = PanelLaw(quality, down, kind, k, 1, *[Fraction(0)] * 3, theta=theta)
    return enough_realized(
        needed(law, Fraction(1), beta=ratios_of(law)[0]), draws.choice((Fraction(1), Fraction(1, 2)))
    )


REALIZED = Family(
    "realized",
    always=lambda: (enough_realized(two_levels(8, "borda")), enough_realized(two_levels(4, "borda"), Fraction(1, 2))),
    draw=draw_realized,
)
# one ranking decides nothing: SNTV then has one item with a point, and chance does the rest
SMALL_PANEL = Family("one-voter", always=lambda: (replace(two_levels(8, "sntv"), n=1),))


def the_worst(law: PanelLaw, rng: np.random.Generator, n: int) -> Coupled:
    """Choose by the observed scores read upside down."""
    return coupled(law, rng, n, sign=-1)


def are_coupled(law: PanelLaw, found: Coupled) -> np.ndarray:
    """Mark the rows that can be scores of the same rankings: the bias lowers the group and lifts the others."""
    rise, down = found.observed - found.latent, law.groups == 1
    moved = (rise[:, ~down] >= 0).all(1) & (rise[:, down] <= 0).all(1)
    return are_sums(law, found.latent) & are_sums(law, found.observed) & moved


@formula(beta_plus="[0, 1]", epsilon="[0, 1]")
def realized_ratio(beta_plus: Number, epsilon: Number) -> Number:
    """At least this share of O is kept. Here `beta_plus` is beta_+, and `epsilon` is eps.

    Proof
    -----
    Assumes: all latent sums are within a factor 1 +- epsilon of their means n f, which
    `theory.rankings_needed_realized` rankings give with probability 1 - delta; ranges are checked.

    Proof: let j be chosen instead of i, with f_j >= beta_plus f_i. The sum of j is at least (1 - epsilon) n f_j, that
    of i at most (1 + epsilon) n f_i, so j has at least beta_plus (1 - epsilon) / (1 + epsilon) of the sum of i.
    Exchange all such pairs (FSS-P5).
    """
    epsilon = exact(epsilon)
    return exact(beta_plus) * (1 - epsilon) / (1 + epsilon)


def realized_loss(law: PanelLaw, found: Coupled) -> np.ndarray:
    """Mark the runs in which the choice at the quota of a best latent set is worth less than the claimed share."""
    if found.items.shape[1:] != (law.k,):
        raise OutcomeError(f"an outcome must have {law.k} items in each run")
    valid = are_coupled(law, found) & are_sets(found.items, len(law.quality))
    items = np.where(valid[:, None], found.items, 0)
    # column of the quota of the chosen items, since the least possible quota is column 0
    optima, places = by_quota(law, found.latent, found.latent), law.groups[items].sum(1) - quotas(law)[0]
    best, rows = optima.max(axis=1), np.arange(len(items))
    valid &= optima[rows, np.clip(places, 0, optima.shape[1] - 1)] == best  # as many of the group as in a best set
    value = np.take_along_axis(found.latent, items, axis=1).sum(1)
    return ~valid | (value < float(realized_ratio(law.beta_plus, law.epsilon)) * best)


def has_enough_realized(law: PanelLaw) -> bool:
    """Return True if there are as many rankings as the realized form, FSS-T2, asks for."""
    m = len(law.quality)
    return law.n >= theory.rankings_needed_realized(m, alpha=law.alpha, epsilon=law.epsilon, delta=law.delta)


FSS_T2 = Statement(
    id="fair_subset_selection/FSS-T2",
    title="Enough rankings, judged by the latent rankings of the same panel",
    says=(
        "Let n independent rankings of m items be at least as many as stated, for an (alpha, beta, gamma)-smooth score "
        "and eps <= (1 - gamma)/(1 + gamma). With probability 1 - delta the observed choice at the quota of the best "
        "latent set keeps beta_+ (1 - eps)/(1 + eps) of its latent score O in the same n rankings; beta_+ is the "
        "smallest latent ratio above beta."
    ),
    source=Derived(realized_ratio),
    tex=r"n \ge 3\ln(4m/\delta)/(\alpha\epsilon^2)"
    r" \Rightarrow P[F < \beta_+ \tfrac{1-\epsilon}{1+\epsilon} O] \le \delta",
    hypotheses={
        "smooth": is_smooth,
        "eps at most eps_0": lambda law: 0 < law.share <= 1,
        "enough rankings": has_enough_realized,
    },
    instances=REALIZED,
    solve=coupled,
    decisions=("items",),
    claim=at_most_delta(realized_loss),
    saboteurs=(
        # a single ranking has one item with a point, so that most of a choice is luck
        saboteur("one ranking", breaks="enough rankings", instances=SMALL_PANEL),
        saboteur("the worst of each group", solve=the_worst),
    ),
)
