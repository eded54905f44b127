r"""An attention head with low-rank adapters, and the inputs on which it is fine-tuned.

.. math:: \mathrm{Loss} = \tfrac12 \| f X_V W_V - Y \|_F^2, \qquad f = \mathrm{softmax}(\beta X_Q W_Q W_K^\top X_K^\top)

Each weight (d_in, d_out) may carry an adapter in the layout of peft, A (r, d_in) and B (d_out, r): it then is
W + (alpha / r) (B A)^T.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from types import MappingProxyType
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, to_numpy
from lrtheory._validation import as_array, generator, integer, must, open_interval, real
from lrtheory.lora_limits import stored_weights

__all__ = ["LETTERS", "AttentionProblem", "LoRAHead", "make_outliers", "make_uniform"]

LETTERS = ("Q", "K", "V")


@dataclass(frozen=True, eq=False, slots=True)
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
        object.__setattr__(self, "beta", open_interval("beta", self.beta, 0, math.inf))
        if not isinstance(self.rslora, (bool, np.bool_)):
            raise must("rslora", "True or False", self.rslora, TypeError)
        if not isinstance(self.adapters, Mapping) or not set(self.adapters) <= set(LETTERS):
            raise must("adapters", "a mapping from 'Q', 'K', 'V' to pairs (A, B)", self.adapters)
        pairs = {letter: self._pair(letter, pair) for letter, pair in self.adapters.items()}
        libraries = {
            array_namespace(W) for W in (self.WQ, self.WK, self.WV, *(one for pair in pairs.values() for one in pair))
        }
        if len(libraries) > 1:
            raise must("adapters", "arrays of the library of the weights", sorted(one.__name__ for one in libraries))
        object.__setattr__(self, "adapters", MappingProxyType(pairs))

    def __reduce__(self) -> tuple[Any, ...]:
        options = {"adapters": dict(self.adapters), "alpha": self.alpha, "beta": self.beta, "rslora": self.rslora}
        return _rebuilt, (self.WQ, self.WK, self.WV, options)

    def _pair(self, letter: str, pair: Any) -> tuple[Any, Any]:
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
            alpha / r, or alpha / sqrt(r) for rsLoRA.
        """
        rank = self.adapters[letter][0].shape[-2]
        return self.alpha / (math.sqrt(rank) if self.rslora else rank)

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
        n_heads: int,
        alpha: float,
        beta: float | None = None,
        rank: int = 8,
        adapt: tuple[str, ...] = ("Q", "V"),
        adapters: str | PathLike[str] | None = None,
        rslora: bool = False,
        rng: np.random.Generator | int | None = None,
    ) -> LoRAHead:
        """One head of a transformer on disk, as BERT, OPT, Llama and their kin store it.

        Biases become a last row of the weights, so that inputs take a last column of ones. Rotary embeddings, which
        some of these models apply between projection and softmax, are not.

        Parameters
        ----------
        path : path
            A safetensors file.
        layer, head : int
            Which head, counted from 0.
        n_heads : int
            Heads of queries a layer; keys and values may have fewer.
        alpha : float
            Of the adapters.
        beta : float or None
            Inverse temperature; None takes 1 / sqrt(d_head), which these models use.
        rank : int
            Of new adapters.
        adapt : letters
            Which weights get new adapters: A uniform as peft draws it, B = 0.
        adapters : path or None
            A safetensors file of peft with the adapters, in place of new ones.
        rslora : bool
            Scale by alpha / sqrt(r).
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
            If the file has no such layer or head.
        """
        weights = stored_weights.head_weights(path, layer, head, n_heads)
        scale = 1 / math.sqrt(weights["Q"].shape[1]) if beta is None else beta
        if adapters is None:
            draws = generator(rng)
            pairs = {one: fresh_adapter(weights[one], rank, draws) for one in adapt}
        else:
            pairs = stored_weights.head_adapters(adapters, layer, head, n_heads, weights)
        frozen = (weights[letter] for letter in LETTERS)
        return cls(*frozen, adapters=pairs, alpha=alpha, beta=scale, rslora=rslora)


def _rebuilt(WQ: Any, WK: Any, WV: Any, options: dict[str, Any]) -> LoRAHead:
    return LoRAHead(WQ, WK, WV, **options)


def _matrix(name: str, value: Any) -> Any:
    """A finite matrix, or a stack of them, in the library it came in."""
    value = value if hasattr(value, "dtype") else as_array(name, value)
    host = to_numpy(value)
    if host.dtype.kind not in "fiub":
        raise must(name, "an array of real numbers", host.dtype, TypeError)
    if host.ndim not in (2, 3):
        raise must(name, "of shape (rows, columns) or (heads, rows, columns)", host.shape)
    if not np.isfinite(host).all():
        raise must(name, "finite", float(host[~np.isfinite(host)].flat[0]))
    if host.dtype.kind == "f":
        return value
    return array_namespace(value).asarray(host.astype(np.float64))


def fresh_adapter(W: np.ndarray, rank: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A new adapter as peft starts it: A uniform on [-1, 1] / sqrt(d_in), B = 0."""
    d_in, d_out = W.shape
    rank = integer("rank", rank, low=1, high=d_in)
    A = rng.uniform(-1, 1, size=(rank, d_in)) / math.sqrt(d_in)
    return A.astype(W.dtype), np.zeros((d_out, rank), W.dtype)


@dataclass(frozen=True, eq=False, slots=True)
class AttentionProblem:
    """A head and the data of one gradient.

    Parameters
    ----------
    head : LoRAHead
        The head.
    XQ : array of shape (L_Q, d_in) or (batch, L_Q, d_in)
        Inputs of the queries.
    Y : array of shape (L_Q, d_value) or (batch, L_Q, d_value)
        What the head should answer.
    XK, XV : arrays of shape (L_K, d_in) or (batch, L_K, d_in), or None
        Inputs of keys and values; None takes XQ for XK, and XK for XV.
    mask : None, "causal", or lengths
        As in `lora_gradients`.
    labels : tuple of str or None
        What the rows are called, carried through untouched.

    Examples
    --------
    >>> make_uniform(8, 2, rng=0).XQ.shape
    (8, 2)
    """

    head: LoRAHead
    XQ: Any
    Y: Any
    XK: Any = field(default=None, kw_only=True)
    XV: Any = field(default=None, kw_only=True)
    mask: Any = field(default=None, kw_only=True)
    labels: tuple[str, ...] | None = field(default=None, kw_only=True)


def make_uniform(
    n_tokens: int,
    d: int,
    *,
    bound: float = 1.0,
    beta: float | None = None,
    rank: int = 2,
    rng: np.random.Generator | int | None = None,
) -> AttentionProblem:
    """Queries and keys uniform in a cube, Gaussian values: the instance on which degrees are measured.

    Parameters
    ----------
    n_tokens, d : int
        Number of tokens L, and of coordinates.
    bound : float
        Entries of queries and keys lie in [-bound, bound]; the difficulty.
    beta : float or None
        Inverse temperature; None takes 1 / d.
    rank : int
        Of the adapters of "Q" and "V", which start with B = 0.
    rng : Generator, int or None
        Source of the draws.

    Returns
    -------
    AttentionProblem
        Three identity weights; values and targets are Gaussian.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> problem = make_uniform(16, 4, bound=0.5, rng=0)
    >>> bool(abs(problem.XK).max() <= 0.5)
    True
    """
    L, d, draws = integer("n_tokens", n_tokens, low=1), integer("d", d, low=1), generator(rng)
    bound = open_interval("bound", bound, 0, 1e100)
    pairs = {letter: fresh_adapter(np.eye(d), rank, draws) for letter in ("Q", "V")}
    head = LoRAHead(np.eye(d), np.eye(d), np.eye(d), adapters=pairs, alpha=rank, beta=1 / d if beta is None else beta)
    XQ, XK = draws.uniform(-bound, bound, size=(2, L, d))
    XV, Y = draws.normal(size=(2, L, d))
    return AttentionProblem(head, XQ, Y, XK=XK, XV=XV)


def make_outliers(
    n_tokens: int,
    d: int,
    *,
    n_outliers: int = 1,
    factor: float = 10.0,
    bound: float = 0.5,
    rng: np.random.Generator | int | None = None,
) -> AttentionProblem:
    """Small tokens and a few large ones, as real activations have them: the largest logit is that of the few.

    Parameters
    ----------
    n_tokens, d : int
        Number of tokens L, and of coordinates.
    n_outliers : int
        How many keys are large, at most `n_tokens`.
    factor : float
        By how much, at least 1.
    bound : float
        Entries of the others lie in [-bound, bound].
    rng : Generator, int or None
        Source of the draws.

    Returns
    -------
    AttentionProblem
        As `make_uniform`, with some rows of XK multiplied by the factor.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> problem = make_outliers(64, 4, n_outliers=2, rng=0)
    >>> int((abs(problem.XK).max(axis=1) > 0.5).sum())
    2
    """
    draws = generator(rng)
    problem = make_uniform(n_tokens, d, bound=bound, rng=draws)
    few = integer("n_outliers", n_outliers, low=0, high=n_tokens)
    XK = problem.XK.copy()
    XK[draws.choice(n_tokens, size=few, replace=False)] *= real("factor", factor, low=1, high=1e100)
    return AttentionProblem(problem.head, problem.XQ, problem.Y, XK=XK, XV=problem.XV)
