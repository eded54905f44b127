"""Regret for requests that are not independent of one law: corrupted, Markov, periodic."""

from __future__ import annotations

from lrtheory.bounds import Derived, Family, Statement, saboteur
from lrtheory.dual_mirror_descent import theory
from proofs_checks.dual_mirror_descent.families.laws import (
    HEAVILY_CORRUPTED,
    SLOW_MARKOV,
    CorruptedLaw,
    MarkovLaw,
    PeriodicLaw,
    corrupted,
    periodic,
    switching,
)
from proofs_checks.dual_mirror_descent.families.runs import RUNS, bound, regret_at_most, runs
from proofs_checks.dual_mirror_descent.families.wrong_solvers import wrong_sign

CORRUPTED_LAWS = Family(
    "corrupted-laws",
    always=lambda: (corrupted(1600, 0.05), corrupted(6400, 0.2)),
    draw=lambda draws: corrupted(draws.choice((800, 1600)), draws.integers(1, 16) / 64),
)


LIGHTLY_CORRUPTED = Family("lightly-corrupted", always=lambda: (corrupted(6400, 0.02),))


def corrupted_bound(law: CorruptedLaw) -> float:
    """Compute the bound for independent requests whose laws change."""
    return bound(law, "independent", total_variation=getattr(law, "distance", 0.0))


DMD_T3 = Statement(
    id="dual_mirror_descent/DMD-T3",
    title="Regret when the law changes",
    says=(
        "For T independent requests of laws P_t the expected regret OPT - R is at most the bound C1 + C2 eta T + "
        "C3/eta of DMD-T1 for step eta, plus the largest reward f_bar times the sum over t of the total variations TV "
        "between P_t and the average law P_bar."
    ),
    source=Derived(theory.regret_bound),
    tex=r"\mathbb E[\mathrm{OPT} - R] \le C_1 + C_2 \eta T + C_3/\eta + \bar f \sum_t \mathrm{TV}(P_t, \bar P)",
    hypotheses={"independent requests": lambda law: law.is_independent},
    instances=CORRUPTED_LAWS,
    solve=runs,
    decisions=RUNS,
    claim=regret_at_most(corrupted_bound),
    saboteurs=(
        saboteur("the price rises when too little is spent", solve=wrong_sign, instances=LIGHTLY_CORRUPTED),
        saboteur("without the distance", claim=regret_at_most(bound), instances=HEAVILY_CORRUPTED),
        saboteur(
            "a slow chain, whose requests all have the average law",
            breaks="independent requests",
            instances=SLOW_MARKOV,
        ),
    ),
    notes="The paper has a term of this kind with a constant of its own.",
)


MARKOV_LAWS = Family(
    "markov-laws",
    always=lambda: (switching(1600, 0.5), switching(6400, 0.25, 3), switching(6400, 0.1, 15)),
    draw=lambda draws: switching(draws.choice((1600, 3200)), draws.integers(4, 32) / 64, draws.integers(0, 8)),
)


def ergodic_bound(law: MarkovLaw) -> float:
    """Compute the best bound over the lags 0 to 199; each of them holds."""
    return min(bound(law, "ergodic", lag=lag, mixing=law.mixing(lag)) for lag in range(0, 200))


DMD_T4 = Statement(
    id="dual_mirror_descent/DMD-T4",
    title="Regret when the requests come from a chain that mixes",
    says=(
        "For T requests from a mixing chain the expected regret OPT - R is at most the bound B of DMD-T1 plus 2 f_bar "
        "(k + T delta_k) + k b_bar G eta T/sigma, for any lag k of mixing coefficient delta_k; f_bar, b_bar, G bound "
        "rewards, costs, gradients; sigma is the strong convexity, eta the step."
    ),
    source=Derived(theory.regret_bound),
    tex=r"\mathbb E[\mathrm{OPT} - R] \le B + 2\bar f(k + T\delta_k) + k\bar b G\eta T/\sigma",
    hypotheses={"a chain that switches with a probability": lambda law: 0 <= law.switch <= 1},
    instances=MARKOV_LAWS,
    solve=runs,
    decisions=RUNS,
    claim=regret_at_most(ergodic_bound),
    saboteurs=(
        saboteur("the price rises when too little is spent", solve=wrong_sign),
        saboteur("a twentieth of it", claim=regret_at_most(lambda law: ergodic_bound(law) / 20)),
    ),
    notes="B is the bound of DMD-T1, which a slow chain breaks; for every lag k, so for the best one.",
)


PERIODIC_LAWS = Family(
    "periodic-laws",
    always=lambda: (periodic(6400, 2), periodic(25600, 4)),
    draw=lambda draws: periodic(4800, draws.choice((2, 4, 6, 8))),
)


def periodic_bound(law: PeriodicLaw) -> float:
    """Compute the bound for independent blocks."""
    return bound(law, "periodic", period=law.period)


DMD_T5 = Statement(
    id="dual_mirror_descent/DMD-T5",
    title="Regret when the law has a period",
    says=(
        "For T requests in independent, alike blocks of length q the expected regret OPT - R is at most the bound B of "
        "DMD-T1 plus (q - 1) f_bar + b_bar (G/sigma) (q - 1) eta T; f_bar, b_bar, G bound rewards, costs, gradients; "
        "sigma is the strong convexity of the geometry, eta the step."
    ),
    source=Derived(theory.regret_bound),
    tex=r"\mathbb E[\mathrm{OPT} - R] \le B + (q-1)\bar f + \bar b (G/\sigma)(q-1)\eta T",
    hypotheses={"whole blocks": lambda law: law.horizon % law.period == 0},
    instances=PERIODIC_LAWS,
    solve=runs,
    decisions=RUNS,
    claim=regret_at_most(periodic_bound),
    saboteurs=(
        saboteur("the price rises when too little is spent", solve=wrong_sign),
        saboteur("a hundredth of it", claim=regret_at_most(lambda law: periodic_bound(law) / 100)),
    ),
    notes="B is the bound of DMD-T1, which long periods break. Blocks are independent and alike, whatever is inside.",
)
