"""Bounds on the damage that edits do to old edits, anchors and weights, and its fall with the ridge: RL-4, 9 and 17."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Derived, Inequality, Sides, Statement, saboteur
from lrtheory.continual_learning import theory
from proofs_checks.continual_learning.families.runs import RIDGES, Found, along_ridges, written
from proofs_checks.continual_learning.families.streams import STREAMS, TIGHT_STREAMS, Stream
from proofs_checks.continual_learning.families.truths import (
    Truth,
    allowances,
    beside,
    energy,
    of_forms,
    path_of,
    truth,
)
from proofs_checks.continual_learning.recursion import HELD
from proofs_checks.continual_learning.wrong_solvers import edits as wrong


def is_written(true: Truth, W: np.ndarray, outputs: float) -> list[tuple[Any, Any, float, Any]]:
    """Return sides that hold where each edit leaves what RL-8 says, so that doing nothing does not pass."""
    sides = [(energy(W[0] - true.start), 0, outputs**2, 1 + energy(true.start))]
    due = true.formula(theory.edit_residual, np.stack(true.maps))
    for t, (K, V) in enumerate(true.edits):
        off = V - K @ W[t + 1] - due[t]
        sides.append((energy(off), 0, outputs**2 * max(1, off.size), max(energy(V - K @ true.maps[t]), outputs)))
    return sides


def quarter_law(stream: Stream, found: Found, constant: Fraction = Fraction(1, 4)) -> Sides:
    """Bound what old edits, weights and anchors pay at each edit, term by term, by a share of its squared surprise."""
    sides: list[Any] = []
    for one, true, (_, outputs, energies) in of_forms(stream, found, **path_of(stream)):
        W = one["weights"]
        for t, E in enumerate(true.surprises(W)):
            D, surprise = W[t + 1] - W[t], energy(E)
            paid = sum((energy(K @ D) for K, _ in true.edits[:t]), start=true.penalty(D))
            sides.append((paid, 4 * constant * theory.interference_bound(surprise), energies, surprise))
        sides += is_written(true, W, outputs)
    return beside([one[:3] for one in sides], [one[3] for one in sides])


RL_9 = Statement(
    id="continual_learning/RL-9",
    title="An edit moves all before it by at most half of its surprise",
    says=(
        "By edit t with the surprise E_t and the step D_t of the map, the outputs of ALL earlier edits, the weights "
        "and the anchors K_0, taken together, move by at most half of the surprise: sum_{i < t} of the squares of K_i "
        "D_t, plus lambda^2 that of D_t, plus mu^2 that of K_0 D_t, is at most a quarter of the square of E_t, "
        "whatever the keys, the ridge lambda^2, the weight mu^2 and the number of edits. And each edit leaves what "
        "RL-8 says."
    ),
    source=Derived(theory.interference_bound),
    tex=r"\sum_{i<t} \|K_i D_t\|^2 + \lambda^2 \|D_t\|^2 + \mu^2 \|K_0 D_t\|^2 \le \tfrac14 \|E_t\|^2",
    hypotheses=HELD,
    instances=TIGHT_STREAMS,
    solve=written,
    claim=Inequality(quarter_law),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("a fifth", claim=Inequality(partial(quarter_law, constant=Fraction(1, 5)))),
        saboteur("no inverse in the gain", solve=wrong.ungained),
        saboteur("the root of the ridge for the ridge", solve=wrong.rooted),
        saboteur("the anchors are left out", solve=wrong.without_anchors),
        saboteur("the covariance is never updated", solve=wrong.fixed),
        saboteur("targets that are residuals already", solve=wrong.released),
        saboteur("does nothing", solve=wrong.still),
    ),
    notes=(
        "Equality where the surprise lies in the eigenspace of K_t C K_t^T for the eigenvalue 1, as with the key 1 and "
        "the ridge 1. A solver that divides its steps keeps the bound, and fails by what it leaves."
    ),
)


def total_deviation(stream: Stream, found: Found, constant: Fraction = Fraction(1, 4)) -> Sides:
    """Bound the drift of weights and anchors after each edit by a share of the squared errors of the first map."""
    sides: list[Any] = []
    for one, true, (_, outputs, energies) in of_forms(stream, found, **path_of(stream)):
        W, total = one["weights"], 0
        for t, (K, V) in enumerate(true.edits):
            total = total + energy(V - K @ true.start)
            bound = 4 * constant * theory.deviation_bound(total)
            sides.append((true.penalty(W[t + 1] - true.start), bound, energies, total))
        sides += is_written(true, W, outputs)
    return beside([one[:3] for one in sides], [one[3] for one in sides])


RL_4 = Statement(
    id="continual_learning/RL-4",
    title="All edits move weights and anchors by at most half of the first map's errors",
    says=(
        "After any number of edits, lambda^2 times the squared change of the weights plus mu^2 times that of the "
        "outputs of the anchors K_0 is at most a quarter of the square of R_t, the errors of the first map W_0 on all "
        "edits. So the weights drift by at most the norm of R_t over 2 lambda, and the anchors over 2 mu. And each "
        "edit leaves what RL-8 says."
    ),
    source=Derived(theory.deviation_bound),
    tex=r"\lambda^2 \|W_t - W_0\|^2 + \mu^2 \|K_0 (W_t - W_0)\|^2 \le \tfrac14 \|R_t\|^2",
    hypotheses=HELD,
    instances=TIGHT_STREAMS,
    solve=written,
    claim=Inequality(total_deviation),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("a fifth", claim=Inequality(partial(total_deviation, constant=Fraction(1, 5)))),
        saboteur("the root of the ridge for the ridge", solve=wrong.rooted),
        saboteur("the anchors are left out", solve=wrong.without_anchors),
        saboteur("does nothing", solve=wrong.still),
    ),
    notes="Comparing the costs of the first and the last map gives 1 in the place of 1/4.",
)


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
        saboteur("one ridge for all", solve=wrong.of_one_ridge),
        saboteur("divided by the ridge", solve=partial(wrong.of_one_ridge, wrong="inverse")),
        saboteur("does nothing", solve=partial(wrong.of_one_ridge, wrong="still")),
    ),
)
