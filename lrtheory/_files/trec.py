"""Runs and judgments as TREC evaluates them: lines of six and of four cells with blanks or tabs between them."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from lrtheory._files.opening import Source, head_of, source_name, text_of

__all__ = ["JUDGMENTS", "RUN", "TrecLines", "looks_like_trec", "read_trec"]

#: the cells of a line
JUDGMENTS = ("query", "iteration", "document", "gain")
RUN = ("query", "iteration", "document", "rank", "score", "tag")
#: the cells of one kind of line, and those of the other, as sentences say them
_WIDTHS = {"run": len(RUN), "judgments": len(JUDGMENTS)}
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
    lines: np.ndarray
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
        return None not in (_value_or_none(words[3].encode()), _value_or_none(words[4].encode()))
    return len(words) == len(JUDGMENTS) and re.fullmatch(r"[+-]?\d+", words[3]) is not None


def read_trec(source: Source, kind: str) -> TrecLines:
    """Read a run or judgments.

    Cells end at blanks and tabs, any number of them, as in C; other blanks of Unicode are part of a name. The second
    cell and the tag of a run are not looked at, so a tag may have blanks. Lines that begin with ``#`` are comments.

    Parameters
    ----------
    source : path
        The file, packed by gzip or not; "-" is standard input.
    kind : {"run", "judgments"}
        The lines that are wanted.

    Returns
    -------
    TrecLines
        Its lines; scores may be infinite.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, a line has too few or too many cells, or a score or a gain is no number; the line is
        named. Judgments in the place of a run are refused in a sentence of their own, and the reverse.
    """
    data = text_of(source).encode()
    width = _WIDTHS[kind]
    lines, words = _cut(source, data, kind)
    query, document = words[0::width], words[2::width]
    value = _numbers(source, words[_PLACES[width] :: width], lines, kind)
    queries, query_numbers = _numbered(query)
    documents, document_numbers = _numbered(document)
    rank = _ranks(words[3::width]) if kind == "run" else None
    return TrecLines(queries, documents, query_numbers, document_numbers, value, lines, rank)


def _cut(source: Source, data: bytes, kind: str) -> tuple[np.ndarray, list[bytes]]:
    """The numbers of the lines that hold something, and as many cells of each as the kind has, one after the other."""
    width = _WIDTHS[kind]
    widths = _widths(data)
    if b"#" not in data and (widths == width).all() and len(widths):
        return np.arange(1, len(widths) + 1), data.split()
    numbers, words = [], []
    for number, line in enumerate(data.split(b"\n"), start=1):
        cells = line.split()
        if not cells or cells[0].startswith(b"#"):
            _refuse_hash(source, number, line, cells, width)
            continue
        if len(cells) < width or (len(cells) > width and kind != "run"):
            raise _wrong_width(source, number, cells, kind, is_first=not numbers)
        numbers.append(number)
        words += cells[:width]
    if not numbers:
        raise ValueError(f"{source_name(source)}: no line")
    return np.array(numbers), words


def _widths(data: bytes) -> np.ndarray:
    """The number of cells of each line."""
    if not data:
        return np.zeros(0, np.int64)
    text = np.frombuffer(data, np.uint8)
    blank = (text == 32) | ((text >= 9) & (text <= 13))
    starts = ~blank
    starts[1:] &= blank[:-1]
    ends = np.flatnonzero(text == 10)
    if data[-1:] != b"\n":
        ends = np.append(ends, len(text))
    return np.diff(np.searchsorted(np.flatnonzero(starts), ends), prepend=0)


def _refuse_hash(source: Source, number: int, line: bytes, cells: list[bytes], width: int) -> None:
    """Refuse a line that starts with ``#`` and has the cells of a row: no row must get lost."""
    value = _value_or_none(cells[_PLACES[width]]) if len(cells) == width else None
    if value is not None and cells[0] not in (b"#", b"##"):
        rule = "a comment, or a row whose query starts with '#'? Write '# ' before a comment"
        raise ValueError(f"{source_name(source)}:{number}: {rule}; got {line[:40].decode(errors='replace')!r}")


def _wrong_width(source: Source, number: int, cells: list[bytes], kind: str, is_first: bool) -> ValueError:
    """The error for a line of another width."""
    other = "judgments" if kind == "run" else "run"
    where = f"{source_name(source)}:{number}"
    if is_first and len(cells) == _WIDTHS[other]:
        what = {"run": "a run", "judgments": "judgments"}
        return ValueError(
            f"{where}: {what[other]} in the place of {what[kind]}? "
            f"Lines of {what[kind]} are `{_LINE[kind]}`, and this one is `{b' '.join(cells).decode()[:60]}`"
        )
    count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
    return ValueError(f"{where}: {count} where `{_LINE[kind]}` has {_WIDTHS[kind]}")


def _numbers(source: Source, words: list[bytes], lines: np.ndarray, kind: str) -> np.ndarray:
    """The scores or gains; the line of the first one that is none is named."""
    try:
        found = np.array(list(map(float, words)))
    except ValueError:
        found = None
    allowed = (lambda x: ~np.isnan(x)) if kind == "run" else np.isfinite
    if found is not None and allowed(found).all() and b"_" not in b"".join(words):
        return found
    numbers = map(_value_or_none, words)
    place = next(i for i, number in enumerate(numbers) if number is None or not allowed(np.float64(number)))
    name, rule = ("score", "a number") if kind == "run" else ("gain", "a finite number")
    got = words[place].decode(errors="replace")
    raise ValueError(f"{source_name(source)}:{lines[place]}: `{name}` must be {rule}; got {got!r}")


def _ranks(words: list[bytes]) -> np.ndarray | None:
    """The ranks; None where one of them is no whole number in the range of 64 bits."""
    try:
        return np.array(list(map(int, words)), np.int64)
    except (ValueError, OverflowError):
        return None


def _value_or_none(word: bytes) -> float | None:
    """The number that a cell holds; None where it holds none."""
    try:
        return None if b"_" in word else float(word)  # 1_000 is a number for Python alone
    except ValueError:
        return None


def _numbered(words: list[bytes]) -> tuple[tuple[str, ...], np.ndarray]:
    """The different words in the order in which they come up, and the number of each word among them."""
    known = {word: number for number, word in enumerate(dict.fromkeys(words))}
    numbers = np.fromiter(map(known.__getitem__, words), np.int64, len(words))
    return tuple(b"\n".join(known).decode().split("\n")), numbers
