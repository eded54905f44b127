"""The panel that is blind: SNTV sees no good item of a group until there are exponentially many rankings.

Of h advantaged items the utilities are uniform on [0, 1]. Of as many disadvantaged ones, g are good, on [0, 2], and
the others hardly worth anything; the panel sees their utilities a quarter as large. `quota` places are for the
disadvantaged, l in the theorem.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil

import numpy as np

from lrtheory.bounds import Derived, Draws, Expectation, Family, Law, OutcomeError, Rate, Statement, formula, saboteur
from lrtheory.fair_subset_selection import sample_rankings, sample_top_counts, select_by_scores
from proofs_checks.fair_subset_selection.families.blind import Blind
from proofs_checks.fair_subset_selection.families.laws import biased
from proofs_checks.fair_subset_selection.families.outcomes import are_sets


def chosen(blind: Blind, scores: np.ndarray, rng: np.random.Generator, ties: str = "random") -> np.ndarray:
    """Select at the quota by given scores, one row per panel."""
    options = {"groups": blind.disadvantaged, "quota": {True: blind.quota}, "ties": ties, "rng": rng}
    return np.array([select_by_scores(row, blind.n_good, **options).items for row in scores])


def blind_choices(blind: Blind, rng: np.random.Generator, n: int, ties: str = "random") -> np.ndarray:
    """Select by SNTV at the quota in n panels, (n, k); the numbers of tops are drawn from their closed form."""
    counts = sample_top_counts(blind.tops(blind.theta), blind.n, n_runs=n, rng=rng)
    return chosen(blind, counts, rng, ties)


def ratios(blind: Blind, items: np.ndarray) -> np.ndarray:
    """Divide the mean latent scores of the chosen sets by that of the best; 1, the largest ratio, for invalid sets."""
    latent, k = np.array([float(p) for p in blind.tops(Fraction(1))]), blind.n_good
    if items.shape[1:] != (k,):
        raise OutcomeError(f"an outcome must be {k} items of each panel")
    valid = are_sets(items, len(latent))
    given = np.where(valid[:, None], items, 0)
    valid &= blind.disadvantaged[given].sum(1) == blind.quota
    return np.where(valid, latent[given].sum(1) / np.sort(latent)[-k:].sum(), 1.0)


@formula(h="[1, inf)", g="[1, h]")
def top_good_probability(h: int, g: int) -> Fraction:
    """The probability that a good item is on top of an observed ranking, up to the bad items, which can only lower it.

    Proof
    -----
    Assumes: theta = 1/4 (hypothesis of FSS-N1-top), and no bad item is on top; with bad items the probability can only
    be smaller.

    Proof: the good items are seen in [0, 1/2]. One of them is on top only if all h advantaged items are below 1/2, with
    probability 2^{-h}; then g + h numbers are uniform on [0, 1/2], and the top is good with probability g / (g + h).
    """
    return Fraction(g, (g + h) * 2**h)


def draw_blind(draws: Draws) -> Blind:
    """Draw up to twelve advantaged items and at most half as many good ones, which are seen with chance 1/10 to 1/4.

    The number n of rankings is chosen such that n p, the bound on the chance that a panel is not blind, is near this.
    """
    h = draws.integers(4, 12)
    g = draws.integers(2, h // 2)
    # n p between 1/10 and 1/4: the bound then is well below 1 although the panel is not quite blind
    seen = Fraction(draws.integers(10, 25), 100)
    return Blind(h, g, ceil(seen / top_good_probability(h, g)), draws.integers(0, g))


# n p is about 1/20; the least quota, the largest, and one between
BLIND = Family("blind", always=tuple(Blind(12, 3, 1000, quota) for quota in (0, 2, 3)), draw=draw_blind)
# without a bias the good items are on top most often, so that SNTV finds them
SIGHTED = Family("sighted", always=(Blind(12, 3, 1000, 3, theta=Fraction(1)),))


def ties_by_number(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Break ties by number, which is the order of quality within the group here."""
    # a simulation without random ties shows success where the panel knows nothing
    return blind_choices(blind, rng, n, ties="index")


def by_latent_scores(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Choose by the latent scores, which nobody sees."""
    return blind_choices(replace(blind, theta=Fraction(1)), rng, n)


@formula(h="[1, inf)", g="[1, h]")
def blind_optimum(h: int, g: int) -> Fraction:
    """OPT, the mean latent score of all good items, up to the bad ones.

    Proof
    -----
    Assumes: no bad item is on top: the probability of that, below 100^-h for the default ranges, is neglected.

    Proof: an advantaged item is on top only if all g good ones are below 1, with probability 2^{-g}; then g + h numbers
    are uniform on [0, 1], and the top is advantaged with probability h / (g + h). Otherwise a good one is on top.
    """
    return 1 - Fraction(h, (g + h) * 2**g)


@formula(h="[1, inf)", g="[1, h]", quota="[0, g]")
def blind_gain(h: int, g: int, quota: int) -> Fraction:
    """The mean ratio where no disadvantaged item was ever on top.

    They are chosen at random then, `quota` of them, and k = g.

    Proof
    -----
    Assumes: no disadvantaged item was ever on top, and ties are broken at random (the caller); tops of bad items are
    neglected as in `blind_optimum`.

    Proof: the observed scores of all h disadvantaged items are 0, and random ties choose l of them: each good item with
    probability l / h, so that on average l / h of OPT is kept. Each of the g - l chosen advantaged items adds 2^{-g} /
    (g + h), see `blind_optimum`. The ratio is at most g / h: it is linear in l and g / h at l = g, and at l = 0 at most
    that because h 2^{-g} <= (g + h) OPT = g + h - h 2^{-g}, by 2^{-g} <= 1/2.
    """
    each = Fraction(1, (g + h) * 2**g)
    return Fraction(quota, h) + (g - quota) * each / blind_optimum(h, g)


@formula(h="[1, inf)", g="[1, h]", quota="[0, g]", n="[0, inf)")
def blind_bound(h: int, g: int, quota: int, n: int) -> Fraction:
    """The mean ratio of the choice from n observed rankings is at most this. It says nothing where it is above 1.

    Proof
    -----
    Assumes: theta = 1/4 (hypothesis of FSS-N1) and random ties; tops of bad items are neglected as in `blind_optimum`.

    Proof: by the union bound a good item is on top of one of the rankings with probability at most n p, p that of
    `top_good_probability`, and a ratio is never above 1. Otherwise the observed scores of all good items are 0, and the
    mean ratio is that of `blind_gain`, since the advantaged items have equal latent scores whichever are chosen.
    """
    return blind_gain(h, g, quota) + n * top_good_probability(h, g)


def bound(blind: Blind) -> float:
    """Return the bound: the mean ratio of a blind choice plus the probability that the panel is not blind."""
    return float(blind_bound(blind.n_advantaged, blind.n_good, blind.quota, blind.n))


FSS_N1 = Statement(
    id="fair_subset_selection/FSS-N1",
    title="SNTV stays blind without exponentially many rankings, whatever the quota",
    says=(
        "h advantaged items have utilities uniform on [0, 1], of h disadvantaged items g good ones uniform on [0, 2] "
        "and the others near 0, and the panel sees a quarter of the utilities of the disadvantaged. SNTV with n "
        "rankings and random ties chooses g items S_l, l of them disadvantaged; their mean latent score is on average "
        "at most this share of OPT, the mean latent score of the g good ones."
    ),
    source=Derived(blind_bound),
    tex=r"\mathbb E \bar F(S_\ell)/\mathrm{OPT} \le \tfrac{\ell}{h} + \tfrac{(g-\ell) 2^{-g}}{(g+h)\mathrm{OPT}}"
    r" + n\,\tfrac{g\,2^{-h}}{g+h}",
    hypotheses={"the group is seen a quarter as large": lambda blind: blind.theta == Fraction(1, 4)},
    instances=BLIND,
    solve=blind_choices,
    decisions=("outcome",),
    claim=Expectation(sample=ratios, at_most=bound, support=lambda blind: (0.0, 1.0)),
    saboteurs=(
        # the good items have the smaller numbers of their group, which nobody may use
        saboteur("ties by number, the good items first", solve=ties_by_number),
        saboteur("chosen by latent scores", solve=by_latent_scores),
        saboteur("no bias", breaks="the group is seen a quarter as large", instances=SIGHTED),
    ),
    notes="At most g/h + n p, a quarter for h = 4 g; Borda tells good from bad after a few rankings. Ties are random.",
)


def kinds(blind: Blind, items: np.ndarray) -> np.ndarray:
    """Map item numbers to 0 for an advantaged item, 1 for a good one of the group, 2 for a bad one."""
    return np.digitize(items, [blind.n_advantaged, blind.n_advantaged + blind.n_good])


def observed_tops(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw n observed rankings, and return the kinds of the items on top: 0 advantaged, 1 good, 2 bad."""
    seen = [float(a) for a in biased(blind.scales, blind.disadvantaged, blind.theta)]
    return kinds(blind, sample_rankings("uniform-utilities", n, len(seen), rng=rng, scale=seen).positions.argmin(1))


def draw_small(draws: Draws) -> Blind:
    """Draw two to four advantaged items, so that a good item is on top now and then."""
    h = draws.integers(2, 4)
    return Blind(h, draws.integers(1, h), 1, 1)


# one good item, and as many good ones as advantaged ones: the ends of the range of g
SMALL_BLIND = Family("small-blind", always=(Blind(2, 1, 1, 1), Blind(2, 2, 1, 1)), draw=draw_small)


def tops_without_bias(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw latent rankings in place of observed ones."""
    return observed_tops(replace(blind, theta=Fraction(1)), rng, n)


def half_as_good(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw rankings in which the group is seen an eighth as large."""
    return observed_tops(replace(blind, theta=Fraction(1, 8)), rng, n)


def top_law(blind: Blind) -> np.ndarray:
    """Return the claimed probabilities that an advantaged item, a good one of the group, a bad one is on top."""
    # the formula of the statement for good items; of bad ones, which it leaves out, the exact closed form
    good = top_good_probability(blind.n_advantaged, blind.n_good)
    bad = sum(blind.tops(blind.theta)[blind.n_advantaged + blind.n_good :])
    return np.array([float(1 - good - bad), float(good), float(bad)])


FSS_N1_TOP = Statement(
    id="fair_subset_selection/FSS-N1-top",
    title="How rarely a good item of the group is seen on top",
    says=(
        "With h advantaged items of utilities uniform on [0, 1] and g good disadvantaged ones, uniform on [0, 2] but "
        "seen at a quarter, a good one is on top of an observed ranking with probability 2^-h g/(g + h), up to the "
        "rare tops of bad items."
    ),
    source=Derived(top_good_probability),
    tex=r"P(\text{observed top is good}) = \tfrac{g}{g+h} 2^{-h}",
    hypotheses={"the group is seen a quarter as large": lambda blind: blind.theta == Fraction(1, 4)},
    instances=SMALL_BLIND,
    solve=observed_tops,
    decisions=("outcome",),
    claim=Law(category=lambda blind, found: found, probabilities=top_law, within=0.035),
    saboteurs=(
        saboteur("no bias", solve=tops_without_bias),
        # seen at an eighth in place of a quarter: a good item on top is rarer still
        saboteur("good items are half as good", solve=half_as_good),
    ),
    notes="The bad items are on top with a probability below 10^-2h, which the closed form counts.",
)


def rankings_until_seen(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw observed rankings by all their utilities until every good item has been on top; count them in n runs."""
    h, g = blind.n_advantaged, blind.n_good
    scale = np.array([float(a) for a in biased(blind.scales, blind.disadvantaged, blind.theta)])
    first, seen, waiting = np.zeros(n, dtype=np.int64), np.zeros((n, g), dtype=bool), np.arange(n)
    while len(waiting):
        first[waiting] += 1
        # all utilities are drawn, and not the waiting times that the formula is about
        tops = (scale * rng.random((len(waiting), 2 * h))).argmax(1)
        good = (tops >= h) & (tops < h + g)
        seen[waiting[good], tops[good] - h] = True
        waiting = waiting[~seen[waiting].all(1)]
    return first


# g = 2 throughout, and h small, since the number of rankings grows like 2^h
COUPONS = Family("coupons", always=tuple(Blind(h, 2, 1, 1) for h in (2, 3, 4, 5)))


def seen_without_bias(blind: Blind, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw rankings by latent utilities."""
    return rankings_until_seen(replace(blind, theta=Fraction(1)), rng, n)


@formula(h="[1, inf)", g="[1, h]")
def coupon_rankings(h: int, g: int) -> Fraction:
    """The mean number of observed rankings until every good item was on top.

    Proof
    -----
    Assumes: rankings are independent, theta = 1/4 (hypothesis of FSS-N1-coupons), and bad items are neglected as for
    `top_good_probability`.

    Proof: this is the problem of the coupon collector. When j good items have been on top, a ranking shows another one
    with probability p (g - j) / g, p that of `top_good_probability`, as all good items are alike. The waiting times are
    geometric, and their means g / (p (g - j)) add up to g H_g / p.
    """
    return g * sum(Fraction(1, j) for j in range(1, g + 1)) / top_good_probability(h, g)


FSS_N1_COUPONS = Statement(
    id="fair_subset_selection/FSS-N1-coupons",
    title="Rankings until SNTV has seen every good item grow like 2^h",
    says=(
        "The number n(h) of observed rankings until each of g good disadvantaged items has been on top, whose "
        "utilities are seen at a quarter beside h advantaged items, grows with h like (g + h) H_g 2^h, where H_g = 1 + "
        "1/2 + ... + 1/g."
    ),
    source=Derived(coupon_rankings),
    tex=r"n(h) = \Theta((g + h) H_g 2^h)",
    hypotheses={"the group is seen a quarter as large": lambda blind: blind.theta == Fraction(1, 4)},
    instances=COUPONS,
    solve=rankings_until_seen,
    closed="what is counted are the rankings of a simulation, and no algorithm decides anything in it",
    claim=Rate(
        cost=lambda blind, n: n,
        size=lambda blind: 2.0**blind.n_advantaged,
        over=lambda blind: float(coupon_rankings(blind.n_advantaged, blind.n_good)),
        exponent=(-0.25, 0.25),
    ),
    saboteurs=(
        saboteur("no bias", solve=seen_without_bias),
        saboteur(
            # relative to h the waiting times grow like 2^h, far outside of the window
            "polynomially many are claimed",
            claim=Rate(
                cost=lambda blind, n: n,
                size=lambda blind: 2.0**blind.n_advantaged,
                over=lambda blind: blind.n_advantaged,
                exponent=(-0.25, 0.25),
            ),
        ),
    ),
    notes="All utilities are drawn; nothing comes from the closed form but the rate.",
)
