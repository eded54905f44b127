r"""A recurrent network whose weights, activations and scores are integers, the same bits on every machine."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import numpy as np

from lrtheory._array import interpreted, kernel_input
from lrtheory._result import Result, read_only, result
from lrtheory._result.display import counted
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import as_array, choice, generator, integer, must
from lrtheory.low_rank_optimizers.integer import kernels
from lrtheory.low_rank_optimizers.integer.lookup_tables import LIMIT, ONE, logarithms, powers
from lrtheory.low_rank_optimizers.theory import integers as theory

__all__ = ["IntegerRNN", "Text", "TextScore", "as_text", "eight_bits"]

BLOCK = ("norm_1", "forget_input", "forget_state", "forget_bias", "input", "state", "bias", "norm_2", "up", "down")


class HasSymbols(Protocol):
    """A problem that holds a text, such as `TextProblem`."""

    @property
    def symbols(self) -> ArrayLike: ...


Text: TypeAlias = ArrayLike | HasSymbols
#: passed to the kernel in place of the noise when there is none
NO_NOISE = kernel_input(np.zeros(1, np.int8))


@result
class TextScore(Result):
    """Scores of a text under a network.

    Attributes
    ----------
    bits : float
        The mean loss, in bits a symbol; up to 0.13 too low, see `theory.score_excess`.
    scores : array of shape (length - 1,)
        Sixteenths of a bit, integers, mostly negative: 16 log2 of the probability of each symbol but the first.
    message : str
        Sentence about the loss.
    counts : mapping
        ``symbols`` that were predicted, and ``clipped`` activations.
    """

    bits: float
    scores: np.ndarray
    message: str
    counts: Mapping[str, int]

    def _columns(self) -> dict[str, Any]:
        return {"symbol": list(range(1, len(self.scores) + 1)), "bits": (-self.scores / ONE).tolist()}


class IntegerRNN:
    r"""A gated recurrent network in integers of eight bits, in which 16 stands for 1.0.

    With the mean absolute value a of x, norm_w(x) = clip(x w // max(1, a)). A product of a matrix with n inputs is
    clip(x W // (16 isqrt(n))). A block with state h is

    .. math::
        f = \mathrm{clip}(W_f y + U_f h + b_f), \quad c = \mathrm{clip}(W y + U ((f + 127) h \gg 8) + b), \quad
        h \leftarrow h + ((f + 127)(c - h) \gg 8)

    with y = norm(x), then x <- clip(x + h), and x <- clip(x + down(up(norm(x)))). A last norm and a head give one logit
    a symbol. Clipping to 127 in absolute value is the only nonlinearity; each quotient and shift is a floor.

    Parameters
    ----------
    n_symbols : int
        Symbols of the alphabet, at least 1; texts hold integers from 0 to ``n_symbols - 1``.
    width : int
        d, the activations of a block, at least 1.
    n_blocks : int
        Blocks, each with a state, at least 1.
    rng : int, Generator or None
        Source of the first weights: normal of standard deviation 1.0, norms 1.0, biases 0.

    Attributes
    ----------
    n_symbols, width, n_blocks : int
        Arguments of these names.
    n_weights : int
        Number of weights of all layers together.

    Raises
    ------
    ValueError
        If a size is out of range.
    TypeError
        If it is not an integer.

    See Also
    --------
    IntegerES : Training by votes of perturbed networks.

    Notes
    -----
    Of the released nano-egg (Sarkar et al., arXiv 2511.16652), with two repairs: a norm of a small x divides by 1 and
    not by 0, and sums of low rank have 64 bits (statement EI-1). Products without noise fit in 32 bits up to 133,144
    inputs. Interpreted and compiled kernels agree bit by bit (statement EI-2b).

    Examples
    --------
    >>> network = IntegerRNN(4, 8, rng=0)
    >>> network.logits([0, 1, 2, 3]).shape
    (4, 4)
    >>> network.score([0, 1, 2, 3]).counts["symbols"]
    3
    """

    def __init__(self, n_symbols: int, width: int, *, n_blocks: int = 1, rng: Rng = None) -> None:
        self.n_symbols = integer("n_symbols", n_symbols, low=1, high=1 << 20)
        self.width = integer("width", width, low=1, high=theory.safe_inputs(2) // 4)
        self.n_blocks = integer("n_blocks", n_blocks, low=1)
        chance, d = generator(rng), self.width
        sizes = {"embedding": (self.n_symbols, d)}
        for block in range(self.n_blocks):
            one = ((1, d), (d, d), (d, d), (1, d), (d, d), (d, d), (1, d), (1, d), (d, 4 * d), (4 * d, d))
            sizes |= {f"{name}.{block}": size for name, size in zip(BLOCK, one, strict=True)}
        self._sizes = sizes | {"norm": (1, d), "head": (d, self.n_symbols)}
        ends = np.cumsum([0, *(n * m for n, m in self._sizes.values())])
        rows = [(int(begin), *size) for begin, size in zip(ends, self._sizes.values(), strict=False)]
        self._layout = kernel_input(np.array(rows, np.int64))
        self._divisors = kernel_input(np.array([math.isqrt(n) for n, _ in self._sizes.values()], np.int64))
        self.n_weights = int(ends[-1])
        first = [_first(name, size, chance).ravel() for name, size in self._sizes.items()]
        self._flat = kernel_input(np.concatenate(first), np.int8)

    def __repr__(self) -> str:
        return f"IntegerRNN({self.n_symbols}, {self.width}, n_blocks={self.n_blocks}): {self.n_weights} weights"

    @property
    def shapes(self) -> Mapping[str, tuple[int, int]]:
        """Inputs and outputs of each layer by its name; norms and biases have one input."""
        return MappingProxyType(self._sizes)

    @property
    def weights(self) -> Mapping[str, np.ndarray]:
        """The weights of each layer by its name, (inputs, outputs), read-only integers of eight bits."""
        parts = zip(self._sizes.items(), self._layout[:, 0], strict=True)
        views = {name: self._flat[begin : begin + n * m].reshape(n, m) for (name, (n, m)), begin in parts}
        return MappingProxyType({name: read_only(view) for name, view in views.items()})

    def replaced(self, weights: Mapping[str, ArrayLike]) -> IntegerRNN:
        """Make the network with other weights.

        Parameters
        ----------
        weights : mapping of str to array
            Weights of some layers or all, by the names of `shapes`; integers from -127 to 127.

        Returns
        -------
        IntegerRNN
            New network; the one that is called stays as it is.

        Raises
        ------
        ValueError
            If a name, a shape or a weight is not one of such a network.
        TypeError
            If `weights` is not a mapping.
        """
        if not isinstance(weights, Mapping):
            raise must("weights", "a mapping of names to arrays", weights, TypeError)
        flat = np.array(self._flat)
        starts = dict(zip(self._sizes, self._layout[:, 0].tolist(), strict=True))
        for name, value in weights.items():
            n, m = self._sizes[choice("weights", name, tuple(self._sizes))]
            flat[starts[name] : starts[name] + n * m] = eight_bits(f"weights[{name!r}]", value, (n, m)).ravel()
        return self._with(flat)

    def logits(self, text: Text, *, compiled: bool = True) -> np.ndarray:
        """Run the network on a text, from a state of 0.

        Parameters
        ----------
        text : array of shape (length,)
            Symbols, at least 1.
        compiled : bool
            False interprets the kernels, which takes a thousand times as long and gives the same bits.

        Returns
        -------
        array of shape (length, n_symbols)
            Row t is about the symbol that follows those up to t; integers in sixteenths of log2.

        Raises
        ------
        ValueError
            If the text holds no symbols, or others than those of the alphabet.
        TypeError
            If its entries are not integers.
        """
        return self._run(as_text(text, self.n_symbols), compiled)[0]

    def score(self, text: Text) -> TextScore:
        """Score a text by the logarithms of the probabilities of its symbols, in sixteenths of a bit.

        Parameters
        ----------
        text : array of shape (length,)
            Symbols, at least 2.

        Returns
        -------
        TextScore
            The mean loss, and every score.

        Raises
        ------
        ValueError
            If the text has fewer than two symbols, or others than those of the alphabet.
        TypeError
            If its entries are not integers.
        """
        tokens = as_text(text, self.n_symbols, least=2)
        logits, clipped = self._run(tokens[:-1], compiled=True)
        tables = powers(), logarithms()
        scores = np.array([kernels.score(row, t, *tables) for row, t in zip(logits, tokens[1:], strict=True)], np.int64)
        bits = float(-scores.mean() / ONE)
        counts = {"symbols": len(scores), "clipped": clipped}
        return TextScore(bits, scores, f"{bits:.3f} bits a symbol over {counted(len(scores), 'symbol')}", counts)

    def _with(self, flat: np.ndarray) -> IntegerRNN:
        other = copy.copy(self)
        other._flat = kernel_input(np.array(flat, np.int8))
        return other

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in ("_flat", "_layout", "_divisors"):  # arrays come out of a pickle writable
            setattr(self, name, kernel_input(state[name]))

    def _run(self, tokens: np.ndarray, compiled: bool) -> tuple[np.ndarray, int]:
        logits = np.zeros((len(tokens), self.n_symbols), np.int8)
        start = kernel_input(np.zeros(len(self._sizes), np.int64))
        run = kernels.run if compiled else interpreted(kernels).run
        clipped = run(self._flat, self._layout, self._divisors, tokens, NO_NOISE, start, 1, 0, 0, logits)
        return logits, int(clipped)


def _first(name: str, size: tuple[int, int], chance: np.random.Generator) -> np.ndarray:
    if "norm" in name or "bias" in name:
        return np.full(size, ONE if "norm" in name else 0)
    return np.clip(np.rint(ONE * chance.standard_normal(size)), -LIMIT, LIMIT)


def eight_bits(name: str, value: Any, size: tuple[int, ...]) -> np.ndarray:
    """Return an array of integers from -127 to 127 after its shape and entries were checked."""
    array = as_array(name, value)
    if array.shape != size:
        raise must(name, f"of shape {size}", array.shape)
    if array.dtype.kind not in "iu" or not array.size or array.min() < -LIMIT or array.max() > LIMIT:
        raise must(name, f"integers from -{LIMIT} to {LIMIT}", array)
    return array


def as_text(text: Any, n_symbols: int, *, least: int = 1) -> np.ndarray:
    """Return a text as the kernels read it, after its symbols were checked."""
    tokens = as_array("text", getattr(text, "symbols", text))  # also of a TextProblem
    if tokens.ndim == 1 and len(tokens) < least:
        raise must("text", f"a sequence of at least {counted(least, 'symbol')}", tokens.shape)
    if tokens.dtype.kind not in "iu":
        raise must("text", "an array of integers", tokens, TypeError)
    if tokens.ndim != 1:
        raise must("text", "a sequence of symbols", tokens.shape)
    if tokens.min() < 0 or tokens.max() >= n_symbols:
        raise must("text", f"symbols from 0 to {n_symbols - 1}", tokens[(tokens < 0) | (tokens >= n_symbols)][0])
    return kernel_input(tokens, np.int64)
