r"""From one projection (Q, K or V) to the thin products that its gradient needs, and from the products to the gradient.

With s = alpha / r, q = beta X_Q W_Q, k = X_K W_K and v = X_V W_V:

.. math:: \frac{d}{dW_Q} = \beta X_Q^\top (p k), \quad \frac{d}{dW_K} = X_K^\top (p^\top q), \quad
   \frac{d}{dW_V} = X_V^\top (f^\top c), \qquad dA = s\, B^\top G^\top, \quad dB = s\, G^\top A^\top .

Where dLoss/dW is not asked for, narrower products do: dA_Q = s beta (p (k B))^T X_Q and
dB_Q = s beta k^T (p^T (X_Q A^T)), both of width r, and the mirror images for K.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._kernels.units import unit_of
from lrtheory._validation import Words, must
from lrtheory.lora_limits.products.attention import Attention, Products, centered
from lrtheory.lora_limits.solving.inputs import Entry, Inputs, kind_of

__all__ = ["Gradient", "HeadInputs", "gradients", "head_inputs"]


class HeadInputs(NamedTuple):
    """A head on its inputs, and the layout of R (`right`) and S (`left`): the number of columns of each part, in order.

    The name of a part is a kind of gradient and a projection: the part "WQ" leads to dLoss/dW_Q, "AQ" to dA_Q, and "BK"
    to dB_K.
    """

    entry: Entry
    head: Attention
    right: dict[str, int]
    left: dict[str, int]


class Gradient(NamedTuple):
    """Gradients for one projection (Q, K or V): factors A, B, weight W; None if no adapter, or W not requested."""

    A: Any
    B: Any
    W: Any


@np.errstate(over="ignore", invalid="ignore")  # what overflows is refused by name
def head_inputs(inputs: Inputs, entry: Entry, adapt: tuple[str, ...], *, narrow: bool = False) -> HeadInputs:
    """Make the four arrays of a head, and the tables R and S that the gradients of the projections in `adapt` need.

    `narrow` asks for products of width r that give dA and dB of Q and K alone, without dLoss/dW.
    """
    xp, beta = inputs.xp, inputs.head.beta
    queries = beta * (entry.X["Q"] @ entry.W["Q"])
    keys = centered(xp, entry.X["K"] @ entry.W["K"])
    values = entry.X["V"] @ entry.W["V"]
    for name, made in (("XQ", queries), ("XK", keys), ("XV", values)):
        if not np.isfinite(to_numpy(made)).all():
            rule = f"small enough for projections that are finite in {kind_of(inputs)}"
            raise must(name, rule, Words("larger ones"))
    # c, f and p do not change when one vector is subtracted from all values and targets. Their common part is removed,
    # since a large one would cost digits.
    shift = xp.mean(values, axis=-2, keepdims=True)
    right: dict[str, Any] = {}
    left: dict[str, Any] = {}
    T = xp.matrix_transpose
    for projection in adapt:
        if projection == "V":
            continue
        # Q needs p times tables with a row per key. K is its mirror image: it needs p^T times tables with a row per
        # query. For narrow products dB needs the product of the other side.
        own, other, near = (right, left, keys) if projection == "Q" else (left, right, queries)
        if narrow and projection in entry.adapters:
            A, B = entry.adapters[projection]
            own["A" + projection] = near @ B
            beside = entry.X[projection] @ T(A)
            other["B" + projection] = (
                beside if projection == "Q" else centered(xp, beside)
            )  # p times a constant is 0 (LL-G4)
        else:
            own["W" + projection] = near
    head = Attention(
        queries=queries,
        keys=keys,
        values=values - shift,
        targets=entry.Y - shift,
        right=_beside(xp, right, keys),
        left=_beside(xp, left, queries),
        transport="V" in adapt,
        causal=inputs.causal,
        coordinates=_coordinates(inputs, entry, keys),
    )
    return HeadInputs(entry, head, *({name: part.shape[-1] for name, part in side.items()} for side in (right, left)))


def _beside(xp: Any, parts: dict[str, Any], like: Any) -> Any:
    """Concatenate parts column by column, broadcast to the batch axes of `like`; None if there are no parts."""
    shape = like.shape[:-1]
    wide = [xp.broadcast_to(part, (*shape, part.shape[-1])) for part in parts.values()]
    return xp.concat(wide, axis=-1) if len(wide) > 1 else (wide[0] if wide else None)


def _coordinates(inputs: Inputs, entry: Entry, keys: Any) -> Any:
    """Return factors of the logits with fewer coordinates than d_head, if W_Q W_K^T has a lower rank, else None.

    From W_Q W_K^T = U S V^T the logits are <X_Q U S^(1/2), X_K V S^(1/2)>. The number of features falls from
    binom(g + d_head, g) to binom(g + rank, g). With a frozen weight W* = 0 this rank is that of the adapter.
    """
    if keys.ndim != 2:
        return None
    WQ, WK = (to_numpy(entry.W[projection]).astype(np.float64) for projection in "QK")
    units = unit_of(WQ), unit_of(WK)  # the product of small weights would be 0, and with it all logits
    WQ, WK = np.ldexp(WQ, -units[0]), np.ldexp(WK, -units[1])
    # W_Q W_K^T is (d_in, d_in); by the two QR factorizations only a (d_head, d_head) matrix is decomposed
    (left, R_left), (right, R_right) = np.linalg.qr(WQ), np.linalg.qr(WK)
    U, S, Vt = np.linalg.svd(R_left @ R_right.T)
    rank = int((S[0] * max(WQ.shape) * np.finfo(to_numpy(keys[:1, :]).dtype).eps < S).sum())
    if rank >= WQ.shape[1]:
        return None
    rank = max(rank, 1)  # where the product is 0, one coordinate of zeros stays
    root = np.sqrt(S[:rank])
    xp, like = inputs.xp, keys
    onto = (
        xp.asarray(np.ldexp(side, unit), dtype=like.dtype, device=like.device)
        for side, unit in zip((left @ U[:, :rank] * root, right @ Vt[:rank].T * root), units, strict=True)
    )
    x, y = (entry.X[projection] @ side for projection, side in zip("QK", onto, strict=True))
    return inputs.head.beta * x, centered(xp, y)


def gradients(inputs: Inputs, task: HeadInputs, products: Products, adapt: tuple[str, ...]) -> dict[str, Gradient]:
    """Turn products into the gradients of the projections, for one entry or for a batch along the leading axis."""
    entry, T = task.entry, inputs.xp.matrix_transpose
    found = _cut(products.right, task.right) | _cut(products.left, task.left)
    result = {}
    for projection in adapt:
        factor = inputs.head.beta if projection == "Q" else 1.0  # queries carry beta already
        narrow = "A" + projection in found
        pair = entry.adapters.get(projection)
        scale = inputs.head.scale(projection) if pair else 0.0
        if narrow:  # dB comes from the product of the other side, which that side's projected inputs complete
            far = task.head.keys if projection == "Q" else task.head.queries
            dA = scale * factor * (T(found["A" + projection]) @ entry.X[projection])
            dB = scale * factor * (T(far) @ found["B" + projection])
            result[projection] = Gradient(dA, dB, None)
            continue
        product = products.transport if projection == "V" else found["W" + projection]
        G = factor * (T(entry.X[projection]) @ product)
        if pair is None:
            result[projection] = Gradient(None, None, G)
        else:
            A, B = pair
            result[projection] = Gradient(scale * (T(B) @ T(G)), scale * (T(G) @ T(A)), G)
    return result


def _cut(table: Any, widths: dict[str, int]) -> dict[str, Any]:
    """Cut a product back into its parts by name; the inverse of `_beside`."""
    parts, start = {}, 0
    for name, width in widths.items():
        parts[name] = table[..., start : start + width]
        start += width
    return parts
