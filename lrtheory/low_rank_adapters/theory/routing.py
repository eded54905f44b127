r"""Routing over the atoms of a Queryable LoRA: the weights that scores and instructions give, and what they maximize.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import formula, gathered, inexact, numbers
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must

__all__ = ["routing_objective", "routing_weights"]


@formula(strength="[0, inf)")
def routing_weights(logits: ArrayLike, *, prior: ArrayLike, strength: Number = 1.0) -> np.ndarray:
    """Compute the weights of atoms from the scores of a router and a prior of the instructions (statement QL-2).

    Parameters
    ----------
    logits : sequence of numbers
        The score l_k of each atom for the query.
    prior : sequence of numbers
        Weights that the instructions give the atoms: a number q_k of at least 0 for each atom, whose sum does not
        matter. An atom with 0
        is never used, unless the strength is 0.
    strength : number
        c, how much the instructions count beside the scores.

    Returns
    -------
    array of shape (n_atoms,)
        softmax(l + c log q), which maximizes `routing_objective`.

    Raises
    ------
    ValueError
        If the prior has another length, or is 0 for all atoms.

    Examples
    --------
    >>> routing_weights([0.0, 0.0, 5.0], prior=[3.0, 1.0, 0.0]).tolist()
    [0.75, 0.25, 0.0]
    """
    scores, allowed = _scores(logits, prior, strength)
    some = scores[allowed]
    top = some[int(np.argmax([float(one) for one in some]))]
    with np.errstate(over="ignore", under="ignore"):  # a difference beyond the doubles is a weight of 0
        powers = np.exp(some - top)
    found = np.zeros(len(scores), dtype=powers.dtype)
    found[allowed] = powers / powers.sum()
    return gathered(found)


@formula(strength="[0, inf)")
def routing_objective(weights: ArrayLike, *, logits: ArrayLike, prior: ArrayLike, strength: Number = 1.0) -> Number:
    r"""Compute what weights of atoms are worth beside scores and instructions (statement QL-2).

    Parameters
    ----------
    weights : sequence of numbers
        The weights pi_k, at least 0 and with the sum 1.
    logits : sequence of numbers
        The score l_k of each atom for the query.
    prior : sequence of numbers
        Weights that the instructions give the atoms: a number q_k of at least 0 for each atom.
    strength : number
        c, how much the instructions count beside the scores.

    Returns
    -------
    number
        F(pi) = sum_k pi_k (l_k + c log q_k - log pi_k), with 0 log 0 = 0; minus infinity where an atom is used that the
        instructions forbid.

    Raises
    ------
    ValueError
        If lengths differ, the prior is 0 for all atoms, or the weights do not sum to 1.

    Proof
    -----
    Assumes: c > 0, or no q_k is 0, so that log q_k is defined where it counts; atoms with q_k = 0 are left out else.

    Proof: with s = l + c log q, Z = sum_k exp(s_k) and the weights p_k = exp(s_k) / Z of `routing_weights`, log p_k =
    s_k - log Z. So log Z - F(pi) = sum_k pi_k (log pi_k - s_k + log Z) = sum_k pi_k log(pi_k / p_k), the divergence of
    pi from p, which is 0 for pi = p alone and positive elsewhere (Gibbs).

    Checked by: QL-2.

    Examples
    --------
    >>> round(routing_objective([0.5, 0.5], logits=[0.0, 0.0], prior=[1.0, 1.0]), 6)
    0.693147
    """
    scores, allowed = _scores(logits, prior, strength)
    pi = inexact(np.array(numbers("weights", weights, 0, length=len(scores)), dtype=object))
    if not abs(float(pi.sum()) - 1) <= 8 * len(pi) * np.finfo(float).eps:
        raise must("weights", "numbers that sum to 1", weights)
    used = np.array([bool(one > 0) for one in pi])
    if (used & ~allowed).any():
        return float("-inf")
    some = pi[used]
    found: Any = (some * (scores[used] - np.log(some))).sum()
    return float(found) if isinstance(found, np.floating) else found


def _scores(logits: ArrayLike, prior: ArrayLike, strength: Number) -> tuple[np.ndarray, np.ndarray]:
    """Return l + c log q, and the atoms that may be used."""
    told = inexact(np.array(numbers("logits", logits), dtype=object))
    q = inexact(np.array(numbers("prior", prior, 0, length=len(told)), dtype=object))
    if not strength > 0:
        return told, np.ones(len(told), bool)
    allowed = np.array([bool(one > 0) for one in q])
    if not allowed.any():
        raise must("prior", "above 0 for one atom at least", prior)
    scores = told.copy() if told.dtype == q.dtype else told.astype(object)
    scores[allowed] = scores[allowed] + inexact(strength) * np.log(q[allowed])
    return scores, allowed
