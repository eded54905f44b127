"""JAX beyond the tests of every library: its mode of 32 bits, arrays that it traces, and company of other libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lrtheory import alpha_rank, lora_limits, matrix_completion, transductive_clustering
from lrtheory._array import arrays
from tests.backends import Backend, backend

EYE = np.eye(3)


@pytest.fixture
def jax(uses: Callable[[str], None]) -> Any:
    """The library, in the mode that it starts in: every number has 32 bits."""
    there: Backend = backend("jax")
    uses(there.name)
    import jax

    assert not jax.config.jax_enable_x64
    return jax


@arrays("host")
def large_and_small(_: Any) -> Any:
    """Numbers that 32 bits do not hold."""
    return np.array([2**40]), np.array([1e300, 1e-300])


def test_answers_keep_their_numbers(jax: Any) -> None:
    whole, real = large_and_small(jax.numpy.ones(2))
    assert isinstance(whole, jax.Array)
    assert np.asarray(whole).tolist() == [2**40]
    assert np.asarray(real).tolist() == [1e300, 1e-300]
    assert not jax.config.jax_enable_x64


def test_the_mode_is_the_callers_after_an_error(jax: Any) -> None:
    with pytest.raises(ValueError, match="`population_size` must be"):
        alpha_rank.fixation_probability(jax.numpy.ones(2), population_size=1)
    assert not jax.config.jax_enable_x64


def test_single_precision_sums_in_double_as_in_numpy(jax: Any) -> None:
    """And arrays of NumPy join those of another library."""
    rng = np.random.default_rng(0)
    Z, costs, W = (rng.uniform(size=shape).astype(np.float32) for shape in ((2, 5, 3), (2, 5, 3), (5, 5)))
    Z /= Z.sum(axis=-1, keepdims=True)
    expected = transductive_clustering.relaxed_energy(Z, costs, W, lam=1.0, temperature=1.0)
    for given in ((jax.numpy.asarray(Z), costs, W), tuple(map(jax.numpy.asarray, (Z, costs, W)))):
        found = transductive_clustering.relaxed_energy(*given, lam=1.0, temperature=1.0)
        assert isinstance(found, jax.Array)
        assert found.dtype == expected.dtype == np.float64
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-6)


def test_certificates_are_verified_in_double(jax: Any) -> None:
    """A warning of JAX, which says that it gave 32 bits for 64, would be an error here."""
    Z, W = jax.numpy.full((3, 3), 1 / 3), jax.numpy.ones((3, 3)) / 4
    found = transductive_clustering.bound_update(Z, W, lam=1.0, temperature=1.0)
    problem = transductive_clustering.AssignmentProblem(Z, W)
    assert found.certificate.verify(problem)


def head(W: Any) -> Any:
    return lora_limits.LoRAHead(W, W, W, adapters={}, alpha=1.0, beta=1.0)


TRACED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "host": (lambda x: alpha_rank.alpha_rank([x, x], alpha=1.0), "payoffs"),
    "device": (lambda x: alpha_rank.fixation_probability(x, population_size=5), "u"),
    "by keyword": (lambda x: transductive_clustering.bound_update(EYE, EYE, lam=1.0, init=x), "init"),
    "checked": (lambda x: matrix_completion.complete_dense(x, None, 1), "values"),
    "several": (lambda x: lora_limits.gradient_chain(x, x, x, x, x), "C1"),
    "a field": (head, "array"),
    "a field of many": (lambda x: lora_limits.AttentionProblem(head(EYE), x, x), "XQ"),
}


@pytest.mark.parametrize("case", TRACED)
def test_what_is_traced_is_refused_in_one_sentence(case: str, jax: Any) -> None:
    call, name = TRACED[case]
    sentence = f"^`{name}` must be an array of numbers, not one that jax.jit, jax.grad or jax.vmap traces; got .*Tracer"
    for change in (jax.jit, jax.grad):
        with pytest.raises(TypeError, match=sentence):
            change(call)(jax.numpy.ones((3, 3)))


MIXED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "complete_dense": (
        lambda x: matrix_completion.complete_dense(x, np.eye(3) > 0, 1),
        "`arrays` must be arrays of one library; got .'jaxlib', 'numpy'",
    ),
    "attention_factors": (
        lambda x: lora_limits.attention_factors(x, EYE, lora_limits.exp_polynomial(1.0, degree=2)),
        "`Q, K` must be arrays of one library; got .'jaxlib', 'numpy'",
    ),
    "few_shot": (
        lambda x: transductive_clustering.few_shot(EYE, [0, 1, 2], EYE, query_mask=x[0] > 0),
        "`query_mask` must be an array of the library of the other inputs",
    ),
    "base_mean": (
        lambda x: transductive_clustering.few_shot(EYE, [0, 1, 2], EYE, base_mean=x[0]),
        "`base_mean` must be an array of the library of the other inputs",
    ),
}


@pytest.mark.parametrize("case", MIXED)
def test_arrays_of_two_libraries(case: str, jax: Any) -> None:
    call, sentence = MIXED[case]
    with pytest.raises(TypeError, match=sentence):
        call(jax.numpy.eye(3))
