"""A diagnosis of a layer before any gradient: norms, the largest logit, the degree that it needs, and the cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._array import arrays, real_array, to_numpy
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import Words, must
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.chain import softmax
from lrtheory.lora_limits.head import device_of, one_library
from lrtheory.lora_limits.polynomials import exp_polynomial
from lrtheory.lora_limits.problem import AttentionProblem, LoRAHead, inputs_of
from lrtheory.lora_limits.products.attention import Attention
from lrtheory.lora_limits.products.low_rank import largest_logit
from lrtheory.lora_limits.solving.adapter_gradients import head_inputs
from lrtheory.lora_limits.solving.hybrid import choose_split
from lrtheory.lora_limits.solving.inputs import Mask
from lrtheory.lora_limits.solving.plan import exact_cost, logit_bound_of, low_rank_cost, reachable

__all__ = ["Regime", "diagnose"]

SAMPLE = 32  # the number of queries whose attention is computed


@result
class Regime(Result):
    r"""The regime of a layer, exact or low rank; for a batch, that of the entry with the largest logits.

    Attributes
    ----------
    norms : mapping
        ``queries``, ``keys`` and ``centered_keys``: largest entries of X_Q W_Q, X_K W_K, and of the latter less its
        mean, the Gammas of the theorems; ``gamma_over_root_log`` is the largest of the first two over sqrt(log L_K).
    logit_bound : float
        M, a bound on \|beta <q_i, k_j>\| with centered keys, from norms of rows.
    sampled_logit : float
        The largest absolute logit of a sample of queries with all keys.
    degree : int or None
        Smallest degree of Taylor's polynomial with which the rows of attention of the sample are off by at most
        `epsilon`, summed in absolute value; None where the logits are too large for any degree.
    certified_degree : int or None
        Smallest degree for which this is proved for all rows.
    n_features : int or None
        binom(degree + d, d), columns of the low-rank factors.
    break_even_length : float
        The number of keys from which on these columns cost less than exact attention, when the number of queries grows
        in proportion, by the count of flops that decides `regime`, exponentials included; infinite where no degree is
        enough.
    n_outliers : int
        Number of large queries and keys that "hybrid" would keep exact.
    regime : str
        "low-rank pays", "exact on outliers, low-rank on the rest pays", or "exact cheaper".
    text : str
        The numbers above in sentences.
    """

    norms: Mapping[str, float]
    logit_bound: float
    sampled_logit: float
    degree: int | None
    certified_degree: int | None
    n_features: int | None
    break_even_length: float
    n_outliers: int
    regime: str
    text: str

    def _facts(self) -> list[str]:
        return [self.text]


@arrays("device")
def diagnose(
    head: LoRAHead | AttentionProblem,
    X: ArrayLike | None = None,
    *,
    XK: ArrayLike | None = None,
    XV: ArrayLike | None = None,
    mask: Mask = None,
    epsilon: float = 1e-6,
) -> Regime:
    """Say which regime a layer is in, in O(L d) and without a gradient.

    Arrays: any (device)

    Parameters
    ----------
    head : LoRAHead or AttentionProblem
        The head; an AttentionProblem brings its inputs along.
    X : array of shape (L_Q, d_in) or (batch, L_Q, d_in)
        Inputs of the queries, and of keys and values where these are not given.
    XK, XV : arrays of shape (L_K, d_in) or (batch, L_K, d_in), or None
        As in `lora_gradients`.
    mask : None, "causal", or lengths
        As in `lora_gradients`.
    epsilon : float
        Error that a row of the attention matrix may have, summed in absolute value, in (0, 1), and at least the
        precision of the type of the inputs.

    Returns
    -------
    Regime
        Numbers and a text.

    Raises
    ------
    ValueError
        If shapes do not fit or a number is not finite or out of range.
    TypeError
        If an argument is not an array of real numbers, or the head is not a LoRAHead.

    References
    ----------
    .. [1] J. Y.-C. Hu, M. Su, E.-J. Kuo, Z. Song, H. Liu, Computational Limits of Low-Rank Adaptation (LoRA)
       Fine-Tuning for Transformer Models, ICLR 2025.

    Examples
    --------
    >>> from lrtheory.lora_limits import make_uniform
    >>> problem = make_uniform(500, 8, bound=4.0, rng=0)
    >>> diagnose(problem).regime
    'exact cheaper'
    """
    inputs = _read(head, X, XK, XV, mask)
    target = reachable("epsilon", epsilon, inputs)
    tasks = [head_inputs(inputs, entry, ("Q", "V")) for entry in inputs.entries()]
    bounds = [logit_bound_of(task.head) for task in tasks]
    worst = int(np.argmax(bounds))
    task, bound = tasks[worst], bounds[worst]
    logits = _sampled(inputs.xp, task.head)
    degree = None if bound > largest_logit(task.head) else _degree(inputs.xp, logits, bound, target)
    certified = (
        None if bound > largest_logit(task.head) else theory.min_degree(bound, theory.relative_error_for(target, 1.0))
    )
    split = choose_split(task.head, target, exact_cost(task.head))
    features = None if degree is None else theory.n_features(task.head.factors[0].shape[-1], degree)
    # Exact flops grow with the square of the length and low-rank flops with the length, so the share at this length is
    # the factor to the length at which both are equal.
    even = np.inf if degree is None else task.head.keys.shape[0] * _share(task.head, degree)
    outliers = split.n_queries + split.n_keys if np.isfinite(split.flops) else 0
    regime = _regime(task.head, degree, split.flops, inputs.causal)
    fields: dict[str, Any] = {
        "norms": _norms(inputs, task),
        "logit_bound": bound,
        "sampled_logit": float(inputs.xp.max(inputs.xp.abs(logits))),
        "degree": degree,
        "certified_degree": certified,
        "n_features": features,
        "break_even_length": even,
        "n_outliers": outliers,
        "regime": regime,
    }
    return Regime(**fields, text=_text(fields, task.head, target))


def _read(
    head: LoRAHead | AttentionProblem, X: ArrayLike | None, XK: ArrayLike | None, XV: ArrayLike | None, mask: Mask
) -> Any:
    """Check the inputs; without a problem, targets are zeros, on which no field depends."""
    if isinstance(head, AttentionProblem) and any(value is not None for value in (X, XK, XV, mask)):
        raise must("X, XK, XV, mask", "left out beside an AttentionProblem, which holds them", Words("some of them"))
    if isinstance(head, AttentionProblem) or not isinstance(head, LoRAHead):
        return inputs_of(head, X, None, XK, XV, mask)
    xp = one_library(X=X, XK=XK, XV=XV)
    queries = real_array(xp, "X", X, device=device_of(X, XK, XV))
    if queries.ndim not in (2, 3) or 0 in queries.shape:
        raise must("X", "of shape (tokens, d_in) or (batch, tokens, d_in), and not empty", tuple(queries.shape))
    if queries.shape[-1] != head.WQ.shape[-2]:
        raise must("X", f"of {head.WQ.shape[-2]} columns, as WQ has rows", tuple(queries.shape))
    shape = (*queries.shape[:-1], head.WV.shape[-1])
    return inputs_of(head, queries, xp.zeros(shape, dtype=queries.dtype, device=queries.device), XK, XV, mask)


def _norms(inputs: Any, task: Any) -> dict[str, float]:
    """Return the largest entries of queries and keys, which the theorems bound (Gamma)."""
    queries = to_numpy(task.entry.X["Q"] @ task.entry.W["Q"])
    keys = to_numpy(task.entry.X["K"] @ task.entry.W["K"])
    largest = {"queries": np.abs(queries).max(), "keys": np.abs(keys).max()}
    largest["centered_keys"] = np.abs(keys - keys.mean(axis=0)).max()
    gamma = max(largest["queries"], largest["keys"])
    # the logarithm of one token is 0, so two are supposed
    ratio = {"gamma_over_root_log": gamma / np.sqrt(np.log(max(len(keys), 2)))}
    return {name: float(value) for name, value in (largest | ratio).items()}


def _sampled(xp: Any, head: Attention) -> Any:
    """Compute the logits of at most `SAMPLE` queries at even distances, with all keys."""
    x, y = head.factors
    sample = np.unique(np.linspace(0, x.shape[0] - 1, SAMPLE).astype(np.int64))
    return xp.take(x, xp.asarray(sample, device=x.device), axis=0) @ y.T


def _degree(xp: Any, logits: Any, bound: float, epsilon: float) -> int:
    """Return the smallest degree at which all sampled rows of attention are within the tolerance."""
    exact = softmax(xp, logits)
    highest = theory.min_degree(bound, theory.relative_error_for(epsilon, 1.0))
    for degree in range(highest):
        powers = exp_polynomial(bound, degree=degree)(logits)
        sums = xp.sum(powers, axis=-1, keepdims=True)
        if bool(xp.min(sums) > 0) and float(xp.max(xp.sum(xp.abs(powers / sums - exact), axis=-1))) <= epsilon:
            return degree
    return highest


def _share(head: Attention, degree: int) -> float:
    """Return the flops of the low-rank passes divided by the exact ones; low rank pays below 1."""
    return low_rank_cost(head, degree) / exact_cost(head)


def _regime(head: Attention, degree: int | None, split_cost: float, causal: bool) -> str:
    """Return the cheapest of the three regimes; a causal mask leaves the exact one."""
    exact = exact_cost(head)
    if not causal and degree is not None and _share(head, degree) < 1:
        return "low-rank pays"
    return "exact on outliers, low-rank on the rest pays" if not causal and split_cost < exact else "exact cheaper"


def _text(found: dict[str, Any], head: Attention, epsilon: float) -> str:
    """Write the fields of a diagnosis as sentences."""
    n_keys, d = head.factors[1].shape
    reach = f"logits up to {found['logit_bound']:.3g} (sampled {found['sampled_logit']:.3g})"
    first = f"{n_keys} keys in {d} coordinates, {reach}."
    if found["degree"] is None:
        return f"{first} Too large for polynomials on all tokens. {found['regime'].capitalize()}."
    second = f"Rows within {epsilon:g} need degree {found['degree']} ({found['certified_degree']} to prove it),"
    third = f"{found['n_features']} features, which pay from {found['break_even_length']:.3g} keys."
    return f"{first} {second} {third} {found['regime'].capitalize()}."
