"""Names of items and groups from the file to every answer, and the verbs of the shell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory import fair_subset_selection as fss
from lrtheory.cli import main
from lrtheory.fair_subset_selection import ItemGroups, Rankings
from tests.fair_subset_selection.ballots.test_reading import FORMS, written

GENDER = {"Ann": "f", "Bob": "m", "Cat, jr.": "f", "Dan": "m"}


@pytest.fixture
def votes() -> Rankings:
    return Rankings(orders=[["Ann", "Cat", "Bob", "Dan"], ["Bob", "Ann", "Dan", "Cat"], ["Ann", "Bob", "Cat", "Dan"]])


GROUPS: dict[str, Callable[[Path], Any]] = {
    "mapping": lambda folder: {"Dan": "m", "Cat": "f", "Bob": "m", "Ann": "f"},
    "file": lambda folder: written(folder, "g.csv", "name,gender\nDan,m\nCat,f\nBob,m\nAnn,f\nEve,x\n"),
    "text": lambda folder: str(written(folder, "h.csv", "Dan,m\nCat,f\nBob,m\nAnn,f\n")),
    "array": lambda folder: np.array(["f", "m", "f", "m"]),
    "groups": lambda folder: ItemGroups.from_frame({"g": list("mfmf"), "name": ["Dan", "Cat", "Bob", "Ann"]}),
}


@pytest.mark.parametrize("form", GROUPS)
@pytest.mark.parametrize("rule", ["borda", "chamberlin-courant"])
def test_groups_of_every_form_are_those_of_the_names(form: str, rule: str, votes: Rankings, tmp_path: Path) -> None:
    groups = GROUPS[form](tmp_path)
    chosen = fss.select(votes, rule, 2, groups=groups, quota={"f": 0})
    assert chosen.names == ("Bob", "Dan")
    assert chosen.groups == ("m", "m")
    assert chosen.group_counts["m"] == 2
    assert chosen.to_dict()["names"] == ["Bob", "Dan"]
    assert fss.baselines.random_within_groups(votes, rule, 1, groups=groups, quota={"m": 1}, rng=0).names[0] in "BobDan"
    scores = fss.item_scores(votes, "borda")
    by_scores = fss.select_by_scores(scores, 1, groups=groups, quota={"f": 0}, names=votes.names)
    assert by_scores.names == ("Bob",)
    smooth = fss.smoothness(votes, votes, "borda", groups=groups)
    assert smooth.groups[0] == smooth.groups[2] != smooth.groups[1] == smooth.groups[3]
    judged = fss.certify_transfer(votes, rule, chosen, groups=groups)
    assert judged.names == chosen.names
    assert list(judged.to_dict()["items"]) == [1, 3]


def test_a_column_indexed_by_the_items(votes: Rankings) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"name": ["Dan", "Cat", "Bob", "Ann"], "gender": list("mfmf")})
    for groups in (frame, frame.set_index("name").gender):
        assert fss.select(votes, "borda", 2, groups=groups, quota={"f": 0}).names == ("Bob", "Dan")
    ballots = pandas.DataFrame({"first": ["Ann", "Bob"], "second": ["Bob", None]})
    for panel in (Rankings.from_frame(ballots), Rankings(orders=ballots)):
        assert (panel.names, panel.positions.tolist()) == (("Ann", "Bob"), [[0, 1], [-1, 0]])
    assert fss.select(ballots, "borda", 1).names == ("Ann",)
    ranks = pandas.DataFrame({"Ann": [0, 1], "Bob": [1, 0]})
    assert Rankings(ranks).names == ("Ann", "Bob")
    utilities = pandas.DataFrame({"Ann": [3.0], "Bob": [2.0]})
    assert fss.bias_utilities(utilities, ["Ann"], 0.1).observed.names == ("Ann", "Bob")
    shown = fss.select(votes, "borda", 2, groups=frame, at_least={"f": 1}).to_frame()
    assert shown.columns.tolist()[:2] == ["item", "group"]
    assert Rankings.from_frame(votes.to_frame()).positions.tolist() == votes.positions.tolist()


def test_quotas_find_their_attribute(votes: Rankings, tmp_path: Path) -> None:
    path = written(tmp_path, "g.csv", "name,gender,region\nAnn,f,north\nBob,m,north\nCat,f,south\nDan,m,south\n")
    one = fss.select(votes, "borda", 2, groups=path, at_least={"south": 1})
    assert (one.names, one.method, one.groups) == (("Ann", "Cat"), "exact", ("north", "south"))
    two = fss.select(votes, "borda", 2, groups=path, at_least={"south": 1, "m": 1})
    assert two.method == "milp"
    assert set(two.names) == {"Ann", "Dan"}
    assert two.groups["gender"][two.names.index("Dan")] == "m"
    nested = fss.select(votes, "borda", 2, groups=path, at_least={"region": {"south": 1}, "gender": {"m": 1}})
    assert set(nested.names) == {"Ann", "Dan"}
    for quota, sentence in (
        ({"x": 1}, r"`at_least` must be of groups that one attribute alone has \(gender: f, m; region: north, south\)"),
        (2, "`at_least` must be a mapping"),
    ):
        with pytest.raises((ValueError, TypeError), match=sentence):
            fss.select(votes, "borda", 2, groups=path, at_least=quota)
    with pytest.raises(ValueError, match="g.csv: no row for 'Dan'"):
        fss.select(votes, "borda", 2, groups=written(tmp_path, "g.csv", "name,g\nAnn,f\nBob,m\nCat,f\n"))
    with pytest.raises(ValueError, match="for every name; got none for 'Dan'\\."):
        fss.select(votes, "borda", 2, groups={"Ann": 1, "Bob": 1, "Cat": 2})
    with pytest.raises(ValueError, match="have no names"):
        fss.select(Rankings([[0, 1]]), "borda", 1, groups=path)
    by_number = fss.select(Rankings([[0, 1]]), "borda", 1, groups={0: "a", 1: "b"}, quota={"a": 0})
    assert by_number.items.tolist() == [1]


def test_bad_groups(tmp_path: Path) -> None:
    for text, sentence in [
        ("name,g\nAnn,f\nAnn,m\n", "g.csv:3: `name` must be an item that .*g.csv:2 does not name too; got 'Ann'"),
        ("name,g\nAnn,\n", "g.csv:2: `g` must be there; got ''"),
        ("name\nAnn\n", "a column of names and one of groups are needed"),
        ("name,g\n", "g.csv: no row"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            ItemGroups.from_file(written(tmp_path, "g.csv", text))
    path = written(tmp_path, "g.csv", "x,who,y\n1,Ann,f\n2,Bob,m\n")
    assert ItemGroups.from_file(path, columns="who,y").attributes == {"y": ("f", "m")}


def test_disadvantaged_items_by_name(votes: Rankings) -> None:
    women = ["Ann", "Cat"]
    assert fss.group_inversions(votes, women).tolist() == fss.group_inversions(votes, [0, 2]).tolist()
    swapped = fss.bias_swaps(votes, women, phi=0.5, intensity=1.0, rng=0)
    assert swapped.observed.names == votes.names
    sweep = fss.quota_sweep(votes, swapped.observed, "borda", 2, disadvantaged=women)
    assert (
        sweep.ratios.tolist()
        == fss.quota_sweep(votes, swapped.observed, "borda", 2, disadvantaged=[0, 2]).ratios.tolist()
    )
    assert fss.baselines.proportional(votes, "borda", 2, disadvantaged=women).group_counts[True] == 1
    assert fss.committee_score(votes, "borda", women) == fss.committee_score(votes, "borda", [0, 2])
    for items, sentence in ((["Anne"], "the name of one item, such as 'Ann'; got 'Anne'"), (["x"], "got 'x'")):
        with pytest.raises(ValueError, match=sentence):
            fss.committee_score(votes, "borda", items)
    other = Rankings(orders=[["Ann", "Bob", "Cat", "Eve"]])
    with pytest.raises(ValueError, match="`observed` must be of the names of the latent rankings"):
        fss.quota_sweep(votes, other, "borda", 2, disadvantaged=women)


def test_paths_stand_for_their_ballots(tmp_path: Path) -> None:
    path = written(tmp_path, "b.csv", FORMS["ballots.csv"])
    panel = Rankings.from_file(path)
    chosen = fss.select(str(path), "borda", 2)
    assert chosen.names == fss.select(panel, "borda", 2).names == ("Ann", "Cat, jr.")
    assert fss.item_scores(path, "borda").tolist() == [6, 4, 5, 2]  # by hand: 3+2+1, 1+3+0, 2+0+3, 0+0+2
    greedy = fss.select(path, "borda-cc", 2, method="lazy")
    assert greedy.certificate.verify((path, "borda-cc"))
    assert fss.certify_transfer(path, "borda-cc", greedy).verify((path, "borda-cc"))
    assert fss.quota_sweep(path, path, "borda", 2, disadvantaged=["Ann"]).message.endswith("of the same rankings")


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_facts_say_what_is_proved_and_what_a_tie_decided() -> None:
    panel = Rankings(orders=[["a", "b", "c"], ["b", "a", "c"], ["c", "a", "b"], ["c", "b", "a"]])
    exact = fss.select(panel, "sntv", 2)
    assert exact._facts()[0] == "no 2 items score more than these, 3 (fair_subset_selection/FSS-A2)"
    assert exact._facts()[-1] == "a tie decided between a, b: other choices are as good"
    assert exact.tied_names == ("a", "b")
    assert exact._columns()["tied"].tolist() == [False, True]
    greedy = fss.select(panel, "borda-cc", 2, method="lazy", groups=[0, 0, 1], quota={1: 1})
    bound, score = greedy.certificate.bound, greedy.score
    by = "fair_subset_selection/FSS-G5"
    assert (
        greedy._facts()[0]
        == f"no 2 items within the quotas score more than {bound:g} ({by}); these, chosen greedily, score {score}"
    )
    assert "<script>" not in fss.select(Rankings(orders=[["<script>", "b"]]), "sntv", 1)._repr_html_()


def test_the_cost_of_a_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By hand: Borda gives Ann 6, Bob 4, Cat 5, Dan 2; without Ann and Cat 6 of 11 are left, with both all."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "b.csv", FORMS["ballots.csv"])
    written(tmp_path, "g.csv", "name,gender\n" + "".join(f'"{name}",{group}\n' for name, group in GENDER.items()))
    assert main("fair_subset_selection quotas b.csv -k 2 --groups g.csv --of f --json".split()) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["columns"] == ["quota", "score", "ratio", "lost"]
    np.testing.assert_allclose(told["rows"], [[0, 6, 6 / 11, 5 / 11], [1, 10, 10 / 11, 1 / 11], [2, 11, 1, 0]])
    assert (
        "3 voters rank 4 items, counted by borda; an item that a ballot does not list gets nothing" in told["facts"][0]
    )
    assert main("fair_subset_selection quotas b.csv -k 2 --groups g.csv --of x".split()) == 3
    assert "`--of` must be one that one attribute alone has (gender: f, m); got 'x'" in capsys.readouterr().err


def test_choosing_in_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "b.csv", FORMS["ballots.csv"])
    written(tmp_path, "g.csv", "name,gender\n" + "".join(f'"{name}",{group}\n' for name, group in GENDER.items()))
    line = "fair_subset_selection choose b.csv -k 2 --groups g.csv --at-least m=1"
    assert main([*line.split(), "-o", "chosen.csv"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[1].split() == ["Ann", "f", "6"]
    assert "chosen: 1 of f, 1 of m" in out
    assert "3 voters rank 4 items, counted by borda" in out
    assert Path("chosen.csv").read_text().splitlines() == ["item,group,score", "Ann,f,6", "Bob,m,4"]
    assert main(f"{line} --rule bloc --depth 1".split()) == 0
    assert "a tie decided between" in capsys.readouterr().out
    for words, sentence in [
        (f"{line} --rule pav", "`--depth` must be given for the kinds bloc, cc, pav"),
        (f"{line}x", "--at-least takes pairs such as f=2,m=1"),
        ("fair_subset_selection choose b.csv -k 9", "`-k` must be an integer in [0, 4]; got 9"),
    ]:
        assert main(words.split()) == 3
        err = capsys.readouterr().err
        assert sentence in err
        assert err.count("\n") == 1
