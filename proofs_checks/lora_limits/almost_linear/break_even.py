"""The length from which the low-rank gradient is cheaper, and two polynomials that were measured."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import iv

from lrtheory.bounds import All, Derived, Draws, Family, Inequality, Measured, Sides, Statement, saboteur
from lrtheory.lora_limits import lora_gradients, theory
from proofs_checks.lora_limits.families.growing_lengths import Length, from_whole_matrices


@dataclass(frozen=True)
class Widths:
    """A width, features, and the rank of the adapters; 0 where the whole gradient is wanted."""

    d: int
    n_features: int
    rank: int


def break_even(case: Widths, rng: np.random.Generator | None = None) -> float:
    """Return the library's break-even length."""
    return theory.break_even_length(case.d, case.n_features, rank=case.rank or None)


def draw_widths(draws: Draws) -> Widths:
    """Widths up to 128, up to 10^5 features, ranks up to the width."""
    d = draws.integers(1, 128)
    return Widths(d, draws.integers(1, 10**5), draws.integers(0, d))


WIDTHS = Family(
    "widths",
    draw=draw_widths,
    always=tuple(
        # numbers of features of degree 2, 3 and 4 at these widths, for whole gradients and for adapters
        Widths(d, k, r)
        for d, k, r in ((8, 45, 0), (8, 495, 0), (16, 969, 0), (64, 2145, 0), (64, 2145, 4), (32, 561, 2))
    ),
)


def small_widths() -> Iterator[Widths]:
    """Yield all widths up to 16, numbers of features of degrees up to 12, and ranks up to the width."""
    for d, g in itertools.product(range(1, 17), range(13)):
        yield from (Widths(d, theory.n_features(d, g), r) for r in range(d + 1))


def twice_as_long(case: Widths, rng: np.random.Generator) -> float:
    """State twice the break-even length."""
    return 2 * break_even(case)


def meets(case: Widths, found: float, features: int = 1) -> Sides:
    """Compare exact with low-rank multiplications at the two integers around the break-even."""
    low, high = math.floor(found), math.floor(found) + 1
    d, r = case.d, case.rank
    # multiplications for a pair of tokens and for one token, times 2 on both sides (`theory.flop_model`)
    per_pair = 6 * d + 4 * r if r else 8 * d
    per_token = 4 * features * case.n_features * ((d + 1) * (2 * r + 1) if r else (d + 1) ** 2)
    return Sides([per_pair * low**2, per_token * high], [per_token * low, per_pair * high**2])


LL_T3_BREAK_EVEN = Statement(
    id="lora_limits/LL-T3-break-even",
    title="The length from which fewer products are needed",
    says=(
        "For L tokens of width d the low-rank gradient with k features takes no more multiplications than the exact "
        "one exactly from this length on; the second pair of counts is that of adapters of rank r alone, without the "
        "gradient by the weight."
    ),
    source=Derived(theory.break_even_length),
    tex=r"4Lk(d+1)^2 \le 8dL^2 \iff L \ge \tfrac{k(d+1)^2}{2d},\quad 4Lk(d+1)(2r+1) \le (6d+4r)L^2",
    hypotheses={"some features": lambda case: case.n_features > 0},
    instances=WIDTHS,
    for_all=(
        All(
            "triples of a width up to 16, a rank from 0 to the width, and a degree up to 12, of monomials as features",
            small_widths,
            members=1976,
        ),
    ),
    solve=break_even,
    claim=Inequality(meets, unbounded="at a wrong length there may be any number of products"),
    saboteurs=(
        saboteur("the length is twice as large", solve=twice_as_long),
        # with twice as many products per feature, low rank pays from twice the length on
        saboteur("half of the products", claim=Inequality(partial(meets, features=2))),
    ),
    notes="Products alone; exponentials move it a little towards low rank.",
)


def kinds(case: Length, rng: np.random.Generator | None = None) -> np.ndarray:
    """dLoss/dW_Q with degrees two and four, by Taylor's and by Chebyshev's polynomial: (2, 2, d, d)."""
    call = lambda g, kind: lora_gradients(case.problem, adapt=("Q",), method="low-rank", degree=g, polynomial=kind)
    return np.array([[call(g, kind).W["Q"] for g in (2, 4)] for kind in ("taylor", "chebyshev")])


def is_uniform(case: Length) -> bool:
    """Return whether there are 256 tokens of width 8 with entries up to 1/2 or 1."""
    return case.n_tokens == 256 and case.d == 8 and case.bound in (0.5, 1.0)


def draw_uniform(draws: Draws) -> Length:
    """Draw 256 other tokens of width 8, with entries up to 1/2 or 1."""
    return Length(256, 8, draws.choice((0.5, 1.0)), draws.integers(0, 2**20))


UNIFORM = Family("uniform-tokens", always=tuple(Length(256, 8, bound) for bound in (0.5, 1.0)), draw=draw_uniform)


# where the measured claim is known to be false: with few tokens, and with logits so small that both errors are rounding
SHORT = Family("other-tokens", always=(Length(64, 2, 1.0), Length(256, 8, 0.01)))


def kinds_exchanged(case: Length, rng: np.random.Generator) -> np.ndarray:
    """Exchange Taylor's polynomial and Chebyshev's."""
    # all gradients are right, in the names of the other polynomials
    return kinds(case)[::-1]


def wanted_kinds(case: Length) -> np.ndarray:
    """Compute the gradients of `kinds` from whole matrices, with Chebyshev's series on [-M, M] by Bessel functions."""
    found, one = [], case.shared(0)
    M = theory.logit_bound(one.queries, one.centered, beta=1.0)
    # by SciPy's Bessel functions and not by `exp_polynomial`, which is under test
    series = 2 * iv(np.arange(5), M)
    series[0] /= 2
    for kind in ("taylor", "chebyshev"):
        for g in (2, 4):
            by_series = np.polynomial.chebyshev.chebval(one.logits / M, series[: g + 1])
            powers = case.shared(g).powers if kind == "taylor" else by_series
            found.append(from_whole_matrices(one, powers=powers)["Q"])
    return np.reshape(found, (2, 2, case.d, case.d))


def taylor_wins(case: Length, found: np.ndarray, better: int = 0) -> Sides:
    """Compare 3/2 of Taylor's error with Chebyshev's, both above rounding, and gradients with whole matrices."""
    floor = case.rounding_bound
    errors = np.abs(np.asarray(found) - case.exact).max((2, 3))
    unlike = np.abs(np.asarray(found) - wanted_kinds(case)).ravel()
    # errors at the size of rounding would compare nothing, so all must be above it
    lhs = np.r_[1.5 * errors[better], np.full(errors.size, floor), unlike]
    rhs = np.r_[errors[1 - better], errors.ravel(), np.zeros(len(unlike))]
    return Sides(lhs, rhs, rounding=np.r_[floor, floor, np.zeros(errors.size), np.full(len(unlike), floor)])


LL_T3_KINDS = Statement(
    id="lora_limits/LL-T3-kinds",
    title="A smaller worst error of exp is not a smaller error of the gradient",
    says=(
        "On 256 uniform tokens of width 8 with entries up to Gamma, Taylor's polynomial of degree 2 or 4 in the place "
        "of exp leaves the gradient at most 2/3 of the error that the cut Chebyshev series of the same degree leaves; "
        "G is the exact gradient."
    ),
    source=Measured(
        what="that 3/2 of the error of the gradient by Taylor's polynomial is below that by Chebyshev's",
        where="256 uniform tokens of width 8 with entries up to 1/2 or 1, degrees 2 and 4",
        command="lrtheory check lora_limits/LL-T3-kinds",
    ),
    tex=(
        r"L = 256,\ d = 8,\ \Gamma \in \{\tfrac12, 1\}:\ \|\tilde G_{\mathrm{Taylor}} - G\|_{\max} \le "
        r"\tfrac23\|\tilde G_{\mathrm{Chebyshev}} - G\|_{\max}"
    ),
    hypotheses={"256 tokens of width 8, Gamma = 1/2 or 1": is_uniform},
    instances=UNIFORM,
    solve=kinds,
    claim=Inequality(taylor_wins, unbounded="wrong gradients may be off by any amount"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("Chebyshev is always better", claim=Inequality(partial(taylor_wins, better=1))),
        saboteur("the kinds are exchanged", solve=kinds_exchanged),
        saboteur(
            "other numbers of tokens, or norms", breaks="256 tokens of width 8, Gamma = 1/2 or 1", instances=SHORT
        ),
    ),
    notes=(
        "Degrees 2 and 4, and false at other sizes: a counterexample to what one may expect. Most logits are far below "
        "their bound, where Taylor is exact. Of 3,600 inputs one had a quotient of errors above 1/2, "
        "0.525."
    ),
)
