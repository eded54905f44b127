r"""The chain of L x L matrices behind an adapter gradient, written out: f, c, q, p (attention, error, products, dS).

.. math:: G = \frac{d\,\mathrm{Loss}}{dW} = \beta\, C_1^\top p\, C_2, \qquad
   \mathrm{Loss}(W) = \tfrac12 \| \mathrm{softmax}(\beta C_1 W C_2^\top) C_3 - Y \|_F^2
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import arrays, real_array
from lrtheory._numbers import number
from lrtheory._result import Result, result
from lrtheory._types import Array, ArrayLike, Number
from lrtheory._validation import must
from lrtheory.lora_limits.head import device_of, one_library
from lrtheory.lora_limits.products.attention import Attention, Products, later

__all__ = ["Chain", "chain_matrices", "chain_products", "dense_products", "gradient_chain", "softmax"]


@result
class Chain(Result):
    r"""The matrices of the chain, in the paper's notation, with the orientation of p2 that the gradient needs.

    Attributes
    ----------
    f : array of shape (L_Q, L_K)
        Attention: rows are non-negative with sum 1.
    c : array of shape (L_Q, d_value)
        Error of the output, f C3 - Y.
    q : array of shape (L_Q, L_K)
        c C3^T, of rank at most d_value.
    p : array of shape (L_Q, L_K)
        p1 - p2 = f o (q - r 1^T); its rows have sum 0.
    p1, p2 : arrays of shape (L_Q, L_K)
        f o q, and diag(r) f.
    row_means : array of shape (L_Q,)
        r, the means of q by rows of f, which are the row sums of p1 and <c_i, (f C3)_i>.
    gradient : array of shape (d_1, d_2)
        dLoss/dW = beta C1^T p C2.
    loss : float
        Half the squared norm of c.
    """

    f: Array
    c: Array
    q: Array
    p: Array
    p1: Array
    p2: Array
    row_means: Array
    gradient: Array
    loss: float


@arrays("device")
def gradient_chain(C1: ArrayLike, C2: ArrayLike, C3: ArrayLike, Y: ArrayLike, W: ArrayLike, *, beta: Number) -> Chain:
    r"""The exact gradient with respect to W, with every matrix on the way (statements LL-G1, LL-G2).

    Arrays: any (device)

    Parameters
    ----------
    C1 : array of shape (L_Q, d_1)
        Inputs of the queries.
    C2 : array of shape (L_K, d_2)
        Keys.
    C3 : array of shape (L_K, d_value)
        Values.
    Y : array of shape (L_Q, d_value)
        Targets.
    W : array of shape (d_1, d_2)
        The weight: for W = W* + s M A with adapters M, A, dLoss/dA = s M^T G and dLoss/dM = s G A^T.
    beta : float
        Inverse temperature, positive.

    Returns
    -------
    Chain
        In the caller's library. Memory is O(L_Q L_K): for teaching and tests.

    Raises
    ------
    ValueError
        If shapes do not fit, a matrix is empty, a number is not finite, or beta is not positive.
    TypeError
        If an argument is not an array of real numbers, or they are of several libraries.

    References
    ----------
    .. [1] J. Y.-C. Hu, M. Su, E.-J. Kuo, Z. Song, H. Liu, Computational Limits of Low-Rank Adaptation (LoRA)
       Fine-Tuning for Transformer Models, ICLR 2025, Lemmas 3.1 and 3.2.
    .. [2] J. Alman, Z. Song, The Fine-Grained Complexity of Gradient Computation for Training Large Language Models,
       NeurIPS 2024.

    Proof
    -----
    Assumes: shapes fit, numbers are finite and beta is positive (checked here).

    Proof: For one row, O = sum_j f_j C3_j and df_j = f_j (ds_j - sum_k f_k ds_k). So dLoss = sum_j <c, C3_j> df_j
    = sum_j f_j (q_j - r) ds_j = sum_j p_j ds_j, and s_j = beta C1_i W C2_j^T gives ds_j / dW = beta C1_i^T C2_j.

    The row means need no q (LL-P2): r = sum_j f_j <c, C3_j> = <c, O>, and q = c C3^T has at most as many independent
    columns as C3. Hence each row of p sums to sum_j f_j q_j - r = 0; a vector taken off all keys adds one number to all
    logits of a row, which softmax ignores, and changes p C2 by (p 1) mu^T = 0 (LL-G4). A factor s at C1 and its inverse
    at W* leave the logits as they are and multiply G by s (LL-G7). Tiles give the same numbers (LL-G2-tiled): a sum of
    exp(x_j - m) becomes one of exp(x_j - m') when it is multiplied by exp(m - m'). With the adapters, dW
    = s (dM A + M dA) gives the two products beside `W` above (LL-G2).

    Checked by: LL-G1 to LL-G5, LL-G7, LL-G2-tiled, LL-P2 and LL-T2.

    Examples
    --------
    >>> I = np.eye(2)
    >>> chain = gradient_chain(I, I, I, 0 * I, 0 * I, beta=1.0)
    >>> chain.f.tolist(), chain.p.tolist()
    ([[0.5, 0.5], [0.5, 0.5]], [[0.0, 0.0], [0.0, 0.0]])
    """
    given = {"C1": C1, "C2": C2, "C3": C3, "Y": Y, "W": W}
    xp, device = one_library(**given), device_of(*given.values())
    tables = {name: real_array(xp, name, value, device=device) for name, value in given.items()}
    return chain_matrices(xp, tables, float(number("beta", beta, 0, np.inf, ends="()")))


def chain_matrices(xp: Any, tables: dict[str, Any], beta: float) -> Chain:
    """Compute the chain from arrays of one library, whose shapes are checked here."""
    C1, C2, C3, Y, W = (tables[name] for name in ("C1", "C2", "C3", "Y", "W"))
    if any(one.ndim != 2 or 0 in one.shape for one in (C1, C2, C3, Y, W)):
        raise must("C1, C2, C3, Y, W", "non-empty matrices", tuple(one.shape for one in (C1, C2, C3, Y, W)))
    if W.shape != (C1.shape[1], C2.shape[1]):
        raise must("W", f"of shape ({C1.shape[1]}, {C2.shape[1]})", W.shape)
    if C3.shape[0] != C2.shape[0]:
        raise must("C3", f"of {C2.shape[0]} rows, one per key", C3.shape)
    if Y.shape != (C1.shape[0], C3.shape[1]):
        raise must("Y", f"of shape ({C1.shape[0]}, {C3.shape[1]})", Y.shape)
    f = softmax(xp, beta * (C1 @ W) @ C2.T)
    output = f @ C3
    c = output - Y
    q = c @ C3.T
    r = xp.sum(c * output, axis=1)  # <c_i, O_i> = sum_j f_ij <c_i, C3_j>
    p1, p2 = f * q, r[:, None] * f
    p = p1 - p2
    loss = float(xp.sum(c * c)) / 2
    return Chain(f=f, c=c, q=q, p=p, p1=p1, p2=p2, row_means=r, gradient=beta * C1.T @ p @ C2, loss=loss)


def softmax(xp: Any, logits: Any) -> Any:
    """Return rows of positive numbers with sum 1 that are proportional to the exponentials of the logits."""
    powers = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))  # the largest is 1, so nothing overflows
    return powers / xp.sum(powers, axis=-1, keepdims=True)


def dense_products(xp: Any, head: Attention) -> Products:
    """Compute the products with f and p as whole matrices, for a batch at once (method "dense")."""
    T = xp.matrix_transpose
    logits = head.queries @ T(head.keys)
    if head.causal:
        logits = xp.where(later(xp, head, 0, 0, *logits.shape[-2:]), -xp.inf, logits)
    return chain_products(xp, head, softmax(xp, logits))


def chain_products(xp: Any, head: Attention, f: Any) -> Products:
    """Compute the products from a given attention matrix f, the exact one or an approximation with row sums 1."""
    T = xp.matrix_transpose
    output = f @ head.values
    c = output - head.targets
    p = f * (c @ T(head.values) - xp.sum(c * output, axis=-1, keepdims=True))
    return Products(
        loss=xp.sum(c * c, axis=(-2, -1), dtype=xp.float64) / 2,
        right=None if head.right is None else p @ head.right,
        left=None if head.left is None else T(p) @ head.left,
        transport=T(f) @ c if head.transport else None,
    )
