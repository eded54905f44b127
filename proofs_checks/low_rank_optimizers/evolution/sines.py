"""Sines of one direction, where strategies with Gaussian factors have closed forms at every rank r.

t holds the singular values of T = sigma Om for f(W) = sin(<Om, W> + z), and h_r the response to them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Sides, Statement, rounding, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.exact_gradients.sine_gradient import sine_gradient
from lrtheory.low_rank_optimizers.problem import SineProblem


def turned(size: int, places: tuple[int, ...]) -> np.ndarray:
    """Return an orthogonal matrix of Fractions."""
    Q = np.array([[Fraction(int(i == j)) for j in range(size)] for i in range(size)], object)
    if places:
        i, j = places
        Q[i, i], Q[i, j], Q[j, i], Q[j, j] = Fraction(3, 5), Fraction(-4, 5), Fraction(4, 5), Fraction(3, 5)
    return Q


@dataclass(frozen=True)
class Wave:
    """The sine of <Om, W> + phase at M, where sigma Om = U diag(values) V^T; rank 0 stands for full noise.

    U and V are made of a plane that is turned by the angle of (3, 4), given by two places, or of none.
    """

    shape: tuple[int, int]
    rank: int
    values: tuple[Fraction, ...]
    sigma: Fraction = Fraction(1)
    phase: Fraction = Fraction(0)
    left: tuple[int, ...] = ()
    right: tuple[int, ...] = ()
    point: int = 0

    @property
    def frames(self) -> tuple[np.ndarray, np.ndarray]:
        """U and V, of Fractions."""
        k = len(self.values)
        return turned(self.shape[0], self.left)[:, :k], turned(self.shape[1], self.right)[:, :k]

    @property
    def direction(self) -> np.ndarray:
        """Om."""
        U, V = self.frames
        return np.asarray((U * np.array([t / self.sigma for t in self.values], object)) @ V.T)

    @property
    def at(self) -> np.ndarray:
        """M, of small integers."""
        m, n = self.shape
        return np.array([[(self.point * (i + 2 * j + 1)) % 5 - 2 for j in range(n)] for i in range(m)])

    @property
    def angle(self) -> Fraction:
        """The argument of the sine at M."""
        return Fraction((self.direction * self.at).sum() + self.phase)


def is_wave(case: Wave) -> bool:
    """Decide whether numbers are in the range where integrals are accurate, and planes lie in the space."""
    m, n = case.shape
    sizes = 1 <= len(case.values) <= min(m, n) and 0 <= case.rank <= 64 and max(m, n) <= 8
    small = all(0 <= t <= 8 for t in case.values) and 0 < case.sigma <= 8 and abs(case.phase) <= 8
    planes = [
        not one or (len(one) == 2 and one[0] != one[1] and 0 <= min(one) and max(one) < size)
        for one, size in zip((case.left, case.right), case.shape, strict=True)
    ]
    return sizes and small and all(planes)


def draw_wave(draws: Draws) -> Wave:
    """Draw a shape, a rank or full noise, singular values in eighths with ties and zeros, frames, phase and point."""
    m, n = draws.integers(1, 4), draws.integers(1, 4)
    k = draws.integers(1, min(m, n))
    values = tuple(Fraction(int(x), 8) for x in draws.integers(0, 24, shape=k))
    planes = [
        tuple(int(x) for x in draws.permutation(size)[:2]) if size > 1 and draws.choice((True, False)) else ()
        for size in (m, n)
    ]
    sigma, phase = draws.choice((Fraction(1, 2), Fraction(1), Fraction(3))), Fraction(draws.integers(-8, 8), 4)
    rank = draws.choice((0, 1, 1, 2, 3, 5, 16))
    return Wave((m, n), rank, values, sigma, phase, *planes, point=draws.integers(0, 3))


HALVES = (Fraction(3, 2), Fraction(1, 2))


WAVES = Family(
    "waves",
    always=(
        Wave((1, 1), 1, (Fraction(1),)),
        Wave((1, 1), 0, (Fraction(2),)),
        Wave((2, 3), 1, HALVES, phase=Fraction(1, 2)),
        Wave((3, 2), 2, HALVES, Fraction(1, 2), Fraction(1), (0, 2), (1, 0), 2),
        Wave((2, 2), 3, (Fraction(1), Fraction(1)), Fraction(2)),
        Wave((1, 4), 1, (Fraction(2),)),
        Wave((4, 1), 1, (Fraction(2),)),
        Wave((3, 3), 0, (Fraction(1), Fraction(1), Fraction(1, 4)), Fraction(1), Fraction(1), (0, 1), (1, 2), 1),
        Wave((2, 2), 1, (Fraction(0),)),
    ),
    draw=draw_wave,
)


Found = dict[str, Any]


def _with_columns(shape: tuple[int, int], s: np.ndarray, rank: int) -> float:
    """Return the second moment where m stands in the place of n, and the trace is right."""
    m, n = shape
    x = s * s / rank
    phi = float(np.prod((1 + x) ** (-rank / 2)))
    trace, square = m - float((x / (1 + x)).sum()), float((s * s / (1 + x) ** 2).sum())
    return (m * n - phi * (m * trace - (trace * float((s * s / (1 + x)).sum()) + square) / rank - square)) / 2


def wrongly_analysed(case: Any, rng: np.random.Generator | None = None, wrong: str = "") -> Found:
    """Return mean and second moment with one thing wrong: the rank, the frequency, the phase, a side or the mean."""
    t, sigma, shape = np.array(case.values, float), float(case.sigma), case.shape
    rank: Any = case.rank or math.inf
    if wrong == "full":
        rank = math.inf
    if wrong == "capped":
        rank = min(rank, *shape)
    angle = float(case.angle) - (float(case.phase) if wrong == "phase" else 0.0)
    h = theory.sine_response(2 * t if wrong == "double" else t, rank=rank)
    U, V = (one.astype(float) for one in case.frames)
    amplitude = (math.cos(angle) / sigma) ** 2
    sides = shape[::-1] if wrong == "transposed" else shape
    second = amplitude * theory.sine_second_moment(sides, t / 2 if wrong == "half" else t, rank=rank)
    if wrong == "transposed" and rank != math.inf:
        second = amplitude * _with_columns(shape, 2 * t, rank)
    variance = second if wrong == "uncentered" else second - amplitude * float(h @ h)
    return {
        "gradient": math.cos(angle) / sigma * (U * h) @ V.T,
        "second_moment": float(second),
        "variance": float(variance),
    }


def analysed(case: Wave, rng: np.random.Generator | None = None) -> Found:
    """Return the library's mean and second moment."""
    problem = SineProblem(case.direction.astype(float), case.at.astype(float), phase=float(case.phase))
    found = sine_gradient(problem, sigma=float(case.sigma), rank=case.rank or math.inf)
    return {"gradient": found.gradient, "second_moment": found.second_moment, "variance": found.variance}


#: beyond this many standard deviations nothing of a Gaussian is left in doubles
REACH = 40


@lru_cache(maxsize=4096)
def moment(power: int, decay: Fraction, frequency: Fraction = Fraction(0)) -> Any:
    """Return E[x^power exp(-decay x^2) cos(frequency x)] of a Gaussian x, with sin for an odd power, as a ball."""
    a = flint.acb(flint.arb(flint.fmpq(decay.numerator, decay.denominator)) + flint.arb(flint.fmpq(1, 2)))
    w = flint.acb(flint.arb(flint.fmpq(frequency.numerator, frequency.denominator)))

    def integrand(x: Any, _: Any) -> Any:
        return x**power * (-a * x * x).exp() * ((w * x).sin() if power % 2 else (w * x).cos())

    with flint.ctx.workprec(120):
        whole = flint.acb.integral(integrand, 0, REACH).real
        return 2 * whole / (2 * flint.arb.pi()).sqrt()


def product_of(factors: Any) -> Any:
    """Return a product of balls."""
    return math.prod(factors, start=flint.arb(1))


def _ball(value: Fraction) -> Any:
    return flint.arb(flint.fmpq(value.numerator, value.denominator))


def response(case: Wave) -> list[Any]:
    """Return the singular values of E[E sin<T, E>] as balls, by integrals over the factors."""
    t, r = case.values, case.rank
    if r == 0:
        rest = [moment(0, Fraction(0), one) for one in t]
        return [moment(1, Fraction(0), one) * product_of(rest[:k] + rest[k + 1 :]) for k, one in enumerate(t)]
    found = []
    for k, one in enumerate(t):
        decay = one**2 / (2 * r)
        rest = [moment(0, other**2 / (2 * r)) ** r for place, other in enumerate(t) if place != k]
        own = moment(2, decay) * moment(0, decay) ** (r - 1)
        found.append(_ball(one) * own * product_of(rest))
    return found


def cosine_of(case: Wave) -> Any:
    """Return the cosine of the angle at M as a ball."""
    return _ball(case.angle).cos()


def cosine_allowance(case: Wave) -> float:
    """Return what doubles may err by in the cosine of the angle, a sum of products of entries that are rounded."""
    reach = np.abs(case.direction * case.at).sum() + abs(case.phase)
    return float(rounding(2 * math.prod(case.shape) + 4 * len(case.values) + 4, 1 + reach))


def mean_allowance(case: Wave) -> float:
    """Return what doubles may err by in an entry of sigma g_r.

    A singular value decomposition is that of a matrix which is off by a few roundings of its norm, and E[E sin<T, E>]
    moves by no more than T does, since E<X, E>^2 = |X|^2. Its norm is at most 1 and at most |T|, and Phi_r is an
    exponential of a sum of logarithms.
    """
    norm = math.hypot(*map(float, case.values))
    size = min(1.0, norm)
    moved = rounding(8 * sum(case.shape), norm)
    return float(moved + size * (cosine_allowance(case) + rounding(4 * len(case.values) + 16, 1 + norm**2 / 2)))


def mean_of_wave(case: Wave, found: Found, squared: bool = False) -> Sides:
    """Compare the mean with integrals over the factors."""
    U, V = case.frames
    factor = float(cosine_of(case)) / float(case.sigma)
    h = np.array([float(one) for one in response(case)])
    if squared:
        h = h / (1 + np.array(case.values, float) ** 2 / max(case.rank, 1))
    due = factor * (U.astype(float) * h) @ V.astype(float).T
    return Sides(found["gradient"], due, rounding=mean_allowance(case) / float(case.sigma) * np.ones(due.shape))


EG_1 = Statement(
    id="low_rank_optimizers/EG-1",
    title="On a sine the mean of every rank has a closed form",
    says=(
        "For f(W) = sin(<Om, W> + z) and Gaussian factors, with T = sigma Om = U diag(t) V^T and Phi_r = prod_k (1 + "
        "t_k^2/r)^(-r/2), the mean of mirrored pairs is g_r = (cos(<Om, M> + z) / sigma) U diag(h) V^T with h_k = "
        "Phi_r t_k / (1 + t_k^2/r), and full noise is the limit Phi = exp(-|T|^2/2), h = Phi t."
    ),
    source=Derived(theory.sine_response),
    tex=(
        r"g_r = \frac{\cos(\langle\Omega, M\rangle + z)}{\sigma} U\,\mathrm{diag}\Bigl(\frac{\Phi_r t_k}{1 + "
        r"t_k^2/r}\Bigr) V^\top,\qquad \Phi_r = \prod_k (1 + t_k^2/r)^{-r/2}"
    ),
    hypotheses={"numbers of moderate size": is_wave},
    instances=WAVES,
    solve=analysed,
    claim=Identity(mean_of_wave),
    decisions=("gradient",),
    unread={
        "second_moment": "the statement EG-1b is about it",
        "variance": "the statement EG-1b is about it",
    },
    saboteurs=(
        saboteur("divided twice by 1 + t^2/r", claim=Identity(partial(mean_of_wave, squared=True))),
        saboteur("full noise for every rank", solve=partial(wrongly_analysed, wrong="full")),
        saboteur("the rank is capped at min(m, n)", solve=partial(wrongly_analysed, wrong="capped")),
        saboteur("twice the frequency", solve=partial(wrongly_analysed, wrong="double")),
        saboteur("the phase is forgotten", solve=partial(wrongly_analysed, wrong="phase")),
    ),
    notes="The mean is compared with integrals over the entries of A, one for each singular value, in balls.",
)


def energy(case: Wave) -> Any:
    """Return E[|E|^2 sin^2<T, E>] as a ball, by integrals over the columns of the factors."""
    m, n = case.shape
    s, r, k = [2 * t for t in case.values], case.rank, len(case.values)
    if r == 0:
        zeros = [moment(0, Fraction(0), one) for one in s]
        twos = [moment(2, Fraction(0), one) for one in s]
        terms = [two * product_of(zeros[:i] + zeros[i + 1 :]) for i, two in enumerate(twos)]
        return (m * n - sum(terms, flint.arb(0)) - (m * n - k) * product_of(zeros)) / 2
    decays = [one**2 / (2 * r) for one in s]
    h = [[moment(power, decay) for power in (0, 2, 4)] for decay in decays]
    p, q = [one[1] / one[0] for one in h], [one[2] / one[0] for one in h]
    whole = sum(p, flint.arb(0)) + (m - k)
    # a column with itself, and the r - 1 others with it
    lost = [_ball(one**2) * (p[i] * (whole - p[i]) + q[i] + (r - 1) * p[i] ** 2) / r for i, one in enumerate(s)]
    cosine = product_of(one[0] for one in h) ** r * (n * whole - sum(lost, flint.arb(0)))
    return (m * n - cosine) / 2


def energy_allowance(case: Wave) -> float:
    """Return what doubles may err by in sigma^2 times a second moment, E|E|^2 sin^2<T, E> times a squared cosine.

    It is at most mn, and where T moves by X it moves by less than (E|E|^4)^(1/2) |X|.
    """
    (m, n), norm = case.shape, math.hypot(*map(float, case.values))
    fourth = m * n * (m * n + 2 + (2 * (m + n + 1) / case.rank if case.rank else 0))
    moved = rounding(8 * (m + n), math.sqrt(fourth) * norm)
    sums = rounding(8 * len(case.values) + 32, m * n * (1 + norm))
    return float(moved + sums + 2 * cosine_allowance(case) * m * n)


def energy_of_wave(case: Wave, found: Found) -> Sides:
    """Compare the second moment and the variance of one pair with integrals over the factors."""
    amplitude = (cosine_of(case) / flint.arb(flint.fmpq(case.sigma.numerator, case.sigma.denominator))) ** 2
    second = amplitude * energy(case)
    variance = second - amplitude * sum((one * one for one in response(case)), flint.arb(0))
    allowed = energy_allowance(case) / float(case.sigma) ** 2
    return Sides(
        np.array([found["second_moment"], found["variance"]]),
        np.array([float(second), float(variance)]),
        rounding=np.array([allowed, allowed]),
    )


EG_1B = Statement(
    id="low_rank_optimizers/EG-1b",
    title="On a sine the variance of every rank has a closed form",
    says=(
        "For f(W) = sin(<Om, W> + z), Gaussian factors, S = 2 sigma Om and K = (I + S S^T/r)^-1, the mean square of "
        "the estimate of one mirrored pair is (cos^2 / (2 sigma^2)) (mn - L), with the cosine of <Om, M> + z and L = "
        "Phi_r(S) (n tr K - (tr K tr(S^T K S) + |K S|^2)/r - |K S|^2); its variance is |g_r|^2 less."
    ),
    source=Derived(theory.sine_second_moment),
    tex=(
        r"\mathbb E\|\hat g\|^2 = \frac{\cos^2}{2\sigma^2} (mn - L),\quad L = \Phi_r(S) \Bigl(n\,\mathrm{tr} K - "
        r"\tfrac1r \bigl(\mathrm{tr} K\,\mathrm{tr}\,S^\top K S + \|KS\|^2\bigr) - \|KS\|^2\Bigr)"
    ),
    hypotheses={"numbers of moderate size": is_wave},
    instances=WAVES,
    solve=analysed,
    claim=Identity(energy_of_wave),
    decisions=("second_moment", "variance"),
    unread={"gradient": "the statement EG-1 is about it"},
    saboteurs=(
        saboteur("T for 2 T", solve=partial(wrongly_analysed, wrong="half")),
        saboteur("the trace on the other side", solve=partial(wrongly_analysed, wrong="transposed")),
        saboteur("full noise for every rank", solve=partial(wrongly_analysed, wrong="full")),
        saboteur("the variance is the second moment", solve=partial(wrongly_analysed, wrong="uncentered")),
    ),
)
