"""The number of half-steps for targets of any condition."""

from __future__ import annotations

import numpy as np

from lrtheory.bounds import Family, Measured, Rate, Statement, saboteur
from proofs_checks.low_rank_adapters.families.factors import norm
from proofs_checks.low_rank_adapters.families.moves import Pair, optimizer, pair
from proofs_checks.low_rank_adapters.families.steps import Conditioned

#: half-steps after which a run gives up
MOST = 24


def drawn_starts(case: Conditioned, rng: np.random.Generator, n: int) -> Pair:
    """Draw Gaussian factors of n runs, of the size at which training starts."""
    shapes = (n, case.side, case.rank), (n, case.rank, case.side)
    left, right = (rng.standard_normal(shape) / np.sqrt(case.side) for shape in shapes)
    return left, right


def climbed(case: Conditioned, rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Return the factors of n runs of alternating half-steps at all times; a run that has arrived stays there."""
    traces, target, size = [], case.target, np.linalg.norm(case.target)
    for left, right in zip(*drawn_starts(case, rng, n), strict=True):
        running, found = optimizer(left, right, 1.0, method="altlora", step_size=case.step_size), [(left, right)]
        for _ in range(MOST):
            R = found[-1][0] @ found[-1][1] - target
            if np.linalg.norm(R) > 1e-7 * size:
                running.step(R)
            found.append(pair(running))
        traces.append([np.stack(parts) for parts in zip(*found, strict=True)])
    return {name: np.stack(parts) for name, parts in zip("BA", zip(*traces, strict=True), strict=True)}


CONDITIONED = Family("target-conditions", always=tuple(Conditioned(kappa) for kappa in (1.0, 30.0, 1000.0)))


def is_conditioned(case: Conditioned) -> bool:
    """Decide whether the condition is at least 1 and the rank fits."""
    return case.kappa >= 1 and 1 < case.rank <= case.side and 0 < case.step_size < 2


Found = dict[str, np.ndarray]


def descended(case: Conditioned, rng: np.random.Generator, n: int) -> Found:
    """Descend along plain gradients of both factors, 100 times, by steps of half the stable size."""
    (B, A), size = drawn_starts(case, rng, n), 0.5
    found = [(B, A)]
    for _ in range(100):
        G = B @ A - case.target
        B, A = B - size * G @ A.swapaxes(1, 2), A - size * B.swapaxes(1, 2) @ G
        found.append((B, A))
    return {name: np.stack(parts, axis=1) for name, parts in zip("BA", zip(*found, strict=True), strict=True)}


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
        saboteur("plain gradient descent", solve=descended),
        saboteur("grows with the root of the condition", claim=rate((0.45, 0.55))),
    ),
)
