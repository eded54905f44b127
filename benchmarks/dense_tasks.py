"""The dense functions that `gpu.py` times, each on arrays of any library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

__all__ = ["TASKS", "Arrays", "Task"]

Arrays = Mapping[str, Any]


class Task(NamedTuple):
    """One dense function at work: a small and a full size, its arrays, and its answer as an array of the library."""

    title: str
    sizes: tuple[int, int]
    inputs: Callable[[int], Mapping[str, np.ndarray]]
    solve: Callable[[Arrays], Any]


def episodes(n: int) -> Mapping[str, np.ndarray]:
    """Five-way five-shot tasks of Gaussian features around class means, 75 queries each."""
    rng = np.random.default_rng(0)
    means = rng.normal(size=(n, 5, 1, 640))
    support, query = (means + 2 * rng.normal(size=(n, 5, per, 640)) for per in (5, 15))
    labels = np.tile(np.repeat(np.arange(5), 5), (n, 1))
    return {"support": support.reshape(n, 25, 640), "query": query.reshape(n, 75, 640), "labels": labels}


def labeled(given: Arrays) -> Any:
    """The probabilities of the queries."""
    from lrtheory.transductive_clustering import few_shot

    return few_shot(given["support"], given["labels"], given["query"], n_jobs=-1).probabilities


def head(n: int) -> Mapping[str, np.ndarray]:
    """One attention head of width 64 over n tokens, with logits of size 1."""
    from lrtheory.lora_limits import make_uniform

    problem = make_uniform(n, 64, rng=0)
    given = {"X": problem.XQ, "XK": problem.XK, "XV": problem.XV, "Y": problem.Y}
    return given | {"W": problem.head.WQ, "one": np.eye(64)}


def gradient(method: str) -> Callable[[Arrays], Any]:
    """The gradient with respect to the weight of the queries, by one method."""

    def solve(given: Arrays) -> Any:
        from lrtheory.lora_limits import LoRAHead, lora_gradients

        frozen = LoRAHead(given["W"], given["one"], given["one"], adapters={}, alpha=1, beta=1 / 64)
        rest = {"XK": given["XK"], "XV": given["XV"]}
        threads = {"n_jobs": -1} if method == "tiled" else {}
        found = lora_gradients(frozen, given["X"], given["Y"], **rest, adapt=("Q",), method=method, **threads)
        return found.W["Q"]

    return solve


def table(n: int) -> Mapping[str, np.ndarray]:
    """A matrix of rank 10 with half of its entries seen."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(n, 10)) @ rng.normal(size=(10, n * 3 // 4))
    return {"values": values, "mask": rng.random(values.shape) < 0.5}


def completed(given: Arrays) -> Any:
    """Its first rows and columns, completed in ten sweeps."""
    from lrtheory.matrix_completion import complete_dense

    found = complete_dense(given["values"], given["mask"], 10, tol=0.0, max_iter=10)
    return found.U[:100, :] @ found.V[:100, :].T


def tall(n: int) -> Mapping[str, np.ndarray]:
    """A tall matrix."""
    return {"A": np.random.default_rng(0).normal(size=(n, 50))}


def sketched(given: Arrays) -> Any:
    """A sparse sketch of 5000 rows."""
    from lrtheory.matrix_completion import sketch

    return sketch(given["A"], 5000, kind="osnap", rng=0)


TASKS = (
    Task("few_shot: {} tasks of 25 + 75 points with 640 features", (4, 1000), episodes, labeled),
    Task("lora_gradients, dense: {} tokens, width 64", (64, 4096), head, gradient("dense")),
    Task("lora_gradients, tiled: {} tokens, width 64", (64, 16384), head, gradient("tiled")),
    Task("complete_dense: {} rows, rank 10, ten sweeps", (60, 4000), table, completed),
    Task("sketch: {} rows of 50, copied to the host", (6000, 500_000), tall, sketched),
)
