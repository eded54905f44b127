"""The descent of one step of a split.

A smooth objective f has gradient g and no curvature above L. Chosen coordinates take the step -a u, with any direction
u, and all others the step -a_s sign(g).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Sides, Statement, formula, rounding, saboteur
from lrtheory.low_rank_optimizers.optimizers.frugal import Frugal
from proofs_checks.low_rank_optimizers.families.splits import failing

Found = dict[str, Any]

#: a, and a_s
STEPS = (Fraction(1, 4), Fraction(1, 8))


@dataclass(frozen=True)
class Bowl:
    """Curvatures and a start (m, n) of integers, quarters of the density of chosen columns, and steps."""

    curvatures: np.ndarray
    start: np.ndarray
    quarters: int
    n_steps: int = 2


def is_bowl(case: Bowl) -> bool:
    """Decide whether curvatures are from 0 to 8, and the start has their shape and integers below 16."""
    curvatures, start = np.asarray(case.curvatures), np.asarray(case.start)
    fits = curvatures.ndim == 2 and curvatures.size > 0 and curvatures.shape == start.shape and max(start.shape) <= 4
    small = fits and bool(((curvatures >= 0) & (curvatures <= 8) & (np.abs(start) < 16)).all())
    return small and 0 <= case.quarters <= 4 and 1 <= case.n_steps <= 6


def walked(case: Bowl, rng: np.random.Generator, rest: str = "sign", scale: float = 0.5) -> Found:
    """Return weights (steps + 1, m, n) of the library's FRUGAL on the bowl, and the chosen columns of each step."""
    curvatures, w = np.asarray(case.curvatures, float), np.asarray(case.start, float)
    options: dict[str, Any] = {"refresh_every": 3, "epsilon_root": 0.0, "rng": rng}
    made = Frugal(case.quarters / 4, step_size=0.25, rest=rest, rest_scale=scale, **options)
    path, indices = [w], []
    for _ in range(case.n_steps):
        w = w + np.asarray(made.step(curvatures * w).update)
        path.append(w)
        indices.append(np.asarray(made.get_state()["kept.indices"]).astype(int))
    return {"weights": np.array(path), "indices": np.array(indices)}


def in_a_singular_direction(case: Bowl, rng: np.random.Generator) -> Found:
    """Take the step along the largest singular vector of the gradient, and the signs of what it leaves."""
    curvatures, w = np.asarray(case.curvatures, float), np.asarray(case.start, float)
    found = walked(case, rng)
    path = [w]
    for _ in range(case.n_steps):
        U, s, V = np.linalg.svd(curvatures * w)
        kept = s[0] * np.outer(U[:, 0], V[0])
        w = w - 0.25 * kept - 0.125 * np.sign(curvatures * w - kept)
        path.append(w)
    return {**found, "weights": np.array(path)}


@formula(
    L="[0, inf)",
    a="(0, inf)",
    a_s="[0, inf)",
    along="(-inf, inf)",
    square="[0, inf)",
    rest="[0, inf)",
    count="[0, inf)",
)
def split_descent(L: Number, a: Number, a_s: Number, along: Number, square: Number, rest: Number, count: int) -> Number:
    r"""f changes by at most this.

    For the chosen coordinates `along` is the inner product of g and u, and `square` that of u with itself; for all
    others `rest` is the sum of |g|, and `count` the number of those where g is not 0.

    Proof
    -----
    Assumes: no curvature of f along the step is above L.

    Proof: f(w + d) <= f(w) + <g, d> + L \|d\|^2 / 2. The steps of both kinds have no coordinate in common, so that
    <g, d> is -a along - a_s rest, and \|d\|^2 is a^2 square + a_s^2 count. Signs of what a projection onto singular
    vectors leaves are no such step: they have a part within the subspace, too.
    """
    return plain(-a * along - a_s * rest + exact(L) / 2 * (a * a * square + a_s * a_s * count))


def descends(case: Bowl, found: Found, curved: bool = True, largest: Any = np.max) -> Sides:
    """Compare the change of f in each step with its bound, and the step of the rest with signs."""
    T, (m, n) = case.n_steps, np.shape(case.start)
    k = (case.quarters * n + 2) // 4
    path, indices = np.asarray(found["weights"], float), np.asarray(found["indices"])
    if path.shape != (T + 1, m, n) or indices.shape != (T, k) or not np.isfinite(path).all():
        return failing()
    if not all(len(set(row)) == k and set(row) <= set(range(n)) for row in indices.tolist()):
        return failing()
    (a, a_s), c = STEPS, np.asarray(case.curvatures, float)
    L = Fraction(float(largest(c)))
    lhs, rhs = [*np.abs(path[0] - case.start).ravel()], [0.0] * (m * n)
    for t, (w, after) in enumerate(itertools.pairwise(path)):
        chosen = np.isin(np.arange(n), indices[t]) & np.ones((m, 1), bool)
        g, d = c * w, after - w
        u = -d[chosen] / float(a)
        sums = [float(g[chosen] @ u), float(u @ u), float(np.abs(g[~chosen]).sum())]
        bound = split_descent(L, a, a_s, *sums, int(np.count_nonzero(g[~chosen])) if curved else 0)
        off = np.abs(d + float(a_s) * np.sign(g))[~chosen]
        lhs += [float((c * after**2 - c * w**2).sum()) / 2, *off]
        rhs += [float(bound), *(0 * off)]
    return Sides(lhs, rhs, rounding=rounding(64 + 8 * m * n, 8.0 * m * n * 1024) * np.ones(len(lhs)))


def draw_bowl(draws: Draws) -> Bowl:
    """Draw a bowl, a density and up to four steps."""
    shape = draws.integers(1, 3), draws.integers(1, 4)
    curvatures, start = draws.integers(0, 8, shape=shape), draws.integers(-8, 8, shape=shape)
    return Bowl(curvatures, start, draws.integers(0, 4), draws.integers(1, 4))


ROUND = np.full((2, 2), 2)

FR_4 = Statement(
    id="low_rank_optimizers/FR-4",
    title="Each step of a split goes down by what its two parts do",
    says=(
        "Chosen coordinates take a step -a u and all others -a_s sign(g), on an f without curvature above L. Then f "
        "changes by at most -a <g, u> over the chosen coordinates, minus a_s times the sum of |g| over the others, "
        "plus (L/2) (a^2 |u|^2 + a_s^2 N), with N of the others where g is not 0."
    ),
    source=Derived(split_descent),
    tex=(
        r"f(w^+) \le f(w) - a\langle Pg, u\rangle - a_s\|g_{\mathrm{rest}}\|_1 + \tfrac L2\bigl(a^2\|u\|^2 + a_s^2 N"
        r"\bigr)"
    ),
    hypotheses={"a bowl of integers": is_bowl},
    instances=Family(
        "bowls",
        always=(
            Bowl(ROUND, np.array([[3, -1], [0, 5]]), 2),
            Bowl(ROUND, np.array([[3, -1], [2, 5]]), 0),
            Bowl(np.array([[1, 4], [0, 2]]), np.array([[3, -1], [7, 5]]), 2, 4),
            Bowl(np.array([[8]]), np.array([[1]]), 4),
            Bowl(np.array([[8, 0]]), np.array([[1, 0]]), 4, 1),  # all of the step is where f curves most
        ),
        draw=draw_bowl,
    ),
    solve=walked,
    claim=Inequality(descends, unbounded="a solver may report any path"),
    decisions=("weights", "indices"),
    saboteurs=(
        saboteur("without the curvature of the signs", claim=Inequality(partial(descends, curved=False))),
        saboteur("the mean curvature for the largest", claim=Inequality(partial(descends, largest=np.mean))),
        saboteur("gradients for signs", solve=partial(walked, rest="identity")),
        saboteur("singular directions for coordinates", solve=in_a_singular_direction),
        saboteur("signs at the step of the chosen", solve=partial(walked, scale=1.0)),
    ),
)
