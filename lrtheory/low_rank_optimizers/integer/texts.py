"""Texts as sequences of symbols, and a source whose entropy rate is known."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._files.opening import text_of
from lrtheory._result import read_only
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import array, generator, integer, must
from lrtheory.low_rank_optimizers.integer.integer_rnn import as_text
from lrtheory.low_rank_optimizers.theory.integers import entropy_rate, stationary

__all__ = ["TextProblem", "make_markov_text"]


@dataclass(frozen=True, eq=False)
class TextProblem:
    """A text to be predicted, symbol by symbol.

    Parameters
    ----------
    symbols : array of shape (length,)
        Integers from 0 to ``n_symbols - 1``.
    n_symbols : int
        Symbols of the alphabet.
    alphabet : str
        The characters that the symbols stand for, or empty.
    transitions : array of shape (n_symbols, n_symbols), or None
        Probabilities of the next symbol, where the text comes from a Markov chain that is known.

    Raises
    ------
    ValueError
        If a symbol is not one of the alphabet, or the transitions are not those of an irreducible chain.
    TypeError
        If a symbol is not an integer.

    Examples
    --------
    >>> problem = TextProblem([0, 1, 1, 0], 2, alphabet="ab")
    >>> problem, problem.unigram
    (TextProblem(4 symbols of 2), 1.0)
    """

    symbols: ArrayLike
    n_symbols: int
    _: KW_ONLY
    alphabet: str = ""
    transitions: ArrayLike | None = None

    def __post_init__(self) -> None:
        k = integer("n_symbols", self.n_symbols, low=1)
        if self.alphabet and len(self.alphabet) != k:
            raise must("alphabet", f"{k} characters, or empty", self.alphabet)
        object.__setattr__(self, "symbols", read_only(as_text(self.symbols, k).copy()))
        if self.transitions is not None:
            P = read_only(array("transitions", self.transitions, shape=(k, k), low=0.0, high=1.0).copy())
            stationary(P)
            object.__setattr__(self, "transitions", P)

    def __repr__(self) -> str:
        return f"TextProblem({len(np.asarray(self.symbols))} symbols of {self.n_symbols})"

    @classmethod
    def from_file(cls, path: str | PathLike[str], *, alphabet: str | None = None) -> TextProblem:
        """Read the characters of a text file; every run of blanks and ends of lines becomes one space.

        Parameters
        ----------
        path : path
            A text in UTF-8, packed by gzip or not.
        alphabet : str, optional
            The characters that are kept, all different; the last one stands for all others. Otherwise all characters of
            the text, in their order as code points.

        Returns
        -------
        TextProblem
            Symbols number the characters of the alphabet.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the text is empty or not UTF-8, or the alphabet is empty or names a character twice.
        TypeError
            If the alphabet is not a string.
        """
        text = " ".join(text_of(path).split())
        if not text:
            raise must("path", "a file with a text", str(path))
        return cls.from_text(text, alphabet=alphabet)

    @classmethod
    def from_text(cls, text: str, *, alphabet: str | None = None) -> TextProblem:
        """Number the characters of a text.

        Parameters
        ----------
        text : str
            Text of at least one character.
        alphabet : str, optional
            Characters by their numbers, as in `from_file`.

        Returns
        -------
        TextProblem
            Text in the numbers of this alphabet.

        Raises
        ------
        ValueError
            As for `from_file`.
        TypeError
            If the text or the alphabet is not a string.

        Examples
        --------
        >>> TextProblem.from_text("abba cab", alphabet="ab?").symbols.tolist()
        [0, 1, 1, 0, 2, 2, 0, 1]
        """
        if not isinstance(text, str):
            raise must("text", "a string", text, TypeError)
        if not text:
            raise must("text", "a string with at least one character", text)
        if alphabet is None:
            alphabet = "".join(sorted(set(text)))
        if not isinstance(alphabet, str):
            raise must("alphabet", "a string", alphabet, TypeError)
        places = {character: i for i, character in enumerate(alphabet)}
        if not alphabet or len(places) < len(alphabet):
            raise must("alphabet", "characters that are all different, at least one", alphabet)
        last = len(alphabet) - 1
        return cls(np.array([places.get(one, last) for one in text], np.int64), len(alphabet), alphabet=alphabet)

    @property
    def truth(self) -> float | None:
        """The entropy rate in bits a symbol, which no model beats on fresh text; None where it is unknown."""
        return None if self.transitions is None else float(entropy_rate(self.transitions))

    @property
    def unigram(self) -> float:
        """The entropy of the symbols as they are counted in the text, in bits."""
        counts = np.bincount(np.asarray(self.symbols))
        p = counts[counts > 0] / counts.sum()
        return float(abs((p * np.log2(p)).sum()))

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()


def make_markov_text(length: int, *, n_states: int = 8, concentration: float = 0.4, rng: Rng = None) -> TextProblem:
    """Make a text of a stationary Markov chain whose symbols are its states, with its exact entropy rate as truth.

    Parameters
    ----------
    length : int
        Symbols, at least 1.
    n_states : int
        States and symbols, at least 1.
    concentration : float
        Parameter of the symmetric Dirichlet law of each row of transitions, above 0; small ones make rows that are
        nearly certain.
    rng : int, SeedSequence, Generator or None
        Source of the draws.

    Returns
    -------
    TextProblem
        Text and its transitions, multiples of 2^-16 above 0, so that the chain is irreducible.

    Raises
    ------
    ValueError
        If a number is out of range.
    TypeError
        If one is of the wrong kind.

    Examples
    --------
    >>> problem = make_markov_text(1000, rng=0)
    >>> problem, round(problem.truth, 3) < problem.unigram
    (TextProblem(1000 symbols of 8), True)
    """
    length, k = integer("length", length, low=1), integer("n_states", n_states, low=1, high=1 << 12)
    concentration = float(array("concentration", concentration, shape=(), low=1e-3, high=1e6))
    chance, unit = generator(rng), 1 << 16
    parts = 1 + np.floor(chance.dirichlet(np.full(k, concentration), k) * (unit - k)).astype(np.int64)
    parts[np.arange(k), parts.argmax(axis=1)] += unit - parts.sum(axis=1)
    P = parts / unit
    ends, first = np.cumsum(parts, axis=1), np.cumsum(np.array(stationary(P), float))
    symbols = [int(np.searchsorted(first, chance.random() * first[-1], side="right"))]
    for draw in chance.integers(unit, size=length - 1).tolist():
        symbols.append(int(np.searchsorted(ends[symbols[-1]], draw, side="right")))
    return TextProblem(np.array(symbols), k, transitions=P)
