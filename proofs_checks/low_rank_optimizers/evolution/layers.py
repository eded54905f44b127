"""Layers that are perturbed at the same time, and what a strategy draws for them.

E = A B^T / sqrt(r) is a perturbation of an m x n weight M, `shape` = (m, n), with the factors A (m, r) and B (n, r),
and kA and kB are the excess kurtosis of their entries: 0 for Gaussian ones, -2 for signs. sigma scales E, and P
mirrored pairs give the mean of E (f(M + sigma E) - f(M - sigma E)) / (2 sigma). r is an integer, or infinity for full
Gaussian noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, numbers, plain
from lrtheory._validation import must
from lrtheory.bounds import Derived, Family, Identity, Law, Number, Sides, Statement, formula, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.evolution.low_rank_es import LowRankES, estimate
from lrtheory.low_rank_optimizers.evolution.noise import Noise
from lrtheory.low_rank_optimizers.evolution.perturbations import Perturbations
from lrtheory.low_rank_optimizers.theory.moments import checked_rank, over, sides
from proofs_checks.low_rank_optimizers.families.estimates import (
    errors,
    estimated,
    gradient_of,
    law_of,
    moments,
    sides_of,
    split,
)
from proofs_checks.low_rank_optimizers.families.estimators import _combined, _products, fresh, over_members
from proofs_checks.low_rank_optimizers.families.polynomials import Task, at_most, drawing, in_doubles, is_sign, patterns
from proofs_checks.low_rank_optimizers.families.strategies import reused
from proofs_checks.low_rank_optimizers.families.tasks import PAIRS, QUADRATIC, laws_of

Found = dict[str, Any]


def shared(task: Task, rng: np.random.Generator | None = None) -> Found:
    """Use the noise of the first layer for every layer of the same shape."""
    A, B, _ = patterns(task, False)
    places = [task.shapes.index(shape) for shape in task.shapes]
    return _combined(task, _products([A[place] for place in places], [B[place] for place in places]))


@formula(P="[1, inf)", kA="[-2, inf)", kB="[-2, inf)")
def layer_mse(
    shapes: Sequence[Sequence[int]], r: float, P: int, squares: Sequence[Number], kA: Number = 0, kB: Number = 0
) -> list[Number]:
    r"""The mean squared errors of all layers that are perturbed at the same time.

    `shapes` holds (m_l, n_l), and `squares` |G_l|^2.

    With |G|^2 the sum over layers, they add up to ((d + 1) |G|^2 + sum_l c_l |G_l|^2 / r) / P for d weights.

    Proof
    -----
    Assumes: f quadratic, factors of different layers independent, and the laws of `theory.noise_constant`.

    Proof: one pair gives layer l the estimate E_l (<G_l, E_l> + sum_{k != l} <G_k, E_k>). The cross terms of its mean
    square are odd in E_k and vanish. The square of the first term has the mean \|G_l\|^2 (m_l n_l + 2 + c_l/r) by EG-V,
    that of another term E\|E_l\|^2 E<G_k, E_k>^2 = m_l n_l \|G_k\|^2. Subtract \|G_l\|^2 and divide by P.
    """
    if not hasattr(shapes, "__len__"):
        raise must("shapes", "a sequence of pairs of integers (m, n)", shapes, TypeError)
    r = checked_rank(r)
    squares = [exact(x) for x in numbers("squares", squares, 0, length=len(shapes))]
    whole, found = sum(squares), []
    for shape, square in zip(shapes, squares, strict=True):
        m, n = sides(shape)
        c = theory.noise_constant(shape, kurtosis_a=kA, kurtosis_b=kB)
        found.append(plain((m * n * whole + (1 + over(c, r)) * square) / P))
    return found


def error_of_layers(task: Task, found: Found, alone: bool = False) -> Sides:
    """Compare the mean of each layer with its gradient, and its mean squared error with the formula."""
    estimates, G = found["estimates"], gradient_of(task)
    squares = [sum(g * g for g in part.ravel()) for part in split(task, G)]
    made = [sum(part.ravel()) for part in split(task, errors(task, estimates))]
    kA, kB = laws_of(task).values()
    due = layer_mse(task.shapes, task.rank, task.pairs, squares, kA, kB)
    if alone:
        layers = zip(task.shapes, squares, strict=True)
        due = [layer_mse([m], task.rank, task.pairs, [s], kA, kB)[0] for m, s in layers]
    return Sides(*sides_of((moments(task, estimates)[0], G), (made, due)))


HALF = Fraction(1, 2)


def layered() -> tuple[Task, ...]:
    """Return two single numbers, equal and different shapes, a second layer without gradient, and both laws."""
    two = Task(((1, 1), (1, 1)), 1, "sign", HALF, ((1, 0), (2, 1)))
    return (
        two,
        replace(two, law="three-point"),
        replace(two, law="three-point", rank=2, terms=((1, 0), (2, 1), (-3, 0, 1))),
        replace(two, shapes=((2, 1), (2, 1)), terms=((1, 0), (2, 1), (-1, 2), (3, 3), (1, 0, 3))),
        replace(two, shapes=((2, 2), (1, 3)), terms=((1, 0), (2, 1), (-1, 2), (3, 4), (1, 0, 6))),
        replace(two, shapes=((2, 1), (1, 1)), rank=2, terms=((2, 0), (1, 1), (-3, 2))),
        replace(two, shapes=((2, 1), (1, 2)), terms=((2, 0),)),
        replace(two, shapes=((2, 1), (1, 2)), law="three-point", terms=((2, 0), (1, 3))),
        replace(two, pairs=2, terms=((2, 0), (1, 1), (1, 0, 1))),
        replace(two, shapes=((1, 1), (1, 1), (1, 2)), terms=((2, 0), (1, 1), (-2, 3), (2, 0, 2))),
    )


LAYERED = Family("layered-quadratics", always=layered, draw=drawing(2, {"three-point": 4, "sign": 6}, layers=2))


EG_VL = Statement(
    id="low_rank_optimizers/EG-VL",
    title="A layer's noise grows with the gradients of all layers",
    says=(
        "With independent factors in all layers of shapes m_l x n_l, and gradients G_l with the whole gradient G, the "
        "estimate of layer l has the mean G_l, and its mean squared error is (m_l n_l |G|^2 + (1 + c_l/r) |G_l|^2) / P "
        "on a quadratic, with c_l the constant of EG-V. The noise of a layer is paid for by the gradients of all."
    ),
    source=Derived(layer_mse),
    tex=(
        r"\mathbb E\|\hat g_l - G_l\|^2 = \frac1P\Bigl(m_l n_l \|G\|^2 + \bigl(1 + \tfrac{c_l}{r}\bigr) \|G_l\|^2\Bigr)"
    ),
    hypotheses=QUADRATIC,
    instances=LAYERED,
    solve=estimated,
    claim=Identity(error_of_layers),
    decisions=("estimates",),
    saboteurs=(
        saboteur("each layer pays for itself", claim=Identity(partial(error_of_layers, alone=True))),
        saboteur("noise shared by layers of one shape", solve=shared),
        saboteur("the mean over members", solve=over_members),
        saboteur("new factors in the mirrored member", solve=fresh),
    ),
)


def two_steps(task: Task, rng: np.random.Generator, n: int, strategy: Any = LowRankES) -> Found:
    """Return the updates of two steps of n strategies with one pair each."""
    rows = np.empty((n, 2, task.n_weights))
    sigma = float(task.scale) * math.isqrt(task.rank)
    shapes = [shape[:1] if task.vectors and shape[1] == 1 else shape for shape in task.shapes]
    layers = [(np.eye(shape[-1]) if len(shape) == 2 else np.zeros((1, *shape)), np.zeros(shape)) for shape in shapes]
    for run in range(n):
        es = strategy(shapes, sigma=sigma, rank=task.rank, population_size=2, rng=rng)
        for step in range(2):
            generation = es.ask()
            outputs = [generation.forward(X, W, layer) for layer, (X, W) in enumerate(layers)]
            members = np.concatenate([one.swapaxes(1, 2).reshape(2, -1) for one in outputs], axis=1)
            rows[run, step] = np.concatenate([one.ravel() for one in es.tell(task.value(members)).update])
    return {"updates": rows}


def of_steps(task: Task, found: Found) -> np.ndarray:
    """Return the number of the pair of updates of each run, and the last number for updates that cannot be."""
    places = {key: place for place, key in enumerate(law_of(task))}
    k = len(places)
    rows = [[places.get(tuple(map(Fraction, row)), -1) for row in run] for run in np.asarray(found["updates"]).tolist()]
    return np.array([a * k + b if min(a, b) >= 0 else k * k for a, b in rows])


def of_two(task: Task) -> np.ndarray:
    """Return the probabilities of all pairs of updates, and 0 for others."""
    p = np.array([float(one) for one in law_of(task).values()])
    return np.append(np.outer(p, p).ravel(), 0.0)


def distinct(task: Task) -> bool:
    """Decide whether there is one pair, and few enough updates, and more than one."""
    return task.pairs == 1 and task.rank in (1, 4) and 2 <= len(law_of(task)) <= 5


def draw_sampled(draws: Any) -> Task:
    """Draw layers whose updates differ, and an affine function with slopes that are powers of 2."""
    shapes, rank = draws.choice(((((1, 1), (1, 1)), 1), (((2, 1),), 1), (((2, 2),), 1), (((1, 1),), 4)))
    d = sum(m * n for m, n in shapes)
    order = draws.permutation(d)
    terms = tuple((draws.choice((1, -1)) * 2 ** int(k), place) for place, k in enumerate(order))
    vectors = rank == 1 and draws.choice((True, False))
    return Task(shapes, rank, "sign", draws.choice((HALF, Fraction(1))), terms, vectors=vectors)


SAMPLED = Family(
    "sampled-signs",
    always=(
        Task(((1, 1), (1, 1)), 1, "sign", HALF, ((1, 0), (2, 1))),
        Task(((2, 1), (1, 1)), 1, "sign", HALF, ((1, 0), (2, 1), (4, 2), (1, 0, 1)), vectors=True),
    ),
    draw=draw_sampled,
)


EG_VE = Statement(
    id="low_rank_optimizers/EG-VE",
    title="The strategy draws fair signs, new ones for each layer and each step",
    says=(
        "The updates of two steps of a strategy with sign factors, rank r and one mirrored pair are independent, and "
        "each is (f(M + sigma E) - f(M - sigma E)) E / (2 sigma) with E = A B^T / sqrt(r) in each layer, all signs "
        "equally likely, independently between layers; vectors have signs of their own. So EG-V and EG-VL hold for "
        "what the strategy draws."
    ),
    source=Derived(layer_mse),
    tex=(
        r"P(\hat g_1 = u,\ \hat g_2 = v) = p(u)\,p(v),\qquad p(u) = P\Bigl(\tfrac{f(M+\sigma E)-f(M-\sigma E)}"
        r"{2\sigma} E = u\Bigr)"
    ),
    hypotheses=PAIRS
    | {"sign factors": is_sign, "at most quadratic": at_most(2), "few updates": distinct, "exact doubles": in_doubles},
    instances=SAMPLED,
    solve=two_steps,
    claim=Law(category=of_steps, probabilities=of_two, within=0.09),
    decisions=("updates",),
    saboteurs=(
        saboteur("noise keyed without the layer", patch=(Noise.draw, "2 * layer + side", "side")),
        saboteur("noise of the first step in every step", solve=partial(two_steps, strategy=reused)),
        saboteur("the mean over members", patch=(Perturbations.gradient, "self.pairs * (", "self.population_size * (")),
        saboteur("the step size of another population", patch=(estimate, "generation.pairs / found.kept", "2")),
    ),
    notes=(
        "Whoever keys the noise without the layer has every moment of one layer right. A width of 0.09 takes 1024 runs "
        "where a pair of updates has the probability 1/4; the exact test against the stated law has no width. A vector "
        "of signs has the law of a matrix of one column at rank 1, and is judged by that."
    ),
)
