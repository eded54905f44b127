"""Statements on one biased ranking: the changes by exchanges and by biased utilities, and the orders that they keep."""

from __future__ import annotations

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Identity,
    Inequality,
    Law,
    OutcomeError,
    Paper,
    Sides,
    Statement,
    saboteur,
)
from lrtheory.fair_subset_selection import Rankings, bias_swaps, item_scores, theory
from lrtheory.fair_subset_selection.panels import bias
from proofs_checks.fair_subset_selection import wrong_solvers
from proofs_checks.fair_subset_selection.families.biased import (
    FAR,
    FAR_FULL,
    FIRST_SWAPS,
    FULL,
    NEAREST,
    NOT_NEAREST,
    PARTIAL,
    SWAPPED,
    UTILITIES,
    Places,
    Swapped,
    Swaps,
    Utilities,
    inversions,
    ranked,
    swapped,
    swapped_places,
)
from proofs_checks.fair_subset_selection.families.outcomes import REPORTS, Entries, check_rankings
from proofs_checks.fair_subset_selection.families.panels import PANELS, Panel, weights

PAPER = "2306.09835"
SWAPS = Paper(PAPER, "swapping-based bias", read="code")


def has_both(panel: Swapped) -> bool:
    """Return True if there are advantaged and disadvantaged items."""
    return bool(0 < panel.disadvantaged.sum() < len(panel.disadvantaged))


def lowered(panel: Swapped, biased: Swaps) -> Sides:
    """Compare 1 with each distance, and the inversions that each ranking loses with the sum of its distances."""
    down, entries = panel.disadvantaged, Entries()
    observed = check_rankings(biased.observed, *panel.positions.shape)
    lost = inversions(panel.positions, down) - inversions(observed, down)
    sums = [int(np.sum(distances)) for distances in biased.distances]
    # The sum alone would not do: with signed distances it holds for exchanges of any two items of different groups. A
    # pair in the right order, such as one that was exchanged already, has a distance below one.
    for distances in biased.distances:
        entries.at_most(np.ones(len(distances), dtype=int), distances)
    entries.equal(lost, sums)
    return entries.sides()


FSS_P1 = Statement(
    id="fair_subset_selection/FSS-P1",
    title="An exchange at distance d removes d inversions, and d is at least one",
    says=(
        "I is the number of pairs of a ranking in which an advantaged item stands behind a disadvantaged one. Each "
        "exchange of such a pair has a distance d >= 1 and lowers I by d, so that I falls from before to after by the "
        "sum of all distances."
    ),
    source=Derived(theory.swaps_asked),
    tex=r"I_{\text{before}} - I_{\text{after}} = \sum d,\quad d \ge 1",
    hypotheses={"both groups have items": has_both},
    instances=SWAPPED,
    solve=swapped,
    decisions=("observed",),
    claim=Inequality(lowered, unbounded=REPORTS),
    may_vary={"distances.*": "how many pairs are exchanged is drawn by the solver"},
    saboteurs=(
        saboteur("pairs and distances of the latent ranking", solve=wrong_solvers.not_refreshed, instances=FAR),
        saboteur(
            # distances are reported as if the items had been exchanged; only the inversions of the ranking tell
            "the items keep their places",
            patch=(bias.swap, "position[ahead], position[behind] = position[behind], position[ahead]", "pass"),
        ),
    ),
    notes="The sum alone holds for any exchanges; that every distance is at least one does not.",
)


def all_removed(panel: Swapped, biased: Swaps) -> Sides:
    """Compare the inversions left with 0, the number of exchanges with that asked for, distances with the loss."""
    down, entries = panel.disadvantaged, Entries()
    observed = check_rankings(biased.observed, *panel.positions.shape)
    asked, left = inversions(panel.positions, down), inversions(observed, down)
    # before any exchange at most every pair of the two groups is an inversion
    entries.at_most(left, 0 * left, trivial=int(down.sum()) * int((~np.asarray(down, dtype=bool)).sum()))
    entries.at_most([len(one) for one in biased.distances], asked)
    entries.equal([int(np.sum(one)) for one in biased.distances], asked - left)
    return entries.sides()


FSS_P3 = Statement(
    id="fair_subset_selection/FSS-P3",
    title="At full intensity no inversion is left, after at most as many exchanges",
    says=(
        "At full intensity, lambda = 1, the exchanges end with I_after = 0 pairs in which an advantaged item stands "
        "behind a disadvantaged one, and are at most as many as there were such pairs before, I_before."
    ),
    source=SWAPS,
    tex=r"\lambda = 1 \Rightarrow I_{\text{after}} = 0,\ \#\text{exchanges} \le I_{\text{before}}",
    hypotheses={"full intensity": lambda panel: panel.intensity == 1},
    instances=FULL,
    solve=swapped,
    decisions=("observed",),
    claim=Inequality(all_removed, unbounded=REPORTS),
    may_vary={"distances.*": "how many pairs are exchanged is drawn by the solver"},
    saboteurs=(
        saboteur("a tenth less", solve=wrong_solvers.one_swap_less),
        saboteur("pairs and distances of the latent ranking", solve=wrong_solvers.not_refreshed, instances=FAR_FULL),
        # the theorem without its hypothesis: half of the inversions are left
        saboteur("half of the intensity", breaks="full intensity", instances=PARTIAL),
    ),
)


def within_groups(latent: np.ndarray, observed: np.ndarray, down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the items of both groups in their latent and in their observed order, (n, m) each, the group first."""
    orders = [
        np.hstack([np.argsort(positions[:, group], axis=1) for group in (down, ~down)])
        for positions in (latent, observed)
    ]
    return orders[0], orders[1]


def nearest(panel: Swapped, biased: Swaps) -> Sides:
    """Compare the orders within the groups, the inversions left, and the number and the distances of exchanges."""
    down = np.asarray(panel.disadvantaged, dtype=bool)
    observed = check_rankings(biased.observed, *panel.positions.shape)
    before, after = within_groups(panel.positions, observed, down)
    asked = [theory.swaps_asked(int(i), panel.intensity) for i in inversions(panel.positions, down)]
    done = [len(one) for one in biased.distances]
    distances = np.concatenate(biased.distances)
    expected = inversions(panel.positions, down) - asked
    # at phi = 0 the nearest pair is adjacent, so that each exchange removes its own inversion and no other
    lhs = [*after.ravel(), *inversions(observed, down), *done, *distances]
    return Sides(np.array(lhs), np.array([*before.ravel(), *expected, *asked, *(0 * distances + 1)]))


FSS_P2 = Statement(
    id="fair_subset_selection/FSS-P2",
    title="Nearest exchanges keep the order within the groups, and remove one inversion each",
    says=(
        "At phi = 0 the floor(lambda I_before) exchanges at intensity lambda are of adjacent items. Each removes one "
        "of the I_before pairs in which an advantaged item stands behind a disadvantaged one, so that I_after are "
        "left, and both groups keep their own order."
    ),
    source=Derived(theory.swaps_asked),
    tex=r"\varphi = 0 \Rightarrow I_{\text{after}} = I_{\text{before}} - \lfloor \lambda I_{\text{before}} \rfloor",
    hypotheses={"nearest pairs": lambda panel: panel.phi == 0},
    instances=NEAREST,
    solve=swapped,
    decisions=("observed",),
    claim=Identity(nearest),
    may_vary={"distances.*": "how many pairs are exchanged is drawn by the solver"},
    saboteurs=(
        saboteur("a tenth less", solve=wrong_solvers.one_swap_less),
        saboteur("pairs of the latent ranking", solve=wrong_solvers.not_refreshed),
        saboteur("all pairs alike", breaks="nearest pairs", instances=NOT_NEAREST),
    ),
)


# --- who moves where -------------------------------------------------------------------------------------------------


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
    solve=swapped_places,
    decisions=("outcome",),
    claim=Inequality(moved_by_swaps),
    saboteurs=(
        saboteur("pairs and distances of the latent ranking", solve=wrong_solvers.places_not_refreshed, instances=FAR),
        saboteur(
            # the other order of the comparison draws pairs that bias has no reason to exchange
            "pairs in the right order are exchanged",
            patch=(bias.draw_pair, "if down[p] and not down[p + distance]:", "if down[p + distance] and not down[p]:"),
        ),
    ),
    notes="In every ranking; the code that was published with the paper keeps it for summed scores only.",
)

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
    solve=ranked,
    decisions=("latent", "observed"),
    claim=Inequality(moved_by_utilities),
    saboteurs=(
        saboteur("the group is lifted", solve=wrong_solvers.favored),
        saboteur("the groups are scrambled", solve=wrong_solvers.scrambled),
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
    solve=ranked,
    decisions=("latent", "observed"),
    claim=Identity(same_order),
    saboteurs=(saboteur("the groups are scrambled", solve=wrong_solvers.scrambled),),
)


# --- the law of an exchange ------------------------------------------------------------------------------------------


def wrong_pairs(panel: Swapped) -> list[tuple[int, int]]:
    """List the pairs of a disadvantaged item and an advantaged one behind it, which an exchange can draw."""
    place, down = panel.positions[0], panel.disadvantaged
    return [(b, a) for b in np.flatnonzero(down) for a in np.flatnonzero(~down) if place[a] > place[b]]


def first_pairs(panel: Swapped, rng: np.random.Generator, n: int) -> np.ndarray:
    """Make one exchange in each of n copies of the ranking, and return the places (n, m)."""
    rows = np.repeat(panel.positions, n, axis=0)
    return bias_swaps(
        Rankings(rows), panel.disadvantaged, phi=panel.phi, intensity=panel.intensity, rng=rng
    ).observed.positions


def which_pair(panel: Swapped, found: np.ndarray) -> np.ndarray:
    """Return the number of the pair that has changed places in each ranking; the last number for any other change."""
    # all that one exchange can lead to, (pairs, m); the pairs are different, and so are these places
    pairs = wrong_pairs(panel)
    exchanged = np.repeat(panel.positions, len(pairs), axis=0)
    for number, (down, up) in enumerate(pairs):
        exchanged[number, [down, up]] = exchanged[number, [up, down]]
    same = (np.asarray(found)[:, None, :] == exchanged).all(-1)
    return np.where(same.any(1), same.argmax(1), len(pairs))


def pair_law(panel: Swapped) -> np.ndarray:
    """Return phi^d for each pair at distance d, divided by their sum, and 0 for any other change."""
    place = panel.positions[0]
    weight = np.array([panel.phi ** int(place[a] - place[b]) for b, a in wrong_pairs(panel)])
    return np.append(weight / weight.sum(), 0.0)


def asks_for_one(panel: Swapped) -> bool:
    """Return True if the intensity asks for one exchange."""
    return theory.swaps_asked(int(inversions(panel.positions, panel.disadvantaged)[0]), panel.intensity) == 1


FSS_S1 = Statement(
    id="fair_subset_selection/FSS-S1",
    title="A pair at distance d is exchanged with weight phi^d",
    says=(
        "An exchange is of an advantaged item a that stands behind a disadvantaged one b. The pair (a, b) is drawn "
        "with probability proportional to phi^(pos_a - pos_b), where pos is the place in the ranking, so that the "
        "exponent is the distance d."
    ),
    source=SWAPS,
    tex=r"P(a, b) \propto \varphi^{\mathrm{pos}_a - \mathrm{pos}_b}",
    hypotheses={"one ranking": lambda panel: len(panel.positions) == 1, "one exchange": asks_for_one},
    instances=FIRST_SWAPS,
    solve=first_pairs,
    decisions=("outcome",),
    claim=Law(category=which_pair, probabilities=pair_law, within=0.08),
    saboteurs=(
        saboteur(
            # the distance has the right law; only pairs at the same distance are treated unequally
            "the first pair at a distance",
            patch=(bias.draw_pair, "which = int(rng.random() * count[distance])", "which = 0"),
        ),
        # at full intensity these remove all inversions as well: only the law of a single exchange tells
        saboteur("weights phi^-d", patch=(bias.draw_pair, "power *= phi", "power /= phi")),
        saboteur("all pairs alike", patch=(bias.draw_pair, "power *= phi", "power *= 1.0")),
    ),
)


# --- scores ----------------------------------------------------------------------------------------------------------


def scores(panel: Panel, rng: np.random.Generator) -> np.ndarray:
    """Compute the scores (m,) of all items by the package."""
    return item_scores(panel.rankings, panel.rule)


def scored(panel: Panel, found: np.ndarray) -> Sides:
    """Compare the scores of single items with their definition, and their sum with the sum that all rankings have.

    The rankings are looked at too: an algorithm that wrote zeros over them would have all scores right.
    """
    places = np.asarray(panel.positions, dtype=np.int64)
    w = np.array(weights(panel.kind, panel.depth, panel.n_items))
    total = theory.total_score(len(places), w.tolist())
    rows = np.arange(panel.n_items).tolist() * len(places)  # each row of places, sorted, is 0 .. m - 1
    lhs = [*found, sum(found), *np.sort(places, axis=1).ravel()]
    return Sides(np.array(lhs), np.array([*w[places].sum(0), total, *rows]))


FSS_P9 = Statement(
    id="fair_subset_selection/FSS-P9",
    title="All items together score the same, whatever the rankings are",
    says=(
        "In n complete rankings the scores s_i of all items i add up to n times the sum of the weights w(p) of all "
        "places p, whatever the rankings are."
    ),
    source=Derived(theory.total_score),
    tex=r"\sum_i s_i = n \sum_p w(p)",
    hypotheses={"complete rankings": lambda panel: bool((panel.positions >= 0).all())},
    instances=PANELS,
    solve=scores,
    claim=Identity(scored),
    saboteurs=(
        saboteur("the last ranking is forgotten", solve=wrong_solvers.forgets_the_last),
        saboteur("place p gets p points", solve=wrong_solvers.reversed_borda),
    ),
)
