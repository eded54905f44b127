"""Distances of Hadamard adapters from a target D: a weight W with zeros, without, and of rank one.

Y is the entrywise quotient of D by W.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import numbers, plain
from lrtheory._types import ArrayLike
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
    saboteur,
)
from lrtheory.low_rank_adapters.reach import entries
from proofs_checks.guards import signed_square, square
from proofs_checks.low_rank_adapters.distances.best_lora import conversion_energy
from proofs_checks.low_rank_adapters.families.adapters import Case, draw_case, nonzero, one_of_each, smallest
from proofs_checks.low_rank_adapters.families.spectra import values
from proofs_checks.low_rank_adapters.families.targets import (
    SYLVESTER,
    Aimed,
    aim,
    aimed,
    checked,
    only,
    reached,
    tail,
    two_values,
)
from proofs_checks.orbits import Symmetry


def with_zeros(W: list[list[float]], D: list[list[float]]) -> Aimed:
    """Make a Hadamard adapter of free rank whose update is D where it can be, and the target D."""
    target = np.array(D)
    return aimed(Case("hadamard", (target, np.eye(target.shape[1])), (np.array(W),), 1.0, target.shape), target)


def draw_zeros(draws: Draws) -> Aimed:
    """Draw a weight with at least one zero, sometimes a whole row of them."""
    case = draw_case(draws, low=1, most=4, kinds=("hadamard",))
    kept = draws.integers(0, 1, shape=case.shape)
    kept[0, : draws.choice((1, case.shape[1]))] = 0
    return aim(draws, replace(case, frozen=(case.frozen[0] * kept,)))


WITH_ZEROS = Family(
    "hadamard-of-weights-with-zeros",
    always=lambda: (
        with_zeros([[0.0]], [[5.0]]),
        with_zeros([[0.0, 0.0], [1.0, 1.0]], [[3.0, 1.0], [2.0, 5.0]]),
    ),
    tight=(Tight(with_zeros([[1.0, 0.0], [0.0, 1.0]], [[2.0, 1.0], [1.0, 2.0]]), 1 - 1e-12, 1 + 1e-12),),
    draw=draw_zeros,
)


def reordered(case: Aimed) -> Iterator[bytes]:
    """Yield the weight and the target of an adapter in every order of rows and columns."""
    both = np.stack([case.named["W"], case.target])
    for rows, columns in itertools.product(*(itertools.permutations(range(size)) for size in case.shape)):
        yield both[:, rows][:, :, columns].tobytes()


ORDERS = Symmetry(reordered)


def small_tables(weights: tuple[float, float], numbers: tuple[float, float]) -> Iterator[Aimed]:
    """Yield Hadamard adapters of rank one with 2 x 2 weights and targets of two numbers each, one of each kind."""
    e = np.array([[1.0], [0.0]])
    both = itertools.product(*(itertools.product(some, repeat=4) for some in (weights, numbers)))
    pairs = (np.reshape(one, (2, 2, 2)) for one in both)
    return ORDERS.one_of_each(aimed(Case("hadamard", (e, e.T), (W,), 1.0, (2, 2)), D) for W, D in pairs)


ORDER = "the order of rows and columns"
Found = dict[str, Any]


@formula(tail="[0, inf)", smallest="[0, inf)", largest="[0, inf)")
def hadamard_bracket(tail: Number, smallest: Number, largest: Number) -> tuple[Number, Number]:
    r"""The ends between which the squared distance lies.

    `tail` is the sum of all but the r largest squared singular values of Y, and `smallest` and `largest` are the least
    and the largest absolute value of an entry of W. The first is 0 where W has a zero. The ends are equal where all
    entries of W have one size.

    Proof
    -----
    Assumes: W has no zero (a hypothesis of the statement; with smallest = 0 the lower bound is trivial).

    Proof: abs(D - W o Z) = abs(W) abs(Y - Z) in each entry, so \|D - W o Z\| lies between smallest and largest times
    \|Y - Z\|, whose least value over all Z of rank r is the tail (Eckart and Young). The upper bound is that of the
    truncation of Y.
    """
    return smallest * smallest * tail, largest * largest * tail


@formula(D="m x n", W="m x n")
def hadamard_floor(D: np.ndarray, W: np.ndarray) -> Number:
    r"""The sum of the squared entries of D where W is 0, below which no squared distance falls.

    Proof
    -----
    Assumes: nothing about W and D.

    Proof: An update s W o Z is 0 where W is, whatever Z is. There D - s W o Z has the entries of D, whose squares are a
    part of \|D - s W o Z\|^2. If W is 0 in whole rows and columns only, the other part is the squared distance of the
    other rows and columns of D from the updates of theirs, which have no zeros of W, so statement HU-3 bounds it.
    """
    missed = D[W == 0]
    return plain((missed * missed).sum())


def unrevived(case: Aimed, found: Found, *, weight: Any = np.asarray) -> Sides:
    """Compare the formula of a weight with the reported bound, and that with the errors of two updates."""
    W, lower = case.scale * case.named["W"], signed_square(found["lower"])
    least = float(hadamard_floor(case.target, weight(W)))
    rows, columns = W.any(axis=1), W.any(axis=0)
    live = W[rows][:, columns]
    sizes = np.abs(live) if live.size else np.ones(1)
    if live.size and live.all():
        rest = tail(case.target[rows][:, columns] / live, case.rank)
        least += float(hadamard_bracket(rest, sizes.min(), sizes.max())[0])
    wrong, error = checked(case, found, exact=bool(sizes.min() == sizes.max()))
    return wrong or Sides(
        np.array([least, lower, lower]),
        np.array([lower, case.error, error]),
        trivial=np.array([case.total, np.inf, np.inf]),
        least=np.array([-1.0, 0.0, 0.0]),
        rounding=8 * case.allowed,
    )


HU_2 = Statement(
    id="low_rank_adapters/HU-2",
    title="A Hadamard adapter revives no pruned weight",
    says=(
        "W has zeros. The squared distance of a target D from all W o (B A), with the entrywise product o, is at least "
        "the sum of the squared entries of D where W is 0. If these are whole rows and columns, the other rows and "
        "columns of W have no zero, and the lower end of HU-3 for these is added to the sum. The library reports a "
        "bound between this and the distance, which it knows if these have one absolute value."
    ),
    source=Derived(hadamard_floor),
    tex=r"\mathrm{dist}^2 \ge \textstyle\sum_{W_{ij} = 0} D_{ij}^2",
    hypotheses={
        "a Hadamard adapter, and a target of its shape": only("hadamard"),
        "a weight with a zero": lambda case: bool((case.named["W"] == 0).any()),
    },
    instances=WITH_ZEROS,
    for_all=(
        All(
            "pairs of a 2 x 2 weight of 0 and 1 with a zero and a target of 1 and 2, at rank one",
            lambda: (one for one in small_tables((0.0, 1.0), (1.0, 2.0)) if not one.named["W"].all()),
            members=69,
            orbit=ORDERS.size,
            total=15 * 16,
            up_to=ORDER,
        ),
    ),
    solve=reached,
    decisions=("nearest.*",),
    claim=Inequality(unrevived),
    saboteurs=(
        saboteur("entries that can be reached", claim=Inequality(partial(unrevived, weight=np.logical_not))),
        saboteur(
            "zeros of the weight are forgotten",
            patch=(entries.fitted_entries, "np.where(dead, D, 0.0) ** 2", "np.zeros(D.shape)"),
        ),
        saboteur(
            "sizes for squares",
            patch=(entries.fitted_entries, "np.where(dead, D, 0.0) ** 2", "np.abs(np.where(dead, D, 0.0))"),
        ),
    ),
    notes="The bound says nothing about the entries that can be reached, unless the zeros are whole rows and columns.",
)


WEIGHTS = Family(
    "hadamard-and-targets",
    always=lambda: (
        aimed(smallest("hadamard"), np.array([[5.0]])),
        aimed(next(case for case in one_of_each() if case.kind == "hadamard")),
        replace(two_values("hadamard"), frozen=(np.array([[1.0, 4.0], [2.0, 1.0]]),)),
    ),
    tight=(Tight(two_values("hadamard"), 1 - 1e-12, 1 + 1e-12),),
    draw=lambda draws: aim(draws, draw_case(draws, low=2, most=4, kinds=("hadamard",))),
)


def weighed(case: Aimed, found: Found, *, mean: bool = False) -> Sides:
    """Compare both ends of the bracket with the reported bound, the errors of two updates, and that of a third."""
    sizes = np.abs(case.scale * case.named["W"])
    wrong, error = checked(case, found, exact=bool(sizes.min() == sizes.max()))
    W, rank = case.scale * case.named["W"], case.rank
    U, s, Vt = np.linalg.svd(case.target / W, full_matrices=False)
    best = square(case.target - W * ((U[:, :rank] * s[:rank]) @ Vt[:rank]))
    ends = (float(sizes.mean()),) * 2 if mean else (float(sizes.min()), float(sizes.max()))
    low, high = hadamard_bracket(square(s[rank:]), *ends)
    lower = signed_square(found["lower"])
    allowed = 8 * case.allowed * float(sizes.max() / sizes.min())
    return wrong or Sides(
        np.array([low, lower, lower, best]),
        np.array([lower, case.error, error, high]),
        trivial=np.array([case.total, np.inf, np.inf, np.inf]),
        least=np.array([-1.0, 0.0, 0.0, 0.0]),
        rounding=allowed,
    )


HU_3 = Statement(
    id="low_rank_adapters/HU-3",
    title="Entries of the weight bracket the distance to Hadamard adapters",
    says=(
        "W has no zero, and Y is the entrywise quotient of a target D by W. The squared distance of D from all "
        "W o (B A) of rank r in B A, with the entrywise product o, lies between the squares of the least and the "
        "largest absolute value of W, times the sum t of all but the r largest squared singular values of Y. The "
        "library reports a bound between the lower end and the distance."
    ),
    source=Derived(hadamard_bracket),
    tex=r"\min|W|^2\,t \le \mathrm{dist}^2 \le \max|W|^2\,t,\quad t = \textstyle\sum_{i > r}\sigma_i(D/W)^2",
    hypotheses={
        "a Hadamard adapter, and a target of its shape": only("hadamard"),
        "a weight without zeros": lambda case: bool((case.named["W"] != 0).all()),
    },
    instances=WEIGHTS,
    for_all=(
        All(
            "pairs of a 2 x 2 weight of 1 and 2 and a target of 0 and 1, at rank one",
            lambda: small_tables((1.0, 2.0), (0.0, 1.0)),
            members=76,
            orbit=ORDERS.size,
            total=16 * 16,
            up_to=ORDER,
        ),
    ),
    solve=reached,
    decisions=("nearest.*",),
    claim=Inequality(weighed),
    saboteurs=(
        saboteur("the mean absolute value for both ends", claim=Inequality(partial(weighed, mean=True))),
        saboteur(
            "the largest weights of rows and columns for the least",
            patch=(entries._least, "np.where(empty, np.inf, values).min", "np.where(empty, -np.inf, values).max"),
        ),
    ),
    notes="Where an entry of W is nearly 0 the lower end says nothing.",
)


def draw_rank_one(draws: Draws) -> Aimed:
    """Draw a Hadamard adapter whose weight is an outer product."""
    case = draw_case(draws, low=1, most=4, kinds=("hadamard",))
    W = np.outer(nonzero(draws, (case.shape[0],)), nonzero(draws, (case.shape[1],)))
    return aim(draws, replace(case, frozen=(W,)))


def outer(D: np.ndarray) -> Aimed:
    """Make a Hadamard adapter of rank one with the weight (1, 2)^T (1, 3), and a target."""
    e = np.array([[1.0], [0.0]])
    return aimed(Case("hadamard", (e, e.T), (np.array([[1.0, 3.0], [2.0, 6.0]]),), 1.0, (2, 2)), D)


RANK_ONE = Family(
    "hadamard-of-rank-one-weights",
    always=lambda: (aimed(smallest("hadamard"), np.array([[5.0]])), outer(np.diag([2.0, 1.0]))),
    draw=draw_rank_one,
)


def full_rank(factor: int) -> Aimed:
    """Make a weight of signs whose quotient is farther from rank one than the target itself."""
    return replace(outer(np.array([[2.0, 1.0], [1.0, 2.0]])), frozen=(factor * SYLVESTER,))


FULL_RANK = Family(
    "hadamard-of-weights-of-full-rank",
    always=lambda: (full_rank(1),),
    draw=lambda draws: full_rank(draws.integers(1, 3)),
)


@formula(r="[0, inf)")
def hadamard_rank_one_energy(s: ArrayLike, r: int) -> Number:
    """The squared distance of a target with the singular values s from updates of rank r.

    Proof
    -----
    Assumes: W = u v^T without zeros (a hypothesis of the statement).

    Proof: W o Z = diag(u) Z diag(v), which maps the matrices of rank at most r onto themselves, one to one.
    """
    return conversion_energy(numbers("s", s, 0), r)


def as_lora(case: Aimed, found: Found, *, halved: bool = False) -> Sides:
    """Compare the lower bound and the error of the nearest adapter with the distance to LoRA of the same rank."""
    wrong, error = checked(case, found, exact=True)
    due = float(hadamard_rank_one_energy(values(case.target), case.rank))
    if halved:
        due = due / 2
    return wrong or Sides(
        np.array([signed_square(found["lower"]), error]), np.array([due, due]), rounding=8 * case.allowed
    )


HU_4 = Statement(
    id="low_rank_adapters/HU-4",
    title="With a weight of rank one a Hadamard adapter is LoRA",
    says=(
        "W has rank one and no zero. The updates W o (B A) of a Hadamard adapter of rank r, with the entrywise "
        "product o, are exactly the matrices of rank at most r, so the squared distance of a target D is the sum of "
        "all but its r largest squared singular values, as for LoRA. The library reports it, and attains it."
    ),
    source=Derived(hadamard_rank_one_energy),
    tex=r"\mathrm{rank}(W) = 1 \Rightarrow \mathrm{dist}^2 = \textstyle\sum_{i > r}\sigma_i(D)^2",
    hypotheses={
        "a Hadamard adapter, and a target of its shape": only("hadamard"),
        "a weight of rank one without zeros": lambda case: bool(
            (case.named["W"] != 0).all()
            and (case.named["W"] * case.named["W"][:1, :1] == case.named["W"][:, :1] * case.named["W"][:1]).all()
        ),
    },
    instances=RANK_ONE,
    solve=reached,
    decisions=("nearest.*",),
    claim=Identity(as_lora),
    saboteurs=(
        saboteur("half of LoRA's squared distance", claim=Identity(partial(as_lora, halved=True))),
        saboteur("a weight of full rank", breaks="a weight of rank one without zeros", instances=FULL_RANK),
        saboteur(
            "the sum of singular values for their squares",
            patch=(entries.best_entries, "np.sum(S[..., rank:] ** 2, axis=-1)", "np.sum(S[..., rank:], axis=-1)"),
        ),
    ),
)
