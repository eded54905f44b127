"""PrefLib files line by line into lists of items: slow, and what the compiled reader must equal."""

from __future__ import annotations

import re
from typing import Any

from lrtheory._validation import must

__all__ = ["parse"]

KINDS = ("soc", "soi", "toc", "toi")
ENTRY = re.compile(r"\{([^{}]*)\}|([^,{}]+)")
ORDER = re.compile(r"(?:\{[^{}]+\}|[^,{}]+)(?:,(?:\{[^{}]+\}|[^,{}]+))*,?")


def parse(text: str, origin: str = "line") -> dict[str, Any]:
    """The arguments of `Rankings`, with ballots as lists of items and of tuples of items."""
    numbered = [(i, line.strip()) for i, line in enumerate(text.splitlines(), start=1) if line.strip()]
    lines = [line for _, line in numbered]
    kind = _kind(text)
    if kind is not None and kind not in KINDS:
        raise must("path", f"a PrefLib file of orders ({', '.join(KINDS)})", kind)
    if any(line.startswith("#") for line in lines):
        names = dict(re.findall(r"# ALTERNATIVE NAME (\d+):[ \t]*(.*)", text))
        stated = re.search(r"^# NUMBER ALTERNATIVES:[ \t]*(\d+)", text, re.MULTILINE)
        if stated is not None and int(stated.group(1)) != len(names):
            raise must("path", f"a PrefLib file with names of its {stated.group(1)} alternatives", list(names.values()))
        ballots = [(i, *line.partition(":")[::2]) for i, line in numbered if not line.startswith("#")]
        head = re.search(r"^# NUMBER VOTERS:[ \t]*(\d+)", text, re.MULTILINE)
    else:
        m = int(lines[0]) if lines and lines[0].isdecimal() else 0
        if not 0 < m < len(lines) - 1:
            raise must("path", "a PrefLib file with its number of alternatives", lines[:1])
        names = dict(line.partition(",")[::2] for line in lines[1 : m + 1])
        ballots = [(i, *line.partition(",")[::2]) for i, line in numbered[m + 2 :]]
        head = re.match(r"\d+,(\d+),\d+$", lines[m + 1])
    if not all(name.isdecimal() for name in names):
        raise must("path", "a PrefLib file with alternatives by number", lines[1 : len(names) + 1])
    # files number alternatives from 1, in any order and with gaps; items are numbered from 0 in the order of these
    numbers = {name: item for item, name in enumerate(sorted(names, key=int))}
    orders, weights = [], []
    for number, count, ballot in ballots:
        try:
            weights.append(int(count))
            # the whole line must be an order, since `findall` would skip what it does not understand
            ballot = re.sub(r"\s*([,{}])\s*", r"\1", ballot.strip())
            if ballot and ORDER.fullmatch(ballot) is None:
                raise ValueError(ballot)
            orders.append([_entry(found, numbers) for found in ENTRY.findall(ballot)])
        except (KeyError, ValueError) as error:
            rule = f"a PrefLib file of orders, which {origin}:{number} is not"
            raise must("path", rule, f"{count}: {ballot}") from error
    if not orders:
        raise must("path", "a PrefLib file with a ballot", text[:60])
    if head is not None and int(head[1]) != sum(weights):
        rule = f"a PrefLib file with the ballots of its {int(head[1]):,} voters, which {origin} is not"
        raise must("path", rule, sum(weights))
    return {"orders": orders, "weights": weights, "names": [names[name].strip() for name in numbers]}


def _kind(text: str) -> str | None:
    """Read the kind of the file, such as "soc" or "cat", from its comments; None where they do not state it."""
    stated = re.search(r"^# DATA TYPE:[ \t]*(\w+)", text, re.MULTILINE)
    named = re.search(r"^# FILE NAME:.*\.(\w+)[ \t]*$", text, re.MULTILINE)
    if re.search(r"^# (NUMBER CATEGORIES|CATEGORY NAME)", text, re.MULTILINE):
        return "cat"
    found = stated or named
    return found.group(1).lower() if found else None


def _entry(found: tuple[str, str], numbers: dict[str, int]) -> Any:
    """Return the number of an item, or the tuple of the numbers of the items of a tie."""
    tied, single = found
    if tied:
        return tuple(numbers[name.strip()] for name in tied.split(","))
    return numbers[single.strip()]
