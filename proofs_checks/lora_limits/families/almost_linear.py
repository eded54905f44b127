"""Ladders of lengths, one factorization for three letters, and lengths around the break-even."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.lora_limits import LoRAHead, lora_gradients, make_uniform, theory
from proofs_checks.lora_limits.families.chains import draw_table

# --- counts that grow with the length --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Length:
    """L tokens of width d with entries up to a bound; the error allowed is 1 / L."""

    n_tokens: int
    d: int
    bound: float


def flops(case: Length, rng: np.random.Generator, n: int, method: str = "low-rank") -> np.ndarray:
    """Operations that the library counts for one gradient, n times: they depend on sizes and degrees alone."""
    problem = make_uniform(case.n_tokens, case.d, bound=case.bound, rng=0)
    options = {"epsilon": 1 / case.n_tokens} if method == "low-rank" else {}
    return np.full(n, lora_gradients(problem, adapt=("Q",), method=method, **options).counts["flops"])


LENGTHS = Family("lengths", always=tuple(Length(2**k, 2, 0.5) for k in range(5, 12)))


def proved_counts(case: Length, rng: np.random.Generator, n: int) -> np.ndarray:
    """Operations with the features of the smallest degree that is proved to have a relative error of 1 / L."""
    degree = theory.min_degree(case.bound**2, 1 / case.n_tokens, kind="certificate")
    features = theory.n_features(case.d, degree)
    return np.full(n, theory.flop_model(case.n_tokens, case.n_tokens, case.d, n_features=features))


LONG = Family("long", always=tuple(Length(2**k, 4, 1.0) for k in range(8, 18)))
LONG_AND_LARGE = Family(
    "long-with-growing-norms", always=tuple(Length(2**k, 4, float(np.sqrt(k))) for k in range(8, 18))
)


def kinds(case: Length, rng: np.random.Generator | None = None) -> np.ndarray:
    """Errors of dLoss/dW_Q with degrees two and four, by Taylor's and by Chebyshev's polynomial: (2, 2)."""
    problem = make_uniform(case.n_tokens, case.d, bound=case.bound, rng=0)
    exact = lora_gradients(problem, adapt=("Q",), method="dense").W["Q"]
    found = [
        [lora_gradients(problem, adapt=("Q",), method="low-rank", degree=g, polynomial=kind) for g in (2, 4)]
        for kind in ("taylor", "chebyshev")
    ]
    return np.array([[np.abs(one.W["Q"] - exact).max() for one in row] for row in found])


UNIFORM = Family("uniform-tokens", always=tuple(Length(256, 8, bound) for bound in (0.5, 1.0)))

# --- one factorization -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shared:
    """Inputs of a head whose weights are the identity: queries (with beta), keys, values, labels; and the degree."""

    queries: np.ndarray
    keys: np.ndarray
    values: np.ndarray
    targets: np.ndarray
    degree: int

    @property
    def centred(self) -> np.ndarray:
        """Keys less their mean, on which the library's polynomial works."""
        return self.keys - self.keys.mean(0)

    @property
    def powers(self) -> np.ndarray:
        """Taylor's polynomial of the logits, entry by entry."""
        logits = self.queries @ self.centred.T
        return sum(logits**k / math.factorial(k) for k in range(self.degree + 1))


def three_gradients(case: Shared, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """The library's low-rank gradients of the three weights, by three passes over the tokens."""
    eye = np.eye(case.queries.shape[1])
    head = LoRAHead(eye, eye, eye, adapters={}, alpha=1.0, beta=1.0)
    inputs = {"XK": case.keys, "XV": case.values, "adapt": ("Q", "K", "V")}
    return dict(lora_gradients(head, case.queries, case.targets, **inputs, method="low-rank", degree=case.degree).W)


def from_whole_matrices(case: Shared, mean: float = 1.0) -> dict[str, np.ndarray]:
    """The same from the L x L matrix of the polynomial."""
    f = case.powers / case.powers.sum(1, keepdims=True)
    output = f @ case.values
    c = output - case.targets
    p = f * (c @ case.values.T - mean * (c * output).sum(1, keepdims=True))
    return {
        "Q": case.queries.T @ p @ case.centred,
        "K": case.keys.T @ p.T @ case.queries,
        "V": case.values.T @ f.T @ c,
    }


def draw_shared(draws: Draws) -> Shared:
    """Up to four queries and five keys in two coordinates, even degrees."""
    queries, keys = draws.integers(1, 4), draws.integers(1, 5)
    tables = [draw_table(draws, n, 2) for n in (queries, keys, keys, queries)]
    return Shared(tables[0] / 4, *tables[1:], draws.choice((2, 4, 6)))


def shared(seed: int, n: int, degree: int) -> Shared:
    """Gaussian tokens."""
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
    """The library's length."""
    return theory.break_even_length(case.d, case.n_features, rank=case.rank or None)


WIDTHS = Family(
    "widths",
    always=tuple(
        Widths(d, k, r)
        for d, k, r in ((8, 45, 0), (8, 495, 0), (16, 969, 0), (64, 2145, 0), (64, 2145, 4), (32, 561, 2))
    ),
)
