"""Makers of streams: edits with a known map behind them, and the streams on which bounds or single precision fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lrtheory._types import Rng
from lrtheory._validation import array, choice, generator, integer, must, real
from lrtheory.continual_learning.problem import EditProblem

__all__ = [
    "FLOAT_TRAPS",
    "FloatTrap",
    "make_adversarial_rows",
    "make_coordinate_rows",
    "make_edit_stream",
    "make_float_trap",
    "make_tight_edit",
]


class FloatTrap(NamedTuple):
    """One stream on which a covariance that is updated in place loses its definiteness in single precision (RL-16).

    Parameters
    ----------
    d : int
        Entries of a key.
    ridge : float
        The ridge weight, lambda squared.
    size : float
        Size of the largest entries of a key.
    """

    d: int
    ridge: float
    size: float


#: the streams of `make_float_trap` by name
FLOAT_TRAPS = {
    "mild": FloatTrap(64, 1e-4, 1.0),
    "small-ridge": FloatTrap(32, 1e-6, 1.0),
    "large-keys": FloatTrap(16, 1.0, 1000.0),
    "tiny-ridge": FloatTrap(8, 1e-12, 1.0),
}
#: the smallest entries of a key of a trap, as a share of the largest
SMALLEST = 0.05


def make_edit_stream(
    d: int,
    p: int,
    *,
    n_edits: int = 8,
    keys_per_edit: int = 2,
    n_anchors: int = 0,
    repeat: float = 0.0,
    noise: float = 0.1,
    rng: Rng = None,
) -> EditProblem:
    """Make edits with Gaussian keys, whose values come from a map that is known, with noise.

    Parameters
    ----------
    d, p : int
        Entries of a key and of a value.
    n_edits : int
        Number of edits.
    keys_per_edit : int
        Keys of each of them.
    n_anchors : int
        Number of Gaussian anchors; 0 leaves them out.
    repeat : float
        Probability that an edit has the keys of an earlier one, in [0, 1].
    noise : float
        Standard deviation of the noise of the values, at least 0.
    rng : int, SeedSequence, Generator or None
        Source of the draws.

    Returns
    -------
    EditProblem
        Problem whose `truth` is the map behind the values.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> make_edit_stream(3, 2, n_edits=4, n_anchors=5, rng=0)
    EditProblem(3 -> 2, 4 edits, 8 keys, 5 anchors)
    """
    d, p = integer("d", d, low=1), integer("p", p, low=1)
    n_edits, u = integer("n_edits", n_edits, low=0), integer("keys_per_edit", keys_per_edit, low=0)
    m, share = integer("n_anchors", n_anchors, low=0), real("repeat", repeat, low=0.0, high=1.0)
    sigma, draws = _finite("noise", noise), generator(rng)
    W0, truth = draws.normal(size=(2, d, p))
    edits: list[tuple[np.ndarray, np.ndarray]] = []
    for _ in range(n_edits):
        again = bool(edits) and draws.random() < share
        keys = edits[draws.integers(len(edits))][0] if again else draws.normal(size=(u, d))
        edits.append((keys, keys @ truth + sigma * draws.normal(size=(u, p))))
    return EditProblem(W0, edits, anchors=draws.normal(size=(m, d)) if m else None, truth=truth)


def make_tight_edit(value: float = 1.0) -> EditProblem:
    """Make the smallest edit on which the quarter law and the bound on all edits are equalities, for a ridge of 1.

    The map 0 of one number gets the key 1. Its surprise is the value v, and the map moves to v / 2, which pays a
    quarter of v squared (statements RL-9 and RL-4).

    Parameters
    ----------
    value : float
        The value v of the edit, finite.

    Returns
    -------
    EditProblem
        Problem of one edit of one key.

    Raises
    ------
    ValueError
        If the value is not finite.

    Examples
    --------
    >>> make_tight_edit(3.0).edits
    ((array([[1.]]), array([[3.]])),)
    """
    return EditProblem([[0.0]], [([[1.0]], [[_finite("value", value, low=-np.inf)]])])


def make_float_trap(name: str = "small-ridge", *, p: int = 4, n_edits: int = 1000, rng: Rng = None) -> EditProblem:
    """Make a stream in single precision on which a covariance that is updated in place loses its definiteness.

    Each edit has two keys, Gaussian with scales that fall from the size of the trap to a twentieth of it along the
    coordinates. The ridge weight, the number of coordinates and the size are those of `FLOAT_TRAPS`.

    Parameters
    ----------
    name : {"mild", "small-ridge", "large-keys", "tiny-ridge"}
        The stream. "mild" is the one on which the damage comes late or not at all.
    p : int
        Entries of a value.
    n_edits : int
        Number of edits.
    rng : int, SeedSequence, Generator or None
        Source of the draws.

    Returns
    -------
    EditProblem
        In single precision, with the map behind the values as `truth`.

    Raises
    ------
    ValueError
        If the name is unknown or an argument is out of range.

    Examples
    --------
    >>> make_float_trap("tiny-ridge", n_edits=5, rng=0)
    EditProblem(8 -> 4, 5 edits, 10 keys)
    >>> FLOAT_TRAPS["tiny-ridge"].ridge
    1e-12
    """
    trap = FLOAT_TRAPS[choice("name", name, tuple(FLOAT_TRAPS))]
    p, n_edits, draws = integer("p", p, low=1), integer("n_edits", n_edits, low=0), generator(rng)
    scales = trap.size * np.geomspace(1.0, SMALLEST, trap.d)
    truth = draws.normal(size=(trap.d, p)).astype(np.float32)
    keys = (draws.normal(size=(n_edits, 2, trap.d)) * scales).astype(np.float32)
    values = keys @ truth
    return EditProblem(np.zeros_like(truth), list(zip(keys, values, strict=True)), truth=truth)


def make_adversarial_rows(
    rank: int, *, n_features: int | None = None, size: float = 0.3, n_repeats: int = 600
) -> np.ndarray:
    """Make the stream of rows on which a sketch of Frequent Directions is as far off as its bound allows.

    Each of the first l unit vectors comes once, and then the next one many times at a smaller size (statement FD-1). A
    sketch that only truncates loses the last direction altogether.

    Parameters
    ----------
    rank : int
        Rows l of the sketch that is attacked.
    n_features : int or None
        Entries of a row, more than the rank; None takes one more.
    size : float
        Size of the row that is repeated, in [0, 1].
    n_repeats : int
        Number of repetitions of the row, at least 0.

    Returns
    -------
    ndarray of shape (rank + n_repeats, n_features)
        The rows.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> make_adversarial_rows(1, size=0.5, n_repeats=2).tolist()
    [[1.0, 0.0], [0.0, 0.5], [0.0, 0.5]]
    """
    rank, n_repeats = integer("rank", rank, low=1), integer("n_repeats", n_repeats, low=0)
    n = rank + 1 if n_features is None else integer("n_features", n_features, low=rank + 1)
    rows = np.zeros((rank + n_repeats, n))
    rows[:rank, :rank] = np.eye(rank)
    rows[rank:, rank] = real("size", size, low=0.0, high=1.0)
    return rows


def make_coordinate_rows(
    n_features: int, n_rows: int, *, sizes: Sequence[float] = (1.0,), exponent: float = 0.0, rng: Rng = None
) -> np.ndarray:
    """Make rows that each have one entry, on which Frequent Directions counts as Misra and Gries do (statement FD-9).

    Parameters
    ----------
    n_features : int
        Entries of a row.
    n_rows : int
        Number of rows.
    sizes : sequence of float
        Sizes of the entry, one of which is drawn for each row.
    exponent : float
        The coordinate i (from 1 on) is drawn with probability proportional to i to the minus this, at least 0.
    rng : int, SeedSequence, Generator or None
        Source of the draws.

    Returns
    -------
    ndarray of shape (n_rows, n_features)
        The rows.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> rows = make_coordinate_rows(3, 5, sizes=(1.0, 2.0), rng=0)
    >>> rows.shape, (rows != 0).sum(axis=1).tolist()
    ((5, 3), [1, 1, 1, 1, 1])
    """
    n, T = integer("n_features", n_features, low=1), integer("n_rows", n_rows, low=0)
    choices = array("sizes", sizes, shape=(None,))
    if not len(choices):
        raise must("sizes", "at least one size", sizes)
    weights = np.arange(1.0, n + 1) ** -real("exponent", exponent, low=0.0, high=100.0)
    draws, rows = generator(rng), np.zeros((T, n))
    coordinates = draws.choice(n, size=T, p=weights / weights.sum())
    rows[np.arange(T), coordinates] = draws.choice(choices, size=T)
    return rows


def _finite(name: str, value: Any, low: float = 0.0) -> float:
    """A finite number from `low` on."""
    number = real(name, value, low=low)
    if not np.isfinite(number):
        raise must(name, "finite", value)
    return number
