"""The reduction to adapters, and what a hypothesis says about fast gradients."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import array, integer
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Number,
    Paper,
    Recorded,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.lora_limits import chain
from proofs_checks.lora_limits.families.chains import Case, gradient


@dataclass(frozen=True)
class Reduced:
    """A1, A2, A3 (L, r), lambda, and the width of the head."""

    A1: np.ndarray
    A2: np.ndarray
    A3: np.ndarray
    lam: float
    width: int

    @property
    def small(self) -> Case:
        """The given problem, a function of X at lambda I."""
        r = self.A1.shape[1]
        return Case(self.A1, self.A2, self.A3, np.zeros((len(self.A1), r)), self.lam * np.eye(r), 1 / r)


@result
class LowRankHead(Result):
    """The gradient problem of a head of width r, written as the adapter problem of a head of width d (statement LL-H2).

    Attributes
    ----------
    C1, C2, C3 : array of shape (L, d)
        The three factors, padded with zeros.
    W : array of shape (d, d)
        Frozen weights, zero.
    A : array of shape (r, d)
        Adapter [lam I, 0].
    B : array of shape (d, r)
        Adapter [I; 0].
    beta : float
        1 / r.
    """

    C1: np.ndarray
    C2: np.ndarray
    C3: np.ndarray
    W: np.ndarray
    A: np.ndarray
    B: np.ndarray
    beta: float


@formula(lam="(-inf, inf)", d="[1, inf)")
def reduce_to_adapters(A1: ArrayLike, A2: ArrayLike, A3: ArrayLike, lam: Number, d: int) -> LowRankHead:
    """A head of width r with the weights lam I, as adapters of a wider head of width d with frozen weights 0.

    The factors of softmax(A1 X A2^T / r) A3 at X = lam I are A1, A2 and A3.

    The gradient of the wider head in A is that of the given problem in X, with zeros behind it.

    Proof
    -----
    Assumes: r <= d and shapes fit (checked here).

    Proof: C1 B A C2^T = [A1, 0] [I; 0] [X, 0] [A2, 0]^T = A1 X A2^T, so logits, c, q and p agree with beta = 1 / r.
    Then dLoss/dA = beta B^T C1^T p C2 = beta A1^T p [A2, 0] = [dLoss/dX, 0].
    """
    first = array("A1", A1, shape=(None, None)).astype(np.float64)
    r = first.shape[1]
    integer("d", d, low=r)
    others = [array(name, A, shape=(None, r)).astype(np.float64) for name, A in (("A2", A2), ("A3", A3))]
    C1, C2, C3 = (np.pad(one, ((0, 0), (0, d - r))) for one in (first, *others))
    adapter = np.pad(float(lam) * np.eye(r), ((0, 0), (0, d - r)))
    return LowRankHead(C1, C2, C3, np.zeros((d, d)), adapter, np.eye(d, r), 1 / r)


def reduced(case: Reduced, rng: np.random.Generator | None = None, temperature: str = "r") -> np.ndarray:
    """Return dLoss/dA of the head that the library makes."""
    one = reduce_to_adapters(case.A1, case.A2, case.A3, case.lam, case.width)
    beta = one.beta if temperature == "r" else 1 / case.width
    W, Y = one.W + one.B @ one.A, np.zeros((len(one.C1), case.width))
    return one.B.T @ chain.gradient_chain(one.C1, one.C2, one.C3, Y, W, beta=beta).gradient


def reduction(seed: int, n: int, r: int, width: int) -> Reduced:
    """Gaussian factors."""
    return Reduced(*np.random.default_rng(seed).normal(size=(3, n, r)), 0.75, width)


def draw_reduced(draws: Draws) -> Reduced:
    """Up to four tokens, rank up to three, entries in quarters."""
    n, r = draws.integers(1, 4), draws.integers(1, 3)
    factors = [draws.integers(-6, 6, shape=(n, r)) / 4 for _ in range(3)]
    # lambda may be 0 or negative, for which the reduction holds as well
    return Reduced(*factors, draws.integers(-8, 8) / 4, r + draws.integers(0, 3))


REDUCTIONS = Family(
    "reductions",
    always=(reduction(0, 1, 1, 2), reduction(1, 6, 2, 5), reduction(2, 12, 3, 3), reduction(3, 8, 2, 8)),
    draw=draw_reduced,
)


PAPER = "2406.03136"


LL_H1 = Statement(
    id="lora_limits/LL-H1",
    title="Conditional hardness of adapter gradients",
    says=(
        "If the strong exponential time hypothesis (SETH) holds, no algorithm computes the adapter gradients of every "
        "input of L tokens up to the error epsilon in time O(L^(2 - delta)) with some delta > 0, when entries Gamma "
        "may grow faster than sqrt(log L)."
    ),
    source=Paper(PAPER, "Theorem 4.1", read="full"),
    tex=(
        r"\text{SETH} \Rightarrow \text{no } O(L^{2-\delta}) \text{ algorithm for } \Gamma = "
        r"\omega(\sqrt{\log L}),\ \varepsilon = O((\log L)^{-4})"
    ),
    hypotheses={},
    instances=REDUCTIONS,
    solve=reduced,
    claim=Recorded(
        "conditional, and about all algorithms; its reduction, calculus and gadget are checked (LL-H2 to LL-H8), "
        "the step from the norm of the attention to all of its entries is not spelled out in the papers",
        carried_by="lora_limits/LL-H2",
    ),
)


def padded(case: Reduced, found: np.ndarray) -> Sides:
    """Compare dLoss/dA with [dLoss/dX, 0], which comes from the complex step."""
    wanted = np.pad(gradient(case.small), ((0, 0), (0, case.width - case.A1.shape[1])))
    return Sides(found, wanted, rounding=case.small.rounding_bound)


LL_H2 = Statement(
    id="lora_limits/LL-H2",
    title="Gradients of attention are gradients of adapters",
    says=(
        "The gradient by X of the loss of softmax(A_1 X A_2^T / r) A_3, with labels 0, is found in a wider head: with "
        "inputs [A_i, 0], frozen weight W* = 0 and adapters B = [I; 0] and A = [X, 0] the gradient by A consists of "
        "it and of zeros."
    ),
    source=Derived(reduce_to_adapters),
    tex=(
        r"C_i = [A_i, 0],\ W^* = 0,\ B = [I; 0],\ A = [X, 0],\ \beta = 1/r \Rightarrow "
        r"\frac{d\mathrm{Loss}}{dA} = [\frac{d\mathrm{Loss}}{dX}, 0]"
    ),
    hypotheses={"r at most d": lambda case: case.A1.shape[1] <= case.width},
    instances=REDUCTIONS,
    solve=reduced,
    claim=Identity(padded),
    saboteurs=(
        # the convention of the wide head; right where r = d, so that a width above r always runs
        saboteur("beta = 1/d after padding", solve=partial(reduced, temperature="d")),
        saboteur("p2 = f diag(r)", patch=(chain.chain_matrices, "r[:, None] * f", "r[None, :] * f")),
    ),
    notes="A reduction of the exact problem; what approximation it carries over is part of LL-H1.",
)
