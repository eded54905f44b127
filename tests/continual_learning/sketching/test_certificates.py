"""Certificates of sketches: what is forged, cut or rounded too generously does not verify."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lrtheory.continual_learning import FrequentDirections, sketch
from lrtheory.continual_learning.baselines import random_rows, truncated
from tests.continual_learning.sketching.oracles import loss, stream
from tests.rules.certificates.forging import forged_fields, with_gap


@pytest.mark.parametrize("method", ["fd", "gram"])
def test_no_forged_certificate_verifies(method: str) -> None:
    A = stream(np.random.default_rng(9), 60, 12)
    certificate = sketch(A, 3, method=method).certificate
    assert certificate is not None
    assert certificate.verify(A)
    assert not certificate.verify(A[:-1])
    assert not certificate.verify(A[:, ::-1])
    for words, lie in forged_fields(certificate, free=["rows"]):  # B^T B alone counts
        if not words.startswith("buffer"):  # it is about the rounding alone
            assert not lie.verify(A), words


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("rng", range(5))
def test_rows_in_single_precision_before_others_are_allowed_their_rounding(rng: int, merged: bool) -> None:
    random = np.random.default_rng(rng)
    A, B = stream(random, 60, 12).astype(np.float32), 1e-3 * stream(random, 5, 12)
    found, other = (FrequentDirections(12, 2, method="fd") for _ in range(2))
    (other if merged else found).update(A)
    found.update(B)
    if merged:
        found.merge(other)
    assert found.sketch.dtype == np.float64
    assert found.certificate.unit == 2.0**-24
    assert found.certificate.verify(np.concatenate([A.astype(float), B]))
    assert sketch(A.astype(float), 2).certificate.unit == 2.0**-53


def test_a_certificate_cannot_choose_its_own_rounding() -> None:
    A = stream(np.random.default_rng(11), 60, 12)
    certificate = sketch(A, 3, method="fd").certificate
    assert certificate is not None
    blank = {"rows": np.zeros((3, 12), np.float16), "achieved": 0.0, "bound": certificate.mass / 4}
    for lie in (blank, {**blank, "unit": 2.0**-11}, {"unit": 1.0}, {"rows": np.zeros((3, 12), int)}):
        assert not with_gap(certificate, **lie).verify(A)
    single = sketch(A.astype(np.float32), 3, method="fd").certificate
    assert single is not None
    for factor in (0.99, 1.01):  # sums are those of doubles
        assert not replace(single, gap=factor * single.gap).verify(A.astype(np.float32))


def test_each_side_of_a_certificate_is_looked_at() -> None:
    A = np.eye(10)
    honest = sketch(A, 1, method="gram").certificate
    assert honest is not None
    assert honest.verify(A)
    for lie in (
        {"rows": 1.1 * np.eye(10)[:1], "achieved": 1.0, "bound": (10 - 1.21) / 2},  # a direction gains
        {"rows": np.zeros((0, 10)), "achieved": 0.9, "bound": 5.0},  # one loses more
        {"achieved": 100.0, "bound": 100.0},  # more than the missing mass allows
        {"rows": np.zeros((1, 10), object)},
    ):
        assert not with_gap(honest, **lie).verify(A)


def test_sketches_without_a_guarantee() -> None:
    A = stream(np.random.default_rng(10), 200, 12)
    best = truncated(A, 4)
    assert best.certificate is None
    assert loss(A, best.sketch)[0] >= -1e-12 * best.mass
    assert loss(A, best.sketch)[1] <= best.missed * (1 + 1e-12)
    grams = [random_rows(A, 4, rng=i).sketch for i in range(400)]
    mean = sum(B.T @ B for B in grams) / 400
    assert np.linalg.norm(mean - A.T @ A) < 0.2 * best.mass
    assert random_rows(np.zeros((3, 12)), 4).sketch.shape == (0, 12)
    assert {random_rows(rows, 4, rng=0).method for rows in (A, np.zeros((3, 12)))} == {"random-rows"}


@pytest.mark.parametrize("unit", [1e-200, 1e-100, 1e100, 1e150])
def test_a_certificate_of_another_unit_is_refused_without_an_error(unit: float) -> None:
    A = stream(np.random.default_rng(11), 40, 12)
    honest, other = (sketch(scale * A, 3, method="fd").certificate for scale in (1.0, unit))
    assert honest is not None
    assert not honest.verify(unit * A)
    assert other is not None
    assert not other.verify(A)
    assert not replace(honest, rows=unit * honest.rows).verify(A)
    assert not replace(other, rows=honest.rows).verify(unit * A)


@pytest.mark.parametrize(("dtype", "wrong"), [(np.float64, 1e-9), (np.float32, 2e-3)])
@pytest.mark.parametrize("method", ["fd", "gram"])
def test_rounding_excuses_no_more_than_rounding(method: str, dtype: type, wrong: float) -> None:
    """Rows, mass, loss and gap that are off by so little are none of this stream."""
    random = np.random.default_rng(7)
    A = random.normal(size=(30, 6)).astype(dtype)
    stream = FrequentDirections(6, 2, method=method)
    stream.update(A)
    certificate, given = stream.certificate, A.astype(np.float64)
    assert certificate.verify(A)
    assert certificate.verify(given)
    mass, rows = certificate.mass, certificate.rows
    lies: list[dict[str, Any]] = [{"mass": mass * factor} for factor in (1 + 1e-9, 1 - 1e-9)]
    lies += [{"bound": certificate.bound + sign * 1e-9 * mass} for sign in (1, -1)]
    if method == "gram":  # which misses as much of some direction
        lies += [{"achieved": certificate.achieved - wrong * mass}]
    # the loss cannot be more than the missing mass allows, nor a direction gain
    most = (mass - float(np.sum(rows.astype(float) ** 2))) / 3
    lies += [{"achieved": most + wrong * mass, "bound": most + wrong * mass}]
    for lie in lies:
        assert not with_gap(certificate, **lie).verify(given), lie
    for sign in (1, -1):
        assert not replace(certificate, gap=certificate.gap + sign * 1e-9 * mass).verify(given)
    for factor in (1 + wrong, 1 - wrong):  # the mass of rows of this type, by its own allowance
        bound = max(certificate.achieved, certificate.bound + (factor - 1) * mass / 3)
        assert not with_gap(certificate, mass=mass * factor, bound=bound).verify(A)
    # two directions: all that is there of the first and a little more, and of the second what a shrink leaves
    _, s, Vt = np.linalg.svd(given, full_matrices=False)
    for more, due in ((wrong * mass, False), (0.0, True)):
        B = (np.sqrt([s[0] ** 2 + more, s[1] ** 2 - s[2] ** 2])[:, None] * Vt[:2]).astype(rows.dtype)
        bound = (mass - float(np.sum(B.astype(float) ** 2))) / 3
        assert bound > s[2] ** 2
        assert with_gap(certificate, rows=B, achieved=s[2] ** 2, bound=bound).verify(given) is due
