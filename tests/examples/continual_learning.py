"""One small call of every public function of `continual_learning`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lrtheory._files.safetensors import encoded, write_tensors
from lrtheory.continual_learning import Task
from tests.backends import need_data
from tests.examples import Call, call

W0 = np.array([[1.0, 0.0], [0.5, -1.0], [0.0, 2.0]])
KEYS = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]])
VALUES = np.array([[1.0, 1.0], [0.0, -2.0]])
TABLE = np.array([[1.0, 0.25], [0.5, 0.75]])
TASKS = [Task(KEYS, [0, 1], KEYS, [0, 1]), Task(-KEYS, [1, 2], -KEYS, [1, 2])]


def loaded(name: str, *args: object, **options: object) -> Call:
    need_data(name)
    return call(*args, **options)


def edited() -> Call:
    folder = Path(tempfile.mkdtemp())
    write_tensors(folder / "old.safetensors", {"w": encoded(W0.T, "F32")})
    return call(folder / "old.safetensors", "w", [(KEYS, VALUES)], out=folder / "new.safetensors", anchors=KEYS[:1])


CALLS: dict[str, Callable[[], Call]] = {
    "baselines.batch_ridge": lambda: call(W0, [(KEYS, VALUES)], record=True),
    "baselines.fixed_covariance": lambda: call(W0, [(KEYS, VALUES)], anchors=KEYS + 1),
    "baselines.hard_write": lambda: call(W0, [(KEYS, VALUES)], anchors=KEYS + 1),
    "baselines.null_space": lambda: call(W0, [(KEYS, VALUES)], anchors=KEYS[:1] + 1),
    "baselines.random_rows": lambda: call(KEYS, 2, rng=0),
    "baselines.truncated": lambda: call(KEYS, 1),
    "edit_safetensors": edited,
    "plan_edit": lambda: call(W0, KEYS, VALUES, min_success=0.5),
    "ridge_edit": lambda: call(W0, [(KEYS, VALUES), (KEYS[:1], VALUES[1:])], anchors=KEYS + 1, record=True),
    "load_encoder_edits": lambda: loaded("encoder_edits"),
    "load_permuted_digits": lambda: loaded("permuted_digits", 2, rng=0),
    "load_split_digits": lambda: loaded("split_digits"),
    "load_split_mnist": lambda: loaded("split_mnist"),
    "sketch": lambda: call(KEYS, 1),
    "average_accuracy": lambda: call(TABLE),
    "backward_transfer": lambda: call(TABLE),
    "forgetting": lambda: call(TABLE, definition="first"),
    "forward_transfer": lambda: call(TABLE, [0.5, 0.25]),
    "incremental_accuracy": lambda: call(TABLE),
    "learning_accuracy": lambda: call(TABLE),
    "make_adversarial_rows": lambda: call(2, n_repeats=3),
    "make_coordinate_rows": lambda: call(3, 4, rng=0),
    "make_edit_stream": lambda: call(3, 2, n_edits=2, n_anchors=1, rng=0),
    "make_float_trap": lambda: call("tiny-ridge", n_edits=2, rng=0),
    "make_tight_edit": lambda: call(2.0),
    "run_tasks": lambda: call(TASKS, method="project", hidden=(3,), epochs=1, rng=0, record=True),
    "theory.fd_bound": lambda: call([3.0, 2.0, 1.0], 2),
    "theory.fd_rank_needed": lambda: call([10.0, 1.0, 1.0], 0.01),
    "theory.ridge_solution": lambda: call(W0, [(KEYS, VALUES)], anchors=KEYS),
    "theory.tail_energy": lambda: call([3.0, 2.0, 1.0], 1),
}

#: calls of formulas of rooms whose arguments do not follow from their domains
OF_ROOMS: dict[str, Callable[[], Call]] = {
    "adapter_excess": lambda: call([3.0, 1.0], 1),
    "dual_solution": lambda: call(W0, [(KEYS, VALUES)], anchors=KEYS),
    "energy_rank": lambda: call([9.0, 3.0, 3.0], 0.9, 120.0),
    "ledger_cost": lambda: call([VALUES], [[[2.0, 1.0], [1.0, 3.0]]]),
    "misra_gries": lambda: call([(0, 4.0), (1, 1.0), (2, 1.0)], 1, 2),
    "momentum_leak": lambda: call([4.0, 0.0], 0.5, 1.0, 2),
    "projection_bound": lambda: call([3.0, 2.0, 1.0], 1, 2),
    "worst_leak": lambda: call([3.0, 2.0, 1.0], 1),
    "least_error": lambda: call([3.0, 2.0, 1.0], 1),
    "loss_growth_limit": lambda: call([3.0, 2.0, 1.0], 1, 2.0),
    "free_eigenvalue": lambda: call(np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0], [0.0]])),
    "free_part": lambda: call(np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0], [0.0]]), np.array([[0.0], [1.0]])),
}
