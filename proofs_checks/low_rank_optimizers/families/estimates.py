"""The library's estimates for every pattern of factors, and exact moments of whatever estimates there are."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from itertools import permutations
from typing import Any

import numpy as np

from lrtheory.low_rank_optimizers.evolution.perturbations import Perturbations
from proofs_checks.low_rank_optimizers.families.polynomials import Task, in_doubles, patterns


def split(task: Task, row: np.ndarray) -> list[np.ndarray]:
    """Return one row of all weights as the weights of each layer."""
    ends = np.cumsum([m * n for m, n in task.shapes])[:-1]
    return [part.reshape(shape) for part, shape in zip(np.split(row, ends), task.shapes, strict=True)]


def one_row(parts: Any, count: int) -> np.ndarray:
    """Return the weights of each layer of `count` members as one row a member."""
    return np.concatenate([np.reshape(part, (count, -1)) for part in parts], axis=1)


def members_of(task: Task, exact: bool, scale: Any) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Return the offsets of all members of all patterns from the center as rows, and the factors."""
    A, B, _ = patterns(task, exact)
    kind: Any = object if exact else float
    every = [one.reshape(-1, *one.shape[2:]) for one in A], [one.reshape(-1, *one.shape[2:]) for one in B]
    generation = Perturbations(*every, scale=scale, mirrored=task.mirrored)
    center = np.array([Fraction(int(x)) for x in task.center], object).astype(kind)
    outputs = []
    for layer, W in enumerate(split(task, center)):
        identity = np.array([[Fraction(int(i == j)) for j in range(W.shape[1])] for i in range(W.shape[1])], object)
        outputs.append(generation.forward(identity.astype(kind), W, layer).swapaxes(1, 2))
    return one_row(outputs, generation.population_size) - center, A, B


Found = dict[str, Any]


def estimated(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Return the library's estimate for each pattern of factors as rows.

    Members are asked for by passes of the identity, and their fitness is that of the task.
    """
    scale = task.scale
    offsets, A, B = members_of(task, not in_doubles(task), scale)
    fitness = task.value(offsets).reshape(-1, task.pairs, 2 if task.mirrored else 1)
    d = (fitness[:, :, 0] - fitness[:, :, 1]) / 2 if task.mirrored else fitness[:, :, 0]
    rows = []
    for place, differences in enumerate(d):
        factors = [one[place] for one in A], [one[place] for one in B]
        generation = Perturbations(*factors, scale=scale, mirrored=task.mirrored)
        rows.append(np.concatenate([one.ravel() for one in generation.gradient(differences)]))
    return {"estimates": np.array(rows)}


def integers(array: Any) -> tuple[np.ndarray, int]:
    """Return Python integers and the number by which they are divided, exactly."""
    pairs = [value.as_integer_ratio() for value in np.asarray(array).ravel().tolist()]
    below = math.lcm(*{q for _, q in pairs})
    flat = np.empty(len(pairs), object)
    flat[:] = [p * (below // q) for p, q in pairs]
    return flat.reshape(np.shape(array)), below


def moments(task: Task, estimates: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the mean square of each entry over all patterns, in Fractions."""
    weights = patterns(task)[2]
    if np.shape(estimates) != (len(weights), task.n_weights):
        raise ValueError(f"`estimates` must be of shape {(len(weights), task.n_weights)}; got {np.shape(estimates)}")
    values, below = integers(estimates)
    total = int(weights.sum())
    means = [Fraction(int(one), total * below) for one in weights @ values]
    squares = [Fraction(int(one), total * below**2) for one in weights @ values**2]
    return np.array(means, object), np.array(squares, object)


def derivative(task: Task, order: int) -> np.ndarray:
    """Return the tensor of derivatives at the center, of Fractions."""
    tensor = np.full((task.n_weights,) * order, Fraction(0), object)
    for coefficient, *places in task.terms:
        if len(places) == order:
            for one in permutations(places):
                tensor[one] += coefficient
    return tensor


@lru_cache(maxsize=512)
def _gradient(n_weights: int, terms: Any) -> tuple[Fraction, ...]:
    return tuple(
        sum((Fraction(c) for c, *places in terms if tuple(places) == (k,)), Fraction(0)) for k in range(n_weights)
    )


def gradient_of(task: Task) -> np.ndarray:
    """Return the gradient at the center."""
    return np.array(_gradient(task.n_weights, task.terms), object)


def gradient_square(task: Task) -> Fraction:
    """Return the squared norm of the gradient."""
    return sum((g * g for g in gradient_of(task)), Fraction(0))


def errors(task: Task, estimates: Any) -> np.ndarray:
    """Return the mean squared error of each entry about the gradient."""
    G, (mean, square) = gradient_of(task), moments(task, estimates)
    return square - 2 * G * mean + G * G


def error(task: Task, estimates: Any) -> Fraction:
    """Return the mean squared error about the gradient."""
    return sum(errors(task, estimates), Fraction(0))


@lru_cache(maxsize=256)
def _spread(task: Task) -> tuple[tuple[Fraction, ...], Fraction]:
    A, B, weights = patterns(task)
    first = [(a[:, 0, :, None, :] * b[:, 0, None, :, :]).sum(axis=-1) for a, b in zip(A, B, strict=True)]
    E = one_row(first, len(weights))
    values, total = task.value(task.scale * E), int(weights.sum())
    mean = (weights * values).sum() / total
    variance = (weights * values**2).sum() / total - mean**2
    slopes = (weights[:, None] * values[:, None] * E).sum(axis=0) / (total * task.rank * task.scale)
    return tuple(map(Fraction, slopes)), Fraction(variance)


def surrogate(task: Task) -> np.ndarray:
    """Return E[E f(M + sigma E)] / sigma by going through the factors of one member."""
    return np.array(_spread(task)[0], object)


@lru_cache(maxsize=64)
def law_of(task: Task) -> dict[tuple[Fraction, ...], Fraction]:
    """Return the updates of one pair with their probabilities, by going through all factors."""
    A, B, weights = patterns(task)
    dense = [np.einsum("nir,njr->nij", a[:, 0], b[:, 0]).reshape(len(weights), -1) for a, b in zip(A, B, strict=True)]
    E = np.concatenate(dense, axis=1)
    d = (task.value(task.scale * E) - task.value(-task.scale * E)) / 2
    rows, total = d[:, None] * E / (task.scale * task.rank), int(weights.sum())
    law: dict[tuple[Fraction, ...], Fraction] = {}
    for row, weight in zip(rows, weights, strict=True):
        key = tuple(map(Fraction, row))
        law[key] = law.get(key, Fraction(0)) + Fraction(int(weight), total)
    return law


def sides_of(*pairs: tuple[Any, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return both sides of all pairs in one row each, of exact numbers."""
    sides = []
    for place in (0, 1):
        flat = [entry for pair in pairs for entry in np.ravel(np.array(pair[place], object)).tolist()]
        sides.append(np.array([*flat, None], object)[:-1])
    return sides[0], sides[1]
