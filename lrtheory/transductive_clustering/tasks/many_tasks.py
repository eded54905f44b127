r"""The passage from `few_shot` to the compiled tasks: it decides which calls take it, and hands their arrays over."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from lrtheory._array import kernel_input
from lrtheory._parallel import in_threads
from lrtheory.transductive_clustering.tasks import features as task_features
from lrtheory.transductive_clustering.tasks import kernels as task_kernels
from lrtheory.transductive_clustering.tasks import priors as prior_kernels
from lrtheory.transductive_clustering.tasks.features import Batch, Outputs, Scalars
from lrtheory.transductive_clustering.tasks.inputs import NORMALIZE, Tasks
from lrtheory.transductive_clustering.tasks.methods import Answer, Proof, Rules, clamped_rows, whole_rows

__all__ = ["is_compiled", "solve"]

KINDS = {
    "nearest": task_features.NEAREST,
    "laplacian-shot": task_features.SHOT,
    "k-means": task_features.SLK,
    "slk": task_features.SLK,
    "tim": task_features.TIM,
    "pt-map": task_features.PT_MAP,
}
CHUNK = 256  # tasks per thread after which threads return, so that Ctrl-C is heard
NUMBERS = 9  # of a task, see `task_kernels.solve_tasks`


def is_compiled(tasks: Tasks, method: str, rules: Rules) -> bool:
    """Tell whether compiled code solves a call, one of NumPy arrays by a method whose prototypes are means."""
    return isinstance(tasks.support, np.ndarray) and method in KINDS and rules.prototype in ("mean", "rectified")


def solve(tasks: Tasks, method: str, rules: Rules, workers: int) -> Answer:
    """Solve all tasks in `workers` threads; each task is solved alone, so the number of threads changes no result."""
    E, K, D = len(tasks.classes), tasks.onehot.shape[-1], tasks.support.shape[2]
    base = np.empty((0, D)) if tasks.base_mean is None else tasks.base_mean[:, 0]
    batch = Batch(
        support=kernel_input(tasks.support),
        query=kernel_input(tasks.query),
        classes=kernel_input(tasks.onehot.argmax(axis=2), np.int64),
        present=kernel_input(tasks.present[..., 0] > 0),
        base=kernel_input(base, tasks.support.dtype),
    )
    scalars = _scalars(tasks, method, rules)
    ours = tasks.n_support if KINDS[method] == task_features.SLK else 0  # rows of the support among the assignments
    Z = np.empty((E, ours + tasks.query.shape[1], K), tasks.support.dtype)
    found = Outputs(Z, np.empty((E, K, D), Z.dtype), np.empty((E, NUMBERS)))
    kernels = prior_kernels if method in ("tim", "pt-map") else task_kernels
    # portions bound the memory of recorded energies, and threads return between them, where Ctrl-C is heard
    energies, length = [], _path_length(method, rules.max_iter) if rules.record else 0
    for first in range(0, E, CHUNK * workers):
        ends = np.linspace(first, min(first + CHUNK * workers, E), workers + 1).astype(int).tolist()
        blocks = [(np.empty((b - a, length)), a, b) for a, b in itertools.pairwise(ends) if b > a]
        if scalars.rectify:
            parts = ((batch, scalars, found.prototypes, *block[1:]) for block in blocks)
            in_threads(task_features.rectify_tasks, parts)
        in_threads(kernels.solve_tasks, ((batch, scalars, found, *block) for block in blocks))
        energies += [_up_to_the_end(method, path, found.numbers[a:b, 2]) for path, a, b in blocks if length]
    return _answer(tasks, method, rules, found, energies)


def _path_length(method: str, n_iter: Any) -> Any:
    """Return the length of the energy path: n_iter + 1 for LaplacianShot, 2 n_iter + 1 for SLK, 0 without an energy."""
    if KINDS[method] == task_features.SHOT:
        return n_iter + 1
    return 2 * n_iter + 1 if KINDS[method] == task_features.SLK else 0


def _up_to_the_end(method: str, path: np.ndarray, n_iter: np.ndarray) -> np.ndarray:
    """Return the energies of some tasks, (E, steps); the last energy of a task that has ended is repeated."""
    last = _path_length(method, n_iter.astype(np.int64))[:, None] - 1
    return np.take_along_axis(path, np.minimum(np.arange(last.max() + 1), last), axis=1)


def _answer(tasks: Tasks, method: str, rules: Rules, found: Outputs, energies: list[np.ndarray]) -> Answer:
    """Build the answer that the methods give from the arrays that the kernels have filled."""
    Z = found.assignments
    energy, damping, n_iter, converged, updates, zeros, gap, norm, monotone = found.numbers.T
    proof = None
    if _path_length(method, 1):
        clamped, contraction = clamped_rows(np, tasks, rules, Z.shape[1]), rules.lam * norm / (2 * rules.temperature)
        proof = Proof(whole_rows(np, tasks, Z), clamped, gap, contraction, monotone > 0)
    return Answer(
        probabilities=Z[:, Z.shape[1] - tasks.query.shape[1] :],
        energy=energy,
        damping=damping,
        n_iter=n_iter.astype(np.int64),
        converged=converged > 0,
        updates=int(updates.sum()),
        zeros=int(zeros.sum()),
        prototypes=found.prototypes,
        proof=proof,
        energies=energies,
    )


def _scalars(tasks: Tasks, method: str, rules: Rules) -> Scalars:
    """Return the options as numbers, which compiled code takes."""
    return Scalars(
        kind=KINDS[method],
        n_classes=tasks.onehot.shape[-1],
        rectify=rules.prototype == "rectified",
        hard=method == "k-means" or rules.hard,
        clamp=rules.clamp,
        lam=rules.lam,
        temperature=rules.temperature,
        n_neighbors=rules.n_neighbors,
        symmetrize=("mean", "max", None).index(rules.symmetrize),
        normalize=NORMALIZE.index(rules.normalize),
        shift=rules.query_shift,
        damping=0.0 if isinstance(rules.damping, str) else float(rules.damping),
        max_inner_iter=rules.max_inner_iter,
        tol=rules.tol,
        max_iter=rules.max_iter,
        epsilon=float(np.finfo(tasks.support.dtype).eps),
    )
