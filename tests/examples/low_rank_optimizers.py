"""One small call of every public function of `low_rank_optimizers`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.backends import need_data
from tests.examples import Call, call

GRADIENT = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])


def loaded(name: str, *args: object, **options: object) -> Call:
    need_data(name)
    return call(*args, **options)


CALLS: dict[str, Callable[[], Call]] = {
    "dct_basis": lambda: call(4, columns=[0, 2]),
    "select_columns": lambda: call(GRADIENT, 1),
    "newton_schulz": lambda: call(GRADIENT, n_iter=2),
    "spectral_image": lambda: call((0.01, 1.0)),
    "update_curvature": lambda: call(np.eye(3), GRADIENT[0], decay=0.5),
    "theory.absolute_rule_share": lambda: call(4),
    "theory.captured_energy": lambda: call([1.0, 4.0, 2.0], 2),
    "theory.dct_entry": lambda: call(4, 1, 2),
    "theory.feedback_bound": lambda: call(2.0, 4, 3),
    "theory.lost_travel": lambda: call(0.9, 200),
    "theory.momentum_bound": lambda: call(2.0, 4, 3, momentum=0.9),
    "theory.moved_moments": lambda: call(GRADIENT, [0, 1, 4], [1, 2, 4]),
    "theory.resplit_variances": lambda: call(1.0, 2.0, step_size=0.5, momentum=0.9, density=0.25, period=2),
    "theory.selection_bound": lambda: call(8.0, 4, 1),
    "theory.state_bytes": lambda: call("frugal", (3, 4), density=0.5),
    "theory.stationary_variance": lambda: call(1.0, 2.0, step_size=0.5, momentum=0.9),
}
