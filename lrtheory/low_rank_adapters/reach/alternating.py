"""Improve trained arrays step by step, with a loss that never rises, where the best ones are in no closed form."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from lrtheory.low_rank_adapters.kinds.arrays import Gradient, significant
from lrtheory.low_rank_adapters.kinds.base import FactoredAdapter
from lrtheory.low_rank_adapters.kinds.tera import but_identities, times_modes
from lrtheory.low_rank_adapters.reach.exact import grouped, truncated
from lrtheory.low_rank_adapters.reach.networks import best_vector, contracted
from lrtheory.low_rank_adapters.reach.normalized import NormalizedProblem, degree_of, degree_root, square

__all__ = ["Run", "improved", "own_start", "random_start", "started"]

Params = dict[str, np.ndarray]
Step = Callable[[NormalizedProblem, Params, np.ndarray], tuple[Params, int]]
#: steps of conjugate gradients in one step of Gauss and Newton, at most, and up to how many numbers there are none
PRODUCTS, FEW = 15, 32
#: dampings that are tried, as shares of the largest squared singular value of the derivative
DAMPINGS = (0.0, 1e-6, 1e-4, 1e-2, 0.1, 1.0)
#: steps are doubled as long as the loss falls, up to this many times
LONGEST = 2.0**20
#: share of the squares of its terms below which a sum of products is not measured by Gram matrices
LOST = 1e-8
#: numbers of the tables of columns of RandLoRA that are made at once
COLUMNS = 2**21


class Run(NamedTuple):
    """Trained arrays, and how they were found; ``losses`` are squared norms of the residual, from the start on."""

    params: Params
    losses: list[float]
    converged: bool
    stopped: bool
    products: int


def started(task: NormalizedProblem, params: Params) -> Run:
    """A run of no step."""
    return Run(params, [square(task.residual(params)) + task.outside**2], False, False, 0)


def own_start(task: NormalizedProblem) -> Params | None:
    """The caller's trained arrays, times what brings their update nearest to the target; None where that is 0."""
    with np.errstate(all="ignore"):  # arrays in other units than the target may be out of range
        params = task.lowered(task.given)
        sizes = {name: float(np.max(np.abs(value), initial=0.0)) for name, value in params.items()}
        if not all(0 < size < np.inf for size in sizes.values()):
            return None
        params = {name: value / sizes[name] for name, value in params.items()}
        image = task.image(params)
        share = float(np.divide(np.sum(image * task.T), np.sum(image**2)))  # NaN where the image is 0
    if not np.isfinite(share) or share == 0 or (share < 0 and task.adapter.kind == "uni-lora"):
        return None
    first = next(iter(params))
    size = degree_root(abs(share), degree_of(task.adapter))
    made = {name: size * value for name, value in params.items()}
    return made | {first: np.copysign(1.0, share) * made[first]}


def random_start(task: NormalizedProblem, draw: np.random.Generator) -> Params:
    """A start of another run than the one from the closed form."""
    if task.adapter.kind == "uni-lora" and draw.random() < 0.5:  # factors are balanced in many ways
        B, A = truncated(task)
        Q = np.linalg.qr(draw.normal(size=(len(A), len(A)))).Q
        return grouped(task, task.adapter.scale * B @ Q, Q.T @ A)
    drawn = {name: draw.normal(size=value.shape) for name, value in task.adapter.params.items()}
    size = float(np.linalg.norm(task.image(drawn)))
    # the image gets the size of what is to be reached
    root = degree_root(task.whole / size, degree_of(task.adapter)) if size else 1.0
    return {name: root * value for name, value in drawn.items()}


def improved(
    task: NormalizedProblem,
    run: Run,
    *,
    tol: float,
    max_iter: int,
    inform: Callable[[Params, float, int], bool],
    newton: bool = False,
) -> Run:
    """Go on with a run until the loss falls by less than a share `tol`, or nothing is left.

    Steps are alternating least squares where there are such; those of Gauss and Newton are dearer, and end nearer.
    """
    alternating = task.K is None and not newton and task.adapter.kind in _STEPS
    step = _STEPS[task.adapter.kind](task) if alternating else _newton
    params, losses, products = run.params, list(run.losses), run.products
    R = task.residual(params)
    floor = (task.eps * task.whole) ** 2
    for _ in range(max_iter):
        if losses[-1] <= floor:
            return Run(params, losses, True, False, products)
        fresh, spent = step(task, params, R)
        products += spent
        with np.errstate(over="ignore", invalid="ignore"):  # a step that was too long is not taken
            left = task.residual(fresh)
            loss = square(left) + task.outside**2
        if not loss < losses[-1]:
            return Run(params, losses, True, False, products)
        fallen, params, R = losses[-1] - loss, fresh, left
        losses.append(loss)
        if inform(params, loss, len(losses) - 1):
            return Run(params, losses, False, True, products)
        if fallen <= tol * losses[-2]:
            return Run(params, losses, True, False, products)
    return Run(params, losses, False, False, products)


def _newton(task: NormalizedProblem, params: Params, R: np.ndarray) -> tuple[Params, int]:
    """A step of Gauss and Newton, halved until the loss falls; of few numbers the best one of several dampings.

    The update is of degree two in all trained arrays together and linear in each, so half of the difference of the
    images at params + h and params - h is the derivative in the direction h, without an error. That of TeRA, which is
    linear in each of more arrays, is the sum of the images in which one array is replaced by its direction.
    """

    def moved(h: Params, size: float = 1.0) -> Params:
        return {name: value + size * h[name] for name, value in params.items()}

    def derivative(h: Params) -> np.ndarray:
        if degree_of(task.adapter) > 2:
            moving = (task.image({**params, name: value}) for name, value in h.items() if value.any())
            return np.add.reduce([np.zeros(task.T.shape), *moving])
        return (task.image(moved(h)) - task.image(moved(h, -1.0))) / 2

    def loss(h: Params, size: float = 1.0) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            found = square(task.residual(moved(h, size)))
        return found if found == found else np.inf

    if task.adapter.n_parameters <= FEW:
        steps, products = _damped(task, derivative, params, R)
        h = min(steps, key=loss)
        size = 1.0
        while size < LONGEST and loss(h, 2 * size) < loss(h, size):  # where the best numbers are infinite
            size *= 2
        return moved(h, size), products + len(steps)
    h, products = _by_conjugates(task, derivative, params, R)
    now, size = square(R), 1.0
    while size > 1e-6:
        products += 1
        if loss(h, size) < now:
            return moved(h, size), products
        size /= 2
    return params, products


def _damped(
    task: NormalizedProblem, derivative: Callable[[Params], np.ndarray], params: Params, R: np.ndarray
) -> tuple[list[Params], int]:
    """The steps of Levenberg and Marquardt for several dampings, from one decomposition of the derivative."""
    sizes = [value.size for value in params.values()]

    def unpacked(flat: np.ndarray) -> Params:
        parts = np.split(flat, np.cumsum(sizes)[:-1])
        return {name: part.reshape(params[name].shape) for name, part in zip(params, parts, strict=True)}

    if task.adapter.kind == "uni-lora":
        table = _shared(task, params["theta"])
    else:
        table = np.array([derivative(unpacked(unit)).ravel() for unit in np.eye(sum(sizes))]).T
    U, S, Vt = np.linalg.svd(table, full_matrices=False)
    kept = significant(S, table.shape, float(np.finfo(float).eps))
    U, S, Vt = U[:, :kept], S[:kept], Vt[:kept]
    along, top = U.T @ R.ravel(), S.max(initial=0.0) ** 2
    return [unpacked(Vt.T @ (S / (S**2 + share * top) * along)) for share in DAMPINGS], 2 * sum(sizes)


def _shared(task: NormalizedProblem, theta: np.ndarray) -> np.ndarray:
    """The derivative of the image of Uni-LoRA, (B + dB) (A + dA) up to squares, summed over entries of one group."""
    one = task._with({"theta": theta})
    B, A = one._factors()  # type: ignore[attr-defined]
    K = np.eye(A.shape[1]) if task.K is None else task.K
    entries = one.scale * np.hstack([np.kron(B, K.T), np.kron(np.eye(len(B)), (A @ K).T)])
    groups, roots = task.frozen("assignment"), np.sqrt(np.maximum(task.frozen("sizes"), 1.0))
    table = np.zeros((len(groups), len(roots)))
    table[np.arange(len(groups)), groups] = 1 / roots[groups]
    return np.asarray(entries @ table)


def _by_conjugates(
    task: NormalizedProblem, derivative: Callable[[Params], np.ndarray], params: Params, R: np.ndarray
) -> tuple[Params, int]:
    """The direction that some steps of conjugate gradients lead to."""
    h = {name: np.zeros_like(value) for name, value in params.items()}
    g = task.pulled(params, R)
    p, energy, products = g, _square(g), 1
    first = energy
    while products < 2 * PRODUCTS and energy > 1e-6 * first and energy > 0:
        moves = _factored(task, params, p)
        if moves is None:
            image = derivative(p)
            length, back = square(image), task.pulled(params, image)
        else:
            length, back = moves.square(), task._with(params)._pulled(moves.gradient(task.K))
        size = energy / max(length, np.finfo(float).tiny)
        h = {name: value + size * p[name] for name, value in h.items()}
        g = {name: value - size * back[name] for name, value in g.items()}
        energy, before = _square(g), energy
        p = {name: g[name] + energy / before * p[name] for name in g}
        products += 2
    return h, products


class _Moves(NamedTuple):
    """The derivative of the image as a product of thin factors."""

    left: np.ndarray
    right: np.ndarray

    def square(self) -> float:
        """The sum of the squares of its entries."""
        return float(np.sum((self.left.T @ self.left) * (self.right @ self.right.T)))

    def gradient(self, K: np.ndarray | None) -> Gradient:
        """The factors as a gradient in the image, or in the update."""
        return Gradient(inputs=self.right if K is None else self.right @ K.T, outputs=self.left.T)


def _factored(task: NormalizedProblem, params: Params, h: Params) -> _Moves | None:
    """The derivative in a direction, as B dA + dB A; None where it is no shorter so, or lost beside its terms.

    Both factors are linear in the trained arrays.
    """
    if not isinstance(task.adapter, FactoredAdapter) or degree_of(task.adapter) > 2:
        return None
    (B, A), (dB, dA) = (task._with(one)._factors() for one in (params, h))  # type: ignore[attr-defined]
    if 2 * len(A) >= min(task.T.shape):
        return None
    right = task.adapter.scale * np.concatenate([A, dA])
    found = _Moves(np.concatenate([dB, B], axis=1), right if task.K is None else right @ task.K)
    terms = square(dB) * square(A) + square(B) * square(dA)
    return found if found.square() > LOST * terms else None


def _square(h: Params) -> float:
    return float(sum(np.sum(value**2) for value in h.values()))


def _vera_steps(task: NormalizedProblem) -> Step:
    """The best b beside d, then the best d beside it; both are linear least squares."""
    if task.stretch is not None:
        return _plain_vera_steps(task)
    B, A = task.frozen("B"), task.frozen("A")
    gram, mixed = A @ A.T, task.adapter.scale * task.T @ A.T

    def step(task: NormalizedProblem, params: Params, R: np.ndarray) -> tuple[Params, int]:
        left = B * params["d"]
        below = np.sum((left @ gram) * left, axis=1)
        b = np.divide(np.sum(left * mixed, axis=1), below, out=np.zeros(len(below)), where=below > 0)
        left = b[:, None] * B
        return {"b": b, "d": _solved((left.T @ left) * gram, np.sum(left * mixed, axis=0))}, 1

    return step


def _plain_vera_steps(task: NormalizedProblem) -> Step:
    """The best b and d where the right factor is the identity: quotients of sums over rows and over columns."""
    B, T = task.frozen("B"), task.adapter.scale * task.T

    def best(left: np.ndarray, which: str) -> np.ndarray:
        below = np.einsum(f"ij,ij->{which}", left, left)
        return np.divide(np.einsum(f"ij,ij->{which}", left, T), below, out=np.zeros(len(below)), where=below > 0)

    def step(task: NormalizedProblem, params: Params, R: np.ndarray) -> tuple[Params, int]:
        b = best(B * params["d"], "i")
        return {"b": b, "d": best(b[:, None] * B, "j")}, 1

    return step


def _randlora_steps(task: NormalizedProblem) -> Step:
    """The best lambdas beside the gammas, then the best gammas beside them, one column of the update after another."""
    bases, A = task.frozen("bases"), task.frozen("A")
    N, big, r = bases.shape
    side_by_side = np.moveaxis(bases, 0, 1).reshape(big, N * r)
    gram = side_by_side.T @ side_by_side
    T = task.T.T if task.adapter.transposed else task.T  # type: ignore[attr-defined]
    mixed = task.adapter.scale * side_by_side.T @ T
    together = max(1, COLUMNS // gram.size)

    def step(task: NormalizedProblem, params: Params, R: np.ndarray) -> tuple[Params, int]:
        right = (A * params["gammas"][:, None, :]).reshape(N * r, -1)
        lambdas = _solved(gram * (right @ right.T), np.sum(right * mixed, axis=1))
        left = (A * lambdas.reshape(N, r, 1)).reshape(N * r, -1).T
        gammas = np.empty((N, len(left)))
        for k in range(0, len(left), together):
            some = left[k : k + together]
            weighted = some[:, :, None] * gram * some[:, None, :]
            grams = weighted.reshape(-1, N, r, N, r).sum(axis=(2, 4))
            wanted = (some * mixed.T[k : k + together]).reshape(-1, N, r).sum(axis=2)
            gammas[:, k : k + together] = _solved(grams, wanted).T
        return {"lambdas": lambdas.reshape(N, r), "gammas": gammas}, 1

    return step


def _hadamard_steps(task: NormalizedProblem) -> Step:
    """The best B beside A, then the best A beside it: a small system of equations for each row and each column."""
    W, D = task.frozen("W"), task.adapter.scale * task.T

    def step(task: NormalizedProblem, params: Params, R: np.ndarray) -> tuple[Params, int]:
        B = _rows(W, D, params["A"])
        return {"B": B, "A": _rows(W.T, D.T, B.T).T}, 1

    return step


def _tera_steps(task: NormalizedProblem) -> Step:
    """The best vector beside all others, for one after another."""
    core: np.ndarray = task.adapter._core()  # type: ignore[attr-defined]
    modes: list[np.ndarray] = task.adapter._modes()  # type: ignore[attr-defined]
    T = task.adapter.scale * task.T.reshape([len(one) for one in modes])
    factors = but_identities(modes)
    if all(one is None for one in factors):
        return _plain_tera_steps(core, T)
    wanted = [
        T if factors[j] is None else times_modes(T, [one.T if k == j else None for k, one in enumerate(modes)])
        for j in range(len(modes))
    ]

    def step(task: NormalizedProblem, params: Params, R: np.ndarray) -> tuple[Params, int]:
        fresh = dict(params)
        for j, name in enumerate(fresh):
            gram, due = best_vector(core, list(fresh.values()), j, modes=factors, wanted=wanted[j])
            fresh[name] = _solved(gram * (modes[j].T @ modes[j]), due)
        return fresh, len(fresh)

    return step


def _plain_tera_steps(core: np.ndarray, T: np.ndarray) -> Step:
    """The best vectors between factors that are identities: quotients of sums over all entries of a slice."""
    products, squares = core * T, core**2

    def step(task: NormalizedProblem, params: Params, R: np.ndarray) -> tuple[Params, int]:
        fresh = dict(params)
        for j, name in enumerate(fresh):
            vectors = list(fresh.values())
            due, below = contracted(products, vectors, j), contracted(squares, [one**2 for one in vectors], j)
            fresh[name] = np.divide(due, below, out=np.zeros(len(due)), where=below > 0)
        return fresh, len(fresh)

    return step


@cache
def _upper(r: int) -> tuple[np.ndarray, np.ndarray]:
    """The places of the upper triangle of a matrix with r rows, which every step of a run asks for."""
    rows, cols = np.triu_indices(r)
    return rows, cols


def _rows(W: np.ndarray, D: np.ndarray, A: np.ndarray) -> np.ndarray:
    """The best B for ||D - W o (B A)||."""
    r = len(A)
    upper = _upper(r)
    grams = np.empty((len(W), r, r))
    grams[:, upper[0], upper[1]] = grams[:, upper[1], upper[0]] = W**2 @ (A[upper[0]] * A[upper[1]]).T
    return _solved(grams, (W * D) @ A.T)


def _solved(grams: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve systems with positive semidefinite matrices, to which a rounding of their traces is added."""
    r = grams.shape[-1]
    traces = np.trace(grams, axis1=-2, axis2=-1)[..., None, None]
    added = np.where(traces > 0, r * np.finfo(float).eps * traces, 1.0)
    return np.linalg.solve(grams + added * np.eye(r), right[..., None])[..., 0]  # type: ignore[no-any-return]


_STEPS: dict[str, Callable[[NormalizedProblem], Step]] = {
    "vera": _vera_steps,
    "randlora": _randlora_steps,
    "hadamard": _hadamard_steps,
    "tera": _tera_steps,
}
