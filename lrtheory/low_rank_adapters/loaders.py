"""Updates that a real transformer needs: after rounding, and after one of its layers was removed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrtheory._data import DataSet
from lrtheory._data.sentence_encoder import MODEL, PASSAGE, TOKENIZER, Encoder, gelu, load_encoder
from lrtheory._validation import choice, integer, must
from lrtheory.low_rank_adapters.problem import UpdateProblem

__all__ = ["DATA_SETS", "load_update"]

DATA_SETS: tuple[DataSet, ...] = (replace(MODEL, name="update"), replace(TOKENIZER, name="update"))
KINDS = ("int4", "healing", "gradient")
MODULES = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
LAYERS = 6
#: inputs that share a scale, and the largest code, where a weight is rounded to four bits
GROUP, LARGEST = 64, 7
#: the ridge weight of "healing", in units of the mean squared norm of an input coordinate
RIDGE = 1e-2


def load_update(kind: str = "int4", *, layer: int = 5, module: str = "output.dense") -> UpdateProblem:
    """Load an update that a weight of a small language model needs.

    Parameters
    ----------
    kind : {"int4", "healing", "gradient"}
        "int4": what rounding to four bits takes away, in groups of 64 inputs with one scale each. "healing": the layer
        before is removed, and the last map of this one is fitted again by ridge regression, so that it gives the same
        sums as before. "gradient": the gradient of that squared error in the weight, before anything is fitted.
    layer : int
        0 to 5; for "healing" and "gradient" at least 1, as the layer before it is removed.
    module : str
        Map of the layer: "attention.self.query", "attention.self.key", "attention.self.value",
        "attention.output.dense", "intermediate.dense" or "output.dense"; the last one alone but for "int4".

    Returns
    -------
    UpdateProblem
        In double precision. For "int4" the weight is the rounded one; for the other two X are the inputs of the map in
        the smaller network, a row for each of 464 word pieces, Y the outputs that it should have, and `names` the word
        pieces.

    Raises
    ------
    ImportError
        If the package that holds the model, or safetensors or tokenizers, is not installed.
    ValueError
        If a file is another one, or an argument is out of range.

    References
    ----------
    .. [1] W. Wang et al., MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained
       Transformers, NeurIPS 2020.
    """
    choice("kind", kind, KINDS)
    number = integer("layer", layer, low=0 if kind == "int4" else 1, high=LAYERS - 1)
    choice("module", module, MODULES)
    if kind != "int4" and module != "output.dense":
        raise must("module", f'"output.dense" for the update "{kind}"', module)
    encoder = load_encoder("load_update")
    if kind == "int4":
        return _rounded(encoder.weights[f"encoder.layer.{number}.{module}.weight"].astype(np.float64))
    return _healed(encoder, number, fitted=kind == "healing")


def _rounded(weight: np.ndarray) -> UpdateProblem:
    """The weight in codes of four bits, and what that takes away."""
    groups = weight.reshape(len(weight), -1, GROUP)
    scale = np.abs(groups).max(axis=-1, keepdims=True) / LARGEST
    codes = np.clip(np.round(groups / np.where(scale > 0, scale, 1.0)), -LARGEST - 1, LARGEST)
    rounded = (codes * scale).reshape(weight.shape)
    return UpdateProblem(weight - rounded, weight=rounded)


def _healed(encoder: Encoder, number: int, *, fitted: bool) -> UpdateProblem:
    """A layer without the one before it: the inputs of its last map, and what these should be mapped to."""
    double = Encoder({name: value.astype(np.float64) for name, value in encoder.weights.items()}, encoder.tokenizer)
    tokens, names = encoder.pieces(PASSAGE)
    states = dict(double.inputs(tokens))
    name = f"encoder.layer.{number}"
    (whole, X), (short, inner) = (
        _before_the_last_map(double, states[f"encoder.layer.{k}"], name) for k in (number, number - 1)
    )
    weight = double.weights[f"{name}.output.dense.weight"]
    Y = whole + X @ weight.T - short  # the sums that the last norm gets; the bias is on both sides
    error = Y - inner @ weight.T
    if not fitted:
        return UpdateProblem(-error.T @ inner, weight=weight, X=inner, Y=Y, names=names)
    # with fewer inputs than coordinates the system over the inputs is smaller
    ridge = RIDGE * float((inner * inner).sum()) / inner.shape[1]
    target = error.T @ np.linalg.solve(inner @ inner.T + ridge * np.eye(len(inner)), inner)
    return UpdateProblem(target, weight=weight, X=inner, Y=Y, names=names)


def _before_the_last_map(encoder: Encoder, x: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the states to which the last map of a layer is added, and its inputs."""
    seen = encoder.norm(x + encoder.attention(x, f"{name}.attention"), f"{name}.attention.output.LayerNorm")
    return seen, gelu(encoder.linear(seen, f"{name}.intermediate.dense"))
