"""What no algorithm may gain by: writing into its instance, lies about its outcome, claims that say nothing, luck."""

import dataclasses
import shlex
import sys
import types
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest

from lrtheory.bounds import (
    Family,
    Identity,
    Inequality,
    Measured,
    OutcomeError,
    Probability,
    Session,
    Sides,
    StatementError,
    check,
    saboteur,
)
from lrtheory.bounds.trust.forger import FORGING, forge
from lrtheory.bounds.trust.lies import changed, leaves
from lrtheory.bounds.trust.user_solver import check_own
from tests.bounds import toys
from tests.bounds.toys import GAUSS, HEDGE, NINETEEN, TOYS, inequality


def variant(statement=GAUSS, **changes):
    return dataclasses.replace(statement, **changes)


# --- the instance ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Nested:
    """Arrays and lists at every depth."""

    values: np.ndarray
    parts: tuple[dict[str, np.ndarray], ...]
    notes: list[int]


def nested():
    return Nested(np.arange(3.0), ({"x": np.ones(2)},), [1, 2])


def total_claimed(instance, total):
    return Sides(lhs=instance.values.sum() + instance.parts[0]["x"].sum() + sum(instance.notes), rhs=total)


NESTED = variant(
    instances=Family("nested", always=(nested(),)),
    claim=Identity(total_claimed),
    solve=lambda instance, rng: total_claimed(instance, 0).lhs,
)


def write(array):
    array.flags.writeable = True
    array[:] = 0


VANDALS = {
    "values": lambda instance: write(instance.values),
    "parts.0.x": lambda instance: write(instance.parts[0]["x"]),
    "notes": lambda instance: instance.notes.clear(),
    "notes.1": lambda instance: instance.notes.__setitem__(1, 7),
}


@pytest.mark.parametrize("place", VANDALS)
def test_a_solver_that_changes_its_instance_is_refuted_in_words(place):
    def solve(instance, rng):
        honest = NESTED.solve(instance, rng)
        VANDALS[place](instance)
        return honest

    evidence = check(variant(NESTED, solve=solve), Session())
    assert evidence.verdict == "refuted"
    assert evidence.worst["lhs"] == f"`solve` overwrote its instance: {place}"
    assert f"overwrote its instance: {place}" in str(evidence)
    assert check(NESTED, Session()).verdict == "supported"  # the instance of the family is as it was


def test_what_a_solver_gets_is_read_only_however_deep():
    def solve(instance, rng):
        instance.parts[0]["x"][:] = 0

    evidence = check(variant(NESTED, solve=solve), Session())
    assert evidence.verdict == "refuted"
    assert "read-only" in evidence.message


def test_a_random_solver_that_changes_its_instance_is_refuted():
    def solve(losses, rng, n):
        write(losses.table)
        return toys.hedge(losses, rng, n)

    evidence = check(variant(HEDGE, solve=solve), Session())
    assert (evidence.verdict, evidence.worst["lhs"]) == ("refuted", "`solve` overwrote its instance: table")
    assert "no run was judged" in str(evidence)


# --- the outcome -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("toy", TOYS, ids=lambda toy: toy.id)
def test_no_lie_about_a_toy_is_supported(toy):
    assert forge(toy, Session(FORGING)).supported == ()


@dataclass(frozen=True)
class Answer:
    """What is chosen, and what it is said to be worth."""

    chosen: np.ndarray
    worth: float
    seconds: float = 1.0


CHOICE = variant(
    instances=Family(
        "choices", always=(np.array([3.0, 5.0, 1.0]), np.array([2.0, 7.0])), draw=lambda d: d.floats(0, 1, 4)
    ),
    solve=lambda worths, rng: Answer(np.array([int(worths.argmax())]), float(worths.max())),
)


def believed(worths, answer):
    return Sides(lhs=worths.max() / 2, rhs=answer.worth, least=0)


def judged(worths, answer):
    if not ((answer.chosen >= 0) & (answer.chosen < len(worths))).all():
        raise OutcomeError("an item that there is not")
    worth = worths[answer.chosen].sum()
    lhs, rhs = [worths.max() / 2, answer.worth, worth], [worth, worth, answer.worth]
    return Sides(lhs, rhs, least=[0, -np.inf, 0])


def test_a_claim_that_believes_a_report_is_fooled():
    statement = variant(CHOICE, claim=Inequality(believed), decisions=("chosen",))
    lies = {str(lie) for lie in forge(statement, Session(FORGING)).supported}
    assert {"worth: 10^9", "worth: 5 % more", "worth: the bound itself", "chosen: zero", "seconds: zero"} - lies == {
        "worth: the bound itself"
    }


def test_a_claim_that_judges_decisions_is_not():
    claim = Inequality(judged, unbounded="a report may be any number")
    statement = variant(CHOICE, claim=claim, decisions=("chosen",))
    assert {lie.path for lie in forge(statement, Session(FORGING)).supported} == {"seconds"}
    honest = variant(statement, unread={"seconds": "the time of a run is no part of the claim"})
    assert forge(honest, Session(FORGING)).supported == ()
    false = variant(statement, unread={"seconds": "not read", "worth": "not read"})
    assert {str(lie) for lie in forge(false, Session(FORGING)).supported} == {"worth: is declared unread, and is read"}


def test_leaves_and_their_changes():
    outcome = {"a": (np.arange(2), [Answer(np.zeros(1), 2.0), Answer(np.ones(1), 3.0)]), "b": "text", "c": None}
    assert list(leaves(outcome)) == ["a.0", "a.1.*.chosen", "a.1.*.worth", "a.1.*.seconds"]
    assert leaves(changed(outcome, "a.1.*.worth", lambda x: x + 1))["a.1.*.worth"] == [3.0, 4.0]
    assert leaves(outcome)["a.1.*.worth"] == [2.0, 3.0]
    assert leaves(2.5) == {"outcome": [2.5]}
    with pytest.raises(StatementError, match="must be numbers, arrays and containers"):
        leaves(object())


def test_a_claim_about_a_formula_takes_no_solver():
    closed = variant(closed="both sides are formulas of the library.")
    with pytest.raises(ValueError, match=r"`solve` must be left out for toy/GAUSS \(both sides are formulas"):
        check_own(closed, closed.solve, Session())


class Liar(float):
    """A number that is larger and smaller than everything."""

    def __le__(self, other):
        return True


class Loud(np.float64):
    """A number of NumPy's with comparisons of its own."""


class Twice(np.ndarray):
    """An array with a sum of its own."""


@pytest.mark.parametrize(
    "outcome",
    [
        np.ma.masked_array([1.0], [True]),
        [np.ma.masked],
        Liar(3.0),
        np.zeros(2).view(Twice),
        {"a": (Liar(3.0),)},
        np.array([1, Liar(3.0)], object),
        Loud(3.0),
        object(),
    ],
    ids=lambda outcome: type(outcome).__name__,
)
def test_an_outcome_is_plain_data(outcome):
    with pytest.raises(OutcomeError, match="an outcome holds a"):
        check(variant(solve=lambda n, rng: outcome), Session())


def test_a_claim_reads_fields_and_nothing_that_was_cached_beside_them():
    @dataclass(frozen=True)
    class Found:
        values: np.ndarray

        @cached_property
        def total(self):
            return self.values.sum()

    def lie(n, rng):
        found = Found(np.ones(3))
        found.__dict__["total"] = -1.0
        return found

    statement = variant(
        solve=lie, claim=Inequality(lambda n, found: Sides(found.total, 0), unbounded="it may be any number")
    )
    assert check(statement, Session()).verdict == "refuted"


def test_an_algorithm_returns_no_class_of_its_authors_own():
    class Better(Answer):
        """An answer with methods of its own."""

    Better.__module__ = "mine"
    statement = variant(CHOICE, claim=Inequality(judged, unbounded="a report may be any number"))
    assert check_own(statement, lambda worths, rng: statement.solve(worths, rng), Session()).verdict == "supported"
    with pytest.raises(OutcomeError, match=r"must return Answer\(chosen: .*it holds Better"):
        check_own(statement, lambda worths, rng: Better(np.array([0]), 1.0), Session())


# --- sides that say something ----------------------------------------------------------------------------------------


def test_an_inequality_names_its_trivial_side_or_says_why_there_is_none():
    for sides in (
        Sides(0, 1),
        Sides([0, 0], [1, 1], trivial=[2, np.inf]),
        Sides([0, 0], [1, 1], trivial=[2, np.inf], least=[-np.inf, -np.inf]),
    ):
        with pytest.raises(StatementError, match="trivial side"):
            check(variant(claim=Inequality(lambda n, total, s=sides: s)), Session())
        assert check(variant(claim=inequality(lambda n, total, s=sides: s)), Session()).verdict == "supported"
    either = Sides([0, 0], [1, 1], trivial=[2, np.inf], least=[-np.inf, -1])
    assert check(variant(claim=Inequality(lambda n, total: either)), Session()).verdict == "supported"


def test_a_saboteur_has_the_reason_of_its_statement():
    wrong = saboteur("wrong", claim=Inequality(lambda n, total: Sides(1, 0)))
    statement = variant(claim=inequality(lambda n, total: Sides(0, 1)), saboteurs=(wrong,))
    assert check(statement.sabotaged("wrong"), Session()).verdict == "refuted"


def test_a_claim_that_mostly_says_nothing_is_inconclusive():
    few = lambda n, total: Sides(0, 1 if n < 9 else 3, trivial=2)
    evidence = check(variant(instances=NINETEEN, claim=Inequality(few)), Session())
    assert (evidence.verdict, evidence.vacuous) == ("inconclusive", 11)
    assert "vacuous on 11 of 19 instances" in evidence.message
    most = lambda n, total: Sides(0, 1 if n < 11 else 3, trivial=2)
    assert check(variant(instances=NINETEEN, claim=Inequality(most)), Session()).verdict == "supported"
    thin = lambda n, total: Sides(np.zeros(5, int), np.r_[1, np.full(4, 3)], trivial=np.full(5, 2))
    evidence = check(variant(instances=NINETEEN, claim=Inequality(thin)), Session())
    assert (evidence.verdict, evidence.counts["saying"], evidence.counts["entries"]) == ("inconclusive", 19, 95)
    assert "in 19 of 95 entries" in evidence.message


@pytest.mark.parametrize("seed", range(5))
def test_cancellation_does_not_hide_a_false_draw(seed):
    family = Family("thousandths", always=(0.25,), draw=lambda draws: draws.integers(600, 900) / 1000)
    claim = inequality(lambda x, outcome: Sides(2 * ((2**53 + x) - 2**53), 1))
    evidence = check(variant(instances=family, solve=lambda x, rng: 0, claim=claim), Session(seed=seed))
    assert evidence.verdict == "refuted"


def test_a_search_does_not_depend_on_the_modules_that_are_imported(monkeypatch):
    """Numbers in the source of an imported module, such as 0.71828182, are not among the instances of a search."""
    seen = []
    family = Family("unit", always=(0.5,), draw=lambda draws: draws.floats(0.0, 1.0))
    claim = inequality(lambda x, outcome: seen.append(x) or Sides(0 * x, 1))
    found = []
    for _ in range(2):
        seen.clear()
        check(variant(instances=family, solve=lambda x, rng: 0, claim=claim), Session(seed=3))
        found.append(list(seen))
        source = types.ModuleType("numbers_of_mine")
        source.__file__ = __file__
        monkeypatch.setitem(sys.modules, "numbers_of_mine", source)
    assert found[0] == found[1]
    assert 0.71828182 not in found[0]


# --- replay, patches, luck -------------------------------------------------------------------------------------------


def test_an_instance_of_the_users_own_is_replayed_as_it_is():
    evidence = check(GAUSS, Session(), instance=33)
    assert shlex.split(evidence.replay)[-2:] == ["--instance", "json:33"]


def test_a_patch_reaches_a_kernel_that_was_imported_by_name(monkeypatch):
    elsewhere = types.ModuleType("elsewhere")
    monkeypatch.setitem(sys.modules, "elsewhere", elsewhere)
    elsewhere.decremented = toys.decremented
    solve = lambda n, rng: sum(elsewhere.decremented(toys.Counter({0: 2, 1: 1})).values())
    patch = saboteur("keeps zeros", patch=(toys.decremented, "if count > 1", "if count > 1 or True"))
    one = lambda n, total: Sides(total + 1 - sum(toys.decremented(toys.Counter({0: 2})).values()), 1)
    statement = variant(solve=solve, claim=Identity(one), saboteurs=(patch,))
    assert check(statement, Session()).verdict == "supported"
    again = variant(statement, claim=Identity(lambda n, total: Sides(total, 1)))
    assert check(again, Session()).verdict == "supported"
    changed_sum = saboteur("one more", patch=(toys.decremented, "item: count - 1 for", "item: count for"))
    assert check(variant(again, saboteurs=(changed_sum,)).sabotaged("one more"), Session()).verdict == "refuted"


def test_a_patch_asks_nothing_of_objects_of_other_packages(monkeypatch):
    class Deprecated:
        @property
        def __class__(self):
            raise FutureWarning("use another one")

    elsewhere = types.ModuleType("elsewhere")
    elsewhere.old = Deprecated()
    monkeypatch.setitem(sys.modules, "elsewhere", elsewhere)
    solve = lambda n, rng: sum(toys.decremented(toys.Counter({0: 2})).values())
    changed_count = saboteur("two more", patch=(toys.decremented, "item: count - 1 for", "item: count + 1 for"))
    statement = variant(solve=solve, claim=Identity(lambda n, total: Sides(total, 1)), saboteurs=(changed_count,))
    assert check(statement.sabotaged("two more"), Session()).verdict == "refuted"


def test_a_patch_that_no_run_reaches_is_an_error():
    idle = saboteur("idle", patch=(toys.decremented, "count - 1", "count"))
    with pytest.raises(StatementError, match="no run reached the changed kernel of 'idle'"):
        check(variant(saboteurs=(idle,)).sabotaged("idle"), Session())


def test_a_saboteur_that_needs_a_drawn_instance_is_caught_by_luck():
    large = saboteur("wrong from twenty on", solve=lambda n, rng: GAUSS.solve(n, rng) + (n >= 20))
    evidence = check(variant(saboteurs=(large,)).sabotaged("wrong from twenty on"), Session())
    assert (evidence.verdict, evidence.by_luck) == ("refuted", True)
    assert not check(GAUSS.sabotaged("one short"), Session()).by_luck


# --- probabilities ---------------------------------------------------------------------------------------------------


def rarely(rate):
    return Probability(lambda p, x: x < rate * p, lambda p: 0.1, exact=lambda p: rate * p)


COINS = variant(
    instances=Family(
        "coins", always=(0.0, 0.5), climb=lambda p, draws: min(1.0, p + 0.25), draw=lambda d: d.floats(0, 0.5)
    ),
    solve=lambda p, rng, n: rng.random(n),
    claim=rarely(0.04),
    decisions=("outcome",),
)


def test_the_rate_of_failures_has_an_upper_limit_and_its_exact_value():
    evidence = check(COINS, Session())
    assert evidence.verdict == "supported"
    assert "at level 1e-07" in str(evidence)
    assert evidence.worst["exact"] <= evidence.worst["upper"] < 0.1
    assert {"runs", "failures", "upper", "exact"} <= set(evidence.worst)


def test_the_search_climbs_to_the_instance_that_fails_most():
    evidence = check(variant(COINS, claim=rarely(0.15)), Session())  # 0.075 on the family, 0.15 at the top of the climb
    assert evidence.verdict == "refuted"
    assert evidence.worst["instance"].startswith("json:1.0")
    assert evidence.worst["exact"] == pytest.approx(0.15)


def test_observations_say_what_was_measured_where_and_how():
    told = str(Measured("the constant 3", "random tables", "lrtheory check toy/X"))
    assert told == "measured: the constant 3, on random tables (`lrtheory check toy/X`)"
