"""Logs of answers, pass@k, shares without signal and reports of sharpening, against counts of subsets in Fractions."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.policy_gradients import AnswerLog, make_bandit, pass_at_k, sharpening_report, signal_share


def passed(n, c, k):
    """The share of subsets of k answers with a right one, by a list of all of them."""
    subsets = list(itertools.combinations([1] * c + [0] * (n - c), k))
    return Fraction(sum(any(one) for one in subsets), len(subsets))


def silent(n, c, size):
    subsets = list(itertools.combinations([1] * c + [0] * (n - c), size))
    return Fraction(sum(len(set(one)) == 1 for one in subsets), len(subsets))


def test_estimates_are_shares_of_subsets():
    cases = [(n, c) for n in range(1, 8) for c in range(n + 1)]
    n, c = np.array(cases).T
    sizes = list(range(1, 8))
    ours = pass_at_k(n, c, sizes), signal_share(n, c, group_sizes=sizes)
    for row, (trials, right) in enumerate(cases):
        for column, size in enumerate(sizes):
            for found, due in zip(ours, (passed, silent), strict=True):
                value = found.per_problem[row, column]
                if size > trials:
                    assert math.isnan(value)
                else:
                    assert value == pytest.approx(float(due(trials, right, size)), abs=1e-15)
    assert ours[0].n_problems.tolist() == [len([1 for t, _ in cases if t >= k]) for k in sizes]


def test_large_counts_neither_overflow_nor_lose_digits():
    found = pass_at_k([2000, 2000, 10**6], [1000, 3, 1], [1000, 1]).per_problem
    for row, (n, c) in enumerate([(2000, 1000), (2000, 3), (10**6, 1)]):
        due = [1 - Fraction(math.comb(n - c, k), math.comb(n, k)) for k in ((1000, 1) if n == 2000 else (1,))]
        np.testing.assert_allclose(found[row][-len(due) :], [float(one) for one in due], rtol=1e-10)
    assert found[2, 0] == pytest.approx(1e-3, rel=1e-9)


def test_intervals_say_of_which_problems_they_speak():
    n, c = np.full(50, 64), np.arange(50)
    drawn, fixed = (pass_at_k(n, c, [1, 8, 64], population=word) for word in ("like these", "these"))
    assert "problems like these" in drawn.message
    assert "these problems" in fixed.message
    assert ((drawn.lower < drawn.value) & (drawn.value < drawn.upper)).all()
    assert fixed.upper[0] - fixed.lower[0] < 0.25 * (drawn.upper[0] - drawn.lower[0])
    half = math.sqrt(math.log(2 / 0.05) / 2 * 50 / 8) / 50
    assert fixed.lower[1] == pytest.approx(fixed.value[1] - half)
    assert (drawn.problem_lower <= drawn.per_problem + 1e-12)[:, 0].all()
    assert (drawn.per_problem <= drawn.problem_upper + 1e-12)[:, 0].all()


def test_intervals_of_these_problems_cover_by_enumeration():
    """Two problems with four answers each; the chance that the mean is missed is summed over all counts."""
    P, n, delta = (Fraction(1, 5), Fraction(3, 4)), 4, 0.5
    chances = [[math.comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)] for p in P]
    for k in (1, 2, 4):
        mean = sum(1 - (1 - p) ** k for p in P) / 2
        missed = Fraction(0)
        for first, second in itertools.product(range(n + 1), repeat=2):
            found = pass_at_k([n, n], [first, second], k, delta=delta, population="these")
            inside = Fraction(float(found.lower[0])) <= mean <= Fraction(float(found.upper[0]))
            missed += 0 if inside else chances[0][first] * chances[1][second]
        assert missed <= Fraction(delta)


def test_a_problem_with_too_few_answers_is_left_out_and_counted():
    found = pass_at_k([8, 2], [4, 2], [2, 4])
    assert found.n_problems.tolist() == [2, 1]
    assert "left out: 1 at 4" in found.message
    assert found.value[1] == found.per_problem[0, 1]
    assert "left out: 1 at 4" in signal_share([8, 2], [4, 2], group_sizes=[4]).message
    empty = pass_at_k([0, 4], [0, 1], 1)
    assert empty.n_problems.tolist() == [1]
    assert "1 at 1" in empty.message


@pytest.mark.parametrize(
    ("n", "c", "k", "sentence"),
    [
        ([8], [4], 16, r"`k` must be at most n = 8; got 16\."),
        ([8], [9], 1, r"`c` must be at most `n`; got 9 of 8\."),
        ([8], [4], 0, "`k` must be an integer of at least 1"),
        ([8], [4], 1.5, "`k` must be an integer"),
        ([8], [4, 4], 1, "`c` must be of the shape"),
        ([8.5], [4], 1, "`n` must be whole numbers"),
        ([-1], [-2], 1, "`n` must be whole numbers"),
        ([math.nan], [1], 1, "`n` must be whole numbers"),
        ([], [], 1, "`n` must be counts of at least one problem"),
        ([8], None, 1, "`c` must be given"),
        (np.ma.masked_array([8], [1]), [1], 1, "without a mask"),
        (["a"], [1], 1, "`n` must be an array of whole numbers"),
    ],
)
def test_counts_that_are_none_are_refused(n, c, k, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        pass_at_k(n, c, k)


ROWS = {
    "problem": ["a", "b", "a", "a", "b", "c"],
    "correct": [True, False, False, True, True, False],
    "answer": ["2", "3", "5", "2", "4", "7"],
}


def test_logs_are_read_in_both_forms(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text(
        "".join(json.dumps(dict(zip(ROWS, row, strict=True))) + "\n" for row in zip(*ROWS.values(), strict=True))
    )
    counts = tmp_path / "counts.csv"
    counts.write_text("problem,n,c\na,3,2\nb,2,1\nc,1,0\n")
    for log in (AnswerLog.from_file(path), AnswerLog.from_file(counts), AnswerLog.from_frame(ROWS)):
        assert log.problems == ("a", "b", "c")
        assert log.n.tolist() == [3, 2, 1]
        assert log.c.tolist() == [2, 1, 0]
    assert AnswerLog.from_frame(ROWS).right == ({"2": 2}, {"4": 1}, {})
    assert pass_at_k(AnswerLog.from_file(counts), k=1).problems == ("a", "b", "c")
    words = AnswerLog.from_frame({"question": ["a", "a"], "passed": ["yes", "0"]})
    assert (words.n.tolist(), words.c.tolist(), words.right) == ([2], [1], None)


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        ({"problem": ["a"], "correct": [0.5]}, "row 0: `correct` must be true or false, or 1 or 0; got 0.5"),
        ({"problem": ["a", ""], "correct": [1, 0]}, "row 1: `problem` must be there"),
        (
            {"problem": ["a", "a"], "correct": [1, 0], "answer": ["x", "x"]},
            "right or wrong for a problem, and not both",
        ),
        ({"problem": ["a"], "correct": [1], "answer": [None]}, "row 0: `answer` must be there, since it is right"),
        ({"problem": list("abcb"), "n": [1] * 4, "c": [1] * 4}, "row 3: `problem` must be another one .*; got 'b'"),
        ({"problem": ["b", "a"], "n": [1, 1], "c": [1, 2]}, "row 1: `c` must be at most the number .*; got 2"),
        ({"problem": ["b", "a"], "n": [1, 1.5], "c": [1, 1]}, "row 1: `n` must be a whole number from 0.*; got 1.5"),
        ({"problem": ["b", "a"], "n": [1, 1], "c": [-1, 1]}, "row 0: `c` must be a whole number from 0.*; got -1"),
        ({"problem": ["b", "a"], "n": [0, 4], "correct": [0, 1]}, "row 1: `n` must be 1 where `correct` says"),
        ({"problem": ["a"]}, "no column is called correct"),
    ],
)
def test_a_log_that_breaks_a_rule_is_refused_with_its_row(frame, sentence):
    with pytest.raises(ValueError, match=sentence):
        AnswerLog.from_frame(frame)


def test_a_column_n_beside_single_answers_is_their_number_or_is_named_away():
    rows = {"problem": ["a", "a", "b"], "n": [0, 7, 2], "correct": [0, 1, 1]}
    assert AnswerLog.from_frame(rows).n.tolist() == [2, 1]  # a number of the answer: problems occur several times
    single = {"problem": ["a", "b"], "n": [4, 4], "correct": [0, 1]}
    assert AnswerLog.from_frame(single, columns="problem,correct").n.tolist() == [1, 1]


def test_a_name_that_comes_twice_is_found_in_long_lists_too():
    names = [*range(200_000), 199_998]
    with pytest.raises(ValueError, match="`problems` must be different names; got 199998"):
        AnswerLog.from_counts(names, [1] * len(names), [0] * len(names))


def test_a_wrong_answer_may_be_empty_and_lengths_must_fit():
    log = AnswerLog.from_frame({"problem": ["a", "a"], "correct": [1, 0], "answer": ["x", None]})
    assert log.right == ({"x": 1},)
    with pytest.raises(ValueError, match="`correct` must be one entry for each of 2"):
        AnswerLog(["a", "a"], [1])
    with pytest.raises(ValueError, match="`answers` must be one entry for each of 1"):
        AnswerLog(["a"], [1], answers=["x", "y"])
    with pytest.raises(TypeError, match="`problems` must be labels that can be told apart"):
        AnswerLog([["a"]], [1])
    with pytest.raises(ValueError, match="`c` must be left out"):
        pass_at_k(log, [1], 1)


def logged(rng, law, success, n_problems, n):
    names = [i for i in range(n_problems) for _ in range(n)]
    correct = rng.random(len(names)) < success
    answers = np.where(correct, rng.choice(len(law), len(names), p=law), -1)
    return AnswerLog(names, correct, answers=answers)


@pytest.mark.parametrize(
    ("first", "second", "verdict", "decided"),
    [
        ([0.5, 0.3, 0.2], [0.9, 0.06, 0.04], "sharpens", False),
        ([0.9, 0.06, 0.04], [0.5, 0.3, 0.2], "adds", True),
        ([0.5, 0.3, 0.2], [0.5, 0.3, 0.2], "open", None),
    ],
)
def test_a_report_tells_sharpening_from_its_contrary(first, second, verdict, decided):
    rng = np.random.default_rng(3)
    report = sharpening_report(logged(rng, first, 0.5, 120, 16), logged(rng, second, 0.8, 120, 16))
    assert report.verdict == verdict
    assert report._decided() is decided
    assert report.change == pytest.approx(sum(q * q for q in second) - sum(q * q for q in first), abs=0.06)
    assert report.k.tolist() == [1, 2, 4, 8, 16]
    assert report.gain_lower[0] > 0.1


def test_gains_lie_in_their_intervals_and_turn_with_the_logs():
    before, after = (AnswerLog.from_counts(range(40), [8] * 40, [c] * 40) for c in (2, 6))
    report, turned = sharpening_report(before, after), sharpening_report(after, before)
    gain = report.after - report.before
    assert (report.gain_lower < gain).all()
    assert (report.gain_upper >= gain).all()
    assert (report.gain_lower < report.gain_upper - 0.01).all()
    np.testing.assert_allclose(turned.gain_lower, -report.gain_upper, atol=1e-9)


def test_an_estimate_that_two_answers_are_the_same_is_without_bias():
    law, m = [Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)], 3
    mean = Fraction(0)
    for answers in itertools.product(range(3), repeat=m):
        log = AnswerLog(["a"] * m, [1] * m, answers=list(answers))
        mean += Fraction(sharpening_report(log, log).same_before).limit_denominator(100) * math.prod(
            law[a] for a in answers
        )
    assert mean == sum(q * q for q in law)


def test_a_report_of_what_cannot_be_compared_is_open_and_says_why():
    counts = AnswerLog.from_counts(["a", "b"], [4, 4], [2, 3])
    report = sharpening_report(counts, AnswerLog.from_counts(["b", "c"], [2, 4], [0, 1]))
    assert report.verdict == "open"
    assert "needs a column answer" in report.message
    assert "2 problems of one log" in report.message
    assert report.n_compared == 0
    assert report.crossing == 1
    with pytest.raises(ValueError, match="no problem in common"):
        sharpening_report(counts, AnswerLog.from_counts(["d"], [4], [2]))
    with pytest.raises(TypeError, match="`after` must be an AnswerLog"):
        sharpening_report(counts, [1])


def test_a_made_problem_has_the_success_that_is_asked_for():
    bandit = make_bandit(6, 2, success=0.3, rng=1)
    assert bandit.correct.tolist() == [True, True, False, False, False, False]
    assert bandit.p[bandit.correct].sum() == pytest.approx(0.3)
    assert bandit.p.sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="`n_correct` must be"):
        make_bandit(3, 3)
