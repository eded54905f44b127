"""Small assignment problems: costs, an affinity, lambda, T, a start, clamped rows; and what follows by definition."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import rounding
from lrtheory.transductive_clustering import theory


@dataclass(frozen=True)
class Case:
    """An assignment problem and the parameters of its energy.

    Attributes
    ----------
    costs : ndarray of shape (N, K)
        A.
    affinity : ndarray of shape (N, N)
        W.
    lam, temperature : float
        lambda and T.
    init : ndarray of shape (N, K)
        The start; clamped rows stand at their labels.
    clamp : ndarray of shape (N,)
        Labels of the clamped points; -1 is free.
    path : str
        Code of the package that runs the case: "dense", "sparse", or "tasks", the compiled few-shot tasks.
    features : ndarray of shape (K + N, d), or None
        For "tasks", one prototype per class and the points; costs, affinity and start follow from them.
    """

    costs: np.ndarray
    affinity: np.ndarray
    lam: float
    temperature: float
    init: np.ndarray
    clamp: np.ndarray
    path: str = "dense"
    features: np.ndarray | None = None

    @property
    def n(self) -> int:
        """Number of points."""
        return self.costs.shape[0]

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return self.costs.shape[1]

    @property
    def free(self) -> np.ndarray:
        """Which rows are free."""
        return self.clamp < 0

    @property
    def block(self) -> np.ndarray:
        """The rows and columns of W that are free."""
        return self.affinity[np.ix_(self.free, self.free)].astype(float)

    @property
    def spectrum(self) -> tuple[float, float]:
        """Least eigenvalue and spectral norm of the free block of W."""
        block = self.block
        if not len(block):
            return 0.0, 0.0
        values = np.linalg.eigvalsh((block + block.T) / 2)
        return float(values[0]), float(np.linalg.norm(block, 2))

    @property
    def scale(self) -> float:
        """A size that no part of an energy exceeds by much."""
        parts = np.abs(self.costs).sum() + self.lam * np.abs(self.affinity).sum()
        return float(1 + parts + self.temperature * self.n * np.log(self.n_clusters + 1))

    @property
    def heat(self) -> float:
        """A size that no logit exceeds; it multiplies relative errors of logits in those of their softmax."""
        logits = np.abs(self.costs).max(axis=1) + self.lam * np.abs(self.affinity).sum(axis=1)
        return float(1 + logits.max() / self.temperature)

    @property
    def spoiled(self) -> float:
        """Rounding of sums over all entries, where assignments come out of a softmax."""
        return rounding(16 * self.costs.size * (self.n + 1), self.scale * self.heat)


def pairs(case: Case, Z: np.ndarray, Y: np.ndarray | None = None) -> float:
    """Return tr(Z' W Y), with Y = Z if it is not given."""
    return (Z * (case.affinity @ (Z if Y is None else Y))).sum()


def logs(Z: np.ndarray) -> np.ndarray:
    """Return z log z, entry by entry, with 0 log 0 = 0."""
    Z = np.asarray(Z, dtype=float)
    return np.where(Z > 0, Z * np.log(np.where(Z > 0, Z, 1)), 0.0)


def energy(case: Case, Z: np.ndarray, weight: float = 0.5) -> float:
    """Return R_T(Z) term by term; the pairs have the weight `weight` lambda, where 1/2 is right."""
    return case.temperature * logs(Z).sum() + (case.costs * Z).sum() - weight * case.lam * pairs(case, Z)


def discrete(case: Case, Z: np.ndarray):
    """Return <A, Z> - (lambda / 2) tr(Z' W Z), exactly for exact numbers."""
    half = case.lam / 2
    return (case.costs * Z).sum() - half * pairs(case, Z)


def highest(case: Case):
    """Return a number that no energy exceeds, with entropy or without: all costs are at their largest."""
    return case.costs.max(1).sum() + case.lam / 2 * np.maximum(-case.affinity, 0).sum()


def lowest(case: Case) -> float:
    """Return a number that no energy is below: all costs at their least, all pairs together, all rows uniform."""
    entropy = case.temperature * int(case.free.sum()) * np.log(case.n_clusters)
    return float(case.costs.min(1).sum() - case.lam / 2 * np.maximum(case.affinity, 0).sum() - entropy)


def farthest(case: Case) -> float:
    """Return a number that no squared distance of two assignments with the same clamped rows exceeds."""
    return 2.0 * int(case.free.sum())


def log_update(case: Case, Z: np.ndarray) -> np.ndarray:
    """Return log S(Z), the logits (lambda W Z - A) / T less the logarithm of the sum of their exponentials."""
    logits = (case.lam * (case.affinity @ Z) - case.costs) / case.temperature
    highest = logits.max(1, keepdims=True)
    return logits - highest - np.log(np.exp(logits - highest).sum(1, keepdims=True))


def update(case: Case, Z: np.ndarray) -> np.ndarray:
    """Return S(Z), the softmax of (lambda W Z - A) / T in the free rows."""
    return np.where(case.free[:, None], np.exp(log_update(case, Z)), Z)


def divergence_of(case: Case, P: np.ndarray, Z: np.ndarray) -> float:
    """Return KL(P || S(Z)) over free rows, from the logits of S(Z), which do not underflow as its entries do."""
    P = np.asarray(P, dtype=float)
    return (logs(P) - P * log_update(case, Z))[case.free].sum()


def is_representable(P: np.ndarray, Q: np.ndarray) -> bool:
    """Whether no entry of Q underflows where that of P is positive, so that a divergence can be taken from both."""
    return bool((Q[np.asarray(P) > 0] >= np.finfo(float).tiny).all())


def shortest(case: Case) -> float:
    """Return the least factor of a damped step: 2 T / (lambda depth), with -depth Gershgorin's bound on lambda_min."""
    block = np.abs(case.block)
    depth = (block.sum(1) - np.diag(block) - np.diag(case.block)).max(initial=0.0)
    return min(1.0, 2 * case.temperature / (case.lam * depth)) if case.lam * depth > 0 else 1.0


def vertices(case: Case) -> np.ndarray:
    """Return all labels that agree with the clamped ones, (n_vertices, N)."""
    options = [range(case.n_clusters) if label < 0 else [int(label)] for label in case.clamp]
    return np.array(list(itertools.product(*options)))


def one_hot(labels: np.ndarray, n_clusters: int) -> np.ndarray:
    """Return the assignments of labels, with one 1 per row."""
    return np.eye(n_clusters, dtype=int)[np.asarray(labels, dtype=np.int64)]


def is_symmetric(case: Case) -> bool:
    """Whether W is symmetric."""
    return bool((case.affinity == case.affinity.T).all())


SYMMETRIC = {"a symmetric affinity": is_symmetric}


def is_safe(case: Case) -> bool:
    """Whether lambda lambda_min >= -2 T, with a little to spare for the eigenvalue."""
    least = case.spectrum[0] - rounding(64 * case.n**2, 1 + float(np.abs(case.affinity).sum()))
    return least >= 0 or case.lam <= theory.largest_monotone_lam(float(least), temperature=case.temperature)


def attracts(case: Case) -> bool:
    """Whether no weight is negative."""
    return bool((case.affinity >= 0).all())
