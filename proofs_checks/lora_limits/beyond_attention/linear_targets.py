"""Adapters that reach a linear target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import pairwise
from typing import Any

import numpy as np

from lrtheory._types import ArrayLike
from lrtheory.bounds import Derived, Draws, Family, Identity, Inequality, Sides, Statement, formula, rounding, saboteur
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.theory import scalings
from lrtheory.lora_limits.theory.scalings import _layers


def product(layers: Any) -> np.ndarray:
    """Multiply the layers to W_n ... W_1."""
    found = np.eye(layers[0].shape[0])
    for W in layers:
        found = W @ found
    return found


@dataclass(frozen=True)
class Linear:
    """Layers (n, D, D), a target (D, D), the rank of each adapter, and other adapters to compare with, as factors."""

    layers: np.ndarray
    target: np.ndarray
    rank: int
    left: np.ndarray
    right: np.ndarray

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of products and of inverses."""
        # adapters are made by solving with products of layers, whose conditions multiply
        condition = np.prod([np.linalg.cond(W) for W in self.layers])
        partial = max((np.linalg.cond(W) for W in self.partial_sums), default=1.0)
        size = 1 + np.linalg.norm(self.target) + np.prod([np.linalg.norm(W) for W in self.layers])
        return rounding(256 * len(self.target) ** 2 * len(self.layers), size * condition * partial)

    @property
    def missing(self) -> np.ndarray:
        """target - W_n ... W_1."""
        return self.target - product(self.layers)

    @property
    def partial_sums(self) -> list[np.ndarray]:
        """W_n ... W_1 + E_1 + ... + E_l."""
        U, s, V = np.linalg.svd(self.missing)
        base = product(self.layers)
        kept = [self.rank * layer for layer in range(1, len(self.layers) + 1)]
        return [base + (U[:, :k] * s[:k]) @ V[:k] for k in kept]


def adapted(case: Linear, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the library's adapters, (n, D, D)."""
    return np.array(scalings.adapters_for_linear_target(list(case.layers), case.target, rank=case.rank))


def linear(seed: int, D: int, n: int, rank: int) -> Linear:
    """Gaussian layers and target."""
    rng = np.random.default_rng(seed)
    return Linear(
        rng.normal(size=(n, D, D)),
        rng.normal(size=(D, D)),
        rank,
        rng.normal(size=(n, D, rank)),
        rng.normal(size=(n, rank, D)),
    )


def draw_linear(draws: Draws) -> Linear:
    """Layers near the identity, two or three coordinates."""
    D, n = draws.integers(2, 3), draws.integers(1, 2)
    rank = draws.integers(1, 1)
    # near the identity they are invertible, and the target is far enough that partial sums are, too
    layers = np.eye(D) + draws.integers(-2, 2, shape=(n, D, D)) / 8
    others = [draws.integers(-2, 2, shape=shape) / 2 for shape in ((n, D, rank), (n, rank, D))]
    target = 4 * np.eye(D) + draws.integers(-4, 4, shape=(D, D)) / 8
    return Linear(layers, target, rank, *others)


LINEAR = Family(
    "linear-targets",
    always=(linear(0, 1, 1, 1), linear(1, 4, 1, 2), linear(2, 6, 2, 2), linear(3, 7, 3, 1)),
    draw=draw_linear,
)


def one_rank_more(case: Linear, rng: np.random.Generator) -> np.ndarray:
    """Use blocks of one singular triple more."""
    # they come closer to the target than claimed, but their rank is too high
    return adapted(replace(case, rank=case.rank + 1))


def last_inverse_dropped(case: Linear, rng: np.random.Generator) -> np.ndarray:
    """Use D_l = (W_n ... W_{l+1})^-1 E_l, without the inverse of the adapted layers before it."""
    # subtle: for the first layer the inverse is that of the identity, so with one layer nothing is wrong
    sums = [product(case.layers), *case.partial_sums]
    blocks = [after - before for before, after in pairwise(sums)]
    behind = [product([np.eye(len(case.target)), *case.layers[k + 1 :]]) for k in range(len(case.layers))]
    return np.array([np.linalg.solve(W, E) for W, E in zip(behind, blocks, strict=True)])


def is_regular(case: Linear) -> bool:
    """Return whether layers and partial sums are invertible, with condition numbers below 2^16."""
    # beyond it inverses lose so many digits that the claim would compare rounding
    return all(np.linalg.cond(W) < 2**16 for W in (*case.layers, *case.partial_sums[:-1]))


REGULAR = {"invertible layers and partial sums": is_regular}


@formula(R="[0, inf)")
def linear_target_error(weights: Sequence[ArrayLike], target: ArrayLike, R: int) -> float:
    """The smallest spectral distance that adapters of rank R in each layer can reach.

    The network is W_n ... W_1, with W_1, ..., W_n in `weights`, and `target` is the matrix to be reached.

    It is 0 where R n reaches the size of the matrices.

    Proof
    -----
    Assumes: shapes fit (checked here).

    Proof: The product with adapters differs from W_n ... W_1 by a matrix of rank at most R n: replacing the layers one
    at a time changes it by products with one adapter each. So by Eckart and Young no choice is closer than sigma_{R n +
    1}; `theory.adapters_for_linear_target` attains it.

    References
    ----------
    .. [1] Y. Zeng, K. Lee, The Expressive Power of Low-Rank Adaptation, ICLR 2024 (recalled).
    """
    layers, goal = _layers(weights, target)
    values = np.linalg.svd(goal - reduce(lambda product, W: W @ product, layers), compute_uv=False)
    kept = R * len(layers)
    return float(values[kept]) if kept < len(values) else 0.0


def reaches(case: Linear, found: np.ndarray, short: int = 0) -> Sides:
    """Compare the distance to the target with the least one, that with other adapters', and ranks with R."""
    best = linear_target_error(list(case.layers), case.target, case.rank + short)
    distance = np.linalg.norm(product(case.layers + found) - case.target, 2)
    # other adapters of the same rank, so that the least distance is a claim about all and not only about ours
    other = np.linalg.norm(product(case.layers + case.left @ case.right) - case.target, 2)
    beyond = np.linalg.svd(found, compute_uv=False)[:, case.rank :].ravel()
    lhs = np.r_[distance, best, beyond]
    return Sides(lhs, np.r_[best, other, 0 * beyond], rounding=case.rounding_bound)


LL_S1 = Statement(
    id="lora_limits/LL-S1",
    title="Adapters of low rank reach a linear target as well as any",
    says=(
        "W_l are the n invertible layers of a linear network. With adapters Delta_l of rank at most R in all layers "
        "its product comes as close to a target matrix (W with a bar), in spectral norm, as singular value R n + 1 of "
        "the target less the product of the W_l."
    ),
    source=Derived(theory.adapters_for_linear_target),
    tex=(
        r"\min_{\mathrm{rank}\,\Delta_l \le R}\|\textstyle\prod(W_l + \Delta_l) - \bar W\|_2 = "
        r"\sigma_{Rn+1}(\bar W - \prod W_l)"
    ),
    hypotheses=REGULAR,
    instances=LINEAR,
    solve=adapted,
    claim=Inequality(reaches, unbounded="adapters may lead any distance away"),
    decisions=("outcome",),
    saboteurs=(
        # a singular value further on, which is smaller unless they agree
        saboteur("as good as one rank more", claim=Inequality(partial(reaches, short=1))),
        saboteur("blocks of one rank more", solve=one_rank_more),
        saboteur("the last inverse is dropped", solve=last_inverse_dropped),
    ),
    notes="The statement was recalled, the construction is derived here.",
)


def telescopes(case: Linear, found: np.ndarray) -> Sides:
    """Compare W_n ... W_{l+1} (W_l + D_l) ... (W_1 + D_1) with W_n ... W_1 + E_1 + ... + E_l, for every l."""
    n = len(case.layers)
    moved = case.layers + found
    lhs = [product(np.concatenate([moved[:k], case.layers[k:]])) for k in range(1, n + 1)]
    return Sides(np.array(lhs), np.array(case.partial_sums), rounding=case.rounding_bound)


LL_P9 = Statement(
    id="lora_limits/LL-P9",
    title="Adapters add one block of singular triples each",
    says=(
        "P_l is the product of the first l layers W with their adapters Delta, S_l that of the frozen layers after "
        "them. Each adapter adds one block E_l to the whole product S_l P_l: the next singular triples of what the "
        "target differs from the frozen product."
    ),
    source=Derived(theory.adapters_for_linear_target),
    tex=r"S_lP_l = S_{l-1}P_{l-1} + E_l,\quad S_l = W_n\cdots W_{l+1},\ P_l = (W_l + \Delta_l)\cdots(W_1 + \Delta_1)",
    hypotheses=REGULAR,
    instances=LINEAR,
    solve=adapted,
    claim=Identity(telescopes),
    saboteurs=(
        saboteur("blocks of one rank more", solve=one_rank_more),
        saboteur(
            # right for the last layer, behind which there is none
            "layers behind are not undone",
            patch=(scalings.adapters_for_linear_target, "np.linalg.solve(behind, np.linalg", "(np.linalg"),
        ),
    ),
)
