"""Options by method: what a method does not read is refused, what it reads is accepted."""

import inspect
import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.matrix_completion import (
    Observations,
    complete,
    completion,
    half_step,
    half_steps,
    make_coherent,
    make_low_rank,
    make_power_law,
    sample_mask,
    spectral_init,
    split_mask,
    theory,
)
from lrtheory.matrix_completion.theory import costs
from proofs_checks.matrix_completion.half_steps.half_step_errors import error_bound
from proofs_checks.matrix_completion.regressions import perturbed_rows
from proofs_checks.matrix_completion.regressions import sketched_regressions as regressions
from proofs_checks.matrix_completion.regressions.clipped_bases import clipped_distance_bound
from proofs_checks.matrix_completion.runs.spectral_starts import wedin_bound

PROBLEM = make_low_rank((12, 10), 2, density=0.9, rng=0)
FACTOR = np.linalg.qr(np.random.default_rng(1).normal(size=(10, 2)))[0]
#: function, its table, its positional arguments, and a value for each option that some method does not read
TABLES = {
    "complete": (complete, completion.OPTIONS, (PROBLEM, 2), {"inner_tol": 0.1, "max_inner_iter": 5, "n_jobs": 1}),
    "half_step": (half_step, half_steps.OPTIONS, (PROBLEM, FACTOR), {"max_inner_iter": 5, "n_jobs": 1}),
    "half_step_flops": (theory.half_step_flops, costs.OPTIONS, (100, 10, 2), {"inner_steps": 7, "inner_entries": 9}),
}
CASES = [
    (function, method, option)
    for function, (_, table, _, values) in TABLES.items()
    for method in table
    for option in values
]


@pytest.mark.parametrize(("function", "method", "option"), CASES)
def test_an_option_is_read_or_refused(function, method, option):
    solve, table, args, values = TABLES[function]
    given = {option: values[option]}
    if option in table[method]:
        solve(*args, method=method, **given)
        return
    sentence = f'`{option}` must be left out with method "{method}", which does not use it; got {values[option]}'
    with pytest.raises(ValueError, match=sentence):
        solve(*args, method=method, **given)


@pytest.mark.parametrize("function", list(TABLES))
def test_tables_name_methods_and_options(function):
    solve, table, _, values = TABLES[function]
    parameters = inspect.signature(solve).parameters
    assert set(values) == set.union(*table.values())
    assert set(values) <= set(parameters)
    for method in table:
        assert f'"{method}"' in inspect.getdoc(solve)


def test_what_a_density_or_an_incoherence_decides():
    for make in (make_low_rank, make_coherent):
        assert make((12, 10), 2, oversampling=4.0, rng=0).observations.n_observed > 0
        with pytest.raises(ValueError, match="`oversampling` must be None where `density` is given; got 4.0"):
            make((12, 10), 2, density=0.5, oversampling=4.0, rng=0)
    assert spectral_init(PROBLEM, 2, incoherence=1.0, clip="entry").U.shape == (12, 2)
    with pytest.raises(ValueError, match="`clip` must be None without `incoherence`; got 'row'"):
        spectral_init(PROBLEM, 2, clip="row")


def test_inner_options_keep_their_ranges():
    for options, sentence in (
        ({"inner_tol": 0.0}, "`inner_tol` must be in"),
        ({"max_inner_iter": -1}, "`max_inner_iter` must be an integer of at least 0"),
    ):
        with pytest.raises(ValueError, match=sentence):
            complete(PROBLEM, 2, method="cg", **options)


NUMBERS = [
    (theory.contraction_bound, (), {"smallest": 1.0, "driving": 0.01}),
    (clipped_distance_bound, (), {}),
    (error_bound, ([3, 4], 0.25), {}),
    (perturbed_rows.perturbed_smallest, (0.01,), {}),
    (perturbed_rows.row_norm_change, (0.01,), {}),
    (regressions.cg_error_bound, (3,), {}),
    (regressions.forward_error_bound, (1.0, 0.5), {}),
    (regressions.gradient_rate, (), {}),
    (regressions.tuned_step, (), {}),
    (wedin_bound, (1.0,), {}),
]


@pytest.mark.parametrize(("formula", "others", "options"), NUMBERS)
def test_a_formula_takes_numbers_lists_tuples_and_arrays(formula, others, options):
    values = [0.1, 0.2]
    one_by_one = [formula(value, *others, **options) for value in values]
    for given in (values, tuple(values), np.array(values)):
        np.testing.assert_allclose(np.asarray(formula(given, *others, **options), dtype=float), one_by_one, rtol=1e-15)
    with pytest.raises(ValueError, match="mask"):
        formula(np.ma.masked_array(values, [True, False]), *others, **options)


def test_exact_numbers_stay_exact_and_large_integers_do_not_overflow():
    assert clipped_distance_bound([Fraction(1, 3)]).tolist() == [Fraction(1, 2)]
    assert error_bound(0.5, [3 * 10**10, 4 * 10**10], 0) == 2.5e10


def test_what_a_mask_hides_is_refused_where_it_would_be_used():
    masked = np.ma.masked_array([0, 1], [True, False])
    done = complete(PROBLEM, 2)
    for use in (
        lambda: Observations(masked, [0, 1], [1.0, 2.0], (2, 2)),
        lambda: PROBLEM.observations.subset(masked),
        lambda: done.predict(masked, [0, 1]),
        lambda: done.fold_in(masked, [1.0, 2.0]),
        lambda: complete(PROBLEM, masked + 1, validation=PROBLEM),
        lambda: complete((np.ones((2, 2)), np.ma.masked_array(np.eye(2) > 0, False)), 1),
    ):
        with pytest.raises(ValueError, match="must be an array without a mask"):
            use()


@pytest.mark.parametrize("make", [make_low_rank, make_coherent, make_power_law, sample_mask])
def test_a_shape_is_a_pair(make):
    for shape in (3, None, "ab"):
        with pytest.raises(TypeError, match="^`shape` must be a sequence; got"):
            make(shape, 1)
    for shape in ([], (1, 2, 3)):
        with pytest.raises(ValueError, match="^`shape` must be a pair of integers; got"):
            make(shape, 1)


def test_makers_name_what_is_infinite():
    with pytest.raises(ValueError, match="^`condition` must be finite and at least 1; got inf"):
        make_low_rank((5, 5), 2, condition=math.inf)
    with pytest.raises(ValueError, match="^`noise` must be finite and at least 0; got inf"):
        make_low_rank((5, 5), 2, noise=math.inf)
    for name in ("bias", "noise", "step"):
        with pytest.raises(ValueError, match=rf"^`{name}` must be in \[0, 1e\+100\]; got inf"):
            make_power_law((20, 20), 1, n_observed=10, **{name: math.inf})


def test_a_dense_matrix_is_split_like_its_observations():
    for part, other in zip(
        split_mask(np.eye(4), 2, rng=0), split_mask(Observations.from_dense(np.eye(4)), 2, rng=0), strict=True
    ):
        np.testing.assert_array_equal(part.rows, other.rows)
    with pytest.raises(ValueError, match=r"^`data` must be of shape \(m, n\)"):
        split_mask(3, 2)
