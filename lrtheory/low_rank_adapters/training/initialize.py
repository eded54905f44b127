"""Starts of LoRA, LoRA-FA and LoRA-XS: which subspaces training begins in, and what they capture of a gradient."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from lrtheory._array import array_namespace, arrays, beside, to_numpy
from lrtheory._result import Certificate, Result, result
from lrtheory._types import Array, ArrayLike, Rng
from lrtheory._validation import choice, flag, generator, must, real, refuse_unused
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.lora import lora, lora_fa, lora_xs
from lrtheory.low_rank_adapters.reach.normalized import numeric
from lrtheory.low_rank_adapters.training.energies import energies_of, outer_factors
from lrtheory.low_rank_adapters.training.inverses import unit_of
from lrtheory.low_rank_adapters.training.leading import Leading, leading

__all__ = ["Start", "StartCertificate", "initialize"]

Method = Literal["gradient", "sign", "weight", "random", "zero-b", "orthogonal"]
#: methods, and the options that they use beside those of all
USED = {"gradient": ("step_size",), "sign": ("step_size",), "weight": ("step_size",), "random": (), "zero-b": (),
        "orthogonal": ()}  # fmt: skip


@result
class StartCertificate(Certificate):
    r"""Proof about a start: no other one of its rank captures more of the gradient than a bound.

    Attributes
    ----------
    achieved : float
        The share of the squared norm of the gradient that the start captures.
    bound : float
        No factors of this rank capture a larger share.
    kind : str
        The kind of the adapter.
    B : array of shape (d_out, r)
        The left factor of the start.
    A : array of shape (r, d_in)
        The right factor of the start.
    """

    achieved: float
    bound: float
    gap: float
    kind: str
    B: Array
    A: Array

    _statements = ("low_rank_adapters/SB-3",)

    def verify(self, problem: ArrayLike) -> bool:
        """Recompute the share that the start captures, and the largest one by all singular values of the gradient.

        Parameters
        ----------
        problem : array of shape (d_out, d_in)
            The gradient, as for `initialize`.

        Returns
        -------
        bool
            Whether the share is what was stated and no start captures more than `bound`, up to the rounding of sums of
            d_out + d_in numbers in the precision of the factors.

        Raises
        ------
        TypeError
            If that is not an array of real numbers.
        ValueError
            If it has a mask or rows of different lengths.
        """
        B, A = (np.asarray(to_numpy(factor)) for factor in (self.B, self.A))
        G = numeric("problem", problem).astype(np.float64)
        if G.shape != (B.shape[0], A.shape[1]) or not G.any() or not self._is_sound():
            return False
        if not all(np.isfinite(one).all() for one in (G, B, A)):
            return False
        noise = sum(G.shape) * float(np.finfo(B.dtype).eps)
        G = np.ldexp(G, -unit_of(G))
        energies = np.linalg.svd(G, compute_uv=False) ** 2
        best = float(energies[: min(B.shape[1], A.shape[0])].sum() / energies.sum())
        found = _captured(self.kind, energies_of(G, B.astype(np.float64), A.astype(np.float64))[0])
        near = abs(self.achieved - found) <= noise and self.achieved <= self.bound <= 1.0
        return bool(near and best <= self.bound + noise)


@result
class Start(Result):
    r"""An adapter at the start of its training.

    Attributes
    ----------
    adapter : Adapter
        Adapter of the given kind, shape, ranks and scale, with new numbers.
    weight : array of shape (d_out, d_in), or None
        The frozen weight beside it; None if no weight was given.
    captured : float
        The share of the squared norm of the gradient that the first step can follow: of \|P_B G P_A\|^2 for LoRA-XS, of
        \|G P_A\|^2 for LoRA-FA, of the larger one of \|P_B G\|^2 and \|G P_A\|^2 for LoRA, in half-steps.
    optimum : float
        The largest share that was found for subspaces of this rank; the certificate says how far it may be exceeded.
    method : str
        The argument `method`.
    message : str
        Share of the gradient that the start captures, and the bound for all starts of its rank, in words.
    certificate : StartCertificate
        No start of this rank captures more than its bound.
    """

    adapter: Adapter
    weight: Array | None
    captured: float
    optimum: float
    method: str
    message: str
    certificate: StartCertificate


@arrays("device")
def initialize(
    adapter: Adapter,
    gradient: ArrayLike,
    *,
    method: Method = "gradient",
    step_size: float | None = None,
    weight: ArrayLike | None = None,
    compensate: bool = True,
    rng: Rng = None,
) -> Start:
    r"""Start an adapter in chosen subspaces, and certify what they capture of a gradient.

    Parameters
    ----------
    adapter : Adapter
        Adapter of the kind "lora", "lora-fa" or "lora-xs"; its kind, shape, ranks and scale count, and its numbers do
        not.
    gradient : array of shape (d_out, d_in)
        The gradient of the loss in the merged weight, not 0.
    method : {"gradient", "sign", "weight", "random", "zero-b", "orthogonal"}
        Leading singular vectors of the gradient, of the signs of its entries (as the released code of LoRA-SB), or of
        the weight; or random factors: Gaussian, Gaussian with the update 0, or with orthonormal columns and rows.
    step_size : float or None
        At least 0. The update is the leading part of -step_size times the gradient or its signs, or of step_size times
        the weight; None takes the subspaces alone and the update 0.
    weight : array of shape (d_out, d_in) or None
        The frozen weight.
    compensate : bool
        Whether the update is subtracted from the weight, so that the start changes no output of the layer.
    rng : int, SeedSequence, Generator or None
        Draws random factors, and the first block of the iteration for singular vectors.

    Returns
    -------
    Start
        The adapter, the weight, and the share of the gradient that was captured. Leading singular vectors of the
        gradient capture most (statement SB-3); those of its signs may capture little (statement SB-6).

    Raises
    ------
    ValueError
        If the gradient is 0, an array is not finite or of another shape, or an option is out of range.
    TypeError
        If an argument is of the wrong kind.

    Notes
    -----
    Singular vectors come from a block Krylov iteration with five products with G G^T and full orthogonalization, or
    from an exact decomposition where the blocks would span more than half of the smaller side. They are orthonormal in
    the precision of the adapter.

    Arrays: any (device)

    References
    ----------
    Ponkshe et al., "Initialization using Update Approximation is a Silver Bullet for Extremely Efficient Low-Rank
    Fine-Tuning", arXiv 2411.19557.

    Examples
    --------
    >>> import numpy as np
    >>> from lrtheory.low_rank_adapters.kinds.lora import lora
    >>> start = initialize(lora(np.zeros((3, 1)), np.zeros((1, 2))), [[3.0, 0.0], [0.0, 1.0], [0.0, 0.0]], rng=0)
    >>> round(start.captured, 9), round(start.certificate.gap, 9)
    (0.9, 0.0)
    """
    B, A = outer_factors(adapter)
    choice("method", method, tuple(USED))
    refuse_unused(method, USED[method], step_size=(step_size, None))
    size = None if step_size is None else real("step_size", step_size, low=0.0, high=float(np.finfo(float).max))
    flag("compensate", compensate)
    source = generator(rng)
    G = adapter._matrix("gradient", gradient, adapter.shape)
    W = None if weight is None else adapter._matrix("weight", weight, adapter.shape)
    if not bool(array_namespace(G).any(G)):
        raise must("gradient", "nonzero", "a matrix of zeros")
    if method == "weight" and W is None:
        raise must("weight", 'given with method "weight"', None)
    ranks = B.shape[1], A.shape[0]
    best = leading(G, min(*ranks, *adapter.shape), source)
    if method in ("gradient", "sign", "weight"):
        made = _from_vectors(adapter, _vectors(method, G, W, ranks, best, source), method, size)
    else:
        made = _at_random(adapter, method, source)
    known = method == "gradient" and ranks[0] == ranks[1] and made.kind == "lora-xs"
    share = best.captured if known else _share(made, G)
    bound, (B, A) = max(share, best.limit), outer_factors(made)
    return Start(
        adapter=made,
        weight=W - made.dense() if W is not None and compensate else W,
        captured=share,
        optimum=max(share, best.captured),
        method=method,
        message=f"captured {share:.2%} of the gradient; no start of this rank captures more than {bound:.2%}",
        certificate=StartCertificate._of(share, bound, *StartCertificate._statements, made.kind, B, A),
    )


def _vectors(method: str, G: Any, W: Any, ranks: tuple[int, int], best: Leading, rng: np.random.Generator) -> Leading:
    """The leading singular vectors of the matrix that a method takes, as many as the larger rank."""
    most = min(max(ranks), *G.shape)
    if method == "gradient" and most == len(best.values):
        return best
    xp = array_namespace(G)
    matrix = {"gradient": G, "sign": xp.sign(G), "weight": W}[method]
    if not bool(xp.any(matrix)):
        raise must(method, "nonzero", "a matrix of zeros")
    return leading(matrix, most, rng)


def _from_vectors(adapter: Adapter, found: Leading, method: str, step_size: float | None) -> Adapter:
    """The adapter with the update step_size times the leading part, in its own subspaces."""
    B, A = outer_factors(adapter)
    left, right = _padded(found.U, B), _padded(found.Vt, A)
    rank = min(B.shape[1], A.shape[0], len(found.values))
    size = (0.0 if step_size is None else step_size) * (1.0 if method == "weight" else -1.0)
    if adapter.scale == 0 and size != 0:
        raise must("step_size", "None for an adapter with scale 0", step_size)
    entries = np.zeros((B.shape[1], A.shape[0]))
    kept = found.values[:rank].astype(np.float64)
    entries[range(rank), range(rank)] = kept * (size / adapter.scale) if size else 0.0
    if adapter.kind == "lora-xs":
        middle = beside(entries.astype(found.values.dtype), B)
        return lora_xs(left, middle, right, scale=adapter.scale)
    if adapter.kind == "lora-fa" or not size:
        return _made(adapter, left @ beside(entries.astype(found.values.dtype), B), right)
    roots = np.sqrt(np.abs(np.diag(entries)))  # balanced factors share each singular value
    signed, plain = (beside(np.asarray(x, found.values.dtype), B) for x in (roots * np.sign(np.diag(entries)), roots))
    return _made(adapter, left * signed, plain[:, None] * right)


def _at_random(adapter: Adapter, method: str, rng: np.random.Generator) -> Adapter:
    """Gaussian factors with columns of B and rows of A of length 1 on average, or orthonormal ones."""
    B, A = outer_factors(adapter)
    (m, q), (p, n) = B.shape, A.shape
    left, right = rng.standard_normal((m, q)) / math.sqrt(m), rng.standard_normal((p, n)) / math.sqrt(n)
    if method == "orthogonal":
        left, right = np.linalg.qr(left)[0], np.linalg.qr(right.T)[0].T
    kind = np.asarray(to_numpy(B[:0, :])).dtype
    left, right = _padded(beside(left.astype(kind), B), B), _padded(beside(right.astype(kind), A), A)
    if adapter.kind == "lora-xs":
        return lora_xs(left, adapter.params["R"] * 0.0, right, scale=adapter.scale)
    return _made(adapter, left * 0.0 if method == "zero-b" or adapter.kind == "lora-fa" else left, right)


def _made(adapter: Adapter, B: Any, A: Any) -> Adapter:
    return (lora if adapter.kind == "lora" else lora_fa)(B, A, scale=adapter.scale)


def _padded(found: Any, wanted: Any) -> Any:
    """Vectors with columns and rows of zeros where there are fewer than the adapter has, or without the last ones."""
    xp = array_namespace(found)
    rows, columns = (min(a, b) for a, b in zip(found.shape, wanted.shape, strict=True))
    found = found[:rows, :columns]
    if tuple(found.shape) == tuple(wanted.shape):
        return found
    if rows < wanted.shape[0]:
        return xp.concat([found, xp.zeros_like(wanted[rows:, :])], axis=0)
    return xp.concat([found, xp.zeros_like(wanted[:, columns:])], axis=1)


def _share(made: Adapter, G: Any) -> float:
    B, A = outer_factors(made)
    return _captured(made.kind, energies_of(G * 2.0 ** -unit_of(G), B, A)[0])


def _captured(kind: str, energies: tuple[float, ...]) -> float:
    """The share that the first step of a kind of LoRA can follow."""
    xs, a_step, b_step, _, total = energies
    return min(1.0, {"lora-xs": xs, "lora-fa": b_step, "lora": max(a_step, b_step)}[kind] / total)
