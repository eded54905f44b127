"""Functions of which k elements are chosen at once, without updates."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dynamic_submodular import Selection, make_tight_greedy, maximize, probe_submodular
from lrtheory.dynamic_submodular.offline import OPTIONS
from proofs_checks.dynamic_submodular.families.functions import (
    SetFunction,
    by_values,
    draw_function,
    mask_of,
    members,
    optima,
    set_function,
)
from proofs_checks.dynamic_submodular.families.runs import chosen, filled, is_set
from proofs_checks.dynamic_submodular.families.streams import cardinalities, modular, spoilsport


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


def selected(case: Offline, rng: np.random.Generator, method: Any = "lazy") -> Selection:
    """Return the selection of a method."""
    return maximize(case.function.objective(), case.k, method=method, epsilon=accuracy_of(case, method), rng=rng)


def accuracy_of(case: Offline, method: str) -> float | None:
    """Return the epsilon of the case for a method that has one; the others refuse it."""
    return case.epsilon if "epsilon" in OPTIONS[method] else None


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


#: small elements first, then large ones; weights that double; and the rest
ALWAYS = (
    Offline(modular([1.0]), 1),
    Offline(modular([3.0, 2.0, 1.0]), 2),
    Offline(modular([1.0, 1.0, 1.0, 100.0, 100.0]), 2),
    Offline(modular([10.0, 1.0, 1.0, 1.0, 10.0, 10.0, 10.0]), 4),
    Offline(modular([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]), 2),
    first_k_hide_the_rest(2),
    grid(2),
    grid(3),
)
#: with the worst case of each k that is drawn: 3/4, 19/27 and 175/256 of the optimum for k = 2, 3 and 4
OFFLINE = Family("offline", always=(*ALWAYS, grid(4)), draw=draw_offline)
#: with integer values, on which two methods decide ties alike
EXACT_OFFLINE = Family(
    "exact-offline",
    always=ALWAYS,
    draw=lambda draws: Offline(
        draw_function(draws, draws.integers(5, 8), ("coverage", "facility")), draws.integers(1, 4)
    ),
)
#: two elements that are worth nothing alone and much together
SUPERMODULAR_OFFLINE = Family(
    "supermodular-offline", always=(Offline(by_values(np.array([0, 1, 0, 1, 0, 1, 9, 10])), 2),)
)


@dataclass(frozen=True)
class TightGreedy:
    """The grid on which greedy selection gets no more than its share."""

    k: int

    def value(self, chosen: list[int]) -> int:
        """Return k^k times the value of columns 0, ..., k - 1 and rows k, ..., 2k - 1, by the weights."""
        k, columns, rows = self.k, {v for v in chosen if v < self.k}, {v for v in chosen if v >= self.k}
        weights = [(k - 1) ** j * k ** (k - 1 - j) for j in range(k)]  # of the item of column j in each row
        return len(rows) * k**k + (k - len(rows)) * sum(weights[j] for j in columns)


def taken_columns(case: TightGreedy, rng: np.random.Generator, method: Any = "lazy") -> np.ndarray:
    """Return the items that the method chooses on the grid."""
    return maximize(make_tight_greedy(case.k), method=method).items


GRIDS = Family(
    "grids", always=tuple(TightGreedy(k) for k in (2, 3, 4)), draw=lambda draws: TightGreedy(draws.integers(2, 8))
)


@dataclass(frozen=True)
class Stochastic:
    """A function, k and epsilon, and a method that draws random numbers."""

    case: Offline
    method: str


def sampled(instance: Stochastic, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return n selections, (n, k), filled up with -1."""
    case = instance.case
    objective = case.function.objective()
    options: dict[str, Any] = {"method": instance.method, "epsilon": accuracy_of(case, instance.method), "rng": rng}
    return filled([maximize(objective, case.k, **options).items for _ in range(n)], case.k)


def in_front(row: np.ndarray) -> bool:
    """Return whether the elements of a row stand before the -1 that fill it up."""
    return bool((np.diff((row >= 0).astype(int)) <= 0).all())


def values_of_choices(instance: Stochastic, rows: np.ndarray) -> np.ndarray:
    """Return f of each selection by the table, 0 where it is no set of at most k elements."""
    case = instance.case
    values, everybody = case.function.values.astype(float), np.ones(case.function.n, bool)
    # a worth of 0 for what is no selection: the largest gap to OPT that there is
    masks = [mask_of(chosen(row)) if is_set(row, everybody, case.k) and in_front(row) else -1 for row in rows]
    return np.where(np.array(masks) >= 0, values[masks], 0.0)


def hidden_block(n: int = 12) -> SetFunction:
    """Return two elements of value 16 among n - 2 of value 1, as a sum."""
    return modular([16.0, 16.0] + [1.0] * (n - 2))  # samples that are too small miss both large elements


def draw_stochastic(draws: Draws) -> Stochastic:
    """Draw six to eight elements, of which up to three are to be chosen."""
    case = Offline(draw_function(draws, draws.integers(6, 8)), draws.integers(1, 3), draws.choice((0.25, 0.375, 0.5)))
    return Stochastic(case, "stochastic")


def cut(weights: np.ndarray) -> SetFunction:
    """Return the weight of the edges that leave a set: submodular, and not monotone."""
    inside = members(np.arange(1 << len(weights)), len(weights)).astype(float)
    return by_values(np.einsum("su,uv,sv->s", inside, weights, 1 - inside))


def draw_cut(draws: Draws) -> Stochastic:
    """Draw the cut of a graph of four or five nodes, with directed edges of integer weights."""
    n = draws.integers(4, 5)
    weights = draws.integers(0, 4, shape=(n, n)) * (1 - np.eye(n, dtype=int))
    return Stochastic(Offline(cut(weights.astype(float)), draws.integers(1, 2)), "random")


STOCHASTIC = Family(
    "stochastic",
    always=(Stochastic(Offline(hidden_block(), 2, 0.25), "stochastic"),),
    draw=draw_stochastic,
)
#: a spoiler, and large elements after many small ones
RANDOM = Family(
    "random-greedy",
    always=(
        Stochastic(Offline(spoilsport(6), 3), "random"),
        Stochastic(Offline(modular([1.0] * 8 + [16.0] * 2), 2), "random"),
    ),
    draw=draw_cut,
)


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


def complaint(suspect: Suspect, rng: np.random.Generator) -> int:
    """Return 0 where the probe found nothing, 1 where it found a counterexample."""
    return int(probe_submodular(suspect.function.objective(), n_probes=suspect.n_probes, rng=rng).kind is not None)


@dataclass(frozen=True)
class Accusations:
    """The counterexamples of n runs: sets A inside B as bit masks, and the element v; v = -1 for none."""

    A: np.ndarray
    B: np.ndarray
    v: np.ndarray


def accusations(suspect: Suspect, rng: np.random.Generator, n: int) -> Accusations:
    """Return the findings of n runs of the probe."""
    objective = suspect.function.objective()
    found = [probe_submodular(objective, n_probes=suspect.n_probes, rng=rng) for _ in range(n)]
    columns = ([mask_of(one.A) for one in found], [mask_of(one.B) for one in found], [one.v for one in found])
    return Accusations(*map(np.array, columns))


def misses(suspect: Suspect, found: Accusations) -> np.ndarray:
    """Return whether a run has named no counterexample, or a false one."""
    n, f = suspect.function.n, suspect.function.values

    def is_true(A: int, B: int, v: int) -> bool:
        if not (0 <= v < n and 0 <= B < 1 << n and A & B == A and not B >> v & 1):
            return False
        rise = f[B | 1 << v] - f[B]
        return bool(rise < 0 if A == B else f[A | 1 << v] - f[A] < rise)

    triples = zip(found.A, found.B, found.v, strict=True)
    return np.array([not is_true(*map(int, triple)) for triple in triples])


def draw_suspect(draws: Draws) -> Suspect:
    """Draw a power of the cardinality, a function with a spoiler, a cut, or a sum over pairs."""
    n, kind = draws.integers(3, 5), draws.choice(("power", "spoiler", "cut", "pairs"))
    if kind == "power":
        return Suspect(cardinalities(draws.choice((1.5, 2.0, 3.0)), n=n), 40)
    if kind == "spoiler":
        return Suspect(spoilsport(n), 40)
    weights = draws.integers(0, 3, shape=(n, n)).astype(float) * (1 - np.eye(n))
    inside = members(np.arange(1 << n), n).astype(float)
    return Suspect(cut(weights) if kind == "cut" else by_values(np.einsum("su,uv,sv->s", inside, weights, inside)), 40)


INNOCENT = Family(
    "innocent",
    always=(Suspect(modular([1.0, 1.0])),),
    draw=lambda draws: Suspect(draw_function(draws, draws.integers(3, 5)), 60),
)
GUILTY = Family("guilty", always=(Suspect(cardinalities(2, n=4), 40), Suspect(spoilsport(4), 40)), draw=draw_suspect)
SQUARE = Family("a-square", always=(Suspect(cardinalities(2, n=4)),))
MODULAR = Family("a-sum", always=(Suspect(modular([1.0, 1.0])),))


@dataclass(frozen=True)
class Steps:
    """The items of a selection in their order, and what each added."""

    items: np.ndarray
    gains: np.ndarray


def steps(found: Selection) -> Steps:
    """Return the items and gains of a selection."""
    return Steps(found.items, found.gains)


def plain_and_lazy(case: Offline, rng: np.random.Generator) -> tuple[Steps, Steps]:
    """Return the steps of the plain and of the lazy method."""
    return steps(selected(case, rng, method="naive")), steps(selected(case, rng, method="lazy"))


def complaints_with_control(suspect: Suspect, rng: np.random.Generator) -> tuple[int, int]:
    """Return whether the probe accuses the function, and whether it accuses a square, which it must."""
    return complaint(suspect, rng), complaint(SQUARE.smallest()[0], rng)
