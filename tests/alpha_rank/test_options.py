"""Options that a method does not use are refused, whatever their value; those that it uses are taken."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.alpha_rank import alpha_rank, baselines, make_good_bad, make_memory_one, stationary_distribution
from lrtheory.alpha_rank.ranking import OPTIONS as RANKING
from lrtheory.alpha_rank.sampling.information import OPTIONS as INFORMATION
from lrtheory.alpha_rank.stationary.distribution import OPTIONS as STATIONARY
from tests.alpha_rank.oracles import PRISONERS

CHAIN = np.array([[0.0, 1.0], [3.0, 0.0]])


def stationary(method, options):
    return stationary_distribution((CHAIN, CHAIN) if method == "leading" else CHAIN, method=method, **options)


def ranking(method, options):
    # where no limit is taken, a method needs a chain that has a law of its own
    chain = {} if options.keys() & {"alpha", "limit"} or "epsilon" not in RANKING[method] else {"epsilon": 0.1}
    return alpha_rank(PRISONERS, method=method, **(chain | options))


def information(method, options):
    few = {"max_samples": 4, "warm_up": 2, "batch": 2, "n_outcomes": 1, "n_games": 2}
    return baselines.information_gain(make_good_bad(2, 1), method=method, rng=0, **few, **options)


#: for each solver its table, a call, and a value of each option that is right where the option is used
SOLVERS = {
    "stationary_distribution": (
        STATIONARY,
        stationary,
        {"rational": True, "log": True, "order_tol": 0.0, "tol": 1e-9, "max_iter": 10**5},
    ),
    "alpha_rank": (RANKING, ranking, {"alpha": 1.0, "epsilon": 0.1, "limit": "epsilon"}),
    "information_gain": (INFORMATION, information, {"entropy": "plug-in"}),
}
CASES = [(name, method, option) for name in SOLVERS for method in SOLVERS[name][0] for option in SOLVERS[name][2]]


@pytest.mark.parametrize(("name", "method", "option"), CASES)
def test_each_option_of_each_method(name, method, option):
    table, call, values = SOLVERS[name]
    if option in table[method]:
        assert call(method, {option: values[option]}).method
        return
    with pytest.raises(ValueError, match=f'^`{option}` must be left out with method "{method}", which does not use it'):
        call(method, {option: values[option]})


def test_unused_options_are_refused_before_their_values_are_looked_at():
    for option, value in (("tol", -5), ("max_iter", -1), ("order_tol", "x")):
        with pytest.raises(ValueError, match=f"^`{option}` must be left out"):
            stationary_distribution(CHAIN, method="gth", **{option: value})


@pytest.mark.parametrize("chain", [{"alpha": 1.0}, {"epsilon": 0.1}])
@pytest.mark.parametrize("limit", ["epsilon", "alpha"])
def test_no_limit_of_a_chain_that_has_a_law(chain, limit):
    with pytest.raises(ValueError, match="^`limit` must be None at finite `alpha` and with `epsilon`"):
        alpha_rank(PRISONERS, limit=limit, **chain)


def test_rounds_belong_to_matches():
    with pytest.raises(ValueError, match="^`n_rounds` must be left out without `n_matches`"):
        make_memory_one(n_rounds=100)
    given = make_memory_one(n_matches=1, n_rounds=100, rng=0).payoffs
    assert np.array_equal(make_memory_one(n_matches=1, rng=0).payoffs, given)
