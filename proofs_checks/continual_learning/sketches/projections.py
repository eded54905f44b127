"""The directions of a sketch beside those of its stream."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import exact, numbers, plain
from lrtheory._types import ArrayLike
from lrtheory.bounds import Derived, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.continual_learning import theory
from proofs_checks.continual_learning.families.matrices import spectrum
from proofs_checks.continual_learning.families.rows import STREAM, STREAMS, Rows, allowed, sketched
from proofs_checks.guards import allowance, misfit, square, unlike


def left_vectors(case: Rows, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Take left singular vectors of the sketch for its directions, with zeros where they are too short."""
    found = sketched(case)
    B = np.zeros((case.rows.shape[1], case.rows.shape[1]))
    B[: len(found["sketch"])] = found["sketch"]
    return found | {"components": np.linalg.svd(B)[0][:, : case.k].T.copy()}


def last_vectors(case: Rows, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Take the last right singular vectors of the sketch for the first."""
    found = sketched(case)
    return found | {"components": np.linalg.svd(found["sketch"])[2][-case.k :].copy()}


Found = dict[str, Any]


@formula(k="[0, rank]", rank="[1, inf)", delta="[0, inf)")
def projection_bound(s: ArrayLike, k: int, rank: int, delta: Number | None = None) -> Number:
    r"""The stream has at most this outside of the k first directions of its sketch.

    s are the singular values of the stream that are not 0, and `rank` is l. It is tail_k + k delta, or (l + 1) / (l + 1
    - k) tail_k, which is never less, where delta is None.

    Proof
    -----
    Assumes: as `theory.fd_bound`.

    Proof: let V hold the k first right singular vectors of B, and U those of A. Then \|A V\|^2 >= \|B V\|^2 >= \|B
    U\|^2 >= \|A U\|^2 - k delta, as A^T A - B^T B is between 0 and delta I and V is best for B. Subtract from \|A\|^2.
    The second form inserts delta <= tail_k / (l + 1 - k).
    """
    tail = theory.tail_energy(numbers("s", s, 0), k)
    return plain(exact((rank + 1) * tail) / (rank + 1 - k) if delta is None else tail + k * delta)


def projects(case: Rows, found: Found) -> Sides:
    """Compare what lies outside of the first directions with both bounds, once the directions are orthonormal."""
    V, A = found["components"], case.rows
    off = misfit((V, (min(len(V), case.k), A.shape[1])))
    off = off or unlike(V @ V.T - np.eye(len(V)), allowance(np.eye(A.shape[1])))
    values = spectrum(A)
    after = projection_bound(values, case.k, case.rank, max(found["delta"], 0.0))
    before = projection_bound(values, case.k, case.rank)
    limits = [square(A), np.inf]
    return off or Sides([square(A - A @ V.T @ V), after], [after, before], trivial=limits, rounding=allowed(case))


def projects_as_well(case: Rows, found: Found) -> Sides:
    """Compare what lies outside of the first directions with the best that k directions leave."""
    V, A = found["components"], case.rows
    return Sides([square(A - A @ V.T @ V)], [theory.tail_energy(spectrum(A), case.k)], rounding=allowed(case))


FD_2 = Statement(
    id="continual_learning/FD-2",
    title="Directions of a sketch are nearly as good as those of the stream",
    says=(
        "Frequent Directions keep at most l rows of a stream A, and have shrunk by delta in all. The k first right "
        "singular vectors V of the sketch, k <= l, leave |A - A V V^T|^2 <= tail_k + k delta of the stream, and tail_k "
        "+ k delta is at most (l + 1) / (l + 1 - k) tail_k, where the best k directions leave tail_k."
    ),
    source=Derived(projection_bound),
    tex=r"\|A - AV_kV_k^\top\|^2 \le \mathrm{tail}_k + k\delta \le \tfrac{\ell + 1}{\ell + 1 - k}\,\mathrm{tail}_k",
    hypotheses=STREAM,
    instances=STREAMS,
    solve=sketched,
    claim=Inequality(projects, unbounded="a solver may say that its sketch has shrunk by any number"),
    decisions=("components",),
    unread={name: "FD-6 compares the sketch with its certificate" for name in ("sketch", "mass")},
    free={"components": "a direction has no sign, and the claim takes the projection onto all of them"},
    saboteurs=(
        saboteur("left singular vectors", solve=left_vectors),
        saboteur("the last directions for the first", solve=last_vectors),
        saboteur("as good as the best", claim=Inequality(projects_as_well)),
    ),
)
