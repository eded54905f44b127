"""The test that may be looked at after every query, against all ways in which queries can fall."""

from __future__ import annotations

from collections import defaultdict

import pytest

from lrtheory.compatible_representations import ReplacementTest


def chances(won: float, lost: float, most: int, *, margin: float = 0.0, delta: float = 0.05) -> dict[str, float]:
    """The exact probability of each answer within some queries, by the numbers of won and lost ones.

    The state of the test depends on these numbers alone, not on their order; answered runs stay as they are.
    """
    running: dict[tuple[int, int], tuple[float, ReplacementTest]] = {
        (0, 0): (1.0, ReplacementTest(margin=margin, delta=delta))
    }
    found: dict[str, float] = defaultdict(float)
    for _ in range(most):
        after: dict[tuple[int, int], tuple[float, ReplacementTest]] = {}
        for (b, c), (p, test) in running.items():
            steps = (
                (won, True, False, (b + 1, c)),
                (lost, False, True, (b, c + 1)),
                (1 - won - lost, True, True, (b, c)),
            )
            for chance, new, old, place in steps:
                if chance <= 0:
                    continue
                if place in after:
                    after[place] = (after[place][0] + p * chance, after[place][1])
                    continue
                one = test.copy()
                if one.tell(new, old) == "undecided":
                    after[place] = (p * chance, one)
                else:
                    found[one.verdict] += p * chance
        running = after
    found["undecided"] += sum(p for p, _ in running.values())
    return found


@pytest.mark.parametrize("delta", [0.05, 0.3])
def test_an_encoder_that_is_not_better_is_rarely_called_better_at_any_time(delta: float) -> None:
    found = chances(0.5, 0.5, 40, delta=delta)
    assert sum(found.values()) == pytest.approx(1)
    assert 0 < found["yes"] <= delta
    assert found["yes"] == pytest.approx(found["no"])


def test_a_level_that_is_kept_at_each_time_alone_is_not_kept_at_all_of_them() -> None:
    """The exact test of a fixed number of queries, looked at after each of forty, is wrong far more often."""
    from lrtheory.compatible_representations.theory import sign_level

    running, wrong = {0: 1.0}, 0.0
    for n in range(1, 41):
        after: dict[int, float] = defaultdict(float)
        for b, p in running.items():
            for won in (b, b + 1):
                if sign_level(won, n - won) <= 0.05:
                    wrong += p / 2
                else:
                    after[won] += p / 2
        running = after
    assert wrong > 2 * 0.05


def test_a_margin_is_kept_at_its_edge() -> None:
    found = chances(0.1, 0.3, 25, margin=0.2)
    assert 0 <= found["yes"] <= 0.05
    assert 0 <= found["no"] <= 0.05


def test_a_better_encoder_is_found() -> None:
    found = chances(0.7, 0.05, 35)
    assert found["yes"] > 0.9
    assert found["no"] < 0.001
