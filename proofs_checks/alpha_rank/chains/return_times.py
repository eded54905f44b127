"""Mean return times of a chain, and visits of a walk."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.alpha_rank import load_kuhn, transition_matrix
from lrtheory.alpha_rank.stationary import elimination
from lrtheory.bounds import Classical, Expectation, Family, Identity, Sides, Statement, saboteur
from proofs_checks.alpha_rank.certificates.returns import RETURNS
from proofs_checks.alpha_rank.chains.spanning_trees import tree_weights
from proofs_checks.alpha_rank.families.all_chains import all_chains, before_leaving
from proofs_checks.alpha_rank.families.chains import Chain, chain, draw_chain, exact_law, is_irreducible, return_times
from proofs_checks.alpha_rank.families.wrong_solvers import right_eigenvector, transposed


def kuhn_chain() -> Chain:
    """Make the perturbed chain of the 3-player Kuhn meta-game with two strategies each, in Fractions."""
    game = load_kuhn(3, iterations=1, exact=True)
    return Chain(transition_matrix(game, alpha=np.inf, perturbation=Fraction(1, 100), format="dense"))


RETURN_CHAINS = Family(
    "return-chains",
    always=lambda: (
        chain([[0, 1], [2, 0]]),
        chain([[0, 1, 0], [0, 0, 2], [3, 0, 0]]),
        chain([[0, 1, 2], [2, 0, 1], [1, 1, 0]]),
        kuhn_chain(),
    ),
    draw=draw_chain,
)


def masses_times_returns(chain: Chain, pi: np.ndarray) -> Sides:
    """Compare pi(s) (1 + sum_y C_sy h_s(y)) with 1, where h_s(y) is the mean time from y to s if C are jumps per time.

    A walk of `return_times` makes L jumps per time, of which C_sy / L lead from s to y, so that L cancels.
    """
    n = len(pi)
    others = [[y for y in range(n) if y != s] for s in range(n)]
    hitting = [before_leaving(chain, others[s], np.ones(n - 1, int)) for s in range(n)]
    returns = [1 + sum(chain.rates[s, others[s]] * hitting[s]) for s in range(n)]
    return Sides(pi * np.array(returns, object), 1)


P6 = Statement(
    id="alpha_rank/P6",
    title="Kac's lemma: mass times mean return time",
    says=(
        "In an irreducible chain the stationary mass pi(s) of a state s times R(s), the mean number of steps until a "
        "walk that starts in s is back in s, is exactly 1."
    ),
    source=Classical("Kac's lemma", "J. Norris, Markov Chains, 1997, Theorem 1.7.7"),
    tex=r"\pi(s)\, R(s) = 1",
    hypotheses={"irreducible": is_irreducible},
    instances=RETURN_CHAINS,
    for_all=(all_chains(3, sides=masses_times_returns), all_chains(4, sides=masses_times_returns), RETURNS),
    solve=exact_law,
    claim=Identity(lambda chain, pi: Sides(lhs=pi * return_times(chain), rhs=np.ones(len(pi), dtype=int))),
    saboteurs=(
        saboteur("transposed chain", solve=transposed),
        saboteur(
            "time to hit, not to return", claim=Identity(lambda chain, pi: Sides(pi * (return_times(chain) - 1), 1))
        ),
        # the diagonal enters, where the elimination leaves numbers that no right solver reads
        saboteur(
            "the last state is put back twice", patch=(elimination.stationary, "range(i + 1, n)", "range(max(1, i), n)")
        ),
    ),
    notes="Runs on the perturbed chain of three-player Kuhn poker, in Fractions.",
)


WALKS = Family("walks", always=(chain([[0, 1], [3, 0]]), chain([[0, 1, 0], [0, 0, 2], [3, 1, 0]])), draw=draw_chain)


STEPS = 4  # of a walk


def visits(chain: Chain, rng: np.random.Generator, n: int, law=exact_law) -> np.ndarray:
    """Count visits to state 0 in STEPS steps of n walks, whose first state is drawn from the stationary law."""
    p = chain.probabilities.astype(float)
    start, rows = np.cumsum(law(chain, rng).astype(float)), np.cumsum(p, 1)
    # inverse transform on cumulative sums, which rounding may leave below 1: hence the clip
    state = (rng.random((n, 1)) > start).sum(1).clip(0, len(p) - 1)
    seen = np.zeros(n)
    # few steps, so that the walk cannot forget a wrong first state
    for _ in range(STEPS):
        seen += state == 0
        state = (rng.random((n, 1)) > rows[state]).sum(1).clip(0, len(p) - 1)
    return seen


P6_VISITS = Statement(
    id="alpha_rank/P6-visits",
    title="A stationary walk visits each state as its mass says",
    says=(
        "A walk X_0, X_1, ... whose first state is drawn from the stationary law pi of an irreducible chain is in the "
        "state s at H pi(s) of the times t = 0, ..., H - 1 on average."
    ),
    source=Classical("stationarity", "J. Norris, Markov Chains, 1997, section 1.7"),
    tex=r"\mathbb E\,|\{t < H : X_t = s\}| = H\,\pi(s)",
    hypotheses={"irreducible": is_irreducible},
    instances=WALKS,
    solve=visits,
    claim=Expectation(
        sample=lambda chain, seen: seen,
        equals=lambda chain: STEPS * float(tree_weights(chain.rates)[0]),
        within=lambda chain: STEPS / 16,
        support=lambda chain: (0, STEPS),
    ),
    saboteurs=(
        saboteur("starts anywhere", solve=partial(visits, law=right_eigenvector)),
        saboteur("starts by the transposed chain", solve=partial(visits, law=transposed)),
    ),
    notes="A return time has no almost sure range; visits within H steps have.",
)
