r"""An attention head with low-rank adapters, from arrays or from the files of a model.

Each weight (d_in, d_out) may carry an adapter in the layout of peft, A (r, d_in) and B (d_out, r): it then is
W + (alpha / r) (B A)^T.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from types import MappingProxyType
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, is_foreign, real_array, untraced
from lrtheory._numbers import number
from lrtheory._types import Array, Rng
from lrtheory._validation import flag, generator, integer, is_iterable, must, real
from lrtheory.lora_limits import model_files
from lrtheory.lora_limits.theory.scalings import lora_scale, rslora_scale

__all__ = ["PROJECTIONS", "LoRAHead", "device_of", "fresh_adapter", "one_library", "projections_of"]

PROJECTIONS = ("Q", "K", "V")


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class LoRAHead:
    r"""One attention head, or a stack of heads, with low-rank adapters.

    Parameters
    ----------
    WQ, WK, WV : arrays of shape (d_model, d_head) or (heads, d_model, d_head)
        Frozen weights, applied from the right: queries are X_Q W_Q. The first axes may differ from each other, as may
        the last axis of WV.
    adapters : mapping from "Q", "K", "V" to pairs (A, B)
        A (r, d_in) and B (d_out, r), as peft stores them, or with a leading axis of heads; projections without an
        adapter are frozen.
    alpha : float
        The adapter of rank r is scaled by alpha / r.
    beta : float
        Inverse temperature of the softmax, positive: 1 / sqrt(d_head) in practice, 1 / d_head in theory.
    rslora : bool
        Scale by alpha / sqrt(r).

    Raises
    ------
    ValueError
        If shapes do not fit, a rank is 0 or larger than the input, or a number is not finite or out of range.
    TypeError
        If a weight or an adapter is not an array of real numbers, or they belong to several libraries.

    References
    ----------
    .. [1] E. J. Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022.

    Examples
    --------
    >>> W, adapter = np.eye(2), ([[1.0, 0.0]], [[0.0], [2.0]])
    >>> head = LoRAHead(W, W, W, adapters={"Q": adapter}, alpha=3, beta=1)
    >>> head.effective("Q").tolist()
    [[1.0, 6.0], [0.0, 1.0]]
    """

    WQ: Array
    WK: Array
    WV: Array
    adapters: Mapping[str, tuple[Array, Array]] = field(kw_only=True)
    alpha: float = field(kw_only=True)
    beta: float = field(kw_only=True)
    rslora: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        frozen = (self.WQ, self.WK, self.WV)
        xp, device = array_namespace(*frozen), device_of(*frozen)
        for projection in PROJECTIONS:
            W = _matrix(xp, "W" + projection, self.weight(projection), device)
            if 0 in W.shape:
                raise must("W" + projection, "not empty", tuple(W.shape))
            object.__setattr__(self, "W" + projection, W)
        if self.WQ.shape[-1] != self.WK.shape[-1]:
            raise must("WK", f"as wide as WQ, ({self.WQ.shape[-1]} columns)", self.WK.shape)
        object.__setattr__(self, "alpha", real("alpha", self.alpha, low=-1e300, high=1e300))
        object.__setattr__(self, "beta", float(number("beta", self.beta, 0, math.inf, ends="()")))
        flag("rslora", self.rslora)
        if not isinstance(self.adapters, Mapping) or not set(self.adapters) <= set(PROJECTIONS):
            raise must("adapters", "a mapping from 'Q', 'K', 'V' to pairs (A, B)", self.adapters)
        pairs = {projection: self._pair(xp, projection, pair) for projection, pair in self.adapters.items()}
        object.__setattr__(self, "adapters", MappingProxyType(pairs))

    def __repr__(self) -> str:
        shapes = ", ".join(f"W{projection}={tuple(self.weight(projection).shape)}" for projection in PROJECTIONS)
        ranks = ", ".join(f"{projection}: {pair[0].shape[-2]}" for projection, pair in self.adapters.items())
        numbers = f"alpha={self.alpha:g}, beta={self.beta:g}, rslora={self.rslora}"
        return f"LoRAHead({shapes}, ranks={{{ranks}}}, {numbers})"

    def __reduce__(self) -> tuple[Any, ...]:
        # the mapping of the adapters is read-only, which pickle cannot store
        options = {"adapters": dict(self.adapters), "alpha": self.alpha, "beta": self.beta, "rslora": self.rslora}
        return _rebuilt, (self.WQ, self.WK, self.WV, options)

    def _pair(self, xp: Any, projection: str, pair: Any) -> tuple[Array, Array]:
        """Check one adapter: A of shape (r, d_in) and B of shape (d_out, r), the layout of peft."""
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise must(f"adapters[{projection!r}]", "a pair (A, B)", pair, TypeError)
        device = device_of(self.WQ)
        A, B = (_matrix(xp, f"{name} of {projection}", one, device) for name, one in zip("AB", pair, strict=True))
        d_in, d_out = self.weight(projection).shape[-2:]
        rank = A.shape[-2]
        if not 1 <= rank <= d_in:
            raise must(f"the rank of adapter {projection}", f"in [1, {d_in}]", rank)
        if A.shape[-1] != d_in:
            raise must(f"A of {projection}", f"of shape (r, {d_in})", A.shape)
        if B.shape[-2:] != (d_out, rank):
            raise must(f"B of {projection}", f"of shape ({d_out}, {rank})", B.shape)
        return A, B

    def weight(self, letter: str) -> Array:
        """The frozen weight of a projection.

        Parameters
        ----------
        letter : {"Q", "K", "V"}
            The projection: queries, keys or values.

        Returns
        -------
        array of shape (d_in, d_out) or (heads, d_in, d_out)
            W.

        Raises
        ------
        KeyError
            If there is no such projection.
        """
        return {"Q": self.WQ, "K": self.WK, "V": self.WV}[_letter(letter, PROJECTIONS)]

    def scale(self, letter: str) -> float:
        """The factor of an adapter.

        Parameters
        ----------
        letter : {"Q", "K", "V"}
            The projection, which must have an adapter.

        Returns
        -------
        float
            `theory.lora_scale`, or `theory.rslora_scale`.

        Raises
        ------
        KeyError
            If there is no such projection, or it has no adapter.
        """
        rank = self.adapters[_letter(letter, tuple(self.adapters))][0].shape[-2]
        return (rslora_scale if self.rslora else lora_scale)(self.alpha, rank)

    def effective(self, letter: str) -> Array:
        """The weight with its adapter.

        Parameters
        ----------
        letter : {"Q", "K", "V"}
            The projection: queries, keys or values.

        Returns
        -------
        array of shape (d_in, d_out) or (heads, d_in, d_out)
            W + scale (B A)^T.

        Raises
        ------
        KeyError
            If there is no such projection.
        """
        W = self.weight(letter)
        if letter not in self.adapters:
            return W
        A, B = self.adapters[letter]
        xp = array_namespace(W)
        return W + self.scale(letter) * xp.matrix_transpose(B @ A)

    @classmethod
    def from_safetensors(
        cls,
        path: str | PathLike[str],
        layer: int,
        head: int,
        *,
        n_heads: int | None = None,
        alpha: float | None = None,
        beta: float | None = None,
        rank: int | None = None,
        adapt: Iterable[str] | None = None,
        adapters: str | PathLike[str] | None = None,
        rslora: bool | None = None,
        rng: Rng = None,
    ) -> LoRAHead:
        """One head of a transformer on disk, as BERT, OPT, Llama and their kin store it.

        Biases become a last row of the weights, so that inputs take a last column of ones. Rotary embeddings, which
        some of these models apply between projection and softmax, are not.

        What is None here is read from the metadata of the files, from config.json beside the model, and from
        adapter_config.json beside the adapters or the model, under the names that transformers and peft give it.

        Parameters
        ----------
        path : path
            A safetensors file, the index of a model in several files, or the folder of a model.
        layer, head : int
            Number of the layer, and of the head in it, from 0.
        n_heads : int or None
            Number of query heads in a layer; keys and values may have fewer. None takes "num_attention_heads".
        alpha : float or None
            alpha of the adapters; None takes "lora_alpha". Where neither the files nor an option name adapters, the
            head has none.
        beta : float or None
            Inverse temperature; None takes 1 / sqrt(d_head), which these models use.
        rank : int or None
            Rank of new adapters; None takes "r", else 8.
        adapt : projections or None
            Projections that get new adapters, with A uniform as peft draws it and B = 0; None takes "Q" and "V".
        adapters : path or None
            A safetensors file or a folder of peft with the adapters, in place of new ones. `rank`, `adapt` and `rng`
            say how new ones are made, and are refused beside it.
        rslora : bool or None
            Scale by alpha / sqrt(r); None takes "use_rslora", else False.
        rng : Generator, int or None
            Source of the random numbers in new adapters.

        Returns
        -------
        LoRAHead
            Head whose weights are float32 or float64 as stored, half precision as float32.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        TypeError
            If `path` or `adapters` is not a path.
        ValueError
            If a file is damaged or has no such layer or head, nothing says how many heads a layer has or what alpha
            is, or an option of new adapters is given beside a file of adapters.
        """
        for name, value in {"rank": rank, "adapt": adapt, "rng": rng}.items():
            if adapters is not None and value is not None:
                raise must(name, "left out beside a file of `adapters`, which brings its own", value)
        said = model_files.settings(path, adapters)
        n_heads = said.whole("n_heads", n_heads)
        wanted = adapters is not None or rank is not None or adapt is not None or said.flag("adapted", None)
        bare = not wanted and said.get("alpha", alpha) is None
        alpha = 1.0 if bare else said.number("alpha", alpha)
        weights = model_files.head_weights(path, layer, head, n_heads)
        scale = 1 / math.sqrt(weights["Q"].shape[1]) if beta is None else beta
        if bare:
            pairs = {}
        elif adapters is None:
            draws, rank = generator(rng), said.whole("rank", rank, default=8)
            new = projections_of(("Q", "V") if adapt is None else adapt)
            pairs = {projection: fresh_adapter(weights[projection], rank, draws) for projection in new}
        else:
            pairs = model_files.head_adapters(adapters, layer, head, n_heads, weights)
        frozen = (weights[projection] for projection in PROJECTIONS)
        return cls(*frozen, adapters=pairs, alpha=alpha, beta=scale, rslora=said.flag("rslora", rslora))


def _letter(letter: Any, known: tuple[str, ...]) -> str:
    """Return the letter of a projection that is known."""
    if not (isinstance(letter, str) and letter in known):
        words = "one of " + ", ".join(map(repr, known)) if known else "a projection with an adapter, and there is none"
        raise must("letter", words, letter, KeyError)
    return letter


def _rebuilt(WQ: Array, WK: Array, WV: Array, options: dict[str, Any]) -> LoRAHead:
    """Make a head from its fields, for pickle."""
    return LoRAHead(WQ, WK, WV, **options)


def _matrix(xp: Any, name: str, value: Any, device: Any = None) -> Any:
    """Check a matrix of finite real numbers, or a stack of them, in the library `xp`."""
    found = real_array(xp, name, value, device=device)
    if found.ndim not in (2, 3):
        raise must(name, "of shape (rows, columns) or (heads, rows, columns)", tuple(found.shape))
    return found


def one_library(**given: Any) -> Any:
    """Return the common array namespace of the arrays among the values, and refuse arrays of several libraries."""
    for name, value in given.items():
        untraced(name, value)
    try:
        return array_namespace(*given.values())
    except TypeError as error:
        kinds = [type(value).__module__.partition(".")[0] for value in given.values() if hasattr(value, "dtype")]
        raise must(", ".join(given), "arrays of one library", kinds, TypeError) from error


def device_of(*values: Any) -> Any:
    """Return the device that lists and data frames among the values join: that of the first array of another library.

    None stands for the host, where all arrays are NumPy's.
    """
    return next((value.device for value in values if is_foreign(value)), None)


def projections_of(adapt: Any) -> tuple[str, ...]:
    """Check the projections to adapt: some of "Q", "K" and "V", each at most once, in the caller's order."""
    projections = tuple(adapt) if is_iterable(adapt) else ()
    known = all(isinstance(projection, str) and projection in PROJECTIONS for projection in projections)
    if not projections or not known or len(set(projections)) < len(projections):
        raise must("adapt", "some of 'Q', 'K', 'V', each once", adapt)
    return projections


def fresh_adapter(W: np.ndarray, rank: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Make a new adapter as peft starts it: A uniform on [-1, 1] / sqrt(d_in), and B = 0, so that B A = 0."""
    d_in, d_out = W.shape
    rank = integer("rank", rank, low=1, high=d_in)
    A = rng.uniform(-1, 1, size=(rank, d_in)) / math.sqrt(d_in)
    return A.astype(W.dtype), np.zeros((d_out, rank), W.dtype)
