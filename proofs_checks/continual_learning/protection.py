"""Steps that leave alone what old inputs use: leaks, certificates, shares of energy, and optimizers: CS-*."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.protection.directions import new_directions
from lrtheory.continual_learning.protection.leak import leak_of
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from lrtheory.continual_learning.sketching.buffer import SketchBuffer
from proofs_checks.continual_learning.families.matrices import largest, spectrum
from proofs_checks.continual_learning.families.subspaces import (
    EXACT,
    OUTPUTS,
    SHARED,
    SKETCHED,
    STEPS,
    Exact,
    Guarded,
    Outputs,
    Sketched,
    bounded,
    guarded,
    guarded_exactly,
    is_blind,
    is_exact,
    is_guarded,
    is_sketched,
    is_within_reach,
    on_outputs,
    shared,
)
from proofs_checks.continual_learning.families.training import (
    BALLS,
    RUNS,
    Training,
    expected,
    heavy_ball,
    is_dyadic,
    is_training,
    oriented,
    trained,
)
from proofs_checks.continual_learning.wrong_solvers import protection as wrong
from proofs_checks.guards import allowance, misfit, square, unlike

Found = dict[str, Any]
#: a projection of the weights themselves
WEIGHTS = (SubspaceProtector.protect_step, "start + self._projected(xp, end - start)", "self._projected(xp, end)")
#: what is beyond the rank of a sketch is dropped
DROPS = (SketchBuffer._shrunk, "missed = energies[self.rank] if", "missed = 0.0 * energies[0] if")
#: a projection off the wrong side, which fits square weights alone
OTHER_SIDE = (SubspaceProtector._projected, ", self._axis)", ", 1 - self._axis)")


def leaves_outputs(case: Exact, found: Found) -> Sides:
    """Compare the change of old outputs with 0, and what the step keeps with the proposed step outside of the span."""
    moved = oriented(found["after"], case.layout) - oriented(case.W, case.layout)
    kept = case.raw - case.M @ (case.M.T @ case.raw)
    lhs = np.concatenate([(case.X @ moved).ravel(), moved.ravel()])
    return Sides(lhs, np.concatenate([0 * (case.X @ moved).ravel(), kept.ravel()]))


CS_1 = Statement(
    id="continual_learning/CS-1",
    title="A step off the span of old inputs changes no old output",
    says=(
        "The rows of X are old inputs, x is mapped to x W, and the orthonormal columns of M span all rows of X. A "
        "proposed change U of the weights becomes dW = U - M M^T U. Then X dW = 0, exactly, and off the span nothing "
        "of U is lost."
    ),
    source=Derived(theory.leak_limit),
    tex=r"XMM^\top = X,\ M^\top\Delta W = 0 \Rightarrow X\,\Delta W = 0",
    hypotheses={"inputs in the span of a basis of halves": is_exact},
    instances=EXACT,
    solve=guarded_exactly,
    claim=Identity(leaves_outputs),
    decisions=("after",),
    saboteurs=(
        saboteur("the other side of the weights", patch=OTHER_SIDE),
        saboteur("nothing is projected", solve=wrong.unprotected),
        saboteur("the weights for the step", patch=WEIGHTS),
    ),
)


def leaks_little(case: Guarded, found: Found, share: float = 1.0) -> Sides:
    """Compare the change of old outputs with its bound, once the basis is one and the step was projected by it."""
    M, X, moved = found["basis"], case.X, case.moved(found["after"])
    off = misfit((M, (len(M), min(M.shape[1], case.k))), (found["after"], case.W.shape))
    off = off or unlike(M.T @ M - np.eye(M.shape[1]), allowance(np.eye(len(M))))
    size = float(rounding(64 * sum(case.W.shape), np.abs(case.W).max() + len(M) * np.abs(case.change).max()))
    off = off or unlike(moved - case.raw + M @ (M.T @ case.raw), size)
    most = share * theory.leak_limit(square(X - X @ M @ M.T), largest(moved))
    allowed = allowance(X) * square(moved) + square(X) * size * float(np.sqrt(square(moved))) * 4
    return off or Sides([square(X @ moved)], [most], trivial=largest(X) * square(moved), rounding=allowed)


CS_2 = Statement(
    id="continual_learning/CS-2",
    title="What a protected step leaks is what the subspace leaves of old inputs",
    says=(
        "The rows of X are old inputs, x is mapped to x W, M has orthonormal columns, and a change dW of the weights "
        "has M^T dW = 0. The squared change of all old outputs, |X dW|^2, is at most |X - X M M^T|^2 times the squared "
        "largest singular value of dW."
    ),
    source=Derived(theory.leak_limit),
    tex=r"M^\top\Delta W = 0 \Rightarrow \|X\Delta W\|^2 \le \|X - XMM^\top\|^2\,\|\Delta W\|_2^2",
    hypotheses={"inputs, weights and a change that fit": is_guarded},
    instances=STEPS,
    solve=guarded,
    claim=Inequality(leaks_little),
    decisions=("basis", "after"),
    free={"basis": "a direction has no sign, and the claim takes the projection onto all of them"},
    saboteurs=(
        saboteur("the other side of the weights", patch=OTHER_SIDE),
        saboteur("a basis that is never used", solve=wrong.guarded_by_nothing),
        saboteur("half of the bound", claim=Inequality(partial(leaks_little, share=0.5))),
    ),
)


def encloses(case: Sketched, found: Found) -> Sides:
    """Compare both ends, which are delta |dW|^2 apart, with the change of old outputs, and delta with its bound."""
    truth, size = square(case.X @ case.change), square(case.change)
    lower, upper, delta = (found[name] for name in ("lower", "upper", "delta"))
    allowed = allowance(case.X, steps=1 + len(case.X))
    limits = [np.inf, largest(case.X) * size, largest(case.X) * size]
    lhs, rhs = [lower, truth, delta * size], [truth, upper, theory.fd_bound(spectrum(case.X), case.rank) * size]
    off = unlike(upper - lower - delta * size, allowed * size)
    return off or Sides(lhs, rhs, trivial=limits, rounding=allowed * size)


CS_3 = Statement(
    id="continual_learning/CS-3",
    title="A sketch of old inputs encloses what any step does to old outputs",
    says=(
        "B and delta are the rows and the sum of shrinks of a sketch of old inputs X by Frequent Directions. For every "
        "change dW of the weights, protected or not, |X dW|^2 lies between |B dW|^2 and |B dW|^2 + delta |dW|^2, where "
        "delta is at most the bound of FD-1."
    ),
    source=Derived(theory.leak_bounds),
    tex=r"\|B\Delta W\|^2 \le \|X\Delta W\|^2 \le \|B\Delta W\|^2 + \delta\|\Delta W\|^2",
    hypotheses={"inputs, a change that fits, and sizes of a sketch": is_sketched},
    instances=SKETCHED,
    solve=bounded,
    claim=Inequality(encloses, unbounded="a solver may report any interval"),
    saboteurs=(
        saboteur("delta is left out", patch=(leak_of, "mantissa * energy_of(D)", "0.0 * energy_of(D)")),
        saboteur("rows beyond the rank are dropped", patch=DROPS),
        saboteur("squares of inputs are taken for doubles", patch=(leak_of, "2 * (power + exponent)", "2 * exponent")),
    ),
)


def holds_share(case: Sketched, found: Found) -> Sides:
    """Compare the energy outside of the directions with its share, and their number with what fewer would hold."""
    M, X = found["basis"], case.X
    d, k = M.shape
    off = misfit((M, (X.shape[1], k))) or unlike(M.T @ M - np.eye(k), allowance(np.eye(d)))
    values, mass = spectrum(X), square(X)
    fewer = mass - theory.tail_energy(values, max(k - 1, 0))
    lost = max(k - 1, 0) * theory.fd_bound(values, case.rank)
    allowed = allowance(X, steps=1 + len(X))
    lhs, rhs = [square(X - X @ M @ M.T), fewer - lost], [(1 - case.share) * mass, case.share * mass]
    return off or Sides(lhs, rhs, trivial=mass, rounding=allowed)


CS_4b = Statement(
    id="continual_learning/CS-4b",
    title="Few directions of a sketch hold a share of the energy of all inputs",
    says=(
        "B is a sketch of old inputs X by Frequent Directions, with singular values s_i, and k is the least number "
        "with s_1^2 + ... + s_k^2 >= theta |X|^2. The k first right singular vectors M of B leave |X - X M M^T|^2 <= "
        "(1 - theta) |X|^2: the share is one of the energy of all inputs, and not of what the sketch has kept."
    ),
    source=Derived(theory.energy_rank),
    tex=r"\textstyle\sum_{i \le k}\sigma_i(B)^2 \ge \theta\|X\|^2 \Rightarrow \|X - XMM^\top\|^2 \le (1-\theta)\|X\|^2",
    hypotheses={
        "inputs and sizes of a sketch": is_sketched,
        "every sketch of these sizes holds the share": is_within_reach,
    },
    instances=SHARED,
    solve=shared,
    claim=Inequality(holds_share),
    decisions=("basis",),
    may_vary={"basis": "how many directions it takes is what it decides"},
    free={"basis": "a direction has no sign, and the claim takes the projection onto all of them"},
    saboteurs=(
        saboteur(
            "as released: as many as have a share below the threshold",
            patch=(new_directions, "int(np.argmax(held >= due))", "max(int(np.argmax(held >= due)) - 1, 0)"),
            printed=True,
        ),
        saboteur(
            "as released: the share of what the sketch has kept",
            patch=(new_directions, "energy * mass *", "energy * held[-1] *"),
            printed=True,
        ),
        saboteur(
            "all directions", patch=(new_directions, "int(np.argmax(held >= due)) if reached", "usable if reached")
        ),
    ),
    notes=(
        "A released program counts the cumulated shares below the threshold, so that it protects nothing where one "
        "direction holds nearly all, and takes shares of what its sketch has kept."
    ),
)


def leaks_momentum(case: Training, found: Found, clean: bool = False) -> Sides:
    """Compare the change inside of the subspace with the formula, and that outside of it with plain momentum."""
    moved, buffer = case.moved(found["after"]), oriented(case.buffer, case.layout)
    geometric = partial(
        theory.momentum_leak, momentum=case.momentum, step_size=case.step_size, n_steps=len(case.gradients)
    )
    inside, free = geometric(case.M.T @ buffer), geometric(buffer)
    for i, G in enumerate(case.gradients):
        weight = sum(case.momentum**j for j in range(len(case.gradients) - i))
        free = free - case.step_size * weight * oriented(G, case.layout)
    lhs = np.concatenate([(case.M.T @ moved).ravel(), case.outside(moved).ravel()])
    return Sides(lhs, np.concatenate([(0 if clean else 1) * inside.ravel(), case.outside(free).ravel()]))


def leaks_nothing(case: Training, found: Found) -> Sides:
    """Compare the change inside of the subspace with 0, as if the momentum had been cleared."""
    return leaks_momentum(case, found, clean=True)


CS_5 = Statement(
    id="continual_learning/CS-5",
    title="A momentum that is older than the subspace leaks by a geometric sum",
    says=(
        "Heavy-ball steps of size eta with momentum beta start from a momentum m, and every gradient is projected off "
        "the subspace M. After T steps the weights have moved inside of the subspace by -eta (beta + ... + beta^T) M^T "
        "m, which is 0 only where the momentum was projected or cleared."
    ),
    source=Derived(theory.momentum_leak),
    tex=r"M^\top(W_T - W_0) = -\eta\textstyle\sum_{j=1}^T\beta^j\,M^\top m_0",
    hypotheses={"a basis, gradients and a momentum that fit": is_training, "exact in doubles": is_dyadic},
    instances=BALLS,
    solve=heavy_ball,
    claim=Identity(leaks_momentum),
    decisions=("after",),
    saboteurs=(
        saboteur("projected gradients alone move nothing inside", claim=Identity(leaks_nothing)),
        saboteur("gradients are not projected", solve=wrong.heavy_ball_in_the_open),
        saboteur("the momentum is cleared", solve=wrong.cleared),
    ),
    notes="Released programs project gradients and keep the momentum of earlier tasks.",
)


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
    source=Derived(theory.leak_limit),
    tex=r"W_{t+1} = W_t + (I - MM^\top)u_t \Rightarrow M^\top(W_T - W_0) = 0",
    hypotheses={"a basis, gradients and a momentum that fit": is_training},
    instances=RUNS,
    solve=trained,
    claim=Identity(stays_outside),
    decisions=("after",),
    saboteurs=(
        saboteur("gradients are projected, and not the steps", solve=wrong.on_projected_gradients, printed=True),
        saboteur("weights decay after the projection", solve=wrong.decayed_afterwards),
        saboteur("the weights for the step", patch=WEIGHTS),
    ),
    notes=(
        "Released programs project gradients and then call Adam. With M = (3, 4) / 5 in the plane its first step is a "
        "vector of signs, and a fifth of the step size leaks."
    ),
)


def protects_gradients(case: Outputs, found: Found) -> Sides:
    """Compare inner products with the gradient with 0, and the output of x with what was wished, by a full step."""
    G, x, y = case.G, case.x, case.y
    wish = np.asarray(theory.blind_change(x, y), float).T
    U = np.linalg.svd(G)[0][:, : np.linalg.matrix_rank(G)]
    kept = case.change - U @ (U.T @ case.change)
    step, blind = found["step"], found["blind"]
    lhs = np.concatenate([[(G * step).sum(), (G * blind).sum(), square(blind @ x)], blind @ x, (step - kept).ravel()])
    rhs = np.concatenate([[0.0, 0.0, square(x) * square(wish)], y, np.zeros(G.size)])
    size = float(np.abs(G).sum() * (1 + np.abs(case.change).sum()) + np.abs(x).sum() * (1 + square(y)))
    sides = Sides(lhs, rhs, rounding=rounding(64 * (sum(G.shape) + 8), size))
    return misfit((step, G.shape), (blind, G.shape)) or sides


def protects_outputs(case: Outputs, found: Found) -> Sides:
    """Compare the change of the old output with 0: false on this side."""
    moved = found["blind"] @ case.x
    return Sides(moved, 0 * moved, rounding=rounding(64 * (sum(case.G.shape) + 8), np.abs(case.y).max()))


CS_7 = Statement(
    id="continual_learning/CS-7",
    title="Projecting on the output side protects no old output",
    says=(
        "G (out, in) is an old gradient, and changes dW of the weights are projected off its columns. Then the inner "
        "product of G and dW is 0. But every input x can be given every change y of its output that is orthogonal to "
        "the columns of G: dW = y x^T / |x|^2 passes unchanged, with |dW x| = |dW| |x|, the most that any dW can do."
    ),
    source=Derived(theory.blind_change),
    tex=r"M = \mathrm{span}(G):\ \langle G, \Delta W\rangle = 0,\quad \Delta W x = y\ \text{ for every } y \perp M",
    hypotheses={"an input, and a wish that the gradient does not see": is_blind},
    instances=OUTPUTS,
    solve=on_outputs,
    claim=Identity(protects_gradients),
    decisions=("step", "blind"),
    saboteurs=(
        saboteur("as a released program means it: old outputs stay", claim=Identity(protects_outputs), printed=True),
        saboteur("the input side", solve=wrong.on_inputs),
        saboteur("the other side of square weights", patch=OTHER_SIDE),
    ),
    notes=(
        "A released program multiplies gradients (out, in) from the left, which is this side. Its text may mean "
        "weights that multiply columns from the right, where the same words protect inputs."
    ),
)
