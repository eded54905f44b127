"""Streams of rows with sketches of few rows: adversarial, along axes, drawn, and in parts that are merged."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import All, Draws, Family, Tight
from lrtheory.continual_learning.sketching.buffer import SketchBuffer
from lrtheory.continual_learning.sketching.frequent_directions import FrequentDirections
from proofs_checks.continual_learning.families.matrices import is_matrix
from proofs_checks.guards import allowance
from proofs_checks.orbits import Symmetry

#: orthonormal rows, all of whose entries are halves
HADAMARD = np.array([[1.0, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2


@dataclass(frozen=True)
class Rows:
    """Rows (T, n), how many of them a sketch keeps, its buffer, and how many directions are asked of it."""

    rows: np.ndarray
    rank: int
    buffer: int
    k: int = 1


def is_stream(case: Rows) -> bool:
    """Decide whether all numbers are finite and not all 0, the buffer is above the rank, and k is at most the rank."""
    return is_matrix(case.rows) and bool(np.any(case.rows)) and 1 <= case.k <= case.rank < case.buffer


def is_wide(case: Rows) -> bool:
    """Decide whether there are more features than rows that the sketch keeps."""
    return bool(case.rows.shape[1] > case.rank)


def sketch_of(A: np.ndarray, rank: int, buffer: int) -> FrequentDirections:
    """Return the library's sketch of some rows, which arrive in two batches."""
    made = FrequentDirections(A.shape[1], rank, buffer=buffer, method="fd")
    half = len(A) // 2
    for batch in (A[:half], A[half:]):
        if len(batch):
            made.update(batch)
    return made


Found = dict[str, Any]


def read(made: FrequentDirections) -> Found:
    """Return the rows of a sketch, the sum of its shrinks, and the energy that it has seen."""
    return {"sketch": np.asarray(made.sketch), "delta": float(made.missed), "mass": float(made.mass)}


def sketched(case: Rows, rng: np.random.Generator | None = None) -> Found:
    """Return what the library's sketch keeps of the rows, and its first directions."""
    made = sketch_of(case.rows, case.rank, case.buffer)
    return read(made) | {"components": np.asarray(made.components(case.k))}


def adversarial(rank: int, n_late: int = 64, size: float = 0.25) -> np.ndarray:
    """Return a row along each of `rank` axes, and many small ones along the next axis, which truncation loses."""
    late = np.zeros((n_late, rank + 1))
    late[:, rank] = size
    return np.vstack([np.eye(rank, rank + 1), late])


def late_rival(late: float = 2.0**-10) -> np.ndarray:
    """Return rows whose sketch takes a late direction for the first one, so that its projection errs most."""
    A = np.zeros((4, 4))
    A[[0, 1, 2, 3], [0, 1, 2, 3]] = 5.0, 3.0, 3.0, 4.0 + late
    return A


def drawn_rows(draws: Draws, n: int, most: int = 24) -> np.ndarray:
    """Draw rows with a decaying spectrum, in units that are powers of two."""
    T, decay = draws.integers(1, most), draws.choice((0.0, 1.0, 2.0))
    left, right = draws.floats(-1.0, 1.0, shape=(T, n)), draws.integers(-3, 3, shape=(n, n)).astype(float)
    A = left * (1.0 + np.arange(n)) ** -decay @ (right + 4 * np.eye(n))
    return np.asarray(2.0 ** draws.choice((0, 0, -40, 40)) * np.where(np.abs(A).max() > 1e-9, A, np.eye(T, n)))


def draw_rows(draws: Draws) -> Rows:
    """Draw a stream of up to 6 features, and a sketch that cannot keep them all."""
    n = draws.integers(2, 6)
    rank = draws.integers(1, n - 1)
    buffer = draws.choice((rank + 1, 2 * rank, 2 * rank + 3))
    return Rows(drawn_rows(draws, n), rank, max(buffer, rank + 1), draws.integers(1, rank))


def worse(case: Rows, draws: Draws) -> Rows:
    """Change one entry."""
    A = case.rows.copy()
    place = draws.integers(0, A.size - 1)
    A.flat[place] += np.abs(A).max() * draws.floats(-0.5, 0.5)
    return case if not A.any() else replace(case, rows=A)


def streams() -> tuple[Rows, ...]:
    """Return the smallest streams, and rows that a truncation cannot follow."""
    turned = adversarial(3) @ HADAMARD
    return (
        Rows(np.array([[1.0, 0.0], [0.0, 1.0]]), 1, 2),
        Rows(np.array([[3.0, 4.0], [4.0, -3.0], [1.0, 0.0]]), 1, 2),
        Rows(turned, 3, 6, 2),
        Rows(turned[::-1].copy(), 3, 6, 1),
        Rows(2.0**60 * turned, 3, 4, 3),
        Rows(np.arange(40.0).reshape(8, 5) % 7 - 3, 2, 4, 2),
        Rows(late_rival(), 2, 3, 1),
    )


#: error, delta and the bound in advance are the same number here
TIGHT = Rows(adversarial(3), 3, 4, 1)
STREAMS = Family("rows", always=streams, tight=(Tight(TIGHT, 1 - 2.0**-40, 1.0),), draw=draw_rows, climb=worse)


def reordered(case: Rows) -> Iterator[bytes]:
    """Yield the rows of a stream with their features in every order."""
    for order in itertools.permutations(range(case.rows.shape[1])):
        yield case.rows[:, order].tobytes()


FEATURES = Symmetry(reordered)


def short_streams() -> Iterator[Rows]:
    """Yield up to five rows, each an axis of three or the sum of all axes, and a sketch of two rows in three places."""
    rows = np.r_[np.eye(3), np.ones((1, 3))]
    words = itertools.chain.from_iterable(itertools.product(range(4), repeat=T) for T in range(1, 6))
    return FEATURES.one_of_each(Rows(rows[list(word)], 2, 3) for word in words)


SHORT_STREAMS = All(
    "streams of up to five rows, each one of three axes or the sum of all three, for sketches of two rows",
    short_streams,
    members=260,
    orbit=FEATURES.size,
    total=sum(4**T for T in range(1, 6)),
    up_to="the order of features",
)


@dataclass(frozen=True)
class Parts:
    """Parts of a stream, each with a sketch of its own, and which sketch takes in which, in their order."""

    parts: tuple[np.ndarray, ...]
    rank: int
    buffer: int
    merges: tuple[tuple[int, int], ...]

    @property
    def rows(self) -> np.ndarray:
        """All rows."""
        return np.vstack(self.parts)


STREAM = {"rows, not all 0, and a buffer above the rank": is_stream, "more features than kept rows": is_wide}

#: changes of the shrink: what is beyond the rank is dropped, or twice as much is taken as is counted
DROPS = (
    SketchBuffer._shrunk,
    "energies[self.rank] if len(energies) > self.rank else energies.dtype.type(0.0)",
    "energies.dtype.type(0.0)",
)

TWICE = (SketchBuffer._shrunk, "lengths_left(energies[:n], missed)", "lengths_left(energies[:n], 2 * missed)")

KEPT = {"sketch": "how many rows it keeps, up to the rank, is up to the sketch"}
SIGNS = {"sketch": "B and -B have the same products B^T B"}


def allowed(case: Rows | Parts) -> float:
    """Return what squares of the rows may err by in doubles: each row is in one factorization of the buffer."""
    return allowance(case.rows, steps=1 + len(case.rows))
