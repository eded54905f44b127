"""Compiled reading of the lines of a PrefLib file, such as ``2: 1,{2,3}``, byte by byte.

`scan` understands ballots as programs write them, and stops in front of any other line, which the caller then reads
by rules that know everything, in Python, or refuses with a sentence. So what is plain here need not be all that is
allowed, but must mean the same.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel

__all__ = ["AT", "LINE", "ROW", "TWICE", "TWICE_ITEM", "scan"]

# the places of the state of a scan: the next byte, the number of its line, the next row to be written, the first row
# that lists an item twice (-1 for none), and the first such item of that row
AT, LINE, ROW, TWICE, TWICE_ITEM = range(5)

_NEWLINE, _SPACE, _TAB, _COMMENT, _COMMA, _OPEN, _CLOSE, _ZERO, _NINE = (ord(letter) for letter in "\n \t#,{}09")
#: the first number that is not plain; a sum of smaller ones stays below 2**63 for nine billion ballots
_LARGE = 10**9


@kernel
def scan(data, separator, items, positions, counts, state):
    """Read lines up to the first that is neither blank, nor a comment, nor a plain ballot; `state` says where that is.

    Row v of `positions` gets the place of every item on the ballot v and -1 for the others, ``counts[v]`` the number
    of its voters. ``items[number]`` is the item of an alternative, -1 where no alternative has the number.
    """
    while state[AT] < data.size:
        at = _after_blanks(data, state[AT])
        first = _byte(data, at)
        if first == _COMMENT:
            while _byte(data, at) != _NEWLINE:
                at += 1
        elif first != _NEWLINE:
            counts[state[ROW]], at = _number(data, at)
            at = _after_blanks(data, at)
            # not plain: the slow reader begins at this line, and its refusal names it
            if counts[state[ROW]] < 0 or _byte(data, at) != separator:
                return
            at = _ballot(data, at + 1, items, positions[state[ROW]], state)
            if at < 0:
                return
            state[ROW] += 1
        state[AT] = at + 1
        state[LINE] += 1


@kernel
def _ballot(data, at, items, places, state):
    """Read the places of a ballot; return where its line ends, -1 if it is not plain."""
    places[:] = -1
    place, tied, twice = 0, False, -1
    at = _after_blanks(data, at)
    while _byte(data, at) != _NEWLINE:
        if _byte(data, at) == _OPEN and not tied:
            tied = True
            at = _after_blanks(data, at + 1)
        number, at = _number(data, at)
        if number < 0 or number >= items.size or items[number] < 0:
            return -1
        item = items[number]
        if places[item] >= 0 and (twice < 0 or item < twice):
            twice = item
        places[item] = place
        at = _after_blanks(data, at)
        if tied and _byte(data, at) == _CLOSE:
            tied = False
            at = _after_blanks(data, at + 1)
        if not tied:
            place += 1
        if _byte(data, at) == _COMMA:  # the last entry may have one too
            at = _after_blanks(data, at + 1)
        elif _byte(data, at) != _NEWLINE:
            return -1
    if tied:
        return -1
    if twice >= 0 and state[TWICE] < 0:
        state[TWICE], state[TWICE_ITEM] = state[ROW], twice
    return at


@kernel
def _byte(data, at):
    """Return a byte of the text, which ends with a line end whether or not one is written there."""
    return data[at] if at < data.size else np.uint8(_NEWLINE)


@kernel
def _after_blanks(data, at):
    while _byte(data, at) == _SPACE or _byte(data, at) == _TAB:
        at += 1
    return at


@kernel
def _number(data, at):
    """Read a number of one to nine digits without leading zeros; return it and where it ends, -1 for anything else."""
    first, number = at, 0
    while _ZERO <= _byte(data, at) <= _NINE and number < _LARGE:
        number = 10 * number + _byte(data, at) - _ZERO
        at += 1
    padded = at > first + 1 and _byte(data, first) == _ZERO
    return (-1 if at == first or padded or number >= _LARGE else number), at
