"""The growth of the numbers of rankings that are needed."""

from __future__ import annotations

import numpy as np

from lrtheory.bounds import Family, Measured, Rate, Statement, saboteur
from lrtheory.fair_subset_selection import sample_rankings
from proofs_checks.fair_subset_selection.families.ladder import Rung

PANELS = 7  # the median of the largest of seven is the 0.906 quantile of one


def sntv_scores(rung: Rung, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw the SNTV scores of one ranking in each of n panels, (n, m)."""
    return rng.multinomial(1, rung.seen / rung.seen.sum(), size=n)


def borda_scores(rung: Rung, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw the Borda scores of one ranking in each of n panels, (n, m)."""
    ranking = sample_rankings("plackett-luce", n, rung.n_items, rng=rng, quality=rung.seen)
    return rung.n_items - 1 - ranking.positions


def until_apart(rung: Rung, rng: np.random.Generator, n: int, one_ranking) -> np.ndarray:
    """Count the rankings until the sums of scores are in order for the first time, in each of n panels."""
    # `waiting` has the numbers of the panels that are not in order yet, row by row those of `scores`
    scores, found, waiting, count = np.zeros((n, rung.n_items), np.int64), np.zeros(n, np.int64), np.arange(n), 0
    while len(waiting):
        count += 1
        scores += one_ranking(rung, rng, len(waiting))
        apart = np.ones(len(waiting), dtype=bool)
        for group in (rung.disadvantaged, ~rung.disadvantaged):
            apart &= scores[:, rung.good & group].min(1) > scores[:, ~rung.good & group].max(1)
        found[waiting[apart]] = count
        scores, waiting = scores[~apart], waiting[~apart]
    return found


def rankings_until_apart(rung: Rung, rng: np.random.Generator, n: int) -> np.ndarray:
    """Count the rankings until each of seven panels has all good items above all bad ones in both groups, (n, 2).

    Column 0 is SNTV, for which the tops alone are drawn, column 1 Borda. The median of the maximum over seven panels is
    near the number that is enough with probability 0.9, and takes no search over numbers of rankings.
    """
    return np.stack(
        [until_apart(rung, rng, n * PANELS, rule).reshape(n, PANELS).max(1) for rule in (sntv_scores, borda_scores)], 1
    )


LADDER = Family("ladder-of-panels", always=tuple(Rung(m) for m in (8, 16, 32, 64)))


def rules_exchanged(rung: Rung, rng: np.random.Generator, n: int) -> np.ndarray:
    """Exchange the numbers of SNTV and Borda."""
    # both columns hold plausible numbers, whose growth is that of the other rule
    return rankings_until_apart(rung, rng, n)[:, ::-1]


WHERE = "Plackett-Luce, qualities 4 and 1 in turn, half of the items seen at 0.3; m = 8, 16, 32, 64; quantile 0.9"
CLOSED = "what is counted are the rankings of a simulation, and no algorithm decides anything in it"


def items_with_logarithm(rung: Rung) -> float:
    """Return m log m."""
    return rung.n_items * float(np.log(rung.n_items))


def exponent(column: int, size, window: tuple[float, float]) -> Rate:
    """Claim that the number of rankings of a rule, column 0 SNTV and 1 Borda, is a power of the size in the window."""
    # over = 1: the size itself is the rate, and the exponent is that of its power
    return Rate(cost=lambda rung, found: found[:, column], size=size, over=lambda rung: 1.0, exponent=window)


FSS_T3_RATE = Statement(
    id="fair_subset_selection/FSS-T3-rate",
    title="With SNTV the rankings that are needed grow like m log m",
    says=(
        "In Plackett-Luce panels of m = 8 to 64 items, with qualities 4 and 1 in turn and half of the items seen at "
        "0.3 of theirs, n_SNTV rankings are needed until SNTV scores the good items of each half above its bad ones in "
        "nine of ten panels. It grows like (m log m)^c with a measured exponent c from 0.9 to 1.35."
    ),
    source=Measured(
        what="the exponent against m log m lies in [0.9, 1.35]",
        where=WHERE,
        command="lrtheory check fair_subset_selection/FSS-T3-rate",
    ),
    tex=r"n_{\mathrm{SNTV}} \sim (m \log m)^{c},\quad 0.9 \le c \le 1.35",
    hypotheses={"as many good as bad items in each group": lambda rung: rung.n_items % 4 == 0},
    instances=LADDER,
    solve=rankings_until_apart,
    closed=CLOSED,
    claim=exponent(0, items_with_logarithm, (0.9, 1.35)),
    saboteurs=(
        saboteur("whole rankings are read", solve=rules_exchanged),
        # the window of Borda, in which the growth of SNTV does not lie
        saboteur("log m is claimed", claim=exponent(0, lambda rung: rung.n_items, (-np.inf, 0.6))),
    ),
    notes="FSS-T1 and FSS-T3 bound it by O(m log m); at these sizes the exponent is near 1.18 and falls towards 1.",
)


FSS_T3_RATE_BORDA = Statement(
    id="fair_subset_selection/FSS-T3-rate-borda",
    title="With Borda the rankings that are needed hardly grow with m",
    says=(
        "In Plackett-Luce panels of m = 8 to 64 items, with qualities 4 and 1 in turn and half of the items seen at "
        "0.3 of theirs, n_Borda rankings are needed until Borda scores the good items of each half above its bad ones "
        "in nine of ten panels. It grows like m^c with a measured exponent c of at most 0.6."
    ),
    source=Measured(
        what="the exponent against m is below 0.6",
        where=WHERE,
        command="lrtheory check fair_subset_selection/FSS-T3-rate-borda",
    ),
    tex=r"n_{\mathrm{Borda}} \sim m^{c},\quad c \le 0.6",
    hypotheses={"as many good as bad items in each group": lambda rung: rung.n_items % 4 == 0},
    instances=LADDER,
    solve=rankings_until_apart,
    closed=CLOSED,
    claim=exponent(1, lambda rung: rung.n_items, (-np.inf, 0.6)),
    saboteurs=(
        saboteur("tops alone are read", solve=rules_exchanged),
        # the window of SNTV, in which the growth of Borda does not lie
        saboteur("m log m is claimed", claim=exponent(1, items_with_logarithm, (0.9, 1.35))),
    ),
    notes="FSS-T1 and FSS-T3 bound it by O(log m), which a power of m near 0.36 looks like at these sizes.",
)


FSS_T3_RATE_GAP = Statement(
    id="fair_subset_selection/FSS-T3-rate-gap",
    title="SNTV falls behind Borda by more than the square root of m",
    says=(
        "In Plackett-Luce panels of m = 8 to 64 items, with qualities 4 and 1 in turn and half of the items seen at "
        "0.3 of theirs, the quotient of the numbers of rankings after which SNTV and Borda score the good items of "
        "each half above its bad ones grows like m^c with a measured exponent c of at least 1/2."
    ),
    source=Measured(
        what="the exponent of the quotient against m is above 0.5",
        where=WHERE,
        command="lrtheory check fair_subset_selection/FSS-T3-rate-gap",
    ),
    tex=r"n_{\mathrm{SNTV}}/n_{\mathrm{Borda}} \sim m^{c},\quad c \ge \tfrac12",
    hypotheses={"as many good as bad items in each group": lambda rung: rung.n_items % 4 == 0},
    instances=LADDER,
    solve=rankings_until_apart,
    closed=CLOSED,
    claim=Rate(
        cost=lambda rung, found: found[:, 0] / found[:, 1],
        size=lambda rung: rung.n_items,
        over=lambda rung: 1.0,
        exponent=(0.5, np.inf),
    ),
    saboteurs=(saboteur("the rules are taken for each other", solve=rules_exchanged),),
)
