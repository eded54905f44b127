"""Streams of gradients for optimizers of few columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Sides, rounding
from lrtheory.low_rank_optimizers.optimizers.dct_adamw import DCTAdamW
from proofs_checks.low_rank_optimizers.families.bases import cosine, rational_basis, spike

KINDS = ("permutation", "hadamard", "cosines")


@dataclass(frozen=True)
class Stream:
    """Coordinates S (T, m, n) of gradients in a basis, with m at least n, and the options of an optimizer."""

    S: np.ndarray
    kind: str
    rank: int
    momentum: float = 0.5
    refresh_every: int = 1
    transposed: bool = False

    @property
    def basis(self) -> np.ndarray:
        """The basis, in doubles."""
        n = self.S.shape[2]
        if self.kind == "cosines":
            return np.array([[cosine(n, j, k) for k in range(n)] for j in range(n)])
        return rational_basis(self.kind, np.arange(n)[::-1]).astype(float)

    @property
    def gradients(self) -> np.ndarray:
        """The gradients (T, m, n), in doubles."""
        return np.asarray(np.asarray(self.S, float) @ self.basis.T)

    @property
    def largest(self) -> np.ndarray:
        """The largest norm of the gradients so far, at each step."""
        return np.asarray(np.maximum.accumulate(np.sqrt((np.asarray(self.S, float) ** 2).sum(axis=(1, 2)))))

    @property
    def allowed(self) -> float:
        """The rounding of an entry or a norm after one step: products of rows with unit vectors, and sums of squares.

        All that is kept, with a gradient added, is at most as long as that many of the longest gradient.
        """
        T, m, n = self.S.shape
        return float(rounding(8 * (n + 4) + m * n, (T + 1) * self.largest[-1]))


def is_stream(case: Stream) -> bool:
    """Decide whether there are gradients of a shape that fits, and a rank and a momentum."""
    _, m, n = case.S.shape
    fits = case.kind in KINDS and 1 <= case.rank <= n <= m and not (case.transposed and m == n)
    return fits and 0 <= case.momentum < 1 and case.refresh_every >= 1


Found = dict[str, Any]


def adam(case: Stream, *, error_feedback: bool, rule: str = "l2") -> tuple[list[Found], list[Any]]:
    """Return the states of the library's Adam in few columns after each step, and its errors."""
    b = case.momentum if not error_feedback else 0.0
    basis = "dct" if case.kind == "cosines" else case.basis
    options: dict[str, Any] = {"beta1": b, "beta2": 0.75, "basis": basis, "refresh_every": case.refresh_every}
    made = DCTAdamW(case.rank, step_size=1.0, error_feedback=error_feedback, rule=rule, **options)
    states, errors = [], []
    for G in case.gradients:
        made.step(G.T if case.transposed else G)
        states.append(made.get_state())
        errors.append(made.error)
    return states, errors


def kept(case: Stream, states: list[Found], name: str) -> np.ndarray:
    """Return an array of each state, in the layout with more rows."""
    arrays = [np.asarray(one[f"kept.{name}"]) for one in states]
    return np.array([one.T if case.transposed and one.ndim == 2 else one for one in arrays])


def no_stream(case: Stream, found: Found, **shapes: tuple[int, ...]) -> Sides | None:
    """Return sides that fail where an array has another shape or columns are not different ones of the basis."""
    T, _, n = case.S.shape
    places = np.asarray(found["indices"], float)
    good = places.shape == (T, case.rank) and bool(((places >= 0) & (places < n) & (places % 1 == 0)).all())
    good = good and all(len(set(row)) == case.rank for row in places.tolist())
    good = good and all(np.shape(found[name]) == shape for name, shape in shapes.items())
    return None if good else Sides([1.0], [0.0], trivial=2.0, rounding=0.0)


def constant(m: int, n: int, rank: int, n_steps: int = 12, momentum: float = 0.5) -> Stream:
    """Return one gradient again and again, whose columns have one length."""
    S = np.zeros((n_steps, m, n), int)
    S[:, 0] = 1
    return Stream(S, "permutation", rank, momentum)


def levelling() -> Stream:
    """Return gradients that bring both columns to one length in each step."""
    S = np.zeros((6, 2, 2), int)
    S[0, 0], S[1:, 0] = (35, 35), (47, 12)
    for t in range(2, 6):
        S[t, 0] = (47, 0)
    return Stream(S, "permutation", 1)


def spikes(n_steps: int = 4) -> Stream:
    """Return a gradient that misleads sums of absolute values, again and again."""
    return Stream(np.stack([spike(16, 8).S] * n_steps), "permutation", 7, 0.25)


def switching(kind: str, rank: int = 2, n_steps: int = 6) -> Stream:
    """Return gradients whose largest columns change, with some that stay, in changing orders of length."""
    lengths = np.array([(5, 3, 1, 0), (1, 3, 5, 0), (0, 6, 5, 1), (7, 1, 0, 8), (9, 1, 0, 8), (0, 0, 4, 9)])
    S = np.zeros((n_steps, 5, 4), int)
    S[:, 1] = lengths[:n_steps]
    S[:, 3] = -lengths[:n_steps]
    return Stream((1 + KINDS.index(kind)) * S, kind, rank)


def aside(n_steps: int = 8) -> Stream:
    """Return gradients along the second column, in the first row."""
    S = np.zeros((n_steps, 3, 3), int)
    S[:, 0, 1] = 2
    return Stream(S, "permutation", 1)


def special() -> list[Stream]:
    """Return streams that switch, level, mislead, repeat, are 0, and have one column."""
    zero = Stream(np.zeros((3, 2, 2), int), "permutation", 1)
    one = Stream(np.array([[[1], [2]], [[0], [1]], [[-3], [0]]]), "cosines", 1, transposed=True)
    streams = [*(switching(kind, rank) for kind in KINDS for rank in (1, 2, 3)), levelling(), spikes(), aside()]
    return [*streams, constant(4, 4, 3), zero, one]


def draw_stream(draws: Draws, fresh: bool = True) -> Stream:
    """Return drawn gradients, with columns that are 0 or repeated."""
    n = draws.integers(1, 5)
    m = n + draws.integers(0, 2)
    S = draws.integers(-3, 3, (draws.integers(6, 12), m, n))
    for _ in range(draws.integers(0, 3)):
        t = draws.integers(0, len(S) - 1)
        S[t, :, draws.integers(0, n - 1)] = S[t, :, draws.integers(0, n - 1)] * draws.integers(-1, 1)
    rank = draws.integers((n + 1) // 2, n)
    refresh_every = 1 if fresh else draws.integers(1, 3)
    momentum = draws.integers(0, 3) / 4
    transposed = m > n and draws.integers(0, 1) == 1
    return Stream(S, draws.choice(KINDS), rank, momentum, refresh_every, transposed)


FITS = {"gradients of one shape and a rank": is_stream}
