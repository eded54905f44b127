"""Rankings: by position or order, strict or weak, complete or truncated, from files; and what is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from lrtheory.fair_subset_selection import (
    Rankings,
    ScoreRule,
    bias_utilities,
    item_scores,
    make_greedy_trap,
    quota_sweep,
    select,
)

BORDA = ScoreRule("borda")


def test_positions_and_orders_are_inverse() -> None:
    orders = np.array([[2, 0, 1, 3], [1, 2, 3, 0]])  # no involutions
    panel = Rankings(orders=orders)
    np.testing.assert_array_equal(panel.positions, [[1, 2, 0, 3], [3, 0, 1, 2]])
    np.testing.assert_array_equal(panel.as_orders(), orders)
    np.testing.assert_array_equal(Rankings(panel.positions).as_orders(), orders)
    assert item_scores(panel, BORDA).tolist() != item_scores(Rankings(orders), BORDA).tolist()


@pytest.mark.parametrize("as_list", [False, True])
def test_truncated_orders(as_list: bool) -> None:
    orders = [[2, 0], [1]] if as_list else np.array([[2, 0, -1], [1, -1, -1]])
    panel = Rankings(orders=orders)
    np.testing.assert_array_equal(panel.positions, [[1, -1, 0], [-1, 0, -1]])
    np.testing.assert_array_equal(panel.as_orders(), [[2, 0, -1], [1, -1, -1]])
    assert item_scores(panel, BORDA).tolist() == [1, 2, 2]


def test_labels_name_items_that_nobody_lists() -> None:
    panel = Rankings(orders=[[1]], names=["a", "b", "c"])
    assert panel.n_items == 3
    assert panel.names == ("a", "b", "c")
    assert item_scores(panel, BORDA).tolist() == [0, 2, 0]


def test_averaged_ties() -> None:
    panel = Rankings(orders=[[(0, 1), 2], [2, (0, 1, 3)]], ties="average")
    np.testing.assert_array_equal(panel.positions, [[0, 0, 2, -1], [1, 1, 0, 1]])
    np.testing.assert_array_equal(panel.shared, [[2, 2, 1, 1], [3, 3, 1, 3]])
    np.testing.assert_allclose(item_scores(panel, BORDA), [2.5 + 1, 2.5 + 1, 1 + 3, 0 + 1])
    dense = Rankings([[0, 0, 1, -1], [7, 7, 3, 7]], ties="average")  # only the order of the numbers counts
    np.testing.assert_array_equal(dense.positions, panel.positions)


def test_random_ties_are_fair_and_strict() -> None:
    panel = Rankings(np.zeros((4000, 3), int), ties="random", rng=0)
    assert panel.shared is None
    tops = (panel.positions == 0).mean(axis=0)
    np.testing.assert_allclose(tops, 1 / 3, atol=0.03)
    again = Rankings(np.zeros((4000, 3), int), ties="random", rng=0)
    np.testing.assert_array_equal(panel.positions, again.positions)


def test_strict_rows_need_no_option() -> None:
    assert Rankings([[0, 1, 2]], ties="average").shared is None


def test_copies_through_pickle_are_read_only() -> None:
    panel = Rankings(orders=[[(0, 1), 2]], ties="average", weights=[3], names="abc")
    copy = pickle.loads(pickle.dumps(panel))
    for name in ("positions", "shared", "weights"):
        np.testing.assert_array_equal(getattr(copy, name), getattr(panel, name))
        assert not getattr(copy, name).flags.writeable
    assert (copy.names, copy.ties, copy.total) == (panel.names, "average", 3)
    assert repr(panel) == "Rankings(1 of 3 items, 3 voters)"


def test_the_trap() -> None:
    assert make_greedy_trap(3, tie_free=True).weights.tolist() == [4, 3, 1]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "exactly one of these; got none of them"),
        ({"positions": [[0, 1]], "orders": [[0, 1]]}, ValueError, "got positions and orders"),
        ({"positions": [[0, 0]]}, ValueError, "row 0"),
        ({"positions": [[0, 1], [1, 2]]}, ValueError, "row 1"),
        ({"positions": [[1, 2, 3]]}, ValueError, "row 0"),
        ({"positions": [[0, 2, -1]]}, ValueError, "row 0"),
        ({"positions": [0, 1]}, ValueError, r"of shape \(n, m\)"),
        ({"positions": np.zeros((0, 3), int)}, ValueError, "at least one ranking"),
        ({"positions": [[0, 1], [0]]}, ValueError, "rows of equal length"),
        ({"positions": [[0, -2]]}, ValueError, "numbers from 0 on"),
        ({"positions": [[0.5, 1]]}, TypeError, "integers"),
        ({"positions": [[np.nan, 1]]}, TypeError, "integers"),
        ({"positions": [["a", "b"]]}, TypeError, "integers"),
        ({"orders": [[0, 0]]}, ValueError, "ballot 0 with item 0 twice"),
        ({"orders": [[(0, 1), 2]]}, ValueError, "row 0"),
        ({"orders": [[0, 5]], "names": "ab"}, ValueError, "item numbers below 2"),
        ({"orders": [[]]}, ValueError, "at least one ballot"),
        ({"orders": [[0, "x"]]}, TypeError, "item numbers"),
        ({"orders": [[0, -3]]}, ValueError, "item numbers from 0 on"),
        ({"orders": [[0, 1]], "names": "abc", "weights": [1, 2]}, ValueError, r"of shape \(1,\)"),
        ({"positions": [[0, 1]], "names": "abc"}, ValueError, "one name for each of the 2 items"),
        ({"positions": [[0, 1]], "weights": [-1]}, ValueError, "in .0, inf"),
        ({"positions": [[0, 1]], "ties": "mean"}, ValueError, "`ties` must be one of"),
    ],
)
def test_bad_rankings(arguments: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Rankings(**arguments)


def test_bare_arrays_are_refused() -> None:
    for given in (np.array([[0, 1]]), [[0, 1]], None):
        with pytest.raises(TypeError, match=r"Rankings\(positions\) or Rankings\(orders=...\)"):
            item_scores(given, BORDA)
    with pytest.raises(ValueError, match="at least one block"):
        item_scores([], BORDA)


NEW = """# FILE NAME: toy.toi
# NUMBER ALTERNATIVES: 3
# ALTERNATIVE NAME 1: Ann
# ALTERNATIVE NAME 2: Bob, jr.
# ALTERNATIVE NAME 3: Cat
2: 1,{2,3}
1: 3
"""
OLD = """3
1,Ann
2,Bob
3,Cat
3,3,2
2,1,{2,3}
1,3
"""


@pytest.mark.parametrize("text", [NEW, OLD])
def test_preflib(text: str, tmp_path) -> None:
    path = tmp_path / "toy.toi"
    path.write_text(text)
    panel = Rankings.from_preflib(path)
    np.testing.assert_array_equal(panel.positions, [[0, 1, 1], [-1, -1, 0]])
    assert panel.weights.tolist() == [2, 1]
    assert panel.names[0] == "Ann"
    assert item_scores(panel, BORDA).tolist() == [4.0, 1.0, 3.0]
    with pytest.raises(ValueError, match="row 0"):
        Rankings.from_preflib(path, ties="error")
    path.write_text(text, encoding="utf-8-sig")  # with a byte-order mark, as some editors write it
    np.testing.assert_array_equal(Rankings.from_preflib(path).positions, panel.positions)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "# ALTERNATIVE NAME 1: a\n1: 2\n",
        "# ALTERNATIVE NAME 1: a\nx: 1\n",
        "1\n1,a\n1,1,1\n",
        "2\nAnn,1\nBob,2\n1,1,1\n1,1,2\n",
        NEW.replace("2: 1,{2,3}", "2: 1,{2,3"),
        NEW.replace("2: 1,{2,3}", "2: 1,2}"),
        NEW.replace("2: 1,{2,3}", "2: {},{1,2,3}"),
        NEW.replace("2: 1,{2,3}", "2: 1{2,3}"),
        NEW.replace("2: 1,{2,3}", "2: 1,,2"),
        NEW.replace("# ALTERNATIVE NAME 3: Cat\n", "").replace(",{2,3}", "").replace("1: 3", "1: 2"),
    ],
)
def test_bad_preflib(text: str, tmp_path) -> None:
    path = tmp_path / "bad.soc"
    path.write_text(text)
    with pytest.raises(ValueError, match="`path` must be a PrefLib file"):
        Rankings.from_preflib(path)


APPROVALS = """# FILE NAME: toy.cat
# DATA TYPE: cat
# NUMBER ALTERNATIVES: 3
# NUMBER CATEGORIES: 2
# CATEGORY NAME 1: Yes
# CATEGORY NAME 2: No
# ALTERNATIVE NAME 1: Ann
# ALTERNATIVE NAME 2: Bob
# ALTERNATIVE NAME 3: Cat
4: {},{1,2,3}
1: 3,{1,2}
"""


@pytest.mark.parametrize(
    ("name", "without"),
    [("a.cat", ()), ("a.txt", ()), ("a.toc", ("FILE NAME", "DATA TYPE")), ("a.cat", ("#",)), ("a.toc", ("CATEGOR",))],
)
def test_approvals_are_not_rankings(name: str, without: tuple[str, ...], tmp_path) -> None:
    """A voter who approves nobody would tie all for the first place, and score."""
    kept = [line for line in APPROVALS.splitlines() if not any(word in line for word in without)]
    path = tmp_path / name
    path.write_text("\n".join(kept))
    with pytest.raises(ValueError, match=r"`path` must be a PrefLib file of orders \(soc, soi, toc, toi\); got 'cat'"):
        Rankings.from_preflib(path)


def test_spaces_and_empty_ballots_in_files(tmp_path) -> None:
    path = tmp_path / "toy.toi"
    path.write_text(NEW.replace("2: 1,{2,3}", "2: 1, { 2, 3 } ") + "3: \n")
    panel = Rankings.from_preflib(path)
    np.testing.assert_array_equal(panel.positions, [[0, 1, 1], [-1, -1, 0], [-1, -1, -1]])
    assert panel.weights.tolist() == [2, 1, 3]


def test_data_frames_are_read_like_arrays() -> None:
    pandas = pytest.importorskip("pandas")
    orders = pandas.DataFrame([[2, 0, 1], [2, 1, -1]])
    assert Rankings(orders=orders).positions.tolist() == [[1, 2, 0], [-1, 1, 0]]
    panel = Rankings(pandas.DataFrame([[1, 2, 0], [2, 1, 0]]), weights=pandas.Series([3, 1]))
    assert panel.total == 4
    rule = ScoreRule("positional", position_weights=pandas.Series([2, 1, 0]))
    group = pandas.Series([True, False, False])
    found = quota_sweep(panel, panel, rule, 2, disadvantaged=group, quotas=pandas.Series([0, 1]))
    assert found.quotas.tolist() == [0, 1]
    assert select(panel, rule, 2, groups=pandas.Series(["a", "b", "b"]), quota={"a": 1}).group_counts["a"] == 1
    assert bias_utilities(pandas.DataFrame([[3.0, 2.0, 1.0]]), group, 0.5).observed.positions.tolist() == [[1, 0, 2]]
