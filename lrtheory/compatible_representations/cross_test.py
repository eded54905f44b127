"""Every encoder's queries in the galleries of all earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import Words, choice, must, open_interval, pairs
from lrtheory.compatible_representations.search.features import check_width, classes_of, exclusions, on_host
from lrtheory.compatible_representations.search.hits import METRICS, Metric, hits_of, unanswerable
from lrtheory.compatible_representations.theory.decisions import average_compatibility, is_better

__all__ = ["CrossTest", "cross_test"]


@result
class CrossTest(Result):
    """Accuracies of all pairs of an encoder and an earlier gallery.

    Attributes
    ----------
    matrix : float64 array of shape (T, T)
        Accuracy of the queries of encoder i in the gallery of encoder j, for j at most i; NaN above the diagonal.
    hits : bool array of shape (T, T, n)
        Whether the query finds its class; False above the diagonal.
    average_compatibility : float
        Share of the pairs j < i in which the accuracy is above that of encoder j alone; NaN for one encoder. Equally
        good encoders come to less than 1/2, since ties do not count.
    average_accuracy : float
        Mean of the matrix on and below the diagonal.
    verdicts : tuple of (int, int, str)
        For each pair j < i whether queries of i are "better" or "worse" in the gallery of j than those of j, or
        "undecided", by the exact test of `compare_hits` at level delta for each pair.
    metric : str
        Kind of hit, "template" or "nearest".
    unanswerable : int
        Queries without an item of their class in the gallery, which count as wrong.
    """

    matrix: np.ndarray
    hits: np.ndarray
    average_compatibility: float
    average_accuracy: float
    verdicts: tuple[tuple[int, int, str], ...]
    metric: str
    unanswerable: int

    def _columns(self) -> dict[str, Any]:
        newer = [i for i, _, _ in self.verdicts]
        older = [j for _, j, _ in self.verdicts]
        return {
            "queries_of": newer,
            "gallery_of": older,
            "accuracy": self.matrix[newer, older],
            "alone": self.matrix[older, older],
            "verdict": [word for _, _, word in self.verdicts],
        }

    def _facts(self) -> list[str]:
        compatible, accuracy = f"{self.average_compatibility:.4g}", f"{self.average_accuracy:.4g}"
        return [f"average compatibility {compatible}, average accuracy {accuracy}, by {self.metric}"]

    def _draw(self, ax: Any) -> None:
        shown = ax.imshow(self.matrix, vmin=0.0, vmax=1.0)
        ax.set(xlabel="gallery of encoder", ylabel="queries of encoder")
        ax.figure.colorbar(shown, ax=ax, label=f"accuracy, by {self.metric}")


@arrays("host")
def cross_test(
    features: Sequence[tuple[ArrayLike, ArrayLike]],
    query_labels: ArrayLike,
    gallery_labels: ArrayLike,
    *,
    metric: Metric = "template",
    exclude: ArrayLike | None = None,
    delta: float = 0.05,
) -> CrossTest:
    """Test queries of every encoder in the galleries of all earlier ones (statements SX-10 and SX-16).

    Arrays: any (copied to the host)

    Parameters
    ----------
    features : sequence of T pairs of arrays of shape (n, d) and (m, d)
        Queries and gallery by each encoder, the oldest first.
    query_labels, gallery_labels : sequence of n and of m labels
        Classes, by labels of any kind.
    metric : {"template", "nearest"}
        Whether the nearest of the normalized class means decides, or the nearest item; cosines are compared. The two
        may disagree widely, so their numbers do not belong into one table.
    exclude : array of shape (n,), optional
        For queries that are items of the gallery, the number of that item; -1 for others.
    delta : float
        Level of each verdict.

    Returns
    -------
    CrossTest
        Hits, accuracies, and the two averages.

    Raises
    ------
    TypeError
        If entries are not real numbers, or `features` is not a sequence of pairs.
    ValueError
        If shapes do not fit, a row is zero or not finite, no query has a class of the gallery, or an option is out of
        range.

    Examples
    --------
    >>> first = [[0.6, 0.8], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]
    >>> second = [[0.8, 0.6], [0.6, 0.8]], [[1.0, 0.0], [0.0, 1.0]]
    >>> found = cross_test([first, second], [0, 1], [0, 1])
    >>> found.matrix.tolist(), found.average_compatibility, found.average_accuracy
    ([[0.0, nan], [1.0, 1.0]], 1.0, 0.6666666666666666)
    """
    if not len(pairs("features", features)):
        raise must("features", "a pair of arrays for at least one encoder", Words("none"))
    read = [
        (on_host(f"features[{i}][0]", queries), on_host(f"features[{i}][1]", gallery))
        for i, (queries, gallery) in enumerate(features)
    ]
    choice("metric", metric, METRICS)
    risk = open_interval("delta", delta, 0, 1)
    n, m = len(read[0][0]), len(read[0][1])
    for i, (queries, gallery) in enumerate(read):
        if (len(queries), len(gallery)) != (n, m):
            raise must(
                f"features[{i}]", f"{n} queries and {m} items, as those of the first", (len(queries), len(gallery))
            )
        for one in (queries, gallery):
            check_width(f"features[{i}]", one, "features[0]", read[0][1])
    classes = classes_of(query_labels, gallery_labels, n, m)
    skipped = exclusions(exclude, n, m)
    T = len(read)
    hits = np.zeros((T, T, n), bool)
    for i, (queries, _) in enumerate(read):
        for j in range(i + 1):
            hits[i, j] = hits_of(queries, read[j][1], classes, metric, skipped)
    lower = np.tril(np.ones((T, T), bool))
    matrix = np.where(lower, hits.mean(axis=2), np.nan)
    return CrossTest(
        matrix=matrix,
        hits=hits,
        average_compatibility=average_compatibility(matrix),
        average_accuracy=float(matrix[lower].mean()),
        verdicts=tuple((i, j, _verdict(hits[i, j], hits[j, j], risk)) for i in range(T) for j in range(i)),
        metric=metric,
        unanswerable=unanswerable(classes, skipped),
    )


def _verdict(new: np.ndarray, old: np.ndarray, risk: float) -> str:
    won, lost = int((new & ~old).sum()), int((old & ~new).sum())
    return "better" if is_better(won, lost, risk) else "worse" if is_better(lost, won, risk) else "undecided"
