"""The table ``[tool.lrtheory]`` of a ``pyproject.toml``: where somebody's statements are, and how they are reported."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lrtheory._array import PACKAGES
from lrtheory._validation import must
from lrtheory.bounds.errors import StatementError

__all__ = ["OURS", "Configuration", "configured"]


@dataclass(frozen=True)
class Configuration:
    """The places of statements and the words of the report, as the nearest ``[tool.lrtheory]`` has them.

    Attributes
    ----------
    root : Path
        The folder of the ``pyproject.toml``, from which relative paths start.
    statements : tuple of str
        Places: dotted modules and packages, files, and globs of files.
    title : str or mapping of str to str
        Head of the report, or for each system what its section is called.
    sources : tuple of str
        Files, and folders of Python files, below `root` on which evidence rests besides the places; ``{system}`` stands
        for the system. A file that is not a Python file counts where it is named itself.
    versions : tuple of str
        Installed distributions whose versions are a part of the evidence.
    evidence : str
        Folder of the evidence.
    report : str
        File of the report.
    """

    root: Path
    statements: tuple[str, ...]
    title: str | Mapping[str, str] = field(default="", hash=False)
    sources: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    evidence: str = "evidence"
    report: str = ""

    def evidence_folder(self, here: Path) -> Path:
        """The folder of the evidence, below `root`; that of our own statements lies in the folder `here`."""
        return (here if self is OURS else self.root) / self.evidence


#: what holds where no file says otherwise: the statements that come with the package
OURS = Configuration(
    PACKAGES,
    ("proofs_checks",),
    # a system, the parts of the core that compute something, and what the checks of several systems share
    sources=(
        "lrtheory/{system}",
        "lrtheory/_array",
        "lrtheory/_data",
        "lrtheory/_files/safetensors.py",  # how numbers of sixteen bits are rounded
        "lrtheory/_kernels",
        "lrtheory/_numbers",
        "lrtheory/_result/low_rank.py",
        "proofs_checks/guards.py",
    ),
)

_LISTS = ("statements", "sources", "versions")
_STRINGS = ("evidence", "report")


def configured(start: Path | None = None) -> Configuration:
    """The configuration of a folder: that of the nearest ``pyproject.toml`` upwards that has a table for it.

    Parameters
    ----------
    start : Path or None
        Folder in which the search begins; None means the current folder.

    Returns
    -------
    Configuration
        Configuration of that file, or `OURS` where there is no such table.

    Raises
    ------
    StatementError
        If the file cannot be read, an entry of the table is unknown or not of its type, or a source is not there.
    """
    folder = (Path.cwd() if start is None else start).resolve()
    # the nearest file with the table wins, as with other tools; a file without it is passed over
    for parent in (folder, *folder.parents):
        path = parent / "pyproject.toml"
        if not path.is_file():
            continue
        table = _table(path)
        if table is not None:
            return _read(path, table)
    return OURS


def _table(path: Path) -> Any:
    """The table of a file; None where it has none."""
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("tool", {})  # editors of Windows write a mark
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise StatementError(f"{path}: {error}") from error
    return tool.get("lrtheory") if isinstance(tool, dict) else None


def _read(path: Path, table: Any) -> Configuration:
    """Check the table entry by entry."""
    if not isinstance(table, dict):
        raise StatementError(f"{path}: {must('tool.lrtheory', 'a table', table)}")
    known = sorted((*_LISTS, *_STRINGS, "title"))
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise StatementError(f"{path}: [tool.lrtheory] has {unknown[0]!r}; it may have {', '.join(known)}")
    given: dict[str, Any] = {}
    for name in _LISTS:
        entry = table.get(name, [])
        if not isinstance(entry, list) or not all(isinstance(one, str) for one in entry):
            raise StatementError(f"{path}: {must(name, 'a list of strings', entry)}")
        given[name] = tuple(entry)
    for name in _STRINGS:
        if not isinstance(table.get(name, ""), str):
            raise StatementError(f"{path}: {must(name, 'a string', table[name])}")
        given |= {name: table[name]} if name in table else {}
    title = table.get("title", "")
    words = title.values() if isinstance(title, dict) else [title]
    if not all(isinstance(one, str) for one in words):
        raise StatementError(f"{path}: {must('title', 'a string, or a table from systems to strings', title)}")
    if not given["statements"]:
        raise StatementError(f"{path}: [tool.lrtheory] names no `statements`")
    found = Configuration(path.parent, title=title, **given)
    wrong = [*_missing(found)]
    if wrong:
        raise StatementError(f"{path}: {wrong[0]}")
    return found


def _missing(found: Configuration) -> Iterator[str]:
    """Sentences about what a configuration names and is not there: evidence on it would never become old."""
    for source in found.sources:
        # {system} is the only thing in braces; as a glob it shows whether any system has such a source
        glob = source.replace("{system}", "*")
        if "{" in glob or "}" in glob:
            yield str(must("sources", "paths in which {system} alone stands in braces", source))
            continue
        there = [*found.root.glob(glob)] if glob != source else [found.root / source]
        if not any(one.exists() for one in there):
            yield str(must("sources", f"files and folders in {found.root}", source))
        elif not any(one.is_file() or next(one.rglob("*.py"), None) for one in there):
            yield str(must("sources", "files, and folders with Python files", source))
    evidence = found.root / found.evidence
    if evidence.exists() and not evidence.is_dir():
        yield str(must("evidence", "a folder", found.evidence))
