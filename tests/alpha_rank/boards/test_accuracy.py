"""The command that counts how often boards are right: its page, its checks, and that these see wrong boards."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import boards, boards_chosen, boards_peers
from tests.rules.public_names import ROOT

WAYS = list(boards_chosen.WAYS)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs that take no time."""
    monkeypatch.setattr(boards, "N_MODELS", 5)
    monkeypatch.setattr(boards, "N_BATTLES", 240)
    monkeypatch.setattr(boards, "RULES", (*boards.RULES[:4], *boards.RULES[5:]))  # whose length is that of long logs


def test_the_page_has_a_row_for_each_rule(small: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "BOARDS.md"
    boards.main(["--logs", "2", "--resampled", "1", "--changes", "10", "--sections", "accuracy", "--write", str(path)])
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
    assert page.count("- holds: ") == 7
    assert "FAILS" not in page
    assert list(boards.kept_sections(ROOT / "benchmarks" / "BOARDS.md")) == ["accuracy", "chosen", "peers"]


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Sections that are there at once."""
    made = {"accuracy": "# First\n\ntable\n", "chosen": "## Second\n\n- holds: this\n", "peers": "## Third\n"}
    sections = {name: (text.split("\n")[0], lambda _, text=text: text) for name, text in made.items()}
    monkeypatch.setattr(boards, "SECTIONS", sections)
    return made


def test_a_section_is_made_anew_and_the_others_are_kept(
    stubs: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "BOARDS.md"
    assert boards.main(["--write", str(path)], say=str) == 0
    whole = path.read_text()
    monkeypatch.setitem(boards.SECTIONS, "chosen", ("## Second", lambda _: "## Second\n\n- FAILS: this\n"))
    assert boards.main(["--sections", "chosen", "--write", str(path)], say=str) == 1
    assert path.read_text() == whole.replace("holds", "FAILS")


def test_sections_are_told_apart_by_their_titles(stubs: dict[str, str], tmp_path: Path) -> None:
    """Whatever is made first, nothing that stands on the page is lost."""
    whole = "\n".join(stubs.values())
    for order in itertools.permutations(stubs):
        path = tmp_path / "-".join(order)
        for name in order:
            boards.main(["--sections", name, "--write", str(path)], say=str)
        assert path.read_text() == whole
    path.write_text(other := f"{whole}\n## Fourth\n\nby hand\n")
    with pytest.raises(SystemExit):
        boards.main(["--sections", "peers", "--write", str(path)], say=str)
    assert path.read_text() == other


def test_chosen_battles_are_counted_with_the_uniform_ones_before() -> None:
    setting = boards_chosen.Setting(models=4, begin=120, step=20, chosen=(0, 40), uniform=(0, 240))
    found = boards_chosen.measured(2, setting)
    assert {key for key in found if "chosen" in key[0]} == {(name, more) for name in WAYS[:2] for more in (0, 40)}
    assert {key for key in found if "uniform" in key[0]} == {(name, more) for name in WAYS[2:] for more in (0, 240)}
    assert all(rows.shape == (2, 2) for rows in found.values())
    page = boards_chosen.page(found, setting)
    assert page.count("| chosen") == page.count("| uniform") == 4
    wide = found | {(boards_chosen.CHOSEN, 40): np.array([[4.0, 0.0]] * 2)}
    assert [holds for holds, _ in boards_chosen.checks(wide, setting).values()] == [False, False]


def test_intervals_of_packages_are_counted_by_the_customary_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = boards_peers.Setting(3, 60, 400, {"exact": 2, "arena-rank": 2})

    def about(name: str, setting: boards_peers.Setting, logs: list[Any]) -> tuple[np.ndarray, ...]:
        truths = np.array([truth for truth, _ in boards_peers.logs_of(setting, len(logs))])
        truths[1] *= -1  # all that this says of the second log is wrong, but for a rating in the middle
        return truths - 1, truths + 1, np.ones(len(logs))

    monkeypatch.setattr(boards_peers, "intervals", about)
    exact, peer = boards_peers.measured((setting,))
    assert peer.right.tolist() == [1, 0]
    assert peer.kept.tolist() == [1, 0]
    assert peer.every.tolist() == [1, 0]
    assert peer.directions.tolist() == [3, 3]
    assert exact.right.tolist() == [1, 1]
    assert boards_peers.page([exact, peer]).count("\n| 3 | 60 | 400 |") == 2


def test_who_can_be_first_is_what_the_exact_board_says_of_it() -> None:
    from lrtheory.alpha_rank import rank_models

    setting = boards_peers.Setting(10, 400, 100, {"exact": 3})
    boards_of = [rank_models(log) for _, log in boards_peers.logs_of(setting, 3)]
    (found,) = boards_peers.measured((setting,))
    assert found.first.tolist() == [board.can_be_first.sum() for board in boards_of]
    # directions alone leave more
    assert sum((~board.above.any(axis=0)).sum() for board in boards_of) > found.first.sum()


def test_a_package_that_says_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = boards_peers.Setting(3, 60, 400, {"arena-rank": 1})
    logs = [log for _, log in boards_peers.logs_of(setting, 1)]
    monkeypatch.setattr("benchmarks.run.peer_python", lambda name: Path(sys.executable))
    with pytest.raises(subprocess.CalledProcessError):  # the package lives elsewhere
        boards_peers.intervals("arena-rank", setting, logs)
