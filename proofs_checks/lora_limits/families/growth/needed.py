"""The degree that the gradient needs, on one input that is scaled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from lrtheory.bounds import Draws, Family
from proofs_checks.lora_limits.families.growth.almost_linear import Shared, from_whole_matrices, three_gradients

MOST = 20  # the number of degrees that are tried, from 0 on


@dataclass(frozen=True)
class Scaled:
    """L uniform tokens of width d, Gaussian values, labels 0, and the bounds Gamma on the entries; beta is 1 / d."""

    n_tokens: int
    d: int
    bounds: tuple[float, ...]
    seed: int

    def shared(self, bound: float, degree: int) -> Shared:
        """The input with entries up to a bound."""
        rng = np.random.default_rng(self.seed)
        # one seed for all bounds: the same tokens are scaled, so that degrees of different norms can be compared
        queries, keys = bound * rng.uniform(-1, 1, size=(2, self.n_tokens, self.d))
        values = rng.normal(size=(self.n_tokens, self.d))
        return Shared(queries / self.d, keys, values, np.zeros_like(values), degree)

    def excess(self, bound: float, gradient: Callable[[Shared], np.ndarray], degree: int) -> float:
        """The error of the gradient of a degree, in units of |G| / L; infinite where a row has no positive sum."""
        one, exact = self.shared(bound, degree), exact_gradient(self, bound)
        if one.powers.sum(1).min() <= 0:  # no attention: a polynomial of odd degree below its zero
            return np.inf
        return float(self.n_tokens * np.abs(gradient(one) - exact).max() / np.abs(exact).max())


@cache
def exact_gradient(case: Scaled, bound: float) -> np.ndarray:
    """dLoss/dW_Q with exp itself."""
    one = case.shared(bound, 0)
    return from_whole_matrices(one, powers=np.exp(one.logits))["Q"]


def by_whole_matrices(one: Shared) -> np.ndarray:
    """dLoss/dW_Q from the L x L matrix of the polynomial."""
    return from_whole_matrices(one)["Q"]


def needed_degrees(case: Scaled, rng: np.random.Generator | None = None, allowed: float = 1.0) -> np.ndarray:
    """Return for each bound the first degree at which the low-rank gradient is within |G| / L, times `allowed`."""
    by_library = lambda one: three_gradients(one)["Q"]
    return np.array(
        [next(g for g in range(MOST) if case.excess(bound, by_library, g) <= allowed) for bound in case.bounds]
    )


#: the smallest and the largest degree that was needed, by length and norm
TABLE = {
    (256, 0.25): (1, 1),
    (256, 0.5): (1, 1),
    (256, 1.0): (1, 3),
    (256, 1.5): (3, 4),
    (256, 2.0): (4, 6),
    (1024, 0.5): (1, 2),
    (1024, 1.0): (3, 3),
}

NORMS = (0.25, 0.5, 1.0, 1.5, 2.0)


def is_tabled(case: Scaled) -> bool:
    """Return whether the table has the length, the width and every norm."""
    return case.d == 8 and all((case.n_tokens, bound) in TABLE for bound in case.bounds)


def draw_tabled(draws: Draws) -> Scaled:
    """Draw 256 other tokens, at two neighboring norms of the table."""
    first = draws.integers(0, len(NORMS) - 2)
    return Scaled(256, 8, NORMS[first : first + 2], draws.integers(0, 2**20))


def draw_many(draws: Draws) -> Scaled:
    """128 to 160 tokens in two to six coordinates, at three norms."""
    # three neighboring norms from 3/8 on, of which the largest is 3
    first = draws.integers(1, 6)
    norms = tuple(0.375 * (first + k) for k in range(3))
    return Scaled(draws.integers(128, 160), draws.integers(2, 6), norms, draws.integers(0, 2**20))


TABLED = Family(
    "scaled-table",
    always=(Scaled(256, 8, NORMS, 1), Scaled(256, 8, NORMS, 2), Scaled(1024, 8, (0.5, 1.0), 1)),
    draw=draw_tabled,
)
# half of the width has fewer features at the same degree, so the table does not hold for it
OTHER = Family("scaled-other", always=(Scaled(256, 4, NORMS, 0),))
MANY = Family(
    "scaled",
    always=tuple(Scaled(128, 4, tuple(0.375 * k for k in range(1, 9)), seed) for seed in range(3)),
    draw=draw_many,
)
# found by trying seeds: with sixteen tokens the errors of a low degree can cancel at a larger norm
FEW = Family("scaled-few-tokens", always=(Scaled(16, 2, (1.5, 1.75, 2.0), 5), Scaled(16, 2, (1.5, 1.75, 2.0), 7)))
