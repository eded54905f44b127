"""The distance between relaxed and discrete minima, and labels from relaxed assignments.

Z are the N x K assignments of N points to K clusters, A their costs, W is the affinity, `lam` its weight lambda, and
T the temperature. N_F rows are free, and the others are held at their labels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import in_range, inexact, plain, table
from lrtheory._types import ArrayLike, SparseArray
from lrtheory._validation import integer
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    OutcomeError,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.transductive_clustering import round_assignments
from lrtheory.transductive_clustering.theory.arguments import square
from lrtheory.transductive_clustering.updates.edges import csr_parts
from lrtheory.transductive_clustering.updates.rounding import round_rows
from proofs_checks.transductive_clustering.families.definitions import (
    SYMMETRIC,
    Case,
    discrete,
    energy,
    highest,
    is_symmetric,
    lowest,
    one_hot,
    vertices,
)
from proofs_checks.transductive_clustering.families.graphs import COSTS, STARTS
from proofs_checks.transductive_clustering.families.paths import (
    ITERATES,
    Descent,
    along,
    descend,
    entries,
    joined,
    unlike,
)
from proofs_checks.transductive_clustering.families.problems import (
    ALWAYS,
    draw_case,
    draw_simplex,
    draw_small,
    two_points,
)
from proofs_checks.transductive_clustering.families.relaxed import inside
from proofs_checks.transductive_clustering.families.wrong_solvers import run_by

#: the start is near the worse of two labels, and stays there
TRAPPED = replace(
    two_points(4.0, share=0.9375, side="same"), costs=np.array([[0.25, 0.0], [0.25, 0.0]]), temperature=0.25
)


SANDWICHED = Family("sandwiched", always=(*ALWAYS, TRAPPED), draw=draw_small)


def best_labels(case: Case) -> np.ndarray:
    """Return labels of the least discrete energy, by enumeration."""
    return min(vertices(case), key=lambda labels: discrete(case, one_hot(labels, case.n_clusters)))


def at_best_labels(case: Case) -> Case:
    """Return the case with its start at labels of the least discrete energy."""
    return replace(case, init=one_hot(best_labels(case), case.n_clusters).astype(float))


def from_the_best(case: Case, rng: np.random.Generator | None = None) -> tuple[Descent, Descent]:
    """A safe descent from the best labels, and one from the start."""
    return descend(at_best_labels(case), damping="auto"), descend(case, damping="auto")


def from_the_worst(case: Case, rng: np.random.Generator) -> tuple[Descent, Descent]:
    """The worst labels for ever, and no descent from the best ones."""
    worst = max(vertices(case), key=lambda labels: discrete(case, one_hot(labels, case.n_clusters)))
    there = replace(case, init=one_hot(worst, case.n_clusters).astype(float))
    return run_by(there, lambda Z: Z), from_the_best(case)[1]


def from_the_start_twice(case: Case, rng: np.random.Generator) -> tuple[Descent, Descent]:
    """The descent from the start is the only witness."""
    # subtle: this run may end below E* as well, so a claim must hold the witness to its start
    second = from_the_best(case)[1]
    return second, second


def has_a_mild_diagonal(case: Case) -> bool:
    """Whether no point repels itself."""
    return bool((np.diag(case.affinity) >= 0).all())


DIAGONAL = {**SYMMETRIC, "w_pp >= 0": has_a_mild_diagonal}


def optimum(case: Case):
    """Return the least discrete energy."""
    return discrete(case, one_hot(best_labels(case), case.n_clusters))


@formula(N_F="[0, inf)", K="[1, inf)", T="(0, inf)")
def entropy_bound(N_F: int, K: int, T: Number) -> Number:
    """The most that the entropy can lower the energy.

    T N_F log K, so that E* - T N_F log K <= min R_T <= E*.

    Proof
    -----
    Assumes: for the upper end of the interval, that w_pp >= 0, so that E is least at labels (TC-S4).

    Proof: -log K <= sum_l z_l log z_l <= 0 in each free row, and the sum is 0 in a clamped one, so E(Z) - T N_F log K
    <= R_T(Z) <= E(Z). Take the minimum over the simplices: that of E is E*, the minimum over labels.
    """
    return plain(T * N_F * np.log(inexact(K + 0 * T)))


@formula(E="(-inf, inf)", N_F="[0, inf)", K="[1, inf)", T="(0, inf)")
def discrete_lower_bound(E: Number, N_F: int, K: int, T: Number) -> Number:
    """The least relaxed energy is at least this, with E the least energy of labels.

    E* - T N_F log K <= R_T(Z) for all Z, when w_pp >= 0.

    Proof
    -----
    Assumes: W is symmetric with w_pp >= 0, a hypothesis of the statement, and E* is the least energy of labels.

    Proof: R_T(Z) >= E(Z) - T N_F log K by `entropy_bound`. Rounding the rows one at a time never raises E
    (`row_replacement`) and ends at labels, so E(Z) >= E*.
    """
    return E - entropy_bound(N_F, K, T)


def sandwiched(case: Case, found: tuple[Descent, Descent], share: float = 1.0) -> Sides:
    """Compare E* less the entropy with the energies of both descents, and those of the first descent with E*."""
    first, second = found
    there = at_best_labels(case)
    best, n_free = float(optimum(case)), int(case.free.sum())
    # the entropy is proportional to T, so a share of it is that of a lower temperature
    lower = float(discrete_lower_bound(best, n_free, case.n_clusters, share * case.temperature))

    def above(one: Case, run: Descent) -> Sides:
        R = [energy(one, Z) for Z in run.assignments]
        return entries(lower, R, least=lowest(one), rounding=case.spoiled)

    def between(one: Case, run: Descent) -> Sides:
        R = [energy(one, Z) for Z in run.assignments]
        return joined(above(one, run), entries(R, best, highest(one), rounding=case.spoiled))

    return joined(along(between, damped=True)(there, first), along(above, damped=True)(case, second))


TC_S3 = Statement(
    id="transductive_clustering/TC-S3",
    title="The relaxed optimum lies between the discrete one and the entropy below it",
    says=(
        "The least relaxed energy R_T over all assignments is at most the least energy E* of labels and at least E* -"
        " T N_F log K, with N_F the number of rows that are not held, K clusters and temperature T."
    ),
    source=Derived(discrete_lower_bound),
    tex=r"E^* - T N_F \log K \le \min R_T \le E^*",
    hypotheses=DIAGONAL,
    instances=SANDWICHED,
    for_all=(COSTS,),
    solve=from_the_best,
    claim=Inequality(sandwiched),
    may_vary={f"*.{name}": reason for name, reason in ITERATES.items()},
    saboteurs=(
        saboteur("the best of the starts at hand", solve=from_the_start_twice),
        saboteur("from the worst labels", solve=from_the_worst),
        saboteur("half of the entropy", claim=Inequality(partial(sandwiched, share=0.5))),
    ),
    notes="A descent from the best labels is the witness; others may end above E*.",
)


NEGATIVE_DIAGONAL = Family(
    "negative-diagonal",
    always=(Case(np.zeros((1, 2)), np.array([[-1.0]]), 1.0, 1.0, np.array([[0.5, 0.5]]), np.array([-1])),),
)


#: argmax rounding loses here: every point follows the other one away
FICKLE = replace(two_points(1.0), init=np.array([[0.53125, 0.46875], [0.46875, 0.53125]]))


#: everything is equal
TIED = replace(two_points(1.0), init=np.full((2, 2), 0.5))


ROUNDED = Family("rounded", always=(*ALWAYS, FICKLE, TIED), draw=draw_small)


def inside_pulled(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Neighbors that pull twice as much."""
    return inside(replace(case, lam=2 * case.lam))


def none_below(case: Case, found: np.ndarray) -> Sides:
    """Compare E* with E inside of the simplices, once this and the Laplacian energy are those of the definitions."""
    value, degree = discrete(case, case.init), case.affinity.sum(1)
    laplacian = value + case.lam / 2 * (degree * (case.init**2).sum(1)).sum()
    wrong = unlike(found - np.array([value, laplacian]), case.spoiled)
    return wrong or entries([optimum(case)], [value], highest(case), rounding=case.spoiled)


@formula(Z="N x K", lam="[0, inf)", row="[0, inf)")
def row_replacement(
    Z: np.ndarray, A: ArrayLike, W: ArrayLike | SparseArray, lam: Number, row: int, new: ArrayLike
) -> Number:
    r"""Replacing row p = `row` of Z by y = `new` adds this to the energy without entropy.

    <a_p - lambda sum_{q != p} w_pq z_q, y - z_p> - (lambda / 2) w_pp (\|y\|^2 - \|z_p\|^2).

    Proof
    -----
    Assumes: W is symmetric, a hypothesis of the statement; the row need not lie in the simplex.

    Proof: The terms of tr(Z' W Z) that hold row p are 2 sum_{q != p} w_pq z_p . z_q and w_pp \|z_p\|^2. So E is linear
    in row p up to the term -(lambda / 2) w_pp \|z_p\|^2, which is concave when w_pp >= 0.
    """
    A, W = table("A", A, shape=Z.shape), square(W, len(Z), name="W")
    row, y = integer("row", row, low=0, high=len(Z) - 1), table("new", new, shape=Z.shape[1:])

    def change(lam: Any, Z: np.ndarray, cost: np.ndarray, pull: np.ndarray, y: np.ndarray) -> Any:
        moved = y - Z[row]
        linear = ((cost - lam * (pull @ Z - pull[row] * Z[row])) * moved).sum()
        return linear - lam * pull[row] * (moved * (y + Z[row])).sum() / 2

    return plain(in_range(change, lam, Z, A[row], W[row], y))


TC_S4 = Statement(
    id="transductive_clustering/TC-S4",
    title="Without entropy the relaxation is tight",
    says=(
        "If no diagonal weight w_pp is negative, the energy without entropy E has the same minimum over the product "
        "of the N simplices (Delta^N), where rows are soft, as over labels, the N x K tables with one 1 per row."
    ),
    source=Derived(row_replacement),
    tex=r"w_{pp} \ge 0 \Rightarrow \min_{Z \in \Delta^N} E(Z) = \min_{Z \in \{0,1\}^{N \times K}} E(Z)",
    hypotheses=DIAGONAL,
    instances=ROUNDED,
    for_all=(STARTS,),
    solve=inside,
    claim=Inequality(none_below),
    saboteurs=(
        saboteur("twice the pull", solve=inside_pulled),
        saboteur("a point that repels itself", breaks="w_pp >= 0", instances=NEGATIVE_DIAGONAL),
    ),
)


def rounded(case: Case, rng: np.random.Generator | None = None, method: Any = "sequential") -> np.ndarray:
    """Round the start to labels; by the kernel where a point repels itself, which the function refuses."""
    if has_a_mild_diagonal(case):
        weight = {"lam": case.lam} if method == "sequential" else {}  # the largest entry of a row asks for no weight
        return round_assignments(case.init, case.costs, case.affinity, method=method, clamp=case.clamp, **weight)
    labels, order = np.empty(case.n, np.int64), np.arange(case.n)
    round_rows(case.costs, csr_parts(case.affinity), case.lam, case.clamp, order, np.array(case.init), labels)
    return labels


def last_label(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Labels that take the last of equal ones."""
    # with the clusters in reverse order the first of equal labels is the last one
    clamp = np.where(case.free, -1, case.n_clusters - 1 - case.clamp)
    mirrored = replace(case, costs=case.costs[:, ::-1], init=case.init[:, ::-1], clamp=clamp)
    return case.n_clusters - 1 - rounded(mirrored)


def greedy(case: Case) -> np.ndarray:
    """Return the labels of one pass over the rows in order, each at its best given the others, ties to the lowest."""
    Z = np.array(case.init, dtype=object)
    for p in range(case.n):
        others = [q for q in range(case.n) if q != p]
        value = [
            case.costs[p, c] - case.lam * sum(case.affinity[p, q] * Z[q, c] for q in others)
            for c in range(case.n_clusters)
        ]
        best = int(case.clamp[p]) if case.clamp[p] >= 0 else min(range(case.n_clusters), key=lambda c: value[c])
        Z[p] = [int(c == best) for c in range(case.n_clusters)]
    return np.array([list(row).index(1) for row in Z])


@formula(E="(-inf, inf)", N_F="[0, inf)", K="[1, inf)", T="(0, inf)")
def rounding_bound(E: Number, N_F: int, K: int, T: Number) -> Number:
    r"""The rounded labels have at most this energy, with E the relaxed energy.

    R_T(Z) + T N_F log K >= E(Z) >= E(labels).

    Proof
    -----
    Assumes: W is symmetric with w_pp >= 0, which `round_assignments` checks.

    Proof: Put row p at the label that minimizes b_pl = a_pl - lambda sum_{q != p} w_pq z_ql. As a function of row p
    alone, E is <b_p, z_p> - (lambda / 2) w_pp \|z_p\|^2 + a constant, concave for w_pp >= 0, so a vertex is best, and
    among vertices the quadratic term is constant. So E never rises, and E(Z) <= R_T(Z) + T N_F log K by
    `entropy_bound`.
    """
    return E + entropy_bound(N_F, K, T)


def bound_from_relaxed(case: Case) -> Fraction:
    """Return the bound on E of assignments by their relaxed energy, with the rounding of doubles granted to it."""
    T, n_free = float(case.temperature), int(case.free.sum())
    bound = rounding_bound(float(energy(case, case.init)), n_free, case.n_clusters, T)
    return Fraction(float(bound)) + Fraction(float(case.spoiled))


def not_worse(case: Case, found: np.ndarray) -> Sides:
    """Compare E of labels with E of assignments, that with its bound, and labels both ways with a greedy pass."""
    labels, K = np.asarray(found, dtype=np.int64), case.n_clusters
    if labels.shape != (case.n,) or labels.min() < 0 or labels.max() >= K:
        raise OutcomeError(f"{case.n} labels in [0, {K - 1}] are due")
    value, wanted, before = discrete(case, one_hot(labels, K)), greedy(case), discrete(case, case.init)
    # labels are compared in both directions, since each has to equal that of the greedy pass
    most = [*[highest(case)] * 2, *[K - 1] * case.n, *[np.inf] * case.n]
    least = [-np.inf] * (case.n + 2) + [0] * case.n
    lhs, rhs = np.r_[value, before, labels, wanted], np.r_[before, bound_from_relaxed(case), wanted, labels]
    return Sides(lhs, rhs, most, least=least)


TC_S5 = Statement(
    id="transductive_clustering/TC-S5",
    title="Sequential rounding never raises the energy without entropy",
    says=(
        "Sequential rounding of Z puts the rows on labels one at a time. It does not raise the energy without entropy"
        " E, and E(Z) is at most the relaxed energy R_T(Z) plus T N_F log K, with N_F rows that are not held, K "
        "clusters and temperature T."
    ),
    source=Derived(rounding_bound),
    tex=r"E(\mathrm{round}(Z)) \le E(Z) \le R_T(Z) + T N_F \log K",
    hypotheses=DIAGONAL,
    instances=ROUNDED,
    for_all=(STARTS,),
    solve=rounded,
    claim=Inequality(not_worse),
    saboteurs=(
        saboteur("the largest entry of each row", solve=partial(rounded, method="argmax")),
        saboteur("the last of equal labels", solve=last_label),
        saboteur("a point that repels itself", breaks="w_pp >= 0", instances=NEGATIVE_DIAGONAL),
    ),
)


@dataclass(frozen=True)
class Replaced:
    """A problem, a row, and what it is replaced by."""

    case: Case
    row: int
    new: np.ndarray

    @property
    def after(self) -> np.ndarray:
        """The assignments with the new row."""
        Z = self.case.init.copy()
        Z[self.row] = self.new
        return Z


def replacement(replaced: Replaced, rng: np.random.Generator | None = None, factor: float = 1.0) -> float:
    """Return the package's value of the change of the energy without entropy when the row is replaced."""
    case = replaced.case
    lam, row, new = factor * case.lam, replaced.row, replaced.new
    return float(row_replacement(case.init, case.costs, case.affinity, lam, row, new))


def draw_replaced(draws: Draws) -> Replaced:
    """A free row."""
    case = draw_case(draws)
    row = int(np.flatnonzero(case.free)[0])
    return Replaced(case, row, draw_simplex(draws, 1, case.n_clusters)[0])


REPLACED = Family("replaced", always=(Replaced(two_points(2.0), 0, np.array([1.0, 0.0])),), draw=draw_replaced)


def replaced_back(replaced: Replaced, rng: np.random.Generator) -> float:
    """The sign is wrong."""
    return -replacement(replaced)


def differs(replaced: Replaced, found: float) -> Sides:
    """Compare the formula with the difference of the energies without entropy after and before."""
    case = replaced.case
    lost = discrete(case, replaced.after) - discrete(case, case.init)
    return Sides(np.array([found]), np.array([lost]), rounding=case.spoiled)


TC_P8 = Statement(
    id="transductive_clustering/TC-P8",
    title="What replacing a row does to the energy without entropy",
    says=(
        "Replacing row z_p of the assignments by y adds exactly this to the energy without entropy, <A, Z> - "
        "(lambda/2) tr(Z'WZ). a_p is the row of costs A, and w_pq the weight of the pair p, q in W; the sum runs over"
        " the other rows z_q."
    ),
    source=Derived(row_replacement),
    tex=r"\langle a_p - \lambda \sum_{q \ne p} w_{pq} z_q, y - z_p\rangle - \tfrac\lambda2 w_{pp}(\|y\|^2 - \|z_p\|^2)",
    hypotheses={"a symmetric affinity": lambda replaced: is_symmetric(replaced.case)},
    instances=REPLACED,
    solve=replacement,
    claim=Identity(differs),
    saboteurs=(
        saboteur("lambda twice", solve=partial(replacement, factor=2.0)),
        saboteur("the other way round", solve=replaced_back),
    ),
    notes="Concave in each row where w_pp >= 0, so that a vertex is never worse.",
)
