"""Half-steps that stall, and step sizes that are stable."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, Literal

import numpy as np

from lrtheory._numbers import exact
from lrtheory.bounds import Derived, Family, Identity, Number, Sides, Statement, formula, saboteur
from proofs_checks.low_rank_adapters.families.factors import FULL, UNSCALED, Factors, allowance, beside, norm
from proofs_checks.low_rank_adapters.families.moves import Pair, optimizer, pair, run
from proofs_checks.low_rank_adapters.projections.projected_steps import projected


@dataclass(frozen=True)
class Stalled:
    """The target e_1 e_1^T, the start e_2 e_2^T, half-steps of size 1/2, and their number."""

    n_steps: int


def stalled(case: Stalled, rng: np.random.Generator | None = None, step_size: float = 0.5) -> list[Pair]:
    """Return the factors after each half-step from the start that is orthogonal to the target."""
    up = np.array([[0.0], [1.0]])
    start = Factors(up, up.T.copy(), np.diag([1.0, 0.0]), 1.0, step_size)
    return run(start.B, start.A, start, case.n_steps, method="altlora")


STALLED = Family(
    "stalled-starts",
    always=tuple(Stalled(k) for k in range(1, 13)),
    complete="numbers of half-steps from 1 to 12, from the start e_2 e_2^T towards the target e_1 e_1^T",
    members=12,
    of=lambda case: 1,
)


def is_stalled(case: Stalled) -> bool:
    """Decide whether there are 1 to 12 half-steps."""
    return 1 <= case.n_steps <= 12


@formula(k="[0, inf)")
def stalled_energy(k: int) -> Fraction:
    r"""1 + 4^{-k}, the squared residual after k half-steps.

    Proof
    -----
    Assumes: M = e_1 e_1^T, B = e_2, A = e_2^T, lr = 1/2 and s = 1.

    Proof: the residual is diag(-1, c) with c = 1. P_B R = c e_2 e_2^T = R P_A, so each half-step halves c and touches
    nothing else: B and A stay multiples of e_2. After k half-steps \|R\|^2 = 1 + 4^{-k}, which is never below 1. Both
    factors have full rank all the time.
    """
    return 1 + Fraction(1, 4**k)


def stays_behind(case: Stalled, found: list[Any], least: bool = False) -> Sides:
    """Compare squared residuals after each half-step with 1 + 4^-k, and the start; or claim that they end at 0."""
    (B, A), up = found[0], [0.0, 1.0]
    target = np.diag([1.0, 0.0])
    lhs = [norm(np.asarray(B) @ np.asarray(A) - target) ** 2 for B, A in found]
    rhs = [float(stalled_energy(k)) for k in range(case.n_steps + 1)]
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
    source=Derived(stalled_energy),
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


def odd_parts(
    case: Factors, rng: np.random.Generator | None = None, factor: float = 1.0
) -> dict[str, list[np.ndarray]]:
    """Apply the linearized maps of both methods three times, by steps from the same factors."""
    lr = factor * case.step_size

    def joint(R: np.ndarray) -> np.ndarray:
        moved = []
        for sign in (1.0, -1.0):
            running = optimizer(case.B, case.A, 1.0, method="joint", step_size=lr)
            running.step(sign * R)
            moved.append(np.matmul(*pair(running)))
        return np.asarray(R + (moved[0] - moved[1]) / 2)

    def alternating(R: np.ndarray) -> np.ndarray:
        first, second = (optimizer(case.B, case.A, 1.0, method="altlora", step_size=lr) for _ in range(2))
        first.step(R)
        R = R + case.B @ (pair(first)[1] - case.A)
        second.step(0 * R)
        second.step(R)
        return np.asarray(R + (pair(second)[0] - case.B) @ case.A)

    found: dict[str, list[np.ndarray]] = {}
    for name, once in (("joint", joint), ("altlora", alternating)):
        R, found[name] = case.M, []
        for _ in range(3):
            R = once(R)
            found[name].append(R)
    return found


@formula(lr="(-inf, inf)")
def local_factors(lr: Number, method: Literal["altlora", "joint"]) -> tuple[Number, ...]:
    """The factors by which residuals next to a solution are multiplied by the steps that `method` names.

    The first belongs to residuals that no adapter near the solution can have, so that alternating contracts if and only
    if 0 < lr < 2, joint steps if and only if 0 < lr < 1.

    Proof
    -----
    Assumes: an exact solution B A = M with factors of full rank, and s = 1.

    Proof: to first order an A half-step takes R to R - lr P_B R, a B half-step to R - lr R P_A, and a joint step to R -
    lr (P_B R + R P_A). P_B from the left and P_A from the right are commuting projectors, so they have common
    eigenspaces with eigenvalues p and q in {0, 1}: the alternating map has the eigenvalues (1 - lr p)(1 - lr q) there,
    the joint one 1 - lr (p + q). The space with p = q = 0 is normal to the set of products of factors, and residuals of
    products next to the solution lie in the others.
    """
    lr = exact(lr)
    once = 1 - lr
    return (1, once, once * once if method == "altlora" else 1 - 2 * lr)


def annihilated(case: Factors, found: dict[str, Any], joint: str = "joint") -> Sides:
    """Apply the polynomials with the stated zeros to three applications of each map, entry by entry."""
    pairs, lr, size = [], case.step_size, norm(case.M)
    for name in ("joint", "altlora"):
        x, y, z = local_factors(lr, joint if name == "joint" else name)
        once, twice, thrice = (np.asarray(R, float) for R in found[name])
        pairs.append((thrice + (x * y + y * z + z * x) * once, (x + y + z) * twice + x * y * z * case.M))
        first, second = projected(case.M, case.B), projected(case.M, A=case.A)
        mixed = projected(second, case.B).astype(float)
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
    source=Derived(local_factors),
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
