"""Changes of a game that leave its law as it is.

M are the payoffs of K players, and M^k those of player k. The offset b^k is a function of what the others play.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory._numbers import gathered, table
from lrtheory._types import ArrayLike
from lrtheory._validation import must, sequence
from lrtheory.alpha_rank import alpha_rank
from lrtheory.alpha_rank.chains.response_graph import response_signs
from lrtheory.alpha_rank.problem import payoff_tables
from lrtheory.bounds import Derived, Draws, Family, Identity, Sides, Statement, formula, saboteur
from proofs_checks.alpha_rank.families.games import (
    EXACT_GAMES,
    PRISONERS_DILEMMA,
    ExactGame,
    RankedGame,
    balance,
    draw_ranked,
    epsilon_limit,
    exact_game,
    exact_limit,
    log_law,
    log_rounding,
)
from proofs_checks.alpha_rank.families.response_graphs import TWO_STRATEGIES, WITH_TIES


@formula()
def payoffs_with_offset(M: ArrayLike, b: Sequence[ArrayLike]) -> np.ndarray:
    """The payoffs M^k(s) + b^k(s^{-k}). The k-th of the arrays b has the shape of a table with axis k of length 1.

    Proof
    -----
    Assumes: the k-th offset does not depend on the strategy of player k (argument check of its shape).

    Proof: the chain reads payoffs through M^k(sigma) - M^k(s) on edges where player k alone deviates. There s^{-k} is
    sigma^{-k}, so the offset cancels. A factor c of all payoffs enters through alpha c (M^k(sigma) - M^k(s)) alone, so
    it may be moved into alpha. The perturbed chain reads the signs of these differences alone.
    """
    tables = table("M", M)
    if tables.ndim < 2 or len(tables) != tables.ndim - 1 or len(sequence("b", b)) != len(tables):
        raise must("b", "of one array for each table of `M`, of shape (K, s_1, ..., s_K)", tables.shape)
    moved = []
    for k, (own, offset) in enumerate(zip(tables, b, strict=True)):
        shape = tuple(1 if axis == k else n for axis, n in enumerate(own.shape))
        moved.append(own + table(f"offsets[{k}]", offset, shape=shape))
    return gathered(np.stack(moved))


@dataclass(frozen=True)
class SameChain:
    """Two descriptions of one chain: offsets, a factor moved from alpha to the payoffs, and orders of strategies."""

    game: RankedGame
    offsets: tuple[np.ndarray, ...]
    factor: float
    orders: tuple[np.ndarray, ...]

    def permuted(self, table: np.ndarray) -> np.ndarray:
        """Return a table (*sizes) with the strategies of each player in the new order."""
        return table[np.ix_(*self.orders)]

    @property
    def other(self) -> RankedGame:
        """Return the second description: offsets added, scaled by the factor, then permuted."""
        payoffs = self.factor * payoffs_with_offset(self.game.payoffs, self.offsets)
        permuted = np.stack([self.permuted(table) for table in payoffs])
        return RankedGame(permuted, self.game.alpha / self.factor, self.game.population_size)


def draw_same_chain(draws: Draws) -> SameChain:
    """Draw a game and its second description; all arithmetic on payoffs is exact."""
    game = draw_ranked(draws)
    sizes = game.payoffs.shape[1:]
    shapes = [tuple(1 if i == k else n for i, n in enumerate(sizes)) for k in range(len(sizes))]
    offsets = tuple(draws.integers(-64, 64, shape=shape) / 16 for shape in shapes)
    return SameChain(game, offsets, draws.choice((0.5, 1.0, 4.0)), tuple(draws.permutation(n) for n in sizes))


SAME_CHAINS = Family(
    "same-chains",
    always=(
        SameChain(
            RankedGame(PRISONERS_DILEMMA, 1.0, 10),
            (np.array([[1.0, -2.0]]), np.array([[0.5], [3.0]])),
            2.0,
            (np.array([1, 0]), np.array([0, 1])),
        ),
    ),
    draw=draw_same_chain,
)


def _laws(first: RankedGame, second: RankedGame, same: SameChain) -> np.ndarray:
    logs = [alpha_rank(g.payoffs, alpha=g.alpha, population_size=g.population_size).log_pi for g in (first, second)]
    return np.stack([same.permuted(logs[0]).ravel(), logs[1].ravel()])


def factor_ignored(same: SameChain, rng: np.random.Generator) -> np.ndarray:
    """Scale the payoffs, but not alpha."""
    return _laws(same.game, replace(same.other, alpha=same.game.alpha), same)


def own_offset(same: SameChain, rng: np.random.Generator) -> np.ndarray:
    """Let player 0's first strategy pay 1 more, an offset on the own strategy."""
    changed = same.other.payoffs.copy()
    changed[0, 0] += 1.0
    return _laws(same.game, replace(same.other, payoffs=changed), same)


def both_laws(same: SameChain, rng: np.random.Generator) -> np.ndarray:
    """Compute log pi of both descriptions, the first with its strategies in the order of the second."""
    first = log_law(same.game).reshape(same.game.payoffs.shape[1:])
    return np.stack([same.permuted(first).ravel(), log_law(same.other)])


def equal_laws(same: SameChain, laws: np.ndarray) -> Sides:
    """Compare the first law with the second, and the second with the balance of its own chain."""
    own = balance(same.other, laws[1])
    allowed = log_rounding(same.game, laws[0]) + log_rounding(same.other, laws[1])
    return Sides(np.r_[laws[0], own.lhs], np.r_[laws[1], own.rhs], rounding=allowed)


AR_T5 = Statement(
    id="alpha_rank/AR-T5",
    title="What leaves the chain unchanged",
    says=(
        "The law pi does not change when the payoffs M are multiplied by c > 0 and the selection strength alpha is "
        "divided by c, nor when a function b^k of what the others play, s^{-k}, is added to the payoff M^k of player "
        "k; and renaming strategies only renames its profiles. Both sides are logarithms of masses."
    ),
    source=Derived(payoffs_with_offset),
    tex=r"\log\pi(\alpha, M) = \log\pi(\alpha/c,\ c(M^k + b^k(s^{-k}))),\ \text{and strategies may be renamed}",
    hypotheses={
        "a positive factor": lambda same: same.factor > 0,
        "orders of the strategies": lambda same: all(sorted(one) == list(range(len(one))) for one in same.orders),
        "finite alpha": lambda same: 0 <= same.game.alpha < np.inf,
    },
    instances=SAME_CHAINS,
    solve=both_laws,
    claim=Identity(equal_laws),
    saboteurs=(
        saboteur("the factor is not taken out of alpha", solve=factor_ignored),
        # subtle: an offset may depend on everything but the own strategy
        saboteur("an offset on the own strategy", solve=own_offset),
    ),
)


# leaving the sinks costs 2 and 3; after x^3 + x it costs 490 and 30, so the alpha limit changes from one to the other
UNEQUAL_BARRIERS = Family("unequal-barriers", always=(exact_game([[[10, 0], [8, 3]], [[10, 8], [0, 3]]]),))


def decreasing_map(game: ExactGame, rng: np.random.Generator) -> np.ndarray:
    """Rank (M - 2)^2 in place of M, which is not an increasing map."""
    return np.stack([alpha_rank(p).pi.ravel() for p in (game.payoffs, (game.payoffs - 2) ** 2)])


def equal_limits(game: ExactGame, laws: np.ndarray) -> Sides:
    """Compare both laws with the limit by determinants."""
    law = epsilon_limit(game)
    return Sides(lhs=laws.ravel(), rhs=np.r_[law, law])


def mapped(game: ExactGame) -> ExactGame:
    """Make the game whose payoffs are x^3 + x for the payoffs x of this one."""
    return ExactGame(game.payoffs**3 + game.payoffs)


@formula()
def order_only(M: ArrayLike) -> np.ndarray:
    """The signs of the gains of all deviations, which is all that the perturbed chain reads.

    Proof
    -----
    Assumes: the map keeps the direction of every deviation (hypothesis of AR-T5-limit), as increasing maps do in exact
    arithmetic.

    Proof: the rates are (1 - epsilon) / D, epsilon / D or 1 / (2 D), by the sign of M^k(sigma) - M^k(s). A map that
    keeps every sign keeps the chain, its law and the limit. The limit alpha -> infinity also reads the sizes of the
    losses, through (m - 1) times their sums along trees.
    """
    return response_signs(payoff_tables(M, name="M"), batch=False)


def keeps_the_order(game: ExactGame) -> bool:
    """Tell whether all deviations have the same directions after the map."""
    return bool((order_only(game.payoffs) == order_only(mapped(game).payoffs)).all())


def increasing(game: ExactGame, rng: np.random.Generator, limit: str = "perturbed") -> np.ndarray:
    """Compute the limit law on the payoffs x, and on x^3 + x."""
    return np.stack([exact_limit(game, limit=limit), exact_limit(mapped(game), limit=limit)])


AR_T5_LIMIT = Statement(
    id="alpha_rank/AR-T5-limit",
    title="The perturbed limit reads the order of payoffs alone",
    says=(
        "The limit of the law pi_epsilon of the perturbed chain, epsilon -> 0, is the same for the payoffs M and for "
        "f(M), for every increasing map f that leaves the direction of each deviation as it is."
    ),
    source=Derived(order_only),
    tex=r"f \uparrow\ \Rightarrow \lim_\varepsilon\pi_\varepsilon(f \circ M) = \lim_\varepsilon\pi_\varepsilon(M)",
    hypotheses={"increasing map": keeps_the_order},
    instances=EXACT_GAMES,
    for_all=(TWO_STRATEGIES, replace(WITH_TIES, budget="thorough")),
    solve=increasing,
    claim=Identity(equal_limits),
    saboteurs=(
        # the alpha limit reads the sizes of losses, which the map changes; most games do not show it
        saboteur("the alpha limit too", solve=partial(increasing, limit="alpha"), instances=UNEQUAL_BARRIERS),
        saboteur("a decreasing map", solve=decreasing_map),
    ),
)
