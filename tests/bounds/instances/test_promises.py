"""The claims about levels and coverage on cases counted by hand, and three promises of well-known libraries."""

import dataclasses
from fractions import Fraction
from functools import cache, partial

import networkx as nx
import numpy as np
import pytest
from scipy import stats

from lrtheory.bounds import (
    Classical,
    Inequality,
    OutcomeError,
    Session,
    Sides,
    Statement,
    Tight,
    always,
    check,
    saboteur,
)
from lrtheory.bounds.instances import Binomial, Graph, Pool, binomials, graphs, pools
from lrtheory.bounds.instances.oracles import attained_level, best_subset, coverage, for_every_count, on_every_split


def statement(family, solve, claim, **more):
    """A statement about a library, with what is the same for all of them."""
    words = {
        "title": "A promise",
        "says": "What the documentation of the library promises holds on every instance x.",
        "source": Classical("documentation", "of the library"),
        "tex": "x",
        "hypotheses": {"none": always},
    }
    return Statement(id="promises/one", instances=family, solve=solve, claim=claim, **(words | more))


def verdicts(one):
    """The verdict of a statement and those of its saboteurs."""
    return check(one, Session()).verdict, *(check(one.sabotaged(s.name), Session()).verdict for s in one.saboteurs)


# --- levels -----------------------------------------------------------------------------------------------------------


def ranks(x, y):
    """The share of splits whose first sample has a sum of at least that of x: an exact test in Fractions."""
    pool = np.array([*x, *y])
    sums = [sum(pool[[i, j]]) for i in range(len(pool)) for j in range(i)]
    return Fraction(sum(bool(one >= sum(x)) for one in sums), len(sums))


def test_sides_of_a_level_are_counted_by_hand():
    pool = Pool((0, 1, 2), 2)
    sides = attained_level().sides(pool, on_every_split(ranks)(pool, None))
    assert sides.lhs.tolist() == sides.rhs.tolist() == [Fraction(1, 3), Fraction(2, 3), 1]
    tied = attained_level(times=Fraction(1, 2)).sides(Pool((0, 0, 1), 2), np.array([1.0, 0.5, 0.5]))
    assert tied.lhs.tolist() == [Fraction(2, 3), 1]
    assert tied.rhs.tolist() == [Fraction(1, 4), Fraction(1, 2)]


def test_an_exact_test_attains_its_level_and_no_less():
    exact = on_every_split(ranks)
    family = dataclasses.replace(pools(5, bottom=4, least=2), tight=(Tight(Pool((0, 1, 3, 7), 2), 1, 1),))
    family = dataclasses.replace(family, always=[p for p in family.smallest() if p.m == 2], draw=None, climb=None)
    bold = lambda pool, rng: exact(pool, rng) - Fraction(1, 10**30) * (exact(pool, rng) < 1)
    one = statement(
        family,
        exact,
        attained_level(operations=0),
        saboteurs=(
            saboteur("a little too bold", solve=bold),
            saboteur("half", claim=attained_level(times=Fraction(1, 2))),
        ),
    )
    assert verdicts(one) == ("supported", "refuted", "refuted")
    # rounding hides what is far below it, and nothing that is one case of a few dozens
    lenient = dataclasses.replace(one, claim=attained_level(), solve=bold, saboteurs=())
    assert check(lenient, Session()).verdict == "supported"


def test_doubles_below_a_fraction_are_excused_by_their_rounding_alone():
    thirds = lambda pool, rng: np.array([0.3, 1.0, 0.6, 0.6, 0.9, 0.9, 0.3, 0.3, 0.6, 0.9])
    family = dataclasses.replace(pools(ties=False), always=[Pool((0, 1, 2, 3, 4), 2)], draw=None, climb=None)
    assert Fraction(0.3) < Fraction(3, 10)
    assert check(statement(family, thirds, attained_level()), Session()).verdict == "supported"
    assert check(statement(family, thirds, attained_level(operations=0)), Session()).verdict == "refuted"


def test_other_cases_than_splits_are_counted_as_said():
    signs = attained_level(cases=lambda n: 2**n)
    assert signs.sides(1, np.array([0.5, 1.0])).lhs.tolist() == [Fraction(1, 2), 1]
    with pytest.raises(OutcomeError, match="one p-value for each of 4 cases"):
        signs.sides(2, np.array([0.5, 1.0]))


@pytest.mark.parametrize("spoiled", [np.nan, -0.1])
def test_p_values_that_are_none_are_refused(spoiled):
    with pytest.raises(OutcomeError, match="a p-value must be a number that is not negative"):
        attained_level().sides(Pool((0, 1), 1), np.array([1.0, spoiled]))


# --- coverage ---------------------------------------------------------------------------------------------------------


def test_sides_of_coverage_are_counted_by_hand():
    # one trial: [0, 3/4] after a failure, [1/2, 1] after a success
    ends = np.array([[0, 0.75], [0.5, 1]])
    sides = coverage(0.9).sides(Binomial(1, Fraction(5, 8)), ends)
    above = [1, 1, Fraction(3, 4)]  # of 0, 1/2 and 3/4: beyond 3/4 a success alone is covered
    below = [Fraction(1, 2), 1, 1]  # of 1/2, 3/4 and 1: before 1/2 a failure alone is covered
    assert sides.rhs.tolist() == [1, *above, *below]
    assert set(sides.lhs.tolist()) == {Fraction(9, 10)}


def test_coverage_at_limits_is_the_least_on_a_fine_grid():
    solve = for_every_count(partial(interval, method="wilson"))
    for n in (1, 4, 7):
        ends = solve(Binomial(n, 0), None)
        least = min(coverage().sides(Binomial(n, Fraction(1, 2)), ends).rhs)
        p = np.linspace(0, 1, 20001)[:, None]
        inside = (ends[:, 0] <= p) & (p <= ends[:, 1])
        assert 0 <= (inside * stats.binom.pmf(np.arange(n + 1), n, p)).sum(1).min() - float(least) < 1e-3


def test_limits_see_what_no_grid_sees():
    # both intervals end at 1/2 and leave the point itself out
    gap = lambda law, rng: np.array([[0, 0.5 - 2**-40], [0.5 + 2**-40, 1]])
    family = binomials(1, denominator=200)
    closed = lambda law, rng: np.array([[0, 1], [0, 1]])
    assert check(statement(family, closed, coverage(0.4)), Session()).verdict == "supported"
    assert check(statement(family, gap, coverage(0.4)), Session()).verdict == "refuted"
    assert check(statement(family, gap, coverage(0.4, within=Fraction(1, 2**40))), Session()).verdict == "supported"


@pytest.mark.parametrize(
    ("ends", "sentence"), [([[0, 1]], "two ends for each of 2 counts"), ([[0, 1], [np.nan, 1]], "is NaN")]
)
def test_ends_that_are_none_are_refused(ends, sentence):
    with pytest.raises(OutcomeError, match=sentence):
        coverage().sides(Binomial(1, 0), np.array(ends))


def test_infinite_ends_cover_everything():
    assert set(coverage().sides(Binomial(1, 0), np.array([[-np.inf, np.inf]] * 2)).rhs.tolist()) == {1}


# --- promises of libraries --------------------------------------------------------------------------------------------


@cache
def interval(k, n, method="exact", level=0.95):
    """The interval of scipy."""
    return tuple(stats.binomtest(k, n).proportion_ci(level, method=method))


def test_scipy_exact_intervals_cover_at_least_as_often_as_they_say():
    one = statement(
        binomials(8),
        for_every_count(interval),
        coverage(),
        saboteurs=(
            saboteur("intervals of Wilson", solve=for_every_count(partial(interval, method="wilson"))),
            saboteur("at 0.98", claim=coverage(0.98)),
            saboteur("at the level 0.9", solve=for_every_count(partial(interval, level=0.9))),
        ),
    )
    assert verdicts(one) == ("supported", "refuted", "refuted", "refuted")


def test_networkx_finds_a_vertex_cover_within_twice_the_least_weight():
    def cover(graph, rng):
        return sorted(nx.approximation.min_weighted_vertex_cover(graph.nx(), weight="weight"))

    def heavier(graph, rng):
        return sorted({max(edge, key=lambda node: (graph.weights[node], node)) for edge in graph.edges})

    def weight(graph, chosen):
        return sum(graph.weights[node] for node in chosen)

    def covers(graph, chosen):
        return all(u in chosen or v in chosen for u, v in graph.edges)

    def within(factor):
        def sides(graph, chosen):
            least = best_subset(range(graph.n), partial(weight, graph), feasible=partial(covers, graph), largest=False)
            # what is no cover fails, however light it is, and it is the worst that a solver can return
            fails = 1 + 2 * sum(graph.weights)
            lhs = weight(graph, chosen) if covers(graph, chosen) else fails
            return Sides(lhs=lhs, rhs=factor * least.value, trivial=fails)

        return Inequality(sides)

    # on a path the order of the nodes matters: the middle one is paid for by the first edge, and taken by the second
    family = graphs(6, weights=(0, 9))
    one = statement(
        dataclasses.replace(family, tight=(Tight(Graph(3, ((0, 1), (1, 2)), weights=(1, 1, 1)), 1, 1),)),
        cover,
        within(2),
        may_vary={"outcome": "how many nodes cover the edges is the solver's"},
        saboteurs=(
            saboteur("the heavier end of every edge", solve=heavier),
            saboteur("nothing", solve=lambda graph, rng: []),
            saboteur("3/2", claim=within(Fraction(3, 2))),
        ),
    )
    assert verdicts(one) == ("supported", "refuted", "refuted", "refuted")


def cramer_von_mises(x, y):
    """The default p-value of scipy, exact for samples as small as these."""
    return stats.cramervonmises_2samp(x, y).pvalue


def test_scipy_cramer_von_mises_keeps_its_level_without_ties_and_not_with_them():
    solve = on_every_split(cramer_von_mises)
    untied = statement(
        pools(7, bottom=4, least=2, ties=False),
        solve,
        attained_level(),
        saboteurs=(saboteur("half of the level", claim=attained_level(times=Fraction(1, 2))),),
    )
    assert verdicts(untied) == ("supported", "refuted")
    tied = check(dataclasses.replace(untied, instances=pools(7, bottom=4, least=2, ties=True, name="tied")), Session())
    assert tied.verdict == "refuted"
    # two equal values in each sample: a p-value of 0 in one of three splits
    sides = attained_level().sides(Pool((0, 0, 1, 1), 2), solve(Pool((0, 0, 1, 1), 2), None))
    assert (sides.lhs[0], sides.rhs[0]) == (Fraction(1, 3), 0)
