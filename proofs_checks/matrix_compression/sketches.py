"""Sketches in one pass and in trees of merges: CM-3, CM-3t, CM-10, CM-7 and CM-16.

A run is what every factorization left and dropped. The claims see to it that what was dropped is the spectrum of what
is missing, form all brackets from it, and compare them with certified spectra of the columns so far; what a sketch
reports must be these brackets, and hold the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from lrtheory.bounds import Classical, Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.matrix_compression import theory
from lrtheory.matrix_compression.stacks import factors
from proofs_checks.guards import allowance, unlike
from proofs_checks.matrix_compression.families.exact import NO_OUTCOME, both, entries, tail, top, tops
from proofs_checks.matrix_compression.families.passes import (
    PASSES,
    PASSES_FD,
    TREES,
    Pass,
    Step,
    Trace,
    held,
    is_pass,
    is_tree,
    line,
    merged,
    misfit,
    sketched,
    tree,
    truth,
)
from proofs_checks.matrix_compression.wrong_solvers import stacks as wrong_solvers

#: sides of a stack of zeros, of which there is nothing to say
NOTHING = Sides([0.0], [0.0], trivial=0.0, rounding=0.0)
VALUES = {"values": "single values are those of CM-10"}
WIDTHS = dict.fromkeys(
    ("nodes.*.factor", "nodes.*.dropped"), "how many columns a factor keeps, and how many energies it drops, is its own"
)
FLOORS = {"nodes.*.floors": "floors of the error are those of CM-7"}
BRACKETS = {"brackets": "reported brackets are those of CM-3"}
PASSED = {"blocks of finite numbers with the same rows, and a sketch of them": is_pass}


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


def bracketed(case: Pass, found: Trace, *, steps: Steps, shrunk: bool = False, factor: bool = True) -> Sides:
    """Compare T_r with both sides of its bracket at every factorization and rank, and E_r^2 with what is reported."""
    M, known = case.whole, steps(case, found)
    if not known or np.shape(found.brackets) != (case.keep + 2, 2):
        return NOTHING if known == [] and not M.any() else NO_OUTCOME
    allowed, ranks = 2 * allowance(M, len(known) + 1), np.arange(1, case.keep + 1)
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


def formulas(case: Pass, last: Step, *, shrunk: bool) -> np.ndarray:
    """Return by how much the library's formulas miss the bracket of a step."""
    kept, ranks = held(last.node.factor), range(1, case.keep + 1)
    if shrunk:
        found = [theory.fd_bracket(kept, last.delta, r) for r in ranks]
        room = np.array(ranks) * last.delta
    else:
        found, room = [theory.truncation_bracket(kept, last.dropped, r) for r in ranks], last.lost(case.keep)
    own = tops(kept, case.keep)
    return np.array(found, float).ravel() - np.stack([own, own + room], axis=1).ravel()


CM_3 = Statement(
    id="matrix_compression/CM-3",
    title="A sketch brackets the truth at every step and rank",
    says=(
        "A factor F with a few columns takes in blocks side by side, and whenever it is too wide the smallest "
        "singular values are dropped. For every rank r that it keeps, T_r of all blocks so far, the sum of the r "
        "largest squared singular values, is at least T_r(F), and at most D_r more: the r largest energies of every "
        "truncation, summed."
    ),
    source=Derived(theory.truncation_bracket),
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
        saboteur("blocks are not compared with the factor", solve=wrong_solvers.crossless),
        saboteur(
            "new directions by an absolute threshold, as in the published code",
            solve=wrong_solvers.absolute,
            printed=True,
        ),
    ),
    notes="A stream can hide its best direction from a truncation: then the bracket is wide, and says so.",
)


def balanced(case: Pass, found: Trace, counted: Callable[[np.ndarray], float] = np.sum) -> Sides:
    """Compare the energy of F and all that was dropped so far with that of the columns so far."""
    known = line(case, found)
    if known is None:
        return NO_OUTCOME
    lhs = [float((step.node.factor**2).sum()) + sum(map(counted, step.dropped)) for step in known]
    return Sides(
        [*lhs, 0.0], [*(float((step.columns**2).sum()) for step in known), 0.0], rounding=allowance(case.whole, 8)
    )


CM_3T = Statement(
    id="matrix_compression/CM-3t",
    title="What is kept and what was dropped sum to all energy",
    says=(
        "A factor F takes in columns, and truncations drop squared singular values. At every step |F|^2 and all that "
        "was dropped so far sum to the energy of all columns so far."
    ),
    source=Classical("invariance of the trace", "definition"),
    tex=r"\|F_t\|^2 + \textstyle\sum_{s \le t} \text{dropped in step } s = \|M_t\|^2",
    hypotheses=PASSED,
    instances=PASSES,
    solve=sketched,
    claim=Identity(balanced),
    unread={**FLOORS, **VALUES, **BRACKETS},
    may_vary=WIDTHS,
    free={"nodes.*.factor": "singular values do not see the sign of a factor"},
    saboteurs=(
        saboteur(
            "the largest of each step alone",
            claim=Identity(partial(balanced, counted=lambda one: max(one, default=0.0))),
        ),
        saboteur("the last column twice", patch=(factors.joined, "[a.F, other.F]", "[a.F, other.F, other.F[:, -1:]]")),
        saboteur(
            "one dropped energy forgotten",
            patch=(factors.joined, "dropped = energies[keep:]", "dropped = energies[keep + 1 :]"),
        ),
    ),
)


def value_by_value(case: Pass, found: Trace, share: float = 1.0) -> Sides:
    """Compare each squared singular value with that of F, and with the sum of the largest that each step dropped."""
    known = line(case, found)
    wrong = misfit(case, known)
    if wrong is not None or not known:
        return wrong or NOTHING
    allowed, step = allowance(case.whole, len(known) + 1), known[-1]
    kept = held(step.node.factor)[: case.keep]
    exact = truth(case.whole)[: len(kept)]
    most = sum(top(one, 1) for one in step.dropped)
    n = min(len(kept), case.rank)
    return unlike(np.asarray(found.values)[:n] - np.stack([kept, kept + most], axis=1)[:n], 4 * allowed) or entries(
        [kept, exact], [exact, kept + share * most], trivial=float((case.whole**2).sum()), allowed=allowed
    )


CM_10 = Statement(
    id="matrix_compression/CM-10",
    title="A sketch brackets every singular value",
    says=(
        "A factor F takes in columns, and truncations drop squared singular values. Each squared singular value of "
        "all columns is at least that of F, lambda_i, and at most lambda_i plus the largest energy of every "
        "truncation, summed."
    ),
    source=Classical("Weyl's inequality", "R. Horn, C. Johnson, Matrix Analysis, 2nd edition, 2013, section 4.3"),
    tex=r"\lambda_i \le \sigma_i(M)^2 \le \lambda_i + \textstyle\sum_t \text{largest dropped in step } t",
    hypotheses={**PASSED, "a rank of 1 at least": lambda case: case.rank >= 1},
    instances=PASSES,
    solve=sketched,
    claim=Inequality(value_by_value),
    unread={**FLOORS, **BRACKETS},
    free={"nodes.*.factor": "singular values do not see the sign of a factor"},
    saboteurs=(
        saboteur("seven tenths of what was dropped", claim=Inequality(partial(value_by_value, share=0.7))),
        saboteur("only the last truncation", patch=(factors.joined, "a.lost_most + other.lost_most + most", "most")),
    ),
)


def with_floors(case: Pass, found: Trace) -> Sides:
    """Compare the floors of E_j^2 at the nodes of a tree with the errors; those of leaves are the errors themselves."""
    known = tree(case, found)
    wrong = misfit(case, known)
    if wrong is not None or known is None:
        return wrong or NOTHING
    allowed, ranks = allowance(case.whole, len(known) + 1), range(case.keep + 1)
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
    source=Derived(theory.truncation_bracket),
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
    return entries(
        [[known[-1].delta] * len(most)], [most], trivial=float((M * M).sum()), allowed=allowance(M, len(known) + 1)
    )


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
    source=Derived(theory.fd_bracket),
    tex=r"T_r(F) \le T_r(M) \le T_r(F) + r\Delta,\quad \Delta \le E_k(M)^2/(\ell + 1 - k)",
    hypotheses=PASSED,
    instances=PASSES_FD,
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
