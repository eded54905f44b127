"""All formulas with declared domains, of `theory` and of rooms, and arguments inside and outside of these domains.

A room is a module of `proofs_checks` with one to five theorems and their formulas, families and wrong solvers.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

import lrtheory
from lrtheory._numbers import Domain, domains_of
from lrtheory._numbers.domains import End, without_none
from tests.rules.public_names import public_names

LENGTH = 2  # of each axis of an array that is made here


@dataclass(frozen=True)
class Declared:
    """A formula: where it is found, the function, its domains, and its annotations without ``| None``."""

    path: str
    function: Callable[..., Any]
    domains: dict[str, Domain]

    @property
    def hints(self) -> dict[str, Any]:
        return {name: without_none(hint)[0] for name, hint in typing.get_type_hints(self.function).items()}


def rooms(system: str) -> list[ModuleType]:
    """The modules of a system's statements, without its families and the proofs for Coq."""
    package = importlib.import_module(f"proofs_checks.{system}")
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    names = [one.name for one in found if not one.ispkg and one.name.split(".")[2] not in ("families", "certificates")]
    return [importlib.import_module(name) for name in names]


def own_formulas(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """The formulas that are defined in a module, by name."""
    own = {name: one for name, one in vars(module).items() if getattr(one, "__module__", "") == module.__name__}
    return {name: one for name, one in own.items() if domains_of(one) is not None}


def families(system: str) -> list[ModuleType]:
    """The modules of what two rooms of a system or more use."""
    package = importlib.import_module(f"proofs_checks.{system}.families")
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [importlib.import_module(one.name) for one in found if not one.ispkg]


@functools.cache
def in_rooms(system: str) -> tuple[Declared, ...]:
    """The formulas in the rooms of a system, and those that its rooms share."""
    return tuple(
        Declared(f"{module.__name__}.{name}", one, domains_of(one) or {})
        for module in (*rooms(system), *families(system))
        for name, one in own_formulas(module).items()
    )


@functools.cache
def in_theory(system: str) -> tuple[Declared, ...]:
    """The public formulas of a system whose domains are declared."""
    theory = importlib.import_module(f"lrtheory.{system}.theory")
    named = {name: getattr(theory, name) for name in public_names(theory)}
    return tuple(
        Declared(f"lrtheory.{system}.theory.{name}", one, domains)
        for name, one in named.items()
        if (domains := domains_of(one)) is not None
    )


#: domains that say no more than that a number is a number, a count, a size or a positive size
PLAIN = {"(-inf, inf)", "[0, inf)", "(0, inf)", "[1, inf)"}


def special_domains(system: str) -> dict[str, dict[str, str]]:
    """Domains of a system's formulas that say more than `PLAIN`, by formula and argument."""
    declared = {one.path.rpartition(".")[2]: one.domains for one in (*in_theory(system), *in_rooms(system))}
    told = {name: {key: one.text for key, one in given.items()} for name, given in declared.items()}
    special = {name: {key: text for key, text in given.items() if text not in PLAIN} for name, given in told.items()}
    return {name: given for name, given in special.items() if given}


def all_declared() -> list[Declared]:
    return [one for system in lrtheory.SYSTEMS for one in (*in_theory(system), *in_rooms(system))]


# --- arguments -------------------------------------------------------------------------------------------------------


def ends(domain: Domain, given: dict[str, Any]) -> tuple[Any, Any] | None:
    """The numbers at both ends, None where there is none; no answer while an argument at an end has no value."""

    def value(end: End | None) -> Any:
        if end is None or not end.arguments:
            return None if end is None else end.value
        return min(given[name] for name in end.arguments)

    needed = {name for end in (domain.low, domain.high) if end for name in end.arguments}
    return (value(domain.low), value(domain.high)) if needed <= set(given) else None


def number_inside(low: Any, high: Any, is_integer: bool) -> Any:
    """A number halfway between two ends, rounded down for an integer, or beside the only end."""
    if is_integer:
        return (low or 0) + 2 if high is None else (low + high) // 2
    if low is None:
        return 0.5 if high is None else float(high) - 1.0
    return float(low) + 1.0 if high is None else (float(low) + float(high)) / 2


def inside(one: Declared) -> dict[str, Any]:
    """An argument inside each domain, choices, flags and defaults; no class, and no array without axes."""
    given: dict[str, Any] = {}
    parameters = inspect.signature(one.function).parameters
    waiting = dict(one.domains)
    while waiting:
        ready = {name: found for name, domain in waiting.items() if (found := ends(domain, given)) is not None}
        for name, (low, high) in ready.items():
            axes = waiting.pop(name).axes
            number = number_inside(low, high, one.hints[name] is int)
            given[name] = number if axes is None else np.full([LENGTH] * len(axes), number)
    for name, parameter in parameters.items():
        hint = one.hints.get(name)
        if name not in given and typing.get_origin(hint) is typing.Literal:
            given[name] = typing.get_args(hint)[0]
        elif name not in given and (hint is bool or parameter.default is not parameter.empty):
            given[name] = False if hint is bool else parameter.default
    return given


def beyond(domain: Domain, given: dict[str, Any]) -> Iterator[Any]:
    """The nearest number outside of each end: the end itself where it is left out, else one that is one further."""
    low, high = ends(domain, given) or (None, None)
    if low is not None:
        yield low if domain.ends[0] == "(" else low - 1
    if high is not None:
        yield high if domain.ends[1] == ")" else high + 1
