r"""Theory of dual mirror descent: the constants and right-hand sides of its theorems, as plain functions.

Notation: T requests, m resources with rates rho = budget / T, rewards in [0, reward_bound], costs in [0, cost_bound],
prices mu_t, gradients g_t = rho - b_t, the dual function D_t(mu) = f*_t(mu) + mu . rho, Bregman divergence V_h, step
size eta, stopping time tau. Functions that need no log, exp or sqrt also take Fractions, the others balls.

`regret` has the bounds on the regret, `constants` what they are made of, `lemmas` and `identities` the steps of their
proofs, `known_optima` the optima of laws with a closed form, and `resources` the arguments with a number per resource.
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
from lrtheory.dual_mirror_descent.theory.identities import (
    adversarial_step,
    change_of_units,
    conjugate_difference,
    fluid_bound,
    lazy_entropy,
    pacing_bid,
    path_identity,
    weak_duality,
)
from lrtheory.dual_mirror_descent.theory.known_optima import (
    corrupted_total_variation,
    markov_mixing,
    phase_ratio,
    three_point_hindsight,
    three_point_online,
    uniform_fluid,
    uniform_hindsight,
)
from lrtheory.dual_mirror_descent.theory.lemmas import (
    depletion_bound,
    mirror_descent_bound,
    mirror_descent_error,
    movement_bound,
    violation_bound,
)
from lrtheory.dual_mirror_descent.theory.regret import (
    Bound,
    capped_entropy_bound,
    decomposition_bound,
    fair_regret_bound,
    regret_bound,
)
from lrtheory.dual_mirror_descent.theory.resources import default_init

__all__ = [
    "Bound",
    "Constants",
    "adversarial_step",
    "bregman",
    "capped_entropy_bound",
    "change_of_units",
    "conjugate_difference",
    "corrupted_total_variation",
    "decomposition_bound",
    "default_init",
    "depletion_bound",
    "fair_regret_bound",
    "fluid_bound",
    "gradient_bound",
    "lazy_entropy",
    "markov_mixing",
    "mirror_descent_bound",
    "mirror_descent_error",
    "movement_bound",
    "pacing_bid",
    "path_identity",
    "phase_ratio",
    "price_bound",
    "regret_bound",
    "regret_constants",
    "step_size",
    "three_point_hindsight",
    "three_point_online",
    "uniform_fluid",
    "uniform_hindsight",
    "violation_bound",
    "weak_duality",
]
