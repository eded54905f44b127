"""The engine as a whole on toy systems: verdicts, saboteurs, replay, streams, and what must not count."""

import dataclasses
import shlex
import sys
from fractions import Fraction

import numpy as np
import pytest

from lrtheory._array import arrays
from lrtheory.bounds import (
    Ball,
    Expectation,
    Family,
    Identity,
    OutcomeError,
    Probability,
    Rate,
    Recorded,
    Session,
    Sides,
    Statement,
    StatementError,
    Tight,
    check,
    defects,
    load_evidence,
    rounding,
    saboteur,
)
from lrtheory.bounds.running.patching import Patch, patched
from lrtheory.bounds.statement.formulas import as_text
from tests.bounds.toys import GAUSS, HEDGE, MISRA_GRIES, NINETEEN, TOYS, UNIFORM, Stream, inequality, undercount

PAIRS = [(toy, one.name) for toy in TOYS for one in toy.saboteurs]


@pytest.fixture(scope="module")
def session():
    return Session()


def instances_of(*values):
    return Family("values", always=values)


def variant(statement=GAUSS, **changes):
    """A toy with fields exchanged; sums of numbers go over nineteen instances, so that a test can count."""
    return dataclasses.replace(statement, **({"instances": NINETEEN} if statement is GAUSS else {}) | changes)


@pytest.mark.parametrize("toy", TOYS, ids=lambda toy: toy.id)
def test_toys_are_supported_without_defects(toy, session):
    assert defects(toy) == []
    evidence = check(toy, session)
    assert evidence.verdict == "supported", evidence
    assert not evidence.underpowered


@pytest.mark.parametrize(("toy", "name"), PAIRS, ids=lambda value: getattr(value, "id", value))
def test_saboteurs_are_refuted_with_both_sides_shown(toy, name, session):
    evidence = check(toy.sabotaged(name), session)
    assert evidence.verdict == "refuted", evidence
    assert all(evidence.worst[side] for side in ("lhs", "rhs"))


@pytest.mark.parametrize(("toy", "name"), PAIRS, ids=lambda value: getattr(value, "id", value))
def test_the_printed_command_repeats_the_refutation(toy, name, session):
    evidence = check(toy.sabotaged(name), session)
    words = shlex.split(evidence.replay)
    assert words[:5] == ["lrtheory", "check", toy.id, "--saboteur", name]
    again = check(toy.sabotaged(name), Session(), instance=words[words.index("--instance") + 1])
    assert again.verdict == "refuted"
    assert again.worst == evidence.worst


def test_a_crash_is_no_catch():
    def crash(n, rng):
        raise ZeroDivisionError

    broken = variant(saboteurs=(saboteur("crashes", solve=crash),))
    evidence = check(broken.sabotaged("crashes"), Session())
    assert evidence.verdict == "inconclusive"
    assert "crashes, which catch nothing" in evidence.message
    own = check(variant(solve=crash), Session())  # an error of a statement's own solver refutes it
    assert own.verdict == "refuted"
    assert own.worst["lhs"] == "`solve` raised ZeroDivisionError"
    assert "`solve` raised ZeroDivisionError" in own.message


def test_a_mutant_that_crashes_once_goes_on_to_the_next_instance():
    def fragile(n, rng):
        if n < 3:
            raise IndexError
        return 0

    evidence = check(variant(saboteurs=(saboteur("fragile", solve=fragile),)).sabotaged("fragile"), Session())
    assert (evidence.verdict, evidence.worst["instance"]) == ("refuted", "toy-numbers:always-2")


def test_exact_numbers_decide_what_doubles_cannot():
    third = Fraction(1, 3)

    def almost(n, outcome, shift):
        return Sides(lhs=n * third, rhs=n * third + shift)

    tiny = Fraction(1, 10**40)
    for shift, verdict in ((tiny, "supported"), (0, "supported"), (-tiny, "refuted")):
        statement = variant(claim=inequality(lambda n, outcome, shift=shift: almost(n, outcome, shift)))
        assert check(statement, Session()).verdict == verdict
    for shift, verdict in ((0, "supported"), (tiny, "refuted")):
        statement = variant(claim=Identity(lambda n, outcome, shift=shift: almost(n, outcome, shift)))
        assert check(statement, Session()).verdict == verdict


def test_balls_decide_formulas_with_exp_and_log():
    def shifted(shift):
        def sides(n, outcome):
            x = np.array([n + 1])
            if isinstance(outcome, (float, np.floating)):
                return Sides(lhs=np.log(np.exp(outcome * x)), rhs=outcome * x + float(shift))
            return Sides(lhs=np.log(np.exp(outcome * x)), rhs=outcome * x + shift)

        return variant(claim=inequality(sides, numbers=Ball), solve=lambda n, rng: 0.5)

    assert check(shifted(Fraction(1, 10**30)), Session()).verdict == "supported"
    assert check(shifted(Fraction(-1, 10**30)), Session()).verdict == "refuted"
    assert check(shifted(0), Session()).verdict == "inconclusive"  # equality of balls stays open at any precision


def test_a_float_in_an_exact_evaluation_is_an_error():
    for claim in (
        inequality(lambda n, outcome: Sides(lhs=n * 0.5, rhs=n * 0.5)),
        inequality(lambda n, outcome: Sides(lhs=outcome * 0.5, rhs=outcome * 0.5), numbers=Ball),
    ):
        with pytest.raises(StatementError, match="integers or Fractions"):
            check(variant(claim=claim, solve=lambda n, rng: float(n)), Session())


def test_rounding_is_counted_in_operations():
    total = lambda n, outcome: Sides(lhs=sum([0.1] * n), rhs=n * 0.1, rounding=rounding(n, n * 0.1))
    assert check(variant(claim=Identity(total)), Session()).verdict == "supported"
    wrong = lambda n, outcome: Sides(lhs=n * 0.1 + 1e-13, rhs=n * 0.1, rounding=rounding(n, n * 0.1))
    assert check(variant(claim=Identity(wrong)), Session()).verdict == "refuted"


def test_vacuous_bounds_are_inconclusive():
    evidence = check(variant(claim=inequality(lambda n, total: Sides(total, 10**6, trivial=1000))), Session())
    assert (evidence.verdict, evidence.vacuous) == ("inconclusive", 19)
    assert "vacuous on every instance" in evidence.message


def test_tight_instances_must_be_tight():
    loose = Family("loose", always=(Stream((0,), 1),), tight=(Tight(Stream((0, 0), 1), 0.9, 1.0),))
    evidence = check(variant(MISRA_GRIES, instances=loose), Session())
    assert evidence.verdict == "inconclusive"
    assert "known to lie in" in evidence.message


def test_hypotheses_are_checked_on_instances():
    with pytest.raises(StatementError, match="breaks the hypothesis 'even'"):
        check(variant(hypotheses={"even": lambda n: n % 2 == 0}), Session())
    kept = saboteur("odd", breaks="even", instances=instances_of(2))
    even = variant(hypotheses={"even": lambda n: n % 2 == 0}, instances=instances_of(2, 4), saboteurs=(kept,))
    with pytest.raises(StatementError, match="breaks the hypothesis 'not: even'"):
        check(even.sabotaged("odd"), Session())  # the hypothesis that is said to be dropped holds
    with pytest.raises(StatementError, match="changes nothing else"):
        saboteur("odd", breaks="even", instances=instances_of(1), solve=lambda n, rng: 0)


def test_drawn_instances_that_break_a_hypothesis_are_left_out():
    family = Family("some", always=(2,), draw=lambda draws: draws.integers(1, 9))
    evidence = check(variant(instances=family, hypotheses={"even": lambda n: n % 2 == 0}), Session())
    assert evidence.verdict == "supported"
    assert "were left out" in evidence.message
    assert evidence.hypotheses["even"] == evidence.n_instances


def test_hypothesis_finds_the_simplest_counterexample():
    family = Family("large", always=(1,), draw=lambda draws: draws.integers(1, 1000))
    below = variant(instances=family, claim=inequality(lambda n, total: Sides(n, 17)))
    evidence = check(below, Session())
    assert (evidence.verdict, evidence.worst["instance"]) == ("refuted", "json:18")
    assert check(below, Session(), instance=evidence.worst["instance"]).verdict == "refuted"


def test_the_climb_finds_what_draws_do_not():
    family = Family("hill", always=(0,), draw=lambda draws: draws.integers(0, 3), climb=lambda n, draws: n + 1)
    evidence = check(variant(instances=family, claim=inequality(lambda n, total: Sides(n, 20))), Session())
    assert evidence.verdict == "refuted"


@arrays("device")
def doubled(values):
    """Return twice the values by a name of this module, which that of the decorator does not have."""
    return twice(values)


def twice(values):
    return 2 * values


def test_a_decorated_function_is_patched_in_its_own_module():
    patch = Patch(doubled, "return twice(values)", "return twice(values) + values")
    with patched(patch) as reached:
        assert sys.modules[__name__].doubled(np.ones(2)).tolist() == [3.0, 3.0]
        assert patch in reached
    assert doubled(np.ones(2)).tolist() == [2.0, 2.0]


def test_a_patch_is_undone_and_must_fit_once():
    before = MISRA_GRIES.solve(Stream((0, 1, 2), 1), None)
    check(MISRA_GRIES.sabotaged("forgets everything"), Session())
    assert (MISRA_GRIES.solve(Stream((0, 1, 2), 1), None) == before).all()
    from tests.bounds import toys

    unfit = variant(MISRA_GRIES, saboteurs=(saboteur("unfit", patch=(toys.decremented, "nowhere", "x")),))
    with pytest.raises(StatementError, match="0 times"):
        check(unfit.sabotaged("unfit"), Session())


def test_nobody_certifies_himself():
    with pytest.raises(OutcomeError, match="an expert that there is not"):
        check(variant(HEDGE, solve=lambda losses, rng, n: np.full((n, len(losses.table)), -1)), Session())


def test_streams_are_named_by_family_and_content():
    session, other = Session(), Session(seed=1)
    first = session.run(UNIFORM, UNIFORM.instances.smallest()[0], 0, 64)
    assert (first == Session().run(UNIFORM, UNIFORM.instances.smallest()[0], 0, 64)).all()
    assert (first != other.run(UNIFORM, UNIFORM.instances.smallest()[0], 0, 64)).any()
    renamed = dataclasses.replace(UNIFORM, id="toy/OTHER", title="another statement over the same family")
    assert session.run(renamed, UNIFORM.instances.smallest()[0], 0, 64) is first  # shared, not run again


def test_all_seeds_agree_on_the_toys():
    for seed in range(1, 4):
        for toy in TOYS:
            assert check(toy, Session(seed=seed)).verdict == "supported"
            for one in toy.saboteurs:
                assert check(toy.sabotaged(one.name), Session(seed=seed)).verdict == "refuted"


def test_recorded_is_no_support():
    recorded = variant(claim=Recorded("Vacuous at every size.", carried_by="toy/MG"), saboteurs=())
    evidence = check(recorded, Session())
    assert (evidence.verdict, recorded.due) == ("recorded", "recorded")
    assert "toy/MG" in evidence.message


def test_running_out_of_budget_is_no_pass():
    fair = lambda n, rng, runs: rng.random(runs) < 0.1
    at_the_edge = variant(solve=fair, claim=Probability(lambda n, x: x, lambda n: 0.1), instances=instances_of(1))
    evidence = check(at_the_edge, Session())
    assert evidence.verdict == "inconclusive"
    assert evidence.underpowered


def test_underpowered_does_not_hang_on_the_order_of_the_instances():
    often = {1: 0.1, 2: 0.9, 3: 0.05}
    coins = lambda n, rng, runs: rng.random(runs) < often[n]
    claim = Probability(lambda n, x: x, lambda n: 0.1)
    for order in ((1, 2), (2, 1)):  # one instance is at the edge, and the other refutes
        evidence = check(variant(solve=coins, claim=claim, instances=instances_of(*order)), Session())
        assert (evidence.verdict, evidence.too_weak, evidence.counts["most_runs"]) == ("refuted", False, 64)
        assert "underpowered" not in evidence.message
    for order in ((1, 3), (3, 1)):
        evidence = check(variant(solve=coins, claim=claim, instances=instances_of(*order)), Session())
        assert (evidence.verdict, evidence.too_weak) == ("inconclusive", True)
        assert f"runs were needed on values:always-{order.index(1)}; choose" in evidence.message


def mean_of(outcome, **claimed):
    """A statement about the mean of numbers in [0, 1] that are all the same."""
    claim = Expectation(lambda n, x: x, support=lambda n: (0.0, 1.0), **claimed)
    return variant(solve=lambda n, rng, runs: np.full(runs, outcome), claim=claim, instances=instances_of(1, 2))


def test_a_mean_at_the_end_of_its_range():
    ends = {"equals": lambda n: 1.0, "within": lambda n: 0.05}
    assert check(mean_of(1.0, **ends), Session()).verdict == "supported"
    assert check(mean_of(1 - 1e-6, **ends), Session()).verdict == "refuted"
    never = check(mean_of(0.0, at_most=lambda n: 0.0), Session())
    assert never.verdict == "inconclusive"
    assert never.message.count("is an Identity of each run; state it as one") == 1
    assert check(mean_of(1e-6, at_most=lambda n: 0.0), Session()).verdict == "refuted"


def test_a_law_out_of_reach_is_an_error():
    with pytest.raises(StatementError, match="out of reach"):
        check(variant(UNIFORM, claim=dataclasses.replace(UNIFORM.claim, within=0.01)), Session())


def test_a_rate_needs_a_ladder():
    claim = Rate(cost=lambda n, x: x, size=float, over=float, exponent=(-0.1, 0.1))
    ladder = variant(
        solve=lambda n, rng, runs: n * (1 + rng.random(runs)), claim=claim, instances=instances_of(1, 10, 100)
    )
    assert check(ladder, Session()).verdict == "supported"
    assert check(variant(ladder, solve=lambda n, rng, runs: n**1.5 + rng.random(runs)), Session()).verdict == "refuted"
    with pytest.raises(StatementError, match="three instances"):
        check(variant(ladder, instances=instances_of(1, 10)), Session())


def test_evidence_survives_its_file(tmp_path, session):
    for toy in TOYS:
        evidence = check(toy, session)
        read = load_evidence(evidence.save(tmp_path))
        assert str(read) == str(evidence)
        assert (read.lhs == evidence.lhs).all()


def test_evidence_prints_in_terminal_notebook_and_plot(session):
    import matplotlib

    matplotlib.use("Agg")
    evidence = check(MISRA_GRIES, session)
    text = str(evidence)
    sides = "sides      After t updates no item is undercounted"
    named = "supported", "claim", sides, "lhs", "rhs", "slack", "hypotheses", "replay", as_text(MISRA_GRIES.tex)
    assert [part for part in named if part not in text] == []
    assert "data:image/svg+xml" in evidence._repr_html_()  # the formula, without MathJax
    assert evidence.plot().get_title() == "toy/MG: supported"
    assert len(repr(evidence)) < 120


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id": "toy/two words"}, "the id"),
        ({"title": ""}, "title, TeX or source"),
        ({"source": None}, "title, TeX or source"),
        ({"says": ""}, "does not say itself"),
        ({"hypotheses": {}}, "no hypothesis"),
        ({"saboteurs": ()}, "no saboteur"),
        ({"instances": Family("empty")}, "no smallest instance"),
        ({"instances": NINETEEN}, "neither draws nor is complete"),
        ({"instances": Family("few", always=(1, 2), complete="all two", members=3)}, "says that it has 3 members"),
        ({"instances": Family("few", always=(1, 1), complete="all two", members=2)}, "counts an instance twice"),
        (
            {"instances": Family("both", always=(1,), complete="all", members=1, draw=lambda draws: 1)},
            "draws, and says",
        ),
        ({"saboteurs": GAUSS.saboteurs[1:]}, "changes the solver"),
    ],
)
def test_incomplete_statements_are_named(changes, sentence):
    assert any(sentence in defect for defect in defects(variant(**changes)))


def test_draws_that_are_one_instance_are_not_counted_as_many(session):
    family = Family("one", always=(1, 2), draw=lambda draws: draws.integers(3, 3))
    with pytest.raises(StatementError, match="the family one: `draw` has made one instance 40 times"):
        check(variant(instances=family), session)
    two = Family("two", always=(1, 2), draw=lambda draws: draws.integers(3, 4))
    assert check(variant(instances=two), session).verdict == "supported"


def test_a_derivation_without_proof_is_a_defect():
    from lrtheory.bounds import Derived

    def unproved():
        """Sum of something."""

    assert any("Proof" in defect for defect in defects(variant(source=Derived(unproved))))


def test_undercount_is_the_claim_of_the_tight_instance():
    stream = Stream((0, 1, 2), 2)
    sides = undercount(stream, MISRA_GRIES.solve(stream, None))
    assert (np.asarray(sides.lhs[0]) / np.asarray(sides.rhs[0], float)).max() == 1


def test_statement_needs_keyword_fields():
    with pytest.raises(TypeError):
        Statement("toy/X")  # type: ignore[misc]
    with pytest.raises(StatementError, match="changes nothing"):
        saboteur("idle")
    with pytest.raises(KeyError, match="must be one of"):
        GAUSS.sabotaged("nobody")
    with pytest.raises(KeyError, match="must be one of 'one short', .*, or its number; got True"):
        GAUSS.sabotaged(True)
    alone = variant(saboteurs=())
    with pytest.raises(KeyError, match="`saboteur` must be left out for toy/GAUSS, which has no saboteur; got 1"):
        alone.sabotaged(1)
    with pytest.raises(KeyError, match="`repair` must be left out for toy/GAUSS, which has no repair; got 'it'"):
        alone.repaired("it")


def test_an_id_is_no_statement():
    with pytest.raises(TypeError, match="`statement` must be a Statement .*; got 'alpha_rank/AR-T8'"):
        check("alpha_rank/AR-T8", Session())
    with pytest.raises(TypeError, match="`statement` must be a Statement; got 3"):
        defects(3)


def test_the_claim_is_printed_as_text():
    evidence = check(GAUSS, Session())
    assert GAUSS.tex not in str(evidence)
    assert as_text(GAUSS.tex) in str(evidence)
