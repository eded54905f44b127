r"""Few-shot classification: a handful of labeled points, and the unlabeled queries taken together.

Features in, labels out, for one task or thousands: center and normalize, move the queries to the mean of the support,
build the graph, and let prototypes and assignments take turns with the support held at its labels.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, to_numpy
from lrtheory._parallel import n_threads
from lrtheory._validation import choice, integer, must, real
from lrtheory.transductive_clustering.tasks import many_tasks
from lrtheory.transductive_clustering.tasks.methods import DEFAULTS, METHODS, Answer, Rules
from lrtheory.transductive_clustering.tasks.reading import NORMALIZE, Tasks, prepared, read_tasks
from lrtheory.transductive_clustering.tasks.result import FewShotResult, arguments
from lrtheory.transductive_clustering.updates import certificates
from lrtheory.transductive_clustering.updates.certificates import Stationarity
from lrtheory.transductive_clustering.updates.inputs import flag, positive, weights

__all__ = ["few_shot"]

CHUNK = 2**25  # numbers in the largest array of a chunk of tasks on a device
CACHE = 2**19  # and on the host, whose caches are small


@arrays("device")
def few_shot(
    support: Any,
    support_labels: Any = None,
    query: Any = None,
    *,
    method: str = "slk",
    prototype: str = "mean",
    lam: float | None = None,
    temperature: float | None = None,
    n_neighbors: int = 2,
    symmetrize: str | None = "mean",
    normalize: str | None = "center-l2",
    base_mean: Any = None,
    query_shift: bool = True,
    query_mask: Any = None,
    hard: bool = False,
    clamp: bool = True,
    damping: float | str = "auto",
    max_inner_iter: int = 5,
    tol: float | None = None,
    max_iter: int | None = None,
    n_jobs: int | None = None,
    record: bool = False,
) -> FewShotResult:
    r"""Label queries from a few labeled points, using the queries together.

    Arrays: any (device)

    Parameters
    ----------
    support : array of shape (NS, D) or (E, NS, D), or EpisodeBatch
        Labeled points of one task, or of E tasks; a batch brings its labels, queries and base mean.
    support_labels : array of shape (NS,) or (E, NS)
        Their labels, numbers or strings; every task has the same number of classes, not necessarily the same ones.
    query : array of shape (NQ, D) or (E, NQ, D)
        Points to label.
    method : {"slk", "k-means", "nearest", "laplacian-shot", "bd-cspn", "tim", "pt-map", "label-spreading"}
        See `baselines` for all but the first, which is Laplacian K-prototypes.
    prototype : {"mean", "mode", "rectified"}
        Means or modes of "slk" and "k-means"; "rectified" ones, which take queries in, of "laplacian-shot".
    lam, temperature : float or None
        lambda and T, for features of length 1; None takes what suits the method: 0.21 and 0.3 for "slk". Of lambda
        alone "slk" and "laplacian-shot" make use.
    n_neighbors : int
        Of the graph.
    symmetrize : {"mean", "max", None}
        As in `knn_affinity`; None keeps the directed graph, which has no energy.
    normalize : {"center-l2", "l2", None}
        Subtract the base mean and scale to length 1, scale only, or neither; a row of zeros stays one.
    base_mean : array of shape (D,) or (E, D), or None
        Mean of features of other classes; None takes the mean of the task's own points.
    query_shift : bool
        Move the queries so that their mean is that of the support; wrong where classes are unbalanced. Where there are
        fewer queries than classes they stay, since their mean is that of no support, and ``message`` tells.
    query_mask : bool or int array of the shape of the labels of the queries, (NQ,) or (E, NQ), or None
        False for rows that only fill up a task of fewer queries.
    hard : bool
        Prototypes from labels in place of assignments, as in "k-means" always; the energy may then rise.
    clamp : bool
        Hold the support at its labels.
    damping : "auto", or float in (0, 1]
        As in `bound_update`.
    max_inner_iter : int
        Largest number of updates of the assignments a turn.
    tol : float or None
        As in `cluster`, of "tim" the largest move of a coordinate, in units of the length of the support's points;
        None takes what suits the method.
    max_iter : int or None
        Largest number of turns, or of updates of "laplacian-shot"; None takes what suits the method.
    n_jobs : int or None
        Threads over tasks for NumPy arrays; None is 1, -1 all processors.
    record : bool
        Keep the energies, where the method lowers one.

    Returns
    -------
    FewShotResult
        In the caller's library. Each task is solved as if it were alone.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite or out of range, tasks have different numbers of classes, an
        option has no meaning for the method, or the mark of queries that are left out is itself a class.
    TypeError
        If the points are no arrays of real numbers.

    Warns
    -----
    UserWarning
        Where a row has no direction, since it is 0, or the mean that is subtracted, up to rounding.

    Notes
    -----
    The energy of "slk" with soft means never rises at a turn of a task, nor that of "laplacian-shot" at an update, with
    a symmetric graph and damping "auto" (statements TC-T9-tasks and TC-T5-damped); the certificate bounds the distance
    to the only fixed point where updates contract (statement TC-T7).

    Features are normalized in units of their largest coordinate, so their scale changes nothing.

    The default of "slk", soft means at T = 0.3, was chosen on tasks whose queries are spread evenly over the classes.
    Where they are not, soft means drift from small classes and the default loses much: take ``hard=True``, a lower
    ``temperature`` (with ``lam`` in proportion), or method "laplacian-shot", whose prototypes stay where they are, and
    ``query_shift=False``, since the mean of the queries then is no mean of the classes. Compare them by `evaluate` with
    ``proportions``.

    References
    ----------
    .. [1] I. M. Ziko, M. Boudiaf, J. Dolz, E. Granger, I. Ben Ayed, Transductive Few-Shot Learning: Clustering is All
       You Need?, arXiv 2106.09516, 2021.

    Examples
    --------
    >>> support, query = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.1, 0.9], [0.9, 0.2], [0.2, 1.0]])
    >>> few_shot(support, np.array([7, 3]), query, normalize=None).labels.tolist()
    [7, 3, 7]
    """
    choice("method", method, tuple(METHODS))
    support, support_labels, query, base_mean = arguments(support, support_labels, query, base_mean)
    choice("normalize", normalize, NORMALIZE)
    query_shift, record = flag("query_shift", query_shift), flag("record", record)
    tasks = read_tasks(support, support_labels, query, base_mean, query_mask, scaled=normalize is not None)
    options = {"prototype": prototype, "n_neighbors": n_neighbors, "symmetrize": symmetrize, "hard": hard}
    options |= {"lam": lam, "temperature": temperature, "clamp": clamp, "damping": damping}
    options |= {"normalize": normalize, "query_shift": query_shift, "record": record}
    dtype = tasks.support.dtype
    rules = rules_of(method, dtype, max_inner_iter=max_inner_iter, tol=tol, max_iter=max_iter, **options)
    xp, workers = array_namespace(tasks.support), n_threads(n_jobs)
    if many_tasks.is_compiled(tasks, method, rules):
        answers = [many_tasks.solve(tasks, method, rules, workers)]
    else:
        ready = (prepared(xp, part, normalize, query_shift) for part in _chunks(tasks))
        answers = [METHODS[method](xp, part, rules)._replace(zeros=zeros) for part, zeros in ready]
    zeros = sum(answer.zeros for answer in answers)
    if zeros:
        text = f"{zeros} rows have no direction, since they are 0 (or the mean) before lengths are made 1; they stay 0"
        warnings.warn(text, UserWarning, stacklevel=3)  # 2 is the wrapper of `arrays`
    return _as_result(xp, tasks, answers, method, rules, alone=np.ndim(support) == 2)


def _chunks(tasks: Tasks) -> Iterator[Tasks]:
    """Yield the tasks in portions whose graphs fit in memory, and on the host in its caches."""
    E, n = len(tasks.classes), tasks.n_support + tasks.query.shape[1]
    largest = CACHE if isinstance(tasks.support, np.ndarray) else CHUNK
    size = max(1, largest // (n * max(n, tasks.support.shape[2])))
    for first in range(0, E, size):
        yield tasks.part(slice(first, min(first + size, E)))


def rules_of(method: str, dtype: Any, **options: Any) -> Rules:
    """The options, checked, with the method's own where None was given."""
    own = dict(zip(("lam", "temperature", "tol", "max_iter"), DEFAULTS[method], strict=True))
    given: dict[str, Any] = {
        name: own.get(name) if value is None and name in own else value for name, value in options.items()
    }
    allowed = {"slk": ("mean", "mode"), "k-means": ("mean", "mode"), "laplacian-shot": ("mean", "rectified")}
    choice("prototype", given["prototype"], allowed.get(method, ("mean",)))
    choice("symmetrize", given["symmetrize"], ("mean", "max", None))
    if isinstance(given["damping"], str):
        choice("damping", given["damping"], ("auto",))
    else:
        positive("damping", real("damping", given["damping"], low=0, high=1))
    given["lam"], given["temperature"] = weights(given["lam"], given["temperature"], dtype)
    if DEFAULTS[method][0] == 0 < given["lam"]:
        raise must("lam", f"0 or None for {method!r}, which has no graph to weigh", given["lam"])
    given["n_neighbors"] = integer("n_neighbors", given["n_neighbors"], low=0)
    given["max_inner_iter"] = integer("max_inner_iter", given["max_inner_iter"], low=1)
    given["tol"], given["max_iter"] = (
        real("tol", given["tol"], low=0, high=1),
        integer("max_iter", given["max_iter"], low=1),
    )
    for name in ("hard", "clamp"):
        given[name] = flag(name, given[name])
    return Rules(**given)


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


def _certificate(xp: Any, answers: list[Answer], rules: Rules, alone: bool) -> Stationarity | None:
    """Return the certificate of the assignments, with one entry per task."""
    proofs: list[Any] = [answer.proof for answer in answers]
    if proofs[0] is None:
        return None
    gap, q, monotone = (_joined(xp, proofs, name) for name in ("gap", "contraction", "monotone"))
    Z, held = _joined(xp, proofs, "assignments"), None
    if any(proof.held is not None for proof in proofs):
        rows = [xp.argmax(0 * p.assignments, axis=-1) - 1 if p.held is None else p.held for p in proofs]
        held = xp.concat(rows, axis=0)
    bound = certificates.reach(xp, gap, q)
    if alone:
        gap, q, bound, monotone = float(gap[0]), float(q[0]), float(bound[0]), bool(monotone[0])
        Z, held = Z[0, ...], None if held is None else held[0, ...]
    own = {"assignments": Z, "lam": rules.lam, "temperature": rules.temperature, "clamp": held}
    return Stationarity(gap, bound, q, monotone, certificates.STATEMENT, **own)


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
    places = xp.arange(classes.shape[1], dtype=best.dtype, device=device)
    labels = xp.sum(xp.where(best[..., None] == places, values, xp.zeros_like(values)), axis=-1, dtype=values.dtype)
    if tasks.mark is not None:
        mark = xp.asarray(tasks.mark, dtype=labels.dtype, device=device)
        labels = xp.where(tasks.present[..., 0] > 0, labels, mark)
    own = xp.asarray(classes, device=device)
    return own, xp.astype(labels, own.dtype)
