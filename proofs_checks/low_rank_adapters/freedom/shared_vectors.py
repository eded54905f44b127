"""Uni-LoRA: an isometry onto factors, and the size of its updates.

A vector of d entries makes all factors: entry i of them, laid in one line v, is that of its group, divided by the
root of the size of the group. `assignment` holds the group of each entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from lrtheory._numbers import exact, gathered, numbers, table
from lrtheory._types import ArrayLike
from lrtheory._validation import must
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
    for_all=(
        All("ways in which two layers, of two and three entries, use all places of a vector", two_layers, members=541),
    ),
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
