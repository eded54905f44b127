"""The growth of the loss of old tasks where singular parts of the weights are frozen, and not those of the Hessian.

W (p, d) holds weights in torch's layout, and the rows of X (T, d) are old inputs. A frozen part of W has the inputs V
(d, k) and the outputs U (p, k), its first k right and left singular vectors.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import All, Derived, Draws, Family, Inequality, Sides, Statement, formula, rounding, saboteur
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from proofs_checks.continual_learning.families.matrices import is_matrix, largest, spectrum
from proofs_checks.continual_learning.families.subspaces import OTHER_SIDE
from proofs_checks.guards import allowance, misfit, square, unlike

Found = dict[str, Any]
USED_LEAST = "a free input that is used least"


@dataclass(frozen=True)
class Sculpted:
    """Weights W (p, d), old inputs X (T, d), how many singular parts are frozen, and a proposed step (p, d)."""

    W: np.ndarray
    X: np.ndarray
    k: int
    step: np.ndarray


def is_sculpted(case: Sculpted) -> bool:
    """Decide whether shapes fit, inputs and outputs are left free, and the frozen singular values stand apart."""
    if not all(map(is_matrix, (case.W, case.X, case.step))) or case.step.shape != case.W.shape:
        return False
    s = spectrum(case.W)
    fits = case.X.shape[1] == case.W.shape[1] and case.X.any() and 1 <= case.k < min(case.W.shape)
    return bool(fits and s[case.k] < 0.99 * s[case.k - 1] and s[case.k - 1] > 2.0**-6 * s[0])


def singular(case: Sculpted) -> tuple[np.ndarray, np.ndarray]:
    """Return the outputs U and the inputs V of the frozen part."""
    U, _, Vt = np.linalg.svd(case.W)
    return U[:, : case.k], Vt[: case.k].T


def frozen(case: Sculpted) -> tuple[SubspaceProtector, SubspaceProtector]:
    """Return the library's objects that freeze the inputs and the outputs of the first singular parts."""
    p, d = case.W.shape
    inputs, outputs = SubspaceProtector(d), SubspaceProtector(p, side="output")
    inputs.extend(case.W, rank=case.k)
    outputs.extend(case.W.T, rank=case.k)
    return inputs, outputs


def steepest(case: Sculpted, inputs: SubspaceProtector, outputs: SubspaceProtector) -> np.ndarray:
    """Return the step y x^T of length 1 from the free input x that old inputs use most to a free output y."""
    V, U = np.asarray(inputs.basis), np.asarray(outputs.basis)
    free = np.linalg.svd(V.T)[2][V.shape[1] :]
    return np.outer(np.linalg.svd(U.T)[2][-1], np.linalg.svd(case.X @ free.T)[2][0] @ free)


def trained(case: Sculpted, rng: np.random.Generator | None = None) -> Found:
    """Take what is frozen out of the proposed step and the steepest one, and tell which share of inputs it holds."""
    inputs, outputs = frozen(case)
    off = lambda step: np.asarray(outputs.project(inputs.project(step)))
    told = {"share": inputs.protected_energy(case.X), "after": off(case.step)}
    return told | {"steepest": off(steepest(case, inputs, outputs))}


def outputs_alone(case: Sculpted, rng: np.random.Generator | None = None) -> Found:
    """Freeze the outputs of the singular parts, and not their inputs."""
    return trained(case) | {"after": np.asarray(frozen(case)[1].project(case.step))}


def of_weights(case: Sculpted, rng: np.random.Generator | None = None) -> Found:
    """Tell the share of the weights in the place of that of the inputs."""
    return trained(case) | {"share": frozen(case)[0].protected_energy(case.W)}


def least_steep(case: Sculpted, rng: np.random.Generator | None = None) -> Found:
    """Take the free input that old inputs use least for the one that they use most."""
    U, V = singular(case)
    free = np.linalg.svd(V.T)[2][case.k :]
    x = np.linalg.svd(case.X @ free.T)[2][-1] @ free
    return trained(case) | {"steepest": np.outer(np.linalg.svd(U.T)[2][-1], x)}


def draw_sculpted(draws: Draws) -> Sculpted:
    """Draw weights with a large part, and old inputs of any size with a decaying spectrum."""
    p, d, T = draws.integers(2, 5), draws.integers(2, 5), draws.integers(1, 7)
    k = draws.integers(1, min(p, d) - 1)
    mixed, step = draws.integers(-3, 3, shape=(p, d)) + 0.0, draws.integers(-3, 3, shape=(p, d)) + 0.0
    large = draws.integers(-2, 2, shape=(p, k)) + 4.0 * np.eye(p, k)
    X = draws.floats(-1.0, 1.0, shape=(T, d)) * (1.0 + np.arange(d)) ** -draws.choice((0.0, 1.0, 2.0))
    X = 2.0 ** draws.choice((0, 0, -30, 30)) * (X @ (draws.integers(-3, 3, shape=(d, d)) + 4 * np.eye(d)))
    return Sculpted(mixed + 8 * large @ np.eye(k, d), X if X.any() else np.eye(T, d), k, step)


def sculpted() -> tuple[Sculpted, ...]:
    """Return weights that are large where no input is, where all inputs are, and larger ones."""
    chance = np.random.default_rng(0)
    plane, both = np.array([[0.0, 10.0], [0.125, 0.0]]), np.ones((2, 2))
    W, step = chance.integers(-3, 4, (2, 4, 5)).astype(float)
    X = chance.integers(-3, 4, (6, 5)) * [8.0, 4.0, 2.0, 1.0, 1.0]
    return (
        Sculpted(plane, np.array([[1.0, 0.0]]), 1, both),
        Sculpted(plane, np.array([[0.0, 3.0]]), 1, both),
        Sculpted(plane, np.array([[3.0, 1.0], [1.0, 2.0]]), 1, both),
        *(Sculpted(W + 9 * np.eye(4, 5) * (np.arange(5) < k), X, k, step) for k in (1, 2, 3)),
        Sculpted((W + 9 * np.eye(4, 5) * (np.arange(5) < 2)).T, X[:3, :4], 2, step.T),
    )


def small_inputs() -> Iterator[Sculpted]:
    """Yield two inputs of two numbers, each 0, 1 or -1, for weights that freeze the second one."""
    for entries in itertools.product((-1.0, 0.0, 1.0), repeat=4):
        if any(entries):
            yield Sculpted(
                np.array([[0.0, 2.0], [1.0, 0.0]]), np.reshape(entries, (2, 2)), 1, np.array([[1.0, 2.0], [3.0, 1.0]])
            )


SMALL = All(
    "pairs of inputs with entries 0, 1 and -1, not all 0, for the weights ((0, 2), (1, 0)) and one step",
    small_inputs,
    members=80,
    invisible={USED_LEAST: "one input alone is free"},
)


@formula(X="T x d", V="d x k")
def free_eigenvalue(X: np.ndarray, V: np.ndarray) -> float:
    r"""The largest eigenvalue l of the Hessian X^T X on the inputs that are orthogonal to V.

    It is the squared largest singular value of X - X V V^T.

    Proof
    -----
    Assumes: V has orthonormal columns, some input is orthogonal to them and some output to U, and W has the least loss.

    Proof: the loss grows by \|X D\|^2 / 2 (see `loss_growth`), where D (d, p) is the step as rows. A step that the
    frozen part allows has D = (I - V V^T) D, so it grows by \|(X - X V V^T) D\|^2 / 2, which is at most l \|D\|^2 / 2
    and at most \|X - X V V^T\|^2 c^2 / 2 with the largest singular value c of D. D = x y^T attains the first one, with
    the first right singular vector x of X - X V V^T and an output y that is orthogonal to U. By Eckart and Young l is
    at least the (k + 1)-th eigenvalue of X^T X, since X V V^T has rank at most k.
    """
    X, V = np.asarray(X, float), np.asarray(V, float)
    return largest(X - (X @ V) @ V.T)


def unfrozen(case: Sculpted, found: Found) -> Sides | None:
    """Return sides that fail where a step moves what is frozen, or is not what was proposed off it."""
    (U, V), after, steep = singular(case), found["after"], found["steepest"]
    off = misfit((after, case.W.shape), (steep, case.W.shape), (found["share"], ()))
    if off is not None:
        return off
    allowed = vectors_error(case)
    left = case.step - U @ (U.T @ case.step)
    zeros = [U.T @ after, after @ V, U.T @ steep, steep @ V, after - (left - (left @ V) @ V.T)]
    return unlike(np.concatenate([one.ravel() for one in zeros]), allowed) or unlike(square(steep) - 1, allowed)


def vectors_error(case: Sculpted) -> float:
    """Return what entries of a step off singular vectors may err by in doubles.

    Vectors of a singular value that differs from the next one by a hundredth err by a hundred times the rounding.
    """
    return float(rounding(2**14 * (sum(case.W.shape) + 8), np.sqrt(square(case.step)) + 1))


def grows(case: Sculpted, found: Found, promised: bool = False, part: float = 0.5) -> Sides:
    """Compare the growth of the loss with l |D|^2 / 2 and with the share of inputs that are not frozen.

    With `promised` the (k + 1)-th eigenvalue stands for l, as if V were the Hessian's own.
    """
    off = unfrozen(case, found)
    if off is not None:
        return off
    X, V, after, told = case.X, singular(case)[1], found["after"], found["share"]
    worst, mass, inside = free_eigenvalue(X, V), square(X), square(X @ V)
    beyond = ([value**2 for value in spectrum(X)] + [0.0] * (case.k + 1))[case.k]
    limit, size, widest = beyond if promised else worst, square(after), float(np.linalg.norm(after, 2) ** 2)
    grown, most = square(X @ after.T) / 2, square(X @ found["steepest"].T) / 2
    error = mass * vectors_error(case) + 4 * allowance(X)
    rows = [  # lhs, rhs, what lhs never exceeds, what rhs is never below, and how much both err
        (grown, limit * size * part, mass * size / 2, -np.inf, size),
        (grown, (1 - told) * mass * widest / 2, mass * widest / 2, -np.inf, widest),
        (most, limit * part, mass / 2, -np.inf, 1.0),
        (worst / 2, most, np.inf, 0.0, 1.0),
        (beyond / 2, most, np.inf, 0.0, 1.0),
        (told * mass, inside, mass, -np.inf, 1.0),
        (inside, told * mass, mass, 0.0, 1.0),
    ]
    lhs, rhs, trivial, least, scale = map(np.array, zip(*rows, strict=True))
    return Sides(lhs, rhs, trivial=trivial, least=least, rounding=error * scale)


SC_R = Statement(
    id="continual_learning/SC-R",
    title="Freezing singular parts of the weights bounds the loss by what inputs leave of them",
    says=(
        "W has the least squared loss for old inputs X. Its first k singular parts, with inputs V and outputs U, are "
        "frozen: a step D obeys U^T D = 0 and D V = 0. Then the loss grows by at most l |D|^2 / 2, where l is the "
        "largest eigenvalue of the Hessian X^T X on the inputs that V leaves free, and some step attains this. It also "
        "grows by at most (1 - s) |X|^2 c^2 / 2, where s is the share of |X|^2 in the span of V, and c the largest "
        "singular value of D. Frozen eigenvectors of the Hessian would leave its (k + 1)-th eigenvalue; l is at least "
        "that, and may be the first one."
    ),
    source=Derived(free_eigenvalue),
    tex=(
        r"\max_{U^\top D = 0,\ D V = 0,\ \|D\| = 1} L(W + D) - L(W) = "
        r"\tfrac12\|X - XVV^\top\|_2^2 \ge \tfrac12\lambda_{k+1}(X^\top X)"
    ),
    hypotheses={"weights with a part to freeze, inputs and a step that fit": is_sculpted},
    instances=Family("sculpted-weights", always=sculpted, draw=draw_sculpted),
    for_all=(SMALL,),
    solve=trained,
    claim=Inequality(grows),
    decisions=("after", "steepest"),
    free={"steepest": "a step and its negative move outputs by as much"},
    saboteurs=(
        saboteur(
            "the eigenvalue that the Hessian's own directions would leave",
            claim=Inequality(partial(grows, promised=True)),
        ),
        saboteur("a quarter", claim=Inequality(partial(grows, part=0.25))),
        saboteur("outputs are frozen alone", solve=outputs_alone),
        saboteur("the share of the weights", solve=of_weights),
        saboteur(USED_LEAST, solve=least_steep),
        saboteur("the other side of square weights", patch=OTHER_SIDE),
    ),
    notes=(
        "SC-1 is the bound for eigenvectors of the Hessian, and SC-2 says that no rule finds them in W. With W = "
        "((0, 10), (1/8, 0)), k = 1 and the input e_1 the second eigenvalue is 0, and the loss grows by "
        "all that any step of its length could add. The figure whose_subspace measures s on the maps of a text encoder."
    ),
)
