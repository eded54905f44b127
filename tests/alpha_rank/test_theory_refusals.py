"""What `theory` refuses: one row per function and argument, each wrong value put into a call that is right."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from lrtheory.alpha_rank import theory
from tests.examples.alpha_rank import CALLS
from tests.rules.refusals import arguments_of

NAN, TEXT = math.nan, "x"
COUNT = (-1, 2.5, True, TEXT, None)  # no whole number of at least 0
POSITIVE = (-0.5, NAN, math.inf, TEXT, None)
PROBABILITY = (0, 1, -0.5, 1.5, NAN, TEXT, None)  # not strictly between 0 and 1
ALPHA = POSITIVE
TABLES = ([[0.0, NAN]], [[0.0, 1.0], [0.0, 1.0]], [[TEXT]], 0.5)

REFUSED = {
    ("certain_directions", "lower"): (np.ones((2, 3)), [[0.5]], [[0.5, NAN], [0.5, 0.5]], TEXT, None),
    ("certain_directions", "upper"): (np.ones((2, 3)), [[0.5]], [[0.5, NAN], [0.5, 0.5]], TEXT, None),
    ("chain_ratio_bound", "n_states"): (0, *COUNT),
    ("chain_ratio_bound", "rate_ratio"): (0.5, *POSITIVE),
    ("clopper_pearson", "successes"): (-1, 11, 2.5, NAN, TEXT),
    ("clopper_pearson", "n"): (-1, NAN, math.inf, TEXT),
    ("clopper_pearson", "delta"): PROBABILITY,
    ("count_weighted_bounds", "payoffs"): TABLES,
    ("count_weighted_bounds", "delta"): PROBABILITY,
    ("direction_tolerance", "gap"): POSITIVE,
    ("exhaustive_bound", "payoffs"): TABLES,
    ("exhaustive_bound", "delta"): PROBABILITY,
    ("fixation_log_ratio", "u"): (NAN, math.inf, [0.5, NAN], TEXT, None),
    ("fixation_log_ratio", "population_size"): (0, *COUNT),
    ("has_no_ties", "game"): TABLES,
    ("hoeffding_radius", "n_samples"): (0, [1, 0], NAN, TEXT, None),
    ("hoeffding_radius", "delta"): PROBABILITY,
    ("hoeffding_radius", "n_means"): (0, *COUNT),
    ("log_ratio_bound", "n_profiles"): (0, *COUNT),
    ("log_ratio_bound", "alpha"): ALPHA,
    ("log_ratio_bound", "population_size"): (0, *COUNT),
    ("log_ratio_bound", "radius"): POSITIVE,
    ("mass_error_bound", "log_ratio"): (-0.5, [0.5, -0.5], NAN, math.inf, TEXT, None),
    ("mass_error_of_ratio", "ratio"): (0.5, *POSITIVE),
    ("mass_interval", "longest"): (0, *POSITIVE),
    ("mass_interval", "shortest"): (0, *POSITIVE),
    ("order_only", "payoffs"): TABLES,
    ("payoffs_with_offset", "payoffs"): ([[0.0, NAN]], [[TEXT, TEXT]], 0.5, np.zeros((2, 2))),
    ("payoffs_with_offset", "offsets"): ([], 3, TEXT, None, [[1.0, 2.0]], [[NAN]], [[TEXT]]),
    ("potential_log_law", "potential"): ([], [0.0, NAN], [0.0, math.inf], [TEXT], None),
    ("potential_log_law", "alpha"): ALPHA,
    ("potential_log_law", "population_size"): (0, *COUNT),
    ("rate_lipschitz", "alpha"): ALPHA,
    ("rate_lipschitz", "degree"): (0, *COUNT),
    ("relaxed_samples_to_resolve", "gap"): POSITIVE,
    ("relaxed_samples_to_resolve", "slack"): POSITIVE,
    ("relaxed_samples_to_resolve", "delta"): PROBABILITY,
    ("relaxed_samples_to_resolve", "n_means"): (0, *COUNT),
    ("samples_finite_alpha", "sizes"): ((), (0, 2), (2.5, 2), 3, "22", None),
    ("samples_finite_alpha", "alpha"): ALPHA,
    ("samples_finite_alpha", "population_size"): (1, *COUNT),
    ("samples_finite_alpha", "epsilon"): PROBABILITY,
    ("samples_finite_alpha", "delta"): PROBABILITY,
    ("samples_finite_alpha", "max_payoff"): POSITIVE,
    ("samples_finite_alpha", "constants"): ("tree", None, 1),
    ("samples_infinite_alpha", "sizes"): ((), (0, 2), (2.5, 2), 3, "22", None),
    ("samples_infinite_alpha", "gap"): (0, *POSITIVE),
    ("samples_infinite_alpha", "delta"): PROBABILITY,
    ("samples_infinite_alpha", "max_payoff"): POSITIVE,
    ("samples_infinite_alpha", "bound"): ("tight", None, 1),
    ("samples_to_resolve", "gap"): POSITIVE,
    ("samples_to_resolve", "delta"): PROBABILITY,
    ("samples_to_resolve", "n_means"): (0, *COUNT),
    ("single_sink_limit", "rates"): (np.eye(2), [[0.0, -1.0], [0.0, 0.0]], np.ones((2, 3)), [[NAN]], np.empty((0, 0))),
    ("smallest_rate", "alpha"): (0, *ALPHA),
    ("smallest_rate", "population_size"): (0, *COUNT),
    ("smallest_rate", "degree"): (0, *COUNT),
    ("smallest_rate", "max_payoff"): (0, *POSITIVE),
    ("tree_weights", "rates"): (np.zeros((2, 2)), np.ones((8, 8)), np.ones((2, 3)), [[0, -1], [1, 0]], [[NAN]], TEXT),
}
SWITCHES = {"anytime"}  # whatever has a truth value


@pytest.mark.parametrize(("name", "argument", "value"), [(*row, value) for row in REFUSED for value in REFUSED[row]])
def test_refused(name, argument, value):
    function, right = getattr(theory, name), CALLS[f"theory.{name}"]()
    given = inspect.signature(function).bind(*right.args, **right.options)
    given.arguments[argument] = value
    with pytest.raises((TypeError, ValueError), match=r"^`[^`]+` must be (.|\n)*; got (.|\n)*\.$"):
        function(*given.args, **given.kwargs)


def test_every_argument_of_every_function_has_a_row():
    assert arguments_of(theory, SWITCHES) == set(REFUSED)
