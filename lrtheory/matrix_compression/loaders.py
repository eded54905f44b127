"""Real stacks and weights, read from files of installed packages, by path, and checked by hash."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrtheory._data import DIGITS, DataSet, read_table
from lrtheory._data.sentence_encoder import HEADS, MODEL, weight_matrices
from lrtheory._validation import choice, integer
from lrtheory.matrix_compression.problem import StackProblem

__all__ = ["DATA_SETS", "load_digit_blocks", "load_transformer_heads", "load_transformer_weights"]

_DIGITS = replace(DIGITS, name="digit_blocks")
DATA_SETS: tuple[DataSet, ...] = (
    _DIGITS,
    replace(MODEL, name="transformer_heads"),
    replace(MODEL, name="transformer_weights"),
)


def load_digit_blocks(n_columns: int = 4, *, n_blocks: int | None = None) -> StackProblem:
    """Load the handwritten digits of scikit-learn as a stack of small blocks that are strongly correlated.

    Parameters
    ----------
    n_columns : int
        Images of each block, at least 1.
    n_blocks : int or None
        Number of blocks, from the first image on; None takes all, of which the last may be smaller.

    Returns
    -------
    StackProblem
        Blocks of shape (64, n_columns): an image of 8 x 8 gray values from 0 to 16 is a column. The rank is 16.

    Raises
    ------
    ImportError
        If the package that holds the file is not installed.
    ValueError
        If the file is another one, or a number is out of range.

    References
    ----------
    .. [1] E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
    """
    size = integer("n_columns", n_columns, low=1)
    images = read_table(_DIGITS)[:, :64].T
    most = -(-images.shape[1] // size)
    K = most if n_blocks is None else integer("n_blocks", n_blocks, low=1, high=most)
    return StackProblem([images[:, i * size : (i + 1) * size] for i in range(K)], 16)


def load_transformer_heads(projection: str = "query") -> StackProblem:
    """Load all 72 heads of a small language model: a projection of each, cut into heads.

    Parameters
    ----------
    projection : {"query", "key", "value"}
        Projection whose weights are loaded.

    Returns
    -------
    StackProblem
        Blocks of shape (384, 32), in the order of layers and heads, in single precision. The rank is 64.

    Raises
    ------
    ImportError
        If the package that holds the model is not installed.
    ValueError
        If the file is another one, or the projection is unknown.

    References
    ----------
    .. [1] W. Wang et al., MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained
       Transformers, NeurIPS 2020.
    """
    choice("projection", projection, ("query", "key", "value"))
    weights = load_transformer_weights()
    layers = [(name, W) for name, W in weights.items() if name.endswith(f"attention.self.{projection}.weight")]
    blocks = [part.T for _, W in layers for part in np.split(W, HEADS)]
    names = [f"{name.split('.')[2]}.{head}" for name, _ in layers for head in range(HEADS)]
    return StackProblem(blocks, 64, names=names)


def load_transformer_weights() -> dict[str, np.ndarray]:
    """Load the 36 weight matrices of a small language model.

    Returns
    -------
    dict of str to float32 array
        Six layers of four matrices of 384 x 384, one of 1536 x 384 and one of 384 x 1536, rows for outputs.

    Raises
    ------
    ImportError
        If the package that holds the model is not installed.
    ValueError
        If the file is another one.

    References
    ----------
    .. [1] W. Wang et al., MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained
       Transformers, NeurIPS 2020.
    """
    return weight_matrices(DATA_SETS[-1])
