"""Small attention problems, and their gradients by the complex step, which knows nothing of the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, always, rounding
from lrtheory.lora_limits import LoRAHead, chain

STEP = 1e-100  # size of the complex step: its square vanishes beside 1, so nothing cancels and nothing is truncated


@dataclass(frozen=True)
class Case:
    """1/2 |softmax(beta C1 W C2^T) C3 - Y|^2 as a function of W."""

    C1: np.ndarray
    C2: np.ndarray
    C3: np.ndarray
    Y: np.ndarray
    W: np.ndarray
    beta: float

    @property
    def logits(self) -> np.ndarray:
        """beta C1 W C2^T."""
        return self.beta * (self.C1 @ self.W) @ self.C2.T

    @property
    def operations(self) -> float:
        """Operations behind an entry, times what a rounded logit does to an exponential."""
        # a logit with a relative rounding u moves its exponential by |logit| u
        sizes = float(sum(self.C1.shape) + sum(self.C2.shape) + self.C3.shape[1])
        # 16 rounded operations per term of a sum are more than any step of the chain takes
        return 16 * sizes * (1 + float(np.abs(self.logits).max()))

    @property
    def errors(self) -> float:
        """A bound on |c|: the largest value plus the largest label."""
        return float(np.abs(self.C3).max() + np.abs(self.Y).max())

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of an entry of the gradient."""
        # |q| is at most this, and a row of p sums to at most twice as much in absolute value
        wide = self.C3.shape[1] * self.errors * float(np.abs(self.C3).max())
        size = self.beta * float(np.abs(self.C1).sum()) * float(np.abs(self.C2).max())
        return rounding(self.operations, 1 + 4 * size * wide)

    @property
    def entry_rounding(self) -> np.ndarray:
        """Rounding of an entry of f, c, q or p."""
        return rounding(self.operations, 1 + 4 * self.C3.shape[1] * self.errors**2)


def attention(logits: np.ndarray) -> np.ndarray:
    """Divide rows of exponentials by their sums; complex logits are shifted by real maxima, so slopes stay right."""
    powers = np.exp(logits - np.max(logits.real, axis=-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def half_square(errors: np.ndarray) -> np.ndarray:
    """1/2 sum of squares over the last two axes, without conjugation."""
    return (errors * errors).sum((-2, -1)) / 2


def slopes(loss: Callable[[np.ndarray], np.ndarray], X: np.ndarray) -> np.ndarray:
    """Compute d loss / dX by the complex step: the imaginary part after a step i h in one entry, divided by h.

    The steps of all entries form a batch, which the loss takes at once.
    """
    steps = 1j * STEP * np.eye(X.size).reshape(X.size, *X.shape)
    found = (loss(X + steps).imag / STEP).reshape(X.shape)
    return np.where(np.abs(found) > STEP**0.5, found, 0.0)  # what is left there is of the order of the step


def gradient(case: Case) -> np.ndarray:
    """Compute dLoss/dW by the complex step."""
    T = case.C2.T
    return slopes(lambda W: half_square(attention(case.beta * (case.C1 @ W) @ T) @ case.C3 - case.Y), case.W)


def links(logits: np.ndarray, C3: np.ndarray, Y: np.ndarray) -> dict[str, np.ndarray]:
    """Compute the chain by name in the claims' own arithmetic: p row by row through diag(f) - f f^T, not p1 - p2."""
    f = attention(logits)
    c = f @ C3 - Y
    q = c @ C3.T
    p = np.array([(np.diag(f_i) - np.outer(f_i, f_i)) @ q_i for f_i, q_i in zip(f, q, strict=True)])
    return {"f": f, "c": c, "q": q, "p1": f * q, "row_means": (f * q).sum(1), "p2": f * q - p, "p": p}


def chained(case: Case, rng: np.random.Generator | None = None, names: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """Matrices of the library's chain by name; through its module, so that a changed line is seen."""
    found = chain.gradient_chain(case.C1, case.C2, case.C3, case.Y, case.W, beta=case.beta)
    return {name: getattr(found, name) for name in names}


def draw_table(draws: Draws, *shape: int) -> np.ndarray:
    """Quarters between -2 and 2."""
    return draws.integers(-8, 8, shape=shape) / 4


def draw_case(draws: Draws, n_keys: int | None = None) -> Case:
    """Up to five queries, five keys, three coordinates."""
    # quarters in few dimensions: differences are exact, and a counterexample can be computed by hand
    d, v, queries = draws.integers(1, 3), draws.integers(1, 3), draws.integers(1, 5)
    keys = draws.integers(1, 5) if n_keys is None else n_keys
    tables = [draw_table(draws, *shape) for shape in ((queries, d), (keys, d), (keys, v), (queries, v), (d, d))]
    return Case(*tables, draws.choice((0.25, 0.5, 1.0, 2.0)))


def made(seed: int, n: int, d: int, beta: float) -> Case:
    """A self-attention problem with Gaussian entries."""
    rng = np.random.default_rng(seed)
    return Case(*(rng.normal(size=shape) for shape in [(n, d)] * 4 + [(d, d)]), beta)


# one query and one key: f = 1 and p = 0, so gradients of queries and keys are exactly 0
ALONE = Case(*(np.array([[x]]) for x in (1.0, 2.0, 3.0, 1.0, 0.5)), 1.0)


# asymmetric in every respect, so that a transposed matrix or exchanged roles change the gradient
TWO = Case(
    np.array([[1.0, 0.0], [0.0, 2.0]]),
    np.array([[1.0, -1.0], [0.5, 1.0]]),
    np.array([[1.0, 0.0], [0.0, 3.0]]),
    np.array([[0.0, 1.0], [1.0, 0.0]]),
    np.array([[1.0, 0.5], [-0.5, 1.0]]),
    0.5,
)


ALWAYS = (ALONE, TWO, made(0, 12, 4, 0.5))


CHAINS = Family("chains", always=ALWAYS, draw=draw_case)


@dataclass(frozen=True)
class HeadCase:
    """Inputs, weights (d_in, d_out), adapters A (r, d_in) and B (d_out, r) of queries, keys, values."""

    X: dict[str, np.ndarray]
    Y: np.ndarray
    W: dict[str, np.ndarray]
    A: dict[str, np.ndarray]
    B: dict[str, np.ndarray]
    alpha: float
    beta: float
    rslora: bool = False

    @property
    def rank(self) -> int:
        """r, of all three adapters."""
        return self.A["Q"].shape[0]

    @property
    def scale(self) -> float:
        """alpha / r, or alpha / sqrt(r)."""
        return self.alpha / (np.sqrt(self.rank) if self.rslora else self.rank)

    @property
    def head(self) -> LoRAHead:
        """The library's head."""
        pairs = {projection: (self.A[projection], self.B[projection]) for projection in "QKV"}
        weights = (self.W[projection] for projection in "QKV")
        return LoRAHead(*weights, adapters=pairs, alpha=self.alpha, beta=self.beta, rslora=self.rslora)

    def weight(self, projection: str) -> np.ndarray:
        """W + s (B A)^T."""
        return self.W[projection] + self.scale * (self.B[projection] @ self.A[projection]).T

    @property
    def chain(self) -> Case:
        """The chain of the query weight, which has f, c, q and p in common with the others."""
        keys, values = (self.X[projection] @ self.weight(projection) for projection in "KV")
        return Case(self.X["Q"], keys, values, self.Y, self.weight("Q"), self.beta)

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of an entry of any gradient: rows of p add up to 2 max |q| at most."""
        top = {projection: float(np.abs(x).max()) for projection, x in self.X.items()}
        Q, K, V = (float(np.abs(self.X[projection] @ self.weight(projection)).max()) for projection in "QKV")
        errors = V + float(np.abs(self.Y).max())
        rows = 2 * self.chain.C3.shape[1] * V * errors
        G = len(self.Y) * max(self.beta * top["Q"] * K * rows, self.beta * top["K"] * Q * rows, top["V"] * errors)
        adapters = max(float(np.abs(one).sum(0).max()) for table in (self.A, self.B) for one in table.values())
        return rounding(self.chain.operations, 1 + G * (1 + abs(self.scale) * adapters))


def adapter_slopes(case: HeadCase, projection: str, kind: str) -> np.ndarray:
    """dLoss/dA, dLoss/dB or dLoss/dW of a projection."""

    def loss(value: np.ndarray) -> np.ndarray:
        weights = {other: case.weight(other) for other in "QKV"}
        A, B = (value if kind == name else getattr(case, name)[projection] for name in "AB")
        weights[projection] = value if kind == "W" else case.W[projection] + case.scale * np.matrix_transpose(B @ A)
        Q, K, V = (case.X[other] @ weights[other] for other in "QKV")
        return half_square(attention(case.beta * Q @ np.matrix_transpose(K)) @ V - case.Y)

    return slopes(loss, case.weight(projection) if kind == "W" else getattr(case, kind)[projection])


PROJECTIONS = ("Q", "K", "V")


def gaussian_head(seed: int, n: int, d: int, rank: int, **numbers: Any) -> HeadCase:
    """Gaussian inputs, weights and adapters, keys and values of their own."""
    rng = np.random.default_rng(seed)
    sizes = {"X": (n, d), "W": (d, d), "A": (rank, d), "B": (d, rank)}
    tables = {name: {projection: rng.normal(size=size) for projection in PROJECTIONS} for name, size in sizes.items()}
    options = {"alpha": 3.0, "beta": 0.5} | numbers
    return HeadCase(tables["X"], rng.normal(size=(n, d)), tables["W"], tables["A"], tables["B"], **options)


def draw_head(draws: Draws) -> HeadCase:
    """Up to four tokens, two or three coordinates, rank one or two."""
    n, d, rank = draws.integers(1, 4), draws.integers(2, 3), draws.integers(1, 2)
    sizes = {"X": (n, d), "W": (d, d), "A": (rank, d), "B": (d, rank)}
    tables = {
        name: {projection: draw_table(draws, *size) for projection in PROJECTIONS} for name, size in sizes.items()
    }
    # a scale of 0 is legal: gradients of A and B vanish, and that of W does not
    alpha, beta = draws.choice((-1.0, 0.0, 0.5, 4.0)), draws.choice((0.25, 0.5))
    return HeadCase(
        tables["X"],
        draw_table(draws, n, d),
        tables["W"],
        tables["A"],
        tables["B"],
        alpha,
        beta,
        draws.choice((False, True)),
    )


def integers(draws: Draws, *shape: int) -> np.ndarray:
    """Small integers."""
    return draws.integers(-4, 4, shape=shape)


# all entries differ, so that an exchanged index changes the product
STEPS = np.arange(1, 7).reshape(2, 3)


FINITE = {"finite entries": always}


def flat(tables: Iterable[np.ndarray]) -> np.ndarray:
    """Concatenate the entries of all tables, row by row."""
    return np.concatenate([np.ravel(one) for one in tables])
