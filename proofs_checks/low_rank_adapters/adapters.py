"""Adapters of every kind: their gradients, their free numbers, and updates by chance: AD-1, AD-2 and AD-4."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Expectation, Identity, Sides, Statement, saboteur
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.baselines import random_linear
from lrtheory.low_rank_adapters.kinds.hadamard import HadamardAdapter
from lrtheory.low_rank_adapters.kinds.lora import LoRAXS, lora
from lrtheory.low_rank_adapters.kinds.randlora import RandLoRA
from lrtheory.low_rank_adapters.kinds.uni_lora import UniLoRA
from lrtheory.low_rank_adapters.kinds.vera import VeRA
from proofs_checks.guards import square
from proofs_checks.low_rank_adapters.families.adapters import (
    BATCHES,
    FREE,
    FREE_NUMBERS,
    SAME_BASES,
    Case,
    Pulled,
    build,
    components,
    derivatives,
    exact_rank,
    is_case,
    is_pulled,
    somewhere,
)
from proofs_checks.low_rank_adapters.families.targets import CHANCES, Chance, is_chance


def pulled_back(case: Pulled, rng: np.random.Generator | None = None) -> dict[str, dict[str, np.ndarray]]:
    """Return the gradients in the trained arrays, from the gradient in the weight and from a batch."""
    adapter = build(case)
    return {
        "whole": adapter.gradient(case.outputs.T @ case.inputs),
        "batch": adapter.gradient_at(case.inputs, case.outputs),
    }


def adjoint(case: Pulled, found: dict[str, dict[str, np.ndarray]]) -> Sides:
    """Compare both gradients with what the update itself changes, trained number by trained number."""
    due = derivatives(case) @ (case.outputs.T @ case.inputs).ravel()
    lines = [np.concatenate([np.asarray(one[name]).ravel() for name in case.names]) for one in found.values()]
    return Sides(np.concatenate(lines), np.concatenate([due, due]))


AD_1 = Statement(
    id="low_rank_adapters/AD-1",
    title="The gradients of an adapter are those of its update",
    says=(
        "A loss has the gradient G in the merged weight. For every kind of adapter, with J the derivative of its "
        "update in the trained numbers theta, the gradient in theta is J^T G, also where G = dY^T X is given by a "
        "batch alone: for each step h the inner products <J h, G> and <h, J^T G> are equal."
    ),
    source=Derived(theory.central_difference),
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


def counted(case: Case, rng: np.random.Generator | None = None) -> dict[str, int]:
    """Return the free and the trained numbers that the library reports."""
    adapter = build(case)
    return {"dimension": adapter.dimension, "n_parameters": adapter.n_parameters}


def free_numbers(case: Case, found: dict[str, int], gauges: int | None = None, kinds: tuple[str, ...] = FREE) -> Sides:
    """Compare the reported numbers, and the formula of the kind, with the exact rank of the derivative."""
    truth = exact_rank(derivatives(replace(somewhere(case), scale=1.0)))
    size = sum(one.size for one in case.trained)
    if gauges is not None:
        return Sides(truth, min(size - gauges, int(np.prod(case.shape))) if case.kind in kinds else truth)
    graph = {"vera": "B", "randlora": "A"}.get(case.kind)
    formula = theory.adapter_dimension(
        case.kind,
        case.shape,
        rank=case.rank,
        n_blocks=len(case.named["bases"]) if case.kind == "randlora" else 1,
        n_parts=components(case.named[graph]) if graph else 1,
    )
    # a middle matrix has two ranks, and the formula is for one
    formula = truth if case.kind == "lora-xs" else formula
    return Sides(
        np.array([found["dimension"], found["n_parameters"], formula]), np.array([truth, size, truth], dtype=int)
    )


def is_generic(case: Case) -> bool:
    """Decide whether frozen arrays are as the formulas need them: independent rows, and a weight without 0."""
    x = case.named
    if case.kind == "hadamard":
        return bool((x["W"] != 0).all())
    if case.kind == "randlora":
        joint = np.concatenate(list(x["bases"]), axis=1)
        return exact_rank(joint) == joint.shape[1]
    if case.kind == "lora-xs":
        return exact_rank(x["B"]) == min(x["B"].shape) and exact_rank(x["A"]) == min(x["A"].shape)
    return case.kind not in ("vera", "lora-fa") or exact_rank(x["A"]) == len(x["A"])


AD_2 = Statement(
    id="low_rank_adapters/AD-2",
    title="Free numbers are trained numbers less rescalings",
    says=(
        "The dimension of an adapter is the rank of the derivative J of its update at a generic point theta: the "
        "number p of its trained numbers less the dimension g of the changes of them that keep the update, such as "
        "rescalings of one factor against the other. The library reports it for every kind but Uni-LoRA."
    ),
    source=Derived(theory.adapter_dimension),
    tex=r"\mathrm{rank}\,J(\theta) = p - g",
    hypotheses={
        "an adapter of another kind than Uni-LoRA": lambda case: is_case(case) and case.kind != "uni-lora",
        "frozen arrays in general position": is_generic,
    },
    instances=FREE_NUMBERS,
    solve=counted,
    claim=Identity(free_numbers),
    saboteurs=(
        saboteur("no rescaling is subtracted", claim=Identity(partial(free_numbers, gauges=0))),
        saboteur(
            "a single rescaling for all bases", claim=Identity(partial(free_numbers, gauges=1, kinds=("randlora",)))
        ),
        saboteur(
            "one rescaling where the graph has two parts",
            patch=(VeRA.dimension, "gauge_count(B * (A != 0).any(axis=1))", "1"),
        ),
        saboteur("twice the same basis", breaks="frozen arrays in general position", instances=SAME_BASES),
    ),
)


def caught(case: Chance, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return the projections of the target onto n random subspaces."""
    start = lora(np.zeros((len(case.target), case.rank)), np.zeros((case.rank, case.target.shape[1])))
    return np.array([random_linear(start, case.target, rng=rng).adapter.delta() for _ in range(n)])


def shares(case: Chance, found: np.ndarray) -> np.ndarray:
    """Return the share of the target that each projection captures."""
    rest = ((case.target - found) ** 2).sum(axis=(1, 2))
    return np.asarray(1 - rest / square(case.target))


def mean_share(due: Callable[[Chance], float]) -> Expectation:
    """Make the claim about the mean of the captured share."""
    return Expectation(sample=shares, equals=due, within=lambda case: 0.08, support=lambda case: (0.0, 1.0))


AD_4 = Statement(
    id="low_rank_adapters/AD-4",
    title="A random subspace captures on average the share of its dimension",
    says=(
        "A uniformly random linear subspace of K dimensions captures, on average, the share K / (m n) of the squared "
        "norm of any target with m rows and n columns. So LoRA of rank r beats a random linear adapter of its own "
        "dimension where the share that it leaves is below 1 - r (m + n - r) / (m n)."
    ),
    source=Derived(theory.random_capture),
    tex=r"\mathbb E\,\|P D\|^2 / \|D\|^2 = K/(mn)",
    hypotheses={"a target other than 0, and a rank below its smaller side": is_chance},
    instances=CHANCES,
    solve=caught,
    decisions=("outcome",),
    claim=mean_share(lambda case: float(theory.random_capture(case.dimension, case.target.shape))),
    saboteurs=(
        saboteur(
            "rescalings are forgotten in the dimension",
            claim=mean_share(lambda case: min(1.0, case.rank * sum(case.target.shape) / case.target.size)),
        ),
        saboteur(
            "the share of the smaller side",
            claim=mean_share(lambda case: min(1.0, case.dimension / min(case.target.shape))),
        ),
        saboteur(
            "as many dimensions captured as missed",
            patch=(random_linear, "draws.beta(K / 2, (size - K) / 2)", "draws.beta(K / 2, K / 2)"),
        ),
    ),
)
