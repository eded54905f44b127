"""Samples that stay in a catalogue: from the model given the items, or token by token with weights that correct."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory._array import kernel_input
from lrtheory._result import Result, display, result
from lrtheory._types import Rng
from lrtheory._validation import Words, choice, generator, integer, must, open_interval, real, refuse_unused
from lrtheory.constrained_decoding.decoding.asked import Model
from lrtheory.constrained_decoding.decoding.edges import ask, backward, choose, cumulate, edges_of, non_empty
from lrtheory.constrained_decoding.index.trie_index import TrieIndex
from lrtheory.constrained_decoding.live import LiveIndex
from lrtheory.constrained_decoding.problem import WeightedSamples

__all__ = ["SampleResult", "sample"]

#: the options of each method
OPTIONS: dict[str, set[str]] = {"exact": set(), "masked": set(), "rejection": {"log_bound", "max_samples"}}
#: most proposals of rejection, some minutes of work for a catalogue of long items
MOST = 10**7
#: most proposals that are made at once
BATCH = 1 << 16
#: what rounding may add to a log weight that its bound allows
CLOSE = 1e-9


@result
class SampleResult(Result):
    """Items that were drawn, with the weights that correct them, and the model's mass on the catalogue.

    Attributes
    ----------
    items : int64 array of shape (n,)
        Ranks of the items, or their numbers in a `LiveIndex`, in the order of the draws.
    log_weights : float array of shape (n,)
        Natural logarithm of the model's probability of each item over the probability with which it was drawn: log W
        for masked samples; for the others, which need no correction, that of `mass`.
    mass : float
        P(C), the probability that the model's own sequence is an item: exact with "exact", otherwise an estimate.
    lower, upper : float
        Interval that holds P(C) with probability 1 - delta at least.
    delta : float
        Probability that the interval fails; 0 with "exact".
    effective_sample_size : float
        Number of exact samples that tell as much.
    n_proposed : int
        Number of masked samples that were drawn for these.
    method : str
        The method.
    """

    items: np.ndarray
    log_weights: np.ndarray
    mass: float
    lower: float
    upper: float
    delta: float
    effective_sample_size: float
    n_proposed: int
    method: str

    def _columns(self) -> dict[str, Any]:
        return {"item": self.items, "log_weight": self.log_weights}

    def _facts(self) -> list[str]:
        span = "exactly" if self.method == "exact" else f"between {self.lower:.4g} and {self.upper:.4g}"
        return [
            f"the model's mass on the catalogue: {self.mass:.4g}, {span}",
            f"{len(self.items)} samples, as good as {self.effective_sample_size:.1f} exact ones",
        ]

    def _draw(self, ax: Any) -> None:
        items, counts = np.unique(self.items, return_counts=True)
        order = np.argsort(-counts, kind="stable")[:10]
        display.bars(ax, items[order].tolist(), counts[order].tolist(), label="samples")


def sample(
    index: TrieIndex | LiveIndex,
    model: Model,
    n_samples: int,
    *,
    method: str = "exact",
    temperature: float = 1.0,
    log_bound: float | None = None,
    max_samples: int = MOST,
    delta: float = 0.05,
    rng: Rng = None,
) -> SampleResult:
    """Draw items of a catalogue with repetition.

    ===========  ===============================  ============================  =====================================
    method       law of an item x                 statement                     rows of the model
    ===========  ===============================  ============================  =====================================
    "exact"      p(x) / P(C), the right one       ST-4e                         one for each prefix of the catalogue
    "masked"     p(x) / W(x), with log weights    ST-4, ST-4s                   one for each prefix that is met
    "rejection"  p(x) / P(C), the right one       ST-5                          one for each prefix that is met, in
                                                                                each batch of proposals
    ===========  ===============================  ============================  =====================================

    Arrays: host

    Parameters
    ----------
    index : TrieIndex or LiveIndex
        Catalogue.
    model : callable
        As in `search`, with rows that sum to at most 1.
    n_samples : int
        Number of items to draw, at least 1.
    method : {"exact", "masked", "rejection"}
        See the table. "rejection" accepts a masked sample with probability W / c, with log c the bound.
    temperature : float
        Temperature, above 0. At another one than 1 rows are divided by it and normalized.
    log_bound : float, optional
        Logarithm of a number c that W of no item exceeds, for "rejection"; by default the allowed mass at the root. The
        share of accepted samples is P(C) / c.
    max_samples : int
        Most masked samples that "rejection" draws.
    delta : float
        Probability with which the interval of the mass may fail, in (0, 1).
    rng : int, SeedSequence, Generator or None
        Source of the draws.

    Returns
    -------
    SampleResult
        Items with their weights.

    Raises
    ------
    TypeError
        If `index` is no index.
    ValueError
        If the index has no items, a number is outside its range, the model returns something else than log
        probabilities, an item's W exceeds the bound, or no allowed token has a probability after a prefix that was
        drawn.
    RuntimeError
        If rejection has not accepted enough of the most samples that it may draw.

    Examples
    --------
    >>> from lrtheory.constrained_decoding import make_biased_pair, sample
    >>> problem = make_biased_pair()
    >>> for method in ("exact", "masked"):
    ...     found = sample(problem.index, problem.model, 10_000, method=method, rng=0)
    ...     print(method, (found.items == 1).mean().round(1), round(found.mass, 1))
    exact 0.3 0.5
    masked 0.7 0.5
    """
    given, n = non_empty(index), integer("n_samples", n_samples, low=1)
    heat, risk = open_interval("temperature", temperature, 0, np.inf), open_interval("delta", delta, 0, 1)
    unused = {"log_bound": (log_bound, None), "max_samples": (max_samples, MOST)}
    refuse_unused(choice("method", method, OPTIONS), OPTIONS[method], **unused)
    most = integer("max_samples", max_samples, low=1)
    draws = generator(rng)
    if method == "exact":
        return _exact(given, model, n, heat, draws)
    if method == "masked":
        items, weights, _ = _masked(given, model, n, heat, draws)
        known = WeightedSamples(range(n), weights).mass(delta=risk)
        size = known.effective_sample_size
        return SampleResult(items, weights, known.mass, known.lower, known.upper, risk, size, n, method)
    bound = None if log_bound is None else real("log_bound", log_bound, low=-np.finfo(float).max, high=0.0)
    return _rejected(lambda size: _masked(given, model, size, heat, draws), n, bound, most, risk, draws)


def _exact(
    index: TrieIndex | LiveIndex, model: Model, n: int, temperature: float, draws: np.random.Generator
) -> SampleResult:
    """Draw each token in proportion to the model's probability of it and of the rest of some item after it."""
    edges = edges_of(index, model, temperature)
    mass = backward(edges.indptr, kernel_input(edges.log_probs))
    total = float(mass[0])
    if total == -np.inf:
        raise must("model", "a function that gives some item a probability", Words("none"))
    sums, _ = cumulate(edges.indptr, kernel_input(edges.log_probs + mass[1:]))
    degrees = np.append(np.diff(edges.indptr), np.zeros(edges.base.n_states + 1 - len(edges.indptr), np.int64))
    states = np.zeros(n, np.int64)
    while len(live := np.flatnonzero(degrees[states])):
        states[live] = 1 + choose(edges.indptr, sums, states[live], draws.random(len(live)))
    items = edges.numbers[edges.base.item(states)]
    whole = min(1.0, math.exp(total))
    return SampleResult(items, np.full(n, total), whole, whole, whole, 0.0, float(n), 0, "exact")


def _masked(
    index: TrieIndex | LiveIndex, model: Model, n: int, temperature: float, draws: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float]:
    """Draw token by token from what is allowed: items, log W of each, and the log mass that is allowed at the root."""
    states, weights = np.full(n, index.root, np.int64), np.zeros(n)
    prefixes, root_mass = np.zeros((n, 0), np.int64), 0.0
    while len(live := np.flatnonzero(np.asarray(index.item(states)) < 0)):
        # samples that share a prefix share the model's row
        met, first, which = np.unique(states[live], return_index=True, return_inverse=True)
        rows = ask(model, prefixes[live[first]], met, index.n_tokens, temperature)
        indptr, tokens, heads = index.allowed(met)
        at = np.repeat(np.arange(len(met)), np.diff(indptr))
        sums, allowed = cumulate(kernel_input(indptr, np.int64), kernel_input(rows[at, tokens]))
        if (dead := allowed == -np.inf).any():
            where = Words(f"none after the prefix {prefixes[live[first]][int(dead.argmax())].tolist()}")
            raise must("model", "a function that gives some allowed token a probability", where)
        allowed = np.minimum(allowed, 0.0)  # rounding alone makes the sum of a row more than 1
        root_mass = float(allowed[0]) if prefixes.shape[1] == 0 else root_mass
        edge = choose(kernel_input(indptr, np.int64), sums, kernel_input(which, np.int64), draws.random(len(live)))
        step = np.full(n, -1, np.int64)
        step[live] = tokens[edge]
        prefixes = np.column_stack([prefixes, step])
        states[live] = heads[edge]
        weights[live] += allowed[which]
    return np.asarray(index.item(states), np.int64), weights, root_mass


def _rejected(
    propose: Callable[[int], tuple[np.ndarray, np.ndarray, float]],
    n: int,
    bound: float | None,
    most: int,
    risk: float,
    draws: np.random.Generator,
) -> SampleResult:
    """Accept masked samples with probability W / c until there are n."""
    kept: list[np.ndarray] = []
    n_kept = n_proposed = 0
    while n_kept < n:
        # twice what the share so far asks for, so that few batches are drawn
        share = (n_kept + 1) / (n_proposed + 1)
        size = min(BATCH, most - n_proposed, math.ceil(2 * (n - n_kept) / share) + 16)
        if size <= 0:
            what = f"only {n_kept} of {n} samples were accepted among {most}: the allowed masses W of most are small"
            raise RuntimeError(f'{what}; method="exact" needs no acceptance')
        items, weights, root_mass = propose(size)
        bound = root_mass if bound is None else bound
        if (highest := float(weights.max())) > bound + CLOSE:
            raise must("log_bound", f"at least {highest:.6g}, which an item has", bound)
        accepted = np.flatnonzero(draws.random(size) < np.exp(weights - bound))[: n - n_kept]
        kept.append(items[accepted])
        n_kept += len(accepted)
        n_proposed += size if n_kept < n else int(accepted[-1]) + 1
    assert bound is not None
    low, high = _share_interval(n, n_proposed, risk)
    top = math.exp(bound)
    mass = top * n / n_proposed
    log_mass = bound + math.log(n / n_proposed)
    return SampleResult(
        np.concatenate(kept), np.full(n, log_mass), mass, top * low, top * high, risk, float(n), n_proposed, "rejection"
    )


def _share_interval(n: int, n_proposed: int, risk: float) -> tuple[float, float]:
    """The interval of Clopper and Pearson for a share, of which n successes needed this number of trials.

    The n-th success comes at trial m or before if m trials have n successes, and at trial m or later if m - 1 trials
    have at most n - 1: so the ends are quantiles of the beta distributions of these numbers.
    """
    from scipy.special import betaincinv

    low = float(betaincinv(n, n_proposed - n + 1, risk / 2))
    high = float(betaincinv(n, n_proposed - n, 1 - risk / 2)) if n_proposed > n else 1.0
    return low, high
