"""Answers of a sketch: the rows, and a certificate of what they miss in any direction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._kernels.units import largest_of, scaled, true_value
from lrtheory._result import Certificate, Result, result
from lrtheory._validation import must
from lrtheory.continual_learning.sketching.rows import Rows, checked_rows, energy_of, parts_of

__all__ = ["UNITS", "SketchCertificate", "SketchResult"]

STATEMENT = "continual_learning/FD-6"
#: rows that are multiplied at a time
PART = 1024
#: unit roundoffs of single and of double precision
UNITS = (2.0**-24, 2.0**-53)


@result
class SketchCertificate(Certificate):
    r"""Proof of how much a sketch B misses of the rows A of a stream, known without A (statement FD-6).

    .. math:: 0 \le \|A x\|^2 - \|B x\|^2 \le \delta \|x\|^2 \text{ for every } x, \qquad
        \delta \le \frac{\|A\|_F^2 - \|B\|_F^2}{\ell + 1}

    Attributes
    ----------
    achieved : float
        \delta, what the sketch missed: no unit vector loses more, in squared units of the rows.
    bound : float
        The largest value that the missing mass allows, which no sketch of this many rows and this mass exceeds.
    rows : array of shape (r, n_features)
        B.
    mass : float
        The sum of squares of A, which was added up in the pass.
    rank : int
        l, the most rows that the sketch may have.
    buffer : int
        Rows between two shrinks; the allowance for rounding grows with the number of shrinks.
    unit : float
        The unit roundoff of the coarsest arithmetic of the pass, of single or of double precision.
    """

    achieved: float
    bound: float
    gap: float
    rows: np.ndarray
    mass: float
    rank: int
    buffer: int
    unit: float

    _statements = (STATEMENT,)

    def _facts(self) -> list[str]:
        return [f"no unit vector loses more than {self.achieved:.6g} of a mass of {self.mass:.6g} ({self.statement})"]

    def verify(self, problem: Rows) -> bool:
        """Recompute both sides from all rows of the stream, at the cost of their Gram matrix.

        Parameters
        ----------
        problem : array or sparse matrix of shape (T, n_features)
            All rows in any order; where older rows decayed, multiplied by what they decayed to.

        Returns
        -------
        bool
            Whether everything holds up to the rounding of the pass. Single precision makes that allowance, and with it
            the check of the loss, coarse: about 1e-6 of the mass a shrink. It is False where squares leave the range of
            doubles.

        Raises
        ------
        TypeError
            If the rows are not real numbers.
        ValueError
            If they are not finite or have another length.
        """
        if self.rows.ndim != 2:
            raise must("rows", "a certificate with a matrix of rows", self.rows.shape)
        given = checked_rows("problem", problem, self.rows.shape[1])
        whole = (self.achieved, self.bound, self.mass)
        floats = self.rows.dtype in (np.float32, np.float64) and np.isfinite(self.rows).all()
        if not floats or not self._is_sound() or not all(math.isfinite(x) and x >= 0 for x in whole):
            return False
        if not len(self.rows) <= self.rank < self.buffer or self.unit not in UNITS:
            return False
        unit = math.frexp(max(largest_of(given), largest_of(self.rows)))[1]
        excess, mass = _excess(given, self.rows, unit)
        missed, bound, stated = (true_value(x, -2 * unit) for x in whole)
        kept = energy_of(scaled(self.rows.astype(np.float64), -unit))
        steps = 2 * given.shape[0] / (self.buffer - self.rank) + sum(self.rows.shape)
        # sums of squares are added up in doubles, also of rows in single precision
        own = 8 * np.finfo(float).eps * (given.shape[0] + sum(self.rows.shape)) * mass
        slack = 16 * self.unit * steps * mass + own
        return bool(
            abs(stated - mass) <= max(own, 8 * np.finfo(given.dtype).eps * mass)
            and -slack <= excess[0]
            and excess[-1] <= missed + slack
            and missed <= (stated - kept) / (self.rank + 1) + slack
            and abs(bound - max(missed, (stated - kept) / (self.rank + 1))) <= own
        )


def _excess(given: Any, rows: np.ndarray, unit: int) -> tuple[np.ndarray, float]:
    """Eigenvalues of A^T A - B^T B, the smallest first, and the mass of A, all in units of 4^unit."""
    n = given.shape[1]
    gram, mass = np.zeros((n, n)), 0.0
    for part in parts_of(given, PART):
        part = scaled(part.astype(np.float64), -unit)
        gram += part.T @ part
        mass += energy_of(part)
    B = scaled(rows.astype(np.float64), -unit)
    return np.linalg.eigvalsh(gram - B.T @ B), mass


@result
class SketchResult(Result):
    """The rows of a stream in few rows.

    Attributes
    ----------
    sketch : array of shape (r, n_features)
        At most `rank` rows, whose Gram matrix stands for that of all rows.
    missed : float
        The most that a unit vector loses: the difference of the two quadratic forms, in squared units of the rows.
    mass : float
        The sum of squares of all rows.
    rank : int
        The most rows that the sketch may have.
    n_rows : int
        Rows that were seen.
    method : str
        The one that was used.
    reason : str
        Reason for the method, where "auto" chose it.
    message : str
        Sentence about the loss of a direction, or the reason why it has no bound.
    counts : mapping
        ``rows``, and ``shrinks`` or ``factorizations`` where there are any.
    certificate : SketchCertificate or None
        None for a method without a guarantee.
    """

    sketch: np.ndarray
    missed: float
    mass: float
    rank: int
    n_rows: int
    method: str
    reason: str
    message: str
    counts: Mapping[str, int]
    certificate: SketchCertificate | None

    _is_more = True

    def _columns(self) -> Mapping[str, Any]:
        lengths = np.linalg.svd(self.sketch, compute_uv=False)
        shares = np.cumsum(lengths**2) / self.mass if self.mass > 0 else np.zeros(len(lengths))
        return {"direction": list(range(1, len(lengths) + 1)), "length": lengths, "share so far": shares}
