"""Gradients with known coordinates in rational orthogonal bases, and what the library selects of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Sides, Tight
from lrtheory.low_rank_optimizers.columns.select_columns import select_columns

Found = dict[str, Any]
KINDS = ("permutation", "hadamard", "rotations")
HADAMARD = ((1, 1, 1, 1), (1, -1, 1, -1), (1, 1, -1, -1), (1, -1, -1, 1))


def exact(X: Any) -> np.ndarray:
    """Return integers, or doubles, as Fractions."""
    flat = np.asarray(X)
    return np.array([Fraction(x) for x in flat.ravel().tolist()], object).reshape(flat.shape)


def rational_basis(kind: str, order: Any) -> np.ndarray:
    """Return an orthogonal matrix of Fractions: permuted unit vectors, with a block of halves or with rotations."""
    n = len(order)
    Q = exact(np.eye(n, dtype=int)[:, np.asarray(order, int)])
    if kind == "hadamard" and n >= 4:
        Q[:4] = exact(HADAMARD) @ Q[:4] / 2
    if kind == "rotations":
        turn = exact([[3, -4], [4, 3]]) / 5
        for i in range(n - 1):
            Q[i : i + 2] = turn @ Q[i : i + 2]
    return Q


@dataclass(frozen=True)
class Choice:
    """Coordinates S (m, n) of a gradient in a basis, with m at least n, how many columns are chosen, and its layout."""

    S: np.ndarray
    kind: str
    order: np.ndarray
    rank: int
    transposed: bool = False

    @property
    def basis(self) -> np.ndarray:
        """The basis, in Fractions."""
        return rational_basis(self.kind, self.order)

    @property
    def gradient(self) -> np.ndarray:
        """The gradient S Q^T in Fractions, in the layout with more rows."""
        return exact(self.S) @ self.basis.T


def is_choice(case: Choice) -> bool:
    """Decide whether S has at least as many rows as columns, the basis fits, and the rank is one."""
    m, n = case.S.shape
    fits = sorted(np.asarray(case.order).tolist()) == list(range(n)) and case.kind in KINDS
    return fits and 1 <= case.rank <= n <= m and not (case.transposed and m == n)


def is_diagonal(case: Choice) -> bool:
    """Decide whether the columns of S are orthogonal and of different lengths."""
    gram = np.asarray(case.S).T @ np.asarray(case.S)
    return bool((gram == np.diag(np.diag(gram))).all()) and len(set(np.diag(gram).tolist())) == len(gram)


def chosen(case: Choice, rng: np.random.Generator | None = None, rule: str = "l2") -> Found:
    """Return the columns that the library selects."""
    return {"indices": np.asarray(_selection(case, rule).indices)}


def reported(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Return the columns that the library selects, with the squares that it says they hold and leave."""
    found = _selection(case, "l2")
    return {"indices": np.asarray(found.indices), "captured": found.captured, "gap": found.certificate.gap}


def _selection(case: Choice, rule: str) -> Any:
    G = case.gradient.T if case.transposed else case.gradient
    return select_columns(G, case.rank, basis=case.basis, rule=rule)


def square(X: Any) -> Any:
    """Return the sum of all squares."""
    return (np.asarray(X) ** 2).sum()


def energies(case: Choice) -> list[Any]:
    """Return the sum of squares of each column of G Q."""
    return [square(column) for column in (case.gradient @ case.basis).T]


def best(case: Choice) -> Any:
    """Return the most that any columns hold, by enumeration."""
    return max(sum(some) for some in combinations(energies(case), case.rank))


def held(case: Choice, found: Found) -> Any:
    """Return what the decided columns hold."""
    return sum(energies(case)[i] for i in found["indices"].tolist())


def residual(case: Choice, found: Found) -> Any:
    """Return the squares of G - G Q_I Q_I^T, by products."""
    part = case.basis[:, found["indices"].tolist()]
    return square(case.gradient - case.gradient @ part @ part.T)


def no_choice(found: Found, rank: int, n: int) -> Sides | None:
    """Return sides that fail where the decided columns are not as many different ones as asked for; else None."""
    places = np.asarray(found["indices"]).tolist()
    good = isinstance(places, list) and all(isinstance(one, int) and 0 <= one < n for one in places)
    return None if good and len(places) == len(set(places)) == rank else Sides([1], [0], trivial=2)


# --- gradients -------------------------------------------------------------------------------------------------------


def spike(m: int, n: int, rank: int = 1, size: int = 2) -> Choice:
    """Return a column with one entry, and constant columns whose sums of absolute values are just larger."""
    S = np.full((m, n), size)
    S[:, 0] = 0
    S[0, 0] = m * size - 1
    return Choice(S, "permutation", np.arange(n), rank)


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


CHOICES = Family("columns-of-a-basis", always=special, tight=[Tight(equal_columns(), 1.0, 1.0)], draw=draw_choice)
DIAGONAL = Family("gradients-along-a-basis", always=diagonals, draw=draw_diagonal)
SPIKES = Family(
    "columns-by-absolute-values",
    always=special,
    tight=[Tight(spike(8, 2, 1, 10**6), 1 - 1e-6, 1.0)],
    draw=draw_choice,
)
