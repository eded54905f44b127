r"""Evolution strategies in integers alone: perturbed members are scored, pairs vote, and weights move by one."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from lrtheory._array import kernel_input
from lrtheory._parallel import n_threads
from lrtheory._result.states import Resumable
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import (
    Words,
    as_array,
    check_callback,
    flag,
    generator,
    integer,
    must,
    real,
    state_entry,
    state_value,
)
from lrtheory.low_rank_optimizers.integer import kernels
from lrtheory.low_rank_optimizers.integer.integer_rnn import IntegerRNN, Text, as_text
from lrtheory.low_rank_optimizers.integer.lookup_tables import ONE, hashed, noise
from lrtheory.low_rank_optimizers.integer.members import MOST, IntegerMembers
from lrtheory.low_rank_optimizers.integer.results import IntegerStep, IntegerTraining, Progress
from lrtheory.low_rank_optimizers.theory.integers import largest_product
from lrtheory.low_rank_optimizers.theory.votes import vote_quantile

__all__ = ["IntegerES"]

#: streams of the hash beside those of the layers
TEXT = 1 << 32


class IntegerES(Resumable):
    r"""Training of an integer network by the votes of mirrored pairs, without gradients and without floating point.

    Pair p perturbs each layer by (A_p B_p^T) 2^(-4 - shift) and by its negative, with A and B read from one array of
    noise at a place given by a hash. It votes with the sign s_p of the difference of its two scores, and

    .. math:: Z = \sum_p s_p A_p B_p^\top, \qquad W \leftarrow W + \mathrm{sign}(Z) \quad \text{where} \quad
        16\,|Z| \ge q_t\, \mathrm{isqrt}(P r)\, 256,

    with q_t = `theory.vote_quantile` (t): a two-sided test of each weight against scores that say nothing. Between
    `ask` and `tell` the state is that before `ask`, which gives the same members again. Votes may also be counted
    elsewhere and be handed in by `tell_votes`.

    Parameters
    ----------
    network : IntegerRNN
        Network whose weights are the start of the training; it is copied.
    rank : int
        r, columns of A and B in each layer, from 1 to 4096.
    population_size : int
        Members, two a pair, even.
    sigma_shift : int
        The perturbation has standard deviation sqrt(r) 2^(4 - shift) on the scale of weights, where 16 is 1.0; from 0
        to 32.
    cooling : float
        Rate at which the level 1 / (1 + cooling t) of the test falls with the steps t, at least 0.
    noise_size : int
        Entries of the array of noise, which all pairs share.
    rng : int, Generator or None
        For one number of 62 bits, from which all noise follows.

    Attributes
    ----------
    network : IntegerRNN
        Network with the current weights.
    n_steps : int
        Steps that were taken.
    rank, population_size, sigma_shift, cooling, noise_size
        Arguments of these names.

    Raises
    ------
    ValueError
        If an option is out of range, or the noise is shorter than a layer needs.
    TypeError
        If one is of the wrong kind.

    See Also
    --------
    IntegerRNN : The network.
    LowRankES : The same with real numbers, for any function.

    Notes
    -----
    Of the released nano-egg (Sarkar et al., arXiv 2511.16652), where a weight whose votes add up to 0 moves by -1 at
    the first step; here it stays. Noise is truncated towards 0 and has 0.951 of the variance of 16 z, so that the test
    is conservative; statement EI-4 has the exact probability. A pair with equal scores has no vote, and is
    counted. Each member is computed alone, in integers, so that no number of threads changes a bit.

    Examples
    --------
    >>> network = IntegerRNN(2, 4, rng=0)
    >>> es = IntegerES(network, population_size=32, rng=0)
    >>> trained = es.train([0, 1] * 200, 30, n_tokens=8)
    >>> bool(trained.bits[-1] < 0.7 < trained.bits[0]), es.n_steps
    (True, 30)
    """

    def __init__(
        self,
        network: IntegerRNN,
        *,
        rank: int = 1,
        population_size: int,
        sigma_shift: int = 4,
        cooling: float = 0.015,
        noise_size: int = 1 << 20,
        rng: Rng = None,
    ) -> None:
        if not isinstance(network, IntegerRNN):
            raise must("network", "an IntegerRNN", network, TypeError)
        self.network = network.replaced({})  # steps write into its weights
        self.rank = integer("rank", rank, low=1, high=MOST)
        self.population_size = integer("population_size", population_size, low=2)
        if self.population_size % 2:
            raise must("population_size", "even, since members come in pairs", population_size)
        self.sigma_shift = integer("sigma_shift", sigma_shift, low=0, high=32)
        self.cooling = real("cooling", cooling, low=0.0, high=1e9)
        self._lengths = network._layout[:, 1:].sum(axis=1) * self.rank
        self.noise_size = integer("noise_size", noise_size, low=int(self._lengths.max()), high=1 << 30)
        self._seed = int(generator(rng).integers(1 << 62))
        self.n_steps = 0
        self._open: IntegerMembers | None = None

    def __repr__(self) -> str:
        return f"IntegerES({self.network!r}, population_size={self.population_size}): {self.n_steps} steps"

    @property
    def state_bytes(self) -> int:
        """Bytes that are kept beside the weights: the seed and the number of steps."""
        return 16

    @property
    def largest_sum(self) -> int:
        """The bound of sums of low rank in the widest layer (statement EI-1); from 2^31 on, 32 bits are too few."""
        return largest_product(int(self.network._layout[:, 1].max()), self.rank)

    def ask(self) -> IntegerMembers:
        """Perturb the network for the next step; asking again gives the same members.

        Returns
        -------
        IntegerMembers
            Run them on texts, or on inputs of your own, and `tell` their scores.
        """
        if self._open is None:
            pairs, layers = np.arange(self.population_size // 2)[:, None], np.arange(len(self._lengths))
            places = hashed(self._seed, self.n_steps, pairs, layers) % (self.noise_size - self._lengths + 1).astype(
                "u8"
            )
            self._open = IntegerMembers(
                self.network,
                noise(self._seed, self.noise_size),
                places.astype(np.int64),
                rank=self.rank,
                sigma_shift=self.sigma_shift,
            )
        return self._open

    def tell(self, scores: ArrayLike) -> IntegerStep:
        """Let pairs vote with the scores of the members of the last `ask`, and move the weights.

        Parameters
        ----------
        scores : array of shape (population_size,)
            Larger is better, in any unit; members 2p and 2p + 1 are a pair. A pair with a number that is not finite is
            left out.

        Returns
        -------
        IntegerStep
            Quantile of the vote, and its counts, with that of the weights that moved.

        Raises
        ------
        ValueError
            If no `ask` is open, the scores have another length, or no pair has two finite scores; nothing changes then.
        TypeError
            If they are not real numbers.
        """
        signs, dropped = self._signs(scores)
        return self._move(signs, evaluations=self.population_size, dropped=dropped)

    def tell_votes(self, votes: ArrayLike) -> IntegerStep:
        """Move the weights by votes that were counted elsewhere, such as on many machines.

        Each machine restores the state of before `ask` with `set_state`, asks for the same members, and scores some of
        the pairs. Their votes alone have to be sent, after which every machine that is told all of them has the same
        weights.

        Parameters
        ----------
        votes : array of shape (population_size / 2,)
            Integers: 1 where member 2p is better, -1 where member 2p + 1 is, and 0 for a pair that has no vote, because
            its members are alike or were lost.

        Returns
        -------
        IntegerStep
            Quantile of the vote, and its counts. Pairs without a vote are tied, there are no evaluations, and clipped
            activations are those of scores that were computed here.

        Raises
        ------
        ValueError
            If no `ask` is open, the votes have another length, or one is not -1, 0 or 1; nothing changes then.
        TypeError
            If they are not integers.

        Examples
        --------
        >>> network = IntegerRNN(2, 4, rng=0)
        >>> here = IntegerES(network, population_size=4, rng=0)
        >>> there = here.copy()
        >>> scores = there.ask().score(there.pieces([0, 1] * 8, 4))
        >>> _ = here.ask()
        >>> here.tell_votes(np.sign(scores[::2] - scores[1::2])).counts["moved"] == there.tell(scores).counts["moved"]
        True
        """
        self._demand_open("tell_votes")
        given = as_array("votes", votes)
        if given.dtype.kind not in "iu":
            raise must("votes", "an array of integers", given, TypeError)
        if given.shape != (self.population_size // 2,):
            raise must("votes", f"of shape ({self.population_size // 2},)", given.shape)
        if not np.isin(given, (-1, 0, 1)).all():
            raise must("votes", "-1, 0 or 1", given[~np.isin(given, (-1, 0, 1))][0])
        return self._move(kernel_input(given, np.int64), evaluations=0, dropped=0)

    def _move(self, signs: np.ndarray, *, evaluations: int, dropped: int) -> IntegerStep:
        """Take the step of these votes, and close the last `ask`."""
        members = self._open
        assert members is not None
        votes = np.zeros(self.network.n_weights, np.int64)
        kernels.tally(self.network._layout, members.noise, members.starts, signs, self.rank, votes)
        quantile = vote_quantile(self.n_steps, cooling=self.cooling)
        bound = quantile * math.isqrt(self.population_size // 2 * self.rank) * ONE * ONE
        new = np.zeros(self.network.n_weights, np.int8)
        moved = int(kernels.move(self.network._flat, votes, bound, new))
        counts = {
            "evaluations": evaluations,
            "dropped_pairs": dropped,
            "tied_pairs": int((signs == 0).sum()) - dropped,
            "moved": moved,
            "clipped": int(members.clipped),
        }
        self.network, self._open, self.n_steps = self.network._with(new), None, self.n_steps + 1
        return IntegerStep(quantile, counts)

    def train(
        self,
        text: Text,
        n_steps: int,
        *,
        n_tokens: int = 32,
        n_jobs: int | None = None,
        record: bool = False,
        callback: Callable[[Progress], object] | None = None,
    ) -> IntegerTraining:
        """Take steps in which each pair scores a piece of the text of its own, from a state of 0.

        Parameters
        ----------
        text : array of shape (length,)
            Symbols, more than `n_tokens`.
        n_steps : int
            Steps to take, at least 0.
        n_tokens : int
            Symbols that each member predicts in a step.
        n_jobs : int or None
            Threads; None means 1, -1 all processors. The bits do not depend on it.
        record : bool
            Whether to keep the counts of every step.
        callback : callable or None
            Called after each step with a `Progress`; raising StopIteration ends the training.

        Returns
        -------
        IntegerTraining
            The loss at every step, and what was counted.

        Raises
        ------
        ValueError
            If the text is too short or holds other symbols, or a number is out of range.
        TypeError
            If an argument is of the wrong kind.

        Notes
        -----
        At each step the members are scored before the weights move. An interruption leaves a valid object, which goes
        on from its last whole step.
        """
        n_steps, n_tokens = integer("n_steps", n_steps, low=0), integer("n_tokens", n_tokens, low=1)
        tokens = as_text(text, self.network.n_symbols, least=n_tokens + 1)
        threads, record = n_threads(n_jobs), flag("record", record)
        check_callback(callback)
        begin, bits, steps, message = self.n_steps, [], [], ""
        for _ in range(n_steps):
            members = self.ask()
            scores = members.score(self.pieces(tokens, n_tokens), n_jobs=threads)
            steps.append(self.tell(scores))
            bits.append(0.0 - float(scores.mean()) / n_tokens / ONE)
            if callback is not None:
                try:
                    callback(Progress(self.n_steps, bits[-1], self.network))
                except StopIteration:
                    message = f"The callback ended the training at step {self.n_steps}. "
                    break
        names = ("evaluations", "tied_pairs", "moved", "clipped")
        counts = {"symbols": len(bits) * self.population_size * n_tokens}
        counts |= {name: sum(step.counts[name] for step in steps) for name in names}
        message += f"{bits[-1]:.3f} bits a symbol at step {self.n_steps}" if bits else "no step was taken"
        trace = {name: np.array([s.counts[name] for s in steps], np.int64) for name in names} if record else None
        done = len(bits) == n_steps
        return IntegerTraining(np.array(bits), self.network, begin, len(bits), done, message, counts, trace)

    def pieces(self, text: Text, n_tokens: int) -> np.ndarray:
        """Choose a piece of a text for each pair of the open step, by the hash.

        Parameters
        ----------
        text : array of shape (length,)
            Symbols, more than `n_tokens`.
        n_tokens : int
            Symbols to predict.

        Returns
        -------
        array of shape (population_size / 2, n_tokens + 1)
            A piece a pair.

        Raises
        ------
        ValueError
            If the text is too short.
        TypeError
            If its entries are not integers.
        """
        n_tokens = integer("n_tokens", n_tokens, low=1)
        tokens = as_text(text, self.network.n_symbols, least=n_tokens + 1)
        room = np.uint64(len(tokens) - n_tokens)
        begins = hashed(self._seed, self.n_steps, np.arange(self.population_size // 2), TEXT) % room
        return tokens[begins.astype(np.int64)[:, None] + np.arange(n_tokens + 1)]

    def _twin(self) -> Self:
        other = copy.copy(self)
        other.network, other._open = self.network.replaced({}), copy.copy(self._open)
        return other

    def _learned(self) -> dict[str, Any]:
        weights = {name: value.tolist() for name, value in self.network.weights.items()}
        return {"seed": self._seed, "n_steps": self.n_steps, "weights": weights}

    def _restore(self, state: Mapping[str, Any]) -> None:
        seed = integer("state['seed']", state_value(state, "seed"), low=0, high=(1 << 62) - 1)
        n_steps = integer("state['n_steps']", state_value(state, "n_steps"), low=0)
        weights = state_entry(state, "weights")
        if not isinstance(weights, Mapping) or set(weights) != set(self.network.shapes):
            raise must("state['weights']", "the weights of every layer", weights)
        self.network = self.network.replaced(weights)
        self._seed, self.n_steps, self._open = seed, n_steps, None

    def _parameters(self) -> dict[str, Any]:
        network = {name: getattr(self.network, name) for name in ("n_symbols", "width", "n_blocks")}
        names = ("rank", "population_size", "sigma_shift", "cooling", "noise_size")
        return network | {name: getattr(self, name) for name in names}

    def _demand_open(self, name: str) -> None:
        if self._open is None:
            raise must(name, "called after one `ask`", Words("no open perturbation"))

    def _signs(self, scores: Any) -> tuple[np.ndarray, int]:
        """Return the vote of each pair, and how many pairs were dropped, after everything was checked."""
        self._demand_open("tell")
        given = as_array("scores", scores)
        if given.dtype.kind not in "iuf":
            raise must("scores", "an array of real numbers", given, TypeError)
        if given.shape != (self.population_size,):
            raise must("scores", f"of shape ({self.population_size},)", given.shape)
        plus, minus = given[::2], given[1::2]
        finite = np.isfinite(plus) & np.isfinite(minus)
        if not finite.any():
            raise must("scores", "finite in at least one pair", given)
        signs = np.where(finite, (plus > minus).astype(np.int64) - (plus < minus), 0)
        return kernel_input(signs, np.int64), int((~finite).sum())
