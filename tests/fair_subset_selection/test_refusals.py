"""Plausible mistakes get a sentence, and what a caller changes later changes nothing here."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory import fair_subset_selection as fss
from lrtheory.fair_subset_selection import Rankings, ScoreRule, baselines
from tests.rules.test_forms import assert_same

PANEL, BORDA = Rankings([[0, 1, 2, 3], [1, 0, 3, 2]]), ScoreRule("borda")
TWO = [0, 0, 1, 1]


@pytest.mark.parametrize(
    "call",
    [
        lambda rule: fss.select(PANEL, rule, 2),
        lambda rule: fss.item_scores(PANEL, rule),
        lambda rule: fss.item_scores([PANEL], rule),
        lambda rule: fss.committee_score(PANEL, rule, [0, 1]),
        lambda rule: fss.quota_sweep(PANEL, PANEL, rule, k=2, disadvantaged=[0]),
        lambda rule: fss.smoothness(PANEL, PANEL, rule),
        lambda rule: fss.certify_transfer(PANEL, rule, [0]),
        lambda rule: fss.sample_item_scores("impartial-culture", rule, 2, n_items=3, rng=0),
        lambda rule: baselines.proportional(PANEL, rule, 2, disadvantaged=[0]),
        lambda rule: baselines.random_within_groups(PANEL, rule, 2, groups=TWO, quota={0: 1, 1: 1}, rng=0),
    ],
)
def test_the_name_of_a_rule_is_its_rule(call: Any) -> None:
    assert_same(call("borda"), call(BORDA))
    with pytest.raises(ValueError, match="`rule` must be one of 'sntv', .*'borda-cc', 'chamberlin-courant', 'k-borda'"):
        call("bord")
    with pytest.raises(TypeError, match=r"`rule` must be a ScoreRule, such as ScoreRule\(\"borda\"\); got 3"):
        call(3)


def test_names_of_rules_with_parameters() -> None:
    assert_same(fss.select(PANEL, "bloc", 2), fss.select(PANEL, ScoreRule("bloc", depth=2), 2))
    assert_same(fss.select(PANEL, "chamberlin-courant", 2), fss.select(PANEL, ScoreRule("borda-cc"), 2))
    assert fss.committee_score(PANEL, "bloc", [0, 1]) == 4
    for rule in ("pav", "cc", "positional", "owa"):
        with pytest.raises(ValueError, match="`rule` must be a ScoreRule for this kind, such as"):
            fss.select(PANEL, rule, 2)
    with pytest.raises(ValueError, match="`rule` must be a ScoreRule for this kind"):
        fss.item_scores(PANEL, "bloc")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: fss.select(PANEL, BORDA, 2, groups={"a": TWO, "b": [0, 1, 0, 1]}, quota={"a": 1}),
            TypeError,
            r"`quota` must be a mapping from the groups \[0, 1\]; got 1",
        ),
        (
            lambda: fss.select(PANEL, BORDA, 2, groups={"a": TWO}, at_most=2),
            TypeError,
            r"`at_most` must be a mapping from the attributes \['a'\]; got 2",
        ),
        (lambda: fss.select_by_scores([1, 2], 1, groups=[0, 1], at_most={2: 1}), ValueError, r"got \[2\]"),
        (lambda: baselines.proportional(PANEL, BORDA, "2", disadvantaged=[0]), TypeError, "`k` must be an integer"),
        (
            lambda: baselines.random_within_groups(PANEL, BORDA, 2, groups=TWO, quota=None),
            TypeError,
            "`quota` must be a mapping from group to int; got None",
        ),
        (
            lambda: baselines.random_within_groups(PANEL, BORDA, 2, groups=TWO, quota={0: 2, 5: 0}),
            ValueError,
            r"`quota` must be a mapping from the groups \[0, 1\]; got \[5\]",
        ),
        (
            lambda: fss.quota_sweep(PANEL, PANEL, BORDA, k=2, disadvantaged=[0], quotas=1),
            TypeError,
            "`quotas` must be a sequence of integers; got 1",
        ),
        (
            lambda: fss.quota_sweep(PANEL, PANEL, BORDA, k=2, disadvantaged=[0], quotas=[0.7]),
            TypeError,
            "`quotas` must be an integer; got 0.7",
        ),
        (
            lambda: fss.quota_sweep(PANEL, PANEL, BORDA, k=2, disadvantaged=[0], quotas=[]),
            ValueError,
            "at least one quota",
        ),
        (lambda: fss.item_scores([PANEL, Rankings([[0, 1]])], BORDA), ValueError, "blocks of the same 4 items; got 2"),
        (lambda: Rankings([[0, 2**31 - 1]], ties="average"), ValueError, "must be below 2147483647; got 2147483647"),
        (
            lambda: fss.quota_curves([1, 2], [1, 2], 1, disadvantaged=1),
            TypeError,
            "`disadvantaged` must be a mask of bool or an array of item numbers; got 1",
        ),
        (
            lambda: fss.quota_sweep(PANEL, PANEL, BORDA, k=2, disadvantaged=[0], quotas=np.array(1)),
            TypeError,
            "`quotas` must be a sequence of integers",
        ),
        (lambda: fss.select_by_scores([1, 2], 1, names=3), TypeError, "`names` must be a sequence of names; got 3"),
        (lambda: fss.certify_transfer(PANEL, BORDA, [[0], [0, 1]]), ValueError, "rows of equal length"),
        (lambda: fss.ranking_blocks(np.ones(2), 1, 2), ValueError, "`model` must be one of"),
        (lambda: PANEL.with_weights([1]), ValueError, r"`weights` must be of shape \(2,\)"),
        (lambda: PANEL.with_weights([1, -1]), ValueError, "`weights` must be in"),
        (lambda: PANEL.with_weights([1, 10**20]), ValueError, r"`weights` must be of sum below 2\*\*62"),
        (lambda: PANEL.with_weights([1, 10**400]), ValueError, r"`weights` must be of sum below 2\*\*62"),
        (lambda: PANEL.with_weights([1, Fraction(10**400, 3)]), ValueError, "`weights` must be of a finite sum"),
    ],
)
def test_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_what_has_no_certificate_says_why() -> None:
    found = [fss.select(PANEL, BORDA, 2, method=method) for method in ("exact", "milp", "brute-force")]
    found.append(fss.select_by_scores([1, 2], 1))
    assert all(one.certificate is None and "; no certificate: " in one.message for one in found)
    for proof in (
        fss.select(PANEL, "borda-cc", 2, method="lazy").certificate,
        fss.certify_transfer(PANEL, BORDA, [0]),
    ):
        with pytest.raises(TypeError, match="`rankings` must be Rankings.*; got None"):
            proof.verify((None, BORDA))
        with pytest.raises(TypeError, match="`rule` must be a ScoreRule"):
            proof.verify((PANEL, None))


def test_other_weights() -> None:
    panel = Rankings(orders=[[(0, 1), 2], [2, 1]], ties="average", names="abc", weights=[1, 1])
    other = panel.with_weights([3, 0])
    assert (other.total, panel.total, other.names, other.ties) == (3, 2, panel.names, "average")
    for name in ("positions", "shared"):
        np.testing.assert_array_equal(getattr(other, name), getattr(panel, name))
    np.testing.assert_array_equal(
        fss.item_scores(other, BORDA), 3 * fss.item_scores(Rankings(orders=[[(0, 1), 2]], ties="average"), BORDA)
    )
    assert other.with_weights(None).weights is None
    assert not other.weights.flags.writeable


def test_arrays_of_the_caller_are_copied() -> None:
    for kind in (np.int64, float):
        weights = np.array([1, 2], kind)
        panel = Rankings([[0, 1], [1, 0]], weights=weights)
        again = panel.with_weights(weights)
        weights[:] = 7
        assert panel.weights.tolist() == again.weights.tolist() == [1, 2]
        values, owa = np.array([2, 1], kind), np.array([1, 1], kind)
        rule = ScoreRule("owa", position_weights=values, owa=owa)
        values[:], owa[:] = 7, 0
        assert (rule.position_weights.tolist(), rule.owa.tolist()) == ([2, 1], [1, 1])
    positions, mask = np.array([[0, 1], [1, 0]], np.int32), np.array([False, True])
    panel = Rankings(positions)
    biased = fss.bias_swaps(panel, mask, phi=0.5, intensity=0.5, rng=0)
    blurred = fss.bias_utilities([[1.0, 2.0]], mask, 0.5)
    positions[:], mask[:] = 7, True
    assert panel.positions.tolist() == [[0, 1], [1, 0]]
    assert biased.disadvantaged.tolist() == blurred.disadvantaged.tolist() == [False, True]


def test_rules_through_pickle() -> None:
    rule = ScoreRule("owa", position_weights=[2, 1], owa=[1, 0.5])
    for again in (pickle.loads(pickle.dumps(rule)), copy.deepcopy(rule)):
        assert (again.kind, again.depth) == ("owa", None)
        for name in ("position_weights", "owa"):
            np.testing.assert_array_equal(getattr(again, name), getattr(rule, name))
            assert not getattr(again, name).flags.writeable
            with pytest.raises(ValueError, match="read-only"):
                getattr(again, name)[0] = 5
    assert pickle.loads(pickle.dumps(ScoreRule("bloc", depth=2))).depth == 2


HIDDEN = np.ma.masked_array([0.5, 0.25, 0.125, 0.125], mask=[True, False, False, False])
PLACES = np.ma.masked_array([[0, 1, 2, 3]], mask=[[True, False, False, False]])
MASK = np.ma.masked_array([True, False, False, False], mask=[False, True, False, False])


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("positions", lambda: Rankings(PLACES)),
        ("orders", lambda: Rankings(orders=PLACES)),
        ("weights", lambda: Rankings([[0, 1, 2, 3]] * 4, weights=HIDDEN)),
        ("weights", lambda: Rankings([[0, 1, 2, 3]] * 4).with_weights(PLACES[0])),
        ("position_weights", lambda: ScoreRule("positional", position_weights=HIDDEN)),
        ("owa", lambda: ScoreRule("owa", owa=2 * HIDDEN)),
        ("items", lambda: fss.committee_score(PANEL, BORDA, PLACES[0])),
        ("items", lambda: fss.certify_transfer(PANEL, BORDA, PLACES[0])),
        ("scores", lambda: fss.select_by_scores(HIDDEN, 2)),
        ("groups", lambda: fss.select(PANEL, BORDA, 2, groups=PLACES[0])),
        ("groups", lambda: fss.select_by_scores([1, 2, 3, 4], 2, groups={"a": PLACES[0]}["a"])),
        ("groups", lambda: fss.select(PANEL, BORDA, 2, groups={"a": PLACES[0], "b": TWO})),
        ("latent", lambda: fss.quota_curves(HIDDEN, [1, 2, 3, 4], 2, disadvantaged=[0])),
        ("observed", lambda: fss.quota_curves([1, 2, 3, 4], HIDDEN, 2, disadvantaged=[0])),
        ("disadvantaged", lambda: fss.quota_curves([1, 2, 3, 4], [1, 2, 3, 4], 2, disadvantaged=MASK)),
        ("disadvantaged", lambda: fss.quota_sweep(PANEL, PANEL, BORDA, 2, disadvantaged=MASK)),
        ("disadvantaged", lambda: baselines.proportional(PANEL, BORDA, 2, disadvantaged=MASK)),
        ("disadvantaged", lambda: fss.bias_swaps(PANEL, MASK, phi=0.5, intensity=0.5)),
        ("disadvantaged", lambda: fss.group_inversions(PANEL, MASK)),
        ("utilities", lambda: fss.bias_utilities(HIDDEN[None], [0], 0.5)),
        ("latent", lambda: fss.separates(HIDDEN, [[1, 2, 3, 4]], groups=TWO, beta=0.5)),
        ("observed", lambda: fss.separates([1, 2, 3, 4], HIDDEN[None], groups=TWO, beta=0.5)),
        ("latent", lambda: fss.smoothness(HIDDEN, [0.5] * 4, ScoreRule("sntv"))),
        ("observed", lambda: fss.smoothness([0.5] * 4, HIDDEN, ScoreRule("sntv"))),
        ("groups", lambda: fss.smoothness(PANEL, PANEL, BORDA, groups=PLACES[0])),
        ("probabilities", lambda: fss.sample_top_counts(HIDDEN, 3)),
        ("quality", lambda: fss.sample_rankings("plackett-luce", 1, 4, quality=HIDDEN)),
        ("scale", lambda: fss.sample_utilities("uniform-utilities", 1, 4, scale=HIDDEN)),
        ("mean", lambda: fss.theory.chernoff_lower(HIDDEN, 3, 0.1)),
    ],
)
def test_hidden_entries_are_not_read(name: str, call: Any) -> None:
    """NumPy would drop the mask without a word, and choose by what it hides."""
    with pytest.raises(ValueError, match=rf"`{name}` must be .*mask"):
        call()
