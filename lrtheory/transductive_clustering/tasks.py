r"""Few-shot tasks as arrays, and what is done to their features before any method sees them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, to_numpy
from lrtheory._validation import must
from lrtheory.transductive_clustering import dense
from lrtheory.transductive_clustering.prototypes import squared_distances

__all__ = ["NORMALIZE", "Tasks", "class_means", "graph", "prepared", "read_tasks"]

NORMALIZE = ("center-l2", "l2", None)


class Tasks(NamedTuple):
    """A batch of E tasks; `classes` (E, K) on the host, `onehot` (E, NS, K), `present` (E, NQ, 1) zeros and ones."""

    support: Any
    query: Any
    classes: np.ndarray
    onehot: Any
    present: Any
    base_mean: Any

    @property
    def n_support(self) -> int:
        """Labelled points a task."""
        return int(self.support.shape[1])

    def part(self, where: slice) -> Tasks:
        """Some of the tasks."""
        per_task = self.base_mean is not None and self.base_mean.shape[0] == len(self.classes)
        mean = self.base_mean[where, ...] if per_task else self.base_mean
        support, query, onehot, present = (a[where, ...] for a in (self.support, self.query, self.onehot, self.present))
        return Tasks(support, query, self.classes[where], onehot, present, mean)

    def everything(self, xp: Any) -> tuple[Any, Any, Any]:
        """Support and queries in one array, the one-hot rows of the support (queries 0), and who is present."""
        X = xp.concat([self.support, self.query], axis=1)
        E, n, K = X.shape[0], self.query.shape[1], self.onehot.shape[-1]
        blank = xp.zeros((E, n, K), dtype=X.dtype, device=X.device)
        ones = xp.ones((E, self.n_support, 1), dtype=X.dtype, device=X.device)
        return X, xp.concat([self.onehot, blank], axis=1), xp.concat([ones, self.present], axis=1)


def read_tasks(support: Any, support_labels: Any, query: Any, base_mean: Any, query_mask: Any) -> Tasks:
    """The arrays of a call, checked, with an axis of tasks in front."""
    xp = array_namespace(support, query)
    support, query = dense.real_array(xp, "support", support), dense.real_array(xp, "query", query)
    if support.ndim not in (2, 3) or 0 in support.shape:
        raise must("support", "of shape (NS, D) or (E, NS, D) with at least one point", tuple(support.shape))
    same = query.ndim == support.ndim and query.shape[-1] == support.shape[-1] and 0 not in query.shape
    if not same or query.shape[:-2] != support.shape[:-2]:
        raise must(
            "query",
            f"of shape {(*support.shape[:-2], 'NQ', support.shape[-1])} with at least one point",
            tuple(query.shape),
        )
    query = xp.astype(query, support.dtype, copy=False)
    if support.ndim == 2:
        support, query = support[None, ...], query[None, ...]
    labels = np.asarray(to_numpy(support_labels))
    labels = labels[None] if labels.ndim == 1 else labels
    if labels.shape == (1, support.shape[1]):
        labels = np.broadcast_to(labels, (support.shape[0], support.shape[1]))
    if labels.shape != tuple(support.shape[:2]):
        raise must("support_labels", f"of shape {tuple(support.shape[:2])}", labels.shape)
    classes, index = _classes(labels)
    onehot = dense.one_hot(xp, xp.asarray(index, device=support.device), classes.shape[1], support.dtype)
    if query_mask is None:
        present = xp.ones((*query.shape[:2], 1), dtype=query.dtype, device=query.device)
    else:
        mask = xp.asarray(query_mask, device=query.device)
        if tuple(xp.reshape(mask, (-1,)).shape) != (query.shape[0] * query.shape[1],):
            raise must("query_mask", f"of shape {tuple(query.shape[:2])}", tuple(mask.shape))
        present = xp.astype(xp.reshape(mask, (*query.shape[:2], 1)) != 0, query.dtype)
    if base_mean is not None:
        base_mean = xp.astype(dense.real_array(xp, "base_mean", base_mean), support.dtype, copy=False)
        if base_mean.shape[-1] != support.shape[-1] or base_mean.ndim > 2:
            raise must("base_mean", f"of shape ({support.shape[-1]},) or one a task", tuple(base_mean.shape))
        base_mean = xp.reshape(base_mean, (-1, 1, support.shape[-1]))
        if base_mean.shape[0] not in (1, support.shape[0]):
            raise must("base_mean", f"one, or one for each of {support.shape[0]} tasks", base_mean.shape[0])
    return Tasks(support, query, classes, onehot, present, base_mean)


def _classes(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The classes of every task, sorted, and the place of each label among them."""
    order = np.argsort(labels, axis=1, kind="stable")
    ordered = np.take_along_axis(labels, order, 1)
    new = np.concatenate([np.zeros((len(labels), 1), bool), ordered[:, 1:] != ordered[:, :-1]], axis=1)
    index = np.empty(labels.shape, np.int64)
    np.put_along_axis(index, order, np.cumsum(new, axis=1), 1)
    numbers = index.max(axis=1) + 1
    if (numbers != numbers[0]).any():
        raise must("support_labels", "of the same number of classes in every task", numbers)
    first = new.copy()
    first[:, 0] = True
    return ordered[first].reshape(len(labels), numbers[0]), index


def prepared(xp: Any, tasks: Tasks, normalize: str | None, query_shift: bool) -> Tasks:
    """The features that methods see: centred, of length 1, queries moved to the mean of the support."""
    support, query = tasks.support, tasks.query
    count = xp.sum(tasks.present, axis=1, keepdims=True)
    query_sum = xp.sum(query * tasks.present, axis=1, keepdims=True)
    if normalize == "center-l2":
        mean = tasks.base_mean
        if mean is None:  # no other classes are known: the points of the task themselves
            mean = (xp.sum(support, axis=1, keepdims=True) + query_sum) / (tasks.n_support + count)
        support, query = support - mean, query - mean
    if normalize is not None:
        support, query = _unit(xp, support), _unit(xp, query)
    if query_shift:
        query_sum = xp.sum(query * tasks.present, axis=1, keepdims=True)
        query_mean = query_sum / xp.where(count > 0, count, xp.ones_like(count))
        query = query + (xp.mean(support, axis=1, keepdims=True) - query_mean)
    return tasks._replace(support=support, query=query)


def _unit(xp: Any, x: Any) -> Any:
    """Rows of length 1; a row of zeros stays one."""
    length = xp.sqrt(xp.sum(x * x, axis=-1, keepdims=True))
    return x / xp.where(length > 0, length, xp.ones_like(length))


def class_means(xp: Any, tasks: Tasks) -> Any:
    """The mean of the support of each class (E, K, D)."""
    counts = xp.sum(tasks.onehot, axis=1)[..., None]
    return xp.matrix_transpose(tasks.onehot) @ tasks.support / counts


def graph(xp: Any, X: Any, present: Any, n_neighbors: int, symmetrize: str | None) -> Any:
    """The graph of nearest neighbours of each task as a dense affinity (E, N, N); absent points have no edges."""
    n = X.shape[1]
    eye = xp.eye(n, dtype=xp.bool, device=X.device)
    apart = squared_distances(xp, X, X)
    apart = xp.where(eye | (present == 0) | (xp.matrix_transpose(present) == 0), xp.full_like(apart, np.inf), apart)
    W = xp.zeros_like(apart)
    for _ in range(min(n_neighbors, n - 1)):
        nearest = dense.one_hot(xp, xp.argmin(apart, axis=-1), n, xp.bool) & (apart < np.inf)
        W = W + xp.astype(nearest, W.dtype)
        apart = xp.where(nearest, xp.full_like(apart, np.inf), apart)
    turned = xp.matrix_transpose(W)
    if symmetrize == "mean":
        return (W + turned) / 2
    return xp.where(turned > W, turned, W) if symmetrize == "max" else W
