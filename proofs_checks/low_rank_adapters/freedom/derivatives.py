"""Gradients of adapters of every kind, by the derivatives of their updates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory.bounds import Derived, Draws, Family, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.low_rank_adapters.kinds.hadamard import HadamardAdapter
from lrtheory.low_rank_adapters.kinds.lora import LoRAXS
from lrtheory.low_rank_adapters.kinds.randlora import RandLoRA
from lrtheory.low_rank_adapters.kinds.tera import TeRA
from lrtheory.low_rank_adapters.kinds.uni_lora import UniLoRA
from lrtheory.low_rank_adapters.kinds.vera import VeRA
from proofs_checks.low_rank_adapters.families.adapters import (
    Case,
    build,
    draw_case,
    ends_of,
    is_case,
    one_of_each,
    smallest,
    with_more,
)


@dataclass(frozen=True, kw_only=True)
class Pulled(Case):
    """An adapter, inputs (T, d_in) of its layer, and the gradients (T, d_out) of a loss in the outputs."""

    inputs: np.ndarray
    outputs: np.ndarray


def is_pulled(case: Pulled) -> bool:
    """Decide whether inputs and gradients of outputs fit to the adapter, too."""
    T = len(case.inputs)
    return is_case(case) and [case.inputs.shape, case.outputs.shape] == [(T, side) for side in case.shape[::-1]]


def draw_pulled(draws: Draws, **options: Any) -> Pulled:
    """Draw an adapter and a batch."""
    case, T = draw_case(draws, **options), draws.integers(1, 3)
    X, dY = (draws.integers(-3, 3, shape=(T, side)).astype(float) for side in case.shape[::-1])
    return with_more(Pulled, case, inputs=X, outputs=dY)  # type: ignore[no-any-return]


def pulled(case: Case) -> Pulled:
    """Add a batch of two to an adapter."""
    X, dY = (1.0 + np.arange(2.0 * side).reshape(2, side) % 5 for side in case.shape[::-1])
    return with_more(Pulled, case, inputs=X, outputs=dY)  # type: ignore[no-any-return]


BATCHES = Family(
    "adapters-and-batches",
    always=lambda: (pulled(smallest()), *map(pulled, one_of_each())),
    draw=draw_pulled,
)


def pulled_back(case: Pulled, rng: np.random.Generator | None = None) -> dict[str, dict[str, np.ndarray]]:
    """Return the gradients in the trained arrays, from the gradient in the weight and from a batch."""
    adapter = build(case)
    return {
        "whole": adapter.gradient(case.outputs.T @ case.inputs),
        "batch": adapter.gradient_at(case.inputs, case.outputs),
    }


@formula(ahead="m x n", behind="m x n", G="m x n")
def central_difference(ahead: np.ndarray, behind: np.ndarray, G: np.ndarray) -> Number:
    """<h, J^T G>, from the updates `ahead`, after the step h, and `behind`, after -h.

    Proof
    -----
    Assumes: the update is a polynomial of degree at most 2 in the block that moves (the kinds, each of which is linear
    in every trained block, but for the vector of Uni-LoRA, of which both factors are linear functions).

    Proof: a polynomial p of degree 2 has p(h) - p(-h) = 2 p'(0) h, since even terms cancel. So ahead - behind = 2 J h
    without a remainder, and <J h, G> = <h, J^T G>.
    """
    twice = plain(((ahead - behind) * G).sum())
    half = exact(twice) / 2 if isinstance(twice, int) else twice / 2
    return int(half) if getattr(half, "denominator", 0) == 1 else half


def adjoint(case: Pulled, found: dict[str, dict[str, np.ndarray]]) -> Sides:
    """Compare both gradients with what the update itself changes, trained number by trained number."""
    G = case.outputs.T @ case.inputs
    due = [central_difference(ahead, behind, G) for ahead, behind in ends_of(case)]
    lines = [np.concatenate([np.asarray(one[name]).ravel() for name in case.names]) for one in found.values()]
    return Sides(np.concatenate(lines), np.array([*due, *due]))


AD_1 = Statement(
    id="low_rank_adapters/AD-1",
    title="The gradients of an adapter are those of its update",
    says=(
        "A loss has the gradient G in the merged weight. For every kind of adapter, with J the derivative of its "
        "update in the trained numbers theta, the gradient in theta is J^T G, also where G = dY^T X is given by a "
        "batch alone: for each step h the inner products <J h, G> and <h, J^T G> are equal."
    ),
    source=Derived(central_difference),
    tex=r"\langle J(\theta) h, G\rangle = \langle h, J(\theta)^T G\rangle",
    hypotheses={"an adapter, and a batch that fits": is_pulled},
    instances=BATCHES,
    solve=pulled_back,
    claim=Identity(adjoint),
    saboteurs=(
        saboteur(
            "the scale is missing in the gradient of the middle matrix",
            patch=(
                LoRAXS._pulled,
                'self.scale * (transposed(self.frozen["B"])',
                '1.0 * (transposed(self.frozen["B"])',
            ),
        ),
        saboteur(
            "the vector is not divided by the roots of sizes",
            patch=(UniLoRA._pulled, "(sums / self._roots())", "sums"),
        ),
        saboteur(
            "the gradient of one vector of VeRA forgets the other one",
            patch=(VeRA._pulled, 'weighted @ self.params["d"]', "weighted.sum(axis=1)"),
        ),
        saboteur(
            "the core is forgotten",
            patch=(TeRA._pulled, "(inside * core)", "inside"),
        ),
        saboteur(
            "the weight is forgotten",
            patch=(HadamardAdapter._pulled, ' * self.frozen["W"]', ""),
        ),
        saboteur(
            "the gradient of one set of vectors of RandLoRA forgets the other one",
            patch=(RandLoRA._pulled, "gammas[:, :, None]", "(1 + 0 * gammas[:, :, None])"),
        ),
    ),
    notes="Decided by differences of updates, which have no remainder: even terms of a polynomial of degree 2 cancel.",
)
