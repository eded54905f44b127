"""Wrong ways to make an adapter smaller, and to merge several; each must be caught by a statement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from proofs_checks.matrix_compression.families.files import DIGITS, Cast
from proofs_checks.matrix_compression.families.merges import Merge, averaged
from proofs_checks.matrix_compression.families.updates import Panel, Update, panel, squeezed


def one_by_one(case: Update, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Take the left basis from B alone, as tools do that stack factors of several adapters: it hangs on the gauge."""
    r = case.rank
    U = np.linalg.svd(case.B, full_matrices=False)[0][:, :r]
    B, A = U * (case.scale / case.out_scale), U.T @ case.B @ case.A
    honest = squeezed(case)
    return honest | {"B": B, "A": A}


def unsigned(case: Update, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Lose the sign of the quotient of both scales."""
    return squeezed(replace(case, scale=abs(case.scale), out_scale=abs(case.out_scale))) | {"scale": case.out_scale}


def certified_for_more(case: Update, rng: np.random.Generator) -> Panel:
    """Give each pair of factors the certificate of a pair of one rank more."""
    seeds = np.random.default_rng(rng.integers(2**31)).spawn(2)
    return replace(panel(case, seeds[0]), brackets=panel(case, seeds[1], more=1).brackets)


def averaged_twice(case: Merge, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Answer with averaged factors where the factors of the sum are asked for."""
    made = averaged(case)
    return {method: made | {"error": 0.0} for method in ("core", "dense")}


def cut_off(case: Cast, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Drop the digits that a format does not have, as taking the upper half of a float32 does."""
    bits, found = DIGITS[case.dtype], {}
    for name, factor in (("B", case.B), ("A", case.A)):
        parts, powers = np.frexp(factor)
        found[name] = np.ldexp(np.trunc(parts * 2.0**bits) / 2.0**bits, powers)
    return found
