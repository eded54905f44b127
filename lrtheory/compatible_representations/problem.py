"""Queries and a gallery by two encoders: what verbs read from files, and problems whose answers are known."""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import dataclass
from os import PathLike
from typing import Any, Self

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._files import FromTable, Table, named_arrays, source_name, warn_alike
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import Words, array, generator, integer, is_iterable, must, real, unmasked
from lrtheory.compatible_representations.search.features import on_host
from lrtheory.compatible_representations.simplex import checked_classes, simplex_prototypes
from lrtheory.compatible_representations.theory.geometry import gap_confusion

__all__ = ["Encodings", "HitList", "ReplacementProblem", "make_confusion", "make_rays"]

#: the arrays of a file; of a new encoder those that are not about the old gallery alone
NAMES = ("queries", "gallery", "query_labels", "gallery_labels", "query_ids", "gallery_ids")


@dataclass(frozen=True, eq=False, kw_only=True)
class ReplacementProblem:
    """Queries by both encoders, and the gallery by the old one.

    Parameters
    ----------
    new, old : array of shape (n, d)
        Queries by the new encoder, and the same queries by the old one.
    gallery : array of shape (m, d)
        The gallery by the old encoder.
    query_labels : int array of shape (n,)
        Classes of the queries.
    gallery_labels : int array of shape (m,)
        Classes of the gallery.
    """

    new: np.ndarray
    old: np.ndarray
    gallery: np.ndarray
    query_labels: np.ndarray
    gallery_labels: np.ndarray

    @property
    def features(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """New queries, old queries and the gallery, as `check_replacement` and `compatibility_gap` take them."""
        return self.new, self.old, self.gallery

    @property
    def labels(self) -> dict[str, np.ndarray]:
        """The labels by the names of their arguments."""
        return {"query_labels": self.query_labels, "gallery_labels": self.gallery_labels}


class Encodings:
    """Vectors that one encoder makes of queries and of a gallery, with labels and ids where they are known.

    Parameters
    ----------
    queries : array of shape (n, d)
        Features of the queries.
    gallery : array of shape (m, d), optional
        Features of the gallery. Of a new encoder it may be a part: the items that `gallery_ids` names, or the first.
    query_labels, gallery_labels : sequence of n and of m labels, optional
        Classes. Where both encoders have them, they must agree: else the rows are not those of the same items.
    query_ids, gallery_ids : sequence of n and of m names, optional
        Names of the items, each once, by which the files of two encoders are joined.

    Raises
    ------
    TypeError
        If entries are not real numbers.
    ValueError
        If a row is zero or not finite, a number of labels or ids is wrong, or an id occurs twice.
    """

    __slots__ = ("gallery", "gallery_ids", "gallery_labels", "queries", "query_ids", "query_labels")

    def __init__(
        self,
        queries: ArrayLike,
        gallery: ArrayLike | None = None,
        *,
        query_labels: ArrayLike | None = None,
        gallery_labels: ArrayLike | None = None,
        query_ids: ArrayLike | None = None,
        gallery_ids: ArrayLike | None = None,
    ) -> None:
        self.queries = on_host("queries", queries)
        self.gallery = None if gallery is None or _has_no_rows(gallery) else on_host("gallery", gallery)
        n, m = len(self.queries), 0 if self.gallery is None else len(self.gallery)
        if self.gallery is not None and self.gallery.shape[1] != self.queries.shape[1]:
            raise must("gallery", f"of the width of `queries`, {self.queries.shape[1]}", self.gallery.shape[1])
        self.query_labels = _listed("query_labels", query_labels, n)
        self.gallery_labels = _listed("gallery_labels", gallery_labels, m)
        self.query_ids = _named("query_ids", query_ids, n)
        self.gallery_ids = _named("gallery_ids", gallery_ids, m)

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Self:
        """Read the arrays queries, gallery, query_labels, gallery_labels, query_ids and gallery_ids of a file.

        Parameters
        ----------
        path : path
            An npz or safetensors file.

        Returns
        -------
        Encodings
            Encodings of one encoder.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged, has no queries, or holds arrays of other names.
        """
        found = named_arrays(path, "encodings")
        name = source_name(str(path))
        if "queries" not in found:
            raise ValueError(f"{name}: the array queries is needed; got {[*found]}")
        unknown = sorted(set(found) - set(NAMES))
        if unknown:
            raise ValueError(f"{name}: arrays are called {', '.join(NAMES)}; got {unknown[0]}")
        try:
            return cls(found.pop("queries"), found.pop("gallery", None), **found)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: {error}") from error


def _has_no_rows(value: Any) -> bool:
    """Whether there is a first axis, and nothing along it; a scalar has none."""
    return isinstance(value, Sized) and getattr(value, "ndim", 1) > 0 and len(value) == 0


def _listed(name: str, value: Any, n: int) -> list[Any] | None:
    """Labels or ids as Python's own, or None where there are none."""
    if value is None:
        return None
    value = unmasked(name, to_numpy(value))
    if isinstance(value, (str, bytes)) or not is_iterable(value):
        raise must(name, "a sequence with one entry for each item", value, TypeError)
    if not n and _has_no_rows(value):
        return None
    found = np.asarray(value) if not isinstance(value, (list, tuple)) else value
    items = found.tolist() if isinstance(found, np.ndarray) else list(found)
    if isinstance(found, np.ndarray) and found.ndim != 1:
        raise must(name, "a sequence with one entry for each item", found.shape)
    if len(items) != n:
        raise must(name, f"one for each of {n} items", len(items))
    return items


def _named(name: str, value: Any, n: int) -> list[Any] | None:
    found = _listed(name, value, n)
    if found is None:
        return None
    try:
        is_unique = len(set(found)) == len(found)
    except TypeError as error:
        raise must(name, "names that a dictionary takes, such as numbers and strings", value, TypeError) from error
    if not is_unique:
        seen: set[Any] = set()
        twice = next(one for one in found if one in seen or seen.add(one))  # type: ignore[func-returns-value]
        raise must(name, "names that occur once", twice)
    return found


@dataclass(frozen=True, eq=False)
class Joined:
    """The files of two encoders, item by item.

    ``encoded`` are the numbers of the items of the old gallery that the new encoder has seen, and ``new_gallery`` their
    rows; ``exclude`` is the item of the gallery that a query is itself, or None.
    """

    new: np.ndarray
    old: np.ndarray
    gallery: np.ndarray
    new_gallery: np.ndarray | None
    encoded: np.ndarray
    query_labels: list[Any]
    gallery_labels: list[Any]
    exclude: np.ndarray | None
    message: str


def join(new: Encodings, old: Encodings) -> Joined:
    """Bring the items of two encoders into one order, that of the old one.

    Parameters
    ----------
    new, old : Encodings
        Encodings of the same items by both encoders. The old one has a gallery and labels.

    Returns
    -------
    Joined
        Items in the order of `old`; the message says what was moved.

    Raises
    ------
    TypeError
        If they are no Encodings.
    ValueError
        If the old one lacks a gallery or labels, numbers of items differ, an id is missing, or two labels differ.
    """
    for name, one in (("new", new), ("old", old)):
        if not isinstance(one, Encodings):
            raise must(name, "Encodings", one, TypeError)
    missing = [name for name in NAMES[1:4] if getattr(old, name) is None]
    if missing or old.gallery is None or old.query_labels is None or old.gallery_labels is None:
        raise must("old", "encodings with a gallery and labels of both", Words(f"none of {missing[0]}"))
    notes = []
    order = _order("query_ids", new.query_ids, old.query_ids, len(new.queries), len(old.queries))
    if not np.array_equal(order, np.arange(len(order))):
        notes.append("queries were joined by their ids, as the files have them in another order")
    if len(order) < len(new.queries):
        notes.append(f"{len(new.queries) - len(order)} queries of the new file alone were left out")
    _alike("query_labels", new.query_labels, order, old.query_labels, np.arange(len(order)))
    encoded, rows = np.empty(0, np.int64), None
    if new.gallery is not None:
        encoded = _places(new, old)
        _alike("gallery_labels", new.gallery_labels, np.arange(len(encoded)), old.gallery_labels, encoded)
        rows = new.gallery[np.argsort(encoded, kind="stable")]
        encoded = np.sort(encoded, kind="stable")
        if new.gallery_ids is not None and new.gallery_ids != old.gallery_ids[: len(new.gallery_ids)]:  # type: ignore[index]
            notes.append("items of the gallery were joined by their ids")
    exclude = None
    if old.query_ids is not None and old.gallery_ids is not None:
        place = {name: number for number, name in enumerate(old.gallery_ids)}
        exclude = np.array([place.get(name, -1) for name in old.query_ids])
        inside = int((exclude >= 0).sum())
        exclude = exclude if inside else None
        notes += [f"{inside} queries are items of the gallery, and do not find themselves"] if inside else []
    return Joined(
        new=new.queries[order],
        old=old.queries,
        gallery=old.gallery,
        new_gallery=rows,
        encoded=encoded,
        query_labels=old.query_labels,
        gallery_labels=old.gallery_labels,
        exclude=exclude,
        message="; ".join(notes),
    )


def _order(name: str, new: list[Any] | None, old: list[Any] | None, n_new: int, n_old: int) -> np.ndarray:
    """The row of the new encoder for each row of the old one."""
    if (new is None) != (old is None):
        raise must(name, "in both files or in none", Words(f"none in the {'new' if new is None else 'old'} one"))
    if new is None or old is None:
        if n_new != n_old:
            raise must("new", f"queries in the number of the old ones, {n_old}", n_new)
        return np.arange(n_old)
    place = {one: number for number, one in enumerate(new)}
    absent = [one for one in old if one not in place]
    if absent:
        raise must(name, "the same names in both files", Words(f"no {absent[0]!r} in the new one"))
    return np.array([place[one] for one in old])


def _alike(name: str, new: list[Any] | None, rows: np.ndarray, old: list[Any], places: np.ndarray) -> None:
    """Refuse labels of the same items that differ, since rows of other items would be compared without a word."""
    if new is None:
        return
    for row, place in zip(rows.tolist(), places.tolist(), strict=True):
        if new[row] != old[place]:
            raise must(name, "the same in both files, item by item", Words(f"{new[row]!r} and {old[place]!r}"))


def _places(new: Encodings, old: Encodings) -> np.ndarray:
    """The number in the old gallery of each item that the new encoder has seen."""
    assert new.gallery is not None
    assert old.gallery is not None
    if (new.gallery_ids is None) != (old.gallery_ids is None):
        raise must("gallery_ids", "in both files or in none", Words("one file with them"))
    if new.gallery_ids is None or old.gallery_ids is None:
        if len(new.gallery) > len(old.gallery):
            raise must("gallery", f"at most the {len(old.gallery)} items of the old one", len(new.gallery))
        return np.arange(len(new.gallery))
    place = {one: number for number, one in enumerate(old.gallery_ids)}
    absent = [one for one in new.gallery_ids if one not in place]
    if absent:
        raise must("gallery_ids", "names of the old gallery", absent[0])
    return np.array([place[one] for one in new.gallery_ids])


class HitList(FromTable):
    """Hits of a search on each query, or scores in [0, 1], as any engine has counted them.

    Parameters
    ----------
    queries : sequence
        Names of the queries, each once.
    scores : array of shape (n,)
        A hit or a score for each query.

    Raises
    ------
    ValueError
        If a query occurs twice, a score is outside [0, 1], or the lengths differ.
    """

    __slots__ = ("queries", "scores")

    def __init__(self, queries: ArrayLike, scores: ArrayLike) -> None:
        self.scores = array("scores", scores, shape=(None,), low=0.0, high=1.0)
        named = _named("queries", queries, len(self.scores))
        self.queries = tuple(named or ())

    def __len__(self) -> int:
        return len(self.queries)

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Self:
        names = table.pick(columns, {"query": ("queries", "qid", "id"), "hit": ("hits", "score", "scores", "ndcg")})
        queries = table.text(names["query"])
        warn_alike(queries, table.origin)
        try:
            return cls(queries, table.floats(names["hit"]))
        except ValueError as error:
            raise ValueError(f"{table.origin}: {error}") from error

    def beside(self, other: HitList) -> tuple[np.ndarray, np.ndarray]:
        """The scores of both lists for the queries of this one, in its order.

        Parameters
        ----------
        other : HitList
            Scores of another search for the same queries, in any order.

        Returns
        -------
        tuple of array
            Own scores and those of the other.

        Raises
        ------
        ValueError
            If the lists do not name the same queries.
        """
        place = {name: number for number, name in enumerate(other.queries)}
        odd = [name for name in self.queries if name not in place] or sorted(set(place) - set(self.queries))
        if odd:
            raise must("queries", "the same in both files", Words(f"{odd[0]!r} in one of them"))
        return self.scores, other.scores[[place[name] for name in self.queries]]


def make_rays(
    n_classes: int,
    *,
    old_length: float = 0.7,
    new_length: float = 0.9,
    n_queries: int = 200,
    n_gallery: int = 200,
    rng: Rng = None,
) -> ReplacementProblem:
    r"""Draw unit features whose class means lie on the rays through the vertices of a simplex (statement SX-2).

    A feature of class y is a w_y + sqrt(1 - a^2) u, with u a uniform direction orthogonal to w_y. For two classes,
    where there is no such direction, it is w_y with probability (1 + a) / 2, and else -w_y.

    Parameters
    ----------
    n_classes : int
        K, at least 2.
    old_length, new_length : float
        a of the old and of the new encoder, in [0, 1].
    n_queries, n_gallery : int
        Numbers of items, whose classes are drawn uniformly; the first ones go through all classes.
    rng : int, SeedSequence, Generator or None
        Source of the draws.

    Returns
    -------
    ReplacementProblem
        Features of width K - 1.

    Raises
    ------
    TypeError
        If a number is of another kind.
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> make_rays(4, n_queries=10, n_gallery=20, rng=0).gallery.shape
    (20, 3)
    """
    K = checked_classes(n_classes)
    lengths = [real(k, v, low=0, high=1) for k, v in (("old_length", old_length), ("new_length", new_length))]
    draws = generator(rng)
    asked, known = _labels(K, n_queries, n_gallery, draws)
    W = simplex_prototypes(K)

    def drawn(labels: np.ndarray, length: float) -> np.ndarray:
        rays = W[labels]
        if K == 2:
            found: np.ndarray = rays * np.where(draws.random(len(labels)) < (1 + length) / 2, 1.0, -1.0)[:, None]
            return found
        noise = draws.normal(size=rays.shape)
        noise -= np.einsum("ij,ij->i", noise, rays)[:, None] * rays
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        found = length * rays + np.sqrt(1 - length**2) * noise
        return found

    return _problem(drawn, lengths, asked, known)


def make_confusion(
    old: ArrayLike, new: ArrayLike, *, n_queries: int = 200, n_gallery: int = 200, rng: Rng = None
) -> ReplacementProblem:
    """Draw features that have collapsed onto the vertices of a simplex, some of them onto a wrong one (SX-18).

    Parameters
    ----------
    old, new : array of shape (n_classes, n_classes)
        The row of a class is the law of the vertex under the old encoder, or under the new one.
    n_queries, n_gallery : int
        Numbers of items, whose classes are drawn uniformly; the first ones go through all classes.
    rng : int, SeedSequence, Generator or None
        Source of the draws.

    Returns
    -------
    ReplacementProblem
        Features of width n_classes - 1.

    Raises
    ------
    TypeError
        If a number is of another kind.
    ValueError
        If a row is no law, the shapes differ, or a number is out of range.

    Examples
    --------
    >>> problem = make_confusion([[0.45, 0.55], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], rng=0)
    >>> bool((problem.new[:, 0] > 0).mean() > (problem.old[:, 0] > 0).mean())
    True
    """
    laws = [array(name, one, shape=(None, None)) for name, one in (("old", old), ("new", new))]
    gap_confusion(*laws)  # which refuses what is no law
    K = len(laws[0])
    draws = generator(rng)
    asked, known = _labels(K, n_queries, n_gallery, draws)
    W = simplex_prototypes(K)

    def drawn(labels: np.ndarray, law: np.ndarray) -> np.ndarray:
        steps = np.cumsum(law, axis=1)
        steps[:, -1] = np.inf
        found: np.ndarray = W[(draws.random(len(labels))[:, None] >= steps[labels]).sum(axis=1)]
        return found

    return _problem(drawn, laws, asked, known)


def _problem(
    drawn: Callable[..., np.ndarray], of: list[Any], asked: np.ndarray, known: np.ndarray
) -> ReplacementProblem:
    """Features of the old encoder, `of[0]`, and of the new one, `of[1]`."""
    return ReplacementProblem(
        new=drawn(asked, of[1]),
        old=drawn(asked, of[0]),
        gallery=drawn(known, of[0]),
        query_labels=asked,
        gallery_labels=known,
    )


def _labels(K: int, n_queries: Any, n_gallery: Any, draws: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Classes of queries and gallery."""
    n, m = (integer(name, value, low=1) for name, value in (("n_queries", n_queries), ("n_gallery", n_gallery)))
    if m < K:
        raise must("n_gallery", f"an item for each of {K} classes at least", m)
    found = [np.concatenate([np.arange(K), draws.integers(0, K, max(0, size - K))])[:size] for size in (n, m)]
    return found[0], found[1]
