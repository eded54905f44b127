"""Runs and judgments as TREC evaluates them: lines of six and of four cells with blanks or tabs between them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from lrtheory._files.opening import Source, head_of, source_name, text_of

__all__ = ["JUDGMENTS", "RUN", "TrecLines", "inexact", "looks_like_trec", "read_trec"]

#: the cells of a line
JUDGMENTS = ("query", "iteration", "document", "gain")
RUN = ("query", "iteration", "document", "rank", "score", "tag")
#: the cells of one kind of line, and those of the other, as sentences say them
_WIDTHS = {"run": len(RUN), "judgments": len(JUDGMENTS)}
#: what Python takes for blanks, and C does not
_SEPARATORS = "\x1c\x1d\x1e\x1f"
#: where the number of a line stands, by its width
_PLACES = {len(RUN): RUN.index("score"), len(JUDGMENTS): JUDGMENTS.index("gain")}
_LINE = {"run": "query Q0 document rank score tag", "judgments": "query 0 document gain"}


class TrecLines(NamedTuple):
    """The query, the document and the score or gain of each line, in the order of the file.

    Queries and documents are numbers of the tuples of names, which are in the order in which they come up; `lines` are
    the numbers of the lines in the file, from 1. Ranks are those of a run, or None where one is no whole number.
    """

    queries: tuple[str, ...]
    documents: tuple[str, ...]
    query: np.ndarray
    document: np.ndarray
    value: np.ndarray
    lines: Sequence[int]
    rank: np.ndarray | None


def looks_like_trec(source: Source) -> bool:
    """Whether a file whose suffix does not tell begins with a line of a run, or of judgments.

    Parameters
    ----------
    source : path
        A file.

    Returns
    -------
    bool
        Whether the first line that is no comment has six cells, of which the fourth and the fifth are numbers, or four
        of which the last is a whole number.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    lines = (line.split() for line in head_of(source).splitlines() if not line.lstrip().startswith("#"))
    words = next(filter(None, lines), [])
    if len(words) == len(RUN):
        return None not in (_value_or_none(words[3]), _value_or_none(words[4]))
    return len(words) == len(JUDGMENTS) and re.fullmatch(r"[+-]?\d+", words[3]) is not None


def read_trec(source: Source, kind: str) -> TrecLines:
    """Read a run or judgments.

    Cells end at blanks and tabs, any number of them, as in C; other blanks of Unicode are part of a name. The second
    cell and the tag of a run are not kept, so a tag may have blanks. Lines that begin with ``#`` are comments.

    Parameters
    ----------
    source : path
        The file, packed by gzip or not; "-" is standard input.
    kind : {"run", "judgments"}
        The lines that are wanted.

    Returns
    -------
    TrecLines
        Lines of the file; scores may be infinite.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, a line has too few or too many cells or holds two lines, or a score or a gain is not a
        number, or a whole one that no double holds; the line is named. Judgments in the place of a run are refused in a
        sentence of their own, and the reverse.
    """
    text, width = text_of(source), _WIDTHS[kind]
    lines, words = _cut(source, text, kind)
    query, document = words[0::width], words[2::width]
    value = _numbers(source, words[_PLACES[width] :: width], lines, kind)
    queries, query_numbers = _numbered(query)
    documents, document_numbers = _numbered(document)
    rank = _ranks(words[3::width]) if kind == "run" else None
    return TrecLines(queries, documents, query_numbers, document_numbers, value, lines, rank)


def _cut(source: Source, text: str, kind: str) -> tuple[Sequence[int], list[str]]:
    """The numbers of the lines that hold something, and as many cells of each as the kind has, one after the other."""
    width, n_lines = _WIDTHS[kind], text.count("\n") + (text[-1:] not in ("", "\n"))
    # no file of text holds a zero byte; where one stands after each of as many cells as are due, all lines are whole
    words = _words(text.removesuffix("\n").replace("\n", " \0 ") + " \0")
    if n_lines and len(words) == n_lines * (width + 1) and words[width :: width + 1].count("\0") == n_lines:
        if "#" not in text:
            del words[width :: width + 1]
            return range(1, n_lines + 1), words
    numbers: list[int] = []
    kept: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        cells = _words(line)
        if not cells or cells[0].startswith("#"):
            _refuse_hash(source, number, line, cells, width)
            continue
        if len(cells) < width or (len(cells) > width and kind != "run"):
            raise _wrong_width(source, number, cells, kind, is_first=not numbers)
        if len(cells) > width:
            _refuse_two(source, number, cells)
        numbers.append(number)
        kept += cells[:width]
    if not numbers:
        raise ValueError(f"{source_name(source)}: no line")
    return numbers, kept


def _words(text: str) -> list[str]:
    """The words between blanks as C has them; those of Unicode, and signs of control, are part of words."""
    if text.isascii() and not any(sign in text for sign in _SEPARATORS):
        return text.split()
    words = text.encode().split()
    return b"\n".join(words).decode().split("\n") if words else []


def _refuse_hash(source: Source, number: int, line: str, cells: list[str], width: int) -> None:
    """Refuse a line that starts with ``#`` and has the cells of a row: no row must get lost."""
    value = _value_or_none(cells[_PLACES[width]]) if len(cells) == width else None
    if value is not None and cells[0] not in ("#", "##"):
        rule = "a comment, or a row whose query starts with '#'? Write '# ' before a comment"
        raise ValueError(f"{source_name(source)}:{number}: {rule}; got {line[:40]!r}")


def _refuse_two(source: Source, number: int, cells: list[str]) -> None:
    """Refuse a line whose tag goes on as a second line: the end of a line lacks, as of a file that was appended to."""
    for at in range(len(RUN), len(cells) - 4):
        numbers = _value_or_none(cells[at + 2]), _value_or_none(cells[at + 3])
        if cells[at] in (cells[1], "Q0") and None not in numbers:
            raise ValueError(f"{source_name(source)}:{number}: two lines in one; break it before the second query")


def _wrong_width(source: Source, number: int, cells: list[str], kind: str, is_first: bool) -> ValueError:
    """The error for a line of another width."""
    other = "judgments" if kind == "run" else "run"
    where = f"{source_name(source)}:{number}"
    if is_first and len(cells) == _WIDTHS[other]:
        what = {"run": "a run", "judgments": "judgments"}
        return ValueError(
            f"{where}: {what[other]} in the place of {what[kind]}? "
            f"Lines of {what[kind]} are `{_LINE[kind]}`, and this one is `{' '.join(cells)[:60]}`"
        )
    count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
    return ValueError(f"{where}: {count} where `{_LINE[kind]}` has {_WIDTHS[kind]}")


def _numbers(source: Source, words: list[str], lines: Sequence[int], kind: str) -> np.ndarray:
    """The scores or gains; the line of the first one that is none is named."""
    try:
        found = np.array(list(map(float, words)))
    except ValueError:
        found = None
    allowed = (lambda x: ~np.isnan(x)) if kind == "run" else np.isfinite
    if found is not None and allowed(found).all() and "_" not in "".join(words):
        if (place := inexact(words, found)) is not None:
            name = "score" if kind == "run" else "gain"
            what = f"`{name}` must be a number that a double holds; got {words[place]!r}"
            raise ValueError(f"{source_name(source)}:{lines[place]}: {what}")
        return found
    numbers = map(_value_or_none, words)
    place = next(i for i, number in enumerate(numbers) if number is None or not allowed(np.float64(number)))
    name, rule = ("score", "a number") if kind == "run" else ("gain", "a finite number")
    raise ValueError(f"{source_name(source)}:{lines[place]}: `{name}` must be {rule}; got {words[place]!r}")


def inexact(numbers: Sequence[Any] | np.ndarray, found: np.ndarray) -> int | None:
    """The place of the first whole number that its double is not, so that two different numbers could tie.

    Parameters
    ----------
    numbers : sequence of number or word, or array
        Numbers as they were given.
    found : float64 array of shape (numbers,)
        The doubles nearest to these numbers.

    Returns
    -------
    int or None
        Place from 0; None where all whole numbers are doubles.
    """
    if isinstance(numbers, np.ndarray) and numbers.dtype.kind == "f":
        return None
    large = np.flatnonzero((np.abs(found) >= 2.0**53) & np.isfinite(found))
    for place in large.tolist():
        given = numbers[place]
        is_whole = isinstance(given, Integral) or (isinstance(given, str) and re.fullmatch(r"\s*[+-]?\d+\s*", given))
        if is_whole and int(given) != int(found[place]):
            return place
    return None


def _ranks(words: list[str]) -> np.ndarray | None:
    """The ranks; None where one of them is no whole number in the range of 64 bits."""
    try:
        return np.array(list(map(int, words)), np.int64)
    except (ValueError, OverflowError):
        return None


def _value_or_none(word: str) -> float | None:
    """The number that a cell holds; None where it holds none."""
    try:
        return None if "_" in word else float(word)  # 1_000 is a number for Python alone
    except ValueError:
        return None


def _numbered(words: list[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """The different words in the order in which they come up, and the number of each word among them."""
    known: defaultdict[str, int] = defaultdict(count().__next__)
    numbers = np.array(list(map(known.__getitem__, words)), np.int64)
    return tuple(known), numbers
