"""Wrong arguments get one sentence, unused options are refused, and frames keep their names."""

import math
import warnings

import numpy as np
import pytest

from lrtheory import alpha_rank as system
from lrtheory.alpha_rank import (
    alpha_rank,
    baselines,
    complete_table,
    make_good_bad,
    ranking_intervals,
    response_graph,
    stationary_distribution,
)
from lrtheory.alpha_rank.ranking import OPTIONS as RANKING
from lrtheory.alpha_rank.sampling.information import OPTIONS as INFORMATION
from lrtheory.alpha_rank.stationary.distribution import OPTIONS as STATIONARY
from tests.alpha_rank.oracles import PRISONERS
from tests.examples.alpha_rank import CALLS

STAKES = [[3.0, 0.0], [5.0, 1.0]]


@pytest.mark.parametrize("alpha", [1e305, 1e307, 1e308])
@pytest.mark.parametrize(
    "solve",
    [
        alpha_rank,
        lambda payoffs, alpha: alpha_rank(payoffs, alpha=alpha, method="power"),
        lambda payoffs, alpha: alpha_rank(STAKES, alpha=alpha, population="single", fitness="global"),
        lambda payoffs, alpha: system.transition_matrix(payoffs, alpha=alpha),
        baselines.eigenvector,
    ],
)
def test_alpha_beyond_doubles_is_named(solve, alpha):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"^`alpha` must be at most .* for these payoffs, or infinite; got 1e\+30"):
            solve(PRISONERS, alpha=alpha)


def test_the_largest_alpha_is_ranked():
    assert alpha_rank(PRISONERS, alpha=1e297).pi.tolist() == [[0, 0], [0, 1]]
    assert alpha_rank(np.zeros((2, 2, 2)), alpha=1e308).pi.tolist() == [[0.25, 0.25], [0.25, 0.25]]


@pytest.mark.parametrize("method", ["gth", "power"])
def test_underflow_is_not_a_fault_of_the_chain(method):
    with pytest.raises(ValueError, match=r'^`alpha` must be small enough for the doubles of `method` .*"log-gth"'):
        alpha_rank(PRISONERS, alpha=1000, method=method)
    for epsilon in (1e-100, 1e-200):
        with pytest.raises(ValueError, match="^`perturbation` must be large enough for the doubles of"):
            alpha_rank(PRISONERS, perturbation=epsilon, method="gth")


@pytest.mark.parametrize(
    "solve", [alpha_rank, response_graph, system.Game, lambda payoffs: ranking_intervals(payoffs, payoffs)]
)
def test_payoffs_whose_differences_overflow(solve):
    with pytest.raises(ValueError, match=r"` must be in \[-1e\+300, 1e\+300\]; got"):
        solve(np.array([[1e308, -1e308]]))


def test_stationary_laws_in_any_unit_of_time():
    rates = np.array([[7e200, 1.0], [3.0, 1e200]])  # the diagonal is ignored, whatever stands there
    for unit in (1e-300, 1e-150, 1.0, 1e80):
        for method in ("gth", "log-gth", "sparse", "power"):
            found = system.stationary_distribution(unit * rates, method=method)
            assert np.allclose(found.pi, [0.75, 0.25], rtol=1e-12), (unit, method)
            assert found.residual_norm <= 1e-12 * unit


@pytest.mark.parametrize("name", sorted(CALLS))
def test_masked_arrays_are_refused(name):
    """NumPy forgets which entries were masked as soon as an array is converted."""
    args, options = CALLS[name]().args, CALLS[name]().options
    function = system
    for part in name.split("."):
        function = getattr(function, part)
    for index, value in enumerate(args):
        if isinstance(value, np.ndarray):
            hidden = np.ma.masked_array(value, mask=np.arange(value.size).reshape(value.shape) == value.size - 1)
            with pytest.raises(ValueError, match="mask"):
                function(*args[:index], hidden, *args[index + 1 :], **options)


def test_masked_logs_and_outcomes_are_refused():
    with pytest.raises(ValueError, match=r"`players` must be .*mask"):
        system.table_from_matches(np.ma.masked_array([["a", "b"]], mask=[[True, False]]), [1])
    with pytest.raises(ValueError, match=r"`outcomes` must be .*mask"):
        system.table_from_matches([["a", "b"]], np.ma.masked_array([1.0], mask=[True]))
    with pytest.raises(ValueError, match=r"`outcomes` must be .*mask"):
        system.ResponseGraphUCB((2, 2)).tell((0, 0), np.ma.masked_array([0.0, 1.0], mask=[True, False]))


@pytest.mark.parametrize("player", [None, math.nan, 1.5, True, ("a",)])
def test_players_without_a_name(player):
    for players in ([("a", "b"), ("a", player)], np.array([("a", "b"), ("a", None)], object)):
        with pytest.raises(ValueError, match="`players` must be"):
            system.table_from_matches(players, [1, 1])


def test_players_in_frames():
    pd = pytest.importorskip("pandas")
    log = pd.DataFrame({"winner": ["ann", "bob"], "loser": ["bob", "cat"]})
    assert system.table_from_matches(log, pd.Series([1, 1])).names == ("ann", "bob", "cat")
    for missing in (None, math.nan, pd.NA):
        with pytest.raises(
            ValueError, match="`players` must be names or integer ids, one for each seat of a match; got"
        ):
            system.table_from_matches(log.replace("cat", missing), [1, 1])


def test_telling_nothing():
    learner = system.ResponseGraphUCB((2, 2))
    for profile, outcomes, match in (
        (None, None, "`profile` must be a sequence of strategies; got None"),
        (3, [0, 1], "`profile` must be a sequence of strategies; got 3"),
        ((0, 0), None, "`outcomes` must be an array of real numbers; got None"),
    ):
        with pytest.raises(TypeError, match=match):
            learner.tell(profile, outcomes)
    with pytest.raises(TypeError, match="`sampler` must be a Game, or a function of a profile; got None"):
        learner.run(None)
    assert learner.total == 0


def test_intervals_of_no_number():
    for value in (math.nan, [[math.nan, 0]]):
        with pytest.raises(ValueError, match="`lower` must be finite; got nan"):
            ranking_intervals(value, [[1, 1]])
    with pytest.raises(ValueError, match="`upper` must be finite; got nan"):
        ranking_intervals([[0, 0]], [[1, math.nan]])
    with pytest.raises(TypeError, match="`targets` must be None or profile numbers; got 3"):
        ranking_intervals([[0, 0]], [[1, 1]], targets=3)


@pytest.mark.parametrize("means", [None, [["a", "b"], ["b", "a"]], [[0.5, None], [None, 0.5]]])
def test_tables_of_no_numbers(means):
    with pytest.raises(TypeError, match="`means` must be an array of real numbers"):
        complete_table(means)


def test_rows_of_different_lengths():
    for solve in (complete_table, system.stationary_distribution, alpha_rank, system.elo):
        with pytest.raises(
            ValueError, match="must be (an array with rows of equal length|a sequence of tables of one)"
        ):
            solve([[0.5, 0.5], [0.5]])


@pytest.mark.parametrize("means", [[[0.5]], np.zeros((0, 0)), math.nan, [[0.5, 0.5]]])
def test_tables_that_cannot_be_completed(means):
    with pytest.raises(
        ValueError, match=r"`means` must be a (square table of win rates|table of at least two players)"
    ):
        complete_table(means)


def test_frames_keep_their_names():
    pd = pytest.importorskip("pandas")
    names, others = ["x", "y"], ["left", "right"]
    square = pd.DataFrame([[0.5, 0.6], [0.4, 0.5]], index=names, columns=names)
    single = {"population": "single"}
    assert alpha_rank(square, **single).names == (("x", "y"),)
    assert response_graph(square, **single).names == (("x", "y"),)
    assert alpha_rank(square, names=["a", "b"], **single).names == (("a", "b"),)
    pair = [pd.DataFrame(table, index=names, columns=others) for table in PRISONERS]
    expected = (("x", "y"), ("left", "right"))
    for solve in (alpha_rank, response_graph, baselines.eigenvector, system.Game):
        assert solve(pair).names == expected
        assert solve([pair[0], pair[1].to_numpy()]).names == expected
    assert alpha_rank(pd.DataFrame([[0.0, 1.0, 2.0]], columns=list("abc"))).names == (("a", "b", "c"),)
    assert alpha_rank([pd.Series([0.0, 1.0], index=names)]).names == (("x", "y"),)
    assert alpha_rank([pd.DataFrame(table) for table in PRISONERS]).names is None
    assert alpha_rank(pd.DataFrame(square.to_numpy()), **single).names is None
    assert alpha_rank(pd.DataFrame(square.to_numpy(), columns=names), **single).names == (("x", "y"),)


def test_frames_whose_names_do_not_fit():
    pd = pytest.importorskip("pandas")
    turned = pd.DataFrame(STAKES, index=["x", "y"], columns=["y", "x"])
    with pytest.raises(ValueError, match="`payoffs` must be frames whose axes have the same names in the same order"):
        alpha_rank(turned, population="single")
    with pytest.raises(ValueError, match="`payoffs` must be frames whose axes"):
        alpha_rank([turned, turned.T])


# --- options that a method does not use are refused, whatever their value; those that it uses are taken ---------------

CHAIN = np.array([[0.0, 1.0], [3.0, 0.0]])


def stationary(method, options):
    return stationary_distribution((CHAIN, CHAIN) if method == "leading" else CHAIN, method=method, **options)


def ranking(method, options):
    # where no limit is taken, a method needs a chain that has a law of its own
    chain = (
        {} if options.keys() & {"alpha", "limit"} or "perturbation" not in RANKING[method] else {"perturbation": 0.1}
    )
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
    "alpha_rank": (RANKING, ranking, {"alpha": 1.0, "perturbation": 0.1, "limit": "perturbed"}),
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


@pytest.mark.parametrize("chain", [{"alpha": 1.0}, {"perturbation": 0.1}])
@pytest.mark.parametrize("limit", ["perturbed", "alpha"])
def test_no_limit_of_a_chain_that_has_a_law(chain, limit):
    with pytest.raises(ValueError, match="^`limit` must be None at finite `alpha` and with `perturbation`"):
        alpha_rank(PRISONERS, limit=limit, **chain)


BEST = make_good_bad(2, 1)
#: calls with one wrong argument each
WRONG = [
    *(
        (lambda value=value: alpha_rank(PRISONERS, population=value), ValueError, "`population` must be one of 'multi'")
        for value in ("", [], 0, "no", np.zeros(2))
    ),
    (lambda: alpha_rank(PRISONERS, tie_tol=np.zeros(2)), TypeError, "`tie_tol` must be a real number"),
    (lambda: system.profile_chain(PRISONERS, population_size="abc"), TypeError, "`population_size` must be an integer"),
    (lambda: system.fixation_probability([math.nan], population_size=3), ValueError, "`u` must be free of NaN; got n"),
    (lambda: system.kuhn_policies([2]), TypeError, "`n_players` must be an integer"),
    (lambda: system.sample_matches(3, (0, 0), 1), TypeError, "`policies` must be a sequence; got 3"),
    (lambda: system.sample_matches([], (), 1), ValueError, "`policies` must be the strategies of 2, 3 or 4 players"),
    (lambda: system.sample_matches([3, 3], (0, 0), 1), TypeError, r"`policies\[0\]` must be a sequence; got 3"),
    (
        lambda: system.sample_matches([[1], [1]], (0, 0), 1),
        ValueError,
        r"`policies\[0\]\[0\]` must be of shape \(4, 3\)",
    ),
    (lambda: system.sample_matches(system.kuhn_policies(2), 3, 1), TypeError, "`profile` must be a sequence; got 3"),
    (
        lambda: ranking_intervals([[0, 0]], [[1, 1]], targets=np.array(0)),
        TypeError,
        "`targets` must be None or profile",
    ),
    (lambda: system.response_graph_ucb_batch(BEST, 2, bound=np.zeros(2)), ValueError, "`bound` must be one of"),
    (lambda: complete_table(np.eye(2), names=np.array(3.0)), TypeError, "`names` must be"),
]


@pytest.mark.parametrize(("call", "error", "sentence"), WRONG)
def test_wrong_arguments_get_a_sentence(call, error, sentence):
    with pytest.raises(error, match=f"^{sentence}"):
        call()


def test_a_learner_tells_how_far_it_is():
    told = "ResponseGraphUCB((2, 2), delta=0.1, scheme='CW', bound='hoeffding'): 0 samples"
    assert repr(system.ResponseGraphUCB((2, 2))) == told
