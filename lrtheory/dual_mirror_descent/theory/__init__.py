"""Bounds on the regret, constants that they are made of, and optima in closed form, as plain functions.

`regret` has the bounds on the regret, `constants` what they are made of, `known_optima` the optima of laws with a
closed form, and `resources` the arguments with a number per resource.

Notation: T requests, m resources with rates rho = budget / T, rewards in [0, reward_bound], costs in [0, cost_bound],
prices mu_t, gradients g_t = rho - b_t, the dual function D_t(mu) = f*_t(mu) + mu . rho, Bregman divergence V_h, step
size eta, stopping time tau. Functions that need no log, exp or sqrt also take Fractions, the others balls. A formula
takes what the line Domain of its help says. It refuses other kinds of arguments by a TypeError and other values by a
ValueError, in a sentence that begins with the argument. Formulas that one statement alone needs stand beside it in
`proofs_checks`.

To plan with, before anything runs:

=================  =================================================================================================
regret_bound       how much a run may lose to the optimum in hindsight
step_size          how large the steps should be
price_bound        how high prices can rise
uniform_fluid      how much a budget is worth at most, where rewards are uniform
uniform_hindsight  how much it is worth on average, where rewards are uniform
phase_ratio        how much of the optimum no policy keeps on phases
=================  =================================================================================================
"""

from __future__ import annotations

from lrtheory.dual_mirror_descent.theory.constants import (
    Constants,
    bregman,
    gradient_bound,
    price_bound,
    regret_constants,
    step_size,
)
from lrtheory.dual_mirror_descent.theory.known_optima import (
    corrupted_total_variation,
    markov_mixing,
    phase_ratio,
    uniform_fluid,
    uniform_hindsight,
)
from lrtheory.dual_mirror_descent.theory.regret import Bound, regret_bound
from lrtheory.dual_mirror_descent.theory.resources import default_init

__all__ = [
    "Bound",
    "Constants",
    "bregman",
    "corrupted_total_variation",
    "default_init",
    "gradient_bound",
    "markov_mixing",
    "phase_ratio",
    "price_bound",
    "regret_bound",
    "regret_constants",
    "step_size",
    "uniform_fluid",
    "uniform_hindsight",
]
