"""The growth of the loss of old tasks in a protected step; its Hessian is a matter of inputs."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, numbers, plain
from lrtheory._types import ArrayLike
from lrtheory.bounds import Derived, Family, Identity, Inequality, Number, Sides, Statement, formula, rounding, saboteur
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from proofs_checks.continual_learning.families.matrices import spectrum
from proofs_checks.continual_learning.families.rules import first_directions
from proofs_checks.continual_learning.families.subspaces import (
    OTHER_SIDE,
    STEPS,
    Guarded,
    draw_guarded,
    guarded,
    guarded_steps,
    is_guarded,
    leak_error,
    misprojected,
    oriented,
)
from proofs_checks.guards import square

Found = dict[str, Any]


def along(case: Guarded, M: np.ndarray) -> Found:
    """Return the proposed step off some directions, as the library projects it."""
    protector = SubspaceProtector(len(M), layout=case.layout)
    protector.set_state(protector.get_state() | {"basis": M})
    return {"basis": M, "after": np.asarray(protector.protect_step(case.W, case.W + case.change))}


def by_weights(case: Guarded, rng: np.random.Generator | None = None) -> Found:
    """Protect the first directions of the weights in the place of those of the Hessian."""
    return along(case, first_directions(oriented(case.W, case.layout).T, case.k))


def last_directions(case: Guarded, rng: np.random.Generator | None = None) -> Found:
    """Protect the last eigenvectors of the Hessian."""
    return along(case, np.linalg.svd(case.X)[2][-case.k :].T.copy())


@formula(k="[0, inf)", change="[0, inf)")
def loss_growth_limit(s: ArrayLike, k: int, change: Number) -> Number:
    r"""The loss grows by at most this, half of l_{k+1} |dW|^2, where `change` is |dW|^2.

    s are the singular values of X, whose squares are the eigenvalues l_1 >= l_2 >= ... of the Hessian.

    Proof
    -----
    Assumes: dW is orthogonal to the first k eigenvectors, which is checked, and W has the least loss.

    Proof: a squared loss is its own second-order expansion, so it grows by half of the sum of d^T X^T X d over the
    columns d of dW (see `loss_growth`). In the eigenbasis of X^T X this is the sum of l_i c_i^2 / 2 over i > k, and
    each l_i there is at most l_{k+1}.
    """
    squares = sorted((value * value for value in numbers("s", s, 0)), reverse=True)
    return plain(exact((squares[k] if k < len(squares) else 0) * change) / 2)


def grows_little(case: Guarded, found: Found, beyond: int = 0) -> Sides:
    """Compare the growth of the loss at its minimum with the bound, once the step was projected by the basis."""
    moved = case.moved(found["after"])
    grown, values = square(case.X @ moved) / 2, spectrum(case.X)
    most = loss_growth_limit(values, case.k + beyond, square(moved))
    limit = loss_growth_limit(values, 0, square(moved))
    return misprojected(case, found) or Sides([grown], [most], trivial=limit, rounding=leak_error(case, moved))


SC_1 = Statement(
    id="continual_learning/SC-1",
    title="Off the first eigenvectors of the Hessian the loss of old tasks grows by the next eigenvalue",
    says=(
        "Old inputs are the rows of X, and W has the least squared loss |X W - Y|^2 / 2 for their targets Y; its "
        "Hessian is X^T X for each output, with eigenvalues l_1 >= l_2 >= ... A change dW of the weights that is "
        "orthogonal to the first k eigenvectors makes the loss larger by at most l_{k+1} |dW|^2 / 2. The first "
        "singular vectors of the weights are no substitute for these eigenvectors."
    ),
    source=Derived(loss_growth_limit),
    tex=(
        r"V_k^\top\Delta W = 0 \Rightarrow L(W + \Delta W) - L(W) \le "
        r"\tfrac12\lambda_{k+1}(X^\top X)\,\|\Delta W\|^2"
    ),
    hypotheses={"inputs, weights and a change that fit": is_guarded},
    instances=STEPS,
    solve=guarded,
    claim=Inequality(grows_little),
    decisions=("basis", "after"),
    free={"basis": "a direction has no sign, and the claim takes the projection onto all of them"},
    saboteurs=(
        saboteur(
            "as in Sculpting Subspaces: the first directions of the weights for those of the Hessian",
            solve=by_weights,
            printed=True,
        ),
        saboteur("the last eigenvectors", solve=last_directions),
        saboteur("the eigenvalue after the next", claim=Inequality(partial(grows_little, beyond=1))),
        saboteur("the other side of the weights", patch=OTHER_SIDE),
    ),
    notes=(
        "Sculpting Subspaces argues by this bound, and then takes singular vectors of W for the eigenvectors: SC-2 "
        "says why no rule can find them in W. CS-2 bounds the same number by all eigenvalues beyond the k-th, and the "
        "largest singular value of dW."
    ),
)


def told_growth(case: Guarded, rng: np.random.Generator | None = None, part: float = 1.0) -> Found:
    """Return the library's interval for the change of old outputs, which has seen inputs alone, halved."""
    protector = SubspaceProtector(case.X.shape[1], layout=case.layout)
    protector.extend(case.X, rank=case.k)
    leak = protector.leak_bound(case.change)
    return {"lower": part * float(leak.lower) / 2, "upper": part * float(leak.upper) / 2}


def protected_part(case: Guarded, rng: np.random.Generator | None = None) -> Found:
    """Count what the change does within the protected directions alone."""
    M = np.asarray(guarded(case)["basis"])
    grown = square(case.X @ M @ M.T @ case.raw) / 2
    return {"lower": grown, "upper": grown}


def targets_of(case: Guarded) -> np.ndarray:
    """Return targets, with entries of the size of the inputs, that no map meets where there are enough of them."""
    T, p = len(case.X), case.raw.shape[1]
    return np.abs(case.X).max() * np.random.default_rng(T).integers(-3, 4, (T, p))


def is_losing(case: Guarded) -> bool:
    """Decide whether the change moves some old output by more than rounding."""
    return bool(square(case.X @ case.raw) > 2.0**-20 * square(case.X) * square(case.raw))


@formula(leak="[0, inf)")
def loss_growth(leak: Number) -> Number:
    r"""The loss grows by exactly this at its minimum: half of `leak`, which is |X dW|^2.

    Proof
    -----
    Assumes: W has the least loss.

    Proof: \|X (W + dW) - Y\|^2 = \|X W - Y\|^2 + 2 <X W - Y, X dW> + \|X dW\|^2, and the inner product is 0, since
    the residual X W - Y is orthogonal to the range of X.
    """
    return plain(exact(leak) / 2)


def grows_exactly(case: Guarded, found: Found, minimal: bool = True) -> Sides:
    """Compare both ends, and half of the leak, with the growth of the loss from its definition."""
    X, Y = case.X, targets_of(case)
    W = np.linalg.lstsq(X, Y, rcond=None)[0] if minimal else np.zeros(case.raw.shape)
    grown = (square(X @ (W + case.raw) - Y) - square(X @ W - Y)) / 2
    T, d = X.shape
    norms = [float(np.sqrt(square(one))) for one in (X, Y, W, case.raw)]
    size = (norms[1] + norms[0] * (norms[2] + norms[3])) ** 2  # residuals err by what maps of this size do
    allowed = float(rounding(64 * (T + d + 8), size))
    due = loss_growth(square(X @ case.raw))
    return Sides([found["lower"], found["upper"], due], [grown] * 3, rounding=allowed)


SC_1b = Statement(
    id="continual_learning/SC-1b",
    title="How much the loss of old tasks grows is a matter of inputs alone",
    says=(
        "W has the least squared loss |X W - Y|^2 / 2 for old inputs X and targets Y. Every change dW of the weights, "
        "protected or not, makes the loss larger by exactly |X dW|^2 / 2, whatever the targets were. So a protector "
        "that has seen the inputs tells it, and both ends of its interval are this number."
    ),
    source=Derived(loss_growth),
    tex=r"L(W + \Delta W) - L(W) = \tfrac12\|X\Delta W\|^2",
    hypotheses={
        "inputs, weights and a change that fit": is_guarded,
        "a change that moves an old output": is_losing,
    },
    instances=Family("changes-of-fitted-maps", always=guarded_steps, draw=draw_guarded),
    solve=told_growth,
    claim=Identity(grows_exactly),
    decisions=("lower", "upper"),
    saboteurs=(
        saboteur("a map that has not the least loss", claim=Identity(partial(grows_exactly, minimal=False))),
        saboteur("the part within the protected directions alone", solve=protected_part),
        saboteur("a tenth too much", solve=partial(told_growth, part=1.1)),
    ),
)
