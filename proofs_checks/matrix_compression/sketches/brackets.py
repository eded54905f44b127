"""Brackets of sketches in a line, in trees of merges, and of those that shrink.

A run is what every factorization left and dropped. The claims see to it that what was dropped is the spectrum of what
is missing, form all brackets from it, and compare them with certified spectra of the columns so far; what a sketch
reports must be these brackets, and hold the truth. T_r(M) is the sum of the r largest squared singular values of M,
and E_r(M)^2 = |M|^2 - T_r(M) the squared error of its best approximation of rank r in the Frobenius norm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import plain
from lrtheory._types import ArrayLike
from lrtheory._validation import sequence
from lrtheory.bounds import Derived, Identity, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.matrix_compression import StackSketch, theory
from lrtheory.matrix_compression.stacks import factors
from lrtheory.matrix_compression.theory.energies import listed
from proofs_checks.guards import allowance, unlike
from proofs_checks.matrix_compression.families.exact import NO_OUTCOME, entries, tail, top, tops
from proofs_checks.matrix_compression.families.passes import (
    FLOORS,
    LOW_RANK,
    NOTHING,
    PASSED,
    PASSES,
    PASSES_FD,
    STREAMS,
    TOO_WIDE,
    TREES,
    VALUES,
    WIDTHS,
    Kept,
    Node,
    Pass,
    Step,
    Trace,
    held,
    is_tree,
    kept,
    line,
    merged,
    misfit,
    pieces_of,
    sketched,
    tree,
    truth,
)

#: takes a factor, columns and `keep`; gives a factor, the energies that it takes itself to have, and what it dropped
Update = Callable[[np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray, np.ndarray]]


def _run(case: Pass, update: Update) -> Trace:
    """Run a pass by another update."""
    ranks = range(case.keep + 2)
    nodes, F, lost, kept = [], np.zeros((len(case.whole), 0)), np.zeros(len(ranks)), np.zeros(0)
    for Z in pieces_of(case):
        F, kept, dropped = update(F, Z, case.keep)
        lost += [top(dropped, r) for r in ranks]
        nodes.append(Node(F, dropped, np.zeros(case.keep + 1)))
    total, below = float((case.whole**2).sum()), min(case.whole.shape)
    upper = np.array([max(0.0, total - top(kept, r)) if r < below else 0.0 for r in ranks])
    return Trace(nodes, np.stack([np.maximum(upper - lost, 0.0), upper], axis=1), np.zeros((case.rank, 2)))


def crossless(case: Pass, rng: np.random.Generator | None = None) -> Trace:
    """Leave the products of factor and block out of their common Gram matrix."""

    def update(F: np.ndarray, Z: np.ndarray, keep: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        parts = [np.linalg.svd(X, full_matrices=False)[:2] for X in (F, Z) if X.size]
        U, s = np.concatenate([U for U, _ in parts], axis=1), np.concatenate([s for _, s in parts])
        order = np.argsort(-s)
        return (U * s)[:, order[:keep]], s[order[:keep]] ** 2, s[order[keep:]] ** 2

    return _run(case, update)


def absolute(case: Pass, rng: np.random.Generator | None = None) -> Trace:
    """Take what is left of a block beside the basis for new directions if it is above 1e-12, in whatever units."""
    Q, S = np.zeros((len(case.whole), 0)), np.zeros((0, 0))

    def update(F: np.ndarray, Z: np.ndarray, keep: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        nonlocal Q, S
        Y = Q.T @ Z
        new, T = np.linalg.qr(Z - Q @ Y)
        large = np.linalg.norm(T, axis=1) > 1e-12
        B = T[large]
        values, V = np.linalg.eigh(np.block([[S + Y @ Y.T, Y @ B.T], [B @ Y.T, B @ B.T]]))
        values, V = np.maximum(values[::-1], 0.0), V[:, ::-1]
        Q, S = np.concatenate([Q, new[:, large]], axis=1) @ V[:, :keep], np.diag(values[:keep])
        return Q * np.sqrt(values[:keep]), values[:keep], values[keep:]

    return _run(case, update)


def reported(case: Pass, found: Trace, last: Step) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return lower sides of reported brackets with E_j^2, then E_j^2 with upper sides, and by how much they are unlike.

    The upper side is the energy that the last factor lacks; the lower one is at least what D leaves of it.
    """
    M, ranks = case.whole, np.arange(case.keep + 2)
    lower, upper = np.asarray(found.brackets, float).T
    kept, spectrum, total = held(last.node.factor), truth(M), float((M * M).sum())
    exact = np.array([tail(spectrum, r) for r in ranks])
    rest = np.array([total - top(kept, r) if r < min(M.shape) else 0.0 for r in ranks])
    least = np.maximum(rest[:-1] - np.r_[0.0, last.lost(case.keep)], 0.0)
    return np.r_[lower, exact], np.r_[exact, upper], np.r_[upper - rest, np.maximum(least - lower[:-1], 0.0)]


Steps = Callable[[Pass, Trace], list[Step] | None]


def _top(name: str, energies: ArrayLike, rank: int) -> Any:
    """Sum the r largest energies."""
    values = np.sort(listed(name, energies))
    return plain(values[len(values) - min(rank, len(values)) :].sum())


@formula(kept="n in [0, inf)", r="[0, inf)")
def truncation_bracket(kept: np.ndarray, dropped: Sequence[ArrayLike], r: int) -> tuple[Number, Number]:
    """T_r lies between these two numbers.

    `kept` holds the squared singular values of F, and `dropped` those that each truncation dropped.

    Proof
    -----
    Assumes: F starts empty; each step puts columns X beside F, or two factors beside each other, and keeps the leading
    part of the singular value decomposition of the result (the caller).

    Proof: a truncation takes a positive semidefinite N_t from F F^T, whose eigenvalues are the dropped energies, and
    putting matrices side by side adds the products with their transposes. By induction M M^T = F F^T + sum_t N_t, in
    any order and any tree. The sum of the r largest eigenvalues grows with the matrix in the order of Loewner, which is
    the left side, and is subadditive (Ky Fan), which is the right one: T_r(M) <= T_r(F) + sum_t (r largest of N_t).
    """
    lower = _top("kept", kept, r)
    return lower, lower + sum((_top("dropped", one, r) for one in sequence("dropped", to_numpy(dropped))), 0)


@formula(kept="n in [0, inf)", Delta="[0, inf)", r="[0, inf)")
def fd_bracket(kept: np.ndarray, Delta: Number, r: int) -> tuple[Number, Number]:
    """T_r lies between these two numbers.

    `kept` holds the squared singular values of F, and Delta sums what the steps subtracted from each.

    Proof
    -----
    Assumes: each step subtracts from the eigenvalues of F F^T the number delta_t, the first that is not kept, and drops
    what falls below 0 (the caller).

    Proof: a step takes N_t with 0 <= N_t <= delta_t I from F F^T, so 0 <= M M^T - F F^T <= Delta I as in
    `truncation_bracket`. The sum of the r largest eigenvalues of a matrix below Delta I is at most r Delta.
    """
    lower = _top("kept", kept, r)
    return lower, lower + r * Delta


def formulas(case: Pass, last: Step, *, shrunk: bool) -> np.ndarray:
    """Return by how much the library's formulas miss the bracket of a step."""
    kept, ranks = held(last.node.factor), range(1, case.keep + 1)
    if shrunk:
        found = [fd_bracket(kept, last.delta, r) for r in ranks]
        room = np.array(ranks) * last.delta
    else:
        found, room = [truncation_bracket(kept, last.dropped, r) for r in ranks], last.lost(case.keep)
    own = tops(kept, case.keep)
    return np.array(found, float).ravel() - np.stack([own, own + room], axis=1).ravel()


def bracketed(case: Pass, found: Trace, *, steps: Steps, shrunk: bool = False, factor: bool = True) -> Sides:
    """Compare T_r with both sides of its bracket at every factorization and rank, and E_r^2 with what is reported."""
    M, known = case.whole, steps(case, found)
    if not known or np.shape(found.brackets) != (case.keep + 2, 2):
        return NOTHING if known == [] and not M.any() else NO_OUTCOME
    allowed, ranks = 2 * allowance(M, steps=len(known) + 1), np.arange(1, case.keep + 1)
    lhs, rhs, limits = [], [], []
    for step in known:
        exact, kept = tops(truth(step.columns), case.keep), tops(held(step.node.factor), case.keep)
        room = (ranks if factor else 1) * step.delta if shrunk else step.lost(case.keep)
        lhs += [kept, exact]
        rhs += [exact, kept + room]
        limits += [np.full(2 * case.keep, (step.columns**2).sum())]
    low, high, off = reported(case, found, known[-1])
    off = np.r_[off, formulas(case, known[-1], shrunk=shrunk)]
    n, total = case.keep + 2, float((M * M).sum())
    limits += [np.repeat([np.inf, total], n)]
    least = np.r_[np.full(sum(map(len, lhs)), -np.inf), np.repeat([0.0, -np.inf], n)]
    sides = entries([*lhs, low], [*rhs, high], trivial=np.concatenate(limits), least=least, allowed=allowed)
    # a bracket that fails is shown before a trace that is none
    if (sides.lhs > sides.rhs + allowed).any():
        return sides
    return misfit(case, known) or unlike(off, allowed) or sides


CM_3 = Statement(
    id="matrix_compression/CM-3",
    title="A sketch brackets the truth at every step and rank",
    says=(
        "A factor F with a few columns takes in blocks side by side, and whenever it is too wide the smallest "
        "singular values are dropped. For every rank r that it keeps, T_r of all blocks so far, the sum of the r "
        "largest squared singular values, is at least T_r(F), and at most D_r more: the r largest energies of every "
        "truncation, summed."
    ),
    source=Derived(truncation_bracket),
    tex=r"T_r(F) \le T_r(M) \le T_r(F) + D_r,\quad D_r = \textstyle\sum_t r\text{ largest dropped in step } t",
    hypotheses=PASSED,
    instances=PASSES,
    solve=sketched,
    claim=Inequality(partial(bracketed, steps=line)),
    unread={**FLOORS, **VALUES},
    may_vary=WIDTHS,
    free={"nodes.*.factor": "singular values do not see the sign of a factor"},
    saboteurs=(
        saboteur("the last column twice", patch=(factors.joined, "[a.F, other.F]", "[a.F, other.F, other.F[:, -1:]]")),
        saboteur("only the last truncation", patch=(factors.joined, "lost = lost + np", "lost = 0.0 * lost + np")),
        saboteur(
            "the largest dropped energy for all ranks",
            patch=(factors.joined, "np.cumsum(dropped[:keep])", "np.full(min(keep, len(dropped)), dropped[0])"),
        ),
        saboteur("D of rank 1 for every rank", patch=(factors.Factor.bracket, "self.lost[rank]", "self.lost[1]")),
        saboteur(
            "squared singular values for singular values",
            patch=(factors.leading, "* np.sqrt(energies[:keep])", "* energies[:keep]"),
        ),
        saboteur("blocks are not compared with the factor", solve=crossless),
        saboteur(
            "new directions by an absolute threshold, as in the published code",
            solve=absolute,
            printed=True,
        ),
    ),
    notes="A stream can hide its best direction from a truncation: then the bracket is wide, and says so.",
)


def both(a: Sides, b: Sides) -> Sides:
    """Join the entries of two sides; where one of them fails it stands alone."""
    for one in (a, b):
        if (np.asarray(one.lhs) > np.asarray(one.rhs) + one.rounding).any():
            return one

    def column(name: str, missing: float) -> np.ndarray:
        given = [(len(one.lhs), getattr(one, name)) for one in (a, b)]
        return np.concatenate([np.broadcast_to(missing if x is None else x, n) for n, x in given])

    names = {"lhs": 0.0, "rhs": 0.0, "trivial": np.inf, "least": -np.inf, "rounding": 0.0}
    return Sides(**{name: column(name, missing) for name, missing in names.items()})


def with_floors(case: Pass, found: Trace) -> Sides:
    """Compare the floors of E_j^2 at the nodes of a tree with the errors; those of leaves are the errors themselves."""
    known = tree(case, found)
    wrong = misfit(case, known)
    if wrong is not None or known is None:
        return wrong or NOTHING
    allowed, ranks = allowance(case.whole, steps=len(known) + 1), range(case.keep + 1)
    low, high, off = [], [], []
    for step in known:
        spectrum, kept, floors = truth(step.columns), held(step.node.factor), np.asarray(step.node.floors, float)
        if floors.shape != (len(ranks),):
            return NO_OUTCOME
        exact = np.array([tail(spectrum, j) for j in ranks])
        if step.floors is None:
            off.append(np.abs(floors - exact))
        else:
            rest = (step.columns**2).sum() - np.r_[0.0, tops(kept, case.keep)] - np.r_[0.0, step.lost(case.keep)]
            off.append(np.maximum(np.maximum(step.floors, rest) - floors, 0.0))
        low.append(floors)
        high.append(exact)
    return unlike(np.concatenate(off), 2 * allowed) or entries(low, high, least=0.0, allowed=allowed)


def along_a_tree(case: Pass, found: Trace) -> Sides:
    """Compare the brackets and the floors of all nodes."""
    return both(bracketed(case, found, steps=tree), with_floors(case, found))


CM_7 = Statement(
    id="matrix_compression/CM-7",
    title="The bracket holds in every tree of merges",
    says=(
        "Sketches are merged in any tree, by putting their factors F beside each other. At every node the sum T_r(M) "
        "of the r largest squared singular values of the columns below is at least T_r(F), and at most D_r more, "
        "summed over all nodes below; and the squared error E_r(M)^2 is at least L_r, the error itself at a leaf, and "
        "else the larger one of the sum over both children and |M|^2 - T_r(F) - D_r."
    ),
    source=Derived(truncation_bracket),
    tex=r"T_r(F) \le T_r(M) \le T_r(F) + D_r,\quad E_r(M)^2 \ge \max(L_r^a + L_r^b,\ \|M\|^2 - T_r(F) - D_r)",
    hypotheses={**PASSED, "merges that are a tree of leaves that are not 0": is_tree},
    instances=TREES,
    solve=merged,
    claim=Inequality(along_a_tree),
    unread=VALUES,
    free={"nodes.*.factor": "singular values do not see the sign of a factor"},
    saboteurs=(
        saboteur("a merge forgets D of one side", patch=(factors.joined, "a.lost + other.lost, a", "a.lost, a")),
        saboteur(
            "floors added to the bracket",
            patch=(factors.joined, "np.maximum(a.floors + other.floors, rest)", "a.floors + other.floors + rest"),
        ),
        saboteur("leaves without floors", patch=(factors.joined, "floors=tails", "floors=0 * tails")),
    ),
)


def shrunk(case: Pass, found: Trace, beyond: int = 1) -> Sides:
    """Compare Delta with what is known of it before the pass: E_k(M)^2 / (keep + 1 - k) for all k."""
    known = line(case, found)
    wrong = misfit(case, known)
    if wrong is not None or not known:
        return wrong or NOTHING
    M, spectrum = case.whole, truth(case.whole)
    most = [theory.fd_bound(tail(spectrum, k), case.keep + beyond - 1, k) for k in range(case.keep + 1)]
    delta, allowed = [known[-1].delta] * len(most), allowance(M, steps=len(known) + 1)
    return entries([delta], [most], trivial=float((M * M).sum()), allowed=allowed)


def frequent(case: Pass, found: Trace) -> Sides:
    """Compare brackets, and the shrinkage with its bound."""
    return both(bracketed(case, found, steps=line, shrunk=True), shrunk(case, found))


CM_16 = Statement(
    id="matrix_compression/CM-16",
    title="Frequent Directions know their bracket in advance",
    says=(
        "A factor F keeps l columns; whenever it is too wide, the first energy delta that is not kept is taken from "
        "all squared singular values, and Delta sums them. T_r(M), the sum of the r largest squared singular values "
        "of all columns, is at least T_r(F), and at most r Delta more; and Delta is at most E_k(M)^2 / (l + 1 - k) "
        "for every k <= l, where E_k(M)^2 is the squared error of the best approximation of rank k."
    ),
    source=Derived(fd_bracket),
    tex=r"T_r(F) \le T_r(M) \le T_r(F) + r\Delta,\quad \Delta \le E_k(M)^2/(\ell + 1 - k)",
    hypotheses=PASSED,
    instances=PASSES_FD,
    for_all=(STREAMS,),
    solve=partial(sketched, method="fd"),
    claim=Inequality(frequent),
    unread={**FLOORS, **VALUES},
    may_vary=WIDTHS,
    free={"nodes.*.factor": "singular values do not see the sign of a factor"},
    saboteurs=(
        saboteur("Delta for every rank", claim=Inequality(partial(bracketed, steps=line, shrunk=True, factor=False))),
        saboteur("one column more in the bound", claim=Inequality(partial(shrunk, beyond=2))),
        saboteur("what is kept is not shrunk", patch=(factors.joined, "if shrink and", "if False and")),
        saboteur("shrinking adds", patch=(factors.lengths_left, "1.0 - delta /", "1.0 + delta /")),
    ),
    notes="A truncation alone has no bound in advance: a stream can hide its best direction from it.",
)


def exact_within(case: Pass, found: Kept) -> Sides:
    """Compare F F^T with M M^T, the bracket without drops with T_r of M, and the reported errors with those of M."""
    M, F = case.whole, np.asarray(found.factor)
    if F.ndim != 2 or len(F) != len(M) or np.shape(found.errors) != (case.keep,):
        return NO_OUTCOME
    spectrum = truth(M)
    error = np.array([tail(spectrum, r) for r in range(1, case.keep + 1)])
    bracket = [truncation_bracket(held(F), (), r) for r in range(1, case.keep + 1)]
    exact = tops(spectrum, case.keep)
    lhs = [(F @ F.T).ravel(), np.ravel(bracket), found.errors]
    rhs = [(M @ M.T).ravel(), np.repeat(exact, 2), error]
    return Sides(np.concatenate(lhs), np.concatenate(rhs), rounding=4 * allowance(M, steps=M.shape[1] + 1))


def fits(case: Pass) -> bool:
    """Decide whether all blocks together have no more rank than a sketch keeps."""
    return not truth(case.whole)[case.keep :].any()


CM_13 = Statement(
    id="matrix_compression/CM-13",
    title="A sketch drops nothing if the rank fits",
    says=(
        "If all blocks together have rank at most the number of columns that a sketch keeps, nothing is dropped, and "
        "T_r of its factor F, the sum of the r largest squared singular values, is that of the blocks for every r."
    ),
    source=Derived(truncation_bracket),
    tex=r"\mathrm{rank}(M) \le \text{keep} \Rightarrow D_r = 0,\ T_r(F) = T_r(M)",
    hypotheses={**PASSED, "the rank of all blocks is at most what is kept": fits},
    instances=LOW_RANK,
    solve=kept,
    claim=Identity(exact_within),
    may_vary={"factor": "how many columns it keeps is its own, and the claim takes their products"},
    free={"factor": "F and -F have the same products F F^T"},
    saboteurs=(
        saboteur(
            "one column fewer is kept",
            patch=(
                StackSketch.__init__,
                "max(1, self.rank + self.oversampling)",
                "max(1, self.rank + self.oversampling - 1)",
            ),
        ),
        saboteur("blocks are not compared with the factor", solve=partial(kept, run=crossless)),
        saboteur("a rank more than fits", breaks="the rank of all blocks is at most what is kept", instances=TOO_WIDE),
    ),
)
