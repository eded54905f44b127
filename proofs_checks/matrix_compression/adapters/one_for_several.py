"""One adapter in the place of several: the nearest one truncates their mean.

Updates D_k = s_k B_k A_k have weights w_k with the sum W > 0, and their mean is sum_k w_k D_k / W. E_r(X) is the root
of the sum of the squares of all but the r largest singular values of X.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import plain
from lrtheory.bounds import Derived, Draws, Family, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.matrix_compression import merge_adapters
from proofs_checks.matrix_compression.families.exact import best_error, norm, product
from proofs_checks.matrix_compression.families.merges import MERGED, NAME, Merge, adapters, draw_merge, merges, numbers


def has_positive_sum(case: Merge) -> bool:
    """Decide whether the weights have a sum above 0, to which none of them is small."""
    return bool(sum(case.weights) >= 0.125 * max(map(abs, case.weights)) > 0)


def shares(case: Merge) -> tuple[float, ...]:
    """Return the weights divided by their sum."""
    return tuple(weight / sum(case.weights) for weight in case.weights)


def updates(case: Merge) -> list[np.ndarray]:
    """Return the updates without their weights."""
    return replace(case, weights=(1.0,) * len(case.B)).terms


def draw_several(draws: Draws) -> Merge:
    """Draw updates with weights of which some may be negative, and their sum not."""
    case = draw_merge(draws)
    weights = [draws.choice((1.0, 2.0, 0.5, 0.25)) for _ in case.B]
    weights[0] = draws.choice((-0.125, 1.0))
    return replace(case, weights=tuple(weights))


SEVERAL = Family(
    "updates-for-one",
    always=lambda: (
        numbers((1, 1), (2, 1)),
        numbers((1, 1), (2, 1), weights=(3.0, -1.0)),
        *(replace(one, weights=tuple(np.abs(one.weights).tolist())) for one in merges()[2:]),
        replace(merges()[5], rank=0),
    ),
    draw=draw_several,
)


def one_for_all(case: Merge, rng: np.random.Generator | None = None, normed: bool = True) -> dict[str, Any]:
    """Return the library's adapter for the mean of all updates."""
    weights = shares(case) if normed else case.weights
    module = merge_adapters(adapters(case), weights, rank=case.rank).adapter.modules[NAME]
    return {"B": module.B, "A": module.A, "scale": module.scale}


def first_alone(case: Merge, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Answer with the best adapter for the first update."""
    one = (1.0,) + (0.0,) * (len(case.B) - 1)
    module = merge_adapters(adapters(case), one, rank=case.rank).adapter.modules[NAME]
    return {"B": module.B, "A": module.A, "scale": module.scale}


@formula(spread="(-inf, inf)", W="(0, inf)", E="[0, inf)")
def least_squared_distance(spread: Number, W: Number, E: Number) -> Number:
    r"""The least weighted sum of squared distances of one matrix of rank r from the updates.

    `spread` is this sum for their mean, and E is E_r of the mean.

    Proof
    -----
    Assumes: W > 0, which is checked.

    Proof: the weighted differences between the updates and their mean add up to 0. So sum_k w_k \|D_k - Y\|^2 = sum_k
    w_k \|D_k - mean\|^2 + W \|mean - Y\|^2 for every Y, and among matrices of rank r the last term is least, and W
    E_r^2, at the best approximation of the mean. For W < 0 there is no least one.
    """
    return plain(spread + W * E * E)


def nearest_to_all(case: Merge, found: dict[str, Any], tail: bool = True) -> Sides:
    """Compare the weighted sum of squared distances of the adapter from all updates with the least one."""
    made, weights, W = product(found), case.weights, sum(case.weights)
    own = replace(case, weights=shares(case))
    mean, each = own.total, updates(case)
    spread = sum(w * norm(D - mean) ** 2 for w, D in zip(weights, each, strict=True))
    least = float(least_squared_distance(spread, W, best_error(mean, case.rank) if tail else 0.0))
    reach = sum(abs(w) * (norm(D) + norm(mean)) for w, D in zip(weights, each, strict=True))
    sides = sum(w * norm(D - made) ** 2 for w, D in zip(weights, each, strict=True)), least
    return Sides(*sides, rounding=4 * reach * own.allowed)


MG_5 = Statement(
    id="matrix_compression/MG-5",
    title="The nearest adapter to several ones truncates their mean",
    says=(
        "Updates D_k have weights w_k with the sum W > 0. The adapter of rank r that is merged with the weights w_k / W"
        " has the least weighted sum of squared distances from all of them: that of the mean D = sum_k w_k D_k / W "
        "itself, and W E_r(D)^2, where E_r(D) is the root of the sum of the squares of all but the r largest singular "
        "values of D."
    ),
    source=Derived(least_squared_distance),
    tex=r"\min_{\mathrm{rank}\,Y \le r}\sum_k w_k\|D_k - Y\|^2 = \sum_k w_k\|D_k - \bar D\|^2 + W E_r(\bar D)^2",
    hypotheses=MERGED | {"a sum of weights above 0": has_positive_sum},
    instances=SEVERAL,
    solve=one_for_all,
    claim=Identity(nearest_to_all),
    saboteurs=(
        saboteur("weights that are not divided by their sum", solve=partial(one_for_all, normed=False)),
        saboteur("the best adapter for one of them", solve=first_alone),
        saboteur("as near as the mean itself", claim=Identity(partial(nearest_to_all, tail=False))),
    ),
)
