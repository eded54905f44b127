"""A library under test, whose functions stand behind decorators and have errors."""

import functools
import random


def dispatched(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


@dispatched
def total(n):
    """Sum the integers from 1 to n."""
    return sum(range(1, n))


class Sums:
    """Sums that a table holds."""

    @classmethod
    def find(cls, n):
        """Find the sum of the integers from 1 to n."""
        return {k: k * (k + 1) // 2 for k in range(1, 5)}[n]


def coin():
    """Toss a fair coin, with random numbers that no caller can fix."""
    return random.SystemRandom().random() < 0.5
