"""Statements and saboteurs by what people type: words, parts of ids, systems, parts of names."""

import json

import pytest

import lrtheory
from lrtheory.bounds.finding.naming import one_named, several_named, variant_named
from lrtheory.bounds.statement.formulas import as_text

IDS = ["alpha_rank/MI-T2", "alpha_rank/MI-T2-independent", "alpha_rank/AR-T8", "my-own/t8", "my-own/walk", "walk/end"]


# --- one or several --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "id"),
    [
        ("alpha_rank/MI-T2", "alpha_rank/MI-T2"),
        ("ALPHA-RANK/mi-t2", "alpha_rank/MI-T2"),
        ("MI-T2", "alpha_rank/MI-T2"),  # an exact item, though it begins another one
        ("mi_t2", "alpha_rank/MI-T2"),
        ("indep", "alpha_rank/MI-T2-independent"),
        ("own/t8", "my-own/t8"),
        ("walk", "my-own/walk"),  # an item before a system
    ],
)
def test_a_unique_part_is_enough(word, id):
    assert one_named(word, IDS) == id


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("t2", r"got 't2', a part of 2: alpha_rank/MI-T2, alpha_rank/MI-T2-independent\."),
        ("alpha_rank", r"a part of 3: alpha_rank/MI-T2, .*AR-T8"),
        ("ar-t88", r"got 'ar-t88'\. Near: alpha_rank/AR-T8"),
        ("nothing at all", r"got 'nothing at all'\.\"$"),
        ("", r"got ''\.\"$"),
    ],
)
def test_what_is_not_unique_lists_what_it_could_be(word, sentence):
    with pytest.raises(KeyError, match=sentence):
        one_named(word, IDS)


def test_no_more_than_eight_are_listed():
    with pytest.raises(KeyError) as caught:
        one_named("x", [f"a/x{i:02}" for i in range(20)])
    assert caught.value.args[0].count("a/x") == 8
    assert "and 12 more" in caught.value.args[0]


def test_a_system_means_its_statements():
    assert several_named("Alpha-Rank", IDS) == IDS[:3]
    assert several_named("my_own", IDS) == IDS[3:5]
    assert several_named("ar-t8", IDS) == ["alpha_rank/AR-T8"]


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("n16", "N/16"),
        ("N/16", "N/16"),
        ("WIDTH m for", "width M for 2M"),
        ("size 4", "outcomes of size 4"),
        ("x", "x"),
    ],
)
def test_a_saboteur_by_a_part_of_its_name(word, name):
    names = ["N/16", "width M for 2M", "one outcome a profile", "outcomes of size 4"]
    assert variant_named(word, names) == name
    assert variant_named("N", ["n", "N"]) == "N"
    with pytest.raises(KeyError, match="a part of 2: 'one outcome a profile', 'outcomes of size 4'"):
        variant_named("outcome", names)


# --- in commands -----------------------------------------------------------------------------------------------------


def test_show_and_check_by_a_part(run):
    assert run("show mi-t2")[1].startswith("alpha_rank/MI-T2 ")
    whole, part = run("check alpha_rank/AR-T8 --saboteur 2"), run("check ar-t8 --saboteur 'RIGHT eigen'")
    assert whole == part
    assert whole[0] == 1
    assert lrtheory.check("AR-T8", saboteur="righteigenvector").verdict == "refuted"
    assert run("check t2")[0] == 3


def test_a_saboteur_is_shown_with_its_number_and_found_by_a_part_of_its_name(run):
    _, out, _ = run("show mi-t2")
    assert "1. N/16" in out
    code, out, _ = run("check mi-t2 --saboteur n16")
    assert code == 1
    assert "[saboteur: N/16]" in out


def test_a_system_shows_and_checks_all_of_its_statements(run, project):
    one = (project / "bounds" / "mine.py").read_text()
    (project / "bounds" / "more.py").write_text(one.replace("my-own.2/square", "my-own.2/again"))
    code, out, _ = run("show my-own.2")
    assert code == 0
    head, *lines = out.splitlines()
    assert head == "`my-own.2` is a system, of 2 statements; `lrtheory show ID` shows one of them"
    assert sorted(line.split()[0] for line in lines) == ["my-own.2/again", "my-own.2/square"]
    assert len(json.loads(run("show my-own.2 --json")[1])) == 2
    code, out, err = run("check my-own.2")
    assert code == 0
    assert err.startswith("`my-own.2` is a system; all of its 2 statements are checked\n")
    assert len(out.splitlines()) == 6
    assert run("check my-own.2 --saboteur 1")[0] == 3
    assert run("start my-own.2")[2].startswith("lrtheory: 'my-own.2' is a system, of 2 statements")


def test_list_finds_words_and_puts_ids_first(run):
    code, out, _ = run("list kuhn")
    assert code == 0
    *lines, counted = out.splitlines()
    assert "alpha_rank/AR-T9" in [line.split()[0] for line in lines]
    assert counted.startswith(f"{len(lines)} theorems")
    ids = [row["id"] for row in json.loads(run("list MARKOV tree --json")[1])]
    assert "alpha_rank/AR-T8" in ids
    rows = json.loads(run("list walk --json")[1])
    marks = ["walk" in row["id"].lower() for row in rows]
    assert marks == sorted(marks, reverse=True)
    assert [row["id"] for row in json.loads(run("list alpha_rank/*T8 --json")[1])] == ["alpha_rank/AR-T8"]


def test_a_word_is_no_part_of_another_word(run):
    code, _, err = run("list pace")  # sentences speak of spaces and subspaces
    assert code == 3
    assert "there is a function of that name, " in err
    assert "lrtheory.dual_mirror_descent.pace" in err


def test_list_counts_as_the_report_counts(run):
    from lrtheory.bounds.reporting import counts

    for words in ("", "walk", "MC-", "kuhn"):
        rows = json.loads(run(f"list {words} --json")[1])
        found = counts([one for one in lrtheory.statements() if one.id in {row["id"] for row in rows}])
        last = run(f"list {words}")[1].splitlines()[-1]
        assert last.startswith(f"{found['theorems']} theorems ({found['of the papers']} of the papers, ")
        assert last.endswith(f"{found['recorded']} recorded without a check, {found['saboteurs']} saboteurs")


# --- what show says --------------------------------------------------------------------------------------------------


def test_formulas_are_text_or_tex(run):
    tex = lrtheory.statements("alpha_rank/MI-T2")[0].tex
    assert as_text(tex) in run("show mi-t2")[1]
    assert tex in run("show mi-t2 --tex")[1]
    assert json.loads(run("show mi-t2 --json")[1])["claim"] == tex


def test_what_both_sides_are_is_said_where_the_claim_says_it(run):
    for id, sides in (
        ("matrix_completion/MC-L1", "Compare the ends of the singular values of A R^{-1} with"),  # a function
        ("fair_subset_selection/FSS-N2", "Compare how often the group is among the first l places"),
        ("transductive_clustering/TC-T3", "Compare"),  # one that wraps another
        ("alpha_rank/AR-T8", ""),  # a lambda
        ("alpha_rank/MI-T2", ""),  # a probability
    ):
        found = json.loads(run(f"show {id} --json")[1])["sides"]
        assert found.startswith(sides)
        assert "\n" not in found
        assert bool(sides) == bool(found) == ("\n    sides        " in run(f"show {id}")[1])


def test_formulas_are_tex_where_the_screen_has_no_letters(monkeypatch):
    import io
    import sys

    from lrtheory.cli.statements import _on_screen

    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert _on_screen("π ≤ 1", r"\pi \le 1") == r"\pi \le 1"


def test_axes_and_fields_are_explained(run):
    _, out, _ = run("show mi-t2")
    for part in (
        "SampledGame: The mean payoffs (K, *sizes) of outcomes",
        ".sizes: Number of strategies of each player.",
        "the first axis: the n runs, here n = 2",
        "response_graph.response_signs returns: int8 array of shape (|S|, D) or (n, |S|, D)",
    ):
        assert part in out
    assert "stationary_distribution returns `pi`: ndarray of shape (n,)" in run("show ar-t8")[1]
    panel = run("show FSS-A2")[1]
    assert "rule: " in panel or "k: " in panel


def test_every_statement_can_be_shown():
    from lrtheory.cli.describing import described, explained

    for statement in lrtheory.statements()[::9]:
        assert described(statement)["id"] == statement.id
        for lines in explained(statement).values():
            assert all(line.strip() and "\n" not in line for line in lines)
