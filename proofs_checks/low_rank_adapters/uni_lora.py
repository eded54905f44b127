"""Uni-LoRA: an isometry onto factors, its nearest points, and the size of what it makes: UL-1, 2, 3 and 5."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.kinds.uni_lora import UniLoRA, uni_lora
from lrtheory.low_rank_adapters.reach.exact import grouped
from proofs_checks.guards import misfit, square
from proofs_checks.low_rank_adapters.families.uni_lora import (
    ENUMERATED,
    LINES,
    SHARED,
    Line,
    Shared,
    is_line,
    is_shared,
    layers,
)

Factors = list[tuple[np.ndarray, np.ndarray]]


def made(case: Shared, rng: np.random.Generator | None = None, *, own: bool = False) -> Factors:
    """Return the factors B and A of all layers."""
    return [adapter.factors() for adapter in layers(case, own=own)]


def fits(case: Shared, found: Factors) -> Sides | None:
    """Return sides that fail where factors have other shapes than those of their layers."""
    shapes = [((m, case.rank(k)), (case.rank(k), n)) for k, (m, n) in enumerate(case.shapes)]
    pairs = [pair for one, shape in zip(found, shapes, strict=True) for pair in zip(one, shape, strict=True)]
    return misfit(*pairs)


def isometry(case: Shared, found: Factors, *, squared: bool = True) -> Sides:
    """Compare the vector with its recovery from all factors, and its squared norm with that of the factors."""
    if (wrong := fits(case, found)) is not None:
        return wrong
    line = np.concatenate([np.concatenate([A.ravel(), B.ravel()]) for B, A in found])
    recovered = np.bincount(np.concatenate(case.places), line, len(case.theta))
    recovered = recovered / (np.sqrt(case.sizes) if squared else case.sizes)
    energy = square(case.theta)
    lhs, rhs = np.r_[recovered, square(line)], np.r_[case.theta, energy]
    return Sides(lhs, rhs, rounding=rounding(4 * (len(line) + 8), np.r_[0 * case.theta + np.sqrt(energy), energy]))


UL_1 = Statement(
    id="low_rank_adapters/UL-1",
    title="One vector spreads over all factors without a change of length",
    says=(
        "P theta are the entries of the factors of all layers: those of group j are theta_j / sqrt(n_j), with n_j the "
        "number of entries of group j over all layers. Where no group is empty P^T P is the identity, so P^T recovers "
        "theta, and P theta has the norm of theta."
    ),
    source=Derived(theory.projection_gram),
    tex=r"P^\top P = I_d",
    hypotheses={"layers that use each place of the vector": is_shared},
    instances=SHARED,
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


def to_means(case: Line, found: np.ndarray, *, sums: bool = False) -> Sides:
    """Compare the nearest entries with the means of groups, and the squared distance with its formula."""
    if (wrong := misfit((found, case.values.shape))) is not None:
        return wrong
    v, groups = case.values, case.groups
    means = np.array([(v[groups == g].sum() if sums else v[groups == g].mean()) for g in groups])
    due = float(theory.group_residual(v, groups, case.n_groups))
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
    source=Derived(theory.group_residual),
    tex=r"\min_\theta\|v - P\theta\|^2 = \textstyle\sum_j\sum_{i \in j}(v_i - \mathrm{mean}_j)^2",
    hypotheses={"a line in groups, of which none is empty": is_line},
    instances=LINES,
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


def expected(case: Line, rng: np.random.Generator | None = None) -> Fraction:
    """Return the formula."""
    found = theory.expected_group_residual([Fraction(x) for x in case.values.tolist()], case.n_groups)
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
    source=Derived(theory.expected_group_residual),
    tex=r"\mathbb E\|v - PP^\top v\|^2 = \tfrac{D - d}{D - 1}\textstyle\sum_i (v_i - \bar v)^2",
    hypotheses={"a line in groups, of which none is empty": is_line},
    instances=ENUMERATED,
    solve=expected,
    claim=Identity(over_all),
    closed="the claim is about a formula, which is compared with the mean over all assignments",
    saboteurs=(
        saboteur("the mean is not removed", claim=Identity(partial(over_all, centered=False))),
        saboteur(
            "a share of all numbers, not of all but one",
            patch=(theory.expected_group_residual, "(size - d) / (size - 1)", "(size - d) / size"),
        ),
    ),
)


def updates(case: Shared, rng: np.random.Generator | None = None) -> Factors:
    """Return the factors of all layers."""
    return made(case)


def short(case: Shared, found: Factors, factor: float = 1.0) -> Sides:
    """Compare the norm of each update, and the sum of all, with half of the squared norm of the vector."""
    if (wrong := fits(case, found)) is not None:
        return wrong
    holds = isometry(case, found)
    if (np.abs(holds.lhs - holds.rhs) > holds.rounding).any():
        return Sides(np.abs(holds.lhs - holds.rhs), 0 * holds.rhs, trivial=np.inf, least=-1.0, rounding=holds.rounding)
    lengths = np.array([np.sqrt(square(B @ A)) for B, A in found])
    limit = factor * float(theory.norm_ceiling(square(case.theta)))
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
    source=Derived(theory.norm_ceiling),
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
