"""Steps that leave alone what old inputs use, and what they leak."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import plain
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from proofs_checks.continual_learning.families.matrices import largest
from proofs_checks.continual_learning.families.rows import HADAMARD
from proofs_checks.continual_learning.families.subspaces import (
    LAYOUTS,
    OTHER_SIDE,
    STEPS,
    Guarded,
    begun,
    guarded,
    is_guarded,
    leak_error,
    misprojected,
    of_rows,
    oriented,
)
from proofs_checks.continual_learning.families.training import (
    DECAY,
    OPTIMIZERS,
    Training,
    columns,
    is_training,
    of_arrays,
    steps,
)
from proofs_checks.guards import misfit, square


@dataclass(frozen=True)
class Exact(Guarded):
    """Inputs and a change beside a basis M (d, k) of halves, as columns, whose span holds all old inputs."""

    M: np.ndarray = None  # type: ignore[assignment]


def is_exact(case: Exact) -> bool:
    """Decide whether doubles compute with it exactly, M^T M = I, and all old inputs are in the span of M."""
    arrays = (case.X, case.W, case.change, case.M)
    dyadic = all(bool((16 * x == np.round(16 * x)).all() and (np.abs(x) < 64).all()) for x in arrays)
    if not is_guarded(case) or not dyadic or case.M.shape != (case.X.shape[1], case.k):
        return False
    spans = np.array_equal(case.X @ case.M @ case.M.T, case.X)
    return bool(np.array_equal(case.M.T @ case.M, np.eye(case.k)) and spans)


Found = dict[str, Any]


def guarded_exactly(case: Exact, rng: np.random.Generator | None = None) -> Found:
    """Let the library make the step harmless to the basis of the instance."""
    return {"after": np.asarray(begun(case).protect_step(case.W, case.W + case.change))}


def exact_of(columns: tuple[int, ...], parts: Any, W: Any, change: Any, layout: str) -> Exact:
    """Return an instance whose basis has some columns of a Hadamard matrix, and inputs with given coordinates."""
    M = np.ascontiguousarray(HADAMARD.T[:, list(columns)])
    plain = of_rows(2 * np.asarray(parts, float) @ M.T, len(columns), W, change, layout)
    return Exact(plain.X, plain.k, plain.W, plain.change, layout, M)


def draw_exact(draws: Draws) -> Exact:
    """Draw inputs in the span of up to 3 columns of a Hadamard matrix, and weights of small integers."""
    k, T, p = draws.integers(1, 3), draws.integers(1, 5), draws.integers(1, 5)
    columns = tuple(int(j) for j in draws.permutation(4)[:k])
    parts = draws.integers(-3, 3, shape=(T, k))
    W, change = (draws.integers(-4, 4, shape=(4, p)) for _ in range(2))
    return exact_of(columns, parts, W, change, draws.choice(LAYOUTS))


def exact_steps() -> tuple[Exact, ...]:
    """Return a step for one protected direction, and square weights in both layouts."""
    chance = np.random.default_rng(0)
    W, change = chance.integers(-4, 5, (2, 4, 4))
    return (
        exact_of((0,), [[1]], np.zeros((4, 1)), [[1], [0], [0], [0]], "rows"),
        exact_of((1, 3), [[1, 2], [0, 3]], W, change, "rows"),
        exact_of((1, 3), [[1, 2], [0, 3]], W, change, "torch"),
        exact_of((0, 2, 3), [[1, -1, 2]], W[:, :2], change[:, :2], "torch"),
    )


def unit_steps() -> Iterator[Exact]:
    """Yield all bases of one to three columns of a Hadamard matrix, and changes of one of 16 weights, by layout."""
    bases = [one for k in (1, 2, 3) for one in itertools.combinations(range(4), k)]
    for basis, place, layout in itertools.product(bases, range(16), LAYOUTS):
        change = (np.arange(16) == place).astype(float).reshape(4, 4)
        yield exact_of(basis, np.eye(len(basis)), np.ones((4, 4)), change, layout)


EXACT = Family("exact-protected-steps", always=exact_steps, draw=draw_exact)


def unprotected(case: Exact, rng: np.random.Generator | None = None) -> Found:
    """Take the proposed step."""
    return {"after": case.W + case.change}


#: a projection of the weights themselves
WEIGHTS = (SubspaceProtector.protect_step, "start + self._projected(xp, end - start)", "self._projected(xp, end)")


def leaves_outputs(case: Exact, found: Found) -> Sides:
    """Compare the change of old outputs with 0, and what the step keeps with the proposed step outside of the span."""
    moved = oriented(found["after"], case.layout) - oriented(case.W, case.layout)
    kept = case.raw - case.M @ (case.M.T @ case.raw)
    lhs = np.concatenate([(case.X @ moved).ravel(), moved.ravel()])
    return Sides(lhs, np.concatenate([0 * (case.X @ moved).ravel(), kept.ravel()]))


@formula(missed="[0, inf)", largest="[0, inf)")
def leak_limit(missed: Number, largest: Number) -> Number:
    r"""|X dW|^2 is at most this.

    `missed` is |X - X M M^T|^2, and `largest` the squared largest singular value of dW.

    It is 0 where M spans the rows of X.

    Proof
    -----
    Assumes: M^T dW = 0, which a projected step has (the statements check it).

    Proof: X dW = (X - X M M^T) dW, and \|Y dW\| <= \|Y\| \|dW\|_2 for every Y.
    """
    return plain(missed * largest)


CS_1 = Statement(
    id="continual_learning/CS-1",
    title="A step off the span of old inputs changes no old output",
    says=(
        "The rows of X are old inputs, x is mapped to x W, and the orthonormal columns of M span all rows of X. A "
        "proposed change U of the weights becomes dW = U - M M^T U. Then X dW = 0, exactly, and off the span nothing "
        "of U is lost."
    ),
    source=Derived(leak_limit),
    tex=r"XMM^\top = X,\ M^\top\Delta W = 0 \Rightarrow X\,\Delta W = 0",
    hypotheses={"inputs in the span of a basis of halves": is_exact},
    instances=EXACT,
    for_all=(
        All(
            "pairs of one to three columns of a 4 x 4 Hadamard matrix and a change of one weight of 16, in two layouts",
            unit_steps,
            members=448,
        ),
    ),
    solve=guarded_exactly,
    claim=Identity(leaves_outputs),
    decisions=("after",),
    saboteurs=(
        saboteur("the other side of the weights", patch=OTHER_SIDE),
        saboteur("nothing is projected", solve=unprotected),
        saboteur("the weights for the step", patch=WEIGHTS),
    ),
)


def guarded_by_nothing(case: Guarded, rng: np.random.Generator | None = None) -> Found:
    """Find the basis, and take the proposed step."""
    return guarded(case) | {"after": case.W + case.change}


def leaks_little(case: Guarded, found: Found, share: float = 1.0) -> Sides:
    """Compare the change of old outputs with its bound, once the basis is one and the step was projected by it."""
    M, X, moved = found["basis"], case.X, case.moved(found["after"])
    off = misprojected(case, found)
    most = share * leak_limit(square(X - X @ M @ M.T), largest(moved))
    return off or Sides(
        [square(X @ moved)], [most], trivial=largest(X) * square(moved), rounding=leak_error(case, moved)
    )


CS_2 = Statement(
    id="continual_learning/CS-2",
    title="What a protected step leaks is what the subspace leaves of old inputs",
    says=(
        "The rows of X are old inputs, x is mapped to x W, M has orthonormal columns, and a change dW of the weights "
        "has M^T dW = 0. The squared change of all old outputs, |X dW|^2, is at most |X - X M M^T|^2 times the squared "
        "largest singular value of dW."
    ),
    source=Derived(leak_limit),
    tex=r"M^\top\Delta W = 0 \Rightarrow \|X\Delta W\|^2 \le \|X - XMM^\top\|^2\,\|\Delta W\|_2^2",
    hypotheses={"inputs, weights and a change that fit": is_guarded},
    instances=STEPS,
    solve=guarded,
    claim=Inequality(leaks_little),
    decisions=("basis", "after"),
    free={"basis": "a direction has no sign, and the claim takes the projection onto all of them"},
    saboteurs=(
        saboteur("the other side of the weights", patch=OTHER_SIDE),
        saboteur("a basis that is never used", solve=guarded_by_nothing),
        saboteur("half of the bound", claim=Inequality(partial(leaks_little, share=0.5))),
    ),
)


def trained(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Train by the optimizer of the instance, and let the library protect each step."""
    return {"after": steps(case, begun(case).protect_step)}


def runs() -> tuple[Training, ...]:
    """Return Adam's first step off a line in the plane, and a run of each optimizer."""
    chance, line = np.random.default_rng(0), np.array([[3.0], [4.0]]) / 5
    W, *rest = chance.integers(-4, 5, (5, 4, 3)).astype(float)
    smallest = of_arrays(
        line, ([[0.0], [0.0]], [[1.0], [0.0]]), [[0.0], [0.0]], "rows", optimizer="adam", step_size=1.0
    )
    return (
        smallest,
        *(
            of_arrays(columns(1, 2), (W, *rest), (name[:4] != "adam") * rest[0], "torch", optimizer=name)
            for name in OPTIMIZERS
        ),
    )


def draw_run(draws: Draws) -> Training:
    """Draw a basis, an optimizer and up to 5 steps."""
    d, p, n_steps = draws.integers(2, 5), draws.integers(1, 4), draws.integers(1, 5)
    k = draws.integers(1, d - 1)
    M = np.linalg.qr(draws.integers(-1, 1, shape=(d, k)) + 4.0 * np.eye(d, k))[0]
    arrays = draws.integers(-3, 3, shape=(n_steps + 2, d, p)).astype(float)
    name = draws.choice(OPTIMIZERS)
    options = {"optimizer": name, "momentum": draws.choice((0.0, 0.5, 0.9))}
    return of_arrays(M, arrays[1:], (name[:4] != "adam") * arrays[0], draws.choice(LAYOUTS), **options)


RUNS = Family("protected-runs", always=runs, draw=draw_run)


def on_projected_gradients(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Project each gradient, and take each step as the optimizer proposes it."""
    return {"after": steps(case, lambda before, after: after, seen=begun(case).project)}


def decayed_afterwards(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Protect each step, and shrink the weights after that."""
    guard = begun(case).protect_step
    shrink = 1 - case.step_size * DECAY
    return {"after": steps(case, lambda before, after: shrink * np.asarray(guard(before, after)))}


def expected(case: Training) -> np.ndarray:
    """Return the change of the weights, as rows, when each step loses its part in the subspace."""

    def guard(before: np.ndarray, after: np.ndarray) -> np.ndarray:
        return np.asarray(before + oriented(case.outside(oriented(after - before, case.layout)), case.layout))

    return case.moved(steps(case, guard))


def stays_outside(case: Training, found: Found) -> Sides:
    """Compare the change inside of the subspace with 0, and the whole change with that of projected steps."""
    moved, wanted = case.moved(found["after"]), expected(case)
    lhs = np.concatenate([(case.M.T @ moved).ravel(), moved.ravel()])
    rhs = np.concatenate([np.zeros(case.M.shape[1] * moved.shape[1]), wanted.ravel()])
    return misfit((moved, wanted.shape)) or Sides(lhs, rhs, rounding=case.allowed)


CS_6 = Statement(
    id="continual_learning/CS-6",
    title="Projected steps stay outside of the subspace under every optimizer",
    says=(
        "An optimizer proposes steps from plain gradients: gradient descent, momentum of either kind, signs, Adam, or "
        "Adam with decay of weights. Each step loses its part inside of the subspace M after it was proposed. Then the "
        "weights never move inside, M^T (W_T - W_0) = 0, and outside each step is what was proposed."
    ),
    source=Derived(leak_limit),
    tex=r"W_{t+1} = W_t + (I - MM^\top)u_t \Rightarrow M^\top(W_T - W_0) = 0",
    hypotheses={"a basis, gradients and a momentum that fit": is_training},
    instances=RUNS,
    solve=trained,
    claim=Identity(stays_outside),
    decisions=("after",),
    saboteurs=(
        saboteur("gradients are projected, and not the steps", solve=on_projected_gradients, printed=True),
        saboteur("weights decay after the projection", solve=decayed_afterwards),
        saboteur("the weights for the step", patch=WEIGHTS),
    ),
    notes=(
        "Released programs project gradients and then call Adam. With M = (3, 4) / 5 in the plane its first step is a "
        "vector of signs, and a fifth of the step size leaks."
    ),
)
