"""Statements on the smoothness of a rule under a bias: its definition, its value in Plackett-Luce, its estimate."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
from scipy.special import rel_entr

from lrtheory.bounds import (
    Classical,
    Derived,
    Identity,
    Inequality,
    Law,
    OutcomeError,
    Paper,
    Probability,
    Sides,
    Statement,
    always,
    rounding,
    saboteur,
)
from lrtheory.fair_subset_selection import ScoreRule, smoothness, theory
from proofs_checks.fair_subset_selection import wrong_solvers
from proofs_checks.fair_subset_selection.families.laws import biased
from proofs_checks.fair_subset_selection.families.means import MEANS, Jumps, Means, gammas_of, jumps_of
from proofs_checks.fair_subset_selection.families.outcomes import REPORTS, Entries, are_rankings
from proofs_checks.fair_subset_selection.families.ranked import (
    COPIED,
    ESTIMATED,
    ONE_RANKING,
    ONE_TOP,
    ONE_UNEQUAL,
    SPREADS,
    Bounded,
    Estimated,
    Items,
    Spread,
    estimates,
    one_ranking,
)


def measured(means: Means, rng: np.random.Generator) -> Jumps:
    """Measure alpha, gamma at every jump and half way to it, and beta_plus, of the given mean scores."""
    return jumps_of(smoothness(means.latent, means.observed, means.rule, groups=means.groups))


def same_group(means: Means) -> list[tuple[int, int]]:
    """List the pairs of items of one group, in both orders."""
    codes = [int(g) for g in means.groups]
    return [(i, j) for i, j in permutations(range(len(codes)), 2) if codes[i] == codes[j]]


def steps(means: Means, found: Jumps) -> Sides:
    """Compare the jumps of gamma, gamma and beta_plus there, gamma half way, and alpha with their definitions."""
    true = by_definition(means)
    check_jumps(found, len(true.betas))
    lhs = [*found.betas, *found.gammas, *found.below, *found.plus, found.alpha]
    rhs = [*true.betas, *true.gammas, *true.below, *true.plus, true.alpha]
    return Sides(np.array(lhs), np.array(rhs), rounding=rounding(4, np.array(rhs, dtype=float)))


def by_definition(means: Means) -> Jumps:
    """Compute the `Jumps` of mean scores from the definitions, in rational numbers."""
    f, g = ([int(x) for x in one] for one in (means.latent, means.observed))
    betas, pairs = ratios_below(means), same_group(means)
    return Jumps(
        alpha=Fraction(min(*f, *g), int(means.largest)),
        betas=betas,
        gammas=gammas_of(f, g, betas, pairs),
        # half way to a jump gamma has an earlier value: a function that is right at the jumps alone is refused
        below=gammas_of(f, g, [beta / 2 for beta in betas], pairs),
        plus=[min([*(beta for beta in betas if beta > one), Fraction(1)]) for one in betas],
    )


def check_jumps(found: Jumps, count: int) -> None:
    """Raise an OutcomeError if gamma does not jump `count` times, once at each different ratio."""
    if {np.shape(one) for one in (found.betas, found.gammas, found.below, found.plus)} != {(count,)}:
        raise OutcomeError(f"gamma must jump {count} times")


FSS_A8 = Statement(
    id="fair_subset_selection/FSS-A8",
    title="The smoothness that is measured is that of the definition",
    says=(
        "The measured gamma(beta) is the largest quotient of the mean observed scores f^_j and f^_i of two different "
        "items i and j of one group whose mean latent scores satisfy beta f_i >= f_j, as in the definition of "
        "smoothness."
    ),
    source=Paper("2306.09835", "smoothness", read="code"),
    tex=r"\gamma(\beta) = \max\{\hat f_j/\hat f_i: \beta f_i \ge f_j,\ i \ne j \text{ of one group}\}",
    hypotheses={"positive mean scores": lambda means: bool(min(*means.latent, *means.observed) > 0)},
    instances=MEANS,
    solve=measured,
    claim=Identity(steps),
    saboteurs=(
        # right where the better item of each pair has the smaller number
        saboteur("one order of each pair", solve=wrong_solvers.one_order),
        saboteur("pairs across the groups", solve=wrong_solvers.across_groups),
        # gamma, beta and beta_plus stay right: alpha alone is too small
        saboteur("tau one larger", solve=wrong_solvers.larger_tau),
    ),
    notes="The tool that was released with the paper tests one order of each pair, and takes tau = m.",
)


def ratios_below(means: Means) -> list[Fraction]:
    """List the different latent ratios of one group up to 1, increasing, in rational numbers."""
    f = [int(x) for x in means.latent]
    return sorted({Fraction(f[j], f[i]) for i, j in same_group(means) if f[j] <= f[i]})


def monotone(means: Means, found: Jumps) -> Sides:
    """Compare each gamma with the next, each beta with its beta_plus, and all of them with their definitions."""
    true, entries = by_definition(means), Entries()
    check_jumps(found, len(true.betas))
    for name in ("betas", "gammas", "below", "plus", "alpha"):
        due = getattr(true, name)
        entries.equal(getattr(found, name), due, rounding=rounding(4, np.array(due, dtype=float)))
    # the theorem; above stands what the numbers must be by definition
    entries.at_most(found.gammas[:-1], found.gammas[1:])
    entries.at_most(found.below, found.gammas)
    entries.at_most(found.betas, found.plus, trivial=1)
    return entries.sides()


FSS_P10 = Statement(
    id="fair_subset_selection/FSS-P10",
    title="gamma does not decrease in beta, and beta_plus is at least beta",
    says=(
        "gamma(beta), the largest observed ratio of two items of a group whose latent ratio is at most beta, does not "
        "decrease in beta, and beta_+, the smallest latent ratio of a group above beta or else 1, is at least beta."
    ),
    source=Derived(theory.smallest_ratio_above),
    tex=r"\beta \le \beta' \Rightarrow \gamma(\beta) \le \gamma(\beta'),\quad \beta_+ \ge \beta",
    hypotheses={"positive mean scores": lambda means: bool(min(*means.latent, *means.observed) > 0)},
    instances=MEANS,
    solve=measured,
    claim=Inequality(monotone, unbounded="gamma may be any number, where the bias exchanges items"),
    saboteurs=(saboteur("gamma of each ratio alone", solve=wrong_solvers.not_accumulated),),
)


# --- Plackett-Luce ---------------------------------------------------------------------------------------------------


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


def least_scores(case: Spread, found: np.ndarray, spread: int | None = None) -> Sides:
    """Compare the bound on alpha, times tau, with the least mean score, and all mean scores with their definition."""
    rule, m, entries = rule_of(case), len(case.quality), Entries()
    bound = theory.alpha_bound(
        case.kind,
        n_items=m,
        spread=case.spread if spread is None else spread,
        theta=case.theta,
        n_disadvantaged=case.n_disadvantaged,
        depth=case.depth,
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
    source=Derived(theory.alpha_bound),
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
        saboteur("the bias is squared", solve=wrong_solvers.squared_bias),
    ),
)


def place_law(items: Items) -> np.ndarray:
    """Return the claimed probabilities of the places of item 0, and 0 for a row that is not a ranking."""
    return np.array([*(float(p) for p in theory.placement_probabilities(list(items.values))[0]), 0.0])


def ranked_first(items: Items, places: np.ndarray) -> np.ndarray:
    """Return the number of the item on top of each row; the last number where the row is not a ranking."""
    return np.where(is_ranking(items, places), places.argmin(1), len(items.values))


def place_of_first(items: Items, places: np.ndarray) -> np.ndarray:
    """Return the place of item 0 in each row; the last number where the row is not a ranking."""
    return np.where(is_ranking(items, places), places[:, 0], len(items.values))


def is_ranking(items: Items, places: np.ndarray) -> np.ndarray:
    """Mark the rows that are rankings of these items."""
    if places.shape[1:] != (len(items.values),):
        raise OutcomeError(f"an outcome must be the places of {len(items.values)} items in each ranking")
    return are_rankings(places)


FSS_T3_PLACES = Statement(
    id="fair_subset_selection/FSS-T3-places",
    title="Places in Plackett-Luce have a closed form",
    says=(
        "In Plackett-Luce with qualities q the item i is at place p, 0 the best, with the probability that some set A "
        "of p other items takes the first p places, in any order, times q_i over the sum q(A^c) of the qualities "
        "outside of A, summed over all A."
    ),
    source=Derived(theory.placement_probabilities),
    tex=r"P(\mathrm{pos}_i = p) = \sum_{|A| = p,\ i \notin A} P(A \text{ first})\, q_i / q(A^c)",
    hypotheses={"Plackett-Luce": lambda items: items.model == "plackett-luce"},
    instances=ONE_RANKING,
    solve=one_ranking,
    decisions=("outcome",),
    claim=Law(category=place_of_first, probabilities=place_law, within=0.06),
    saboteurs=(
        saboteur("all qualities alike", solve=wrong_solvers.alike, instances=ONE_UNEQUAL),
        saboteur("the worst first", solve=wrong_solvers.worst_first, instances=ONE_UNEQUAL),
    ),
)


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
    saboteurs=(saboteur("all qualities alike", solve=wrong_solvers.alike),),
)


# --- estimates -------------------------------------------------------------------------------------------------------


def too_high(law: Estimated, found: Bounded) -> np.ndarray:
    """Mark the runs whose lower bound exceeds alpha, or is not the one that follows from the scores of their rankings.

    It is where the divergence of the estimate reaches log(1 / delta) / n, between two numbers that differ by rounding.
    """
    m, n = len(law.quality), law.n * (1 + law.copies)
    largest = law.rule.max_item_score(m)
    scores = np.stack([found.latent, found.observed], axis=1)
    if scores.shape[1:] != (2, m) or found.lower.shape != scores.shape[:1]:
        raise OutcomeError(f"an outcome must be two scores of {m} items and one bound in each run")
    # scores of n Borda rankings of m items sum to n m (m - 1) / 2 (FSS-P9); others were invented
    possible = (scores >= 0).all((1, 2)) & (scores.sum(2) == n * m * (m - 1) / 2).all(1)
    estimate = scores.min((1, 2)) / (n * largest)
    # 2^20 units of rounding are far more than 60 halvings leave, and far less than any other formula is off
    level, near = np.log(1 / float(law.delta)) / n, rounding(2**20, 1.0)

    def divergence(mean: np.ndarray) -> np.ndarray:
        mean = np.clip(mean, 0, 1)
        return rel_entr(estimate, mean) + rel_entr(1 - estimate, 1 - mean)

    # the divergence falls as its second argument rises to the estimate, so the level is met between these two
    below, above = divergence(found.lower * (1 - near)), divergence(found.lower * (1 + near))
    right = np.where(estimate > 0, (below >= level) & (level >= above), found.lower == 0)
    return (found.lower > law.alpha) | ~possible | ~right


FSS_A8_LOWER = Statement(
    id="fair_subset_selection/FSS-A8-lower",
    title="The lower bound on alpha fails with probability delta at most",
    says=(
        "alpha is the least mean score of an item, latent or observed, over the most that one ranking gives. Its lower "
        "bound alpha_low, computed from independent rankings, is above alpha with probability at most delta."
    ),
    source=Classical("Chernoff's bound in the form of Hoeffding", "W. Hoeffding, JASA 58, 1963, Theorem 1"),
    tex=r"P[\alpha_{\mathrm{low}} > \alpha] \le \delta",
    hypotheses={"independent rankings": lambda law: not law.copies},
    instances=ESTIMATED,
    solve=estimates,
    claim=Probability(event=too_high, at_most=lambda law: float(law.delta)),
    saboteurs=(
        saboteur("the estimate itself", solve=wrong_solvers.estimate_itself),
        saboteur("every ranking ten times", breaks="independent rankings", instances=COPIED),
    ),
)
