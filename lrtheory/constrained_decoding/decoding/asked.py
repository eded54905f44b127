"""Answers of a model, checked: rows of log probabilities of all tokens, one for each prefix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import Words, as_array, must

__all__ = ["CLIPPED", "Model", "checked_rows", "tempered"]

#: from prefixes of shape (n, t) and their n states to log probabilities of shape (n, n_tokens), of any array library
Model: TypeAlias = Callable[[np.ndarray, np.ndarray], Any]

#: what rounding may add to a logarithm that is 0
CLIPPED = 1e-12


def checked_rows(answer: Any, prefixes: np.ndarray, n_tokens: int) -> np.ndarray:
    """The answer of a model as doubles.

    Parameters
    ----------
    answer : array of shape (n, n_tokens)
        Answer of the model, of any array library.
    prefixes : int64 array of shape (n, t)
        Prefixes that it was asked for.
    n_tokens : int
        Columns that are due.

    Returns
    -------
    float64 array of shape (n, n_tokens)
        Logarithms of at most 0.

    Raises
    ------
    TypeError
        If they are no real numbers.
    ValueError
        If the shape is another one, an entry is NaN or above 0, or a row has no token with a probability.
    """
    rows = as_array("model", to_numpy(answer))
    if rows.dtype.kind not in "fiu":
        raise must("model", "a function that returns real numbers", Words(f"{rows.dtype}"), TypeError)
    if rows.shape != (len(prefixes), n_tokens):
        what = f"a function that returns an array of shape {(len(prefixes), n_tokens)} for {len(prefixes)} prefixes"
        raise must("model", what, Words(f"one of shape {rows.shape}"))
    found = rows.astype(np.float64)
    if np.isnan(found).any():
        raise must("model", "a function that returns log probabilities of at most 0", float("nan"))
    if (highest := found.max(initial=-np.inf)) > CLIPPED:
        raise must("model", "a function that returns log probabilities of at most 0", float(highest))
    dead = ~(found > -np.inf).any(axis=1)
    if dead.any():
        where = prefixes[int(dead.argmax())].tolist()
        raise must("model", "a function that gives some token a probability", Words(f"none after the prefix {where}"))
    return np.minimum(found, 0.0)


def tempered(rows: np.ndarray, temperature: float) -> np.ndarray:
    """Rows divided by the temperature, and normalized over all tokens; at temperature 1 they stay as they are."""
    if temperature == 1:
        return rows
    # the largest entry of each row becomes 0 before the division, which no temperature then takes out of range
    with np.errstate(over="ignore"):
        scaled = (rows - rows.max(axis=1, keepdims=True)) / temperature
    return np.minimum(scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True)), 0.0)
