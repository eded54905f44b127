"""For each class of certificates a small one, its problem, another answer, and other data; see `test_certificates`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory._kernels.low_rank import core
from lrtheory._result import Certificate
from lrtheory._result.low_rank import certified
from tests.rules.certificates import cases
from tests.rules.certificates.forging import with_gap


@dataclass(frozen=True)
class Case:
    """A certificate; the data that it is about; a copy with another answer; and other data."""

    certificate: Certificate
    problem: Any
    forged: Certificate
    other: Any


CASES: dict[str, Callable[[], Case]] = {}


def case(make: Callable[[], tuple[Any, Any, dict[str, Any], Any]]) -> None:
    """Enter a case: the certificate, its data, the fields of another answer, and other data."""

    def made() -> Case:
        certificate, problem, answer, other = make()
        return Case(certificate, problem, with_gap(certificate, **answer), other)

    CASES[make.__name__] = made


X = np.arange(12.0).reshape(4, 3) ** 2 % 7
Y = np.arange(8.0).reshape(4, 2) ** 2 % 5


@case
def FactorsCertificate() -> Any:
    found = core(np.eye(4), X, "qr")
    proof = certified(found, 2, found.factors(2), 1.0).certificate
    return proof, X, {"B": proof.B[::-1].copy()}, X + np.eye(4, 3)


for system in pkgutil.iter_modules(cases.__path__):
    importlib.import_module(f"{cases.__name__}.{system.name}")
