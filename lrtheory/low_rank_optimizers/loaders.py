"""Weights, digits and texts from files of installed packages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrtheory._data import DataSet, location, read
from lrtheory._data.sentence_encoder import MODEL
from lrtheory._files import Tensors

__all__ = ["DATA_SETS", "load_encoder_weights"]

_ENCODER = replace(MODEL, name="encoder_weights")
DATA_SETS: tuple[DataSet, ...] = (_ENCODER,)


def load_encoder_weights() -> dict[str, np.ndarray]:
    """The matrices in the six layers of a small language model, as trained: 10.6 million weights.

    Returns
    -------
    dict of str to ndarray
        Thirty-six arrays in single precision and in the layout of torch, (outputs, inputs): for each layer query, key,
        value and output of the attention (384, 384), and the two dense maps (1536, 384) and (384, 1536). Embeddings,
        biases and norms are left out.

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
    read(_ENCODER)  # compares the hash
    path = location(_ENCODER)
    assert path is not None
    tensors = Tensors(path)
    names = [name for name in tensors.names if name.startswith("encoder.layer.") and len(tensors.shape(name)) == 2]
    return {name: tensors[name] for name in names}
