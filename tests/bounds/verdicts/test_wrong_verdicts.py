"""False claims that were supported, and true ones that were refuted, before the engine knew better."""

import dataclasses
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.bounds import (
    BUDGETS,
    Expectation,
    Family,
    Identity,
    Inequality,
    Law,
    OutcomeError,
    Rate,
    Session,
    Sides,
    Statement,
    StatementError,
    check,
    rounding,
    saboteur,
)
from lrtheory.bounds.running.handover import kinds_of
from tests.bounds.toys import GAUSS, HEDGE, UNIFORM, inequality

DRAWN = Family("drawn", always=(1, 2), draw=lambda draws: draws.integers(5, 9))


def toy(**changes) -> Statement:
    """An identity, the instance itself."""
    own = {"instances": Family("few", always=(1, 2, 3)), "solve": lambda i, rng: i, "saboteurs": ()}
    return dataclasses.replace(GAUSS, **own | {"claim": Identity(lambda i, o: Sides(o, i))} | changes)


def verdict(**changes):
    return check(toy(**changes), Session()).verdict


# --- one statement is not judged by the outcome of another ------------------------------------------------------------


def size(view, rng):
    return len(view)


def test_two_views_of_one_family_name_do_not_share_outcomes():
    session = Session()
    families = [Family("pairs", always=((1, 1),), view=view) for view in (list, set)]
    claim = Identity(lambda i, o: Sides(o, 2))
    found = [check(toy(instances=family, solve=size, claim=claim), session).verdict for family in families]
    assert found == ["supported", "refuted"]


def test_a_saboteur_that_changes_the_view_alone_is_refuted():
    family = Family("pairs", always=((1, 1),), view=list)
    other = saboteur("sets", instances=dataclasses.replace(family, view=set))
    statement = toy(instances=family, solve=size, claim=Identity(lambda i, o: Sides(o, 2)), saboteurs=(other,))
    session = Session()
    assert check(statement, session).verdict == "supported"
    assert check(statement.sabotaged("sets"), session).verdict == "refuted"


def test_classes_that_are_written_alike_do_not_share_outcomes():
    def case(factor):
        @dataclasses.dataclass(frozen=True)
        class Case:
            n: int

            def times(self):
                return factor * self.n

        return Case(3)

    session, solve = Session(), lambda i, rng: i.times()
    claim = Identity(lambda i, o: Sides(o, 3))
    found = [
        check(toy(instances=Family("cases", always=(case(factor),)), solve=solve, claim=claim), session).verdict
        for factor in (1, 2)
    ]
    assert found == ["supported", "refuted"]
    assert kinds_of([1, 2, 3.0]) == ((list, 1), (int, 2), (float, 1))


# --- sides that are no real numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sides",
    [
        lambda i, o: Sides(np.array([i + 5j]), np.array([float(i)]), rounding=1e-9),
        lambda i, o: Sides(i + 100j, 200, rounding=1e-9),
        lambda i, o: Sides(np.array([i + 5j], object), i),
        lambda i, o: Sides(i, i, rounding=1j),
        lambda i, o: Sides(None, i),
        lambda i, o: Sides("1", i),
    ],
)
def test_a_side_that_is_no_real_number_is_an_error(sides):
    with pytest.raises(OutcomeError, match="must hold real numbers"):
        check(toy(claim=inequality(sides)), Session())
    with pytest.raises(OutcomeError, match="must hold real numbers"):
        check(toy(claim=Identity(sides)), Session())


@pytest.mark.parametrize("side", ["trivial", "least"])
def test_a_limit_that_is_complex_is_an_error(side):
    with pytest.raises(OutcomeError, match=f"`{side}` must hold real numbers"):
        check(toy(claim=Inequality(lambda i, o: Sides(i, i, **{side: 9 + 1j}))), Session())


def test_a_sample_or_a_cost_that_is_complex_is_an_error():
    runs = {"solve": lambda i, rng, n: rng.random(n) + 100j}
    mean = Expectation(lambda i, x: x, lambda i: (0, 1), at_most=lambda i: 0.6)
    cost = Rate(lambda i, x: x, size=float, over=float, exponent=(-1, 1))
    for claim in (mean, cost):
        with pytest.raises(OutcomeError, match="must hold real numbers"):
            check(toy(claim=claim, **runs), Session())


def test_long_doubles_are_taken_over_without_loss():
    near = np.longdouble(1) + np.longdouble(2) ** -60
    if near == 1:
        pytest.skip("long doubles are doubles here")
    one = Identity(lambda i, o: Sides(o, 1))
    assert verdict(solve=lambda i, rng: near, claim=one) == "refuted"
    assert verdict(solve=lambda i, rng: np.array(near), claim=one) == "refuted"
    exact = Identity(lambda i, o: Sides(o, 1.0 if isinstance(o, np.floating) else 1 + Fraction(1, 2**60)))
    assert verdict(solve=lambda i, rng: near, claim=exact) == "supported"


# --- limits that exclude nothing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("within", "due"), [(2.0, "inconclusive"), (0.75, "inconclusive"), (0.7, "supported")])
def test_a_law_within_which_every_law_lies_is_vacuous(within, due):
    law = Law(lambda i, x: x, lambda i: np.array([0.5, 0.25, 0.25]), within=within)
    solve = lambda i, rng, n: rng.choice(3, n, p=[0.5, 0.25, 0.25])
    evidence = check(toy(claim=law, solve=solve), Session())
    assert evidence.verdict == due
    assert ("vacuous" in evidence.message) == (due == "inconclusive")


def test_a_law_of_one_category_is_vacuous():
    law = Law(lambda i, x: x, lambda i: np.ones(1), within=0.1)
    assert verdict(claim=law, solve=lambda i, rng, n: np.zeros(n, int)) == "inconclusive"


@pytest.mark.parametrize(("within", "due"), [(10, "inconclusive"), (0.505, "inconclusive"), (0.4, "supported")])
def test_a_mean_within_which_every_mean_lies_is_vacuous(within, due):
    claim = Expectation(lambda i, x: x, lambda i: (0, 1), equals=lambda i: 0.505, within=lambda i: within)
    assert verdict(claim=claim, solve=lambda i, rng, n: rng.random(n)) == due


@pytest.mark.parametrize("exponent", [(-99, 99), (-np.inf, 99)])
def test_a_rate_that_no_count_could_miss_is_vacuous(exponent):
    rungs = Family("ladder", always=(1, 10, 100))
    solve = lambda i, rng, n: i * (1 + rng.random(n))
    claim = Rate(lambda i, x: x, size=float, over=float, exponent=exponent)
    assert verdict(instances=rungs, solve=solve, claim=claim) == "inconclusive"
    one_sided = Rate(lambda i, x: x, size=float, over=float, exponent=(-np.inf, 0.2))
    assert verdict(instances=rungs, solve=solve, claim=one_sided) == "supported"


def test_rounding_as_large_as_everything_is_vacuous():
    wrong = lambda i, o: Sides(lhs=-5.0 * i, rhs=float(i), rounding=1e300)
    for claim in (Identity(wrong), inequality(wrong)):
        evidence = check(toy(claim=claim), Session())
        assert (evidence.verdict, evidence.vacuous) == ("inconclusive", 3)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_a_residual_that_is_zero_within_rounding_is_not_vacuous(unit):
    family = Family("units", always=tuple(unit * np.array([0.1, 0.2, 0.3 * k]) for k in (1, 2)))
    residual = lambda x, y: Sides(np.sum(x - y), 0.0, rounding=rounding(6, np.abs(x).sum()))
    assert verdict(instances=family, solve=lambda x, rng: 3 * x / 3, claim=Identity(residual)) == "supported"
    assert verdict(instances=family, solve=lambda x, rng: 2 * x, claim=Identity(residual)) == "refuted"


def test_rounding_says_nothing_of_zeros():
    zeros = Family("zeros", always=(np.zeros(2),))
    sides = lambda x, y: Sides(y, x, rounding=1e-9)
    assert verdict(instances=zeros, claim=Identity(sides)) == "supported"
    assert verdict(instances=zeros, solve=lambda x, rng: x + 1, claim=Identity(sides)) == "refuted"


def test_a_bound_that_is_trivial_by_its_rounding_alone_is_vacuous():
    bound = lambda excess: Inequality(lambda i, o: Sides(0.5, 0.9, trivial=1.0, rounding=excess))
    assert verdict(claim=bound(0.05)) == "supported"
    assert verdict(claim=bound(0.2)) == "inconclusive"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"equals": lambda i: 0.5, "within": lambda i: 0.0}, "`within` of an Expectation must be above 0; got 0.0"),
        ({"equals": lambda i: 0.5, "within": lambda i: np.nan}, "`within` of an Expectation must be above 0; got nan"),
        ({"equals": lambda i: np.nan, "within": lambda i: 0.1}, "`equals` of an Expectation must be a number; got NaN"),
        ({"at_most": lambda i: np.nan}, "`at_most` of an Expectation must be a number; got NaN"),
    ],
)
def test_limits_without_meaning_are_errors(fields, sentence):
    claim = Expectation(lambda i, x: x, lambda i: (0, 1), **fields)
    with pytest.raises(StatementError, match=sentence):
        check(toy(claim=claim, solve=lambda i, rng, n: rng.random(n)), Session())


@pytest.mark.parametrize("within", [0, -1.0, float("nan"), "0.1"])
def test_a_law_within_nothing_is_an_error(within):
    with pytest.raises(StatementError, match="`within` of Law must be a number above 0"):
        dataclasses.replace(UNIFORM.claim, within=within)


# --- what is no fault of the algorithm --------------------------------------------------------------------------------


def test_an_algorithm_with_other_arguments_is_no_refutation():
    with pytest.raises(StatementError, match=r"`solve` must take \(instance, rng\); got one that takes \(i\)"):
        check(toy(solve=lambda i: i), Session())
    with pytest.raises(StatementError, match=r"must take \(instance, rng, n\)"):
        check(dataclasses.replace(HEDGE, solve=lambda losses, rng: 0), Session())
    wrong = saboteur("no stream", solve=lambda i: i + 1)
    with pytest.raises(StatementError, match="must take"):
        check(toy(saboteurs=(wrong,)).sabotaged("no stream"), Session())
    assert verdict(solve=lambda *arguments: arguments[0]) == "supported"
    assert verdict(solve=lambda i, rng, extra=0: i) == "supported"


def test_a_package_that_is_missing_is_no_refutation():
    def solve(i, rng):
        import lrtheory_has_no_such_package  # noqa: F401

    with pytest.raises(StatementError, match="lrtheory_has_no_such_package"):
        check(toy(solve=solve), Session())
    with pytest.raises(StatementError, match="lrtheory_has_no_such_package"):
        check(toy(saboteurs=(saboteur("missing", solve=solve),)).sabotaged("missing"), Session())


def test_an_error_of_the_view_is_no_refutation():
    family = Family("views", always=(1,), view=lambda i: 1 / 0)
    with pytest.raises(
        StatementError, match="`view` raised ZeroDivisionError: division by zero .test_wrong_verdicts.py"
    ):
        check(toy(instances=family), Session())


@dataclasses.dataclass(frozen=True)
class Counted:
    values: tuple

    def __post_init__(self):
        object.__setattr__(self, "n", len(self.values))


@pytest.mark.parametrize(
    ("solve", "claim"),
    [
        (lambda i, rng: i.n, Identity(lambda i, o: Sides(o, 2))),
        (lambda i, rng: 2, Identity(lambda i, o: Sides(o, i.n))),
    ],
)
def test_an_attribute_that_is_no_field_is_named(solve, claim):
    with pytest.raises(StatementError, match=r"declare `n: ... = field\(init=False\)`"):
        check(toy(instances=Family("counted", always=(Counted((1, 2)),)), solve=solve, claim=claim), Session())


@pytest.mark.parametrize("error", [SystemExit, GeneratorExit])
def test_an_exit_within_an_algorithm_refutes_as_any_error_does(error):
    def leave(i, rng):
        raise error(0)

    evidence = check(toy(solve=leave), Session())
    assert (evidence.verdict, evidence.worst["lhs"]) == ("refuted", f"`solve` raised {error.__name__}: 0")
    sabotaged = toy(saboteurs=(saboteur("leaves", solve=leave),)).sabotaged("leaves")
    assert check(sabotaged, Session()).verdict == "inconclusive"


def test_a_mapping_of_a_kind_of_its_own_was_not_overwritten():
    family = Family("tables", always=(OrderedDict(a=1, b=OrderedDict(c=2)),))
    claim = Identity(lambda i, o: Sides(o, 3))
    assert verdict(instances=family, solve=lambda i, rng: i["a"] + i["b"]["c"], claim=claim) == "supported"
    assert verdict(instances=family, solve=lambda i, rng: i["b"].pop("c") + 1, claim=claim) == "refuted"


# --- hypotheses and draws ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [(x > 0 for x in [-1]), len, "False", None, 1, np.array([True, False])])
def test_a_hypothesis_answers_true_or_false(answer):
    unclear = {"positive": lambda i: answer}
    with pytest.raises(
        StatementError, match="toy/GAUSS on few:always-0: the hypothesis 'positive' must be True or Fal"
    ):
        check(toy(hypotheses=unclear), Session())
    with pytest.raises(StatementError, match="the hypothesis 'positive' must be True or False"):
        check(toy(hypotheses=unclear), Session(), instance=1)
    dropped = saboteur("dropped", breaks="positive", instances=Family("one", always=(1,)))
    with pytest.raises(StatementError, match="must be True or False"):
        check(toy(hypotheses=unclear, saboteurs=(dropped,)).sabotaged("dropped"), Session())


def test_a_hypothesis_may_answer_in_numpy():
    assert verdict(hypotheses={"positive": lambda i: np.int64(i) > 0}) == "supported"


def test_draws_that_all_break_a_hypothesis_support_nothing():
    evidence = check(toy(instances=DRAWN, hypotheses={"small": lambda i: i < 5}), Session())
    assert evidence.verdict == "inconclusive"
    assert f"none of {BUDGETS['quick'].draws} drawn instances satisfies the hypotheses" in evidence.message
    assert check(toy(instances=DRAWN), Session()).verdict == "supported"


def test_two_variants_have_two_names():
    same, wrong = (saboteur("n", solve=lambda i, rng, k=k: i + k) for k in (0, 1))
    with pytest.raises(StatementError, match="toy/GAUSS: two saboteurs have one name: 'n'"):
        toy(saboteurs=(same, wrong))
    for name in ("", "  ", None):
        with pytest.raises(StatementError, match="must have a name"):
            saboteur(name, solve=lambda i, rng: 0)


# --- doubles that were wrong once -------------------------------------------------------------------------------------


def test_doubles_that_were_wrong_on_one_instance_filter_no_other():
    # the first instance shows that doubles are blind here; the drawn ones are then decided exactly, all of them
    family = Family("blind", always=(0,), draw=lambda draws: draws.integers(1, 9))
    cancels = inequality(lambda i, x: Sides((x + 7 * min(i, 1) + 2) - x, 5))
    evidence = check(toy(instances=family, solve=lambda i, rng: 1e17, claim=cancels), Session())
    assert (evidence.verdict, evidence.worst["instance"]) == ("refuted", "json:1")
    assert evidence.n_instances == 2
