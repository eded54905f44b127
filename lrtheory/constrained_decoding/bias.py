"""Mass of a catalogue under a model, and the distance of masked sampling from the model given the items.

Masked sampling draws token by token from what is allowed. It returns an item x with probability p(x) / W(x), where p is
the model and W(x) the product of the allowed masses along x: it favors items whose prefixes the model would rather
have continued otherwise. The right law is p(x) / P(C), with P(C) the sum of p over the catalogue.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import kernel_input
from lrtheory._result import Result, display, result
from lrtheory._validation import Words, must, open_interval
from lrtheory.constrained_decoding.decoding.asked import Model
from lrtheory.constrained_decoding.decoding.edges import (
    Edges,
    backward,
    cumulate,
    edges_of,
    forward,
    non_empty,
    parents,
)
from lrtheory.constrained_decoding.index.trie_index import TrieIndex
from lrtheory.constrained_decoding.live import LiveIndex

__all__ = ["BackwardSums", "MaskingBias", "backward_sums", "masking_bias"]

#: items of which a report says how far off they are
WORST = 10


@result
class BackwardSums(Result):
    """Probability that lies below each prefix, as natural logarithms.

    Attributes
    ----------
    log_mass : float array of shape (n_states,)
        Natural logarithm of the probability that the model, from each state on, writes the rest of some item: 0 for
        whole items, minus infinity where no item has a probability.
    log_total : float
        The entry of the root, log P(C).
    edge_log_probs : float array of shape (n_edges,)
        Log probability of the token of each edge, which leads to the state of the next number.
    """

    log_mass: np.ndarray
    log_total: float
    edge_log_probs: np.ndarray


def backward_sums(index: TrieIndex | LiveIndex, model: Model, *, temperature: float = 1.0) -> BackwardSums:
    """Sum the model's probability over all items below each prefix (statement ST-4e).

    The model is asked for one row for each prefix that goes on. Arrays: host

    Parameters
    ----------
    index : TrieIndex or LiveIndex
        Catalogue; of a living one the states are those of its ``compact()``.
    model : callable
        As in `search`, with rows that sum to at most 1.
    temperature : float
        Temperature, above 0. At another one than 1 rows are divided by it and normalized.

    Returns
    -------
    BackwardSums
        Masses of all states.

    Raises
    ------
    ValueError
        If the index has no items, a number is outside its range, or the model returns no log probabilities.

    Examples
    --------
    >>> from lrtheory.constrained_decoding import backward_sums, make_biased_pair
    >>> problem = make_biased_pair()
    >>> np.exp(backward_sums(problem.index, problem.model).log_mass).round(6).tolist()
    [0.5, 1.0, 0.25, 1.0, 1.0]
    """
    heat = open_interval("temperature", temperature, 0, np.inf)
    edges = edges_of(non_empty(index), model, heat)
    mass = backward(edges.indptr, kernel_input(edges.log_probs))
    return BackwardSums(mass, float(mass[0]), edges.log_probs)


@result
class MaskingBias(Result):
    r"""Distance of masked sampling from the model given the catalogue.

    Of the law q of masked samples and the right one p_C, with W the product of the allowed masses along an item:

    .. math:: q(x) = \frac{p(x)}{W(x)}, \qquad p_C(x) = \frac{p(x)}{P(C)}, \qquad \mathrm{E}_q W = P(C).

    Attributes
    ----------
    tv : float
        Total variation distance, in [0, 1]: the largest difference of what both say of a set of items.
    kl_forward : float
        Kullback-Leibler divergence KL(p_C \|\| q), in nats.
    kl_reverse : float
        KL(q \|\| p_C).
    ess_share : float
        Share of effective samples among masked ones that are weighted by W, P(C)^2 / E_q W^2.
    bound : float
        Bound on `tv` by the least and the largest W of items with a probability (statement ST-4t).
    log_total : float
        log P(C).
    items : int64 array of shape (N,)
        Ranks of the items, or their numbers in a `LiveIndex`.
    log_probs : float array of shape (N,)
        log p of each item.
    log_weights : float array of shape (N,)
        log W of each item; minus infinity where the model gives a prefix of it no probability, nor any token after it.
    worst_items : int64 array
        The items, ten at most, whose probabilities differ most.
    names : tuple of str
        Names of these, where the index has some.
    """

    tv: float
    kl_forward: float
    kl_reverse: float
    ess_share: float
    bound: float
    log_total: float
    items: np.ndarray
    log_probs: np.ndarray
    log_weights: np.ndarray
    worst_items: np.ndarray
    names: tuple[str, ...]

    _is_more = True

    def _columns(self) -> dict[str, Any]:
        at = np.searchsorted(self.items, self.worst_items)
        due, masked = (self.log_probs[at] - one for one in (self.log_total, self.log_weights[at]))
        who = self.names or self.worst_items
        return {"item": who, "model": np.exp(due), "masked": np.exp(masked), "ratio": np.exp(masked - due)}

    def _facts(self) -> list[str]:
        return [
            f"the model's mass on the catalogue is {np.exp(self.log_total):.4g}",
            f"masked sampling is off by {self.tv:.4g} in total variation (at most {self.bound:.4g}, ST-4t)",
            f"KL of the model from masked samples {self.kl_forward:.4g}, the other way {self.kl_reverse:.4g}",
            f"1000 masked samples, weighted, are worth {1000 * self.ess_share:.4g} exact ones",
        ]

    def _draw(self, ax: Any) -> None:
        columns = display.plain(self._columns())
        display.bars(ax, columns["item"], columns["ratio"], label="probability by masking, per that of the model")


def masking_bias(index: TrieIndex | LiveIndex, model: Model, *, temperature: float = 1.0) -> MaskingBias:
    """Compute how far masked sampling is from the model given the catalogue (statements ST-4, ST-4g, ST-4t).

    The model is asked for one row for each prefix that goes on. Arrays: host

    Parameters
    ----------
    index : TrieIndex or LiveIndex
        Catalogue.
    model : callable
        As in `search`, with rows that sum to at most 1.
    temperature : float
        Temperature, above 0. At another one than 1 rows are divided by it and normalized.

    Returns
    -------
    MaskingBias
        Distances of the two laws, and the weight of each item.

    Raises
    ------
    ValueError
        If the index has no items, a number is outside its range, the model returns no log probabilities, or none of the
        allowed tokens has a probability after a prefix that has one.

    Examples
    --------
    >>> from lrtheory.constrained_decoding import make_biased_pair, masking_bias
    >>> problem = make_biased_pair()
    >>> bias = masking_bias(problem.index, problem.model)
    >>> round(bias.tv, 6), round(bias.bound, 6), np.exp(bias.log_weights).round(6).tolist()
    (0.333333, 0.333333, [1.0, 0.25])
    """
    heat = open_interval("temperature", temperature, 0, np.inf)
    edges = edges_of(non_empty(index), model, heat)
    _, allowed = cumulate(edges.indptr, kernel_input(edges.log_probs))
    scores = forward(edges, edges.log_probs)
    _refuse_dead_ends(edges, allowed, scores)
    # rounding alone makes the sum of a row more than 1
    weights = forward(edges, np.minimum(allowed, 0.0)[parents(edges.indptr)])
    ends = edges.base.leaves(np.arange(edges.base.n_items))
    found = _distances(scores[ends], weights[ends])
    order = np.argsort(edges.numbers, kind="stable")
    worst = edges.numbers[found.pop("worst")]
    names = edges.base.names
    return MaskingBias(
        **found,
        items=edges.numbers[order],
        log_probs=scores[ends][order],
        log_weights=weights[ends][order],
        worst_items=worst,
        names=tuple(names[int(np.flatnonzero(edges.numbers == one)[0])] for one in worst) if names else (),
    )


def _refuse_dead_ends(edges: Edges, allowed: np.ndarray, scores: np.ndarray) -> None:
    """Refuse a prefix with a probability after which no allowed token has one: masking divides by that sum."""
    inner = np.diff(edges.indptr) > 0
    dead = inner & (allowed == -np.inf) & (scores[: len(allowed)] > -np.inf)
    if dead.any():
        (prefix,) = edges.base.prefixes(np.flatnonzero(dead)[:1])
        where = Words(f"none after the prefix {prefix}")
        raise must("model", "a function that gives some allowed token a probability", where)


def _distances(scores: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """All numbers of a report that follow from log p and log W of the items."""
    live = scores > -np.inf
    p, w = scores[live], weights[live]
    highest = p.max()
    total = float(highest + np.log(np.exp(p - highest).sum()))
    due, masked = np.exp(p - total), np.exp(p - w)
    apart = np.abs(due - masked)
    ranks = np.flatnonzero(live)[np.argsort(-apart, kind="stable")[:WORST]]
    ratio = w - total  # log of p_C / q
    low, high = float(w.min()), float(w.max())
    return {
        "tv": float(min(1.0, 0.5 * apart.sum())),
        "kl_forward": max(0.0, float((due * ratio).sum())),
        "kl_reverse": max(0.0, float(-(masked * ratio).sum())),
        "ess_share": min(1.0, float(1 / (due * np.exp(ratio)).sum())),
        "bound": _bound(low, high, total),
        "log_total": total,
        "worst": ranks,
    }


def _bound(low: float, high: float, total: float) -> float:
    """`theory.tv_bound` of logarithms: products of many masses leave the range of doubles."""
    if low >= high:
        return 0.0
    parts = np.maximum(0.0, -np.expm1(np.minimum(0.0, [total - high, low - total])))
    return float(min(1.0, parts.prod() / -np.expm1(low - high)))
