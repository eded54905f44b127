"""A part of the weights that stays frozen while the rest of them is trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Sides, Statement, formula, saboteur
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from lrtheory.continual_learning.theory.ridge import of_one_kind
from proofs_checks.continual_learning.families.subspaces import begun
from proofs_checks.continual_learning.families.training import DECAY, OPTIMIZERS, Guard, Training, is_training, steps
from proofs_checks.guards import misfit

Found = dict[str, Any]


def singular(W: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first k left and right singular vectors of weights, as columns."""
    U, _, Vt = np.linalg.svd(W)
    return U[:, :k], Vt[:k].T


def is_sculpted(case: Training) -> bool:
    """Decide whether M spans the first right singular vectors of W, in torch's layout, which are apart from others."""
    k, s = case.M.shape[1], np.linalg.svd(case.W, compute_uv=False)
    if case.layout != "torch" or k > min(case.W.shape) or s[k - 1] <= 2.0**-10 * s[0]:
        return False
    apart = k == len(s) or s[k] < 0.99 * s[k - 1]
    V = singular(case.W, k)[1]
    return bool(apart and np.abs(V - case.M @ (case.M.T @ V)).max() < 2.0**-30)


def guards(case: Training) -> tuple[SubspaceProtector, SubspaceProtector]:
    """Return the library's objects for the inputs and for the outputs of the frozen part."""
    outputs = SubspaceProtector(len(case.W), layout="torch", side="output")
    outputs.set_state(outputs.get_state() | {"basis": singular(case.W, case.M.shape[1])[0].copy()})
    return begun(case), outputs


def off_both(case: Training) -> Guard:
    """Return what takes the inputs and the outputs of the frozen part out of a step."""
    inputs, outputs = guards(case)
    return lambda before, after: np.asarray(outputs.protect_step(before, inputs.protect_step(before, after)))


def sculpted(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Train, and take the inputs and the outputs of the frozen part out of each step."""
    inputs, outputs = guards(case)
    return {
        "after": steps(case, lambda before, after: outputs.protect_step(before, inputs.protect_step(before, after)))
    }


def on_gradients(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Take both out of the gradients, and take each step as the optimizer proposes it."""
    inputs, outputs = guards(case)
    return {"after": steps(case, lambda before, after: after, seen=lambda G: outputs.project(inputs.project(G)))}


def one_side(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Take the inputs of the frozen part alone out of each step."""
    return {"after": steps(case, guards(case)[0].protect_step)}


def decayed(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Protect each step, and shrink all weights after that."""
    guard, shrink = off_both(case), 1 - case.step_size * DECAY
    return {"after": steps(case, lambda before, after: shrink * guard(before, after))}


def of_weights(W: Any, k: int, gradients: Any, **options: Any) -> Training:
    """Return an instance that freezes the first k singular parts of weights, with a momentum of 0."""
    weights = np.asarray(W, float)
    return Training(singular(weights, k)[1].copy(), weights, tuple(gradients), np.zeros_like(weights), **options)


def frozen() -> tuple[Training, ...]:
    """Return weights in the plane that freeze the direction (3, 4) / 5, and larger ones, with every optimizer."""
    W, G, H = np.random.default_rng(0).integers(-4, 5, (3, 5, 4)).astype(float)
    plane = np.outer([4.0, 3.0], [3.0, 4.0]) / 5 + np.outer([-3.0, 4.0], [-4.0, 3.0]) / 50
    return (
        of_weights(plane, 1, [np.array([[1.0, 2.0], [0.0, 3.0]])], optimizer="adam"),
        *(of_weights(W, 2, (G, H, G), optimizer=one) for one in OPTIMIZERS),
        of_weights(W.T, 3, (G.T, H.T), optimizer="adamw"),
    )


def draw_frozen(draws: Draws) -> Training:
    """Draw weights and up to 5 gradients of small integers."""
    p, d, n_steps = draws.integers(2, 5), draws.integers(2, 5), draws.integers(1, 5)
    arrays = draws.integers(-4, 4, shape=(n_steps + 1, p, d)).astype(float)
    options = {"optimizer": draws.choice(OPTIMIZERS), "momentum": draws.choice((0.5, 0.9))}
    W = arrays[0] + 5 * np.eye(p, d)
    return of_weights(W, draws.integers(1, min(p, d)), arrays[1:], **options)


@formula(step="p x d", U="p x k", V="d x k")
def free_part(step: np.ndarray, U: np.ndarray, V: np.ndarray) -> np.ndarray:
    r"""(I - U U^T) step (I - V V^T), the part of a step that moves nothing of what is frozen.

    Proof
    -----
    Assumes: U and V have orthonormal columns.

    Proof: U^T (I - U U^T) = 0 and (I - V V^T) V = 0. The frozen part U S V^T is U U^T W V V^T, which no such step
    changes, and an input V c is mapped by W + step to W V c, as before.
    """
    step, U, V = of_one_kind(step, U, V)
    outside = step - U @ (U.T @ step)
    return np.asarray(outside - (outside @ V) @ V.T)


def stays_frozen(case: Training, found: Found) -> Sides:
    """Compare the change of the frozen part, from both sides, with 0, and the whole change with that of free parts."""
    U, V = singular(case.W, case.M.shape[1])
    moved = found["after"] - case.W
    off = misfit((found["after"], case.W.shape))
    if off is not None:
        return off
    due = steps(case, lambda before, after: before + free_part(after - before, U, V)) - case.W
    lhs = np.concatenate([(U.T @ moved).ravel(), (moved @ V).ravel(), moved.ravel()])
    rhs = np.concatenate([np.zeros(V.shape[1] * sum(case.W.shape)), due.ravel()])
    return Sides(lhs, rhs, rounding=case.allowed)


SC_3 = Statement(
    id="continual_learning/SC-3",
    title="What is frozen of the weights stays, under every optimizer",
    says=(
        "W = U S V^T + (the rest) freezes its first k singular parts. An optimizer proposes steps from plain "
        "gradients, with or without momentum, signs, second moments or decay of weights, and each step loses what U "
        "holds of its outputs and V of its inputs. Then U^T (W_T - W) = 0 and (W_T - W) V = 0: inputs in the span of V "
        "keep their outputs, and off both sides each step is what was proposed."
    ),
    source=Derived(free_part),
    tex=r"U^\top (W_T - W_0) = 0,\qquad (W_T - W_0) V = 0",
    hypotheses={
        "a basis, gradients and a momentum that fit": is_training,
        "the first singular vectors of the weights": is_sculpted,
    },
    instances=Family("frozen-parts", always=frozen, draw=draw_frozen),
    solve=sculpted,
    claim=Identity(stays_frozen),
    decisions=("after",),
    saboteurs=(
        saboteur("as released: gradients are projected, and not the steps", solve=on_gradients, printed=True),
        saboteur("inputs alone", solve=one_side),
        saboteur("weights decay after the projection", solve=decayed),
        saboteur(
            "the projection is applied to the weights",
            patch=(
                SubspaceProtector.protect_step,
                "start + self._projected(xp, end - start)",
                "self._projected(xp, end)",
            ),
        ),
    ),
    notes=(
        "A research program and a library project gradients and then call AdamW, which leaves the subspace; a later "
        "program of the same authors projects the weights after the step. The guarantee is for inputs in the span of "
        "V alone, which SC-2 shows to be no matter of what was learned."
    ),
)
