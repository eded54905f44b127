"""Branch and bound against the enumeration of all sets, and what the verb says and draws of an optimum."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from lrtheory.cli import main
from lrtheory.fair_subset_selection import Rankings, ScoreRule, committee_score, sample_rankings, select
from lrtheory.fair_subset_selection.selection import branching

FILES = Path(__file__).resolve().parents[3] / "tests" / "files"
RULES = {"borda-cc": None, "cc": 2, "pav": 3}


def within(items, groups, most):
    counts = np.bincount(np.asarray(groups)[list(items)], minlength=2)
    return all(counts[group] <= number for group, number in most.items())


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize("n_attributes", [0, 1, 2])
def test_the_optimum_is_that_of_all_subsets(kind, n_attributes):
    rng = np.random.default_rng([n_attributes, len(kind)])
    rule = ScoreRule(kind, depth=RULES[kind])
    for number in range(60):
        n, m = int(rng.integers(1, 7)), int(rng.integers(3, 8))
        k = int(rng.integers(0, m + 1))
        weights = (None, rng.integers(0, 4, n), rng.random(n))[number % 3]
        panel = Rankings(sample_rankings("impartial-culture", n, m, rng=rng).positions, weights=weights)
        groups = {name: rng.integers(0, 2, m) for name in "ab"[:n_attributes]}
        most = {name: {int(codes[0]): (k + 1) // 2} for name, codes in groups.items()}
        sets = [
            one
            for one in itertools.combinations(range(m), k)
            if all(within(one, codes, most[name]) for name, codes in groups.items())
        ]
        given = {"groups": groups, "at_most": most} if groups else {}
        try:
            found = select(panel, rule, k, method="exact", **given)
        except ValueError:
            assert not sets
            continue
        scores = [committee_score(panel, rule, list(one)) if one else 0 for one in sets]
        assert found.score == pytest.approx(max(scores), rel=1e-12)
        assert tuple(sorted(found.items.tolist())) in sets
        assert found.gains.sum() == pytest.approx(found.score, rel=1e-12)


def test_the_greedy_set_may_be_worse_and_its_bound_holds():
    worse = 0
    for seed in range(10):
        panel = sample_rankings("impartial-culture", 60, 14, rng=seed)
        best, greedy = select(panel, "borda-cc", 4), select(panel, "borda-cc", 4, method="greedy")
        assert (best.method, best.certificate) == ("exact", None)
        assert greedy.score <= best.score <= greedy.certificate.bound
        worse += greedy.score < best.score
        assert best.counts["evaluations"] < 14 * 13 * 12 / 6  # bounds leave out most of the sets of three
    assert worse >= 3


def test_items_that_could_change_places_are_told():
    panel = Rankings(orders=[["a", "b", "c"], ["c", "b", "a"]])
    found = select(panel, "borda-cc", 1)
    assert found.tied_names == ("a", "b", "c")  # each alone has two points
    assert select(panel, "borda-cc", 2).score == 4
    assert select(panel, "borda-cc", 2).tied_names == ()


def test_beyond_a_size_it_is_greedy_and_says_why(monkeypatch):
    panel = sample_rankings("impartial-culture", 10, 8, rng=0)
    monkeypatch.setattr(branching, "LARGEST", 10)
    found = select(panel, "borda-cc", 3)
    assert found.method == "lazy"
    assert found.reason.startswith("the optimum may take ")
    assert found.certificate.bound >= found.score
    with pytest.raises(ValueError, match='`method` must be "greedy" where the optimum'):
        select(panel, "borda-cc", 3, method="exact")


@pytest.mark.parametrize("rule", ["borda", "chamberlin-courant"])
def test_with_two_attributes_scores_and_picture_are_there(rule, tmp_path, capsys):
    line = ["fair_subset_selection", "choose", str(FILES / "ballots.csv"), "-k", "3", "--rule", rule, "--json"]
    line += ["--groups", str(FILES / "board_members.csv"), "--at-least", "north=1,f=1"]
    line += ["-o", str(tmp_path / "chosen.csv"), "--plot", str(tmp_path / "chosen.png")]
    assert main(line) == 0
    told = json.loads(capsys.readouterr().out)
    name = "score" if rule == "borda" else "gain"
    assert name in told["columns"]
    assert name in (tmp_path / "chosen.csv").read_text().splitlines()[0]
    assert (tmp_path / "chosen.png").stat().st_size > 1000


def test_the_verb_takes_a_method(capsys):
    facts = {}
    for method in ("auto", "exact", "greedy"):
        files = ["choose", str(FILES / "ballots.csv"), "-k", "3", "--rule", "cc", "--depth", "2"]
        line = ["fair_subset_selection", *files]
        assert main([*line, "--method", method, "--json"]) == 0
        facts[method] = json.loads(capsys.readouterr().out)["facts"][0]
    assert facts["auto"] == facts["exact"]
    assert facts["exact"].startswith("no 3 items score more than these")
    assert "these, chosen greedily, score" in facts["greedy"]
