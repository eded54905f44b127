"""The least loss of a sketch of l rows, and when it loses nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import numbers, plain
from lrtheory._types import ArrayLike
from lrtheory.bounds import Derived, Draws, Family, Identity, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.continual_learning import baselines, theory
from lrtheory.continual_learning.sketching.buffer import SketchBuffer
from proofs_checks.continual_learning.families.matrices import largest, spectrum
from proofs_checks.continual_learning.families.rows import (
    DROPS,
    HADAMARD,
    KEPT,
    SIGNS,
    STREAM,
    STREAMS,
    Rows,
    allowed,
    is_stream,
    read,
    sketch_of,
    sketched,
)
from proofs_checks.guards import misfit, square, unlike

Found = dict[str, Any]


def of_sketch(B: np.ndarray, delta: float, mass: float) -> Found:
    """Return a sketch, the energy that it has seen, and what it says that no unit vector exceeds."""
    return {"sketch": B, "ceiling": largest(B) + delta if len(B) else delta, "mass": mass}


def kept(case: Rows, rng: np.random.Generator | None = None) -> Found:
    """Return what the library's sketch keeps of the rows, and what it says of them."""
    found = read(sketch_of(case.rows, case.rank, case.buffer))
    return of_sketch(found["sketch"], found["delta"], found["mass"])


def is_low(case: Rows) -> bool:
    """Decide whether the rows have a rank that the sketch can keep."""
    return bool(np.linalg.matrix_rank(case.rows) <= case.rank)


def low_streams() -> tuple[Rows, ...]:
    """Return rows along as many axes as are kept, one row many times, and sums of a few rows, of halves and turned."""
    axes = np.eye(5)[[0, 1, 1, 2, 0, 2, 2, 1, 0, 0]] * [[1.0], [2], [3], [1], [2], [5], [1], [1], [4], [1]]
    sums = np.array([[1, 0], [0, 1], [1, 1], [2, -1], [3, 1], [1, -4], [0, 2], [1, 2.0]])
    return (
        Rows(np.ones((1, 2)), 1, 2),
        Rows(np.tile([[3.0, 4.0]], (7, 1)), 1, 2),
        Rows(axes, 3, 4),
        Rows(axes, 3, 6),
        Rows(sums @ HADAMARD[:2], 2, 3),
        Rows(sums @ np.array([[1.0, 2, 3, 0, 5], [0, 1, -1, 7, 2]]), 2, 5),
    )


def draw_low(draws: Draws) -> Rows:
    """Draw integer sums of as many rows as are kept, or of fewer."""
    n, T = draws.integers(2, 6), draws.integers(1, 20)
    rank = draws.integers(1, n - 1)
    parts, rows = draws.integers(-3, 3, shape=(T, rank)), draws.integers(-3, 3, shape=(rank, n))
    A = (parts @ rows).astype(float)
    size = 2.0 ** draws.choice((0, 0, -40, 40))
    return Rows(size * (A if A.any() else np.eye(T, n)[:, :n] * (np.arange(T) == 0)[:, None]), rank, 2 * rank + 1)


LOW = Family("rows-of-low-rank", always=low_streams, draw=draw_low)


def one_row_less(case: Rows, rng: np.random.Generator | None = None) -> Found:
    """Keep l - 1 rows and take the l-th value from all, so that a row of the l stays empty."""
    if case.rank == 1:
        mass = float((case.rows**2).sum())
        return of_sketch(np.zeros((0, case.rows.shape[1])), mass, mass)
    return kept(replace(case, rank=case.rank - 1))


def loses_nothing(case: Rows, found: Found) -> Sides:
    """Compare the products of the sketch with those of the stream, and what it says of them with what is true."""
    B, A = np.asarray(found["sketch"]), case.rows
    lhs = np.concatenate([(B.T @ B).ravel(), [found["ceiling"], found["mass"]]])
    rhs = np.concatenate([(A.T @ A).ravel(), [largest(A), theory.tail_energy(spectrum(A), 0)]])
    off = misfit((B, (min(len(B), case.rank), A.shape[1])))
    return off or Sides(lhs, rhs, rounding=allowed(case))


FD_4 = Statement(
    id="continual_learning/FD-4",
    title="A sketch loses nothing of a stream whose rank it can keep",
    says=(
        "Where the rows A of a stream have a rank of at most l, Frequent Directions with l rows B never shrink: delta, "
        "the sum of all shrinks, is 0, and B^T B = A^T A, however long the stream is. So the largest |B v|^2 + delta "
        "of all unit vectors v, which the sketch vouches for, is the largest |A v|^2."
    ),
    source=Derived(theory.fd_bound),
    tex=r"\mathrm{rank} A \le \ell \Rightarrow \delta = 0,\ B^\top B = A^\top A",
    hypotheses={"rows, not all 0, and a buffer above the rank": is_stream, "a rank that can be kept": is_low},
    instances=LOW,
    solve=kept,
    claim=Identity(loses_nothing),
    decisions=("sketch",),
    may_vary=KEPT,
    free=SIGNS,
    saboteurs=(
        saboteur("as in the first program: l - 1 rows stay, and the l-th value is taken", solve=one_row_less),
        saboteur(
            "the last value that is kept is taken",
            patch=(SketchBuffer._shrunk, "energies[self.rank] if", "energies[self.rank - 1] if"),
        ),
        saboteur("one row of the buffer is lost", solve=lambda case, rng: kept(replace(case, rows=case.rows[:-1]))),
    ),
    notes="The bound of FD-1 is 0 at k = l, since tail_l is.",
)


def beside_best(case: Rows, rng: np.random.Generator | None = None, first: int = 0, more: int = 0) -> Found:
    """Return the library's sketch of a stream, and the best one, of singular vectors from the `first` on."""
    found = sketched(case)
    _, s, Vt = np.linalg.svd(case.rows, full_matrices=False)
    some = slice(first, first + case.rank + more)
    return {"sketch": found["sketch"], "mass": found["mass"], "best": s[some, None] * Vt[some]}


def others(case: Rows) -> list[np.ndarray]:
    """Return sketches by truncation, and of rows that are drawn."""
    drawn = baselines.random_rows(case.rows, case.rank, rng=np.random.default_rng(0))
    return [np.asarray(one.sketch) for one in (baselines.truncated(case.rows, case.rank), drawn)]


@formula(rank="[0, inf)")
def least_error(s: ArrayLike, rank: int) -> Number:
    r"""The square of the (l + 1)-th singular value: no sketch of l rows errs by less.

    s are the singular values of A, in any order, and `rank` is l.

    Proof
    -----
    Assumes: nothing.

    Proof: B^T B has rank l at most, so there is a unit vector v in the span of the first l + 1 right singular vectors
    of A with B v = 0, and \|A v\|^2 is at least the square of the (l + 1)-th singular value. The l first singular
    vectors, as long as their values, err by exactly that.
    """
    squares = sorted((value * value for value in numbers("s", s, 0)), reverse=True)
    return plain(squares[rank] if rank < len(squares) else 0)


def errs_at_least(case: Rows, found: Found, beyond: int = 0) -> Sides:
    """Compare the error of each sketch with the least of all, and both that the solver has made from above, too."""
    A, n = case.rows, case.rows.shape[1]
    least, before = least_error(spectrum(A), case.rank - beyond), theory.fd_bound(spectrum(A), case.rank)
    made = [found["sketch"], found["best"]]
    off = misfit(*((B, (min(len(B), case.rank), n)) for B in made)) or unlike(found["mass"] - square(A), allowed(case))
    if off is not None:
        return off
    values = [np.linalg.eigvalsh(A.T @ A - B.T @ B) for B in (*made, *others(case))]
    errors = [float(np.abs(one).max()) for one in values]
    lhs = [least] * len(errors) + [errors[1], errors[0], -float(values[0][0])]
    rhs = [*errors, least, before, 0.0]
    limits = [np.inf] * len(errors) + [largest(A), largest(A), np.inf]
    floors = [0.0] * len(errors) + [-np.inf] * 3
    return Sides(lhs, rhs, trivial=limits, least=floors, rounding=allowed(case))


FD_5 = Statement(
    id="continual_learning/FD-5",
    title="No sketch of l rows errs by less than the first value that it cannot keep",
    says=(
        "Whatever rule makes a sketch B of at most l rows of a stream A - Frequent Directions, truncation, rows that "
        "are drawn, or one that sees all of A - the largest absolute eigenvalue of A^T A - B^T B is at least the "
        "square of the (l + 1)-th singular value of A. The first l singular vectors, with their values, attain it."
    ),
    source=Derived(least_error),
    tex=r"\mathrm{rows}(B) \le \ell \Rightarrow \|A^\top A - B^\top B\|_2 \ge \sigma_{\ell + 1}(A)^2",
    hypotheses=STREAM,
    instances=STREAMS,
    solve=beside_best,
    claim=Inequality(errs_at_least, unbounded="a sketch may be longer than its stream"),
    decisions=("sketch", "best"),
    may_vary=KEPT | {"best": "how many rows it keeps, up to l, is up to the sketch"},
    free=SIGNS | {"best": "B and -B have the same products B^T B"},
    saboteurs=(
        saboteur("the l-th value", claim=Inequality(partial(errs_at_least, beyond=1), unbounded="as above")),
        saboteur("the second value on for the best", solve=partial(beside_best, first=1)),
        saboteur("one row more than is asked", solve=partial(beside_best, more=1)),
        saboteur("rows beyond the rank are dropped", patch=DROPS),
    ),
    notes="FD-1 is a factor of at most tail_l / least above this: it pays for seeing each row once.",
)
