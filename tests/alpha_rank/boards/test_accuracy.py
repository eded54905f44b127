"""The command that counts how often boards are right: its page, its checks, and that these see wrong boards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import boards
from tests.rules.public_names import ROOT


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs that take no time."""
    monkeypatch.setattr(boards, "N_MODELS", 5)
    monkeypatch.setattr(boards, "N_BATTLES", 240)
    monkeypatch.setattr(boards, "RULES", (*boards.RULES[:4], *boards.RULES[5:]))  # whose length is that of long logs


def test_the_page_has_a_row_for_each_rule(small: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "BOARDS.md"
    boards.main(["--logs", "2", "--resampled", "1", "--changes", "10", "--write", str(path)])
    page = path.read_text()
    assert page in capsys.readouterr().out
    rows = [line for line in page.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) == 9 * len(boards.RULES)
    assert sum(row.endswith("| yes |") for row in rows) == 6 * 4 + 3 * 2  # batches and any schedule for adaptive logs
    assert page.count("- holds: ") + page.count("- FAILS: ") == 5


def test_checks_see_boards_that_are_wide_wrong_or_harm_who_gets_better() -> None:
    def row(rule: str, schedule: str, spread: int, **changed: float) -> boards.Row:
        known = {one.name: one for one in boards.RULES}[rule]
        right = {"first": 3.0, "directions": 500.0, "kept": 1.0, "right": 1.0, "covered": 1.0} | changed
        return boards.Row(schedule, spread, known, 400, boards.Answer(**right))

    def failed(changes: int = 100, bad: int = 0, **changed: float) -> list[str]:
        places = [(schedule, spread) for schedule in boards.FIXED for spread in boards.SPREADS]
        rows = [row("exact", *place, **(changed if place == ("skewed", 30) else {})) for place in places]
        rows += [row("Wald, Bonferroni", *place) for place in places]
        return [what for what, (holds, _) in boards.checks(rows, changes, bad).items() if not holds]

    assert failed() == []
    assert failed(first=3.2) == []
    for changed in ({"first": 3.4}, {"kept": 0.94}, {"right": 0.94}, {"covered": 0.94}, {"bad": 1}, {"changes": 0}):
        assert len(failed(**changed)) == 1, changed


def test_a_wrong_board_is_counted(small: None) -> None:
    from lrtheory.alpha_rank import make_battles

    ratings = np.array([200.0, 100, 0, -100, -200])
    log = make_battles(ratings, 2000, rng=0)
    (right,) = boards.answers_of(ratings, log, boards.RULES[:1], np.random.default_rng(0))
    (wrong,) = boards.answers_of(-ratings, log, boards.RULES[:1], np.random.default_rng(0))
    assert (right.kept, right.right, right.covered) == (1, 1, 1)
    assert (wrong.kept, wrong.right, wrong.covered) == (0, 0, 0)


def test_the_page_that_is_kept_holds() -> None:
    page = (ROOT / "benchmarks" / "BOARDS.md").read_text()
    assert page.count("- holds: ") == 5
    assert "FAILS" not in page
