"""One small call of every public function of `low_rank_optimizers`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory.low_rank_optimizers import make_cubic
from tests.backends import need_data
from tests.examples import Call, call

ADAPTER = AdapterFile({"q": AdapterModule(np.array([[0.5], [0.25]]), np.array([[1.0, 0.0, -1.0]]))})
GRADIENT = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])


def loaded(name: str, *args: object, **options: object) -> Call:
    need_data(name)
    return call(*args, **options)


CALLS: dict[str, Callable[[], Call]] = {
    "load_text": lambda: loaded("text"),
    "make_markov_text": lambda: call(20, n_states=3, rng=0),
    "theory.entropy_rate": lambda: call([[0.5, 0.5], [0.25, 0.75]]),
    "theory.largest_product": lambda: call(4, 2),
    "theory.least_loss": lambda: call(2.0, 1.5),
    "theory.safe_inputs": lambda: call(2),
    "theory.score_excess": lambda: call([0, 3]),
    "theory.vote_quantile": lambda: call(600),
    "es_gradient": lambda: call(lambda W: 3 * W[0, 1], GRADIENT, sigma=0.5, population_size=4, rng=0),
    "rounded": lambda: call(GRADIENT, dtype="float16"),
    "load_digits_problem": lambda: loaded("digits_problem"),
    "load_mnist_problem": lambda: loaded("mnist_problem"),
    "load_encoder_weights": lambda: loaded("encoder_weights"),
    "compare_checkpoints": lambda: call(
        {"w": GRADIENT}, {"w": 1.01 * GRADIENT}, other={"w": 0.99 * GRADIENT}, atol=0.01
    ),
    "adam_step_bound": lambda: call(0.9, 0.95, step=3),
    "absorb_adapter": lambda: call({"q.weight": GRADIENT}, ADAPTER, dtype="nf4"),
    "absorption": lambda: call({"w": GRADIENT}, step_bound=1e-3, step_std=1e-3),
    "bias_bound": lambda: call((2, 3), rank=2, sigma=0.5, hessian_lipschitz=1.0),
    "exact_gradient": lambda: call(make_cubic((2, 1), rng=0), sigma=0.5, rank=1),
    "make_cubic": lambda: call((2, 2), harmonic=True, rng=0),
    "make_quadratic": lambda: call((2, 3), exact=True, rng=0),
    "make_sine": lambda: call((2, 3), spectrum="flat", rng=0),
    "plan_population": lambda: call(
        (2, 3), n_evaluations=100, singular_values=np.array([1.0, 0.5]), sigma=0.5, max_rank=4
    ),
    "sine_gradient": lambda: call((GRADIENT, 0.1 * GRADIENT), sigma=0.5, rank=2),
    "theory.estimator_mse": lambda: call((2, 3), rank=1, pairs=4, gradient_square=2),
    "theory.fourth_moment": lambda: call((2, 3), rank=1),
    "theory.half_gaps": lambda: call([1.0, 1.5]),
    "theory.low_rank_bias": lambda: call(np.ones((1, 2, 1, 2, 1, 2)), sigma=0.5, rank=2),
    "theory.noise_constant": lambda: call((2, 3), kurtosis_a=-2),
    "theory.participation_ratio": lambda: call([1.0, 0.5]),
    "theory.richardson": lambda: call(GRADIENT, 2 * GRADIENT),
    "theory.sine_response": lambda: call([1.0, 0.5], rank=2),
    "theory.sine_second_moment": lambda: call((2, 3), [1.0, 0.5], rank=2),
    "theory.sixth_moment": lambda: call((2, 3), rank=1),
    "theory.smoothing_bias": lambda: call(np.ones((1, 2, 1, 2, 1, 2)), sigma=0.5),
    "theory.step_response_square": lambda: call(3),
    "theory.taylor_bias_bound": lambda: call((2, 3), rank=1, sigma=0.5, gradient_lipschitz=2.0),
    "dct_basis": lambda: call(4, columns=[0, 2]),
    "select_columns": lambda: call(GRADIENT, 1),
    "newton_schulz": lambda: call(GRADIENT, n_iter=2),
    "spectral_image": lambda: call((0.01, 1.0)),
    "update_curvature": lambda: call(np.eye(3), GRADIENT[0], decay=0.5),
    "theory.feedback_bound": lambda: call(2.0, 4, 3),
    "theory.resplit_variances": lambda: call(1.0, 2.0, step_size=0.5, momentum=0.9, density=0.25, period=2),
    "theory.state_bytes": lambda: call("frugal", (3, 4), density=0.5),
    "theory.stationary_variance": lambda: call(1.0, 2.0, step_size=0.5, momentum=0.9),
}

#: calls of formulas of rooms whose arguments do not follow from their domains
OF_ROOMS: dict[str, Callable[[], Call]] = {
    "best_rank": lambda: call((2, 3)),
    "captured_energy": lambda: call([1.0, 4.0, 2.0], 2),
    "change_probability": lambda: call(1.5, 0.25),
    "characteristic_function": lambda: call([1.0, 0.5], 2),
    "flip_probability": lambda: call([256, 128, -64], 2048),
    "layer_mse": lambda: call([(2, 3), (1, 2)], 1, 4, [1, 2]),
    "moved_moments": lambda: call(GRADIENT, [0, 1, 4], [1, 2, 4]),
    "one_sided_mse": lambda: call((2, 3), 1, 8, 2, 1, 0.5),
    "random_density": lambda: call([0.5, 0.25]),
    "random_overlap": lambda: call([0.5, 0.25]),
    "sine_bias_bound": lambda: call([1.0, 0.5], 2),
    "update_rank_bound": lambda: call((2, 3), 1, 4),
}
