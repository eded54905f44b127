"""Uni-LoRA: an isometry onto factors, its nearest points, and the size of its updates.

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

from lrtheory._numbers import exact, gathered, numbers, plain, table
from lrtheory._types import ArrayLike
from lrtheory._validation import integer, must
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    rounding,
    saboteur,
)
from lrtheory.low_rank_adapters.kinds.base import FactoredAdapter
from lrtheory.low_rank_adapters.kinds.uni_lora import UniLoRA, uni_lora
from lrtheory.low_rank_adapters.reach.exact import grouped
from proofs_checks.guards import misfit, square


@dataclass(frozen=True)
class Shared:
    """One vector, and for each layer its shape and the place in the vector of each entry of its factors."""

    theta: np.ndarray
    shapes: tuple[tuple[int, int], ...]
    places: tuple[np.ndarray, ...]

    @property
    def sizes(self) -> np.ndarray:
        """The number of entries of all layers at each place."""
        return np.bincount(np.concatenate(self.places).astype(np.int64), minlength=len(self.theta))

    def rank(self, layer: int) -> int:
        """The rank of the factors of a layer."""
        return len(self.places[layer]) // sum(self.shapes[layer])


def is_shared(case: Shared) -> bool:
    """Decide whether layers fit to the vector, each place of which is used."""
    lengths = [len(one) % sum(shape) == 0 < len(one) for one, shape in zip(case.places, case.shapes, strict=True)]
    inside = all(((one >= 0) & (one < len(case.theta))).all() for one in case.places)
    return bool(all(lengths) and inside and case.sizes.all() and np.isfinite(case.theta).all())


def draw_shared(draws: Draws) -> Shared:
    """Draw up to three layers of small integers."""
    count = draws.integers(1, 3)
    shapes = tuple((draws.integers(1, 4), draws.integers(1, 4)) for _ in range(count))
    lengths = [draws.integers(1, 2) * sum(shape) for shape in shapes]
    total = sum(lengths)
    d = draws.integers(1, min(total, 6))
    line = np.concatenate([np.arange(d), draws.integers(0, d - 1, shape=(total - d,))])[draws.permutation(total)]
    theta = draws.integers(-9, 9, shape=(d,)).astype(float)
    return Shared(theta, shapes, tuple(np.split(line, np.cumsum(lengths)[:-1])))


#: B = A = 3 of one layer: the norm 9 of the product is half of the squared norm 18 of the vector
BALANCED = Shared(np.array([3.0, 3.0]), ((1, 1),), (np.array([0, 1]),))
TWO_LAYERS = Shared(np.array([4.0, -2.0]), ((1, 1), (2, 1)), (np.array([0, 0]), np.array([1, 0, 0])))

SHARED = Family(
    "layers-of-one-vector",
    always=(Shared(np.array([2.0]), ((1, 1),), (np.array([0, 0]),)), TWO_LAYERS),
    tight=(Tight(BALANCED, 1 - 1e-12, 1),),
    draw=draw_shared,
)


def two_layers() -> Iterator[Shared]:
    """Yield two layers with five entries together, which use all places of a vector of up to five numbers."""
    for line in product(range(5), repeat=5):
        d = len(set(line))
        if max(line) == d - 1:
            yield Shared(np.arange(1.0, d + 1), ((1, 1), (1, 2)), (np.array(line[:2]), np.array(line[2:])))


def layers(case: Shared, *, own: bool = False) -> list[FactoredAdapter]:
    """Make the library's adapters of all layers; with `own`, each wrongly counts its own entries alone."""
    sizes = [np.maximum(np.bincount(one, minlength=len(case.theta)), 1) if own else case.sizes for one in case.places]
    return [
        uni_lora(case.theta, shape, case.rank(layer), assignment=case.places[layer], sizes=sizes[layer])
        for layer, shape in enumerate(case.shapes)
    ]


Factors = list[tuple[np.ndarray, np.ndarray]]


def made(case: Shared, rng: np.random.Generator | None = None, *, own: bool = False) -> Factors:
    """Return the factors B and A of all layers."""
    return [adapter.factors() for adapter in layers(case, own=own)]


def fits(case: Shared, found: Factors) -> Sides | None:
    """Return sides that fail where factors have other shapes than those of their layers."""
    shapes = [((m, case.rank(k)), (case.rank(k), n)) for k, (m, n) in enumerate(case.shapes)]
    pairs = [pair for one, shape in zip(found, shapes, strict=True) for pair in zip(one, shape, strict=True)]
    return misfit(*pairs)


def groups_of(assignment: ArrayLike, d: int) -> np.ndarray:
    """The groups of all entries as integers from 0 to d - 1."""
    groups = table("assignment", assignment, 0, shape=("D",))
    whole = groups.astype(np.int64)
    if (whole != groups).any() or (whole >= d).any():
        raise must("assignment", f"integers from 0 to {d - 1}", assignment)
    return whole


@formula()
def projection_gram(assignment: ArrayLike, sizes: ArrayLike) -> np.ndarray:
    """The diagonal of P^T P, where the map divides by the roots of `sizes`.

    All are 1 where `sizes` counts the members; then |P theta| = |theta|, and P^T recovers theta.

    Proof
    -----
    Assumes: nothing.

    Proof: column j of P has 1 / sqrt(n_j) in the members of group j and 0 elsewhere. Groups are disjoint, so columns
    are orthogonal, and the squared norm of column j is the number of its members over n_j.
    """
    counted = numbers("sizes", sizes, 1)
    members = np.bincount(groups_of(assignment, len(counted)), minlength=len(counted))
    return gathered(np.array([exact(int(a)) / exact(n) for a, n in zip(members, counted, strict=True)], dtype=object))


def isometry(case: Shared, found: Factors, *, squared: bool = True) -> Sides:
    """Compare the vector with its recovery from all factors, its squared norm with theirs, and the formula with 1."""
    if (wrong := fits(case, found)) is not None:
        return wrong
    line = np.concatenate([np.concatenate([A.ravel(), B.ravel()]) for B, A in found])
    recovered = np.bincount(np.concatenate(case.places), line, len(case.theta))
    recovered = recovered / (np.sqrt(case.sizes) if squared else case.sizes)
    energy, ones = square(case.theta), np.ones(len(case.theta))
    gram = projection_gram(np.concatenate(case.places), case.sizes).astype(float)
    lhs, rhs = np.r_[recovered, square(line), gram], np.r_[case.theta, energy, ones]
    size = np.r_[ones * np.sqrt(energy), energy, 0 * ones]
    return Sides(lhs, rhs, rounding=rounding(4 * (len(line) + 8), size))


UL_1 = Statement(
    id="low_rank_adapters/UL-1",
    title="One vector spreads over all factors without a change of length",
    says=(
        "P theta are the entries of the factors of all layers: those of group j are theta_j / sqrt(n_j), with n_j the "
        "number of entries of group j over all layers. Where no group is empty P^T P is the identity, so P^T recovers "
        "theta, and P theta has the norm of theta."
    ),
    source=Derived(projection_gram),
    tex=r"P^\top P = I_d",
    hypotheses={"layers that use each place of the vector": is_shared},
    instances=SHARED,
    for_all=(All("ways in which two layers of 2 and 3 entries use all of a vector", two_layers, members=541),),
    solve=made,
    claim=Identity(isometry),
    saboteurs=(
        saboteur(
            "sizes in the place of their roots",
            patch=(UniLoRA._roots, "xp.sqrt(xp.astype(sizes, theta.dtype))", "xp.astype(sizes, theta.dtype)"),
        ),
        saboteur("each layer counts its own entries alone", solve=partial(made, own=True)),
        saboteur("the mean of a group recovers the vector", claim=Identity(partial(isometry, squared=False))),
    ),
    notes="Factors that satisfy both parts are P theta: no other line has its norm and this image under P^T.",
)


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


def partitions(n: int) -> Iterator[tuple[int, ...]]:
    """Yield all ways to put n numbers into groups, which are numbered in the order in which they come."""
    for names in product(range(n), repeat=n):
        if all(one <= max(names[:i], default=-1) + 1 for i, one in enumerate(names)):
            yield names


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


def orders(case: Line) -> int:
    """Count the lines that are this one in another order."""
    return len(set(permutations(case.values.tolist())))


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
            orbit=orders,
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


def updates(case: Shared, rng: np.random.Generator | None = None) -> Factors:
    """Return the factors of all layers."""
    return made(case)


@formula(square="[0, inf)")
def norm_ceiling(square: Number) -> Number:
    r"""The norms of the updates of all layers sum to at most this, where `square` is |theta|^2.

    Proof
    -----
    Assumes: sizes count the members of the groups over all layers, so that \|P theta\| = \|theta\| (UL-1).

    Proof: \|B_l A_l\| <= \|B_l\| \|A_l\| <= (\|B_l\|^2 + \|A_l\|^2) / 2, and the squared norms of the factors of all
    layers sum to \|P theta\|^2.
    """
    return exact(square) / 2 if isinstance(square, int) else square / 2


def short(case: Shared, found: Factors, factor: float = 1.0) -> Sides:
    """Compare the norm of each update, and the sum of all, with half of the squared norm of the vector."""
    if (wrong := fits(case, found)) is not None:
        return wrong
    holds = isometry(case, found)
    if (np.abs(holds.lhs - holds.rhs) > holds.rounding).any():
        return Sides(np.abs(holds.lhs - holds.rhs), 0 * holds.rhs, trivial=np.inf, least=-1.0, rounding=holds.rounding)
    lengths = np.array([np.sqrt(square(B @ A)) for B, A in found])
    limit = factor * float(norm_ceiling(square(case.theta)))
    # no product is longer than the lengths of both factors multiplied, which is at most the squared norm of the vector
    most, allowed = square(case.theta), rounding(8 * (len(case.theta) + sum(map(len, case.places))), square(case.theta))
    return Sides(np.r_[lengths, lengths.sum()], limit, trivial=most, rounding=allowed)


UL_5 = Statement(
    id="low_rank_adapters/UL-5",
    title="A short vector makes short updates",
    says=(
        "The factors B_l and A_l of all layers l are made of one vector theta, whose groups count entries over all "
        "layers. The norms of all updates B_l A_l sum to at most half of the squared norm of theta, so updates do not "
        "keep distances between vectors, as factors do."
    ),
    source=Derived(norm_ceiling),
    tex=r"\textstyle\sum_l \|B_l A_l\| \le \tfrac12\|\theta\|^2",
    hypotheses={"layers that use each place of the vector": is_shared},
    instances=SHARED,
    solve=updates,
    claim=Inequality(short),
    saboteurs=(
        saboteur("a quarter of the squared norm", claim=Inequality(partial(short, factor=0.5))),
        saboteur(
            "entries are not divided at all",
            patch=(UniLoRA._factors, 'self.params["theta"] / self._roots()', 'self.params["theta"]'),
        ),
    ),
)
