"""Steps that leave a protected subspace, and subspaces that protect something else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from proofs_checks.continual_learning.families.rules import Choice, first_directions, played, protected
from proofs_checks.continual_learning.families.subspaces import Exact, Guarded, Outputs, begun, guarded, on_outputs
from proofs_checks.continual_learning.families.training import DECAY, Training, heavy_ball, steps

Found = dict[str, Any]


def unprotected(case: Exact, rng: np.random.Generator | None = None) -> Found:
    """Take the proposed step."""
    return {"after": case.W + case.change}


def guarded_by_nothing(case: Guarded, rng: np.random.Generator | None = None) -> Found:
    """Find the basis, and take the proposed step."""
    return guarded(case) | {"after": case.W + case.change}


def on_inputs(case: Outputs, rng: np.random.Generator | None = None) -> Found:
    """Protect the rows of the gradient."""
    return on_outputs(case, side="input")


def heavy_ball_in_the_open(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Train by momentum, without any projection."""
    plain = replace(case, optimizer="momentum")
    return {"after": steps(plain, lambda before, after: after)}


def cleared(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Clear the momentum first."""
    return heavy_ball(replace(case, buffer=0 * case.buffer))


def on_projected_gradients(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Project each gradient, and take each step as the optimizer proposes it."""
    return {"after": steps(case, lambda before, after: after, seen=begun(case).project)}


def decayed_afterwards(case: Training, rng: np.random.Generator | None = None) -> Found:
    """Protect each step, and shrink the weights after that."""
    guard = begun(case).protect_step
    shrink = 1 - case.step_size * DECAY
    return {"after": steps(case, lambda before, after: shrink * np.asarray(guard(before, after)))}


def peeking(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Choose by the inputs."""
    return played(replace(case, rule="inputs"))


def by_weights(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Protect the first directions of the weights in the place of those of the inputs."""
    return protected(case) | {"inputs": first_directions(case.W, case.k)}


def last_directions(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Protect the last directions of the inputs."""
    return protected(case) | {"inputs": np.linalg.svd(case.X)[2][-case.k :].T.copy()}
