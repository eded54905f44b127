"""Selection under quotas against enumeration, for every method; ties, infeasible quotas, several attributes."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.fair_subset_selection import (
    Rankings,
    ScoreRule,
    committee_score,
    item_scores,
    sample_rankings,
    select,
    select_by_scores,
)
from tests.fair_subset_selection import oracles
from tests.fair_subset_selection.oracles import RULES


def random_bounds(rng, sizes, k):
    """Lower and upper bounds of every group, feasible or not."""
    low = {g: int(rng.integers(0, min(size, k) + 1)) for g, size in sizes.items()}
    high = {g: int(rng.integers(low[g], k + 1)) for g in sizes}
    return low, high


def test_bounds_by_enumeration() -> None:
    rng, feasible = np.random.default_rng(0), 0
    for _ in range(150):
        m, k = 7, int(rng.integers(0, 6))
        groups, scores = rng.integers(0, 3, m), rng.integers(0, 5, m)
        sizes = {g: int((groups == g).sum()) for g in range(3)}
        low, high = random_bounds(rng, {g: size for g, size in sizes.items() if size}, k)
        best, sets = oracles.best_sets(m, k, lambda s, w=scores: w[list(s)].sum(), oracles.within(groups, low, high))
        if best is None:
            with pytest.raises(ValueError, match="`(at_least|at_most)` must be"):
                select_by_scores(scores, k, groups=groups, at_least=low, at_most=high)
            continue
        feasible += 1
        found = select_by_scores(scores, k, groups=groups, at_least=low, at_most=high)
        assert found.score == best
        assert tuple(sorted(found.items)) in sets
        assert (np.diff(found.gains) <= 0).all()
        assert {g: c for g, c in found.group_counts.items() if c} == {
            g: int((groups[found.items] == g).sum()) for g in range(3) if (groups[found.items] == g).any()
        }
        # an exchange of equal scores is possible exactly for the items that are in some best sets and not in others
        times = np.bincount(np.array(sets, int).ravel(), minlength=m)
        assert found.tied.tolist() == np.flatnonzero((times > 0) & (times < len(sets))).tolist()
    assert feasible > 40


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
def test_exact_methods_agree(rule: ScoreRule) -> None:
    panel = sample_rankings("impartial-culture", 6, 6, rng=1)
    groups, quota = np.array([0, 0, 1, 1, 2, 2]), {0: 1, 1: 2}
    options = {"groups": groups, "quota": quota}
    best, sets = oracles.best_sets(
        6, 4, lambda s: committee_score(panel, rule, list(s)), oracles.within(groups, quota, quota)
    )
    enumerated = select(panel, rule, 4, method="brute-force", **options)
    program = select(panel, rule, 4, method="milp", **options)
    assert enumerated.score == best == pytest.approx(program.score, rel=1e-12)
    assert tuple(sorted(enumerated.items)) in sets
    assert enumerated.counts["evaluations"] == 2 * 1 * 2
    assert (program.tied, program.counts["evaluations"]) == (None, 0)
    if rule.separable:
        exact = select(panel, rule, 4, **options)
        assert (exact.score, exact.method) == (best, "exact")
        assert exact.counts["additions"] == 36
    else:
        exact = select(panel, rule, 4, **options)
        assert (exact.score, exact.method, exact.certificate) == (pytest.approx(best), "exact", None)
        greedy = select(panel, rule, 4, method="lazy", **options)
        assert greedy.score >= best / 2
    for found in (enumerated, program, exact):  # what the items add, one after the other, is the score
        assert found.gains.sum() == pytest.approx(best)


def test_several_attributes() -> None:
    rng = np.random.default_rng(5)
    groups = {"team": np.array([0, 0, 1, 1, 2, 2, 0]), "site": np.array(list("NNNSSSS"))}
    for rule in (RULES[2], RULES[4]):
        panel = sample_rankings("impartial-culture", 5, 7, rng=rng)
        quotas = {"at_least": {"team": {2: 1}, "site": {"S": 2}}, "at_most": {"team": {0: 1}}}
        program = select(panel, rule, 3, groups=groups, **quotas)
        enumerated = select(panel, rule, 3, groups=groups, method="brute-force", **quotas)
        assert (program.method, program.score) == ("milp" if rule.separable else "exact", enumerated.score)
        solved = select(panel, rule, 3, groups=groups, method="milp", **quotas)
        assert solved.score == enumerated.score
        assert program.group_counts["site"]["S"] >= 2
        assert program.group_counts["team"][0] <= 1
    impossible = {"team": {0: 2}, "site": {"N": 3}}
    with pytest.raises(ValueError, match="must be feasible for all attributes together"):
        select(panel, rule, 3, groups={**groups, "site": np.array(list("SSNNNSS"))}, quota=impossible, method="milp")
    with pytest.raises(ValueError, match="`method` must be"):
        select(panel, rule, 3, groups=groups, method="lazy")
    with pytest.raises(ValueError, match="from the attributes"):
        select(panel, rule, 3, groups=groups, quota={0: 1})


def test_kinds_of_scores() -> None:
    for kind in (np.int8, np.uint16, np.int64, np.float32, np.float64, object):
        scores = np.array([Fraction(3, 1), 2, 5, 2]).astype(kind)
        found = select_by_scores(scores, 2, groups=[0, 0, 1, 1], at_most={1: 1})
        assert found.items.tolist() == [2, 0]
        assert found.score == 8
        assert found.gains.dtype == (
            kind if kind in (np.float32, np.float64) else np.float64 if kind is object else np.int64
        )


def test_groups_by_name() -> None:
    panel = Rankings([[0, 1, 2]])
    for names in (["a", "b", "b"], np.array(["a", "b", "b"]), np.array(["a", "b", "b"], object)):
        found = select(panel, RULES[2], 2, groups=names, quota={"b": 2})
        assert dict(found.group_counts) == {"a": 0, "b": 2}
    for bad in ([0.5, 1, 1], [None, "a", "b"]):
        with pytest.raises(ValueError, match="a group for each item"):
            select(panel, RULES[2], 2, groups=bad)


def test_random_ties_look_at_no_number() -> None:
    panel = Rankings(np.tile(np.arange(6), (3, 1)))  # five items without a point
    chosen = np.array([select(panel, RULES[0], 3, ties="random", rng=seed).items for seed in range(400)])
    assert (chosen[:, 0] == 0).all()
    times = np.bincount(chosen.ravel(), minlength=6)[1:]
    np.testing.assert_allclose(times / 400, 2 / 5, atol=0.1)
    first = select(panel, RULES[0], 3)
    assert first.items.tolist() == [0, 1, 2]
    assert first.tied.tolist() == [1, 2, 3, 4, 5]
    sets = {
        tuple(sorted(select(panel, RULES[0], 3, ties="random", rng=s, method="brute-force").items)) for s in range(60)
    }
    assert len(sets) == 10


def test_nothing_and_everything() -> None:
    panel = Rankings([[0, 1, 2]], names="abc")
    for rule in RULES:
        if rule.depth == 3 or rule.kind == "owa":
            continue
        for method in ("auto", "greedy", "lazy", "milp", "brute-force"):
            none = select(panel, rule, 0, method=method)
            assert (none.items.tolist(), none.score, none.names) == ([], 0, ())
            assert sorted(select(panel, rule, 3, method=method).names) == ["a", "b", "c"]
    empty = select(panel, RULES[2], 1, groups=[False, False, False], quota={True: 0})
    assert dict(empty.group_counts) == {False: 1, True: 0}  # a mask has two groups


@pytest.mark.parametrize(
    ("k", "options", "message"),
    [
        (2, {"quota": {1: 3}}, "`quota` must be at most 2, the size of group 1; got 3"),
        (2, {"at_least": {7: 1}}, r"`at_least` must be a mapping from the groups \[0, 1\]; got \[7\]"),
        (2, {"at_most": {0: 1, "1": 0}}, r"`at_most` must be a mapping from the groups \[0, 1\]; got \['1'\]"),
        (2, {"quota": {2: 0}}, r"`quota` must be a mapping from the groups \[0, 1\]; got \[2\]"),
        (2, {"quota": 1}, r"`quota` must be a mapping from the groups \[0, 1\]; got 1"),
        (2, {"at_least": [1, 1]}, r"`at_least` must be a mapping from the groups \[0, 1\]; got \[1, 1\]"),
        (2, {"quota": {0: 1}, "at_least": {0: 2}}, "`quota` must be at least the 2 items asked for of group 0; got 1"),
        (3, {"quota": {0: 2, 1: 2}}, r"`quota` must be of sum at most k = 3 over the groups; got \{0: 2, 1: 2\}"),
        (4, {"quota": {0: 1}}, r"`quota` must be such that the groups have room for k = 4 items; got \{0: 1, 1: 2\}"),
        (4, {"at_most": {0: 1, 1: 1}}, "room for k = 4"),
        (2, {"quota": {0: -1}}, "at least 0"),
        (2, {"quota": {0: 1.5}}, "an integer"),
        (2, {"at_least": {0: 2}, "at_most": {0: 1}}, "`at_most` must be at least the 2 items asked for of group 0"),
        (6, {}, r"`k` must be an integer in \[0, 5\]"),
        (-1, {}, "`k` must be"),
        (2, {"method": "best"}, "`method` must be one of"),
        (2, {"ties": "first"}, "`ties` must be one of"),
    ],
)
def test_infeasible(k: int, options: dict, message: str) -> None:
    panel = Rankings([[0, 1, 2, 3, 4]])
    with pytest.raises((ValueError, TypeError), match=message):
        select(panel, RULES[2], k, groups=[0, 0, 0, 1, 1], **options)


def test_other_refusals() -> None:
    panel = Rankings([[0, 1, 2]])
    with pytest.raises(ValueError, match="`groups` must be given with `quota`"):
        select(panel, RULES[2], 1, quota={0: 1})
    with pytest.raises(ValueError, match=r"`groups` must be of shape \(3,\)"):
        select(panel, RULES[2], 1, groups=[0, 1])
    with pytest.raises(ValueError, match='`method` must be "greedy" where the optimum may take more than'):
        select(sample_rankings("impartial-culture", 10, 60, rng=0), RULES[4], 20, method="exact")
    with pytest.raises(ValueError, match="`method` must be another"):
        select(sample_rankings("impartial-culture", 1, 40, rng=0), RULES[2], 20, method="brute-force")
    with pytest.raises(ValueError, match='"lazy", which takes one attribute, for panels'):
        select(sample_rankings("impartial-culture", 500, 500, rng=0), RULES[4], 2, method="milp")
    with pytest.raises(TypeError, match="Rankings"):
        select(panel.positions, RULES[2], 1)
    with pytest.raises(ValueError, match="finite"):
        select_by_scores([1.0, np.nan], 1)


def test_at_least_is_exact_where_the_optimum_has_fewer() -> None:
    rng, compared = np.random.default_rng(6), 0
    for _ in range(50):
        scores, groups = rng.integers(0, 9, 8), rng.integers(0, 2, 8)
        free = select_by_scores(scores, 3, groups=groups)
        for quota in range(free.group_counts.get(1, 0), min(3, (groups == 1).sum()) + 1):
            if 3 - quota > (groups == 0).sum():
                continue
            least = select_by_scores(scores, 3, groups=groups, at_least={1: quota})
            exact = select_by_scores(scores, 3, groups=groups, quota={1: quota})
            assert least.score == exact.score  # statement FSS-D5
            assert least.group_counts.get(1, 0) >= quota
            compared += quota > free.group_counts.get(1, 0)
    assert compared > 30


def test_averaged_ties_and_truncation() -> None:
    panel = Rankings(orders=[[(0, 1), 2], [2, 1], [(1, 2)]], ties="average")
    for rule in (ScoreRule("borda"), ScoreRule("borda-cc")):
        best = max(committee_score(panel, rule, s) for s in itertools.combinations(range(3), 2))
        assert select(panel, rule, 2).score == best
    assert committee_score(panel, ScoreRule("borda-cc"), [0, 2]) == 1.5 + 2 + 1.5
    assert item_scores(panel, ScoreRule("borda")).tolist() == [1.5, 1.5 + 1 + 1.5, 0 + 2 + 1.5]
