"""What `theory` refuses: one row per function and argument, each wrong value put into a call that is right."""

from __future__ import annotations

import inspect
import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.dual_mirror_descent import theory
from tests.examples.dual_mirror_descent import CALLS
from tests.rules.refusals import arguments_of

NAN, INF, TEXT = math.nan, math.inf, "x"
NUMBER = (NAN, INF, TEXT, None, True)  # no finite number
LEAST_0 = (-0.5, Fraction(-1, 2), *NUMBER)
ABOVE_0 = (0, *LEAST_0)
COUNT = (-1, 2.5, True, TEXT, None)
HORIZON = (0, *COUNT)
RATE = (0, [0.0], [-0.5], [NAN], [INF], [TEXT], [], TEXT, None)
ARRAY = ([NAN], [INF], [TEXT], TEXT, None)
ARRAY_0 = ([-0.5], *ARRAY)
TABLE = ([0.5, 0.5], [[NAN, 0.5]], [[INF, 0.5]], [[TEXT, TEXT]], TEXT, None)
GEOMETRY = ("manhattan", None, 1)
SCALED, ENTROPY, CAPPED = ({"geometry": name} for name in ("scaled-euclidean", "entropy", "capped-entropy"))
CHOICE = ("best", None, 1)
SETTING = {"rate": RATE, "reward_bound": LEAST_0, "cost_bound": LEAST_0}
INIT = ([1.0, 2.0], [NAN], [TEXT], TEXT)


def rows(name, refused, **changed):
    """The rows of a function: argument, values, and what else is not as in its small call."""
    return [(name, argument, values, changed) for argument, values in refused.items()]


def given(values):
    """The values but None, which stands for an option that is left out."""
    return tuple(value for value in values if value is not None)


def model(name):
    """An input model in place of that of the small call, without its options."""
    return {"input_model": name, "lag": None, "mixing": None}


ROWS = [
    *rows("adversarial_step", {"rewards": ARRAY, "regret": ARRAY, "alpha": (0.5, *LEAST_0)}),
    *rows("bregman", {"to": ([-0.5], [1.0, 2.0], *ARRAY), "start": ([0.0], [-0.5], [1.0, 2.0], *ARRAY)}),
    *rows("bregman", {"geometry": GEOMETRY, "rate": given(RATE)}),
    *rows("bregman", {"rate": (*RATE, [0.5, 0.5])}, **SCALED),
    *rows("capped_entropy_bound", {"horizon": HORIZON, **SETTING, "step_size": LEAST_0}),
    *rows("change_of_units", {"prices": ARRAY, "reward_factor": ABOVE_0, "resource_factors": ([], [0.0], *ARRAY_0)}),
    *rows("conjugate_difference", {"first": ([1.0, 2.0], *ARRAY), "second": ([1.0, 2.0], *ARRAY)}),
    *rows("conjugate_difference", {"cost_bound": LEAST_0}),
    *rows("corrupted_total_variation", {"horizon": HORIZON, "n_corrupted": (11, *COUNT)}),
    *rows("decomposition_bound", {"optimum": ARRAY_0, "horizon": HORIZON, "path_regret": ARRAY}),
    *rows("decomposition_bound", {"stopping_time": (-1, 21, [21], *ARRAY)}),
    *rows("default_init", {"rate": RATE, "reward_bound": LEAST_0, "geometry": GEOMETRY}),
    *rows("depletion_bound", {"last": ([1.0, 2.0], *ARRAY), "first": ([1.0, 2.0], *ARRAY), "rate": RATE}),
    *rows("depletion_bound", {"cost_bound": LEAST_0, "step_size": ABOVE_0, "geometry": ("capped-entropy", *GEOMETRY)}),
    *rows("depletion_bound", {"geometry": (np.zeros(2),)}),
    *rows("depletion_bound", {"last": ([0.0],), "first": ([0.0], [-0.5])}, **ENTROPY),
    *rows("fair_regret_bound", {"horizon": HORIZON, **SETTING, "fairness": LEAST_0, "step_size": LEAST_0}),
    *rows("fair_regret_bound", {"init": INIT, "geometry": ("entropy", *GEOMETRY)}),
    *rows("fluid_bound", {"horizon": HORIZON, "value": LEAST_0}),
    *rows("gradient_bound", {"rate": RATE, "cost_bound": LEAST_0, "geometry": GEOMETRY, "constants": CHOICE}),
    *rows("lazy_entropy", {"gradients": TABLE, "init": ([1.0], *ARRAY_0), "step_size": LEAST_0}),
    *rows("markov_mixing", {"switch": (1.5, *LEAST_0), "lag": COUNT}),
    *rows("mirror_descent_bound", {"gradients": TABLE, "comparator": ARRAY, "init": ([1.0], *ARRAY)}),
    *rows("mirror_descent_bound", {"step_size": ABOVE_0, "geometry": GEOMETRY, "prices": given(TABLE)}),
    *rows("mirror_descent_bound", {"rate": given(RATE), "reward_bound": given(LEAST_0)}),
    *rows("mirror_descent_bound", {"comparator": ([-0.5, 0.0],), "init": ([0.0, 0.5],), "prices": TABLE}, **ENTROPY),
    *rows("mirror_descent_bound", {"rate": RATE}, **SCALED),
    *rows("mirror_descent_bound", {"reward_bound": LEAST_0}, **CAPPED, rate=[0.5, 0.5]),
    *rows("mirror_descent_error", {"gradients": TABLE, "step_size": LEAST_0, "geometry": GEOMETRY}),
    *rows("mirror_descent_error", {"rate": given(RATE), "reward_bound": given(LEAST_0), "prices": given(TABLE)}),
    *rows("mirror_descent_error", {"prices": ([[0.5, 0.5]], [[-0.5, 0.5]] * 4, *TABLE)}, **ENTROPY),
    *rows("mirror_descent_error", {"rate": ([0.5], *RATE)}, **SCALED),
    *rows("mirror_descent_error", {"reward_bound": LEAST_0}, **CAPPED, rate=[0.5, 0.5]),
    *rows("movement_bound", {"gradients": TABLE, "step_size": LEAST_0, "geometry": ("entropy", *GEOMETRY)}),
    *rows("movement_bound", {"rate": given(RATE), "reward_bound": given(LEAST_0)}),
    *rows("movement_bound", {"rate": RATE}, **CAPPED, reward_bound=1.0),
    *rows("movement_bound", {"reward_bound": LEAST_0}, **CAPPED, rate=[0.5, 0.5]),
    *rows("pacing_bid", {"value": ARRAY_0, "multiplier": ARRAY_0}),
    *rows("path_identity", {"dual_values": NUMBER, "path_regret": NUMBER}),
    *rows("phase_ratio", {"n_phases": HORIZON, "growth": (1, *ABOVE_0)}),
    *rows("price_bound", {**SETTING, "step_size": LEAST_0, "init": INIT, "geometry": GEOMETRY}),
    *rows("regret_bound", {"input_model": CHOICE, "horizon": HORIZON, **SETTING, "geometry": GEOMETRY}),
    *rows("regret_bound", {"step_size": ("best", -0.5, NAN, INF, None), "init": ([-0.5], *INIT)}),
    *rows("regret_bound", {"lag": given(COUNT), "mixing": (1.5, *given(LEAST_0)), "constants": CHOICE}),
    *rows("regret_bound", {"alpha": (0.5, *given(LEAST_0))}, **model("adversarial")),
    *rows("regret_bound", {"total_variation": given(LEAST_0)}, **model("independent")),
    *rows("regret_bound", {"period": (3, *given(HORIZON))}, **model("periodic")),
    *rows("regret_bound", {"init": (0.0, [0.0], [-0.5])}, **ENTROPY),
    *rows("regret_constants", {**SETTING, "geometry": GEOMETRY, "init": INIT, "constants": CHOICE}),
    *rows("regret_constants", {"alpha": (0.5, *LEAST_0), "step_size": given(LEAST_0)}),
    *rows("regret_constants", {"step_size": LEAST_0}, **ENTROPY),
    *rows("step_size", {"horizon": HORIZON, **SETTING, "geometry": GEOMETRY, "init": INIT, "constants": CHOICE}),
    *rows("three_point_hindsight", {"horizon": HORIZON, "budget": (5, *COUNT)}),
    *rows("three_point_hindsight", {"probabilities": ((0.5, 0.5), (0.5, 0.5, 0.5), (-1, 1, 1), (NAN, 0.5, 0.5), None)}),
    *rows("three_point_hindsight", {"values": ((3, 3, 1), (3, 2, 0), (3, 2), (3, 2, NAN), TEXT, None)}),
    *rows("three_point_online", {"horizon": HORIZON, "budget": COUNT, "values": ((3, 2), (3, 2, NAN), TEXT, None)}),
    *rows("three_point_online", {"probabilities": ((0.5, 0.5), (0.5, 0.5, 0.5), (-1, 1, 1), (NAN, 0.5, 0.5), None)}),
    *rows("uniform_fluid", {"horizon": HORIZON, "budget": (11, *LEAST_0)}),
    *rows("uniform_hindsight", {"horizon": HORIZON, "budget": (11, *COUNT)}),
    *rows("violation_bound", {"last": ([1.0, 2.0], *ARRAY), "first": ([1.0, 2.0], *ARRAY), "step_size": ABOVE_0}),
    *rows("violation_bound", {"geometry": ("capped-entropy", *GEOMETRY), "rate": given(RATE)}),
    *rows("violation_bound", {"rate": RATE}, **SCALED),
    *rows("violation_bound", {"last": ([0.0],), "first": ([0.0], [-0.5])}, **ENTROPY),
    *rows("weak_duality", {"conjugates": ARRAY_0, "prices": ([0.5, 0.5], *ARRAY_0), "budget": ([0.5, 0.5], *ARRAY_0)}),
]
SWITCHES = {"alike"}  # whatever has a truth value


@pytest.mark.parametrize(("name", "argument", "value", "changed"), [(n, a, v, c) for n, a, vs, c in ROWS for v in vs])
def test_refused(name, argument, value, changed):
    function, right = getattr(theory, name), CALLS[f"theory.{name}"]()
    given = inspect.signature(function).bind(*right.args, **right.options)
    given.arguments.update(changed)
    given.arguments[argument] = value
    with pytest.raises((TypeError, ValueError), match=r"^`[^`]+` must be (.|\n)*; got (.|\n)*\.$"):
        function(*given.args, **given.kwargs)


def test_every_argument_of_every_function_has_a_row():
    assert arguments_of(theory, SWITCHES) == {row[:2] for row in ROWS}
