"""Matched results as coins: their odds, Elo differences under Bradley-Terry, and how much of the information they hold.

In a stratum i and j meet the same opponent k. A result x of i is matched with a result y of j; the pair is decided
where x != y, and shows heads where i won. Under Bradley-Terry the chance that i beats k is sigma(theta_i - theta_k).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np
from scipy import stats

from lrtheory.alpha_rank.boards import differences
from lrtheory.alpha_rank.boards.battles import Battles, results_of
from lrtheory.bounds import Classical, Derived, Draws, Family, Inequality, Sides, Statement, rounding, saboteur

# --- coins under Bradley-Terry ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Match:
    """Results of i and j against one opponent and direct battles, under Bradley-Terry."""

    strengths: np.ndarray  # float64 (3,): exp(theta) of i, j and the opponent
    games: np.ndarray  # int64 (2,): of i and of j against the opponent
    direct: int
    level: float  # probability that the interval misses


def chance(match: Match, a: int, b: int) -> Fraction:
    """The chance that a beats b."""
    first, second = Fraction(float(match.strengths[a])), Fraction(float(match.strengths[b]))
    return first / (first + second)


def outcomes(match: Match) -> list[tuple[tuple[int, ...], Fraction]]:
    """All sequences of results, those of i against k, of j against k and of i against j, and their chances."""
    sides = [(0, 2)] * int(match.games[0]) + [(1, 2)] * int(match.games[1]) + [(0, 1)] * match.direct
    chances = [chance(match, a, b) for a, b in sides]
    found = []
    for won in itertools.product((0, 1), repeat=len(sides)):
        weight = math.prod((p if x else 1 - p for p, x in zip(chances, won, strict=True)), start=Fraction(1))
        found.append((won, weight))
    return found


def log_of(match: Match, won: tuple[int, ...]) -> Battles:
    """The battles of a sequence of results."""
    sides = [(0, 2)] * int(match.games[0]) + [(1, 2)] * int(match.games[1]) + [(0, 1)] * match.direct
    first, second = (np.array(column, np.int64) for column in zip(*sides, strict=True))
    return Battles(first, second, 2 * np.array(won, np.int64), np.zeros(len(won), np.int64), 3, {})


def coins_of(match: Match, won: tuple[int, ...]) -> tuple[int, int]:
    """Heads and tails of the coins of i against j."""
    mine, others, direct = np.split(np.array(won), np.cumsum(match.games))
    pairs = list(zip(mine.tolist(), others.tolist(), strict=False)) + [(x, 1 - x) for x in direct.tolist()]
    return sum(x > y for x, y in pairs), sum(x < y for x, y in pairs)


def elo_ends(match: Match, rng: np.random.Generator, share: float = 1.0, schedule: str = "fixed") -> np.ndarray:
    """Compute the interval of i against j for every sequence of results, (2^T, 2)."""
    found = []
    for won, _ in outcomes(match):
        log = log_of(match, won)
        wins = differences.decided_wins(log)
        ends = differences.elo_intervals(results_of(log), wins, 1, delta=share * match.level, schedule=schedule)
        found.append([ends[0][0], ends[1][0]])
    return np.clip(np.array(found), -1e6, 1e6)


def coin_odds(p_i: Fraction, p_j: Fraction) -> Fraction:
    r"""Return the chance of heads of a decided pair, o_i / (o_i + o_j) with the odds o = p / (1 - p).

    Proof
    -----
    Assumes: results are independent; 0 < p_i, p_j < 1 are the chances that i and j beat the opponent (the families).

    Proof: P(x > y) : P(x < y) = p_i (1 - p_j) : p_j (1 - p_i). Under Bradley-Terry o_i / o_j = exp(theta_i - theta_j)
    whatever the opponent, so all coins of a pair, and its direct battles, have one chance of heads.

    Checked by: SST-2, SST-9.
    """
    return p_i * (1 - p_j) / (p_i * (1 - p_j) + p_j * (1 - p_i))


def heads_of(match: Match, rng: np.random.Generator) -> np.ndarray:
    """Count heads and tails of the library for every sequence of results, (2^T, 2)."""
    strata = np.zeros((4, 8), np.int64)
    return np.array([differences._coins(results_of(log_of(match, won)), 3, 1, strata)[0] for won, _ in outcomes(match)])


def unmatched(match: Match, rng: np.random.Generator) -> np.ndarray:
    """Count wins of i and of j in place of decided pairs."""
    found = []
    for won, _ in outcomes(match):
        mine, others, direct = np.split(np.array(won), np.cumsum(match.games))
        found.append([mine.sum() + direct.sum(), others.sum() + len(direct) - direct.sum()])
    return np.array(found)


def one_chance(match: Match, found: np.ndarray) -> Sides:
    """Compare the chances of all numbers of heads given the number of coins with those of a binomial law, both ways."""
    q = coin_odds(chance(match, 0, 2), chance(match, 1, 2))
    joint: dict[tuple[int, int], Fraction] = {}
    for (_, weight), (heads, tails) in zip(outcomes(match), np.asarray(found).tolist(), strict=True):
        joint[int(heads), int(tails)] = joint.get((int(heads), int(tails)), Fraction(0)) + weight
    n_most = int(match.games.min()) + match.direct
    lhs, rhs = [], []
    for n in range(n_most + 1):
        total = sum((weight for (h, t), weight in joint.items() if h + t == n), Fraction(0))
        for h in range(n + 1):
            lhs.append(float(joint.get((h, n - h), Fraction(0))))
            rhs.append(float(total * math.comb(n, h) * q**h * (1 - q) ** (n - h)))
    seen = float(sum(joint.values()))
    due = np.array([coins_of(match, won) for won, _ in outcomes(match)], float).ravel()
    given = np.asarray(found, float).ravel()
    lhs, rhs = np.r_[lhs, rhs, seen, given, due], np.r_[rhs, lhs, 1.0, due, given]
    return Sides(lhs, rhs, trivial=np.full(len(lhs), np.inf), rounding=rounding(10**4, np.ones(len(lhs))))


def match(strengths: list[float], games: list[int], direct: int, level: float) -> Match:
    """Build a match."""
    return Match(np.array(strengths, float), np.array(games, np.int64), direct, level)


MATCHES = Family(
    name="bradley-terry-pairs",
    always=(
        match([1.0, 1.0, 1.0], [3, 3], 0, 0.3),
        match([2.0, 1.0, 0.5], [3, 3], 2, 0.2),
        match([1.0, 3.0, 4.0], [2, 4], 1, 0.1),
        match([4.0, 1.0, 1.0], [1, 1], 5, 0.4),
    ),
    draw=lambda draws: drawn(draws),
)


def drawn(draws: Draws) -> Match:
    """Draw strengths, and few battles."""
    return Match(draws.floats(0.25, 4.0, 3), draws.integers(1, 3, (2,)), draws.integers(0, 2), draws.floats(0.05, 0.5))


POSITIVE = {"strengths are positive": lambda one: bool((one.strengths > 0).all())}

SST_2 = Statement(
    id="alpha_rank/SST-2",
    title="Under Bradley-Terry all coins of a pair have one chance of heads",
    says=(
        "If the m-th result of i against an opponent is matched with the m-th one of j, and i won and j lost or the "
        "reverse, then i won with probability o_i / (o_i + o_j), o being the odds of either against this opponent; "
        "under Bradley-Terry this is sigma(theta_i - theta_j) whatever the opponent, so given their number N the heads "
        "of a pair have a binomial law."
    ),
    source=Derived(coin_odds),
    tex=r"P(x > y \mid x \ne y) = o_i/(o_i + o_j) = \sigma(\theta_i - \theta_j)",
    hypotheses=POSITIVE,
    instances=MATCHES,
    solve=heads_of,
    claim=Inequality(one_chance, unbounded="a solver may count any number of coins"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("wins of either, unmatched", solve=unmatched),
        saboteur("heads and tails exchanged", solve=lambda one, rng: heads_of(one, rng)[:, ::-1]),
    ),
    notes="All sequences of results of few battles, with rational chances.",
)


def covered(match: Match, ends: np.ndarray) -> Sides:
    """Compare P(the interval misses the difference) with the level, and the ends with those of SciPy's, both ways."""
    truth = 400 * math.log10(float(match.strengths[0] / match.strengths[1]))
    missed, due = Fraction(0), []
    intervals: dict[tuple[int, int], tuple[float, float]] = {(0, 0): (0.0, 1.0)}  # many sequences have equal counts
    for (won, weight), (low, high) in zip(outcomes(match), np.asarray(ends, float), strict=True):
        missed += weight * (not low - 1e-9 <= truth <= high + 1e-9)
        heads, tails = coins = coins_of(match, won)
        if coins not in intervals:
            intervals[coins] = stats.binomtest(heads, heads + tails).proportion_ci(1 - match.level, "exact")
        for q in intervals[coins]:
            due.append(400 * math.log10(q / (1 - q)) if 0 < q < 1 else math.copysign(1e6, q - 0.5))
    given = np.ravel(ends)
    lhs, rhs = np.r_[float(missed), given, due], np.r_[match.level, due, given]
    limit = np.r_[1.0, np.full(2 * len(due), np.inf)]
    # quantiles of SciPy and of the library are accurate to some thousand roundings
    return Sides(lhs, rhs, trivial=limit, rounding=rounding(10**7, np.maximum(np.abs(rhs), 1.0)))


SST_9 = Statement(
    id="alpha_rank/SST-9",
    title="Elo differences under Bradley-Terry have exact intervals",
    says=(
        "Under Bradley-Terry, if no outcome has chosen the battles, the Clopper-Pearson interval at level delta of the "
        "heads among the N coins of a pair, mapped by 400 log10(q / (1 - q)), contains the Elo difference of i and j "
        "with probability 1 - delta."
    ),
    source=Classical("Clopper-Pearson", "C. Clopper, E. Pearson, Biometrika 26, 1934, on the coins of SST-2"),
    tex=r"P(400 \log_{10} \tfrac{q}{1 - q} \ni r_i - r_j) \ge 1 - \delta",
    hypotheses={**POSITIVE, "level in (0, 1)": lambda one: 0 < one.level < 1},
    instances=MATCHES,
    solve=elo_ends,
    claim=Inequality(covered, unbounded="an interval may have any ends"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("twice the level", solve=partial(elo_ends, share=2.0)),
        saboteur("direct battles alone", solve=partial(elo_ends, schedule="any")),
    ),
)

# --- information -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Network:
    """Battles between models of equal strength, of which the first is the leader."""

    games: np.ndarray  # int64 (n, n), symmetric, without diagonal, connected


def shares_of(network: Network, rng: np.random.Generator) -> np.ndarray:
    """Compute the library's shares of the information on differences to the leader, without that of the leader."""
    half = np.full(network.games.shape, 0.5)
    wins = network.games - np.tril(network.games)  # whoever won, their number decides
    return differences.information_shares(wins, half, 0)[1:]


def effective_conductance(conductance: list[list[Fraction]], i: int) -> Fraction:
    r"""Return the effective conductance between 0 and i: the Fisher information on theta_0 - theta_i, others unknown.

    Proof
    -----
    Assumes: the network is connected (a hypothesis).

    Proof: The information matrix of Bradley-Terry is the Laplacian of the conductances N p (1 - p). Elimination of the
    other strengths leaves one number, the current from 0 to i at a difference of 1. The exact test of two equal models
    has mean conditional information c_0i + sum_k c_0k c_ik / (c_0k + c_ik): the mean of N_0 N_i m (M - m) / (M^2 (M -
    1)) over the wins m of M = N_0 + N_i results is N_0 N_i p (1 - p) / M. This is the conductance of direct battles and
    of paths over one model, and a network conducts no less than a part of it (Rayleigh).

    Checked by: SST-8.
    """
    n = len(conductance)
    free = [k for k in range(n) if k not in (0, i)]
    # potentials: 1 at 0, 0 at i, and harmonic elsewhere
    rows = [
        [sum(conductance[k], Fraction(0)) if k == m else -conductance[k][m] for m in free] + [conductance[k][0]]
        for k in free
    ]
    for a in range(len(free)):
        pivot = next(b for b in range(a, len(free)) if rows[b][a] != 0)
        rows[a], rows[pivot] = rows[pivot], rows[a]
        rows[a] = [x / rows[a][a] for x in rows[a]]
        for b in range(len(free)):
            if b != a:
                rows[b] = [x - rows[b][a] * y for x, y in zip(rows[b], rows[a], strict=True)]
    potential = {k: rows[a][-1] for a, k in enumerate(free)}
    return conductance[0][i] + sum((potential[k] * conductance[k][i] for k in free), Fraction(0))


def at_most_all(network: Network, shares: np.ndarray) -> Sides:
    """Compare shares with 1, and with the quotient of both conductances in Fractions, both ways."""
    c = [[Fraction(int(x), 4) for x in row] for row in network.games]
    due = []
    for i in range(1, len(c)):
        paths = sum((c[0][k] * c[i][k] / (c[0][k] + c[i][k]) for k in range(len(c)) if c[0][k] + c[i][k]), Fraction(0))
        due.append(float((c[0][i] + paths) / effective_conductance(c, i)))
    given, ones = np.ravel(shares), np.ones(len(due))
    lhs, rhs = np.r_[given, given, due], np.r_[ones, due, given]
    return Sides(lhs, rhs, trivial=np.full(len(lhs), np.inf), rounding=rounding(10**5, np.ones(len(lhs))))


def is_connected(network: Network) -> bool:
    """Whether every model can be reached from the leader."""
    reach = np.linalg.matrix_power((network.games > 0).astype(float) + np.eye(len(network.games)), len(network.games))
    return bool((reach[0] > 0).all())


def network(rows: list[tuple[int, int, int]], n: int) -> Network:
    """Build a network from triples of two models and a number of battles."""
    games = np.zeros((n, n), np.int64)
    for a, b, many in rows:
        games[a, b] = games[b, a] = many
    return Network(games)


def drawn_network(draws: Draws) -> Network:
    """Draw battles of four or five models, all of which met the next one."""
    n = draws.integers(4, 5)
    games = np.triu(draws.integers(0, 9, (n, n)), 1)
    games[np.arange(n - 1), np.arange(1, n)] += 1
    return Network(games + games.T)


def paths_twice(network: Network, rng: np.random.Generator) -> np.ndarray:
    """Compute shares where both edges of a path conduct as if they stood alone."""
    c = network.games / 4
    shares = shares_of(network, rng)
    both = c[0] + c
    with np.errstate(invalid="ignore", divide="ignore"):
        paths = np.where(both > 0, c[0] * c / both, 0.0).sum(axis=1)[1:]
        return shares * (c[0, 1:] + 2 * paths) / (c[0, 1:] + paths)


SST_8 = Statement(
    id="alpha_rank/SST-8",
    title="The exact test has the information of direct battles and of paths over one opponent",
    says=(
        "Between equal models the mean conditional information of the exact test is c_ij + sum_k c_ik c_jk / (c_ik + "
        "c_jk), with c = N p (1 - p) for N battles; it is at most the Fisher information of Bradley-Terry, which is "
        "the effective conductance between i and j, and equal to it in a round robin of equals."
    ),
    source=Derived(effective_conductance),
    tex=r"c_{ij} + \sum_k \frac{c_{ik} c_{jk}}{c_{ik} + c_{jk}} \le C_{\text{eff}}(i, j)",
    hypotheses={"connected": is_connected},
    instances=Family(
        name="networks-of-battles",
        always=(
            network([(a, b, 10) for a, b in itertools.combinations(range(5), 2)], 5),
            network([(0, 1, 4), (1, 2, 4), (2, 3, 4)], 4),
            network([(0, 1, 8), (0, 2, 2), (1, 3, 2), (2, 3, 8), (0, 3, 1)], 4),
        ),
        draw=drawn_network,
    ),
    solve=shares_of,
    claim=Inequality(at_most_all, unbounded="a share may be any number"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("paths count twice", solve=paths_twice),
        saboteur("all of it", solve=lambda one, rng: np.ones(len(one.games) - 1)),
    ),
    notes="That the exact test has this information is proved; what is measured is the share that a board tells of it.",
)
