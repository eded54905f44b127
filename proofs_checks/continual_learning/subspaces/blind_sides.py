"""Outputs that no projection of the other side protects, and no choice by the weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, gathered, plain
from lrtheory._validation import must
from lrtheory.bounds import Derived, Draws, Family, Identity, Inequality, Sides, Statement, formula, rounding, saboteur
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from proofs_checks.continual_learning.families.matrices import is_matrix
from proofs_checks.continual_learning.families.rules import (
    BLIND,
    Choice,
    choices,
    chosen,
    draw_choice,
    is_choice,
    no_basis,
)
from proofs_checks.continual_learning.families.subspaces import OTHER_SIDE
from proofs_checks.guards import allowance, misfit, square, unlike


@dataclass(frozen=True)
class Outputs:
    """A gradient G (p, d) of torch's layout, an input x, a wish y for its output, and a proposed change (p, d)."""

    G: np.ndarray
    x: np.ndarray
    y: np.ndarray
    change: np.ndarray


def is_blind(case: Outputs) -> bool:
    """Decide whether shapes fit small integers, x and y are not 0, and y is orthogonal to all columns of G."""
    if not is_matrix(case.G) or not is_matrix(case.change) or case.change.shape != case.G.shape:
        return False
    p, d = case.G.shape
    small = all(bool((x == np.round(x)).all() and (np.abs(x) < 2**20).all()) for x in (case.G, case.x, case.y))
    fits = np.shape(case.x) == (d,) and np.shape(case.y) == (p,) and bool(case.x.any() and case.y.any())
    return bool(small and fits and case.G.any() and not (case.y @ case.G).any())


Found = dict[str, Any]


@formula(x="d", y="p")
def blind_change(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    r"""The change dW of the weights with x dW = y that is shortest.

    dW = x^T y / |x|^2, with |x dW| = |x| |dW|, the largest change that dW of its size can make.

    Proof
    -----
    Assumes: nothing.

    Proof: x x^T = \|x\|^2. Where y is orthogonal to the outputs that are protected, dW passes a projector on the output
    side unchanged; where x is orthogonal to the protected inputs, it passes one on the input side.
    """
    row, wanted = x, y
    if not any(entry > 0 or entry < 0 for entry in row.tolist()):
        raise must("x", "a vector that is not 0", x)
    if row.dtype.kind == "f":  # the square of what is left neither overflows nor vanishes
        largest = plain(np.abs(row).max())
        row, wanted = row / largest, wanted / largest
    return gathered(np.multiply.outer(row, wanted) / exact(plain(row @ row)))


def on_outputs(case: Outputs, rng: np.random.Generator | None = None, side: str = "output") -> Found:
    """Protect one side of the gradient, and let the library change two steps: the proposed one, and that for y."""
    rows = case.G.T if side == "output" else case.G
    protector = SubspaceProtector(rows.shape[1], side=side)  # type: ignore[arg-type]
    protector.extend(rows, rank=int(np.linalg.matrix_rank(case.G)))
    start, wish = np.zeros_like(case.G), np.asarray(blind_change(case.x, case.y), float).T
    return {name: protector.protect_step(start, step) for name, step in (("step", case.change), ("blind", wish))}


def draw_outputs(draws: Draws) -> Outputs:
    """Draw a gradient of small integers that lacks one output, or one difference of outputs."""
    p, d = draws.integers(2, 5), draws.integers(1, 5)
    G, change = (draws.integers(-3, 3, shape=(p, d)).astype(float) for _ in range(2))
    y = np.zeros(p)
    y[0] = draws.choice((1.0, 2.0, -3.0))
    if draws.choice((True, False)):
        G[0], y[1] = G[1], -y[0]
    else:
        G[0] = 0.0
    x = draws.integers(-3, 3, shape=d).astype(float)
    return Outputs(G, x, y, change)


def outputs() -> tuple[Outputs, ...]:
    """Return the smallest gradient, of one input and two outputs, and larger ones."""
    G = np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 0.0], [0.0, 1.0, 1.0], [2.0, 0.0, 1.0]])
    change = np.random.default_rng(0).integers(-3, 4, (4, 3)).astype(float)
    return (
        Outputs(np.array([[1.0], [0.0]]), np.array([1.0]), np.array([0.0, 1.0]), np.array([[2.0], [3.0]])),
        Outputs(G, np.array([1.0, -2.0, 3.0]), np.array([2.0, -2.0, 0.0, 0.0]), change),
        Outputs(np.vstack([G[2:], 0 * G[:1]]), np.array([0.0, 5.0, 1.0]), np.array([0.0, 0.0, 3.0]), change[:3]),
    )


OUTPUTS = Family("output-sides", always=outputs, draw=draw_outputs)


def on_inputs(case: Outputs, rng: np.random.Generator | None = None) -> Found:
    """Protect the rows of the gradient."""
    return on_outputs(case, side="input")


def protects_gradients(case: Outputs, found: Found) -> Sides:
    """Compare inner products with the gradient with 0, and the output of x with what was wished, by a full step."""
    G, x, y = case.G, case.x, case.y
    wish = np.asarray(blind_change(x, y), float).T
    U = np.linalg.svd(G)[0][:, : np.linalg.matrix_rank(G)]
    kept = case.change - U @ (U.T @ case.change)
    step, blind = found["step"], found["blind"]
    lhs = np.concatenate([[(G * step).sum(), (G * blind).sum(), square(blind @ x)], blind @ x, (step - kept).ravel()])
    rhs = np.concatenate([[0.0, 0.0, square(x) * square(wish)], y, np.zeros(G.size)])
    size = float(np.abs(G).sum() * (1 + np.abs(case.change).sum()) + np.abs(x).sum() * (1 + square(y)))
    sides = Sides(lhs, rhs, rounding=rounding(64 * (sum(G.shape) + 8), size))
    return misfit((step, G.shape), (blind, G.shape)) or sides


def protects_outputs(case: Outputs, found: Found) -> Sides:
    """Compare the change of the old output with 0: false on this side."""
    moved = found["blind"] @ case.x
    return Sides(moved, 0 * moved, rounding=rounding(64 * (sum(case.G.shape) + 8), np.abs(case.y).max()))


CS_7 = Statement(
    id="continual_learning/CS-7",
    title="Projecting on the output side protects no old output",
    says=(
        "G (out, in) is an old gradient, and changes dW of the weights are projected off its columns. Then the inner "
        "product of G and dW is 0. But every input x can be given every change y of its output that is orthogonal to "
        "the columns of G: dW = y x^T / |x|^2 passes unchanged, with |dW x| = |dW| |x|, the most that any dW can do."
    ),
    source=Derived(blind_change),
    tex=r"M = \mathrm{span}(G):\ \langle G, \Delta W\rangle = 0,\quad \Delta W x = y\ \text{ for every } y \perp M",
    hypotheses={"an input, and a wish that the gradient does not see": is_blind},
    instances=OUTPUTS,
    solve=on_outputs,
    claim=Identity(protects_gradients),
    decisions=("step", "blind"),
    saboteurs=(
        saboteur("as a released program means it: old outputs stay", claim=Identity(protects_outputs), printed=True),
        saboteur("the input side", solve=on_inputs),
        saboteur("the other side of square weights", patch=OTHER_SIDE),
    ),
    notes=(
        "A released program multiplies gradients (out, in) from the left, which is this side. Its text may mean "
        "weights that multiply columns from the right, where the same words protect inputs."
    ),
)


def is_blind_rule(case: Choice) -> bool:
    """Decide whether the rule sees the weights alone, of which some singular values are not 0."""
    return case.rule in BLIND and bool(np.linalg.matrix_rank(case.W) >= case.k)


def played(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Let the rule choose, take an input that is orthogonal to all it chose, and let the rule choose again for it."""
    first = chosen(case, case.X)
    x = np.linalg.svd(first.T)[2][-1]
    return {"first": first, "x": x, "again": chosen(case, x[None])}


BY_WEIGHTS = Family(
    "rules-that-see-weights",
    always=lambda: tuple(one for one in choices() if one.rule in BLIND),
    draw=lambda draws: draw_choice(draws, BLIND),
)


def peeking(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Choose by the inputs."""
    return played(replace(case, rule="inputs"))


def forgets_all(case: Choice, found: Found, kept: bool = False) -> Sides:
    """Compare what the worst step does to the input with 1; or with 0, as if what was chosen kept every output."""
    first, x, again = found["first"], found["x"], found["again"]
    allowed = allowance(np.eye(len(first)))
    off = misfit((x, (len(first),))) or no_basis(case, first, again)
    off = off or unlike(np.append(x @ first, square(x) - 1), allowed)
    if off is not None:
        return off
    left = x - (x @ again) @ again.T
    size = float(np.sqrt(square(left)))
    change = np.asarray(blind_change(left / size if size > 0 else x, [1.0]), float)
    forgotten = square(x @ (change - again @ (again.T @ change)))
    if kept:
        return Sides([forgotten], [0.0], trivial=1.0, rounding=allowed)
    return Sides([1.0], [forgotten], least=0.0, rounding=allowed)


SC_2 = Statement(
    id="continual_learning/SC-2",
    title="From the weights alone no rule can tell which inputs to protect",
    says=(
        "A rule picks k < d directions M of the inputs to protect, from the weights alone: their first singular "
        "vectors, random ones, or axes. Then there is an input x of length 1, orthogonal to M, for which the rule "
        "still picks M, and a change of the weights with M^T dW = 0 and largest singular value 1 that changes the "
        "output of x by 1, as much as without any protection."
    ),
    source=Derived(blind_change),
    tex=r"M = M(W),\ k < d \Rightarrow \exists x:\ \max_{M^\top\Delta W = 0,\ \|\Delta W\|_2 = 1}\|x\Delta W\| = \|x\|",
    hypotheses={
        "weights, inputs and fewer directions than features": is_choice,
        "a rule that sees weights alone": is_blind_rule,
    },
    instances=BY_WEIGHTS,
    solve=played,
    claim=Inequality(forgets_all),
    decisions=("first", "x", "again"),
    free={
        "first": "a direction has no sign, and only the span counts",
        "again": "a direction has no sign, and only the span counts",
        "x": "an input and its negative forget as much",
    },
    saboteurs=(
        saboteur("the rule looks at the inputs", solve=peeking),
        saboteur(
            "as in Sculpting Subspaces: the first directions of the weights keep what was learned",
            claim=Inequality(partial(forgets_all, kept=True)),
            printed=True,
        ),
    ),
    notes=(
        "Sculpting Subspaces takes the first directions of the weights for what was learned. Its steps do keep the "
        "outputs of all inputs in the span of these directions; but with W = diag(10, 1/8) and one direction that is "
        "e_1, and the input e_2 is not protected at all."
    ),
)
