"""Ladders of lengths, one factorization for three projections, and lengths around the break-even."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import iv

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.lora_limits import AttentionProblem, LoRAHead, lora_gradients, make_uniform, theory
from lrtheory.lora_limits.products import low_rank
from lrtheory.lora_limits.products.attention import Attention
from proofs_checks.lora_limits.families.chains import draw_table
from proofs_checks.lora_limits.families.exact import Counted
from proofs_checks.lora_limits.families.growth.ladders import Ladder

# --- gradients from whole matrices -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shared:
    """Inputs of a head whose weights are the identity: queries (with beta), keys, values, labels; and the degree."""

    queries: np.ndarray
    keys: np.ndarray
    values: np.ndarray
    targets: np.ndarray
    degree: int

    @property
    def centered(self) -> np.ndarray:
        """Keys less their mean, on which the library's polynomial works."""
        # the claim centers by itself: a library that forgot to would have other logits, and other powers
        return self.keys - self.keys.mean(0)

    @property
    def logits(self) -> np.ndarray:
        """The logits of the queries with centered keys."""
        return self.queries @ self.centered.T

    @property
    def powers(self) -> np.ndarray:
        """Taylor's polynomial of the logits, entry by entry."""
        logits = self.logits
        value = np.ones_like(logits)
        for k in range(self.degree, 0, -1):
            value = 1 + logits * value / k
        return value

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of an entry of any gradient."""
        sizes = [1 + np.abs(one).max() for one in (self.queries, self.keys, self.values, self.targets)]
        lost = np.abs(self.powers).max() / np.abs(self.powers).min()
        # the features sum to terms as large as the largest power, so the smallest power carries the rounding of that
        operations = 256 * sum(self.queries.shape + self.keys.shape)
        return rounding(operations, lost * np.prod(sizes) ** 2 * len(self.queries))


def from_whole_matrices(case: Shared, mean: float = 1.0, powers: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """The gradients of the three weights from the L x L matrix of the polynomial, or of other powers."""
    f = case.powers if powers is None else powers
    f = f / f.sum(1, keepdims=True)
    output = f @ case.values
    c = output - case.targets
    p = f * (c @ case.values.T - mean * (c * output).sum(1, keepdims=True))
    return {
        "Q": case.queries.T @ p @ case.centered,
        "K": case.keys.T @ p.T @ case.queries,
        "V": case.values.T @ f.T @ c,
    }


# --- counts that grow with the length --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Length:
    """L uniform tokens of width d with entries up to a bound; the error allowed is 1 / L."""

    n_tokens: int
    d: int
    bound: float
    seed: int = 0

    @property
    def problem(self) -> AttentionProblem:
        """The tokens, Gaussian values and labels."""
        return make_uniform(self.n_tokens, self.d, bound=self.bound, rng=self.seed)

    def shared(self, degree: int) -> Shared:
        """The problem as inputs of a head with identity weights, for a polynomial of this degree."""
        one = self.problem
        return Shared(one.head.beta * one.XQ, one.XK, one.XV, one.Y, degree)

    @property
    def rounding_bound(self) -> float:
        """Rounding of sums over pairs of tokens with entries of order 1."""
        return float(rounding(64 * self.n_tokens, 1.0))

    @property
    def exact(self) -> np.ndarray:
        """dLoss/dW_Q with exp itself."""
        one = self.shared(0)
        return from_whole_matrices(one, powers=np.exp(one.logits))["Q"]

    @property
    def logit_bound(self) -> float:
        """M of queries and centered keys, by their rows."""
        one = self.shared(0)
        return theory.logit_bound(one.queries, one.centered, beta=1.0)

    @property
    def multiplier(self) -> float:
        """The bound LL-E8 on the error of dLoss/dW_Q at tau = 1, with keys and values around their midpoints.

        Midpoints, not means, make the largest entries smallest; neither shift changes the gradient.
        """
        problem, beta = self.problem, self.problem.head.beta
        middle = lambda table: (table.max(0) + table.min(0)) / 2
        keys, values, labels = problem.XK - middle(problem.XK), problem.XV - middle(problem.XV), problem.Y
        labels = labels - middle(problem.XV)
        half = np.abs(values).max(0)  # outputs are means of values, so they lie within it
        largest_q = float(((np.abs(labels) + half) * half).sum(1).max())
        # tau(4/5) = 1
        return theory.error_certificate(0.8, problem.XQ, keys, values, labels, beta=beta, q_max=largest_q).gradient

    def proved(self, degree: int) -> float:
        """Return the proved bound on the error of dLoss/dW_Q with Taylor's polynomial; infinite if eta is 1 or more."""
        eta = theory.taylor_error(degree, self.logit_bound)
        return theory.tilt_bound(eta) * self.multiplier if eta < 1 else np.inf

    @property
    def sufficient(self) -> int:
        """A degree in closed form that is enough for an error of 1 / L, and two more for rounding.

        The certificate covers dB = G A^T too, with the factor of the rows of A, which sum to sqrt(d) at most.
        """
        # computed by the formulas of the claim's bounds, on the same logits, but not by the library's search for a
        # degree
        target = theory.relative_error_for(1 / self.n_tokens, max(1.0, self.d**0.5) * self.multiplier)
        return theory.sufficient_degree(self.logit_bound, target) + 2

    def flops(self, degree: int) -> int:
        """Operations of a degree by the formula of the theory."""
        features = theory.n_features(self.d, degree)
        return theory.flop_model(self.n_tokens, self.n_tokens, self.d, n_features=features)

    def counted(self, degree: int) -> int:
        """Operations of the library's passes over the tokens, on arrays that count, and one for each feature."""
        tables = [one.view(Counted) for one in (self.problem.XQ, self.problem.XK, self.problem.XV, self.problem.Y)]
        head = Attention(*tables, right=tables[1])
        Counted.matrix_products = 0
        # any polynomial of this degree takes as many operations; this one is 1 + small, so that rows stay positive
        coefficients = np.ones(degree + 1) / 1e3 ** np.arange(degree + 1)
        low_rank.low_rank_products(np, head, low_rank.polynomial_factors(np, head, coefficients))
        return 2 * Counted.matrix_products + 2 * self.n_tokens * theory.n_features(self.d, degree)


@dataclass(frozen=True)
class Answer:
    """dLoss/dW_Q, the operations that the library counts, and the degree, None where exp itself was taken."""

    gradient: np.ndarray
    flops: int
    degree: int | None


def answers(
    case: Ladder,
    rng: np.random.Generator | None = None,
    method: str = "low-rank",
    less: int = 0,
    uncounted: int = 0,
) -> list[Answer]:
    """The library's gradient for each length, at a proved error of 1 / L; degrees that are left out, or not counted."""
    found = []
    for one in case.rungs:
        options: dict[str, Any] = {"max_error": 1 / one.n_tokens} if method == "low-rank" else {}
        answer = lora_gradients(one.problem, adapt=("Q",), method=method, **options)
        # the degree that was proved is asked for once more, lowered: only the error tells that it is too low
        if less:
            answer = lora_gradients(one.problem, adapt=("Q",), method=method, degree=answer.degree - less)
        flops = one.counted(answer.degree - uncounted) if uncounted else answer.counts["flops"]
        found.append(Answer(answer.W["Q"], flops, answer.degree))
    return found


def same_tokens(case: Ladder) -> bool:
    """Return whether all rungs have one width, one bound on entries that is at most 1, and lengths that grow."""
    first, sizes = case.rungs[0], [one.n_tokens for one in case.rungs]
    alike = all((one.d, one.bound) == (first.d, first.bound) for one in case.rungs)
    return alike and first.bound <= 1 and sizes == sorted(set(sizes))


def draw_lengths(draws: Draws) -> Ladder:
    """Two or three lengths from 2^3 to 2^8, up to three coordinates."""
    d, bound, seed = draws.integers(1, 3), draws.choice((0.5, 0.25, 0.75)), draws.integers(0, 2**20)
    # lengths that double or grow fourfold, so that a power of the length shows in two or three of them
    start, step = draws.integers(3, 5), draws.integers(1, 2)
    return Ladder(tuple(Length(2 ** (start + k * step), d, bound, seed) for k in range(draws.integers(1, 3))))


def draw_long(draws: Draws) -> Ladder:
    """Up to ten lengths from 2^2 to 2^30, up to eight coordinates."""
    d, bound = draws.integers(1, 8), draws.choice((0.5, 0.125, 0.75, 1.0))
    # counts need no matrices, so lengths may be far beyond what can be computed
    start, step, rungs = draws.integers(2, 10), draws.integers(1, 2), draws.integers(1, 10)
    return Ladder(tuple(Length(2 ** (start + k * step), d, bound) for k in range(rungs)))


LENGTHS = Family(
    # width 1 up to 2^9 tokens and width 2 up to 2^8: longer ones would cost more than they show
    "lengths",
    always=(
        Ladder(tuple(Length(2**k, 1, 0.5) for k in range(5, 10))),
        Ladder(tuple(Length(2**k, 2, 0.5) for k in range(5, 9))),
    ),
    draw=draw_lengths,
)


def proved_degree(one: Length) -> int:
    """The smallest degree that is proved to have a relative error of 1 / L."""
    return theory.min_degree(one.bound**2, 1 / one.n_tokens, kind="certificate")


def proved_counts(
    case: Ladder, rng: np.random.Generator | None = None, degree_of: Callable[[Length], int] = proved_degree
) -> np.ndarray:
    """Degrees and their operations: (lengths, 2)."""
    found = []
    for one in case.rungs:
        degree = degree_of(one)
        found.append((degree, one.flops(degree)))
    return np.array(found)


LONG = Family("long", always=(Ladder(tuple(Length(2**k, 4, 1.0) for k in range(8, 18))),), draw=draw_long)
LONG_AND_LARGE = Family(
    # Gamma^2 grows like log L, so that degrees grow like log L and no longer like log L / log log L
    "long-with-growing-norms",
    always=(Ladder(tuple(Length(2**k, 4, float(np.sqrt(k))) for k in range(8, 18))),),
)


def kinds(case: Length, rng: np.random.Generator | None = None) -> np.ndarray:
    """dLoss/dW_Q with degrees two and four, by Taylor's and by Chebyshev's polynomial: (2, 2, d, d)."""
    call = lambda g, kind: lora_gradients(case.problem, adapt=("Q",), method="low-rank", degree=g, polynomial=kind)
    return np.array([[call(g, kind).W["Q"] for g in (2, 4)] for kind in ("taylor", "chebyshev")])


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


def is_uniform(case: Length) -> bool:
    """Return whether there are 256 tokens of width 8 with entries up to 1/2 or 1."""
    return case.n_tokens == 256 and case.d == 8 and case.bound in (0.5, 1.0)


def draw_uniform(draws: Draws) -> Length:
    """Draw 256 other tokens of width 8, with entries up to 1/2 or 1."""
    return Length(256, 8, draws.choice((0.5, 1.0)), draws.integers(0, 2**20))


UNIFORM = Family("uniform-tokens", always=tuple(Length(256, 8, bound) for bound in (0.5, 1.0)), draw=draw_uniform)
# where the measured claim is known to be false: with few tokens, and with logits so small that both errors are rounding
SHORT = Family("other-tokens", always=(Length(64, 2, 1.0), Length(256, 8, 0.01)))

# --- one factorization -----------------------------------------------------------------------------------------------


def three_gradients(case: Shared, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """The library's low-rank gradients of the three weights, by three passes over the tokens."""
    # weights are the identity, so that queries, keys and values are the given ones
    eye = np.eye(case.queries.shape[1])
    head = LoRAHead(eye, eye, eye, adapters={}, alpha=1.0, beta=1.0)
    inputs = {"XK": case.keys, "XV": case.values, "adapt": ("Q", "K", "V")}
    return dict(lora_gradients(head, case.queries, case.targets, **inputs, method="low-rank", degree=case.degree).W)


def draw_shared(draws: Draws) -> Shared:
    """Up to four queries and five keys in two coordinates, even degrees."""
    queries, keys = draws.integers(1, 4), draws.integers(1, 5)
    tables = [draw_table(draws, n, 2) for n in (queries, keys, keys, queries)]
    # even degrees, since odd ones may leave a row without a positive sum
    return Shared(tables[0] / 4, *tables[1:], draws.choice((2, 4, 6)))


def shared(seed: int, n: int, degree: int) -> Shared:
    """Make Gaussian tokens, as many queries as keys."""
    rng = np.random.default_rng(seed)
    tables = rng.normal(size=(4, n, 2))
    return Shared(0.25 * tables[0], *tables[1:], degree)


SHARED = Family("one-factorization", always=(shared(0, 1, 2), shared(1, 5, 2), shared(2, 40, 4)), draw=draw_shared)


# --- where products meet ---------------------------------------------------------------------------------------------


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
