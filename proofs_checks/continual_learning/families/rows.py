"""Streams of rows with sketches of few rows: adversarial, along axes, drawn, and in parts that are merged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight
from lrtheory.continual_learning.sketching.frequent_directions import FrequentDirections
from proofs_checks.continual_learning.families.matrices import is_matrix

#: orthonormal rows, all of whose entries are halves
HADAMARD = np.array([[1.0, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
Found = dict[str, Any]


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


def is_tree(case: Parts) -> bool:
    """Decide whether all parts are rows of one length, and merges leave one sketch that has taken in all others."""
    fits = all(is_matrix(part) and part.shape[1] == case.parts[0].shape[1] for part in case.parts)
    left = set(range(len(case.parts)))
    for taker, given in case.merges:
        if taker == given or not {taker, given} <= left:
            return False
        left.remove(given)
    whole = len(left) == 1 and bool(case.merges) and case.merges[-1][0] in left
    return fits and whole and bool(np.any(case.rows)) and 1 <= case.rank < case.buffer


def merged(case: Parts, rng: np.random.Generator | None = None) -> Found:
    """Return the library's sketch after all merges."""
    made = [sketch_of(part, case.rank, case.buffer) for part in case.parts]
    for taker, given in case.merges:
        made[taker].merge(made[given])
    return read(made[case.merges[-1][0]])


def chain(n_parts: int) -> tuple[tuple[int, int], ...]:
    """Return merges of one part after the other into the first."""
    return tuple((0, part) for part in range(1, n_parts))


def cut(A: np.ndarray, *places: int) -> tuple[np.ndarray, ...]:
    """Return a stream in parts."""
    return tuple(np.split(A, places))


def cycle(n_rounds: int = 8) -> tuple[np.ndarray, ...]:
    """Return gradients of two rows and a bit, in turn with one whose row is what the bit was."""
    three = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [63 / 64, 0.0, 0.0]])
    return (three, np.eye(1, 3)) * n_rounds


def trees() -> tuple[Parts, ...]:
    """Return the smallest merge, balanced and lopsided trees, parts that have shrunk, and truncated gradients."""
    turned, eye = adversarial(3) @ HADAMARD, np.eye(2)
    return (
        Parts((eye[:1], eye[1:]), 1, 2, ((0, 1),)),
        Parts(cut(turned, 9, 21, 40), 3, 4, ((0, 1), (2, 3), (0, 2))),
        Parts(cut(turned, 30), 3, 6, ((1, 0),)),
        Parts(cut(np.arange(60.0).reshape(12, 5) % 7 - 3, 5, 8), 2, 4, ((2, 1), (0, 2))),
        Parts(cycle(), 2, 3, chain(16)),
    )


def draw_parts(draws: Draws) -> Parts:
    """Draw up to 5 parts, and merge any two until one is left."""
    n, n_parts = draws.integers(2, 5), draws.integers(2, 5)
    rank = draws.integers(1, n - 1)
    parts = tuple(drawn_rows(draws, n, most=9) for _ in range(n_parts))
    size = max(float(np.abs(part).max()) for part in parts)
    parts = tuple(part * 2.0 ** np.round(np.log2(size / np.abs(part).max())) for part in parts)
    left, merges = list(range(n_parts)), []
    while len(left) > 1:
        order = draws.permutation(len(left))
        taker, given = left[order[0]], left[order[1]]
        merges.append((taker, given))
        left.remove(given)
    return Parts(parts, rank, draws.choice((rank + 1, 2 * rank + 1)), tuple(merges))


TREES = Family("merged-rows", always=trees, draw=draw_parts)


@dataclass(frozen=True)
class Axes:
    """Rows along axes: the axis and the entry of each, and the sizes of a sketch."""

    axes: tuple[int, ...]
    entries: tuple[float, ...]
    n: int
    rank: int
    buffer: int

    @property
    def rows(self) -> np.ndarray:
        """The rows."""
        A = np.zeros((len(self.axes), self.n))
        A[np.arange(len(self.axes)), self.axes] = np.asarray(self.entries, float)
        return A


def is_axial(case: Axes) -> bool:
    """Decide whether each row has one axis and an entry that is a small integer, not 0."""
    small = all(float(entry).is_integer() and 0 < abs(entry) <= 64 for entry in case.entries)
    fits = len(case.axes) == len(case.entries) > 0 and all(0 <= axis < case.n for axis in case.axes)
    return bool(small and fits and 1 <= case.rank < case.buffer)


def counted(case: Axes, rng: np.random.Generator | None = None) -> Found:
    """Return what the library's sketch keeps of rows along axes, and how often it has shrunk."""
    made = sketch_of(case.rows, case.rank, case.buffer)
    return read(made) | {"n_shrinks": int(made.n_shrinks)}


def short_streams() -> tuple[Axes, ...]:
    """Return all streams of up to 4 unit rows along 3 axes with one kept, and some with weights, ties and buffers."""
    words = [
        tuple(int(c) for c in np.base_repr(code, 3).zfill(length))
        for length in (1, 2, 3, 4)
        for code in range(3**length)
    ]
    plain = [
        Axes(word, (1.0,) * len(word), 3, 1, 2) for word in words if word[0] == 0 and max(word) <= 1 + word.index(0)
    ]
    mixed = tuple(int(axis) for axis in np.arange(48) ** 2 % 7)
    sizes = tuple(1.0 + entry % 5 for entry in range(48))
    return (
        *plain,
        Axes(mixed, (1.0,) * 48, 7, 3, 6),
        Axes(mixed, sizes, 7, 3, 4),
        Axes(mixed, sizes, 7, 2, 9),
        Axes(tuple(range(6)) * 4, (2.0,) * 24, 6, 4, 8),
    )


def draw_axes(draws: Draws) -> Axes:
    """Draw up to 40 rows along up to 8 axes."""
    n, T = draws.integers(2, 8), draws.integers(1, 40)
    rank = draws.integers(1, n - 1)
    axes = tuple(int(axis) for axis in draws.integers(0, n - 1, shape=T))
    entries = tuple(float(entry) for entry in draws.integers(1, draws.choice((1, 2, 9)), shape=T))
    return Axes(axes, entries, n, rank, draws.choice((rank + 1, 2 * rank + 1, 2 * rank + 4)))


AXES = Family("rows-along-axes", always=short_streams, draw=draw_axes)
