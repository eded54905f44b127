"""Exchanges of pairs: the inversions that they remove, and what the panel sees under all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrtheory._numbers import plain
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Law,
    Number,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.fair_subset_selection import Rankings, bias_swaps
from lrtheory.fair_subset_selection.panels import bias
from proofs_checks.fair_subset_selection.families.biased import (
    ALWAYS,
    FAR,
    SWAPPED,
    SWAPS,
    Swapped,
    Swaps,
    draw_mask,
    draw_swapped,
    has_both,
    last_first,
    places_not_refreshed,
    swapped,
    swapped_places,
    within_groups,
)
from proofs_checks.fair_subset_selection.families.outcomes import REPORTS, Entries, check_rankings
from proofs_checks.fair_subset_selection.families.panels import draw_positions
from proofs_checks.fair_subset_selection.families.small_panels import FULLY_SWAPPED, NEAREST_SWAPPED


def not_refreshed(panel: Swapped, rng: np.random.Generator) -> Swaps:
    """Swap by pairs and distances of the latent ranking, as in the code that was published: pairs change back."""
    return swapped(panel, rng, refresh=False)


def inversions(positions: np.ndarray, disadvantaged: np.ndarray) -> np.ndarray:
    """Count the pairs of each ranking in which an advantaged item stands behind a disadvantaged one, one by one."""
    ahead = positions[:, :, None] < positions[:, None, :]  # [v, i, j]: i before j
    down = np.asarray(disadvantaged, dtype=bool)
    return (ahead & down[:, None] & ~down[None, :]).sum((1, 2))


@formula(distances="k")
def inversions_lost(distances: np.ndarray) -> Number:
    """The number by which exchanges at these distances lower the inversions of a ranking.

    An inversion is a pair in which an advantaged item stands behind a disadvantaged one.

    Proof
    -----
    Assumes: every exchange is of a disadvantaged item at a position p and an advantaged one behind it, at p + d with d
    >= 1, as `bias_swaps` draws them with `refresh`.

    Proof: the pair itself is one inversion less. For each item in between, an advantaged one loses its inversion with
    the disadvantaged item that was ahead and now is behind, a disadvantaged one loses that with the advantaged item: d
    - 1 more. All other pairs of the two groups keep their order. So an exchange lowers the inversions by its distance.
    """
    return plain(distances.sum())


def lowered(panel: Swapped, biased: Swaps) -> Sides:
    """Compare 1 with each distance, and the inversions that each ranking loses with the sum of its distances."""
    down, entries = panel.disadvantaged, Entries()
    observed = check_rankings(biased.observed, *panel.positions.shape)
    lost = inversions(panel.positions, down) - inversions(observed, down)
    sums = [inversions_lost(distances) for distances in biased.distances]
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
    source=Derived(inversions_lost),
    tex=r"I_{\text{before}} - I_{\text{after}} = \sum d,\quad d \ge 1",
    hypotheses={"both groups have items": has_both},
    instances=SWAPPED,
    for_all=(FULLY_SWAPPED,),
    solve=swapped,
    decisions=("observed",),
    claim=Inequality(lowered, unbounded=REPORTS),
    may_vary={"distances.*": "how many pairs are exchanged is drawn by the solver"},
    saboteurs=(
        saboteur("pairs and distances of the latent ranking", solve=not_refreshed, instances=FAR),
        saboteur(
            # distances are reported as if the items had been exchanged; only the inversions of the ranking tell
            "the items keep their places",
            patch=(bias.swap, "position[ahead], position[behind] = position[behind], position[ahead]", "pass"),
        ),
    ),
    notes="The sum alone holds for any exchanges; that every distance is at least one does not.",
)


FULL = Family(
    "full-swaps",
    always=(ALWAYS[0], last_first(4, 0.0, 1.0)),
    draw=lambda draws: draw_swapped(draws, intensities=(1.0,)),
)
FAR_FULL = Family("far-full-swaps", always=(last_first(8, 0.9, 1.0, n=8),))
# at half of the intensity many a ranking comes out in full order all the same, so a handful of them would be luck
PARTIAL = Family("partial-swaps", always=(last_first(8, 0.5, 0.5, n=64),))


def one_swap_less(panel: Swapped, rng: np.random.Generator) -> Swaps:
    """Stop early: the intensity is a tenth smaller."""
    # a ranking lacks one exchange or two, or none where the intensity asks for few; all others are right
    return swapped(replace(panel, intensity=0.9 * panel.intensity), rng)


def all_removed(panel: Swapped, biased: Swaps) -> Sides:
    """Compare the inversions left with 0, the number of exchanges with that asked for, distances with the loss."""
    down, entries = panel.disadvantaged, Entries()
    observed = check_rankings(biased.observed, *panel.positions.shape)
    asked, left = inversions(panel.positions, down), inversions(observed, down)
    # before any exchange at most every pair of the two groups is an inversion
    entries.at_most(left, 0 * left, trivial=int(down.sum()) * int((~np.asarray(down, dtype=bool)).sum()))
    entries.at_most([len(one) for one in biased.distances], asked)
    entries.equal([inversions_lost(one) for one in biased.distances], asked - left)
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
    for_all=(FULLY_SWAPPED,),
    solve=swapped,
    decisions=("observed",),
    claim=Inequality(all_removed, unbounded=REPORTS),
    may_vary={"distances.*": "how many pairs are exchanged is drawn by the solver"},
    saboteurs=(
        saboteur("a tenth less", solve=one_swap_less),
        saboteur("pairs and distances of the latent ranking", solve=not_refreshed, instances=FAR_FULL),
        # the theorem without its hypothesis: half of the inversions are left
        saboteur("half of the intensity", breaks="full intensity", instances=PARTIAL),
    ),
)


@formula(inversions="[0, inf)", intensity="[0, 1]")
def swaps_asked(inversions: int, intensity: Number) -> int:
    """The number of exchanges that are asked for.

    `inversions` are the pairs I in which an advantaged item stands behind a disadvantaged one, and `intensity` is
    lambda.

    It is floor(lambda I + 10^-9), so that 0.29 of 100 are 29 in spite of rounding.

    Proof
    -----
    Assumes: exchanges as in `inversions_lost`; lambda is in [0, 1], which is checked.

    Proof: at phi = 0 the nearest pair is drawn. It is adjacent, d = 1, since there is an adjacent inversion as long as
    there is any. So each exchange removes one inversion, by `inversions_lost`, exactly floor(lambda I) are removed, and
    no pair of one group changes its order.

    References
    ----------
    .. [1] N. Boehmer et al., Subset Selection Based On Multiple Rankings in the Presence of Bias, ICML 2023 (the
       swapping model, as in the code released with it).
    """
    return int(intensity * inversions + 1e-9)


NEAREST = Family(
    "nearest-swaps",
    always=(last_first(6, 0.0, 0.5), last_first(4, 0.0, 1.0)),
    draw=lambda draws: draw_swapped(draws, phis=(0.0,)),
)
# at phi = 1 all pairs are alike, and far exchanges change the order within the groups
NOT_NEAREST = Family("not-nearest-swaps", always=(last_first(8, 1.0, 0.5, n=8),))


def nearest(panel: Swapped, biased: Swaps) -> Sides:
    """Compare the orders within the groups, the inversions left, and the number and the distances of exchanges."""
    down = np.asarray(panel.disadvantaged, dtype=bool)
    observed = check_rankings(biased.observed, *panel.positions.shape)
    before, after = within_groups(panel.positions, observed, down)
    asked = [swaps_asked(int(i), panel.intensity) for i in inversions(panel.positions, down)]
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
    source=Derived(swaps_asked),
    tex=r"\varphi = 0 \Rightarrow I_{\text{after}} = I_{\text{before}} - \lfloor \lambda I_{\text{before}} \rfloor",
    hypotheses={"nearest pairs": lambda panel: panel.phi == 0},
    instances=NEAREST,
    for_all=(NEAREST_SWAPPED,),
    solve=swapped,
    decisions=("observed",),
    claim=Identity(nearest),
    may_vary={"distances.*": "how many pairs are exchanged is drawn by the solver"},
    saboteurs=(
        saboteur("a tenth less", solve=one_swap_less),
        saboteur("pairs of the latent ranking", solve=not_refreshed),
        saboteur("all pairs alike", breaks="nearest pairs", instances=NOT_NEAREST),
    ),
)


def draw_first(draws: Draws) -> Swapped:
    """Draw one ranking of four to six items with some pair in the wrong order, and the intensity of one exchange."""
    m = draws.integers(4, 6)
    positions, down = draw_positions(draws, 1, m), draw_mask(draws, m)
    if inversions(positions, down)[0] == 0:  # no pair is wrong; in the reversed ranking all pairs are
        positions = m - 1 - positions
    return Swapped(positions, down, draws.choice((0.25, 0.5, 0.75, 1.0)), 1 / int(inversions(positions, down)[0]))


#: one ranking and one exchange each
FIRST_SWAPS = Family(
    "first-swaps",
    always=(
        last_first(4, 0.5, 0.25),
        Swapped(np.array([[0, 3, 1, 4, 2, 5]]), np.array([True, True, False, False, True, False]), 0.75, 0.15),
    ),
    draw=draw_first,
)


def first_pairs(panel: Swapped, rng: np.random.Generator, n: int) -> np.ndarray:
    """Make one exchange in each of n copies of the ranking, and return the places (n, m)."""
    rows = np.repeat(panel.positions, n, axis=0)
    return bias_swaps(
        Rankings(rows), panel.disadvantaged, phi=panel.phi, intensity=panel.intensity, rng=rng
    ).observed.positions


def wrong_pairs(panel: Swapped) -> list[tuple[int, int]]:
    """List the pairs of a disadvantaged item and an advantaged one behind it, which an exchange can draw."""
    place, down = panel.positions[0], panel.disadvantaged
    return [(b, a) for b in np.flatnonzero(down) for a in np.flatnonzero(~down) if place[a] > place[b]]


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
    return swaps_asked(int(inversions(panel.positions, panel.disadvantaged)[0]), panel.intensity) == 1


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


def places_one_swap_less(panel: Swapped, rng: np.random.Generator) -> np.ndarray:
    """Swap as `one_swap_less` does, and return the places."""
    return one_swap_less(panel, rng).observed


@formula(ell="[0, inf)", n_1="[0, inf)", n="[0, inf)")
def group_places(ell: int, n_1: int, n: int) -> int:
    r"""Count how often members of G_2 are among the first ell places of n rankings after full swapping.

    `n_1` is the number |G_1| of advantaged items, and ell at most that of all items.

    Proof
    -----
    Assumes: exchanges as in `inversions_lost`, at the intensity lambda = 1 (a hypothesis of the statement).

    Proof: up to I exchanges are made, and each removes at least one of the I inversions, until none is left (FSS-P3).
    Then all of G_1 stand before all of G_2, so the first ell places of each ranking hold ell - \|G_1\| members of G_2,
    and none while ell <= \|G_1\|. The score of an item under ell-Bloc counts its own of these places, so there it is 0.
    """
    return n * max(0, ell - n_1)


def seen(panel: Swapped, places: np.ndarray) -> Sides:
    """Compare how often the group is among the first l places with the formula, for each l; 0 of all is 0 of each."""
    down = np.asarray(panel.disadvantaged, dtype=bool)
    observed, above = check_rankings(places, *panel.positions.shape), int((~down).sum())
    depths = range(1, len(down) + 1)
    found = [int((observed[:, down] < depth).sum()) for depth in depths]
    return Sides(np.array(found), np.array([group_places(depth, above, len(observed)) for depth in depths]))


FSS_N2 = Statement(
    id="fair_subset_selection/FSS-N2",
    title="Under full swapping no number of rankings lets the top places see the group",
    says=(
        "At full swapping intensity, lambda = 1, every observed ranking has the group G_1 before G_2. So under l-Bloc, "
        "which counts the first l places, each item i of G_2 has the observed score s^_i = 0 for l <= |G_1|, from any "
        "number of rankings."
    ),
    source=Derived(group_places),
    tex=r"\lambda = 1,\ \ell \le |G_1| \Rightarrow \hat s_i = 0 \text{ for all } i \in G_2",
    hypotheses={"full intensity": lambda panel: panel.intensity == 1},
    instances=FULL,
    for_all=(FULLY_SWAPPED,),
    solve=swapped_places,
    decisions=("outcome",),
    claim=Identity(seen),
    saboteurs=(
        saboteur("a tenth less", solve=places_one_swap_less),
        saboteur("half of the intensity", breaks="full intensity", instances=PARTIAL),
        saboteur("pairs of the latent ranking, as in the code that was published", solve=places_not_refreshed),
    ),
    notes=(
        "By their proof all advantaged items come first. So F is (alpha, beta, gamma)-smooth for alpha = 0 alone under "
        "SNTV, which is 1-Bloc, and under l-Bloc up to l = |G_1|: alpha times the most that one ranking can give is at "
        "most each mean of the observed scores."
    ),
)
