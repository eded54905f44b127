"""Infinite selection strength: where the mass goes, when the two limits agree and when they do not."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import flint
import numpy as np

from lrtheory.alpha_rank import alpha_rank, profile_chain
from lrtheory.alpha_rank.theory import limits
from lrtheory.bounds import Derived, Identity, Inequality, Paper, Rate, Sides, Statement, always, exactly, saboteur
from proofs_checks.alpha_rank import wrong_solvers
from proofs_checks.alpha_rank.chain import fmpq, fraction
from proofs_checks.alpha_rank.families.games import (
    COORDINATION_GAMES,
    EPSILON_LADDER,
    EXACT_GAMES,
    ONE_SINK,
    TIED,
    TWO_SINKS,
    UNEQUAL_BARRIERS,
    ExactGame,
    PerturbedGame,
    sinks,
)


def exact_limit(game: ExactGame, rng: np.random.Generator | None = None, limit: str = "perturbed") -> np.ndarray:
    """Compute the limit law in Fractions, flat."""
    return alpha_rank(game.payoffs, limit=limit).pi.ravel()


def both_limits(game: ExactGame, rng: np.random.Generator) -> np.ndarray:
    """Compute the limits epsilon -> 0 and alpha -> infinity."""
    return np.stack([exact_limit(game, limit="perturbed"), exact_limit(game, limit="alpha")])


def support(game: ExactGame, pi: np.ndarray) -> Sides:
    """Claim that mass outside the sinks is 0, that a single sink has mass everywhere, and that the masses are a law."""
    components, n = sinks(game), len(pi)
    inside = np.array([int(any(s in component for component in components)) for s in range(n)])
    positive = np.array([int(mass > 0) for mass in pi])
    # mass only inside; with one sink everywhere inside; no negative mass; the total at most and at least 1
    least = inside if len(components) == 1 else np.zeros(n, dtype=int)
    lhs = np.r_[positive, 1 - positive, -pi, pi.sum(), -pi.sum()]
    trivial = np.r_[np.ones(2 * n), np.full(n + 2, np.inf)]
    return Sides(lhs, np.r_[inside, 1 - least, np.zeros(n, dtype=int), 1, -1], trivial=trivial)


AR_T9 = Statement(
    id="alpha_rank/AR-T9",
    title="The mass lies on the sinks of the response graph",
    says=(
        "As epsilon -> 0 the law pi_epsilon of the perturbed chain of a finite game puts all mass on the Markov-Conley "
        "chains (MCC), the sink strongly connected components of its response graph; where there is only one, each of "
        "its profiles keeps some."
    ),
    source=Paper("1903.01373", "Markov-Conley chains", read="secondary"),
    tex=r"\operatorname{supp}\lim_{\varepsilon\to0}\pi_\varepsilon \subseteq \bigcup \mathrm{MCC}, = \text{for one}",
    hypotheses={"finite game": always},
    instances=EXACT_GAMES,
    solve=exact_limit,
    claim=Inequality(support, unbounded="the masses that a solver returns may be any numbers"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("sources for sinks", solve=wrong_solvers.reversed_arcs),
        # right where all payoffs are equal
        saboteur(
            "uniform", solve=lambda game, rng: np.array([Fraction(1, game.payoffs[0].size)] * game.payoffs[0].size)
        ),
    ),
    notes="Sinks by networkx. One instance is three-player Kuhn poker, which has exact ties.",
)


def epsilon_limit(game: ExactGame) -> np.ndarray:
    """Compute lim pi_epsilon by determinants: a quotient of polynomials, which are read off their values at n points.

    The cofactors of D - A, D the exits, are a stationary vector, and polynomials of degree n - 1 at most in epsilon.
    """
    chain, n = profile_chain(game.payoffs), game.payoffs[0].size
    if n == 1:
        return np.array([Fraction(1)], object)
    # polynomials of degree n - 1 are known from n values; these points lie in (0, 1/4], where epsilon may lie
    points = [Fraction(k, 4 * n) for k in range(1, n + 1)]
    values = [cofactors(chain.dense(chain.perturbed_rates(point))) for point in points]
    nodes = flint.fmpq_mat([[fmpq(point**k) for k in range(n)] for point in points])
    coefficients = nodes.solve(flint.fmpq_mat(values))
    # the lowest power of epsilon that any cofactor has: its coefficients are the limit, up to a factor
    order = next(k for k in range(n) if any(coefficients[k, s] != 0 for s in range(n)))
    lowest = [fraction(coefficients[order, s]) for s in range(n)]
    return np.array([mass / sum(lowest) for mass in lowest], object)


def cofactors(rates: np.ndarray) -> list[flint.fmpq]:
    """Return a multiple of the stationary law whose first entry is det(D - A) without row and column 0."""
    n = len(rates)
    off = [[fmpq(rates[i, j] if i != j else Fraction(0)) for j in range(n)] for i in range(n)]
    minor = flint.fmpq_mat([[sum(off[i]) if i == j else -off[i][j] for j in range(1, n)] for i in range(1, n)])
    others = minor.transpose().solve(flint.fmpq_mat([[off[0][j]] for j in range(1, n)]))
    first = minor.det()
    return [first, *(first * others[i, 0] for i in range(n - 1))]


def equal_laws(game: ExactGame, laws: np.ndarray) -> Sides:
    """Compare both laws with the limit by determinants."""
    law = epsilon_limit(game)
    return Sides(lhs=laws.ravel(), rhs=np.r_[law, law])


def law_of_the_walk(game: ExactGame, laws: np.ndarray) -> Sides:
    """Compare both limits with the limit by determinants, and where there is one sink that with the law of its walk."""
    law = epsilon_limit(game)
    chain = profile_chain(game.payoffs)
    # at epsilon = 0 the chain is the walk of the theorem, whose law is unique where there is one sink
    walk = chain.dense(chain.perturbed_rates(Fraction(0)))
    of_the_walk = limits.single_sink_limit(walk) if len(sinks(game)) == 1 else law
    return Sides(lhs=np.r_[laws.ravel(), of_the_walk], rhs=np.r_[law, law, law])


AR_T6 = Statement(
    id="alpha_rank/AR-T6",
    title="One sink and no ties: both limits agree",
    says=(
        "In a game without ties whose response graph has one sink component, the law pi_alpha at growing selection "
        "strength alpha and the law pi_epsilon of the perturbed chain at vanishing epsilon have the same limit."
    ),
    source=Derived(limits.single_sink_limit),
    tex=r"\lim_{\alpha\to\infty}\pi_\alpha = \lim_{\varepsilon\to0}\pi_\varepsilon",
    hypotheses={
        "no ties": limits.has_no_ties,
        "one sink": lambda game: len(sinks(game)) == 1,
    },
    instances=ONE_SINK,
    solve=both_limits,
    claim=Identity(law_of_the_walk),
    saboteurs=(
        saboteur("two sinks", breaks="one sink", instances=TWO_SINKS),
        saboteur("tie rule 1/2 in place of 1/m", breaks="no ties", instances=TIED),
        saboteur(
            "sources in one of them",
            solve=lambda game, rng: np.stack([exact_limit(game), wrong_solvers.reversed_arcs(game, rng)]),
        ),
    ),
)


def coordination(game: ExactGame, laws: np.ndarray) -> Sides:
    """Compare the limits with (1/2, 0, 0, 1/2) and (1, 0, 0, 0)."""
    return Sides(lhs=laws, rhs=np.array(limits.coordination_limits(), object))


AR_T7 = Statement(
    id="alpha_rank/AR-T7",
    title="Two sinks: the two limits differ",
    says=(
        "Where both players get a at profile (0,0), b at (1,1) and 0 elsewhere, with a > b > 0, the law pi_epsilon of "
        "the perturbed chain tends to mass 1/2 on (0,0) and on (1,1), while the law pi_alpha at growing selection "
        "strength alpha tends to mass 1 on (0,0)."
    ),
    source=Derived(limits.coordination_limits),
    tex=r"M = \mathrm{diag}(a > b):\ \pi_\varepsilon \to (\tfrac12, 0, 0, \tfrac12),\ \pi_\alpha \to (1, 0, 0, 0)",
    hypotheses={
        "common payoffs": lambda game: game.sizes == (2, 2) and bool((game.payoffs[0] == game.payoffs[1]).all()),
        "0 off the diagonal": lambda game: game.payoffs[0, 0, 1] == game.payoffs[0, 1, 0] == 0,
        "a > b > 0": lambda game: game.payoffs[0, 0, 0] > game.payoffs[0, 1, 1] > 0,
    },
    instances=COORDINATION_GAMES,
    solve=both_limits,
    claim=Identity(coordination),
    saboteurs=(
        # each of the two is right in one of the limits
        saboteur("the perturbed limit called the alpha limit", solve=lambda game, rng: both_limits(game, rng)[[0, 0]]),
        saboteur("the alpha limit called the perturbed limit", solve=lambda game, rng: both_limits(game, rng)[[1, 1]]),
    ),
)


def perturbed_law(game: PerturbedGame, rng: np.random.Generator, n: int, power: int = 1) -> np.ndarray:
    """Compute pi_epsilon, flat, once per run; nothing is random."""
    return np.stack([alpha_rank(game.payoffs, perturbation=game.epsilon**power).pi.ravel()] * n)


def distance(game: PerturbedGame, laws: np.ndarray) -> np.ndarray:
    """Compute the l1 distance of pi_epsilon from its limit by determinants."""
    return np.abs(laws - epsilon_limit(exactly(game)).astype(float)).sum(axis=1)


def is_off(game: PerturbedGame) -> bool:
    """Decide in Fractions whether pi_epsilon differs from its limit."""
    game = exactly(game)
    return bool((alpha_rank(game.payoffs, perturbation=game.epsilon).pi.ravel() != epsilon_limit(game)).any())


def rate(exponent: tuple[float, float]) -> Rate:
    """Claim the exponent of the distance over epsilon as a power of 1/epsilon."""
    return Rate(
        cost=distance,
        size=lambda game: 1 / game.epsilon,
        over=lambda game: game.epsilon,
        # distance over epsilon is a constant where the theorem holds, so the exponent is near 0
        exponent=exponent,
    )


AR_T6_RATE = Statement(
    id="alpha_rank/AR-T6-rate",
    title="The perturbed chain approaches its limit like epsilon",
    says=(
        "In a game whose response graph has one sink component the l1 distance of the law pi_epsilon of the "
        "perturbed chain from its limit pi_0 is of the order of epsilon, unless it is 0 at every epsilon."
    ),
    source=Derived(limits.single_sink_limit),
    tex=r"\|\pi_\varepsilon - \pi_0\|_1 = \Theta(\varepsilon)",
    hypotheses={"one sink": lambda game: len(sinks(ExactGame(game.payoffs))) == 1, "error not 0": is_off},
    instances=EPSILON_LADDER,
    solve=perturbed_law,
    # at the largest epsilon of the ladder, 1/10, terms of order epsilon^2 still bend the slope
    claim=rate((-0.05, 0.05)),
    saboteurs=(
        saboteur("like the square of epsilon", solve=partial(perturbed_law, power=2)),
        saboteur("faster than epsilon^(11/10) claimed", claim=rate((-0.2, -0.1))),
    ),
    notes="On matching pennies the error is 0 at every epsilon. Three games are measured; in one of them all profiles "
    "are in the sink.",
)


def mapped(game: ExactGame) -> ExactGame:
    """Make the game whose payoffs are x^3 + x for the payoffs x of this one."""
    return ExactGame(game.payoffs**3 + game.payoffs)


def keeps_the_order(game: ExactGame) -> bool:
    """Tell whether all deviations have the same directions after the map."""
    return bool((limits.order_only(game.payoffs) == limits.order_only(mapped(game).payoffs)).all())


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
    source=Derived(limits.order_only),
    tex=r"f \uparrow\ \Rightarrow \lim_\varepsilon\pi_\varepsilon(f \circ M) = \lim_\varepsilon\pi_\varepsilon(M)",
    hypotheses={"increasing map": keeps_the_order},
    instances=EXACT_GAMES,
    solve=increasing,
    claim=Identity(equal_laws),
    saboteurs=(
        # the alpha limit reads the sizes of losses, which the map changes; most games do not show it
        saboteur("the alpha limit too", solve=partial(increasing, limit="alpha"), instances=UNEQUAL_BARRIERS),
        saboteur("a decreasing map", solve=wrong_solvers.decreasing_map),
    ),
)
