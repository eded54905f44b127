"""Linear targets, one step of an adapter, and ladders of ranks and widths."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.lora_limits import LoRAHead, lora_gradients, theory
from lrtheory.lora_limits.theory import scalings

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
    def rounding_bound(self) -> np.ndarray:
        """Rounding of products and of inverses."""
        # adapters are made by solving with products of layers, whose conditions multiply
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
    """Multiply the layers to W_n ... W_1."""
    found = np.eye(layers[0].shape[0])
    for W in layers:
        found = W @ found
    return found


def adapted(case: Linear, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the library's adapters, (n, D, D)."""
    return np.array(scalings.adapters_for_linear_target(list(case.layers), case.target, rank=case.rank))


def is_regular(case: Linear) -> bool:
    """Return whether layers and partial sums are invertible, with condition numbers below 2^16."""
    # beyond it inverses lose so many digits that the claim would compare rounding
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
    # near the identity they are invertible, and the target is far enough that partial sums are, too
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
    """Return the change of the output at x by one step of B from 0, with the library's gradient of the value adapter.

    One token attends to itself with weight 1, so its output is linear in the value weight.
    """
    d, r, out = len(case.x), len(case.A), len(case.label)
    B = np.zeros((out, r))
    W = np.zeros((d, out))
    head = LoRAHead(
        np.eye(d), np.eye(d), W, adapters={"V": (case.A, B)}, alpha=case.alpha, beta=1.0, rslora=case.rslora
    )
    dB = lora_gradients(head, case.x[None], case.label[None], adapt=("V",), method="dense").B["V"]
    return head.scale("V") * (-case.step * dB) @ case.A @ case.x


def one_step(rank: int, rslora: bool) -> OneStep:
    """Rows of signs for A, and a token with two coordinates that are not 0."""
    A = np.where(np.arange(rank)[:, None] >> np.arange(4) & 1, -0.5, 0.5)
    return OneStep(np.array([1.0, 0.0, 0.0, 2.0]), np.array([1.0, -2.0]), A, 4.0, 0.25, rslora)


def draw_step(draws: Draws) -> OneStep:
    """Up to six coordinates, any rank, two outputs, entries in quarters."""
    d = draws.integers(1, 6)
    r = draws.integers(1, d)
    x, label = (draws.integers(-8, 8, shape=n) / 4 for n in (d, 2))
    A = draws.integers(-4, 4, shape=(r, d)) / 4
    return OneStep(x, label, A, draws.integers(1, 16) / 2, draws.integers(1, 8) / 8, draws.choice((False, True)))


STEPS = Family("one-step", always=tuple(one_step(r, root) for r in (1, 4) for root in (False, True)), draw=draw_step)


@dataclass(frozen=True)
class Steps:
    """First steps of adapters of growing rank, some of each: x (n,), and A (draws, r, n) for each rank."""

    x: np.ndarray
    A: tuple[np.ndarray, ...]
    rslora: bool

    @property
    def ranks(self) -> tuple[int, ...]:
        """r of each."""
        return tuple(table.shape[1] for table in self.A)

    @property
    def squares(self) -> list[np.ndarray]:
        """|A x|^2 for each rank and draw."""
        return [((table @ self.x) ** 2).sum(1) for table in self.A]


def first_changes(case: Steps, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the change of each output by a step of size 1 towards the label -1, with alpha = 2: (ranks, draws)."""
    found = []
    for A in case.A:
        n, rank, d = A.shape  # a head for each draw
        # queries and keys do not matter for one token, whose attention is 1
        same = np.broadcast_to(np.eye(d), (n, d, d))
        adapter = {"V": (A, np.zeros((n, 1, rank)))}
        head = LoRAHead(same, same, np.zeros((n, d, 1)), adapters=adapter, alpha=2.0, beta=1.0, rslora=case.rslora)
        dB = lora_gradients(head, case.x[None], -np.ones((1, 1)), adapt=("V",), method="dense").B["V"]
        found.append(-head.scale("V") * (dB @ (A @ case.x)[:, :, None])[:, 0, 0])
    return np.array(found)


def are_fourfold(case: Steps) -> bool:
    """Return whether each rank is four times the one before, three or more of them."""
    return len(case.ranks) >= 3 and all(b == 4 * a for a, b in pairwise(case.ranks))


def are_typical(case: Steps) -> bool:
    """Return whether the mean of |A x|^2 is within an eighth of r |x|^2 / n, its mean for entries of variance 1 / n."""
    wanted = [rank * (case.x**2).mean() for rank in case.ranks]
    return all(7 / 8 * w <= one.mean() <= 9 / 8 * w for one, w in zip(case.squares, wanted, strict=True))


def gaussian_steps(seed: int, n_draws: int, *, rslora: bool) -> Steps:
    """Ranks 1, 4, 16; A of variance 1 / 16 on 16 coordinates."""
    rng = np.random.default_rng(seed)
    # a variance of 1/16 on 16 coordinates, so that |A x|^2 has the mean r
    tables = tuple(rng.normal(size=(n_draws, rank, 16)) / 4 for rank in (1, 4, 16))
    return Steps(np.ones(16), tables, rslora)


def ladders(name: str, *, rslora: bool) -> Family:
    """Two seeds, and drawn ones, of which those that are not typical are left out, about half."""
    draw = lambda draws: gaussian_steps(draws.integers(0, 2**31 - 1), draws.choice((32, 64)), rslora=rslora)
    return Family(name, always=tuple(gaussian_steps(s, 64, rslora=rslora) for s in (0, 1)), draw=draw)


RSLORA_LADDER = ladders("ranks-fourfold", rslora=True)
LORA_LADDER = ladders("ranks-fourfold-lora", rslora=False)


@dataclass(frozen=True)
class SignSteps:
    """f(x) = b <a, x> in growing widths: |x|_1 and <a, x> for each width and draw."""

    widths: tuple[int, ...]
    sums: np.ndarray
    products: np.ndarray


def plus_rates(
    case: SignSteps, rng: np.random.Generator | None = None, rates: Any = theory.lora_plus_rates
) -> np.ndarray:
    """Step sizes of A and B for each width: (widths, 2)."""
    return np.array([rates(width) for width in case.widths])


def gaussian_signs(seed: int, widths: tuple[int, ...], n_draws: int) -> SignSteps:
    """Gaussian x, and a of variance 1 / width; given x, <a, x> is Gaussian of variance |x|^2 / width."""
    rng = np.random.default_rng(seed)
    xs = [rng.normal(size=(n_draws, n)) for n in widths]
    # drawn from its law given x, since a itself would be a table of draws times width
    products = [rng.normal(size=len(x)) * np.sqrt((x**2).mean(1)) for x in xs]
    return SignSteps(widths, np.array([np.abs(x).sum(1) for x in xs]), np.array(products))


def have_order_one(case: SignSteps) -> bool:
    """Return whether the means of |x|_1 / n and of |<a, x>| are between 1/2 and 1."""
    means = [*(case.sums.mean(1) / case.widths), *np.abs(case.products).mean(1)]
    return 1 / 2 <= min(means) and max(means) <= 1


def draw_signs(draws: Draws) -> SignSteps:
    """Three widths up to 512, a hundred draws."""
    first = draws.integers(2, 32)
    return gaussian_signs(draws.integers(0, 2**31 - 1), (first, 4 * first, 16 * first), 100)


WIDTH_LADDER = Family(
    "widths-growing",
    always=lambda: (gaussian_signs(0, (32, 256, 2048), 400), gaussian_signs(1, (16, 128, 1024), 400)),
    draw=draw_signs,
)


@dataclass(frozen=True)
class Counts:
    """Numbers of data and of outputs."""

    n_data: int
    n_outputs: int


def needed_rank(case: Counts, rng: np.random.Generator | None = None) -> int:
    """Return the library's least rank."""
    return theory.rank_without_spurious_minima(case.n_data, case.n_outputs)


# 28 is a triangular number and so at the edge of the strict inequality; so are 1, 3 and 10
COUNTS = Family(
    "data-counts",
    always=tuple(Counts(n, k) for n in (1, 2, 3, 10, 28, 1000) for k in (1, 3)),
    draw=lambda draws: Counts(draws.integers(1, 10 ** draws.integers(1, 6)), draws.integers(1, 1000)),
)
