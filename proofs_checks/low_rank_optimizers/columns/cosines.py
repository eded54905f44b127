"""The cosine basis and its fast transform."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Draws, Family, Identity, Sides, Statement, formula, rounding, saboteur
from lrtheory.low_rank_optimizers.columns.basis import dct_basis
from lrtheory.low_rank_optimizers.columns.select_columns import select_columns
from proofs_checks.low_rank_optimizers.families.bases import cosine


@dataclass(frozen=True)
class Cosines:
    """Signals of n integers in the rows of X, at least n of them."""

    X: np.ndarray

    @property
    def n(self) -> int:
        """The size of the basis."""
        return int(self.X.shape[1])


def is_size(case: Cosines) -> bool:
    """Decide whether there are at least as many signals as numbers in each, so that the rows are transformed."""
    return case.X.ndim == 2 and 1 <= case.n <= len(case.X)


Found = dict[str, Any]


def bases(case: Cosines, rng: np.random.Generator | None = None) -> Found:
    """Return the basis in both precisions, and all coordinates of the signals in it by each method."""
    X, n = np.asarray(case.X, float), case.n
    by = {name: select_columns(X, n, method=method) for name, method in (("product", "gemm"), ("transform", "fft"))}
    coordinates = {name: np.asarray(found.coefficients) for name, found in by.items()}
    return {"double": dct_basis(n), "single": dct_basis(n, dtype="float32"), **coordinates}


def sizes() -> list[Cosines]:
    """Return signals of each small size, and of one size at which rounded arguments show."""
    small = [Cosines(np.arange(n * (n + 1)).reshape(n + 1, n) % 5 - 2) for n in (1, 2, 3, 4, 8)]
    return [*small, Cosines(np.eye(48, dtype=int))]


def draw_signals(draws: Draws) -> Cosines:
    """Return drawn signals."""
    n = draws.integers(1, 16)
    return Cosines(draws.integers(-9, 9, (n + draws.integers(0, 2), n)))


COSINES = Family("signals", always=sizes, draw=draw_signals)


def rounded_arguments(case: Cosines, rng: np.random.Generator | None = None) -> Found:
    """Form the arguments of the cosines in single precision."""
    j, k = np.meshgrid(np.arange(case.n, dtype=np.float32), np.arange(case.n, dtype=np.float32), indexing="ij")
    single = np.cos(k * (2 * j + 1) * np.float32(np.pi) / np.float32(2 * case.n)) * np.float32(np.sqrt(2 / case.n))
    single[:, 0] = np.sqrt(1 / case.n)
    return bases(case) | {"single": single.astype(np.float32)}


def transposed(case: Cosines, rng: np.random.Generator | None = None) -> Found:
    """Apply the transposed basis, which is the inverse transform."""
    return bases(case) | {"product": np.asarray(case.X, float) @ dct_basis(case.n).T}


@formula(n="[1, inf)", j="[0, n)", k="[0, n)")
def dct_entry(n: int, j: int, k: int) -> float:
    """Entry (j, k) of the orthonormal cosine basis of size n, its argument reduced in integers.

    References
    ----------
    .. [1] J. Makhoul, A fast cosine transform in one and two dimensions, IEEE Trans. ASSP 1980.
    """
    if k == 0:
        return math.sqrt(1 / n)
    return math.sqrt(2 / n) * math.cos(math.pi * (k * (2 * j + 1) % (4 * n)) / (2 * n))


def are_cosines(case: Cosines, found: Found) -> Sides:
    """Compare both bases with cosines from balls, and both ways to apply them with sums of products by them."""
    n = case.n
    Q = np.array([[cosine(n, j, k) for k in range(n)] for j in range(n)])
    formula = np.array([[dct_entry(n, j, k) for k in range(n)] for j in range(n)])
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
        saboteur("arguments in single precision", solve=rounded_arguments),
        saboteur("the transposed transform", solve=transposed),
    ),
    notes=(
        "A released program forms the argument k (2j + 1) pi / (2n) in single precision, which costs its basis 7e-6, "
        "2.4e-5 and 5.3e-5 of orthogonality at n = 256, 1024 and 4096; reduced arguments cost 8e-8."
    ),
)
