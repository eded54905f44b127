r"""The methods of few-shot classification, each for a batch of tasks in array-API code.

A method takes the prepared tasks and the rules, and returns an `Answer`. They share support means as a start; most
add unlabeled queries (k-means), neighbors (laplacian-shot), both (slk), or a prior on the sizes of classes (tim,
pt-map).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lrtheory.transductive_clustering.clusters.prototypes import Prototypes, costs_of, moved, squared_distances
from lrtheory.transductive_clustering.tasks.inputs import Tasks, class_means, graph
from lrtheory.transductive_clustering.updates import certificates, dense
from lrtheory.transductive_clustering.updates.bound import step_factors

__all__ = [
    "DEFAULTS",
    "METHODS",
    "N_NEIGHBORS",
    "Answer",
    "Proof",
    "Rules",
    "clamped_rows",
    "task_problem",
    "whole_rows",
]

N_NEIGHBORS = 2  # of the graph of a task, unless the caller says otherwise
SHOT_ITER = 20  # updates of LaplacianShot
SHARPER = 0.1  # a of TIM
TRUST = 0.1 / (1 + SHARPER)  # weight of the support in TIM, beside that of the queries
# PT-MAP: the part of the way that centers move per turn, the largest number of Sinkhorn sweeps, and the difference
# below which column sums count as equal
PACE, SWEEPS, CLOSE = 0.3, 100, 1e-3


class Rules(NamedTuple):
    """The options of a call."""

    prototype: str
    lam: float
    temperature: float
    n_neighbors: int
    symmetrize: str | None
    hard: bool
    clamp: bool
    damping: float | str
    max_inner_iter: int
    tol: float
    max_iter: int
    normalize: str | None = None
    query_shift: bool = False
    record: bool = False


class Proof(NamedTuple):
    """Assignments (E, N, K) of all rows, their clamped labels (None: all free), and what is known of them."""

    assignments: Any
    clamped: Any
    gap: Any
    contraction: Any
    monotone: Any


class Answer(NamedTuple):
    """Probabilities (E, NQ, K) of the queries; energy, step factor, turns and convergence of each task.

    Of all tasks together, updates of assignments, and rows without a direction. Prototypes (E, K, D); the energies
    (E, steps) of portions of tasks where they are recorded.
    """

    probabilities: Any
    energy: Any
    damping: Any
    n_iter: Any
    converged: Any
    updates: int
    zeros: int = 0
    prototypes: Any = None
    proof: Proof | None = None
    energies: Any = ()


def nearest(xp: Any, tasks: Tasks, rules: Rules) -> Answer:
    """Take the nearest class mean; a softmax of squared distances gives the probabilities."""
    means = class_means(xp, tasks)
    costs = squared_distances(xp, tasks.query, means)
    answer = _at_once(xp, dense.softmax(xp, -costs, rules.temperature) * tasks.present, costs)
    return answer._replace(prototypes=means)


def laplacian_shot(xp: Any, tasks: Tasks, rules: Rules) -> Answer:
    """Update the assignments for fixed prototypes, with a graph on the queries alone (LaplacianShot)."""
    means = first_prototypes(xp, tasks, rules)
    costs = squared_distances(xp, tasks.query, means) * tasks.present
    W = graph(xp, tasks.query, tasks.present, rules.n_neighbors, rules.symmetrize)
    bound = dense.Bound(costs, W, rules.lam, rules.temperature, tasks.present > 0)
    Z = dense.softmax(xp, -costs, rules.temperature) * tasks.present
    known = certificates.spectrum_bounds(xp, W, bound.free)
    factor, safe = step_factors(xp, bound, known, rules.damping)
    options: dict[str, Any] = {"tol": rules.tol, "max_iter": rules.max_iter, "record": rules.record}
    done = dense.descend(xp, bound, Z, factor=factor, safe=safe, **options)
    answer = Answer(done.assignments, done.energy, done.damping, done.n_iter, done.converged, int(xp.sum(done.n_iter)))
    proof = _proof(xp, tasks, rules, bound, done.assignments, known)
    energies = () if done.trace is None else [xp.stack(done.trace["energies"], axis=1)]
    return answer._replace(prototypes=means, proof=proof, energies=energies)


def first_prototypes(xp: Any, tasks: Tasks, rules: Rules) -> Any:
    """Return the class means of the support, or the rectified ones of BD-CSPN."""
    return rectified(xp, tasks) if rules.prototype == "rectified" else class_means(xp, tasks)


def clamped_rows(xp: Any, tasks: Tasks, rules: Rules, n: int) -> Any:
    """Return the clamped labels of the last n rows of each task, (E, n), -1 where free; None if no row is clamped.

    Rows of the support are clamped to their class if the caller wants it; absent queries are clamped to class 0.
    """
    everyone = bool(xp.all(tasks.present > 0))
    ours = n - tasks.query.shape[1]
    if everyone and not (ours and rules.clamp):
        return None
    queries = -xp.astype(tasks.present[..., 0] > 0, xp.int64)
    if not ours:
        return queries
    own = xp.argmax(tasks.onehot, axis=-1)
    return xp.concat([own if rules.clamp else xp.full_like(own, -1), xp.astype(queries, own.dtype)], axis=1)


def whole_rows(xp: Any, tasks: Tasks, Z: Any) -> Any:
    """Return Z with absent queries in class 0; their costs and edges are 0, so energy and certificate do not change."""
    if bool(xp.all(tasks.present > 0)):
        return Z
    ours = Z.shape[1] - tasks.query.shape[1]
    first = dense.one_hot(xp, xp.zeros_like(xp.argmax(Z[:, ours:, :], axis=-1)), Z.shape[-1], Z.dtype)
    return xp.concat([Z[:, :ours, :], xp.where(tasks.present > 0, Z[:, ours:, :], first)], axis=1)


def task_problem(xp: Any, tasks: Tasks, rules: Rules, method: str, prototypes: Any) -> tuple[Any, Any, Any]:
    """Costs, dense affinity and clamped labels of tasks with given prototypes; absent queries as in `whole_rows`."""
    if method == "laplacian-shot":
        X, present, kinds = tasks.query, tasks.present, Prototypes("mean", prototypes)
    else:
        X, _, present = tasks.everything(xp)
        kinds = Prototypes(rules.prototype, prototypes, _bandwidth(xp, X, present, rules))
    W = graph(xp, X, present, rules.n_neighbors if rules.lam > 0 else 0, rules.symmetrize)
    return costs_of(xp, X, kinds) * present, W, clamped_rows(xp, tasks, rules, X.shape[1])


def _proof(xp: Any, tasks: Tasks, rules: Rules, bound: dense.Bound, Z: Any, known: Any) -> Proof:
    """Return what is proved about the assignments where the updates have ended."""
    lowest, norm, symmetric = known
    moved = dense.update(xp, bound, Z, dense.pull(xp, bound, Z)) - Z
    gap, monotone = xp.sqrt(dense.total(xp, moved * moved)), symmetric & (rules.lam * lowest >= -2 * rules.temperature)
    clamped = clamped_rows(xp, tasks, rules, Z.shape[1])
    return Proof(whole_rows(xp, tasks, Z), clamped, gap, rules.lam * norm / (2 * rules.temperature), monotone)


def rectified(xp: Any, tasks: Tasks) -> Any:
    """Return means of the support and of the queries that look alike, weighted by exp(10 cosine) (BD-CSPN)."""
    means = class_means(xp, tasks)
    likeness = dense.softmax(xp, 10 * cosines(xp, tasks.query, means))
    chosen = dense.one_hot(xp, xp.argmax(likeness, axis=-1), means.shape[1], means.dtype) * tasks.present
    ours = dense.softmax(xp, 10 * cosines(xp, tasks.support, means)) * tasks.onehot
    weights = xp.concat([ours, likeness * chosen], axis=1)
    X = xp.concat([tasks.support, tasks.query], axis=1)
    return xp.matrix_transpose(weights) @ X / xp.sum(weights, axis=1)[..., None]


def bd_cspn(xp: Any, tasks: Tasks, rules: Rules) -> Answer:
    """Give each query the rectified prototype with the largest cosine (BD-CSPN)."""
    means = rectified(xp, tasks)
    similar = cosines(xp, tasks.query, means)
    return _at_once(xp, dense.softmax(xp, 10 * similar) * tasks.present, -similar)._replace(prototypes=means)


def cosines(xp: Any, X: Any, M: Any) -> Any:
    """Return the cosine of every row of X with every row of M; it is 0 for a row of zeros."""
    products = X @ xp.matrix_transpose(M)
    lengths = xp.sqrt(xp.sum(X * X, axis=-1))[..., :, None] * xp.sqrt(xp.sum(M * M, axis=-1))[..., None, :]
    return products / xp.where(lengths > 0, lengths, xp.ones_like(lengths))


def k_means(xp: Any, tasks: Tasks, rules: Rules) -> Answer:
    """Run supervised K-means: `slk` without a graph, with means (or modes) of the labels."""
    return slk(xp, tasks, rules._replace(lam=0.0, hard=True))


def slk(xp: Any, tasks: Tasks, rules: Rules) -> Answer:
    """Update assignments and prototypes in turn on support and queries together (Laplacian K-prototypes)."""
    X, onehot, present = tasks.everything(xp)
    W = graph(xp, X, present, rules.n_neighbors, rules.symmetrize) if rules.lam > 0 else None
    kinds = Prototypes(rules.prototype, class_means(xp, tasks), _bandwidth(xp, X, present, rules))
    labeled = xp.sum(onehot, axis=-1, keepdims=True) > 0
    free = (present > 0) & (~labeled if rules.clamp else xp.ones_like(labeled))
    bound = dense.Bound(costs_of(xp, X, kinds) * present, W, rules.lam, rules.temperature, free)
    # a support that is not clamped still starts at its labels, and is free from the first update on
    Z = xp.where(labeled, onehot, dense.softmax(xp, -bound.costs, rules.temperature) * present)
    none = 0 * dense.total(xp, Z)
    known = (none, none, none == none) if W is None else certificates.spectrum_bounds(xp, W, free)
    return _turns(xp, tasks, rules, (X, kinds, bound, Z, present), known)


def _turns(xp: Any, tasks: Tasks, rules: Rules, state: Any, known: Any) -> Answer:
    X, kinds, bound, Z, present = state
    factor, safe = step_factors(xp, bound, known, rules.damping)
    value, _ = dense.energy(xp, bound, Z, dense.pull(xp, bound, Z))
    done, n_iter, updates = value != value, xp.astype(0 * value, xp.int64), 0
    factor = factor + 0 * value
    max_inner_iter = rules.max_inner_iter if rules.lam > 0 else 1
    energies = [value]
    # a task that is done keeps Z, prototypes and factor, while the batch goes on with the others
    for _ in range(rules.max_iter):
        step = dense.descend(xp, bound, Z, factor=factor, safe=safe, tol=0.0, max_iter=max_inner_iter)
        new = xp.where(done[:, None, None], Z, step.assignments)
        factor = xp.where(done, factor, step.damping)
        weights = new
        if rules.hard:
            weights = dense.one_hot(xp, xp.argmax(new, axis=-1), new.shape[-1], new.dtype) * present
        after = moved(xp, X, weights, kinds)
        kinds = after._replace(centers=xp.where(done[:, None, None], kinds.centers, after.centers))
        bound = bound._replace(costs=costs_of(xp, X, kinds) * present)
        after_value, _ = dense.energy(xp, bound, new, dense.pull(xp, bound, new))
        ended, n_iter = done, n_iter + xp.astype(~done, xp.int64)
        updates += int(xp.sum(xp.where(done, xp.zeros_like(step.n_iter), step.n_iter)))
        still = xp.max(xp.abs(new - Z), axis=(1, 2)) <= factor * rules.tol**0.5
        size = xp.sum(xp.max(xp.abs(bound.costs), axis=-1), axis=-1, dtype=xp.float64)
        noise = dense.ROUNDING * xp.finfo(Z.dtype).eps * (rules.temperature + size + xp.abs(after_value))
        done = done | (still & dense.stands(xp, after_value, value, rules.tol, noise))
        energies += [xp.where(ended, value, step.energy), after_value]
        Z, value = new, after_value
        if bool(xp.all(done)):
            break
    return Answer(
        *(Z[:, tasks.n_support :, :], value, factor, n_iter, done, updates),
        prototypes=kinds.centers,
        proof=_proof(xp, tasks, rules, bound, Z, known),
        energies=[xp.stack(energies, axis=1)] if rules.record else (),
    )


def _bandwidth(xp: Any, X: Any, present: Any, rules: Rules) -> Any:
    """Return the root mean squared length of the edges of the graph, (E, 1, 1), or 1 where it is 0; None for means."""
    if rules.prototype != "mode":
        return None
    edges = graph(xp, X, present, rules.n_neighbors, None)
    count = xp.sum(edges, axis=(1, 2), keepdims=True)
    total = xp.sum(edges * squared_distances(xp, X, X), axis=(1, 2), keepdims=True)
    mean = total / xp.where(count > 0, count, xp.ones_like(count))
    return xp.sqrt(xp.where(mean > 0, mean, xp.ones_like(mean)))


def tim(xp: Any, tasks: Tasks, rules: Rules) -> Answer:
    """Maximize transductive information by alternating updates, TIM-ADM: confident queries, classes of equal size.

    With p the softmax of -(tau / 2) squared distances to the weights, in turn q ~ p^(1 + a) / sqrt(sum of them over the
    queries) by rows, and weights as means under y and q, corrected by p (a = `SHARPER`, tau = 1 / temperature).
    """
    W, S, Q = class_means(xp, tasks), tasks.support, tasks.query
    length = xp.sqrt(xp.mean(xp.sum(S * S, axis=-1), axis=-1))  # 1 where points are scaled to it
    count = xp.sum(tasks.present, axis=1, keepdims=True)
    share = tasks.n_support / xp.where(count > 0, count, xp.ones_like(count))

    def likely(X: Any) -> Any:
        return dense.softmax(xp, -squared_distances(xp, X, W), 2 * rules.temperature)

    done, n_iter = count[:, 0, 0] < 0, 0 * count[:, 0, 0]
    for _ in range(rules.max_iter):
        ours, p = likely(S), likely(Q) * tasks.present
        sharp = p ** (1 + SHARPER)
        q = sharp / xp.sqrt(xp.sum(sharp, axis=1, keepdims=True))
        row = xp.sum(q, axis=-1, keepdims=True)
        q = q / xp.where(row > 0, row, xp.ones_like(row))
        pulled = TRUST * xp.matrix_transpose(tasks.onehot - ours) @ S + share * xp.matrix_transpose(q - p) @ Q
        own = TRUST * xp.sum(ours, axis=1)[..., None] + share * xp.sum(p, axis=1)[..., None]
        # closed form W <- sum (y x + q x - p (x - W)) / sum (y + q); the support counts TRUST, the queries share
        mass = TRUST * xp.sum(tasks.onehot, axis=1)[..., None] + share * xp.sum(q, axis=1)[..., None]
        new = xp.where(done[:, None, None], W, (pulled + own * W) / mass)
        W, done, n_iter = new, *_stood(xp, new, W, done, n_iter, rules.tol * length)
        if bool(xp.all(done)):
            break
    p = likely(Q) * tasks.present
    answer = _at_once(xp, p, squared_distances(xp, Q, W))
    return answer._replace(n_iter=n_iter, converged=done, prototypes=W)


def _stood(xp: Any, new: Any, before: Any, done: Any, n_iter: Any, tol: Any) -> tuple[Any, Any]:
    """Return the tasks that stand still by now, and the turns of each task until then."""
    still = xp.max(xp.abs(new - before), axis=(1, 2)) <= tol
    return done | still, n_iter + xp.astype(~done, n_iter.dtype)


def pt_map(xp: Any, tasks: Tasks, rules: Rules) -> Answer:
    """Transport the queries to classes of equal size at least cost, and let the centers follow in turn (PT-MAP)."""
    means = class_means(xp, tasks)
    K, plan = means.shape[1], None
    shots = xp.sum(tasks.onehot, axis=1)[..., None]
    for _ in range(rules.max_iter):
        plan = sinkhorn(xp, squared_distances(xp, tasks.query, means), rules.temperature, tasks.present, K)
        sums = xp.matrix_transpose(tasks.onehot) @ tasks.support + xp.matrix_transpose(plan) @ tasks.query
        target = sums / (shots + xp.sum(plan, axis=1)[..., None])
        means = means + PACE * (target - means)
    costs = squared_distances(xp, tasks.query, means)
    plan = sinkhorn(xp, costs, rules.temperature, tasks.present, K)
    return _at_once(xp, plan, costs)._replace(prototypes=means)


def sinkhorn(xp: Any, costs: Any, temperature: float, present: Any, K: int) -> Any:
    """Return the transport plan with rows of sum 1 and columns of equal sums, by Sinkhorn's scaling of exp(-costs / T).

    Rows are scaled last, so they are exact, and columns are equal up to `CLOSE`.
    """
    plan = dense.softmax(xp, -costs, temperature) * present
    share = xp.sum(present, axis=1, keepdims=True) / K
    for _ in range(SWEEPS):
        columns = xp.sum(plan, axis=1, keepdims=True)
        done = xp.max(xp.abs(columns - share), axis=(1, 2), keepdims=True) <= CLOSE
        if bool(xp.all(done)):
            break
        scaled = plan * (share / xp.where(columns > 0, columns, xp.ones_like(columns)))
        rows = xp.sum(scaled, axis=2, keepdims=True)
        plan = xp.where(done, plan, scaled / xp.where(rows > 0, rows, xp.ones_like(rows)))
    return plan


def label_spreading(xp: Any, tasks: Tasks, rules: Rules) -> Answer:
    """Spread labels along a Gaussian graph: F <- a S F + (1 - a) Y with S the normalized affinity, a = 0.8."""
    X, Y, present = tasks.everything(xp)
    off = present * xp.matrix_transpose(present) * (1 - xp.eye(X.shape[1], dtype=X.dtype, device=X.device))
    W = off * xp.exp(-squared_distances(xp, X, X) / rules.temperature)
    degrees = xp.sqrt(xp.sum(W, axis=-1, keepdims=True))
    degrees = xp.where(degrees > 0, degrees, xp.ones_like(degrees))
    S, F = W / degrees / xp.matrix_transpose(degrees), Y
    done, n_iter = degrees[:, 0, 0] < 0, 0 * degrees[:, 0, 0]
    for _ in range(rules.max_iter):
        new = xp.where(done[:, None, None], F, 0.8 * (S @ F) + 0.2 * Y)
        F, done, n_iter = new, *_stood(xp, new, F, done, n_iter, rules.tol)
        if bool(xp.all(done)):
            break
    mass = xp.sum(F, axis=-1, keepdims=True)
    p = xp.where(mass > 0, F / xp.where(mass > 0, mass, xp.ones_like(mass)), xp.full_like(F, 1 / F.shape[-1]))
    answer = _at_once(xp, (p * present)[:, tasks.n_support :, :], -F[:, tasks.n_support :, :])
    return answer._replace(n_iter=n_iter, converged=done)


def _at_once(xp: Any, probabilities: Any, costs: Any) -> Answer:
    """Return the answer of a method without an energy of its own; the costs of its labels take that place."""
    K = costs.shape[-1]
    chosen = dense.one_hot(xp, xp.argmax(probabilities, axis=-1), K, costs.dtype)
    present = xp.astype(xp.sum(probabilities, axis=-1, keepdims=True) > 0, costs.dtype)
    value = dense.total(xp, costs * chosen * present)
    return Answer(probabilities, value, 1 + 0 * value, xp.astype(1 + 0 * value, xp.int64), value == value, 0)


METHODS = {
    "slk": slk,
    "k-means": k_means,
    "nearest": nearest,
    "laplacian-shot": laplacian_shot,
    "bd-cspn": bd_cspn,
    "tim": tim,
    "pt-map": pt_map,
    "label-spreading": label_spreading,
}
#: lam, temperature, tol and max_iter of each method, for features of length 1
DEFAULTS: dict[str, tuple[float, float, float, int]] = {
    "slk": (0.21, 0.3, 1e-5, 100),
    "k-means": (0.0, 1.0, 1e-5, 100),
    "nearest": (0.0, 1.0, 0.0, 1),
    "laplacian-shot": (0.7, 1.0, 1e-6, SHOT_ITER),
    "bd-cspn": (0.0, 1.0, 0.0, 1),
    "tim": (0.0, 1 / 15, 1e-4, 150),
    "pt-map": (0.0, 0.1, 0.0, 10),
    "label-spreading": (0.0, 0.2, 1e-3, 30),
}
