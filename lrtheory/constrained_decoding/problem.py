"""A catalogue with a model, problems whose answers are known, and what verbs read from files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np

from lrtheory._files import FromTable, Table, named_arrays, source_name, text_of, warn_alike
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import Words, array, as_array, generator, integer, must, open_interval, path_of
from lrtheory.constrained_decoding.decoding.asked import Model
from lrtheory.constrained_decoding.decoding.models import Product
from lrtheory.constrained_decoding.decoding.models import Table as TableModel
from lrtheory.constrained_decoding.index.strings import read_strings
from lrtheory.constrained_decoding.index.trie_index import TrieIndex

__all__ = [
    "DecodingProblem",
    "MassEstimate",
    "Sequences",
    "StateLogProbs",
    "WeightedSamples",
    "make_biased_pair",
    "make_nonmonotone",
    "make_uniform",
]


@dataclass(frozen=True)
class DecodingProblem:
    """A catalogue, and a model whose sequences shall stay in it.

    Parameters
    ----------
    index : TrieIndex
        Catalogue.
    model : callable
        Log probabilities of the next token, as `search` takes it.
    """

    index: TrieIndex
    model: Model


def make_uniform(n_items: int, vocab_size: int, length: int, *, rng: Rng = None) -> DecodingProblem:
    """Make items whose tokens are drawn uniformly, and a model of independent tokens.

    Parameters
    ----------
    n_items : int
        Number of rows that are drawn; those that occur twice are one item.
    vocab_size : int
        Number of tokens.
    length : int
        Tokens of an item.
    rng : int, SeedSequence, Generator or None
        Source of the draws.

    Returns
    -------
    DecodingProblem
        Problem whose model gives each token of a position a probability that is uniform on the simplex.

    Raises
    ------
    ValueError
        If a number is below 1.
    """
    n, v, width = (
        integer(name, value, low=1)
        for name, value in (("n_items", n_items), ("vocab_size", vocab_size), ("length", length))
    )
    draws = generator(rng)
    rows = draws.integers(0, v, (n, width))
    weights = draws.standard_exponential((width, v))
    return DecodingProblem(TrieIndex(rows, v), Product(np.log(weights / weights.sum(axis=1, keepdims=True))))


def make_nonmonotone(first: float = 0.3, last: float = 0.1) -> DecodingProblem:
    """Make the problem on which a beam of width 2 finds less than one of width 1 (statement ST-3).

    The items are 000, 100 and 110. The tokens 0 and 1 begin with probabilities 0.6 and 0.4; 0 follows 0 with `first`;
    both tokens follow 1 with 1/2; the last token has probability 1 after 00, and `last` after 10 and 11. What is left
    of each probability belongs to sequences that are no items.

    Parameters
    ----------
    first : float
        Probability of the token 0 after 0, in (0, 1/3).
    last : float
        Probability of the last token below 1, in (0, 3 first).

    Returns
    -------
    DecodingProblem
        Width 1 returns 000 of probability 0.6 first, width 2 an item of probability 0.2 last.

    Raises
    ------
    ValueError
        If a probability is outside its interval.
    """
    f = open_interval("first", first, 0, 1 / 3)
    e = open_interval("last", last, 0, min(1.0, 3 * f))
    rows = {(): (0.6, 0.4), (0,): (f, 0), (1,): (0.5, 0.5), (0, 0): (1, 0), (1, 0): (e, 0), (1, 1): (e, 0)}
    return DecodingProblem(TrieIndex([[0, 0, 0], [1, 0, 0], [1, 1, 0]], 2), _table(rows))


def make_biased_pair(share: float = 2 / 3, smaller: float = 0.25, larger: float = 1.0) -> DecodingProblem:
    """Make two items on which masking is as wrong as its bound says (statement ST-4t).

    The first token is 0 or 1, with probabilities 1 - share and share, and leads to one item each; the second token of
    the item has probability `larger` after 0, and `smaller` after 1. Masked sampling returns the second item with
    probability `share`; the model, given the catalogue, does so in proportion to share times smaller.

    Parameters
    ----------
    share : float
        Probability of the first token 1, in (0, 1).
    smaller, larger : float
        Probabilities of the last tokens, 0 < smaller < larger <= 1.

    Returns
    -------
    DecodingProblem
        By default the total variation distance is 1/3.

    Raises
    ------
    ValueError
        If a probability is outside its interval.
    """
    s, low = open_interval("share", share, 0, 1), open_interval("smaller", smaller, 0, 1)
    high = float(array("larger", larger, shape=(), low=0, high=1))
    if not low < high:
        raise must("larger", f"in ({low:g}, 1]", larger)
    rows = {(): (1 - s, s), (0,): (high, 0), (1,): (low, 0)}
    return DecodingProblem(TrieIndex([[0, 0], [1, 0]], 2), _table(rows))


def _table(rows: Mapping[tuple[int, ...], Sequence[float]]) -> TableModel:
    """The model that gives probabilities after each of these prefixes."""
    with np.errstate(divide="ignore"):
        return TableModel({prefix: np.log(np.array(row, np.float64)) for prefix, row in rows.items()})


# --- files -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sequences:
    """Sequences in a file, one a line: strings, or token ids with blanks or commas between them.

    Parameters
    ----------
    lines : sequence of str
        The lines, none of which is empty.
    origin : str
        Name of the file, for error sentences.

    Raises
    ------
    TypeError
        If some line is not a string.
    ValueError
        If a line is empty.
    """

    lines: tuple[str, ...]
    origin: str = "lines"

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(read_strings(self.lines, "lines")))
        for number, line in enumerate(self.lines, start=1):
            if not line.strip():
                raise ValueError(f"{self.origin}:{number}: an empty line, where a sequence is needed")

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Self:
        """Read lines of text; each is a sequence, whatever it begins with.

        Parameters
        ----------
        path : path
            UTF-8 with the suffix .txt or none, packed by gzip or not; "-" is standard input. A table is refused, since
            titles may hold commas.

        Returns
        -------
        Sequences
            Lines in the order of the file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is no text or has another suffix, or a line is empty.
        """
        place = path_of("path", path)
        text = text_of(str(path))
        if Path(place.name.lower().removesuffix(".gz")).suffix not in ("", ".txt"):
            raise ValueError(f"{place}: lines of text are read from files that end in .txt, a sequence a line")
        if not text:
            raise ValueError(f"{source_name(str(path))}: an empty file, where a sequence a line is needed")
        return cls(tuple(text.removesuffix("\n").split("\n")), source_name(str(path)))

    def token_ids(self) -> list[list[int]]:
        """The lines as token ids.

        Returns
        -------
        list of lists of int
            Token ids, of any size.

        Raises
        ------
        ValueError
            If a line holds something else than whole numbers.
        """
        found = []
        for number, line in enumerate(self.lines, start=1):
            words = line.replace(",", " ").split()
            if not words or not all(word.removeprefix("-").isdecimal() and word.isascii() for word in words):
                what = Words(f"{self.origin}:{number}: token ids are whole numbers with blanks or commas between them")
                raise ValueError(f"{what}; got {line[:60]!r}")
            found.append([int(word) for word in words])
        return found


@dataclass(frozen=True, eq=False)
class StateLogProbs:
    """A model as a table: the log probabilities of all tokens in each state of an index.

    Parameters
    ----------
    log_probs : array of shape (rows, n_tokens)
        Natural logarithms, minus infinity for 0. Row s belongs to state s; there is one for each state up to the last
        one that has edges, ``len(index.indptr) - 1`` in all.

    Raises
    ------
    TypeError
        If the entries are no real numbers.
    ValueError
        If it is no matrix.
    """

    log_probs: np.ndarray

    def __post_init__(self) -> None:
        found = as_array("log_probs", self.log_probs)
        if found.dtype.kind != "f" or found.ndim != 2:
            raise must("log_probs", "a matrix of real numbers", found, TypeError if found.ndim == 2 else ValueError)
        object.__setattr__(self, "log_probs", found)

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Self:
        """Read the array ``log_probs`` of an npz or safetensors file.

        Parameters
        ----------
        path : path
            The file.

        Returns
        -------
        StateLogProbs
            Model of the rows.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged, or holds other arrays.
        """
        found = named_arrays(path, "log probabilities")
        if set(found) != {"log_probs"}:
            raise ValueError(f"{source_name(str(path))}: the array log_probs is needed, and no other; got {[*found]}")
        return cls(found["log_probs"])

    def __call__(self, prefixes: Any, states: Any) -> np.ndarray:
        """The rows of states, which `search` and others ask for."""
        rows = as_array("states", states)
        if rows.size and int(rows.max()) >= len(self.log_probs):
            raise must("log_probs", "a table with a row for each state up to the last one with edges", self.log_probs)
        found: np.ndarray = self.log_probs[rows]
        return found


@result
class MassEstimate(Result):
    """Mass of a model on a catalogue, estimated from masked samples.

    Attributes
    ----------
    mass : float
        Mean of the weights: an estimate of the probability that the model's sequence is an item, without bias.
    lower, upper : float
        Interval that holds this probability with probability 1 - delta at least, by Hoeffding's inequality.
    delta : float
        Probability that the interval fails.
    effective_sample_size : float
        Number of exact samples that tell as much: squared sum over sum of squares of the weights.
    n_samples : int
        Number of samples.
    items : tuple
        The different items, the likeliest first.
    probabilities : array of shape (items,)
        Estimated probability of each item, given the catalogue.
    counts : array of shape (items,)
        Number of samples of each item.
    """

    mass: float
    lower: float
    upper: float
    delta: float
    effective_sample_size: float
    n_samples: int
    items: tuple[Any, ...]
    probabilities: np.ndarray
    counts: np.ndarray

    def _columns(self) -> dict[str, Any]:
        return {"item": self.items, "samples": self.counts, "probability": self.probabilities}

    def _facts(self) -> list[str]:
        span = f"between {self.lower:.4g} and {self.upper:.4g} with probability {1 - self.delta:g}"
        return [
            f"mass of the model on the catalogue: {self.mass:.4g}, {span}",
            f"{self.n_samples} masked samples, as good as {self.effective_sample_size:.1f} exact ones",
        ]


class WeightedSamples(FromTable):
    """Masked samples with the logarithms of their weights.

    Parameters
    ----------
    items : sequence
        The item of each sample, by any name.
    log_weights : array of shape (n,)
        Natural logarithms of W, the product of the allowed masses along the sample: at most 0.

    Raises
    ------
    ValueError
        If a logarithm is NaN or above 0, or the lengths differ.
    """

    __slots__ = ("items", "log_weights")

    def __init__(self, items: Sequence[Any], log_weights: ArrayLike) -> None:
        found = array("log_weights", log_weights, shape=(None,), finite=False).astype(np.float64)
        if found.size and found.max() > 1e-9:  # sums of rounded logarithms
            raise must("log_weights", "logarithms of at most 0", float(found.max()))
        if len(items) != len(found):
            raise must("items", f"one name for each of {len(found)} weights", len(items))
        self.items, self.log_weights = tuple(items), np.minimum(found, 0.0)

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Self:
        names = table.pick(columns, {"item": ("items", "rank"), "log_weight": ("log_weights", "logw")})
        items = table.text(names["item"])
        warn_alike(items, table.origin)
        return cls(items, table.floats(names["log_weight"]))

    def __len__(self) -> int:
        return len(self.items)

    def mass(self, *, delta: float = 0.05) -> MassEstimate:
        """Estimate the model's mass on the catalogue (statement ST-4s).

        Parameters
        ----------
        delta : float
            Probability that the interval fails, in (0, 1).

        Returns
        -------
        MassEstimate
            Mass with its interval, and the items with their probabilities.

        Raises
        ------
        ValueError
            If there are no samples, or all weights are 0.

        References
        ----------
        .. [1] W. Hoeffding, Probability inequalities for sums of bounded random variables, JASA 58, 1963.
        """
        risk, n = open_interval("delta", delta, 0, 1), len(self)
        if not n or not self.log_weights.max() > -math.inf:
            raise must("log_weights", "of at least one sample with a weight", Words("none"))
        top = float(self.log_weights.max())
        weights = np.exp(self.log_weights - top)
        total = float(weights.sum())
        mass = math.exp(top) * total / n
        half = math.sqrt(math.log(2 / risk) / (2 * n))
        names = list(dict.fromkeys(self.items))
        place = {name: number for number, name in enumerate(names)}
        at = np.array([place[item] for item in self.items])
        shares = np.bincount(at, weights, len(names)) / total
        order = np.argsort(-shares, kind="stable")
        return MassEstimate(
            mass=mass,
            lower=max(0.0, mass - half),
            upper=min(1.0, mass + half),
            delta=risk,
            effective_sample_size=total**2 / float((weights**2).sum()),
            n_samples=n,
            items=tuple(names[i] for i in order.tolist()),
            probabilities=shares[order],
            counts=np.bincount(at, minlength=len(names))[order],
        )
