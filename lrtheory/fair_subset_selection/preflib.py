"""PrefLib files: orders with multiplicities, strict or with ties, complete or not (soc, soi, toc, toi)."""

from __future__ import annotations

import re
from typing import Any

from lrtheory._validation import must

__all__ = ["parse"]

ENTRY = re.compile(r"\{([^}]*)\}|([^,{}]+)")


def parse(text: str) -> dict[str, Any]:
    """The arguments of `Rankings` in a file, of the present format or of that before 2022.

    Now comments ``# ALTERNATIVE NAME 1: ...`` come first, then lines ``count: 2,{1,3},4``. Before, the first lines were
    the number of alternatives, their names and the numbers of voters, then lines ``count,2,{1,3},4``.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any(line.startswith("#") for line in lines):
        names = dict(re.findall(r"# ALTERNATIVE NAME (\d+):[ \t]*(.*)", text))
        ballots = [line.partition(":")[::2] for line in lines if not line.startswith("#")]
    else:
        m = int(lines[0]) if lines and lines[0].isdigit() else 0
        if not 0 < m < len(lines) - 1:
            raise must("path", "a PrefLib file with its number of alternatives", lines[:1])
        names = dict(line.partition(",")[::2] for line in lines[1 : m + 1])
        ballots = [line.partition(",")[::2] for line in lines[m + 2 :]]
    if not all(name.isdecimal() for name in names):
        raise must("path", "a PrefLib file with alternatives by number", lines[1 : len(names) + 1])
    numbers = {name: item for item, name in enumerate(sorted(names, key=int))}
    orders, weights = [], []
    for count, ballot in ballots:
        try:
            weights.append(int(count))
            orders.append([_entry(found, numbers) for found in ENTRY.findall(ballot) if "".join(found).strip()])
        except (KeyError, ValueError) as error:
            raise must("path", "a PrefLib file of orders", f"{count}: {ballot}") from error
    if not orders:
        raise must("path", "a PrefLib file with a ballot", text[:60])
    return {"orders": orders, "weights": weights, "labels": [names[name].strip() for name in numbers]}


def _entry(found: tuple[str, str], numbers: dict[str, int]) -> Any:
    """An item, or the items of a tie."""
    tied, single = found
    if tied:
        return tuple(numbers[name.strip()] for name in tied.split(","))
    return numbers[single.strip()]
