"""Products and networks in small integers, and a network in NumPy that computes with Python's floors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Sides
from lrtheory.low_rank_optimizers.integer.integer_rnn import IntegerRNN
from lrtheory.low_rank_optimizers.integer.members import IntegerMembers

LARGEST = 127


#: symbols and width of small networks
SMALL = ((1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (2, 4))


def is_small(values: Any) -> bool:
    """Decide whether an array holds integers from -127 to 127."""
    array = np.asarray(values)
    return array.dtype.kind in "iu" and array.size > 0 and int(array.min()) >= -LARGEST and int(array.max()) <= LARGEST


@dataclass(frozen=True)
class Network:
    """Weights of a network of one block, in one array; a text; noise of one pair, and where each layer reads it."""

    n_symbols: int
    width: int
    weights: np.ndarray
    text: np.ndarray
    noise: np.ndarray
    starts: np.ndarray
    rank: int = 1
    shift: int = 4

    @property
    def network(self) -> IntegerRNN:
        """The library's network with these weights."""
        return IntegerRNN(self.n_symbols, self.width, rng=0)._with(self.weights)

    @property
    def members(self) -> IntegerMembers:
        """Both members of the pair."""
        return IntegerMembers(self.network, self.noise, self.starts[None], rank=self.rank, sigma_shift=self.shift)


def is_network(case: Network) -> bool:
    """Decide whether weights and noise have eight bits, sizes fit, and the text holds symbols of the alphabet."""
    if not (case.n_symbols > 0 and case.width > 0 and case.rank > 0 and 0 <= case.shift <= 32):
        return False
    layers = IntegerRNN(case.n_symbols, case.width, rng=0)._layout
    text, ends = np.asarray(case.text), np.asarray(case.starts) + layers[:, 1:].sum(axis=1) * case.rank
    sized = is_small(case.weights) and np.shape(case.weights) == (int((layers[:, 1] * layers[:, 2]).sum()),)
    read = is_small(case.noise) and int(np.min(case.starts)) >= 0 and int(ends.max()) <= len(case.noise)
    return bool(sized and read and text.ndim == 1 and text.size and 0 <= text.min() and text.max() < case.n_symbols)


def _network(chance: Any, n_symbols: int, width: int, rank: int, shift: int) -> Network:
    layers = IntegerRNN(n_symbols, width, rng=0)._layout
    count, lengths = int((layers[:, 1] * layers[:, 2]).sum()), layers[:, 1:].sum(axis=1) * rank
    noise = chance.integers(-LARGEST, LARGEST + 1, int(lengths.max()) + 40)
    starts = np.array([chance.integers(0, len(noise) - length + 1) for length in lengths.tolist()])
    weights = chance.integers(-LARGEST, LARGEST + 1, count)
    return Network(n_symbols, width, weights, chance.integers(0, n_symbols, 4), noise, starts, rank, shift)


def networks() -> tuple[Network, ...]:
    """Return the smallest networks, with weights of all sizes."""
    chance = np.random.default_rng(0)
    return tuple(_network(chance, *sizes, rank, shift) for sizes in SMALL for rank, shift in ((1, 4), (2, 0)))


def draw_network(draws: Draws) -> Network:
    """Draw a network with up to 3 symbols and 4 activations."""
    chance = np.random.default_rng(draws.integers(0, 2**31))
    sizes = draws.integers(1, 3), draws.integers(1, 4), draws.integers(1, 2), draws.integers(0, 5)
    return _network(chance, *sizes)


def differ(found: Any, truth: Any) -> Sides | None:
    """Return sides that fail where integers are not what they have to be; None where all are."""
    found, truth = np.asarray(found), np.asarray(truth)
    if found.shape != truth.shape:
        return Sides([1], [0], trivial=2)
    off = (found != truth).astype(int).ravel()
    return Sides(off, 0 * off, trivial=2) if off.any() else None
