"""The regime of every attention head of a model on disk, from the hidden states that its layers get."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._files import Tensors, read_arrays
from lrtheory._result import Result, result
from lrtheory._result.display import name_ticks
from lrtheory._types import ArrayLike
from lrtheory._validation import array, integer, is_iterable, must, path_of
from lrtheory.lora_limits import model_files
from lrtheory.lora_limits.diagnosis.diagnose import diagnose
from lrtheory.lora_limits.head import LoRAHead

__all__ = ["HeadRegimes", "HiddenStates", "ModelFile", "diagnose_model"]


@dataclass(frozen=True, eq=False, slots=True)
class ModelFile:
    """A transformer on disk, of which single heads are read when they are asked for.

    Parameters
    ----------
    path : path
        A safetensors file, the index of a model in several files, or the folder of a model.
    layers : tuple of int
        The layers that have attention.
    n_heads : int
        Number of query heads in a layer.
    """

    path: str | PathLike[str]
    layers: tuple[int, ...]
    n_heads: int

    @classmethod
    def from_file(cls, path: str | PathLike[str], *, n_heads: int | None = None) -> ModelFile:
        """Find the layers and heads of a model.

        Parameters
        ----------
        path : path
            A safetensors file, the index of a model in several files, or the folder of a model.
        n_heads : int or None
            Number of query heads in a layer; None takes "num_attention_heads" of config.json.

        Returns
        -------
        ModelFile
            No weight has been read yet.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        TypeError
            If `path` is not a path.
        ValueError
            If it is damaged, has no attention, or nothing says how many heads a layer has.
        """
        tensors = Tensors(path_of("path", path))
        if tensors.names and all("lora_" in name for name in tensors.names):
            raise ValueError(f"{path}: an adapter alone; name the folder of its model, and this one as adapters")
        layers = model_files.layers_of(tensors)
        if not layers:
            raise must("path", "a model with projections of queries, such as query, q_proj or c_attn", str(path))
        return cls(path, tuple(layers), model_files.settings(path, None).whole("n_heads", n_heads))

    def head(self, layer: int, head: int, *, adapters: str | PathLike[str] | None = None) -> LoRAHead:
        """Read one head.

        Parameters
        ----------
        layer, head : int
            Counted from 0.
        adapters : path or None
            A safetensors file or a folder of peft.

        Returns
        -------
        LoRAHead
            Without adapters where none are given.

        Raises
        ------
        ValueError
            As for `LoRAHead.from_safetensors`.
        """
        return LoRAHead.from_safetensors(self.path, layer, head, n_heads=self.n_heads, adapters=adapters)


class HiddenStates(Mapping[int, np.ndarray]):
    """The inputs of the layers of a model for one text, by the number of the layer.

    Parameters
    ----------
    states : mapping of int to array of shape (L, d_model), or array of shape (n_layers, L, d_model)
        Inputs of each layer; the array may have one more entry for the output of the last layer, which is not used.

    Raises
    ------
    TypeError
        If the states are not arrays of real numbers, or layers are not integers.
    ValueError
        If a layer's states are not of shape (L, d_model), or a number is not finite.
    """

    def __init__(self, states: Mapping[int, ArrayLike] | ArrayLike) -> None:
        given = (
            dict(states) if isinstance(states, Mapping) else dict(enumerate(array("states", states, shape=(None,) * 3)))
        )
        if not all(isinstance(layer, Integral) for layer in given):
            raise must("states", "a mapping from the numbers of layers", list(given), TypeError)
        self._states = {int(layer): array(f"states[{layer}]", x, shape=(None, None)) for layer, x in given.items()}

    def __getitem__(self, layer: int) -> np.ndarray:
        return self._states[layer]

    def __iter__(self) -> Any:
        return iter(self._states)

    def __len__(self) -> int:
        return len(self._states)

    def __repr__(self) -> str:
        return f"HiddenStates({len(self)} layers)"

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> HiddenStates:
        """Read hidden states.

        Parameters
        ----------
        path : path
            An npy or npz file with one array (n_layers, L, d_model), with a leading axis of one text or without; or an
            npz file with an array (L, d_model) for each layer, whose name ends in the number of the layer.

        Returns
        -------
        HiddenStates
            Hidden states by the number of the layer.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is of another form.
        """
        stored = read_arrays(path)
        arrays = {name: _of_one_text(x) for name, x in stored.items()}
        name, x = next(iter(stored.items()), ("", np.empty(0)))
        # an axis of length 1 before (L, d_model) is the one layer of a model, unless the name says which layer this is
        if len(stored) == 1 and (arrays[name].ndim >= 3 or (x.ndim == 3 and not any(map(str.isdecimal, name)))):
            return cls(x[:, 0] if x.ndim == 4 and x.shape[1] == 1 else x)
        numbers = {name: re.search(r"[0-9]+(?=[^0-9]*$)", name) for name in arrays}
        nameless = [name for name, found in numbers.items() if found is None or arrays[name].ndim != 2]
        if nameless:
            rule = "arrays (L, d_model) whose names end in the number of their layer"
            raise ValueError(f"{path}: {rule} are needed; got {nameless[0]!r} of shape {arrays[nameless[0]].shape}")
        return cls({int(found[0]): arrays[name] for name, found in numbers.items() if found is not None})


def _of_one_text(x: np.ndarray) -> np.ndarray:
    """Drop a leading axis of one text from the states of one layer."""
    return x[0] if x.ndim == 3 and len(x) == 1 else x


@result
class HeadRegimes(Result):
    """The regimes of heads, as `diagnose` finds them.

    Attributes
    ----------
    layers, heads : int64 array of shape (n,)
        Number of the layer, and of the head in it, from 0.
    logit_bounds : float64 array of shape (n,)
        M of each head, a bound on its logits.
    degrees : int64 array of shape (n,)
        Smallest degree for the tolerance on a sample of rows; -1 where the logits are too large for any.
    break_even_lengths : float64 array of shape (n,)
        The number of keys from which on low rank pays; infinite where no degree is enough.
    regimes : tuple of str
        As in `Regime`.
    epsilon : float
        Error that a row of attention may have.
    """

    layers: np.ndarray
    heads: np.ndarray
    logit_bounds: np.ndarray
    degrees: np.ndarray
    break_even_lengths: np.ndarray
    regimes: tuple[str, ...]
    epsilon: float

    def _columns(self) -> dict[str, Any]:
        return {
            "layer": self.layers,
            "head": self.heads,
            "logit bound": self.logit_bounds,
            "degree": [None if degree < 0 else degree for degree in self.degrees.tolist()],
            "pays from": self.break_even_lengths,
            "regime": self.regimes,
        }

    def _facts(self) -> list[str]:
        pays = sum(regime != "exact cheaper" for regime in self.regimes)
        largest = int(np.argmax(self.logit_bounds))
        where = f"layer {self.layers[largest]}, head {self.heads[largest]}"
        said = f"low rank pays in {pays} of {len(self.regimes)} heads for rows of attention within {self.epsilon:g}"
        bound = f"the largest bound on logits, {self.logit_bounds[largest]:.3g}, is that of {where}"
        return [said, f"{bound}; rotary embeddings, where the model has them, are not applied"]

    def _draw(self, ax: Any) -> None:
        layers, heads = np.unique(self.layers), np.unique(self.heads)
        table = np.full((len(layers), len(heads)), math.nan)
        table[np.searchsorted(layers, self.layers), np.searchsorted(heads, self.heads)] = self.logit_bounds
        shown = ax.imshow(table, aspect="auto", cmap="cividis")
        ax.figure.colorbar(shown, ax=ax, label="bound on the logits")
        name_ticks(ax.xaxis, heads.tolist())
        name_ticks(ax.yaxis, layers.tolist())
        ax.set(xlabel="head", ylabel="layer")


def diagnose_model(
    model: ModelFile | str | PathLike[str],
    states: HiddenStates | Mapping[int, ArrayLike] | ArrayLike,
    *,
    adapters: str | PathLike[str] | None = None,
    layers: Iterable[int] | None = None,
    epsilon: float = 1e-6,
) -> HeadRegimes:
    """Say which regime each head of a model is in.

    Parameters
    ----------
    model : ModelFile or path
        The model; of its weights those of one head at a time are read.
    states : HiddenStates, mapping of int to array of shape (L, d_model), or array of shape (n_layers, L, d_model)
        Inputs of each layer, before its projections and after its norm.
    adapters : path or None
        A safetensors file or a folder of peft, whose adapters are added to the weights.
    layers : iterable of int, optional
        The layers that are looked at; by default all that have attention.
    epsilon : float
        As in `diagnose`.

    Returns
    -------
    HeadRegimes
        A row for each head.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError
        If `model` or `adapters` is not a path, or layers are not integers.
    ValueError
        If no layer is asked for, one is not in the model or has no states, their width does not fit, or a number is out
        of range.

    Notes
    -----
    Rotary embeddings are not applied. Where projections have biases, a column of ones joins the states.
    """
    file = model if isinstance(model, ModelFile) else ModelFile.from_file(path_of("model", model))
    inputs = states if isinstance(states, HiddenStates) else HiddenStates(states)
    if adapters is not None:
        path_of("adapters", adapters)
    chosen = file.layers if layers is None else _layers(layers)
    for layer in chosen:
        if layer not in inputs:
            raise must("states", f"those of layer {layer} too", sorted(inputs))
    places = [(layer, head) for layer in chosen for head in range(file.n_heads)]
    found = []
    for layer, head in places:
        one = file.head(layer, head, adapters=adapters)
        found.append(diagnose(one, _widened(inputs[layer], one.WQ.shape[0]), epsilon=epsilon))
    degrees = [-1 if regime.degree is None else regime.degree for regime in found]
    return HeadRegimes(
        layers=np.array([layer for layer, _ in places], np.int64),
        heads=np.array([head for _, head in places], np.int64),
        logit_bounds=np.array([regime.logit_bound for regime in found]),
        degrees=np.array(degrees, np.int64),
        break_even_lengths=np.array([regime.break_even_length for regime in found]),
        regimes=tuple(regime.regime for regime in found),
        epsilon=epsilon,
    )


def _layers(layers: Any) -> tuple[int, ...]:
    """Return the numbers of the layers to look at."""
    if not is_iterable(layers):
        raise must("layers", "None or numbers of layers", layers, TypeError)
    chosen = tuple(integer("layers", layer, low=0) for layer in layers)
    if not chosen:
        raise must("layers", "at least one layer", layers)
    return chosen


def _widened(x: np.ndarray, d_in: int) -> np.ndarray:
    """Add the column of ones that biases take, where the weights have one row more than the states have columns."""
    return np.concatenate([x, np.ones_like(x[:, :1])], axis=1) if x.shape[1] == d_in - 1 else x
