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

from lrtheory._array import array_namespace, to_numpy, untraced
from lrtheory._validation import generator, integer, must, real
from lrtheory.lora_limits.files import weights as stored_weights
from lrtheory.lora_limits.theory.numeric import between, given_array
from lrtheory.lora_limits.theory.scalings import lora_scale, rslora_scale

__all__ = ["LETTERS", "LoRAHead", "fresh_adapter", "letters_of", "one_library", "single_at_least"]

LETTERS = ("Q", "K", "V")


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class LoRAHead:
    r"""One attention head, or a stack of heads, with low-rank adapters.

    Parameters
    ----------
    WQ, WK, WV : arrays of shape (d_model, d_head) or (heads, d_model, d_head)
        Frozen weights, applied from the right: queries are X_Q W_Q. The first axes may differ from each other, as may
        the last axis of WV.
    adapters : mapping from "Q", "K", "V" to pairs (A, B)
        A (r, d_in) and B (d_out, r), as peft stores them, or with a leading axis of heads; letters without adapter are
        frozen.
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
        If weights or adapters are no arrays of real numbers.

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

    WQ: Any
    WK: Any
    WV: Any
    adapters: Mapping[str, tuple[Any, Any]] = field(kw_only=True)
    alpha: float = field(kw_only=True)
    beta: float = field(kw_only=True)
    rslora: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        for letter in LETTERS:
            W = _matrix("W" + letter, self.weight(letter))
            if 0 in W.shape:
                raise must("W" + letter, "not empty", tuple(W.shape))
            object.__setattr__(self, "W" + letter, W)
        if self.WQ.shape[-1] != self.WK.shape[-1]:
            raise must("WK", f"as wide as WQ, ({self.WQ.shape[-1]} columns)", self.WK.shape)
        object.__setattr__(self, "alpha", real("alpha", self.alpha, low=-1e300, high=1e300))
        object.__setattr__(self, "beta", between("beta", self.beta, 0, math.inf))
        if not isinstance(self.rslora, (bool, np.bool_)):
            raise must("rslora", "True or False", self.rslora, TypeError)
        if not isinstance(self.adapters, Mapping) or not set(self.adapters) <= set(LETTERS):
            raise must("adapters", "a mapping from 'Q', 'K', 'V' to pairs (A, B)", self.adapters)
        pairs = {letter: self._pair(letter, pair) for letter, pair in self.adapters.items()}
        frozen = {"WQ": self.WQ, "WK": self.WK, "WV": self.WV}
        own, theirs = one_library(**frozen), {array_namespace(one) for pair in pairs.values() for one in pair}
        if not theirs <= {own}:
            raise must("adapters", "arrays of the library of the weights", sorted(one.__name__ for one in theirs))
        object.__setattr__(self, "adapters", MappingProxyType(pairs))

    def __repr__(self) -> str:
        shapes = ", ".join(f"W{letter}={tuple(self.weight(letter).shape)}" for letter in LETTERS)
        ranks = ", ".join(f"{letter}: {pair[0].shape[-2]}" for letter, pair in self.adapters.items())
        numbers = f"alpha={self.alpha:g}, beta={self.beta:g}, rslora={self.rslora}"
        return f"LoRAHead({shapes}, ranks={{{ranks}}}, {numbers})"

    def __reduce__(self) -> tuple[Any, ...]:
        options = {"adapters": dict(self.adapters), "alpha": self.alpha, "beta": self.beta, "rslora": self.rslora}
        return _rebuilt, (self.WQ, self.WK, self.WV, options)

    def _pair(self, letter: str, pair: Any) -> tuple[Any, Any]:
        """Check one adapter: A of shape (r, d_in) and B of shape (d_out, r), the layout of peft."""
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise must(f"adapters[{letter!r}]", "a pair (A, B)", pair, TypeError)
        A, B = (_matrix(f"{name} of {letter}", value) for name, value in zip("AB", pair, strict=True))
        d_in, d_out = self.weight(letter).shape[-2:]
        rank = A.shape[-2]
        if not 1 <= rank <= d_in:
            raise must(f"the rank of adapter {letter}", f"in [1, {d_in}]", rank)
        if A.shape[-1] != d_in:
            raise must(f"A of {letter}", f"of shape (r, {d_in})", A.shape)
        if B.shape[-2:] != (d_out, rank):
            raise must(f"B of {letter}", f"of shape ({d_out}, {rank})", B.shape)
        return A, B

    def weight(self, letter: str) -> Any:
        """The frozen weight of a letter.

        Parameters
        ----------
        letter : {"Q", "K", "V"}
            Which.

        Returns
        -------
        array of shape (d_in, d_out) or (heads, d_in, d_out)
            W.
        """
        return {"Q": self.WQ, "K": self.WK, "V": self.WV}[letter]

    def scale(self, letter: str) -> float:
        """The factor of an adapter.

        Parameters
        ----------
        letter : {"Q", "K", "V"}
            Which.

        Returns
        -------
        float
            `theory.lora_scale`, or `theory.rslora_scale`.
        """
        rank = self.adapters[letter][0].shape[-2]
        return (rslora_scale if self.rslora else lora_scale)(self.alpha, rank)

    def effective(self, letter: str) -> Any:
        """The weight with its adapter.

        Parameters
        ----------
        letter : {"Q", "K", "V"}
            Which.

        Returns
        -------
        array of shape (d_in, d_out) or (heads, d_in, d_out)
            W + scale (B A)^T.
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
        adapt: tuple[str, ...] = ("Q", "V"),
        adapters: str | PathLike[str] | None = None,
        rslora: bool | None = None,
        rng: np.random.Generator | int | None = None,
    ) -> LoRAHead:
        """One head of a transformer on disk, as BERT, OPT, Llama and their kin store it.

        Biases become a last row of the weights, so that inputs take a last column of ones. Rotary embeddings, which
        some of these models apply between projection and softmax, are not.

        What is None here is read from the metadata of the files, from config.json beside the model, and from
        adapter_config.json beside the adapters or the model, under the names that transformers and peft give it.

        Parameters
        ----------
        path : path
            A safetensors file.
        layer, head : int
            Which head, counted from 0.
        n_heads : int or None
            Heads of queries a layer; keys and values may have fewer. None takes "num_attention_heads".
        alpha : float or None
            Of the adapters; None takes "lora_alpha".
        beta : float or None
            Inverse temperature; None takes 1 / sqrt(d_head), which these models use.
        rank : int or None
            Of new adapters; None takes "r", else 8.
        adapt : letters
            Which weights get new adapters: A uniform as peft draws it, B = 0.
        adapters : path or None
            A safetensors file of peft with the adapters, in place of new ones.
        rslora : bool or None
            Scale by alpha / sqrt(r); None takes "use_rslora", else False.
        rng : Generator, int or None
            Source of new adapters.

        Returns
        -------
        LoRAHead
            With float32 or float64 weights as stored, half precision as float32.

        Raises
        ------
        ImportError
            If safetensors is not installed.
        ValueError
            If the file has no such layer or head, or nothing says how many heads a layer has, or what alpha is.
        """
        said = stored_weights.settings(path, adapters)
        n_heads = said.whole("n_heads", n_heads)
        alpha = said.number("alpha", alpha)
        weights = stored_weights.head_weights(path, layer, head, n_heads)
        scale = 1 / math.sqrt(weights["Q"].shape[1]) if beta is None else beta
        if adapters is None:
            draws, rank = generator(rng), said.whole("rank", rank, default=8)
            pairs = {one: fresh_adapter(weights[one], rank, draws) for one in letters_of(adapt)}
        else:
            pairs = stored_weights.head_adapters(adapters, layer, head, n_heads, weights)
        frozen = (weights[letter] for letter in LETTERS)
        return cls(*frozen, adapters=pairs, alpha=alpha, beta=scale, rslora=said.flag("rslora", rslora))


def _rebuilt(WQ: Any, WK: Any, WV: Any, options: dict[str, Any]) -> LoRAHead:
    return LoRAHead(WQ, WK, WV, **options)


def _matrix(name: str, value: Any) -> Any:
    """Check a finite matrix, or a stack of them, in the library it came in; half precision becomes single."""
    value = single_at_least(given_array(name, value))
    host = to_numpy(value)
    if not isinstance(host, np.ndarray) or host.dtype.kind not in "fiub":
        raise must(name, "an array of real numbers", getattr(host, "dtype", host), TypeError)
    if host.ndim not in (2, 3):
        raise must(name, "of shape (rows, columns) or (heads, rows, columns)", host.shape)
    if not np.isfinite(host).all():
        raise must(name, "finite", float(host[~np.isfinite(host)].flat[0]))
    if host.dtype.kind == "f":
        return value
    return array_namespace(value).asarray(host.astype(np.float64))


def single_at_least(value: Any) -> Any:
    """Convert half precision, bfloat16 too, to single precision, and leave every other value as it is."""
    xp = array_namespace(value)
    foreign = xp is not array_namespace()
    if not (foreign or isinstance(value, np.ndarray)) or not xp.isdtype(value.dtype, "real floating"):
        return value
    return xp.astype(value, xp.float32) if xp.finfo(value.dtype).bits < 32 else value


def one_library(**given: Any) -> Any:
    """Return the common array namespace of the arrays among the values, and refuse arrays of several libraries."""
    for name, value in given.items():
        untraced(name, value)
    try:
        return array_namespace(*given.values())
    except TypeError as error:
        kinds = [type(value).__module__.partition(".")[0] for value in given.values() if hasattr(value, "dtype")]
        raise must(", ".join(given), "arrays of one library", kinds, TypeError) from error


def letters_of(adapt: Any) -> tuple[str, ...]:
    """Check the letters to adapt: some of "Q", "K" and "V", each at most once, in the caller's order."""
    letters = tuple(adapt) if isinstance(adapt, (str, Iterable)) else ()
    known = all(isinstance(letter, str) and letter in LETTERS for letter in letters)
    if not letters or not known or len(set(letters)) < len(letters):
        raise must("adapt", "some of 'Q', 'K', 'V', each once", adapt)
    return letters


def fresh_adapter(W: np.ndarray, rank: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Make a new adapter as peft starts it: A uniform on [-1, 1] / sqrt(d_in), and B = 0, so that B A = 0."""
    d_in, d_out = W.shape
    rank = integer("rank", rank, low=1, high=d_in)
    A = rng.uniform(-1, 1, size=(rank, d_in)) / math.sqrt(d_in)
    return A.astype(W.dtype), np.zeros((d_out, rank), W.dtype)
