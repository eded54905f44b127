"""Columns of an orthogonal basis, and what the rules of selection hold of a gradient: DC-1 to DC-4 and DC-8."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Classical, Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.columns.select_columns import selected
from proofs_checks.low_rank_optimizers.families.basis.columns import (
    CHOICES,
    DIAGONAL,
    SPIKES,
    Choice,
    Found,
    best,
    chosen,
    energies,
    exact,
    held,
    is_choice,
    is_diagonal,
    no_choice,
    reported,
    residual,
    square,
)
from proofs_checks.low_rank_optimizers.families.basis.cosines import COSINES, Cosines, bases, cosine, is_size
from proofs_checks.low_rank_optimizers.wrong_solvers import columns as wrong

FITS = {"coordinates in a rational orthogonal basis": is_choice}
BY_ABSOLUTE = partial(chosen, rule="l1")
#: the score of the released default
ABSOLUTE = (selected, 'scores = energies if rule == "l2"', 'scores = energies if rule == "l0"')


def off_choice(case: Choice, found: Found) -> Sides | None:
    """Return sides that fail where the decided columns are none; else None."""
    return no_choice(found, case.rank, case.S.shape[1])


def leaves_the_least(case: Choice, found: Found) -> Sides:
    """Compare the residual of the decided columns, by products, and both reports with what the best columns hold."""
    most, total = best(case), square(case.gradient)
    off = off_choice(case, found)
    if off is not None:
        return off
    formula = theory.captured_energy(energies(case), case.rank)
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
    source=Derived(theory.captured_energy),
    tex=r"\|G - GQ_IQ_I^\top\|^2 = \|G\|^2 - \textstyle\sum_{j \in I}e_j = \min_{|J| = r}\|G - GQ_JQ_J^\top\|^2",
    hypotheses=FITS,
    instances=CHOICES,
    solve=reported,
    claim=Identity(leaves_the_least),
    decisions=("indices",),
    saboteurs=(
        saboteur("sums of absolute values", patch=ABSOLUTE),
        saboteur("the squares of the gradient without the basis", solve=wrong.reported_without_basis),
    ),
    notes="A released program takes the largest sums of absolute values by default.",
)


def leaves_little(case: Choice, found: Found, more: int = 0) -> Sides:
    """Compare the residual with (1 - r/n) |G|^2, and the least residual of all matrices of rank r with it."""
    off = off_choice(case, found)
    if off is not None:
        return off
    n, total, left = case.S.shape[1], square(case.gradient), residual(case, found)
    most = theory.selection_bound(total, n, min(case.rank + more, n))
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
    source=Derived(theory.selection_bound),
    tex=r"\textstyle\sum_{k > r}\sigma_k(G)^2 \le \|G - GQ_IQ_I^\top\|^2 \le (1 - r/n)\|G\|^2",
    hypotheses=FITS,
    instances=CHOICES,
    solve=chosen,
    claim=Inequality(leaves_little),
    decisions=("indices",),
    saboteurs=(
        saboteur("as released: sums of absolute values", solve=BY_ABSOLUTE, printed=True),
        saboteur("the last columns", solve=wrong.last),
        saboteur("places of the longest rows", solve=wrong.by_rows),
        saboteur("as if one column more were kept", claim=Inequality(partial(leaves_little, more=1))),
    ),
    notes=(
        "A released program takes the largest sums of absolute values by default. With 8 columns of 64 entries, one of "
        "them a spike, these leave .985 of the squares, where the bound is .875."
    ),
)


def holds_a_share(case: Choice, found: Found, factor: int = 1) -> Sides:
    """Compare 1/m of the most that columns can hold, and r/(n m) of all squares, with what the columns hold."""
    off = off_choice(case, found)
    if off is not None:
        return off
    m, n = case.S.shape
    share, kept = factor * theory.absolute_rule_share(m), held(case, found)
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
    source=Derived(theory.absolute_rule_share),
    tex=r"\textstyle\sum_{j \in I}e_j \ge \tfrac1m\max_{|J| = r}\sum_{j \in J}e_j \ge \tfrac{r}{nm}\|G\|^2",
    hypotheses=FITS,
    instances=SPIKES,
    solve=BY_ABSOLUTE,
    claim=Inequality(holds_a_share),
    decisions=("indices",),
    saboteurs=(
        saboteur("the columns that hold least", solve=wrong.least),
        saboteur("the last columns", solve=wrong.last),
        saboteur("2/m", claim=Inequality(partial(holds_a_share, factor=2))),
        saboteur("r/n, as for squares", claim=Inequality(holds_as_squares_do)),
    ),
)


def is_truncation(case: Choice, found: Found) -> Sides:
    """Compare G Q_I Q_I^T with the terms of the largest singular values of G, which are those of its coordinates."""
    off = off_choice(case, found)
    if off is not None:
        return off
    Q = case.basis
    part = Q[:, found["indices"].tolist()]
    largest = np.argsort(-(np.asarray(case.S) ** 2).sum(axis=0), kind="stable")[: case.rank]
    return Sides((case.gradient @ part @ part.T).ravel(), (exact(case.S)[:, largest] @ Q[:, largest].T).ravel())


DC_4 = Statement(
    id="low_rank_optimizers/DC-4",
    title="In a basis of singular vectors the selection is the truncated decomposition",
    says=(
        "Q is orthogonal, Q^T G^T G Q is diagonal, and its entries differ. Then the r columns I of Q with the largest "
        "sums of squares of G Q are the right singular vectors of the r largest singular values, and G Q_I Q_I^T is "
        "the best approximation of rank r."
    ),
    source=Derived(theory.captured_energy),
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
        saboteur("the columns that hold least", solve=wrong.least),
        saboteur("the squares of the gradient without the basis", solve=wrong.without_basis),
    ),
)


def are_cosines(case: Cosines, found: Found) -> Sides:
    """Compare both bases with cosines from balls, and both ways to apply them with sums of products by them."""
    n = case.n
    Q = np.array([[cosine(n, j, k) for k in range(n)] for j in range(n)])
    formula = np.array([[theory.dct_entry(n, j, k) for k in range(n)] for j in range(n)])
    X = np.asarray(case.X, float)
    S = X @ Q
    one, product = rounding(16, np.sqrt(2 / n)), rounding(32 * (n + 4), np.abs(X).sum() + 1)
    single = 2.0**-24 * np.abs(Q) + one  # half a unit in the last place of single precision
    pairs = [(found["double"], Q, one), (formula, Q, one), (found["single"], Q, single)]
    pairs += [(found[name], S, product) for name in ("product", "transform")]
    if any(np.shape(left) != right.shape for left, right, _ in pairs):
        return Sides([1], [0])
    lhs, rhs = (np.concatenate([np.ravel(np.asarray(one[i], float)) for one in pairs]) for i in (0, 1))
    allowed = np.concatenate([np.broadcast_to(error, right.shape).ravel() for _, right, error in pairs])
    return Sides(lhs, rhs, rounding=allowed)


DC_8 = Statement(
    id="low_rank_optimizers/DC-8",
    title="The cosine basis is exact up to rounding, and the fast transform is its product",
    says=(
        "Q_jk = sqrt(2/n) cos(pi k (2j + 1) / (2n)), with sqrt(1/n) for k = 0, is orthogonal. The basis that is made "
        "from arguments reduced as integers has these entries up to the rounding of one number, in double and in "
        "single precision, and the fast cosine transform of the rows of X is X Q."
    ),
    source=Classical("the discrete cosine transform", "J. Makhoul, IEEE Trans. ASSP 1980"),
    tex=r"(XQ)_{ik} = \sqrt{\tfrac{2 - [k = 0]}{n}}\textstyle\sum_jX_{ij}\cos\frac{\pi k(2j + 1)}{2n}",
    hypotheses={"a signal of n numbers in each row": is_size},
    instances=COSINES,
    solve=bases,
    claim=Identity(are_cosines),
    saboteurs=(
        saboteur("arguments in single precision", solve=wrong.rounded_arguments),
        saboteur("the transposed transform", solve=wrong.transposed),
    ),
    notes=(
        "A released program forms the argument k (2j + 1) pi / (2n) in single precision, which costs its basis 7e-6, "
        "2.4e-5 and 5.3e-5 of orthogonality at n = 256, 1024 and 4096; reduced arguments cost 8e-8."
    ),
)
