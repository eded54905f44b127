"""The members of one step: a network and the places of their noise, which is never added to the weights."""

from __future__ import annotations

import itertools

import numpy as np

from lrtheory._array import interpreted, kernel_input
from lrtheory._parallel import in_threads, n_threads
from lrtheory._types import ArrayLike
from lrtheory._validation import as_array, choice, integer, must
from lrtheory.low_rank_optimizers.integer import kernels
from lrtheory.low_rank_optimizers.integer.integer_rnn import IntegerRNN, as_text
from lrtheory.low_rank_optimizers.integer.tables import logarithms, powers

__all__ = ["IntegerMembers"]


class IntegerMembers:
    """Perturbed networks of one step, made by `IntegerES.ask`.

    Parameters
    ----------
    network : IntegerRNN
        The network that is perturbed.
    noise : array of shape (noise_size,)
        Integers of eight bits that all pairs read.
    starts : array of shape (pairs, layers)
        Where each pair begins to read for each layer.
    rank, sigma_shift : int
        As of `IntegerES`.

    Attributes
    ----------
    network, noise, starts, rank, sigma_shift
        As given.
    clipped : int
        Activations that were clipped in all scores so far.
    """

    def __init__(self, network: IntegerRNN, noise: np.ndarray, starts: np.ndarray, rank: int, sigma_shift: int) -> None:
        self.network, self.rank, self.sigma_shift = network, rank, sigma_shift
        self.noise, self.starts = kernel_input(noise, np.int8), kernel_input(starts, np.int64)
        self.clipped = 0

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
            Likewise. The layer becomes W + B A^T 2^(-4 - sigma_shift), with a floor after its inputs are summed.

        Raises
        ------
        ValueError
            If there is no such pair or layer.
        TypeError
            If `pair` is no integer.
        """
        pair = integer("pair", pair, low=0, high=len(self.starts) - 1)
        shapes = self.network.shapes
        n, m = shapes[choice("layer", layer, tuple(shapes))]
        begin = self.starts[pair, list(shapes).index(layer)]
        both = self.noise[begin : begin + (n + m) * self.rank].reshape(n + m, self.rank)
        return both[n:], both[:n]

    def logits(self, member: int, text: ArrayLike, *, compiled: bool = True) -> np.ndarray:
        """Run one member on a text, from a state of 0; for objectives of your own.

        Parameters
        ----------
        member : int
            From 0 to ``len(members) - 1``.
        text : array of shape (length,)
            Symbols.
        compiled : bool
            As of `IntegerRNN.logits`.

        Returns
        -------
        array of shape (length, n_symbols)
            As of `IntegerRNN.logits`.

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
            If their entries are no integers.
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
