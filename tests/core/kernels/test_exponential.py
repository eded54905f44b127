"""The exponential of compiled loops against balls of a rigorous arithmetic."""

from __future__ import annotations

import math

import flint
import numpy as np
import pytest

from lrtheory._array import kernel
from lrtheory._kernels import exponential as module
from lrtheory._kernels.exponential import exponential

POINTS = {
    np.float64: np.concatenate([-np.geomspace(1e-300, 708, 3000), -np.log(2) * (np.arange(1000) + 0.5), [0.0]]),
    np.float32: np.concatenate([-np.geomspace(1e-30, 87, 3000), -np.log(2) * (np.arange(125) + 0.5), [0.0]]),
}


@kernel(error_model="numpy")
def each(x, out):
    for i in range(len(x)):
        out[i] = exponential(x[i])


def compiled(x: np.ndarray) -> np.ndarray:
    out = np.empty_like(x)
    each(x, out)
    return out


@pytest.mark.parametrize("kind", POINTS)
def test_the_error_is_below_a_unit_in_the_last_place(kind):
    x = POINTS[kind].astype(kind)
    x = x[x >= (-708 if kind is np.float64 else -87)]
    with flint.ctx.workprec(200):
        errors = [
            abs(float(flint.arb(float(y)) / flint.arb(float(a)).exp() - 1)) for a, y in zip(x, compiled(x), strict=True)
        ]
    assert max(errors) <= np.finfo(kind).eps
    assert np.exp(x).dtype == compiled(x).dtype == kind


@pytest.mark.parametrize(("names", "within"), [("G", 8e-17), ("H", 1e-8)])
def test_the_polynomial_is_as_near_as_said(names, within):
    g = [float(value) for name, value in sorted(vars(module).items()) if name[0] == names and name[1:].isdigit()]
    assert len(g) == {"G": 10, "H": 5}[names]
    with flint.ctx.workprec(200):
        for a in np.linspace(-0.5, 0.5, 2001):
            r = flint.arb(float(a)) * flint.arb(2).log()
            assert abs((1 + r + r * r * flint.arb_poly(g)(r)) / r.exp() - 1) < within


@pytest.mark.parametrize("kind", POINTS)
def test_ends(kind):
    x = np.array([0.0, -0.0, -1e4, -math.inf, math.nan], kind)
    found = compiled(x)
    assert found[:4].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert np.isnan(found[4])


def test_interpreted_code_takes_that_of_numpy():
    assert exponential(-1.0) == np.exp(-1.0)
