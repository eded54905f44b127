"""The fixation probability of one mutant: a birth and death chain, its symmetry, and its slope.

rho_m(u) is the probability that one mutant takes over a population of m individuals, where u is its payoff advantage
times the selection strength.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import flint
import numpy as np

from lrtheory.alpha_rank import fixation_probability, profile_chain
from lrtheory.alpha_rank.chains.single_population import is_constant_sum
from lrtheory.bounds import (
    Classical,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Numbers,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from proofs_checks.alpha_rank.certificates.mutants import ABSORPTION, RISE, THERE_AND_BACK, proportion, takeover_chance
from proofs_checks.alpha_rank.families.chains import absorption, fmpq


@dataclass(frozen=True)
class Mutant:
    """The advantage u of a mutant in a population (alpha times payoff), the population's size, and a step of u."""

    advantage: float
    population_size: int
    step: float = 0.125


MUTANTS = Family(
    "mutants",
    always=(
        # neutral; for, against, and far against the mutant; and nearly neutral, where 1 - e^-u would cancel
        *(Mutant(0.0, 2), Mutant(1.0, 2), Mutant(-3.0, 3), Mutant(0.5, 10), Mutant(-40.0, 5), Mutant(2.0**-30, 8)),
        Mutant(1.0, 3, 0.0),  # no step, where both bounds on the slope are attained
    ),
    draw=lambda draws: Mutant(draws.integers(-256, 256) / 16.0, draws.integers(2, 12), 2.0 ** -draws.integers(0, 8)),
)


def one_individual_less(mutant: Mutant, rng: np.random.Generator) -> np.ndarray:
    """Compute log rho with m - 1 in place of m in the denominator."""
    u, m = mutant.advantage * np.array([1.0, -1.0]), mutant.population_size
    return np.log(np.expm1(-u) / np.expm1(-(m - 1) * u)) if mutant.advantage else np.full(2, -np.log(m - 1))


def log_fixation(mutant: Mutant, rng: np.random.Generator) -> np.ndarray:
    """Compute log rho at +u and at -u."""
    u = mutant.advantage * np.array([1.0, -1.0])
    return fixation_probability(u, population_size=mutant.population_size, log=True)


def log_absorption(advantages: list[float]) -> float:
    """Compute the log probability to reach m mutants before 0, from 1, at the advantages of 1, ..., m - 1 mutants."""
    h = fmpq(absorption([Fraction(math.exp(-u)) for u in advantages]))
    return float(flint.arb(h).log().mid())  # a difference of logarithms would cancel


def log_absorptions(mutant: Mutant) -> np.ndarray:
    """Compute `log_absorption` at +u and at -u, an advantage that does not depend on the number of mutants."""
    u, m = mutant.advantage, mutant.population_size
    return np.array([log_absorption([u] * (m - 1)), log_absorption([-u] * (m - 1))])


def log_rounding(mutant: Mutant) -> np.ndarray:
    """Bound the rounding of log rho: x = e^{-u} is rounded, and log rho moves by at most (m - 1) times that."""
    return rounding(8 * mutant.population_size, 1 + (mutant.population_size - 1) * abs(mutant.advantage))


def absorbed(mutant: Mutant, log_rho: np.ndarray) -> Sides:
    """Compare log rho with the chain, and the formula of rho with it in Fractions, where x is near e^{-u}."""
    x, m = proportion(mutant.advantage), mutant.population_size
    formulas = [(1 - y) / (1 - y**m) if y != 1 else Fraction(1, m) for y in (x, 1 / x)]
    chances = [takeover_chance(y, m) for y in (x, 1 / x)]
    allowed = np.r_[np.full(2, log_rounding(mutant)), 0.0, 0.0]
    return Sides([*log_rho, *formulas], [*log_absorptions(mutant), *chances], rounding=allowed)


AR_T2 = Statement(
    id="alpha_rank/AR-T2",
    title="Fixation is absorption of a birth and death chain",
    says=(
        "One mutant among m individuals, whose payoff advantage times the selection strength is u, takes over with "
        "probability rho_m(u): that of a birth and death chain to get from 1 mutant to m before 0, where one more and "
        "one less come in the proportion e^u to 1. Both sides are logarithms of it."
    ),
    source=Classical("fixation probability of the Moran process", "M. Nowak, Evolutionary Dynamics, 2006, chapter 6"),
    tex=r"\log\rho_m(u) = \log\frac{1 - e^{-u}}{1 - e^{-mu}} = \log P(1 \to m \text{ before } 0)",
    hypotheses={"two or more individuals": lambda mutant: mutant.population_size >= 2},
    instances=MUTANTS,
    solve=log_fixation,
    for_all=(ABSORPTION,),
    claim=Identity(absorbed),
    saboteurs=(
        saboteur("m - 1 in place of m", solve=one_individual_less),
        # right for a neutral mutant
        saboteur("the resident's advantage", solve=lambda mutant, rng: log_fixation(mutant, rng)[::-1]),
    ),
)


@dataclass(frozen=True)
class SinglePopulation:
    """A symmetric game M(r, s), played at intensity alpha by one population of size m."""

    table: np.ndarray
    fitness: str
    alpha: float
    population_size: int


def log_chances(single: SinglePopulation, rng: np.random.Generator) -> np.ndarray:
    """Compute with the library log probabilities that the mutant r takes over from s, all s and all r != s."""
    table, m = single.table, single.population_size
    rates = profile_chain(table, population="single", fitness=single.fitness, population_size=m)
    return rates.log_rates(single.alpha, m) + np.log(max(1, len(table) - 1))


def draw_single(draws: Draws) -> SinglePopulation:
    """Draw two or three strategies with dyadic payoffs; half of the games have a constant sum."""
    n = draws.integers(2, 3)
    table = draws.integers(-16, 16, shape=(n, n)) / 8.0
    if draws.integers(0, 1):
        table = table - table.T + 0.5
    fitness = draws.choice(("local", "global"))
    return SinglePopulation(table, fitness, draws.choice((0.125, 1.0, 4.0)), draws.integers(2, 9))


# M(r, s) + M(s, r) is 0 here, 1 when 1/2 is added, and not constant in GENERAL, the prisoner's dilemma
BIASED_RPS = np.array([[0.0, -0.5, 1.0], [0.5, 0.0, -0.125], [-1.0, 0.125, 0.0]])


GENERAL = np.array([[3.0, 0.0], [5.0, 1.0]])


SINGLE_POPULATIONS = Family(
    "single-populations",
    always=(
        SinglePopulation(BIASED_RPS, "local", 1.0, 8),
        SinglePopulation(BIASED_RPS, "global", 1.0, 8),
        SinglePopulation(BIASED_RPS + 0.5, "global", 4.0, 3),
        SinglePopulation(GENERAL, "global", 0.5, 10),
        SinglePopulation(GENERAL, "local", 0.5, 2),
    ),
    draw=draw_single,
)


def factor_dropped(single: SinglePopulation, rng: np.random.Generator) -> np.ndarray:
    """Take alpha (M(r, s) - c / 2) for the advantage alpha m / (m - 1) (M(r, s) - c / 2)."""
    m, constant = single.population_size, is_constant_sum(single.table) and single.fitness == "global"
    return log_chances(replace(single, alpha=single.alpha * (m - 1) / m) if constant else single, rng)


def transposed_table(single: SinglePopulation, rng: np.random.Generator) -> np.ndarray:
    """Exchange what the resident gets from the mutant and what the mutant gets from the resident."""
    return log_chances(replace(single, table=single.table.T), rng)


def one_more_in_the_population(single: SinglePopulation, rng: np.random.Generator) -> np.ndarray:
    """Compute the chances in a population of m + 1 individuals."""
    return log_chances(replace(single, population_size=single.population_size + 1), rng)


def log_takeovers(single: SinglePopulation) -> np.ndarray:
    """Compute log probabilities that r takes over from s, from the payoffs when p of m individuals play r."""
    M, m, logs = single.table, single.population_size, []
    for s, r in itertools.permutations(range(len(M)), 2):
        if single.fitness == "local":
            gains = [M[r, s] - M[s, r]] * (m - 1)
        else:
            mutants_get = [((p - 1) * M[r, r] + (m - p) * M[r, s]) / (m - 1) for p in range(1, m)]
            residents_get = [(p * M[s, r] + (m - p - 1) * M[s, s]) / (m - 1) for p in range(1, m)]
            gains = [mine - theirs for mine, theirs in zip(mutants_get, residents_get, strict=True)]
        logs.append(log_absorption([single.alpha * gain for gain in gains]))
    return np.array(logs)


def takeover(single: SinglePopulation, log_chances: np.ndarray) -> Sides:
    """Compare all log probabilities of the library with those of the linear systems."""
    largest = 1 + single.population_size * single.alpha * 2 * np.abs(single.table).max()
    return Sides(log_chances.ravel(), log_takeovers(single), rounding=rounding(16 * single.population_size, largest))


AR_T3_SINGLE = Statement(
    id="alpha_rank/AR-T3-single",
    title="Takeover in a single population is absorption of its birth and death chain",
    says=(
        "One mutant r among m individuals takes over from s with the probability that a birth and death chain gets "
        "from 1 to m before 0; with p mutants the chances T^+_p and T^-_p of one more and one less have the ratio "
        "exp(alpha (f_r(p) - f_s(p))), f being the fitness of either and alpha the selection strength. Both sides are "
        "logarithms of the probability."
    ),
    source=Classical(
        "fixation under pairwise comparison",
        "A. Traulsen, M. Nowak, J. Pacheco, Stochastic dynamics of invasion and fixation, Phys. Rev. E 74, 2006",
    ),
    tex=r"\log\rho(s \to r) = \log P(1 \to m \text{ before } 0),\ T^+_p / T^-_p = e^{\alpha (f_r(p) - f_s(p))}",
    hypotheses={"two or more individuals": lambda single: single.population_size >= 2},
    instances=SINGLE_POPULATIONS,
    solve=log_chances,
    claim=Identity(takeover),
    saboteurs=(
        # local fitness has no such factor: only global fitness with a constant sum shows that it is missing
        saboteur("factor m / (m - 1) dropped where the sum is constant", solve=factor_dropped),
        saboteur("transposed table", solve=transposed_table),
        saboteur("one individual more", solve=one_more_in_the_population),
    ),
    notes="Local and global fitness, with and without a constant sum, at small populations.",
)


@formula(u="(-inf, inf)", m="[1, inf)")
def fixation_log_ratio(u: Numbers, m: int) -> Numbers:
    """The logarithm of rho_m(u) / rho_m(-u).

    Proof
    -----
    Assumes: a finite u and m >= 1 (argument checks).

    Proof: rho(u) = (1 - e^{-u}) / (1 - e^{-m u}), so rho(-u) = (e^{u} - 1) / (e^{m u} - 1) = e^{-(m - 1) u} rho(u).
    For AR-T3-slope, 1 / rho(u) = sum_{l < m} e^{-l u}, so d log rho / du is the mean of l under weights e^{-l u}, which
    lies between 0 and m - 1 and is (m - 1) / 2 at 0. From u to u + h with h >= 0, log rho thus rises by at least 0 and
    by at most (m - 1) h, the log ratio at h.
    """
    return (m - 1) * u


def symmetry(mutant: Mutant, log_rho: np.ndarray, less: int = 0) -> Sides:
    """Compare log rho(u) - log rho(-u) with (m - 1) u, and of chances of the chain with a power of x."""
    x, m = proportion(mutant.advantage), mutant.population_size
    logs = log_rho[0] - log_rho[1], fixation_log_ratio(mutant.advantage, m - less)
    exact = takeover_chance(x, m) / takeover_chance(1 / x, m), (1 / x) ** (m - 1 - less)
    return Sides([logs[0], exact[0]], [logs[1], exact[1]], rounding=np.array([2 * log_rounding(mutant), 0.0]))


AR_T3 = Statement(
    id="alpha_rank/AR-T3",
    title="Fixation probabilities there and back",
    says=(
        "The probability rho_m(u) that one mutant with advantage u (selection strength times payoff gain) takes over "
        "a population of m, divided by that of the way back, rho_m(-u), is exp((m - 1) u); both sides are logarithms."
    ),
    source=Derived(fixation_log_ratio),
    tex=r"\log\rho_m(u) - \log\rho_m(-u) = (m-1)u",
    hypotheses={"two or more individuals": lambda mutant: mutant.population_size >= 2},
    instances=MUTANTS,
    solve=log_fixation,
    for_all=(THERE_AND_BACK,),
    claim=Identity(symmetry),
    saboteurs=(
        # without an advantage both exponents are 0
        saboteur("exponent (m - 2) u", claim=Identity(partial(symmetry, less=1))),
        saboteur("m - 1 in place of m", solve=one_individual_less),
    ),
)


def a_hundred_more(mutant: Mutant, rng: np.random.Generator) -> np.ndarray:
    """Compute log rho in a population that is larger by a hundred than the theorem is told."""
    u = np.array([mutant.advantage, mutant.advantage + mutant.step, 0.0])
    return fixation_probability(u, population_size=mutant.population_size + 100, log=True)


def log_fixation_of_two(mutant: Mutant, rng: np.random.Generator) -> np.ndarray:
    """Compute log rho at u, at an advantage larger by h, and without an advantage."""
    u = np.array([mutant.advantage, mutant.advantage + mutant.step, 0.0])
    return fixation_probability(u, population_size=mutant.population_size, log=True)


def slope(mutant: Mutant, log_rho: np.ndarray, factor: float = 1.0) -> Sides:
    """Compare log rho(u + h) - log rho(u) with 0 and (m - 1) h, and log rho(0) with -log m."""
    rise, most = log_rho[1] - log_rho[0], factor * fixation_log_ratio(mutant.step, mutant.population_size)
    neutral = -math.log(mutant.population_size)
    # the last two compare log rho(0) with -log m: a constant added to every log rho would pass the first two
    lhs, rhs = [-rise, rise, neutral, log_rho[2]], [0.0, most, log_rho[2], neutral]
    # in Fractions the chances of the chain, at x and z near e^{-u} and e^{-h}
    x, z, m = proportion(mutant.advantage), proportion(mutant.step), mutant.population_size
    before, after = takeover_chance(x, m), takeover_chance(x * z, m)
    lhs, rhs = [*lhs, before / after, after / before], [*rhs, 1, (1 / z) ** (m - 1)]
    return Sides(lhs, rhs, rounding=np.r_[np.full(4, 2 * log_rounding(mutant)), 0.0, 0.0])


AR_T3_SLOPE = Statement(
    id="alpha_rank/AR-T3-slope",
    title="Log fixation probability rises, by at most m - 1",
    says=(
        "The logarithm of rho_m(u), the probability that one mutant with advantage u takes over a population of m, "
        "never falls as u grows, and rises by at most m - 1 per unit of u."
    ),
    source=Derived(fixation_log_ratio),
    tex=r"0 \le \mathrm d \log\rho_m / \mathrm du \le m - 1",
    hypotheses={"two or more individuals": lambda mutant: mutant.population_size >= 2},
    instances=MUTANTS,
    solve=log_fixation_of_two,
    for_all=(RISE,),
    claim=Inequality(slope, unbounded="what a solver returns may rise or fall by any number"),
    saboteurs=(
        # the slope tends to m - 1 far against the mutant, so a smaller constant fails there
        saboteur("9/10 of the slope", claim=Inequality(partial(slope, factor=0.9))),
        saboteur("a hundred individuals more", solve=a_hundred_more),
    ),
    notes="Finite increments, so that no derivative is approximated.",
)
