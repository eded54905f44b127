"""Calls of the examples with other numbers, and other kinds of numbers, in the place of their own."""

from __future__ import annotations

import dataclasses
import inspect
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

import lrtheory
from tests.core.formulas.declared import Declared, in_rooms, inside
from tests.examples import all_calls, calls, calls_of_rooms
from tests.rules.public_names import system_modules

#: formulas in rooms, by system and name; their examples follow from their domains, or stand in `OF_ROOMS` of examples
OF_ROOMS: dict[tuple[str, str], Declared] = {
    (system, f"rooms.{one.path.rpartition('.')[2]}"): one for system in lrtheory.SYSTEMS for one in in_rooms(system)
}
FORMULAS = [(system, name) for system, name in all_calls() if name.startswith("theory.")] + list(OF_ROOMS)
#: words in the annotations of arguments that hold data; all others are counts, which decide how long a formula takes
DATA = ("ArrayLike", "Number", "float", "ndarray")


def function_of(system: str, name: str) -> Callable[..., Any]:
    """A public function by its name in the system, or a formula of its rooms."""
    if (system, name) in OF_ROOMS:
        return OF_ROOMS[system, name].function
    return operator.attrgetter(name)(dict(system_modules(system))[""])  # type: ignore[no-any-return]


def example(system: str, name: str) -> inspect.BoundArguments:
    """The arguments of a fresh call of the example."""
    signature = inspect.signature(function_of(system, name))
    if plain_name(name) in calls_of_rooms(system) and (system, name) in OF_ROOMS:
        call = calls_of_rooms(system)[plain_name(name)]()
        return signature.bind(*call.args, **call.options)
    if (system, name) in OF_ROOMS:
        given = inside(OF_ROOMS[system, name])
        return signature.bind(*(given[parameter] for parameter in signature.parameters))
    call = calls(system)[name]()
    return signature.bind(*call.args, **call.options)


def holds_data(system: str, name: str, argument: str, words: tuple[str, ...] = DATA) -> bool:
    annotation = inspect.signature(function_of(system, name)).parameters[argument].annotation
    return any(word in annotation for word in words)


def plain_name(name: str) -> str:
    return name.rpartition(".")[2]


def of_type(kind: type) -> Callable[[list[int], Any], Any]:
    return lambda whole, shape: np.array(whole, object).astype(kind).reshape(shape)[()]


def of_objects(make: Callable[[int], Any]) -> Callable[[list[int], Any], Any]:
    return lambda whole, shape: np.fromiter(map(make, whole), object, len(whole)).reshape(shape).tolist()


def of_doubles(whole: list[int], shape: Any) -> Any:
    found = np.array(whole, np.float64).reshape(shape)
    return found if found.ndim else float(found)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Fraction, np.number)) and not isinstance(value, bool)


def leaves(value: Any) -> list[Any]:
    """The numbers of an argument; none where it holds anything else."""
    if is_number(value):
        return [value]
    if isinstance(value, np.ndarray) and value.dtype.kind in "iufO":
        return value.ravel().tolist()
    parts = [leaves(one) for one in value] if isinstance(value, (list, tuple)) else []
    return [x for part in parts for x in part] if all(parts) else []


def exchanged(value: Any, number: Callable[[Any], int], make: Callable[[list[int], Any], Any]) -> Any:
    """The argument with other numbers: each by `number`, and those of one list or array, or alone, by `make`."""
    if is_number(value):
        return make([number(value)], ())
    if isinstance(value, np.ndarray) or all(map(is_number, value)):
        return make([number(x) for x in np.ravel(np.asarray(value, object)).tolist()], np.shape(value))
    return type(value)(exchanged(one, number, make) for one in value)


def numbers_of(value: Any) -> list[Any]:
    if isinstance(value, (np.ndarray, np.generic)):
        found = np.ravel(value).tolist()
        assert np.asarray(value).dtype != object or not all(isinstance(x, float) for x in found), "objects for doubles"
        return found
    if isinstance(value, Mapping):
        value = list(value.values())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = [getattr(value, field.name) for field in dataclasses.fields(value)]
    return [x for one in value for x in numbers_of(one)] if isinstance(value, (list, tuple)) else [value]


def answer(function: Callable[..., Any], bound: inspect.BoundArguments, changed: Mapping[str, Any]) -> Any:
    """The numbers of an answer, or None where the arguments are refused in a sentence."""
    bound.arguments.update(changed)
    try:
        return numbers_of(function(*bound.args, **bound.kwargs))
    except (TypeError, ValueError) as error:
        if not str(error).startswith("`"):
            raise
        return None
