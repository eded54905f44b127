"""A row with fewer seen entries than unknowns gets the coefficients of least norm, by every method."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory.bounds import All, Classical, Draws, Family, Identity, Sides, Statement, rounding, saboteur
from lrtheory.matrix_completion.entries.regressions import kernels
from proofs_checks.matrix_completion.families.ridge_cases import RidgeCase, row_step


def draw_thin(draws: Draws) -> RidgeCase:
    """Draw rows of one to k - 1 entries, an integer factor, any method, and no ridge."""
    m, n, k = draws.integers(1, 6), draws.integers(2, 8), draws.integers(2, 5)
    factor = draws.integers(-4, 4, shape=(n, k)) + 5.0 * np.eye(n, k)
    # a random number of random columns in each row: those whose rank in a random order is below that number
    order = np.array([draws.permutation(n) for _ in range(m)])
    mask = order < draws.integers(1, min(n, k - 1), shape=m)[:, None]
    values, method = draws.integers(-8, 8, shape=(m, n)) / 4, draws.choice(("exact", "cg", "sketch"))
    return RidgeCase(values, mask, factor, 0.0, method)


# one row of one entry and two unknowns, by each of the three methods
UNDETERMINED = Family(
    "undetermined",
    always=tuple(
        RidgeCase(np.array([[value, 1.0]]), np.array([[True, False]]), np.array([[1.0, 2.0], [1.0, 1.0]]), 0.0, method)
        for value, method in ((2.0, "exact"), (3.0, "cg"), (4.0, "sketch"))
    ),
    draw=lambda draws: draw_thin(draws),
)


def short_rows() -> Iterator[RidgeCase]:
    """Yield two seen values, 1 and 2, and two different lines of three entries -1, 0 or 1, for every method.

    The first entry of a line that is not 0 is 1, so that any two are independent.
    """
    lines = [one for one in itertools.product((-1.0, 0.0, 1.0), repeat=3) if next(filter(None, one), 0) > 0]
    for factor in map(np.array, itertools.permutations(lines, 2)):
        for method in ("exact", "cg", "sketch"):
            yield RidgeCase(np.array([[1.0, 2.0]]), np.ones((1, 2), bool), factor, 0.0, method)


def panel_condition(case: RidgeCase) -> float:
    """Return the largest condition number of the panels V_Omega of all rows; infinite where one has dependent lines."""
    spectra = (np.linalg.svd(case.factor[seen], compute_uv=False) for seen in case.mask)
    return float(max(s[0] / s[-1] if s[-1] > 0 else np.inf for s in spectra))


def tiny_pivot(case: RidgeCase, rng: np.random.Generator) -> np.ndarray:
    """Make singular normal equations regular by a ridge of 1e-13, as a careless Cholesky would."""
    # in exact arithmetic near the shortest solution, but a condition number near 10^13 costs most of the digits
    return row_step(case, rng, method="exact", ridge=1e-13)


def first_columns(case: RidgeCase, rng: np.random.Generator) -> np.ndarray:
    """Fit by the first column of the factor alone, which does as well with longer coefficients."""
    # of a row with one entry the residual is 0, and nothing but the length of the coefficients is wrong
    narrow = row_step(replace(case, factor=case.factor[:, :1]), rng)
    return np.pad(narrow, ((0, 0), (0, case.factor.shape[1] - 1)))


def least_norm(case: RidgeCase, factor: np.ndarray) -> Sides:
    """Compare the coefficients of each row with those of least norm, by the pseudoinverse of its panel."""
    best = np.array(
        [np.linalg.pinv(case.factor[seen]) @ row[seen] for row, seen in zip(case.values, case.mask, strict=True)]
    )
    # normal equations square the condition number of a panel
    size = panel_condition(case) ** 2 * (1 + np.abs(best).max())
    return Sides(factor, best, rounding=rounding(64 * case.factor.size, size))


MC_L10 = Statement(
    id="matrix_completion/MC-L10",
    title="A row that is seen too little gets the coefficients of least norm",
    says="A row i of which fewer than k entries are seen (d_i of them, with values x_i) does not determine its k "
    "coefficients u_i. The library returns the shortest solution: the pseudoinverse of the panel V_Omega_i, "
    "the rows of the fixed factor V at the seen columns Omega_i, applied to x_i.",
    source=Classical("least squares of least norm", "G. Golub, C. Van Loan, Matrix Computations, 2013, section 5.5"),
    tex=r"d_i < k \Rightarrow u_i = V_{\Omega_i}^{+} x_i",
    hypotheses={
        "fewer entries than the rank": lambda case: bool((case.mask.sum(1) < case.factor.shape[1]).all()),
        # the rounding that is allowed grows with its square
        "independent lines": lambda case: panel_condition(case) < 16,
    },
    instances=UNDETERMINED,
    for_all=(
        All(
            "pairs of different lines of three entries -1, 0 and 1, each up to its sign, for each of three methods",
            short_rows,
            members=468,
        ),
    ),
    solve=row_step,
    claim=Identity(least_norm),
    saboteurs=(
        saboteur("a ridge of 1e-13", solve=tiny_pivot),
        saboteur("the first columns alone", solve=first_columns),
        saboteur(
            "conjugate gradients of short rows from one",
            solve=partial(row_step, method="cg"),
            patch=(kernels._cg_lines, "u[:] = 0  # from zero", "u[:] = 1  # from zero"),
        ),
    ),
    notes="By Cholesky with its rule for short rows, by conjugate gradients from zero, and after a sketch.",
)
