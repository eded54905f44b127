"""A few models and all results of their battles: who can be first, who is above whom, and what a better result does.

The models are ordered by skill: p_ik is the chance that i beats k, and under SST a better model has the larger one
against everybody. delta is the probability that an answer may be wrong, n the number of models.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.alpha_rank import MatchLog, rank_models
from lrtheory.alpha_rank.boards.battles import battles_of, results_of
from lrtheory.alpha_rank.boards.comparing import compare_pairs
from lrtheory.alpha_rank.boards.exact import exact_p_values
from lrtheory.bounds import All, Derived, Draws, Family, Inequality, Sides, Statement, rounding, saboteur
from proofs_checks.alpha_rank.boards.comparisons import Table, permutation_p

PAIRS = ((0, 1), (0, 2), (1, 2))
Wins = tuple[int, ...]  # of the first of each pair


@dataclass(frozen=True)
class Standing:
    """Battles of each pair of models, and the chances that the first of the pair wins; models may be equal."""

    games: np.ndarray  # int64 (n (n - 1) / 2,), in the order of `pairs_of`
    chances: np.ndarray  # float64 (n (n - 1) / 2,)
    delta: float


def pairs_of(games: np.ndarray) -> list[tuple[int, int]]:
    """The pairs of models, those of the first model first."""
    n_models = (1 + math.isqrt(1 + 8 * len(games))) // 2
    return list(itertools.combinations(range(n_models), 2))


def is_ordered(one: Standing) -> bool:
    """Whether SST holds with each model as good as the next one."""
    chance = dict(zip(pairs_of(one.games), one.chances.tolist(), strict=True))
    triples = [(i, j, k) for i, j in chance for _, k in chance if j < k]
    steps = all(chance[i, k] >= max(chance[i, j], chance[j, k]) for i, j, k in triples)
    return steps and min(chance.values()) >= 0.5


def all_wins(one: Standing) -> list[tuple[Wins, Fraction]]:
    """List the results that can happen, and how likely they are."""
    games, chances = one.games.tolist(), [Fraction(p) for p in one.chances.tolist()]
    of_pair = [
        [(w, math.comb(n, w) * p**w * (1 - p) ** (n - w)) for w in range(n + 1)]
        for n, p in zip(games, chances, strict=True)
    ]
    return [
        (tuple(w for w, _ in chosen), math.prod((chance for _, chance in chosen), start=Fraction(1)))
        for chosen in itertools.product(*of_pair)
    ]


def won_by(wins: Wins, games: np.ndarray, i: int, j: int) -> tuple[int, int, int]:
    """Wins, ties and losses of i against j."""
    pair = pairs_of(games).index((min(i, j), max(i, j)))
    w, n = wins[pair], int(games[pair])
    return (w, 0, n - w) if i < j else (n - w, 0, w)


def log_of(wins: Wins, games: np.ndarray) -> MatchLog:
    """The log of some results, in which every model has a battle."""
    pairs = [(i, j) for (i, j), n in zip(pairs_of(games), games.tolist(), strict=True) for _ in range(n)]
    won = [x < w for w, n in zip(wins, games.tolist(), strict=True) for x in range(n)]
    words = ["model_a" if first else "model_b" for first in won]
    return MatchLog.from_frame({"model_a": [i for i, _ in pairs], "model_b": [j for _, j in pairs], "winner": words})


def p_of(wins: Wins, games: np.ndarray) -> np.ndarray:
    """Compute the library's p values."""
    return exact_p_values(results_of(battles_of(log_of(wins, games))), 3)


def exact_p(wins: Wins, games: np.ndarray) -> list[list[Fraction]]:
    """Compute p values by enumeration, 1 on the diagonal."""
    found = [[Fraction(1)] * 3 for _ in range(3)]
    for i, j in itertools.permutations(range(3), 2):
        k = 3 - i - j
        sides = won_by(wins, games, i, k), won_by(wins, games, j, k)
        # an opponent whom one of the two never met compares nothing
        shared = (sides,) if min(map(sum, sides)) else ()
        table: Table = (*shared, (won_by(wins, games, i, j), (0, 0, 0)))
        found[i][j] = permutation_p(table)
    return found


# --- who can be first ------------------------------------------------------------------------------------------------


def first_sets(one: Standing, rng: np.random.Generator, level: float = 1.0) -> np.ndarray:
    """Tell for all results who can be first, at `level` times the probability to be wrong."""
    delta = min(level * one.delta, 0.999)
    return np.array([compare_pairs(log_of(wins, one.games), delta).can_be_first for wins, _ in all_wins(one)])


def two_sided(one: Standing, rng: np.random.Generator) -> np.ndarray:
    """Tell who can be first, with the smaller tail doubled, so that a bad model does not leave as it should."""
    found = []
    for wins, _ in all_wins(one):
        p = p_of(wins, one.games)
        found.append((2 * np.minimum(p, p.T) > one.delta / 2).all(axis=0))
    return np.array(found)


def first_level(delta: Fraction, n_models: int) -> Fraction:
    r"""Return the level delta / (n - 1) at which a model is held against each other one.

    Proof
    -----
    Assumes: no outcome has chosen the battles; SST (a hypothesis).

    Proof: A first model leaves the set only if one of the n - 1 tests "i is above it" rejects, each of which does so
    wrongly with probability delta / (n - 1) at most (SST-1); the union bound ends the proof. Tests of other models do
    not matter, so nothing is paid for their number.

    Checked by: SST-6.
    """
    return delta / (n_models - 1)


def kept(one: Standing, found: np.ndarray) -> Sides:
    """Compare P(a first model leaves) with delta, and the sets with those of enumerated p values, both ways."""
    results, delta = all_wins(one), Fraction(one.delta)
    # all who are as good as the first
    firsts = [0, *([1] if one.chances[0] == 0.5 else []), *([2] if one.chances[1] == 0.5 else [])]
    left = [
        sum((chance for (_, chance), row in zip(results, found, strict=True) if not row[j]), Fraction(0))
        for j in firsts
    ]
    enumerated = [exact_p(wins, one.games) for wins, _ in results]
    due = [float(all(p[i][j] > first_level(delta, 3) for i in range(3))) for p in enumerated for j in range(3)]
    given = np.asarray(found, float).ravel()
    lhs, rhs = np.r_[list(map(float, left)), given, due], np.r_[[one.delta] * len(left), due, given]
    limit = np.r_[np.ones(len(left)), np.full(2 * len(due), np.inf)]
    return Sides(lhs, rhs, trivial=limit, rounding=rounding(10**3, np.ones(len(lhs))))


def standing(games: list[int], chances: list[float], delta: float) -> Standing:
    """Build a standing."""
    return Standing(np.array(games, np.int64), np.array(chances, float), delta)


def drawn(draws: Draws) -> Standing:
    """Draw a standing whose delta is no p value of small tables."""
    a, c = draws.floats(0.5, 0.9), draws.floats(0.5, 0.9)
    top = draws.floats(max(a, c), 0.95)
    # a half or a third of an odd number of 1/1024 is no quotient of whole numbers as small as those of three battles
    return Standing(draws.integers(1, 3, (3,)), np.array([a, top, c]), (2 * draws.integers(77, 306) + 1) / 1024)


STANDINGS = Family(
    name="standings-of-three",
    always=(
        standing([4, 4, 4], [0.5, 0.5, 0.5], 0.31),
        standing([5, 1, 1], [0.5, 0.5, 0.5], 0.21),
        standing([3, 3, 3], [0.5, 0.75, 0.75], 0.4),
        standing([2, 4, 3], [0.625, 0.75, 0.5], 0.47),
    ),
    draw=drawn,
)


#: so large that few battles reject at delta / 2 and two of each pair at delta / 3, which are no p values of theirs
LARGE_DELTA = 0.53


def small_standings() -> Iterator[Standing]:
    """Yield all standings of one battle of every pair, or of two of every pair, with chances of 1/2 or 3/4."""
    for n in (1, 2):
        whole = (standing([n] * 3, [*chances], LARGE_DELTA) for chances in itertools.product((0.5, 0.75), repeat=3))
        yield from filter(is_ordered, whole)


SMALL_STANDINGS = All(
    "orders of three models, each of which beats those below with chance 1/2 or 3/4, with one battle of every pair or "
    f"two of every pair, at delta {LARGE_DELTA}",
    small_standings,
    members=10,
)

SST_6 = Statement(
    id="alpha_rank/SST-6",
    title="The first is among those who can be first",
    says=(
        "Every first model, one as good as all n - 1 others, stays among those who can be first with probability 1 - "
        'delta; a model leaves if the test "i is above it" rejects at level delta / (n - 1) for some i. Nothing is '
        "paid for the number of models that are tested."
    ),
    source=Derived(first_level),
    tex=r"P(\min_i p_{ij^*} > \delta/(n-1)) \ge 1 - \delta",
    hypotheses={"SST": is_ordered, "delta in (0, 1)": lambda one: 0 < one.delta < 1},
    instances=STANDINGS,
    for_all=(SMALL_STANDINGS,),
    solve=first_sets,
    claim=Inequality(kept, unbounded="a solver may answer with any numbers in place of sets"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("delta for each challenger", solve=partial(first_sets, level=2.0)),
        saboteur("two-sided tails", solve=two_sided),
    ),
    notes="All results of three models, with their probabilities as rational numbers.",
)

# --- who is above whom -----------------------------------------------------------------------------------------------


def above_all(one: Standing, rng: np.random.Generator, level: float = 1.0) -> np.ndarray:
    """Tell for all results who is above whom, (tables, 3, 3)."""
    delta = min(level * one.delta, 0.999)
    return np.array([rank_models(log_of(wins, one.games), delta=delta).above for wins, _ in all_wins(one)])


def sorted_by_wins(one: Standing, rng: np.random.Generator) -> np.ndarray:
    """Tell who is above whom, with whoever won more above each one that a claim names."""
    found = []
    for wins, _ in all_wins(one):
        claims = p_of(wins, one.games) <= one.delta / 3
        won = [sum(won_by(wins, one.games, i, j)[0] for j in range(3) if j != i) for i in range(3)]
        named = claims.any(axis=0) | claims.any(axis=1)
        found.append(claims | (np.greater.outer(won, won) & named[:, None]))
    return np.array(found)


def pair_level(delta: Fraction, n_models: int) -> Fraction:
    r"""Return the level delta / (n (n - 1) / 2) at which every direction of every pair is tested.

    Proof
    -----
    Assumes: no outcome has chosen the battles; SST (a hypothesis).

    Proof: A claim "i is above j" is wrong only if j is better, and then "j is as good as i" is true and "i is as good
    as j" is not. So each pair has one true hypothesis whose rejection is wrong, n (n - 1) / 2 in all, each of which is
    rejected with probability at most this level (SST-1). Where none is, all claims are true, and so is what follows
    from them by transitivity, and all rank intervals.

    Checked by: SST-7.
    """
    return 2 * delta / (n_models * (n_models - 1))


def reversed_claims(one: Standing, found: np.ndarray) -> Sides:
    """Compare P(some claim is the reverse of the truth) with delta, and claims with enumerated ones, both ways."""
    results, delta = all_wins(one), Fraction(one.delta)
    worse = [(j, i) for (i, j), p in zip(PAIRS, one.chances.tolist(), strict=True) if p > 0.5]
    wrong = Fraction(0)
    for (_, chance), row in zip(results, found, strict=True):
        wrong += chance * any(row[a, b] for a, b in worse)
    due = []
    for wins, _ in results:
        claims = np.array([[x <= pair_level(delta, 3) for x in row] for row in exact_p(wins, one.games)])
        due.append(claims | (claims.astype(int) @ claims.astype(int) > 0))
    due, given = np.array(due, float).ravel(), np.asarray(found, float).ravel()
    lhs, rhs = np.r_[float(wrong), given, due], np.r_[one.delta, due, given]
    limit = np.r_[1.0, np.full(2 * len(due), np.inf)]
    return Sides(lhs, rhs, trivial=limit, rounding=rounding(10**3, np.ones(len(lhs))))


SST_7 = Statement(
    id="alpha_rank/SST-7",
    title="All claims of an order, and all ranks, hold at once",
    says=(
        'With probability 1 - delta no claim "i is above j" is the reverse of the truth, if each is made at level '
        "delta / (n (n - 1) / 2) for n models; so what follows from them by transitivity is right, and all rank "
        "intervals hold at once."
    ),
    source=Derived(pair_level),
    tex=r"P(\exists i, j: p_{ij} \le 2\delta/n(n-1),\ j \text{ better than } i) \le \delta",
    hypotheses={"SST": is_ordered, "delta in (0, 1)": lambda one: 0 < one.delta < 1},
    instances=Family(
        name="standings-with-a-worse-one",
        always=(
            standing([4, 4, 4], [0.515625, 0.53125, 0.515625], 0.31),
            standing([5, 1, 1], [0.50390625, 0.50390625, 0.5], 0.35),
            standing([3, 3, 3], [0.5, 0.75, 0.75], 0.4),
        ),
        draw=drawn,
    ),
    for_all=(SMALL_STANDINGS,),
    solve=above_all,
    claim=Inequality(reversed_claims, unbounded="a solver may answer with any numbers in place of claims"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("delta for each pair", solve=partial(above_all, level=3.0)),
        saboteur("whoever won more is above", solve=sorted_by_wins),
    ),
)

# --- a better result -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Raised:
    """Results of three models, and a pair whose first model wins once more."""

    games: np.ndarray  # int64 (3,)
    wins: np.ndarray  # int64 (3,): of the first of each pair
    pair: int


def before_and_after(one: Raised, rng: np.random.Generator) -> np.ndarray:
    """Compute the library's p values before and after, (2, 3, 3)."""
    wins = one.wins.copy()
    wins[one.pair] += 1
    return np.stack([p_of(tuple(one.wins.tolist()), one.games), p_of(tuple(wins.tolist()), one.games)])


def against_all_alike(one: Raised, rng: np.random.Generator) -> np.ndarray:
    """Compute p values of the win rates, in which a win against j helps those who beat j."""
    found = []
    for extra in (0, 1):
        wins = one.wins.copy()
        wins[one.pair] += extra
        rates = np.zeros(3)
        for i in range(3):
            counts = [won_by(tuple(wins.tolist()), one.games, i, j) for j in range(3) if j != i]
            rates[i] = sum(w for w, _, _ in counts) / max(1, sum(map(sum, counts)))
        found.append(np.where(np.eye(3, dtype=bool), 1.0, 0.5 + (rates - rates[:, None]) / 2))
    return np.array(found)


def better_result(smaller: Fraction, larger: Fraction) -> bool:
    r"""Tell whether the p value of "a is above j" after a better result of a is at most the one before.

    Proof
    -----
    Assumes: nothing.

    Proof: The first step of the proof of SST-1: when a result of a rises, the event {T* >= T} of "a is above j"
    shrinks, and that of "j is above a" grows. So a model never leaves those who can be first by a better result.

    Checked by: SST-13.
    """
    return smaller <= larger


def no_harm(one: Raised, p: np.ndarray) -> Sides:
    """Compare p values of the model with the better result after and before, and all of them with enumeration.

    The enumerated ones are compared by the formula, and none of its answers may be no.
    """
    better = PAIRS[one.pair][0]
    after = one.wins.copy()
    after[one.pair] += 1
    exact = [np.array(exact_p(tuple(w.tolist()), one.games), object) for w in (one.wins, after)]
    pairs = [*zip(exact[1][better], exact[0][better], strict=True)]
    pairs += zip(exact[0][:, better], exact[1][:, better], strict=True)
    harmed = [float(not better_result(smaller, larger)) for smaller, larger in pairs]
    due, given = np.array(exact, float).ravel(), np.asarray(p, float)
    lhs = np.r_[given[1, better], given[0, :, better], given.ravel(), due, harmed]
    rhs = np.r_[given[0, better], given[1, :, better], due, given.ravel(), np.zeros(len(harmed))]
    return Sides(lhs, rhs, trivial=np.ones(len(lhs)), rounding=rounding(10**4, np.ones(len(lhs))))


def drawn_raise(draws: Draws) -> Raised:
    """Draw results of which one can be better."""
    games, pair = draws.integers(1, 6, (3,)), draws.integers(0, 2)
    wins = np.array([draws.integers(0, int(n) - (k == pair)) for k, n in enumerate(games)], np.int64)
    return Raised(games, wins, pair)


def results_to_raise(most: int) -> Iterator[Raised]:
    """Yield all results of one to `most` battles of each pair, and each pair whose first model can win once more."""
    for games in itertools.product(range(1, most + 1), repeat=3):
        for wins in itertools.product(*(range(n + 1) for n in games)):
            yield from (Raised(np.array(games), np.array(wins), k) for k in range(3) if wins[k] < games[k])


SST_13 = Statement(
    id="alpha_rank/SST-13",
    title="A better result never hurts",
    says=(
        'If a result of model a becomes better, no p value of "a is above j" rises and none of "j is above a" falls; '
        "so a model never leaves those who can be first by a better result."
    ),
    source=Derived(better_result),
    tex=r"X_a \uparrow\ \Rightarrow\ p_{aj} \downarrow,\ p_{ja} \uparrow",
    hypotheses={"a result can be better": lambda one: one.wins[one.pair] < one.games[one.pair]},
    instances=Family(
        name="one-better-result",
        always=(
            Raised(np.array([1, 1, 1]), np.array([0, 0, 0]), 0),
            Raised(np.array([3, 4, 2]), np.array([1, 2, 1]), 1),
            Raised(np.array([6, 2, 5]), np.array([5, 1, 0]), 2),
        ),
        draw=drawn_raise,
    ),
    for_all=(
        All(
            "results of three models, with one or two battles of each pair and no ties, of which a loss of the first "
            "of a pair becomes a win",
            partial(results_to_raise, 2),
            members=225,
        ),
        All(
            "results of three models, with one to three battles of each pair and no ties, of which a loss of the first "
            "of a pair becomes a win",
            partial(results_to_raise, 3),
            members=1458,
            budget="thorough",
        ),
    ),
    solve=before_and_after,
    claim=Inequality(no_harm),
    decisions=("outcome",),
    saboteurs=(
        saboteur("differences of win rates", solve=against_all_alike),
        saboteur("before and after exchanged", solve=lambda one, rng: before_and_after(one, rng)[::-1]),
    ),
)
