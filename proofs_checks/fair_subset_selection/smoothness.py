"""Smoothness of a rule under a bias: what it means, what it is in Plackett-Luce, what is estimated of it."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Identity,
    Inequality,
    Law,
    Paper,
    Probability,
    Sides,
    Statement,
    always,
    rounding,
    saboteur,
)
from lrtheory.fair_subset_selection import ScoreRule, Smoothness, smoothness, theory
from proofs_checks.fair_subset_selection import mutants
from proofs_checks.fair_subset_selection.families.laws import (
    COPIED,
    ESTIMATED,
    ONE_RANKING,
    ONE_TOP,
    ONE_UNEQUAL,
    SPREADS,
    Items,
    Spread,
    biased,
    estimates,
    one_ranking,
)
from proofs_checks.fair_subset_selection.families.means import MEANS, Means, gammas_of


def measured(means: Means, rng: np.random.Generator) -> Smoothness:
    """Smoothness of the given mean scores."""
    return smoothness(means.latent, means.observed, means.rule, groups=means.groups)


def same_group(means: Means) -> list[tuple[int, int]]:
    """Pairs of items of one group, in both orders."""
    codes = [int(g) for g in means.groups]
    return [(i, j) for i, j in permutations(range(len(codes)), 2) if codes[i] == codes[j]]


def steps(means: Means, found: Smoothness) -> Sides:
    """The ratios at which gamma jumps, gamma there, and alpha, against their definitions in rational numbers."""
    f, g = ([int(x) for x in one] for one in (means.latent, means.observed))
    pairs = same_group(means)
    betas = ratios_below(means)
    gammas = gammas_of(f, g, betas, pairs)
    alpha = Fraction(min(*f, *g), means.largest)
    lhs = [*found.betas, *found.gammas, found.alpha]
    rhs = [*betas, *gammas, alpha]
    if len(lhs) != len(rhs):  # other jumps
        return Sides(np.array([len(lhs)]), np.array([len(rhs)]))
    return Sides(np.array(lhs), np.array(rhs), rounding=rounding(4, 1 + np.array(rhs, dtype=float)))


FSS_A8 = Statement(
    id="fair_subset_selection/FSS-A8",
    title="The smoothness that is measured is that of the definition",
    source=Paper("2306.09835", "smoothness", read="code"),
    tex=r"\gamma(\beta) = \max\{\hat f_j/\hat f_i: \beta f_i \ge f_j,\ i \ne j \text{ of one group}\}",
    hypotheses={"positive mean scores": lambda means: bool(min(*means.latent, *means.observed) > 0)},
    instances=MEANS,
    solve=measured,
    claim=Identity(steps),
    saboteurs=(
        saboteur("one order of each pair", solve=mutants.one_order),
        saboteur("pairs across the groups", solve=mutants.across_groups),
        saboteur("tau one larger", solve=mutants.larger_tau),
    ),
    notes="The tool that was released with the paper tests one order of each pair, and takes tau = m.",
)


def ratios_below(means: Means) -> list[Fraction]:
    """The different latent ratios of one group up to 1, in rational numbers."""
    f = [int(x) for x in means.latent]
    return sorted({Fraction(f[j], f[i]) for i, j in same_group(means) if f[j] <= f[i]})


def monotone(means: Means, found: Smoothness) -> Sides:
    """Each step of gamma against the next, beta against beta_plus, and gamma of a smaller beta against gamma."""
    betas = [Fraction(b) for b in found.betas]
    half = [Fraction(found.gamma(float(b) / 2)) for b in betas]
    plus = [Fraction(found.beta_plus(float(b))) for b in betas]
    below = [means.latent[j] / means.latent[i] for i, j in same_group(means) if means.latent[j] <= means.latent[i]]
    jumps = len(set(betas) - {0})  # gamma jumps at every ratio that there is
    f, g = ([int(x) for x in one] for one in (means.latent, means.observed))
    gammas = [theory.largest_observed_ratio(f, g, means.groups, beta=b) for b in ratios_below(means)]
    above = [theory.smallest_ratio_above(f, means.groups, beta=b) for b in ratios_below(means)]
    lhs = [*found.gammas[:-1], *half, *betas, len(set(below)), *gammas[:-1], *above[:-1]]
    rhs = [*found.gammas[1:], *found.gammas, *plus, jumps, *gammas[1:], *ratios_below(means)[1:]]
    return Sides(np.array(lhs), np.array(rhs))


FSS_P10 = Statement(
    id="fair_subset_selection/FSS-P10",
    title="gamma does not decrease in beta, and beta_plus is at least beta",
    source=Derived(theory.smallest_ratio_above),
    tex=r"\beta \le \beta' \Rightarrow \gamma(\beta) \le \gamma(\beta'),\quad \beta_+ \ge \beta",
    hypotheses={"positive mean scores": lambda means: bool(min(*means.latent, *means.observed) > 0)},
    instances=MEANS,
    solve=measured,
    claim=Inequality(monotone),
    saboteurs=(saboteur("gamma of each ratio alone", solve=mutants.not_accumulated),),
)


# --- Plackett-Luce ---------------------------------------------------------------------------------------------------


def closed_forms(case: Spread, rng: np.random.Generator) -> np.ndarray:
    """Mean latent and observed scores of all items, in closed form."""
    rule = ScoreRule(case.kind, depth=case.depth if case.kind == "bloc" else None)
    down = [i >= len(case.quality) - case.n_disadvantaged for i in range(len(case.quality))]
    seen = biased(case.quality, down, case.theta)
    return np.array(
        [theory.expected_scores("plackett-luce", rule, list(q)) for q in (case.quality, seen)], dtype=object
    )


def least_scores(case: Spread, found: np.ndarray, spread: int | None = None) -> Sides:
    """The bound on alpha, times tau, against the least mean score; the total of the weights against those of scores."""
    rule = ScoreRule(case.kind, depth=case.depth if case.kind == "bloc" else None)
    m = len(case.quality)
    bound = theory.alpha_bound(
        case.kind,
        n_items=m,
        spread=case.spread if spread is None else spread,
        theta=case.theta,
        n_disadvantaged=case.n_disadvantaged,
        depth=case.depth,
    )
    total = theory.total_score(1, rule.weights(m).tolist())
    lhs = [bound * rule.max_item_score(m), total, total]
    return Sides(np.array(lhs), np.array([min(found.ravel()), sum(found[0]), sum(found[1])]))


FSS_T3 = Statement(
    id="fair_subset_selection/FSS-T3",
    title="How small alpha can be in Plackett-Luce with biased qualities",
    source=Derived(theory.alpha_bound),
    tex=r"\alpha_{\mathrm{SNTV}} \ge \theta/(\kappa m),\ \alpha_{\mathrm{Borda}} \ge \tfrac{1}{m-1}"
    r"(\tfrac{|G_2|-1}{1+\kappa} + \tfrac{|G_1|\theta}{\theta+\kappa})",
    hypotheses={"qualities in [1, kappa]": lambda case: 1 <= min(case.quality) and max(case.quality) <= case.spread},
    instances=SPREADS,
    solve=closed_forms,
    claim=Inequality(least_scores),
    saboteurs=(
        saboteur("the spread is forgotten", claim=Inequality(lambda case, found: least_scores(case, found, spread=1))),
        saboteur("the bias is squared", solve=mutants.squared_bias),
    ),
)


def place_law(items: Items) -> np.ndarray:
    """Probabilities of the places of item 0."""
    return np.array([float(p) for p in theory.placement_probabilities(list(items.values))[0]])


FSS_T3_PLACES = Statement(
    id="fair_subset_selection/FSS-T3-places",
    title="Places in Plackett-Luce",
    source=Derived(theory.placement_probabilities),
    tex=r"P(\mathrm{pos}_i = p) = \sum_{|A| = p,\ i \notin A} P(A \text{ first})\, q_i / q(A^c)",
    hypotheses={"Plackett-Luce": lambda items: items.model == "plackett-luce"},
    instances=ONE_RANKING,
    solve=one_ranking,
    claim=Law(category=lambda items, places: places[:, 0], probabilities=place_law, within=0.06),
    saboteurs=(
        saboteur("all qualities alike", solve=mutants.alike, instances=ONE_UNEQUAL),
        saboteur("the worst first", solve=mutants.worst_first, instances=ONE_UNEQUAL),
    ),
)


def top_law(items: Items) -> np.ndarray:
    """Probabilities of the items to be on top."""
    return np.array([float(p) for p in theory.expected_scores(items.model, ScoreRule("sntv"), list(items.values))])


FSS_T3_TOPS = Statement(
    id="fair_subset_selection/FSS-T3-tops",
    title="Who is on top, in closed form",
    source=Derived(theory.expected_scores),
    tex=r"P(i \text{ on top}) = \int_0^{a_i} \prod_{j \ne i} \min(1, x/a_j)\, dx / a_i \text{ or } q_i / \sum q",
    hypotheses={"a law with a closed form": always},
    instances=ONE_TOP,
    solve=one_ranking,
    claim=Law(category=lambda items, places: places.argmin(1), probabilities=top_law, within=0.06),
    saboteurs=(saboteur("all qualities alike", solve=mutants.alike),),
)


# --- estimates -------------------------------------------------------------------------------------------------------


FSS_A8_LOWER = Statement(
    id="fair_subset_selection/FSS-A8-lower",
    title="The lower bound on alpha fails with probability delta at most",
    source=Classical("Chernoff's bound in the form of Hoeffding", "W. Hoeffding, JASA 58, 1963, Theorem 1"),
    tex=r"P[\alpha_{\mathrm{low}} > \alpha] \le \delta",
    hypotheses={"independent rankings": lambda law: not law.copies},
    instances=ESTIMATED,
    solve=estimates,
    claim=Probability(event=lambda law, lower: lower > law.alpha, at_most=lambda law: float(law.delta)),
    saboteurs=(
        saboteur("the estimate itself", solve=mutants.estimate_itself),
        saboteur("every ranking ten times", breaks="independent rankings", instances=COPIED),
    ),
)
