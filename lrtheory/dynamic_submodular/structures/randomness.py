"""Random numbers for kernels: a stream is one 64-bit word, so that each guess of a table has coins of its own.

The generator is SplitMix64 [1]_: the word moves on by a fixed odd step, and the output scrambles it. The
generator of the compiler would not do: it has one state per thread, and not one per guess.

References
----------
.. [1] G. Steele, D. Lea, C. Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import flat
from lrtheory._validation import generator

__all__ = ["below", "stream_of", "uniform", "word"]

STEP = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
#: index of the word of the random stream in `states.State.numbers`
RANDOM = 5


def word(rng: Any) -> int:
    """Draw the start of a stream from `rng`, 63 bits."""
    return int(generator(rng).integers(2**63))


@flat
def scrambled(state):
    """Return the image of a word under a bijection of 64-bit words in which every bit depends on every bit."""
    state = (state ^ (state >> np.uint64(30))) * FIRST
    state = (state ^ (state >> np.uint64(27))) * SECOND
    return state ^ (state >> np.uint64(31))


@flat
def stream_of(start, index):
    """Return the start of the stream with this number (any integer), so the coins of guess j depend on j alone."""
    word = np.uint64(np.int64(index)) * STEP + STEP  # by way of int64, which wraps where a negative Python int raises
    return np.int64(scrambled(np.uint64(start) + scrambled(word)))


@flat
def uniform(numbers):
    """Draw a number, uniform on the multiples of 2^-53 in [0, 1), from the stream of the word numbers[RANDOM]."""
    word = np.uint64(numbers[RANDOM]) + STEP
    numbers[RANDOM] = np.int64(word)
    return (scrambled(word) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@flat
def below(numbers, n):
    """Draw an integer, uniform in 0, ..., n - 1 up to n / 2^53."""
    return int(uniform(numbers) * n)
