"""Biases of low-rank evolution strategies: EG-2, EG-4, EG-R, EG-3 and EG-5."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Family, Identity, Inequality, Sides, Statement, exactly, rounding, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.planning.bias_bound import bias_bound
from proofs_checks.low_rank_optimizers.evolution.variances import ONE, PAIRS, TASK, TWICE_AS_MANY, laws_of
from proofs_checks.low_rank_optimizers.families.estimates import (
    Found,
    cubic_of,
    estimated,
    gradient_of,
    mean_of_more,
    moments,
    of_two_ranks,
    sides_of,
    smoothed,
    surrogate,
)
from proofs_checks.low_rank_optimizers.families.polynomials import (
    CUBICS,
    HALF,
    QUARTICS,
    SMOOTHED,
    Task,
    at_most,
)
from proofs_checks.low_rank_optimizers.wrong_solvers import estimators as wrong


def bias_of_rank(task: Task, found: Found, wrongly: str = "") -> Sides:
    """Compare the mean of all estimates with the gradient of the smoothing plus the bias of the rank."""
    C, laws = cubic_of(task), laws_of(task)
    if wrongly == "kurtosis":
        laws = {}
    bias = theory.low_rank_bias(C, sigma=task.scale, rank=1, **laws)  # sigma^2 / r is the square of the scale
    if wrongly == "contraction":
        bias = theory.smoothing_bias(C, sigma=task.scale) * 2
    factor = {"square": Fraction(1, task.rank), "sigma": 1 / task.variance}.get(wrongly, Fraction(1))
    return Sides(*sides_of((moments(task, found["estimates"])[0], smoothed(task) + factor * bias.ravel())))


EG_2 = Statement(
    id="low_rank_optimizers/EG-2",
    title="On cubics the bias of a low rank is exactly proportional to 1/r",
    says=(
        "On a cubic f with the third derivatives C and any terms of lower degree, the mean of mirrored pairs of rank r "
        "is the gradient g_inf of the smoothing by full Gaussian noise, plus sigma^2/r times the contraction D_ij = "
        "sum_kl C_(il)(kj)(kl) and, for factors whose entries have the excess kurtosis kA and kB, (kA/2) sum_l "
        "C_(ij)(il)(il) + (kB/2) sum_k C_(ij)(kj)(kj) + (kA kB/6) C_(ij)(ij)(ij)."
    ),
    source=Derived(theory.low_rank_bias),
    tex=(
        r"g_r - g_\infty = \frac{\sigma^2}{r}\Bigl(\sum_{kl} C_{(il)(kj)(kl)} + \tfrac{\kappa_A}2 \sum_l "
        r"C_{(ij)(il)(il)} + \tfrac{\kappa_B}2 \sum_k C_{(ij)(kj)(kj)} + "
        r"\tfrac{\kappa_A \kappa_B}6 C_{(ij)(ij)(ij)}\Bigr)"
    ),
    hypotheses=PAIRS | ONE | {"at most cubic": at_most(3)},
    instances=CUBICS,
    solve=estimated,
    claim=Identity(bias_of_rank),
    decisions=("estimates",),
    saboteurs=(
        saboteur(
            "the contraction of full noise in the place of D",
            claim=Identity(partial(bias_of_rank, wrongly="contraction")),
        ),
        saboteur("no kurtosis for signs", claim=Identity(partial(bias_of_rank, wrongly="kurtosis"))),
        saboteur("c/r^2", claim=Identity(partial(bias_of_rank, wrongly="square"))),
        saboteur("the square of sigma is forgotten", claim=Identity(partial(bias_of_rank, wrongly="sigma"))),
        saboteur("the rank is capped at min(m, n), as in torcheggroll", solve=wrong.capped, printed=True),
        saboteur("each perturbation is divided by its norm", solve=wrong.normalized),
        saboteur("signs of the factors in the update alone", solve=wrong.signs_in_the_update),
    ),
)


def mean_of_two(task: Task, found: Found, weights: tuple[int, int] = (-1, 2), times: int = 2) -> np.ndarray:
    """Return the mean of estimates at two ranks and one sigma, combined so that a bias of c/r leaves it."""
    means = moments(task, found["once"])[0], mean_of_more(task, found["more"], times)
    return weights[0] * means[0] + weights[1] * means[1]


def smoothing(task: Task, found: Found, weights: tuple[int, int] = (-1, 2)) -> Sides:
    """Compare the extrapolated mean, the gradient of the smoothing, with the gradient and a contraction of C."""
    due = gradient_of(task) + (theory.smoothing_bias(cubic_of(task), sigma=1) * task.variance).ravel()
    return Sides(*sides_of((mean_of_two(task, found, weights), due)))


EG_4 = Statement(
    id="low_rank_optimizers/EG-4",
    title="The bias of full noise is a trace, and that of low rank is not",
    says=(
        "On a cubic f with the third derivatives C, the gradient of the smoothing by full Gaussian noise is that of f "
        "plus sigma^2/2 times sum_kl C_(ij)(kl)(kl). It is here the limit of infinite rank of the library's estimates, "
        "2 g_2r - g_r. So cubics without traces leave evolution strategies of full noise unbiased, and not those of a "
        "low rank."
    ),
    source=Derived(theory.smoothing_bias),
    tex=r"g_\infty - \nabla f(M) = \tfrac{\sigma^2}2 \sum_{kl} C_{(ij)(kl)(kl)}",
    hypotheses=PAIRS | ONE | TWICE_AS_MANY | {"at most cubic": at_most(3)},
    instances=SMOOTHED,
    solve=of_two_ranks,
    claim=Identity(smoothing),
    decisions=("once", "more"),
    saboteurs=(
        saboteur("a low rank is unbiased without traces", claim=Identity(partial(smoothing, weights=(1, 0)))),
        saboteur("the same rank twice", solve=wrong.of_one_rank),
    ),
)


def extrapolated(task: Task, found: Found, weights: tuple[int, int] = (-1, 2), times: int = 2) -> Sides:
    """Compare the extrapolated mean with the gradient of the smoothing."""
    return Sides(*sides_of((mean_of_two(task, found, weights, times), smoothed(task))))


def extrapolated_from_three(task: Task, found: Found) -> Sides:
    """Combine the ranks r and 3r with the weights of r and 2r; the estimates of the rank 3r are made here."""
    return extrapolated(task, exactly(of_two_ranks(task, times=3)), times=3)


EG_R = Statement(
    id="low_rank_optimizers/EG-R",
    title="Two ranks combined have the mean of full noise",
    says=(
        "For a polynomial of degree at most 4, 2 g_2r - g_r is the gradient g_inf of the smoothing by full Gaussian "
        "noise, where g_r and g_2r are the means of mirrored pairs of the ranks r and 2r at one sigma: the bias is "
        "exactly proportional to 1/r, whatever the symmetric law of the factors."
    ),
    source=Derived(theory.richardson),
    tex=r"2 g_{2r} - g_r = g_\infty",
    hypotheses=PAIRS | ONE | TWICE_AS_MANY | {"degree at most 4": at_most(4)},
    instances=QUARTICS,
    solve=of_two_ranks,
    claim=Identity(extrapolated),
    decisions=("once", "more"),
    saboteurs=(
        saboteur(
            "weights 3/2 and -1/2", claim=Identity(partial(extrapolated, weights=(Fraction(-1, 2), Fraction(3, 2))))
        ),
        saboteur(
            "ranks r and 3r with the weights of r and 2r",
            claim=Identity(extrapolated_from_three),
        ),
        saboteur("the same rank twice", solve=wrong.of_one_rank),
        saboteur(
            "the fifth power",
            breaks="degree at most 4",
            instances=Family(
                "quintics",
                always=(Task(((1, 1),), 1, "sign", HALF, ((1, 0, 0, 0, 0, 0),)),),
                complete="the fifth power of one number, with signs",
                members=1,
            ),
        ),
    ),
    notes=(
        "The scale of the rank 2r is a root of that of r: the mean there is interpolated, without rounding, from as "
        "many rational scales as it has coefficients as a polynomial in the square of the scale. On the fifth power of "
        "one number with signs it is 7 sigma^4 for 15 sigma^4. On sines the error is of the order r^-2, but without a "
        "bound at any given rank, and a slope over a few ranks would decide nothing about it: no statement says so."
    ),
)


def skewed(task: Task, found: Found, falls: bool = False) -> Sides:
    """Compare the mean of one-sided estimates of a quadratic of one number with its gradient and the skew bias."""
    third, second = task.factor.skewness, sum(2 * c for c, *places in task.terms if len(places) == 2)
    # sigma over the root of the rank is the scale, so the bias at rank 1 with this scale is that of the rank
    bias = theory.skew_bias(third_a=third, third_b=third, sigma=task.scale, second_derivative=second)
    bias = bias / task.rank if falls else bias
    return Sides(*sides_of((moments(task, found["estimates"])[0], gradient_of(task) + bias)))


def is_skewed(task: Task) -> bool:
    """Decide whether factors have a third moment, there is one number, and members do not come in pairs."""
    return task.factor.skewness != 0 and task.shapes == ((1, 1),) and not task.mirrored


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
    source=Derived(theory.skew_bias),
    tex=r"g_r - f' = \frac{f''}{2} \sigma \frac{\mathbb E a^3\,\mathbb E b^3}{\sqrt r}",
    hypotheses=TASK | {"at most quadratic": at_most(2), "skewed factors of one number": is_skewed},
    instances=SKEWED,
    solve=estimated,
    claim=Identity(skewed),
    decisions=("estimates",),
    saboteurs=(
        saboteur("it falls like the rank", claim=Identity(partial(skewed, falls=True))),
        saboteur("the mean over members", solve=wrong.over_members),
    ),
    notes="The law is -1/2 with probability 4/5 and 2 with 1/5, whose third moment is 3/2.",
)


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
        saboteur("the sixth moment of full noise", solve=wrong.of_full_noise),
        saboteur("sigma for its square", solve=wrong.of_plain_sigma),
    ),
)
