"""`formula` says above the head of a formula which numbers it takes, once for the check, the sentence and the help.

The kind of an argument is its annotation, and its range a string::

    @formula(sigma="(0, inf)", eta="[0, sigma)")
    def row_norm_change(sigma: Numbers, eta: Numbers) -> Numbers:

==========================  ===========================  ==============================================================
annotation                  range                        what is taken
==========================  ===========================  ==============================================================
``Number``                  ``"[0, 1)"``                 one number of any kind in the interval
``Numbers``                 ``"(0, inf)"``               a number, or an array of numbers in the interval
``int``                     ``"[1, inf)"``               an integer in the interval
``np.ndarray``              ``"m x k"``                  an array; a letter is one length in all arguments of a call
``np.ndarray``              ``"k in [0, inf)"``          an array of that shape, with entries in the interval
``Literal["row", "entry"]``                              one of these
``bool``, a class                                        True or False, an instance of the class
==========================  ===========================  ==============================================================

An end of an interval is a number, a fraction (``1/2``), ``inf``, another argument, or ``min(m, n)`` of arguments.
Arguments of other annotations are left to the body.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, ParamSpec, TypeVar

import numpy as np

from lrtheory._numbers.checks import HUGE, entries, number, table
from lrtheory._types import Number, Numbers
from lrtheory._validation import choice, flag, integer, must

__all__ = ["Domain", "domains_of", "formula"]

P = ParamSpec("P")
R = TypeVar("R")

INTERVAL = re.compile(r"([\[(])\s*(min\([^)]*\)|[^,]+?)\s*,\s*(min\([^)]*\)|[^,]+?)\s*([\])])")
#: types of arguments that the quick check compares; a bool is neither
NUMBERS: frozenset[type] = frozenset({float, int})
INTEGERS: frozenset[type] = frozenset({int})
SHAPED = re.compile(r"(?P<axes>\w+(?: x \w+)*)(?: in (?P<interval>[\[(].*))?")


@dataclass(frozen=True)
class End:
    """An end of an interval: its text, the number that it is, and the arguments of which it is the least."""

    text: str
    value: Any
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Domain:
    """Domain of an argument: the ends of its interval, and the axes of an array.

    Attributes
    ----------
    text : str
        The string in the decorator.
    low, high : End or None
        The ends; None where the string names no interval.
    ends : str
        "[]", "(]", "[)" or "()", where "(" and ")" leave an end out.
    axes : tuple of str, or None
        Lengths and letters of the axes of an array.
    """

    text: str
    low: End | None = None
    high: End | None = None
    ends: str = "[]"
    axes: tuple[str, ...] | None = None
    #: numeric ends as the checks of numbers take them: a finite number lies in [-HUGE, HUGE]
    closed: tuple[Any, Any, str] = field(default=(-HUGE, HUGE, "[]"))

    @property
    def said(self) -> str:
        """The domain behind the name of its argument, such as "in [0, 1)"."""
        if self.axes is None:
            return f"in {self.text}"
        shape = f"of shape ({', '.join(self.axes)}{',' if len(self.axes) == 1 else ''})"
        return shape if self.low is None else f"{shape} with entries in {self.text.partition(' in ')[2]}"


def formula(**domains: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a formula by the ranges of its arguments, which are checked at each call and stand in its help.

    Parameters
    ----------
    **domains : str
        The range of each argument whose annotation is a number or an integer, and the shape of each array that is to be
        checked; see the head of this module.

    Returns
    -------
    callable
        The decorator. What it returns has the signature of the formula, computes with the kind of number that it is
        given, and hands integers over as Python's, whatever array or type they came in.

    Raises
    ------
    ValueError
        If a range has no such form, or names an argument that the formula has not.

    Examples
    --------
    >>> from lrtheory.bounds import Number
    >>> @formula(e="[0, 1)")
    ... def condition(e: Number) -> Number:
    ...     return (1 + e) / (1 - e)
    >>> condition(0.5)
    3.0
    >>> condition(1)
    Traceback (most recent call last):
    ...
    ValueError: `e` must be in [0, 1); got 1.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters
        found = {name: parsed(name, text, parameters) for name, text in domains.items()}
        return checked(function, found)

    return decorate


def parsed(name: str, text: str, arguments: Mapping[str, Any]) -> Domain:
    """Read the string of one argument."""
    if name not in arguments:
        raise must(name, f"one of the arguments {', '.join(arguments)}", text)
    shaped = SHAPED.fullmatch(text)
    interval = INTERVAL.fullmatch(shaped["interval"] or "" if shaped else text)
    if interval is None:
        if shaped is None or shaped["interval"]:
            raise must(name, 'an interval such as "[0, 1)", or axes such as "m x k in [0, inf)"', text)
        return Domain(text, axes=tuple(shaped["axes"].split(" x ")))
    left, low, high, right = interval.groups()
    first, last = end(name, low, arguments), end(name, high, arguments)
    bounds = (-HUGE if first.value is None else first.value), (HUGE if last.value is None else last.value)
    # an infinite number is taken only where the bracket at that end says so
    lowest = "[" if bounds[0] == -HUGE or first.arguments else left
    highest = "]" if bounds[1] == HUGE or last.arguments else right
    if (low, left) == ("-inf", "["):
        bounds = (-math.inf, bounds[1])
    if (high, right) == ("inf", "]"):
        bounds = (bounds[0], math.inf)
    axes = tuple(shaped["axes"].split(" x ")) if shaped else None
    return Domain(text, first, last, left + right, axes, (*bounds, lowest + highest))


def end(name: str, text: str, arguments: Mapping[str, Any]) -> End:
    """Read one end of an interval."""
    if text in ("inf", "-inf"):
        return End(text, None)
    named = tuple(re.split(r"\s*,\s*", text[4:-1])) if text.startswith("min(") else (text,)
    if all(one in arguments for one in named):
        return End(text, None, named)
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise must(name, "bounded by numbers, inf, or other arguments", text) from error
    # integers and Fractions, since balls of a rigorous arithmetic meet no float
    return End(text, value.numerator if value.denominator == 1 else value)


def domains_of(function: Callable[..., Any]) -> dict[str, Domain] | None:
    """The declared domains of a formula by argument; None of what is no formula."""
    return getattr(function, "__domains__", None)


def checked(function: Callable[P, R], domains: dict[str, Domain]) -> Callable[P, R]:
    """The function behind its checks; hints are resolved at the first call, when all of its module is there."""
    parameters = inspect.signature(function).parameters
    names = list(parameters)
    defaults = {name: one.default for name, one in parameters.items() if one.default is not one.empty}
    n_positional = sum(one.kind is not one.KEYWORD_ONLY for one in parameters.values())
    all_positional, count = n_positional == len(names), len(names)
    plain: Callable[..., R] = function
    plan: list[Any] = []

    @functools.wraps(function)
    def call(*args: P.args, **options: P.kwargs) -> R:
        if not plan:
            plan.extend(planned(function, domains, names))
        values = list(args)
        if options or len(values) != count or not all_positional:
            if len(values) > n_positional or not bind(values, options):
                return function(*args, **options)  # which says by itself what is missing or unknown
        ranges, relations, others = plan
        for at, kinds, low, high, check in ranges:
            value = values[at]
            if type(value) is np.float64:
                values[at] = value = value.item()
            # a double or Python integer inside, which is nearly every call, is asked no more; NaN is in no interval
            if not (type(value) in kinds and low < value < high):
                values[at] = check(value)
        for relation in relations:
            relation(values)
        for other in others:
            other(values)
        if all_positional:
            return plain(*values)
        return plain(*values[:n_positional], **dict(zip(names[n_positional:], values[n_positional:], strict=True)))

    def bind(values: list[Any], options: Mapping[str, Any]) -> bool:
        """Append what was given by keyword, or is a default; False where arguments are missing, unknown or doubled."""
        used = 0
        for name in names[len(values) :]:
            if name in options:
                values.append(options[name])
                used += 1
            elif name in defaults:
                values.append(defaults[name])
            else:
                return False
        return used == len(options)

    call.__domains__ = domains  # type: ignore[attr-defined]
    call.__doc__ = with_domains(function.__doc__ or "", domains)
    return call


def with_domains(text: str, domains: dict[str, Domain]) -> str:
    """The docstring with a line after its summary that says the domains, such as "Domain: e in [0, 1)."."""
    if not domains:
        return text
    said = ", ".join(f"{name} {one.said}" for name, one in domains.items())
    summary, separator, rest = text.partition("\n\n")
    indent = re.search(r"\n([ ]+)\S", rest)
    margin = indent[1] if indent else "    "
    return f"{summary.rstrip()}\n\n{margin}Domain: {said}.{separator or chr(10)}{rest or margin}"


# --- from annotations and strings to checks ---------------------------------------------------------------------------


def planned(function: Callable[..., Any], domains: dict[str, Domain], names: list[str]) -> tuple[list[Any], ...]:
    """Checks of numbers against numbers, then of arguments against each other, then of everything else."""
    hints = typing.get_type_hints(function)
    ranges: list[Any] = []
    relations: list[Any] = []
    others: list[Any] = []
    shaped: list[tuple[int, str, Domain]] = []
    for at, name in enumerate(names):
        hint, is_optional = without_none(hints.get(name, Any))
        domain = domains.get(name)
        if hint in (int, Number, Numbers):
            if domain is None or domain.low is None or domain.axes is not None:
                raise must(name, f"given an interval by the decorator of {function.__name__}", domain and domain.text)
            ranges.append(range_check(at, name, hint, domain, is_optional))
            relations += [
                related(at, name, side, domain, names, is_optional)
                for side in (0, 1)
                if ends_of(domain)[side].arguments
            ]
        elif domain is not None:
            if hint is not np.ndarray or domain.axes is None:
                raise must(name, f"a number, an integer or an array to have a domain in {function.__name__}", hint)
            shaped.append((at, name, domain))
        elif (other := other_check(name, hint)) is not None:
            others.append(at_position(at, other, is_optional))
    return ranges, relations, [*([arrays_check(shaped)] if shaped else []), *others]


def ends_of(domain: Domain) -> tuple[End, End]:
    """Both ends of an interval that is there."""
    assert domain.low is not None
    assert domain.high is not None
    return domain.low, domain.high


def without_none(hint: Any) -> tuple[Any, bool]:
    """An annotation without ``| None``, and whether it had one."""
    parts = typing.get_args(hint)
    if type(None) not in parts:
        return hint, False
    return functools.reduce(operator.or_, (part for part in parts if part is not type(None))), True


def range_check(at: int, name: str, hint: Any, domain: Domain, is_optional: bool) -> tuple[Any, ...]:
    """Position, types and open interval of the quick check, which takes no number outside, and the whole check."""
    low, high, ends = domain.closed
    if hint is int:
        # the least and the largest integer of an open interval are next to its ends
        least = None if low == -HUGE else low + (ends[0] == "(")
        most = None if high in (HUGE, math.inf) else high - (ends[1] == ")")
        whole = functools.partial(integer_in, name, low=least, high=most)
        quick = (INTEGERS, -math.inf if least is None else least - 1, math.inf if most is None else most + 1)
    else:
        whole = functools.partial(number if hint is Number else entries, name, low=low, high=high, ends=ends)
        quick = (NUMBERS, outwards(low, ends[0] == "[", -math.inf), outwards(high, ends[1] == "]", math.inf))
    check = (lambda value: None if value is None else whole(value)) if is_optional else whole
    return at, *quick, check


def outwards(limit: Any, is_inside: bool, beyond: float) -> float:
    """The double strictly within which the quick check takes a number: one beyond an end that is itself inside."""
    near = float(limit)
    return math.nextafter(near, beyond) if is_inside and near == limit and abs(near) < HUGE else near


def integer_in(name: str, value: Any, low: int | None, high: int | None) -> int:
    """A Python integer in a closed interval; None is no end."""
    return integer(name, value, low=-HUGE if low is None else low, high=high)


#: by side and bracket: what is outside, and how the rule begins
OUTSIDE: dict[tuple[int, str], tuple[Callable[[Any, Any], Any], str]] = {
    (0, "["): (operator.lt, "at least"),
    (0, "("): (operator.le, "above"),
    (1, "]"): (operator.gt, "at most"),
    (1, ")"): (operator.ge, "below"),
}


def related(
    at: int, name: str, side: Literal[0, 1], domain: Domain, names: list[str], is_optional: bool
) -> Callable[[list[Any]], None]:
    """Compare an argument with an end that other arguments are, entry by entry where they are arrays."""
    limit = ends_of(domain)[side]
    places = [names.index(one) for one in limit.arguments]
    outside, word = OUTSIDE[side, domain.ends[side]]
    shown = f"`{limit.text}`" if len(places) == 1 else limit.text

    def relation(values: list[Any]) -> None:
        value, given = values[at], [values[place] for place in places]
        if is_optional and (value is None or None in given):
            return
        other = given[0] if len(given) == 1 else min(given)
        bad = outside(value, other)
        if bad if isinstance(bad, bool) else np.any(bad):
            raise must(name, f"{word} {shown}, which is {other}", value)

    return relation


def arrays_check(shaped: list[tuple[int, str, Domain]]) -> Callable[[list[Any]], None]:
    """Check arrays one after the other; a letter keeps the length that it had in the first of them."""

    def check(values: list[Any]) -> None:
        lengths: dict[str, int] = {}
        for at, name, domain in shaped:
            axes = domain.axes or ()
            low, high, ends = domain.closed
            wanted = tuple(int(axis) if axis.isdigit() else lengths.get(axis, axis) for axis in axes)
            values[at] = found = table(name, values[at], low, high, ends=ends, shape=wanted)
            lengths.update((axis, n) for axis, n in zip(axes, found.shape, strict=True) if not axis.isdigit())

    return check


def other_check(name: str, hint: Any) -> Callable[[Any], Any] | None:
    """The check that an annotation alone asks for; None where it asks for nothing."""
    if typing.get_origin(hint) is Literal:
        return functools.partial(choice, name, options=typing.get_args(hint))
    if hint is bool:
        return functools.partial(flag, name)
    if not isinstance(hint, type) or hint is np.ndarray or hint.__module__ in ("builtins", "collections.abc"):
        return None
    return functools.partial(instance, name, hint)


def instance(name: str, kind: type, value: Any) -> Any:
    """An instance of a class."""
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise must(name, f"{article} {kind.__name__}", value, TypeError)
    return value


def at_position(at: int, check: Callable[[Any], Any], is_optional: bool) -> Callable[[list[Any]], None]:
    """Check the value at a position, and keep what the check returns."""

    def replace(values: list[Any]) -> None:
        if not (is_optional and values[at] is None):
            values[at] = check(values[at])

    return replace
