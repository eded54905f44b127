"""The table ``[tool.lrtheory]`` of a ``pyproject.toml``: where somebody's statements are, and how they are reported."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
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
        Files and folders below `root` on which evidence rests besides the places; ``{system}`` stands for the system.
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


#: what holds where no file says otherwise: the statements that come with the package
OURS = Configuration(PACKAGES, ("proofs_checks",), sources=("lrtheory/{system}",))

_LISTS = ("statements", "sources", "versions")
_STRINGS = ("evidence", "report")


def configured(start: Path | None = None) -> Configuration:
    """The configuration of a folder: that of the nearest ``pyproject.toml`` upwards that has a table for it.

    Parameters
    ----------
    start : Path or None
        Where the search begins; None means the current folder.

    Returns
    -------
    Configuration
        `OURS` where there is no such table.

    Raises
    ------
    StatementError
        If an entry of the table is unknown, or is not of its type.
    """
    folder = (Path.cwd() if start is None else start).resolve()
    # the nearest file with the table wins, as with other tools; a file without it is passed over
    for parent in (folder, *folder.parents):
        path = parent / "pyproject.toml"
        if not path.is_file():
            continue
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("lrtheory")
        except tomllib.TOMLDecodeError as error:
            raise StatementError(f"{path}: {error}") from error
        if table is not None:
            return _read(path, table)
    return OURS


def _read(path: Path, table: Mapping[str, Any]) -> Configuration:
    """Check the table entry by entry."""
    unknown = sorted(set(table) - {*_LISTS, *_STRINGS, "title"})
    if unknown:
        known = ", ".join(sorted((*_LISTS, *_STRINGS, "title")))
        raise StatementError(f"{path}: [tool.lrtheory] has {unknown[0]!r}; it may have {known}")
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
    if not isinstance(title, (str, dict)):
        raise StatementError(f"{path}: {must('title', 'a string, or a table from systems to strings', title)}")
    if not given["statements"]:
        raise StatementError(f"{path}: [tool.lrtheory] names no `statements`")
    return Configuration(path.parent, title=title, **given)
