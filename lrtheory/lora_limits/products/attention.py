r"""The products with p that every adapter gradient is made of, and the four arrays of a head that they need.

With queries q_i (times beta), keys k_j, values v_j and targets y_i of one head,

.. math:: f = \mathrm{softmax}(q k^\top), \quad c = f v - y, \quad p_{ij} = f_{ij} (\langle c_i, v_j \rangle - r_i),
   \quad r_i = \langle c_i, (f v)_i \rangle

the gradients are dLoss/dW_Q = beta X_Q^T (p k), dLoss/dW_K = X_K^T (p^T q), dLoss/dW_V = X_V^T (f^T c). So each method
has to compute the thin products p R, p^T S and f^T c, where R has one row per key and S one row per query.

The names of FlashAttention's backward pass for the same arrays: f is P, c is dO, the gradient of the loss by the output
O; r is delta, the inner product of dO and O; p is dS, the gradient by the logits; p k is dQ, p^T q is dK, f^T c is dV.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Attention", "Products", "centered", "joined", "later", "rows"]


class Attention(NamedTuple):
    """The arrays of one head on its inputs, or of a batch (leading axes), and which products are wanted.

    `coordinates` are two other factors of the logits, with fewer columns than queries and keys have, if there are such.
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
        """Two factors x, y of the logits x y^T, with as few columns as are known; they set the number of features."""
        return (self.queries, self.keys) if self.coordinates is None else self.coordinates


class Products(NamedTuple):
    """The loss and the thin products that a method returns; None where a product was not asked for."""

    loss: Any  # (...,), half the squared norm of c
    right: Any  # p R (..., L_Q, n), FlashAttention's dQ where R are the keys
    left: Any  # p^T S (..., L_K, m), FlashAttention's dK where S are the queries
    transport: Any  # f^T c (..., L_K, d_value), FlashAttention's dV


def centered(xp: Any, keys: Any) -> Any:
    """Subtract the mean of the keys: neither f nor p k changes (statement LL-G4), and logits become smaller.

    The shift adds one number to all logits of a row, which softmax ignores; p k changes by (p 1) mu^T, and p 1 = 0.
    """
    return keys - xp.mean(keys, axis=-2, keepdims=True)


def rows(array: Any, start: int, stop: int) -> Any:
    """Return the tokens start, ..., stop - 1 of an array (..., L, n), or None for None."""
    return None if array is None else array[..., start:stop, :]


def joined(xp: Any, parts: list[Any]) -> Any:
    """Concatenate blocks of tokens along the axis of tokens; return None if there are none."""
    return xp.concat(parts, axis=-2) if parts else None


def later(xp: Any, head: Attention, i: int, j: int, n: int, m: int) -> Any:
    """Return a bool array (n, m): True where key j + column comes after query i + row, which a causal mask hides."""
    device = head.queries.device
    return xp.arange(j, j + m, device=device)[None, :] > xp.arange(i, i + n, device=device)[:, None]
