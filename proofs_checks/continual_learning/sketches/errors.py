"""Errors of Frequent Directions: in advance, by their own certificate, and after merges."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory.bounds import All, Derived, Draws, Family, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.sketching.buffer import SketchBuffer
from proofs_checks.continual_learning.families.matrices import is_matrix, largest, spectrum
from proofs_checks.continual_learning.families.rows import (
    DROPS,
    HADAMARD,
    KEPT,
    SHORT_STREAMS,
    SIGNS,
    STREAM,
    STREAMS,
    TWICE,
    Parts,
    Rows,
    adversarial,
    allowed,
    drawn_rows,
    read,
    sketch_of,
    sketched,
)
from proofs_checks.guards import misfit, square, unlike

ANY_SIZE = "a solver may return rows of any size"
COMPONENTS = {"components": "FD-2 projects onto the directions"}
Found = dict[str, Any]


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
    for_all=(SHORT_STREAMS,),
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


@formula(mass="[0, inf)", kept="[0, inf)", rank="[1, inf)")
def shrinkage_limit(mass: Number, kept: Number, rank: int) -> Number:
    r"""delta is at most this, with `mass` = |A|^2 and `kept` = |B|^2.

    It is (|A|^2 - |B|^2) / (l + 1), where `rank` is l.

    Proof
    -----
    Assumes: as `theory.fd_bound`.

    Proof: each shrink by d takes d from at least l + 1 squared singular values, so that \|B\|^2 falls by (l + 1) d.
    """
    lost = mass - kept
    return plain(exact(lost) / (rank + 1))


def certified(case: Rows | Parts, found: Found) -> Sides:
    """Compare the error with the sum of all shrinks, and that with the lost energy and the bound in advance."""
    off = no_sketch(case, found)
    if off is not None:
        return off
    lost = shrinkage_limit(found["mass"], square(found["sketch"]), case.rank)
    before = theory.fd_bound(spectrum(case.rows), case.rank)
    delta, high = found["delta"], errors(case, found)[1]
    limits = [largest(case.rows), np.inf, np.inf]
    return Sides([high, delta, delta], [delta, lost, before], trivial=limits, rounding=allowed(case))


FD_6 = Statement(
    id="continual_learning/FD-6",
    title="A sketch knows its own error, and never less well than in advance",
    says=(
        "Frequent Directions keep at most l rows B of a stream A; delta is the sum of all squares by which they have "
        "shrunk. No eigenvalue of A^T A - B^T B is above delta, (l + 1) delta is at most |A|^2 - |B|^2, and delta is "
        "at most the bound of FD-1. So delta is a certificate that needs no second look at the stream."
    ),
    source=Derived(shrinkage_limit),
    tex=(
        r"\lambda_{\max}(A^\top A - B^\top B) \le \delta \le \tfrac{\|A\|^2 - \|B\|^2}{\ell + 1},\quad "
        r"\delta \le \min_{k \le \ell}\tfrac{\mathrm{tail}_k}{\ell + 1 - k}"
    ),
    hypotheses=STREAM,
    instances=STREAMS,
    for_all=(SHORT_STREAMS,),
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


def is_tree(case: Parts) -> bool:
    """Decide whether all parts are rows of one length, and merges leave one sketch that has taken in all others."""
    fits = all(is_matrix(part) and part.shape[1] == case.parts[0].shape[1] for part in case.parts)
    left = set(range(len(case.parts)))
    for taker, given in case.merges:
        if taker == given or not {taker, given} <= left:
            return False
        left.remove(given)
    whole = len(left) == 1 and bool(case.merges) and case.merges[-1][0] in left
    return fits and whole and bool(np.any(case.rows)) and 1 <= case.rank < case.buffer


def merged(case: Parts, rng: np.random.Generator | None = None) -> Found:
    """Return the library's sketch after all merges."""
    made = [sketch_of(part, case.rank, case.buffer) for part in case.parts]
    for taker, given in case.merges:
        made[taker].merge(made[given])
    return read(made[case.merges[-1][0]])


def chain(n_parts: int) -> tuple[tuple[int, int], ...]:
    """Return merges of one part after the other into the first."""
    return tuple((0, part) for part in range(1, n_parts))


def cut(A: np.ndarray, *places: int) -> tuple[np.ndarray, ...]:
    """Return a stream in parts."""
    return tuple(np.split(A, places))


def cycle(n_rounds: int = 8) -> tuple[np.ndarray, ...]:
    """Return gradients of two rows and a bit, in turn with one whose row is what the bit was."""
    three = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [63 / 64, 0.0, 0.0]])
    return (three, np.eye(1, 3)) * n_rounds


def trees() -> tuple[Parts, ...]:
    """Return the smallest merge, balanced and lopsided trees, parts that have shrunk, and truncated gradients."""
    turned, eye = adversarial(3) @ HADAMARD, np.eye(2)
    return (
        Parts((eye[:1], eye[1:]), 1, 2, ((0, 1),)),
        Parts(cut(turned, 9, 21, 40), 3, 4, ((0, 1), (2, 3), (0, 2))),
        Parts(cut(turned, 30), 3, 6, ((1, 0),)),
        Parts(cut(np.arange(60.0).reshape(12, 5) % 7 - 3, 5, 8), 2, 4, ((2, 1), (0, 2))),
        Parts(cycle(), 2, 3, chain(16)),
    )


def draw_parts(draws: Draws) -> Parts:
    """Draw up to 5 parts, and merge any two until one is left."""
    n, n_parts = draws.integers(2, 5), draws.integers(2, 5)
    rank = draws.integers(1, n - 1)
    parts = tuple(drawn_rows(draws, n, most=9) for _ in range(n_parts))
    size = max(float(np.abs(part).max()) for part in parts)
    parts = tuple(part * 2.0 ** np.round(np.log2(size / np.abs(part).max())) for part in parts)
    left, merges = list(range(n_parts)), []
    while len(left) > 1:
        order = draws.permutation(len(left))
        taker, given = left[order[0]], left[order[1]]
        merges.append((taker, given))
        left.remove(given)
    return Parts(parts, rank, draws.choice((rank + 1, 2 * rank + 1)), tuple(merges))


TREES = Family("merged-rows", always=trees, draw=draw_parts)


def two_parts() -> Iterator[Parts]:
    """Yield a part of one or two rows and one of three, of rows (1, 0), (0, 1), (1, 1); either takes in the other."""
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    short, long = (
        [rows[list(one)] for T in some for one in itertools.product(range(3), repeat=T)] for some in ((1, 2), (3,))
    )
    for parts in itertools.product(short, long):
        yield from (Parts(parts, 1, 2, (merge,)) for merge in ((0, 1), (1, 0)))


def truncated_parts(case: Parts, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Keep the first directions of each part, without a shrink, and merge sketches of what is left."""
    parts = []
    for part in case.parts:
        _, s, Vt = np.linalg.svd(part, full_matrices=False)
        parts.append(s[: case.rank, None] * Vt[: case.rank])
    return merged(replace(case, parts=tuple(parts))) | {"mass": square(case.rows)}


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
    for_all=(
        All(
            "merges of one or two rows with three, either into the other, where each row is (1, 0), (0, 1) or (1, 1)",
            two_parts,
            members=648,
        ),
    ),
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
        saboteur("as released: gradients are truncated before they are merged", solve=truncated_parts, printed=True),
    ),
    notes=(
        "A released program keeps the first rows of each gradient, without a shrink, before it merges them: on "
        "gradients in turn that hide a direction its error is nearly twice the bound."
    ),
)
