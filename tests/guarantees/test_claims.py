"""The claims about levels and coverage on cases counted by hand."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from ready import Binomial, Pool, binomials, pools
from ready.oracles import attained_level, coverage, for_every_count, on_every_split
from scipy import stats

from lrtheory.bounds import (
    Classical,
    OutcomeError,
    Session,
    Statement,
    Tight,
    always,
    check,
    saboteur,
)


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
    sides = coverage(Fraction(9, 10)).sides(Binomial(1, Fraction(5, 8)), ends)
    above = [1, 1, Fraction(3, 4)]  # of 0, 1/2 and 3/4: beyond 3/4 a success alone is covered
    below = [Fraction(1, 2), 1, 1]  # of 1/2, 3/4 and 1: before 1/2 a failure alone is covered
    assert sides.rhs.tolist() == [1, *above, *below]
    assert set(sides.lhs.tolist()) == {Fraction(9, 10)}


def test_coverage_at_limits_is_the_least_on_a_fine_grid():
    solve = for_every_count(lambda k, n: stats.binomtest(k, n).proportion_ci(0.95, method="wilson"))
    for n in (1, 4, 7):
        ends = solve(Binomial(n, Fraction(0)), None)
        least = min(coverage().sides(Binomial(n, Fraction(1, 2)), ends).rhs)
        p = np.linspace(0, 1, 20001)[:, None]
        inside = (ends[:, 0] <= p) & (p <= ends[:, 1])
        assert 0 <= (inside * stats.binom.pmf(np.arange(n + 1), n, p)).sum(1).min() - float(least) < 1e-3


def test_limits_see_what_no_grid_sees():
    # both intervals end at 1/2 and leave the point itself out
    gap = lambda law, rng: np.array([[0, 0.5 - 2**-40], [0.5 + 2**-40, 1]])
    family = binomials(1)
    closed = lambda law, rng: np.array([[0, 1], [0, 1]])
    assert check(statement(family, closed, coverage(Fraction(2, 5))), Session()).verdict == "supported"
    assert check(statement(family, gap, coverage(Fraction(2, 5))), Session()).verdict == "refuted"


@pytest.mark.parametrize(
    ("ends", "sentence"), [([[0, 1]], "two ends for each of 2 counts"), ([[0, 1], [np.nan, 1]], "is NaN")]
)
def test_ends_that_are_none_are_refused(ends, sentence):
    with pytest.raises(OutcomeError, match=sentence):
        coverage().sides(Binomial(1, Fraction(0)), np.array(ends))


def test_infinite_ends_cover_everything():
    assert set(coverage().sides(Binomial(1, Fraction(0)), np.array([[-np.inf, np.inf]] * 2)).rhs.tolist()) == {1}
