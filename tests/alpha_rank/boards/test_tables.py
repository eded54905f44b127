"""The table of a board, whose ranks, battles and win rates are counted by hand."""

from __future__ import annotations

import pytest

from lrtheory.alpha_rank import rank_models


def test_the_table_of_a_board_has_the_ranks_and_win_rates_of_its_log():
    """a beat b 40 times and tied twice, which makes a better for certain; c tied once with b, which says nothing."""
    rows = [("a", "b", "model_a")] * 40 + [("b", "a", "tie"), ("a", "b", "tie"), ("c", "b", "tie")]
    log = dict(zip(("model_a", "model_b", "winner"), zip(*rows, strict=True), strict=True))
    shown = rank_models({name: list(cells) for name, cells in log.items()})._columns()
    assert list(shown["model"]) == ["a", "c", "b"]
    assert list(shown["rank from"]) == [1, 1, 2]
    assert list(shown["to"]) == [2, 3, 3]
    assert list(shown["battles"]) == [42, 1, 43]
    assert list(shown["win rate"]) == pytest.approx([41 / 42, 1 / 2, 1.5 / 43], rel=1e-12)
