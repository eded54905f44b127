"""Columns of an orthogonal basis, and what the rules of selection hold of a gradient.

G is an m x n gradient, Q an orthogonal basis of size n, and a selection keeps r of its columns. The l2 rule takes
those with the largest sums of squares of G Q.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from itertools import combinations, product
from typing import Any

import numpy as np

from lrtheory._numbers import exact, numbers, plain
from lrtheory._types import ArrayLike
from lrtheory._validation import integer
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    rounding,
    saboteur,
)
from lrtheory.low_rank_optimizers.columns.select_columns import select_columns, selected
from proofs_checks.low_rank_optimizers.certificates.steps import LARGEST, SHARE
from proofs_checks.low_rank_optimizers.families.bases import HADAMARD, Choice, in_fractions, spike

Found = dict[str, Any]


def _selection(case: Choice, rule: str) -> Any:
    G = case.gradient.T if case.transposed else case.gradient
    return select_columns(G, case.rank, basis=case.basis, rule=rule)


def reported(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Return the columns that the library selects, with the squares that it says they hold and leave."""
    found = _selection(case, "l2")
    return {"indices": np.asarray(found.indices), "captured": found.captured, "gap": found.certificate.achieved}


KINDS = ("permutation", "hadamard", "rotations")


def special() -> list[Choice]:
    """Return gradients that are 0, tied, repeated, of one column, of full rank, and those that mislead the l1 rule."""
    ties = np.array([[1, 1, 0, -1], [1, 1, 0, 1], [0, 0, 0, 0], [1, -1, 2, 1]])
    cases = [Choice(ties, kind, np.array([2, 0, 3, 1]), rank) for kind in KINDS for rank in (1, 2, 4)]
    cases += [Choice(np.array([[3], [0], [1]]), "permutation", np.arange(1), 1, flag) for flag in (False, True)]
    cases += [Choice(np.zeros((3, 2), int), "rotations", np.array([1, 0]), 1, flag) for flag in (False, True)]
    cases.append(Choice(np.array([[1, 0], [2, 0]]), "rotations", np.array([0, 1]), 1))
    return [*cases, spike(8, 3), spike(6, 4, 3), spike(64, 8)]


def equal_columns() -> Choice:
    """Return columns of one length, which attain the bound."""
    return Choice(np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1]]), "rotations", np.array([2, 0, 1]), 2)


def draw_choice(draws: Draws) -> Choice:
    """Return drawn coordinates, some columns 0 or repeated."""
    n = draws.integers(1, 5)
    m = draws.integers(n, 6)
    S = draws.integers(-3, 3, (m, n))
    for _ in range(draws.integers(0, 2)):
        S[:, draws.integers(0, n - 1)] = S[:, draws.integers(0, n - 1)] * draws.integers(-1, 1)
    transposed = m > n and draws.integers(0, 1) == 1
    return Choice(S, draws.choice(KINDS), draws.permutation(n), draws.integers(1, n), transposed)


CHOICES = Family("columns-of-a-basis", always=special, tight=[Tight(equal_columns(), 1.0, 1.0)], draw=draw_choice)


def small_choices() -> Iterator[Choice]:
    """Yield all gradients of two rows with coordinates 0, 1 and 2 along two rotated axes, of which one is kept."""
    for entries in product(range(3), repeat=4):
        yield Choice(np.reshape(entries, (2, 2)), "rotations", np.arange(2), 1)


SMALL = All(
    "gradients of two rows with coordinates 0, 1 and 2 along two axes, of which one is kept", small_choices, members=81
)


def without_basis(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Take the longest columns of the gradient itself."""
    lengths = (np.asarray(case.gradient, float) ** 2).sum(axis=0)
    return {"indices": np.sort(np.argsort(-lengths, kind="stable")[: case.rank])}


def reported_without_basis(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Take the longest columns of the gradient itself, and report what the right ones hold."""
    return reported(case) | without_basis(case)


def is_choice(case: Choice) -> bool:
    """Decide whether S has at least as many rows as columns, the basis fits, and the rank is one."""
    m, n = case.S.shape
    fits = sorted(np.asarray(case.order).tolist()) == list(range(n)) and case.kind in KINDS
    return fits and 1 <= case.rank <= n <= m and not (case.transposed and m == n)


FITS = {"coordinates in a rational orthogonal basis": is_choice}


#: the score of the released default
ABSOLUTE = (selected, 'scores = energies if rule == "l2"', 'scores = energies if rule == "l0"')


def square(X: Any) -> Any:
    """Return the sum of all squares."""
    return (np.asarray(X) ** 2).sum()


def energies(case: Choice) -> list[Any]:
    """Return the sum of squares of each column of G Q."""
    return [square(column) for column in (case.gradient @ case.basis).T]


def best(case: Choice) -> Any:
    """Return the most that any columns hold, by enumeration."""
    return max(sum(some) for some in combinations(energies(case), case.rank))


def residual(case: Choice, found: Found) -> Any:
    """Return the squares of G - G Q_I Q_I^T, by products."""
    part = case.basis[:, found["indices"].tolist()]
    return square(case.gradient - case.gradient @ part @ part.T)


def no_choice(found: Found, rank: int, n: int) -> Sides | None:
    """Return sides that fail where the decided columns are not as many different ones as asked for; else None."""
    places = np.asarray(found["indices"]).tolist()
    good = isinstance(places, list) and all(isinstance(one, int) and 0 <= one < n for one in places)
    return None if good and len(places) == len(set(places)) == rank else Sides([1], [0], trivial=2)


def off_choice(case: Choice, found: Found) -> Sides | None:
    """Return sides that fail where the decided columns are none; else None."""
    return no_choice(found, case.rank, case.S.shape[1])


@formula(r="[0, inf)")
def captured_energy(e: ArrayLike, r: int) -> Number:
    r"""The most that r columns hold of the squares of a gradient, where e holds those of each column.

    Proof
    -----
    Assumes: Q is orthogonal.

    Proof: G = sum_j S_j q_j^T has orthogonal terms of squares e_j, and G Q_I Q_I^T is the sum over I, so that the
    residual is \|G\|^2 - sum_I e_j; the r largest are the best. Where Q diagonalizes G^T G, the e_j are its
    eigenvalues, the squared singular values of G, and by Eckart and Young the residual is the least of all matrices of
    rank r.
    """
    squares = numbers("e", e, 0)
    kept = integer("r", r, low=0, high=len(squares))
    return plain(sum(sorted(squares, reverse=True)[:kept], start=0))


def leaves_the_least(case: Choice, found: Found) -> Sides:
    """Compare the residual of the decided columns, by products, and both reports with what the best columns hold."""
    most, total = best(case), square(case.gradient)
    off = off_choice(case, found)
    if off is not None:
        return off
    formula = captured_energy(energies(case), case.rank)
    lhs = [residual(case, found), found["captured"], found["gap"], formula]
    return Sides(np.array(lhs, object), np.array([total - most, most, total - most, most], object))


DC_1 = Statement(
    id="low_rank_optimizers/DC-1",
    title="Selected columns leave the squares of those that were not selected",
    says=(
        "G is a gradient, Q is orthogonal, e_j is the sum of the squares of column j of G Q, and I are the r columns "
        "with the largest e_j. Then |G - G Q_I Q_I^T|^2 is |G|^2 less the sum of e_j over I, and no r columns of Q "
        "leave less."
    ),
    source=Derived(captured_energy),
    tex=r"\|G - GQ_IQ_I^\top\|^2 = \|G\|^2 - \textstyle\sum_{j \in I}e_j = \min_{|J| = r}\|G - GQ_JQ_J^\top\|^2",
    hypotheses=FITS,
    instances=CHOICES,
    for_all=(SMALL,),
    solve=reported,
    claim=Identity(leaves_the_least),
    decisions=("indices",),
    saboteurs=(
        saboteur("sums of absolute values", patch=ABSOLUTE),
        saboteur("the squares of the gradient without the basis", solve=reported_without_basis),
    ),
    notes="A released program takes the largest sums of absolute values by default.",
)


def chosen(case: Choice, rng: np.random.Generator | None = None, rule: str = "l2") -> Found:
    """Return the columns that the library selects."""
    return {"indices": np.asarray(_selection(case, rule).indices)}


def last(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Take the last columns, whatever they hold."""
    n = case.S.shape[1]
    return {"indices": np.arange(n - case.rank, n)}


def by_rows(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Take the places of the longest rows of the gradient, which are no columns of the basis."""
    n = case.S.shape[1]
    lengths = (np.asarray(case.gradient, float) ** 2).sum(axis=1)[:n]
    return {"indices": np.sort(np.argsort(-lengths, kind="stable")[: case.rank])}


BY_ABSOLUTE = partial(chosen, rule="l1")


@formula(energy="[0, inf)", n="[1, inf)", r="[1, n]")
def selection_bound(energy: Number, n: int, r: int) -> Number:
    r"""The l2 rule leaves at most this of `energy` = |G|^2, whatever G and Q are.

    It is attained where all columns of G Q have one norm.

    Proof
    -----
    Assumes: Q is orthogonal, and the r columns of the largest squares are kept.

    Proof: the r largest of n numbers hold at least r/n of their sum, which is \|G\|^2. From below, the residual of any
    r columns is that of a matrix of rank r, so that it is at least the sum of all but the r largest squared singular
    values of G.
    """
    return plain(energy * (1 - exact(r) / n))


def leaves_little(case: Choice, found: Found, more: int = 0) -> Sides:
    """Compare the residual with (1 - r/n) |G|^2, and the least residual of all matrices of rank r with it."""
    off = off_choice(case, found)
    if off is not None:
        return off
    n, total, left = case.S.shape[1], square(case.gradient), residual(case, found)
    most = selection_bound(total, n, min(case.rank + more, n))
    tail = (np.linalg.svd(np.asarray(case.S, float), compute_uv=False)[case.rank :] ** 2).sum()
    allowed = rounding(64 * sum(case.S.shape), total)
    lhs, rhs = np.array([left, Fraction(float(tail))], object), np.array([most, left], object)
    return Sides(lhs, rhs, trivial=np.array([total, total], object), rounding=np.array([0.0, float(allowed)]))


DC_2 = Statement(
    id="low_rank_optimizers/DC-2",
    title="The best r of n columns leave at most a share 1 - r/n of the squares",
    says=(
        "G is a gradient, Q is orthogonal of size n, and I are the r columns of Q for which G Q has the largest sums "
        "of squares. Then |G - G Q_I Q_I^T|^2 is at most (1 - r/n) |G|^2, whatever G and Q are, and at least the sum "
        "of all but the r largest squared singular values of G."
    ),
    source=Derived(selection_bound),
    tex=r"\textstyle\sum_{k > r}\sigma_k(G)^2 \le \|G - GQ_IQ_I^\top\|^2 \le (1 - r/n)\|G\|^2",
    hypotheses=FITS,
    instances=CHOICES,
    for_all=(SMALL, LARGEST),
    solve=chosen,
    claim=Inequality(leaves_little),
    decisions=("indices",),
    saboteurs=(
        saboteur("as released: sums of absolute values", solve=BY_ABSOLUTE, printed=True),
        saboteur("the last columns", solve=last),
        saboteur("places of the longest rows", solve=by_rows),
        saboteur("as if one column more were kept", claim=Inequality(partial(leaves_little, more=1))),
    ),
    notes=(
        "A released program takes the largest sums of absolute values by default. With 8 columns of 64 entries, one of "
        "them a spike, these leave .985 of the squares, where the bound is .875."
    ),
)


SPIKES = Family(
    "columns-by-absolute-values",
    always=special,
    tight=[Tight(spike(8, 2, 1, 10**6), 1 - 1e-6, 1.0)],
    draw=draw_choice,
)


def _by(case: Choice, score: Callable[[Any], Any]) -> Found:
    scores = np.array([float(score(value)) for value in energies(case)])
    return {"indices": np.sort(np.argsort(scores, kind="stable")[: case.rank])}


def least(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Take the columns that hold least."""
    return _by(case, lambda squares: squares)


def held(case: Choice, found: Found) -> Any:
    """Return what the decided columns hold."""
    return sum(energies(case)[i] for i in found["indices"].tolist())


@formula(m="[1, inf)")
def absolute_rule_share(m: int) -> Number:
    r"""The l1 rule is sure to capture at least this share of what the l2 rule captures, for columns of m entries.

    The l1 rule keeps the columns of G Q with the largest sums of absolute values. No larger share holds: a column (1,
    0, ..., 0) loses to a constant one of entries just above 1/m.

    Proof
    -----
    Assumes: the r columns of the largest sums of absolute values are kept.

    Proof: a column s has \|s\|_1^2 / m <= \|s\|_2^2 <= \|s\|_1^2. Let I be the columns of the l1 rule and J those of
    the l2 rule. Then e(I) >= (1/m) sum_I \|s\|_1^2 >= (1/m) sum_J \|s\|_1^2 >= e(J)/m.
    """
    return 1 / exact(m)


def holds_a_share(case: Choice, found: Found, factor: int = 1) -> Sides:
    """Compare 1/m of the most that columns can hold, and r/(n m) of all squares, with what the columns hold."""
    off = off_choice(case, found)
    if off is not None:
        return off
    m, n = case.S.shape
    share, kept = factor * absolute_rule_share(m), held(case, found)
    least = [share * best(case), share * square(case.gradient) * case.rank / n]
    return Sides(np.array(least, object), np.array([kept, kept], object), least=0)


def holds_as_squares_do(case: Choice, found: Found) -> Sides:
    """Compare r/n of all squares with what the columns hold: not true of sums of absolute values."""
    off = off_choice(case, found)
    return off or Sides([square(case.gradient) * case.rank / case.S.shape[1]], [held(case, found)], least=0)


DC_3 = Statement(
    id="low_rank_optimizers/DC-3",
    title="Sums of absolute values find at least 1/m of what squares find",
    says=(
        "G is a gradient, Q is orthogonal of size n, columns of G Q have m entries, and I are the r columns with the "
        "largest sums of absolute values. They hold at least 1/m of the squares that the best r columns hold, so at "
        "least r/(n m) of |G|^2."
    ),
    source=Derived(absolute_rule_share),
    tex=r"\textstyle\sum_{j \in I}e_j \ge \tfrac1m\max_{|J| = r}\sum_{j \in J}e_j \ge \tfrac{r}{nm}\|G\|^2",
    hypotheses=FITS,
    instances=SPIKES,
    for_all=(SMALL, SHARE),
    solve=BY_ABSOLUTE,
    claim=Inequality(holds_a_share),
    decisions=("indices",),
    saboteurs=(
        saboteur("the columns that hold least", solve=least),
        saboteur("the last columns", solve=last),
        saboteur("2/m", claim=Inequality(partial(holds_a_share, factor=2))),
        saboteur("r/n, as for squares", claim=Inequality(holds_as_squares_do)),
    ),
)


def is_diagonal(case: Choice) -> bool:
    """Decide whether the columns of S are orthogonal and of different lengths."""
    gram = np.asarray(case.S).T @ np.asarray(case.S)
    return bool((gram == np.diag(np.diag(gram))).all()) and len(set(np.diag(gram).tolist())) == len(gram)


def draw_diagonal(draws: Draws) -> Choice:
    """Return columns along different axes, of different lengths."""
    n = draws.integers(1, 5)
    m = draws.integers(n, 6)
    S = np.zeros((m, n), int)
    S[draws.permutation(m)[:n], np.arange(n)] = draws.permutation(8)[:n] * (2 * draws.integers(0, 1, n) - 1)
    transposed = m > n and draws.integers(0, 1) == 1
    return Choice(S, draws.choice(KINDS), draws.permutation(n), draws.integers(1, n), transposed)


def diagonals() -> list[Choice]:
    """Return singular values that are known, in each basis, and orthogonal columns that are not along axes."""
    dense = np.array(HADAMARD) * np.array([3, 1, 2, 0])
    cases = [Choice(dense, kind, np.array([1, 3, 0, 2]), rank) for kind in KINDS for rank in (1, 2, 3)]
    return [*cases, Choice(np.array([[2], [1]]), "permutation", np.arange(1), 1, True)]


DIAGONAL = Family("gradients-along-a-basis", always=diagonals, draw=draw_diagonal)


def is_truncation(case: Choice, found: Found) -> Sides:
    """Compare G Q_I Q_I^T with the terms of the largest singular values, those of the coordinates, and its squares."""
    off = off_choice(case, found)
    if off is not None:
        return off
    Q = case.basis
    part = Q[:, found["indices"].tolist()]
    S = in_fractions(case.S)
    lengths = (S**2).sum(axis=0)
    largest = np.argsort(-lengths.astype(float), kind="stable")[: case.rank]
    kept, due = case.gradient @ part @ part.T, S[:, largest] @ Q[:, largest].T
    return Sides(np.append(kept, square(kept)), np.append(due, captured_energy(lengths, case.rank)))


DC_4 = Statement(
    id="low_rank_optimizers/DC-4",
    title="In a basis of singular vectors the selection is the truncated decomposition",
    says=(
        "Q is orthogonal, Q^T G^T G Q is diagonal, and its entries differ. Then the r columns I of Q with the largest "
        "sums of squares of G Q are the right singular vectors of the r largest singular values, and G Q_I Q_I^T is "
        "the best approximation of rank r."
    ),
    source=Derived(captured_energy),
    tex=(
        r"Q^\top G^\top GQ = \mathrm{diag}(\sigma_j^2) \Rightarrow "
        r"GQ_IQ_I^\top = \textstyle\sum_{k \le r}\sigma_ku_kv_k^\top"
    ),
    hypotheses={**FITS, "orthogonal coordinates of different lengths": is_diagonal},
    instances=DIAGONAL,
    solve=chosen,
    claim=Identity(is_truncation),
    decisions=("indices",),
    saboteurs=(
        saboteur("the columns that hold least", solve=least),
        saboteur("the squares of the gradient without the basis", solve=without_basis),
    ),
)
