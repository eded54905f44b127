"""What the tests of few-shot tasks share."""

from __future__ import annotations

import numpy as np
import pytest

from tests.transductive_clustering import oracles


@pytest.fixture(scope="session")
def points():
    """Features and classes like those of digits."""
    return oracles.digits_like(np.random.default_rng(0))
