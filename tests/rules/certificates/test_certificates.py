"""Every certificate keeps one protocol: four fields, and `verify`, which takes the data and believes nothing else."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from fractions import Fraction

import numpy as np
import pytest

import lrtheory
from lrtheory._array import to_numpy
from lrtheory._result import Certificate, result
from tests.rules.certificates.certified import CASES

FIRST = ("achieved", "bound", "gap", "statement")


def classes() -> dict[str, list[type]]:
    """All classes of the package with `verify` by name, found on disk."""
    found: set[type] = set()
    for module in pkgutil.walk_packages(lrtheory.__path__, "lrtheory."):
        if module.name not in ("lrtheory.pytest", "lrtheory.cli.__main__"):
            members = vars(importlib.import_module(module.name)).values()
            found |= {one for one in members if inspect.isclass(one) and is_certificate(one)}
    return {name: [one for one in found if one.__name__ == name] for name in sorted(one.__name__ for one in found)}


def is_certificate(found: type) -> bool:
    private = found is Certificate or found.__name__.startswith("_")
    return found.__module__.startswith("lrtheory.") and hasattr(found, "verify") and not private


def test_every_class_has_a_name_of_its_own_and_a_case() -> None:
    found = classes()
    assert [name for name, owners in found.items() if not all(issubclass(one, Certificate) for one in owners)] == []
    assert [name for name, owners in found.items() if len(owners) > 1] == []
    assert set(CASES) == set(found)


@pytest.mark.parametrize("name", CASES)
def test_the_fields_come_first_and_verify_takes_the_problem(name: str) -> None:
    (owner,) = classes()[name]
    assert tuple(field.name for field in dataclasses.fields(owner))[:4] == FIRST
    assert [p for p in inspect.signature(owner.verify).parameters if p != "self"] == ["problem"]
    assert owner._statements
    certificate = CASES[name]().certificate
    assert type(certificate) is owner
    achieved, bound, gap = (np.asarray(to_numpy(getattr(certificate, one))) for one in FIRST[:3])
    assert (gap == abs(achieved - bound)).all()


@pytest.mark.parametrize("name", CASES)
def test_the_answer_and_the_data_are_looked_at(name: str) -> None:
    case = CASES[name]()
    assert case.certificate.verify(case.problem) is True
    assert case.forged.verify(case.problem) is False
    assert case.certificate.verify(case.other) is False


@pytest.mark.parametrize("name", CASES)
def test_an_unsound_certificate_does_not_verify(name: str) -> None:
    case = CASES[name]()
    one = case.certificate
    wrong = [{"statement": f"{one.statement}x"}, {"gap": one.gap + abs(one.bound) / 8 + abs(one.achieved) / 8 + 0.125}]
    wrong += [{key: value * one.gap} for key in FIRST[:3] for value in (float("nan"), float("inf"))]
    wrong += [{"gap": -one.gap - 1}]
    for fields in wrong:
        with np.errstate(invalid="ignore"):
            assert dataclasses.replace(one, **fields).verify(case.problem) is False, fields


@result
class Toy(Certificate):
    """A certificate of nothing."""

    _statements = ("toy/TY-1",)


@pytest.mark.parametrize(
    ("numbers", "due"),
    [
        ((1.0, 3.0, 2.0), True),
        ((3.0, 1.0, 2.0), True),
        ((0.1, 0.3, 0.3 - 0.1), True),
        ((0.1, 0.3, 0.2), False),
        ((1.0, 3.0, -2.0), False),
        ((1.0, 3.0, 2.0 + 1e-14), False),
        ((1.0, 3.0, float("nan")), False),
        ((1.0, float("inf"), float("inf")), False),
        ((Fraction(1, 3), Fraction(1), Fraction(2, 3)), True),
        ((Fraction(1, 3), 1.0, Fraction(1, 3)), False),
        ((True, True, False), False),
        ((1.0, 2j, 3.0), False),
        ((np.ones(2), np.ones(2), np.zeros(2)), True),
        ((np.ones(2), np.ones(2), 0.0), False),
    ],
)
def test_soundness(numbers: tuple[object, ...], due: bool) -> None:
    assert Toy(*numbers, "toy/TY-1")._is_sound() is due
    assert Toy(*numbers, "toy/TY-2")._is_sound() is False
