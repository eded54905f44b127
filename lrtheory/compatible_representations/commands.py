"""The verbs of the shell: whether an encoder may be replaced, maps, and mixed galleries."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from lrtheory._validation import must
from lrtheory.compatible_representations.maps import MapReport, reported
from lrtheory.compatible_representations.migration import Migration, mixed_test
from lrtheory.compatible_representations.problem import Encodings, HitList, join
from lrtheory.compatible_representations.replacement import Replacement, check_replacement, compare_hits

__all__ = ["hits", "map", "migration", "replaceable"]

#: verbs whose exit code is their yes, no or undecided
ANSWERS = ("replaceable", "hits")
#: what -o writes, where it is more than the table
WRITES = {"map": "the map as .npz, or a table"}


def replaceable(
    new: Encodings,
    old: Encodings,
    *,
    metric: Literal["nearest", "template"] = "nearest",
    margin: float = 0.0,
    delta: float = 0.05,
) -> Replacement:
    """Say whether queries may be encoded by a new encoder, while the gallery stays as the old one made it.

    The exit code is 0 for yes, 1 for no, and 2 where the queries do not decide.

    Parameters
    ----------
    new : Encodings
        An npz or safetensors file with the queries by the new encoder, and query_ids if the old file has them.
    old : Encodings
        A file with queries, gallery, query_labels and gallery_labels, and query_ids and gallery_ids if there are any.
    metric : {"nearest", "template"}
        Whether the nearest item must be of the query's class, or the nearest class mean.
    margin : float
        Loss of accuracy that is accepted.
    delta : float
        Probability that the answer is wrong.

    Returns
    -------
    Replacement
        The answer, the difference of the accuracies with its limits, and queries that are needed.

    Examples
    --------
    lrtheory compatible_representations replaceable new_vectors.npz old_vectors.npz
    lrtheory compatible_representations replaceable new_vectors.npz old_vectors.npz --metric template --margin 0.05
    """
    both = join(new, old)
    found = check_replacement(
        both.new,
        both.old,
        both.gallery,
        query_labels=both.query_labels,
        gallery_labels=both.gallery_labels,
        exclude=both.exclude,
        metric=metric,
        margin=margin,
        delta=delta,
    )
    return _noted(found, both.message)


def _noted(found: Replacement, message: str) -> Replacement:
    """The answer with one sentence more."""
    return replace(found, message="; ".join(filter(None, (message, found.message))))


def hits(new: HitList, old: HitList, *, margin: float = 0.0, delta: float = 0.05) -> Replacement:
    """Say whether a search is better than another one, by hits or scores that any engine has counted.

    The exit code is 0 for yes, 1 for no, and 2 where the queries do not decide.

    Parameters
    ----------
    new, old : HitList
        Columns query and hit, or score in [0, 1], for the same queries in any order.
    margin : float
        Loss of accuracy that is accepted.
    delta : float
        Probability that the answer is wrong.

    Returns
    -------
    Replacement
        The answer, the difference of the means with its limits, and queries that are needed.

    Examples
    --------
    lrtheory compatible_representations hits new_hits.csv old_hits.csv
    lrtheory compatible_representations hits new_hits.csv old_hits.csv --margin 0.02
    """
    return compare_hits(*new.beside(old), margin=margin, delta=delta)


def map(  # the word for it; the function of Python is not used here
    new: Encodings,
    old: Encodings,
    *,
    method: Literal["rotation", "centred", "affine"] = "rotation",
    shrinkage: float = 0.0,
    ridge: float = 0.0,
) -> MapReport:
    """Fit a map from new features to old ones, on the items of the gallery that both files hold.

    Queries are not used, so that they may judge the map.

    Parameters
    ----------
    new : Encodings
        A file with queries and a part of the gallery by the new encoder: the items of gallery_ids, or the first ones.
    old : Encodings
        A file as for `replaceable`, whose gallery is that of the old encoder.
    method : {"rotation", "centred", "affine"}
        Kind of map.
    shrinkage : float
        Weight of the distance of a rotation from the identity; 0.03 is a good value for spaces with a common frame.
    ridge : float
        Weight of the squared matrix of an affine map.

    Returns
    -------
    MapReport
        The map, its residual, and the items that are needed.

    Examples
    --------
    lrtheory compatible_representations map new_vectors.npz old_vectors.npz -o map.npz
    lrtheory compatible_representations map new_vectors.npz old_vectors.npz --method affine --ridge 0.01
    """
    both = join(new, old)
    if both.new_gallery is None:
        raise must("new", "a file with items of the gallery", "none")
    items = both.new_gallery, both.gallery[both.encoded]
    return reported(*items, method=method, shrinkage=shrinkage, ridge=ridge)


def migration(
    new: Encodings,
    old: Encodings,
    *,
    shares: tuple[str, ...] = ("0", "0.1", "0.25", "0.5", "0.75", "1"),
    metric: Literal["nearest", "template"] = "nearest",
    margin: float = 0.0,
    delta: float = 0.05,
) -> Migration:
    """Say from which share of re-encoded items on queries may be switched to the new encoder.

    Parameters
    ----------
    new : Encodings
        A file with queries and the gallery by the new encoder, as far as it is encoded.
    old : Encodings
        A file with queries, gallery, query_labels and gallery_labels by the old one.
    shares : tuple of str
        Shares of the gallery that are encoded anew, with commas between them.
    metric : {"nearest", "template"}
        As for `replaceable`.
    margin : float
        Loss of accuracy that is accepted.
    delta : float
        Probability that one of the answers is wrong.

    Returns
    -------
    Migration
        Accuracy, limits and an answer for each share.

    Examples
    --------
    lrtheory compatible_representations migration new_vectors.npz old_vectors.npz --shares 0,0.5
    """
    try:
        asked = [float(share) for share in shares]
    except ValueError as error:
        raise must("shares", "numbers with commas between them", shares) from error
    return mixed_test(new, old, shares=asked, metric=metric, margin=margin, delta=delta, rng=0)
