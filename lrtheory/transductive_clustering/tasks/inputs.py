r"""Few-shot tasks as callers give them become checked arrays, and features are prepared as all methods share it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, is_foreign, real_array
from lrtheory._validation import Words, as_array, must
from lrtheory.transductive_clustering.clusters.prototypes import squared_distances
from lrtheory.transductive_clustering.updates import dense
from lrtheory.transductive_clustering.updates.inputs import class_labels, library_of

__all__ = ["NORMALIZE", "Tasks", "class_means", "graph", "prepared", "read_tasks"]

NORMALIZE = ("center-l2", "l2", None)
PORTION = 2**15  # coordinates that are looked for the largest and the smallest one at a time
NOISE = 16  # rounding errors of the mean; what is left of a row after centring and no longer has no direction


class Tasks(NamedTuple):
    """A batch of E tasks."""

    support: Any  # (E, NS, D)
    query: Any  # (E, NQ, D)
    classes: np.ndarray  # (E, K) on the host: the classes of each task, sorted
    onehot: Any  # (E, NS, K): the class of each labeled point as zeros and a one
    present: Any  # (E, NQ, 1): 0 for rows that only fill up a task, else 1
    base_mean: Any  # (1, 1, D) or (E, 1, D), or None
    mark: Any = None  # the label of queries that the mask leaves out; None where there are none

    @property
    def n_support(self) -> int:
        """Return the number of labeled points per task."""
        return int(self.support.shape[1])

    def part(self, where: slice) -> Tasks:
        """Return the tasks of a slice."""
        per_task = self.base_mean is not None and self.base_mean.shape[0] == len(self.classes)
        mean = self.base_mean[where, ...] if per_task else self.base_mean
        support, query, onehot, present = (a[where, ...] for a in (self.support, self.query, self.onehot, self.present))
        return Tasks(support, query, self.classes[where], onehot, present, mean, self.mark)

    def everything(self, xp: Any) -> tuple[Any, Any, Any]:
        """Return support and queries in one array, one-hot rows (0 for queries), and 1 for who is present, else 0."""
        X = xp.concat([self.support, self.query], axis=1)
        E, n, K = X.shape[0], self.query.shape[1], self.onehot.shape[-1]
        blank = xp.zeros((E, n, K), dtype=X.dtype, device=X.device)
        ones = xp.ones((E, self.n_support, 1), dtype=X.dtype, device=X.device)
        return X, xp.concat([self.onehot, blank], axis=1), xp.concat([ones, self.present], axis=1)


def read_tasks(
    support: Any, support_labels: Any, query: Any, base_mean: Any, query_mask: Any, *, scaled: bool = True
) -> Tasks:
    """Check the arrays of a call, and put an axis of tasks in front; ``scaled`` means that lengths do not matter."""
    xp, device = library_of(support, query)
    # infinities and NaN are refused below, in the pass that looks for the largest coordinate
    support = real_array(xp, "support", support, device=device, finite=False)
    query = real_array(xp, "query", query, device=device, finite=False)
    shape = tuple(support.shape)
    if support.ndim not in (2, 3) or 0 in shape:
        raise must("support", "of shape (NS, D) or (E, NS, D) with at least one point", shape)
    same = query.ndim == support.ndim and query.shape[-1] == shape[-1] and 0 not in query.shape
    if not same or tuple(query.shape[:-2]) != shape[:-2]:
        wanted = ", ".join(map(str, (*shape[:-2], "NQ", shape[-1])))
        raise must("query", f"of shape ({wanted}) with at least one point", tuple(query.shape))
    query = xp.astype(query, support.dtype, copy=False)
    mask = _mask(xp, query_mask, tuple(query.shape[:-1]), query.device)
    if support.ndim == 2:
        support, query = support[None, ...], query[None, ...]
    labels = _labels(support_labels, shape[:-1], int(support.shape[0]))
    classes, index = _classes(labels)
    mark = None
    if mask is None:
        present = xp.ones((*query.shape[:2], 1), dtype=query.dtype, device=query.device)
    else:
        present = xp.astype(xp.reshape(mask, (*query.shape[:2], 1)), query.dtype)
        if not bool(xp.all(mask)):
            classes, mark = _marked(classes)
    onehot = dense.one_hot(xp, xp.asarray(index, device=support.device), classes.shape[1], support.dtype)
    if base_mean is not None:
        base_mean = _base_mean(xp, base_mean, support)
    tasks = Tasks(support, query, classes, onehot, present, base_mean, mark)
    return _in_range(xp, tasks, scaled)


def _labels(support_labels: Any, shape: tuple[int, ...], n_tasks: int) -> np.ndarray:
    """Return the labels of the support, (E, NS), of any kind that can be sorted."""
    labels = class_labels("support_labels", support_labels)
    if labels.shape in (shape[-1:], (1, *shape[-1:])):
        labels = np.broadcast_to(labels, (n_tasks, shape[-1]))
    if labels.shape != (n_tasks, shape[-1]):
        raise must("support_labels", f"of shape {shape}", labels.shape)
    return labels


def _marked(classes: np.ndarray) -> tuple[np.ndarray, Any]:
    """Return the classes in a dtype that also holds the mark of queries that are left out, and that mark."""
    mark: Any = {"U": "", "S": b"", "O": None}.get(classes.dtype.kind, -1)
    if classes.dtype.kind in "bu":
        if classes.max() > np.iinfo(np.int64).max:
            raise must("support_labels", "below 2^63 beside a mask", classes)
        classes = classes.astype(np.int64)
    if mark is not None and bool((classes == mark).any()):
        raise must("support_labels", f"without {mark!r}, which marks the queries that `query_mask` leaves out", mark)
    return classes, mark


def _mask(xp: Any, query_mask: Any, shape: tuple[int, ...], device: Any) -> Any:
    """Return the mask as truth values in the shape of the queries; None stays None."""
    if query_mask is None:
        return None
    mask = query_mask if is_foreign(query_mask) else as_array("query_mask", query_mask)
    if tuple(mask.shape) != shape:
        raise must("query_mask", f"of shape {shape}", tuple(mask.shape))
    if not array_namespace(mask).isdtype(mask.dtype, ("bool", "integral")):
        raise must("query_mask", "an array of truth values", mask.dtype, TypeError)
    return real_array(xp, "query_mask", mask, device=device) != 0


def _base_mean(xp: Any, base_mean: Any, support: Any) -> Any:
    """Return the mean of other classes with shape (1, 1, D), or (E, 1, D) if each task has its own."""
    E, D = support.shape[0], support.shape[-1]
    mean = real_array(xp, "base_mean", base_mean, device=support.device)
    if mean.ndim not in (1, 2) or mean.shape[-1] != D:
        raise must("base_mean", f"of shape ({D},) or one per task", tuple(mean.shape))
    mean = xp.reshape(xp.astype(mean, support.dtype, copy=False), (-1, 1, D))
    if mean.shape[0] not in (1, E):
        raise must("base_mean", f"one, or one for each of {E} tasks", mean.shape[0])
    return mean


def _in_range(xp: Any, tasks: Tasks, scaled: bool) -> Tasks:
    """Return the tasks; where squares would leave the range of the dtype the largest coordinate becomes the unit."""
    known = xp.finfo(tasks.support.dtype)
    low, high = float(known.smallest_normal) ** 0.5 / float(known.eps), (float(known.max) * float(known.eps)) ** 0.5
    sizes = _sizes(xp, tasks)
    if not scaled:
        if bool(xp.any(sizes > high)):
            raise must("support", f"with `query` of coordinates up to {high:.2g} in size", float(xp.max(sizes)))
        return tasks
    if bool(xp.all(((sizes >= low) & (sizes <= high)) | (sizes == 0))):
        return tasks
    blank = xp.zeros_like(tasks.query)  # rows that only fill up a task do not count
    tasks = tasks._replace(query=xp.where(tasks.present > 0, tasks.query, blank))
    sizes = _sizes(xp, tasks)
    unit = xp.where(((sizes >= low) & (sizes <= high)) | (sizes == 0), xp.ones_like(sizes), sizes)[:, None, None]
    mean = None if tasks.base_mean is None else tasks.base_mean / unit
    return tasks._replace(support=tasks.support / unit, query=tasks.query / unit, base_mean=mean)


def _sizes(xp: Any, tasks: Tasks) -> Any:
    """Return the size of the largest coordinate of each task, (E,); refuses infinities and NaN, which it would show."""
    total = xp.zeros((tasks.support.shape[0],), dtype=tasks.support.dtype, device=tasks.support.device)
    for name in ("support", "query", "base_mean"):
        x = getattr(tasks, name)
        if x is not None:
            if isinstance(x, np.ndarray):
                sizes = _host_sizes(x)
            else:
                sizes = xp.maximum(xp.max(x, axis=(1, 2)), -xp.min(x, axis=(1, 2)))
            if not bool(xp.all(xp.isfinite(sizes))):
                raise must(name, "finite", Words("an infinity or NaN"))
            total = xp.maximum(total, sizes)
    return total


def _host_sizes(x: np.ndarray) -> np.ndarray:
    """Return the size of the largest coordinate of each task, in portions of tasks that a cache holds; NaN stays NaN.

    No kernel, since the first call would compile it, and NumPy reads as fast from a cache.
    """
    flat = x.reshape(len(x), -1)
    rows = max(1, PORTION // flat.shape[1])
    parts = (flat[first : first + rows] for first in range(0, len(flat), rows))
    return np.concatenate([np.maximum(part.max(axis=1), -part.min(axis=1)) for part in parts])


def _classes(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted classes of each task, (E, K), and the index of each label among them, (E, NS)."""
    try:
        order = np.argsort(labels, axis=1, kind="stable")
    except TypeError as error:
        raise must("support_labels", "of one kind, which can be sorted", labels) from error
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


def prepared(xp: Any, tasks: Tasks, normalize: str | None, query_shift: bool) -> tuple[Tasks, int]:
    """Center the features, scale them to length 1, and move the queries to the mean of the support.

    Fewer queries than classes stay where they are. The second value is the number of rows without a direction, which
    are 0 up to the rounding of the mean that was subtracted.
    """
    support, query, zeros, floor = tasks.support, tasks.query, 0, 0.0
    count = xp.sum(tasks.present, axis=1, keepdims=True)
    query_sum = xp.sum(query * tasks.present, axis=1, keepdims=True)
    if normalize == "center-l2":
        mean = tasks.base_mean
        if mean is None:  # no other classes are known: the points of the task themselves
            mean = (xp.sum(support, axis=1, keepdims=True) + query_sum) / (tasks.n_support + count)
        support, query = support - mean, query - mean
        floor = NOISE * xp.finfo(support.dtype).eps * xp.sqrt(xp.sum(mean * mean, axis=-1, keepdims=True))
    if normalize is not None:
        support, query, zeros = _unit(xp, support, query, tasks.present, floor)
    if query_shift:
        query_sum = xp.sum(query * tasks.present, axis=1, keepdims=True)
        query_mean = query_sum / xp.where(count > 0, count, xp.ones_like(count))
        move = xp.mean(support, axis=1, keepdims=True) - query_mean
        query = query + xp.where(count >= tasks.onehot.shape[-1], move, xp.zeros_like(move))
    return tasks._replace(support=support, query=query), zeros


def _unit(xp: Any, support: Any, query: Any, present: Any, floor: Any) -> tuple[Any, Any, int]:
    """Scale rows to length 1; rows no longer than the floor become 0, and those of present points are counted."""
    zeros, scaled = 0, []
    for x, here in ((support, xp.ones_like(support[..., :1])), (query, present)):
        length = xp.sqrt(xp.sum(x * x, axis=-1, keepdims=True))
        long = length > floor
        zeros += int(xp.sum(xp.astype(~long & (here > 0), xp.int64)))
        scaled.append(xp.where(long, x / xp.where(long, length, xp.ones_like(length)), xp.zeros_like(x)))
    return scaled[0], scaled[1], zeros


def class_means(xp: Any, tasks: Tasks) -> Any:
    """Return the mean of the support of each class, (E, K, D)."""
    counts = xp.sum(tasks.onehot, axis=1)[..., None]
    return xp.matrix_transpose(tasks.onehot) @ tasks.support / counts


def graph(xp: Any, X: Any, present: Any, n_neighbors: int, symmetrize: str | None) -> Any:
    """Return the graph of nearest neighbors of each task as a dense W, (E, N, N); absent points have no edges."""
    n = X.shape[1]
    eye = xp.eye(n, dtype=xp.bool, device=X.device)
    apart = squared_distances(xp, X, X)
    apart = xp.where(eye | (present == 0) | (xp.matrix_transpose(present) == 0), xp.full_like(apart, np.inf), apart)
    W = xp.zeros_like(apart)
    # one neighbor per round: argmin takes the first of equal ones, as the compiled graph does
    for _ in range(min(n_neighbors, n - 1)):
        nearest = dense.one_hot(xp, xp.argmin(apart, axis=-1), n, xp.bool) & (apart < np.inf)
        W = W + xp.astype(nearest, W.dtype)
        apart = xp.where(nearest, xp.full_like(apart, np.inf), apart)
    transposed = xp.matrix_transpose(W)
    if symmetrize == "mean":
        return (W + transposed) / 2
    return xp.where(transposed > W, transposed, W) if symmetrize == "max" else W
