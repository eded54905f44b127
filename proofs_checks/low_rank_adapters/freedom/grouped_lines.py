"""Lines of numbers in groups, as Uni-LoRA makes all factors: what is nearest to them, and what a random choice loses.

A vector of d entries makes all factors: entry i of them, laid in one line v, is that of its group, divided by the
root of the size of the group. `assignment` holds the group of each entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import combinations_with_replacement, permutations, product
from types import SimpleNamespace
from typing import Any

import numpy as np

from lrtheory._numbers import exact, numbers, plain, table
from lrtheory._types import ArrayLike
from lrtheory._validation import integer
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Expectation,
    Family,
    Identity,
    Number,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.kinds.uni_lora import balanced_assignment, uni_lora
from lrtheory.low_rank_adapters.reach.exact import grouped
from proofs_checks.guards import misfit, square
from proofs_checks.low_rank_adapters.freedom.shared_vectors import groups_of
from proofs_checks.orbits import Symmetry, partitions


@dataclass(frozen=True)
class Line:
    """A line of numbers, the group of each, and the number of groups, of which none is empty."""

    values: np.ndarray
    groups: np.ndarray
    n_groups: int

    def assignments(self) -> Iterator[np.ndarray]:
        """List all ways to give the groups, in their sizes, to the numbers."""
        for one in sorted(set(permutations(self.groups.tolist()))):
            yield np.array(one)


def is_line(case: Line) -> bool:
    """Decide whether there is a group for every number, and no group is empty."""
    fits = case.values.shape == case.groups.shape and case.values.ndim == 1 and bool(np.isfinite(case.values).all())
    return fits and sorted(set(case.groups.tolist())) == list(range(case.n_groups))


def draw_line(draws: Draws, most: int = 12) -> Line:
    """Draw a line of integers in groups."""
    size = draws.integers(1, most)
    d = draws.integers(1, size)
    groups = np.concatenate([np.arange(d), draws.integers(0, d - 1, shape=(size - d,))])[draws.permutation(size)]
    return Line(draws.integers(-6, 9, shape=(size,)).astype(float), groups, d)


LINES = Family(
    "lines-in-groups",
    always=(Line(np.array([2.0]), np.array([0]), 1), Line(np.array([1.0, 3.0, 5.0, 5.0]), np.array([0, 0, 1, 1]), 2)),
    draw=draw_line,
)


def short_lines() -> Iterator[Line]:
    """Yield all lines of up to four numbers -1, 0 and 2 in all groups."""
    for n in range(1, 5):
        for values, groups in product(product((-1.0, 0.0, 2.0), repeat=n), partitions(n)):
            yield Line(np.array(values), np.array(groups), max(groups) + 1)


def nearest(case: Line, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the entries of the factors that the library finds nearest to a line, which it takes as A and then B."""
    shape = (1, len(case.values) - 1) if len(case.values) > 1 else (1, 1)
    line, groups = case.values, case.groups
    if len(line) == 1:  # a layer has two entries at least; the second one repeats the first
        line, groups = np.repeat(line, 2), np.repeat(groups, 2)
    adapter = uni_lora(np.zeros(case.n_groups), shape, 1, assignment=groups)
    n = shape[1]
    task: Any = SimpleNamespace(adapter=adapter, frozen=lambda name: np.asarray(adapter.frozen[name]))
    theta = grouped(task, line[n:].reshape(1, 1), line[:n].reshape(1, n))["theta"]
    B, A = adapter.with_params({"theta": theta}).factors()
    return np.r_[A.ravel(), B.ravel()][: len(case.values)]


@formula(d="[1, inf)")
def group_residual(v: ArrayLike, assignment: ArrayLike, d: int) -> Number:
    """The squared distance of v from all that the vector can make.

    There are d groups.

    Proof
    -----
    Assumes: nothing.

    Proof: P theta is any line that is constant on each group, so the nearest one has the means of the groups of v, and
    groups do not interact.
    """
    groups = groups_of(assignment, d)
    v = table("v", v, shape=groups.shape)
    total: Any = 0
    for group in np.unique(groups):
        part = v[groups == group]
        moved = part - part[0]  # the differences of near numbers are exact, and their squares do not cancel
        moved = moved - exact(plain(moved.sum())) / len(part)
        total = total + plain((moved * moved).sum())
    return int(total) if getattr(total, "denominator", 0) == 1 else total


def to_means(case: Line, found: np.ndarray, *, sums: bool = False) -> Sides:
    """Compare the nearest entries with the means of groups, and the squared distance with its formula."""
    if (wrong := misfit((found, case.values.shape))) is not None:
        return wrong
    v, groups = case.values, case.groups
    means = np.array([(v[groups == g].sum() if sums else v[groups == g].mean()) for g in groups])
    due = float(group_residual(v, groups, case.n_groups))
    size = np.r_[0 * v + np.sqrt(square(v)), square(v)]
    return Sides(np.r_[found, square(v - found)], np.r_[means, due], rounding=rounding(16 * (len(v) + 8), size))


UL_2 = Statement(
    id="low_rank_adapters/UL-2",
    title="The nearest factors have the means of groups",
    says=(
        "v holds all entries of some factors. Of all that the vector of Uni-LoRA can make, P theta with the mean of "
        "each group of v is nearest to v, and the squared distance is the sum of the squared deviations v_i - mean_j "
        "of all entries i from the mean of their group j."
    ),
    source=Derived(group_residual),
    tex=r"\min_\theta\|v - P\theta\|^2 = \textstyle\sum_j\sum_{i \in j}(v_i - \mathrm{mean}_j)^2",
    hypotheses={"a line in groups, of which none is empty": is_line},
    instances=LINES,
    for_all=(All("partitions of up to four numbers that are -1, 0 or 2", short_lines, members=1371),),
    solve=nearest,
    claim=Identity(to_means),
    saboteurs=(
        saboteur("sums of groups", claim=Identity(partial(to_means, sums=True))),
        saboteur(
            "the mean without the root of the size",
            patch=(grouped, "roots * sums", "sums"),
        ),
    ),
)


ENUMERATED = Family(
    "short-lines-in-groups",
    always=lambda: (
        Line(np.array([2.0]), np.array([0]), 1),
        *(
            Line(np.array([1.0, 3.0, 5.0, 5.0, -2.0, 8.0]), np.repeat(np.arange(len(sizes)), sizes), len(sizes))
            for sizes in ((2, 2, 2), (3, 2, 1), (5, 1), (6,))
        ),
    ),
    draw=lambda draws: draw_line(draws, 5),
)


def sorted_lines() -> Iterator[Line]:
    """Yield all lines of up to five numbers 0, 1 and 3, each in one order, in groups of all sizes."""
    for n in range(1, 6):
        sizes = {tuple(sorted(map(names.count, set(names)))) for names in partitions(n)}
        for values, counts in product(combinations_with_replacement((0.0, 1.0, 3.0), n), sorted(sizes)):
            yield Line(np.array(values), np.repeat(np.arange(len(counts)), counts), len(counts))


def reordered(case: Line) -> Iterator[tuple[float, ...]]:
    """Yield the numbers of a line in every order."""
    yield from permutations(case.values.tolist())


@formula(d="[1, inf)")
def expected_group_residual(v: ArrayLike, d: int) -> Number:
    """The expected squared distance of v from all that a randomly assigned vector can make.

    There are d groups, of which none is empty.

    Proof
    -----
    Assumes: all assignments with the given sizes n_j >= 1 are equally likely (the caller).

    Proof: the residual is S2 - sum_j (sum_{i in j} v_i)^2 / n_j with S1 = sum v_i and S2 = sum v_i^2. A group of size
    n_j has the expected squared sum n_j S2 / D + n_j (n_j - 1) (S1^2 - S2) / (D (D - 1)). Divided by n_j and summed
    over d groups of D entries this leaves S2 (1 - d / D) - (D - d) (S1^2 - S2) / (D (D - 1)) = (D - d) / (D - 1) (S2 -
    S1^2 / D).
    """
    v = numbers("v", v)
    size = len(v)
    d = integer("d", d, low=1, high=size)
    if size == 1:
        return 0
    v = [exact(value - v[0]) for value in v]
    mean = sum(v, start=0) / size
    found = sum(((value - mean) * (value - mean) for value in v), start=0) * (size - d) / (size - 1)
    return int(found) if getattr(found, "denominator", 0) == 1 else found


def expected(case: Line, rng: np.random.Generator | None = None) -> Fraction:
    """Return the formula."""
    found = expected_group_residual([Fraction(x) for x in case.values.tolist()], case.n_groups)
    return Fraction(found)  # type: ignore[call-overload]


def over_all(case: Line, found: Fraction, *, centered: bool = True) -> Sides:
    """Compare the formula with the mean over all assignments; without `centered`, another formula."""
    v, found_all = [Fraction(x) for x in case.values.tolist()], []
    for groups in case.assignments():
        rest = sum((x * x for x in v), start=Fraction(0))
        for j in range(case.n_groups):
            part = [x for x, g in zip(v, groups.tolist(), strict=True) if g == j]
            rest -= sum(part, start=Fraction(0)) ** 2 / len(part)
        found_all.append(rest)
    due = sum(found_all) / len(found_all)
    if not centered:
        return Sides(due, (1 - Fraction(case.n_groups, len(v))) * sum(x * x for x in v))
    return Sides(found, due)


UL_3 = Statement(
    id="low_rank_adapters/UL-3",
    title="A random assignment loses a known share on average",
    says=(
        "v has D entries, which go to d groups of any fixed sizes, all assignments being equally likely. The mean "
        "squared distance of v from what the vector of Uni-LoRA can make is (D - d) / (D - 1) times the sum of the "
        "squared deviations v_i - mean of v."
    ),
    source=Derived(expected_group_residual),
    tex=r"\mathbb E\|v - PP^\top v\|^2 = \tfrac{D - d}{D - 1}\textstyle\sum_i (v_i - \bar v)^2",
    hypotheses={"a line in groups, of which none is empty": is_line},
    instances=ENUMERATED,
    for_all=(
        All(
            "pairs of a line of up to five numbers 0, 1 and 3 and the sizes of its groups",
            sorted_lines,
            members=267,
            orbit=Symmetry(reordered).size,
            total=sum(ways * 3**n for n, ways in ((1, 1), (2, 2), (3, 3), (4, 5), (5, 7))),
            up_to="the order of the numbers",
        ),
    ),
    solve=expected,
    claim=Identity(over_all),
    closed="the claim is about a formula, which is compared with the mean over all assignments",
    saboteurs=(
        saboteur("the mean is not removed", claim=Identity(partial(over_all, centered=False))),
        saboteur(
            "a share of all numbers, not of all but one",
            patch=(expected_group_residual, "(size - d) / (size - 1)", "(size - d) / size"),
        ),
    ),
)


#: as many entries as have more assignments than anybody lists, with numbers that rise, and two that stand out
LONG = Family(
    "long-lines-in-balanced-groups",
    always=lambda: (
        Line(np.arange(40.0), np.arange(40) % 10, 10),
        Line(np.repeat([1.0, 9.0], [38, 2]), np.arange(40) % 7, 7),
    ),
    draw=lambda draws: Line(np.cumsum(draws.integers(1, 5, shape=(40,))).astype(float), np.arange(40) % 8, 8),
)


def shuffled(case: Line, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return n assignments of the library, with the groups of the line."""
    return np.array([balanced_assignment(len(case.values), case.n_groups, rng=rng) for _ in range(n)])


def lost(case: Line, found: np.ndarray) -> np.ndarray:
    """Return the share of the squared deviations from the mean that each assignment loses; 1 for empty groups."""
    v, d = case.values - case.values.mean(), case.n_groups
    counts = np.array([np.bincount(groups, minlength=d) for groups in found])
    sums = np.array([np.bincount(groups, v, minlength=d) for groups in found])
    kept = np.sum(sums**2 / np.maximum(counts, 1), axis=1) / np.sum(v * v)
    return np.clip(np.where(counts.min(axis=1) > 0, 1 - kept, 1.0), 0.0, 1.0)


def mean_loss(due: Any) -> Expectation:
    """Make the claim about the mean of the lost share."""
    return Expectation(sample=lost, equals=due, within=lambda case: 0.05, support=lambda case: (0.0, 1.0))


def expected_loss(case: Line) -> float:
    """Return the formula, as a share of the squared deviations."""
    v = [Fraction(x) for x in case.values.tolist()]
    spread: Any = expected_group_residual(v, 1)
    whole: Any = expected_group_residual(v, case.n_groups)
    return float(Fraction(whole) / Fraction(spread))


UL_3E = Statement(
    id="low_rank_adapters/UL-3e",
    title="The library's assignments lose the share of random ones",
    says=(
        "v has D entries and d balanced groups, to which the library assigns the entries. On average the squared "
        "distance of v from what the vector of Uni-LoRA can make is that of UL-3, (D - d) / (D - 1) of the sum of the "
        "squared deviations v_i - mean of v: the assignment favours no entries."
    ),
    source=Derived(expected_group_residual),
    tex=r"\mathbb E\|v - PP^\top v\|^2 = \tfrac{D - d}{D - 1}\textstyle\sum_i (v_i - \bar v)^2",
    hypotheses={
        "a line in groups, of which none is empty": is_line,
        "numbers that are not all equal": lambda case: bool(np.ptp(case.values) > 0),
    },
    instances=LONG,
    solve=shuffled,
    decisions=("outcome",),
    claim=mean_loss(expected_loss),
    saboteurs=(
        saboteur(
            "each number of the vector fits two entries",
            claim=mean_loss(lambda case: 1 - 2 * case.n_groups / len(case.values)),
        ),
        saboteur("neighbours share a number", patch=(balanced_assignment, "draw.shuffle(groups)", "groups.sort()")),
    ),
)


@dataclass(frozen=True)
class Choices:
    """A number of groups and of entries."""

    n_groups: int
    n_entries: int


CHOICES = Family(
    "choices-of-groups",
    always=(Choices(1, 1), Choices(3, 4), Choices(4, 4)),
    draw=lambda draws: Choices(draws.integers(1, 4), draws.integers(4, 5)),
)


def unused_groups(case: Choices, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the expected number of empty groups, and the groups of a balanced assignment."""
    expected: Any = theory.empty_groups(case.n_groups, case.n_entries)
    return {
        "expected": float(expected),
        "groups": balanced_assignment(case.n_entries, case.n_groups, rng=0),
    }


def all_choices(case: Choices, found: dict[str, Any], *, limit: bool = False) -> Sides:
    """Compare the formula with the mean over all choices, and the empty groups of the balanced assignment with none."""
    if (wrong := misfit((found["groups"], (case.n_entries,)))) is not None:
        return wrong
    d, D = case.n_groups, case.n_entries
    missing = sum(d - len(set(groups)) for groups in product(range(d), repeat=D))
    due = d * np.exp(-D / d) if limit else missing / d**D
    sizes = np.bincount(np.asarray(found["groups"], int), minlength=d)
    lhs, rhs = [found["expected"], int((sizes == 0).sum()), len(sizes)], [due, 0, d]
    return Sides(np.array(lhs, float), np.array(rhs, float), rounding=rounding(64, float(d)))


UL_4 = Statement(
    id="low_rank_adapters/UL-4",
    title="Independent choices leave groups empty, and balanced ones do not",
    says=(
        "D entries choose one of d groups each, independently and all alike. On average d (1 - 1 / d)^D groups stay "
        "empty, whose numbers do nothing. The library's balanced assignment leaves none where D is at least d."
    ),
    source=Derived(theory.empty_groups),
    tex=r"\mathbb E\,|\{j : n_j = 0\}| = d\,(1 - 1/d)^D",
    hypotheses={"as many entries as groups at least": lambda case: 1 <= case.n_groups <= case.n_entries},
    instances=CHOICES,
    for_all=(
        All(
            "numbers of groups up to 4 and of entries up to 6 with no fewer entries than groups",
            lambda: (Choices(d, D) for d in range(1, 5) for D in range(d, 7)),
            members=18,
        ),
    ),
    solve=unused_groups,
    claim=Identity(all_choices),
    decisions=("groups",),
    saboteurs=(
        saboteur("the limit of many entries, d exp(-D / d)", claim=Identity(partial(all_choices, limit=True))),
        saboteur("at least one entry is spared", patch=(theory.empty_groups, "** n_entries", "** (n_entries - 1)")),
        saboteur(
            "every group is chosen at random",
            patch=(balanced_assignment, "groups = np.concatenate([whole, ", "groups = np.concatenate([0 * whole, "),
        ),
    ),
)
