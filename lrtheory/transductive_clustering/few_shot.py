r"""Few-shot classification: a handful of labeled points, and the unlabeled queries taken together.

Features in, labels out, for one task or thousands: center and normalize, move the queries to the mean of the support,
build the graph, and let prototypes and assignments take turns with the support clamped to its labels.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, to_numpy
from lrtheory._parallel import n_threads
from lrtheory._types import ArrayLike
from lrtheory._validation import choice, flag, integer, must, real, refuse_unused
from lrtheory.transductive_clustering.tasks import many_tasks
from lrtheory.transductive_clustering.tasks.episodes import EpisodeBatch
from lrtheory.transductive_clustering.tasks.inputs import NORMALIZE, Tasks, prepared, read_tasks
from lrtheory.transductive_clustering.tasks.methods import DEFAULTS, METHODS, N_NEIGHBORS, Answer, Rules
from lrtheory.transductive_clustering.tasks.result import FewShotResult, arguments
from lrtheory.transductive_clustering.updates import certificates
from lrtheory.transductive_clustering.updates.certificates import StationarityCertificate
from lrtheory.transductive_clustering.updates.inputs import step_factor, weights

__all__ = ["Turns", "few_shot"]

CHUNK = 2**25  # numbers in the largest array of a chunk of tasks on a device
CACHE = 2**19  # and on the host, whose caches are small
#: the options that each method uses, beside those on labels and features, which all of them use
OPTIONS = {
    "slk": {
        *("prototype", "lam", "temperature", "n_neighbors", "tol", "max_iter", "record"),
        *("turns.symmetrize", "turns.hard", "turns.clamp", "turns.damping", "turns.max_inner_iter"),
    },
    "k-means": {"prototype", "temperature", "n_neighbors", "tol", "max_iter", "record", "turns.clamp"},
    "nearest": {"temperature"},
    "laplacian-shot": {
        *("prototype", "lam", "temperature", "n_neighbors", "tol", "max_iter", "record"),
        *("turns.symmetrize", "turns.damping"),
    },
    "bd-cspn": set[str](),
    "tim": {"temperature", "tol", "max_iter"},
    "pt-map": {"temperature", "max_iter"},
    "label-spreading": {"temperature", "tol", "max_iter"},
}
#: the prototypes of each method that has a choice; the first one is the default
KINDS = {"slk": ("mean", "mode"), "k-means": ("mean", "mode"), "laplacian-shot": ("mean", "rectified")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Turns:
    r"""Rarely used options of `few_shot`, on the turns that assignments and prototypes take.

    Parameters
    ----------
    symmetrize : {"mean", "max", None}
        As in `knn_affinity`; None keeps the directed graph, which has no energy. Of "slk" and "laplacian-shot".
    hard : bool
        Prototypes from labels and not from assignments, as in "k-means" always; the energy may then rise. Of "slk".
    clamp : bool
        Clamp the support to its labels. Of "slk" and "k-means".
    damping : "auto", or float in (0, 1]
        As in `bound_update`, undamped with 1. Of "slk" and "laplacian-shot".
    max_inner_iter : int
        Largest number of updates of the assignments per turn. Of "slk".

    Raises
    ------
    ValueError
        If an option is unknown or out of range.
    TypeError
        If a flag is neither True nor False.

    Examples
    --------
    >>> Turns(hard=True).max_inner_iter
    5
    """

    symmetrize: str | None = "mean"
    hard: bool = False
    clamp: bool = True
    damping: float | str = "auto"
    max_inner_iter: int = 5

    def __post_init__(self) -> None:
        choice("symmetrize", self.symmetrize, ("mean", "max", None))
        for name in ("hard", "clamp"):
            object.__setattr__(self, name, flag(name, getattr(self, name)))
        if not (isinstance(self.damping, str) and self.damping == "auto"):
            step_factor(self.damping)
        integer("max_inner_iter", self.max_inner_iter, low=1)


@arrays("device")
def few_shot(
    support: ArrayLike | EpisodeBatch,
    support_labels: ArrayLike | None = None,
    query: ArrayLike | None = None,
    *,
    method: str = "slk",
    prototype: str | None = None,
    lam: float | None = None,
    temperature: float | None = None,
    n_neighbors: int | None = None,
    normalize: str | None = "center-l2",
    base_mean: ArrayLike | None = None,
    query_shift: bool = True,
    query_mask: ArrayLike | None = None,
    tol: float | None = None,
    max_iter: int | None = None,
    n_jobs: int | None = None,
    record: bool = False,
    turns: Turns | None = None,
) -> FewShotResult:
    r"""Label queries from a few labeled points, using the queries together.

    Arrays: any (device)

    Parameters
    ----------
    support : array of shape (NS, D) or (E, NS, D), or EpisodeBatch
        Labeled points of one task, or of E tasks; a batch brings its labels, queries and base mean.
    support_labels : array of shape (NS,) or (E, NS)
        Labels of the support points, numbers or strings; every task has the same number of classes, which may differ
        between tasks.
    query : array of shape (NQ, D) or (E, NQ, D)
        Points to label.
    method : {"slk", "k-means", "nearest", "laplacian-shot", "bd-cspn", "tim", "pt-map", "label-spreading"}
        The notes say what each of them does; "slk" is Laplacian K-prototypes.
    prototype : {"mean", "mode", "rectified"} or None
        Means or modes of "slk" and "k-means"; means or "rectified" prototypes of "laplacian-shot", whose means take
        queries in that look alike. None is "mean".
    lam : float or None
        lambda of "slk" and "laplacian-shot", for features of length 1; None is 0.21 and 0.7.
    temperature : float or None
        T of all methods but "bd-cspn", for features of length 1; None takes the default of the method: 0.3 for "slk",
        1 for "k-means", "nearest" and "laplacian-shot", 1 / 15 for "tim", 0.1 for "pt-map", 0.2 for
        "label-spreading".
    n_neighbors : int or None
        Neighbors of a point in the graph of "slk" and "laplacian-shot", and in the edges from which "slk" and "k-means"
        take the width of modes; None is 2.
    normalize : {"center-l2", "l2", None}
        Subtract the base mean and scale to length 1, scale only, or neither; a row of zeros stays zero.
    base_mean : array of shape (D,) or (E, D), or None
        The mean of features of other classes, which "center-l2" subtracts; None takes the mean of the task's own
        points.
    query_shift : bool
        Move the queries so that their mean is that of the support; wrong where classes are unbalanced. Where there are
        fewer queries than classes they stay, since their mean says nothing of the support, and ``message`` says so.
    query_mask : bool or int array of the shape of the labels of the queries, (NQ,) or (E, NQ), or None
        False for rows that only fill up a task of fewer queries.
    tol : float or None
        Tolerance of the stopping rule of `cluster` for "slk", "k-means" and "laplacian-shot"; of "tim" the largest move
        of a coordinate, in units of the length of the support's points, and of "label-spreading" that of a share. None
        is 1e-5, 1e-5, 1e-6, 1e-4 and 1e-3.
    max_iter : int or None
        Largest number of turns of "slk", "k-means" and "pt-map", or of updates of "laplacian-shot", "tim" and
        "label-spreading"; None is 100, 100, 10, 20, 150 and 30.
    n_jobs : int or None
        Threads over tasks for NumPy arrays; None is 1, -1 all processors.
    record : bool
        Keep the energies of "slk", "k-means" and "laplacian-shot".
    turns : Turns or None
        Options of the alternation between assignments and prototypes of "slk"; "k-means" and "laplacian-shot" use a
        part of them. None is ``Turns()``.

    Returns
    -------
    FewShotResult
        Labels and assignments in arrays of the caller's library. Each task is solved as if it were alone.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite or out of range, tasks have different numbers of classes, the
        method does not use an option that is given, or the mark of queries that are left out is itself a class.
    TypeError
        If the points are not arrays of real numbers, or a flag is neither True nor False.

    Warns
    -----
    UserWarning
        Where a row has no direction, since it is 0, or the mean that is subtracted, up to rounding.

    Notes
    -----
    The methods start from the means of the support, and keep the support at its labels.

    * "slk": Laplacian K-prototypes, whose assignments are soft and agree with those of neighbors [1]_.
    * "k-means": hard labels and means in turn [1]_; with ``prototype="mode"`` modes of the density, by mean shift.
      There is no graph; it is the limit of "slk" as lambda and T fall to 0.
    * "nearest": the nearest class mean of the support, without a look at the other queries (SimpleShot) [2]_.
    * "laplacian-shot": `bound_update` on the squared distances from prototypes that stay where they are [3]_.
    * "bd-cspn": class means that take in the queries that look alike, then the largest cosine; weights and
      probabilities are a softmax of 10 cosines [4]_.
    * "tim": confident queries and classes of equal size, by closed-form updates of labels and weights in turn [5]_
      (TIM-ADM); logits are squared distances over -2 T, and 1 / 15 is the published T.
    * "pt-map": balanced optimal transport between queries and classes of equal size [6]_. The power transform is left
      to the caller, since features may be negative here.
    * "label-spreading": labels spread over an affinity that is normalized by the roots of the degrees [7]_.

    The energy of "slk" with soft means never rises at a turn of a task, nor that of "laplacian-shot" at an update, with
    a symmetric graph and damping "auto" (statements TC-T9-tasks and TC-T5-damped); the certificate bounds the distance
    to the only fixed point where updates contract (statement TC-T7).

    Features are normalized in units of their largest coordinate, so their scale changes nothing.

    The default of "slk", soft means at T = 0.3, was chosen on tasks whose queries are spread evenly over the classes.
    Where they are not, soft means drift from small classes and the default loses much: take ``Turns(hard=True)``, a
    lower ``temperature`` (with ``lam`` in proportion), or method "laplacian-shot", whose prototypes stay where they
    are, and ``query_shift=False``, since the mean of the queries then is no mean of the classes. Compare them by
    `evaluate` with ``proportions``.

    References
    ----------
    .. [1] I. M. Ziko, M. Boudiaf, J. Dolz, E. Granger, I. Ben Ayed, Transductive Few-Shot Learning: Clustering is All
       You Need?, arXiv 2106.09516, 2021.
    .. [2] Y. Wang, W.-L. Chao, K. Weinberger, L. van der Maaten, SimpleShot, arXiv 1911.04623, 2019.
    .. [3] I. M. Ziko, J. Dolz, E. Granger, I. Ben Ayed, Laplacian Regularized Few-Shot Learning, ICML 2020.
    .. [4] J. Liu, L. Song, Y. Qin, Prototype Rectification for Few-Shot Learning, ECCV 2020.
    .. [5] M. Boudiaf et al., Transductive Information Maximization for Few-Shot Learning, NeurIPS 2020.
    .. [6] Y. Hu, V. Gripon, S. Pateux, Leveraging the Feature Distribution in Transfer-Based Few-Shot Learning,
       ICANN 2021.
    .. [7] D. Zhou et al., Learning with Local and Global Consistency, NeurIPS 2003.

    Examples
    --------
    >>> support, query = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.1, 0.9], [0.9, 0.2], [0.2, 1.0]])
    >>> few_shot(support, np.array([7, 3]), query, normalize=None).labels.tolist()
    [7, 3, 7]
    """
    choice("method", method, tuple(OPTIONS))
    query_shift, record = flag("query_shift", query_shift), flag("record", record)
    if not isinstance(turns, Turns | None):
        raise must("turns", "None or a Turns", turns, TypeError)
    turns = Turns() if turns is None else turns
    of_turns = {field.name: getattr(turns, field.name) for field in fields(Turns)}
    refuse_unused(
        method,
        OPTIONS[method],
        prototype=(prototype, None),
        lam=(lam, None),
        temperature=(temperature, None),
        n_neighbors=(n_neighbors, None),
        tol=(tol, None),
        max_iter=(max_iter, None),
        record=(record, False),
        **{f"turns.{field.name}": (getattr(turns, field.name), field.default) for field in fields(Turns)},
    )
    choice("normalize", normalize, NORMALIZE)
    points, labels, queries, mean = arguments(support, support_labels, query, base_mean)
    tasks = read_tasks(points, labels, queries, mean, query_mask, scaled=normalize is not None)
    kinds, own = KINDS.get(method, ("mean",)), DEFAULTS[method]
    heat = own[1] if temperature is None else temperature
    weight, heat = weights(own[0] if lam is None else lam, heat, tasks.support.dtype)
    rules = Rules(
        prototype=choice("prototype", kinds[0] if prototype is None else prototype, kinds),
        lam=weight,
        temperature=heat,
        n_neighbors=integer("n_neighbors", N_NEIGHBORS if n_neighbors is None else n_neighbors, low=0),
        tol=real("tol", own[2] if tol is None else tol, low=0, high=1),
        max_iter=integer("max_iter", own[3] if max_iter is None else max_iter, low=1),
        normalize=normalize,
        query_shift=query_shift,
        record=record,
        **of_turns,
    )
    answers = _solved(tasks, method, rules, n_threads(n_jobs))
    _warn_of_zeros(sum(answer.zeros for answer in answers))
    return _as_result(array_namespace(tasks.support), tasks, answers, method, rules, alone=np.ndim(points) == 2)


def _warn_of_zeros(zeros: int) -> None:
    """Warn of rows without a direction, where there are some."""
    if zeros:
        text = f"{zeros} rows have no direction, since they are 0 (or the mean) before lengths are made 1; they stay 0"
        warnings.warn(text, UserWarning, stacklevel=4)  # 2 is `few_shot`, 3 the wrapper of `arrays`


def _solved(tasks: Tasks, method: str, rules: Rules, workers: int) -> list[Answer]:
    """Solve all tasks by one compiled call, or portion by portion with array code."""
    if many_tasks.is_compiled(tasks, method, rules):
        return [many_tasks.solve(tasks, method, rules, workers)]
    xp = array_namespace(tasks.support)
    ready = (prepared(xp, part, rules.normalize, rules.query_shift) for part in _chunks(tasks))
    return [METHODS[method](xp, part, rules)._replace(zeros=zeros) for part, zeros in ready]


def _chunks(tasks: Tasks) -> Iterator[Tasks]:
    """Yield the tasks in portions whose graphs fit in memory, and on the host in its caches."""
    E, n = len(tasks.classes), tasks.n_support + tasks.query.shape[1]
    largest = CACHE if isinstance(tasks.support, np.ndarray) else CHUNK
    size = max(1, largest // (n * max(n, tasks.support.shape[2])))
    for first in range(0, E, size):
        yield tasks.part(slice(first, min(first + size, E)))


def _as_result(
    xp: Any, tasks: Tasks, answers: list[Answer], method: str, rules: Rules, *, alone: bool
) -> FewShotResult:
    joined = [xp.concat([getattr(a, name) for a in answers], axis=0) for name in Answer._fields[:5]]
    probabilities, energy, damping, n_iter, converged = joined
    classes, labels = _named(xp, tasks, xp.argmax(probabilities, axis=-1))
    everywhere = bool(xp.all(converged))
    message = "energy and assignments stand still" if everywhere else "max_iter was reached"
    if bool(xp.any(damping < 1)):
        message += "; steps were damped"
    message += _unmoved(xp, tasks, rules)
    if answers[0].proof is None:
        message += f"; no certificate and no energies, since {method!r} lowers no energy"
    first = (lambda a: a[0, ...]) if alone else (lambda a: a)
    return FewShotResult(
        labels=first(labels),
        probabilities=first(probabilities),
        classes=first(classes),
        energy=float(energy[0]) if alone else energy,
        damping=float(damping[0]) if alone else damping,
        prototypes=first(_joined(xp, answers, "prototypes")) if answers[0].prototypes is not None else None,
        options={name: value for name, value in rules._asdict().items() if name != "record"},
        method=method,
        n_iter=int(xp.max(n_iter)),
        converged=everywhere,
        message=message,
        counts={"tasks": len(tasks.classes), "updates": sum(a.updates for a in answers)},
        certificate=_certificate(xp, answers, rules, alone),
        trace=_trace(xp, answers, alone),
    )


def _unmoved(xp: Any, tasks: Tasks, rules: Rules) -> str:
    """Return a remark on tasks with fewer queries than classes, whose mean says nothing, so they were not moved."""
    few = xp.sum(tasks.present, axis=(1, 2)) < tasks.onehot.shape[-1]
    n = int(xp.sum(xp.astype(few, xp.int64))) if rules.query_shift else 0
    E = len(tasks.classes)
    whose = "the queries" if E == 1 else f"the queries of {n} of {E} tasks"
    return f"; {whose} were not moved, being fewer than the classes" if n else ""


def _joined(xp: Any, parts: list[Any], name: str) -> Any:
    """Join a field of all portions of the tasks."""
    arrays_ = [getattr(part, name) for part in parts]
    return arrays_[0] if len(arrays_) == 1 else xp.concat(arrays_, axis=0)


def _certificate(xp: Any, answers: list[Answer], rules: Rules, alone: bool) -> StationarityCertificate | None:
    """Return the certificate of the assignments, with one entry per task."""
    proofs: list[Any] = [answer.proof for answer in answers]
    if proofs[0] is None:
        return None
    move, q, monotone = (_joined(xp, proofs, name) for name in ("gap", "contraction", "monotone"))
    Z, clamped = _joined(xp, proofs, "assignments"), None
    if any(proof.clamped is not None for proof in proofs):
        # a portion without clamped rows gets rows of -1
        rows = [xp.argmax(0 * p.assignments, axis=-1) - 1 if p.clamped is None else p.clamped for p in proofs]
        clamped = xp.concat(rows, axis=0)
    far, least = certificates.reach(xp, move, q), xp.zeros_like(move)
    if alone:
        move, least, q, far, monotone = float(move[0]), 0.0, float(q[0]), float(far[0]), bool(monotone[0])
        Z, clamped = Z[0, ...], None if clamped is None else clamped[0, ...]
    weights = {"lam": rules.lam, "temperature": rules.temperature, "clamp": clamped}
    return StationarityCertificate._of(move, least, certificates.STATEMENT, far, q, monotone, Z, **weights)


def _trace(xp: Any, answers: list[Answer], alone: bool) -> Mapping[str, Any] | None:
    """The energies of all tasks, by steps; those of tasks that have ended are repeated."""
    parts = [energies for answer in answers for energies in answer.energies]
    if not parts:
        return None
    steps = max(part.shape[1] for part in parts)
    rows = [xp.concat([a] + [a[:, -1:]] * (steps - a.shape[1]), axis=1) if a.shape[1] < steps else a for a in parts]
    energies = xp.matrix_transpose(xp.concat(rows, axis=0))
    return {"energies": energies[:, 0] if alone else energies}


def _named(xp: Any, tasks: Tasks, best: Any) -> tuple[Any, Any]:
    """The classes, and the class of each query in the caller's values: numbers in the caller's library."""
    classes, device = tasks.classes, best.device
    if isinstance(best, np.ndarray) or classes.dtype.kind not in "biuf":
        labels = np.take_along_axis(classes, np.asarray(to_numpy(best)), 1)
        if tasks.mark is not None or classes.dtype.kind == "O":
            absent = np.asarray(to_numpy(tasks.present))[..., 0] == 0
            labels[absent] = tasks.mark
        return classes, labels
    exact = classes if classes.dtype.kind == "f" else classes.astype(np.int64)  # no library adds up truth values
    values = xp.asarray(exact, device=device)[:, None, :]
    indices = xp.arange(classes.shape[1], dtype=best.dtype, device=device)
    labels = xp.sum(xp.where(best[..., None] == indices, values, xp.zeros_like(values)), axis=-1, dtype=values.dtype)
    if tasks.mark is not None:
        mark = xp.asarray(tasks.mark, dtype=labels.dtype, device=device)
        labels = xp.where(tasks.present[..., 0] > 0, labels, mark)
    own = xp.asarray(classes, device=device)
    return own, xp.astype(labels, own.dtype)
