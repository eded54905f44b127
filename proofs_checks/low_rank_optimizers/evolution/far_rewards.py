"""Rewards far from the present weights, and objectives that grow exponentially, for Gaussian factors of rank r.

A reward 1[x > c sigma] lies at the distance of c perturbations along a direction Om of rank one, where x is the
displacement. T = sigma Om, with singular values t, for the objective exp(<Om, W>).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from proofs_checks.guards import misfit
from proofs_checks.low_rank_optimizers.evolution.sines import moment, product_of

Found = dict[str, Any]


@formula(c="[0, 30]", r="[1, 64]")
def far_response(c: Number, r: int) -> float:
    r"""The length of sigma g_r for the reward 1[x > c sigma]; full noise has the density phi(c) of a Gaussian there.

    Proof
    -----
    Assumes: Gaussian factors, and Om of rank one and length 1.

    Proof: <Om, E> = rho z, where z is Gaussian, independent of rho, and rho^2 is the mean of r squares of independent
    Gaussians. Along Om, sigma g_r is E[rho z 1(rho z > c)] = E[rho phi(c / rho)], and across it is 0 by symmetry. rho^2
    has the law of Gamma with shape r/2 and scale 2/r, and the integral of x^(nu - 1) exp(-b/x - a x) over x > 0 is
    2 (b/a)^(nu/2) K_nu(2 sqrt(a b)), here with nu = (r + 1)/2, a = r/2 and b = c^2/2.
    """
    from scipy.special import kve

    nu, y = (r + 1) / 2, float(c) * math.sqrt(r)
    scale = math.log(r / 2) * r / 2 - math.lgamma(r / 2) - math.log(2 * math.pi) / 2 + math.log(2)
    if y < 1e-6:  # K_nu(y) is Gamma(nu) (2/y)^nu / 2, up to a share of y^2
        return math.exp(scale + math.lgamma(nu) + (nu - 1) * math.log(2) - nu * math.log(r))
    return math.exp(scale + nu * math.log(y / r) - y + math.log(float(kve(nu, y))))


@dataclass(frozen=True)
class Far:
    """A distance in perturbations, and a rank."""

    distance: Fraction
    rank: int


def is_far(case: Far) -> bool:
    """Decide whether the distance is 0 or in [1/8, 12], and the rank from 1 to 64."""
    return (case.distance == 0 or Fraction(1, 8) <= case.distance <= 12) and 1 <= case.rank <= 64


def seen(case: Far, rng: np.random.Generator | None = None, damped: bool = False) -> Found:
    """Return the response of the rank and that of full noise; a damped one is full noise times that at distance 0."""
    c, r = float(case.distance), case.rank
    full = math.exp(-c * c / 2) / math.sqrt(2 * math.pi)
    response = full * far_response(0.0, r) * math.sqrt(2 * math.pi) if damped else far_response(c, r)
    return {"response": response, "full": full}


def one_too_low(case: Far, rng: np.random.Generator | None = None) -> Found:
    """Take the density of rho^2 with one degree of freedom less at high rank, and more at rank one."""
    return seen(Far(case.distance, case.rank - 1 if case.rank > 1 else 2))


@lru_cache(maxsize=512)
def averaged(distance: Fraction, rank: int) -> tuple[float, float]:
    """Return E[rho phi(c / rho)] by an integral over rho in balls, and phi(c)."""
    with flint.ctx.workprec(360):  # the integral is small, and its tolerance is not relative
        c = flint.acb(flint.arb(flint.fmpq(distance.numerator, distance.denominator)))
        r = rank
        constant = 2 * (flint.arb(r) / 2) ** (flint.arb(r) / 2) / (flint.arb(r) / 2).gamma()

        def integrand(rho: Any, _: Any) -> Any:
            near = c * c / (2 * rho * rho) if distance else 0
            return rho**r * (-r * rho * rho / 2 - near).exp()

        # of what is seen at distances of 1/8 to 12, lengths below 1/64 and above 40 have a share of less than 1e-15
        low = Fraction(0) if distance == 0 else Fraction(1, 64)
        whole = flint.acb.integral(integrand, flint.acb(flint.fmpq(low.numerator, low.denominator)), 40).real
        root = (2 * flint.arb.pi()).sqrt()
        return float(constant * whole / root), float((-(c.real**2) / 2).exp() / root)


def responds(case: Far, found: Found) -> Sides:
    """Compare both responses with integrals."""
    due = averaged(case.distance, case.rank)
    off = misfit((found["response"], ()), (found["full"], ()))
    if off is not None:
        return off
    # relative to what is due: exponentials of sums of terms of at most 400, and a Bessel function
    allowed = [float(rounding(4096, one)) for one in due]
    return Sides([found["response"], found["full"]], list(due), rounding=allowed)


def damps(case: Far, found: Found) -> Sides:
    """Claim that a low rank sees less than full noise."""
    return Sides([found["response"]], [found["full"]], trivial=1.0)


def draw_far(draws: Draws) -> Far:
    """Draw a distance in eighths and a rank."""
    return Far(Fraction(draws.integers(1, 64), 8), draws.integers(1, 64))


EG_T = Statement(
    id="low_rank_optimizers/EG-T",
    title="A low rank sees rewards that full noise does not",
    says=(
        "For the reward 1[x > c sigma] with x the displacement along a direction of rank one, sigma g_r is (2 "
        "pi)^(-1/2) (r/2)^(r/2) / Gamma(r/2) times 2 (c^2/r)^((r+1)/4) K_((r+1)/2)(c sqrt(r)), and that of full noise "
        "is phi(c). At rank 1 the quotient is 0.75 at c = 0.5, 8.7 at 3 and 120 at 4: a low rank is no shrunken form "
        "of full noise."
    ),
    source=Derived(far_response),
    tex=(
        r"\sigma g_r = \frac{(r/2)^{r/2}}{\sqrt{2\pi}\,\Gamma(r/2)}\,2\Bigl(\frac{c^2}{r}\Bigr)^{(r+1)/4} "
        r"K_{(r+1)/2}(c\sqrt r)"
    ),
    hypotheses={"a distance and a rank": is_far},
    instances=Family(
        "far-rewards",
        always=(
            Far(Fraction(0), 1),
            Far(Fraction(0), 5),
            Far(Fraction(1, 2), 1),
            Far(Fraction(2), 3),
            Far(Fraction(3), 1),
            Far(Fraction(4), 4),
            Far(Fraction(6), 1),
            Far(Fraction(12), 64),
        ),
        draw=draw_far,
    ),
    solve=seen,
    claim=Identity(responds),
    decisions=("response", "full"),
    saboteurs=(
        saboteur("a low rank always damps", claim=Inequality(damps)),
        saboteur("full noise, shrunken as at its threshold", solve=partial(seen, damped=True)),
        saboteur("another number of degrees of freedom", solve=one_too_low),
    ),
    notes="The response is compared with an integral over the length of the factor along the direction, in balls.",
)


@formula(t="k in [0, inf)", r="[1, inf)")
def exponential_mean(t: np.ndarray, r: int) -> Number:
    r"""The mean of exp(<T, E>), infinite where a value of t reaches sqrt(r).

    Proof
    -----
    Assumes: Gaussian factors.

    Proof: given A, <T, E> is Gaussian with variance \|T^T A\|^2 / r, so that the mean is E exp(\|T^T A\|^2 / (2 r)). In
    the directions of the left singular vectors the entries of A are independent Gaussians a, and E exp(t^2 a^2 / (2 r))
    is the integral of exp(-(1 - t^2 / r) a^2 / 2) over the root of 2 pi: (1 - t^2/r)^(-1/2) where t^2 < r, and else
    infinite. There are r entries for each value.
    """
    values = [Fraction(one) for one in np.asarray(t, object).tolist()]
    if any(one * one >= r for one in values):
        return math.inf
    return math.exp(sum(-r / 2 * math.log1p(-float(one * one / r)) for one in values))


@dataclass(frozen=True)
class Steep:
    """Singular values of T, and a rank."""

    values: tuple[Fraction, ...]
    rank: int


def is_steep(case: Steep) -> bool:
    """Decide whether no t^2 is in the gap from 7/8 r to r, where integrals are slow, and numbers are moderate."""
    r = case.rank
    squares = [one * one / Fraction(r) for one in case.values]
    return 1 <= len(squares) <= 4 and 1 <= r <= 16 and all(0 <= x <= Fraction(7, 8) or 1 <= x <= 64 for x in squares)


def mean_of_steep(case: Steep, rng: np.random.Generator | None = None, wrong: str = "") -> Found:
    """Return whether there is a mean, and the mean, or 0 where there is none."""
    if wrong == "full":
        mean = math.exp(float(sum(one * one for one in case.values)) / 2)
    elif wrong == "border":
        below = [one for one in case.values if one * one != case.rank]
        mean = exponential_mean(np.array(below, object), case.rank)
    else:
        mean = exponential_mean(np.array(case.values, object), 1 if wrong == "rank" else case.rank)
    return {"finite": mean < math.inf, "mean": float(mean) if mean < math.inf else 0.0}


def has_mean(case: Steep, found: Found) -> Sides:
    """Compare the mean with integrals over the entries of A, in balls, and its existence with the values."""
    off = misfit((found["mean"], ()))
    if off is not None:
        return off
    r = case.rank
    due = 0.0
    finite = all(one * one < r for one in case.values)
    if finite:
        due = float(product_of(moment(0, -one * one / Fraction(2 * r)) ** r for one in case.values))
    lhs, rhs = [float(found["finite"]), found["mean"]], [float(finite), due]
    return Sides(lhs, rhs, rounding=[0.0, float(rounding(256, due))])


def draw_steep(draws: Draws) -> Steep:
    """Draw a rank and up to three values, mostly below its root."""
    r = draws.integers(1, 9)
    t = draws.integers(0, 14, shape=draws.integers(1, 3))
    return Steep(tuple(Fraction(int(one) * math.isqrt(r), 16) for one in t), r)


EG_H = Statement(
    id="low_rank_optimizers/EG-H",
    title="At low rank wide steps on an exponential have no mean",
    says=(
        "For Gaussian factors E exp<T, E> is the product of (1 - t_k^2/r)^(-r/2) over the singular values t of T if "
        "all t_k^2 < r, and else infinite, where full noise has exp(|T|^2/2). So objectives that grow exponentially "
        "along Om have a surrogate gradient of rank r only for sigma |Om| < sqrt(r)."
    ),
    source=Derived(exponential_mean),
    tex=r"\mathbb E\,e^{\langle T, E\rangle} = \prod_k (1 - t_k^2/r)^{-r/2} \text{ if } t_1^2 < r,\text{ else } \infty",
    hypotheses={"values below the root of the rank, or beyond it": is_steep},
    instances=Family(
        "steep-objectives",
        always=(
            Steep((Fraction(1, 2),), 1),
            Steep((Fraction(1),), 1),
            Steep((Fraction(3, 2), Fraction(1, 2)), 4),
            Steep((Fraction(2), Fraction(1)), 4),
            Steep((Fraction(5, 2), Fraction(2), Fraction(1, 4)), 9),
            Steep((Fraction(0),), 2),
            Steep((Fraction(3),), 2),
        ),
        draw=draw_steep,
    ),
    solve=mean_of_steep,
    claim=Identity(has_mean),
    decisions=("finite", "mean"),
    saboteurs=(
        saboteur("finite at the root of the rank", solve=partial(mean_of_steep, wrong="border")),
        saboteur("full noise for every rank", solve=partial(mean_of_steep, wrong="full")),
        saboteur("rank one for every rank", solve=partial(mean_of_steep, wrong="rank")),
    ),
)
