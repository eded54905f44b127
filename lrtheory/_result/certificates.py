"""The class that all certificates share: what an answer has, what no answer can beat, and the gap between the two."""

from __future__ import annotations

import dataclasses
from numbers import Rational
from typing import Any, ClassVar, Self

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._result.results import Result, result

__all__ = ["Certificate"]


@result
class Certificate(Result):
    r"""Proof of how far an answer is from the best one, which everybody can compute again from the data.

    Options of the call that made the answer are among the fields, so that ``verify`` takes the data alone. For many
    problems at once the three numbers are arrays with an entry for each.

    Attributes
    ----------
    achieved : number
        Value of the answer, in the unit of the objective.
    bound : number
        Value that no answer of its kind can beat.
    gap : number
        Distance of the two, \|achieved - bound\|.
    statement : str
        Id of the statement that proves the bound.
    """

    # the classes say which kind of number, or of arrays of them, theirs are
    achieved: Any
    bound: Any
    gap: Any
    statement: str

    # a table of the items is no proof
    _is_more = True
    #: ids of the statements that a certificate of the class may rest on
    _statements: ClassVar[tuple[str, ...]] = ()
    #: whether there are answers of which nothing finite is known
    _may_be_infinite: ClassVar[bool] = False

    @classmethod
    def _of(cls, achieved: Any, bound: Any, statement: str, *others: Any, **fields: Any) -> Self:
        """The certificate of two numbers, with their gap."""
        return cls(achieved, bound, abs(achieved - bound), statement, *others, **fields)

    def verify(self, problem: Any) -> bool:
        """Compute everything again from the data and the answer that is kept.

        Parameters
        ----------
        problem : object
            Data that the solver got: one object, or a tuple where it takes several.

        Returns
        -------
        bool
            Whether all of it is as stated.
        """
        raise NotImplementedError

    def _is_sound(self) -> bool:
        """Whether the statement is one of the class, the gap that of two finite numbers, and all numbers are real."""
        if not (isinstance(self.statement, str) and self.statement in self._statements):
            return False
        if not all(_is_real(value) for value in (getattr(self, one.name) for one in dataclasses.fields(self))):
            return False
        # integers of a fixed width would wrap
        numbers = achieved, bound, gap = [_unbounded(one) for one in (self.achieved, self.bound, self.gap)]
        if not achieved.shape == bound.shape == gap.shape or not all(map(_is_number, numbers)):
            return False
        infinite = [one.dtype.kind == "f" and not np.isfinite(one).all() for one in numbers]
        if any(infinite):
            one_end = infinite[0] != infinite[1]
            return bool(self._may_be_infinite and not gap.ndim and one_end and self.gap == np.inf)
        try:
            return bool(np.all(gap == abs(achieved - bound)))  # one difference is rounded alike everywhere
        except OverflowError:  # an integer beyond all floats beside a float
            return False

    def _facts(self) -> list[str]:
        if np.ndim(self.achieved):
            return []
        reached, best, gap = (float(one) for one in (self.achieved, self.bound, self.gap))
        return [f"{reached:.6g}, and nothing can beat {best:.6g}; the gap is {gap:.3g} ({self.statement})"]

    def _draw(self, ax: Any) -> None:
        if not self._is_table():
            what = f"a {type(self).__name__} is two numbers and the gap between them; there is no picture of it"
            raise TypeError(what)
        Result._draw(self, ax)


def _is_real(value: Any) -> bool:
    """Whether a field holds no complex number, which arithmetic in doubles would cut, and no NaN."""
    if not (hasattr(value, "dtype") or isinstance(value, (float, complex))):
        return True
    found = np.asarray(to_numpy(value))
    return found.dtype.kind != "c" and not (found.dtype.kind == "f" and np.isnan(found).any())


def _unbounded(number: Any) -> np.ndarray:
    """A number or an array of them, integers without a width."""
    found = np.asarray(to_numpy(number))
    return found.astype(object) if found.dtype.kind in "iu" else found


def _is_number(found: np.ndarray) -> bool:
    return found.dtype.kind == "f" or (found.dtype.kind == "O" and all(isinstance(x, Rational) for x in found.flat))
