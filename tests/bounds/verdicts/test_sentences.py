"""Mistakes of authors: each gets one sentence that names the statement, the instance, the part, and what is wrong."""

import dataclasses
import json
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.bounds import (
    Expectation,
    Family,
    FromGenerator,
    FromHypothesis,
    Identity,
    Inequality,
    Law,
    Probability,
    Rate,
    Session,
    Sides,
    StatementError,
    check,
    repair,
    saboteur,
)
from lrtheory.cli import main
from tests.bounds.toys import GAUSS, UNIFORM, inequality

FEW = Family("few", always=(1, 2, 3))


def toy(**changes):
    own = {"instances": FEW, "solve": lambda i, rng: i, "saboteurs": (), "claim": Identity(lambda i, o: Sides(o, i))}
    return dataclasses.replace(GAUSS, **own | changes)


def verdict(**changes):
    return check(toy(**changes), Session()).verdict


# --- numbers beyond doubles -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "power", [10**400, Fraction(10**400, 3), -(10**400), 10**5000], ids=["large", "fraction", "negative", "huge"]
)
def test_numbers_beyond_doubles_are_compared(power):
    solve = lambda i, rng: power
    for shift, due in ((0, "supported"), (1, "refuted")):
        equal = Identity(lambda i, o, shift=shift: Sides(o, power + shift))
        below = inequality(lambda i, o, shift=shift: Sides(o + shift, power))
        assert verdict(solve=solve, claim=equal) == due
        assert verdict(solve=solve, claim=below) == due
    assert verdict(solve=solve, claim=inequality(lambda i, o: Sides(abs(o), 5))) == "refuted"
    assert verdict(solve=solve, claim=inequality(lambda i, o: Sides(5, abs(o)))) == "supported"
    assert "5" in check(toy(solve=solve, claim=inequality(lambda i, o: Sides(o, 5))), Session()).worst["rhs"]
    with pytest.raises(StatementError, match="beyond the range of doubles"):
        check(toy(solve=solve, claim=Identity(lambda i, o: Sides(o, power, rounding=1.0))), Session())


@pytest.mark.parametrize("ends", [(0, 10**30), (-(10**30), -5), (10**30, 10**30), (2**63, 2**63 + 1)])
def test_integers_of_any_size_are_drawn(ends):
    draws = FromGenerator(np.random.default_rng(0))
    drawn = [draws.integers(*ends) for _ in range(100)]
    assert all(type(one) is int and ends[0] <= one <= ends[1] for one in drawn)
    assert len(set(drawn)) == min(100, ends[1] - ends[0] + 1)


@pytest.mark.parametrize("draws", [FromGenerator(np.random.default_rng(0)), FromHypothesis(None)])
def test_ends_of_draws_that_cannot_be_are_named(draws):
    with pytest.raises(StatementError, match="large integers one by one"):
        draws.integers(0, 10**30, shape=3)
    with pytest.raises(StatementError, match="low <= high; got 3 and 1"):
        draws.integers(3, 1, shape=3)


# --- errors of the parts of a statement -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "error"),
    [
        (Identity(lambda i, o: Sides(o[1], i)), "TypeError: 'int' object is not subscriptable"),
        (Identity(lambda i, o: Sides(i // 0, i)), "ZeroDivisionError"),
        (Identity(lambda i, o: Sides({}["q"], i)), "KeyError: 'q'"),
        (inequality(lambda i, o: exit()), "SystemExit"),
    ],
)
def test_an_error_of_the_claim_names_statement_instance_and_line(claim, error):
    with pytest.raises(StatementError) as caught:
        check(toy(claim=claim), Session())
    said = str(caught.value)
    assert said.startswith(f"toy/GAUSS on few:always-0: the claim raised {error}")
    assert "test_sentences.py, line" in said
    assert caught.value.__cause__ is not None


def test_errors_of_hypotheses_draws_and_climbs_name_them():
    broken = lambda *arguments: [][1]
    with pytest.raises(StatementError, match="toy/GAUSS on few:always-0: the hypothesis 'odd' raised IndexError"):
        check(toy(hypotheses={"odd": broken}), Session())
    with pytest.raises(StatementError, match="bad:0: `draw` raised IndexError"):
        check(toy(instances=Family("bad", always=(1,), draw=broken)), Session())
    with pytest.raises(StatementError, match="the family bad: `climb` raised IndexError"):
        check(toy(instances=Family("bad", always=(1,), climb=broken)), Session())
    with pytest.raises(StatementError, match="`always` of the family bad must be a list"):
        check(toy(instances=Family("bad", always=3)), Session())


@pytest.mark.parametrize("field", ["event", "at_most", "exact"])
def test_errors_of_a_claim_about_chance_name_it(field):
    fields = {"event": lambda i, x: x < 0.1, "at_most": lambda i: 0.5, "exact": lambda i: 0.1}
    claim = Probability(**fields | {field: lambda *arguments: [][1]})
    with pytest.raises(StatementError, match="toy/GAUSS on few:always-0: the claim raised IndexError"):
        check(toy(claim=claim, solve=lambda i, rng, n: rng.random(n)), Session())


def test_a_long_instance_is_cut_in_a_sentence():
    family = Family("long", always=(1,), draw=lambda draws: tuple(draws.integers(0, 9, shape=200).tolist()))
    claim = Identity(lambda i, o: Sides(o, i) if i == 1 else [][1])
    with pytest.raises(StatementError) as caught:
        check(toy(instances=family, claim=claim), Session())
    assert len(str(caught.value)) < 300


# --- fields of another kind -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"hypotheses": [lambda i: True]}, "toy/GAUSS: `hypotheses` must be a mapping of names to functions"),
        ({"hypotheses": {"odd": True}}, "`hypotheses` must be a mapping"),
        ({"instances": [1, 2]}, r"`instances` must be a Family; got \[1, 2\]"),
        ({"saboteurs": saboteur("x", solve=len)}, "`saboteurs` must be a tuple of saboteur"),
        ({"repairs": repair("x", solve=len)}, "`repairs` must be a tuple of repair"),
        ({"solve": 3}, "`solve` must be a function; got 3"),
        ({"claim": Sides(1, 2)}, "`claim` must be a claim"),
        ({"id": 3}, "`id` must be text"),
        ({"violated": True}, "`violated` must be a Violated or None"),
    ],
)
def test_a_field_of_another_kind_is_named(changes, sentence):
    with pytest.raises(StatementError, match=sentence):
        toy(**changes)


ONE = lambda i: 1


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Identity(Sides(1, 2)), "`sides` of Identity must be a function"),
        (lambda: Inequality(3), "`sides` of Inequality must be a function"),
        (lambda: Inequality(ONE, numbers=float), "`numbers` of Inequality must be Fraction or Ball"),
        (lambda: Inequality(ONE, outside=0.1), "`outside` of Inequality must be a Probability or None"),
        (lambda: Probability(ONE, at_most=0.6), "`at_most` of Probability must be a function"),
        (lambda: Expectation(ONE, support=(0, 1), at_most=ONE), "`support` of Expectation must be a function"),
        (lambda: Expectation(ONE, ONE, at_most=0.6), "`at_most` of Expectation must be a function, such as a lambda"),
        (lambda: Law(ONE, [0.5, 0.5], within=0.1), "`probabilities` of Law must be a function"),
        (lambda: Rate(ONE, ONE, 3, (0, 1)), "`over` of Rate must be a function"),
        (lambda: Rate(ONE, ONE, ONE, 3), r"`exponent` must be a pair of numbers \(low, high\); got 3"),
        (lambda: Rate(ONE, ONE, ONE, (1, 0)), "low < high"),
        (lambda: saboteur("s", patch=(len, "a")), r"must be \(function, old, new\)"),
        (lambda: repair("", solve=len), "a repair must have a name"),
    ],
)
def test_a_field_of_a_claim_or_a_variant_of_another_kind_is_named(make, sentence):
    with pytest.raises(StatementError, match=sentence):
        make()


def test_what_functions_of_a_claim_return_is_checked():
    for wrong in ((1, 2), None):
        with pytest.raises(StatementError, match=r"`sides` must return Sides\(lhs=..., rhs=...\); got"):
            check(toy(claim=Identity(lambda i, o, wrong=wrong: wrong)), Session())
    mean = Expectation(lambda i, x: x, lambda i: 1, at_most=lambda i: 0.6)
    with pytest.raises(StatementError, match=r"`support` must be a pair of numbers \(low, high\); got 1"):
        check(toy(claim=mean, solve=lambda i, rng, n: rng.random(n)), Session())
    empty = dataclasses.replace(UNIFORM.claim, probabilities=lambda updates: [])
    with pytest.raises(StatementError, match="`probabilities` must be a list of one or more"):
        check(dataclasses.replace(UNIFORM, claim=empty), Session())


# --- sides of another kind or shape -----------------------------------------------------------------------------------


def test_truth_values_are_exact():
    for same, due in ((lambda i, o: o == i, "supported"), (lambda i, o: o == i + 1, "refuted")):
        for wrapped in (bool, np.bool_, np.array, lambda value: [value]):
            claim = Identity(lambda i, o, same=same, wrapped=wrapped: Sides(wrapped(same(i, o)), True))
            assert verdict(claim=claim) == due


def test_a_list_of_integers_stays_one():
    for numbers in ([2**63, -1], [np.uint64(2**63), np.int64(-1)], [2**63, Fraction(1, 2)]):
        claim = Identity(lambda i, o, numbers=numbers: Sides(numbers, [2**63, *numbers[1:]]))
        assert verdict(claim=claim) == "supported"
        claim = Identity(lambda i, o, numbers=numbers: Sides(numbers, [2**63 + 1, *numbers[1:]]))
        assert verdict(claim=claim) == "refuted"


@dataclasses.dataclass(frozen=True)
class Total:
    values: tuple
    total: float = dataclasses.field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "total", sum(self.values))


def test_fields_that_are_computed_are_taken_over():
    family = Family("totals", always=(Total((0.25, 0.5)),))
    claim = Identity(lambda i, o: Sides(o, i.total))
    assert verdict(instances=family, solve=lambda i, rng: 0.75, claim=claim) == "supported"
    assert verdict(instances=family, solve=lambda i, rng: 0.76, claim=claim) == "refuted"


@pytest.mark.parametrize(
    "sides",
    [
        Sides(np.zeros(3, int), np.zeros((3, 3), int)),
        Sides(np.zeros((3, 1), int), np.zeros((3, 3), int)),
        Sides(np.zeros(1, int), np.zeros(3, int)),
        Sides(np.zeros(3, int), np.zeros(3, int), trivial=np.ones(2)),
        Sides(np.zeros((3, 3), int), np.zeros((3, 3), int), trivial=np.ones(3)),
        Sides(np.zeros(3, int), np.zeros(3, int), least=np.ones((1, 3))),
        Sides(np.zeros(3, int), np.zeros(3, int), rounding=np.ones(2)),
    ],
)
def test_sides_of_other_shapes_are_not_broadcast(sides):
    with pytest.raises(StatementError, match="toy/GAUSS on few:always-0: the sides have the shape"):
        check(toy(claim=inequality(lambda i, o: sides)), Session())


def test_a_lone_number_stands_for_all_entries():
    claim = Inequality(lambda i, o: Sides(np.zeros((2, 3), int), 1, trivial=2))
    assert check(toy(claim=claim), Session()).counts["entries"] == 18


# --- the command line -------------------------------------------------------------------------------------------------

NOISY = """
from lrtheory.bounds import Classical, Family, Identity, Sides, Statement, saboteur

print("on import")


def solve(i, rng):
    print("a line of the algorithm")
    return i


NOISY = Statement(
    id="mine/noisy",
    title="A number is itself",
    says="Every number that is looked at is itself.",
    source=Classical("equality", "school"),
    tex="i = i",
    hypotheses={"none": lambda i: True},
    instances=Family("numbers", always=(1,), draw=lambda draws: draws.integers(2, 9)),
    solve=solve,
    claim=Identity(lambda i, o: Sides(o, i, WHERE)),
    saboteurs=(saboteur("one more", solve=lambda i, rng: i + 1),),
)
"""


@pytest.fixture
def noisy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "noisy.py"


def test_with_json_nothing_else_is_printed(noisy, capsys):
    noisy.write_text(NOISY.replace(", WHERE", ""))
    assert main(["check", "noisy.py::mine/noisy", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["verdict"] == "supported"
    assert "a line of the algorithm" in printed.err
    assert main(["list", "noisy.py::*", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == "mine/noisy"


def test_an_error_of_a_claim_is_wrong_usage_and_no_refutation(noisy, capsys):
    noisy.write_text(NOISY.replace("WHERE", "1 // (i - i)"))
    assert main(["check", "noisy.py::mine/noisy"]) == 3
    assert "lrtheory: mine/noisy on numbers:always-0: the claim raised ZeroDivisionError" in capsys.readouterr().err
