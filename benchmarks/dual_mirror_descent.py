"""Dual mirror descent against the loops that people write, and against a package for online packing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import Goal, Inputs, Row, ready

STEP = 0.02


def menus(horizon: int, d: int, m: int) -> Callable[[], Inputs]:
    """Requests of the online linear program of the paper: 0-1 costs, rewards by a linear model."""

    def make() -> Inputs:
        rng = np.random.default_rng(0)
        costs = (rng.random((horizon, d, m)) < (1 + rng.beta(3, 1, m)) / 2).astype(float)
        worth = np.abs(rng.normal(size=m))
        rewards = np.clip(costs @ (worth / np.linalg.norm(worth)) + rng.normal(size=(horizon, d)), 0, 10)
        return {"rewards": rewards, "costs": costs, "budget": horizon * rng.uniform(0.25, 0.75, m)}

    return make


def ours(inputs: Inputs) -> np.ndarray:
    """Our prices after the last request, from arrays that are checked in the call."""
    from lrtheory.dual_mirror_descent import allocate

    return allocate(inputs["rewards"], inputs["costs"], inputs["budget"], step_size=STEP).last_prices


def ours_checked(inputs: Inputs) -> np.ndarray:
    """The same from a `RequestStream`, which was checked when it was made; nobody reads the certificate."""
    return served(inputs).last_prices


def ours_certified(inputs: Inputs) -> np.ndarray:
    """The same, and the bound of the certificate is read, which the loops do not have."""
    found = served(inputs)
    assert found.certificate.bound >= found.reward
    return found.last_prices


def served(inputs: Inputs) -> Any:
    """Our result from a stream that is made once."""
    from lrtheory.dual_mirror_descent import RequestStream, allocate

    stream = ready("stream", inputs, lambda: RequestStream(inputs["rewards"], inputs["costs"], inputs["budget"]))
    return allocate(stream, step_size=STEP)


def dense_loop(inputs: Inputs) -> np.ndarray:
    """The algorithm as a plain loop over dense arrays."""
    rewards, costs, budget = inputs["rewards"], inputs["costs"], inputs["budget"]
    rate, left, prices = budget / len(rewards), budget.copy(), np.zeros(len(budget))
    for r, c in zip(rewards, costs, strict=True):
        reduced = r - c @ prices
        best = int(reduced.argmax())
        used = c[best] if reduced[best] > 0 else 0 * rate
        if (used <= left + 1e-9).all():
            left -= used
        prices = np.maximum(prices - STEP * (rate - used), 0)
    return prices


def sparse_matrices(costs: np.ndarray) -> list[Any]:
    """A sparse matrix a request."""
    from scipy import sparse

    return [sparse.csr_matrix(c.T) for c in costs]


def sparse_loop(inputs: Inputs) -> np.ndarray:
    """The same with a sparse matrix a request, made as the request comes, as published code does it."""
    return loop_over_matrices(inputs, sparse_matrices(inputs["costs"]))


def sparse_loop_ready(inputs: Inputs) -> np.ndarray:
    """The same, the matrices made outside of the timing."""
    return loop_over_matrices(inputs, ready("matrices", inputs, lambda: sparse_matrices(inputs["costs"])))


def loop_over_matrices(inputs: Inputs, matrices: list[Any]) -> np.ndarray:
    """The algorithm as a loop over sparse matrices."""
    rewards, budget = inputs["rewards"], inputs["budget"]
    rate, left, prices = budget / len(rewards), budget.copy(), np.zeros(len(budget))
    for r, matrix in zip(rewards, matrices, strict=True):
        reduced = r - matrix.T.dot(prices)
        choice = np.zeros(len(r))
        if reduced.max() > 0:
            choice[reduced.argmax()] = 1
        used = matrix.dot(choice)
        if (used <= left + 1e-9).all():
            left -= used
        prices = np.maximum(prices - STEP * (rate - used), 0)
    return prices


#: arrays are checked in each call, a stream once; the bound of a stream of whole units is computed when it is read
OURS = {"allocate": ours, "allocate-stream": ours_checked, "allocate-stream-bound": ours_certified}


def against(name: str, title: str, horizon: int, loop: Callable[[Inputs], np.ndarray]) -> Row:
    """A row against one of the loops, 10 actions and 100 resources."""
    return Row(name, title, inputs=menus(horizon, 10, 100), ours=OURS, peers={"numpy-loop": loop}, tolerance=1e-9)


DENSE = against("menus-100", "2000 requests, 10 actions, 100 resources: a loop over dense arrays", 2000, dense_loop)
LONG = against("menus-100-long", "the same for 20,000 requests, which no cache holds", 20_000, dense_loop)
SPARSE = against("menus-100-sparse", "2000 of them: a loop that makes a sparse matrix a request", 2000, sparse_loop)
SPARSE_READY = against("menus-100-sparse-ready", "the same, which finds its matrices ready", 2000, sparse_loop_ready)


def packing() -> Inputs:
    """Two actions and five resources of one capacity, as the peer wants it."""
    rng = np.random.default_rng(0)
    return {"rewards": rng.random((20_000, 2)), "costs": rng.random((20_000, 2, 5)), "budget": np.full(5, 5000.0)}


def our_packing(inputs: Inputs) -> np.ndarray:
    """Our run; what is compared is the number of requests that were decided."""
    from lrtheory.dual_mirror_descent import allocate

    return np.array([len(allocate(inputs["rewards"], inputs["costs"], inputs["budget"], step_size=STEP).actions)])


def their_packing(inputs: Inputs) -> np.ndarray:
    """A run of the peer, another algorithm for the same task; a small e keeps its first program short."""
    from fast_online_packing.online_solver import OnlineSolver

    horizon = len(inputs["rewards"])
    solver = OnlineSolver(cost_dimension=5, total_time=horizon, capacity=float(inputs["budget"][0]), e=0.005)
    for r, c in zip(inputs["rewards"], inputs["costs"], strict=True):
        solver.pack_one(r, c)
    return np.array([horizon])


PACKING = Row(
    name="packing",
    title="20,000 requests, 2 actions, 5 resources: another algorithm for the same task",
    inputs=packing,
    ours={"allocate": our_packing},
    peers={"fast-online-packing": their_packing},
    tolerance=0,
)


def bound_and_prices(inputs: Inputs) -> np.ndarray:
    """The dual bound of the run, and the average prices that prove it."""
    from lrtheory.dual_mirror_descent import allocate

    certificate = allocate(inputs["rewards"], inputs["costs"], inputs["budget"], step_size=0.005).certificate
    return np.r_[certificate.bound, certificate.prices]


def bound_error(inputs: Inputs, answer: np.ndarray) -> float:
    """How far the dual function at those prices is from that bound, relative to it."""
    prices = answer[1:]
    best = np.maximum((inputs["rewards"] - inputs["costs"] @ prices).max(axis=1), 0)
    return float(abs(best.sum() + inputs["budget"] @ prices - answer[0]) / answer[0])


def million(name: str, d: int, m: int, seconds: float) -> Goal:
    """A million requests on one core, certificate included."""
    return Goal(
        name=name,
        title=f"10^6 requests, {d} actions, {m} resources",
        inputs=menus(1_000_000, d, m),
        solve=bound_and_prices,
        error=bound_error,
        seconds=seconds,
        gigabytes=1.0,
        tolerance=1e-10,
    )


ONE_RESOURCE = million("million-1", d=1, m=1, seconds=0.1)
EIGHT_RESOURCES = million("million-8", d=4, m=8, seconds=0.3)


def sparse_requests() -> Inputs:
    """100,000 requests that use five of 10,000 resources each."""
    rng = np.random.default_rng(0)
    columns = rng.integers(0, 10_000, (100_000, 5))
    return {"rewards": rng.random(100_000), "columns": columns, "budget": np.full(10_000, 25.0)}


def sparse_run(inputs: Inputs) -> np.ndarray:
    """The same for sparse costs: bound, then prices."""
    from scipy import sparse

    from lrtheory.dual_mirror_descent import allocate

    n, k = inputs["columns"].shape
    rows = np.arange(0, n * k + 1, k)
    costs = sparse.csr_array((np.ones(n * k), inputs["columns"].ravel(), rows), shape=(n, len(inputs["budget"])))
    certificate = allocate(inputs["rewards"], costs, inputs["budget"], step_size=0.05).certificate
    return np.r_[certificate.bound, certificate.prices]


def sparse_error(inputs: Inputs, answer: np.ndarray) -> float:
    """As `bound_error`."""
    prices = answer[1:]
    best = np.maximum(inputs["rewards"] - prices[inputs["columns"]].sum(axis=1), 0)
    return float(abs(best.sum() + inputs["budget"] @ prices - answer[0]) / answer[0])


MANY_RESOURCES = Goal(
    name="sparse-10000",
    title="10^5 requests that use five of 10^4 resources each: O(non-zeros) a request",
    inputs=sparse_requests,
    solve=sparse_run,
    error=sparse_error,
    seconds=0.1,
    gigabytes=0.5,
    tolerance=1e-10,
)
