"""The members of one step: a network and the places of their noise, which is never added to the weights."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from lrtheory._array import interpreted, kernel_input
from lrtheory._parallel import in_threads, n_threads
from lrtheory._types import ArrayLike
from lrtheory._validation import as_array, choice, integer, must
from lrtheory.low_rank_optimizers.integer import kernels
from lrtheory.low_rank_optimizers.integer.integer_rnn import IntegerRNN, Text, as_text, eight_bits
from lrtheory.low_rank_optimizers.integer.lookup_tables import logarithms, powers

__all__ = ["MOST", "IntegerMembers"]

#: columns of A and B, so that a weight with its noise has 32 bits
MOST = 4096


class IntegerMembers:
    """Perturbed networks of one step, made by `IntegerES.ask`.

    Parameters
    ----------
    network : IntegerRNN
        The network that is perturbed.
    noise : array of shape (noise_size,)
        Integers of eight bits that all pairs read.
    starts : array of shape (pairs, layers)
        Index in `noise` from which each pair reads the factors of each layer.
    rank, sigma_shift : int
        Options of `IntegerES` of these names.

    Attributes
    ----------
    network, noise, starts, rank, sigma_shift
        Arguments of these names.
    clipped : int
        Activations that were clipped in all scores so far.

    Raises
    ------
    ValueError
        If the noise has more than eight bits, or a place does not fit.
    TypeError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> from lrtheory.low_rank_optimizers import IntegerES
    >>> es = IntegerES(IntegerRNN(2, 3, rng=0), population_size=4, rng=0)
    >>> members = es.ask()
    >>> len(members), members.logits(0, [0, 1]).shape
    (4, (2, 2))
    """

    def __init__(
        self, network: IntegerRNN, noise: ArrayLike, starts: ArrayLike, *, rank: int = 1, sigma_shift: int = 4
    ) -> None:
        if not isinstance(network, IntegerRNN):
            raise must("network", "an IntegerRNN", network, TypeError)
        self.network, self.clipped = network, 0
        self.rank, self.sigma_shift = (
            integer("rank", rank, low=1, high=MOST),
            integer("sigma_shift", sigma_shift, low=0, high=32),
        )
        sample = as_array("noise", noise)
        self.noise = kernel_input(eight_bits("noise", sample, (sample.size,)), np.int8)
        places, lengths = as_array("starts", starts), network._layout[:, 1:].sum(axis=1) * self.rank
        if places.dtype.kind not in "iu" or places.ndim != 2 or not places.size or places.shape[1] != len(lengths):
            raise must("starts", f"integers of shape (pairs, {len(lengths)})", places)
        if places.min() < 0 or (places + lengths > len(self.noise)).any():
            raise must("starts", f"places from which a layer can be read in {len(self.noise)} numbers", places)
        self.starts = kernel_input(places, np.int64)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.noise, self.starts = kernel_input(self.noise), kernel_input(self.starts)

    def __repr__(self) -> str:
        return f"IntegerMembers({self.network!r}): {len(self)} members"

    def __len__(self) -> int:
        return 2 * len(self.starts)

    def factors(self, pair: int, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the noise of a pair in a layer.

        Parameters
        ----------
        pair : int
            From 0; its members are 2 pair and 2 pair + 1.
        layer : str
            One of the names of ``network.shapes``.

        Returns
        -------
        A : array of shape (outputs, rank)
            Integers of eight bits.
        B : array of shape (inputs, rank)
            Integers of eight bits. The layer becomes W + B A^T 2^(-4 - sigma_shift), with a floor after its inputs are
            summed.

        Raises
        ------
        ValueError
            If there is no such pair or layer.
        TypeError
            If `pair` is not an integer.
        """
        pair = integer("pair", pair, low=0, high=len(self.starts) - 1)
        shapes = self.network.shapes
        n, m = shapes[choice("layer", layer, tuple(shapes))]
        begin = self.starts[pair, list(shapes).index(layer)]
        both = self.noise[begin : begin + (n + m) * self.rank].reshape(n + m, self.rank)
        return both[n:], both[:n]

    def logits(self, member: int, text: Text, *, compiled: bool = True) -> np.ndarray:
        """Run one member on a text, from a state of 0; for objectives of your own.

        Parameters
        ----------
        member : int
            Number of the member, from 0 to ``len(members) - 1``.
        text : array of shape (length,)
            Symbols.
        compiled : bool
            Whether the compiled kernel runs, as in `IntegerRNN.logits`.

        Returns
        -------
        array of shape (length, n_symbols)
            Logits after each symbol, as in `IntegerRNN.logits`.

        Raises
        ------
        ValueError
            If there is no such member, or the text holds other symbols.
        TypeError
            If an argument is of the wrong kind.
        """
        member, net = integer("member", member, low=0, high=len(self) - 1), self.network
        tokens = as_text(text, net.n_symbols)
        found = np.zeros((len(tokens), net.n_symbols), np.int8)
        noise = (self.noise, self.starts[member // 2], self.rank, 1 - 2 * (member % 2), 4 + self.sigma_shift)
        run = kernels.run if compiled else interpreted(kernels).run
        self.clipped += int(run(net._flat, net._layout, net._divisors, tokens, *noise, found))
        return found

    def score(self, texts: ArrayLike, *, n_jobs: int | None = None) -> np.ndarray:
        """Score all members on texts, both of a pair on the same one.

        Parameters
        ----------
        texts : array of shape (pairs, length)
            Symbols; each member predicts all but the first.
        n_jobs : int or None
            Threads; None means 1, -1 all processors. The bits do not depend on it.

        Returns
        -------
        array of shape (members,)
            Sums of scores, integers in sixteenths of a bit.

        Raises
        ------
        ValueError
            If the shape is another one, or the texts hold other symbols.
        TypeError
            If their entries are not integers.
        """
        given, net = as_array("texts", texts), self.network
        if given.ndim != 2 or len(given) != len(self.starts) or given.shape[1] < 2:
            raise must("texts", f"of shape ({len(self.starts)}, length) with a length of at least 2", given.shape)
        rows = kernel_input(as_text(given.ravel(), net.n_symbols).reshape(given.shape))
        scores, clipped = np.zeros(len(self), np.int64), np.zeros(len(self), np.int64)
        shift, tables = 4 + self.sigma_shift, (powers(), logarithms())

        def work(begin: int, end: int) -> None:
            given = (net._flat, net._layout, net._divisors, rows, self.noise, self.starts, self.rank, shift, *tables)
            kernels.evaluate(*given, begin, end, scores, clipped)

        ends = np.linspace(0, len(self), min(n_threads(n_jobs), len(self)) + 1).astype(int).tolist()
        in_threads(work, itertools.pairwise(ends))
        self.clipped += int(clipped.sum())
        return scores
