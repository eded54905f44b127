"""Cosines that scale steps, and polynomials that push singular values: AU-*."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.optimizers.auon import cosh_excess
from lrtheory.low_rank_optimizers.optimizers.newton_schulz import iterated
from proofs_checks.low_rank_optimizers.families.curvature.directions import (
    QUINTIC,
    REACHES,
    RUNS,
    SPECTRA,
    VECTORS,
    Reach,
    Run,
    Spectral,
    Vector,
    excess,
    is_reach,
    is_run,
    is_short,
    is_spectral,
    pushed,
    reached,
    stepped,
)
from proofs_checks.low_rank_optimizers.families.curvature.inverses import BAD, Found
from proofs_checks.low_rank_optimizers.wrong_solvers import directions as wrong

CUBIC = (Fraction(3, 2), Fraction(-1, 2), Fraction(0))
STATED = "a solver may take any step"


def together(rows: list[tuple[Any, Any, Any]]) -> Sides:
    """Return sides with all entries of all rows: left, right, and what they may err by."""
    wide = [np.broadcast_arrays(*(np.asarray(part, float) for part in row)) for row in rows]
    lhs, rhs, allowed = (np.concatenate([np.ravel(row[place]) for row in wide]) for place in range(3))
    return Sides(lhs, rhs, rounding=allowed)


def mean_square_sine(x: np.ndarray) -> float:
    """Return the mean of squared hyperbolic sines, summed without rounding."""
    return math.fsum(math.sinh(float(value)) ** 2 for value in x.ravel()) / x.size


def lies_between(case: Vector, found: Found, exchanged: bool = False) -> Sides:
    """Compare the mean of squared cosines minus 1 with both ends, and with the mean of squared sines."""
    value, n, length = float(found["excess"]), case.x.size, float(np.linalg.norm(case.x))
    low, high = theory.cosh_excess_bounds(n, length)[:: -1 if exchanged else 1]
    true = mean_square_sine(case.x)
    # a relative error of the length becomes one of a square of its sine that is larger by the length
    error = lambda size: rounding(64 * (n + 8) * (1 + length), size)
    return together(
        [(low, value, error(low)), (value, high, error(high)), (value, true, error(true)), (true, value, error(true))]
    )


AU_1 = Statement(
    id="low_rank_optimizers/AU-1",
    title="Means of squared hyperbolic cosines lie between equal entries and a spike",
    says=(
        "For N numbers x_i of length |x|, the mean of cosh^2 x_i minus 1, which is the mean of sinh^2 x_i, lies "
        "between sinh^2(|x| / sqrt(N)), where all |x_i| are equal, and sinh^2(|x|) / N, where one entry holds all."
    ),
    source=Derived(theory.cosh_excess_bounds),
    tex=r"\sinh^2\frac{\|x\|}{\sqrt N} \le \frac1N\sum_i \sinh^2 x_i \le \frac{\sinh^2\|x\|}{N}",
    hypotheses={"a length above 2^-30 and below 32": is_short},
    instances=VECTORS,
    solve=excess,
    claim=Inequality(lies_between, unbounded="a solver may report any number"),
    decisions=("excess",),
    saboteurs=(
        saboteur("the ends exchanged", claim=Inequality(partial(lies_between, exchanged=True))),
        saboteur("1 is subtracted from cosines", solve=wrong.differenced),
        saboteur("sines without squares", patch=(cosh_excess, "sines * sines", "abs(sines)")),
    ),
)


def is_small(case: Run, found: Found, most: float = 1.0) -> Sides:
    """Bound norms of each step, and compare it with the formula of the text."""
    updates = np.asarray(found["updates"], float)
    if updates.shape != case.gradients.shape:
        return BAD
    rows: list[tuple[Any, Any, Any]] = []
    for U, G in zip(updates, case.directions, strict=True):
        allowed = allowance(case, G)
        norm = float(np.linalg.norm(G))
        due = -G / (norm + 1e-7) / (math.sqrt(1 + mean_square_sine(G / (norm + 1e-7))) + 1e-8)
        rows += [(np.linalg.norm(U, 2), np.linalg.norm(U), allowed), (np.linalg.norm(U), most, allowed)]
        rows += [(U, due, allowed), (due, U, allowed)]
    return together(rows)


def allowance(case: Run, G: np.ndarray) -> float:
    """Return by how much a step may err in units of its direction, where gradients cancel in part."""
    steps, n = len(case.gradients), G.size
    lost = np.abs(case.gradients).max() * n / np.linalg.norm(G)
    return float(rounding(64 * (n + 8) * steps * (1 + case.gamma), lost))


AU_2 = Statement(
    id="low_rank_optimizers/AU-2",
    title="A step in AuON's printed form is at most as long as the step size",
    says=(
        "With X = G / (|G| + 1e-7), the step U = X / (sqrt(mean cosh^2 x_i) + 1e-8) has a largest singular value of at "
        "most |U|, which is at most 1. AuON's released program divides G itself, and its step has no bound."
    ),
    source=Derived(theory.auon_factors),
    tex=r"\|U\|_2 \le \|U\|_F \le 1",
    hypotheses={"gradients whose momentum does not cancel": is_run},
    instances=RUNS,
    solve=partial(stepped, method="paper"),
    claim=Inequality(is_small, unbounded=STATED),
    decisions=("updates",),
    saboteurs=(
        saboteur("as released: not divided by the norm", solve=stepped, printed=True),
        saboteur("at most a half", claim=Inequality(partial(is_small, most=0.5))),
        saboteur("no root", solve=wrong.unrooted),
        saboteur("behind for ahead", solve=partial(stepped, method="paper", nesterov=False)),
    ),
)


def is_descent(case: Run, found: Found, added: float = 1e-7, least: float = 0.0) -> Sides:
    """Compare each step with a multiple of its direction, and the factor with its ends and with the formula."""
    updates = np.asarray(found["updates"], float)
    if updates.shape != case.gradients.shape:
        return BAD
    rows: list[tuple[Any, Any, Any]] = []
    for U, G in zip(updates, case.directions, strict=True):
        allowed, norm = allowance(case, G), float(np.linalg.norm(G))
        factor = -float((U / norm * (G / norm)).sum())
        low, high = theory.auon_factors(G.size, norm, gamma=case.gamma, method="released", epsilon_norm=added)
        due = 1 / (math.sqrt(1 + mean_square_sine(case.gamma * (G / (norm + 1e-7)))) + 1e-8)
        rows += [(max(low, least), factor, allowed), (factor, high, allowed)]
        rows += [(factor, due, allowed), (due, factor, allowed)]
        rows += [(U / norm, -factor * G / norm, allowed), (-factor * G / norm, U / norm, allowed)]
    return together(rows)


AU_4 = Statement(
    id="low_rank_optimizers/AU-4",
    title="AuON's released step is that of momentum, times one number in a known interval",
    says=(
        "A step of the released program is that of gradient descent with the same momentum G, one step ahead, times a "
        "factor between 1 / (sqrt(1 + sinh^2(h) / N) + 1e-8) and 1 / (sqrt(1 + sinh^2(h / sqrt(N))) + 1e-8), where h = "
        "gamma |G| / (|G| + 1e-7). So singular vectors and the condition number are those of G, exactly."
    ),
    source=Derived(theory.auon_factors),
    tex=r"U = fG,\quad \bigl((1 + \tfrac1N\sinh^2 h)^{1/2} + 10^{-8}\bigr)^{-1} \le f \le"
    r" \bigl((1 + \sinh^2\tfrac{h}{\sqrt N})^{1/2} + 10^{-8}\bigr)^{-1}",
    hypotheses={"gradients whose momentum does not cancel": is_run},
    instances=RUNS,
    solve=stepped,
    claim=Inequality(is_descent, unbounded=STATED),
    decisions=("updates",),
    saboteurs=(
        saboteur("gamma for h", claim=Inequality(partial(is_descent, added=0.0))),
        saboteur("at least the step of gradient descent", claim=Inequality(partial(is_descent, least=1.0))),
        saboteur("reconditions: a cosine for each entry", solve=wrong.entrywise),
        saboteur("looks ahead from the mean before the gradient", solve=wrong.behind),
        saboteur("half of the scale", solve=wrong.mild),
    ),
    notes="For matrices of size 512 the factor is between 1 - 8.66e-6 and 1 - 4.30e-6 where |G| is far above 1e-7.",
)


def follows(case: Spectral, found: Found) -> Sides:
    """Compare the last matrix with the one whose singular values the polynomial has made."""
    X = np.asarray(found["X"], object)
    if X.shape != case.shape:
        return Sides([1], [0])
    value = partial(theory.newton_schulz_value, n_iter=case.n_iter, coefficients=QUINTIC)
    return Sides(X, case.of([value(one) for one in case.values]))


AU_3 = Statement(
    id="low_rank_optimizers/AU-3",
    title="Newton-Schulz steps apply a polynomial to singular values",
    says=(
        "A step X <- a X + (b X X^T + c (X X^T)^2) X keeps the singular vectors of X and replaces each singular "
        "value x by p(x) = a x + b x^3 + c x^5. So k steps apply p k times."
    ),
    source=Derived(theory.newton_schulz_value),
    tex=r"U\,\mathrm{diag}(\sigma)\,V^\top \mapsto U\,\mathrm{diag}(p^k(\sigma))\,V^\top",
    hypotheses={"singular values of at most 1, and at most five steps": is_spectral},
    instances=SPECTRA,
    solve=pushed,
    claim=Identity(follows),
    decisions=("X",),
    saboteurs=(
        saboteur("one step less", solve=partial(pushed, fewer=1)),
        saboteur("the cubic polynomial", solve=partial(pushed, coefficients=CUBIC)),
        saboteur("no square of the square", patch=(iterated, "c * (square @ square)", "c * square")),
    ),
)


def image_of(low: float, n_iter: int) -> tuple[float, float]:
    """Return the image of an interval up to 1, by values at ends and at roots of the derivative."""
    p = np.polynomial.Polynomial([0, float(QUINTIC[0]), 0, float(QUINTIC[1]), 0, float(QUINTIC[2])])
    turns = np.real(p.deriv().roots())  # all four are real
    high = 1.0
    for _ in range(n_iter):
        values = p(np.array([low, high, *turns[(turns > low) & (turns < high)]]))
        low, high = float(values.min()), float(values.max())
    return low, high


def is_reached(case: Reach, found: Found, ends: Any = None, lost: int = 0) -> Sides:
    """Bound values by the image of the interval and by powers of the slope, and compare both with what they are."""
    image, after = np.asarray(found["image"], float), np.asarray(found["after"], float)
    if image.shape != (2,) or after.shape != case.values.shape:
        return BAD
    value = partial(theory.newton_schulz_value, n_iter=case.n_iter, coefficients=tuple(map(float, QUINTIC)))
    due, true = np.array(image_of(case.least, case.n_iter)), np.array([value(float(x)) for x in case.values])
    low, high = image if ends is None else ends
    most = theory.newton_schulz_growth(case.n_iter - lost if case.n_iter else 0) * case.values
    # a step multiplies errors by at most its steepest slope, which is below 4
    allowed = float(rounding(64 * (len(after) + 8), 4.0**case.n_iter))
    rows: list[tuple[Any, Any, Any]] = [(low, after, allowed), (after, high, allowed), (after, most, allowed)]
    rows += [(after, true, allowed), (true, after, allowed), (image, due, allowed), (due, image, allowed)]
    return together(rows)


AU_3B = Statement(
    id="low_rank_optimizers/AU-3b",
    title="Muon's Newton-Schulz step multiplies no value by more than 3.4445",
    says=(
        "The image of an interval [l, 1] of singular values under k steps is that whose ends are values at ends or at "
        "critical points, step by step: for the quintic of Muon and k = 5 it is [0.4705, 1.2024] for l = 0.001, and "
        "[0.6818, 1.1344] for l = 0.01. And no step enlarges a value by more than a = 3.4445."
    ),
    source=Derived(theory.newton_schulz_growth),
    tex=r"p^k(x) \le a^k x\ (0 \le x \le 1)",
    hypotheses={"singular values between the least and 1, and few steps": is_reach},
    instances=REACHES,
    solve=reached,
    claim=Inequality(is_reached, unbounded="a solver may report any interval"),
    decisions=("image", "after"),
    saboteurs=(
        saboteur("orthogonal: between 0.9 and 1.1", claim=Inequality(partial(is_reached, ends=(0.9, 1.1)))),
        saboteur("one step less", solve=partial(reached, fewer=1)),
        saboteur("the cubic polynomial", solve=partial(reached, coefficients=CUBIC)),
        saboteur("growth of one step less", claim=Inequality(partial(is_reached, lost=1))),
    ),
    notes="Five steps leave values below 0.00103 below 1/2.",
)
