"""Linear targets, one step of an adapter, and ladders of ranks and widths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.lora_limits import LoRAHead, lora_gradients, scalings, theory

# --- a linear target -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Linear:
    """Layers (n, D, D), a target (D, D), the rank of each adapter, and other adapters to compare with, as factors."""

    layers: np.ndarray
    target: np.ndarray
    rank: int
    left: np.ndarray
    right: np.ndarray

    @property
    def spoiled(self) -> np.ndarray:
        """Rounding of products and of inverses."""
        condition = np.prod([np.linalg.cond(W) for W in self.layers])
        partial = max((np.linalg.cond(W) for W in self.partial_sums), default=1.0)
        size = 1 + np.linalg.norm(self.target) + np.prod([np.linalg.norm(W) for W in self.layers])
        return rounding(256 * len(self.target) ** 2 * len(self.layers), size * condition * partial)

    @property
    def missing(self) -> np.ndarray:
        """target - W_n ... W_1."""
        return self.target - product(self.layers)

    @property
    def partial_sums(self) -> list[np.ndarray]:
        """W_n ... W_1 + E_1 + ... + E_l."""
        U, s, V = np.linalg.svd(self.missing)
        base = product(self.layers)
        kept = [self.rank * layer for layer in range(1, len(self.layers) + 1)]
        return [base + (U[:, :k] * s[:k]) @ V[:k] for k in kept]


def product(layers: Any) -> np.ndarray:
    """W_n ... W_1."""
    found = np.eye(layers[0].shape[0])
    for W in layers:
        found = W @ found
    return found


def adapted(case: Linear, rng: np.random.Generator | None = None) -> np.ndarray:
    """The library's adapters, (n, D, D)."""
    return np.array(scalings.adapters_for_linear_target(list(case.layers), case.target, rank=case.rank))


def is_regular(case: Linear) -> bool:
    """Whether layers and partial sums are invertible, and well."""
    return all(np.linalg.cond(W) < 2**16 for W in (*case.layers, *case.partial_sums[:-1]))


def linear(seed: int, D: int, n: int, rank: int) -> Linear:
    """Gaussian layers and target."""
    rng = np.random.default_rng(seed)
    return Linear(
        rng.normal(size=(n, D, D)),
        rng.normal(size=(D, D)),
        rank,
        rng.normal(size=(n, D, rank)),
        rng.normal(size=(n, rank, D)),
    )


def draw_linear(draws: Draws) -> Linear:
    """Layers near the identity, two or three coordinates."""
    D, n = draws.integers(2, 3), draws.integers(1, 2)
    rank = draws.integers(1, 1)
    layers = np.eye(D) + draws.integers(-2, 2, shape=(n, D, D)) / 8
    others = [draws.integers(-2, 2, shape=shape) / 2 for shape in ((n, D, rank), (n, rank, D))]
    target = 4 * np.eye(D) + draws.integers(-4, 4, shape=(D, D)) / 8
    return Linear(layers, target, rank, *others)


LINEAR = Family(
    "linear-targets",
    always=(linear(0, 1, 1, 1), linear(1, 4, 1, 2), linear(2, 6, 2, 2), linear(3, 7, 3, 1)),
    draw=draw_linear,
)


# --- one step --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OneStep:
    """One token x, a label, A (r, d) with entries of one size, alpha, a step size, and whether the root is taken."""

    x: np.ndarray
    label: np.ndarray
    A: np.ndarray
    alpha: float
    step: float
    rslora: bool


def first_change(case: OneStep, rng: np.random.Generator | None = None) -> np.ndarray:
    """How the output at x changes after one step of B from 0, by the library's gradient of the values' adapter."""
    d, r, out = len(case.x), len(case.A), len(case.label)
    B = np.zeros((out, r))
    W = np.zeros((d, out))
    head = LoRAHead(
        np.eye(d), np.eye(d), W, adapters={"V": (case.A, B)}, alpha=case.alpha, beta=1.0, rslora=case.rslora
    )
    dB = lora_gradients(head, case.x[None], case.label[None], adapt=("V",), method="dense").B["V"]
    return head.scale("V") * (-case.step * dB) @ case.A @ case.x


def one_step(rank: int, rslora: bool) -> OneStep:
    """Signs for A, so that each row adds the same to |A x|^2."""
    A = np.where(np.arange(rank)[:, None] >> np.arange(4) & 1, -0.5, 0.5)
    return OneStep(np.array([1.0, 0.0, 0.0, 2.0]), np.array([1.0, -2.0]), A, 4.0, 0.25, rslora)


STEPS = Family("one-step", always=tuple(one_step(r, root) for r in (1, 4) for root in (False, True)))


@dataclass(frozen=True)
class Steps:
    """First steps of adapters of growing rank, some of each, A drawn with variance 1 / width."""

    ranks: tuple[int, ...]
    width: int
    n_draws: int
    seed: int
    rslora: bool

    @property
    def cases(self) -> list[list[OneStep]]:
        """A row for each rank; |x|^2 is the width."""
        rng = np.random.default_rng(self.seed)
        one = lambda A: OneStep(np.ones(self.width), np.array([-1.0]), A, 2.0, 1.0, self.rslora)
        tables = [rng.normal(size=(self.n_draws, r, self.width)) / self.width**0.5 for r in self.ranks]
        return [[one(A) for A in table] for table in tables]


def first_changes(case: Steps, rng: np.random.Generator | None = None) -> np.ndarray:
    """How each output changes, (ranks, draws)."""
    return np.array([[first_change(one)[0] for one in row] for row in case.cases])


def steps(*, rslora: bool) -> tuple[Steps, ...]:
    """Two seeds."""
    return tuple(Steps((4, 16, 64), 64, 12, seed, rslora) for seed in (0, 1))


RSLORA_LADDER = Family("ranks-doubled", always=steps(rslora=True))
LORA_LADDER = Family("ranks-doubled-lora", always=steps(rslora=False))


@dataclass(frozen=True)
class SignSteps:
    """f(x) = b <a, x> in growing widths: Gaussian x, and a of variance 1 / width."""

    widths: tuple[int, ...]
    n_draws: int
    seed: int

    @property
    def draws(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """sum |x| and <a, x>, for each width; given x, <a, x> is Gaussian of variance |x|^2 / width."""
        rng = np.random.default_rng(self.seed)
        xs = [rng.normal(size=(self.n_draws, n)) for n in self.widths]
        return [(np.abs(x).sum(1), rng.normal(size=len(x)) * np.sqrt((x**2).mean(1))) for x in xs]


def sign_steps(
    case: SignSteps, rng: np.random.Generator | None = None, rates: Any = theory.lora_plus_rates
) -> np.ndarray:
    """Signs for gradients, second step: |b <step of a, x>| and |step of b <a, x>|, (widths, draws, 2)."""
    found = []
    for width, (sums, products) in zip(case.widths, case.draws, strict=True):
        rate_A, rate_B = rates(width)
        found.append(np.column_stack([rate_B * rate_A * sums, rate_B * np.abs(products)]))  # b is rate_B, from 0
    return np.array(found)


WIDTH_LADDER = Family("widths-doubled", always=tuple(SignSteps((32, 256, 2048), 400, seed) for seed in (0, 1)))


@dataclass(frozen=True)
class Counts:
    """Numbers of data and of outputs."""

    n_data: int
    n_outputs: int


def needed_rank(case: Counts, rng: np.random.Generator | None = None) -> int:
    """The library's rank."""
    return theory.rank_without_spurious_minima(case.n_data, case.n_outputs)


COUNTS = Family("data-counts", always=tuple(Counts(n, k) for n in (1, 2, 3, 10, 28, 1000) for k in (1, 3)))
