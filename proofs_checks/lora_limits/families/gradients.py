"""Wrong chains that several rooms refute: other row sums, tilts applied twice, and one degree less."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from proofs_checks.lora_limits.families.chains import attention
from proofs_checks.lora_limits.families.row_perturbation import (
    Approximate,
    Matrices,
    Surrogate,
    Tilted,
    approximate,
    tilted,
)


def exact_sums(case: Tilted, rng: np.random.Generator) -> Matrices:
    """Return the chain of tilted exponentials whose rows are divided by the sums of the exact ones."""
    # subtle: rows differ from the right ones by a common factor, which is 1 where the tilts of a row cancel
    f = attention(case.logits) * (1 + case.eta * case.signs)
    c = f @ case.C3 - case.Y
    q = c @ case.C3.T
    r = (f * q).sum(1)
    return Matrices(f, c, q, f * q, r, r[:, None] * f, f * (q - r[:, None]))


def tilted_twice(case: Tilted, rng: np.random.Generator) -> Matrices:
    """Apply the tilts a second time."""
    # every bound is exceeded where it is attained, since the tilts are then up to (1 + eta)^2
    return tilted(replace(case, logits=case.logits + np.log1p(case.eta * case.signs)))


def one_degree_less(case: Surrogate, rng: np.random.Generator) -> Approximate:
    """Use the polynomial without its last power."""
    return approximate(replace(case, degree=max(0, case.degree - 1)))
