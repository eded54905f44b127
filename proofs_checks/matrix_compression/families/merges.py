"""Several updates of one weight, their weights, and the rank that their sum shall get."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight
from lrtheory.matrix_compression import AdapterFile, AdapterModule, baselines, merge_adapters
from proofs_checks.matrix_compression.families.exact import energies
from proofs_checks.matrix_compression.families.updates import allowance, are_factors, draw_factors, regauged

NAME = "query"


@dataclass(frozen=True)
class Merge:
    """Factors, scale and weight of each update, and the rank r."""

    B: tuple[np.ndarray, ...]
    A: tuple[np.ndarray, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    rank: int

    @property
    def terms(self) -> list[np.ndarray]:
        """The updates w s B A."""
        rows = zip(self.B, self.A, self.scales, self.weights, strict=True)
        return [w * s * (B @ A) for B, A, s, w in rows]

    @property
    def total(self) -> np.ndarray:
        """Their sum."""
        return np.sum(self.terms, axis=0)

    @property
    def allowed(self) -> float:
        """The rounding in doubles of norms of the sum, and of truncations on the way to it."""
        rows = zip(self.B, self.scales, self.weights, strict=True)
        left = np.concatenate([w * s * B for B, s, w in rows], axis=1)
        return 4 * len(self.B) * allowance(left, np.concatenate(self.A, axis=0))


def are_of_one_weight(case: Merge) -> bool:
    """Decide whether all are updates of one shape, one at least."""
    counts = {len(case.B), len(case.A), len(case.scales), len(case.weights)}
    pairs = list(zip(case.B, case.A, strict=False))
    fits = len(counts) == 1 and pairs and all(are_factors(B, A) for B, A in pairs)
    return bool(fits and len({(B.shape[0], A.shape[1]) for B, A in pairs}) == 1)


def are_weighted(case: Merge) -> bool:
    """Decide whether weights and scales are numbers, and the rank is not negative."""
    return bool(np.isfinite([*case.weights, *case.scales]).all() and case.rank >= 0)


def have_one_rank(case: Merge) -> bool:
    """Decide whether all factors have one inner rank, as averaging them needs."""
    return len({B.shape[1] for B in case.B}) == 1


def adapters(case: Merge) -> list[AdapterFile]:
    """Return the updates as adapters of one module, in double precision."""
    rows = zip(case.B, case.A, case.scales, strict=True)
    return [AdapterFile({NAME: AdapterModule(B, A, scale=s, dtype="F64")}) for B, A, s in rows]


def merged(case: Merge, rng: np.random.Generator | None = None, **options: Any) -> dict[str, Any]:
    """Return the factors of the library's adapter for the sum, by factors and by the sum itself."""
    found = {}
    for method in ("core", "dense"):
        made = merge_adapters(adapters(case), case.weights, rank=case.rank, method=method, **options)
        module = made.adapter.modules[NAME]
        found[method] = {"B": module.B, "A": module.A, "scale": module.scale, "error": made.error}
    return found


def averaged(case: Merge, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the factors that adding up left and right factors gives."""
    module = baselines.factor_average(adapters(case), case.weights).adapter.modules[NAME]
    return {"B": module.B, "A": module.A, "scale": module.scale}


@dataclass(frozen=True)
class Steps:
    """The factors after every step, what each has lost, and the bounds that are stated of the sum."""

    B: tuple[np.ndarray, ...]
    A: tuple[np.ndarray, ...]
    tails: np.ndarray
    bracket: np.ndarray


def streamed(case: Merge, rng: np.random.Generator | None = None) -> Steps:
    """Return the steps of merging one update at a time."""
    made = merge_adapters(adapters(case), case.weights, rank=case.rank, method="stream", record=True)
    proof, trace = made.certificate, made.trace
    bracket = np.array([proof.bound, proof.achieved])
    return Steps(trace["B"][NAME], trace["A"][NAME], proof.tails[NAME], bracket)  # type: ignore[index,union-attr]


def in_all_steps(case: Merge, found: Steps) -> float:
    """Return what all steps may err by in doubles: each factors the running sum and one update, side by side."""
    whole, L, R = case.allowed, case.B[0][:, :0], case.A[0][:0]
    for k, (B, A) in enumerate(zip(case.B, case.A, strict=True)):
        # balanced factors have the nuclear norm of their product; factors in a gauge must not widen what is allowed
        load = float(np.linalg.norm(L, axis=0) @ np.linalg.norm(R, axis=1))
        R = R * min(1.0, float(np.sqrt(energies(L @ R)).sum()) / load) if load else R
        joint = np.concatenate([L, case.weights[k] * case.scales[k] * B], axis=1), np.concatenate([R, A])
        whole += 4 * allowance(*joint)
        L, R = np.asarray(found.B[k]), np.asarray(found.A[k])
    return whole


def draw_merge(draws: Draws) -> Merge:
    """Draw up to four updates of different ranks, with weights of either sign, some of them in a gauge."""
    m, n, count = draws.integers(2, 5), draws.integers(2, 5), draws.integers(1, 4)
    B, A = [], []
    for _ in range(count):
        q = draws.integers(1, 3)
        left, right = draw_factors(draws, m, q, n)
        mixed = q >= 2 and draws.choice((False, True))
        left, right = regauged(left, right, 3) if mixed else (left, right)
        B.append(left)
        A.append(right)
    scales = tuple(draws.choice((1.0, 2.0, 0.25)) for _ in range(count))
    weights = tuple(draws.choice((1.0, -1.0, 0.5, 0.0)) for _ in range(count))
    return Merge(tuple(B), tuple(A), scales, weights, draws.integers(0, min(m, n)))


def draw_alike(draws: Draws) -> Merge:
    """Draw updates of one rank."""
    case, q = draw_merge(draws), draws.integers(1, 3)
    (m, n), count = case.terms[0].shape, len(case.B)
    B = tuple(draws.integers(-4, 4, shape=(m, q)).astype(float) for _ in range(count))
    return replace(case, B=B, A=tuple(draws.integers(-4, 4, shape=(q, n)).astype(float) for _ in range(count)))


def numbers(*pairs: tuple[float, float], rank: int = 1, weights: tuple[float, ...] | None = None) -> Merge:
    """Make updates of a weight of one entry."""
    B, A = (tuple(np.array([[x]]) for x in column) for column in zip(*pairs, strict=True))
    return Merge(B, A, (1.0,) * len(pairs), weights or (1.0,) * len(pairs), rank)


def axes(*scales: float, rank: int = 1) -> Merge:
    """Make updates along the axes, each of rank 1 with the scale as its only singular value."""
    eye = np.eye(len(scales))
    B, A = (
        tuple(x[:, [i]].copy() if side else x[[i]].copy() for i in range(len(scales)))
        for side, x in ((1, eye), (0, eye))
    )
    return Merge(B, A, tuple(scales), (1.0,) * len(scales), rank)


def merges() -> tuple[Merge, ...]:
    """Return 1 and 2 as products, a difference of updates, ranks that differ, and a sum wider than the weight."""
    B, A = np.array([[3.0, 1.0], [0.0, 2.0], [1.0, -1.0]]), np.array([[1.0, 2.0, 0.0], [-1.0, 1.0, 3.0]])
    pair = Merge((B, B[::-1].copy()), (A, 2 * A[:, ::-1]), (1.0, 0.5), (1.0, -1.0), 1)
    return (
        numbers((1, 1), (2, 1)),
        numbers((1, 1), (2, 1), weights=(1.0, -1.0)),
        pair,
        replace(pair, weights=(0.5, 2.0)),
        replace(pair, B=(B, B[:, :1].copy()), A=(A, A[:1].copy())),
        replace(
            pair, B=(B, B, B[::-1].copy()), A=(A, A[::-1].copy(), A), scales=(1.0,) * 3, weights=(1.0,) * 3, rank=2
        ),
    )


MERGES = Family("merges", always=merges, draw=draw_merge)
STREAMS = Family(
    "merges-in-steps",
    # what a later step would need has been dropped by an earlier one; then updates that cancel
    always=lambda: (axes(2.0, 1.0), axes(1.0, 1.5, 1.0), replace(axes(1.0, 2.0, 3.0), rank=2), *merges()[2:]),
    # one step alone: its loss is the best error
    tight=(Tight(Merge((np.eye(2),), (np.eye(2),), (1.0,), (1.0,), 1), 1 - 1e-12, 1),),
    draw=draw_merge,
)
ALIKE = Family("merges-of-one-rank", always=lambda: merges()[:4], draw=draw_alike)
