"""Formulas against the definitions that they abbreviate, in exact arithmetic where they have no roots."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np
import pytest

from lrtheory.matrix_compression import theory
from lrtheory.matrix_compression.theory import stream_bracket, tanh_bound
from proofs_checks.matrix_compression.adapters.best_factors import balanced_energy, squeeze_energy
from proofs_checks.matrix_compression.adapters.inner_products import factor_inner_product
from proofs_checks.matrix_compression.adapters.merged_factors import linear_cross_terms
from proofs_checks.matrix_compression.adapters.written_factors import cast_error
from proofs_checks.matrix_compression.budgets.greedy_ranks import greedy_gap
from proofs_checks.matrix_compression.layers.known_inputs import condition_limit, distilled_energy, layer_energy
from proofs_checks.matrix_compression.layers.scaled_spectra import salt_energy
from proofs_checks.matrix_compression.layers.truncated_steps import drift_limit


def fractions(*shape: int, rng: int) -> np.ndarray:
    draw = np.random.default_rng(rng).integers(-6, 7, shape)
    return np.array([Fraction(int(x), 3) for x in draw.ravel()], object).reshape(shape)


@pytest.mark.parametrize("rng", range(10))
def test_inner_products_are_those_of_the_products(rng: int) -> None:
    B, A, C, D = (fractions(*shape, rng=rng + i) for i, shape in enumerate(((4, 2), (2, 5), (4, 3), (3, 5))))
    assert factor_inner_product((B, A), (C, D)) == ((B @ A) * (C @ D)).sum()
    assert factor_inner_product((B, A), (B, A)) == ((B @ A) ** 2).sum()


@pytest.mark.parametrize("rng", range(10))
def test_cross_terms_are_what_separate_sums_add(rng: int) -> None:
    b, a = fractions(3, 4, 2, rng=rng), fractions(3, 2, 5, rng=rng + 1)
    due = sum(b[i] @ a[j] for i in range(3) for j in range(3) if i != j)
    assert (linear_cross_terms(b, a) == due).all()


def test_energies_are_exact() -> None:
    values = [Fraction(7, 2), Fraction(2), Fraction(1, 3)]
    assert squeeze_energy(values, 1, Fraction(-3)) == 9 * (4 + Fraction(1, 9))
    assert layer_energy(values, 2) == Fraction(1, 9)
    assert distilled_energy(Fraction(1, 9), values, 2) == Fraction(2, 9)
    assert balanced_energy(values, 2, -3, Fraction(1, 2)) == 6 * Fraction(11, 2)
    assert salt_energy([Fraction(2)], [Fraction(1, 2)], [Fraction(3)], Fraction(1)) == 5
    assert drift_limit(3, Fraction(1, 10)) == 1 - Fraction(729, 1000)
    assert condition_limit([Fraction(1, 3), Fraction(5)]) == 15
    assert theory.sketch_bound(Fraction(1, 2), 3, 3) == Fraction(5, 4)
    assert greedy_gap(Fraction(3), Fraction(1), 2) == Fraction(9, 2)
    assert stream_bracket([Fraction(1), Fraction(3)]) == (2, 4)
    assert stream_bracket([Fraction(3), Fraction(1)]) == (0, 4)


def test_factors_of_scales() -> None:
    assert theory.kept_alpha_factor(8, 3) == Fraction(8, 3)
    assert theory.kept_alpha_factor(8, 2, stabilized=True) == 2.0
    alpha, q, r = 16, 8, 2
    assert theory.kept_alpha_factor(q, r) == Fraction(alpha, r) / Fraction(alpha, q)


def test_roots_and_tanh_of_balls_hold_those_of_doubles() -> None:
    third = flint.arb(1) / 3
    for ball, double in [
        (tanh_bound(third, 2), np.tanh(1 / 12) * 2),
        (theory.step_limit(third, flint.arb(1) / 4), 1 / 6),
    ]:
        assert abs(float(ball) - double) < 1e-15
        assert isinstance(ball, flint.arb)


def cast(values: np.ndarray, dtype: str) -> np.ndarray:
    """The nearest numbers of a format, as doubles; bfloat16, which NumPy lacks, has 8 binary digits."""
    if dtype != "bfloat16":
        return values.astype(dtype).astype(float)
    digits, exponent = np.frexp(values)
    return np.ldexp(np.rint(np.ldexp(digits, 8)), exponent - 8)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_casts_are_reached_up_to_a_factor(dtype: str) -> None:
    rng, largest = np.random.default_rng(0), 0.0
    for k in range(40):
        B, A = rng.normal(size=(3, 1)) * 10.0 ** (-k / 8), rng.normal(size=(1, 2))
        moved = np.linalg.norm(cast(B, dtype) @ cast(A, dtype) - B @ A)
        bound = cast_error((float(np.linalg.norm(B)), float(np.linalg.norm(A))), (3, 2), dtype)
        largest = max(largest, moved / bound)
    assert 0.3 < largest <= 1


@pytest.mark.parametrize("o", [0.1, 1.0, 5.0])
def test_no_change_of_logits_moves_weights_further(o: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        p = rng.dirichlet(np.full(4, 0.5))
        d = rng.choice([0.0, o], 4) if rng.random() < 0.5 else rng.uniform(0, o, 4)
        q = p * np.exp(d) / (p * np.exp(d)).sum()
        assert np.abs(p - q).sum() / 2 <= tanh_bound(float(np.ptp(d))) * (1 + 1e-12) + 1e-15


def test_rounding_both_factors_adds_their_product() -> None:
    assert cast_error((1.0, 2.0), (0, 0), "bfloat16") == 2.0**-8 * 4 + 2.0**-16 * 2
