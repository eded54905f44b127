"""A weight in the metric of its inputs: the best of a rank, how plain truncation compares, other inputs: PE-*."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.matrix_compression import theory
from lrtheory.matrix_compression.layers import truncate
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.families.exact import best_error, energies, norm, product
from proofs_checks.matrix_compression.families.layers import (
    LAYERS,
    ONE_SAMPLE,
    SPANNED,
    TAUGHT,
    Layer,
    Taught,
    both,
    distilled,
    has_all_directions,
    is_even,
    is_layer,
    is_taught,
    spanned,
    whitened,
)
from proofs_checks.matrix_compression.wrong_solvers import layers as wrong

GIVEN = {"inputs that fit the weight": is_layer, "inputs of similar sizes in their directions": is_even}


def best_at_output(case: Layer, found: dict[str, Any]) -> Sides:
    """Compare the error at the output with E_r(W X), all values with the true ones, the reported error with E_r."""
    spectrum, off = np.sqrt(energies(case.outputs)), (case.W - product(found)) @ case.X.T
    n = max(len(spectrum), len(found["values"]))
    values, wanted = (np.pad(x, (0, n - len(x))) for x in (found["values"], spectrum))
    least = norm(spectrum[case.rank :])
    lhs = [norm(off), found["error"] * norm(spectrum), *values]
    return Sides(np.array(lhs, float), np.array([least, least, *wanted]), rounding=case.allowed)


def best_of_weight(case: Layer, found: dict[str, Any]) -> Sides:
    """Compare the error at the output with that of the weight alone, times the largest direction of the inputs."""
    off = (case.W - product(found)) @ case.X.T
    most = best_error(case.W, case.rank) * float(case.input_values.max(initial=0.0))
    return Sides(norm(off), most, rounding=case.allowed)


PE_1 = Statement(
    id="matrix_compression/PE-1",
    title="The best weight of a rank truncates in the metric of the inputs",
    says=(
        "The inputs of a layer stand in the columns of X, and W' is the weight that is found. Its error at the output,"
        " |(W - W') X|, is E_r(W X), the least that any weight of rank r has: the root of the sum of the squares of "
        "all but the r largest singular values of W X. This holds for fewer samples than columns, too, and where X "
        "X^T alone is given."
    ),
    source=Derived(theory.layer_energy),
    tex=r"\|(W - W')X\| = E_r(WX) = \min_{\mathrm{rank}\,V \le r} \|(W - V)X\|",
    hypotheses=GIVEN,
    instances=LAYERS,
    solve=whitened,
    claim=Identity(best_at_output),
    saboteurs=(
        saboteur("inputs are not looked at", solve=wrong.plain),
        saboteur(
            "the covariance for its root",
            patch=(truncate._metric, "scaled @ (right * values)", "scaled @ (right * values**2)"),
        ),
        saboteur("the error of the weight alone", claim=Identity(best_of_weight)),
        saboteur("directions without inputs are kept", solve=wrong.ridge),
    ),
)


def condition(case: Layer) -> float:
    """Return sigma_max(X) / sigma_min(X) of inputs that span every direction."""
    return float(case.input_values[0] / case.input_values[-1])


def compared(case: Layer, found: dict[str, Any], share: float = 1.0) -> Sides:
    """Compare plain truncation with cond(X) times the best one, and the best one with it, at the output."""
    off = {name: norm((case.W - V) @ case.X.T) for name, V in found.items()}
    largest, cond = float(case.input_values[0]), condition(case)
    least, allowed = best_error(case.outputs, case.rank), case.allowed
    own = norm(case.W - found["plain"]) - best_error(case.W, case.rank)
    wrongly = np.array([off["whitened"] - least, own * largest])
    most = largest * norm(case.W)
    return unlike(wrongly, allowed) or Sides(
        np.array([off["plain"], off["whitened"]]),
        np.array([share * cond * least, off["plain"]]),
        trivial=most,
        rounding=allowed * (1 + cond),
    )


def root_of_condition(case: Layer, found: dict[str, Any]) -> Sides:
    """Compare plain truncation with the root of cond(X) times the best one."""
    off = norm((case.W - found["plain"]) @ case.X.T)
    least = best_error(case.outputs, case.rank)
    return Sides(off, float(np.sqrt(condition(case))) * least, trivial=np.inf, rounding=case.allowed)


PE_3 = Statement(
    id="matrix_compression/PE-3",
    title="Plain truncation is worse by the condition of the inputs at most",
    says=(
        "Where the inputs X of a layer span every direction, the truncation W_r of its weight alone has at most "
        "cond(X) = sigma_max(X) / sigma_min(X) times the least error E_r(W X) of any weight of rank r, measured at the"
        " output; and at least that error itself."
    ),
    source=Derived(theory.condition_limit),
    tex=r"E_r(WX) \le \|(W - W_r)X\| \le \mathrm{cond}(X)\, E_r(WX)",
    hypotheses=GIVEN | {"inputs that span every direction": has_all_directions},
    instances=SPANNED,
    solve=both,
    claim=Inequality(compared),
    saboteurs=(
        saboteur("fewer samples than columns", breaks="inputs that span every direction", instances=ONE_SAMPLE),
        saboteur(
            "the root of the condition",
            claim=Inequality(root_of_condition, unbounded="a truncation may err by any amount"),
        ),
        saboteur("inputs are not looked at", solve=wrong.plain_twice),
    ),
    notes="Attained in the limit by W = diag(1, 1 - t), X = diag(delta, 1), r = 1. Vacuous where nothing is left.",
)


def split(case: Taught, found: dict[str, Any]) -> Sides:
    """Compare the error at the outputs, and the one that is reported, with what no weight of the rank can avoid."""
    U, values = spanned(case.X)
    inside = U.T @ case.Y
    least = float(np.hypot(norm(case.Y - U @ inside), norm(np.linalg.svd(inside, compute_uv=False)[case.rank :])))
    off = norm(case.Y - case.X @ product(found).T)
    spread = float(values[0] / values[-1]) if len(values) else 1.0
    allowed = float(rounding(64 * (sum(case.X.shape) + case.Y.shape[1] + 8), norm(case.Y) * spread))
    return Sides(np.array([off, found["error"] * norm(case.Y)], float), np.array([least, least]), rounding=allowed)


def within_reach(case: Taught, found: dict[str, Any]) -> Sides:
    """Compare the error at the outputs with E_r(Y), as though the inputs reached all of them."""
    off = norm(case.Y - case.X @ product(found).T)
    return Sides(off, best_error(case.Y, case.rank), rounding=1e-9 * norm(case.Y))


PE_2 = Statement(
    id="matrix_compression/PE-2",
    title="The best weight for other inputs truncates projected outputs",
    says=(
        "A weight W' of rank r maps inputs X', those of a compressed network, as near as can be to outputs Y of the "
        "original one; samples stand in columns. Its squared error is |Y (I - P)|^2 + E_r(Y P)^2, P the projection "
        "onto the row space of X': E_r(Y P) is the root of the sum of the squares of all but the r largest singular "
        "values."
    ),
    source=Derived(theory.distilled_energy),
    tex=r"\|Y - W'X'\|^2 = \|Y(I - P)\|^2 + E_r(YP)^2",
    hypotheses={
        "inputs and outputs of the same samples": is_taught,
        "inputs of similar sizes in their directions": is_even,
    },
    instances=TAUGHT,
    solve=distilled,
    claim=Identity(split),
    saboteurs=(
        saboteur("the outputs are not looked at", solve=wrong.untaught),
        saboteur("inputs reach all outputs", claim=Identity(within_reach)),
        saboteur(
            "rows of the best outputs, without the inputs",
            patch=(truncate._metric, "back = np.ldexp((right / values).T", "back = np.ldexp((right * values).T"),
        ),
    ),
)
