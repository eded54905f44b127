"""Models over a language by definition, with Fractions, and as the callables that the library asks."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from proofs_checks.constrained_decoding.families.languages import (
    UNEVEN,
    Language,
    Prefix,
    draw_any_language,
    draw_rows,
    is_language,
)

Table = Mapping[Prefix, list[Fraction]]


@dataclass(frozen=True)
class Halved(Language):
    """A language, and a model whose probabilities are powers of 1/2.

    `halvings` has the exponent of each token at each inner prefix, in the order of `Language.inner`, -1 for probability
    0. Sums of such exponents are exact in doubles, so that equal scores are equal for a search too.
    """

    halvings: tuple[tuple[int, ...], ...]

    @property
    def table(self) -> Table:
        """The probabilities of all tokens after each inner prefix."""
        rows = [[Fraction(1, 2**n) if n >= 0 else Fraction(0) for n in row] for row in self.halvings]
        return dict(zip(self.inner, rows, strict=True))

    @property
    def model(self) -> Asked:
        """The model for the library, with logarithms to the base 2."""
        return Asked(
            {
                s: [-float(n) if n >= 0 else -np.inf for n in row]
                for s, row in zip(self.inner, self.halvings, strict=True)
            }
        )


@dataclass(frozen=True)
class Weighed(Language):
    """A language, and a model whose probabilities are integers over one denominator.

    `weights` has the integer of each token at each inner prefix, in the order of `Language.inner`.
    """

    weights: tuple[tuple[int, ...], ...]
    denominator: int

    @property
    def table(self) -> Table:
        """The probabilities of all tokens after each inner prefix."""
        rows = [[weight * Fraction(1) / self.denominator for weight in row] for row in self.weights]
        return dict(zip(self.inner, rows, strict=True))

    @property
    def model(self) -> Asked:
        """The model for the library."""
        return spoken(self.table)


class Asked:
    """A model that remembers the prefixes for which it was asked."""

    def __init__(self, logs: Mapping[Prefix, list[float]]) -> None:
        self.logs, self.prefixes = logs, list[Prefix]()

    def __call__(self, prefixes: Any, states: Any) -> np.ndarray:
        """Return the log probabilities of all tokens after each prefix."""
        asked = [tuple(int(token) for token in row) for row in prefixes]
        self.prefixes += asked
        return np.array([self.logs[s] for s in asked])


def spoken(table: Table) -> Asked:
    """Make the model of a table of probabilities, with natural logarithms."""
    return Asked({s: [float(np.log(float(p))) if p else -np.inf for p in row] for s, row in table.items()})


def scores(language: Language, table: Table) -> dict[Prefix, Fraction]:
    """Return the probability of every prefix."""
    found: dict[Prefix, Fraction] = {(): Fraction(1)}
    for s, tokens in language.tree.items():
        for token in tokens:
            found[*s, token] = found[s] * table[s][token]
    return found


def ranked(language: Language, table: Table) -> list[Prefix]:
    """Return all items, the likeliest first, equal ones in lexicographic order."""
    p = scores(language, table)
    return sorted(language.items, key=lambda item: (-p[item], item))


def fits(case: Halved | Weighed) -> bool:
    """Decide whether there is a row of probabilities, of which not all are 0, at each inner prefix."""
    rows = case.halvings if isinstance(case, Halved) else case.weights
    return (
        is_language(case)
        and len(rows) == len(case.inner)
        and all(len(row) == case.n_tokens for row in rows)
        and all(0 <= p <= 1 for row in case.table.values() for p in row)
        and all(max(row) > 0 for row in case.table.values())
    )


def draw_halved(draws: Draws, *, least: int = -1) -> Halved:
    """Draw a language, and exponents from `least` to 4 at each inner prefix; some rows have equal ones."""
    language = draw_any_language(draws)
    n_tokens = language.n_tokens
    rows = draws.integers(least, 4, shape=(len(language.inner), n_tokens))
    equal = draws.integers(0, 3, shape=(len(rows),)) == 0
    rows[equal] = rows[equal][:, :1]
    rows[rows.max(1) < 0] = 0  # a row without any probability is no row of a model
    return Halved(language.rows, n_tokens, tuple(map(tuple, rows.tolist())))


def draw_weighed(draws: Draws, *, most: int = 8, n_tokens: int = 4, length: int = 4) -> Weighed:
    """Draw a language of one length, and positive weights; sums of rows may be below the denominator or reach it."""
    V = draws.integers(2, n_tokens)
    language = Language(draw_rows(draws, V, length=draws.integers(1, length), most=most), V)
    rows = draws.integers(1, 6, shape=(len(language.inner), V))
    equal = draws.integers(0, 3, shape=(len(rows),)) == 0
    rows[equal] = rows[equal][:, :1]
    return Weighed(language.rows, V, tuple(map(tuple, rows.tolist())), int(rows.sum(1).max()))


@dataclass(frozen=True)
class Laws:
    """The laws of a model and of sampling under the mask on the items of a language, in their order.

    The model's p, the law q of sampling token by token under the mask, the product W of the allowed masses that the
    mask leaves on the way, the model's mass P of the language, and the model's law given the language.
    """

    p: list[Any]
    q: list[Any]
    W: list[Any]
    P: Any
    given: list[Any]


def laws(case: Weighed) -> Laws:
    """Return the laws of a language with a model by their definitions, in numbers of any kind."""
    table, tree = case.table, case.tree
    z = {s: sum(table[s][token] for token in tokens) for s, tokens in tree.items() if tokens}
    p, W = [], []
    for item in case.items:
        steps = [item[:t] for t in range(len(item))]
        p.append(_product(table[s][item[len(s)]] for s in steps))
        W.append(_product(z[s] for s in steps))
    P = sum(p)
    return Laws(p, [a / b for a, b in zip(p, W, strict=True)], W, P, [a / P for a in p])


def _product(factors: Iterable[Any]) -> Any:
    """Multiply numbers of any kind."""
    return functools.reduce(operator.mul, factors, Fraction(1))


#: two items, of which one has the mass 1/4 behind its first token, and the other one all of it
PAIR = Weighed(((0, 0), (1, 0)), 2, ((4, 8), (12, 0), (3, 9)), 12)
#: the same with a third of the mass on a first token that is not allowed
THIRD = Weighed(((0, 0), (1, 0)), 3, ((3, 5, 4), (12, 0, 0), (3, 9, 0)), 12)

WEIGHED = Family(
    "weighed-models",
    always=(
        Weighed(((0,),), 1, ((1,),), 1),
        Weighed(((0, 0),), 2, ((1, 1), (1, 2)), 3),
        Weighed(((0, 0), (0, 1)), 2, ((1, 2), (2, 1)), 3),  # one W for both items
        PAIR,
        THIRD,
        Weighed(UNEVEN.rows, 3, ((1, 2, 1), (2, 1, 1), (3, 1, 1), (1, 1, 2)), 6),
    ),
    draw=draw_weighed,
)


def is_positive(case: Weighed) -> bool:
    """Decide whether the model has a law on all tokens, and gives a positive probability to every item."""
    return fits(case) and all(sum(row) <= 1 for row in case.table.values()) and _has_all(case)


def _has_all(case: Weighed) -> bool:
    """Decide whether every item has a probability; the laws of one without are not defined."""
    p = scores(case, case.table)
    return all(p[item] > 0 for item in case.items)
