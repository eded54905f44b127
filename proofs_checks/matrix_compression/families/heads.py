"""Heads of attention: queries, keys, values and which keys a query sees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight
from lrtheory.matrix_compression import attention_rank
from proofs_checks.matrix_compression.families.updates import allowance, regauged


@dataclass(frozen=True)
class Head:
    """Q (L, d), K (n, d), V (n, width), a mask of what each query sees, and the rank r of new logits."""

    Q: np.ndarray
    K: np.ndarray
    V: np.ndarray
    mask: np.ndarray
    rank: int

    @property
    def scale(self) -> float:
        """1 / sqrt(d)."""
        return float(1 / np.sqrt(self.Q.shape[1]))

    @property
    def logits(self) -> np.ndarray:
        """S = Q K^T / sqrt(d)."""
        return self.scale * np.asarray(self.Q @ self.K.T)

    @property
    def diameter(self) -> float:
        """The largest distance of two rows of V."""
        return float(np.sqrt(((self.V[:, None] - self.V[None]) ** 2).sum(2)).max())

    @property
    def allowed(self) -> float:
        """The rounding in doubles of logits, centered or not, in the Frobenius norm."""
        wide = np.abs(self.K) + np.abs(self.K).mean(0)
        return self.scale * 2 * allowance(self.Q, wide.T, gram=False)


def attention(logits: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the softmax of each row over the keys that its query sees."""
    powers = np.where(mask, np.exp(logits - np.max(np.where(mask, logits, -np.inf), axis=1, keepdims=True)), 0.0)
    return np.asarray(powers / powers.sum(1, keepdims=True))


def is_head(case: Head) -> bool:
    """Decide whether the arrays are finite and fit, every query sees a key, and the rank is not negative."""
    Q, K, V, mask = (np.asarray(getattr(case, name)) for name in ("Q", "K", "V", "mask"))
    fits = Q.ndim == K.ndim == V.ndim == 2 and Q.shape[1] == K.shape[1] and len(V) == len(K) and 0 not in Q.shape
    fits = bool(fits and len(K) and mask.shape == (len(Q), len(K)) and mask.dtype == bool and mask.any(axis=1).all())
    return bool(fits and all(np.isfinite(X).all() for X in (Q, K, V)) and case.rank >= 0)


def has_small_logits(case: Head) -> bool:
    """Decide whether logits stay below 100, so that their rounding is small."""
    return bool(np.abs(case.logits).max() <= 100)


def ranked(case: Head, rng: np.random.Generator | None = None, **options: Any) -> dict[str, Any]:
    """Return the library's queries and keys of every rank, with the errors and bounds of all of them."""
    given = {"mask": case.mask} | options
    first = attention_rank(case.Q, case.K, case.V, rank=0, **given)
    # as many ranks as the logits can have
    others = [attention_rank(case.Q, case.K, case.V, rank=r, **given) for r in range(1, len(first.errors))]
    found = [first, *others]
    return {
        "Q": [one.Q for one in found],
        "K": [one.K for one in found],
        "errors": found[0].errors,
        "bounds": found[0].bounds,
    }


def truncated(case: Head, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the truncated product with all its singular values, and truncated queries and keys, all of rank r."""
    product = attention_rank(case.Q, case.K, rank=case.rank, center=False)
    factors = attention_rank(case.Q, case.K, rank=case.rank, center=False, method="factors")
    logits = case.scale * (product.Q @ product.K.T)
    return {"logits": logits, "Q": factors.Q, "K": factors.K, "values": product.singular_values}


def centered(case: Head, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the logits of rank r after the keys are centered, and those of full rank."""
    found = [attention_rank(case.Q, case.K, rank=r) for r in (case.rank, case.Q.shape[1])]
    return {name: case.scale * (one.Q @ one.K.T) for name, one in zip(("logits", "whole"), found, strict=True)}


def draw_head(draws: Draws) -> Head:
    """Draw up to five queries and keys of up to three dimensions, with a mask for some."""
    L, n, d, width = draws.integers(1, 5), draws.integers(1, 5), draws.integers(1, 3), draws.integers(1, 3)
    Q, K = (draws.integers(-4, 4, shape=shape) / 2.0 for shape in ((L, d), (n, d)))
    mask = np.ones((L, n), bool)
    if draws.choice((False, True)):
        mask = draws.integers(0, 1, shape=(L, n)).astype(bool)
        mask[:, draws.integers(0, n - 1)] = True
    V = draws.integers(-3, 3, shape=(n, width)).astype(float)
    return Head(Q, K, V, mask, draws.integers(0, max(0, min(L, n, d) - 1)))  # a rank that leaves an error


def climb_head(case: Head, draws: Draws) -> Head:
    """Change one entry of Q by an eighth."""
    Q = np.array(case.Q)
    Q[draws.integers(0, Q.shape[0] - 1), draws.integers(0, Q.shape[1] - 1)] += draws.choice((-0.125, 0.125))
    return replace(case, Q=Q)


def two_keys(t: float) -> Head:
    """Make one query whose logits t and -t become 0 and 0 at rank 0."""
    return Head(np.array([[t]]), np.array([[1.0], [-1.0]]), np.array([[0.0], [1.0]]), np.ones((1, 2), bool), 0)


def heads() -> tuple[Head, ...]:
    """Return two keys, a mask, keys with a mean, logits of rank 1, an uneven gauge, and logits that fall together."""
    Q, K = np.array([[1.0, 0.5], [-1.0, 2.0]]), np.array([[2.0, 1.0], [0.0, -1.0], [1.0, 1.0]])
    V = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]])
    one = Head(Q, K, V, np.ones((2, 3), bool), 1)
    uneven, other = regauged(Q, K.T.copy(), 64)
    return (
        two_keys(1.0),
        one,
        replace(one, K=K[::-1] + 4.0, V=2 * V),
        replace(one, rank=2),  # all of it
        replace(one, mask=np.array([[True, False, True], [True, True, True]])),
        # A of low rank, from queries and keys that have a larger one: truncating these errs, and the tail of A is 0
        Head(np.eye(2), np.array([[3.0, 3.0], [3.0, 3.0], [0.0, 0.0]]), V, np.ones((2, 3), bool), 1),
        # a key that no query sees changes most
        Head(
            np.array([[1.0, 0.0]]),
            np.array([[2.0, 0.0], [2.0, 0.5], [9.0, 0.0]]),
            V,
            np.array([[True, True, False]]),
            0,
        ),
        # queries and keys in a gauge of which Gram matrices lose most digits
        replace(one, Q=uneven, K=other.T.copy()),
        # two keys whose logits fall by as much: the changes are large, and do not differ
        Head(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0], [2.0, 0.5]]), V[:2], np.ones((1, 2), bool), 0),
    )


HEADS = Family(
    "truncated-heads", always=heads, tight=(Tight(two_keys(2.0**-6), 0.999, 1),), draw=draw_head, climb=climb_head
)
