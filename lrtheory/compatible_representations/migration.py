"""Galleries that are half old and half new: hits of new queries over shares of re-encoded items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import Words, as_array, choice, generator, must, open_interval, real, sequence
from lrtheory.compatible_representations.maps import BackwardMap
from lrtheory.compatible_representations.problem import Encodings, Joined, join
from lrtheory.compatible_representations.replacement import Verdict, checked_margin, decided, remarks
from lrtheory.compatible_representations.search.features import Classes, check_width, classes_of, unit_rows
from lrtheory.compatible_representations.search.hits import METRICS, Metric, hits_of, unanswerable
from lrtheory.compatible_representations.search.nearest import nearest
from lrtheory.compatible_representations.search.templates import template_scores

__all__ = ["Migration", "mixed_test"]


@result
class Migration(Result):
    """Quality of new queries while the gallery is re-encoded, by share.

    Attributes
    ----------
    shares : float64 array of shape (k,)
        Shares of the gallery that the new encoder has encoded, increasing.
    accuracies : float64 array of shape (k,)
        Share of the new queries that hit.
    differences, lower, upper : float64 array of shape (k,)
        Accuracy minus that of old queries in the old gallery, and its limits at delta divided by the number of shares.
    verdicts : tuple of str
        For each share "yes", "no" or "undecided", as `check_replacement` says it at that level. All of them hold
        together with probability 1 - delta.
    hits : bool array of shape (k, n)
        Whether the query hits.
    old_accuracy : float
        Accuracy of old queries in the old gallery.
    safe_share : float or None
        The least share from which on every answer is yes; None if the last one is not.
    message : str
        Sentences on ids that were joined, unlike norms, classes without items and queries that are items, if any.
    """

    shares: np.ndarray
    accuracies: np.ndarray
    differences: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    verdicts: tuple[Verdict, ...]
    hits: np.ndarray
    old_accuracy: float
    safe_share: float | None
    message: str

    def _columns(self) -> dict[str, Any]:
        return {
            "share": self.shares,
            "accuracy": self.accuracies,
            "difference": self.differences,
            "lower": self.lower,
            "upper": self.upper,
            "verdict": self.verdicts,
        }

    def _facts(self) -> list[str]:
        if self.safe_share is None:
            found = "at none of these shares may queries be switched for good"
        else:
            found = f"queries may be switched from a share of {self.safe_share:g} on"
        return [f"{found}; old queries hit {self.old_accuracy:.4g}", *([self.message] if self.message else [])]

    def _draw(self, ax: Any) -> None:
        ax.fill_between(self.shares, self.old_accuracy + self.lower, self.old_accuracy + self.upper, alpha=0.3)
        ax.plot(self.shares, self.accuracies, marker="o", label="new queries")
        ax.axhline(self.old_accuracy, color="gray", label="old queries, old gallery")
        ax.set(xlabel="share of the gallery that is encoded anew", ylabel="accuracy")
        ax.legend()


def mixed_test(
    new: Encodings,
    old: Encodings,
    *,
    shares: Sequence[float] = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0),
    order: ArrayLike | None = None,
    backward_map: BackwardMap | None = None,
    metric: Metric = "nearest",
    margin: float = 0.0,
    delta: float = 0.05,
    rng: Rng = None,
) -> Migration:
    """Test new queries on a gallery of which a share is encoded anew, and the rest is still old.

    A new query meets re-encoded items by its own features, and the old ones by its mapped features if there is a map;
    cosines of both decide together. The scores are compared with those of old queries in the old gallery.

    Parameters
    ----------
    new : Encodings
        Queries by the new encoder, and as much of the gallery as the largest share needs.
    old : Encodings
        Queries, in the same number, and the whole gallery by the old encoder, with labels of both.
    shares : sequence of float
        Shares of the gallery that are encoded anew, in [0, 1].
    order : array of shape (m,), optional
        Order in which items are encoded anew, as numbers of items of the old gallery; those that `new` has come first.
        By default a random one.
    backward_map : BackwardMap, optional
        Map from the new space to the old one, for the items that are still old. It is needed where the widths differ.
    metric : {"nearest", "template"}
        Whether the nearest item decides, or the nearest normalized class mean; for templates the old items of a class
        and its new ones each have a mean of their own.
    margin : float
        As in `compare_hits`.
    delta : float
        Probability that one of the answers is wrong on one side.
    rng : int, SeedSequence, Generator or None
        Source of the order.

    Returns
    -------
    Migration
        Accuracy, limits and answer for each share.

    Raises
    ------
    TypeError
        If `new` or `old` is of another kind.
    ValueError
        If a share is outside [0, 1] or needs items that `new` lacks, widths differ without a map, or what `join` and
        `compare_hits` refuse.

    Examples
    --------
    >>> from lrtheory import compatible_representations as cr
    >>> problem = cr.make_rays(5, old_length=0.5, new_length=0.95, n_queries=300, n_gallery=200, rng=0)
    >>> better = cr.make_rays(5, old_length=0.95, new_length=0.95, n_queries=300, n_gallery=200, rng=0).gallery
    >>> old = cr.Encodings(problem.old, problem.gallery, **problem.labels)
    >>> found = cr.mixed_test(cr.Encodings(problem.new, better), old, shares=[0.0, 0.5, 1.0], metric="template", rng=0)
    >>> found.safe_share
    0.0
    """
    joined = join(new, old)
    if len(sequence("shares", shares)) == 0:
        raise must("shares", "at least one share", Words("none"))
    asked = np.unique([real(f"shares[{i}]", share, low=0, high=1) for i, share in enumerate(shares)])
    choice("metric", metric, METRICS)
    checked_margin(margin)
    risk = open_interval("delta", delta, 0, 1) / len(asked)
    if backward_map is not None and not isinstance(backward_map, BackwardMap):
        raise must("backward_map", "a BackwardMap or None", backward_map, TypeError)
    mapped = joined.new if backward_map is None else np.asarray(backward_map.apply(joined.new))
    check_width("new", mapped, "old", joined.old)
    counts = np.round(asked * len(joined.gallery)).astype(np.int64)
    sequence_of_items = _ordered(order, joined, int(counts.max()), rng)
    classes = classes_of(joined.query_labels, joined.gallery_labels, len(joined.old), len(joined.gallery))
    before = hits_of(joined.old, joined.gallery, classes, metric, joined.exclude)
    hits = np.array([_hits(joined, classes, mapped, sequence_of_items[:count], metric) for count in counts])
    way_out = "ids of queries and gallery in the old file name their items" if joined.exclude is None else ""
    notes = remarks(joined.new, joined.old, joined.gallery, unanswerable(classes, joined.exclude), way_out)
    answers = [decided(one, before, margin=margin, delta=risk) for one in hits]
    verdicts = tuple(one.verdict for one in answers)
    safe = len(asked)
    while safe and verdicts[safe - 1] == "yes":
        safe -= 1
    return Migration(
        shares=asked,
        accuracies=hits.mean(axis=1),
        differences=np.array([one.difference for one in answers]),
        lower=np.array([one.lower for one in answers]),
        upper=np.array([one.upper for one in answers]),
        verdicts=verdicts,
        hits=hits,
        old_accuracy=float(before.mean()),
        safe_share=float(asked[safe]) if safe < len(asked) else None,
        message="; ".join(filter(None, (joined.message, notes))),
    )


def _ordered(order: Any, joined: Joined, needed: int, rng: Rng) -> np.ndarray:
    """Numbers of items in the order in which they are encoded anew; the first `needed` of them have been."""
    m, have = len(joined.gallery), joined.encoded
    if len(have) < needed:
        raise must("shares", f"shares of at most {len(have) / m:.4g}, what the new encoder has encoded", needed / m)
    if order is None:
        return generator(rng).permutation(have)
    found = as_array("order", order)
    if found.dtype.kind not in "iu" or not np.array_equal(np.sort(found, axis=None), np.arange(m)):
        raise must("order", f"the numbers 0 to {m - 1}, each once", found)
    if not np.isin(found[:needed], have).all():
        raise must("order", "one that begins with the items that the new encoder has encoded", found)
    return found.astype(np.int64)


def _hits(joined: Joined, classes: Classes, mapped: np.ndarray, anew: np.ndarray, metric: Metric) -> np.ndarray:
    """Hits of the new queries when these items are encoded anew: each half is searched in its own space."""
    m = len(joined.gallery)
    is_new = np.zeros(m, bool)
    is_new[anew] = True
    place = np.full(m, -1)
    place[joined.encoded] = np.arange(len(joined.encoded))
    halves = [(mapped, joined.gallery, np.flatnonzero(~is_new), np.arange(m))]
    if joined.new_gallery is not None:
        halves.append((joined.new, joined.new_gallery, np.flatnonzero(is_new), place))
    best, found = np.full(len(mapped), -np.inf), np.full(len(mapped), m)
    scores = np.full((len(mapped), classes.n_in_gallery), -np.inf)
    for queries, gallery, items, rows in halves:
        if not len(items):
            continue
        part = unit_rows(queries), unit_rows(gallery[rows[items]])
        skipped = None if joined.exclude is None else _within(joined.exclude, items)
        if metric == "template":
            own = template_scores(*part, classes.gallery[items], classes.n_in_gallery, skipped)
            scores = np.maximum(scores, own)
            continue
        near = nearest(*part, skipped)
        top = np.einsum("ij,ij->i", *(one.astype(np.float64) for one in (part[0], part[1][near])))
        top = np.where(near < 0, -np.inf, top)
        wins = (top > best) | ((top == best) & (items[near] < found) & (near >= 0))
        best, found = np.where(wins, top, best), np.where(wins, items[near], found)
    if metric == "template":
        right: np.ndarray = (scores.argmax(axis=1) == classes.queries) & (scores.max(axis=1) > -np.inf)
        return right
    there = found < m
    right = there & (classes.gallery[np.where(there, found, 0)] == classes.queries)
    return right


def _within(exclude: np.ndarray, items: np.ndarray) -> np.ndarray:
    """The numbers of excluded items among some items in increasing order, -1 where they are not among them."""
    at = np.minimum(np.searchsorted(items, exclude), len(items) - 1)
    found: np.ndarray = np.where(items[at] == exclude, at, -1)
    return found
