"""What formulas refuse beyond their domains: one row per function and argument, each wrong value in a right call."""

from __future__ import annotations

import inspect
import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.dual_mirror_descent import theory
from tests.core.formulas.declared import in_rooms, in_theory
from tests.examples import call, calls_of_rooms
from tests.examples.dual_mirror_descent import CALLS
from tests.rules.refusals import arguments_of

NAN, INF, TEXT = math.nan, math.inf, "x"
NUMBER = (NAN, INF, TEXT, None, True)  # no finite number
LEAST_0 = (-0.5, Fraction(-1, 2), *NUMBER)
COUNT = (-1, 2.5, True, TEXT, None)
HORIZON = (0, *COUNT)
RATE = (0, [0.0], [-0.5], [NAN], [INF], [TEXT], [], TEXT, None)
ARRAY = ([NAN], [INF], [TEXT], TEXT, None)
TABLE = ([0.5, 0.5], [[NAN, 0.5]], [[INF, 0.5]], [[TEXT, TEXT]], TEXT, None)
GEOMETRY = ("manhattan", None, 1)
SCALED, ENTROPY, CAPPED = ({"geometry": name} for name in ("scaled-euclidean", "entropy", "capped-entropy"))
CHOICE = ("best", None, 1)
SETTING = {"rate": RATE, "reward_bound": LEAST_0, "cost_bound": LEAST_0}
INIT = ([1.0, 2.0], [NAN], [TEXT], TEXT)
LAW = ((0.5, 0.5), (0.5, 0.5, 0.5), (-1, 1, 1), (NAN, 0.5, 0.5), None)


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
    *rows("bregman", {"to": ([-0.5], [1.0, 2.0], *ARRAY), "start": ([0.0], [-0.5], [1.0, 2.0], *ARRAY)}),
    *rows("bregman", {"geometry": GEOMETRY, "rate": given(RATE)}),
    *rows("bregman", {"rate": (*RATE, [0.5, 0.5])}, **SCALED),
    *rows("capped_entropy_bound", {"rho": RATE, "b_bar": LEAST_0}),
    *rows("change_of_units", {"s": ([], [1.0, 1.0, 1.0])}),
    *rows("conjugate_difference", {"mu": ([1.0, 2.0], *ARRAY), "nu": ([1.0, 2.0], *ARRAY), "b_bar": LEAST_0}),
    *rows("default_init", {"rate": RATE, "reward_bound": LEAST_0, "geometry": GEOMETRY}),
    *rows("depletion_bound", {"last": ([1.0, 2.0], *ARRAY), "first": ([1.0, 2.0], *ARRAY), "rho": RATE}),
    *rows("depletion_bound", {"b_bar": LEAST_0, "geometry": ("capped-entropy", np.zeros(2), *GEOMETRY)}),
    *rows("depletion_bound", {"last": ([0.0],), "first": ([0.0], [-0.5])}, **ENTROPY),
    *rows("fair_regret_bound", {"rho": RATE, "b_bar": LEAST_0, "init": INIT, "geometry": ("entropy", *GEOMETRY)}),
    *rows("gradient_bound", {"rate": RATE, "cost_bound": LEAST_0, "geometry": GEOMETRY, "constants": CHOICE}),
    *rows("lazy_entropy", {"init": ([1.0], [-0.5], *ARRAY)}),
    *rows("least_price", {"geometry": GEOMETRY}),
    *rows("mirror_descent_bound", {"g": TABLE, "comparator": ARRAY, "init": ([1.0], *ARRAY)}),
    *rows("mirror_descent_bound", {"geometry": GEOMETRY, "prices": given(TABLE), "rho": given(RATE)}),
    *rows("mirror_descent_bound", {"comparator": ([-0.5, 0.0],), "init": ([0.0, 0.5],), "prices": TABLE}, **ENTROPY),
    *rows("mirror_descent_bound", {"rho": RATE}, **SCALED),
    *rows("mirror_descent_bound", {"f_bar": LEAST_0}, **CAPPED, rho=[0.5, 0.5]),
    *rows("mirror_descent_error", {"geometry": GEOMETRY, "rho": given(RATE), "prices": given(TABLE)}),
    *rows("mirror_descent_error", {"prices": ([[0.5, 0.5]], [[-0.5, 0.5]] * 4, *TABLE)}, **ENTROPY),
    *rows("mirror_descent_error", {"rho": ([0.5], *RATE)}, **SCALED),
    *rows("mirror_descent_error", {"f_bar": LEAST_0}, **CAPPED, rho=[0.5, 0.5]),
    *rows("movement_bound", {"geometry": ("entropy", *GEOMETRY), "rho": given(RATE)}),
    *rows("movement_bound", {"rho": RATE}, **CAPPED, f_bar=1.0),
    *rows("movement_bound", {"f_bar": LEAST_0}, **CAPPED, rho=[0.5, 0.5]),
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
    *rows("three_point_hindsight", {"p": LAW, "v": ((3, 3, 1), (3, 2, 0), (3, 2), (3, 2, NAN), TEXT, None)}),
    *rows("three_point_online", {"p": LAW, "v": ((3, 2), (3, 2, NAN), TEXT, None)}),
    *rows("violation_bound", {"last": ([1.0, 2.0], *ARRAY), "first": ([1.0, 2.0], *ARRAY)}),
    *rows("violation_bound", {"geometry": ("capped-entropy", *GEOMETRY), "rho": given(RATE)}),
    *rows("violation_bound", {"rho": RATE}, **SCALED),
    *rows("violation_bound", {"last": ([0.0],), "first": ([0.0], [-0.5])}, **ENTROPY),
]
SYSTEM = "dual_mirror_descent"
FORMULAS = {name: getattr(theory, name) for name in theory.__all__}
FORMULAS |= {one.path.rpartition(".")[2]: one.function for one in in_rooms(SYSTEM)}
RIGHT = {name.removeprefix("theory."): call for name, call in CALLS.items()} | calls_of_rooms(SYSTEM)
PATH = [[0.25, -0.5]] * 3
RIGHT |= {
    "capped_entropy_bound": lambda: call(10, [0.5], 1.0, 1.0, 0.1),
    "change_of_units": lambda: call([1.0, 2.0], 2.0, [1.0, 0.5]),
    "conjugate_difference": lambda: call([1.0], [0.5], 1.0),
    "depletion_bound": lambda: call([1.0], [0.5], [0.5], 1.0, 0.1),
    "fair_regret_bound": lambda: call(10, [0.5], 1.0, 1.0, 0.5, 0.1),
    "lazy_entropy": lambda: call(PATH, [0.5, 0.5], 0.1),
    "least_price": lambda: call([1.0], [0.5], [0.5], "euclidean"),
    "mirror_descent_bound": lambda: call(PATH, [0.0, 0.0], [0.5, 0.5], 0.1),
    "mirror_descent_error": lambda: call(PATH, 0.1),
    "movement_bound": lambda: call(PATH, 0.1),
    "violation_bound": lambda: call([1.0], [0.0], 0.1),
}


@pytest.mark.parametrize(("name", "argument", "value", "changed"), [(n, a, v, c) for n, a, vs, c in ROWS for v in vs])
def test_refused(name, argument, value, changed):
    right = RIGHT[name]()
    given = inspect.signature(FORMULAS[name]).bind(*right.args, **right.options)
    given.arguments.update(changed)
    given.arguments[argument] = value
    with pytest.raises((TypeError, ValueError), match=r"^`[^`]+` must be (.|\n)*; got (.|\n)*\.$"):
        FORMULAS[name](*given.args, **given.kwargs)


def test_every_argument_that_no_domain_tells_has_a_row():
    declared = {one.path.rpartition(".")[2]: one for one in (*in_theory(SYSTEM), *in_rooms(SYSTEM))}
    told = {(name, argument) for name, one in declared.items() for argument in one.domains}
    formulas = {(name, argument) for name, one in declared.items() for argument in one.hints if argument != "return"}
    untold = (
        (arguments_of(theory) | formulas) - told - {("corrupted_total_variation", "alike")}
    )  # which has a truth value
    assert untold <= {row[:2] for row in ROWS}
