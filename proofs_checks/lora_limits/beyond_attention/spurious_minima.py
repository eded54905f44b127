"""The rank from which descents end at the minimum."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import minimize

from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Inequality,
    Measured,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from proofs_checks.lora_limits.certificates.ranks import LEAST_RANK


@dataclass(frozen=True)
class Counts:
    """Numbers of data and of outputs."""

    n_data: int
    n_outputs: int


@formula(N="[1, inf)", K="[1, inf)")
def rank_without_spurious_minima(N: int, K: int) -> int:
    """The smallest rank r with r (r + 1) / 2 > K N.

    From this rank on the linearised problem with weight decay has no spurious local minima, up to a perturbation: so
    says the abstract that is cited, as it is recalled.

    Proof
    -----
    Assumes: N and K are at least 1 (checked here).

    Proof: Let s be the largest integer with s^2 <= 2 K N. Then (s - 1) s <= 2 K N, so that no rank below s will do, and
    (s + 1) (s + 2) > 2 K N, so that s + 1 does. The least rank is the first that does of s - 1, ..., s + 2.

    References
    ----------
    .. [1] U. Jang, J. Lee, E. Ryu, LoRA Training in the NTK Regime has No Spurious Local Minima, ICML 2024 (abstract).
    """
    product = N * K
    rank = math.isqrt(2 * product)
    return next(k for k in range(max(1, rank - 1), rank + 3) if k * (k + 1) > 2 * product)


def needed_rank(case: Counts, rng: np.random.Generator | None = None) -> int:
    """Return the library's least rank."""
    return rank_without_spurious_minima(case.n_data, case.n_outputs)


# 28 is a triangular number and so at the edge of the strict inequality; so are 1, 3 and 10
COUNTS = Family(
    "data-counts",
    always=tuple(Counts(n, k) for n in (1, 2, 3, 10, 28, 1000) for k in (1, 3)),
    draw=lambda draws: Counts(draws.integers(1, 10 ** draws.integers(1, 6)), draws.integers(1, 1000)),
)


def one_rank_less(case: Counts, rng: np.random.Generator) -> int:
    """State one rank less than is needed."""
    return needed_rank(case) - 1


def smallest_rank(case: Counts, found: int, factor: int = 1) -> Sides:
    """Compare the rank with r (r - 1) <= 2 K N < r (r + 1), which determines it."""
    product = 2 * factor * case.n_data * case.n_outputs
    return Sides([found * (found - 1), product + 1], [product, found * (found + 1)])


LL_S2_RANK = Statement(
    id="lora_limits/LL-S2-rank",
    title="The least r with r (r + 1) / 2 > K N",
    says=(
        "The library's r is the least integer with r (r + 1) / 2 > K N, where N is the number of data and K that of "
        "outputs. That descents of the linearised problem end at its minimum from this rank on is the paper's, and is "
        "not checked here."
    ),
    source=Derived(rank_without_spurious_minima),
    tex=r"r = \min\{r : r(r+1)/2 > KN\}",
    hypotheses={"some data and outputs": lambda case: case.n_data >= 1 and case.n_outputs >= 1},
    instances=COUNTS,
    for_all=(
        All(
            "pairs of a number of data up to 50 and a number of outputs up to 40",
            lambda: (Counts(n, k) for n in range(1, 51) for k in range(1, 41)),
            members=2000,
        ),
        LEAST_RANK,
    ),
    solve=needed_rank,
    claim=Inequality(smallest_rank, unbounded="a solver may state any rank"),
    saboteurs=(
        saboteur("one rank less", solve=one_rank_less),
        # the count without the half of r (r + 1) / 2: it asks for a rank that is too high
        saboteur("2 K N in the place of K N", claim=Inequality(partial(smallest_rank, factor=2))),
    ),
    notes="The rank is that of the abstract of arXiv 2402.11867 (recalled); LL-S2 measures descents.",
)


@dataclass(frozen=True)
class Descents:
    """Data X (N, m, n), labels y (N,), the decay h, and starts: U above V, (starts, m + n, rank)."""

    X: np.ndarray
    y: np.ndarray
    decay: float
    starts: np.ndarray

    @property
    def rank(self) -> int:
        """r."""
        return self.starts.shape[2]

    def gap(self, factors: np.ndarray) -> float:
        """A bound on the loss above its minimum, by the dual problem, in units of the loss at 0.

        For every theta with |sum_k theta_k X_k|_2 <= h N the minimum is at least (<theta, y> - |theta|^2 / 2) / N.
        """
        n_data, h = len(self.y), self.decay
        U, V = np.split(factors, [self.X.shape[1]])
        error = np.einsum("kij,ij->k", self.X, U @ V.T) - self.y
        norm = np.linalg.norm(np.tensordot(error, self.X, 1), 2)
        # the residual is the best theta at the minimum; scaled down, it is feasible anywhere, and bounds the minimum
        theta = -error * min(1.0, h * n_data / norm) if norm > 0 else -error
        loss = (error @ error) / (2 * n_data) + h / 2 * (factors**2).sum()
        return float((loss - (theta @ self.y - theta @ theta / 2) / n_data) / (self.y @ self.y / (2 * n_data)))


def descended(case: Descents, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the end points of descents from the starts, by limited-memory BFGS."""
    m, n_data = case.X.shape[1], len(case.y)

    def loss(z: np.ndarray) -> tuple[float, np.ndarray]:
        factors = z.reshape(case.starts.shape[1:])
        U, V = factors[:m], factors[m:]
        error = np.einsum("kij,ij->k", case.X, U @ V.T) - case.y
        G = np.tensordot(error, case.X, 1) / n_data
        slope = np.concatenate([G @ V, G.T @ U]) + case.decay * factors
        return float(error @ error / (2 * n_data) + case.decay / 2 * (z @ z)), slope.ravel()

    # tighter than the claim, so that a descent stops at a critical point and not at a tolerance
    options = {"maxiter": 4000, "ftol": 1e-16, "gtol": 1e-10, "maxcor": 30}
    ends = [minimize(loss, one.ravel(), jac=True, method="L-BFGS-B", options=options).x for one in case.starts]
    return np.reshape(ends, case.starts.shape)


def gaussian_descents(seed: int, n_data: int, shape: tuple[int, int], rank: int, decay: float) -> Descents:
    """Gaussian data, labels, and two starts."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n_data, *shape)), rng.normal(size=n_data)
    return Descents(X, y, decay, rng.normal(size=(2, sum(shape), rank)))


def draw_descents(draws: Draws) -> Descents:
    """Up to six data, matrices up to 4 x 4, the least rank or one more."""
    n_data, shape = draws.integers(1, 6), (draws.integers(2, 4), draws.integers(2, 4))
    # computed anew and not by the library, whose rank is under test
    rank = next(r for r in range(1, 5) if r * (r + 1) > 2 * n_data) + draws.integers(0, 1)
    return gaussian_descents(draws.integers(0, 2**31 - 1), n_data, shape, rank, draws.choice((0.0625, 0.25)))


DESCENTS = Family(
    "descents",
    always=lambda: tuple(
        gaussian_descents(seed, *at) for seed, at in enumerate(((1, (2, 2), 2, 0.0625), (6, (4, 4), 4, 0.0625)))
    ),
    draw=draw_descents,
)


# for six data rank 1 is below the bound; from these seeds descents end above the minimum over all ranks
LOW_RANKS = Family(
    "descents-of-low-rank", always=lambda: tuple(gaussian_descents(s, 6, (4, 4), 1, 0.0625) for s in (0, 1))
)


def ends(case: Descents, found: np.ndarray) -> Sides:
    """Compare the distance of each descent to the minimum, in units of the loss at 0, with 2^-20."""
    # gaps to a lower bound of the minimum by duality, so that no solver has to find the minimum
    gaps = np.array([case.gap(one) for one in np.asarray(found)])
    return Sides(gaps, np.full(len(gaps), 2.0**-20), rounding=rounding(4096, 1 + np.abs(gaps)))


LL_S2 = Statement(
    id="lora_limits/LL-S2",
    title="Descents of the linearised problem end at its minimum from a rank on",
    says=(
        "U and V are the factors of an adapter of rank r in the linearised problem with N data, one output and weight "
        "decay. If r (r + 1) / 2 > N, descents from random starts end above the least loss by at most 2^-20 of the "
        "loss at 0."
    ),
    source=Measured(
        what="descents with weight decay, from random starts, end within 2^-20 of the loss at 0 above its minimum",
        where="Gaussian data and labels, up to six of them, matrices up to 4 x 4",
        command="lrtheory check lora_limits/LL-S2",
    ),
    tex=r"r(r+1)/2 > N \Rightarrow \mathrm{Loss}(U, V) - \min \le 2^{-20}\,\mathrm{Loss}(0, 0)",
    hypotheses={
        "r (r + 1) / 2 > N": lambda case: case.rank >= rank_without_spurious_minima(len(case.y), 1),
        "weight decay of 1/16 or more": lambda case: case.decay >= 1 / 16,
        "labels that are not all zero": lambda case: bool(np.any(case.y)),
    },
    instances=DESCENTS,
    solve=descended,
    claim=Inequality(ends, unbounded="a descent may end anywhere"),
    saboteurs=(
        saboteur("rank 1", breaks="r (r + 1) / 2 > N", instances=LOW_RANKS),
        # the starts themselves, far above the minimum
        saboteur("no descent", solve=lambda case, rng: case.starts),
    ),
    notes=(
        "The abstract of arXiv 2402.11867 (recalled) says that there are no spurious local minima from this rank on, "
        "up to a small generic perturbation. The minimum is bounded by the dual of the problem with the nuclear norm."
    ),
    decisions=("outcome",),
    free={"outcome": "the product of U and V stays when both change their sign"},
)
