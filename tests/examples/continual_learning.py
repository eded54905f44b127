"""One small call of every public function of `continual_learning`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.backends import need_data
from tests.examples import Call, call

W0 = np.array([[1.0, 0.0], [0.5, -1.0], [0.0, 2.0]])
KEYS = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]])
VALUES = np.array([[1.0, 1.0], [0.0, -2.0]])


def loaded(name: str, *args: object, **options: object) -> Call:
    need_data(name)
    return call(*args, **options)


CALLS: dict[str, Callable[[], Call]] = {
    "load_encoder_edits": lambda: loaded("encoder_edits"),
    "load_permuted_digits": lambda: loaded("permuted_digits", 2, rng=0),
    "load_split_digits": lambda: loaded("split_digits"),
    "load_split_mnist": lambda: loaded("split_mnist"),
}
