"""What is public says something: a package shows the names that it lists, and their types are told."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType

import pytest

import lrtheory
from lrtheory import bounds
from tests.rules.public_names import Entry, all_entries

#: How many may be `Any`. The numbers may only fall: whoever lowers the count lowers them too.
PARAMETERS, RETURNS = 29, 15


def public() -> Iterator[Entry]:
    """Everything public: of the systems, of the statement engine, and of the package itself."""
    yield from all_entries()
    for system, module in (("bounds", bounds), ("lrtheory", lrtheory)):
        for name in module.__all__:
            value = getattr(module, name)
            if callable(value):
                yield Entry(system, name, value)


def is_anything(annotation: object) -> bool:
    """Whether an annotation, or one part of a union, is `Any` itself; a dict of anything is a dict."""
    return isinstance(annotation, str) and "Any" in [part.strip() for part in annotation.split("|")]


def counted() -> tuple[list[str], list[str]]:
    """The names of parameters, and of functions whose returns, may be anything."""
    parameters, returns = [], []
    for entry in public():
        try:
            signature = inspect.signature(entry.value)
        except ValueError:  # a class made in C
            continue
        parameters += [f"{entry.id}({p.name})" for p in signature.parameters.values() if is_anything(p.annotation)]
        returns += [entry.id] if is_anything(signature.return_annotation) else []
    return parameters, returns


def test_the_number_of_parameters_and_returns_that_may_be_anything_only_falls() -> None:
    for names, most in zip(counted(), (PARAMETERS, RETURNS), strict=True):
        assert len(names) <= most, f"{len(names)} in place of {most}: {names}"
        assert len(names) == most, f"there are {len(names)} now; lower the number in this file, so that it cannot rise"


def test_what_counts() -> None:
    assert [is_anything(text) for text in ("Any", "Any | None", "dict[str, Any]", "Callable[..., Any]", "int")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_a_name_that_a_system_does_not_list_is_a_module_of_its_own(system: str) -> None:
    """So that completion in a notebook offers nothing that was only imported."""
    package = importlib.import_module(f"lrtheory.{system}")
    others = {name: value for name, value in vars(package).items() if name[0] != "_" and name not in package.__all__}
    del others["annotations"]  # of `from __future__`
    own = lambda value: isinstance(value, ModuleType) and value.__name__.startswith(f"{package.__name__}.")
    assert [name for name, value in others.items() if not own(value)] == []
