"""Frequent Directions: errors, certificates, projections, merges, and counters on rows along axes: FD-*."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.sketching.buffer import SketchBuffer
from proofs_checks.continual_learning.families.matrices import largest, spectrum
from proofs_checks.continual_learning.families.rows import (
    AXES,
    STREAMS,
    TREES,
    Axes,
    Parts,
    Rows,
    counted,
    is_axial,
    is_stream,
    is_tree,
    is_wide,
    merged,
    sketched,
)
from proofs_checks.continual_learning.wrong_solvers import sketches as wrong
from proofs_checks.guards import allowance, misfit, square, unlike

Found = dict[str, Any]
STREAM = {"rows, not all 0, and a buffer above the rank": is_stream, "more features than kept rows": is_wide}
#: changes of the shrink: what is beyond the rank is dropped, or twice as much is taken as is counted
DROPS = (
    SketchBuffer._shrunk,
    "energies[self.rank] if len(energies) > self.rank else energies.dtype.type(0.0)",
    "energies.dtype.type(0.0)",
)
TWICE = (SketchBuffer._shrunk, "lengths_left(energies[:n], missed)", "lengths_left(energies[:n], 2 * missed)")
ANY_SIZE = "a solver may return rows of any size"
COMPONENTS = {"components": "FD-2 projects onto the directions"}
KEPT = {"sketch": "how many rows it keeps, up to the rank, is up to the sketch"}
SIGNS = {"sketch": "B and -B have the same products B^T B"}


def allowed(case: Rows | Parts) -> float:
    """Return what squares of the rows may err by in doubles: each row is in one factorization of the buffer."""
    return allowance(case.rows, steps=1 + len(case.rows))


def no_sketch(case: Rows | Parts, found: Found) -> Sides | None:
    """Return sides that fail where the sketch has too many rows, or not all energy was counted; else None."""
    B, n = np.asarray(found["sketch"]), case.rows.shape[1]
    wrong_shape = misfit((B, (min(len(B), case.rank), n)))
    return wrong_shape or unlike(found["mass"] - square(case.rows), allowed(case))


def errors(case: Rows | Parts, found: Found) -> np.ndarray:
    """Return the least and the largest eigenvalue of A^T A - B^T B."""
    B = found["sketch"]
    values = np.linalg.eigvalsh(case.rows.T @ case.rows - B.T @ B)
    return np.asarray(values[[0, -1]])


def misses_little(case: Rows | Parts, found: Found, share: float = 1.0) -> Sides:
    """Compare the least eigenvalue of the error with 0, and the largest one with the bound in advance."""
    low, high = errors(case, found)
    most = share * theory.fd_bound(spectrum(case.rows), case.rank)
    limits = [np.inf, largest(case.rows)]
    return no_sketch(case, found) or Sides([-low, high], [0.0, most], trivial=limits, rounding=allowed(case))


FD_1 = Statement(
    id="continual_learning/FD-1",
    title="Few rows keep the squares of a stream in all directions",
    says=(
        "A stream has the rows A, and Frequent Directions keep at most l rows B of it. For every unit vector v, |A "
        "v|^2 is at least |B v|^2, and exceeds it by at most tail_k / (l + 1 - k) for every k <= l, where tail_k is "
        "the sum of all but the k largest squared singular values of A."
    ),
    source=Derived(theory.fd_bound),
    tex=r"0 \preceq A^\top A - B^\top B \preceq \min_{k \le \ell}\frac{\mathrm{tail}_k}{\ell + 1 - k}\,I",
    hypotheses=STREAM,
    instances=STREAMS,
    solve=sketched,
    claim=Inequality(misses_little, unbounded=ANY_SIZE),
    decisions=("sketch",),
    unread={"delta": "FD-6 compares the sum of all shrinks", **COMPONENTS},
    may_vary=KEPT,
    free=SIGNS,
    saboteurs=(
        saboteur("rows beyond the rank are dropped", patch=DROPS),
        saboteur("every shrink is taken twice", patch=TWICE),
        saboteur("half of the bound", claim=Inequality(partial(misses_little, share=0.5))),
    ),
    notes=(
        "Truncation alone is off by as much as a stream likes; its error on the always-run streams is 4 times the "
        "bound."
    ),
)


def certified(case: Rows | Parts, found: Found) -> Sides:
    """Compare the error with the sum of all shrinks, and that with the lost energy and the bound in advance."""
    lost = (found["mass"] - square(found["sketch"])) / (case.rank + 1)
    before = theory.fd_bound(spectrum(case.rows), case.rank)
    delta, high = found["delta"], errors(case, found)[1]
    limits = [largest(case.rows), np.inf, np.inf]
    sides = Sides([high, delta, delta], [delta, lost, before], trivial=limits, rounding=allowed(case))
    return no_sketch(case, found) or sides


FD_6 = Statement(
    id="continual_learning/FD-6",
    title="A sketch knows its own error, and never less well than in advance",
    says=(
        "Frequent Directions keep at most l rows B of a stream A; delta is the sum of all squares by which they have "
        "shrunk. No eigenvalue of A^T A - B^T B is above delta, (l + 1) delta is at most |A|^2 - |B|^2, and delta is "
        "at most the bound of FD-1. So delta is a certificate that needs no second look at the stream."
    ),
    source=Derived(theory.shrinkage_limit),
    tex=(
        r"\lambda_{\max}(A^\top A - B^\top B) \le \delta \le \tfrac{\|A\|^2 - \|B\|^2}{\ell + 1},\quad "
        r"\delta \le \min_{k \le \ell}\tfrac{\mathrm{tail}_k}{\ell + 1 - k}"
    ),
    hypotheses=STREAM,
    instances=STREAMS,
    solve=sketched,
    claim=Inequality(certified, unbounded=ANY_SIZE),
    decisions=("sketch",),
    unread=COMPONENTS,
    may_vary=KEPT,
    free=SIGNS,
    saboteurs=(
        saboteur("every shrink is taken twice and counted once", patch=TWICE),
        saboteur("the last shrink is not counted", patch=(SketchBuffer.read, "self.missed + missed", "self.missed")),
    ),
)


def projects(case: Rows, found: Found) -> Sides:
    """Compare what lies outside of the first directions with both bounds, once the directions are orthonormal."""
    V, A = found["components"], case.rows
    off = misfit((V, (min(len(V), case.k), A.shape[1])))
    off = off or unlike(V @ V.T - np.eye(len(V)), allowance(np.eye(A.shape[1])))
    values = spectrum(A)
    after = theory.projection_bound(values, case.k, n_rows=case.rank, missed=max(found["delta"], 0.0))
    before = theory.projection_bound(values, case.k, n_rows=case.rank)
    limits = [square(A), np.inf]
    return off or Sides([square(A - A @ V.T @ V), after], [after, before], trivial=limits, rounding=allowed(case))


def projects_as_well(case: Rows, found: Found) -> Sides:
    """Compare what lies outside of the first directions with the best that k directions leave."""
    V, A = found["components"], case.rows
    return Sides([square(A - A @ V.T @ V)], [theory.tail_energy(spectrum(A), case.k)], rounding=allowed(case))


FD_2 = Statement(
    id="continual_learning/FD-2",
    title="Directions of a sketch are nearly as good as those of the stream",
    says=(
        "Frequent Directions keep at most l rows of a stream A, and have shrunk by delta in all. The k first right "
        "singular vectors V of the sketch, k <= l, leave |A - A V V^T|^2 <= tail_k + k delta of the stream, and tail_k "
        "+ k delta is at most (l + 1) / (l + 1 - k) tail_k, where the best k directions leave tail_k."
    ),
    source=Derived(theory.projection_bound),
    tex=r"\|A - AV_kV_k^\top\|^2 \le \mathrm{tail}_k + k\delta \le \tfrac{\ell + 1}{\ell + 1 - k}\,\mathrm{tail}_k",
    hypotheses=STREAM,
    instances=STREAMS,
    solve=sketched,
    claim=Inequality(projects, unbounded="a solver may say that its sketch has shrunk by any number"),
    decisions=("components",),
    unread={name: "FD-6 compares the sketch with its certificate" for name in ("sketch", "mass")},
    free={"components": "a direction has no sign, and the claim takes the projection onto all of them"},
    saboteurs=(
        saboteur("left singular vectors", solve=wrong.left_vectors),
        saboteur("the last directions for the first", solve=wrong.last_vectors),
        saboteur("as good as the best", claim=Inequality(projects_as_well)),
    ),
)


def certified_union(case: Parts, found: Found) -> Sides:
    """Hold a merged sketch to the bounds of a sketch of all rows."""
    off = no_sketch(case, found)
    if off is not None:
        return off
    parts = misses_little(case, found), certified(case, found)
    lhs, rhs, limits = (np.concatenate([getattr(one, side) for one in parts]) for side in ("lhs", "rhs", "trivial"))
    return Sides(lhs, rhs, trivial=limits, rounding=allowed(case))


FD_3 = Statement(
    id="continual_learning/FD-3",
    title="Merged sketches are as good as one sketch of all rows",
    says=(
        "Parts of a stream have sketches of at most l rows each, which take in one another in any order until one is "
        "left: the rows of the other are pushed, and its sum of shrinks and its energy are added. What is left has the "
        "bounds of FD-1 and FD-6 for all rows together."
    ),
    source=Derived(theory.fd_bound),
    tex=(
        r"0 \preceq A^\top A - B^\top B \preceq \delta I,\quad "
        r"\delta \le \tfrac{\|A\|^2 - \|B\|^2}{\ell + 1},\ \min_{k \le \ell}\tfrac{\mathrm{tail}_k}{\ell + 1 - k}"
    ),
    hypotheses={"parts of one length, and merges that leave one sketch": is_tree},
    instances=TREES,
    solve=merged,
    claim=Inequality(certified_union, unbounded=ANY_SIZE),
    decisions=("sketch",),
    may_vary=KEPT,
    free=SIGNS,
    saboteurs=(
        saboteur(
            "the shrinks of the other are forgotten",
            patch=(SketchBuffer.merge, "self.missed += math.ldexp(other.missed, 2 * shift)", "pass"),
        ),
        saboteur(
            "the energy of the pushed rows for that of the part",
            patch=(SketchBuffer.merge, "math.ldexp(other.mass, 2 * shift)", "energy_of(scaled(other.rows, shift))"),
        ),
        saboteur(
            "as released: gradients are truncated before they are merged", solve=wrong.truncated_parts, printed=True
        ),
    ),
    notes=(
        "A released program keeps the first rows of each gradient, without a shrink, before it merges them: on "
        "gradients in turn that hide a direction its error is nearly twice the bound."
    ),
)


def counts(case: Axes, found: Found) -> Sides:
    """Compare the squares that a sketch keeps along each axis, its shrinks and its energy with the counters."""
    B, n = np.asarray(found["sketch"]), case.n
    weights = [int(entry) ** 2 for entry in case.entries]
    counters, delta, n_shrinks = theory.misra_gries(zip(case.axes, weights, strict=True), case.rank, buffer=case.buffer)
    kept = np.zeros((n, n))
    for axis, value in counters.items():
        kept[axis, axis] = value
    lhs = np.concatenate([(B.T @ B).ravel(), [found["delta"], found["mass"], found["n_shrinks"]]])
    rhs = np.concatenate([kept.ravel(), [float(delta), float(sum(weights)), float(n_shrinks)]])
    margin = np.append(np.full(len(lhs) - 1, allowance(case.rows, steps=1 + len(case.rows))), 0.0)
    return misfit((B, (min(len(B), case.rank), n))) or Sides(lhs, rhs, rounding=margin)


FD_9 = Statement(
    id="continual_learning/FD-9",
    title="On rows along axes a sketch counts as Misra and Gries do",
    says=(
        "All rows of a stream are multiples c e_i of unit vectors. Then B^T B of Frequent Directions is diagonal, and "
        "its entries are the counters of the algorithm of Misra and Gries for items i of weight c^2: with a buffer of "
        "m places, and with the (l + 1)-th counter taken from all whenever it is full."
    ),
    source=Derived(theory.misra_gries),
    tex=r"A = (c_te_{i_t})_t \Rightarrow B^\top B = \mathrm{diag}(\text{counters}),\ \delta = \sum\text{decrements}",
    hypotheses={"rows along axes with small integers": is_axial},
    instances=AXES,
    solve=counted,
    claim=Identity(counts),
    may_vary=KEPT,
    free=SIGNS,
    saboteurs=(
        saboteur("a shrink at every row", solve=wrong.eager),
        saboteur("rows beyond the rank are dropped", patch=DROPS),
        saboteur(
            "the last value that is kept is taken",
            patch=(SketchBuffer._shrunk, "energies[self.rank] if", "energies[self.rank - 1] if"),
        ),
        saboteur(
            "ties stay as rows of no length",
            patch=(SketchBuffer._shrunk, "- missed > least", "- missed >= 0.0 * least"),
        ),
    ),
)
