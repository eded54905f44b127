"""The smoothness of a rule under a bias: its definition, and its estimate."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import permutations

import numpy as np
from scipy.special import rel_entr

from lrtheory.bounds import (
    All,
    Classical,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    OutcomeError,
    Paper,
    Probability,
    Sides,
    Statement,
    rounding,
    saboteur,
)
from lrtheory.fair_subset_selection import (
    ScoreRule,
    Smoothness,
    bias_utilities,
    item_scores,
    sample_utilities,
    smoothness,
    theory,
)
from proofs_checks.fair_subset_selection.families.outcomes import Entries
from proofs_checks.fair_subset_selection.families.ranked import Bounded, Estimated
from proofs_checks.orbits import representatives


@dataclass(frozen=True)
class Means:
    """Mean latent and observed scores, groups, and the most that one ranking can give."""

    latent: np.ndarray
    observed: np.ndarray
    groups: np.ndarray
    largest: int

    @property
    def rule(self) -> ScoreRule:
        """Make a rule with this largest score of one ranking; nothing else of the rule matters to smoothness."""
        m = len(self.latent)
        return ScoreRule("positional", position_weights=[int(self.largest)] + [0] * (m - 1))


def draw_means(draws: Draws) -> Means:
    """Draw up to six items in two groups."""
    m = draws.integers(2, 6)
    # single digits make equal ratios, which smoothness treats as one, and ratios in the wrong order frequent
    latent, observed = draws.integers(1, 9, shape=m), draws.integers(1, 9, shape=m)
    return Means(latent, observed, draws.integers(0, 1, shape=m), 9 + draws.integers(0, 3))


#: the wrong order in one group; groups of one item; equal items
MEANS = Family(
    "means",
    always=(
        Means(np.array([1, 2]), np.array([2, 1]), np.array([0, 0]), 3),
        Means(np.array([4, 1]), np.array([1, 1]), np.array([0, 1]), 4),
        Means(np.array([2, 2, 1]), np.array([2, 2, 1]), np.array([0, 0, 0]), 2),
        Means(np.array([4, 2, 1]), np.array([4, 1, 2]), np.array([0, 0, 0]), 4),
        Means(np.array([4, 2, 1]), np.array([3, 1, 2]), np.array([0, 0, 1]), 4),
        Means(np.array([2, 4, 4]), np.array([1, 1, 1]), np.array([0, 0, 0]), 4),
    ),
    draw=draw_means,
)


Item = tuple[int, int, int]  # mean latent and observed score, and group


def renamed(items: tuple[Item, ...]) -> set[tuple[Item, ...]]:
    """Return the items in all orders, and with the names of the two groups exchanged."""
    other = tuple((latent, observed, 1 - group) for latent, observed, group in items)
    return {*permutations(items), *permutations(other)}


def small_means() -> Iterator[Means]:
    """Yield three items in up to two groups, whose mean latent scores are 1, 2 or 3."""
    kinds = itertools.product((1, 2, 3), (1, 2), (0, 1))
    for items in representatives(itertools.product(kinds, repeat=3), renamed):
        yield Means(*map(np.array, zip(*items, strict=True)), 3)


def n_renamed(means: Means) -> int:
    """Count the mean scores that differ from some by the order of items and the names of groups."""
    columns = (means.latent.tolist(), means.observed.tolist(), means.groups.tolist())
    return len(renamed(tuple(zip(*columns, strict=True))))


SMALL_MEANS = All(
    "triples of items in one or two groups, each with a mean latent score of 1, 2 or 3 and an observed one of 1 or 2",
    small_means,
    members=182,
    orbit=n_renamed,
    total=12**3,
    up_to="the order of items and the names of groups",
)


@dataclass(frozen=True)
class Jumps:
    """alpha; the ratios beta at which gamma jumps; gamma there and at half of them, and beta_plus there."""

    alpha: float
    betas: np.ndarray
    gammas: np.ndarray
    below: np.ndarray
    plus: np.ndarray


def jumps_of(found: Smoothness) -> Jumps:
    """Read the smoothness that was found at the points that the claims look at."""
    betas = found.betas
    below, plus = [found.gamma(beta / 2) for beta in betas], [found.beta_plus(beta) for beta in betas]
    return Jumps(found.alpha, betas, found.gammas, np.array(below), np.array(plus))


def gammas_of(latent: list, observed: list, betas: Iterable, pairs: list[tuple[int, int]]) -> list[Fraction]:
    """Compute gamma at each beta, by its definition, over the given pairs (better, worse) of items."""
    found = []
    for beta in betas:
        worse = [(i, j) for i, j in pairs if beta * latent[i] >= latent[j]]
        found.append(max((Fraction(observed[j], observed[i]) for i, j in worse), default=Fraction(0)))
    return found


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


def measured(means: Means, rng: np.random.Generator) -> Jumps:
    """Measure alpha, gamma at every jump and half way to it, and beta_plus, of the given mean scores."""
    return jumps_of(smoothness(means.latent, means.observed, means.rule, groups=means.groups))


def same_group(means: Means) -> list[tuple[int, int]]:
    """List the pairs of items of one group, in both orders."""
    codes = [int(g) for g in means.groups]
    return [(i, j) for i, j in permutations(range(len(codes)), 2) if codes[i] == codes[j]]


def ratios_below(means: Means) -> list[Fraction]:
    """List the different latent ratios of one group up to 1, increasing, in rational numbers."""
    f = [int(x) for x in means.latent]
    return sorted({Fraction(f[j], f[i]) for i, j in same_group(means) if f[j] <= f[i]})


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


def steps(means: Means, found: Jumps) -> Sides:
    """Compare the jumps of gamma, gamma and beta_plus there, gamma half way, and alpha with their definitions."""
    true = by_definition(means)
    check_jumps(found, len(true.betas))
    lhs = [*found.betas, *found.gammas, *found.below, *found.plus, found.alpha]
    rhs = [*true.betas, *true.gammas, *true.below, *true.plus, true.alpha]
    return Sides(np.array(lhs), np.array(rhs), rounding=rounding(4, np.array(rhs, dtype=float)))


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
    for_all=(SMALL_MEANS,),
    solve=measured,
    claim=Identity(steps),
    saboteurs=(
        # right where the better item of each pair has the smaller number
        saboteur("one order of each pair", solve=one_order),
        saboteur("pairs across the groups", solve=across_groups),
        # gamma, beta and beta_plus stay right: alpha alone is too small
        saboteur("tau one larger", solve=larger_tau),
    ),
    notes="The tool that was released with the paper tests one order of each pair, and takes tau = m.",
)


def not_accumulated(means: Means, rng: np.random.Generator) -> Jumps:
    """Measure gamma over the pairs of each ratio by itself, without those below it."""
    found = smoothness(means.latent, means.observed, means.rule, groups=means.groups)
    # where gamma does not rise, no pair of this ratio alone attains it: 0 stands for the missing maximum
    before = np.r_[0.0, found.gammas[:-1]]
    return jumps_of(replace(found, gammas=np.where(found.gammas > before, found.gammas, 0.0)))


def monotone(means: Means, found: Jumps) -> Sides:
    """Compare each gamma with the next, each beta with its beta_plus, and all of them with their definitions."""
    true, entries = by_definition(means), Entries()
    check_jumps(found, len(true.betas))
    for name in ("betas", "gammas", "below", "plus", "alpha"):
        due = getattr(true, name)
        entries.equal(getattr(found, name), due, rounding=rounding(4, np.array(due, dtype=float)))
    latent = [Fraction(int(mean)) for mean in means.latent]
    above = [theory.smallest_ratio_above(latent, means.groups, beta=beta) for beta in true.betas]
    entries.equal(found.plus, above, rounding=rounding(4, np.array(above, dtype=float)))
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
    for_all=(SMALL_MEANS,),
    solve=measured,
    claim=Inequality(monotone, unbounded="gamma may be any number, where the bias exchanges items"),
    saboteurs=(saboteur("gamma of each ratio alone", solve=not_accumulated),),
)


def estimates(law: Estimated, rng: np.random.Generator, n: int, field: str = "lower") -> Bounded:
    """Estimate alpha from n panels, and return its lower bound, or another field of `Smoothness`, and the scores."""
    # the scores come back too, so that the claim can compute the bound that follows from them
    quality, scores, found = [float(q) for q in law.quality], [], []
    for _ in range(n):
        utilities = sample_utilities("plackett-luce", law.n, len(quality), rng=rng, quality=quality)
        utilities = np.repeat(utilities, 1 + law.copies, axis=0)
        panel = bias_utilities(utilities, np.array(law.disadvantaged), float(law.theta), rng=rng)
        measured = smoothness(panel.latent, panel.observed, law.rule, delta=float(law.delta))
        scores.append([item_scores(one, law.rule) for one in (panel.latent, panel.observed)])
        found.append(getattr(measured, field))
    both = np.array(scores)
    return Bounded(both[:, 0], both[:, 1], np.array(found))


def draw_estimated(draws: Draws) -> Estimated:
    """Draw two to four items, and the number of rankings, up to forty."""
    m = draws.integers(2, 4)
    # item 0 stays outside of the group, so that somebody is advantaged
    down = (False, *(draws.integers(0, 1, shape=m - 1) == 1).tolist())
    theta = Fraction(1, draws.integers(1, 4))
    return Estimated(tuple(draws.integers(1, 5, shape=m).tolist()), down, draws.integers(4, 40), theta=theta)


GROUP = (False, False, True, True)
ESTIMATED = Family(
    "estimated",
    always=(Estimated((2, 1, 2, 1), GROUP, 30), Estimated((1, 1), (False, True), 8)),
    draw=draw_estimated,
)
# thirty rankings, a hundred times each: the bound takes them for three thousand
COPIED = Family("copied", always=(Estimated((2, 1, 2, 1), GROUP, 30, copies=99),))


def estimate_itself(law: Estimated, rng: np.random.Generator, n: int) -> Bounded:
    """Return the estimate of alpha in place of its lower bound."""
    # an estimate is above what it estimates about every second time, and delta is 1/20
    return estimates(law, rng, n, field="alpha")


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
        saboteur("the estimate itself", solve=estimate_itself),
        saboteur("every ranking ten times", breaks="independent rankings", instances=COPIED),
    ),
)
