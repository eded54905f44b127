"""The table of results: lines of a run, and `RESULTS.md`, in which later runs replace their own rows."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

__all__ = ["Line", "processor", "write"]

HERE = Path(__file__).resolve().parent
_HEAD = """# Results

Written by `make bench`; how rows are made comparable stands in [README.md](README.md). *Ratio*: how many times longer
the peer takes for the same work, median of the turns, then the smallest and the largest. Without a peer: time, memory
and error beside the goals. Large rows run by name alone. Ratios depend on the processor, so each has rows of its own.

"""
_COLUMNS = "| row | task | ours | peer | ratio | spread | threads | processor | answers |"
_VERSIONS = "Versions of the last run: "


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
        where = [str(threads), processor()]
        cells = [f"`{self.key}`", self.title, self.ours, self.peer, self.ratio, self.spread, *where, self.words]
        return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def write(path: Path, lines: Iterable[Line], threads: int) -> None:
    """Put the lines into the table; rows of the same name, threads and processor are replaced, others stay.

    Parameters
    ----------
    path : Path
        The file.
    lines : iterable of Line
        What a run found.
    threads : int
        Of either side.
    """
    old = [row for row in (path.read_text().splitlines() if path.exists() else []) if row.startswith("| `")]
    new = [line.row(threads) for line in lines]
    replaced = {_task(row) for row in new}
    table = sorted([*(row for row in old if _task(row) not in replaced), *new], key=_place)
    rule = "|" + " --- |" * (_COLUMNS.count("|") - 1)
    path.write_text("\n".join([_HEAD + _VERSIONS + versions(), "", _COLUMNS, rule, *table]) + "\n")


def _task(row: str) -> tuple[str, ...]:
    """Name, threads and processor."""
    name, _, _, threads, processor = _place(row)
    return name, threads, processor


def _place(row: str) -> tuple[str, ...]:
    """Name, way and peer, and then threads and processor."""
    cells = [cell.strip() for cell in row.split("|")]
    return cells[1], cells[3], cells[4], cells[7], cells[8]


@cache
def processor(info: Path = Path("/proc/cpuinfo")) -> str:
    """The processor of this machine, without trademarks; nothing that names the machine."""
    name = platform.processor() or platform.machine()
    if info.exists():
        names = [line.partition(":")[2] for line in info.read_text().splitlines() if line.startswith("model name")]
        name = names[0] if names else name
    for word in ("(R)", "(TM)", "Processor", "CPU"):
        name = name.replace(word, "")
    return " ".join(name.split())


def versions() -> str:
    """Of Python and of what this project computes with."""
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy", "numba"))
    return f"Python {platform.python_version()}, {packages}."
