"""Biases where factors have a skewed law, or the objective has Lipschitz derivatives.

E = A B^T / sqrt(r) is a perturbation of an m x n weight M, `shape` = (m, n), with the factors A (m, r) and B (n, r),
and kA and kB are the excess kurtosis of their entries: 0 for Gaussian ones, -2 for signs. sigma scales E, and P
mirrored pairs give the mean of E (f(M + sigma E) - f(M - sigma E)) / (2 sigma). r is an integer, or infinity for full
Gaussian noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory.bounds import Derived, Family, Identity, Inequality, Number, Sides, Statement, formula, rounding, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.planning.bias_bound import bias_bound
from lrtheory.low_rank_optimizers.theory.bias import root_of
from proofs_checks.low_rank_optimizers.families.estimates import estimated, gradient_of, moments, sides_of, surrogate
from proofs_checks.low_rank_optimizers.families.estimators import over_members
from proofs_checks.low_rank_optimizers.families.polynomials import Task, at_most
from proofs_checks.low_rank_optimizers.families.tasks import TASK

Found = dict[str, Any]


@formula(a3="(-inf, inf)", b3="(-inf, inf)", sigma="(0, inf)", r="[1, inf)", f2="(-inf, inf)")
def skew_bias(a3: Number, b3: Number, sigma: Number, r: int = 1, f2: Number = 2) -> Number:
    """The bias of factors with a skewed law, for a quadratic of one number.

    Here a3 = E a^3, b3 = E b^3, and f2 = f''.

    Fractions stay Fractions where the rank is a square.

    Proof
    -----
    Assumes: entries of A and B independent, of mean 0 and variance 1.

    Proof: E[E f(M + sigma E)] / sigma = f' + (f''/2) sigma E[E^3], and E[E^3] = r E[a^3] E[b^3] / r^(3/2), since the
    terms of the cube with two different columns contain a mean.
    """
    whole = exact(a3) * exact(b3) * exact(sigma) * exact(f2) / 2
    root = math.isqrt(r)
    return plain(whole / root if root * root == r else root_of(whole * whole / r) * (1 if whole >= 0 else -1))


def skewed(task: Task, found: Found, falls: bool = False) -> Sides:
    """Compare the mean of one-sided estimates of a quadratic of one number with its gradient and the skew bias."""
    third, second = task.factor.skewness, sum(2 * c for c, *places in task.terms if len(places) == 2)
    # sigma over the root of the rank is the scale, so the bias at rank 1 with this scale is that of the rank
    bias = skew_bias(third, third, task.scale, f2=second)
    bias = bias / task.rank if falls else bias
    return Sides(*sides_of((moments(task, found["estimates"])[0], gradient_of(task) + bias)))


def is_skewed(task: Task) -> bool:
    """Decide whether factors have a third moment, there is one number, and members do not come in pairs."""
    return task.factor.skewness != 0 and task.shapes == ((1, 1),) and not task.mirrored


HALF = Fraction(1, 2)


def draw_skewed(draws: Any) -> Task:
    """Draw a quadratic of one number."""
    terms = tuple((int(c), *(0,) * k) for k, c in enumerate(draws.integers(-3, 3, shape=3)))
    return Task(((1, 1),), draws.integers(1, 3), "skewed", draws.choice((HALF, Fraction(1))), terms, 1, False)


SKEWED = Family(
    "skewed-factors",
    always=lambda: tuple(
        Task(((1, 1),), rank, "skewed", HALF, terms, 1, False)
        for rank in (1, 2, 4)
        for terms in (((1, 0, 0),), ((2, 0), (-3, 0, 0), (1,)))
    ),
    draw=draw_skewed,
)


EG_3 = Statement(
    id="low_rank_optimizers/EG-3",
    title="Skewed factors have a bias on quadratics",
    says=(
        "For one number and a quadratic f, members without pairs whose factors have the third moments E a^3 and E b^3 "
        "have an estimate of the mean f' + (f''/2) sigma E[a^3] E[b^3] / sqrt(r): its bias falls like the root of the "
        "rank, not like the rank, and symmetric factors have none."
    ),
    source=Derived(skew_bias),
    tex=r"g_r - f' = \frac{f''}{2} \sigma \frac{\mathbb E a^3\,\mathbb E b^3}{\sqrt r}",
    hypotheses=TASK | {"at most quadratic": at_most(2), "skewed factors of one number": is_skewed},
    instances=SKEWED,
    solve=estimated,
    claim=Identity(skewed),
    decisions=("estimates",),
    saboteurs=(
        saboteur("it falls like the rank", claim=Identity(partial(skewed, falls=True))),
        saboteur("the mean over members", solve=over_members),
    ),
    notes="The law is -1/2 with probability 4/5 and 2 with 1/5, whose third moment is 3/2.",
)


def of_full_noise(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Bound the bias with the sixth moment of full noise."""
    sigma = float(case.scale) * case.rank**0.5
    return {"bound": bias_bound(case.shape, rank=np.inf, sigma=sigma, hessian_lipschitz=case.lipschitz).bound}


def of_plain_sigma(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Bound the bias with sigma in the place of its square."""
    sigma = float(case.scale) * case.rank**0.5
    return {"bound": bias_bound(case.shape, rank=case.rank, sigma=sigma**0.5, hessian_lipschitz=case.lipschitz).bound}


@dataclass(frozen=True)
class Smooth:
    """The cubic sum_i c_i <u_i, W>^3 with orthogonal directions u_i whose lengths are integers, on one shape."""

    shape: tuple[int, int]
    rank: int
    scale: Fraction
    directions: tuple[tuple[int, ...], ...]
    coefficients: tuple[int, ...]

    @property
    def task(self) -> Task:
        """The cubic with Gaussian factors, around 0."""
        terms = [
            (c * math.prod(u[k] for k in places), *places)
            for c, u in zip(self.coefficients, self.directions, strict=True)
            for places in product(range(len(u)), repeat=3)
            if math.prod(u[k] for k in places)
        ]
        return Task((self.shape,), self.rank, "three-point", self.scale, tuple(terms))

    @property
    def lipschitz(self) -> int:
        """The Lipschitz constant of the Hessian: the largest 6 |c_i| |u_i|^3."""
        pairs = zip(self.coefficients, self.directions, strict=True)
        return max(6 * abs(c) * math.isqrt(sum(x * x for x in u)) ** 3 for c, u in pairs)


def is_smooth(case: Smooth) -> bool:
    """Decide whether directions are orthogonal, of integer length, and all factors can be gone through."""
    U = np.array(case.directions)
    m, n = case.shape
    if U.shape != (len(case.coefficients), m * n) or len(U) == 0 or not case.scale > 0:
        return False
    if min(m, n, case.rank) < 1 or case.rank * (m + n) > 6:
        return False
    gram = U @ U.T
    roots = [math.isqrt(int(square)) ** 2 == square > 0 for square in np.diag(gram)]
    return all(roots) and not (gram - np.diag(np.diag(gram))).any() and max(map(abs, case.coefficients)) <= 9


def bounded(case: Smooth, rng: np.random.Generator | None = None) -> Found:
    """Return the library's bound."""
    sigma = float(case.scale) * math.sqrt(case.rank)
    return {"bound": bias_bound(case.shape, rank=case.rank, sigma=sigma, hessian_lipschitz=case.lipschitz).bound}


def above_bias(case: Smooth, found: Found) -> Sides:
    """Compare the squared bias with the square of the bound under its sign, and the square with what it has to be."""
    task, bound = case.task, found["bound"]
    off = surrogate(task) - gradient_of(task)
    due = (task.variance * case.lipschitz / 6) ** 2 * theory.sixth_moment(case.shape, rank=case.rank)
    lhs, rhs = sides_of((sum(one * one for one in off), bound * abs(bound)), (bound * bound, due))
    return Sides(lhs, rhs, rounding=rounding(64, float(due)))


TURNED = ((3, 4, 0, 0), (4, -3, 0, 0), (0, 0, 5, 0))


def draw_smooth(draws: Any) -> Smooth:
    """Draw a shape, a rank, and weights of axes, or of a plane that is turned."""
    m, n, rank = draws.choice(((1, 1, 1), (1, 1, 2), (1, 1, 3), (2, 1, 1), (2, 1, 2), (2, 2, 1), (1, 3, 1)))
    d = m * n
    axes = np.eye(d, dtype=int) * draws.choice((1, 2))
    if d == 4 and draws.choice((True, False)):
        axes = np.array(TURNED)
    c = tuple(int(one) for one in draws.integers(-3, 3, shape=len(axes)))
    rows = tuple(tuple(int(x) for x in row) for row in axes)
    return Smooth((m, n), rank, draws.choice((HALF, Fraction(1), Fraction(2))), rows, c if any(c) else (1,) * len(c))


SMOOTH = Family(
    "smooth-cubics",
    always=(
        Smooth((1, 1), 1, Fraction(2), ((1,),), (1,)),
        Smooth((1, 1), 2, HALF, ((1,),), (-1,)),
        Smooth((2, 2), 1, HALF, ((1, 2, 2, 4),), (1,)),
        Smooth((2, 2), 1, HALF, TURNED, (1, -2, 3)),
        Smooth((2, 1), 2, Fraction(1), ((3, 4),), (2,)),
    ),
    draw=draw_smooth,
)


EG_5 = Statement(
    id="low_rank_optimizers/EG-5",
    title="A Lipschitz Hessian bounds the bias by a multiple of sigma^2",
    says=(
        "If the Hessian of f is Lipschitz with the constant L in the operator norm, the mean g_r of an evolution "
        "strategy with Gaussian factors is at most (L sigma^2 / 6) times the root of E|E|^6 away from the gradient, "
        "with the sixth moment of EG-M. The library's bound is this number."
    ),
    source=Derived(theory.taylor_bias_bound),
    tex=r"\|g_r - \nabla f(M)\| \le \tfrac{L\sigma^2}{6} \bigl(\mathbb E\|E\|^6\bigr)^{1/2}",
    hypotheses={"a cubic whose Lipschitz constant is known": is_smooth},
    instances=SMOOTH,
    solve=bounded,
    claim=Inequality(above_bias, unbounded="a bound may be as large as its solver likes"),
    decisions=("bound",),
    saboteurs=(
        saboteur("the sixth moment of full noise", solve=of_full_noise),
        saboteur("sigma for its square", solve=of_plain_sigma),
    ),
)
