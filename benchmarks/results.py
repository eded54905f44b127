"""The table of results: lines of a run, and `RESULTS.md`, in which later runs replace their own rows."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

__all__ = ["Line", "committed", "fallen", "processor", "shown", "write"]

HERE = Path(__file__).resolve().parent
_HEAD = """# Results

Written by `make bench`; how rows are made comparable stands in [README.md](README.md). *Ratio*: how many times longer
the peer takes for the same work, median of the turns, then the smallest and the largest. Without a peer: time, memory
and error beside the goals. Large rows run by name alone. Ratios depend on the processor, so each has rows of its own.

"""
_COLUMNS = "| row | task | ours | peer | ratio | spread | threads | processor | answers |"
_VERSIONS = "Versions of the last run: "
#: the share of a ratio from which on its fall is said
FALL = 0.2


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


def shown(ratio: float) -> str:
    """A ratio as the table has it: small ones with two decimals, of which one alone would hide a fifth."""
    return f"{ratio:.2f}" if ratio < 2 else f"{ratio:.1f}"


def committed(path: Path) -> str:
    """The table as the last commit has it; as it stands there where no commit has it.

    Parameters
    ----------
    path : Path
        The file.
    """
    command = ["git", "show", f"HEAD:./{path.name}"]
    try:
        done = subprocess.run(command, cwd=path.parent, capture_output=True, encoding="utf-8", check=False)
    except OSError:  # git is not installed
        done = None
    if done is not None and done.returncode == 0:
        return done.stdout
    return path.read_text(encoding="utf-8") if path.exists() else ""


def fallen(before: str, lines: Iterable[Line], threads: int) -> list[str]:
    """A sentence for each ratio that is lower by more than a fifth than it was on the same processor.

    Parameters
    ----------
    before : str
        A table.
    lines : iterable of Line
        What a run found; lines without a ratio are passed over.
    threads : int
        Of either side.

    Returns
    -------
    list of str
        Both ratios with their spreads, since two runs of the same code differ too.
    """
    old = {_place(row): row.split("|") for row in before.splitlines() if row.startswith("| `")}
    found = []
    for line in lines:
        cells = old.get(_place(line.row(threads)))
        was, now = _number(cells[5]) if cells else None, _number(line.ratio)
        if cells is not None and was is not None and now is not None and now < (1 - FALL) * was:
            spread = cells[6].strip()
            found.append(
                f"FELL {line.key}, {line.ours} against {line.peer}: {line.ratio} ({line.spread}), "
                f"where {cells[5].strip()} ({spread}) is committed for this processor."
            )
    return found


def _number(ratio: str) -> float | None:
    """The number of a ratio such as "2.4x"; None where there is none."""
    try:
        return float(ratio.strip().removesuffix("x"))
    except ValueError:
        return None


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
