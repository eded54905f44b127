"""The fixation probability of a mutant: a birth and death chain, its symmetry, and its slope."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial

import flint
import numpy as np

from lrtheory.alpha_rank import fixation_probability, identities
from lrtheory.bounds import Classical, Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from proofs_checks.alpha_rank import mutants
from proofs_checks.alpha_rank.families.chains import MUTANTS, Mutant


def log_fixation(mutant: Mutant, rng: np.random.Generator) -> np.ndarray:
    """Log rho at +u and at -u."""
    u = mutant.advantage * np.array([1.0, -1.0])
    return fixation_probability(u, population_size=mutant.population_size, log=True)


def log_absorption(mutant: Mutant) -> np.ndarray:
    """Log probability to reach m mutants before 0, from 1, by the linear system of the chain, at +u and at -u.

    With i mutants, one more and one less come at rates in the proportion e^u : 1, so
    (1 + x) h_i = h_{i+1} + x h_{i-1} with x = e^{-u}, h_0 = 0 and h_m = 1.
    """
    m, logs = mutant.population_size, []
    for u in (mutant.advantage, -mutant.advantage):
        exact = Fraction(math.exp(-u))
        x = flint.fmpq(exact.numerator, exact.denominator)
        system = [[(1 + x) * (i == j) - (j == i + 1) - x * (j == i - 1) for j in range(m - 1)] for i in range(m - 1)]
        into = [[flint.fmpq(int(i == m - 2))] for i in range(m - 1)]
        h = flint.fmpq_mat(system).solve(flint.fmpq_mat(into))[0, 0]
        logs.append(float(flint.arb(h).log().mid()))  # a difference of logarithms would cancel
    return np.array(logs)


def log_rounding(mutant: Mutant) -> np.ndarray:
    """Rounding of log rho: x = e^{-u} is rounded, and log rho moves by at most (m - 1) times that."""
    return rounding(8 * mutant.population_size, 1 + (mutant.population_size - 1) * abs(mutant.advantage))


AR_T2 = Statement(
    id="alpha_rank/AR-T2",
    title="Fixation is absorption of a birth and death chain",
    source=Classical("fixation probability of the Moran process", "M. Nowak, Evolutionary Dynamics, 2006, chapter 6"),
    tex=r"\rho_m(u) = \frac{1 - e^{-u}}{1 - e^{-mu}} = P(1 \to m \text{ before } 0)",
    hypotheses={"two or more individuals": lambda mutant: mutant.population_size >= 2},
    instances=MUTANTS,
    solve=log_fixation,
    claim=Identity(lambda mutant, log_rho: Sides(log_rho, log_absorption(mutant), rounding=log_rounding(mutant))),
    saboteurs=(
        saboteur("m - 1 in place of m", solve=mutants.one_individual_less),
        saboteur("the resident's advantage", solve=lambda mutant, rng: log_fixation(mutant, rng)[::-1]),
    ),
)


def symmetry(mutant: Mutant, log_rho: np.ndarray, less: int = 0) -> Sides:
    """log rho(u) - log rho(-u) against (m - 1) u."""
    ratio = identities.fixation_log_ratio(mutant.advantage, population_size=mutant.population_size - less)
    return Sides(log_rho[0] - log_rho[1], ratio, rounding=2 * log_rounding(mutant))


AR_T3 = Statement(
    id="alpha_rank/AR-T3",
    title="Fixation probabilities there and back",
    source=Derived(identities.fixation_log_ratio),
    tex=r"\rho_m(u) / \rho_m(-u) = e^{(m-1)u}",
    hypotheses={"two or more individuals": lambda mutant: mutant.population_size >= 2},
    instances=MUTANTS,
    solve=log_fixation,
    claim=Identity(symmetry),
    saboteurs=(
        saboteur("exponent (m - 2) u", claim=Identity(partial(symmetry, less=1))),
        saboteur("m - 1 in place of m", solve=mutants.one_individual_less),
    ),
)


def log_fixation_of_two(mutant: Mutant, rng: np.random.Generator) -> np.ndarray:
    """Log rho at u, at an advantage larger by h, and without an advantage."""
    u = np.array([mutant.advantage, mutant.advantage + mutant.step, 0.0])
    return fixation_probability(u, population_size=mutant.population_size, log=True)


def slope(mutant: Mutant, log_rho: np.ndarray, factor: float = 1.0) -> Sides:
    """0 <= log rho(u + h) - log rho(u) <= (m - 1) h, from log rho(0) = -log m."""
    rise, most = log_rho[1] - log_rho[0], factor * (mutant.population_size - 1) * mutant.step
    neutral = -math.log(mutant.population_size)
    return Sides([0.0, rise, neutral, log_rho[2]], [rise, most, log_rho[2], neutral], rounding=2 * log_rounding(mutant))


AR_T3_SLOPE = Statement(
    id="alpha_rank/AR-T3-slope",
    title="Log fixation probability rises, by at most m - 1",
    source=Derived(identities.fixation_log_ratio),
    tex=r"0 \le \mathrm d \log\rho_m / \mathrm du \le m - 1",
    hypotheses={"two or more individuals": lambda mutant: mutant.population_size >= 2},
    instances=MUTANTS,
    solve=log_fixation_of_two,
    claim=Inequality(slope),
    saboteurs=(
        saboteur("9/10 of the slope", claim=Inequality(partial(slope, factor=0.9))),
        saboteur("a hundred individuals more", solve=mutants.a_hundred_more),
    ),
    notes="Finite increments, so that no derivative is approximated.",
)
