r"""The result of `few_shot`: labels of the queries, with the problem that verifies its certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, beside_jax, to_numpy
from lrtheory._result import Result, result
from lrtheory._result.display import bars
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import must
from lrtheory.transductive_clustering.problem import AssignmentProblem
from lrtheory.transductive_clustering.tasks.episodes import EpisodeBatch
from lrtheory.transductive_clustering.tasks.inputs import prepared, read_tasks
from lrtheory.transductive_clustering.tasks.methods import Rules, task_problem
from lrtheory.transductive_clustering.updates.certificates import StationarityCertificate
from lrtheory.transductive_clustering.updates.display import certified, draw_energies, rows_of

__all__ = ["FewShotResult", "arguments"]


@result
class FewShotResult(Result):
    r"""Labels of the queries of one task, or of E tasks.

    Attributes
    ----------
    labels : array of shape (NQ,) or (E, NQ)
        In the values of the support's labels. Queries that the mask leaves out get -1, an empty string where labels
        are strings, and labels without a sign become int64 then.
    probabilities : array of shape (NQ, K) or (E, NQ, K)
        Assignments, columns in the order of `classes`; 0 for queries that the mask leaves out.
    classes : array of shape (K,) or (E, K)
        The classes of each task, sorted.
    energy : float or array of shape (E,)
        R_T at the end for "slk", "k-means" and "laplacian-shot"; the sum of the costs of the labels for the others.
    damping : float or array of shape (E,)
        Step factor at the end; below 1 when steps were shortened so that the energy falls.
    prototypes : array of shape (K, D) or (E, K, D), or None
        Prototypes of the classes at the end, among the features as they are after normalization; None for
        "label-spreading".
    options : mapping
        The options that were used, with the defaults of the method where None was given.
    method : str
        The method.
    n_iter : int
        The number of turns of the task that took most.
    converged : bool
        Whether energy and assignments stand still, in every task.
    message : str
        Reason for the end of the run.
    counts : mapping
        ``tasks``, and ``updates`` of assignments in all of them.
    certificate : StationarityCertificate or None
        Certificate of the assignments for the prototypes at the end, of each task, for "slk", "k-means" and
        "laplacian-shot"; it is verified by `assignment_problem`. The other methods lower no such energy.
    trace : mapping or None
        ``energies`` where they were recorded, of the methods with a certificate: (steps,) or (steps, E), at the start,
        then after the assignments and after the prototypes of each turn; after each update of "laplacian-shot". A task
        that has ended keeps its last one.
    """

    labels: Array
    probabilities: Array
    classes: Array
    energy: float | Array
    damping: float | Array
    prototypes: Array | None
    options: Mapping[str, Any]
    method: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]
    certificate: StationarityCertificate | None
    trace: Mapping[str, Array] | None

    def _columns(self) -> dict[str, Any]:
        columns = rows_of(self.probabilities, None, "label")
        probability = columns.pop("assignment")
        named = {"problem": "task", "point": "query"}
        columns = {named.get(name, name): cells for name, cells in columns.items()}
        return columns | {"label": np.asarray(to_numpy(self.labels)).ravel(), "probability": probability}

    def _facts(self) -> list[str]:
        return [*([] if self.certificate is None else [certified(self.certificate)]), self.message]

    def _draw(self, ax: Any) -> None:
        if self.trace is not None:
            draw_energies(ax, self.trace["energies"], "task", "step")
            return
        classes, counts = np.unique(np.asarray(to_numpy(self.labels)).astype(str), return_counts=True)
        bars(ax, classes.tolist(), counts, label="queries")

    @beside_jax
    def assignment_problem(
        self,
        support: ArrayLike | EpisodeBatch,
        support_labels: ArrayLike | None = None,
        query: ArrayLike | None = None,
        *,
        base_mean: ArrayLike | None = None,
        query_mask: ArrayLike | None = None,
    ) -> AssignmentProblem:
        """Costs of the prototypes with graph and clamped labels, by which the certificate is verified.

        Parameters
        ----------
        support : array of shape (NS, D) or (E, NS, D), or EpisodeBatch
            Labeled points that were given to `few_shot`.
        support_labels : array of shape (NS,) or (E, NS)
            Labels that were given to `few_shot`.
        query : array of shape (NQ, D) or (E, NQ, D)
            Queries that were given to `few_shot`.
        base_mean : array of shape (D,) or (E, D), or None
            Base mean that was given to `few_shot`.
        query_mask : bool or int array of shape (NQ,) or (E, NQ), or None
            Mask that was given to `few_shot`.

        Returns
        -------
        AssignmentProblem
            For `bound_update` and ``certificate.verify``: its rows are support and queries, of "laplacian-shot" the
            queries alone. Masked queries are clamped to the first class, without costs and neighbors. Graphs are
            dense here.

        Raises
        ------
        ValueError
            If the method has no such problem, or arrays do not fit.
        """
        if self.certificate is None:
            raise must("method", "one that lowers an energy: 'slk', 'k-means' or 'laplacian-shot'", self.method)
        points, labels, queries, mean = arguments(support, support_labels, query, base_mean)
        rules = Rules(**self.options)
        tasks = read_tasks(points, labels, queries, mean, query_mask, scaled=rules.normalize is not None)
        xp = array_namespace(tasks.support)
        ready, _ = prepared(xp, tasks, rules.normalize, rules.query_shift)
        alone = np.ndim(points) == 2
        prototypes = xp.asarray(self.prototypes)
        prototypes = prototypes[None, ...] if alone else prototypes
        costs, W, clamped = task_problem(xp, ready, rules, self.method, prototypes)
        if alone:
            costs, W, clamped = costs[0, ...], W[0, ...], None if clamped is None else clamped[0, ...]
        return AssignmentProblem(costs, W, clamp=clamped)


def arguments(support: Any, support_labels: Any, query: Any, base_mean: Any) -> tuple[Any, Any, Any, Any]:
    """Return the arrays of a call: the given ones, or those of a batch of episodes."""
    if not isinstance(support, EpisodeBatch):
        for name, value, what in (("support_labels", support_labels, "labels"), ("query", query, "points to label")):
            if value is None:
                raise must(name, f"given beside an array `support`, as the {what}", None)
        return support, support_labels, query, base_mean
    if support_labels is not None or query is not None:
        raise must("support", "arrays where labels and queries are given", support, TypeError)
    base_mean = support.base_mean if base_mean is None else base_mean
    return support.support, support.support_labels, support.query, base_mean
