"""What the claims of the statements see: liars, overwritten instances, and exact probabilities against enumeration."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.bounds import Identity, OutcomeError
from lrtheory.bounds.deciding.comparison import measure
from proofs_checks.fair_subset_selection.blindness.blind_panels import FSS_N1, blind_choices
from proofs_checks.fair_subset_selection.families.blind import Blind
from proofs_checks.fair_subset_selection.families.laws import PanelLaw, quotas
from proofs_checks.fair_subset_selection.families.panels import PANELS
from proofs_checks.fair_subset_selection.samples.enough_rankings import (
    FSS_T1A,
    TWO_PAIRS,
    chance_of_loss,
    chance_of_misorder,
    choices,
    misordered,
    too_little,
)
from proofs_checks.fair_subset_selection.samples.proportions import FSS_D3, Halves, halves_chosen
from proofs_checks.fair_subset_selection.selection.scores import FSS_P9, scores


def refuted(claim: Identity, instance: Any, outcome: Any) -> bool:
    """Whether a claim fails on an outcome, or refuses to look at it."""
    try:
        return measure(claim, instance, outcome, every=True).verdict == "refuted"
    except OutcomeError:
        return True


def test_scores_of_rankings_that_were_overwritten() -> None:
    """With all places zero and SNTV every item has all points; with the last place everywhere none has any."""
    rng = np.random.default_rng(0)
    for panel in PANELS.smallest():
        assert not refuted(FSS_P9.claim, panel, scores(panel, rng))
        for value in (0, panel.n_items - 1):
            written = replace(panel, positions=np.full_like(panel.positions, value))
            points = panel.rule.weights(panel.n_items)[value] * len(panel.positions)
            for found in (np.zeros(panel.n_items, np.int64), np.full(panel.n_items, points)):
                assert refuted(FSS_P9.claim, written, found)


def test_choices_of_a_blind_panel_that_are_none() -> None:
    blind, rng = Blind(6, 2, 20, 1), np.random.default_rng(0)
    items = blind_choices(blind, rng, 8)
    sample = FSS_N1.claim.sample
    assert sample(blind, items).max() < 1
    for wrong in (np.zeros_like(items), items * 0 + 10**9, items[:, :1].repeat(2, axis=1), np.tile([0, 1], (8, 1))):
        assert (sample(blind, wrong) == 1).all()
    with pytest.raises(OutcomeError, match="2 items of each panel"):
        sample(blind, items[:, :1])


def test_halves_need_their_own_places() -> None:
    halves = Halves(6, 2)
    right = halves_chosen(halves)
    assert not refuted(FSS_D3.claim, halves, right)
    free = [right[-1]] * len(right)  # the best two, whatever the half
    assert refuted(FSS_D3.claim, halves, free)
    assert refuted(FSS_D3.claim, halves, right[:-1])
    assert refuted(FSS_D3.claim, halves, [items[::-1] * 0 for items in right])


# --- exact probabilities ---------------------------------------------------------------------------------------------


def small(quality: tuple[int, ...], down: tuple[bool, ...], k: int, n: int, beta: Fraction) -> PanelLaw:
    """A law with far too few rankings, so that orders go wrong often."""
    return replace(TWO_PAIRS, quality=quality, disadvantaged=down, k=k, n=n, beta=beta)


LAWS = [
    small((4, 1, 4, 1), (False, False, True, True), 2, 5, Fraction(1, 4)),
    small((1, 4, 2, 1), (False, False, True, True), 2, 4, Fraction(1, 3)),
    small((3, 2), (True, True), 1, 6, Fraction(2, 3)),
    small((3, 3, 1), (False, True, True), 2, 5, Fraction(1, 3)),
]


@pytest.mark.parametrize("law", LAWS)
def test_chances_by_enumeration(law: PanelLaw) -> None:
    """Over all sequences of tops, each with its probability."""
    m, chances = len(law.quality), [Fraction(0), Fraction(0)]
    for tops in itertools.product(range(m), repeat=law.n):
        counts = np.bincount(tops, minlength=m)[None]
        chance = Fraction(np.prod([law.observed[i] for i in tops]))
        sets = []
        for quota in quotas(law):
            groups = [[i for i in range(m) if law.disadvantaged[i] == g] for g in (False, True)]
            best = [sorted(group, key=lambda i: (-counts[0, i], i)) for group in groups]
            sets.append([*best[0][: law.k - quota], *best[1][:quota]])
        chances[0] += chance * bool(misordered(law, counts)[0])
        chances[1] += chance * bool(too_little(law, np.array([sets]))[0])
    assert 0 < chances[0] < 1
    assert chance_of_misorder(law) == pytest.approx(float(chances[0]), rel=1e-12)
    assert chance_of_loss(law) == pytest.approx(float(chances[1]), rel=1e-12, abs=1e-15)


def test_chances_are_known_for_small_groups_alone() -> None:
    law = small((4, 1, 4, 1, 2), (False, False, True, True, True), 2, 5, Fraction(1, 4))
    assert chance_of_misorder(law) is chance_of_loss(law) is None
    assert FSS_T1A.claim.exact(TWO_PAIRS) < 1e-9  # so loose is the bound of delta = 1/20
    found = choices(LAWS[0], np.random.default_rng(0), 4)
    assert found.shape == (4, 3, 2)
