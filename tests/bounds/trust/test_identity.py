"""Evidence says what it is evidence about, and a file that contradicts itself does not load."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lrtheory
from lrtheory.bounds import (
    Classical,
    Evidence,
    Family,
    Identity,
    Inequality,
    Probability,
    Registry,
    Session,
    Sides,
    Statement,
    check,
    load_evidence,
    saboteur,
)
from lrtheory.bounds.reporting.again import measured_again
from lrtheory.bounds.reporting.found import collect
from tests.bounds.toys import GAUSS, HEDGE, MISRA_GRIES, TOYS, UNIFORM

ID = "alpha_rank/AR-T8"


def mine(chain: Any, rng: np.random.Generator) -> Any:
    return lrtheory._front.resolve(ID).solve(chain, rng)


@pytest.fixture(scope="module")
def theorem() -> Evidence:
    return lrtheory.check(ID)


def first_line(evidence: Evidence) -> str:
    return str(evidence).splitlines()[0]


# --- subject and scope -----------------------------------------------------------------------------------------------


def test_the_first_line_says_of_whom_and_on_what(theorem: Evidence) -> None:
    title = "Markov chain tree theorem"
    assert first_line(theorem) == f"✓ {ID}  supported  {title}"
    label = theorem.worst["instance"]
    one, own = lrtheory.check(ID, instance=label), lrtheory.check(ID, solve=mine)
    assert first_line(one) == f"✓ {ID}  supported on 1 instance  {title}"
    assert first_line(own) == f"✓ {ID}  supported for {__name__}.mine  {title}"
    both = lrtheory.check(ID, solve=mine, instance=label)
    assert first_line(both) == f"✓ {ID}  supported on 1 instance for {__name__}.mine  {title}"
    assert (theorem.subject, theorem.scope) == ("the project's solver", f"{theorem.n_instances} instances")
    assert (one.subject, one.scope) == ("the project's solver", label)
    assert own.subject == f"a solver of the caller's: {__name__}.mine"
    closed = dataclasses.replace(GAUSS, closed="the claim is about a formula alone")
    assert check(closed, Session()).subject == "a formula"


def test_the_body_says_how_many_instances_of_which_kind_and_how_large(theorem: Evidence) -> None:
    assert (
        f"tried      {theorem.n_instances} instances: 11 fixed, 40 drawn, 30 found by search; len(rates) 2 to "
        in str(theorem)
    )
    lines = dict(check(MISRA_GRIES, Session()).lines())
    assert lines["tried"].endswith("; k 1 to 3")
    assert dict(check(GAUSS, Session()).lines())["tried"].partition("; ")[2].startswith("n 1 to 1")
    assert "tried" not in dict(lrtheory.check(ID, instance="integer-chains:always-0").lines())


def test_a_direct_check_of_another_solver_is_not_that_of_the_theorem(tmp_path: Path) -> None:
    found = check(GAUSS.with_solver(lambda n, rng: n * (n + 1) // 2), Session())
    assert found.subject.startswith("a solver of the caller's: ")
    assert found.save(tmp_path).parent.name == "of-callers"


# --- saving, loading, reporting --------------------------------------------------------------------------------------


def test_what_is_not_the_whole_theorem_is_not_saved_as_it(theorem: Evidence, tmp_path: Path) -> None:
    path = theorem.save(tmp_path)
    text = path.read_text()
    others = [
        lrtheory.check(ID, solve=mine),
        lrtheory.check(ID, solve=lambda chain, rng: mine(chain, rng)[::-1].copy()),
        lrtheory.check(ID, instance="integer-chains:always-1"),
        lrtheory.check(ID, instance="integer-chains:always-2"),
    ]
    places = {one.save(tmp_path) for one in others}
    assert len(places) == 4
    assert {place.parent for place in places} == {path.parent / "of-callers"}
    assert path.read_text() == text
    for one in others:
        assert str(load_evidence(one.save(tmp_path))) == str(one)


def test_a_report_takes_evidence_of_the_whole_theorem_alone(theorem: Evidence, tmp_path: Path) -> None:
    statement = dataclasses.replace(Registry()[ID], saboteurs=(), made_of=None)
    path = theorem.save(tmp_path)
    assert collect([statement], tmp_path)[0].evidence.verdict == "supported"
    for other, words in (
        (lrtheory.check(ID, solve=mine), "about a solver of the caller's: "),
        (lrtheory.check(ID, instance="integer-chains:always-1"), "on integer-chains:always-1 alone"),
    ):
        path.write_text(other.save(tmp_path).read_text())
        with pytest.raises(ValueError, match=rf"AR-T8.json is evidence {words}.*and not that of {ID}"):
            collect([statement], tmp_path)


def test_a_file_of_format_1_loads_without_rows_and_a_report_asks_for_a_new_run(
    theorem: Evidence, tmp_path: Path
) -> None:
    path = theorem.save(tmp_path)
    data = json.loads(path.read_text())
    del data["sides"]
    path.write_text(json.dumps(data))
    assert load_evidence(path).sides == ""  # files of the same format that are older do not have it
    for name in ("subject", "scope", "rows", "problems", "sizes"):
        del data[name]
    path.write_text(json.dumps(data | {"format": 1}))
    old = load_evidence(path)
    assert (old.rows, old.verdict, old.alone) == ((), "supported", "supported")
    with pytest.raises(ValueError, match=r"AR-T8.json is evidence of format 1.*run the bounds"):
        collect([dataclasses.replace(Registry()[ID], saboteurs=(), made_of=None)], tmp_path)


def _numbers(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all numbers and verdicts of a file on which its verdict rests."""
    if isinstance(value, dict):
        return [one for key, item in value.items() for one in _numbers(item, (*path, key))]
    if isinstance(value, list):
        return [one for key, item in enumerate(value) for one in _numbers(item, (*path, key))]
    return [path]


RESTS = ("rows", "lhs", "rhs", "slack", "n_instances", "vacuous", "scope", "verdict")


@pytest.mark.parametrize("toy", TOYS, ids=lambda one: one.id)
def test_a_file_in_which_one_number_was_changed_does_not_load(toy: Statement, tmp_path: Path) -> None:
    path = check(toy, Session()).save(tmp_path)
    data = json.loads(path.read_text())
    places = [one for one in _numbers({name: data[name] for name in RESTS}) if one[-1] != "rounding"]
    if data["rows"][0]["sharper"] is None:  # a claim without a bound
        places = [one for one in places if one[-1] != "sharper"]
    # some of each array, the first and the last
    kinds: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for place in places:
        kinds.setdefault(tuple("*" if isinstance(step, int) else step for step in place), []).append(place)
    for place in [one for some in kinds.values() for one in (some[0], some[-1])]:
        edited = copy.deepcopy(data)
        owner = edited
        for step in place[:-1]:
            owner = owner[step]
        value = owner[place[-1]]
        owner[place[-1]] = (
            not value
            if isinstance(value, bool)
            else {"supported": "refuted", "instances": "x"}.get(value, f"9{value}")
            if isinstance(value, str)
            else value + 1
        )
        path.write_text(json.dumps(edited))
        if place[-1] == "instance" and edited["worst"]["instance"] != value:
            continue  # another name for a row that is not the worst says nothing else
        with pytest.raises(ValueError, match="contradicts itself"):
            load_evidence(path)


RARE = dataclasses.replace(
    GAUSS,
    id="toy/RARE",
    solve=lambda n, rng, size: rng.random(size) < 0.1,
    claim=Probability(lambda n, outcomes: outcomes, lambda n: 0.5),
    saboteurs=(),
)


@pytest.mark.parametrize("toy", [MISRA_GRIES, RARE], ids=lambda one: one.id)
def test_a_violated_row_is_not_supported(toy: Statement, tmp_path: Path) -> None:
    path = check(toy, Session()).save(tmp_path)
    data = json.loads(path.read_text())
    assert data["rows"][0]["verdict"] == "supported"
    data["rows"][0] |= {"lhs": 5.0, "rhs": 1.0, "slack": -4.0}
    for name, value in (("lhs", 5.0), ("rhs", 1.0), ("slack", -4.0)):
        data[name][0] = value
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match="it is supported, and 5.0 is beyond 1.0"):
        load_evidence(path)


def test_every_verdict_follows_from_its_rows(tmp_path: Path) -> None:
    for toy in (*TOYS, GAUSS.sabotaged("one short"), HEDGE.sabotaged("rewards the losers")):
        found = check(toy, Session())
        assert found.alone == found.verdict == load_evidence(found.save(tmp_path)).verdict
    odd = dataclasses.replace(GAUSS, instances=Family("odd", always=(1, 3)), hypotheses={"odd": lambda n: n % 2 == 1})
    broken = check(odd, Session(), instance=2)
    assert broken.verdict == broken.alone == load_evidence(broken.save(tmp_path)).verdict == "inconclusive"
    vague = dataclasses.replace(
        GAUSS, claim=Inequality(lambda n, total: Sides(0, 1 if n < 9 else 3, trivial=2)), instances=odd.instances
    )
    assert load_evidence(check(vague, Session()).save(tmp_path)).verdict == "supported"


# --- again -----------------------------------------------------------------------------------------------------------


def test_what_is_about_a_callers_solver_is_not_run_again_as_the_theorem(theorem: Evidence) -> None:
    own = lrtheory.check(ID, solve=lambda chain, rng: mine(chain, rng)[::-1].copy())
    assert own.verdict == "refuted"
    with pytest.raises(
        ValueError, match=r"this is evidence about .*<lambda>, which is not kept; repeat it by lrtheory"
    ):
        own.rerun()
    one = lrtheory.check(ID, instance="integer-chains:always-1")
    again = one.rerun()
    assert (again.scope, again.n_instances, again.verdict) == ("integer-chains:always-1", 1, "supported")
    given = lrtheory.check(GAUSS, instance=33)
    assert given.scope == "json:33"


# --- saboteurs -------------------------------------------------------------------------------------------------------


def weak(*names: str) -> Statement:
    right = [saboteur(name, solve=lambda n, rng: GAUSS.solve(n, rng) + 0) for name in names]
    return dataclasses.replace(GAUSS, saboteurs=(*right, GAUSS.saboteurs[0]))


def test_support_beside_a_wrong_variant_that_is_supported_is_none() -> None:
    found = lrtheory.check(weak("rounds down"))
    assert first_line(found) == "? toy/GAUSS  inconclusive  Sum of the first numbers  [1 of 2 saboteurs is supported]"
    assert (found.verdict, found.alone) == ("inconclusive", "supported")
    assert "the check cannot tell this from a wrong variant: rounds down is supported" in found.message
    two = lrtheory.check(weak("rounds down", "rounds up"))
    assert first_line(two).endswith("[2 of 3 saboteurs are supported]")
    crash = saboteur("only crashes", solve=lambda n, rng: np.zeros(3))
    assert lrtheory.check(dataclasses.replace(GAUSS, saboteurs=(crash,))).verdict == "inconclusive"


# --- replaced statements ---------------------------------------------------------------------------------------------


def test_another_claim_is_not_described_by_the_words_of_the_first() -> None:
    claim = Identity(lambda n, total: Sides(total, n * (n + 1) // 2))
    other = dataclasses.replace(Registry()[ID], claim=dataclasses.replace(Registry()[ID].claim))
    assert (other.title, other.tex, other.says, other.source) == (f"changed from {ID}", "", "", None)
    assert not other.origin.collection
    found = lrtheory.check(other)
    assert first_line(found).startswith(f"✓ {ID}  supported  changed from {ID}")
    assert "Markov" not in str(found)
    assert found.replay.startswith("lrtheory.check(STATEMENT, ")
    source = Classical("sums", "C. F. Gauss")
    given = dataclasses.replace(GAUSS, claim=claim, tex="t", says="s", source=source, title="mine")
    assert (given.title, given.tex, given.says, given.source) == ("mine", "t", "s", source)
    again = dataclasses.replace(given, notes="a note")
    assert (again.title, again.tex) == ("mine", "t")
    named = dataclasses.replace(GAUSS, id="toy/SUMS", claim=claim)
    assert (named.tex, named.title) == (GAUSS.tex, GAUSS.title)


def test_another_solver_or_family_has_no_home_in_the_theorem() -> None:
    statement = Registry()[ID]
    for changes in ({"solve": mine}, {"instances": dataclasses.replace(statement.instances, always=())}):
        other = dataclasses.replace(statement, **changes)
        assert (other.title, other.origin.collection, other.tex) == (f"changed from {ID}", "", statement.tex)
    assert dataclasses.replace(statement, notes="").origin == statement.origin


def test_variants_keep_the_words_of_their_statement() -> None:
    for one in (GAUSS.sabotaged("one short"), UNIFORM.with_solver(UNIFORM.solve), MISRA_GRIES.honest()):
        assert (bool(one.tex), one.title.startswith("changed")) == (True, False)


# --- a report that measures again ------------------------------------------------------------------------------------


def test_numbers_that_were_edited_consistently_are_found_by_another_run(tmp_path: Path) -> None:
    path = check(MISRA_GRIES, Session()).save(tmp_path)
    bare = dataclasses.replace(MISRA_GRIES, saboteurs=())
    assert measured_again([bare], tmp_path, 5) == ["toy/MG"]
    data = json.loads(path.read_text())
    data["rows"][0] |= {"lhs": 0.0, "rhs": 1.0, "slack": 1.0}
    for name, value in (("lhs", 0.0), ("rhs", 1.0), ("slack", 1.0)):
        data[name][0] = value
    path.write_text(json.dumps(data))
    assert load_evidence(path).verdict == "supported"
    with pytest.raises(ValueError, match="toy/MG: another run at seed 0 gives other evidence than its file: `rows`"):
        measured_again([bare], tmp_path, 1)
