"""Runs of alternating half-steps: two writings of one product, conditions, stalls, stability: AL-3, 4, 5, 9."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Measured, Rate, Sides, Statement, saboteur
from lrtheory.low_rank_adapters import theory
from proofs_checks.low_rank_adapters.families.factors import (
    UNSCALED,
    Factors,
    allowance,
    beside,
    has_full_rank,
    is_adapter,
    norm,
    worst,
)
from proofs_checks.low_rank_adapters.families.moves import (
    climbed,
    odd_parts,
    stalled,
    turned,
)
from proofs_checks.low_rank_adapters.families.steps import (
    CONDITIONED,
    RUNS,
    STALLED,
    Conditioned,
    Run,
    Stalled,
    is_conditioned,
    is_stalled,
    is_turned,
    keeps_rank,
)
from proofs_checks.low_rank_adapters.wrong_solvers import steps as wrong

Found = dict[str, np.ndarray]
FULL = {"an adapter and a matrix of its shape": is_adapter, "factors of full rank": has_full_rank}


def one_way(case: Run, found: dict[str, Any]) -> Sides:
    """Compare the products of both runs after each half-step, and their starts with those of the instance."""
    pairs = [(found["plain"][0][0] @ found["plain"][0][1], case.B @ case.A)]
    pairs += [(B @ A, C @ D) for (B, A), (C, D) in zip(found["plain"], found["turned"], strict=True)]
    last = found["turned"][0]
    B, A = (np.asarray(X, float) for X in theory.changed_gauge(case.B, case.A, case.T))
    allowed = [case.allowed / min(1.0, abs(case.scale))] * len(pairs)
    # factors have units of their own
    pairs += [(last[0], B), (last[1], A), (found["plain"][0][0], case.B)]
    return beside(pairs, allowed + [allowance(case.M, worst(case.T) * norm(X)) for X in (B, A, case.B)])


AL_3 = Statement(
    id="low_rank_adapters/AL-3",
    title="Alternating steps do not see how a product is written",
    says=(
        "Runs of alternating half-steps from the factors B, A and from B T, T^-1 A, with T nonsingular, have equal "
        "products B_t A_t at all times t, with momentum or without, as long as both factors keep their full rank."
    ),
    source=Derived(theory.changed_gauge),
    tex=r"(B, A) \to (BT, T^{-1}A) \Rightarrow B_tA_t \text{ unchanged}",
    hypotheses=FULL | {"a matrix T to write the factors anew": is_turned, "full rank on the way": keeps_rank},
    instances=RUNS,
    solve=turned,
    claim=Identity(one_way),
    saboteurs=(
        saboteur("plain gradient steps", solve=partial(turned, method="sgd")),
        saboteur("damped, as released by default", solve=partial(turned, ridge=1e-3), printed=True),
        saboteur("steps of Adam", solve=partial(turned, method="adam")),
    ),
    notes="Momentum that is not transported passes, since it turns with the factors; AL-2 sees it.",
)


def steps_to_solution(case: Conditioned, found: dict[str, np.ndarray]) -> np.ndarray:
    """Count the half-steps after which the residual of each run is a millionth of the target, from its factors.

    A run that does not arrive counts as its length times the condition.
    """
    products = found["B"] @ found["A"]
    left = np.linalg.norm(products - case.target, axis=(2, 3)) <= 1e-6 * norm(case.target)
    counts = np.where(left.any(axis=1), left.argmax(axis=1), left.shape[1] * case.kappa)
    return np.asarray(counts, float)


def rate(exponent: tuple[float, float]) -> Rate:
    """Claim the exponent of the number of half-steps as a power of the condition of the target."""
    return Rate(cost=steps_to_solution, size=lambda case: case.kappa, over=lambda case: 1.0, exponent=exponent)


AL_4 = Statement(
    id="low_rank_adapters/AL-4",
    title="The number of half-steps does not grow with the condition of the target",
    says=(
        "Alternating half-steps of size 7/8 from small Gaussian factors reduce the residual of a target of rank r to a "
        "millionth. How many of them that takes does not depend on the quotient kappa of its largest and its r-th "
        "singular value, while plain gradient descent takes a number that grows with kappa."
    ),
    source=Measured(
        "the power of kappa with which the number of half-steps grows, 0 within 0.1",
        "diagonal targets of rank 2 in 8 x 8 matrices with kappa from 1 to 1000",
        "lrtheory check low_rank_adapters/AL-4",
    ),
    tex=r"\#\{\text{half-steps}\} = \Theta(\kappa^0)",
    hypotheses={"a condition, a rank and a stable step": is_conditioned},
    instances=CONDITIONED,
    solve=climbed,
    claim=rate((-0.1, 0.1)),
    decisions=("B", "A"),
    may_vary=dict.fromkeys("BA", "how many steps a run makes is up to the solver, and the claim counts them"),
    saboteurs=(
        saboteur("plain gradient descent", solve=wrong.descended),
        saboteur("grows with the root of the condition", claim=rate((0.45, 0.55))),
    ),
)


def stays_behind(case: Stalled, found: list[Any], least: bool = False) -> Sides:
    """Compare squared residuals after each half-step with 1 + 4^-k, and the start; or claim that they end at 0."""
    (B, A), up = found[0], [0.0, 1.0]
    target = np.diag([1.0, 0.0])
    lhs = [norm(np.asarray(B) @ np.asarray(A) - target) ** 2 for B, A in found]
    rhs = [float(theory.stalled_energy(k)) for k in range(case.n_steps + 1)]
    residuals = (lhs, [4.0**-k for k in range(len(rhs))] if least else rhs)
    return beside([residuals, (np.ravel(B), up), (np.ravel(A), up)], allowance(target, 4.0, len(rhs)))


AL_5 = Statement(
    id="low_rank_adapters/AL-5",
    title="Factors of full rank may never reach the target",
    says=(
        "From B = e_2 and A = e_2^T, alternating half-steps of size 1/2 to the target e_1 e_1^T have the squared "
        "residual 1 + 4^-k after k half-steps, and never fall below 1, although both factors have full rank at all "
        "times: a start must not be orthogonal to the target."
    ),
    source=Derived(theory.stalled_energy),
    tex=r"\|B_kA_k - e_1e_1^\top\|^2 = 1 + 4^{-k}",
    hypotheses={"1 to 12 half-steps": is_stalled},
    instances=STALLED,
    solve=stalled,
    claim=Identity(stays_behind),
    decisions=("*",),
    saboteurs=(
        saboteur("full rank leads to the target", claim=Identity(partial(stays_behind, least=True))),
        saboteur("twice the step", solve=partial(stalled, step_size=1.0)),
    ),
)


def annihilated(case: Factors, found: dict[str, Any], joint: str = "joint") -> Sides:
    """Apply the polynomials with the stated zeros to three applications of each map, entry by entry."""
    pairs, lr, size = [], case.step_size, norm(case.M)
    for name in ("joint", "altlora"):
        x, y, z = theory.local_factors(lr, method=joint if name == "joint" else name)
        once, twice, thrice = (np.asarray(R, float) for R in found[name])
        pairs.append((thrice + (x * y + y * z + z * x) * once, (x + y + z) * twice + x * y * z * case.M))
        first, second = theory.projected(case.M, left=case.B), theory.projected(case.M, right=case.A)
        mixed = theory.projected(second, left=case.B).astype(float)
        one = case.M - lr * (first + second).astype(float) + (lr**2 * mixed if name == "altlora" else 0.0)
        pairs.append((once, one))
    growth = (2 + 4 * abs(lr)) ** 6
    return beside(pairs, allowance(case.M, growth * (case.load + size)))


AL_9 = Statement(
    id="low_rank_adapters/AL-9",
    title="Joint steps are stable at half the step size of alternating ones",
    says=(
        "Next to a solution B A = M a joint step of both factors multiplies residuals by 1, 1 - lr and 1 - 2 lr, and an"
        " A and then a B half-step by 1, 1 - lr and (1 - lr)^2: both linearized maps are roots of these cubics. The "
        "factor 1 belongs to residuals that factors cannot have there, so joint steps contract for lr below 1, and "
        "alternating ones for lr below 2."
    ),
    source=Derived(theory.local_factors),
    tex=r"(T-1)(T-(1-\eta))(T-(1-2\eta)) = 0 = (S-1)(S-(1-\eta))(S-(1-\eta)^2)",
    hypotheses=FULL | {"scale 1": lambda case: case.scale == 1},
    instances=UNSCALED,
    solve=odd_parts,
    claim=Identity(annihilated),
    decisions=("joint.*", "altlora.*"),
    saboteurs=(
        saboteur(
            "joint steps are as stable as alternating ones", claim=Identity(partial(annihilated, joint="altlora"))
        ),
        saboteur("twice the step", solve=partial(odd_parts, factor=2.0)),
    ),
    notes="A step with a gradient less the step with its negative, halved, is the linearized map, without remainder.",
)
