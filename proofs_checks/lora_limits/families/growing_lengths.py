"""Heads with identity weights and uniform tokens of growing number, with the degrees and operations that they need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import rounding
from lrtheory.lora_limits import AttentionProblem, LoRAHead, lora_gradients, make_uniform, theory
from lrtheory.lora_limits.products import low_rank
from lrtheory.lora_limits.products.attention import Attention
from proofs_checks.lora_limits.families.row_perturbation import Counted


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


def three_gradients(case: Shared, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """The library's low-rank gradients of the three weights, by three passes over the tokens."""
    # weights are the identity, so that queries, keys and values are the given ones
    eye = np.eye(case.queries.shape[1])
    head = LoRAHead(eye, eye, eye, adapters={}, alpha=1.0, beta=1.0)
    inputs = {"XK": case.keys, "XV": case.values, "adapt": ("Q", "K", "V")}
    return dict(lora_gradients(head, case.queries, case.targets, **inputs, method="low-rank", degree=case.degree).W)
