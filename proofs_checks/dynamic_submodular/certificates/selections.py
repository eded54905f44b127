"""Greedy selection in files for Coq: which arguments of a theorem an instance and its answer are."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import combinations
from pathlib import Path

from lrtheory.bounds import Proof, Wrong
from lrtheory.dynamic_submodular import Selection
from proofs_checks.dynamic_submodular.families.functions import SetFunction, value_of
from proofs_checks.dynamic_submodular.families.offline import TOGETHER, Offline, grid
from proofs_checks.dynamic_submodular.families.runs import chosen

HERE = Path(__file__).parent
MOST = 6  # elements of an anchor, whose table of values a reader can look through


def elements(items: Iterable[int]) -> str:
    """A list of elements."""
    return f"[{'; '.join(map(str, items))}]%N"


def values(function: SetFunction) -> str:
    """The function by its values, which are whole numbers."""
    return f"(value [{'; '.join(str(int(value)) for value in function.values)}]%Z)"


def is_small(function: SetFunction) -> bool:
    """Whether a function has few elements, and values that are whole numbers."""
    return function.n <= MOST and all(float(value).is_integer() for value in function.values)


def best(case: Offline) -> tuple[int, ...]:
    """The first k elements, at most, of the largest value."""
    sizes = range(min(case.k, case.function.n) + 1)
    sets = (items for size in sizes for items in combinations(range(case.function.n), size))
    return max(sets, key=lambda items: value_of(case.function, list(items)))


def arguments(case: Offline, items: Iterable[int]) -> str:
    """Elements as a run, beside the best set."""
    return f"{case.function.n} {values(case.function)} {case.k} {elements(items)} {elements(best(case))}"


def run_of(case: Offline, found: Selection) -> dict[int, str]:
    """The selection as a run, beside the best set."""
    return {0: arguments(case, chosen(found.items))} if is_small(case.function) else {}


def worst_run(k: int) -> str:
    """The columns of the grid of k^2 items, which greedy selection takes, beside its rows, which are best."""
    return arguments(grid(k), range(k))


GREEDY = Proof(
    "every monotone submodular function with f(empty) = 0, every number of elements and every k",
    file=HERE / "DS_T14_greedy.v",
    anchor=run_of,
    about="the rule",
    wrong=(
        Wrong("all of it", "(1 - (1 - / INR k) ^ k) *", "1 *"),
        Wrong("seven tenths of it", "(1 - (1 - / INR k) ^ k) *", "(7 / 10) *", partial(worst_run, 4)),
        Wrong("the exponent k + 1", "(1 - / INR k) ^ k)", "(1 - / INR k) ^ S k)", partial(worst_run, 2)),
        Wrong(
            "functions that need not be submodular",
            "submodular n f /\\ (1 <= k)%nat",
            "(1 <= k)%nat",
            partial(arguments, TOGETHER, (0, 1)),
        ),
    ),
)


def step(case: Offline, before: Iterable[int], e: int) -> str:
    """An element with those that were taken before it, beside the best set."""
    return f"{case.function.n} {values(case.function)} {case.k} {elements(before)} {e} {elements(best(case))}"


def steps_of(case: Offline, found: Selection) -> dict[int, str]:
    """The steps of the selection."""
    if not is_small(case.function):
        return {}
    items = chosen(found.items)
    return {i: step(case, items[:i], e) for i, e in enumerate(items)}


STEP = Proof(
    "every monotone submodular function, every set from which a greedy step is made and every k",
    file=HERE / "DS_P7.v",
    anchor=steps_of,
    about="the rule",
    wrong=(
        Wrong("a half of the gap, whatever k is", "(1 - / INR k) *", "(1 - / 2) *"),
        Wrong("a part for one element less", "(1 - / INR k) *", "(1 - / INR (k - 1)) *", partial(step, grid(2), (), 0)),
        Wrong(
            "functions that need not be submodular",
            "submodular n f /\\ (1 <= k)%nat",
            "(1 <= k)%nat",
            partial(step, TOGETHER, (), 0),
        ),
    ),
)
