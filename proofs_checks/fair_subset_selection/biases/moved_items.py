"""Items that a bias moves: not up in the group, not down elsewhere, and in order within the groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrtheory.bounds import Classical, Draws, Family, Identity, Inequality, OutcomeError, Sides, Statement, saboteur
from lrtheory.fair_subset_selection import bias_utilities, select_by_scores
from lrtheory.fair_subset_selection.panels import bias
from proofs_checks.fair_subset_selection.families.biased import (
    FAR,
    SWAPPED,
    SWAPS,
    Places,
    Swapped,
    Utilities,
    draw_mask,
    has_both,
    places_not_refreshed,
    swapped_places,
    within_groups,
)
from proofs_checks.fair_subset_selection.families.outcomes import Entries, check_rankings, check_set
from proofs_checks.fair_subset_selection.families.small_panels import FEW_UTILITIES, FULLY_SWAPPED


def moved(before: np.ndarray, after: np.ndarray, disadvantaged: np.ndarray) -> Sides:
    """Compare places: of the advantaged, observed with latent ones, and of the disadvantaged the other way round."""
    down, entries, last = np.asarray(disadvantaged, dtype=bool), Entries(), before.shape[1] - 1
    # places are in 0 .. last, which is what each side can reach at most: `last` for the places, 0 for their negatives
    entries.at_most(after[:, ~down], before[:, ~down], trivial=last)
    entries.at_most(-after[:, down], -before[:, down], trivial=0)
    return entries.sides()


def moved_by_swaps(panel: Swapped, observed: np.ndarray) -> Sides:
    """Compare the places after the exchanges with those before."""
    return moved(panel.positions, check_rankings(observed, *panel.positions.shape), panel.disadvantaged)


FSS_P8 = Statement(
    id="fair_subset_selection/FSS-P8",
    title="Exchanges lift nobody of the group, and lower nobody else",
    says=(
        "In every ranking exchanges move no advantaged item i, of the group G_1, from its latent place p_i to a larger "
        "observed place p^_i, and no disadvantaged item, of G_2, to a smaller one; place 0 is the best."
    ),
    source=SWAPS,
    tex=r"\hat p_i \le p_i \text{ for } i \in G_1,\quad \hat p_i \ge p_i \text{ for } i \in G_2",
    hypotheses={"both groups have items": has_both},
    instances=SWAPPED,
    for_all=(FULLY_SWAPPED,),
    solve=swapped_places,
    decisions=("outcome",),
    claim=Inequality(moved_by_swaps),
    saboteurs=(
        saboteur("pairs and distances of the latent ranking", solve=places_not_refreshed, instances=FAR),
        saboteur(
            # the other order of the comparison draws pairs that bias has no reason to exchange
            "pairs in the right order are exchanged",
            patch=(bias.draw_pair, "if down[p] and not down[p + distance]:", "if down[p + distance] and not down[p]:"),
        ),
    ),
    notes="In every ranking; the code that was published with the paper keeps it for summed scores only.",
)


def ranked(panel: Utilities, rng: np.random.Generator, **changes) -> Places:
    """Rank the items by latent and by biased utilities; `changes` replace fields of the panel."""
    panel = replace(panel, **changes)
    found = bias_utilities(panel.utilities, panel.disadvantaged, panel.theta, rng=rng)
    return Places(found.latent.positions, found.observed.positions)


def draw_utilities(draws: Draws, n: int | None = None) -> Utilities:
    """Draw whole utilities, some of which are equal, a group, and theta from 1/16 to 1, a power of two."""
    m = draws.integers(3, 8)
    # whole utilities and powers of two as theta are exact in doubles: no rounding breaks or makes a tie
    values = draws.integers(0, 16, shape=(n or draws.integers(1, 4), m)).astype(float)
    return Utilities(values, draw_mask(draws, m), draws.choice((0.0625, 0.25, 0.5, 1.0)))


UTILITIES = Family(
    "utilities",
    always=(
        Utilities(np.array([[3.0, 2.0, 1.0]]), np.array([True, False, False]), 0.5),
        Utilities(np.array([[4.0, 1.0, 4.0, 1.0]]), np.array([True, True, False, False]), 0.25),
        Utilities(np.array([[3.0, 2.0, 1.0]]), np.array([False, False, True]), 0.25),
    ),
    draw=draw_utilities,
)


def favored(panel: Utilities, rng: np.random.Generator) -> Places:
    """Bias the others and not the group, which is lifted by it."""
    return ranked(panel, rng, disadvantaged=~panel.disadvantaged)


def scrambled(panel: Utilities, rng: np.random.Generator) -> Places:
    """Reverse the places of each group among themselves, by item number."""
    biased = ranked(panel, rng)
    # each group keeps its set of positions, so that only orders within the groups tell
    positions = biased.observed.copy()
    for group in (panel.disadvantaged, ~panel.disadvantaged):
        positions[:, group] = positions[:, group][:, ::-1]
    return replace(biased, observed=positions)


def check_order(panel: Utilities, latent: np.ndarray) -> np.ndarray:
    """Return the latent places (n, m); raise an OutcomeError if they do not follow the utilities."""
    places = check_rankings(latent, *panel.utilities.shape)
    # equal utilities may be in any order: the package draws it, so that the outcome must say which one it was
    ordered = np.take_along_axis(panel.utilities, np.argsort(places, axis=1), axis=1)
    if (ordered[:, 1:] > ordered[:, :-1]).any():
        raise OutcomeError("the latent places must follow the utilities")
    return places


def moved_by_utilities(panel: Utilities, biased: Places) -> Sides:
    """Compare the places by biased utilities with those by latent ones."""
    observed = check_rankings(biased.observed, *panel.utilities.shape)
    return moved(check_order(panel, biased.latent), observed, panel.disadvantaged)


FSS_P8_UTILITIES = Statement(
    id="fair_subset_selection/FSS-P8-utilities",
    title="Biased utilities lift nobody of the group, and lower nobody else",
    says=(
        "If utilities of the disadvantaged group G_2 are seen theta <= 1 times as large, in every ranking by utility "
        "no item i of G_2 moves from its latent place p_i to a smaller observed place p^_i, and no item of the other "
        "group G_1 to a larger one; place 0 is the best."
    ),
    source=Classical("monotone coupling", "J. Kleinberg, M. Raghavan, ITCS 2018"),
    tex=r"\hat p_i \le p_i \text{ for } i \in G_1,\quad \hat p_i \ge p_i \text{ for } i \in G_2",
    hypotheses={"theta is at most one": lambda panel: panel.theta <= 1},
    instances=UTILITIES,
    for_all=(FEW_UTILITIES,),
    solve=ranked,
    decisions=("latent", "observed"),
    claim=Inequality(moved_by_utilities),
    saboteurs=(
        saboteur("the group is lifted", solve=favored),
        saboteur("the groups are scrambled", solve=scrambled),
    ),
)


def same_order(panel: Utilities, biased: Places) -> Sides:
    """Compare the observed orders within both groups with the latent ones."""
    latent, observed = check_order(panel, biased.latent), check_rankings(biased.observed, *panel.utilities.shape)
    before, after = within_groups(latent, observed, np.asarray(panel.disadvantaged, dtype=bool))
    return Sides(after, before)


FSS_P7 = Statement(
    id="fair_subset_selection/FSS-P7",
    title="Biased utilities keep the order within the groups",
    says=(
        "If the utilities u of the disadvantaged group are seen theta > 0 times as large, u^, and all others as they "
        "are, then two items i and j of one group are in the same order by observed utilities as by latent ones."
    ),
    source=Classical("multiplicative bias", "J. Kleinberg, M. Raghavan, ITCS 2018"),
    tex=r"u_i > u_j \iff \hat u_i > \hat u_j \text{ for } i, j \text{ of one group}",
    hypotheses={"theta is positive": lambda panel: panel.theta > 0},
    instances=UTILITIES,
    for_all=(FEW_UTILITIES,),
    solve=ranked,
    decisions=("latent", "observed"),
    claim=Identity(same_order),
    saboteurs=(saboteur("the groups are scrambled", solve=scrambled),),
)


def best_by_quota(
    panel: Utilities, rng: np.random.Generator | None = None, observed=None, quotas=True
) -> list[np.ndarray]:
    """Select by observed utilities at the quota of the latent optimum, for k = 1, ..., m.

    `observed` replaces the biased utilities, and `quotas` set to False lifts the quota; both are for wrong solvers.
    """
    latent, down = panel.utilities[0], panel.disadvantaged
    seen = np.where(down, panel.theta * latent, latent) if observed is None else observed
    found = []
    for k in range(1, len(latent) + 1):
        best = select_by_scores(latent, k).items
        bounds = {"groups": down.astype(int), "quota": {1: int(down[best].sum())}} if quotas else {}
        found.append(select_by_scores(seen, k, **bounds).items)
    return found


def draw_single(draws: Draws) -> Utilities:
    """Draw one vector of utilities."""
    return draw_utilities(draws, n=1)


SINGLE = Family(
    "single",
    always=(
        Utilities(np.array([[3.0, 2.0, 1.0]]), np.array([True, False, False]), 0.5),
        Utilities(np.array([[1.0, 2.0, 3.0]]), np.array([True, False, False]), 0.5),
        Utilities(np.array([[4.0, 1.0, 3.0, 1.0]]), np.array([True, True, False, False]), 0.125),
    ),
    draw=draw_single,
)


def no_quota(panel: Utilities, rng: np.random.Generator) -> list[np.ndarray]:
    """Choose the best by observed utilities, without a quota."""
    return best_by_quota(panel, quotas=False)


def scrambled_utilities(panel: Utilities, rng: np.random.Generator) -> list[np.ndarray]:
    """Choose by observed utilities that turn all items, and so each group, upside down."""
    return best_by_quota(panel, observed=-panel.utilities[0])


def nothing_is_lost(panel: Utilities, found: list[np.ndarray]) -> Sides:
    """Compare the latent utility of the choice at the quota of the best set with the best, for k = 1, ..., m."""
    utilities, m = panel.utilities[0], panel.utilities.shape[1]
    if len(found) != m:
        raise OutcomeError(f"an outcome must be {m} sets, of 1, ..., {m} items")
    sets = [check_set(items, m, k) for k, items in enumerate(found, start=1)]
    # the best k utilities are the optimum of a sum, with whatever groups
    best = np.cumsum(sorted(utilities.tolist(), reverse=True))
    return Sides(np.array([sum(utilities[i] for i in items) for items in sets]), best)


FSS_D2 = Statement(
    id="fair_subset_selection/FSS-D2",
    title="One vector of biased utilities: the right quota brings everything back",
    says=(
        "If one vector of utilities is given, those of a group are seen theta > 0 times as large, and a best set has "
        "l* items of the group, then the best observed items with this quota, S_{l*}, have the same latent utility F "
        "as the best set, OPT."
    ),
    source=Classical("quotas under multiplicative bias", "J. Kleinberg, M. Raghavan, ITCS 2018"),
    tex=r"F(S_{\ell^*}) = \mathrm{OPT} \text{ for every } \theta > 0",
    hypotheses={
        "one vector": lambda panel: len(panel.utilities) == 1,
        "theta is positive": lambda panel: panel.theta > 0,
    },
    instances=SINGLE,
    for_all=(FEW_UTILITIES,),
    solve=best_by_quota,
    decisions=("*",),
    claim=Identity(nothing_is_lost),
    saboteurs=(
        saboteur("no quota", solve=no_quota),
        saboteur("the groups are scrambled", solve=scrambled_utilities),
    ),
)
