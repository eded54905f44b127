"""Steps that are divided by hyperbolic cosines.

N is the number of entries of an update direction G.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from lrtheory._validation import refuse_unused
from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Sides, Statement, formula, rounding, saboteur
from lrtheory.low_rank_optimizers import AuON
from lrtheory.low_rank_optimizers.optimizers.auon import cosh_excess
from lrtheory.low_rank_optimizers.theory.orthogonalization import GAMMA, ROOT
from proofs_checks.low_rank_optimizers.families.inverses import BAD, together


@dataclass(frozen=True)
class Vector:
    """A vector (N,) under the cosines."""

    x: np.ndarray


def is_short(case: Vector) -> bool:
    """Decide whether there are entries, and the length is above 2^-30 and below 32."""
    length = float(np.linalg.norm(case.x)) if case.x.ndim == 1 and case.x.size else 0.0
    return 2.0**-30 < length < 32


Found = dict[str, Any]


def excess(case: Vector, rng: np.random.Generator | None = None) -> Found:
    """Let the library compute the mean of squared cosines minus 1."""
    return {"excess": cosh_excess(np, case.x)}


def draw_vector(draws: Draws) -> Vector:
    """Draw up to 8 entries of any size."""
    x = draws.floats(-1.0, 1.0, shape=draws.integers(1, 8)) * 2.0 ** draws.choice((-20, -8, 0, 1, 2))
    return Vector(x if x.any() else x + 1)


SPIKE = Vector(np.array([1.5, 0.0]))


VECTORS = Family(
    "under-cosines",
    always=(SPIKE, Vector(np.full(4, 0.75)), Vector(np.full(9, 2.0**-20)), Vector(np.array([8.0, 0.5, -0.5]))),
    draw=draw_vector,
)


def differenced(case: Vector, rng: np.random.Generator | None = None) -> Found:
    """Subtract 1 from the mean of squared cosines, which loses the digits of small entries."""
    return {"excess": float(np.mean(np.cosh(case.x) ** 2) - 1)}


def mean_square_sine(x: np.ndarray) -> float:
    """Return the mean of squared hyperbolic sines, summed without rounding."""
    return math.fsum(math.sinh(float(value)) ** 2 for value in x.ravel()) / x.size


@formula(N="[1, inf)", length="[0, 300]")
def cosh_excess_bounds(N: int, length: Number) -> tuple[float, float]:
    r"""The mean of sinh^2 x_i is at least and at most these, for N numbers x_i with `length` = |x|.

    The first is attained where all |x_i| are equal, the second where one entry holds all.

    Proof
    -----
    Assumes: nothing.

    Proof: sinh^2(sqrt(u)) = (cosh(2 sqrt(u)) - 1) / 2 is convex in u >= 0, as its power series has no negative
    coefficient. With u_i = x_i^2 of sum \|x\|^2, Jensen gives the left side, and a convex function on a simplex is
    largest at a vertex, where N - 1 of the terms are 0.
    """
    size = float(length)
    return math.sinh(size / math.sqrt(N)) ** 2, math.sinh(size) ** 2 / N


def lies_between(case: Vector, found: Found, exchanged: bool = False) -> Sides:
    """Compare the mean of squared cosines minus 1 with both ends, and with the mean of squared sines."""
    value, n, length = float(found["excess"]), case.x.size, float(np.linalg.norm(case.x))
    low, high = cosh_excess_bounds(n, length)[:: -1 if exchanged else 1]
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
    source=Derived(cosh_excess_bounds),
    tex=r"\sinh^2\frac{\|x\|}{\sqrt N} \le \frac1N\sum_i \sinh^2 x_i \le \frac{\sinh^2\|x\|}{N}",
    hypotheses={"a length above 2^-30 and below 32": is_short},
    instances=VECTORS,
    solve=excess,
    claim=Inequality(lies_between, unbounded="a solver may report any number"),
    decisions=("excess",),
    saboteurs=(
        saboteur("the ends exchanged", claim=Inequality(partial(lies_between, exchanged=True))),
        saboteur("1 is subtracted from cosines", solve=differenced),
        saboteur("sines without squares", patch=(cosh_excess, "sines * sines", "abs(sines)")),
    ),
)


@dataclass(frozen=True)
class Run:
    """Gradients (T, m, n), the weight of earlier ones in the momentum, and the scale in the released form."""

    gradients: np.ndarray
    momentum: float
    gamma: float

    @property
    def directions(self) -> list[np.ndarray]:
        """The momentum after each gradient, one step ahead."""
        mean, found = np.zeros_like(self.gradients[0]), []
        for g in self.gradients:
            mean = self.momentum * mean + (1 - self.momentum) * g
            found.append(self.momentum * mean + (1 - self.momentum) * g)
        return found


def is_run(case: Run) -> bool:
    """Decide whether shapes fit, parameters are in range, and no direction nearly cancels."""
    if case.gradients.ndim != 3 or case.gradients.size == 0 or not (0 <= case.momentum < 1 and 0 < case.gamma <= 8):
        return False
    most = np.abs(case.gradients).max()
    return bool(2.0**-60 < most < 2.0**60 and all(np.abs(G).max() > 2.0**-12 * most for G in case.directions))


def stepped(case: Run, rng: np.random.Generator | None = None, *, method: str = "released", **options: Any) -> Found:
    """Take the library's steps."""
    scale: dict[str, Any] = {"gamma": case.gamma} if method == "released" else {}
    machine = AuON(step_size=1.0, method=method, momentum=case.momentum, **scale, **options)
    return {"updates": np.stack([machine.step(g).update for g in case.gradients])}


def draw_run(draws: Draws) -> Run:
    """Draw up to 4 gradients of small integers, in units from 2^-26 to 2^26."""
    shape = draws.integers(1, 4), draws.integers(1, 4), draws.integers(1, 4)
    gradients = draws.integers(-3, 3, shape=shape) * 2.0 ** draws.choice((0, 0, -24, -26, 26))
    gradients[0] += 2 * np.abs(gradients).max() or 1.0
    return Run(gradients, draws.choice((0.0, 0.5, 0.9375)), draws.choice((0.5, 1.5, 3.0)))


RUNS = Family(
    "cosine-steps",
    always=(
        Run(np.ones((1, 1, 1)), 0.0, 1.5),
        # as long as what is added to the norm
        Run(np.full((1, 2, 2), 0.5e-7), 0.0, 1.5),
        Run(np.array([[[1.0, 0.0], [0.0, 2.0]], [[0.0, 0.0], [0.0, 1.0]]]), 0.5, 1.5),
        Run(np.arange(1.0, 13.0).reshape(1, 3, 4), 0.0, 3.0),
    ),
    draw=draw_run,
)


def unrooted(case: Run, rng: np.random.Generator | None = None) -> Found:
    """Divide by the mean of squared cosines, without the root."""
    units = [G / (np.linalg.norm(G) + 1e-7) for G in case.directions]
    return {"updates": np.stack([-X / (np.mean(np.cosh(X) ** 2) + 1e-8) for X in units])}


STATED = "a solver may take any step"


def allowance(case: Run, G: np.ndarray) -> float:
    """Return by how much a step may err in units of its direction, where gradients cancel in part."""
    steps, n = len(case.gradients), G.size
    lost = np.abs(case.gradients).max() * n / np.linalg.norm(G)
    return float(rounding(64 * (n + 8) * steps * (1 + case.gamma), lost))


@formula(N="[1, inf)", norm="(0, inf)", gamma="(0, 300]", e="[0, inf)")
def auon_factors(
    N: int, norm: Number, gamma: Number = GAMMA, method: Literal["paper", "released"] = "paper", e: Number = 1e-7
) -> tuple[float, float]:
    r"""AuON's step is at least and at most these many times that of gradient descent.

    The form is that of `method`, `norm` is |G|, and e is added to it.

    The form "paper" has gamma = 1 and divides by |G| + e besides, so that f |G| is below 1.

    Proof
    -----
    Assumes: nothing.

    Proof: x = gamma G / (\|G\| + e) has the length h, and the mean of cosh^2 x_i is 1 plus that of sinh^2 x_i, which
    AU-1 bounds. All entries are divided by one number, so that singular vectors and the condition number stay. In the
    paper's form f \|G\| = (\|G\| / (\|G\| + e)) / (sqrt(mean cosh^2) + 1e-8) < 1, and the largest singular value is at
    most the Frobenius norm.
    """
    size = float(norm)
    added = float(e)
    paper = method == "paper"
    refuse_unused(method, () if paper else ("gamma",), gamma=(gamma, GAMMA))
    inside = 1.0 if paper else float(gamma)
    ends = cosh_excess_bounds(N, inside * (size / (size + added)))
    over = size + added if paper else 1.0
    least, most = (1 / (math.sqrt(1 + end) + ROOT) / over for end in reversed(ends))
    return least, most


def is_small(case: Run, found: Found, most: float = 1.0) -> Sides:
    """Bound norms of each step by their ends and by 1, and compare it with the formula of the text."""
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
        low, high = (norm * factor for factor in auon_factors(G.size, norm))
        rows += [(low, np.linalg.norm(U), allowed), (np.linalg.norm(U), high, allowed), (high, 1.0, allowed)]
    return together(rows)


AU_2 = Statement(
    id="low_rank_optimizers/AU-2",
    title="A step in AuON's printed form is at most as long as the step size",
    says=(
        "With X = G / (|G| + 1e-7), the step U = X / (sqrt(mean cosh^2 x_i) + 1e-8) has a largest singular value of at "
        "most |U|, which is at most 1. AuON's released program divides G itself, and its step has no bound."
    ),
    source=Derived(auon_factors),
    tex=r"\|U\|_2 \le \|U\|_F \le 1",
    hypotheses={"gradients whose momentum does not cancel": is_run},
    instances=RUNS,
    solve=partial(stepped, method="paper"),
    claim=Inequality(is_small, unbounded=STATED),
    decisions=("updates",),
    saboteurs=(
        saboteur("as released: not divided by the norm", solve=stepped, printed=True),
        saboteur("at most a half", claim=Inequality(partial(is_small, most=0.5))),
        saboteur("no root", solve=unrooted),
        saboteur("behind for ahead", solve=partial(stepped, method="paper", nesterov=False)),
    ),
)


def entrywise(case: Run, rng: np.random.Generator | None = None) -> Found:
    """Divide each entry by its own cosine, which would change singular vectors."""
    scaled = [case.gamma * G / (np.linalg.norm(G) + 1e-7) for G in case.directions]
    return {"updates": np.stack([-G / np.cosh(x) for G, x in zip(case.directions, scaled, strict=True)])}


def behind(case: Run, rng: np.random.Generator | None = None) -> Found:
    """Look ahead from the mean before the gradient."""
    mean, updates = 0 * case.gradients[0], []
    for g in case.gradients:
        G = case.momentum * mean + (1 - case.momentum) * g
        mean = G
        x = case.gamma * G / (np.linalg.norm(G) + 1e-7)
        updates.append(-G / (np.sqrt(np.mean(np.cosh(x) ** 2)) + 1e-8))
    return {"updates": np.stack(updates)}


def mild(case: Run, rng: np.random.Generator | None = None) -> Found:
    """Take the cosines at half of the scale."""
    half = replace(case, gamma=case.gamma / 2)
    scaled = [half.gamma * G / (np.linalg.norm(G) + 1e-7) for G in half.directions]
    updates = [-G / (np.sqrt(np.mean(np.cosh(x) ** 2)) + 1e-8) for G, x in zip(half.directions, scaled, strict=True)]
    return {"updates": np.stack(updates)}


def is_descent(case: Run, found: Found, added: float = 1e-7, least: float = 0.0) -> Sides:
    """Compare each step with a multiple of its direction, and the factor with its ends and with the formula."""
    updates = np.asarray(found["updates"], float)
    if updates.shape != case.gradients.shape:
        return BAD
    rows: list[tuple[Any, Any, Any]] = []
    for U, G in zip(updates, case.directions, strict=True):
        allowed, norm = allowance(case, G), float(np.linalg.norm(G))
        factor = -float((U / norm * (G / norm)).sum())
        low, high = auon_factors(G.size, norm, case.gamma, "released", added)
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
    source=Derived(auon_factors),
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
        saboteur("reconditions: a cosine for each entry", solve=entrywise),
        saboteur("looks ahead from the mean before the gradient", solve=behind),
        saboteur("half of the scale", solve=mild),
    ),
    notes="For matrices of size 512 the factor is between 1 - 8.66e-6 and 1 - 4.30e-6 where |G| is far above 1e-7.",
)
