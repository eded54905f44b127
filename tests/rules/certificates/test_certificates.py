"""Every certificate keeps one protocol: four fields, and `verify`, which takes the data and believes nothing else."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lrtheory
from lrtheory._array import to_numpy
from lrtheory._result import Certificate, result
from tests.rules.certificates.certified import CASES
from tests.rules.certificates.forging import with_gap

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
    wrong += [{key: value} for key in FIRST for value in (None, 10**400, 1j, np.zeros(0), len)]
    for fields in wrong:
        with np.errstate(invalid="ignore"):
            assert dataclasses.replace(one, **fields).verify(case.problem) is False, fields


def extremes(certificate: Certificate) -> Iterator[tuple[str, object]]:
    """Options and arrays of floats at the ends of the doubles, where an allowance for rounding may go beyond them."""
    for field in dataclasses.fields(certificate)[len(FIRST) :]:
        found = getattr(certificate, field.name)
        if field.name == "epsilon":  # where larger errors are allowed, a larger bound is right
            continue
        if isinstance(found, (int, float)) and not isinstance(found, bool):
            yield from ((field.name, end) for end in (1e155, 1e308, float("inf"), 10**18))
        elif isinstance(found, np.ndarray) and found.dtype.kind == "f":
            yield from ((field.name, np.full_like(found, end)) for end in (1e155, 5e307, 1e308, float("inf")))


@pytest.mark.parametrize("name", CASES)
def test_no_option_makes_false_numbers_right(name: str) -> None:
    case = CASES[name]()
    one, moved = case.certificate, abs(case.certificate.achieved) + abs(case.certificate.bound) + 1
    with np.errstate(all="ignore"):
        for ends in ({"achieved": one.achieved - moved}, {"bound": one.bound + moved}):
            if with_gap(one, **ends).verify(case.problem):
                continue  # an end that may be as far off as that
            for field, end in extremes(one):
                try:
                    believed = with_gap(one, **ends, **{field: end}).verify(case.problem)
                except (TypeError, ValueError, OverflowError):  # a refusal
                    continue
                assert believed is False, (ends, field, end)


@pytest.mark.parametrize("name", CASES)
def test_arrays_are_finite_and_real(name: str) -> None:
    case = CASES[name]()
    for field in dataclasses.fields(case.certificate):
        found = getattr(case.certificate, field.name)
        if isinstance(found, np.ndarray) and found.dtype.kind == "f" and found.size:
            for wrong in (found + 1j, np.where(np.arange(found.size).reshape(found.shape) == 0, np.nan, found)):
                try:
                    believed = dataclasses.replace(case.certificate, **{field.name: wrong}).verify(case.problem)
                except (TypeError, ValueError, OverflowError):  # a refusal
                    continue
                assert believed is False, (field.name, wrong)


@pytest.mark.parametrize("name", CASES)
def test_a_file_holds_the_whole_proof(name: str, tmp_path: Path) -> None:
    case = CASES[name]()
    case.certificate.to_file(tmp_path / "proof.npz")
    again = type(case.certificate).from_file(tmp_path / "proof.npz")
    assert again.verify(case.problem) is True
    assert again.verify(case.other) is False


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("SubmodularCertificate", {"names": ("a", "b")}),
        ("TransferCertificate", {"names": ("a", "b")}),
        ("GradientCertificate", {"achieved": 1.0}),
        ("ClusterCertificate", {"epsilon": -1.0}),
        ("AbsorptionCertificate", {"dtype": "float8"}),
        ("AbsorptionCertificate", {"step_bound": -1.0, "achieved": 1.0, "bound": 1.0}),
        ("StartCertificate", {"B": np.full((4, 1), np.inf)}),
    ],
)
def test_a_false_field_is_seen(name: str, fields: dict[str, Any]) -> None:
    case = CASES[name]()
    assert with_gap(case.certificate, **fields).verify(case.problem) is False


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
        ((np.uint8(1), np.uint8(3), np.uint8(254)), False),
        ((1, 3, 2), True),
        ((10**400, 1.0, 10**400), False),
        ((np.ones(2), np.ones(2), np.zeros(2)), True),
        ((np.ones(2), np.ones(2), 0.0), False),
    ],
)
def test_soundness(numbers: tuple[object, ...], due: bool) -> None:
    assert Toy(*numbers, "toy/TY-1")._is_sound() is due
    assert Toy(*numbers, "toy/TY-2")._is_sound() is False
