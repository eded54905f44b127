r"""The door from `few_shot` to the compiled tasks: which calls go through it, and how their arrays are handed over."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from lrtheory._array import kernel_input
from lrtheory._parallel import in_threads, processors
from lrtheory._validation import integer
from lrtheory.transductive_clustering import prior_kernels, task_features, task_kernels
from lrtheory.transductive_clustering.methods import Answer, Rules
from lrtheory.transductive_clustering.task_features import Scalars
from lrtheory.transductive_clustering.tasks import NORMALIZE, Tasks

__all__ = ["is_compiled", "solve", "threads"]

KINDS = {
    "nearest": task_features.NEAREST,
    "laplacian-shot": task_features.SHOT,
    "k-means": task_features.SLK,
    "slk": task_features.SLK,
    "tim": task_features.TIM,
    "pt-map": task_features.PT_MAP,
}
CHUNK = 256  # tasks between which Ctrl-C is heard, a thread


def is_compiled(tasks: Tasks, method: str, rules: Rules) -> bool:
    """Whether a call is solved here: NumPy arrays, and a method with means or none."""
    return isinstance(tasks.support, np.ndarray) and method in KINDS and rules.prototype in ("mean", "rectified")


def solve(tasks: Tasks, method: str, rules: Rules, normalize: str | None, query_shift: bool, workers: int) -> Answer:
    """All tasks, in `workers` threads; each is solved alone, so their number changes nothing."""
    hard = method == "k-means" or rules.hard
    lam = 0.0 if method == "k-means" else rules.lam
    scalars = Scalars(
        kind=KINDS[method],
        n_classes=tasks.onehot.shape[-1],
        rectify=rules.prototype == "rectified",
        hard=hard,
        clamp=rules.clamp,
        lam=lam,
        temperature=rules.temperature,
        n_neighbors=rules.n_neighbors,
        symmetrize=("mean", "max", None).index(rules.symmetrize),
        normalize=NORMALIZE.index(normalize),
        shift=query_shift,
        damping=0.0 if isinstance(rules.damping, str) else float(rules.damping),
        inner_iter=rules.inner_iter,
        tol=rules.tol,
        max_iter=rules.max_iter,
        epsilon=float(np.finfo(tasks.support.dtype).eps),
    )
    E, n_query, K = len(tasks.classes), tasks.query.shape[1], tasks.onehot.shape[-1]
    base = np.empty((0, tasks.support.shape[2])) if tasks.base_mean is None else tasks.base_mean[:, 0]
    data = (
        kernel_input(tasks.support),
        kernel_input(tasks.query),
        kernel_input(tasks.onehot.argmax(axis=2), np.int64),
        kernel_input(tasks.present[..., 0] > 0),
        kernel_input(base, tasks.support.dtype),
        scalars,
    )
    probabilities, numbers = np.empty((E, n_query, K), tasks.support.dtype), np.empty((E, 6))
    kernels = prior_kernels if method in ("tim", "pt-map") else task_kernels
    for first in range(0, E, CHUNK * workers):
        ends = np.linspace(first, min(first + CHUNK * workers, E), workers + 1).astype(int).tolist()
        blocks = [(a, b) for a, b in itertools.pairwise(ends) if b > a]
        in_threads(kernels.solve_tasks, ((*data, probabilities, numbers, *block) for block in blocks))
    energy, damping, n_iter, converged, updates, zeros = numbers.T
    whole = n_iter.astype(np.int64)
    return Answer(probabilities, energy, damping, whole, converged > 0, int(updates.sum()), int(zeros.sum()))


def threads(n_jobs: Any) -> int:
    """How many threads: None is 1, -1 all processors."""
    if n_jobs is None:
        return 1
    number = integer("n_jobs", n_jobs, low=-1)
    return processors() if number == -1 else integer("n_jobs", number, low=1)
