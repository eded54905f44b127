"""Coordinates with and without a state: splits, stationary variances, resets, and bytes that are kept: FR-*."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Paper, Recorded, Sides, Statement, rounding, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.optimizers.frugal import Frugal
from proofs_checks.low_rank_optimizers.families.basis.columns import exact
from proofs_checks.low_rank_optimizers.families.splits import (
    POINTS,
    SHAPES,
    SPLITS,
    Coordinate,
    Found,
    Split,
    Weights,
    contracts,
    counted,
    is_settled,
    is_short,
    is_split,
    is_weights,
    settled,
    split,
    split_anew,
    travelled,
)
from proofs_checks.low_rank_optimizers.wrong_solvers import splits as wrong

FRUGAL = "2411.07837"
STABLE = {"stable steps": is_settled}
SHORT = {**STABLE, "periods that fit into doubles": is_short}


def failing() -> Sides:
    """Return sides that fail, for outcomes from which nothing follows."""
    return Sides([1], [0])


# --- what a split is -------------------------------------------------------------------------------------------------


def splits_rightly(case: Split, found: Found) -> Sides:
    """Compare all updates with plain loops: Adam since the last choice where chosen, and the rest rule elsewhere."""
    T, m, n = case.gradients.shape
    k = (case.quarters * case.n_parts + 2) // 4
    chosen = np.asarray(found["indices"], float)
    good = chosen.shape == (T, k) and bool(((chosen >= 0) & (chosen < case.n_parts) & (chosen % 1 == 0)).all())
    good = good and all(len(set(row)) == k for row in chosen.tolist())
    if not good or any(np.shape(found[name]) != (T, m, n) for name in ("updates", "plain")):
        return failing()
    due, allowed = np.zeros((T, m, n)), np.zeros((T, m, n))
    for t in range(T):
        start = t - t % case.refresh_every
        parts = set(chosen[start].astype(int).tolist())
        for i in range(m):
            for j in range(n):
                seen = np.asarray(case.gradients[start : t + 1, i, j], float).tolist()
                if {"columns": j, "rows": i, "entries": i * n + j}[case.kind] in parts:
                    due[t, i, j], allowed[t, i, j] = -0.5 * adam(seen), rounding(64 * len(seen) + 64, 16)
                else:
                    due[t, i, j] = -0.125 * (seen[-1] if case.rest == "identity" else np.sign(seen[-1]))
    drawn_anew = chosen[np.arange(T) - np.arange(T) % case.refresh_every] - chosen
    lhs = _flat(np.asarray(found["updates"], float), np.asarray(found["plain"], float), drawn_anew)
    rhs = _flat(due, -0.5 * np.asarray(case.gradients, float), 0 * drawn_anew)
    return Sides(lhs, rhs, rounding=_flat(allowed, 0 * allowed, 0 * drawn_anew))


def _flat(*arrays: np.ndarray) -> np.ndarray:
    return np.concatenate([one.ravel() for one in arrays])


def adam(seen: list[float]) -> float:
    """Return the step of Adam from its gradients, as sums, with averages of 1/2 and 3/4, and 0 for 0/0."""
    T = len(seen)
    mean = sum(0.5 * 0.5 ** (T - 1 - t) * g for t, g in enumerate(seen)) / (1 - 0.5**T)
    square = sum(0.25 * 0.75 ** (T - 1 - t) * g * g for t, g in enumerate(seen)) / (1 - 0.75**T)
    return float(mean / np.sqrt(square)) if square else 0.0


FR_1 = Statement(
    id="low_rank_optimizers/FR-1",
    title="Each coordinate of a split takes the step of one of two methods",
    says=(
        "FRUGAL chooses a share of the columns, rows or entries of a gradient in every period. Chosen ones take the "
        "steps of Adam that began with the period, and all others take a step along their gradient or its sign. With "
        "density 1 it is Adam with restarts, and with density 0 the rest rule; a running mean with b = 0 is the "
        "gradient."
    ),
    source=Paper(FRUGAL, "the method and the released program", read="code"),
    tex=r"\Delta W = -\eta\,P^\top\mathrm{Adam}(Pg) - \eta\rho\,\mathrm{rest}(g - P^\top Pg)",
    hypotheses={"options of the method": is_split},
    instances=SPLITS,
    solve=split,
    claim=Identity(splits_rightly),
    decisions=("indices",),
    saboteurs=(
        saboteur(
            "moments outlive the choice", patch=(Frugal._advance, "kept = self._empty(layout) |", "kept = kept |")
        ),
        saboteur(
            "the correction of Adam counts all steps", patch=(Frugal._advance, "kept, since + 1)", "kept, n_steps)")
        ),
        saboteur("signs and gradients exchanged", patch=(Frugal._advance, 'rest == "sign"', 'rest == "identity"')),
    ),
    notes="The draws are those of the solver; the claim holds for every choice of so many parts.",
)

FR_2 = Statement(
    id="low_rank_optimizers/FR-2",
    title="Splits with momentum reach small gradients",
    says=(
        "For an L-smooth f and noise of variance s2, the mean of E|grad f|^2 over k steps is of the order of (f_0 - f*)"
        " / (k alpha) + L alpha s2 (1 + p_max (1 - p_min) b / (1 - b)), where coordinates have the momentum b with "
        "chances from p_min to p_max."
    ),
    source=Paper(FRUGAL, "convergence of SGD with momentum", read="recalled"),
    tex=(
        r"\overline{\mathbb E\|\nabla f\|^2} = O\bigl(\tfrac{f_0 - f^*}{k\alpha} + L\alpha s^2(1 + p_{\max}"
        r"(1 - p_{\min})\tfrac{b}{1 - b})\bigr)"
    ),
    hypotheses={},
    instances=POINTS,
    solve=split_anew,
    claim=Recorded(
        "its constants are unconfirmed; variances of splits that are fixed (FR-3) and drawn anew (FR-3T) are exact",
        carried_by="low_rank_optimizers/FR-3T",
    ),
)


# --- variances -------------------------------------------------------------------------------------------------------


def settles(case: Coordinate, found: Found, formula: Any = None) -> Sides:
    """Compare the variance of the recursion that positions obey with the formula, and positions with the recursion."""
    shape = (6, 7)
    if np.shape(found["positions"]) != shape:
        return failing()
    X = exact(found["positions"])
    h = X[:, 0]
    if not h[0]:
        return failing()
    # x' = A x - B x_before, read off the first impulse
    A, s2 = h[1] / h[0], Fraction(case.noise)
    B = (A * h[1] - h[2]) / h[0]
    below = (1 - B) * ((1 + B) ** 2 - A * A)
    if not below > 0:
        return failing()
    curvature, alpha, b = case.values
    stated = (formula or theory.stationary_variance)(curvature, s2, step_size=alpha, momentum=b)
    start = exact(np.eye(7, dtype=int)[-1:])  # the last position starts at 1, all others at 0
    before = np.concatenate([start, start, X])
    following = A * before[1:-1] - B * before[:-2] + h[0] * exact(np.eye(6, 7, dtype=int))
    lhs, rhs = [s2 * h[0] ** 2 * (1 + B) / below, *X.ravel()], [stated, *following.ravel()]
    return Sides(np.array(lhs, object), np.array(rhs, object))


def with_other_sign(curvature: Any, noise: Any, *, step_size: Any, momentum: Any) -> Any:
    """Return the formula with 1 - b for 1 + b in its numerator."""
    right = theory.stationary_variance(curvature, noise, step_size=step_size, momentum=momentum)
    return right * (1 - momentum) / (1 + momentum)


def without_momentum(curvature: Any, noise: Any, *, step_size: Any, momentum: Any) -> Any:
    """Return the formula of plain descent."""
    return theory.stationary_variance(curvature, noise, step_size=step_size)


FR_3 = Statement(
    id="low_rank_optimizers/FR-3",
    title="Under noise a coordinate settles at a known variance, with momentum or without",
    says=(
        "A coordinate x has the objective l x^2 / 2 and gradients with noise of variance s2, and steps -alpha m with "
        "the running mean m of weight b. In the limit E x^2 = alpha s2 (1 + b) / (l (2 (1 + b) - alpha (1 - b) l)). A "
        "fixed split has this value in each coordinate, with its b or with b = 0."
    ),
    source=Derived(theory.stationary_variance),
    tex=r"\mathbb E x^2 = \frac{\alpha s^2(1 + b)}{l\,(2(1 + b) - \alpha(1 - b)\,l)}",
    hypotheses=STABLE,
    instances=POINTS,
    solve=settled,
    claim=Identity(settles),
    saboteurs=(
        saboteur("the heavy ball with the same step", solve=partial(settled, make=wrong.heavy_ball)),
        saboteur("1 - b for 1 + b", claim=Identity(partial(settles, formula=with_other_sign))),
        saboteur("momentum changes nothing", claim=Identity(partial(settles, formula=without_momentum))),
        saboteur("a correction of the start", solve=partial(settled, make=wrong.Corrected)),
    ),
)


def settles_anew(case: Coordinate, found: Found, averaged: bool = False) -> Sides:
    """Compare variances in a period with the formula, and the second period with the first, from where that ended."""
    T = case.period
    if any(np.shape(found[name]) != (2 * T, T + 1) for name in ("kept", "free")):
        return failing()
    p, s2 = case.density, Fraction(case.noise)
    constant, factor = [Fraction(0)] * T, [Fraction(0)] * T
    lhs, rhs = [], []
    for share, X in ((p, exact(found["kept"])), (1 - p, exact(found["free"]))):
        for t in range(T):
            constant[t] += share * s2 * (X[t, :T] ** 2).sum()
            factor[t] += share * X[t, T] ** 2
        lhs += X[T:].ravel().tolist()
        rhs += np.multiply.outer(X[:T, T], X[T - 1]).ravel().tolist()
    if not factor[-1] < 1:
        return failing()
    v = constant[-1] / (1 - factor[-1])
    curvature, alpha, b = case.values
    stated = theory.resplit_variances(curvature, s2, step_size=alpha, momentum=b, density=p, period=T)
    if averaged:
        one = partial(theory.stationary_variance, curvature, s2, step_size=alpha)
        stated = [p * one(momentum=b) + (1 - p) * one()] * T
    lhs += [c + f * v for c, f in zip(constant, factor, strict=True)]
    return Sides(np.array(lhs, object), np.array([*rhs, *stated], object))


FR_3T = Statement(
    id="low_rank_optimizers/FR-3T",
    title="A coordinate split off anew in every period settles at a known variance",
    says=(
        "In each period of T steps a coordinate has, with probability p, a running mean of its gradients that starts "
        "at 0, and else takes plain gradients, on l x^2 / 2 with noise of variance s2. Then E x^2 after t steps of a "
        "period is c_t + f_t v, with the second moments of both kinds of step averaged, and v = c_T / (1 - f_T) is its "
        "value between periods."
    ),
    source=Derived(theory.resplit_variances),
    tex=r"\mathbb E x_t^2 = c_t + f_tv,\quad v = \frac{c_T}{1 - f_T}",
    hypotheses={**SHORT, "a period makes variances smaller": contracts},
    instances=POINTS,
    solve=split_anew,
    claim=Identity(settles_anew),
    saboteurs=(
        saboteur("no reset", solve=partial(split_anew, make=wrong.Kept)),
        saboteur("a correction of the start", solve=partial(split_anew, make=wrong.Corrected)),
        saboteur(
            "as released: the mean starts as the gradient",
            solve=partial(split_anew, make=wrong.FromGradient),
            printed=True,
        ),
        saboteur("the average of both limits", claim=Identity(partial(settles_anew, averaged=True))),
    ),
    notes=(
        "A released program starts the momentum of chosen coordinates as the gradient, which it then adds again: the "
        "first direction after every choice is 1.9 times the gradient at b = .9."
    ),
)


def travels(case: Coordinate, found: Found, forever: bool = False) -> Sides:
    """Compare positions under the gradient 1 with full steps less those that resets lose."""
    T = case.period
    if np.shape(found["positions"]) != (2 * T,):
        return failing()
    _, alpha, b = case.values
    lost = [b / (1 - b) if forever else theory.lost_travel(b, t) for t in range(1, T + 1)]
    steps = [t - one for t, one in enumerate(lost, 1)]
    due = [3 - alpha * (before + one) for before in (0, steps[-1]) for one in steps]
    return Sides(exact(found["positions"]), np.array(due, object))


FR_6 = Statement(
    id="low_rank_optimizers/FR-6",
    title="Every reset of a running mean loses steps of travel",
    says=(
        "A running mean of gradients with weight b starts at 0 after a reset and has no correction of its start. Under "
        "a constant gradient, t steps after a reset travel t - b (1 - b^t) / (1 - b) full steps; the rest is lost anew "
        "in each period."
    ),
    source=Derived(theory.lost_travel),
    tex=r"\textstyle\sum_{j = 1}^t(1 - b^j) = t - \frac{b(1 - b^t)}{1 - b}",
    hypotheses=SHORT,
    instances=POINTS,
    solve=travelled,
    claim=Identity(travels),
    saboteurs=(
        saboteur("no reset", solve=partial(travelled, make=wrong.Kept)),
        saboteur("a correction of the start", solve=partial(travelled, make=wrong.Corrected)),
        saboteur("the loss of an endless period", claim=Identity(partial(travels, forever=True))),
        saboteur(
            "as released: the mean starts as the weights",
            solve=partial(travelled, make=wrong.FromWeights),
            printed=True,
        ),
    ),
    notes=(
        "At b = .9 each reset loses 9 of 200 steps. A released program starts the momentum of ordinary parameters as a "
        "copy of the weights: with weights (10, 20) and the gradient (1, 1) its first direction is (10, 19)."
    ),
)


# --- bytes -----------------------------------------------------------------------------------------------------------


def sizes(case: Weights) -> dict[str, int]:
    """Return the bytes of the arrays of each method, from the shape."""
    s, (m, n) = case.itemsize, (case.shape[0], case.shape[-1])
    if len(case.shape) == 1:
        base = {name: 2 * s * n for name in ("adamw", "galore", "dct_adamw", "trion", "frugal")}
        return base | {"dct_adamw with error feedback": 2 * s * n} | _common(s * n) | {"mkor": 0}
    r, most, least = min(case.rank, m, n), max(m, n), min(m, n)
    n_parts = {"columns": n, "rows": m, "entries": m * n}[case.kind]
    chosen = (case.quarters * n_parts + 2) // 4
    found = {"adamw": 2 * s * m * n, "galore": s * (2 * r * most + r * least), "mkor": s * (m * m + n * n)}
    found |= {"dct_adamw": 2 * s * r * most + 4 * r, "trion": s * m * n + 4 * r}
    found |= {"dct_adamw with error feedback": found["dct_adamw"] + s * m * n}
    return found | {"frugal": chosen * (2 * s * (m * n // n_parts) + 4)} | _common(s * m * n)


def _common(size: int) -> dict[str, int]:
    return {"sgd": size, "auon": size, "muon": size, "sgd without momentum": 0, "low_rank_es": 16}


def stated(case: Weights, name: str) -> int:
    """Return what the formula counts."""
    method, _, rest = name.partition(" ")
    options: dict[str, Any] = {"rank": case.rank, "density": Fraction(case.quarters, 4), "kind": case.kind}
    options |= {"error_feedback": "error" in rest, "momentum": 0 if "without" in rest else Fraction(1, 2)}
    return theory.state_bytes(method, case.shape, itemsize=case.itemsize, **options)


def keep_so_many(case: Weights, found: dict[str, int], share: bool = False) -> Sides:
    """Compare the bytes that optimizers keep, and those of the formula, with sizes of arrays."""
    due: dict[str, Any] = dict(sizes(case))
    if share:  # the columns' share of Adam, whatever is fed back
        part = Fraction(min(case.rank, *case.shape), min(case.shape))
        due |= {"dct_adamw with error feedback": part * due["adamw"] + 4 * min(case.rank, *case.shape)}
    if set(found) != set(due):
        return failing()
    names = sorted(due)
    lhs = [found[name] for name in names] + [stated(case, name) for name in names]
    return Sides(np.array(lhs, object), np.array([due[name] for name in names] * 2, object))


FR_5 = Statement(
    id="low_rank_optimizers/FR-5",
    title="The state of nine optimizers and of a strategy of low rank is known to the byte",
    says=(
        "For weights (m, n) in single precision Adam keeps 8 m n bytes, a momentum 4 m n, GaLore 8 r max + 4 r min, "
        "Adam in r columns of a basis 8 r max + 4 r, and 4 m n more with error feedback, Trion 4 m n + 4 r, FRUGAL 8 "
        "for each chosen entry and 4 for each index, MKOR 4 (m^2 + n^2), and a strategy of low rank 16 bytes, where "
        "max and min are the larger and the smaller side."
    ),
    source=Derived(theory.state_bytes),
    tex=r"8r\max(m, n) + 4r\ (+\ 4mn),\quad 4mn + 4r,\quad 4(m^2 + n^2),\ \dots",
    hypotheses={"a shape, and options that optimizers take": is_weights},
    instances=SHAPES,
    solve=counted,
    claim=Identity(keep_so_many),
    saboteurs=(
        saboteur("the basis is counted for every array", solve=wrong.with_basis),
        saboteur("the error is forgotten", solve=wrong.without_error),
        saboteur("r/n of Adam, with error feedback too", claim=Identity(partial(keep_so_many, share=True))),
    ),
    notes="With error feedback Adam in r columns keeps more than Adam for r above half of the smaller side.",
)
