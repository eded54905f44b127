"""Steps of a policy along its expected update, problem by problem."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lrtheory._array import kernel
from lrtheory._kernels.exponential import exponential
from lrtheory.policy_gradients.exact.binomials import binomial_mean

__all__ = ["any_steps", "reward_steps"]


@kernel
def push(p, right, values, update):
    """Write the update by rewards alone, a(P) p (r - P)."""
    success, failure = 0.0, 0.0
    for k in range(len(p)):
        success += p[k] * right[k]
        failure += p[k] * (1.0 - right[k])
    factor = binomial_mean(success, values)
    up, down = factor * failure, factor * success
    for k in range(len(p)):
        update[k] = p[k] * (right[k] * up - (1.0 - right[k]) * down)


@kernel
def move(p, update, h, moved):
    """Write the softmax of log p + h update."""
    largest, total = h * update[0], 0.0
    for k in range(1, len(p)):
        largest = max(largest, h * update[k])
    for k in range(len(p)):
        moved[k] = p[k] * exponential(h * update[k] - largest)
    for k in range(len(p)):
        total += moved[k]
    for k in range(len(p)):
        moved[k] /= total


@kernel
def reward_steps(p, right, values, h, n_steps, every, fourth, path):
    """Make all steps of each problem by rewards alone, and write each `every`-th law and the last one.

    Steps are those of Euler in the logits, or of Runge and Kutta of fourth order. `path` has the axes time, problem and
    answer, and begins with p.
    """
    K = p.shape[1]
    first, second, third, fourth_rate = np.empty(K), np.empty(K), np.empty(K), np.empty(K)
    between = np.empty(K)
    for b in range(p.shape[0]):
        law, correct = p[b].copy(), right[b]
        place = 1
        for step in range(1, n_steps + 1):
            push(law, correct, values, first)
            if fourth:
                move(law, first, h / 2, between)
                push(between, correct, values, second)
                move(law, second, h / 2, between)
                push(between, correct, values, third)
                move(law, third, h, between)
                push(between, correct, values, fourth_rate)
                for k in range(K):
                    first[k] = (first[k] + 2 * second[k] + 2 * third[k] + fourth_rate[k]) / 6
            move(law, first, h, law)
            if step % every == 0 or step == n_steps:
                for k in range(K):
                    path[place, b, k] = law[k]
                place += 1


def any_steps(
    p: np.ndarray, rate: Callable[[np.ndarray], np.ndarray], h: float, n_steps: int, every: int, fourth: bool
) -> list[np.ndarray]:
    """Make the same steps of one problem along any update."""
    path = [p]
    with np.errstate(divide="ignore"):
        logs = np.log(p)  # in which an answer that is rarer than the smallest double can come back
    for step in range(1, n_steps + 1):
        along = rate(np.exp(logs))
        if fourth:
            second = rate(np.exp(moved(logs, along, h / 2)))
            third = rate(np.exp(moved(logs, second, h / 2)))
            along = (along + 2 * second + 2 * third + rate(np.exp(moved(logs, third, h)))) / 6
        logs = moved(logs, along, h)
        if step % every == 0 or step == n_steps:
            path.append(np.exp(logs))
    return path


def moved(logs: np.ndarray, update: np.ndarray, h: float) -> np.ndarray:
    """Return the logarithms of the softmax of these logits plus h times an update."""
    with np.errstate(over="ignore", invalid="ignore"):  # a path that is not finite is refused at its end
        found = logs + h * update
        found = found - found.max()
        return np.asarray(found - np.log(np.exp(found).sum()))
