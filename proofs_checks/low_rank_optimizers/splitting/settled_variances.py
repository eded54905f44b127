"""Variances at which split coordinates settle, and what resets cost."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory.bounds import All, Derived, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.optimizers.sgd import SGD
from proofs_checks.low_rank_optimizers.families.bases import in_fractions
from proofs_checks.low_rank_optimizers.families.splits import POINTS, Coordinate, averaged, failing, paths, split_anew

Found = dict[str, Any]


def settled(case: Coordinate, rng: np.random.Generator | None = None, make: Any = averaged) -> Found:
    """Return positions in six steps from impulses of noise."""
    return {"positions": paths(case, make, 6)}


class Other:
    """Descent with a running mean m of gradients, made of plain arrays; subclasses change one thing."""

    def __init__(self, case: Coordinate) -> None:
        _, self.alpha, self.b = map(float, case.values)
        self.m: Any = None
        self.n_steps = 0

    def reset(self) -> None:
        """Forget the mean."""
        self.m, self.n_steps = None, 0

    def step(self, g: np.ndarray, weights: np.ndarray) -> SimpleNamespace:
        """Return the update for a gradient."""
        self.n_steps += 1
        self.m = self.next(self.start(g, weights) if self.m is None else self.m, g)
        return SimpleNamespace(update=-self.alpha * self.corrected())

    def start(self, g: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the mean before the first step."""
        return 0 * g

    def next(self, m: np.ndarray, g: np.ndarray) -> np.ndarray:
        """Return the mean after a gradient."""
        return self.b * m + (1 - self.b) * g

    def corrected(self) -> Any:
        """Return what is stepped along."""
        return self.m


class Corrected(Other):
    """The mean is divided by 1 - b^t."""

    def corrected(self) -> Any:
        """Return the mean without the bias of its start."""
        return self.m / (1 - self.b**self.n_steps)


def heavy_ball(case: Coordinate) -> SGD:
    """Return descent whose gradients are added whole, with the step size of a running mean."""
    _, alpha, b = map(float, case.values)
    return SGD(step_size=alpha, momentum=b, dampening="none")


def is_settled(case: Coordinate) -> bool:
    """Decide whether steps with and without momentum are stable."""
    curvature, alpha, b = case.values
    return min(curvature, alpha) > 0 and 0 <= b < 1 and alpha * curvature < 2 and case.noise >= 0


STABLE = {"stable steps": is_settled}


def coordinates(
    curvatures: range, densities: range, periods: range, is_one: Callable[[Coordinate], bool]
) -> Iterator[Coordinate]:
    """Yield all coordinates that are some, with these numbers, any step in quarters and any momentum in eighths.

    Steps from 4 on are stable at no curvature of 1/2 or more.
    """
    for c, b, p, T in itertools.product(curvatures, range(7, -1, -1), densities, periods):
        yield from filter(is_one, (Coordinate(c, quarters, b, 1, p, T) for quarters in range(1, 16)))


def settles(case: Coordinate, found: Found, formula: Any = None) -> Sides:
    """Compare the variance of the recursion that positions obey with the formula, and positions with the recursion."""
    shape = (6, 7)
    if np.shape(found["positions"]) != shape:
        return failing()
    X = in_fractions(found["positions"])
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
    start = in_fractions(np.eye(7, dtype=int)[-1:])  # the last position starts at 1, all others at 0
    before = np.concatenate([start, start, X])
    following = A * before[1:-1] - B * before[:-2] + h[0] * in_fractions(np.eye(6, 7, dtype=int))
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
    for_all=(
        All(
            "triples of a curvature in halves up to 3, a stable step in quarters and a momentum in eighths",
            lambda: coordinates(range(1, 7), range(1), range(1, 2), is_settled),
            members=280,
        ),
    ),
    solve=settled,
    claim=Identity(settles),
    saboteurs=(
        saboteur("the heavy ball with the same step", solve=partial(settled, make=heavy_ball)),
        saboteur("1 - b for 1 + b", claim=Identity(partial(settles, formula=with_other_sign))),
        saboteur("momentum changes nothing", claim=Identity(partial(settles, formula=without_momentum))),
        saboteur("a correction of the start", solve=partial(settled, make=Corrected)),
    ),
)


def contracts(case: Coordinate) -> bool:
    """Decide whether a period makes a variance smaller, by a plain loop in each case."""
    curvature, alpha, b = case.values
    left = []
    for momentum in (b, Fraction(0)):
        x, m = Fraction(1), Fraction(0)
        for _ in range(case.period):
            m = momentum * m + (1 - momentum) * curvature * x
            x = x - alpha * m
        left.append(x * x)
    return case.density * left[0] + (1 - case.density) * left[1] < 1


class Kept(Other):
    """The mean outlives every period."""

    def reset(self) -> None:
        """Forget nothing."""


class FromWeights(Other):
    """The mean starts as a copy of the weights, and gradients are added whole."""

    def start(self, g: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the weights."""
        return weights

    def next(self, m: np.ndarray, g: np.ndarray) -> np.ndarray:
        """Return the heavy ball."""
        return self.b * m + g


class FromGradient(FromWeights):
    """The mean starts as the first gradient, which is then added again."""

    def start(self, g: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the gradient."""
        return g


def is_short(case: Coordinate) -> bool:
    """Decide whether two periods fit into doubles without any rounding, and the density is a share."""
    return 0 <= case.quarters_density <= 4 and 1 <= case.period <= (4 if case.eighths_momentum % 2 == 0 else 3)


SHORT = {**STABLE, "periods that fit into doubles": is_short}


def settles_anew(case: Coordinate, found: Found, averaged: bool = False) -> Sides:
    """Compare variances in a period with the formula, and the second period with the first, from where that ended."""
    T = case.period
    if any(np.shape(found[name]) != (2 * T, T + 1) for name in ("kept", "free")):
        return failing()
    p, s2 = case.density, Fraction(case.noise)
    constant, factor = [Fraction(0)] * T, [Fraction(0)] * T
    lhs, rhs = [], []
    for share, X in ((p, in_fractions(found["kept"])), (1 - p, in_fractions(found["free"]))):
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
    for_all=(
        All(
            "splits at curvature 1, with a stable step in quarters, a momentum in eighths, a density of 1/2 or 1, and "
            "a period of up to three steps, or four where the momentum is in quarters",
            lambda: coordinates(
                range(2, 3),
                range(2, 5, 2),
                range(1, 5),
                lambda case: is_settled(case) and is_short(case) and contracts(case),
            ),
            members=392,
        ),
    ),
    solve=split_anew,
    claim=Identity(settles_anew),
    saboteurs=(
        saboteur("no reset", solve=partial(split_anew, make=Kept)),
        saboteur("a correction of the start", solve=partial(split_anew, make=Corrected)),
        saboteur(
            "as released: the mean starts as the gradient",
            solve=partial(split_anew, make=FromGradient),
            printed=True,
        ),
        saboteur("the average of both limits", claim=Identity(partial(settles_anew, averaged=True))),
    ),
    notes=(
        "A released program starts the momentum of chosen coordinates as the gradient, which it then adds again: the "
        "first direction after every choice is 1.9 times the gradient at b = .9."
    ),
)


def travelled(case: Coordinate, rng: np.random.Generator | None = None, make: Any = averaged) -> Found:
    """Return positions from 3 after each step under the gradient 1, in two periods of the state."""
    made, x, found = make(case), np.array([3.0]), []
    for t in range(2 * case.period):
        if t == case.period:
            made.reset()
        x = x + np.asarray(made.step(np.ones(1), x).update)
        found.append(float(x[0]))
    return {"positions": np.array(found)}


@formula(b="[0, 1)", t="[1, inf)")
def lost_travel(b: Number, t: int) -> Number:
    """The full steps of travel that a reset of a running mean of weight b costs in t steps.

    Proof
    -----
    Assumes: a constant gradient g, and m = 0 at the reset.

    Proof: after t steps m = (1 - b^t) g. Add these over t = 1, ..., T.
    """
    b = exact(b)
    kept = -math.expm1(t * math.log(b)) if isinstance(b, float) and b > 0 else 1 - b**t
    return plain(b * kept / (1 - b))


def travels(case: Coordinate, found: Found, forever: bool = False) -> Sides:
    """Compare positions under the gradient 1 with full steps less those that resets lose."""
    T = case.period
    if np.shape(found["positions"]) != (2 * T,):
        return failing()
    _, alpha, b = case.values
    lost = [b / (1 - b) if forever else lost_travel(b, t) for t in range(1, T + 1)]
    steps = [t - one for t, one in enumerate(lost, 1)]
    due = [3 - alpha * (before + one) for before in (0, steps[-1]) for one in steps]
    return Sides(in_fractions(found["positions"]), np.array(due, object))


FR_6 = Statement(
    id="low_rank_optimizers/FR-6",
    title="Every reset of a running mean loses steps of travel",
    says=(
        "A running mean of gradients with weight b starts at 0 after a reset and has no correction of its start. Under "
        "a constant gradient, t steps after a reset travel t - b (1 - b^t) / (1 - b) full steps; the rest is lost anew "
        "in each period."
    ),
    source=Derived(lost_travel),
    tex=r"\textstyle\sum_{j = 1}^t(1 - b^j) = t - \frac{b(1 - b^t)}{1 - b}",
    hypotheses=SHORT,
    instances=POINTS,
    for_all=(
        All(
            "triples, at curvature 1, of a stable step in quarters, a momentum in eighths, and a period of up to three "
            "steps, or four where the momentum is in quarters",
            lambda: coordinates(range(2, 3), range(1), range(1, 5), lambda case: is_settled(case) and is_short(case)),
            members=196,
        ),
    ),
    solve=travelled,
    claim=Identity(travels),
    saboteurs=(
        saboteur("no reset", solve=partial(travelled, make=Kept)),
        saboteur("a correction of the start", solve=partial(travelled, make=Corrected)),
        saboteur("the loss of an endless period", claim=Identity(partial(travels, forever=True))),
        saboteur(
            "as released: the mean starts as the weights",
            solve=partial(travelled, make=FromWeights),
            printed=True,
        ),
    ),
    notes=(
        "At b = .9 each reset loses 9 of 200 steps. A released program starts the momentum of ordinary parameters as a "
        "copy of the weights: with weights (10, 20) and the gradient (1, 1) its first direction is (10, 19)."
    ),
)
