"""Weights in training that are truncated at every step, and weights whose singular values are scaled and shifted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.linalg import hadamard

from lrtheory.bounds import Draws, Family, Tight, rounding
from lrtheory.matrix_compression import prune_step, salt_to_adapter
from proofs_checks.matrix_compression.families.exact import energies
from proofs_checks.matrix_compression.families.stacks import nudged

#: how often a weight is truncated twice more
TIMES = 3
#: orthonormal vectors of halves
SIGNS = hadamard(4) / 2.0


@dataclass(frozen=True)
class Step:
    """A weight W, the step D that its truncation takes, and the share e of the energy that may be lost."""

    W: np.ndarray
    D: np.ndarray
    share: float

    @property
    def start(self) -> np.ndarray:
        """T, the truncation of W."""
        return cut(self.W, kept(self.W, self.share))

    @property
    def limit(self) -> float:
        """sqrt(e) |T|."""
        return float(np.sqrt(self.share) * np.linalg.norm(self.start))

    @property
    def allowed(self) -> float:
        """The rounding in doubles of norms of the weights."""
        return float(rounding(64 * (sum(self.W.shape) + 8), np.linalg.norm(self.W) + np.linalg.norm(self.D)))


def tails(matrix: np.ndarray) -> np.ndarray:
    """Return for every rank from 0 on the share of the energy that the best approximation leaves, certified."""
    values = energies(matrix)
    left = np.append(np.cumsum(values[::-1])[::-1], 0.0)
    return left / left[0] if left[0] > 0 else left


def kept(matrix: np.ndarray, share: float) -> int:
    """Return the smallest rank that leaves at most a share of the energy."""
    return int(np.argmax(tails(matrix) <= share))


def cut(matrix: np.ndarray, rank: int) -> np.ndarray:
    """Return the best approximation of a rank."""
    U, s, Vt = np.linalg.svd(matrix, full_matrices=False)
    return np.asarray(U[:, :rank] * s[:rank] @ Vt[:rank])


def is_step(case: Step) -> bool:
    """Decide whether both matrices are finite and of one shape, and the share is between 0 and 1."""
    W, D = np.asarray(case.W), np.asarray(case.D)
    fits = (
        W.ndim == 2 and W.shape == D.shape and 0 not in W.shape and bool(np.isfinite(W).all() and np.isfinite(D).all())
    )
    return bool(fits and 0 < case.share < 1)


def is_clear(case: Step) -> bool:
    """Decide whether no rank, and not the question whether a step is short, hangs on the last digits."""

    def apart(matrix: np.ndarray) -> bool:
        values, left = energies(matrix), tails(matrix)
        k = int(np.argmax(left <= case.share))
        # an approximation is one matrix alone where the next value is smaller
        gap = 0 < k < len(values) and values[k] > (1 - 1e-6) * values[k - 1]
        return not gap and bool((np.abs(left[:-1] - case.share) > 1e-9).all())

    if not apart(case.W) or not apart(case.start + case.D):
        return False
    return abs(float(np.linalg.norm(case.D)) - case.limit) > 1e-9 * case.limit or not case.D.any()


def pruned(case: Step, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the library's weight after the step, and all that it says of it."""
    found = prune_step(case.W, case.D, keep_energy=1 - case.share)
    return {name: getattr(found, name) for name in ("W", "rank", "rank_before", "safe", "step_norm", "limit", "lost")}


def drifted(case: Step, rng: np.random.Generator | None = None) -> list[np.ndarray]:
    """Return the weights after 2, 4, .. truncations, by steps of 0."""
    made, W = [], case.W
    for _ in range(TIMES):
        W = prune_step(W, np.zeros_like(W), keep_energy=1 - case.share).W
        made.append(np.asarray(W))
    return made


def towards(W: np.ndarray, share: float, length: float) -> Step:
    """Make the step that can raise the rank soonest, with a length in units of the limit."""
    k = kept(W, share)
    U, _, Vt = np.linalg.svd(W)
    T = cut(W, k)
    D = -share * T
    if k < min(W.shape):
        D = D + np.sqrt(share * (1 - share)) * np.linalg.norm(T) * np.outer(U[:, k], Vt[k])
    return Step(W, length * D, share)


def draw_step(draws: Draws) -> Step:
    """Draw a weight, and a step of a length around the limit: in the worst direction or any other."""
    m, n = draws.integers(3, 6), draws.integers(3, 6)
    # most weights are near a matrix of rank 1, so that there is a rank to gain
    W = np.outer(draws.integers(-9, 9, shape=(m,)), draws.integers(1, 9, shape=(n,))) / 4
    W = W + draws.integers(-3, 3, shape=(m, n)) / draws.choice((2, 4, 8))
    share, length = draws.choice((0.01, 0.0625, 0.25)), draws.choice((0.5, 0.9, 0.99, *(0.999,) * 4, 1.0005))
    unit = 2.0 ** draws.choice((0, 0, -40, 40))
    if draws.choice((True, False)):
        case = towards(W, share, length)
    else:
        D = np.asarray(draws.integers(-3, 3, shape=(m, n)), float)
        size = float(np.linalg.norm(D))
        case = Step(W, D * (length * Step(W, D, share).limit / size) if size else D, share)
    return replace(case, W=unit * case.W, D=unit * case.D)


def climb_step(case: Step, draws: Draws) -> Step:
    """Change one entry of the step."""
    return replace(case, D=nudged(case.D, draws, part=32))


def drifting() -> Step:
    """Make squared singular values 1, .1, .09: the first truncation at e = .1 drops one, the second another."""
    return Step(np.diag(np.sqrt([1.0, 0.1, 0.09])), np.zeros((3, 3)), 0.1)


def steps() -> tuple[Step, ...]:
    """Return the smallest step, the worst direction on both sides of the limit, and the published rule's example."""
    W = np.diag([4.0, 0.0])
    return (
        Step(np.array([[2.0]]), np.array([[0.5]]), 0.25),
        towards(W, 0.25, 0.999),
        towards(W, 0.25, 1.0005),
        towards(W, 0.25, 1.5),
        Step(np.diag([3.0, 0.5, 0.2]), np.diag([0.0, 0.1, 0.0]), 0.04),
        Step(np.array([[3.0, 1.0], [1.0, -2.0]]), np.array([[0.0, 1.0], [0.0, 0.0]]), 0.01),
        drifting(),
    )


STEPS = Family(
    "training-steps",
    always=steps,
    tight=(Tight(towards(np.diag([4.0, 0.0]), 0.25, 0.9995), 1, 1),),
    draw=draw_step,
    climb=climb_step,
)
DRIFTS = Family(
    "repeated-truncations",
    always=lambda: (drifting(), *[replace(one, D=0 * one.D) for one in steps()[:6]]),
    draw=lambda draws: replace(draw_step(draws), share=draws.choice((0.0625, 0.25, 0.5))),
)


@dataclass(frozen=True)
class Salted:
    """A weight U diag(s) V^T, the scales a and shifts b of its leading values, X and Y for the others, and a rank."""

    U: np.ndarray
    s: np.ndarray
    Vt: np.ndarray
    a: np.ndarray
    b: np.ndarray
    X: np.ndarray
    Y: np.ndarray
    rank: int

    @property
    def moved(self) -> np.ndarray:
        """The numbers that a and b add to the leading singular values."""
        return np.asarray((self.a - 1) * self.s[: len(self.a)] + self.b)

    @property
    def update(self) -> np.ndarray:
        """The update of the weight, from the middle matrix."""
        k, middle = len(self.a), np.zeros((len(self.s),) * 2)
        middle[:k, :k] = np.diag(self.moved)
        middle[k:, k:] = self.X @ self.Y
        return np.asarray(self.U @ middle @ self.Vt)

    @property
    def values(self) -> np.ndarray:
        """The singular values that the update has: |(a - 1) s + b| and those of X Y, the largest first."""
        inner = energies(self.X @ self.Y) if self.X.size else np.zeros(0)
        return np.sort(np.r_[np.abs(self.moved), np.sqrt(inner)])[::-1]

    @property
    def allowed(self) -> float:
        """The rounding in doubles of norms of the update."""
        load = np.abs(self.moved).sum() + np.linalg.norm(self.X) * np.linalg.norm(self.Y)
        load += np.abs(self.a * self.s[: len(self.a)]).sum() + np.abs(self.b).sum()
        # Gram matrices of factors in an uneven gauge may lose the root of what they can tell apart
        return float(rounding(1024 * (sum(self.U.shape) + self.Vt.shape[1] + 8), load))


def is_salted(case: Salted) -> bool:
    """Decide whether there is a decomposition with decreasing values, and a, b, X and Y fit it."""
    shaped = all(np.ndim(x) == 1 for x in (case.s, case.a, case.b)) and all(np.ndim(x) == 2 for x in (case.X, case.Y))
    if not shaped:
        return False
    p, k = len(case.s), len(case.a)
    shapes = case.U.ndim == case.Vt.ndim == 2 and case.U.shape[1] == case.Vt.shape[0] == p and k == len(case.b) <= p
    if not shapes or case.X.shape != (p - k, case.Y.shape[0]) or case.Y.shape[1] != p - k or case.rank < 0:
        return False
    finite = all(np.isfinite(x).all() for x in (case.U, case.s, case.Vt, case.a, case.b, case.X, case.Y))
    even = all(np.abs(Q.T @ Q - np.eye(p)).max(initial=0.0) < 1e-14 for Q in (case.U, case.Vt.T))
    return bool(finite and even and (case.s >= 0).all() and (np.diff(case.s) <= 0).all())


def as_adapter(case: Salted, rng: np.random.Generator | None = None, whole: bool = True) -> dict[str, Any]:
    """Return the library's adapter of full rank, or that of the rank of the instance, with all its singular values."""
    factors = (case.X, case.Y) if len(case.s) > len(case.a) and case.X.shape[1] else None
    rank = None if whole else case.rank
    found = salt_to_adapter((case.U, case.s, case.Vt), case.a, case.b, factors=factors, rank=rank)
    return {"B": found.B, "A": found.A, "values": found.singular_values}


def draw_salted(draws: Draws) -> Salted:
    """Draw a weight whose singular vectors are signs, with any number of values that are scaled."""
    p = draws.integers(1, 4)
    U = SIGNS[:, draws.permutation(4)[:p]] * draws.choice((-1.0, 1.0))
    Vt = SIGNS[draws.permutation(4)[:p]]
    s = np.sort(draws.integers(0, 6, shape=(p,)))[::-1].astype(float)
    k, r = draws.integers(0, p), draws.integers(1, 2)
    a, b = draws.integers(-2, 4, shape=(k,)) / 2.0, draws.integers(-3, 3, shape=(k,)).astype(float)
    X, Y = (draws.integers(-2, 2, shape=shape).astype(float) for shape in ((p - k, r), (r, p - k)))
    return Salted(U, s, Vt, a, b, X, Y, draws.integers(0, p))


def salts() -> tuple[Salted, ...]:
    """Return the smallest one, one that is not changed at all, and some with both parts, one of them negative."""
    one = np.array([[1.0]])
    none = np.zeros((0, 1)), np.zeros((1, 0))
    X, Y = np.array([[1.0], [2.0]]), np.array([[1.0, -1.0]])
    both = Salted(
        SIGNS, np.array([4.0, 3.0, 2.0, 1.0]), SIGNS[::-1].copy(), np.array([1.5, 0.5]), np.array([0.5, -1.0]), X, Y, 2
    )
    return (
        Salted(one, np.array([2.0]), one, np.array([2.0]), np.array([1.0]), *none, 1),
        Salted(one, np.array([2.0]), one, np.array([1.0]), np.array([0.0]), *none, 0),
        both,
        replace(both, U=-SIGNS, rank=1),
        replace(both, a=np.array([0.0, 2.0]), rank=3),
    )


SALTS = Family("scaled-spectra", always=salts, draw=draw_salted)
