"""The results of figures, from the records that they leave: claims with margins, and numbers of others beside ours."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lrtheory.bounds.reporting.markdown import plain, table

__all__ = ["Record", "agreement", "details", "farthest", "in_full", "name_of", "profiles", "read_records"]

Record = Mapping[str, Any]
NEAR = 0.1  # two numbers agree when they differ by at most this share of the larger one


def read_records(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The records below a folder, by system.

    Parameters
    ----------
    folder : Path
        The output of one profile: ``<folder>/<system>/<figure>.json``.

    Returns
    -------
    dict
        Lists of records in the order of their names.

    Raises
    ------
    FileNotFoundError
        If there is no record.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*/*.json")):
        found.setdefault(path.parent.name, []).append(json.loads(path.read_text(encoding="utf-8")))
    if not found:
        raise FileNotFoundError(f"no records of figures in {folder}; run `make figures`")
    return found


def name_of(record: Record) -> str:
    """The name of a figure within its system."""
    return str(record["figure"]).partition("/")[2]


def profiles(records: Sequence[Record]) -> str:
    """The profiles from which some records come, each once."""
    return " and ".join(sorted({str(record["profile"]) for record in records}))


def in_full(records: Sequence[Record]) -> str:
    """A sentence that counts the figures with a run in the full profile, and their claims that held there."""
    runs = [record["full"] for record in records if record["profile"] != "full" and record.get("full")]
    if not runs:
        return ""
    claims, fails = sum(run["claims"] for run in runs), sum(len(run["fails"]) for run in runs)
    which = "All" if len(runs) == len(records) else f"{len(runs)}"
    return f"{which} of them ran in the full profile too, where {claims - fails} of {claims} claims hold."


def agreement(records: Sequence[Record]) -> tuple[int, int]:
    """The number of numbers of others in some records, and of those that agree with ours within a tenth."""
    apart = [_apart(row) for record in records for row in record.get("beside", ())]
    return len(apart), sum(far <= NEAR for far in apart)


def farthest(records: Sequence[Record]) -> tuple[str, str, str, str, str]:
    """The number of somebody else that is farthest from ours in all figures of a system.

    Parameters
    ----------
    records : sequence of mapping
        Records, at least one of them with numbers of others.

    Returns
    -------
    tuple of str
        The name of the figure, the quantity, its value there and here, and whose it is with what differs.
    """
    record, row = max(
        ((record, row) for record in records for row in record.get("beside", ())), key=lambda pair: _apart(pair[1])
    )
    theirs, ours = (f"{float(row[who]):.4g}" for who in ("published", "ours"))
    return name_of(record), plain(row["what"]), theirs, ours, plain(row["source"])


def beside(records: Sequence[Record]) -> str:
    """The share of numbers of others that agree with ours, and the pair that is farthest apart.

    Parameters
    ----------
    records : sequence of mapping
        The records of a system.

    Returns
    -------
    str
        Two sentences for the page of the system; empty if there are no such numbers.
    """
    total, near = agreement(records)
    if not total:
        return ""
    figure, what, theirs, ours, _ = farthest(records)  # the source stands below
    return (
        f"Of {total} [numbers of others](#figures) {near} agree within {100 * NEAR:.0f} %. Farthest apart, in "
        f"`{figure}`: {what}, {theirs} there and {ours} here.\n"
    )


def _apart(row: Mapping[str, Any]) -> float:
    """The distance of a published number from ours, as a share of the larger one."""
    published, ours = float(row["published"]), float(row["ours"])
    scale = max(abs(published), abs(ours))
    return abs(published - ours) / scale if scale else 0.0


def details(record: Record) -> str:
    """All that a figure left: its setting, what it shows with margins, and what others have printed.

    Parameters
    ----------
    record : mapping
        A record as `figures` writes it.

    Returns
    -------
    str
        Markdown.
    """
    inputs = ", ".join(f"{name} {_brief(value)}" for name, value in record["inputs"].items())
    setting = [f"profile {record['profile']}", f"seed {record['seed']}", inputs]
    setting += [f"data {', '.join(sorted(record['data']))}"] if record["data"] else []
    claims = "".join(
        f"- {'holds' if said['holds'] else '**fails**'}: {plain(claim)} (margin {float(said['margin']):.3g})\n"
        for claim, said in record["claims"].items()
    )
    parts = [
        f"### {name_of(record)}\n",
        f"{plain(record['title'])} Here {plain('; '.join(filter(None, setting)))}.\n",
        claims,
    ]
    if record["profile"] != "full" and record.get("full"):
        parts.append(_full_line(record["full"]))
    for source in dict.fromkeys(row["source"] for row in record.get("beside", ())):
        rows = [
            [plain(row["what"]), f"{float(row['published']):.4g}", f"{float(row['ours']):.4g}"]
            for row in record["beside"]
            if row["source"] == source
        ]
        parts += [f"Numbers of others: {plain(source)}.\n", table(("quantity", "theirs", "ours"), rows)]
    return "\n".join(parts)


def _full_line(run: Mapping[str, Any]) -> str:
    """Which claims held when the figure was last made in the full profile, and from which sources."""
    holding = run["claims"] - len(run["fails"])
    failing = f"; not so: {plain('; '.join(run['fails']))}" if run["fails"] else ""
    at = f" (commit {run['commit'][:9]})" if run["commit"] else ""
    return f"In the full profile{at} {holding} of {run['claims']} claims hold{failing}.\n"


def _brief(value: Any) -> str:
    """A parameter in a few characters: long lists by their ends."""
    if isinstance(value, list) and len(value) > 6:
        return f"[{_brief(value[0])}, ..., {_brief(value[-1])}]"
    if isinstance(value, list):
        return "[" + ", ".join(map(_brief, value)) + "]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
