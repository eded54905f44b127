"""Drift and error along a growing ridge."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Inequality, Sides, Statement, saboteur
from lrtheory.continual_learning import theory
from proofs_checks.continual_learning.families.runs import FORMS, collected, written_in
from proofs_checks.continual_learning.families.streams import HELD, STREAMS, Stream
from proofs_checks.continual_learning.families.truths import allowances, beside, energy, of_forms, truth
from proofs_checks.continual_learning.families.wrong_edits import in_all_forms

Found = dict[str, Any]
#: the ridges of a path
RIDGES = (Fraction(1, 4), Fraction(1), Fraction(4), Fraction(16))


def along_ridges(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits with each of four ridges."""
    streams = [replace(stream, ridge=ridge) for ridge in RIDGES]
    return collected(
        [
            {"weights": np.stack([written_in(one, form)["weights"][-1] for one in streams])}
            for form in ("exact", FORMS[0])
        ]
    )


def of_one_ridge(stream: Stream, rng: np.random.Generator | None = None, wrong: str = "first") -> Found:
    """Use the first ridge for all of them, or divide by the ridge where it multiplies."""
    ridges = [RIDGES[0] if wrong == "first" else 1 / ridge for ridge in RIDGES]
    if wrong == "still":
        return in_all_forms(2, {"weights": np.stack([truth(stream).start] * len(RIDGES))})
    maps = [theory.ridge_solution(stream.W0, stream.pairs, **(stream.weights | {"ridge": one})) for one in ridges]
    return in_all_forms(2, {"weights": np.stack(maps)})


def ridge_path(stream: Stream, found: Found, alone: bool = False) -> Sides:
    """Compare drifts and errors of neighboring ridges, and each cost with the least one."""
    pairs: list[Any] = []
    for one, *_ in of_forms(stream, found, weights=(len(RIDGES), *np.shape(stream.W0))):
        drifts, joint = [], []
        for ridge, W in zip(RIDGES, one["weights"], strict=True):
            case = replace(stream, ridge=ridge)
            true = truth(case, W.dtype == object)
            error = 0.0 if true.is_exact else allowances(case)[2]
            anchors = 0 if alone else true.weight * energy(true.anchors @ (W - true.start))
            missed = sum((energy(K @ W - V) for K, V in true.edits), start=anchors)
            drifts.append((energy(W - true.start), error))
            joint.append((missed, error))
            pairs.append((true.cost(len(true.edits), W), true.cost(len(true.edits), true.maps[-1]), error))
        pairs += [(b, a, e + f) for (a, e), (b, f) in pairwise(drifts)]
        pairs += [(a, b, e + f) for (a, e), (b, f) in pairwise(joint)]
    return beside(pairs)


def monotone(alone: bool = False) -> Inequality:
    """Make the claim about a growing ridge."""
    return Inequality(
        partial(ridge_path, alone=alone), unbounded="a map may be as far away, and as wrong, as its solver likes"
    )


RL_17 = Statement(
    id="continual_learning/RL-17",
    title="A larger ridge means less drift and a larger joint error",
    says=(
        "As the ridge lambda^2 grows, with the weight mu^2 of the anchors K_0 and all edits as they are, the drift of "
        "the map W from W_0 does not grow, and the squared error of all edits plus mu^2 times the squared change of "
        "the anchors' outputs does not fall; each map has the least cost for its own ridge. The error of the edits "
        "alone may fall, so that a ridge must not be searched by it."
    ),
    source=Classical("a penalty and its weight", "Boyd, Vandenberghe, Convex Optimization, 4.7.5"),
    tex=(
        r"\lambda \le \lambda' \Rightarrow \|W' - W_0\| \le \|W - W_0\|,\ \|KW - V\|^2 + \mu^2 \|K_0 (W - W_0)\|^2 \le "
        r"\|KW' - V\|^2 + \mu^2 \|K_0 (W' - W_0)\|^2"
    ),
    hypotheses=HELD,
    instances=STREAMS,
    solve=along_ridges,
    claim=monotone(),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("the error of the edits alone", claim=monotone(alone=True)),
        saboteur("one ridge for all", solve=of_one_ridge),
        saboteur("divided by the ridge", solve=partial(of_one_ridge, wrong="inverse")),
        saboteur("does nothing", solve=partial(of_one_ridge, wrong="still")),
    ),
)
