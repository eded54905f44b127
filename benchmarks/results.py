"""The table of results: lines of a run, and `RESULTS.md`, in which later runs replace their own rows."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

__all__ = ["Line", "machine", "write"]

HERE = Path(__file__).resolve().parent
_HEAD = """# Results

Written by `make bench`; how rows are made comparable stands in [README.md](README.md). *Ratio*: how many times longer
the peer takes for the same work, median of the turns, then the smallest and the largest. Without a peer: time, memory
and error beside the goals. Large goals run by name alone.

"""
_COLUMNS = "| row | task | ours | peer | ratio | spread | threads | answers |"
_MACHINE = "Machine of the last run: "


class Line(NamedTuple):
    """One way of ours against one peer, or one goal; a ratio is empty where there is none."""

    key: str
    title: str
    ours: str
    peer: str
    ratio: str
    spread: str
    words: str
    good: bool

    def __str__(self) -> str:
        spread = f"{self.spread}, " if self.spread else ""
        return f"{self.key:<42} {self.ours:<12} {self.peer:<14} {self.ratio:>9}  {spread}{self.words}"

    def row(self, threads: int) -> str:
        """The same as a row of Markdown."""
        cells = [f"`{self.key}`", self.title, self.ours, self.peer, self.ratio, self.spread, str(threads), self.words]
        return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def write(path: Path, lines: Iterable[Line], threads: int) -> None:
    """Put the lines into the table; rows of the same name and number of threads are replaced, others stay.

    Parameters
    ----------
    path : Path
        The file.
    lines : iterable of Line
        What a run found.
    threads : int
        Of either side.
    """
    kept = {
        _name(row): row for row in (path.read_text().splitlines() if path.exists() else []) if row.startswith("| `")
    }
    new = [line.row(threads) for line in lines]
    replaced = {(_name(row)[0], _name(row)[-1]) for row in new}
    kept = {name: row for name, row in kept.items() if (name[0], name[-1]) not in replaced}
    table = sorted([*kept.values(), *new], key=_name)
    rule = "|" + " --- |" * (_COLUMNS.count("|") - 1)
    path.write_text("\n".join([_HEAD + _MACHINE + machine(), "", _COLUMNS, rule, *table]) + "\n")


def _name(row: str) -> tuple[str, str, str, str]:
    """Row, way, peer and threads."""
    cells = [cell.strip() for cell in row.split("|")]
    return cells[1], cells[3], cells[4], cells[7]


def machine() -> str:
    """Processor and versions, and nothing that names the machine."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        processor = names[0] if names else processor
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy", "numba"))
    return f"{processor}, Python {platform.python_version()}, {versions}."
