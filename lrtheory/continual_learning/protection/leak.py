"""Intervals for the change that a step makes in old outputs, known without the old inputs."""

from __future__ import annotations

import math

import numpy as np

from lrtheory._kernels.units import scaled, true_value, unit_of
from lrtheory._result import Certificate, Result, result
from lrtheory._validation import must
from lrtheory.continual_learning.sketching.result import UNITS
from lrtheory.continual_learning.sketching.rows import Rows, checked_rows, energy_of, parts_of

__all__ = ["Leak", "LeakCertificate", "leak_of"]

STATEMENT = "continual_learning/CS-3"
#: rows that are multiplied at a time
PART = 1024
#: no number has a larger exponent
FARTHEST = 5000


@result
class LeakCertificate(Certificate):
    r"""Proof of an interval for the change of all old outputs X D, known without the old inputs X (statement CS-3).

    .. math:: \|B D\|_F^2 \le \|X D\|_F^2 \le \|B D\|_F^2 + \delta \|D\|_F^2

    Attributes
    ----------
    achieved : float
        The lower end, the squared change of the outputs of B, in squared units of outputs.
    bound : float
        The upper end: the squared change of all old outputs is not larger.
    gap : float
        The width of the interval, `missed` times the squared norm of D.
    rows : array of shape (q, n_features)
        B, the rows that stand for all old inputs.
    missed : float
        The most that B misses of a unit vector, in squared units of inputs divided by 4^power.
    power : int
        0 unless the squares of inputs leave the range of doubles.
    change : array of shape (n_features, p)
        D, the change of the weights with the protected side first.
    unit : float
        The unit roundoff of the coarsest arithmetic that made B, of single or of double precision.
    """

    achieved: float
    bound: float
    gap: float
    rows: np.ndarray
    missed: float
    power: int
    change: np.ndarray
    unit: float

    _statements = (STATEMENT,)

    def _facts(self) -> list[str]:
        return [f"squared change {self.achieved:.6g} to {self.bound:.6g} ({self.statement})"]

    def verify(self, problem: Rows) -> bool:
        """Recompute both ends from the rows, and the change of the outputs from all old inputs.

        Parameters
        ----------
        problem : array or sparse matrix of shape (T, n_features)
            The inputs of all calls of `extend`, in any order.

        Returns
        -------
        bool
            Whether the ends are those of the rows and the change lies between them, up to rounding. It is False where
            squares leave the range of doubles.

        Raises
        ------
        TypeError
            If the inputs are not real numbers.
        ValueError
            If they are not finite or have another length.
        """
        if self.rows.ndim != 2 or self.change.ndim != 2 or self.rows.shape[1] != len(self.change):
            raise must("rows", "a certificate with rows that fit its change", (self.rows.shape, self.change.shape))
        given = checked_rows("problem", problem, len(self.change))
        floats = all(one.dtype in (np.float32, np.float64) for one in (self.rows, self.change))
        arrays = floats and np.isfinite(self.rows).all() and np.isfinite(self.change).all()
        if not self._is_sound() or self.unit not in UNITS or not arrays:
            return False
        if type(self.power) is not int or abs(self.power) > FARTHEST or (self.power and not self.missed):
            return False
        if not 0 <= self.missed < math.inf:
            return False
        lower, upper = leak_of(self.rows, self.missed, self.change, self.power)
        D, exponent = _mantissas(self.change)
        X = unit_of(given)
        moved, mass = 0.0, 0.0
        for part in parts_of(given, PART):
            part = scaled(part.astype(np.float64), -X)
            moved, mass = moved + energy_of(part @ D), mass + energy_of(part)
        truth = true_value(moved, 2 * (X + exponent))
        # the rows went through a pass over as many inputs
        steps = 8 * (given.shape[0] + sum(self.rows.shape))
        slack = 2 * self.unit * steps * true_value(mass * energy_of(D), 2 * (X + exponent))
        own = float(np.finfo(float).eps) * steps * upper
        return bool(
            max(own, slack) < math.inf
            and abs(self.bound - upper) <= own
            and abs(self.achieved - lower) <= own
            and lower - slack <= truth <= upper + slack
        )


@result
class Leak(Result):
    r"""Interval of \|X D\|_F^2, the squared change of the outputs of all old inputs X when the weights change by D.

    Attributes
    ----------
    lower, upper : float
        The squared change, summed over all old inputs and outputs, lies between them; in squared units of outputs.
    message : str
        Description of the change and of the inputs that the interval is about.
    certificate : LeakCertificate
        Proof of the interval (statement CS-3).
    """

    lower: float
    upper: float
    message: str
    certificate: LeakCertificate


def leak_of(rows: np.ndarray, missed: float, change: np.ndarray, power: int = 0) -> tuple[float, float]:
    """Both ends of the interval of CS-3, in doubles; `missed` is divided by 4^power."""
    B, unit = _mantissas(rows)
    D, exponent = _mantissas(change)
    lower = true_value(energy_of(B @ D), 2 * (unit + exponent))
    # what is missed may be as small or as large as a square of inputs, and the product of both is in range more often
    mantissa, digits = math.frexp(missed)
    return lower, lower + true_value(mantissa * energy_of(D), digits + 2 * (power + exponent))


def _mantissas(values: np.ndarray) -> tuple[np.ndarray, int]:
    """Doubles of size 1, and the power of two that was taken out."""
    exponent = unit_of(values)
    return scaled(np.asarray(values, np.float64), -exponent), exponent
