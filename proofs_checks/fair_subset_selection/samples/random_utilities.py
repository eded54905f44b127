"""Places and scores under random utilities, and how small alpha can be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import permutations
from typing import Any, Literal

import numpy as np

from lrtheory._numbers import any_of, exact, numbers
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Inequality,
    Law,
    Number,
    OutcomeError,
    Sides,
    Statement,
    always,
    formula,
    saboteur,
)
from lrtheory.fair_subset_selection import ScoreRule, sample_rankings, theory
from lrtheory.fair_subset_selection.theory.closed_forms import placements
from proofs_checks.fair_subset_selection.families.laws import biased
from proofs_checks.fair_subset_selection.families.outcomes import REPORTS, Entries, are_rankings
from proofs_checks.fair_subset_selection.families.ranked import Items


@dataclass(frozen=True)
class Spread:
    """Qualities in [1, spread], a bias theta, the size of the disadvantaged group, and a rule."""

    quality: tuple[int, ...]
    spread: int
    theta: Fraction
    n_disadvantaged: int
    kind: str
    depth: int

    @property
    def disadvantaged(self) -> list[bool]:
        """Return the mask (m,) of the disadvantaged items, which are the last ones."""
        return [i >= len(self.quality) - self.n_disadvantaged for i in range(len(self.quality))]


def draw_spread(draws: Draws) -> Spread:
    """Draw three to five items, one at least disadvantaged and one not."""
    # few items, since mean scores are summed over all m! rankings
    m, spread = draws.integers(3, 5), draws.integers(1, 8)
    quality = tuple(draws.integers(1, spread, shape=m).tolist())
    kind = draws.choice(("sntv", "bloc", "borda"))
    return Spread(
        quality, spread, Fraction(1, draws.integers(1, 8)), draws.integers(1, m - 1), kind, draws.integers(1, m - 1)
    )


# equal items without a bias; one weak item among strong ones; Bloc; Borda; the first and the last attain the bound
SPREADS = Family(
    "spreads",
    always=(
        Spread((1, 1), 1, Fraction(1), 1, "sntv", 1),
        Spread((8, 8, 8, 8, 1), 8, Fraction(1, 8), 1, "sntv", 1),
        Spread((1, 1, 1), 1, Fraction(1), 1, "bloc", 2),
        Spread((4, 4, 1, 4), 4, Fraction(1, 2), 2, "borda", 1),
    ),
    draw=draw_spread,
)


def squared_bias(case: Spread, rng: np.random.Generator) -> np.ndarray:
    """Compute the mean scores with the bias applied twice."""
    rule = ScoreRule(case.kind, depth=case.depth if case.kind == "bloc" else None)
    # without a bias, theta = 1, this is right
    seen = biased(case.quality, case.disadvantaged, case.theta**2)
    return np.array(
        [theory.expected_scores("plackett-luce", rule, list(q)) for q in (case.quality, seen)], dtype=object
    )


def rule_of(case: Spread) -> ScoreRule:
    """Make the `ScoreRule` of a case; the depth counts for Bloc alone."""
    return ScoreRule(case.kind, depth=case.depth if case.kind == "bloc" else None)


def closed_forms(case: Spread, rng: np.random.Generator) -> np.ndarray:
    """Compute the mean latent and observed scores of all items, (2, m), by the closed forms of the package."""
    seen = biased(case.quality, case.disadvantaged, case.theta)
    return np.array(
        [theory.expected_scores("plackett-luce", rule_of(case), list(q)) for q in (case.quality, seen)], dtype=object
    )


def enumerated(case: Spread) -> np.ndarray:
    """Average scores over all rankings, each with its probability: items leave one by one, in proportion to quality.

    Row 0 has the latent means, row 1 the observed ones.
    """
    w, m = rule_of(case).weights(len(case.quality)).tolist(), len(case.quality)
    means = np.full((2, m), Fraction(0))
    for row, quality in enumerate((list(case.quality), biased(case.quality, case.disadvantaged, case.theta))):
        for order in permutations(range(m)):
            left, chance = sum(map(Fraction, quality)), Fraction(1)
            # P(order) = prod of q_i over the summed quality of the items that are left when i is placed
            for item in order:
                chance, left = chance * quality[item] / left, left - quality[item]
            for place, item in enumerate(order):
                means[row, item] += chance * w[place]
    return means


@formula(m="[2, inf)", kappa="[1, inf)", theta="(0, 1]", d="[1, m]", depth="[1, m]")
def alpha_bound(
    kind: Literal["sntv", "bloc", "borda"], m: int, kappa: Number, theta: Number, d: int | None = None, depth: int = 1
) -> Number:
    r"""At least as large as this is alpha.

    The rule is `kind`, with `depth` for the l of l-Bloc, and d of the m items are in G_2, which "borda" alone asks for.

    Proof
    -----
    Assumes: qualities are in [1, kappa] and rankings follow Plackett-Luce, which are hypotheses of FSS-T3; ranges are
    checked.

    Proof: observed or latent, the quality of an item is at least theta, and those of all together are at most kappa m.
    So an item that is left comes next with a probability of at least p = theta / (kappa m), also after others have
    left: it is on top with p, and among the first l with 1 - (1 - p)^l. For Borda, a disadvantaged item of observed
    quality theta q_i with q_i >= 1 is before another of its group with probability q_i / (q_i + q_j) >= 1 / (1 +
    kappa), and before an advantaged one with theta q_i / (theta q_i + q_j) >= theta / (theta + kappa). Observed
    advantaged items are before any other, and latently each item is before each other, with a probability of at least 1
    / (1 + kappa), which is no less than theta / (theta + kappa). So every item has on average at least (\|G2\| - 1) /
    (1 + kappa) + \|G1\| theta / (theta + kappa) others behind it, of m - 1 at most.
    """
    theta, kappa = exact(theta), exact(kappa)
    least = theta / (kappa * m)
    if kind != "borda":
        return any_of(least, depth if kind == "bloc" else 1)
    if d is None:
        raise must("d", 'given for "borda"', d)
    within, across = (d - 1) / (1 + kappa), (m - d) * theta / (theta + kappa)
    return (within + across) / (m - 1)


def least_scores(case: Spread, found: np.ndarray, spread: int | None = None) -> Sides:
    """Compare the bound on alpha, times tau, with the least mean score, and all mean scores with their definition."""
    rule, m, entries = rule_of(case), len(case.quality), Entries()
    bound = alpha_bound(
        case.kind, m, case.spread if spread is None else spread, case.theta, case.n_disadvantaged, case.depth
    )
    truth = enumerated(case)
    entries.at_most(bound * rule.max_item_score(m), min(truth.ravel()))
    entries.equal(np.asarray(found), truth)
    return entries.sides()


FSS_T3 = Statement(
    id="fair_subset_selection/FSS-T3",
    title="How small alpha can be in Plackett-Luce with biased qualities",
    says=(
        "In Plackett-Luce with qualities in [1, kappa] for m items, those of the group G_2 seen theta times as large, "
        "alpha has these lower bounds for the rules SNTV, l-Bloc and Borda; alpha is the least mean score of an item, "
        "latent or observed, over the most that one ranking gives, and G_1 the other group."
    ),
    source=Derived(alpha_bound),
    tex=r"\alpha_{\mathrm{SNTV}} \ge \tfrac{\theta}{\kappa m},"
    r"\ \alpha_{\mathrm{Bloc}} \ge 1 - (1 - \tfrac{\theta}{\kappa m})^\ell,\ \alpha_{\mathrm{Borda}} \ge \tfrac{1}{m-1}"
    r"(\tfrac{|G_2|-1}{1+\kappa} + \tfrac{|G_1|\theta}{\theta+\kappa})",
    hypotheses={"qualities in [1, kappa]": lambda case: 1 <= min(case.quality) and max(case.quality) <= case.spread},
    instances=SPREADS,
    solve=closed_forms,
    claim=Inequality(least_scores, unbounded=REPORTS),
    saboteurs=(
        # right where all qualities are alike
        saboteur("the spread is forgotten", claim=Inequality(lambda case, found: least_scores(case, found, spread=1))),
        saboteur("the bias is squared", solve=squared_bias),
    ),
)


def one_ranking(items: Items, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw n independent rankings by the package, and return the places of all items, (n, m)."""
    name = "quality" if items.model == "plackett-luce" else "scale"
    return sample_rankings(
        items.model, n, len(items.values), rng=rng, **{name: [float(v) for v in items.values]}
    ).positions


def draw_several(draws: Draws) -> Items:
    """Draw four or five items with qualities from 4 to 6, none of which has a place with probability near 1/2."""
    return Items("plackett-luce", tuple(map(Fraction, draws.integers(4, 6, shape=draws.integers(4, 5)).tolist())))


ONE_RANKING = Family(
    "one-ranking",
    always=(Items("plackett-luce", tuple(map(Fraction, (2, 4, 1, 1)))), Items("plackett-luce", (Fraction(1),) * 3)),
    draw=draw_several,
)
# all positions are equally likely where the qualities are equal, and a saboteur would be right there
ONE_UNEQUAL = Family("one-unequal", always=ONE_RANKING.always[:1])


def alike(items: Items, rng: np.random.Generator, n: int) -> np.ndarray:
    """Rank as if all items had the same quality."""
    return one_ranking(replace(items, values=(Fraction(1),) * len(items.values)), rng, n)


def worst_first(items: Items, rng: np.random.Generator, n: int) -> np.ndarray:
    """Rank from the worst to the best."""
    return len(items.values) - 1 - one_ranking(items, rng, n)


@formula()
def placement_probabilities(q: ArrayLike) -> list[list[Any]]:
    """The probability of every position of every item, for at most 16 items.

    Entry [i][p] is P(pos(i) = p), exact for exact qualities q.

    Proof
    -----
    Assumes: rankings follow Plackett-Luce: items are ordered by independent exponential arrival times of rates q_i,
    which are positive (checked).

    Proof: let P(T) be the probability that the items of T come first, in any order. It is 1 for the empty set. The last
    item i of T to arrive follows T - i with probability q_i / q(outside of T - i), since exponential times are without
    memory, so P(T) = sum_{i in T} P(T - i) q_i / q(outside of T - i). Item i has position p if it follows a set T of p
    other items, which adds P(T) q_i / q(outside of T).
    """
    return placements([exact(one) for one in numbers("q", q, 0, ends="(]")])


def place_law(items: Items) -> np.ndarray:
    """Return the claimed probabilities of the places of item 0, and 0 for a row that is not a ranking."""
    return np.array([*(float(p) for p in placement_probabilities(list(items.values))[0]), 0.0])


def is_ranking(items: Items, places: np.ndarray) -> np.ndarray:
    """Mark the rows that are rankings of these items."""
    if places.shape[1:] != (len(items.values),):
        raise OutcomeError(f"an outcome must be the places of {len(items.values)} items in each ranking")
    return are_rankings(places)


def place_of_first(items: Items, places: np.ndarray) -> np.ndarray:
    """Return the place of item 0 in each row; the last number where the row is not a ranking."""
    return np.where(is_ranking(items, places), places[:, 0], len(items.values))


FSS_T3_PLACES = Statement(
    id="fair_subset_selection/FSS-T3-places",
    title="Places in Plackett-Luce have a closed form",
    says=(
        "In Plackett-Luce with qualities q the item i is at place p, 0 the best, with the probability that some set A "
        "of p other items takes the first p places, in any order, times q_i over the sum q(A^c) of the qualities "
        "outside of A, summed over all A."
    ),
    source=Derived(placement_probabilities),
    tex=r"P(\mathrm{pos}_i = p) = \sum_{|A| = p,\ i \notin A} P(A \text{ first})\, q_i / q(A^c)",
    hypotheses={"Plackett-Luce": lambda items: items.model == "plackett-luce"},
    instances=ONE_RANKING,
    solve=one_ranking,
    decisions=("outcome",),
    claim=Law(category=place_of_first, probabilities=place_law, within=0.06),
    saboteurs=(
        saboteur("all qualities alike", solve=alike, instances=ONE_UNEQUAL),
        saboteur("the worst first", solve=worst_first, instances=ONE_UNEQUAL),
    ),
)


def draw_items(draws: Draws) -> Items:
    """Draw two to five items with whole qualities."""
    return Items("plackett-luce", tuple(map(Fraction, draws.integers(1, 6, shape=draws.integers(2, 5)).tolist())))


def draw_top(draws: Draws) -> Items:
    """Draw two to five items of either law."""
    return replace(draw_items(draws), model=draws.choice(("plackett-luce", "uniform-utilities")))


ONE_TOP = Family(
    "one-top",
    always=(
        Items("uniform-utilities", tuple(map(Fraction, (1, 2, 2)))),
        Items("plackett-luce", (Fraction(3), Fraction(1))),
    ),
    draw=draw_top,
)


def ranked_first(items: Items, places: np.ndarray) -> np.ndarray:
    """Return the number of the item on top of each row; the last number where the row is not a ranking."""
    return np.where(is_ranking(items, places), places.argmin(1), len(items.values))


def top_law(items: Items) -> np.ndarray:
    """Return the claimed probabilities of the items to be on top, and 0 for a row that is not a ranking."""
    # the mean SNTV score of an item is the probability that it is on top
    tops = theory.expected_scores(items.model, ScoreRule("sntv"), list(items.values))
    return np.array([*map(float, tops), 0.0])


FSS_T3_TOPS = Statement(
    id="fair_subset_selection/FSS-T3-tops",
    title="Who is on top, in closed form",
    says=(
        "With independent utilities, uniform on [0, a_i], item i has the largest with a probability that is an "
        "integral over its value x, min(1, x/a_j) being the probability that item j is below x. In Plackett-Luce with "
        "qualities q the probability is q_i over their sum."
    ),
    source=Derived(theory.expected_scores),
    tex=r"P(i \text{ on top}) = \int_0^{a_i} \prod_{j \ne i} \min(1, x/a_j)\, dx / a_i \text{ or } q_i / \sum q",
    hypotheses={"a law with a closed form": always},
    instances=ONE_TOP,
    solve=one_ranking,
    decisions=("outcome",),
    claim=Law(category=ranked_first, probabilities=top_law, within=0.06),
    saboteurs=(saboteur("all qualities alike", solve=alike),),
)
