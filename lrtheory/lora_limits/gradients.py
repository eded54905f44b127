r"""Gradients of a fine-tuning loss with respect to low-rank adapters: exact in O(L) memory, or in almost linear time.

`lora_gradients` is the one function that users call. `solving.adapter_gradients` says which products each of Q, K and V
needs. The methods are in `chain`, `products.tiled`, `products.low_rank` and `solving.hybrid`; `solving.plan` chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lrtheory._array import arrays, beside_jax, to_numpy
from lrtheory._numbers import number
from lrtheory._parallel import n_threads
from lrtheory._result import Certificate, Result, result
from lrtheory._result.display import bars
from lrtheory._types import Array, ArrayLike, Number
from lrtheory._validation import at_most_one, choice, flag, integer, must, refuse_unused
from lrtheory.lora_limits.head import LoRAHead, projections_of
from lrtheory.lora_limits.polynomials import KINDS, MAX_DEGREE
from lrtheory.lora_limits.problem import AttentionProblem, inputs_of
from lrtheory.lora_limits.solving.inputs import Mask
from lrtheory.lora_limits.solving.plan import Request, reachable, usual_tol
from lrtheory.lora_limits.solving.solve import solve

__all__ = ["OPTIONS", "GradientCertificate", "LoRAGradients", "lora_gradients"]

#: the options that each method uses; exact methods read `tol` for the field `regime` alone
OPTIONS = {
    "auto": {"degree", "tol", "max_error", "polynomial", "block", "n_jobs"},
    "dense": {"tol"},
    "tiled": {"tol", "block", "n_jobs"},
    "low-rank": {"degree", "tol", "max_error", "polynomial"},
    "hybrid": {"degree", "tol", "max_error", "polynomial", "block"},
}
BLOCK = 128  # queries in a tile where the caller does not say how many
SAME = 1e-6  # the relative difference up to which numbers of two proofs count as equal: sums may run in another order


@result
class GradientCertificate(Certificate):
    r"""A proof of how far the gradients of a polynomial are from the exact ones (statements LL-E1 to LL-E9, LL-T2).

    It holds in exact arithmetic. What rounding adds to the polynomial is in `eta`, and what it adds to the chain of
    products, here and in an exact run of the same precision, is in `entries`: floors that were measured never to be
    exceeded, and no proof. The bound is careful: many powers of ten above the error on common data, and
    more the longer the inputs, since it adds absolute values where errors of tokens cancel, and takes all logits for as
    large as the largest.

    Attributes
    ----------
    achieved : float
        0, the error of exact gradients; that of these lies between it and the bound.
    bound : float
        No entry of any returned gradient is further from the exact one, in units of the loss over those of the entry.
    row_sum_error : float
        tau(eta), a bound on the absolute row sums of the error of the attention matrix.
    eta : float
        Relative error of the entries of exp: of the polynomial, and of rounding.
    rounding : float
        The part of `eta` that rounding has.
    entries : mapping
        The bound for each gradient, "A_Q", "B_Q", "W_Q" and so on.
    gradients : mapping
        The gradients themselves, under the same names.
    options : mapping
        Options of the call that computed the gradients, with which it can be repeated.
    """

    achieved: float
    bound: float
    gap: float
    row_sum_error: float
    eta: float
    rounding: float
    entries: Mapping[str, float]
    gradients: Mapping[str, Array]
    options: Mapping[str, Any]

    _statements = ("lora_limits/LL-E9",)

    @beside_jax
    def verify(self, problem: AttentionProblem) -> bool:
        """Recompute the proof from the problem, and compare gradients with exact ones, in O(L^2) time.

        Parameters
        ----------
        problem : AttentionProblem
            Problem whose gradients were computed.

        Returns
        -------
        bool
            Whether every number of the proof comes out as stated, and no entry of the gradients breaks its bound.

        Raises
        ------
        TypeError
            If `problem` is not an AttentionProblem.
        """
        if not isinstance(problem, AttentionProblem):
            raise must("problem", "an AttentionProblem", problem, TypeError)
        if not self._is_sound():
            return False
        try:
            again = lora_gradients(problem, **self.options)
        except (TypeError, ValueError):  # options that nobody can have solved it with
            return False
        if again.certificate is None or not _agree(self, again.certificate):
            return False
        kept = {name: self.options[name] for name in ("adapt", "full_gradient")}
        exact = lora_gradients(problem, method="tiled", **kept)
        return _within(self.gradients, exact, self.entries)


@result
class LoRAGradients(Result):
    r"""Gradients of the adapters of a head.

    Attributes
    ----------
    loss : float
        1/2 \|f X_V W_V - Y\|_F^2, summed over the batch (divide by its size for a mean).
    A, B : mappings from projection to array, in the shapes of the adapters
        dLoss/dA and dLoss/dB; summed over the batch where the adapter has no batch axis.
    W : mapping from projection to array, in the shape of the weights
        dLoss/dW; empty where `full_gradient` is False and the projection has an adapter.
    degree : int or None
        Degree of the polynomial; None for exact methods.
    n_features : int or None
        Columns of the low-rank factors.
    n_outliers : int
        Queries and keys that "hybrid" treats exactly, in all entries.
    logit_bound : float
        A bound M on all \|logits\| (keys centered) that the polynomial covers.
    regime : str
        "low-rank pays" or "exact cheaper", by counted flops at this degree; for exact methods, at a proved one.
    method : str
        "dense", "tiled", "low-rank" or "hybrid".
    reason : str
        Reason for the method, in a phrase.
    message : str
        A sentence about the accuracy.
    counts : mapping
        ``flops``, and ``features`` of one token.
    certificate : GradientCertificate or None
        A proved bound on the entries of the error; None for exact methods, and where exp is not approximated within a
        factor of 2.
    """

    loss: float
    A: Mapping[str, Array]
    B: Mapping[str, Array]
    W: Mapping[str, Array]
    degree: int | None
    n_features: int | None
    n_outliers: int
    logit_bound: float
    regime: str
    method: str
    reason: str
    message: str
    counts: Mapping[str, int]
    certificate: GradientCertificate | None

    _is_more = True

    def _columns(self) -> dict[str, Any]:
        rows = [
            (f"{kind} of {letter}", gradient)
            for kind, gradients in (("A", self.A), ("B", self.B), ("W", self.W))
            for letter, gradient in gradients.items()
        ]
        arrays = [to_numpy(gradient) for _, gradient in rows]
        return {
            "gradient": [name for name, _ in rows],
            "shape": [str(tuple(one.shape)) for one in arrays],
            "norm": [float(np.linalg.norm(one)) for one in arrays],
            "largest": [float(np.abs(one).max(initial=0.0)) for one in arrays],
        }

    def _facts(self) -> list[str]:
        return [f"loss {float(self.loss):.6g}, by {self.method}: {self.reason}", *Result._facts(self)]

    def _draw(self, ax: Any) -> None:
        columns = self._columns()
        bars(ax, columns["gradient"], columns["norm"], label="Frobenius norm")


@arrays("device")
def lora_gradients(
    head: LoRAHead | AttentionProblem,
    XQ: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    XK: ArrayLike | None = None,
    XV: ArrayLike | None = None,
    adapt: Iterable[str] = ("Q", "V"),
    method: str = "auto",
    degree: int | None = None,
    tol: Number | None = None,
    max_error: Number | None = None,
    polynomial: str | None = None,
    mask: Mask = None,
    full_gradient: bool = True,
    block: int | None = None,
    n_jobs: int | None = None,
) -> LoRAGradients:
    r"""Gradients of 1/2 \|softmax(beta X_Q W_Q W_K^T X_K^T) X_V W_V - Y\|^2 with respect to LoRA adapters.

    Arrays: any (device)

    Parameters
    ----------
    head : LoRAHead or AttentionProblem
        The head; an AttentionProblem brings inputs, targets and mask along.
    XQ : array of shape (L_Q, d_in) or (batch, L_Q, d_in)
        Inputs of the queries. Lists and data frames of numbers are read as NumPy arrays, here and below.
    Y : array of shape (L_Q, d_value) or (batch, L_Q, d_value)
        Targets.
    XK, XV : arrays of shape (L_K, d_in) or (batch, L_K, d_in), or None
        Inputs of keys and values; None takes XQ for XK (self-attention), and XK for XV. What has no batch axis, weights
        among them, serves all entries of the batch.
    adapt : projections
        Projections with adapters, some of "Q", "K", "V"; all others get the gradient of their weight alone.
    method : {"auto", "dense", "tiled", "low-rank", "hybrid"}
        "dense" is exact and writes whole L x L matrices; "tiled" is exact in O(L) memory; "low-rank" replaces exp by a
        polynomial and makes no L x L matrix; "hybrid" does so too, but keeps a few large tokens exact; "auto" takes
        what costs least at the accuracy asked for. An option that the chosen method does not use is refused.
    degree : int or None
        Degree of the polynomial, for "auto", "low-rank" and "hybrid".
    tol : float or None
        Error to aim at, relative to the largest entry of each gradient, when no degree is given: measured on a sample
        of queries, not proved. None is 1e-6, and 1e-4 in single precision; at least the precision of the type, and
        `message` says where rounding may be larger. Exact methods use it for the field `regime` alone.
    max_error : float or None
        Proved bound on the error of every entry, in place of `tol` (statement LL-E9), for "auto", "low-rank" and
        "hybrid".
    polynomial : {"taylor", "chebyshev", "minimax"} or None
        As in `exp_polynomial`, for "auto", "low-rank" and "hybrid"; None takes "taylor".
    mask : None, "causal", or lengths
        "causal" lets query i see keys up to i. Lengths are an int array (batch,) of real tokens, of queries and keys
        alike in self-attention, and a pair of such arrays where XK is given: the tokens after them do not exist.
    full_gradient : bool
        Whether dLoss/dW is wanted; without it products of width r do, where they cost less.
    block : int or None
        Queries in a tile, for "auto", "tiled" and "hybrid"; None takes 128. Compiled code, for NumPy arrays, takes as
        many as vector registers hold.
    n_jobs : int or None
        Threads of "auto" and "tiled" for NumPy arrays, best with one thread of the BLAS each; None is 1, -1 all
        processors.

    Returns
    -------
    LoRAGradients
        In the caller's library, on the caller's device.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite or out of range, an option is given that the method does not use,
        or a low-rank method is asked for where the logits are too large, the features too many, or the mask is causal;
        the message then names the exact method.
    TypeError
        If an argument is not an array of real numbers, or the head is not a LoRAHead.

    References
    ----------
    .. [1] J. Y.-C. Hu, M. Su, E.-J. Kuo, Z. Song, H. Liu, Computational Limits of Low-Rank Adaptation (LoRA)
       Fine-Tuning for Transformer Models, ICLR 2025.
    .. [2] J. Alman, Z. Song, The Fine-Grained Complexity of Gradient Computation for Training Large Language Models,
       NeurIPS 2024.

    Examples
    --------
    >>> from lrtheory.lora_limits import make_uniform
    >>> problem = make_uniform(2000, 4, bound=0.5, rng=0)
    >>> exact = lora_gradients(problem, method="tiled")
    >>> fast = lora_gradients(problem, method="low-rank", tol=1e-6)
    >>> error = abs(fast.W["Q"] - exact.W["Q"]).max()
    >>> bool(error < 1e-6 * abs(exact.W["Q"]).max()), bool(error < fast.certificate.bound)
    (True, True)
    """
    options = {"degree": degree, "tol": tol, "max_error": max_error, "polynomial": polynomial, "block": block}
    options["n_jobs"] = n_jobs
    refuse_unused(
        choice("method", method, OPTIONS), OPTIONS[method], **{name: (one, None) for name, one in options.items()}
    )
    inputs = inputs_of(head, XQ, Y, XK, XV, mask)
    at_most_one(degree=degree, tol=tol, max_error=max_error)
    request = Request(
        adapt=projections_of(adapt),
        method=method,
        degree=None if degree is None else integer("degree", degree, low=0, high=MAX_DEGREE),
        tol=usual_tol(inputs) if tol is None else reachable("tol", tol, inputs),
        max_error=None if max_error is None else float(number("max_error", max_error, 0, np.inf, ends="()")),
        kind="taylor" if polynomial is None else choice("polynomial", polynomial, KINDS),
        full=flag("full_gradient", full_gradient),
        block=BLOCK if block is None else integer("block", block, low=1),
        n_jobs=n_threads(n_jobs),
    )
    fields = solve(inputs, request)
    proof = fields.pop("proof")
    certificate = None
    if proof is not None:
        certificate = GradientCertificate._of(0.0, gradients=_named(fields), **proof._asdict())
    return LoRAGradients(**fields, certificate=certificate)


def _named(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The gradients of the fields of a result, under the names of their bounds."""
    return {f"{kind}_{projection}": one for kind in "ABW" for projection, one in fields[kind].items()}


def _agree(stated: GradientCertificate, proof: GradientCertificate) -> bool:
    """Return whether two proofs have equal statements, options and gradients, and equal numbers up to rounding."""
    if (stated.achieved, stated.statement, dict(stated.options)) != (0, proof.statement, dict(proof.options)):
        return False
    if stated.entries.keys() != proof.entries.keys():
        return False
    pairs = [(getattr(stated, name), getattr(proof, name)) for name in ("bound", "row_sum_error", "eta", "rounding")]
    pairs += [(stated.entries[name], value) for name, value in proof.entries.items()]
    return all(bool(np.isclose(one, other, rtol=SAME, atol=0)) for one, other in pairs)


def _within(found: Mapping[str, Array], exact: LoRAGradients, entries: Mapping[str, float]) -> bool:
    """Return whether all gradients are there, and each entry is within its bound of the exact one."""
    due = _named({kind: getattr(exact, kind) for kind in "ABW"})
    if found.keys() != due.keys():
        return False
    for name, value in due.items():
        mine, right = to_numpy(found[name]), to_numpy(value)
        if mine.shape != right.shape or not np.abs(mine - right).max() <= entries[name]:
            return False
    return True
