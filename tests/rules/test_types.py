"""Types of public signatures say something: parameters and returns that may be anything are counted."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import lrtheory
from lrtheory import bounds
from tests.rules.walk import Entry, all_entries

#: How many may be `Any`. The numbers may only fall: whoever lowers the count lowers them too.
PARAMETERS, RETURNS = 32, 158


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
