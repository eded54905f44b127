"""Lines that are cut at once are the lines that are looked at one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from lrtheory._files.opening import lines_in, numbers_and_lines
from lrtheory._files.reading import read_cells

#: letters that decide what a line is, and what Python takes for a blank or the end of a line
TEXTS = st.text(st.sampled_from("ab,%# \t\n\n\n\v\x85\xa0\u2028"), max_size=24)


@given(TEXTS)
@example("")
@example("\n")
@example("a\n\n")
@example("a\n%\n% b\nc")
@example("\v\na")
@example("%\na")
@settings(max_examples=500)
def test_lines_at_once_are_lines_one_by_one(text: str) -> None:
    numbers, lines = numbers_and_lines(text)
    event("at once" if isinstance(numbers, range) else "one by one")
    assert list(zip(numbers, lines, strict=True)) == lines_in(text)


@pytest.mark.parametrize("comment", ["", "# a comment\n"])
def test_a_row_of_another_width_is_named_by_its_line(comment: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(comment + "a,b\n" + "1,2\n" * 40 + "1\n1,2,3\n")
    with pytest.raises(ValueError, match=rf"x\.csv:{42 + bool(comment)}: 1 cell where the first line has 2"):
        read_cells(path, None, None)
    path.write_text("a,b\n1,2\n3,4\n")
    assert list(read_cells(path, None, None).lines or ()) == [2, 3]
