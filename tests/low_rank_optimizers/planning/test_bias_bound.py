"""The bound of biases against cubics whose Hessian has a known Lipschitz constant."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import PolynomialProblem, bias_bound, exact_gradient, make_cubic
from tests.rules.certificates.forging import with_gap


def rank_one_cubic(shape: tuple[int, int], seed: int) -> PolynomialProblem:
    """<Y, W>^3 / 6 with a unit matrix Y: the Hessian <Y, W> Y Y has the Lipschitz constant 1."""
    y = np.random.default_rng(seed).normal(size=shape)
    y /= np.linalg.norm(y)
    C = np.einsum("ij,kl,mn->ijklmn", y, y, y)
    return PolynomialProblem(np.zeros(shape), y, cubic=C)


@pytest.mark.parametrize(("shape", "rank"), [((1, 1), 1), ((2, 2), 2), ((3, 2), 1), ((1, 3), 2)])
def test_bound_holds(shape: tuple[int, int], rank: int) -> None:
    problem = rank_one_cubic(shape, 0)
    found = bias_bound(shape, rank=rank, sigma=0.5, hessian_lipschitz=1.0)
    measured = np.linalg.norm(exact_gradient(problem, sigma=0.5, rank=rank, factors="three-point").bias)
    assert 0.1 * found.bound < measured < found.bound
    assert found.verify(problem)
    assert found.gap == found.bound


def test_certificates_are_checked() -> None:
    problem, found = rank_one_cubic((2, 2), 1), bias_bound((2, 2), rank=3, sigma=2.0, hessian_lipschitz=1.0)
    assert not dataclasses.replace(found, bound=found.bound * 0.9).verify(problem)
    assert not with_gap(found, bound=0.9 * found.bound).verify(problem)
    assert not with_gap(found, achieved=0.1 * found.bound).verify(problem)
    assert not dataclasses.replace(found, gap=2 * found.bound).verify(problem)
    assert not dataclasses.replace(found, statement="EG-1").verify(problem)
    assert not found.verify(rank_one_cubic((2, 3), 1))
    steep = PolynomialProblem(problem.M, problem.gradient, cubic=100 * np.asarray(problem.cubic))
    assert not found.verify(steep)
    # 1.9 w^3 / 6 at rank 1: 1.9 of low rank and .95 of smoothing, together above the bound 2.5
    single = bias_bound((1, 1), rank=1, sigma=1.0, hessian_lipschitz=1.0)
    assert not single.verify(PolynomialProblem([[0.0]], [[0.0]], cubic=np.full((1,) * 6, 1.9)))
    with pytest.raises(TypeError, match="`problem` must be a PolynomialProblem; got 3"):
        found.verify(3)  # type: ignore[arg-type]


def test_limits_and_refusals() -> None:
    assert bias_bound((1, 1), rank=math.inf, sigma=1.0, hessian_lipschitz=6.0).bound == pytest.approx(math.sqrt(15))
    assert bias_bound((2, 2), rank=1, sigma=1.0, hessian_lipschitz=0.0).bound == 0
    small = bias_bound((2, 2), rank=1, sigma=1e-100, hessian_lipschitz=1e100).bound
    assert small == pytest.approx(1e-100 * bias_bound((2, 2), rank=1, sigma=1.0, hessian_lipschitz=1.0).bound)
    assert bias_bound((2, 2), rank=1, sigma=1.0, hessian_lipschitz=40.0).verify(make_cubic((2, 2), rng=0))
    with pytest.raises(ValueError, match="`sigma` must be in"):
        bias_bound((1, 1), rank=1, sigma=0.0, hessian_lipschitz=1.0)
    with pytest.raises(ValueError, match="`hessian_lipschitz` must be"):
        bias_bound((1, 1), rank=1, sigma=1.0, hessian_lipschitz=math.inf)
