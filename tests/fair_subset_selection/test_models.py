"""Random rankings against their laws: enumeration, closed forms, and the same numbers from the same seed."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.fair_subset_selection import (
    ScoreRule,
    item_scores,
    ranking_blocks,
    sample_item_scores,
    sample_rankings,
    sample_top_counts,
    sample_utilities,
    theory,
)
from lrtheory.fair_subset_selection.panels.mallows import mallows_distance, mallows_phi
from lrtheory.fair_subset_selection.panels.models import OPTIONS
from proofs_checks.fair_subset_selection.families.blind import blind_scales
from proofs_checks.fair_subset_selection.samples.random_utilities import placement_probabilities
from tests.fair_subset_selection import oracles

N = 40_000


def far(counts, law, n=N):
    """Largest deviation from a law on few outcomes, in standard deviations."""
    return max(
        abs(counts.get(outcome, 0) - n * p) / math.sqrt(n * p * (1 - p)) if p else 10.0 * counts.get(outcome, 0)
        for outcome, p in law.items()
    )


def counted(panel):
    return Counter(map(tuple, panel.as_orders().tolist()))


PERMUTATIONS = list(itertools.permutations(range(4)))


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.8, 1.0])
def test_mallows_by_enumeration(phi: float) -> None:
    weights = {order: phi ** oracles.kendall(order) for order in PERMUTATIONS}
    law = {order: w / sum(weights.values()) for order, w in weights.items()}
    if phi == 0:
        assert counted(sample_rankings("mallows", 100, 4, phi=0, rng=0)) == {(0, 1, 2, 3): 100}
    else:
        assert far(counted(sample_rankings("mallows", N, 4, phi=phi, rng=1)), law) < 4.5


def test_impartial_culture_and_single_peaked() -> None:
    uniform = dict.fromkeys(PERMUTATIONS, 1 / 24)
    assert far(counted(sample_rankings("impartial-culture", N, 4, rng=2)), uniform) < 4.5
    law = {}
    for peak in range(4):
        for steps in itertools.product("lr", repeat=3):
            order, low, high = [peak], peak, peak
            for step in steps:
                left = low > 0 and (step == "l" or high == 3)
                low, high = (low - 1, high) if left else (low, high + 1)
                order.append(low if left else high)
            law[tuple(order)] = law.get(tuple(order), 0) + 1 / 32
    found = counted(sample_rankings("single-peaked", N, 4, rng=3))
    assert set(found) <= set(law)
    assert far(found, law) < 4.5


def test_norm_mallows_has_its_mean_distance() -> None:
    for normphi in (0.25, 0.7):
        panel = sample_rankings("norm-mallows", 2000, 12, normphi=normphi, rng=4)
        mean = np.mean([oracles.kendall(order) for order in panel.as_orders().tolist()])
        assert mean == pytest.approx(normphi * 12 * 11 / 4, rel=0.03)
    assert mallows_phi(1.0, 10) == 1.0
    assert mallows_phi(0.0, 10) == 0.0
    assert mallows_phi(0.5, 1) == 0.0
    assert mallows_distance(Fraction(1), 4) == 3
    phi = Fraction(1, 3)
    weights = [(phi ** oracles.kendall(o), oracles.kendall(o)) for o in PERMUTATIONS]
    assert mallows_distance(phi, 4) == sum(w * d for w, d in weights) / sum(w for w, _ in weights)


def test_the_urn_copies() -> None:
    alpha, pairs = 1.5, 3000
    same = np.mean(
        [
            (p.positions[0] == p.positions[1]).all()
            for p in (sample_rankings("urn", 2, 6, alpha=alpha, rng=seed) for seed in range(pairs))
        ]
    )
    assert same == pytest.approx(alpha / (1 + alpha) + 1 / 720, abs=0.04)
    assert len(counted(sample_rankings("urn", 50, 6, alpha=1e9, rng=0))) == 1
    assert len(counted(sample_rankings("urn", 50, 9, alpha=0.0, rng=0))) > 45


def test_an_urn_of_copies() -> None:
    for seed in range(20):
        positions = sample_rankings("urn", 6, 5, alpha=np.inf, rng=seed).positions
        assert sorted(positions[0].tolist()) == [0, 1, 2, 3, 4]
        assert (positions == positions[0]).all()


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("plackett-luce", "sntv"),
        ("plackett-luce", "borda"),
        ("plackett-luce", "bloc"),
        ("uniform-utilities", "sntv"),
        ("uniform-utilities", "borda"),
    ],
)
def test_closed_forms_of_mean_scores(model: str, kind: str) -> None:
    values, rule = [4, 1, 3, 1, 2], ScoreRule(kind, depth=2 if kind == "bloc" else None)
    mean = np.array(theory.expected_scores(model, rule, values), float)
    name = "quality" if model == "plackett-luce" else "scale"
    panel = sample_rankings(model, N, 5, rng=5, **{name: values})
    tolerance = 4.5 * rule.max_item_score(5) / 2 / math.sqrt(N)
    np.testing.assert_allclose(item_scores(panel, rule) / N, mean, atol=tolerance)
    assert sum(theory.expected_scores(model, rule, values)) == sum(rule.weights(5).tolist())


def test_placements_by_enumeration() -> None:
    q = [Fraction(3), Fraction(1), Fraction(2), Fraction(1)]
    law = [[Fraction(0)] * 4 for _ in q]
    for order in PERMUTATIONS:
        probability, left = Fraction(1), sum(q)
        for item in order:
            probability *= q[item] / left
            left -= q[item]
        for place, item in enumerate(order):
            law[item][place] += probability
    assert placement_probabilities(q) == law
    borda = theory.expected_scores("plackett-luce", ScoreRule("borda"), q)
    assert borda == [sum(p * (3 - place) for place, p in enumerate(row)) for row in law]
    assert theory.expected_scores("plackett-luce", ScoreRule("cc", depth=1), q) == [x / sum(q) for x in q]


def test_top_counts() -> None:
    law = theory.expected_scores("uniform-utilities", ScoreRule("sntv"), blind_scales(4, 1))
    counts = sample_top_counts(law, 10**6, n_runs=30, rng=0)
    assert counts.shape == (30, 8)
    assert (counts.sum(axis=1) == 10**6).all()
    np.testing.assert_allclose(counts.mean(axis=0) / 1e6, np.array(law, float), atol=2e-3)
    assert sample_top_counts([0.5, 0.5], 10**15, rng=0).sum() == 10**15
    with pytest.raises(ValueError, match="sum 1"):
        sample_top_counts([0.5, 0.4], 3)


def test_panels_of_scores() -> None:
    rule, q = ScoreRule("bloc", depth=2), [4, 1, 2, 1]
    scores = sample_item_scores("plackett-luce", rule, 6, n_items=4, n_runs=5, quality=q, rng=9)
    whole = sample_rankings("plackett-luce", 30, 4, quality=q, rng=9).positions.reshape(5, 6, 4)
    np.testing.assert_array_equal(scores, (whole < 2).sum(axis=1))


def test_seeds_and_blocks() -> None:
    for model, parameters in [
        ("mallows", {}),
        ("impartial-culture", {}),
        ("single-peaked", {}),
        ("norm-mallows", {}),
        ("plackett-luce", {"quality": [1, 2, 3, 4, 5]}),
        ("uniform-utilities", {"scale": [1, 2, 3, 4, 5]}),
    ]:
        whole = sample_rankings(model, 11, 5, rng=7, **parameters).positions
        for block in (1, 4, 11, 100):
            parts = [b.positions for b in ranking_blocks(model, 11, 5, block=block, rng=7, **parameters)]
            np.testing.assert_array_equal(np.concatenate(parts), whole)
        assert not np.array_equal(whole, sample_rankings(model, 11, 5, rng=8, **parameters).positions)
    utilities = sample_utilities("plackett-luce", 11, 5, quality=[1, 2, 3, 4, 5], rng=7)
    best_first = np.argsort(-utilities, axis=1)
    panel = sample_rankings("plackett-luce", 11, 5, quality=[1, 2, 3, 4, 5], rng=7)
    np.testing.assert_array_equal(panel.as_orders(), best_first)


@pytest.mark.parametrize(
    ("model", "parameters", "message"),
    [
        ("ic", {}, "`model` must be one of"),
        ("mallows", {"phi": 1.5}, r"`phi` must be in \[0, 1\]"),
        ("mallows", {"phi": -0.1}, "`phi` must be in"),
        ("urn", {"alpha": -1}, "`alpha` must be in"),
        ("plackett-luce", {}, "`quality` must be given"),
        ("plackett-luce", {"quality": [1, 2]}, r"of shape \(3,\)"),
        ("plackett-luce", {"quality": [1, 2, 0]}, "positive"),
        ("uniform-utilities", {"scale": [1, 2, np.inf]}, "finite"),
    ],
)
def test_bad_models(model: str, parameters: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample_rankings(model, 2, 3, rng=0, **parameters)


GIVEN = {"phi": 0.5, "normphi": 0.5, "alpha": 0.5, "quality": [1, 2, 3], "scale": [1, 2, 3]}


@pytest.mark.parametrize("model", OPTIONS)
@pytest.mark.parametrize("name", GIVEN)
def test_each_model_takes_its_own_parameter_alone(model: str, name: str) -> None:
    needed = {"plackett-luce": {"quality": [1, 1, 1]}, "uniform-utilities": {"scale": [1, 1, 1]}}.get(model, {})
    given = {**needed, name: GIVEN[name]}
    if name in OPTIONS[model]:
        assert sample_rankings(model, 2, 3, rng=0, **given).n_rankings == 2
        return
    refused = pytest.raises(ValueError, match=f'`{name}` must be left out with model "{model}"')
    with refused:
        sample_rankings(model, 2, 3, rng=0, **given)
    if model == "urn" or name == "alpha":  # the others have no parameter for the urn
        return
    with refused:
        ranking_blocks(model, 2, 3, rng=0, **given)
    with refused:
        sample_item_scores(model, ScoreRule("borda"), 2, n_items=3, rng=0, **given)
    if model in ("plackett-luce", "uniform-utilities") and name in ("quality", "scale"):
        with refused:
            sample_utilities(model, 2, 3, rng=0, **given)


def test_every_parameter_of_a_model_is_tried() -> None:
    assert set().union(*OPTIONS.values()) == set(GIVEN)


def test_bad_blocks() -> None:
    with pytest.raises(ValueError, match="copies need all earlier rankings"):
        ranking_blocks("urn", 5, 3)
    with pytest.raises(ValueError, match="`block` must be"):
        ranking_blocks("mallows", 5, 3, block=0)
    with pytest.raises(ValueError, match="`model` must be one of"):
        sample_utilities("mallows", 5, 3)
    with pytest.raises(ValueError, match="`n` must be"):
        sample_rankings("mallows", 0, 3)
