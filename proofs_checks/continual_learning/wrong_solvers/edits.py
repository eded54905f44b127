"""Recursions that go wrong, in exact numbers; their reports are true of their own maps, which are the wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np

from lrtheory.continual_learning import theory
from lrtheory.continual_learning.theory.ridge import inverse, of_one_kind
from proofs_checks.continual_learning.families.runs import FORMS, RIDGES, Found, adapted, collected, forms
from proofs_checks.continual_learning.families.streams import Stream, is_held
from proofs_checks.continual_learning.families.truths import Truth, energy, information, norm, truth

Step = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def _eye(n: int) -> np.ndarray:
    return of_one_kind(np.eye(n, dtype=int))[0]


def _right(C: np.ndarray, W: np.ndarray, K: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance and the map after an edit, as they should be."""
    gain = C @ K.T @ inverse(_eye(len(K)) + K @ C @ K.T)
    return C - gain @ K @ C, W + gain @ (V - K @ W)


def _path(stream: Stream, step: Step, C: np.ndarray | None = None) -> Found:
    """Return the maps of a recursion with its own step, and what is true of them."""
    true = truth(stream)
    C, maps = inverse(information(stream, 0)) if C is None else C, [true.start]
    for K, V in true.edits:
        C, W = step(C, maps[-1], K, V)
        maps.append(W)
    return _told(true, maps)


def _told(true: Truth, maps: list[np.ndarray]) -> Found:
    """Return maps with reports that are true of them."""
    D = [W - true.start for W in maps]
    E = true.surprises(np.stack(maps))
    paid = [true.cost(t, W) - true.cost(t, before) for t, (W, before) in enumerate(zip(maps[1:], maps, strict=False))]
    reports = {
        "surprise": [norm(one) for one in E],
        "residual": [norm(V - K @ W) for (K, V), W in zip(true.edits, maps[1:], strict=True)],
        "interference": paid,
        "bound": [energy(one) / 4 for one in E],
        "gap": [energy(one) / 4 - one_paid for one, one_paid in zip(E, paid, strict=True)],
        "cost": [true.cost(t, W) for t, W in enumerate(maps)][1:],
        "drift": list(map(norm, D[1:])),
        "anchor_drift": [norm(true.anchors @ one) for one in D[1:]],
    }
    held = is_held(true.stream)
    n = len(forms(true.stream)) if held else 2
    return _in_all_forms(n, {"weights": np.stack(maps)}, reports, singles=n - 1 if held else 0)


def _in_all_forms(
    n: int, exact: dict[str, np.ndarray], reports: dict[str, Any] | None = None, singles: int = 0
) -> Found:
    """Return the same arrays in Fractions, as doubles of n - 1 other forms, and of some in single precision."""
    runs = [exact] + [{name: np.asarray(x, float) for name, x in exact.items()}] * (n - 1 + singles)
    return collected([run | (reports or {}) for run in runs], *(reports or {}), singles=singles)


def ungained(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Add C K^T E, without the inverse of I + K C K^T."""
    return _path(stream, lambda C, W, K, V: (_right(C, W, K, V)[0], W + C @ K.T @ (V - K @ W)))


def twice_gained(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Update the covariance first, and then use the inverse of I + K C K^T with it all the same."""

    def step(C: np.ndarray, W: np.ndarray, K: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        after = _right(C, W, K, V)[0]
        return after, W + after @ K.T @ inverse(_eye(len(K)) + K @ C @ K.T) @ (V - K @ W)

    return _path(stream, step)


def rooted(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Take the root of the ridge for the ridge."""
    root = Fraction(isqrt(stream.ridge.numerator), isqrt(stream.ridge.denominator))
    return _path(stream, _right, inverse(information(replace(stream, ridge=root), 0)))


def without_anchors(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Leave the anchors out of the recursion."""
    held = replace(stream, anchors=(), ridge=stream.ridge or Fraction(1))
    return _path(stream, _right, inverse(information(held, 0)))


def spread(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Divide each step by two layers that remain."""
    half = Fraction(1, 2)

    def step(C: np.ndarray, W: np.ndarray, K: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        after, new = _right(C, W, K, V)
        return after, W + half * (new - W)

    return _path(stream, step)


def released(stream: Stream, rng: np.random.Generator | None = None, layers: int = 1) -> Found:
    """Take residuals for targets, and subtract what the map says once more; divide by the layers that remain."""
    share = Fraction(1, layers)

    def step(C: np.ndarray, W: np.ndarray, K: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        after, new = _right(C, W, K, V - K @ W)
        return after, W + share * (new - W)

    return _path(stream, step)


def fixed(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Never update the covariance."""
    return _path(stream, lambda C, W, K, V: (C, _right(C, W, K, V)[1]))


def still(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Do nothing."""
    return _path(stream, lambda C, W, K, V: (C, W))


def jittered(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Add a millionth to the diagonal where the first information matrix is singular, and say nothing."""
    try:
        C = inverse(information(stream, 0))
    except ZeroDivisionError:
        C = inverse(information(replace(stream, ridge=Fraction(1, 10**6)), 0))
    return _path(stream, _right, C)


def one_sided(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Solve in the products of keys, and forget the inverse of the prior on the way back."""
    true, C = truth(stream), inverse(information(stream, 0))
    maps = [true.start]
    for t in range(1, len(true.edits) + 1):
        K, V = (np.concatenate(parts) for parts in zip(*true.edits[:t], strict=True))
        maps.append(true.start + K.T @ inverse(_eye(len(K)) + K @ C @ K.T) @ (V - K @ true.start))
    return _told(true, maps)


# --- other outcomes --------------------------------------------------------------------------------------------------


def stale(stream: Stream, rng: np.random.Generator | None = None, halved: bool = False) -> Found:
    """Keep the first covariance, or move it half of the way, and report the determinant that follows."""
    true = truth(stream)
    found = [true.covariances[0]]
    for K, V in true.edits:
        after = _right(found[-1], true.start, K, V)[0]
        found.append((found[-1] + after) / 2 if halved else found[-1])
    M = [inverse(C).astype(float) for C in found]
    log_det = [np.linalg.slogdet(one)[1] for one in M]
    return _in_all_forms(len(forms(stream)), {"covariance": np.stack(found)}, {"log_det": log_det})


def untaken(stream: Stream, rng: np.random.Generator | None = None, wrong: str = "sign") -> Found:
    """Take an edit out with a wrong sign, without its information, or with the covariance of its own time."""
    true, i = truth(stream), stream.gone
    T = len(true.edits) - 1
    W, C = true.maps[T], true.covariances[T]
    K, V = true.edits[i]
    used = true.covariances[i + 1] if wrong == "time" else C
    P = K @ used @ K.T
    gain = used @ K.T @ inverse(_eye(len(K)) + (P if wrong == "sign" else -P))
    without = W - gain @ (V - K @ W)
    after = C if wrong == "information" else inverse(inverse(C) - K.T @ K)
    last = _right(after, without, *true.edits[-1])[1]
    return _in_all_forms(len(forms(stream)), {"weights": np.stack([without, last]), "left": V - K @ without})


def recounted(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Merge two workers, and count the prior of both."""
    true, M0 = truth(stream), information(stream, 0)
    M = information(stream) + M0
    due = 2 * M0 @ true.start
    for K, V in true.edits:
        due = due + K.T @ V
    maps, matrices = [true.maps[-1], *[inverse(M) @ due] * 2], [true.covariances[-1], *[inverse(M)] * 2]
    return _in_all_forms(len(forms(stream)), {"weights": np.stack(maps), "covariance": np.stack(matrices)})


def misfaded(stream: Stream, rng: np.random.Generator | None = None, wrong: str = "covariance") -> Found:
    """Let the covariance fade in place of the information, or the edits and not what was there before them."""
    true, beta = truth(stream), stream.decay
    if wrong == "prior":
        M = M0 = information(stream, 0)
        due, maps = M0 @ true.start, [true.start]
        for K, V in true.edits:
            M, due = M0 + beta * (M - M0) + K.T @ K, M0 @ true.start + beta * (due - M0 @ true.start) + K.T @ V
            maps.append(inverse(M) @ due)
        return _in_all_forms(len(FORMS), {"weights": np.stack(maps), "covariance": inverse(M)})
    C, maps = true.covariances[0], [true.start]
    for K, V in true.edits:
        C, W = _right(beta * C, maps[-1], K, V)
        maps.append(W)
    return _in_all_forms(len(FORMS), {"weights": np.stack(maps), "covariance": C})


def of_one_ridge(stream: Stream, rng: np.random.Generator | None = None, wrong: str = "first") -> Found:
    """Use the first ridge for all of them, or divide by the ridge where it multiplies."""
    ridges = [RIDGES[0] if wrong == "first" else 1 / ridge for ridge in RIDGES]
    if wrong == "still":
        return _in_all_forms(2, {"weights": np.stack([truth(stream).start] * len(RIDGES))})
    maps = [theory.ridge_solution(stream.W0, stream.pairs, **(stream.weights | {"ridge": one})) for one in ridges]
    return _in_all_forms(2, {"weights": np.stack(maps)})


def truncated(stream: Stream, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Truncate the change itself, and say that it costs what the best change costs."""
    true, r = truth(stream, False), stream.rank
    D = true.maps[-1] - true.start
    U, s, Vt = np.linalg.svd(D, full_matrices=False)
    R = np.linalg.cholesky(information(stream).astype(float)).T
    tail = np.linalg.svd(R @ D, compute_uv=False)[r:]
    B, A = U[:, :r] * s[:r], Vt[:r]
    return {"B": B, "A": A, "excess": float(tail @ tail), "turned": (B @ A).T}


def unturned(stream: Stream, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Give the change of rows where maps are stored the other way round."""
    found = adapted(stream)
    change = found["B"] @ found["A"]
    return found | {"turned": change if change.shape == found["turned"].shape else 0 * change.T}
