"""What figures showed, from the records that they leave: claims with margins, and published numbers beside ours."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["figure_section", "read_records"]


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


def figure_section(records: Sequence[Mapping[str, Any]]) -> str:
    """The figures of one system: what each shows, with margins, and what others have printed.

    Parameters
    ----------
    records : sequence of mapping
        Records as `figures` writes them.

    Returns
    -------
    str
        Markdown.
    """
    parts = ["### Figures\n"]
    for record in records:
        inputs = ", ".join(f"{name} {_short(value)}" for name, value in record["inputs"].items())
        data = f"; data: {', '.join(sorted(record['data']))}" if record["data"] else ""
        parts.append(f"#### {record['figure'].partition('/')[2]}\n")
        parts.append(f"{record['title']} Profile {record['profile']}, seed {record['seed']}; {inputs}{data}.\n")
        parts += [
            f"- {'holds' if said['holds'] else '**fails**'}: {claim} (margin {float(said['margin']):.3g})"
            for claim, said in record["claims"].items()
        ]
        parts.append("")
        if record.get("beside"):
            parts += [_beside(record["beside"])]
    return "\n".join(parts)


def _beside(rows: Sequence[Mapping[str, Any]]) -> str:
    """Published numbers beside ours."""
    lines = ["| quantity | published | ours | source, and what differs |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {row['what']} | {float(row['published']):.4g} | {float(row['ours']):.4g} | {row['source']} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _short(value: Any) -> str:
    """A parameter in a few characters: long lists by their ends."""
    if isinstance(value, list) and len(value) > 6:
        return f"[{_short(value[0])}, ..., {_short(value[-1])}]"
    if isinstance(value, list):
        return "[" + ", ".join(map(_short, value)) + "]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
