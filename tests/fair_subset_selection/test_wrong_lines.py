"""Kernels with one wrong line, and wrong solvers, that no bound need notice: exact tests tell them from the right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lrtheory.bounds.running.patching import Patch, patched
from lrtheory.fair_subset_selection import (
    Rankings,
    ScoreRule,
    bias_swaps,
    committee_score,
    group_inversions,
    item_scores,
    quota_curves,
    quota_sweep,
    sample_rankings,
    sample_top_counts,
    select,
    select_by_scores,
    theory,
)
from lrtheory.fair_subset_selection.panels import bias
from lrtheory.fair_subset_selection.selection import chamberlin_courant, greedy, separable
from proofs_checks.fair_subset_selection.families.blind import blind_scales

TRAPPED = Rankings(np.array([list(range(20))] * 10 + [list(range(19, -1, -1))] * 9))
CC, PAV = ScoreRule("borda-cc"), ScoreRule("pav", depth=4)


def both(patch: Patch, run: Any) -> tuple[Any, Any]:
    """What a run gives with the kernel, and with the patched kernel."""
    right = run()
    with patched(patch):
        return right, run()


def test_interpreted_kernels_agree_with_compiled_ones() -> None:
    panel = sample_rankings("impartial-culture", 6, 8, rng=0)
    kernels = (greedy.greedy_steps, chamberlin_courant.representation_steps)
    patches = [Patch(one, "evaluations = 0", "evaluations = 0  ") for one in kernels]
    for rule in (CC, ScoreRule("pav", depth=4), ScoreRule("positional", position_weights=np.arange(8)[::-1] / 2)):
        for weights in (None, [1, 2, 0, 1, 3, 1]):
            given = Rankings(panel.positions, weights=weights)
            for same in patches:
                right, again = both(same, lambda r=rule, p=given: select(p, r, 4, method="lazy"))
                for field in ("items", "gains", "tied", "score"):
                    np.testing.assert_array_equal(getattr(right, field), getattr(again, field))
    same = Patch(bias.swap, "for v in range(n):", "for v in range(0, n):")
    right, again = both(same, lambda: bias_swaps(panel, [0, 1, 2], phi=0.5, intensity=1.0, record=True, rng=1))
    np.testing.assert_array_equal(right.observed.positions, again.observed.positions)
    np.testing.assert_array_equal(right.trace["distances"], again.trace["distances"])


@pytest.mark.parametrize(
    ("method", "patch"),
    [
        ("greedy", Patch(greedy.rise, "more = value - best", "more = value")),
        ("greedy", Patch(greedy.greedy_steps, "insert(values[best], top)", "pass")),
        ("lazy", Patch(chamberlin_courant.representation_steps, "marginals -=", "ignored =")),
    ],
    ids=["ignores-the-best", "never-updates-it", "never-lowers-marginals"],
)
def test_marginals_against_the_empty_set(method: Any, patch: Patch) -> None:
    right, wrong = both(patch, lambda: committee_score(TRAPPED, CC, select(TRAPPED, CC, 2, method=method).items))
    assert (right, wrong) == (361, 199)


@pytest.mark.parametrize(
    "patch",
    [
        Patch(chamberlin_courant.between, "max(least, min(most, value)) - least", "max(least, min(most, value))"),
        Patch(chamberlin_courant.between, "min(most, value)", "value"),
        Patch(chamberlin_courant.sums_between, "voters[v] * float", "float"),
        Patch(chamberlin_courant.representation_steps, "        top = lifted", "        pass"),
    ],
    ids=["from-nothing", "beyond-the-lift", "one-voter-each", "old-levels"],
)
def test_marginals_that_are_kept(patch: Patch) -> None:
    rng, differ = np.random.default_rng(0), 0
    for number in range(20):
        weights = rng.integers(1, 4, 9) if number % 2 else None
        panel = Rankings(sample_rankings("impartial-culture", 9, 8, rng=rng).positions, weights=weights)
        plain = select(panel, CC, 4, method="greedy").gains
        right, wrong = both(patch, lambda p=panel: select(p, CC, 4, method="lazy").gains)
        np.testing.assert_array_equal(right, plain)
        differ += not np.array_equal(wrong, plain)
    assert differ >= 9  # some wrong lines show with weights alone, or without


def test_a_stale_bound_is_trusted() -> None:
    patch = Patch(greedy.greedy_steps, "if lazy and best >= 0 and bound[i] < bound[best]:", "if lazy and best >= 0:")
    rng, differ = np.random.default_rng(0), 0
    for _ in range(20):
        panel = sample_rankings("impartial-culture", 9, 8, rng=rng)
        plain = select(panel, PAV, 4, method="greedy").items
        right, wrong = both(patch, lambda p=panel: select(p, PAV, 4, method="lazy").items)
        np.testing.assert_array_equal(right, plain)
        differ += not np.array_equal(wrong, plain)
    assert differ > 10


def test_the_other_tie_rule() -> None:
    panel = Rankings([[0, 1, 2], [1, 0, 2]])
    for method, steps in (("greedy", greedy.greedy_steps), ("lazy", chamberlin_courant.representation_steps)):
        patch = Patch(steps, "priority[i] < priority[best]", "priority[i] > priority[best]")
        assert [s.items.tolist() for s in both(patch, lambda m=method: select(panel, CC, 1, method=m))] == [[0], [1]]


def test_seats_are_filled_before_the_lower_bounds() -> None:
    patch = Patch(separable.fill_quotas, "free = k - low.sum()", "free = k")
    right, wrong = both(patch, lambda: select_by_scores([5, 4, 3, 1], 2, groups=[0, 0, 0, 1], at_least={1: 1}))
    assert dict(right.group_counts) == {0: 1, 1: 1}
    assert dict(wrong.group_counts) == {0: 2, 1: 0}


def test_weights_that_grow_with_the_distance() -> None:
    patch = Patch(bias.draw_pair, "power *= phi", "power /= phi")
    panel = sample_rankings("impartial-culture", 60, 20, rng=0)

    def first() -> float:
        biased = bias_swaps(panel, np.arange(20) >= 10, phi=0.5, intensity=0.03, record=True, rng=1)
        return biased.trace["distances"].mean()

    right, wrong = both(patch, first)
    assert right < 3 < 6 < wrong


def test_weights_that_are_not_refreshed() -> None:
    patch = Patch(bias.swap, "if rule.refresh:", "if False:")
    panel, mask = sample_rankings("impartial-culture", 40, 20, rng=0), np.arange(20) >= 10

    def run(refresh: bool = True) -> Any:
        return bias_swaps(panel, mask, phi=0.5, intensity=1.0, refresh=refresh, record=True, rng=1)

    right, wrong = both(patch, run)
    np.testing.assert_array_equal(wrong.observed.positions, run(refresh=False).observed.positions)
    assert group_inversions(right.observed, mask).max() == 0 < group_inversions(wrong.observed, mask).max()
    assert right.trace["distances"].min() >= 1 > wrong.trace["distances"].min()


def test_borda_from_the_wrong_end() -> None:
    panel, mask = sample_rankings("impartial-culture", 40, 10, rng=0), np.arange(10) >= 5
    biased = bias_swaps(panel, mask, phi=0.5, intensity=0.5, rng=0)
    borda, reversed_ = ScoreRule("borda"), ScoreRule("positional", position_weights=np.arange(10))
    for rule, sign in ((borda, 1), (reversed_, -1)):
        rise = sign * (item_scores(biased.observed, rule) - item_scores(panel, rule))
        assert rise[~mask].min() >= 0 >= rise[mask].max()
    identity = Rankings([[0, 1, 2]])
    assert item_scores(identity, borda).tolist() == [2, 1, 0]


def test_an_optimum_by_observed_scores() -> None:
    """Bias that flattens the scores makes the wrong ratio 3.48: it is above 1, which no ratio is."""
    q = [20 if i >= 15 else 1 for i in range(20)]
    latent = np.array(theory.expected_scores("plackett-luce", ScoreRule("sntv"), q), float)
    seen = np.array([x / 20 if i >= 15 else x for i, x in enumerate(q)])
    observed = np.array(theory.expected_scores("plackett-luce", ScoreRule("sntv"), seen))
    curves = quota_curves(latent, observed, 5, disadvantaged=np.arange(20) >= 15)
    wrong = quota_curves(observed, observed, 5, disadvantaged=np.arange(20) >= 15).optima.max()
    assert curves.values.max() / curves.optima.max() == pytest.approx(1.0)
    assert curves.values.max() / wrong == pytest.approx((100 / 115) / (5 / 20))


def test_ties_by_number_make_a_false_success() -> None:
    """The blind panel: ranked by number, all good items are found without any information."""
    h, g = 16, 4
    scales = [float(a) for a in blind_scales(h, g)]
    seen = np.array([a / 4 if i >= h else a for i, a in enumerate(scales)])
    observed = theory.expected_scores("uniform-utilities", ScoreRule("sntv"), seen)
    latent = np.array(theory.expected_scores("uniform-utilities", ScoreRule("sntv"), scales))
    counts = sample_top_counts(observed, 1000, n_runs=400, rng=0)
    mask = np.arange(2 * h) >= h
    blind = quota_curves(latent, counts, g, disadvantaged=mask, ties="random", rng=0)
    index = quota_curves(latent, counts, g, disadvantaged=mask)
    optimum = blind.optima.max()
    assert (blind.values / optimum).mean(axis=0).max() < 0.3
    assert (index.values[:, g] / optimum).mean() > 0.99


def test_selection_by_latent_scores() -> None:
    latent, observed = Rankings(orders=[[0, 1, 2, 3]]), Rankings(orders=[[1, 0, 3, 2]])
    right = quota_sweep(latent, observed, ScoreRule("borda"), k=1, disadvantaged=[2, 3])
    wrong = quota_sweep(latent, latent, ScoreRule("borda"), k=1, disadvantaged=[2, 3])
    assert right.ratios.max() < 1 == wrong.ratios.max()
