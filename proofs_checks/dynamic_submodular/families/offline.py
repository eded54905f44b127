"""Functions of which k elements are chosen at once, without updates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import comb
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Inequality, Sides
from lrtheory.dynamic_submodular import Selection, maximize
from lrtheory.dynamic_submodular.offline import OPTIONS
from proofs_checks.dynamic_submodular.families.functions import (
    SetFunction,
    by_values,
    draw_function,
    gain,
    is_monotone,
    is_submodular,
    mask_of,
    members,
    optima,
    set_function,
)
from proofs_checks.dynamic_submodular.families.runs import WRONG, chosen, spoiled, worth_of
from proofs_checks.dynamic_submodular.families.streams import modular


@dataclass(frozen=True)
class Offline:
    """A function, k, and epsilon for methods that have one."""

    function: SetFunction
    k: int
    epsilon: float = 0.125

    @property
    def optimum(self) -> Any:
        """The best value of k elements, by enumeration."""
        return optima(self.function, np.ones((1, self.function.n), dtype=bool), self.k)[0]


def accuracy_of(case: Offline, method: str) -> float | None:
    """Return the epsilon of the case for a method that has one; the others refuse it."""
    return case.epsilon if "epsilon" in OPTIONS[method] else None


def selected(case: Offline, rng: np.random.Generator, method: Any = "lazy") -> Selection:
    """Return the selection of a method."""
    return maximize(case.function.objective(), case.k, method=method, epsilon=accuracy_of(case, method), rng=rng)


def draw_offline(draws: Draws) -> Offline:
    """Draw five to eight elements, of which up to four are to be chosen."""
    return Offline(draw_function(draws, draws.integers(5, 8)), draws.integers(1, 4), draws.choice((0.125, 0.25)))


def first_k_hide_the_rest(k: int) -> Offline:
    """Return two disjoint sets of two items, and one that takes half of each; interesting for k = 2."""
    table = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0]]) > 0
    return Offline(set_function("coverage", table, np.ones(4)), k)


def grid(k: int) -> Offline:
    """Return the grid of `make_tight_greedy`: columns, which greedy selection takes, and rows, which are best."""
    rest = k**k - sum((k - 1) ** j * k ** (k - 1 - j) for j in range(k))
    weights = [(k - 1) ** j * k ** (k - 1 - j) for _ in range(k) for j in range(k)] + [rest] * k
    table = np.zeros((2 * k, k * k + k), dtype=bool)
    for j in range(k):
        table[j, j : k * k : k] = True
        table[k + j, [*range(j * k, j * k + k), k * k + j]] = True
    return Offline(set_function("coverage", table, np.array(weights, dtype=float)), k)


#: small elements first, then large ones; weights that double; sets that hide others; and elements of no value
ALWAYS = (
    Offline(modular([1.0]), 1),
    Offline(modular([3.0, 2.0, 1.0]), 2),
    Offline(modular([1.0, 1.0, 1.0, 100.0, 100.0]), 2),
    Offline(modular([10.0, 1.0, 1.0, 1.0, 10.0, 10.0, 10.0]), 4),
    Offline(modular([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]), 2),
    first_k_hide_the_rest(2),
    grid(2),
    grid(3),
    Offline(modular([10.0, 1.0, 1.0, 10.0, 10.0]), 3),
    Offline(modular([0.0, 0.0]), 1),
)

#: with the worst case of each k that is drawn: 3/4, 19/27 and 175/256 of the optimum for k = 2, 3 and 4
OFFLINE = Family("offline", always=(*ALWAYS, grid(4)), draw=draw_offline)


#: two elements that are worth nothing alone and much together, so that the function is not submodular
TOGETHER = Offline(by_values(np.array([0, 1, 0, 1, 0, 1, 9, 10])), 2)


@dataclass(frozen=True)
class Stochastic:
    """A function, k and epsilon, and a method that draws random numbers."""

    case: Offline
    method: str


def cut(weights: np.ndarray) -> SetFunction:
    """Return the weight of the edges that leave a set: submodular, and not monotone."""
    inside = members(np.arange(1 << len(weights)), len(weights)).astype(float)
    return by_values(np.einsum("su,uv,sv->s", inside, weights, 1 - inside))


@dataclass(frozen=True)
class Suspect:
    """A function that may not be what it should be, and the number of probes."""

    function: SetFunction
    n_probes: int = 200

    @property
    def chance(self) -> Fraction:
        """The exact chance that one probe meets a counterexample, summed over its sizes, its sets A in B and v."""
        # b is uniform in 0, ..., n - 1, a in 0, ..., b; B of size b, A in B of size a and v outside of B are uniform
        n, f, total = self.function.n, self.function.values, Fraction(0)
        for B in range(1 << n):
            b = B.bit_count()
            inner = [A for A in range(1 << n) if A & B == A]
            for v in (v for v in range(n) if not B >> v & 1):
                falls, rise = f[B | 1 << v] < f[B], f[B | 1 << v] - f[B]
                met = [A for A in inner if falls or f[A | 1 << v] - f[A] < rise]
                chances = (Fraction(1, (b + 1) * comb(b, A.bit_count())) for A in met)
                total += sum(chances, Fraction(0)) / (n * comb(n, b) * (n - b))
        return total

    @property
    def miss(self) -> Fraction:
        """The exact chance that no probe meets a counterexample."""
        return (1 - self.chance) ** self.n_probes


#: decisions of a selection: its items, and its bound, since every number from the optimum to the limit is a right one
CHOSEN = ("items", "upper_bound")
COUNTS = {"counts.queries": "how many marginals were asked for is no matter of the value; tests count them"}
SIZES = dict.fromkeys(("items", "gains"), "how many items a set has, up to k, is what it decides")

HYPOTHESES = {
    "monotone": lambda case: is_monotone(case.function),
    "submodular": lambda case: is_submodular(case.function),
}


def value_of_choice(case: Offline, found: Selection) -> Fraction | float:
    """Return f of the items by the table; WRONG where they are no set of at most k, or value or gains are false."""
    function, allowed = case.function, spoiled(case.function)
    value = worth_of(function, found.items, np.ones(function.n, bool), case.k, found.value)
    if value == WRONG or len(found.gains) != len(found.items):
        return WRONG
    items = chosen(found.items)
    off = [abs(more - gain(function, v, items[:i])) for i, (v, more) in enumerate(zip(items, found.gains, strict=True))]
    return value if all(one <= allowed for one in off) else WRONG


def bound_of_choice(case: Offline, found: Selection) -> Fraction | float:
    """Return the reported bound; WRONG where it exceeds k + 1 times the largest value."""
    # without a limit from above every infinite bound would do: f(S) and k marginals are at most k + 1 values
    most = (case.k + 1) * case.function.values.max()
    return found.upper_bound if found.upper_bound <= most + spoiled(case.function) else WRONG


def share_of_optimum(case: Offline, found: Selection, share) -> Sides:
    """Compare a share of OPT with f of the items, and OPT with the bound."""
    best = case.optimum
    rhs = [value_of_choice(case, found), bound_of_choice(case, found)]
    return Sides(np.array([share(case) * best, best]), np.array(rhs), least=0, rounding=spoiled(case.function))


def at_least(share) -> Inequality:
    """Claim that the items are worth a share of the optimum."""
    return Inequality(partial(share_of_optimum, share=share))


#: greedy selection misses it on its grid of rows and columns
ALL = at_least(lambda case: Fraction(1))


def selection_of(case: Offline, items: list[int]) -> Selection:
    """Return these items as a selection, with their true marginals and value."""
    values = [float(case.function.values[mask_of(items[:i])]) for i in range(len(items) + 1)]
    return replace(
        selected(case, np.random.default_rng(0)), items=np.array(items), gains=np.diff(values), value=values[-1]
    )


def least_greedy(case: Offline, rng: np.random.Generator) -> Selection:
    """Take the smallest marginal in each step."""
    items: list[int] = []
    for _ in range(min(case.k, case.function.n)):
        rest = [v for v in range(case.function.n) if v not in items]
        items.append(min(rest, key=lambda v: case.function.values[mask_of([*items, v])]))
    return selection_of(case, items)
