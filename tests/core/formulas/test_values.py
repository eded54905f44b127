"""Values of formulas at integers beyond 64 bits, and at doubles whose squares or differences lose all digits."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.core.formulas.exchanging import OF_ROOMS, function_of, numbers_of

BIG, HUGE = 2**33, 2**40
BYTE = np.array([100, 1], np.int8)
EXACT: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]] = [
    ("matrix_compression.tail_energy", ([HUGE, 1], 0), {}, 2**80 + 1),
    ("matrix_compression.tail_energy", (BYTE, 0), {}, 10001),
    ("matrix_compression.best_of_equal_costs", ([[BIG, 1]], 1), {}, 2**66),
    ("matrix_compression.factor_inner_product", (([[BIG]], [[1]]), ([[BIG]], [[1]])), {}, 2**66),
    ("matrix_compression.dual_bound", ([[BIG, 1]], 1), {"price": 1}, 2**66),
    ("matrix_compression.linear_cross_terms", ([[[BIG]], [[BIG]]], [[[BIG]], [[BIG]]]), {}, 2 * 2**66),
    ("matrix_compression.salt_energy", ([BIG], [2], [0]), {}, 2**66),
    ("low_rank_adapters.group_residual", ([BIG, 0], [0, 0], 1), {}, 2**65),
    ("low_rank_adapters.hadamard_floor", ([[BIG]], [[0]]), {}, 2**66),
    ("low_rank_adapters.hadamard_floor", ([BYTE], [BYTE * 0]), {}, 10001),
    ("low_rank_adapters.central_difference", ([[BIG]], [[-BIG]], [[BIG]]), {}, 2**66),
    ("low_rank_adapters.switched_weight", ([[0]], [BIG], [BIG], [0]), {}, 2**66),
    ("low_rank_adapters.gradient_jump", ([[BIG]], [-BIG], [0]), {}, 2**66),
    ("low_rank_adapters.randlora_rank", ([[10**17, 10**17 + 1], [1, 1]], 1, 2), {}, 2),
    ("low_rank_adapters.randlora_bracket", (0, np.int8(1), BYTE[::-1], BYTE[::-1]), {}, [1, 10**8]),
    ("low_rank_optimizers.curvature_factor", ([[0]], [BIG], Fraction(1, 2)), {}, 2**65),
    ("low_rank_optimizers.richardson", (BYTE, np.array([127, 1], np.int8)), {}, [154, 1]),
    ("continual_learning.blind_change", ([BIG], [BIG]), {}, 1),
    ("matrix_completion.noise_risk", (np.int64(BIG),), {"n_rows": 1, "n_cols": 1, "rank": 1, "density": 1}, 2.0**66),
    ("transductive_clustering.tangent_error", ([[HUGE, 0]],), {}, 2.0**79),
    ("alpha_rank.payoffs_with_offset", ([[2**53, 0]], [[1]]), {}, [2**53 + 1, 1]),
    ("alpha_rank.certain_directions", ([[0, 2**53 + 1], [0, 0]], [[0, 2**53 + 1], [2**53, 0]]), {}, [0, 1, -1, 0]),
]
#: doubles: what must come out up to rounding
NEAR: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]] = [
    ("low_rank_adapters.group_residual", ([1e8 + 1, 1e8], [0, 0], 1), {}, 0.5),
    ("low_rank_adapters.expected_group_residual", ([1e16, 1e16 + 2], 1), {}, 2.0),
    ("low_rank_adapters.sketch_floor", (1e16, [1e8, 1.0], 1, 0.0, 0.0), {}, 1.0),
    ("low_rank_optimizers.stabilized_condition", (1e-10, 1.0, 1.0), {}, 1e10),
    ("low_rank_optimizers.stabilized_condition", (1e-17, 1, 1.0), {}, 1e17),
    ("low_rank_optimizers.alignment_square", (1e200, 1e200), {}, 0.0),
    ("low_rank_optimizers.alignment_square", (1e100, 1e100), {}, 4e-200),
    ("low_rank_optimizers.wound_up", (1e-300, 0.5, 1100), {}, 1e-300 * 2.0**1000 * 2.0**100),
    ("low_rank_optimizers.definite_floor", (1e300, 0.5, 1100), {}, 1e300 * 2.0**-1000 * 2.0**-100),
    ("low_rank_optimizers.released_ceiling", (1e-18, 1 - 2.0**-50, 4), {}, 2.0**-48 + 1e-18),
    ("low_rank_optimizers.lost_travel", (1 - 2.0**-50, 3), {}, 3.0),
    ("low_rank_optimizers.random_overlap", ([2e-302, 2e-302],), {}, 2e-302),
    ("low_rank_optimizers.curvature_response", (1e200, 0.5, "published"), {}, 8.5e200),
    ("matrix_compression.drift_limit", (3, 1e-20), {}, 3e-20),
    ("matrix_compression.largest_alone_bound", ([[1e8], [1.0]], 1), {}, 1.0),
    ("matrix_compression.linear_cross_terms", ([[[1e200]], [[1e-200]]], [[[1e200]], [[1e-200]]]), {}, 2.0),
    ("matrix_compression.factor_inner_product", (([[1e200]], [[1e-200]]), ([[1e200]], [[1e-200]])), {}, 1.0),
    ("low_rank_adapters.gradient_jump", ([[1e300, 1e300]], [0.0, 0.0], [1e10, -1e10]), {}, 0.0),
    ("transductive_clustering.majoriser_gap", ([[1e200]], [[0.0]], [[1e-100]], 1e-300), {}, 0.5),
    ("continual_learning.blind_change", ([1e200], [1e200]), {}, 1.0),
    ("continual_learning.blind_change", ([1e-200], [1e-200]), {}, 1.0),
    ("matrix_compression.greedy_gap", (1e200, 0.5, 1.0), {}, math.inf),
    ("fair_subset_selection.certificate_ratio", (1e-18,), {"k": 3}, 1e-18),
    ("dynamic_submodular.greedy_ratio", (2**53,), {}, 1 - math.exp(-1)),
    ("matrix_completion.countsketch_second_moment", ([[BIG]], 1), {}, -(2.0**133)),
    ("matrix_completion.gradient_rate", (1e-20,), {}, 2e-20),
    ("matrix_completion.countsketch_rank_loss", (2,), {"sketch_size": 1e20}, 1e-20),
    ("matrix_completion.coverage_probability", (2, 2), {"rank": 1, "density": 1e-20}, 4e-40),
    ("matrix_completion.lower_gram_tail", (1e-14, 1, 1e-28), {}, math.exp(-0.5)),
    ("matrix_completion.error_bound", (1e-200, [3e200, 4e200], 0.0), {}, 5.0),
    ("matrix_completion.expected_contraction", (1e200, 1, 1, 1.0, 0.5), {}, 1e200),
    ("dual_mirror_descent.bregman", ([1.0], [1 + 2.0**-40]), {"geometry": "entropy"}, 2.0**-81),
    ("transductive_clustering.two_point_threshold", (1e-18,), {}, 2.0),
    ("transductive_clustering.printed_energy_threshold", (1e-18,), {}, 1.0),
    ("transductive_clustering.kl_divergence", ([[0.5, 0.5]], [[0.5 + 2.0**-40, 0.5 - 2.0**-40]]), {}, 2.0**-79),
    ("lora_limits.squared_norm_derivative", ([[1e8, 1e8 + 1]], [[1e8], [1e8]], 0.0), {}, 0.0),
]


def value(formula: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    system, _, name = formula.partition(".")
    place = "rooms" if (system, f"rooms.{name}") in OF_ROOMS else "theory"
    return function_of(system, f"{place}.{name}")(*args, **options)


@pytest.mark.parametrize(("formula", "args", "options", "due"), EXACT)
def test_integers_are_exact(formula: str, args: tuple[Any, ...], options: dict[str, Any], due: Any) -> None:
    found = numbers_of(value(formula, args, options))
    assert found == numbers_of(due)
    assert all(isinstance(x, float) == isinstance(y, float) for x, y in zip(found, numbers_of(due), strict=True))


@pytest.mark.parametrize(("formula", "args", "options", "due"), NEAR)
def test_doubles_keep_their_digits(formula: str, args: tuple[Any, ...], options: dict[str, Any], due: Any) -> None:
    assert numbers_of(value(formula, args, options)) == pytest.approx(numbers_of(due), rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("formula", "args", "options", "message"),
    [
        ("low_rank_optimizers.wound_up", (1.0, 0.95, 20000), {}, "`t` must be so small"),
        ("dynamic_submodular.greedy_ratio", (Fraction(10**6),), {}, "`k` must be an int or a float above"),
        ("matrix_completion.distortion", ([[1.0]], [[0.0]]), {}, "`R` must be triangular without a zero"),
        ("lora_limits.hypercube_rank_lower_bound", (2, 5e210, 5e-302), {}, "must be balls so narrow"),
    ],
)
def test_what_no_double_can_say_is_refused(formula: str, args: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        value(formula, args, options)
