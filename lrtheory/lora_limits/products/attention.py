r"""The products with p that every adapter gradient is made of, and the head written as the four arrays they need.

With queries q_i (times beta), keys k_j, values v_j and targets y_i of one head,

.. math:: f = \mathrm{softmax}(q k^\top), \quad c = f v - y, \quad p_{ij} = f_{ij} (\langle c_i, v_j \rangle - r_i),
   \quad r_i = \langle c_i, (f v)_i \rangle

the gradients are dLoss/dW_Q = beta X_Q^T (p k), dLoss/dW_K = X_K^T (p^T q), dLoss/dW_V = X_V^T (f^T c). So a method has
one task: the thin products p R, p^T S and f^T c, for R beside the keys and S beside the queries.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Attention", "Products", "centered", "joined", "later", "rows"]


class Attention(NamedTuple):
    """One head on its inputs, or a batch (leading axes), and which products are wanted.

    `coordinates` are what the logits are made of where fewer coordinates than d_head do.
    """

    queries: Any  # (..., L_Q, d), times beta
    keys: Any  # (..., L_K, d)
    values: Any  # (..., L_K, d_value)
    targets: Any  # (..., L_Q, d_value)
    right: Any = None  # R (..., L_K, n), or None
    left: Any = None  # S (..., L_Q, m), or None
    transport: bool = False  # whether f^T c is wanted
    causal: bool = False
    coordinates: Any = None  # pair of (..., L_Q, rho) and (..., L_K, rho), or None

    @property
    def factors(self) -> tuple[Any, Any]:
        """The two factors of the logits with the fewest columns."""
        return (self.queries, self.keys) if self.coordinates is None else self.coordinates


class Products(NamedTuple):
    """What a method returns; None where it was not asked for."""

    loss: Any  # (...,), half the squared norm of c
    right: Any  # p R (..., L_Q, n)
    left: Any  # p^T S (..., L_K, m)
    transport: Any  # f^T c (..., L_K, d_value)


def centered(xp: Any, keys: Any) -> Any:
    """Keys less their mean: neither f nor p k changes, since rows of f have sum 1 and rows of p have sum 0."""
    return keys - xp.mean(keys, axis=-2, keepdims=True)


def rows(array: Any, start: int, stop: int) -> Any:
    """A block of tokens."""
    return None if array is None else array[..., start:stop, :]


def joined(xp: Any, parts: list[Any]) -> Any:
    """Blocks of tokens, one below the other."""
    return xp.concat(parts, axis=-2) if parts else None


def later(xp: Any, head: Attention, i: int, j: int, n: int, m: int) -> Any:
    """Which keys of a block come after its queries, as a bool array (n, m)."""
    device = head.queries.device
    return xp.arange(j, j + m, device=device)[None, :] > xp.arange(i, i + n, device=device)[:, None]
