"""Ask and tell: answers out of order, copies, saved states, refused answers, judges that raise, repeat or err."""

from __future__ import annotations

import csv
import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lrtheory.reranking import Reranker, Reranking, encoder_oracle, make_oracle, rerank

KINDS = ("window", "merge", "tournament", "heap", "knockout", "groupwise", "pointwise")


def answer_of(run: Reranker, call: np.ndarray, places: list[int]) -> Any:
    if run.strategy == "pointwise":
        return -float(places[int(call[0])])
    return sorted(call.tolist(), key=places.__getitem__)


def same(ours: Reranking, due: Reranking) -> bool:
    numbers = (ours.certified, ours.calls, ours.rounds) == (due.certified, due.calls, due.rounds)
    return numbers and np.array_equal(ours.order, due.order) and dict(ours.counts) == dict(due.counts)


class Judged(RuleBasedStateMachine):
    """A run whose calls are answered one by one in any order, beside one that a judge answers at once."""

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        n, self.size = data.draw(st.integers(0, 9)), data.draw(st.integers(2, 4))
        strategy = data.draw(st.sampled_from(KINDS))
        k = data.draw(st.integers(0, min(n, 1 if strategy in ("knockout", "merge", "tournament") else n)))
        self.places = data.draw(st.permutations(range(n)))
        if strategy == "merge" and n > self.size**2:
            strategy = "window"
        votes = data.draw(st.sampled_from([1, 3]))
        self.run = Reranker(n, k, strategy=strategy, size=self.size, votes=votes, rng=1)
        twin = self.run.copy()
        self.due = twin.run(lambda call: answer_of(twin, call, self.places))

    def is_open(self) -> bool:
        return not self.run.done

    @precondition(is_open)
    @rule(data=st.data())
    def tell_some(self, data: st.DataObject) -> None:
        calls, still = self.run.ask(), self.run.open_calls()
        chosen = data.draw(st.lists(st.sampled_from(still), min_size=1, unique=True))
        self.run.tell({one: answer_of(self.run, calls[one], self.places) for one in chosen})

    @precondition(is_open)
    @rule()
    def tell_wrong(self) -> None:
        before, number = self.run.get_state(), self.run.open_calls()[0]
        call = self.run.ask()[number]
        wrong: Any = float("nan") if self.run.strategy == "pointwise" else [int(call[0])] * (len(call) + 1)
        good = {one: answer_of(self.run, self.run.ask()[one], self.places) for one in self.run.open_calls()[1:]}
        with pytest.raises((TypeError, ValueError), match=r"`answers\["):
            self.run.tell({**good, number: wrong})
        assert self.run.get_state() == before

    @rule(way=st.sampled_from(["copy", "pickle", "json"]))
    def go_on_with_another(self, way: str) -> None:
        if way == "copy":
            self.run = self.run.copy()
        elif way == "pickle":
            self.run = pickle.loads(pickle.dumps(self.run))
        else:
            state = json.loads(json.dumps(self.run.get_state()))
            other = self.run.copy()
            other.set_state(state)
            self.run = other

    @invariant()
    def ends_alike(self) -> None:
        if getattr(self, "run", None) is not None and self.run.done:
            assert same(self.run.result(), self.due)


Judged.TestCase.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
TestJudged = Judged.TestCase


def test_rounds_may_be_told_at_once() -> None:
    run = Reranker(9, 2, size=3, strategy="tournament")
    judge = make_oracle(range(8, -1, -1))
    while not run.done:
        run.tell([judge(call) for call in run.ask()])
    found = run.result(record=True)
    assert [len(one) for one in found.transcript] == [3, 2, 1, 1]
    assert found.order[:2].tolist() == [8, 7]
    with pytest.raises(RuntimeError, match="nothing is left to ask"):
        run.ask()
    with pytest.raises(RuntimeError, match="nothing is left to ask"):
        run.tell([])
    assert run.open_calls() == []


def test_what_was_answered_is_kept_where_a_judge_raises() -> None:
    judge, asked = make_oracle(np.random.default_rng(3).permutation(30)), []

    def tired(call: np.ndarray) -> np.ndarray:
        asked.append(call)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return judge(call)

    with pytest.raises(KeyboardInterrupt) as stopped:
        rerank(tired, 30, 3, size=6, strategy="window")
    run = stopped.value.reranker  # type: ignore[attr-defined]
    found = run.run(judge)
    assert judge.calls == found.calls == rerank(judge, 30, 3, size=6, strategy="window").calls
    assert found.certified >= 3


def test_answers_that_contradict_each_other_certify_nothing() -> None:
    found = rerank(lambda call: call[::-1], 6, 2, size=3, strategy="window", passes=2, step=1)
    assert found.certified == 0
    assert "contradict" in found.message


def test_votes_outvote_single_errors() -> None:
    wrong = iter([True, False, False] * 100)
    judge = lambda call: sorted(call.tolist(), reverse=next(wrong))
    found = rerank(judge, 8, 2, size=2, strategy="heap", votes=3)
    assert found.order[:2].tolist() == [0, 1]
    assert found.certified >= 2
    assert found.counts["undecided"] == 0
    three = iter([[0, 1, 2], [1, 0, 2], [0, 2, 1]])  # no two alike; places add up to 1, 3 and 5
    found = rerank(lambda call: next(three), 3, 1, size=3, votes=3)
    assert (found.order.tolist(), found.counts["undecided"], found.calls) == ([0, 1, 2], 1, 3)


def test_two_equal_votes_of_five_decide_nothing() -> None:
    """Places add up to 5, 3 and 7, so that the document of most votes is not the first."""
    five = iter([[0, 1, 2], [0, 1, 2], [1, 2, 0], [2, 1, 0], [1, 0, 2]])
    found = rerank(lambda call: next(five), 3, 1, size=3, votes=5)
    assert (found.order.tolist(), found.counts["undecided"], found.calls) == ([1, 0, 2], 1, 5)


def test_tables_have_the_scores_of_a_judge_that_scores(tmp_path: Path) -> None:
    scores = [0.25, 2.0, -1.0]
    found = rerank(lambda call: scores[int(call[0])], 3, 1, strategy="pointwise")
    found.to_file(tmp_path / "found.csv")
    with (tmp_path / "found.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["document"]), float(row["score"])) for row in rows] == [(1, 2.0), (0, 0.25), (2, -1.0)]


def test_a_certificate_of_arrays_of_another_kind_proves_nothing() -> None:
    judge = make_oracle([2, 0, 1])
    proof = rerank(judge, 3, 3, size=3).certificate
    assert proof is not None
    assert proof.verify(judge)
    for name in ("order", "answers", "lengths"):
        for wrong in (getattr(proof, name).astype(np.float64), getattr(proof, name)[None, :]):
            assert not dataclasses.replace(proof, **{name: wrong}).verify(judge)


def test_repaired_answers_are_counted() -> None:
    found = rerank(lambda call: [7, int(call[1]), int(call[1])], 3, 3, size=3, repair="append")
    assert (found.order.tolist(), found.counts["repaired"]) == ([1, 0, 2], 1)


def test_groups_recombine_without_bias_and_are_drawn_by_the_rng() -> None:
    judge = make_oracle(range(12))
    ours, again, other = (
        rerank(judge, 12, 3, size=4, strategy="groupwise", partitions=30, rng=rng, record=True) for rng in (0, 0, 1)
    )
    assert ours.rounds == 1
    assert ours.calls == 90
    assert np.array_equal(ours.scores, again.scores)
    assert not np.array_equal(ours.scores, other.scores)
    means = np.zeros(12)
    for call in ours.transcript[0]:
        means[call] += np.argsort(np.argsort(call)) / 3
    np.testing.assert_allclose(ours.scores, means / 30)
    whole = rerank(judge, 5, 5, size=5, strategy="groupwise", partitions=1)
    np.testing.assert_allclose(whole.scores, np.arange(5) / 4)
    uneven = rerank(judge, 5, 1, size=4, strategy="groupwise", record=True, rng=0)
    assert sorted(map(len, uneven.transcript[0])) == [2] * 5 + [3] * 5


def test_scores_are_certain_down_to_the_first_tie() -> None:
    scores = [1.0, 5.0, 3.0, 3.0, 9.0]
    found = rerank(lambda call: scores[int(call[0])], 5, 4, strategy="pointwise")
    assert (found.order.tolist(), found.certified, found.certificate) == ([4, 1, 2, 3, 0], 2, None)
    infinite = rerank(lambda call: [np.inf, -np.inf][int(call[0])], 2, 2, strategy="pointwise")
    assert (infinite.order.tolist(), infinite.certified) == ([0, 1], 2)


def test_a_judge_that_errs_for_ever_answers_alike() -> None:
    judge = make_oracle(range(6), error_rate=0.4, persistent=True, rng=0)
    answers = [[judge([a, b])[0] for a in range(6) for b in range(6) if a != b] for _ in range(2)]
    assert answers[0] == answers[1]
    table = {(a, b): judge([a, b])[0] for a in range(6) for b in range(6) if a != b}
    assert all(table[a, b] == table[b, a] for a, b in table)
    favors = make_oracle(range(2), error_rate=0.25, position_bias=0.25, rng=0)
    assert all(favors([0, 1])[0] == 0 for _ in range(50))
    assert {int(favors([1, 0])[0]) for _ in range(50)} == {0, 1}


def test_an_encoder_sorts_by_cosines() -> None:
    judge = encoder_oracle([[1.0, 0.0], [1e300, 1e300], [0.0, 1e-300]], [0.0, 2.0])
    np.testing.assert_allclose(judge.scores, [0.0, np.sqrt(0.5), 1.0])
    assert judge([0, 1, 2]).tolist() == [2, 1, 0]
    assert rerank(judge.score, 3, 1, strategy="pointwise").order.tolist() == [2, 1, 0]
