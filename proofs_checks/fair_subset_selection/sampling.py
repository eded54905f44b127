"""How many rankings are enough: for the order within the groups, for the best set, and in which proportion."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import comb

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Expectation,
    Inequality,
    Law,
    Probability,
    Recorded,
    Sides,
    Statement,
    always,
    rounding,
    saboteur,
)
from lrtheory.fair_subset_selection import quota_curves, separates, theory
from proofs_checks.fair_subset_selection import mutants
from proofs_checks.fair_subset_selection.families.laws import (
    ENOUGH,
    EXCHANGED,
    NEARLY_ALIKE,
    NOT_SMOOTH,
    REALIZED,
    SMALL_PANEL,
    TOO_FEW,
    Coupled,
    PanelLaw,
    Sums,
    coupled,
    has_enough,
    is_smooth,
    sums,
)
from proofs_checks.fair_subset_selection.families.tails import (
    CENTERED,
    EXCHANGEABLE,
    HALVES,
    TAILS,
    WIDE,
    Exchangeable,
    Halves,
    Tail,
    halves_gain,
    optimal_quotas,
    tail_bound,
)


def misordered(law: PanelLaw, found: Sums) -> np.ndarray:
    """Some pair of one group that differs clearly stands in the wrong order."""
    latent = [float(f) for f in law.latent]
    # f_bad = beta f_good exactly; in doubles it may be a rounding more
    beta = float(law.beta) + rounding(4, 1.0)
    return ~separates(latent, found.observed, groups=law.groups, beta=beta)


def at_most_delta(event) -> Probability:
    """The event has probability delta at most."""
    return Probability(event=event, at_most=lambda law: float(law.delta))


FSS_T1A = Statement(
    id="fair_subset_selection/FSS-T1a",
    title="Observed scores order all pairs of one group that differ clearly",
    source=Derived(theory.rankings_needed),
    tex=r"n \ge 3\ln(2m/\delta)/(\alpha\epsilon_0^2)"
    r" \Rightarrow P[f_j \le \beta f_i, \hat s_i \le \hat s_j] \le \delta",
    hypotheses={"smooth": is_smooth, "enough rankings": has_enough},
    instances=ENOUGH,
    solve=sums,
    claim=at_most_delta(misordered),
    saboteurs=(
        saboteur("a twentieth of the rankings", breaks="enough rankings", instances=TOO_FEW),
        saboteur("alpha a hundred times as large", breaks="smooth", instances=NOT_SMOOTH),
        saboteur("two items of a group are taken for each other", breaks="smooth", instances=EXCHANGED),
        saboteur("a twentieth is drawn", solve=mutants.a_twentieth),
    ),
    notes="Loose: with SNTV and m = 32 about a twelfth of the rankings is enough.",
)


def too_little(law: PanelLaw, found: Sums, share: float | None = None) -> np.ndarray:
    """For some number of disadvantaged items, the choice is worth less than beta_plus of the best such set."""
    latent = np.array([float(f) for f in law.latent])
    curves = quota_curves(latent, found.observed, law.k, disadvantaged=law.groups == 1)
    short = (float(law.beta_plus) if share is None else share) * curves.optima - curves.values
    return (short > rounding(4 * law.k, float(curves.optima.max()))).any(axis=1)


anything_lost = partial(too_little, share=1.0)

FSS_T1 = Statement(
    id="fair_subset_selection/FSS-T1",
    title="Enough rankings: every quota keeps beta_plus of its optimum",
    source=Derived(theory.rankings_needed),
    tex=r"n \ge 3\ln(2m/\delta)/(\alpha\epsilon_0^2)"
    r" \Rightarrow P[\bar F(S_\ell) < \beta_+ \mathrm{OPT}_\ell] \le \delta",
    hypotheses={"smooth": is_smooth, "enough rankings": has_enough},
    instances=ENOUGH,
    solve=sums,
    claim=at_most_delta(too_little),
    saboteurs=(
        saboteur("a twentieth of the rankings", breaks="enough rankings", instances=TOO_FEW),
        saboteur("alpha a hundred times as large", breaks="smooth", instances=NOT_SMOOTH),
        saboteur(
            "all of the optimum, in the place of beta_plus", claim=at_most_delta(anything_lost), instances=NEARLY_ALIKE
        ),
        saboteur("a fiftieth is drawn", solve=partial(mutants.a_twentieth, share=Fraction(1, 50))),
    ),
    notes="Derived, in the shape of the paper's claim of polynomially many rankings; its own constants were not read.",
)


def realized_loss(law: PanelLaw, found: Coupled) -> np.ndarray:
    """At the quota of the best latent set, the choice is worth less than its share of that set."""
    curves = quota_curves(found.latent, found.observed, law.k, disadvantaged=law.groups == 1)
    best = curves.optima.argmax(axis=1)
    rows = np.arange(len(best))
    epsilon = accuracy(law)
    share = float(theory.realized_ratio(law.beta_plus, epsilon))
    return curves.values[rows, best] < share * curves.optima[rows, best]


def accuracy(law: PanelLaw) -> Fraction:
    """eps_0, the accuracy to which the means are known."""
    return theory.separation(law.gamma)


def has_enough_realized(law: PanelLaw) -> bool:
    """Whether there are as many rankings as the realized form asks for."""
    m = len(law.quality)
    return law.n >= theory.rankings_needed_realized(m, alpha=law.alpha, epsilon=accuracy(law), delta=law.delta)


FSS_T2 = Statement(
    id="fair_subset_selection/FSS-T2",
    title="Enough rankings, judged by the latent rankings of the same panel",
    source=Derived(theory.realized_ratio),
    tex=r"n \ge 3\ln(4m/\delta)/(\alpha\epsilon^2)"
    r" \Rightarrow P[F < \beta_+ \tfrac{1-\epsilon}{1+\epsilon} O] \le \delta",
    hypotheses={"smooth": is_smooth, "enough rankings": has_enough_realized},
    instances=REALIZED,
    solve=coupled,
    claim=at_most_delta(realized_loss),
    saboteurs=(
        saboteur("one ranking", breaks="enough rankings", instances=SMALL_PANEL),
        saboteur("the worst of each group", solve=mutants.the_worst),
    ),
)


# --- tails -----------------------------------------------------------------------------------------------------------


def exact_tail(tail: Tail, found) -> Sides:
    """The probability, summed in rational numbers, against the bound; the bound against 2."""
    n, f, epsilon = tail.n, Fraction(tail.successes, tail.trials), Fraction(tail.epsilon)
    far = [x for x in range(n + 1) if abs(x - n * f) >= epsilon * n * f]
    probability = sum((comb(n, x) * f**x * (1 - f) ** (n - x) for x in far), Fraction(0))
    return Sides(np.array([probability]), np.array([found]), trivial=1)


FSS_P4 = Statement(
    id="fair_subset_selection/FSS-P4",
    title="Chernoff's bound for sums",
    source=Classical("multiplicative Chernoff bound", "Mitzenmacher, Upfal, Probability and Computing, 2005"),
    tex=r"P(|X - nf| \ge \epsilon n f) \le 2\exp(-\epsilon^2 n f/3)",
    hypotheses={"0 < epsilon <= 1": lambda tail: 0 < tail.epsilon <= 1},
    instances=TAILS,
    solve=tail_bound,
    claim=Inequality(exact_tail),
    saboteurs=(
        saboteur("one instead of two tails", solve=mutants.one_tail),
        saboteur("epsilon above one", breaks="0 < epsilon <= 1", instances=WIDE),
    ),
)


# --- proportions -----------------------------------------------------------------------------------------------------


def share_missing(halves: Halves, found: np.ndarray) -> np.ndarray:
    """The score with proportional places less the stated share of the best score."""
    return found[:, 0] - float(theory.proportional_quota_ratio(halves.n_items, halves.k)) * found[:, 1]


FSS_D3 = Statement(
    id="fair_subset_selection/FSS-D3",
    title="Half of the places for each half of the items costs little",
    source=Derived(theory.proportional_quota_ratio),
    tex=r"\mathbb E F / \mathbb E O = 2 E(N/2, k/2)/E(N, k),"
    r"\ E(N, k) = k - \tfrac{k(k+1)}{2(N+1)}",
    hypotheses={"halves": always},
    instances=HALVES,
    solve=halves_gain,
    claim=Expectation(
        sample=share_missing,
        support=lambda halves: (-halves.k, halves.k),
        equals=lambda halves: 0.0,
        within=lambda halves: 0.02 * halves.k,
    ),
    saboteurs=(
        saboteur("a third of the places", solve=mutants.a_third),
        saboteur("utilities of one half are squared", solve=mutants.squared_half),
    ),
)


def quota_law(case: Exchangeable) -> np.ndarray:
    """Probabilities of 0, ..., k disadvantaged items."""
    return np.array([float(p) for p in theory.optimal_quota_law(case.n_items, case.n_disadvantaged, case.k)])


FSS_D4 = Statement(
    id="fair_subset_selection/FSS-D4",
    title="Where groups say nothing, the best quota is hypergeometric",
    source=Derived(theory.optimal_quota_law),
    tex=r"\ell^* \sim \mathrm{Hypergeometric}(m, |G_2|, k)",
    hypotheses={"exchangeable items": lambda case: case.phi == 1},
    instances=EXCHANGEABLE,
    solve=optimal_quotas,
    claim=Law(category=lambda case, found: found, probabilities=quota_law, within=0.06),
    saboteurs=(
        saboteur("the group comes last in the center", breaks="exchangeable items", instances=CENTERED),
        saboteur("one place more", solve=mutants.one_place_more),
    ),
)

FSS_D4_TAIL = Statement(
    id="fair_subset_selection/FSS-D4-tail",
    title="Where groups say nothing, the best quota is nearly proportional",
    source=Classical("sampling without replacement", "W. Hoeffding, JASA 58, 1963, section 6"),
    tex=r"P(|\ell^* - k|G_2|/m| \ge t k) \le 2\exp(-2 t^2 k)",
    hypotheses={"exchangeable items": lambda case: case.phi == 1},
    instances=EXCHANGEABLE,
    solve=optimal_quotas,
    claim=Probability(
        event=lambda case, found: np.abs(found - case.expected) >= case.deviation * case.k,
        at_most=lambda case: float(theory.optimal_quota_tail(case.k, case.deviation)),
    ),
    saboteurs=(
        saboteur("the group comes last in the center", breaks="exchangeable items", instances=CENTERED),
        saboteur("rankings around one", solve=mutants.centered),
    ),
)


FSS_T3_RATE = Statement(
    id="fair_subset_selection/FSS-T3-rate",
    title="Rankings grow like log m with Borda, and like m log m with SNTV",
    source=Derived(theory.alpha_bound),
    tex=r"n_{\mathrm{Borda}} = O(\log m),\quad n_{\mathrm{SNTV}} = O(m \log m)",
    hypotheses={},
    instances=ENOUGH,
    solve=sums,
    claim=Recorded(
        "upper bounds, which follow from FSS-T1 and FSS-T3; measured exponents still drift at the sizes we can run",
        carried_by="fair_subset_selection/FSS-T3",
    ),
)
