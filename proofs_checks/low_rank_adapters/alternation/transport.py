"""Momentum of alternating half-steps, and other factors of one product."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.bounds import Derived, Draws, Family, Identity, Sides, Statement, formula, saboteur
from lrtheory.low_rank_adapters.training.steps import _Projection
from proofs_checks.low_rank_adapters.families.factors import (
    FULL,
    Factors,
    allowance,
    beside,
    draw_factors,
    factors,
    independent,
    norm,
    rank,
    worst,
)
from proofs_checks.low_rank_adapters.families.moves import Pair, run
from proofs_checks.low_rank_adapters.families.rationals import flint_matrix, pseudo_inverse, rational

#: half-steps of a run
LENGTH = 4


def path(case: Run) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the factors at the start and after each half-step without momentum, by pseudo-inverses."""
    B, A, s = case.B, case.A, case.scale
    found = [(B, A)]
    for t in range(LENGTH):
        G = s * (B @ A) - case.M
        if t % 2 == 0:
            A = A - case.step_size * np.linalg.pinv(B) @ G / s
        else:
            B = B - case.step_size * G @ np.linalg.pinv(A) / s
        found.append((B, A))
    return found


def conditions(case: Run) -> float:
    """Return the largest condition of a factor on the way."""
    return max(worst(X) for pair in path(case) for X in pair)


@dataclass(frozen=True)
class Run(Factors):
    """Factors with a target, beside a matrix T of shape (r, r) by which they are written anew, and a momentum."""

    T: np.ndarray = None  # type: ignore[assignment]
    momentum: float = 0.0

    @property
    def start(self) -> tuple[np.ndarray, np.ndarray]:
        """The factors B T and T^{-1} A."""
        return self.B @ self.T, np.linalg.solve(self.T, self.A)

    @property
    def allowed(self) -> float:
        """Return the rounding that a product on the way may have in doubles."""
        return allowance(self.M, self.load * conditions(self) ** 2 * worst(self.T) ** 2, LENGTH)


def long_run(case: Run, rng: np.random.Generator | None = None, n_steps: int = LENGTH) -> list[Pair]:
    """Return the factors after each alternating half-step with the momentum of the instance."""
    return run(case.B, case.A, case, n_steps, method="altlora", momentum=case.momentum)


def keeps_rank(case: Run) -> bool:
    """Decide whether both factors keep full rank, far from the last digits, on the way."""
    return all(bool(np.linalg.svd(X, compute_uv=False)[-1] > 1e-3 * norm(X)) for pair in path(case) for X in pair)


def is_turned(case: Run) -> bool:
    """Decide whether T is finite and nonsingular, of shape (r, r), and the momentum is in [0, 1)."""
    T, r = np.asarray(case.T), case.B.shape[1]
    fits = T.shape == (r, r) and T.dtype.kind in "if" and bool(np.isfinite(T).all())
    return bool(fits and rank(T) == r and worst(T) < 1e3 and 0 <= case.momentum < 1)


def run_of(case: Factors, draws: Draws) -> Run:
    """Add a matrix T and a momentum to factors."""
    r = case.B.shape[1]
    T = independent(draws.integers(-2, 2, shape=(r, r)).astype(float))
    step = draws.choice((0.5, 0.25, 1.25))
    return Run(case.B, case.A, case.M, case.scale, step, T, draws.choice((0.0, 0.5, 0.75)))


def draw_run(draws: Draws) -> Run:
    """Draw a run of small integers."""
    return run_of(draw_factors(draws), draws)


def runs() -> tuple[Run, ...]:
    """Return runs with and without momentum, from factors that are written anew by triangles."""
    found = []
    for case, momentum in zip(factors(), (0.5, 0.0, 0.75, 0.5, 0.0, 0.5), strict=True):
        T = np.array([[2.0, 1.0], [0.0, 1.0]])[: case.B.shape[1], : case.B.shape[1]]
        found.append(Run(case.B, case.A, case.M, case.scale, 0.5, T, momentum))
    return tuple(found)


#: the same with a momentum in each run
MOVING = Family(
    "moving-runs",
    always=lambda: tuple(replace(one, momentum=0.5) for one in runs()),
    draw=lambda draws: replace(draw_run(draws), momentum=draws.choice((0.5, 0.75))),
)

EARLIER = 'B.moved(self.state.earlier["B"])'


@formula()
def transported(B: ArrayLike, before: ArrayLike, M_A: ArrayLike) -> np.ndarray:
    r"""B^+ B_prev M_A, the momentum M_A of the left factor `before`, B_prev, for the left factor B.

    Proof
    -----
    Assumes: B has full column rank, for uniqueness (a hypothesis of AL-2).

    Proof: X minimizes \|B X - B_prev M_A\| if and only if B^T B X = B^T B_prev M_A, and X = B^+ B_prev M_A satisfies
    these normal equations, since B^T B B^+ = B^T.
    """
    now, old, M = rational("B", B), rational("before", before), rational("M_A", M_A)
    if now.shape != old.shape:
        raise must("before", "of the shape of `B`", old.shape)
    if M.shape[0] != now.shape[1]:
        raise must("M_A", f"of shape ({now.shape[1]}, n)", M.shape)
    return np.asarray(pseudo_inverse(now) @ (old @ M))


def is_transported(case: Run, found: list[Any], keep: bool = False) -> Sides:
    """Compare the second step of A with the transported momentum of the first one and the gradient at its place."""
    (B0, A0), (_, A1), (B1, _), (_, A2) = (tuple(map(np.asarray, pair)) for pair in found)
    G0, G2 = (case.scale * (B @ A) - case.M for B, A in ((B0, A0), (B1, A1)))
    fresh, beta, s = 1 - case.momentum, case.momentum, case.scale
    first = fresh * transported(B0, B0, np.linalg.pinv(B0) @ G0 / s).astype(float)
    carried = first if keep else transported(B1, B0, first).astype(float)
    second = beta * carried + fresh * np.linalg.pinv(B1) @ G2 / s
    pairs = [(B0, case.B), (A0, case.A), (B1 @ (A1 - A0), -case.step_size * B1 @ first)]
    pairs += [(B1 @ (A2 - A1), -case.step_size * B1 @ second)]
    G1, carrier = s * (B0 @ A1) - case.M, np.linalg.pinv(A1)
    pairs += [((B1 - B0) @ A1, -case.step_size * fresh * G1 @ carrier @ A1 / s)]
    return beside(pairs, [case.allowed / min(1.0, abs(s))] * len(pairs))


AL_2 = Statement(
    id="low_rank_adapters/AL-2",
    title="Momentum is transported to the new factor by least squares",
    says=(
        "Before an A half-step its momentum M_A, which belongs to the left factor B_prev, becomes B^+ B_prev M_A for "
        "the left factor B that there is now. That is the X for which B X is nearest to B_prev M_A, the velocity of "
        "the merged weight; with the momentum beta, M_A is then beta times it plus (1 - beta) B^+ G / s."
    ),
    source=Derived(transported),
    tex=r"B^+B_{\mathrm{prev}}M_A = \arg\min_X \|BX - B_{\mathrm{prev}}M_A\|",
    hypotheses=FULL | {"a matrix T and a momentum": is_turned, "full rank on the way": keeps_rank},
    instances=MOVING,
    solve=partial(long_run, n_steps=3),
    claim=Identity(is_transported),
    decisions=("*",),
    saboteurs=(
        saboteur("momentum stays as it is", claim=Identity(partial(is_transported, keep=True))),
        saboteur("transport is left out", patch=(_Projection._right, EARLIER + " @ old", "1.0 * old")),
        saboteur(
            "transport by the transpose",
            patch=(_Projection._right, EARLIER, f"transposed({EARLIER})"),
        ),
    ),
)


def turned(
    case: Run, rng: np.random.Generator | None = None, method: str = "altlora", ridge: float = 0.0
) -> dict[str, list[Pair]]:
    """Return the runs from both writings of the product."""
    options = {"method": method, "ridge": ridge, "momentum": case.momentum}
    starts = {"plain": (case.B, case.A), "turned": case.start}
    return {name: run(B, A, case, LENGTH, **options) for name, (B, A) in starts.items()}


RUNS = Family("turned-runs", always=runs, draw=draw_run)


@formula()
def changed_gauge(B: ArrayLike, A: ArrayLike, T: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """B T and T^{-1} A, other factors of the same product.

    Proof
    -----
    Assumes: both factors keep full rank r on the way (a hypothesis of AL-3).

    Proof: let B~ = B T and A~ = T^{-1} A at some time. G depends on the product alone. Then B~^+ = T^{-1} B^+ (full
    column rank) and A~^+ = A^+ T (full row rank), so g~_A = B~^+ G / s = T^{-1} g_A, and g~_B = g_B T. Momenta follow
    by induction: if M~_A = T^{-1} M_A then B~^+ B~_prev M~_A = T^{-1} B^+ B_prev M_A. So the new factors are again B T
    and T^{-1} A, with the same product.
    """
    left, right, square = rational("B", B), rational("A", A), rational("T", T)
    r = left.shape[1]
    if square.shape != (r, r) or right.shape[0] != r or flint_matrix(square).rank() < r:
        raise must("T", f"a nonsingular matrix of shape ({r}, {r}), as the factors have it", T)
    return left @ square, np.asarray(pseudo_inverse(square) @ right)


def one_way(case: Run, found: dict[str, Any]) -> Sides:
    """Compare the products of both runs after each half-step, and their starts with those of the instance."""
    pairs = [(found["plain"][0][0] @ found["plain"][0][1], case.B @ case.A)]
    pairs += [(B @ A, C @ D) for (B, A), (C, D) in zip(found["plain"], found["turned"], strict=True)]
    last = found["turned"][0]
    B, A = (np.asarray(X, float) for X in changed_gauge(case.B, case.A, case.T))
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
    source=Derived(changed_gauge),
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
