"""Wrong solvers, of selections, biases and bounds; each must be caught by a statement."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np

from lrtheory.fair_subset_selection import (
    Rankings,
    ScoreRule,
    certify_transfer,
    item_scores,
    quota_sweep,
    select,
    smoothness,
    theory,
)
from proofs_checks.fair_subset_selection.families.biased import (
    Places,
    Swapped,
    Swaps,
    Utilities,
    best_by_quota,
    ranked,
    swapped,
    swapped_places,
)
from proofs_checks.fair_subset_selection.families.blind import (
    Blind,
    Unprotected,
    blind_choices,
    observed_tops,
    rankings_until_seen,
    unprotected,
)
from proofs_checks.fair_subset_selection.families.judged import Judged, Transfer, all_scores, latent_panel, transferred
from proofs_checks.fair_subset_selection.families.ladder import Rung, rankings_until_apart
from proofs_checks.fair_subset_selection.families.laws import (
    Coupled,
    PanelLaw,
    biased,
    choices,
    coupled,
    sums,
)
from proofs_checks.fair_subset_selection.families.means import Jumps, Means, gammas_of, jumps_of
from proofs_checks.fair_subset_selection.families.panels import Certified, Counts, Panel, feasible_sets, score
from proofs_checks.fair_subset_selection.families.ranked import (
    Bounded,
    Estimated,
    Items,
    Spread,
    estimates,
    one_ranking,
)
from proofs_checks.fair_subset_selection.families.scores import ScorePair, Shares
from proofs_checks.fair_subset_selection.families.tails import (
    Exchangeable,
    Halves,
    Tail,
    halves_chosen,
    tail_bound,
    uniform_rankings,
)

# --- bias ------------------------------------------------------------------------------------------------------------


def not_refreshed(panel: Swapped, rng: np.random.Generator) -> Swaps:
    """Swap by pairs and distances of the latent ranking, as in the code that was published: pairs change back."""
    return swapped(panel, rng, refresh=False)


def places_not_refreshed(panel: Swapped, rng: np.random.Generator) -> np.ndarray:
    """Swap as `not_refreshed` does, and return the places."""
    return swapped_places(panel, rng, refresh=False)


def one_swap_less(panel: Swapped, rng: np.random.Generator) -> Swaps:
    """Stop early: the intensity is a tenth smaller."""
    # a ranking lacks one exchange or two, or none where the intensity asks for few; all others are right
    return swapped(replace(panel, intensity=0.9 * panel.intensity), rng)


def places_one_swap_less(panel: Swapped, rng: np.random.Generator) -> np.ndarray:
    """Swap as `one_swap_less` does, and return the places."""
    return one_swap_less(panel, rng).observed


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


def forgets_the_last(panel, rng: np.random.Generator) -> np.ndarray:
    """Score with the first ranking in place of the last one, which does not count."""
    # as many rankings as before, so that all scores together still have the right sum
    return item_scores(Rankings(np.vstack([panel.positions[:-1], panel.positions[:1]])), panel.rule)


def reversed_borda(panel, rng: np.random.Generator) -> np.ndarray:
    """Score with p points for the item at place p, as the code that was published with the paper does."""
    # over uniform rankings the scores have the same law, and their sum is right in any
    m = panel.n_items
    return item_scores(panel.rankings, ScoreRule("positional", position_weights=np.arange(m)))


# --- selection by scores ---------------------------------------------------------------------------------------------


def one_item_fewer(panel, rng: np.random.Generator):
    """Report for each quota the score with one item fewer of the group."""
    found = quota_sweep(panel.rankings, panel.rankings, panel.rule, k=panel.k, disadvantaged=panel.groups == 1)
    # quota 0 is right, and near the best quota neighboring scores hardly differ
    return replace(found, scores=np.r_[found.scores[:1], found.scores[:-1]])


def one_item_more(panel, rng: np.random.Generator) -> list:
    """Take at least l to be exactly l + 1, where that is possible."""
    found, group = [], {"groups": panel.groups}
    free = select(panel.rankings, panel.rule, panel.k).items
    for quota in range(int((panel.groups[free] == 1).sum()), panel.k + 1):
        # the two readings of a quota agree at l = k alone
        more = select(panel.rankings, panel.rule, panel.k, quota={1: min(quota + 1, panel.k)}, **group).items
        found.append((free, more, select(panel.rankings, panel.rule, panel.k, quota={1: quota}, **group).items))
    return found


def smallest_sums(shares: Shares, rng: np.random.Generator) -> np.ndarray:
    """Add up the worst t items in place of the best."""
    # the sums of no item and of all items are right; those in between are too small
    return np.cumsum(np.r_[0, np.sort(shares.scores)])


def next_best(pair: ScorePair, rng: np.random.Generator) -> list[np.ndarray]:
    """Leave the best item by the observed scores out, as long as others are left."""
    ordered = np.argsort(-pair.observed, kind="stable")
    # the full set is right, and the others lack the best item
    return [np.r_[ordered[1:], ordered[:1]][:t] for t in range(len(ordered) + 1)]


# --- greedy selection ------------------------------------------------------------------------------------------------


def smallest_marginal(panel: Panel, rng: np.random.Generator) -> np.ndarray:
    """Return the worst set within the quotas."""
    return np.array(min(feasible_sets(panel), key=lambda items: score(panel, items)))


def no_gap(panel: Panel, rng: np.random.Generator) -> Certified:
    """Certify that the choice is optimal."""
    found = select(panel.rankings, panel.rule, panel.k, **panel.quotas, method="greedy")
    # right wherever greedy selection finds an optimum, which it does on most small panels
    return Certified(found.items, found.score, float(found.score), 0.0)


def smaller_bound(panel: Panel, rng: np.random.Generator) -> Certified:
    """Certify half of the gap."""
    known = select(panel.rankings, panel.rule, panel.k, **panel.quotas, method="greedy").certificate
    # still above the optimum on most panels: the enumeration of the bound itself has to tell
    return Certified(known.items, known.achieved, known.achieved + known.gap / 2, known.gap / 2)


def counts_all(panel: Panel, rng: np.random.Generator) -> Counts:
    """Count for the lazy method every item in every step."""
    found = select(panel.rankings, panel.rule, panel.k, **panel.quotas, method="greedy")
    # the plain method passes over chosen items, which this count does not
    return Counts(found.items, found.counts["evaluations"], panel.k * panel.n_items)


def squared_scores(panel: Panel, rng: np.random.Generator) -> np.ndarray:
    """Square the scores, which makes them grow faster than linearly."""
    return all_scores(panel) ** 2


def certified_by_the_biased(judged: Judged, rng: np.random.Generator) -> Transfer:
    """Certify by the panel that has chosen, under which each choice has the largest marginal."""
    return transferred(judged, rng, by=judged.panel.rankings)


def certified_within_groups(judged: Judged, rng: np.random.Generator) -> Transfer:
    """Compare each choice with its own group alone, though there are no quotas."""
    # a maximum over one group is at most that over all items, so that c is too large and so is the share
    items = transferred(judged, rng).items
    c = certify_transfer(latent_panel(judged).rankings, judged.panel.rule, items, groups=judged.panel.groups).step_ratio
    return Transfer(items, theory.certificate_ratio(c, k=judged.panel.k))


# --- smoothness ------------------------------------------------------------------------------------------------------


def _with_steps(means: Means, pairs: list[tuple[int, int]]) -> Jumps:
    """Measure the smoothness, with gamma taken over other pairs of items."""
    found = smoothness(means.latent, means.observed, means.rule, groups=means.groups)
    # the means are whole numbers up to nine, so that this brings back the ratios exactly
    betas = [Fraction(beta).limit_denominator(1000) for beta in found.betas.tolist()]
    gammas = gammas_of(means.latent.tolist(), means.observed.tolist(), betas, pairs)
    return jumps_of(replace(found, gammas=np.array([float(g) for g in gammas])))


def one_order(means: Means, rng: np.random.Generator) -> Jumps:
    """Measure gamma over the pairs i < j alone, as the tool does that was published."""
    codes = means.groups
    return _with_steps(means, [(i, j) for j in range(len(codes)) for i in range(j) if codes[i] == codes[j]])


def across_groups(means: Means, rng: np.random.Generator) -> Jumps:
    """Measure gamma over all pairs of items, also across groups."""
    return _with_steps(means, list(itertools.permutations(range(len(means.groups)), 2)))


def larger_tau(means: Means, rng: np.random.Generator) -> Jumps:
    """Measure alpha relative to one more than a ranking can give."""
    # the tool that was released with the paper takes m in the place of m - 1, which is the same mistake
    more = replace(means, largest=means.largest + 1)
    return jumps_of(smoothness(means.latent, means.observed, more.rule, groups=means.groups))


def not_accumulated(means: Means, rng: np.random.Generator) -> Jumps:
    """Measure gamma over the pairs of each ratio by itself, without those below it."""
    found = smoothness(means.latent, means.observed, means.rule, groups=means.groups)
    # where gamma does not rise, no pair of this ratio alone attains it: 0 stands for the missing maximum
    before = np.r_[0.0, found.gammas[:-1]]
    return jumps_of(replace(found, gammas=np.where(found.gammas > before, found.gammas, 0.0)))


# --- laws ------------------------------------------------------------------------------------------------------------


def squared_bias(case: Spread, rng: np.random.Generator) -> np.ndarray:
    """Compute the mean scores with the bias applied twice."""
    rule = ScoreRule(case.kind, depth=case.depth if case.kind == "bloc" else None)
    # without a bias, theta = 1, this is right
    seen = biased(case.quality, case.disadvantaged, case.theta**2)
    return np.array(
        [theory.expected_scores("plackett-luce", rule, list(q)) for q in (case.quality, seen)], dtype=object
    )


def alike(items: Items, rng: np.random.Generator, n: int) -> np.ndarray:
    """Rank as if all items had the same quality."""
    return one_ranking(replace(items, values=(Fraction(1),) * len(items.values)), rng, n)


def worst_first(items: Items, rng: np.random.Generator, n: int) -> np.ndarray:
    """Rank from the worst to the best."""
    return len(items.values) - 1 - one_ranking(items, rng, n)


def estimate_itself(law: Estimated, rng: np.random.Generator, n: int) -> Bounded:
    """Return the estimate of alpha in place of its lower bound."""
    # an estimate is above what it estimates about every second time, and delta is 1/20
    return estimates(law, rng, n, field="alpha")


def a_twentieth(law: PanelLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw a twentieth of the rankings and count each of them twenty times; the rest of the division counts once."""
    # scores keep their means and their sum, and have twenty times the variance
    times, rest = divmod(law.n, 20)
    found = 20 * sums(replace(law, n=times), rng, n) if times else 0
    return found + (sums(replace(law, n=rest), rng, n) if rest else 0)


def chosen_by_a_fiftieth(law: PanelLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Choose by a fiftieth of the rankings."""
    # chosen sets do not say from how many rankings they come
    return choices(replace(law, n=max(1, law.n // 50)), rng, n)


def the_worst(law: PanelLaw, rng: np.random.Generator, n: int) -> Coupled:
    """Choose by the observed scores read upside down."""
    return coupled(law, rng, n, sign=-1)


def one_tail(tail: Tail, rng: np.random.Generator) -> float:
    """Return the bound for a deviation to one side."""
    # right for either side alone, and for both where the bound is loose
    return tail_bound(tail) / 2


def one_place(halves: Halves, rng: np.random.Generator) -> list[np.ndarray]:
    """Choose with one place less than half of them for the disadvantaged half."""
    # the mean utility hardly changes; the number of items of the half does
    return halves_chosen(halves, rng, quota=halves.k // 2 - 1)


def worst_of_each_half(halves: Halves, rng: np.random.Generator) -> list[np.ndarray]:
    """Choose the last items of each half."""
    return halves_chosen(halves, rng, sign=-1)


def centered(case: Exchangeable, rng: np.random.Generator, n: int) -> np.ndarray:
    """Rank around a center in which the group comes last."""
    return uniform_rankings(replace(case, phi=0.25), rng, n)


def rules_exchanged(rung: Rung, rng: np.random.Generator, n: int) -> np.ndarray:
    """Exchange the numbers of SNTV and Borda."""
    # both columns hold plausible numbers, whose growth is that of the other rule
    return rankings_until_apart(rung, rng, n)[:, ::-1]


# --- blind panels ----------------------------------------------------------------------------------------------------


def ties_by_number(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Break ties by number, which is the order of quality within the group here."""
    # a simulation without random ties shows success where the panel knows nothing
    return blind_choices(blind, rng, n, ties="index")


def by_latent_scores(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Choose by the latent scores, which nobody sees."""
    return blind_choices(replace(blind, theta=Fraction(1)), rng, n)


def tops_without_bias(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw latent rankings in place of observed ones."""
    return observed_tops(replace(blind, theta=Fraction(1)), rng, n)


def half_as_good(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw rankings in which the group is seen an eighth as large."""
    return observed_tops(replace(blind, theta=Fraction(1, 8)), rng, n)


def seen_without_bias(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw rankings by latent utilities."""
    return rankings_until_seen(replace(blind, theta=Fraction(1)), rng, n)


def unbiased_choice(case: Unprotected, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Choose by latent scores."""
    return unprotected(replace(case, theta=Fraction(1)))


def no_quota(panel: Utilities, rng: np.random.Generator) -> list[np.ndarray]:
    """Choose the best by observed utilities, without a quota."""
    return best_by_quota(panel, quotas=False)


def scrambled_utilities(panel: Utilities, rng: np.random.Generator) -> list[np.ndarray]:
    """Choose by observed utilities that turn all items, and so each group, upside down."""
    return best_by_quota(panel, observed=-panel.utilities[0])
