"""Numbers that are huge, tiny or nearly equal: what a solver with absolute tolerances, or int64, would get wrong."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.fair_subset_selection import (
    Rankings,
    ScoreRule,
    committee_score,
    item_scores,
    quota_curves,
    quota_sweep,
    sample_rankings,
    select,
    select_by_scores,
)
from lrtheory.fair_subset_selection.selection import exhaustive

TEAMS = {"team": [0, 0, 0, 1, 1, 1], "site": [0, 1, 2, 0, 1, 2]}
QUOTAS: dict[str, Any] = {"groups": TEAMS, "at_most": {"team": {0: 1}, "site": {1: 1}}}


def exact_score(panel: Rankings, weights: np.ndarray, owa: list[float], items: Any) -> Fraction:
    """F of a set in rational numbers."""
    total = Fraction(0)
    for row in panel.positions:
        values = sorted((Fraction(weights[row[i]].item()) for i in items), reverse=True)
        total += sum(Fraction(lam) * value for lam, value in zip(owa, values, strict=False))
    return total


@pytest.mark.parametrize("unit", [1e20, 1e100, 1e300, 1e-20, 1e-100, 1e-300])
@pytest.mark.parametrize("owa", [[1, 1, 1], [1, 0.5, 0.25], [1]])
def test_integer_programs_in_any_unit(unit: float, owa: list) -> None:
    weights = unit * np.array([7.0, 6.5, 3.0, 2.0, 0.5, 0.0])
    positional = {"position_weights": weights}
    rule = ScoreRule("positional", **positional) if owa == [1, 1, 1] else ScoreRule("owa", owa=owa, **positional)
    for seed in range(6):
        panel = sample_rankings("impartial-culture", 4, 6, rng=seed)
        found = select(panel, rule, 3, method="milp", **QUOTAS)
        best = select(panel, rule, 3, method="brute-force", **QUOTAS)
        scores = [exact_score(panel, weights, owa, one.items) for one in (found, best)]
        assert abs(scores[0] - scores[1]) <= Fraction(1e-15) * scores[1]
        assert found.message == "optimal up to the tolerances of HiGHS; no certificate: they are not proved"


@pytest.mark.parametrize("difference", [1e-6, 1e-9, 1e-13])
def test_scores_that_an_integer_program_hardly_tells_apart(difference: float) -> None:
    rng = np.random.default_rng(0)
    for owa in ([1, 1, 1], [1, 0.5, 0.25]):
        for _ in range(20):
            weights = 1 + difference * np.sort(rng.random(6))[::-1]
            kind = {"kind": "positional"} if owa == [1, 1, 1] else {"kind": "owa", "owa": owa}
            panel = Rankings(np.array([rng.permutation(6) for _ in range(3)]))
            rule = ScoreRule(**kind, position_weights=weights)
            sets = [select(panel, rule, 3, method=method).items for method in ("milp", "brute-force")]
            scores = [exact_score(panel, weights, owa, items) for items in sets]
            assert scores[0] >= scores[1] - Fraction(2.0**-49)  # rounding of sums of nine numbers near one


def test_the_message_says_where_exchanges_were_too_many_to_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    panel, quotas = sample_rankings("impartial-culture", 4, 6, rng=0), {"method": "milp", **QUOTAS}
    compared = select(panel, ScoreRule("borda-cc"), 3, **quotas)
    monkeypatch.setattr(exhaustive, "MAX_COMPARED", 0)
    skipped = select(panel, ScoreRule("borda-cc"), 3, **quotas)
    assert skipped.message == compared.message + "; exchanges of two items were too many to be compared"
    # a separable rule compares them by single items, which is never too much
    assert select(panel, ScoreRule("borda"), 3, **quotas).message == compared.message


def test_integers_that_doubles_do_not_tell_apart() -> None:
    weights = 2**57 + np.array([5, 4, 3, 2, 1, 0])
    panel, rule = Rankings([[1, 0, 5, 2, 3, 4]]), ScoreRule("positional", position_weights=weights)
    groups = {"a": [0] * 6, "b": [0] * 6}
    assert sorted(select(panel, rule, 3, groups=groups).items) == [0, 1, 3]


def test_an_integer_program_that_fails_is_no_infeasible_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy import optimize

    class Failed:
        status, message, x = 1, "time limit", None

    panel = sample_rankings("impartial-culture", 4, 6, rng=0)
    monkeypatch.setattr(optimize, "milp", lambda *args, **options: Failed)
    with pytest.raises(RuntimeError, match="HiGHS found no optimum: time limit"):
        select(panel, ScoreRule("borda"), 3, method="milp")
    Failed.status, Failed.x = 0, np.ones(6)
    with pytest.raises(RuntimeError, match="HiGHS returned 6 items instead of 3"):
        select(panel, ScoreRule("borda"), 3, method="milp")


def test_sums_of_integers_do_not_wrap() -> None:
    assert select_by_scores([2**62, 2**62, 1], 2).score == 2**63
    one = Rankings([[0, 1]], weights=[4])
    for kind, owa in (("positional", None), ("owa", [1])):
        rule = ScoreRule(kind, position_weights=[2**62, 0], owa=owa)
        assert committee_score(one, rule, [0]) == 2.0**64
        assert select(one, rule, 1, method="greedy").score == 2.0**64
    assert ScoreRule("positional", position_weights=[2**63, 1]).position_weights.tolist() == [2.0**63, 1.0]
    odd = 2**53 + 1  # beyond, sums in doubles are not the integers that they would be said to be
    assert isinstance(
        committee_score(Rankings([[0, 1]]), ScoreRule("owa", position_weights=[odd, 0], owa=[1]), [0]), float
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Rankings([[0, 1], [1, 0]], weights=[1e308, 1e308]), "`weights` must be of a finite sum; got inf"),
        (lambda: select_by_scores([1e308, 1e308], 2), "`scores` must be small enough for their sum to be finite"),
        (lambda: quota_curves([1e308, 1e308], [1, 0], 2, disadvantaged=[0]), "`latent` must be small enough"),
    ],
)
def test_sums_that_overflow(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("kind", ["positional", "owa"])
def test_scores_that_overflow(kind: str) -> None:
    panel = Rankings([[0, 1, 2], [1, 0, 2]], weights=[1e200, 1.0])
    rule = ScoreRule(kind, position_weights=[1e200, 1.0, 0.0], owa=[1, 0.5] if kind == "owa" else None)
    message = "`rule` must be of position weights that are finite when all voters add them up; got 1e[+]200"
    for call in (
        lambda: item_scores(panel, rule),
        lambda: committee_score(panel, rule, [0, 1]),
        lambda: select(panel, rule, 2),
        lambda: select(panel, rule, 2, method="greedy"),
        lambda: select(panel, rule, 2, method="milp"),
        lambda: quota_sweep(panel, panel, rule, 2, disadvantaged=[0]),
    ):
        with pytest.raises(ValueError, match=message):
            call()
