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


CALLS: dict[str, Callable[[], Call]] = {}
