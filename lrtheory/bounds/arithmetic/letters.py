"""Letters that stand for positive numbers: quotients of polynomials in them, which write down how they were made.

What a formula or the body of a kernel does with letters holds for all positive numbers that may stand for them, as long
as no step depends on which numbers these are. So a comparison is answered where signs of coefficients decide it for all
positive numbers, and raises `Branches` else.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from numbers import Real
from typing import Any

import flint
import numpy as np

from lrtheory.bounds.errors import StatementError

__all__ = ["Branches", "Ratio", "letters", "standing", "value_at"]

_BEYOND = 10**300  # what is larger stands for infinity: `number` compares with the end of the doubles


class Branches(ArithmeticError):
    """Which way a comparison goes, or whether a divisor is 0, depends on the numbers that letters stand for."""


def letters(names: Sequence[str]) -> tuple[Ratio, ...]:
    """Letters of the given names, which can be computed with each other alone.

    Parameters
    ----------
    names : sequence of str
        Different names, at least one.

    Returns
    -------
    tuple of Ratio
        One letter for each name.

    Raises
    ------
    StatementError
        If there is no name, or one comes twice.
    """
    if not names or len(set(names)) < len(names):
        raise StatementError(f"letters must have different names; got {list(names)}")
    context = flint.fmpq_mpoly_ctx.get(tuple(names), flint.Ordering.lex)
    one = context.constant(1)
    return tuple(Ratio(gen, one, name) for gen, name in zip(context.gens(), names, strict=True))


def standing(names: Sequence[str], at: Sequence[int]) -> tuple[Ratio, ...]:
    """Numbers that stand for letters, and write down what is done with them in these letters.

    Parameters
    ----------
    names : sequence of str
        Names of the letters.
    at : sequence of int
        One number for each letter.

    Returns
    -------
    tuple of Ratio
        The numbers; comparisons are those of numbers.
    """
    return tuple(
        Ratio(one.num.context().constant(number), one.den, one.made)
        for one, number in zip(letters(names), at, strict=True)
    )


def _operation(
    symbol: str, function: Callable[[Any, Any], tuple[Any, Any]], *, reflected: bool = False
) -> Callable[..., Any]:
    def operation(self: Ratio, other: Any) -> Any:
        if isinstance(other, np.ndarray):  # an array goes through its entries by itself
            return NotImplemented
        other = self._taken(other)
        first, second = (other, self) if reflected else (self, other)
        return Ratio.reduced(*function(first, second), (symbol, first, second))

    return operation


def _sum(a: Ratio, b: Ratio, sign: int = 1) -> tuple[Any, Any]:
    if a.den == b.den:
        return a.num + sign * b.num, a.den
    return a.num * b.den + sign * b.num * a.den, a.den * b.den


def _quotient(a: Ratio, b: Ratio) -> tuple[Any, Any]:
    sign = b.sign
    if sign is None:
        raise Branches(f"a divisor {b.num} changes its sign, or is 0 for some positive numbers")
    if sign == 0:
        raise ZeroDivisionError("division by zero")
    return sign * a.num * b.den, sign * a.den * b.num


class Ratio:
    """A quotient of polynomials in letters, reduced; all coefficients of its denominator are positive.

    Attributes
    ----------
    num, den : fmpq_mpoly
        Numerator and denominator.
    made : str, number or tuple
        Name of the letter, the number, or the operation with its operands, from which the quotient was computed.
    """

    __slots__ = ("den", "made", "num")

    def __init__(self, num: Any, den: Any, made: Any) -> None:
        self.num, self.den, self.made = num, den, made

    @classmethod
    def reduced(cls, num: Any, den: Any, made: Any) -> Ratio:
        """The quotient without a common factor.

        Parameters
        ----------
        num, den : fmpq_mpoly
            Numerator, and a denominator that is positive for all positive numbers.
        made : str, number or tuple
            Letter, number or operation from which it was computed.

        Returns
        -------
        Ratio
            The reduced quotient; the one that was given where a denominator would be left whose coefficients do not
            show that it is positive, such as a^2 - a b + b^2.
        """
        common = num.gcd(den)
        small = den / common
        coefficients = small.coeffs()
        if max(coefficients) < 0:
            return cls(-(num / common), -small, made)
        return cls(num / common, small, made) if min(coefficients) > 0 else cls(num, den, made)

    def _taken(self, other: Any) -> Ratio:
        """Another number as a quotient in the same letters."""
        if isinstance(other, Ratio):
            return other
        if isinstance(other, (float, np.floating)):
            if not math.isfinite(other):
                raise StatementError(f"letters met {other!r}")
            other = Fraction(*other.as_integer_ratio())
        if isinstance(other, (bool, np.bool_)) or not isinstance(other, (int, np.integer, Fraction)):
            raise StatementError(f"letters met {other!r}; write constants as integers or Fractions")
        other = Fraction(int(other)) if isinstance(other, np.integer) else Fraction(other)
        context = self.num.context()
        value = context.constant(flint.fmpq(other.numerator, other.denominator))
        return Ratio(value, context.constant(1), other)

    __add__ = _operation("+", _sum)
    __radd__ = _operation("+", _sum, reflected=True)
    __sub__ = _operation("-", lambda a, b: _sum(a, b, -1))
    __rsub__ = _operation("-", lambda a, b: _sum(a, b, -1), reflected=True)
    __mul__ = _operation("*", lambda a, b: (a.num * b.num, a.den * b.den))
    __rmul__ = _operation("*", lambda a, b: (a.num * b.num, a.den * b.den), reflected=True)
    __truediv__ = _operation("/", _quotient)
    __rtruediv__ = _operation("/", _quotient, reflected=True)

    def __pow__(self, power: Any) -> Ratio:
        if isinstance(power, (bool, np.bool_)) or not isinstance(power, (int, np.integer)):
            raise StatementError(f"letters are raised to integers alone; got {power!r}")
        result = self._taken(1)
        for _ in range(abs(int(power))):
            result = result * self
        return 1 / result if power < 0 else result

    def __neg__(self) -> Ratio:
        return Ratio(-self.num, self.den, ("-", self))

    def __pos__(self) -> Ratio:
        return self

    def __abs__(self) -> Ratio:
        return -self if self < 0 else self

    @property
    def sign(self) -> int | None:
        """1, 0 or -1 where that is the sign for all positive numbers by the signs of coefficients; None elsewhere."""
        coefficients = self.num.coeffs()
        if not coefficients:
            return 0
        return 1 if min(coefficients) > 0 else -1 if max(coefficients) < 0 else None

    def _compared(self, other: Any, question: Callable[[int, int], bool]) -> bool:
        if isinstance(other, (int, float, np.floating)) and not -_BEYOND < other < _BEYOND:
            return question(0, 1 if other > 0 else -1)
        sign = (self - other).sign
        if sign is None:
            raise Branches(f"{self} and {other} are in no order that holds for all positive numbers")
        return question(sign, 0)

    def __lt__(self, other: Any) -> bool:
        return self._compared(other, operator.lt)

    def __le__(self, other: Any) -> bool:
        return self._compared(other, operator.le)

    def __gt__(self, other: Any) -> bool:
        return self._compared(other, operator.gt)

    def __ge__(self, other: Any) -> bool:
        return self._compared(other, operator.ge)

    def __eq__(self, other: object) -> bool:
        return self._compared(other, operator.eq)

    def __ne__(self, other: object) -> bool:
        return self._compared(other, operator.ne)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return self != 0

    def __float__(self) -> float:
        raise Branches(f"{self} was to become a double")

    __int__ = __index__ = __trunc__ = __float__  # type: ignore[assignment]

    def conjugate(self) -> Ratio:
        """The number itself, which is real."""
        return self

    def __repr__(self) -> str:
        return f"{self.num}" if self.den == 1 else f"({self.num})/({self.den})"


Real.register(Ratio)


def value_at(number: Any, at: Sequence[Any]) -> Fraction:
    """The value of a quotient where rational numbers stand for its letters.

    Parameters
    ----------
    number : Ratio, int or Fraction
        The quotient; a number without letters is its own value.
    at : sequence of int or Fraction
        One positive number for each letter.

    Returns
    -------
    Fraction
        The value.
    """
    if not isinstance(number, Ratio):
        return Fraction(number)
    given = [flint.fmpq(Fraction(one).numerator, Fraction(one).denominator) for one in at]
    quotient = number.num(*given) / number.den(*given)
    return Fraction(int(quotient.p), int(quotient.q))
