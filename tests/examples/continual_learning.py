"""One small call of every public function of `continual_learning`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lrtheory._files.safetensors import encoded, write_tensors
from tests.backends import need_data
from tests.examples import Call, call

W0 = np.array([[1.0, 0.0], [0.5, -1.0], [0.0, 2.0]])
KEYS = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]])
VALUES = np.array([[1.0, 1.0], [0.0, -2.0]])


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
}
