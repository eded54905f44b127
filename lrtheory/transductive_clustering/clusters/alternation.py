r"""The alternation of `cluster`: updates of the assignments, then of the prototypes, and the energy after each."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.transductive_clustering.clusters.prototypes import Prototypes, host_costs, host_moved, squared_sizes
from lrtheory.transductive_clustering.updates import certificates, dense
from lrtheory.transductive_clustering.updates import sparse as sparse_bound
from lrtheory.transductive_clustering.updates.bound import STOPPED, step_factors
from lrtheory.transductive_clustering.updates.edges import csr_parts

__all__ = ["Alternation", "empty_clusters"]

SQUARED = ("mean", "mode", "medoid")  # prototypes for which a high temperature is told by squared distances

EVEN = 1.01  # the largest assignment times K, below which labels are rounding


class Alternation:
    """The state of a run: assignments, prototypes, and the energy after every half turn.

    ``energies[0]`` is of the start, ``energies[2 i + 1]`` of turn i after its assignments (i from 0), and
    ``energies[2 i + 2]`` after its prototypes.
    """

    def __init__(
        self, X: np.ndarray, W: Any, prototypes: Prototypes, clamped: np.ndarray | None, lam: float, temperature: float
    ) -> None:
        self.X, self.W, self.prototypes, self.lam, self.temperature = X, W, prototypes, lam, temperature
        self.edges = csr_parts(W)
        self.wide = X.astype(np.float64, copy=False)
        self.moments = len(X), self.wide.sum(axis=0), float(np.vdot(self.wide, self.wide))
        self.costs = host_costs(self.wide, prototypes, X.dtype)
        self.clamped = np.full(len(X), -1) if clamped is None else clamped
        self.free = (self.clamped < 0)[:, None]
        start = dense.softmax(np, -self.costs, temperature)
        self.Z = np.where(self.free, start, dense.one_hot(np, self.clamped, self.costs.shape[1], X.dtype))
        self.known = certificates.spectrum_bounds(np, W, self.free)
        self.factor: Any = 1.0
        self.safe: Any = None
        self.updates = self.rises = 0
        self.stopped = False
        self.work = dense.Work(1, W.nnz * self.costs.shape[1], 0)  # for the energy at the start
        self.energies = [float(dense.energy(np, self.bound(), self.Z, W @ self.Z)[0])]

    def damp(self, damping: float | str) -> None:
        """Choose the factor of the steps, and the safe one that they fall back to."""
        self.factor, self.safe = step_factors(np, self.bound(), self.known, damping)

    def bound(self) -> dense.Bound:
        """Return the data of the bound for the prototypes as they are now."""
        return dense.Bound(self.costs, self.W, self.lam, self.temperature, self.free)

    def run(self, hard: bool, max_inner_iter: int, tol: float, max_iter: int, watch: Any) -> tuple[int, bool]:
        """Make turns until energy and assignments stand still; returns their number, and whether they do."""
        for n_iter in range(1, max_iter + 1):
            before, value = self.Z, self.energies[-1]
            # without a graph the second update of a turn would repeat the first
            self.assign(max_inner_iter if self.lam > 0 else 1)
            self.move(hard)
            self.stopped = watch is not None and watch(self, n_iter)
            still = np.abs(self.Z - before).max() <= self.factor * tol**0.5
            if still and sparse_bound.stands(self.energies[-1], value, tol, self.rounding()):
                return n_iter, True
            if self.stopped:
                return n_iter, False
        return max_iter, False

    def assign(self, max_iter: int) -> None:
        """Update the assignments for fixed prototypes, from where they are, so that the joint energy falls (TC-T9)."""
        done = sparse_bound.descend_sparse(
            self.costs,
            self.edges,
            self.Z,
            self.clamped,
            lam=self.lam,
            temperature=self.temperature,
            factor=float(self.factor),
            safe=self.safe,
            tol=0.0,
            max_iter=max_iter,
        )
        self.Z, self.factor, self.updates = done.assignments, done.damping, self.updates + int(done.n_iter)
        self.work = self.work.plus(done.work)
        self.note(float(done.energy))

    def move(self, hard: bool) -> None:
        """Update the prototypes once; of the energy only the term <A, Z> changes."""
        weights = dense.one_hot(np, self.Z.argmax(axis=1), self.Z.shape[1], self.Z.dtype) if hard else self.Z
        unary = float(dense.total(np, self.costs * self.Z))
        self.prototypes = host_moved(self.wide, weights, self.prototypes)
        self.costs = host_costs(self.wide, self.prototypes, self.X.dtype)
        self.note(self.energies[-1] + float(dense.total(np, self.costs * self.Z)) - unary)

    def rounding(self) -> float:
        """Return a bound on the rounding of an energy, in its terms and in the squares behind the costs."""
        n, k = self.costs.shape
        terms = float(dense.total(np, np.abs(self.costs) * self.Z)) + n * self.temperature * np.log(k)
        single, double = float(np.finfo(self.X.dtype).eps), float(np.finfo(np.float64).eps)
        squares = double * squared_sizes(self.moments, self.prototypes)
        return dense.ROUNDING * (single * (self.temperature + 2 * terms + abs(self.energies[-1])) + squares)

    def note(self, value: float) -> None:
        """Append an energy; a rise beyond rounding is counted."""
        self.rises += value > self.energies[-1] + self.rounding()
        self.energies.append(value)

    def message(self, converged: bool, n_empty: int) -> str:
        """Return a sentence on how the run ended, and on empty clusters."""
        ended = STOPPED if self.stopped else "max_iter was reached"
        text = "energy and assignments stand still" if converged else ended
        if self.rises:
            text += f"; the energy rose {self.rises} times"
        if self.factor < 1:
            text += "; steps were damped"
        K = self.Z.shape[1]
        even = K > 1 and float(self.Z.max(axis=1).mean()) * K < EVEN
        if even:
            text += "; all assignments are nearly even, so labels say nothing"
        return text + empty_clusters(n_empty, K) + (self.heat() if n_empty or even else "")

    def heat(self) -> str:
        """Return a remark if the temperature is large beside the squared distances, which merges prototypes."""
        n, total, squares = self.moments
        spread = max(0.0, squares - float(total @ total) / n) / n
        if self.prototypes.kind not in SQUARED or self.temperature <= spread:
            return ""
        return f"; the temperature {self.temperature:.3g} is large beside the squared distances (about {spread:.2g})"


def empty_clusters(n_empty: int, n_clusters: int) -> str:
    """Return a remark if some clusters have no label, else nothing."""
    be = "is" if n_empty == 1 else "are"
    return f"; {n_empty} of {n_clusters} clusters {be} empty" if n_empty else ""
