"""PrefLib files: orders with multiplicities, strict or with ties, complete or not (soc, soi, toc, toi)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from lrtheory._validation import must
from lrtheory.fair_subset_selection.ballots.positions import Placed
from lrtheory.fair_subset_selection.ballots.scanning import AT, LINE, ROW, TWICE, TWICE_ITEM, scan

__all__ = ["KINDS", "OTHER_KINDS", "parse"]

KINDS = ("soc", "soi", "toc", "toi")
#: categories, weighted matchings, other data, and graphs of pairs
OTHER_KINDS = ("cat", "wmd", "dat", "pwg", "wmg", "mjg", "tog")
ENTRY = re.compile(r"\{([^{}]*)\}|([^,{}]+)")
ORDER = re.compile(r"(?:\{[^{}]+\}|[^,{}]+)(?:,(?:\{[^{}]+\}|[^,{}]+))*,?")
#: what ends a line for Python, beside the line end of files
LINE_ENDS = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
#: alternatives of larger numbers are looked up by name, so that no table of the numbers gets long
MOST = 10**6
#: counts from here on are kept as integers of Python, of which sums are exact
LARGE = 2**31


def parse(text: str, origin: str = "line") -> dict[str, Any]:
    """Read the arguments of `Rankings` from the text of a file, in the present format or in that before 2022.

    Now comments ``# ALTERNATIVE NAME 1: ...`` come first, then lines ``count: 2,{1,3},4``. Before, the first lines were
    the number of alternatives, their names and the numbers of voters, then lines ``count,2,{1,3},4``. `origin` is the
    name of the file in sentences. A file that was cut off has fewer voters than its head says, and is refused.
    """
    head = _head(text)
    # files number alternatives from 1, in any order and with gaps; items are numbered from 0 in the order of these
    numbers = {name: item for item, name in enumerate(sorted(head.names, key=int))}
    placed, weights = _ballots(head, numbers, origin)
    if not len(placed.positions):
        raise must("path", "a PrefLib file with a ballot", text[:60])
    voters = int(weights.sum()) if isinstance(weights, np.ndarray) else sum(weights)
    if head.voters not in (None, voters):
        rule = f"a PrefLib file with the ballots of its {head.voters:,} voters, which {origin} is not"
        raise must("path", rule, voters)
    return {"orders": placed, "weights": weights, "names": [head.names[name].strip() for name in numbers]}


class Head(NamedTuple):
    """The names of alternatives by number, how many voters there are if that is said, and the text of the ballots.

    Each line of `ballots`, of which the first has the number `line`, begins with a count and the `separator`.
    """

    names: dict[str, str]
    voters: int | None
    separator: str
    ballots: str
    line: int


def _head(text: str) -> Head:
    """Read what comes before the ballots; in the present format comments may stand among them."""
    comments = _with_hash(text)
    kind = _kind(comments)
    if kind is not None and kind not in KINDS:
        raise must("path", f"a PrefLib file of orders ({', '.join(KINDS)})", kind)
    lined = "\n".join(text.splitlines()) if any(end in text for end in LINE_ENDS) else text
    if any(line.strip().startswith("#") for line in comments.splitlines()):
        names = dict(re.findall(r"# ALTERNATIVE NAME (\d+):[ \t]*(.*)", comments))
        stated = re.search(r"^# NUMBER ALTERNATIVES:[ \t]*(\d+)", comments, re.MULTILINE)
        if stated is not None and int(stated.group(1)) != len(names):
            raise must("path", f"a PrefLib file with names of its {stated.group(1)} alternatives", list(names.values()))
        voters = re.search(r"^# NUMBER VOTERS:[ \t]*(\d+)", comments, re.MULTILINE)
        return Head(names, None if voters is None else int(voters[1]), ":", lined, 1)
    first = [line for *_, line in islice(_lines(lined), 1)]
    m = int(first[0]) if first and first[0].isdecimal() else 0
    lines = list(islice(_lines(lined), min(m, len(lined)) + 2))
    if not 0 < m < len(lines) - 1:
        raise must("path", "a PrefLib file with its number of alternatives", first)
    names = dict(line.partition(",")[::2] for *_, line in lines[1 : m + 1])
    if not all(name.isdecimal() for name in names):
        at_fault = [line for *_, line in lines[1 : len(names) + 1]]
        raise must("path", "a PrefLib file with alternatives by number", at_fault)
    number, end, line = lines[-1]
    voters = re.match(r"\d+,(\d+),\d+$", line)
    return Head(names, None if voters is None else int(voters[1]), ",", lined[end:], number + 1)


def _with_hash(text: str) -> str:
    """The lines with a ``#`` somewhere, which are few, so that no expression has to look at all of a large file."""
    found, at = [], text.find("#")
    while at >= 0:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        found.append(text[text.rfind("\n", 0, at) + 1 : end])
        at = text.find("#", end)
    return "\n".join(found)


def _lines(text: str) -> Iterator[tuple[int, int, str]]:
    """The number of each line that is not blank, the place at which the next one starts, and the line itself."""
    at, number = 0, 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line, at, number = text[at:end].strip(), end + 1, number + 1
        if line:
            yield number, at, line


def _kind(text: str) -> str | None:
    """Read the kind of the file, such as "soc" or "cat", from its comments; None where they do not state it."""
    stated = re.search(r"^# DATA TYPE:[ \t]*(\w+)", text, re.MULTILINE)
    named = re.search(r"^# FILE NAME:.*\.(\w+)[ \t]*$", text, re.MULTILINE)
    if re.search(r"^# (NUMBER CATEGORIES|CATEGORY NAME)", text, re.MULTILINE):
        return "cat"
    found = stated or named
    return found.group(1).lower() if found else None


# --- ballots ---------------------------------------------------------------------------------------------------------


def _ballots(head: Head, numbers: dict[str, int], origin: str) -> tuple[Placed, Any]:
    """Read the places of the items on all ballots and the numbers of voters, an array or a list of large integers."""
    raw = head.ballots.encode()
    data, most = np.frombuffer(raw, np.uint8), head.ballots.count("\n") + 1
    positions, counts = np.empty((most, len(numbers)), np.int32), np.empty(most, np.int64)
    large: dict[int, int] = {}
    table, state = _table(numbers), np.array([0, head.line, 0, -1, -1])
    while True:
        scan(data, ord(head.separator), table, positions, counts, state)
        at, row = int(state[AT]), int(state[ROW])
        if at >= len(raw):
            break
        end = raw.find(b"\n", at)
        end = len(raw) if end < 0 else end
        line = raw[at:end].decode().strip()
        if line and not line.startswith("#"):
            count, order = _order(line, head.separator, numbers, f"{origin}:{state[LINE]}")
            counts[row] = 0 if abs(count) >= LARGE else count
            if abs(count) >= LARGE:
                large[row] = count
            _put(order, positions[row], state)
            state[ROW] += 1
        state[AT], state[LINE] = end + 1, state[LINE] + 1
    counts = counts[:row]
    weights = [large.get(i, count) for i, count in enumerate(counts.tolist())] if large else counts
    return Placed(positions[:row], None if state[TWICE] < 0 else (int(state[TWICE]), int(state[TWICE_ITEM]))), weights


def _table(numbers: dict[str, int]) -> np.ndarray:
    """The item of each number that is written without leading zeros and not too large, -1 for all other numbers."""
    plain = {int(name): item for name, item in numbers.items() if name == str(int(name)) and int(name) < MOST}
    table = np.full(max(plain, default=-1) + 1, -1)
    table[list(plain)] = list(plain.values())
    return table


def _order(line: str, separator: str, numbers: dict[str, int], where: str) -> tuple[int, list[tuple[int, ...]]]:
    """Read one line of any form: the number of its voters, and the items of each place."""
    count, _, ballot = line.partition(separator)
    try:
        voters = int(count)
        # the whole line must be an order, since `findall` would skip what it does not understand
        ballot = re.sub(r"\s*([,{}])\s*", r"\1", ballot.strip())
        if ballot and ORDER.fullmatch(ballot) is None:
            raise ValueError(ballot)
        entries = [(tied.split(",") if tied else [single]) for tied, single in ENTRY.findall(ballot)]
        return voters, [tuple(numbers[name.strip()] for name in entry) for entry in entries]
    except (KeyError, ValueError) as error:
        rule = f"a PrefLib file of orders, which {where} is not"
        raise must("path", rule, f"{count}: {ballot}") from error


def _put(order: list[tuple[int, ...]], places: np.ndarray, state: np.ndarray) -> None:
    """Write the places of one ballot, and note an item that it lists twice, as `scan` does."""
    places[:] = -1
    twice = []
    for place, items in enumerate(order):
        for item in items:
            if places[item] >= 0:
                twice.append(item)
            places[item] = place
    if twice and state[TWICE] < 0:
        state[TWICE], state[TWICE_ITEM] = state[ROW], min(twice)
