"""Distances of Hadamard adapters: HU-2 with zeros in the weight, HU-3 without, HU-4 for a weight of rank one."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.reach import entries
from proofs_checks.guards import signed_square, square
from proofs_checks.low_rank_adapters.distances import Found, checked, tail
from proofs_checks.low_rank_adapters.families.spectra import values
from proofs_checks.low_rank_adapters.families.targets import (
    FULL_RANK,
    RANK_ONE,
    WEIGHTS,
    WITH_ZEROS,
    Aimed,
    only,
    reached,
)


def unrevived(case: Aimed, found: Found, *, weight: Any = np.asarray) -> Sides:
    """Compare the formula of a weight with the reported bound, and that with the errors of two updates."""
    W, lower = case.scale * case.named["W"], signed_square(found["lower"])
    least = float(theory.hadamard_floor(case.target, weight(W)))
    rows, columns = W.any(axis=1), W.any(axis=0)
    live = W[rows][:, columns]
    sizes = np.abs(live) if live.size else np.ones(1)
    if live.size and live.all():
        rest = tail(case.target[rows][:, columns] / live, case.rank)
        least += float(theory.hadamard_bracket(rest, sizes.min(), sizes.max())[0])
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
    source=Derived(theory.hadamard_floor),
    tex=r"\mathrm{dist}^2 \ge \textstyle\sum_{W_{ij} = 0} D_{ij}^2",
    hypotheses={
        "a Hadamard adapter, and a target of its shape": only("hadamard"),
        "a weight with a zero": lambda case: bool((case.named["W"] == 0).any()),
    },
    instances=WITH_ZEROS,
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


def weighed(case: Aimed, found: Found, *, mean: bool = False) -> Sides:
    """Compare both ends of the bracket with the reported bound, the errors of two updates, and that of a third."""
    sizes = np.abs(case.scale * case.named["W"])
    wrong, error = checked(case, found, exact=bool(sizes.min() == sizes.max()))
    W, rank = case.scale * case.named["W"], case.rank
    U, s, Vt = np.linalg.svd(case.target / W, full_matrices=False)
    best = square(case.target - W * ((U[:, :rank] * s[:rank]) @ Vt[:rank]))
    ends = (float(sizes.mean()),) * 2 if mean else (float(sizes.min()), float(sizes.max()))
    low, high = theory.hadamard_bracket(square(s[rank:]), *ends)
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
    source=Derived(theory.hadamard_bracket),
    tex=r"\min|W|^2\,t \le \mathrm{dist}^2 \le \max|W|^2\,t,\quad t = \textstyle\sum_{i > r}\sigma_i(D/W)^2",
    hypotheses={
        "a Hadamard adapter, and a target of its shape": only("hadamard"),
        "a weight without zeros": lambda case: bool((case.named["W"] != 0).all()),
    },
    instances=WEIGHTS,
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


def as_lora(case: Aimed, found: Found, *, halved: bool = False) -> Sides:
    """Compare the lower bound and the error of the nearest adapter with the distance to LoRA of the same rank."""
    wrong, error = checked(case, found, exact=True)
    due = float(theory.hadamard_rank_one_energy(values(case.target), case.rank))
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
    source=Derived(theory.hadamard_rank_one_energy),
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
            patch=(entries.fitted_entries, "np.sum(S[..., rank:] ** 2, axis=-1)", "np.sum(S[..., rank:], axis=-1)"),
        ),
    ),
)
