"""Sets that are covered as a whole: the listing is counted, every member is measured, and wrong variants fail there."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lrtheory.bounds import (
    All,
    Classical,
    Evidence,
    Family,
    Identity,
    Sides,
    Statement,
    StatementError,
    check,
    defects,
    load_evidence,
    saboteur,
)
from lrtheory.bounds.deciding.variants import with_variants
from lrtheory.bounds.reporting.again import measured_again
from lrtheory.bounds.session import BUDGETS, Session

PAIRS = tuple(itertools.product(range(3), repeat=2))


def added(pair: tuple[int, int], rng: Any) -> int:
    return pair[0] + pair[1]


def is_sum(pair: tuple[int, int], total: int) -> Sides:
    return Sides(total, sum(pair))


def only_small(pair: tuple[int, int], rng: Any) -> int:
    return min(pair[0] + pair[1], 3)


def maximum(pair: tuple[int, int], rng: Any) -> int:
    return max(pair)


TRIED = Family("pairs", always=((0, 0), (1, 1)), draw=lambda draws: (draws.integers(0, 9), draws.integers(0, 9)))
EVERY = All("pairs of digits below 3", PAIRS, members=9)
SUMS = Statement(
    id="toys/sums",
    title="A sum of two",
    says="The solver adds the two integers of a pair, whatever they are.",
    source=Classical("addition", "any textbook"),
    tex="a + b",
    hypotheses={"digits": lambda pair: min(pair) >= 0},
    instances=TRIED,
    for_all=(EVERY,),
    solve=added,
    claim=Identity(is_sum),
    saboteurs=(saboteur("the larger one", solve=maximum),),
)


def of(**changes: Any) -> Statement:
    """The statement with another set."""
    return dataclasses.replace(SUMS, for_all=(dataclasses.replace(EVERY, **changes),))


def checked(statement: Statement) -> Evidence:
    session = Session()
    return with_variants(check(statement, session), statement, session)


def test_every_member_is_measured_and_the_line_names_the_set_and_what_ran() -> None:
    evidence = checked(SUMS)
    assert evidence.verdict == "supported"
    (found,) = evidence.sets
    assert (found["how"], found["about"], found["members"], found["verdict"]) == ("all of", "the code", 9, "supported")
    lines = dict(evidence.lines())
    assert lines["all of"] == "9 pairs of digits below 3: the code"
    assert lines["tried"].startswith(f"{evidence.n_instances} instances: 2 fixed")
    formula = check(dataclasses.replace(SUMS, closed="the claim is about a formula"), Session())
    assert dict(formula.lines())["all of"].endswith(": the formula")


def test_a_member_that_contradicts_the_claim_is_a_row_that_replays() -> None:
    wrong = dataclasses.replace(SUMS, solve=only_small, instances=dataclasses.replace(TRIED, draw=None))
    evidence = check(wrong, Session())
    assert (evidence.verdict, evidence.sets[0]["verdict"]) == ("refuted", "refuted")
    assert evidence.worst["instance"] == "for-all-1:8"
    assert not evidence.by_luck
    again = check(wrong, Session(), instance="for-all-1:8")
    assert (again.verdict, again.worst["lhs"], again.worst["rhs"]) == ("refuted", "3", "4")
    assert check(wrong, Session(), instance="for-all-1:7").verdict == "supported"


@pytest.mark.parametrize("label", ["for-all-1:9", "for-all-2:0", "for-all-0:0", "for-all-1:x", "for-all-:"])
def test_a_label_without_a_member_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match="the label of a member of a set"):
        check(SUMS, Session(), instance=label)


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"members": 10}, "the list has 9 members"),
    ({"members": 8}, "the list has more than 8 members"),
    ({"instances": (*PAIRS[:8], PAIRS[0])}, "member 8 stands in the list before"),
    ({"instances": (*PAIRS[:8], (-1, 1))}, "breaks the hypothesis 'digits'"),
    ({"orbit": lambda pair: 2, "total": 19, "up_to": "nothing"}, "the orbits have 18 things together"),
    ({"orbit": lambda pair: 0, "total": 9, "up_to": "nothing"}, "an orbit has 0 things"),
    ({"members": 2001}, "at most 2,000 members are decided at this budget"),
]


@pytest.mark.parametrize(("changes", "sentence"), BROKEN)
def test_a_listing_is_counted_and_not_believed(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(StatementError, match=sentence):
        check(of(**changes), Session())


UNSOUND: list[tuple[Callable[[], object], str]] = [
    (lambda: All("", PAIRS, members=9), "must name things"),
    (lambda: All("9 pairs", PAIRS, members=9), "must name things, and not count them"),
    (lambda: All("pairs", PAIRS, members=0), "a positive integer"),
    (lambda: All("pairs", PAIRS, members=9, total=9), "given together or not at all"),
    (lambda: dataclasses.replace(SUMS, for_all=EVERY), r"a single one stands as \(All\(...\),\)"),
]


@pytest.mark.parametrize(("make", "sentence"), UNSOUND)
def test_what_is_no_set_is_refused_when_it_is_made(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(StatementError, match=sentence):
        make()


def test_orbits_that_add_up_stand_for_all_their_things() -> None:
    ordered = [pair for pair in PAIRS if pair[0] <= pair[1]]
    found = of(
        instances=ordered, members=6, orbit=lambda pair: 2 - (pair[0] == pair[1]), total=9, up_to="the order of a pair"
    )
    assert dict(check(found, Session()).lines())["all of"] == (
        "9 pairs of digits below 3 (6 up to the order of a pair): the code"
    )
    lost = dataclasses.replace(found.for_all[0], instances=ordered[:5], members=5)
    with pytest.raises(StatementError, match="the orbits have 8 things together"):
        check(dataclasses.replace(SUMS, for_all=(lost,)), Session())


def test_a_wrong_variant_that_holds_on_the_whole_set_is_told_unless_there_is_a_reason() -> None:
    late = saboteur("at most 9", solve=lambda pair, rng: min(sum(pair), 9))
    blind = dataclasses.replace(SUMS, saboteurs=(*SUMS.saboteurs, late))
    evidence = checked(blind)
    assert evidence.verdict == "inconclusive"
    assert "'at most 9' is supported on all 9 pairs of digits below 3" in evidence.message
    excused = dataclasses.replace(EVERY, invisible={"at most 9": "no sum is as large"})
    assert checked(dataclasses.replace(blind, for_all=(excused,))).verdict == "supported"
    idle = dataclasses.replace(EVERY, invisible={"the larger one": "a reason that is none"})
    assert "is declared invisible" in checked(dataclasses.replace(blind, for_all=(idle,))).message


def test_a_set_on_which_no_wrong_variant_fails_is_a_defect() -> None:
    assert defects(SUMS) == []
    hidden = of(invisible={"the larger one": "it is only a toy"})
    assert defects(hidden) == ["all 9 pairs of digits below 3: no saboteur fails there, so it shows nothing"]
    unknown = of(invisible={"the smaller one": "nobody is called so"})
    assert defects(unknown) == [
        "all 9 pairs of digits below 3: no saboteur is measured there that is called 'the smaller one'"
    ]


def test_a_set_that_stays_open_is_no_support() -> None:
    vague = dataclasses.replace(SUMS, claim=Identity(lambda pair, total: Sides(total, sum(pair), rounding=10.0**9)))
    evidence = check(dataclasses.replace(vague, instances=TRIED), Session())
    assert evidence.sets[0]["verdict"] != "supported"
    assert evidence.verdict == "inconclusive"


def test_a_budget_that_does_not_suffice_is_told() -> None:
    large = of(budget="thorough")
    evidence = check(large, Session())
    assert dict(evidence.lines())["all of"] == "9 pairs of digits below 3: the code (not checked here)"
    assert check(large, Session(BUDGETS["thorough"])).sets[0]["verdict"] == "supported"


def test_evidence_keeps_its_sets_and_older_files_have_none(tmp_path: Any) -> None:
    evidence = check(SUMS, Session())
    path = evidence.save(tmp_path)
    assert load_evidence(path).sets == evidence.sets
    data = json.loads(path.read_text())
    del data["sets"]
    path.write_text(json.dumps(data))
    assert load_evidence(path).sets == ()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("how", "proved", "does not say what proved it"),
        ("about", "", "or what was measured on it"),
        ("members", 0, "has no members"),
        ("verdict", "refuted", "a set is not covered, and the statement is supported"),
    ],
)
def test_a_file_that_says_more_of_a_set_than_it_may_does_not_load(
    tmp_path: Any, field: str, value: Any, sentence: str
) -> None:
    path = check(SUMS, Session()).save(tmp_path)
    data = json.loads(path.read_text())
    data["sets"][0][field] = value
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=sentence):
        load_evidence(path)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"words": "9 pairs', '"words": "99 pairs', "another title, formula, hypotheses or sets"),
        ('"members": 9', '"members": 90', "another run at seed 0 gives other evidence than its file: `sets`"),
    ],
)
def test_a_report_is_not_made_of_sets_that_were_edited(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    session = Session()
    path = check(SUMS, session).save(tmp_path)
    for one in SUMS.saboteurs:
        check(SUMS.sabotaged(one.name), session).save(tmp_path)
    assert measured_again([SUMS], tmp_path, 1) == [SUMS.id]
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ValueError, match=sentence):
        measured_again([SUMS], tmp_path, 1)


def test_a_report_is_not_made_where_a_set_sees_no_saboteur(tmp_path: Path) -> None:
    late = saboteur("at most 9", solve=lambda pair, rng: min(sum(pair), 9))
    blind, session = dataclasses.replace(SUMS, saboteurs=(*SUMS.saboteurs, late)), Session()
    check(blind, session).save(tmp_path)
    for one in blind.saboteurs:
        check(blind.sabotaged(one.name), session).save(tmp_path)
    with pytest.raises(ValueError, match="is supported on all 9 pairs"):
        measured_again([blind], tmp_path, 1)


def test_a_family_is_complete_as_a_set_or_as_a_choice_of_cases() -> None:
    cases = Family("cases", always=PAIRS, complete="pairs that somebody chose", members=9)
    assert dict(check(dataclasses.replace(SUMS, instances=cases, for_all=()), Session()).lines())["tried"] == (
        "9 cases that are listed: pairs that somebody chose: the code"
    )
    blocks = dataclasses.replace(cases, complete="digits of pairs", of=lambda pair: 2)
    lines = dict(check(dataclasses.replace(SUMS, instances=blocks, for_all=()), Session()).lines())
    assert lines["all of"] == "18 digits of pairs (in 9 blocks): the code"
    assert "tried" not in lines
    for size in (0, 1.5, True):
        odd = dataclasses.replace(blocks, of=lambda pair, size=size: size)
        with pytest.raises(StatementError, match="must be a positive integer"):
            check(dataclasses.replace(SUMS, instances=odd, for_all=()), Session())
