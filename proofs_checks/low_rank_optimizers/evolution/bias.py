"""Biases of low-rank evolution strategies on cubics, and how two ranks remove them.

E = A B^T / sqrt(r) is a perturbation of an m x n weight M, `shape` = (m, n), with the factors A (m, r) and B (n, r),
and kA and kB are the excess kurtosis of their entries: 0 for Gaussian ones, -2 for signs. sigma scales E, and P
mirrored pairs give the mean of E (f(M + sigma E) - f(M - sigma E)) / (2 sigma). r is an integer, or infinity for full
Gaussian noise.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Family, Identity, Sides, Statement, exactly, saboteur
from lrtheory.low_rank_optimizers import theory
from proofs_checks.low_rank_optimizers.families.estimates import derivative, estimated, gradient_of, moments, sides_of
from proofs_checks.low_rank_optimizers.families.estimators import _combined, _products, signs_in_the_update
from proofs_checks.low_rank_optimizers.families.polynomials import (
    FEW,
    Task,
    at_most,
    cubics,
    dense_terms,
    drawing,
    patterns,
    traceless,
)
from proofs_checks.low_rank_optimizers.families.tasks import ONE, PAIRS, TWICE_AS_MANY, laws_of

CUBICS = Family("cubics", always=cubics, draw=drawing(3, FEW))


Found = dict[str, Any]


def capped(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Cut the rank to the shorter side of the weights, at the same sigma."""
    m, n = task.shapes[0]
    rank = min(task.rank, m, n)
    A, B, _ = patterns(task, False)
    E = _products([one[..., :rank] for one in A], [one[..., :rank] for one in B]) * (task.rank / rank) ** 0.5
    return _combined(task, E)


def normalized(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Divide each perturbation by its own norm, so that all have the norm that they have on average."""
    A, B, _ = patterns(task, False)
    E = _products(A, B)
    norms = np.sqrt((E**2).sum(axis=-1, keepdims=True))
    return _combined(task, E / np.where(norms > 0, norms, 1.0) * np.sqrt(task.rank * task.n_weights))


def cubic_of(task: Task) -> np.ndarray:
    """Return the third derivatives, of shape (m, n, m, n, m, n)."""
    return derivative(task, 3).reshape(task.shapes[0] * 3)


#: E e^k of a Gaussian, for k up to 6
GAUSSIAN = (1, 0, 1, 0, 3, 0, 15)


def smoothed(task: Task) -> np.ndarray:
    """Return E[E f(M + sigma E)] / sigma for Gaussian E of full rank, term by term by the moments of its entries."""
    found = np.full(task.n_weights, Fraction(0), object)
    for coefficient, *places in task.terms:
        powers = [places.count(k) for k in range(task.n_weights)]
        for k in range(task.n_weights):
            mean = math.prod(GAUSSIAN[power + (k == place)] for place, power in enumerate(powers))
            if mean:  # then the degree is odd
                found[k] += coefficient * mean * task.variance ** ((len(places) - 1) // 2)
    return found


def bias_of_rank(task: Task, found: Found, wrongly: str = "") -> Sides:
    """Compare the mean of all estimates with the gradient of the smoothing plus the bias of the rank."""
    C, laws = cubic_of(task), laws_of(task)
    if wrongly == "kurtosis":
        laws = {}
    # sigma, the scale times the root of r, is no fraction; in its place the scale times r multiplies sigma^2 by r
    r = task.rank
    bias = theory.low_rank_bias(C, sigma=task.scale * r, rank=r, **laws) / r
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
        saboteur("the rank is capped at min(m, n), as in torcheggroll", solve=capped, printed=True),
        saboteur("each perturbation is divided by its norm", solve=normalized),
        saboteur("signs of the factors in the update alone", solve=signs_in_the_update),
    ),
)


HALF = Fraction(1, 2)


def nodes(task: Task) -> list[Fraction]:
    """Return as many scales as the coefficients of an estimate as a polynomial in the square of the scale."""
    return [task.scale * one for one in (HALF, Fraction(1), Fraction(2))[: max(1, (task.degree + 1) // 2)]]


def of_two_ranks(task: Task, rng: np.random.Generator | None = None, times: int = 2) -> Found:
    """Return the estimates of the rank of a task, and those of a multiple of it at a few scales."""
    more = replace(task, rank=times * task.rank)
    return {
        "once": estimated(task)["estimates"],
        "more": np.array([estimated(replace(more, scale=scale))["estimates"] for scale in nodes(task)]),
    }


#: two estimates, of a rank and of twice that rank
TWICE = {"three-point": 2, "sign": 3}


SMOOTHED = Family("cubics-of-two-ranks", always=lambda: (*traceless()[1:2], *cubics()[:3]), draw=drawing(3, TWICE))


def of_one_rank(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Return the estimates of the first rank also in the place of the second, at every pattern of twice the columns."""
    A, B, _ = patterns(replace(task, rank=2 * task.rank), False)
    E = _products([one[..., : task.rank] for one in A], [one[..., : task.rank] for one in B])
    once = _combined(task, E)["estimates"]
    return {"once": estimated(task)["estimates"], "more": np.array([once] * len(nodes(task)))}


def mean_of_more(task: Task, estimates: Any, times: int) -> np.ndarray:
    """Return the mean at a multiple of the rank and the same sigma, whose scale is a root, by interpolation.

    The estimate of a polynomial is one in the square of the scale, and as many scales as it has coefficients tell it.
    """
    more, at = replace(task, rank=times * task.rank), task.scale**2 / times
    squares = [scale**2 for scale in nodes(task)]
    if len(estimates) != len(squares):
        raise ValueError(f"`more` must hold the estimates at {len(squares)} scales; got {len(estimates)}")
    means = []
    for k, one in enumerate(estimates):
        shares = [(at - other) / (squares[k] - other) for i, other in enumerate(squares) if i != k]
        means.append(math.prod(shares, start=Fraction(1)) * moments(more, one)[0])
    return np.asarray(sum(means))


def mean_of_two(task: Task, found: Found, ranks: tuple[int, int] = (1, 2), times: int = 2) -> np.ndarray:
    """Return the mean of estimates at two ranks and one sigma, combined so that a bias of c/r leaves it."""
    return theory.richardson(moments(task, found["once"])[0], mean_of_more(task, found["more"], times), ranks=ranks)


def smoothing(task: Task, found: Found, low: bool = False) -> Sides:
    """Compare the extrapolated mean, the gradient of the smoothing, with the gradient and a contraction of C."""
    due = gradient_of(task) + (theory.smoothing_bias(cubic_of(task), sigma=1) * task.variance).ravel()
    made = moments(task, found["once"])[0] if low else mean_of_two(task, found)
    return Sides(*sides_of((made, due)))


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
        saboteur("a low rank is unbiased without traces", claim=Identity(partial(smoothing, low=True))),
        saboteur("the same rank twice", solve=of_one_rank),
    ),
)


def quartics() -> tuple[Task, ...]:
    """Return quartics with estimates of two ranks: the published one, powers, and all terms on small shapes."""
    one = Task(((1, 1),), 1, "three-point", HALF, ((1, 0, 0, 0), (-2, 0, 0, 0, 0)))
    terms = ((-1, 0, 0, 0, 0), (2, 0, 0, 0), (-3, 0, 0, 1), (1, 0, 1, 1), (1, 0), (2, 0, 1, 1, 1))
    return (
        one,
        replace(one, law="sign"),
        replace(one, law="sign", rank=2),
        replace(one, shapes=((2, 1),), rank=1, law="sign", terms=terms),
        replace(one, shapes=((2, 1),), rank=1, law="three-point", terms=terms),
        Task(((2, 2),), 1, "sign", HALF, dense_terms(4, 4)[::2]),
        *traceless()[1:2],
    )


QUARTICS = Family("quartics", always=quartics, draw=drawing(4, TWICE))


def extrapolated(task: Task, found: Found, ranks: tuple[int, int] = (1, 2), times: int = 2) -> Sides:
    """Compare the extrapolated mean with the gradient of the smoothing."""
    return Sides(*sides_of((mean_of_two(task, found, ranks, times), smoothed(task))))


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
        saboteur("weights 3/2 and -1/2", claim=Identity(partial(extrapolated, ranks=(1, 3)))),
        saboteur(
            "ranks r and 3r with the weights of r and 2r",
            claim=Identity(extrapolated_from_three),
        ),
        saboteur("the same rank twice", solve=of_one_rank),
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
