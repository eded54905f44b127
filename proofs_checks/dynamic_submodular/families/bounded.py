"""Certificates: the bound of the optimum that the value and the marginals of any set prove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dynamic_submodular import SubmodularCertificate, certify_selection
from proofs_checks.dynamic_submodular.families.functions import (
    SetFunction,
    draw_function,
    mask_of,
    optima,
    set_function,
    value_of,
)
from proofs_checks.dynamic_submodular.families.streams import modular


@dataclass(frozen=True)
class Bounded:
    """A function, the candidates, the items chosen, the set that proves the bound, and k."""

    function: SetFunction
    present: np.ndarray
    items: np.ndarray
    witness: np.ndarray
    k: int

    @property
    def optimum(self) -> Any:
        """The best value of at most k present elements, by enumeration."""
        there = np.zeros((1, self.function.n), dtype=bool)
        there[0, np.asarray(self.present, dtype=int)] = True
        return optima(self.function, there, self.k)[0]

    @property
    def marginals(self) -> np.ndarray:
        """The marginals f(v | A) of the present elements, A the witness."""
        base = [int(v) for v in self.witness]
        whole = value_of(self.function, base)
        return np.array([self.function.values[mask_of([*base, int(v)])] - whole for v in self.present])

    @property
    def bound(self) -> Any:
        """The sum of f(A) and the k best marginals, by the table."""
        best = sorted(self.marginals.tolist(), reverse=True)[: self.k]
        return value_of(self.function, self.witness) + sum(best)


def proved(bounded: Bounded, rng: np.random.Generator) -> SubmodularCertificate:
    """Return the certificate of the package."""
    options = {"candidates": np.asarray(bounded.present, dtype=int), "witness": np.asarray(bounded.witness, dtype=int)}
    return certify_selection(bounded.function.objective(), np.asarray(bounded.items, dtype=int), bounded.k, **options)


def draw_bounded(draws: Draws) -> Bounded:
    """Draw five to eight elements, of which one or two may be absent, and any set as witness."""
    n = draws.integers(5, 8)
    present, k = np.sort(draws.permutation(n)[: n - draws.integers(0, 2)]), draws.integers(1, 3)
    witness = draws.permutation(n)[: draws.integers(0, k)]  # any set proves a bound, absent elements included
    return Bounded(draw_function(draws, n), present, present[: draws.integers(0, k)], witness, k)


NOBODY = np.zeros(0, dtype=np.int64)
#: a sum, of which every set proves the optimum exactly; one set that hides two others
BOUNDED = Family(
    "bounded",
    always=(
        Bounded(modular([3.0, 2.0, 1.0]), np.arange(3), np.array([0]), NOBODY, 2),
        Bounded(modular([4.0, 2.0, 8.0, 1.0]), np.array([0, 1, 2]), np.array([2, 1]), np.array([3, 1]), 2),
        Bounded(
            set_function("coverage", np.array([[1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0]]) > 0, np.ones(4)),
            np.arange(3),
            np.array([2]),
            np.array([2]),
            2,
        ),
    ),
    draw=draw_bounded,
)
