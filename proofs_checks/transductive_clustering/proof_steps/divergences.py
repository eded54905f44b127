"""Inequalities for divergences, softmaxes and exponentials."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory._numbers import gathered, inexact
from lrtheory._types import ArrayLike
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Numbers,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.transductive_clustering.theory.arguments import fitting, rows
from proofs_checks.transductive_clustering.families.paths import entries, unlike
from proofs_checks.transductive_clustering.families.problems import draw_simplex
from proofs_checks.transductive_clustering.proof_steps.majorisers import kl_divergence


@dataclass(frozen=True)
class Laws:
    """Two rows of probabilities, in sixteenths."""

    p: np.ndarray
    q: np.ndarray


def are_laws(laws: Laws) -> bool:
    """Whether both rows are points of the simplex."""
    rows = np.concatenate([laws.p, laws.q])
    return bool(rows.min() >= 0 and np.abs(rows.sum(1) - 1).max() <= 1e-12)


def divergence_of(laws: Laws, rng: np.random.Generator | None = None) -> float:
    """KL(p || q)."""
    return float(kl_divergence(laws.p, laws.q))


def draw_laws(draws: Draws) -> Laws:
    """Two to four entries."""
    rows = draw_simplex(draws, 2, draws.integers(2, 4))
    return Laws(rows[:1], rows[1:])


#: near one half the constant is met
LAWS = Family(
    "laws",
    always=(
        Laws(np.array([[0.5, 0.5]]), np.array([[0.5, 0.5]])),
        Laws(np.array([[0.5 + 2.0**-8, 0.5 - 2.0**-8]]), np.array([[0.5, 0.5]])),
        Laws(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])),
    ),
    draw=draw_laws,
)


def half_divergence(laws: Laws, rng: np.random.Generator) -> float:
    """Logarithms to the base e^2."""
    return divergence_of(laws) / 2


@formula()
def kl_lower_bound(p: ArrayLike, q: ArrayLike) -> Number:
    r"""KL(p || q) is at least this, the squared distance, for each row of p and q.

    sum_l (p_l - q_l)^2 <= KL(p || q), one number per row.

    Proof
    -----
    Assumes: rows lie in the simplex, which is checked here.

    Proof: Pinsker's inequality says KL(p || q) >= \|p - q\|_1^2 / 2. The entries of delta = p - q have the sum 0, so
    its positive and its negative part both have the 1-norm \|delta\|_1 / 2, and the squared 2-norm of each is at most
    the square of that: \|delta\|_2^2 <= 2 (\|delta\|_1 / 2)^2 = \|delta\|_1^2 / 2. No factor above 1 would do: at p =
    (1/2 + e, 1/2 - e), q = (1/2, 1/2) the ratio of both sides tends to 1 as e tends to 0.
    """
    P = rows("p", p, shape=None)
    moved = P - rows("q", q, shape=P.shape)
    return gathered((moved * moved).sum(axis=-1))


def pinsker(laws: Laws, found: float, factor: int = 1) -> Sides:
    """Compare the squared distance with the divergence, once this is that of the definition."""
    p, q = (np.asarray(one, dtype=float).ravel() for one in (laws.p, laws.q))
    direct = float(np.where(p > 0, p * (np.log(np.where(p > 0, p, 1)) - np.log(q)), 0).sum())
    lower = float(np.sum(kl_lower_bound(p, q)))
    slack = rounding(64, 4.0)
    return unlike(found - direct, slack) or entries([factor * lower], [found], 2.0, rounding=slack)


TC_T4 = Statement(
    id="transductive_clustering/TC-T4",
    title="A divergence is at least the squared distance",
    says=(
        "For two rows of probabilities p and q the divergence KL(p || q) = sum p log(p / q) is at least the squared "
        "Euclidean distance of p and q."
    ),
    source=Derived(kl_lower_bound),
    tex=r"\mathrm{KL}(p \| q) \ge \|p - q\|_2^2",
    hypotheses={"points of the simplex": are_laws, "positive second law": lambda laws: bool((laws.q > 0).all())},
    instances=LAWS,
    solve=divergence_of,
    claim=Inequality(pinsker),
    saboteurs=(
        saboteur("twice the squared distance", claim=Inequality(partial(pinsker, factor=2))),
        saboteur("half of the divergence", solve=half_divergence),
    ),
)


@formula()
def softmax_jacobian(s: ArrayLike) -> Number:
    r"""The derivative of a softmax with value s in its logits.

    diag(s) - s s', of spectral norm at most 1/2.

    Proof
    -----
    Assumes: s is a point of the simplex, which is checked here.

    Proof: d s_l / d x_m = s_l (1[l = m] - s_m), and v' (diag(s) - s s') v is the variance of v under s. It is at most
    (max v - min v)^2 / 4 <= \|v\|^2 / 2. Equality asks for v = (1, -1) on two entries, with s = (1/2, 1/2) there.
    """
    s = rows("s", s, shape=("K",))
    return np.diag(s) - s[:, None] * s[None, :]


def jacobian(laws: Laws, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the derivative of a softmax where its value is p."""
    return softmax_jacobian(laws.p[0])


def diagonal_jacobian(laws: Laws, rng: np.random.Generator) -> np.ndarray:
    """diag(s)."""
    return np.diag(laws.p[0])


def norm_at_most(laws: Laws, found: np.ndarray, share: float = 1.0) -> Sides:
    """Compare the norm of the derivative with 1/2, once its entries are covariances; two halves meet it."""
    s = laws.p[0]
    units = np.eye(len(s))
    wanted = sum(w * np.outer(e - s, e - s) for w, e in zip(s, units, strict=True))
    slack = rounding(64, 4.0)
    norm = np.linalg.norm(np.asarray(found), 2)
    return unlike(found - wanted, slack) or entries([norm], [share / 2], 1.0, rounding=slack)


TC_P5 = Statement(
    id="transductive_clustering/TC-P5",
    title="A softmax moves by at most half of what its logits move",
    says=(
        "The derivative of a softmax with value s in its logits is diag(s) - s s', and its spectral norm is at most "
        "1/2."
    ),
    source=Derived(softmax_jacobian),
    tex=r"\|\mathrm{diag}(s) - s s'\|_2 \le \tfrac12",
    hypotheses={"points of the simplex": are_laws},
    instances=LAWS,
    solve=jacobian,
    claim=Inequality(norm_at_most),
    saboteurs=(
        saboteur("without the mean", solve=diagonal_jacobian),
        saboteur("nine tenths of it", claim=Inequality(partial(norm_at_most, share=0.9))),
    ),
    notes="Met at two halves alone.",
)


@dataclass(frozen=True)
class Tangent:
    """Two numbers."""

    before: float
    after: float


@formula(u="(-inf, inf)", v="(-inf, inf)")
def exponential_tangent(u: Numbers, v: Numbers) -> Numbers:
    """The tangent of exp(-x) at u has this value at v.

    exp(-u) (1 + u - v) <= exp(-v).

    Proof
    -----
    Assumes: nothing; the numbers may have any sign.

    Proof: exp is convex, so it lies above its tangent at -u: exp(-v) >= exp(-u) + exp(-u) (u - v). Equality holds at v
    = u alone.
    """
    return np.exp(inexact(-u)) * (1 + u - fitting("v", v, u))


def tangent(pair: Tangent, rng: np.random.Generator | None = None) -> float:
    """The tangent of exp(-u) at the first, at the second."""
    return float(exponential_tangent(pair.before, pair.after))


TANGENTS = Family(
    "tangents",
    always=(Tangent(0.0, 1.0), Tangent(1.0, 1.0), Tangent(2.0, 0.5)),
    draw=lambda draws: Tangent(draws.integers(0, 16) / 4, draws.integers(0, 16) / 4),
)


def other_tangent(pair: Tangent, rng: np.random.Generator) -> float:
    """The points are taken for each other."""
    return tangent(Tangent(pair.after, pair.before))


def below(pair: Tangent, found: float) -> Sides:
    """Compare the tangent with exp(-v), once it is that of the formula."""
    u, v, slack = pair.before, pair.after, rounding(16, 4.0)
    wrong = unlike(found - np.exp(-u) * (1 + u - v), slack)
    return wrong or entries([found], [np.exp(-v)], 1.0, rounding=slack)


TC_P9 = Statement(
    id="transductive_clustering/TC-P9",
    title="The exponential lies above its tangents",
    says=(
        "For all u, v >= 0 the exponential e^{-v} is at least its tangent at u, which at v has the value e^{-u} (1 + "
        "u - v)."
    ),
    source=Derived(exponential_tangent),
    tex=r"e^{-v} \ge e^{-u}(1 + u - v)",
    hypotheses={"numbers at or above zero": lambda pair: pair.before >= 0 and pair.after >= 0},
    instances=TANGENTS,
    solve=tangent,
    claim=Inequality(below),
    saboteurs=(saboteur("the tangent at the other point", solve=other_tangent),),
)
