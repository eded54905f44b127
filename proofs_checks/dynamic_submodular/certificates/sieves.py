"""Sieves in files for Coq: which arguments of a theorem an instance, one guess of its optimum and the answer are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from itertools import count, takewhile

from lrtheory.bounds import Proof, Wrong
from lrtheory.bounds.sets.proof import real
from lrtheory.dynamic_submodular import Selection
from proofs_checks.dynamic_submodular.certificates.selections import HERE, best, elements, is_small, values
from proofs_checks.dynamic_submodular.families.functions import value_of
from proofs_checks.dynamic_submodular.families.offline import TOGETHER, Offline
from proofs_checks.dynamic_submodular.families.runs import chosen

#: whether an element with this marginal enters a set of this value that has room for some more, by a number of the grid
Rule = Callable[[Fraction, Fraction, int, Fraction], bool]


def marks(case: Offline, number: Fraction, rule: Rule) -> list[bool]:
    """Which elements the sieve of a number of the grid takes, in one pass over all of them."""
    items: list[int] = []
    found = []
    for e in range(case.function.n):
        value = Fraction(value_of(case.function, items))
        gain, room = Fraction(value_of(case.function, [*items, e])) - value, case.k - len(items)
        found.append(room > 0 and gain > 0 and rule(gain, value, room, number))
        items += [e] * found[-1]
    return found


def grid_of(case: Offline, most: Fraction) -> Iterator[Fraction]:
    """The numbers of the grid up to the largest, which begins at a bar that no best set needs."""
    singles = [Fraction(value_of(case.function, [e])) for e in range(case.function.n)]
    unit, ratio = next((value for value in singles if value > 0), Fraction(1)), 1 + Fraction(case.epsilon)
    least = max(singles) / (2 * case.k * ratio) or unit  # nothing is worth anything, and any number does
    first = next(j for j in count() if unit / ratio**j <= least)
    return takewhile(lambda number: number <= most, (unit * ratio ** (j - first) for j in count()))


def arguments(case: Offline, number: Fraction, taken: list[bool], items: list[int]) -> str:
    """An instance with a number of the grid, the marks of its sieve, the answer, and the best set."""
    stream = "; ".join(f"({e}, {str(mark).lower()})" for e, mark in enumerate(taken))
    ends = f"{case.k} {real(case.epsilon)} {real(number)} [{stream}]%N"
    return f"{case.function.n} {values(case.function)} {ends} {elements(items)} {elements(best(case))}"


def sieved(case: Offline, found: Selection, rule: Rule, share: Callable[[Offline], Fraction]) -> dict[int, str]:
    """The answer beside the largest number of the grid that is at most a share of the optimum, or the next one."""
    if not is_small(case.function):
        return {}
    below = [Fraction(0), *grid_of(case, Fraction(case.optimum) * share(case))]
    number = below[-1]
    return {0: arguments(case, number, marks(case, number, rule), chosen(found.items))}


def fills_half(gain: Fraction, value: Fraction, room: int, guess: Fraction) -> bool:
    """The rule of the sieve with guesses."""
    return gain * room >= guess / 2 - value


def reaches(gain: Fraction, value: Fraction, room: int, bar: Fraction) -> bool:
    """The rule of the sieve with fixed bars."""
    return gain >= bar


#: two elements, of which the first is worth half of the second and fills the set
HALF = "2 (value [0; 1; 2; 3]%Z) 1 (1 / 8) {} [(0, true); (1, false)]%N [0]%N [1]%N"
#: of a function that is not submodular no element is taken
NONE = f"3 {values(TOGETHER.function)} 2 (1 / 8) {{}} [(0, false); (1, false); (2, false)]%N []%N [1; 2]%N"


def wrong(half: str, none: str) -> tuple[Wrong, ...]:
    """Wrong claims of both sieves, with the numbers of the grid that contradict them."""
    return (
        Wrong(
            "all of it", "(1 / 2 - epsilon) * f (taken others).", "1 * f (taken others).", partial(HALF.format, half)
        ),
        Wrong(
            "functions that need not be submodular",
            "submodular n f /\\ f 0%N = 0",
            "f 0%N = 0",
            partial(NONE.format, none),
        ),
    )


SIEVE = Proof(
    "every monotone submodular function with f(empty) = 0, every order of its elements, every k and epsilon",
    file=HERE / "DS_T14_sieve.v",
    anchor=partial(sieved, rule=fills_half, share=lambda case: Fraction(1)),
    about="the rule",
    wrong=wrong("2", "9"),
)


SIEVE_PP = Proof(
    "every monotone submodular function with f(empty) = 0, every order of its elements, every k and epsilon",
    file=HERE / "DS_T14_sieve_pp.v",
    anchor=partial(sieved, rule=reaches, share=lambda case: Fraction(1, 2 * case.k)),
    about="the rule",
    wrong=wrong("1", "(9 / 4)"),
)
