"""The compiled reader of PrefLib files gives what reading line by line gives, rankings and refusals alike."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from lrtheory.fair_subset_selection import Rankings
from lrtheory.fair_subset_selection.ballots import preflib
from lrtheory.fair_subset_selection.ballots.preflib import parse
from tests.fair_subset_selection.ballots import line_by_line

#: what ends a line in files, and what else ends one for Python
ENDS, ODD_ENDS = ("\n", "\n", "\n", "\n\n", " \n", "\r\n"), ("\r", "\v", "\x1c", "\x85", "\u2028")
BLANKS = ("", "", "", " ", "\t", "  ", "\xa0")
STRAY = "0123456789,{}:# \t\n\r\v\x85\xa0\u2028٣²-+_xA.é"
COUNTS = ("1", "2", "17", "999999999")
ODD_COUNTS = ("1000000000", "03", "+4", "1_0", "-2", "9" * 19, "9" * 20, "9" * 400, "x", "", "٣")
NUMBERS = ("1", "2", "3", "4", "7", "10", "12", "01", "1000001")
NAMES, ODD_NAMES = ("Ann", " Bob, jr.", "Dan ", "", "é"), ("Cat #1", "a\x85b", "# ALTERNATIVE NAME 3: x")


@st.composite
def entries(draw: Any, alternatives: list[str], odd: st.SearchStrategy[bool]) -> str:
    """An order of some of the alternatives with blanks and ties, the odd one with unknown or repeated ones."""
    chosen = list(draw(st.permutations(alternatives)))[: draw(st.integers(0, len(alternatives)))]
    chosen += draw(st.sampled_from([["9"], ["0"], ["01"], chosen[:1]])) if draw(odd) else []
    words, at = [], 0
    while at < len(chosen):
        size = draw(st.sampled_from((1, 1, 1, 2, 3)))
        blank = draw(st.sampled_from(BLANKS))
        word = f"{blank},".join(chosen[at : at + size])
        words.append(f"{{{blank}{word}}}{blank}" if size > 1 or draw(odd) else f"{blank}{word}")
        at += size
    return ",".join(words) + draw(st.sampled_from(("", "", "", ",", " , ") if words or draw(odd) else ("",)))


@st.composite
def files(draw: Any) -> str:
    """A file in the present format or the old one: valid in half of the cases, else with something odd in places."""
    odd = st.integers(0, 11).map(lambda number: number == 11) if draw(st.booleans()) else st.just(False)

    def pick(usual: Any, others: Any) -> str:
        return draw(st.sampled_from(others if draw(odd) else usual))

    alternatives = draw(st.lists(st.sampled_from(NUMBERS), unique=True, min_size=1))
    named = [(number, pick(NAMES, ODD_NAMES)) for number in alternatives]
    counts = [pick(COUNTS, ODD_COUNTS) for _ in range(draw(st.integers(1, 5)))]
    voters = sum(int(count) for count in counts if count.isdecimal()) + draw(odd)
    separator = draw(st.sampled_from(",:"))
    ballots = [
        f"{count}{separator}{draw(st.sampled_from(BLANKS))}{draw(entries(alternatives, odd))}" for count in counts
    ]
    if separator == ",":
        head = [str(len(named)), *(f"{number},{name}" for number, name in named), f"{voters},{voters},{len(counts)}"]
    else:
        head = [f"# FILE NAME: x.{pick(('soc', 'toi'), ('cat', 'wmd', 'x'))}"]
        head += [f"# NUMBER ALTERNATIVES: {len(named) + draw(odd)}"]
        head += [f"# NUMBER VOTERS: {voters}"] if draw(st.booleans()) else []
        head += [f"# ALTERNATIVE NAME {number}: {name}" for number, name in named]
        ballots = [line for ballot in ballots for line in (["# between"] if draw(odd) else []) + [ballot]]
    text = "".join(line + pick(ENDS, ODD_ENDS) for line in head + ballots)
    text = text if draw(st.booleans()) else text.rstrip()
    for _ in range(draw(odd) + draw(odd)):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from(("", *STRAY))) + text[place + draw(st.integers(0, 1)) :]
    return text


def outcome(read: Any, text: str, ties: str) -> Any:
    """The fields of the rankings, or the sentence that refuses them."""
    try:
        found = Rankings(**read(text, "votes.toi"), ties=ties, rng=0)
    except (TypeError, ValueError) as error:
        return type(error), str(error)
    shared = None if found.shared is None else found.shared.tolist()
    weights = found.weights
    assert weights is not None
    return found.positions.tolist(), shared, weights.tolist(), weights.dtype, found.positions.dtype, found.names


@given(text=files(), ties=st.sampled_from(("average", "random", "error")))
@example(text="9999999999999999999\n1,a\n1,1,1\n1,1\n", ties="average")  # more alternatives than a list may have
@example(text="2\n1,a\n2,b\n3,3,2\n2,{1,2}\n1\n", ties="average")  # a line without a ballot is a ballot of nothing
@example(text="# ALTERNATIVE NAME 1: a\n1: 1 # ALTERNATIVE NAME 2: b\n", ties="average")
@example(text="# ALTERNATIVE NAME 1: a\n5: \n0: ,", ties="average")
@example(text="# ALTERNATIVE NAME 1: a\n5: \n0:", ties="average")  # no ballot lists an item
@example(text="# ALTERNATIVE NAME 1: a\n# ALTERNATIVE NAME 2: b\n1: 2,1\n1: 2,1,{2,1}\n1: 1,1", ties="error")
@example(text="# ALTERNATIVE NAME 1: a\n# ALTERNATIVE NAME 2: b\n1: 1,2,1,2", ties="error")  # the smaller one is named
@example(text="# ALTERNATIVE NAME 1: a\n# ALTERNATIVE NAME 2: b\n01: 2,1,2,1", ties="error")
@example(text=f"# ALTERNATIVE NAME 1: a\n{2**64 + 1}: 1", ties="error")  # 1 in 64 bits, as an item below
@example(text=f"# ALTERNATIVE NAME 1: a\n1: {2**64 + 1}", ties="error")
@example(text=f"# ALTERNATIVE NAME 1: a\n{2**31}: 1\n{2**61}: 1\n2: 1", ties="error")
@example(text=f"# ALTERNATIVE NAME {10**15}: a\n1: {10**15}", ties="error")  # too large for a table of numbers
@settings(max_examples=600, deadline=None)
def test_files_mean_what_their_lines_mean(text: str, ties: str) -> None:
    expected = outcome(line_by_line.parse, text, ties)
    event("refused" if isinstance(expected[0], type) else "rankings")
    assert outcome(parse, text, ties) == expected


@pytest.mark.parametrize("length", range(7))
def test_all_short_ballots_mean_what_their_lines_mean(length: int) -> None:
    """Numbers without an alternative, ties that do not end or stand in another one, commas too many or too few."""
    head = "# ALTERNATIVE NAME 1: a\n# ALTERNATIVE NAME 10: b\n1: "
    for letters in itertools.product("10,{}", repeat=length):
        text = head + "".join(letters)
        assert outcome(parse, text, "average") == outcome(line_by_line.parse, text, "average"), text


@pytest.mark.parametrize("kind", ["new", "old"])
def test_lines_that_are_not_plain_stand_among_those_that_are(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever lines the compiled loop leaves over, rows and numbers of lines go on behind them."""
    lines = ["2: 3,1", "", "03: {1,2},3", "\xa0# a comment", "4: 1", "5: {3,2}", "06: 2"]
    head = [f"# ALTERNATIVE NAME {number}: a" for number in (1, 2, 3)]
    if kind == "old":
        lines = [line.replace(":", ",") for line in lines if "#" not in line]
        head = ["3", "1,a", "2,a", "3,a", "20,20,5"]
    slow = []
    by_hand = preflib._order
    monkeypatch.setattr(preflib, "_order", lambda line, *others: slow.append(line) or by_hand(line, *others))
    found = Rankings(**parse("\n".join(head + lines)), ties="average")
    assert slow == [line for line in lines if line.startswith("0")]
    assert found.weights is not None
    assert found.weights.tolist() == [2, 3, 4, 5, 6]
    assert found.positions.tolist() == [[1, -1, 0], [0, 0, 2], [0, -1, -1], [-1, 0, 0], [-1, 0, -1]]
    with pytest.raises(ValueError, match=rf"which x:{len(head) + len(lines) + 1} is not; got '7: 1;2'"):
        parse("\n".join([*head, *lines, "7: 1;2" if kind == "new" else "7, 1;2"]), "x")


def test_plain_ballots_are_read_by_the_compiled_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What programs write must not fall back, or a large file takes half a minute."""
    rng = np.random.default_rng(0)
    n, m = 2000, 30
    orders = rng.permuted(np.tile(np.arange(m), (n, 1)), axis=1)
    lengths = rng.integers(1, m + 1, n)
    ballots = [order[:length] + 1 for order, length in zip(orders, lengths, strict=True)]
    lines = [f"{v % 5 + 1}: {{{b[0]},{b[1]}}},{','.join(map(str, b[2:]))}" for v, b in enumerate(ballots) if len(b) > 2]
    path = tmp_path / "votes.toi.gz"
    path.write_bytes(gzip.compress("\n".join([f"# ALTERNATIVE NAME {i + 1}: {i}" for i in range(m)] + lines).encode()))
    monkeypatch.setattr(preflib, "_order", None)
    found = Rankings.from_file(path)
    kept = [row for row, length in enumerate(lengths) if length > 2]
    expected = np.full((len(kept), m), -1)
    for row, v in enumerate(kept):
        expected[row, orders[v, : lengths[v]]] = [0, 0, *range(2, lengths[v])]
    np.testing.assert_array_equal(found.positions, expected)


@given(
    positions=st.integers(1, 6).flatmap(
        lambda m: st.lists(st.lists(st.integers(-1, 9), min_size=m, max_size=m), min_size=1, max_size=4)
    )
)
def test_ties_share_the_places_that_they_occupy_together(positions: list[list[int]]) -> None:
    found = Rankings(positions, ties="average")
    shared = np.ones_like(found.positions) if found.shared is None else found.shared
    for row, places, sizes in zip(positions, found.positions.tolist(), shared.tolist(), strict=True):
        for p, place, size in zip(row, places, sizes, strict=True):
            assert place == (-1 if p < 0 else sum(0 <= other < p for other in row))
            assert size == (1 if p < 0 else row.count(p))


def test_no_number_of_an_alternative_is_plain(tmp_path: Path) -> None:
    path = tmp_path / "zeros.soi"
    path.write_text("# ALTERNATIVE NAME 01: a\n# ALTERNATIVE NAME 002: b\n3: 002,01\n1: 01\n")
    panel = Rankings.from_file(path)
    assert (panel.names, panel.positions.tolist(), panel.total) == (("a", "b"), [[1, 0], [0, -1]], 4)


def test_a_sentence_about_alternatives_shows_their_lines_alone(tmp_path: Path) -> None:
    path = tmp_path / "words.soc"
    path.write_text("2\nfirst,Ann\nsecond,Ben\n1,1,1\n1,first,second\n")
    with pytest.raises(ValueError, match=r"alternatives by number; got \['first,Ann', 'second,Ben'\]"):
        Rankings.from_file(path)
