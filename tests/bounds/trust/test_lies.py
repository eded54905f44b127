"""What a forger tells: malformed outcomes on three toys, lengths and signs, and the sentences that mend a claim."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import networkx
import numpy as np
import pytest

import lrtheory
from lrtheory.bounds import Family, Identity, Inequality, OutcomeError, Session, Sides, StatementError, check
from lrtheory.bounds.trust.forger import FORGING, forge
from lrtheory.bounds.trust.lies import cuts, lies, malformed, zeroed
from lrtheory.bounds.trust.testimony import remedies
from tests.bounds.toys import GAUSS, HEDGE, MISRA_GRIES, Stream


@pytest.mark.parametrize("toy", [MISRA_GRIES, HEDGE, GAUSS], ids=lambda toy: toy.id)
def test_the_form_gives_away_what_is_malformed(toy):
    testimony = forge(toy, Session(FORGING), malformed=True)
    assert testimony.supported == ()
    assert testimony.told > forge(toy, Session(FORGING)).told


def test_malformed_outcomes():
    told = dict(malformed(np.array([1.0, 2.0])))
    assert set(told) == {"not a number", "infinite", "complex", "empty", "the first entry alone", "one axis more"}
    assert np.isnan(told["not a number"](np.array([1.0, 2.0]))).tolist() == [False, True]
    assert told["complex"](np.array([1.0])).imag == [10**9]
    assert {words for words, _ in malformed(3)} == {"complex", "empty", "twice"}
    assert zeroed({"a": (True, 2.5), "b": np.array([3])}) == {"a": (False, 0.0), "b": np.array([0])}
    assert [change([1, 2, 3]) for _, change in cuts([1, 2, 3])] == [[], [1], [2, 3]]
    assert [change({"a": 1, "b": 2}) for _, change in cuts({"a": 1, "b": 2})] == [{}, {"b": 2}]
    assert dict(lies(np.array([2, -1]), decision=True))["negated"](np.array([2, -1])).tolist() == [-2, 1]


# --- lengths and signs -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What is chosen, and what it is said to be worth."""

    chosen: list[int]
    value: float


WORDS = """\
mine/cover[forger]: still supported after a lie about the outcome
    chosen: empty, the first left out    the claim accepts an empty `chosen`: demand its length
    chosen.*: 10^9                       the claim does not look at `chosen.*`: judge it by the instance, or list it \
in `unread`
    chosen.*: negated                    the claim does not see the sign of `chosen.*`: compare it with the instance, \
or list it in `free`
    value: 10^9, 5 % more                the claim believes `value`: compute it from `chosen`, or list it in `unread`"""


def picked(worths, rng):
    return Answer([int(worths.argmax())], float(worths.max()))


COVER = replace(
    GAUSS,
    id="mine/cover",
    instances=Family("worths", always=(np.array([1.0, 3.0]), np.array([5.0, 2.0])), draw=lambda d: d.floats(1, 2, 3)),
    solve=picked,
    claim=Inequality(lambda worths, answer: Sides(worths.max(), answer.value, least=0)),
    decisions=("chosen.*",),
    may_vary={"chosen": "how many are chosen is the solver's"},
)


def test_the_words_of_a_failure():
    assert remedies(COVER, forge(COVER, Session(FORGING))) == WORDS


def judged(worths, answer):
    if len(answer.chosen) != 1 or not 0 <= answer.chosen[0] < len(worths):
        raise OutcomeError("one item is to be chosen")
    worth = worths[answer.chosen[0]]
    return Sides([worths.max(), answer.value], [worth, worth], least=[0, -np.inf], rounding=0.0)


def test_a_claim_that_is_mended_passes():
    claim = Inequality(lambda w, a: Sides([w.max(), a.value, -a.value], [*judged(w, a).rhs, -judged(w, a).rhs[0]]))
    claim = replace(claim, unbounded="a report may be any number")
    assert forge(replace(COVER, claim=claim), Session(FORGING)).supported == ()


def test_what_is_free_may_be_turned_around_and_moves_no_side():
    claim = Identity(lambda n, root: Sides(root * root, n * n))
    roots = replace(GAUSS, id="mine/roots", solve=lambda n, rng: n, claim=claim)
    assert [str(lie) for lie in forge(roots, Session(FORGING)).supported] == ["outcome: negated"]
    free = replace(roots, free={"outcome": "n has two roots of its square"})
    assert forge(free, Session(FORGING)).supported == ()
    read = replace(free, claim=Identity(lambda n, root: Sides([root * root, root], [n * n, n])))
    assert [str(lie) for lie in forge(read, Session(FORGING)).supported] == [
        "outcome: its sign is declared free, and is read"
    ]
    with pytest.raises(StatementError, match=r"an outcome has no \['roots'\]; it has \['outcome'\]"):
        forge(replace(roots, free={"roots": "there is no such field"}), Session(FORGING))
    with pytest.raises(StatementError, match="`free` must be a mapping of paths to reasons"):
        replace(roots, free=("outcome",))


# --- solvers that say nothing, views, time ---------------------------------------------------------------------------


def test_a_solver_that_says_nothing_satisfies_no_identity():
    pair = replace(
        GAUSS,
        id="mine/pair",
        solve=lambda n, rng: (n * (n + 1) // 2, sum(range(n + 1))),
        claim=Identity(lambda n, both: Sides(both[0], both[1])),
        saboteurs=(),
    )
    found = {str(lie) for lie in forge(pair, Session(FORGING)).supported}
    assert found == {"the whole outcome: zero in every place", "the whole outcome: of another instance"}


def test_a_forger_tells_instances_apart_that_a_solver_sees_by_a_view():
    edges = Identity(lambda n, count: Sides(count, n - 1))
    family = Family("paths", always=(2, 5), draw=lambda d: d.integers(2, 9), view=networkx.path_graph)
    statement = replace(
        GAUSS, instances=family, solve=lambda graph, rng: graph.number_of_edges(), claim=edges, saboteurs=()
    )
    assert forge(statement, Session(FORGING)).supported == ()
    one_sided = Inequality(lambda n, count: Sides(n - 1, count), unbounded="a count may be anything")
    found = {str(lie) for lie in forge(replace(statement, claim=one_sided), Session(FORGING)).supported}
    assert {"outcome: 10^9", "outcome: one more"} <= found


def test_what_time_does_not_allow_is_counted():
    testimony = forge(MISRA_GRIES, Session(FORGING), seconds=0.0)
    assert (testimony.told, testimony.supported) == (0, ())
    assert testimony.untold == forge(MISRA_GRIES, Session(FORGING)).told


def test_a_claim_that_a_lie_keeps_busy_is_broken_off():
    counted = Identity(lambda n, total: Sides(sum(1 for _ in range(int(total))), n * (n + 1) // 2))
    testimony = forge(replace(GAUSS, claim=counted), Session(FORGING), seconds=1.0)
    assert testimony.untold > 0
    assert testimony.supported == ()


def test_an_honest_outcome_comes_first():
    wrong = replace(GAUSS, solve=lambda n, rng: n)
    with pytest.raises(StatementError, match="toy/GAUSS: an honest outcome is refuted"):
        forge(wrong, Session(FORGING))
    thin = Family("rarely", always=(Stream((0,), 1),), draw=MISRA_GRIES.instances.draw)
    few = replace(MISRA_GRIES, instances=thin)
    assert check(few, Session(FORGING)).verdict in ("supported", "inconclusive")
    assert forge(few, Session(FORGING)).supported == ()


def test_evidence_says_what_the_forger_found_and_that_it_was_left_out():
    found = lrtheory.check(COVER)
    assert (found.verdict, found.alone) == ("inconclusive", "inconclusive")
    assert "mine/cover[forger]: still supported after a lie about the outcome\n    " in str(found)
    honest: Any = lrtheory.check(GAUSS)
    assert honest.verdict == "supported"
    assert f"none of {honest.counts['lies']} lies about the outcome is supported" in str(honest)
    left = lrtheory.check(GAUSS, forger=False)
    assert "the forger and the solver that says nothing were left out" in str(left)
    assert "lies" not in left.counts
